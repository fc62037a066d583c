"""Short ways to calls, and to handsets that have talked a little."""

from storage.call_model import Call, CallTurn, Cause, Leg, LegState, PhoneCustomer, TurnKind
from storage.model import Direction, Hold, main_account
from storage.store import Store
from storage.unit_of_work import UnitOfWork
from tests.storage.bank_rows import open_card
from tests.storage.rows import ALIYA, BOLAT, HOUR_US, NOW_US, REVENUE, digest, open_subscriber, pay, work

#: A minute of talk is held, a part of it is used.
HELD_TIYN = 1500
COST_TIYN = 600


def leg(call_id: str = "call1", number: int = 1, **changes: object) -> Leg:
    """Of the caller, who has dialled."""
    made = Leg(call_id, number, ALIYA, Direction.MO, LegState.OFFERED, NOW_US)
    return made._replace(**changes)  # type: ignore[arg-type]  # fields by name


def call(call_id: str = "call1", *legs: Leg, **changes: object) -> Call:
    """Aliya calls Bolat at his expense; without legs hers alone is there."""
    made = Call(call_id, "collect_call", ALIYA, BOLAT, "000", NOW_US, legs or (leg(call_id),))
    return made._replace(**changes)  # type: ignore[arg-type]  # fields by name


def ringing(call_id: str = "call1") -> Call:
    """Both handsets are in it."""
    caller = leg(call_id, state=LegState.ALERTING, alerting_us=NOW_US + 1)
    called = leg(call_id, 2, msisdn=BOLAT, direction=Direction.MT, state=LegState.ALERTING)
    return call(call_id, caller, called, name="Әлия ₸ 🙂")


def turn(text: str = "", call_id: str = "call1", number: int = 0) -> CallTurn:
    """Something that was said to the caller."""
    return CallTurn(call_id, number, 1, NOW_US, TurnKind.PROMPT, text, "collect.say_name")


def join(uow: UnitOfWork, talking: Call, amount_tiyn: int = HELD_TIYN) -> Call:
    """Both talk, and the one who is called pays: the money is held."""
    hold_id = f"hold-{talking.id}"
    held = Hold(
        id=hold_id,
        account=main_account(BOLAT),
        amount_tiyn=amount_tiyn,
        reason="call",
        source=talking.id,
        expires_us=NOW_US + HOUR_US,
    )
    uow.ledger.hold(held)
    legs = [each._replace(state=LegState.BRIDGED, bridged_us=NOW_US + 2) for each in talking.legs]
    talk = {"payer": BOLAT, "tariff": "collect_call", "bridged_us": NOW_US + 2, "covered_us": NOW_US + 60}
    joined = talking._replace(legs=tuple(legs), hold_id=hold_id, **talk)  # type: ignore[arg-type]  # as above
    uow.calls.put(joined)
    return joined


def over(ended: Call, cause: Cause = Cause.HANGUP, **changes: object) -> Call:
    """All handsets have left it."""
    legs = [
        each._replace(state=LegState.RELEASED, ended_us=NOW_US + 3, cause=cause.value) for each in ended.legs
    ]
    done = ended._replace(legs=tuple(legs), ended_us=NOW_US + 3, ended=cause.value)
    return done._replace(**changes)  # type: ignore[arg-type]  # fields by name


def charge(uow: UnitOfWork, talked: Call, amount_tiyn: int = COST_TIYN) -> Call:
    """It ends, and its entry takes the cost from what was held."""
    entry = pay(main_account(BOLAT), REVENUE, amount_tiyn, "call.charge")._replace(source=talked.id)
    seq = uow.ledger.settle(talked.hold_id, entry)
    money = talked._replace(hold_id="", charge_tiyn=amount_tiyn, journal_seq=seq)
    done = over(money, duration_s=24, rating='[{"version": "1"}]')
    uow.calls.put(done)
    return done


def customer(identifier: str = "12345678", **changes: object) -> PhoneCustomer:
    """Aliya, with the initial password."""
    values: dict[str, object] = {
        "identifier": identifier,
        "msisdn": ALIYA,
        "card_id": "card1",
        "card_code": "1234",
        "password": digest(identifier),
        "created_us": NOW_US,
    }
    return PhoneCustomer(**{**values, **changes})  # type: ignore[arg-type]  # fields by name


def call_a_little(store: Store) -> None:
    """Three calls: one was paid for, one came to nothing, one goes on."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 0)
        open_subscriber(uow, BOLAT)
        open_card(uow)
        uow.phone_customers.add(customer())
        uow.calls.add(ringing("call1"))
        uow.calls.said(turn("Назовите имя"))
    with work(store, NOW_US + 1) as uow:
        paid = uow.calls.get("call1")
        assert paid is not None
        charge(uow, join(uow, paid))
        uow.calls.add(over(call("call2"), Cause.BUSY))
        uow.calls.add(ringing("call3"))
    with work(store, NOW_US + 2) as uow:
        going = uow.calls.get("call3")
        assert going is not None
        join(uow, going, HELD_TIYN)
