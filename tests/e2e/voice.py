"""Handsets with a voice channel (the simulator's, over a real WebSocket) whose calls a test can drive."""

import queue
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from simulator.call_events import (
    CallConnected,
    CallEnded,
    CallError,
    CallRinging,
    IncomingCall,
    Prompt,
    VoiceDown,
    VoiceEvent,
)
from simulator.target import VoiceTarget
from simulator.voice import VoiceLine, VoiceSettings
from tests.e2e.control_api import ControlApi
from tests.e2e.waiting import PATIENCE_S, until

E = TypeVar("E", bound=VoiceEvent)

#: A test says itself when a lost channel comes back.
_SETTINGS = VoiceSettings(open_timeout_s=PATIENCE_S, backoff_s=())
_NO_CALL = "no such call"
MORNING = "2031-05-17T09:30:00+05:00"


class VoicePhone:
    """One handset that is reachable for calls. ``call`` is the id of the last call that it heard of."""

    def __init__(self, msisdn: str, port: int) -> None:
        self.msisdn = msisdn
        self.call = ""
        self._events: queue.Queue[VoiceEvent] = queue.Queue()
        self.line = VoiceLine(msisdn, VoiceTarget("127.0.0.1", port), self._events.put, settings=_SETTINGS)
        self.line.open()
        self.is_quiet()

    # -- what it does ------------------------------------------------------------------------------

    def dial(self, number: str) -> None:
        """Call a number."""
        self.line.dial(number)

    def answer(self) -> None:
        """Take the call that rings."""
        self.line.answer(self.call)

    def press(self, digits: str) -> None:
        """Press keys."""
        self.line.press(self.call, digits)

    def say(self, text: str) -> None:
        """Say a name."""
        self.line.say(self.call, text)

    def hang_up(self) -> None:
        """Leave the call."""
        self.line.hang_up(self.call)

    def lose(self) -> None:
        """Lose the channel, and hear of it."""
        self.line.lose()
        self.wait_for(VoiceDown)

    # -- what it hears -----------------------------------------------------------------------------

    def wait_for(self, kind: type[E]) -> E:
        """The next event, which is of this kind. Raises queue.Empty after a long while."""
        event = self._events.get(timeout=PATIENCE_S)
        assert isinstance(event, kind), f"{self.msisdn}: expected {kind.__name__}, came {event}"
        self.call = getattr(event, "call", "") or self.call
        return event

    def incoming(self) -> str:
        """It rings; who calls."""
        return self.wait_for(IncomingCall).source

    def ringing(self) -> str:
        """The other one rings; who."""
        return self.wait_for(CallRinging).to

    def connected(self) -> str:
        """There is a speech path; to whom."""
        return self.wait_for(CallConnected).to

    def prompt(self, text_id: str) -> str:
        """The recorded voice says this text; its words."""
        said = self.wait_for(Prompt)
        assert said.id == text_id, f"{self.msisdn}: expected {text_id}, came {said}"
        return said.text

    def any_prompt(self) -> str:
        """The id of the next text that the recorded voice says."""
        return self.wait_for(Prompt).id

    def ended(self) -> tuple[str, int, str]:
        """The call is over: (reason, seconds of talk, what this handset pays)."""
        event = self.wait_for(CallEnded)
        return event.reason, event.duration_s, event.charge

    def refused(self) -> str:
        """The network did not take what was done: the error's code."""
        return self.wait_for(CallError).code

    def is_quiet(self) -> None:
        """Nothing is on its way: an answer to a question of our own is the next thing that comes."""
        call = self.call
        self.line.hang_up(_NO_CALL)
        assert self.wait_for(CallError).call == _NO_CALL
        self.call = call


class Voice:
    """The handsets of one gateway, and the calls that it keeps."""

    def __init__(self, api: ControlApi) -> None:
        self.api = api
        self._stack = ExitStack()

    def phone(self, msisdn: str) -> VoicePhone:
        """A handset that is reachable; its channel is closed at the end."""
        made = VoicePhone(msisdn, self.api.port)
        self._stack.callback(made.line.close)
        return made

    def pair(self, caller: str, called: str) -> tuple[VoicePhone, VoicePhone]:
        """Two handsets."""
        return self.phone(caller), self.phone(called)

    def close(self) -> None:
        """Switch all of them off."""
        self._stack.close()

    def calls(self, **query: Any) -> list[dict[str, Any]]:
        """Call records, newest first."""
        found: list[dict[str, Any]] = self.api.get("/calls", **query)
        return found

    def record(self, call: str) -> dict[str, Any]:
        """Everything about one call."""
        found: dict[str, Any] = self.api.get(f"/calls/{call}")
        return found

    def lost(self, handset: VoicePhone) -> None:
        """Wait until the network has noticed that the handset is out of reach: time may pass then."""
        path = f"/calls/{handset.call}"
        until(lambda: any(leg["lost"] for leg in self.api.get(path)["legs"]), "the network notices")

    def held(self, msisdn: str) -> str:
        """What is held of a subscriber's money."""
        return str(self.api.get(f"/subscribers/{msisdn}")["balances"]["held"])


def ring(caller: VoicePhone, called: VoicePhone, name: str = "Aliya") -> None:
    """A collect call up to where the called handset rings."""
    caller.dial(f"000{called.msisdn}")
    caller.prompt("collect.say_name")
    caller.say(name)
    assert called.incoming() == caller.msisdn
    assert caller.ringing() == called.msisdn


def announce(caller: VoicePhone, called: VoicePhone, name: str = "Aliya") -> str:
    """Up to the announcement; its words."""
    ring(caller, called, name)
    called.answer()
    return called.prompt("collect.announce" if name else "collect.announce_unnamed")


def connect(caller: VoicePhone, called: VoicePhone) -> None:
    """Up to where they talk."""
    announce(caller, called)
    called.press("1")
    assert (caller.connected(), called.connected()) == (called.msisdn, caller.msisdn)


@contextmanager
def voice_of(api: ControlApi) -> Iterator[Voice]:
    """Handsets that are switched off at the end."""
    voice = Voice(api)
    try:
        yield voice
    finally:
        voice.close()
