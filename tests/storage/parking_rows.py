"""Short ways to parkings: asked for, confirmed, extended and over, with their money."""

from collections.abc import Callable

import pytest

from storage.errors import Broken
from storage.model import AccountKind, AccountRef, Entry, Hold, Line, main_account, parking_account
from storage.parking_model import (
    Driver,
    Fine,
    FineState,
    Mail,
    ParkingSession,
    ParkingState,
    PaymentMethod,
    Sighting,
)
from storage.store import Store
from storage.unit_of_work import UnitOfWork
from tests.storage.bank_rows import authorise, open_card, top_up
from tests.storage.rows import ALIYA, BOLAT, HOUR_US, NOW_US, VAT, open_subscriber, work

HOUR_TIYN = 10_000
EARNED = AccountRef(AccountKind.REVENUE, "parking")
PLATE = "A111AAA"


def parking(session_id: str = "park1", **changes: object) -> ParkingSession:
    """An hour that Aliya asks for, to be paid from her main balance; nothing is held yet."""
    made = ParkingSession(
        id=session_id,
        msisdn=ALIYA,
        area="1001",
        plate=PLATE,
        state=ParkingState.ASKED,
        hours=1,
        asked_us=NOW_US,
        confirm_by_us=NOW_US + 600,
        version="1",
        per_hour_tiyn=HOUR_TIYN,
        price_tiyn=HOUR_TIYN,
        from_main_tiyn=HOUR_TIYN,
    )
    return made._replace(**changes)  # type: ignore[arg-type]  # fields by name


def keep(uow: UnitOfWork, session: ParkingSession, account: AccountRef, amount_tiyn: int, word: str) -> str:
    """Hold money for a parking; the hold's id."""
    hold = Hold(
        id=f"{session.id}-{word}",
        account=account,
        amount_tiyn=amount_tiyn,
        reason="parking",
        source=session.id,
        expires_us=NOW_US + HOUR_US,
    )
    uow.ledger.hold(hold)
    return hold.id


def ask(uow: UnitOfWork, session: ParkingSession) -> ParkingSession:
    """Hold both parts of its price and keep it."""
    own = main = ""
    if session.from_parking_tiyn:
        own = keep(uow, session, parking_account(session.msisdn), session.from_parking_tiyn, "parking")
    if session.from_main_tiyn and session.method is PaymentMethod.MAIN:
        main = keep(uow, session, main_account(session.msisdn), session.from_main_tiyn, "main")
    asked = session._replace(parking_hold=own, main_hold=main)
    uow.parking.add(asked)
    return asked


def begin(uow: UnitOfWork, asked: ParkingSession) -> ParkingSession:
    """It is confirmed: the money is on the parking account, all of it held."""
    main, own = main_account(asked.msisdn), parking_account(asked.msisdn)
    if uow.ledger.balance(own) is None:
        uow.ledger.open(own)
    if asked.main_hold:
        moved = (Line(main, -asked.from_main_tiyn), Line(own, asked.from_main_tiyn))
        uow.ledger.settle(asked.main_hold, Entry("parking.pay", moved, asked.id, asked.msisdn))
    if asked.parking_hold:
        uow.ledger.void(asked.parking_hold)
    running = asked._replace(
        state=ParkingState.RUNNING,
        main_hold="",
        parking_hold=keep(uow, asked, own, asked.price_tiyn, "price"),
        began_us=uow.now_us,
        ends_us=uow.now_us + asked.hours * HOUR_US,
    )
    uow.parking.put(running)
    return running


def extend(uow: UnitOfWork, running: ParkingSession, hours: int = 1) -> ParkingSession:
    """More hours are asked for."""
    amount_tiyn = hours * running.per_hour_tiyn
    hold_id = keep(uow, running, main_account(running.msisdn), amount_tiyn, "ask")
    asked = running._replace(asked_hours=hours, ask_by_us=uow.now_us + 600, ask_main_hold=hold_id)
    uow.parking.put(asked)
    return asked


def finish(uow: UnitOfWork, running: ParkingSession, charge_tiyn: int = HOUR_TIYN) -> ParkingSession:
    """It is over, and what was not used stays on the parking account."""
    vat_tiyn = charge_tiyn * 12 // 112
    lines = (
        Line(parking_account(running.msisdn), -charge_tiyn),
        Line(EARNED, charge_tiyn - vat_tiyn),
        Line(VAT, vat_tiyn),
    )
    seq = uow.ledger.settle(running.parking_hold, Entry("parking.charge", lines, running.id, running.msisdn))
    over = running._replace(
        state=ParkingState.STOPPED if charge_tiyn < running.price_tiyn else ParkingState.ENDED,
        parking_hold="",
        ended_us=uow.now_us,
        charge_tiyn=charge_tiyn,
        journal_seq=seq,
    )
    uow.parking.put(over)
    return over


def letter(mail_id: str = "mail1", **changes: object) -> Mail:
    """To the owner of a car."""
    made = Mail(mail_id, "aliya@example.kz", "Айыппұл ₸", "Құрметті\nжүргізуші 🙂", NOW_US)
    return made._replace(**changes)  # type: ignore[arg-type]  # fields by name


def fine(fine_id: str = "fine1", **changes: object) -> Fine:
    """For Aliya's car, by ``letter()``."""
    made = Fine(fine_id, PLATE, "1001", NOW_US, 500_000, NOW_US - 900, "aliya@example.kz", "mail1")
    return made._replace(**changes)  # type: ignore[arg-type]  # fields by name


def is_refused(store: Store, add: Callable[[UnitOfWork], None]) -> None:
    """The database refuses what a unit of work has not seen before."""
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        add(uow)
        with pytest.raises(Broken):
            uow.commit()


def park_a_little(store: Store) -> None:
    """One parking of each kind, a driver, a fine with its letter.

    ``over`` was stopped, ``runs`` is extended, ``mixed`` is asked for from both accounts, ``pays`` waits for
    the bank, ``lapsed`` came to nothing.
    """
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 20 * HOUR_TIYN)
        open_subscriber(uow, BOLAT)
        open_card(uow)
        uow.drivers.put(Driver(msisdn=BOLAT, method=PaymentMethod.CARD, email="b@x.kz", plates=("B222BBB",)))
        begin(uow, ask(uow, parking("over", plate="OVER")))
        ask(uow, parking("runs", plate="RUNS"))
        uow.parking.add(parking("lapsed", plate="LAPSED", state=ParkingState.LAPSED, ended_us=NOW_US))
    with work(store, NOW_US + 1) as uow:
        over, runs = uow.parking.get("over"), uow.parking.get("runs")
        assert over is not None
        assert runs is not None
        finish(uow, over, 7_000)
        extend(uow, begin(uow, runs))
    with work(store, NOW_US + 2) as uow:
        ask(uow, parking("mixed", plate="MIXED", from_parking_tiyn=3_000, from_main_tiyn=7_000))
        waiting = authorise(uow, top_up(amount_tiyn=HOUR_TIYN, answer_job="parking.answer", purpose="pays"))
        pays = parking("pays", plate="PAYS", method=PaymentMethod.CARD, card_code=waiting.code)
        uow.parking.add(pays._replace(state=ParkingState.PAYING))
        uow.mail.add(letter())
        uow.fines.add(fine())
        uow.fines.add(fine("fine2", plate="B999BBB", letter_id="", email="", state=FineState.UNADDRESSED))
        uow.fines.see(Sighting(PLATE, "1001", NOW_US - 900, NOW_US, "fine1"))
