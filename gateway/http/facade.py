"""What the control API needs of the operator behind it. ``gateway.operator`` is the real one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from gateway.clock import ClockMode, ClockView
from gateway.mo import Mo
from gateway.voice.events import LegEvent, Signal
from gateway.work import Fired
from handlers.base.command import Command
from handlers.base.outcome import Outcome
from handlers.base.profile import Profile
from rating.msisdn import Msisdn
from storage.reads import Reads

T = TypeVar("T")


class Busy(Exception):
    """The queue to the writer is full; nothing was done, ask again."""


class RadioUnavailable(Exception):
    """The radio side has no session with the SMSC, or no answer came; the message says which."""


class VoiceUnavailable(Exception):
    """No handset can be attached now; the message says why."""


class ResetRefused(Exception):
    """Reset is for emulators only."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a command. ``repeated``: the key was known, and nothing was done again."""

    outcome: Outcome
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """A submit_sm_resp: its command_status, and the message_id where that is ESME_ROK."""

    status: int
    message_id: str


class Radio(Protocol):
    """The handsets' way to the SMSC. ``gateway.radio`` is the real one. Called in the event loop."""

    async def send(self, mo: Mo, /) -> Sequence[Answered]:
        """Have a handset send it; the responses, one for each short message.

        Raises Busy (nothing was sent) and RadioUnavailable.
        """


class NoRadio:
    """Where there is no radio side."""

    async def send(self, _mo: Mo, /) -> Sequence[Answered]:
        """Raises RadioUnavailable."""
        raise RadioUnavailable("there is no radio side here")


class VoiceLine(Protocol):
    """One handset's connection to the voice side. Called in the event loop."""

    def tell(self, event: LegEvent, /) -> None:
        """Pass on what the handset did; what comes of it comes as signals."""

    def detach(self) -> None:
        """The connection is gone. After ``replaced``, or a second time, it means nothing."""


class VoiceExchange(Protocol):
    """Where handsets are attached for calls: ``gateway.voice.exchange``. Called in the event loop."""

    def attach(
        self, msisdn: Msisdn, send: Callable[[Signal], None], replaced: Callable[[], None], /
    ) -> VoiceLine:
        """From now on ``send`` is told what this handset is to know; it returns at once.

        ``replaced`` is called once should the same handset be attached anew. Raises VoiceUnavailable.
        """


class NoVoice:
    """Where there is no voice side."""

    def attach(
        self, _msisdn: Msisdn, _send: Callable[[Signal], None], _replaced: Callable[[], None], /
    ) -> VoiceLine:
        """Raises VoiceUnavailable."""
        raise VoiceUnavailable("there is no voice side here")


class Operator(Protocol):
    """The operator as the control API sees it. Every method is called in the event loop."""

    @property
    def profile(self) -> Profile:
        """The operator's data."""

    @property
    def timezone(self) -> ZoneInfo:
        """In which times are shown."""

    @property
    def new_id(self) -> Callable[[], str]:
        """Ids for requests: the ledger's source of what the API does."""

    async def submit(
        self, command: Command, *, key: tuple[str, str] | None = None, body: bytes = b""
    ) -> Submitted:
        """Run the command in the writer; returns after its commit.

        ``key`` names the request for good. Raises gateway.work.KeyReused (same key, other body) and Busy.
        """

    async def read(self, query: Callable[[Reads], T]) -> T:
        """Run the query in the read pool."""

    async def changed(self, timeout_s: float) -> bool:
        """True once something was committed since the call began, False after ``timeout_s`` real seconds."""

    def clock(self) -> ClockView:
        """The operator clock now."""

    async def set_clock(self, mode: ClockMode, now_us: int | None) -> ClockView:
        """Switch mode and set forward. Raises gateway.clock.ClockError."""

    async def advance(self, to_us: int, *, at_least: bool = False) -> Sequence[Fired]:
        """Move forward, firing due jobs in order; returns when they are done.

        Raises ClockError for the past, unless ``at_least`` says that the clock may be there already.
        """

    async def reset(self) -> None:
        """Back to the seeded state. Raises ResetRefused."""

    def health(self) -> str:
        """``ok``, or what is wrong in one line."""
