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
from simulator.call_state import CallState
from simulator.errors import BadKeys, NoCall, VoiceUnreachable
from simulator.target import VoiceTarget
from simulator.visible import indented, one_line
from simulator.voice import VoiceLine, VoiceSettings

_CALL: Final = "the call"
_NO_CHARGE: Final = "0.00"
_NO_CALL: Final = "there is no call"
_NOT_YET: Final = "the network has not taken the call yet"
_KEYS: Final = frozenset("0123456789*#")
_KEYS_ARE: Final = "keys are 0 to 9, * and #"
_NO_KEYS: Final = str.maketrans("", "", " -")
#: The code of the error that another handset with this number has taken the place of this one.
_REPLACED: Final = "replaced"
#: The network says at once which call was dialled.
_ROUND_TRIP_S: Final = 1.0


class PlainCalls:
    """At most one call at a time. ``say`` prints a line, from any thread.

    Through a pipe the words come at once, where a person would listen first: with ``wait_s`` each waits so
    long at most for what the one before it brings about, except for hanging up. With 0 none waits.
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
        self._state = CallState()

    def switch_on(self, announce: Callable[[str], object]) -> None:
        """Be reachable. ``announce`` gets what keeps the handset from it, in a few words, or nothing; it is
        called before anything that the network says, such as that the handset is still in a call.
        """
        try:
            self._line.open(lambda: announce(""))
        except VoiceUnreachable as fault:
            announce(str(fault))

    def switch_off(self) -> None:
        """Hang up and be out of reach. A call that has just been dialled can only be hung up once the network
        has said which it is: that is waited for, a moment at most.
        """
        with suppress(NoCall, VoiceUnreachable):
            self.hang()
        with self._changed:
            self._changed.wait_for(lambda: not self._state.is_dialling, _ROUND_TRIP_S)
        self.drop()

    def drop(self) -> None:
        """Be out of reach without a word: a call goes on as long as the network waits for the handset."""
        self._line.close()
        with self._changed:
            self._state.forget()
        self._awaited.forget(_CALL)

    def call(self, number: str) -> None:
        """Raises VoiceUnreachable."""
        self._listen()
        self._line.open()
        with self._changed:
            self._state.dialled()
        self._asking(lambda: self._line.dial(number))

    def pick(self) -> None:
        """Take the call that is offered. Raises NoCall, VoiceUnreachable."""
        self._line.open()
        with self._changed:
            self._changed.wait_for(lambda: self._state.is_offered or self._state.is_taken, self._wait_s)
            if not self._state.is_offered:
                raise NoCall("nobody is calling")
            self._state.is_offered = False
            call = self._state.call
        self._asking(lambda: self._line.answer(call))

    def keys(self, digits: str) -> None:
        """Press keys; spaces and dashes between them are for reading. Raises BadKeys, NoCall,
        VoiceUnreachable.
        """
        pressed = digits.translate(_NO_KEYS)
        wrong = next((each for each in pressed if each not in _KEYS), "")
        if wrong or not pressed:
            raise BadKeys(f"{one_line(wrong)} is no key; {_KEYS_ARE}" if wrong else _KEYS_ARE)
        self._in_call(lambda call: self._line.press(call, pressed))

    def name(self, text: str) -> None:
        """Say words; none is to say nothing. Raises NoCall, VoiceUnreachable."""
        self._in_call(lambda call: self._line.say(call, text))

    def hang(self) -> None:
        """Leave the call, the one that was just dialled too, or refuse the one that is offered. Never waits.
        Raises NoCall, VoiceUnreachable.
        """
        with self._changed:
            if self._state.is_leaving:
                raise NoCall("it is being hung up already")
            if not self._state.call and not self._state.is_dialling:
                raise NoCall(_NO_CALL)
            call = self._state.left()
        # It is hung up by what the network says next, where it is not known yet.
        self._asking(lambda: self._line.hang_up(call) if call else None)

    def _in_call(self, do: Callable[[str], None]) -> None:
        """Do something in the call that goes on; only what a prompt waits for brings anything about."""
        self._listen()
        with self._changed:
            call, is_asked = self._state.call, self._state.is_asked
            if not call:
                raise NoCall(_NOT_YET if self._state.is_dialling else _NO_CALL)
        self._asking(lambda: do(call), is_answered=is_asked)

    def _listen(self) -> None:
        if not self._awaited.wait_for(_CALL, self._wait_s):
            self._awaited.forget(_CALL)

    def _asking(self, ask: Callable[[], None], *, is_answered: bool = True) -> None:
        """Do something that the network is to answer; a failure takes the expectation back."""
        if is_answered:
            self._awaited.expect(_CALL)
        try:
            ask()
        except BaseException:
            with self._changed:
                self._state.failed()
            self._awaited.arrived(_CALL)
            raise

    def _on_event(self, event: VoiceEvent) -> None:
        if isinstance(event, CallError) and event.code == _REPLACED:
            return  # The end of the channel follows, and says the same.
        with self._changed:
            noted = self._state.note(event)
            if noted.leaves:
                with suppress(VoiceUnreachable):
                    self._line.hang_up(noted.leaves)
            self._changed.notify_all()
        self._say(_line(event))
        if noted.is_end:
            self._awaited.forget(_CALL)
        elif noted.answers:
            self._awaited.arrived(_CALL)


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
        case CallError(code, detail, _, wrong):
            said = f"not done: {one_line('; '.join(wrong) or detail)} ({one_line(code)})"
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
        takes, may_lack = " " in self.usage, "[" in self.usage or " " not in self.usage
        return takes if rest else may_lack


CALL_WORDS: Final = {
    "call": CallWord("call NUMBER", "call a number: call 9393, call 00077021234567", PlainCalls.call),
    "pick": CallWord("pick", "take the call that rings", lambda calls, _: calls.pick()),
    "keys": CallWord("keys DIGITS", "press keys in a call: keys 1", PlainCalls.keys),
    "name": CallWord("name [TEXT]", "say a name in a call, where you are asked for it", PlainCalls.name),
    "hang": CallWord("hang", "hang up, or refuse the call that rings", lambda calls, _: calls.hang()),
}
