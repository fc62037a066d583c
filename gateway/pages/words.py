"""Money, times and states as people read them on the pages, which are in English."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from handlers.base.cards import Manner
from rating.money import TIYN_PER_TENGE
from storage.bank_model import CardEventKind, CardState, CardTransaction, TransactionState

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
#: U+2212: a hyphen would be read as none, and a line may break behind it.
_MINUS: Final = "\u2212"
_NO_BREAK: Final = "\u00a0"

KINDS: Final[Mapping[CardEventKind, str]] = MappingProxyType(
    {
        CardEventKind.PURCHASE: "Purchase",
        CardEventKind.PAYMENT: "Payment for a service",
        CardEventKind.TRANSFER: "Transfer to someone",
        CardEventKind.AUTHORISATION: "Authorisation (money is held for a week)",
        CardEventKind.SALARY: "Salary onto the card",
        CardEventKind.CASH: "Cash onto the card",
        CardEventKind.TOP_UP: "Payment for mobile service",
    }
)
#: What the bank's desk can make happen; the rest comes from the holder's telephone.
DESK_KINDS: Final = tuple(kind for kind in KINDS if kind is not CardEventKind.TOP_UP)

CARD_STATES: Final[Mapping[CardState, str]] = MappingProxyType(
    {CardState.ACTIVE: "Active", CardState.DISABLED: "Blocked"}
)
TRANSACTION_STATES: Final[Mapping[TransactionState, str]] = MappingProxyType(
    {
        TransactionState.AUTHORISED: "Held, not booked yet",
        TransactionState.POSTED: "Booked",
        TransactionState.VOIDED: "Cancelled, nothing moved",
        TransactionState.UNKNOWN: "Unknown: no answer in time, money still held",
    }
)
#: What somebody may still decide.
WAITING: Final = frozenset({TransactionState.AUTHORISED, TransactionState.UNKNOWN})

MANNERS: Final[Mapping[Manner, tuple[str, str]]] = MappingProxyType(
    {
        Manner.USUAL: ("Usual", "approves each order after a few seconds"),
        Manner.LATE: ("Late", "approves after the delay below"),
        Manner.TWICE: ("Twice", "approves, and says so again after the delay below"),
        Manner.ERROR: ("Error", "refuses each order after a few seconds"),
        Manner.NEVER: ("Never", "does not answer: what became of an order stays unknown"),
    }
)


def money(tiyn: int) -> str:
    """``50,000 KZT``, ``−99.50 KZT``; it never breaks over a line."""
    whole, rest = divmod(abs(tiyn), TIYN_PER_TENGE)
    sign = _MINUS if tiyn < 0 else ""
    fraction = f".{rest:02d}" if rest else ""
    return f"{sign}{whole:,}{fraction}{_NO_BREAK}KZT"


def moment(moment_us: int, zone: ZoneInfo) -> datetime:
    """A stored time in the operator's timezone, without parts of a second."""
    return (_EPOCH + timedelta(seconds=moment_us // 1_000_000)).astimezone(zone)


def day(at: date) -> str:
    """``1 March 2026``."""
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def time(at: datetime) -> str:
    """``1 March 2026, 09:00:05``."""
    return f"{day(at)}, {at:%H:%M:%S}"


def number(msisdn: str) -> str:
    """``+7 701 123 45 67``; what is no number of ours stays as it is."""
    if len(msisdn) != 11 or not (msisdn.isascii() and msisdn.isdigit()):
        return msisdn
    groups = (f"+{msisdn[0]}", msisdn[1:4], msisdn[4:7], msisdn[7:9], msisdn[9:])
    return _NO_BREAK.join(groups)


def what(each: CardTransaction) -> str:
    """What a transaction was, and for whom."""
    return f"{KINDS[each.kind]} of {number(each.target)}" if each.target else KINDS[each.kind]
