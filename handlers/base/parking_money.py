"""The money of a parking: what is free is used first, the rest is paid; holds, and the charge at the end.

Services.md section 8. All of it goes through the subscriber's parking account, which nothing leaves but what
parking costs. Amounts are tiyn. Called in the writer, inside a unit of work.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from handlers.base.context import Context
from rating.msisdn import Msisdn
from rating.parking_price import cost_tiyn, started_minutes
from rating.vat import percent_at, split_vat
from storage.model import (
    AccountKind,
    AccountRef,
    Balance,
    Entry,
    Hold,
    Line,
    main_account,
    parking_account,
    transfer,
)
from storage.parking_model import ParkingSession
from storage.unit_of_work import UnitOfWork

REASON_HOLD: Final = "parking"
REASON_PAY: Final = "parking.pay"
REASON_CHARGE: Final = "parking.charge"
REVENUE: Final = AccountRef(AccountKind.REVENUE, "parking")
VAT: Final = AccountRef(AccountKind.VAT_PAYABLE)
#: The date on a hold. Nothing frees the money then: only what becomes of its session does.
_HOLD_US: Final = 365 * 86_400 * 1_000_000


class Parts(NamedTuple):
    """Where a price comes from: the parking account first, then the main balance or the card."""

    parking_tiyn: int
    rest_tiyn: int

    @property
    def price_tiyn(self) -> int:
        """Both together."""
        return self.parking_tiyn + self.rest_tiyn


class Cost(NamedTuple):
    """What a parking cost: minutes, of which the last one counts whole, the charge, and its entry."""

    minutes: int
    charge_tiyn: int
    journal_seq: int


def free_tiyn(account: AccountRef, uow: UnitOfWork) -> int:
    """What can be spent of an account; an account that nobody opened has nothing."""
    return (uow.ledger.balance(account) or Balance(0)).available_tiyn


def split(price_tiyn: int, free_parking_tiyn: int) -> Parts:
    """What is free on the parking account is used first."""
    parking_tiyn = min(price_tiyn, max(0, free_parking_tiyn))
    return Parts(parking_tiyn, price_tiyn - parking_tiyn)


def held_tiyn(hold_id: str, uow: UnitOfWork) -> int:
    """The amount of a hold; "" names none."""
    hold = uow.ledger.hold_of(hold_id) if hold_id else None
    return hold.amount_tiyn if hold else 0


def hold(session_id: str, account: AccountRef, amount_tiyn: int, uow: UnitOfWork, context: Context) -> str:
    """Set money aside for a session and return the hold's id, "" for nothing.

    Raises FloorReached where the account does not cover it.
    """
    if not amount_tiyn:
        return ""
    new = Hold(
        id=context.new_id(),
        account=account,
        amount_tiyn=amount_tiyn,
        reason=REASON_HOLD,
        source=session_id,
        expires_us=context.now_us + _HOLD_US,
    )
    uow.ledger.hold(new)
    return new.id


def release(hold_ids: Iterable[str], uow: UnitOfWork) -> None:
    """Free the money of these holds; "" names none."""
    for hold_id in hold_ids:
        if hold_id:
            uow.ledger.void(hold_id)


def pay_from_main(hold_id: str, msisdn: Msisdn, source: str, uow: UnitOfWork) -> int | None:
    """Move what is held on the main balance to the parking account; the entry, None where nothing is held."""
    amount_tiyn = held_tiyn(hold_id, uow)
    if not amount_tiyn:
        return None
    parking = parking_account(msisdn)
    if uow.ledger.balance(parking) is None:
        uow.ledger.open(parking)
    entry = transfer(
        main_account(msisdn), parking, amount_tiyn, reason=REASON_PAY, source=source, actor=msisdn
    )
    return uow.ledger.settle(hold_id, entry)


def charge(session: ParkingSession, ended_us: int, uow: UnitOfWork, context: Context) -> Cost:
    """Take what the minutes until ``ended_us`` cost, by the session's own price; the rest of it is free.

    It never costs more than what was paid.
    """
    minutes = started_minutes(session.began_us, ended_us)
    gross_tiyn = min(cost_tiyn(session.per_hour_tiyn, minutes), session.price_tiyn)
    percent = percent_at(context.profile.vat, ended_us)
    seq = uow.ledger.settle(session.parking_hold, _entry(session, gross_tiyn, percent))
    return Cost(minutes, gross_tiyn, seq)


def _entry(session: ParkingSession, gross_tiyn: int, percent: int) -> Entry:
    """The price leaves the parking account; the net is revenue, and the VAT inside is the state's."""
    net_tiyn, vat_tiyn = split_vat(gross_tiyn, percent)
    lines = [Line(parking_account(session.msisdn), -gross_tiyn), Line(REVENUE, net_tiyn)]
    if vat_tiyn:
        lines.append(Line(VAT, vat_tiyn))
    return Entry(reason=REASON_CHARGE, lines=tuple(lines), source=session.id, actor=session.msisdn)
