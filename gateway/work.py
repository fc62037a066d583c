"""What the reactor asks of the writer, as frozen data, and what it gets back."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.clock import ClockMode, ClockView
from gateway.coding.part import Part
from gateway.routing import Route
from handlers.base.command import Channel, Command, Origin
from handlers.base.grammar import Usage
from handlers.base.outcome import Event, Outcome
from rating.msisdn import Msisdn
from storage.model import MessageState, Outbox


@dataclass(frozen=True, slots=True)
class InboxKey:
    """Names a command for good: a repeat with the same hash is answered as before, another is refused."""

    source: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class UssdTurn:
    """A handset's side of a dialogue: the dialogue number and sequence of ``its_session_info``."""

    dialogue: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """An accepted ``submit_sm``: decoded, routed, parsed and masked, ready to be made durable.

    ``text`` and ``pdu`` are what may be kept; ``payload`` the ``deliver_sm`` for a handset or an
    application. ``validity_s`` is None for the profile's own. ``part`` is there for one segment of a longer
    message to a service; ``payload`` is then the PDU as it came, until the whole is there.
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

    def origin(self, channel: Channel) -> Origin:
        """The origin of the command that this message holds."""
        return Origin(
            msisdn=Msisdn(self.source),
            channel=channel,
            service_code=self.route.code,
            source_id=self.message_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Execute:
    """A command from an edge that wants its outcome back (control API, seeding)."""

    command: Command
    inbox: InboxKey | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an attempt ended. ``retry_s`` None means finally; else it is tried again after so long.

    ``fallback`` is the SMS sender that takes over where a USSD screen could not be shown, ``receipt`` is True
    where an account waits for a receipt.
    """

    message_id: str
    lane: str
    state: MessageState
    error: str = ""
    retry_s: int | None = None
    fallback: str = ""
    receipt: bool = False

    @property
    def is_plain(self) -> bool:
        """A final state that nothing follows: the message need not be read to write it down."""
        return self.retry_s is None and not self.fallback and not self.receipt


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


@dataclass(frozen=True, slots=True)
class RunDue:
    """Fire what is due by now."""


@dataclass(frozen=True, slots=True)
class Advance:
    """Move the clock to ``to_us``, firing what falls due on the way, in order.

    ``at_least``: the time was reckoned from a clock that runs, so that it may have passed meanwhile.
    """

    to_us: int
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class SetClock:
    """Switch the clock's mode, and set it forward."""

    mode: ClockMode
    now_us: int | None


@dataclass(frozen=True, slots=True)
class Reset:
    """Back to the seeded state."""


Work = Submit | Execute | Settle | BindOpened | BindClosed | RunDue | Advance | SetClock | Reset
#: These need the store or the clock for themselves; all others share a transaction.
EXCLUSIVE = (RunDue, Advance, SetClock, Reset)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a Submit: the status for its response. ``word`` is for the log line."""

    status: int
    message_id: str
    word: str = "ok"
    repeated: bool = False


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


class KeyReused(Exception):
    """The idempotency key was used for another request before."""


Value = Accepted | Executed | ClockView | tuple[Fired, ...] | None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a Work: a value or the error, and the side effects to carry out after the commit.

    ``wake`` names lanes whose next attempt is due, ``due_us`` the earliest job that was set.
    """

    work: Work
    value: Value = None
    error: Exception | None = None
    outboxes: tuple[Outbox, ...] = ()
    events: tuple[Event, ...] = ()
    wake: tuple[str, ...] = ()
    due_us: int | None = None


Done = Callable[[Result], None]
