"""Rows of the bank's side as frozen values: cards, their transactions, payments and AutoPay rules.

Times ending in ``_us`` are microseconds since the Unix epoch; amounts ending in ``_tiyn`` are tiyn.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from rating.msisdn import Msisdn
from storage.model import AccountKind, AccountRef


class CardState(StrEnum):
    """A card that its holder disabled stays so until the bank enables it (services.md section 3)."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A bank card bound to a subscriber. The number exists only as a keyed digest and its last six digits."""

    id: str
    bank: str
    pan_digest: bytes
    last6: str
    msisdn: Msisdn
    state: CardState = CardState.ACTIVE
    created_us: int = 0

    @property
    def last4(self) -> str:
        """What its holder calls it by."""
        return self.last6[-4:]

    @property
    def account(self) -> AccountRef:
        """Its money, in the bank's books."""
        return AccountRef(AccountKind.CARD, self.id)


class CardEventKind(StrEnum):
    """What moves, or asks for, a card's money."""

    TOP_UP = "top_up"
    PURCHASE = "purchase"
    PAYMENT = "payment"
    SALARY = "salary"
    TRANSFER = "transfer"
    AUTHORISATION = "authorisation"
    CASH = "cash"


class TransactionState(StrEnum):
    """UNKNOWN: the bank has not answered, and until it does nothing is refunded on a guess."""

    AUTHORISED = "authorised"
    POSTED = "posted"
    VOIDED = "voided"
    UNKNOWN = "unknown"


class CardTransaction(NamedTuple):
    """One event of a card. ``code`` is shared by the bank, the ledger and the SMS.

    ``amount_tiyn`` is negative where it leaves the card. ``hold_id`` names the hold of an authorisation.
    A top-up credits ``target``; its answer comes as a job of the kind ``answer_job``, and ``purpose`` is the
    ordering service's own word (a rule's id, say). ``msisdn`` is the holder.
    """

    code: str
    card_id: str
    msisdn: Msisdn
    kind: CardEventKind
    amount_tiyn: int
    venue: str
    at_us: int
    state: TransactionState
    hold_id: str = ""
    target: str = ""
    answer_job: str = ""
    purpose: str = ""
    source_id: str = ""
    journal_seq: int | None = None
    settled_us: int = 0


class PaymentState(StrEnum):
    """UNALLOCATED waits for support; MOVED was credited by support; BACKED_OUT and REVERSED went back."""

    CREDITED = "credited"
    UNALLOCATED = "unallocated"
    MOVED = "moved"
    BACKED_OUT = "backed_out"
    REVERSED = "reversed"


class Payment(NamedTuple):
    """A payment through a channel, as it was sent and what became of it (services.md section 5).

    ``msisdn`` and ``brand`` are the payer's own words, ``credited`` the subscriber who got it. ``why`` is the
    text id of the reason for which it is unallocated. ``reversed_seq`` is the entry that took it back.
    """

    payment_id: str
    channel: str
    msisdn: str
    brand: str
    amount_tiyn: int
    source: str
    code: str
    state: PaymentState
    at_us: int
    credited: str = ""
    why: str = ""
    cashback_tiyn: int = 0
    journal_seq: int | None = None
    reversed_seq: int | None = None
    updated_us: int = 0


class RuleKind(StrEnum):
    """When AutoPay pays (services.md section 6)."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    LIMIT = "limit"


class RuleState(StrEnum):
    """PAUSED after failures in a row; DECLINED by the friend, for good; OFF by the payer, until on again."""

    ON = "on"
    OFF = "off"
    PAUSED = "paused"
    DECLINED = "declined"


class AutoPayRule(NamedTuple):
    """``payer``'s card pays ``amount_tiyn`` to ``target``.

    ``anchor_us`` is the operator time from which the schedule counts, ``due_us`` the next run (0 for none).
    ``running`` is the transaction code of a run that is not concluded, ``failures`` those in a row.
    """

    id: str
    payer: Msisdn
    target: Msisdn
    card_id: str
    kind: RuleKind
    amount_tiyn: int
    limit_tiyn: int = 0
    anchor_us: int = 0
    state: RuleState = RuleState.ON
    due_us: int = 0
    failures: int = 0
    running: str = ""
    created_us: int = 0
