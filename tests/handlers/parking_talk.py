"""A driver at the desk who texts 7757 and 7701 and reads in English what comes back, from where."""

from collections.abc import Iterable

from handlers.base.grammar import Usage
from handlers.base.outcome import Outcome, Text
from rating.msisdn import Msisdn
from rating.subscriber import Brand, Language
from storage.model import AccountRef, Balance, main_account, parking_account
from storage.parking_model import Driver, ParkingSession, PaymentMethod
from tests.handlers.conftest import ALIYA, CATALOG, Desk

BOLAT = Msisdn("77021234567")
PLATE, OTHER_PLATE = "123AAA02", "A111AAA"
START = f"1001*{PLATE}*1"


def park_ready(desk: Desk, msisdn: str = ALIYA, kzt: int = 500) -> None:
    """A subscriber who may park, with money."""
    desk.subscribe(msisdn, opening_kzt=kzt, brand=Brand.ACTIV)


def say(desk: Desk, text: str, msisdn: str = ALIYA, code: str = "7757") -> Outcome:
    """A message that is understood."""
    outcome = desk.sms(code, text, msisdn)
    assert isinstance(outcome, Outcome), outcome
    return outcome


def lines(outcome: Outcome, code: str = "7757") -> list[str]:
    """What goes out, each with who it comes from and, where that is somebody else, to whom."""
    return [f"{reply.sender or code}: {CATALOG.render(reply.text, Language.EN)}" for reply in outcome.replies]


def talk(desk: Desk, text: str, msisdn: str = ALIYA, code: str = "7757") -> str:
    """One message, one answer; a text that is no command gets its usage."""
    outcome = desk.sms(code, text, msisdn)
    if isinstance(outcome, Usage):
        return f"{code}: {CATALOG.render(Text(outcome.text_id), Language.EN)}"
    (answer,) = lines(outcome, code)
    return answer


def confirm(desk: Desk, msisdn: str = ALIYA, text: str = "1") -> str:
    """The answer to 7701."""
    return talk(desk, text, msisdn, "7701")


def park(desk: Desk, text: str = START, msisdn: str = ALIYA) -> ParkingSession:
    """Asked and confirmed."""
    assert say(desk, text, msisdn).word == "ok"
    session = say(desk, "1", msisdn, "7701").result
    assert isinstance(session, ParkingSession)
    return session


def heard(outcomes: Iterable[Outcome]) -> list[str]:
    """What the clock has told."""
    return [line for outcome in outcomes for line in lines(outcome)]


def session(desk: Desk, session_id: str) -> ParkingSession:
    """As it is stored."""
    found = desk.do(lambda uow, _: uow.parking.get(session_id))
    assert found is not None
    return found


def open_of(desk: Desk, msisdn: str = ALIYA) -> tuple[ParkingSession, ...]:
    """The open ones of a subscriber."""
    return desk.do(lambda uow, _: uow.parking.of(Msisdn(msisdn)))


def money(desk: Desk, msisdn: str = ALIYA) -> tuple[int, int, int, int]:
    """Main balance, what of it is held, parking account, what of it is held; in tiyn."""

    def of(account: AccountRef) -> Balance:
        return desk.do(lambda uow, _: uow.ledger.balance(account)) or Balance(0)

    main, parking = of(main_account(Msisdn(msisdn))), of(parking_account(Msisdn(msisdn)))
    return main.balance_tiyn, main.held_tiyn, parking.balance_tiyn, parking.held_tiyn


def register(desk: Desk, method: PaymentMethod = PaymentMethod.CARD, msisdn: str = ALIYA) -> None:
    """The driver chooses on the portal what pays."""
    desk.do(lambda uow, _: uow.drivers.put(Driver(msisdn=Msisdn(msisdn), method=method)))
