"""Rows as frozen values: what handlers read and write, without a table or a connection in sight.

Times ending in ``_us`` are microseconds since the Unix epoch; amounts ending in ``_tiyn`` are tiyn.

What is made for every message or movement of money is a named tuple, changed with ``_replace``: a frozen
dataclass takes three times as long to make (decision 0015). Inbox, Message and Outbox are in the order of
their columns.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Language, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One SIM of the operator. Change it with ``dataclasses.replace`` and ``uow.subscribers.put``."""

    msisdn: Msisdn
    brand: Brand
    billing: Billing
    language: Language = Language.RU
    status: Status = Status.ACTIVE
    roaming: bool = False
    owner_name: str = ""
    ussd_barred: bool = False
    short_codes_barred: bool = False
    premium_barred: bool = False
    device_registered: bool = True
    created_us: int = 0


class Book(StrEnum):
    """Whose books an account stands in. Every entry sums to zero in each of them."""

    OPERATOR = "operator"
    BANK = "bank"


class AccountKind(StrEnum):
    """Kinds of ledger accounts: subscribers' money, its mirror, and the books of the simulated banks.

    ``bank_clearing`` is what a channel owes the operator and ``bank_operator`` the same in the bank's books;
    ``card`` and ``bank_bonus`` are the customers' money there.
    """

    MAIN = "main"
    BONUS = "bonus"
    PARKING = "parking"
    OPENING = "opening"
    VOUCHER_SALES = "voucher_sales"
    VOUCHER_LIABILITY = "voucher_liability"
    REVENUE = "revenue"
    VAT_PAYABLE = "vat_payable"
    BANK_CLEARING = "bank_clearing"
    SUSPENSE = "suspense"
    UNALLOCATED = "unallocated"
    CARD = "card"
    BANK_BONUS = "bank_bonus"
    BANK_CASH = "bank_cash"
    BANK_MERCHANTS = "bank_merchants"
    BANK_OPERATOR = "bank_operator"
    BANK_CASHBACK = "bank_cashback"

    @property
    def book(self) -> Book:
        """Whose books it stands in."""
        return Book.BANK if self in BANK_KINDS else Book.OPERATOR

    @property
    def is_system(self) -> bool:
        """True where the operator or a bank itself is the owner: no floor, opened on first use."""
        return self not in _CUSTOMER_KINDS


_CUSTOMER_KINDS = frozenset(
    {
        AccountKind.MAIN,
        AccountKind.BONUS,
        AccountKind.PARKING,
        AccountKind.CARD,
        AccountKind.BANK_BONUS,
    }
)
#: The kinds whose book is the bank's.
BANK_KINDS = frozenset(
    {
        AccountKind.CARD,
        AccountKind.BANK_BONUS,
        AccountKind.BANK_CASH,
        AccountKind.BANK_MERCHANTS,
        AccountKind.BANK_OPERATOR,
        AccountKind.BANK_CASHBACK,
    }
)


class AccountRef(NamedTuple):
    """Names an account: its kind and its owner (an MSISDN, a batch, a service, or ``operator``)."""

    kind: AccountKind
    owner: str = "operator"

    @property
    def code(self) -> str:
        """``main:77011234567``, as the trial balance shows it."""
        return f"{self.kind._value_}:{self.owner}"


def main_account(msisdn: Msisdn) -> AccountRef:
    """The account that a subscriber pays from."""
    return AccountRef(AccountKind.MAIN, msisdn)


def parking_account(msisdn: Msisdn) -> AccountRef:
    """What a subscriber has paid for parking and not used; opened when it is needed first."""
    return AccountRef(AccountKind.PARKING, msisdn)


class Balance(NamedTuple):
    """An account's money now, in tiyn. ``available`` is what can be spent."""

    balance_tiyn: int
    held_tiyn: int = 0
    credit_limit_tiyn: int = 0

    @property
    def available_tiyn(self) -> int:
        """Balance less holds plus credit limit: never below zero but for forced entries."""
        return self.balance_tiyn - self.held_tiyn + self.credit_limit_tiyn


class Line(NamedTuple):
    """One posting: the account's balance changes by ``amount_tiyn`` (not zero)."""

    account: AccountRef
    amount_tiyn: int


class Entry(NamedTuple):
    """One journal entry: lines that sum to zero, with a reason, a source and an actor.

    ``reason`` is a short machine word (``voucher.redeem``), ``source`` the id of the message or request
    that caused it, ``actor`` who acted (an MSISDN, ``api``, ``clock``). ``force`` lets an account pass
    its floor on purpose (a call cut at the last second).
    """

    reason: str
    lines: tuple[Line, ...]
    source: str
    actor: str
    reverses_seq: int | None = None
    force: bool = False


def transfer(
    debit: AccountRef, credit: AccountRef, amount_tiyn: int, *, reason: str, source: str, actor: str
) -> Entry:
    """The commonest entry: ``amount_tiyn`` (> 0) leaves ``debit`` and arrives at ``credit``."""
    if amount_tiyn <= 0:
        raise ValueError(f"a transfer moves a positive amount, not {amount_tiyn} tiyn")
    lines = (Line(debit, -amount_tiyn), Line(credit, amount_tiyn))
    return Entry(reason=reason, lines=lines, source=source, actor=actor)


class HoldState(StrEnum):
    """A hold resolves once: posted, voided or expired."""

    OPEN = "open"
    POSTED = "posted"
    VOIDED = "voided"
    EXPIRED = "expired"


class Hold(NamedTuple):
    """Money set aside on one account until it is posted (at most the amount), voided or expired."""

    id: str
    account: AccountRef
    amount_tiyn: int
    reason: str
    source: str
    expires_us: int
    state: HoldState = HoldState.OPEN
    posted_seq: int | None = None


class VoucherState(StrEnum):
    """A voucher's life. Expiry is a date, disabling a property of the batch."""

    UNUSED = "unused"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherBatch:
    """Vouchers printed together; ``expires_us`` is the first moment at which they are refused."""

    id: str
    face_value_tiyn: int
    count: int
    created_us: int
    expires_us: int
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """A scratch card. The code exists only as a keyed digest."""

    serial: str
    digest: bytes
    batch: VoucherBatch
    state: VoucherState = VoucherState.UNUSED
    redeemed_seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Recent wrong tries of one subject at one thing, and until when it is locked out."""

    kind: str
    subject: str
    times_us: tuple[int, ...] = ()
    locked_until_us: int = 0


class Job(NamedTuple):
    """Work due at an operator time. ``kind`` names the job handler, ``key`` makes it replaceable.

    Adding a job whose ``key`` is there already moves it; jobs fire in order of due time, then of id.
    """

    kind: str
    key: str
    due_us: int
    payload: dict[str, str | int]
    id: int = 0


class Inbox(NamedTuple):
    """What became of a command that came with a key. ``reply_ids`` are the messages promised for it."""

    source: str
    key: str
    request_hash: bytes
    outcome: str
    message_id: str = ""
    reply_ids: tuple[str, ...] = ()
    journal_seq: int | None = None
    wall_us: int = 0


class PendingFlag(NamedTuple):
    """An application is told when a handset can be reached again (SMPP 3.4 sections 4.12, 5.3.2.29).

    ``esme`` is the application's address for the alert, ``message_id`` the message that made it wait.
    """

    msisdn: str
    system_id: str
    esme: str
    message_id: str


class Dialogue(NamedTuple):
    """A USSD dialogue. ``owner`` is whose it is: ``menu``, or ``account:SYSTEM_ID`` and the like.

    ``number`` is the dialogue number on the wire and ``sequence`` that of its last screen;
    ``account`` and ``session_id`` are the bind that dialled. ``state`` is the owner's own text. ``ended`` is
    empty while it is open, then how it ended.
    """

    id: str
    msisdn: str
    number: int
    owner: str
    service_code: str
    account: str
    session_id: str
    opened_us: int
    sequence: int = 0
    state: str = ""
    updated_us: int = 0
    ended: str = ""


class DialogueTurn(NamedTuple):
    """One thing that was typed or shown. ``operation`` is ussd_service_op by name, ``octets`` how long
    its text was on the wire; ``note`` says what was done to it (cut at a word, say).
    """

    dialogue_id: str
    number: int
    at_us: int
    operation: str
    text: str
    octets: int
    note: str = ""


class Direction(StrEnum):
    """Seen from the handset: MO comes from it, MT goes to it."""

    MO = "mo"
    MT = "mt"


class MessageState(StrEnum):
    """SMPP 3.4 section 5.2.28, with SCHEDULED for what waits for its time."""

    is_final: bool
    """True once nothing will be tried any more."""

    SCHEDULED = "SCHEDULED"
    ENROUTE = "ENROUTE"
    DELIVERED = "DELIVERED"
    EXPIRED = "EXPIRED"
    DELETED = "DELETED"
    UNDELIVERABLE = "UNDELIVERABLE"
    ACCEPTED = "ACCEPTED"
    UNKNOWN = "UNKNOWN"
    REJECTED = "REJECTED"

    def __init__(self, value: str) -> None:
        self.is_final = value not in {"SCHEDULED", "ENROUTE"}


class Message(NamedTuple):
    """A message as the operator keeps it: text and PDUs with secrets masked, and its "why".

    ``pdus`` are whole SMPP PDUs one after the other, as submitted (MO) or to be delivered (MT).
    ``route`` says where it goes: ``service:NAME``, ``handset:MSISDN``, ``account:SYSTEM_ID``,
    ``offnet``. ``cause_id`` is the message that this one answers. ``outcome`` is what a service made of
    an MO message: ``ok``, ``usage``, or the id of a refusal. ``error`` says in words why a message was not
    delivered, ``error_code`` is the network's number for it (0: none).
    """

    id: str
    direction: Direction
    bearer: str
    source: str
    destination: str
    account: str
    route: str
    state: MessageState
    text: str
    encoding: str
    parts: int
    data_coding: int
    esm_class: int
    pdus: bytes
    created_us: int
    updated_us: int
    wall_us: int
    language: str = ""
    text_id: str = ""
    outcome: str = ""
    error: str = ""
    cause_id: str = ""
    journal_seq: int | None = None
    registered_delivery: int = 0
    attempts: int = 0
    service_type: str = ""
    error_code: int = 0


class Between(NamedTuple):
    """Whose messages, from where to where; ``service_type`` None stands for any."""

    account: str
    source: str
    destination: str
    service_type: str | None = None

    @property
    def asked(self) -> dict[str, str]:
        """Each field of a message that is asked for, with its value."""
        return {name: value for name, value in self._asdict().items() if value is not None}

    def holds(self, message: Message) -> bool:
        """True for a message of these."""
        return all(getattr(message, name) == value for name, value in self.asked.items())


#: Before every position of an outbox row, whatever its priority.
FIRST_POSITION = -(1 << 63)
_PRIORITY_BITS = 60
#: What a position is without its priority.
POSITION_MASK = (1 << _PRIORITY_BITS) - 1


def ranked(position: int, priority: int) -> int:
    """The position of a promise of this priority (0 to 3): more urgent ones come before all others."""
    return position - (priority << _PRIORITY_BITS)


def priority_of(position: int) -> int:
    """The priority that ``ranked`` gave to a position."""
    return -(position >> _PRIORITY_BITS)


class Outbox(NamedTuple):
    """A promise to deliver. ``payload`` is the ``deliver_sm`` PDUs of all parts, sequence number 0.

    ``lane`` is the destination whose order is kept: ``handset:MSISDN`` or ``account:SYSTEM_ID``; with
    ``scheduled:`` before it while the message waits for its time, with ``once:`` for a single attempt. A
    row exists as long as the message is not final. ``position`` grows with each row of one priority and
    orders a lane.
    ``bind`` ties a USSD screen to the session that waits for it, or with an account behind it to any session
    of that; ``fallback`` is the SMS sender that tells the subscriber when that session is gone.
    ``receipt_to`` is the account that gets the receipt.
    """

    message_id: str
    lane: str
    payload: bytes
    due_us: int
    expires_us: int
    attempts: int = 0
    bearer: str = "sms"
    bind: str = ""
    fallback: str = ""
    receipt_to: str = ""
    position: int = 0
