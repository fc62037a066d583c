"""What readers get: frozen values that no longer hang on a transaction."""

from dataclasses import dataclass

from rating.msisdn import Msisdn
from storage.bank_model import Card, CardState, PaymentState
from storage.model import Balance, Dialogue, DialogueTurn, Message, MessageState, Outbox, Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """A subscriber's money in tiyn; ``held_tiyn`` is the part of ``main_tiyn`` that open holds keep."""

    main_tiyn: int = 0
    bonus_tiyn: int = 0
    parking_tiyn: int = 0
    held_tiyn: int = 0
    credit_limit_tiyn: int = 0


@dataclass(frozen=True, slots=True)
class SubscriberView:
    """A subscriber with the money of all accounts."""

    subscriber: Subscriber
    balances: Balances


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages to list. ``None`` means any; ``msisdn`` is either end; ``since_us`` operator time."""

    msisdn: str | None = None
    source: str | None = None
    destination: str | None = None
    state: MessageState | None = None
    since_us: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingView:
    """One line of a journal entry. ``balance_after_tiyn`` is the account's balance after it."""

    seq: int
    line: int
    account: str
    amount_tiyn: int
    balance_after_tiyn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """All that is known of one message: its open promise, what it cost, and what it caused."""

    message: Message
    outbox: Outbox | None
    postings: tuple[PostingView, ...]
    replies: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueFilter:
    """Which USSD dialogues to list. ``None`` means any; ``since_us`` is the operator time of the beginning.

    ``service_code`` is with or without its ``#``.
    """

    msisdn: str | None = None
    service_code: str | None = None
    is_open: bool | None = None
    since_us: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class DialogueView:
    """A USSD dialogue with what was typed and shown, in order."""

    dialogue: Dialogue
    turns: tuple[DialogueTurn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFilter:
    """Which cards to list. ``None`` means any; ``msisdn`` is the holder."""

    msisdn: str | None = None
    bank: str | None = None
    state: CardState | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class CardView:
    """A card with its money."""

    card: Card
    balance: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """Which payments to list. ``None`` means any, for ``limit`` too.

    ``msisdn`` is what the payer typed, or who got it. Operator times from ``since_us`` on, before
    ``until_us``.
    """

    state: PaymentState | None = None
    channel: str | None = None
    msisdn: str | None = None
    since_us: int | None = None
    until_us: int | None = None
    limit: int | None = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One change of a subscriber's money. ``account`` is a code such as ``main:77011234567``."""

    seq: int
    op_us: int
    reason: str
    account: str
    amount_tiyn: int
    balance_after_tiyn: int
    source: str


@dataclass(frozen=True, slots=True)
class JournalHead:
    """The newest journal entry; sequence number 0 when there is none."""

    seq: int
    op_us: int


#: Accounts of one subscriber, in the order of their codes.
def subscriber_codes(msisdn: Msisdn) -> tuple[str, str, str]:
    """The codes of a subscriber's main, bonus and parking account."""
    return f"main:{msisdn}", f"bonus:{msisdn}", f"parking:{msisdn}"
