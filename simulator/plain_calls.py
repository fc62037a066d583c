"""The calls of the handset as lines: ``call``, ``pick``, ``keys``, ``name``, ``hang``."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition
from typing import Final

from simulator.awaited import Awaited
from simulator.call_events import (
    CallConnected,
    CallEnded,
    CallError,
    CallRinging,
    IncomingCall,
    Prompt,
    VoiceDown,
    VoiceEvent,
    VoiceUp,
)
from simulator.errors import NoCall, VoiceUnreachable
from simulator.target import VoiceTarget
from simulator.visible import indented, one_line
from simulator.voice import VoiceLine, VoiceSettings

_CALL: Final = "the call"
_NO_CHARGE: Final = "0.00"


class PlainCalls:
    """At most one call at a time. ``say`` prints a line, from any thread.

    A command waits at most ``wait_s`` for what the one before it brings about: through a pipe they come at
    once, where a person would listen first.
    """

    def __init__(
        self,
        msisdn: str,
        target: VoiceTarget,
        say: Callable[[str], object],
        awaited: Awaited,
        wait_s: float,
        *,
        settings: VoiceSettings | None = None,
    ) -> None:
        """Raises BadNumber."""
        self._line = VoiceLine(msisdn, target, self._on_event, settings=settings)
        self._say = say
        self._awaited = awaited
        self._wait_s = wait_s
        self._changed = Condition()
        #: The call that goes on, or "".
        self._call = ""
        #: It is offered to this handset, which has not taken it yet.
        self._is_offered = False
        #: Somebody rings or rang. A service takes the call at once, and its prompt is what is waited for.
        self._is_person = False

    def switch_on(self) -> str:
        """Be reachable. What keeps the handset from it, in a few words, or nothing."""
        try:
            self._line.open()
        except VoiceUnreachable as fault:
            return str(fault)
        return ""

    def switch_off(self, *, patiently: bool = False) -> None:
        """Hang up and be out of reach. ``patiently`` waits for a call that has just been dialled: that can
        only be hung up once the network has said which it is.
        """
        if patiently:
            self._listen()
        if self._call:
            with suppress(VoiceUnreachable):
                self._line.hang_up(self._call)
        self._line.close()
        self._forget()

    def call(self, number: str) -> None:
        """Raises VoiceUnreachable."""
        self._line.open()
        self._asking(lambda: self._line.dial(number))

    def pick(self) -> None:
        """Take the call that is offered. Raises NoCall, VoiceUnreachable."""
        self._line.open()
        with self._changed:
            self._changed.wait_for(lambda: self._is_offered, self._wait_s)
            if not self._is_offered:
                raise NoCall("nobody is calling")
            self._is_offered = False
        self._asking(lambda: self._line.answer(self._call))

    def keys(self, digits: str) -> None:
        """Press keys. Raises NoCall, VoiceUnreachable."""
        self._listen()
        self._asking(lambda: self._line.press(self._current(), digits))

    def name(self, text: str) -> None:
        """Say words. Raises NoCall, VoiceUnreachable."""
        self._listen()
        self._asking(lambda: self._line.say(self._current(), text))

    def hang(self) -> None:
        """Leave the call, or refuse the one that is offered. Raises NoCall, VoiceUnreachable."""
        self._listen()
        self._asking(lambda: self._line.hang_up(self._current()))

    def _current(self) -> str:
        if not self._call:
            raise NoCall("there is no call")
        return self._call

    def _listen(self) -> None:
        if not self._awaited.wait_for(_CALL, self._wait_s):
            self._awaited.forget(_CALL)

    def _asking(self, ask: Callable[[], None]) -> None:
        """Do something that the network is to answer; a failure takes the expectation back."""
        self._awaited.expect(_CALL)
        try:
            ask()
        except BaseException:
            self._awaited.arrived(_CALL)
            raise

    def _on_event(self, event: VoiceEvent) -> None:
        answers = self._note(event)
        self._say(_line(event))
        if answers:
            self._awaited.arrived(_CALL)

    def _note(self, event: VoiceEvent) -> bool:
        """Remember what is so now. Whether the event is what a command has waited for."""
        with self._changed:
            match event:
                case IncomingCall(call):
                    self._call, self._is_offered, self._is_person = call, True, True
                    self._changed.notify_all()
                    return False
                case CallRinging(call):
                    self._call, self._is_person = call, True
                case CallConnected(call):
                    self._call, self._is_offered = call, False
                    return self._is_person
                case Prompt(call):
                    self._call = call
                case CallEnded() | VoiceDown(comes_back=False):
                    self._forget()
                case VoiceUp():
                    return False
                case CallError() | VoiceDown():
                    pass
            return True

    def _forget(self) -> None:
        self._call, self._is_offered, self._is_person = "", False, False


def _line(event: VoiceEvent) -> str:
    match event:
        case IncomingCall(_, source):
            said = f"call from {one_line(source)}\n    (take it with: pick, refuse it with: hang)"
        case CallRinging(_, to):
            said = f"{one_line(to)} rings"
        case CallConnected(_, to):
            said = f"connected to {one_line(to)}"
        case Prompt(_, _, text):
            said = f"voice: {indented(text)}"
        case CallEnded():
            said = _ended_line(event)
        case CallError(code, detail):
            said = f"not done: {one_line(detail)} ({one_line(code)})"
        case VoiceDown(reason, comes_back):
            said = f"no calls: {one_line(reason)}{'; trying to come back' if comes_back else ''}"
        case VoiceUp():
            said = "calls again"
    return said


def _ended_line(ended: CallEnded) -> str:
    """The length where they talked, the charge where there is one."""
    words = [one_line(ended.reason)]
    if ended.duration_s:
        words.append(f"{ended.duration_s} s")
    if ended.charge != _NO_CHARGE:
        words.append(f"{one_line(ended.charge)} KZT")
    return f"call ended: {', '.join(words)}"


@dataclass(frozen=True, slots=True)
class CallWord:
    """``carry_out`` gets the rest of the line, without the spaces around it."""

    usage: str
    purpose: str
    carry_out: Callable[[PlainCalls, str], None]

    def understands(self, rest: str) -> bool:
        """Whether the rest of the line has what the word needs, and no more."""
        return bool(rest) is (" " in self.usage)


CALL_WORDS: Final = {
    "call": CallWord("call NUMBER", "call a number: call 9393, call 00077021234567", PlainCalls.call),
    "pick": CallWord("pick", "take the call that rings", lambda calls, _: calls.pick()),
    "keys": CallWord("keys DIGITS", "press keys in a call: keys 1", PlainCalls.keys),
    "name": CallWord("name TEXT", "say a name in a call, where you are asked for it", PlainCalls.name),
    "hang": CallWord("hang", "hang up, or refuse the call that rings", lambda calls, _: calls.hang()),
}
