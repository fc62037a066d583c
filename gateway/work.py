"""What the reactor asks of the writer, as frozen data, and what it gets back.

What is made for every message is a named tuple: a frozen dataclass takes three times as long to make.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.clock import ClockMode, ClockView
from gateway.coding.part import Part
from gateway.routing import Route
from gateway.smpp.constants import UssdServiceOp
from gateway.voice.events import LegEvent, Signal
from handlers.base.command import Channel, Command, Origin, Secret
from handlers.base.grammar import Usage
from handlers.base.outcome import Event, Outcome
from rating.msisdn import Msisdn
from storage.model import MessageState, Outbox


class InboxKey(NamedTuple):
    """Names a command for good: a repeat with the same hash is answered as before, another is refused."""

    source: str
    key: str
    request_hash: bytes


class UssdTurn(NamedTuple):
    """One side's operation in a dialogue: number of the dialogue, sequence (None where the account's dialect
    does not say) and end bit, what it does (``ussd_service_op``), what was typed or is to be shown, which may
    be a secret, and how many octets that was.
    """

    dialogue: int | None
    sequence: int | None
    operation: int = UssdServiceOp.PSSR_INDICATION
    end: bool = False
    typed: Secret = Secret("")
    octets: int = 0


class Submit(NamedTuple):
    """An accepted ``submit_sm``: decoded, routed, parsed and masked, ready to be made durable.

    ``text`` and ``pdu`` are what may be kept; ``payload`` the PDUs for a handset or an application, of which
    there are ``parts``. ``validity_s`` is None for the profile's own, ``schedule_s`` the seconds until it
    may be delivered. ``part`` is there for one segment of a longer message that is to be joined; ``payload``
    is then the PDU as it came, until the whole is there.

    ``once`` means one attempt and no waiting (datagram and transaction mode), ``awaited`` that the response
    tells how it ended. ``replaces`` asks to take the place of a message that waits, but for those that are
    ``busy``. ``alert_to`` is the application's address for an alert_notification. ``fresh`` means that
    nothing can have come under its inbox key before.
    """

    session_id: str
    message_id: str
    inbox: InboxKey
    account: str
    source: str
    destination: str
    route: Route
    bearer: str
    text: str
    pdu: bytes
    encoding: str
    data_coding: int
    esm_class: int
    registered_delivery: int = 0
    asked: Command | Usage | None = None
    payload: bytes = b""
    validity_s: int | None = None
    turn: UssdTurn | None = None
    receipt_to: str = ""
    part: Part | None = None
    parts: int = 1
    service_type: str = ""
    priority: int = 0
    schedule_s: int | None = None
    once: bool = False
    awaited: bool = False
    replaces: bool = False
    busy: frozenset[str] = frozenset()
    alert_to: str = ""
    fresh: bool = False

    def origin(self, channel: Channel) -> Origin:
        """The origin of the command that this message holds."""
        return Origin(
            msisdn=Msisdn(self.source),
            channel=channel,
            service_code=self.route.code,
            source_id=self.message_id,
        )


@dataclass(frozen=True, slots=True)
class SubmitMany:
    """A ``submit_multi``: one Submit for each destination that could be read."""

    submits: tuple[Submit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Which messages an operation of an account is about: ``message_id`` as it stands in the store, without a
    recipient's suffix, and the addresses that must match (empty: any).
    """

    account: str
    message_id: str = ""
    source: str = ""
    destination: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """``query_sm``."""

    named: Named


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """``cancel_sm``: one message, or without a message_id all that wait between two addresses.

    ``busy`` are on their way already: too late for them.
    """

    named: Named
    lanes: tuple[str, ...] = ()
    service_type: str = ""
    busy: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """``replace_sm``: another content for a message that waits; None leaves a time as it is.

    ``default_text`` is the text that sm_default_msg_id names, in the place of ``short_message``.
    """

    named: Named
    short_message: bytes = field(repr=False)
    default_text: str = ""
    registered_delivery: int
    schedule_s: int | None = None
    validity_s: int | None = None
    busy: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Alerted:
    """These applications were told that these handsets can be reached, or need not be told."""

    flags: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Execute:
    """A command from an edge that wants its outcome back (control API, seeding)."""

    command: Command
    inbox: InboxKey | None = None


class Delivery(NamedTuple):
    """How an attempt ended. ``retry_s`` None means finally; else it is tried again after so long.

    ``fallback`` is the SMS sender that takes over where a USSD screen could not be shown, ``receipt`` is True
    where an account waits for a receipt. ``error_code`` is the number of the failure (gateway.failures).
    ``ussd`` is True for what was said in a dialogue and did not arrive.
    """

    message_id: str
    lane: str
    state: MessageState
    error: str = ""
    retry_s: int | None = None
    fallback: str = ""
    receipt: bool = False
    error_code: int = 0
    ussd: bool = False

    @property
    def is_plain(self) -> bool:
        """A final state that nothing follows: the message need not be read to write it down."""
        return self.retry_s is None and not self.fallback and not self.receipt and not self.ussd


@dataclass(frozen=True, slots=True)
class Settle:
    """Attempts that ended since the last time, many at once."""

    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class BindOpened:
    """A session was bound."""

    session_id: str
    system_id: str


@dataclass(frozen=True, slots=True)
class BindClosed:
    """A session ended; ``clean`` if by unbind, so that it had all of its responses."""

    session_id: str
    reason: str
    clean: bool


class Voice(NamedTuple):
    """Something that a handset did, or that became of its voice connection."""

    event: LegEvent


@dataclass(frozen=True, slots=True)
class EndCalls:
    """The gateway stops: every open call ends now."""


@dataclass(frozen=True, slots=True)
class RunDue:
    """Fire what is due by now."""


@dataclass(frozen=True, slots=True)
class Advance:
    """Move the clock to ``to_us``, firing what falls due on the way, in order.

    ``at_least``: the time was reckoned from a clock that runs, so that it may have passed meanwhile.
    ``in_steps``: stop where something is to be delivered, and answer with Stepped.
    """

    to_us: int
    at_least: bool = False
    in_steps: bool = False


@dataclass(frozen=True, slots=True)
class SetClock:
    """Switch the clock's mode, and set it forward."""

    mode: ClockMode
    now_us: int | None


@dataclass(frozen=True, slots=True)
class Reset:
    """Back to the seeded state."""


Work = (
    Submit
    | SubmitMany
    | Query
    | Cancel
    | Replace
    | Alerted
    | Execute
    | Settle
    | BindOpened
    | BindClosed
    | Voice
    | EndCalls
    | RunDue
    | Advance
    | SetClock
    | Reset
)
#: These need the store or the clock for themselves; all others share a transaction.
EXCLUSIVE = (RunDue, Advance, SetClock, Reset)


class Accepted(NamedTuple):
    """The answer to a Submit: the status for its response. ``word`` is for the log line.

    ``pending``: the response is to tell how the delivery ends.
    """

    status: int
    message_id: str
    word: str = "ok"
    repeated: bool = False
    pending: bool = False


@dataclass(frozen=True, slots=True)
class AcceptedMany:
    """The answer to a SubmitMany: one Accepted for each of its submits."""

    each: tuple[Accepted, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a Query; ``final_us`` is the operator time of the final state, None before it."""

    message_id: str
    state: MessageState
    final_us: int | None
    error_code: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer to an operation on a message that cannot be carried out."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """The answer to a Cancel or Replace: these messages are not what they were."""

    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Executed:
    """The answer to an Execute."""

    outcome: Outcome
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Fired:
    """One job that ran, and when it was due."""

    kind: str
    key: str
    due_us: int


class Stepped(NamedTuple):
    """The answer to an Advance in steps: what fired in this one, and where the clock is to go."""

    fired: tuple[Fired, ...]
    until_us: int
    is_done: bool


class KeyReused(Exception):
    """The idempotency key was used for another request before."""


Value = (
    Accepted
    | AcceptedMany
    | Found
    | Refused
    | Changed
    | Executed
    | ClockView
    | Stepped
    | tuple[Fired, ...]
    | None
)


class Result(NamedTuple):
    """What became of a Work: a value or the error, and the side effects to carry out after the commit.

    ``wake`` names lanes whose next attempt is due, ``withdrawn`` lanes and ids of messages that are not to be
    sent as they were, ``due_us`` the earliest job that was set, ``signals`` what handsets are told of calls.
    ``mail`` is True where a letter was put into the outbox mail.
    """

    work: Work
    value: Value = None
    error: Exception | None = None
    outboxes: tuple[Outbox, ...] = ()
    events: tuple[Event, ...] = ()
    wake: tuple[str, ...] = ()
    withdrawn: tuple[tuple[str, str], ...] = ()
    due_us: int | None = None
    signals: tuple[Signal, ...] = ()
    mail: bool = False


Done = Callable[[Result], None]
