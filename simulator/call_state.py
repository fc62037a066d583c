"""What a handset knows of its call: at most one goes on at a time."""

from typing import NamedTuple

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


class Noted(NamedTuple):
    """What an event means: whether it ``answers`` a word that was waiting, whether it ``is_end`` of all that
    could be waited for, and the call that ``leaves``: it is to be hung up at once; or "".
    """

    answers: bool = False
    is_end: bool = False
    leaves: str = ""


_NOTHING = Noted()
_END = Noted(is_end=True)


class CallState:
    """Follows what the handset does and what it is told. Not thread-safe."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """There is no call."""
        #: The call that goes on, or "".
        self.call = ""
        #: A call was dialled, and the network has not said yet which it is.
        self.is_dialling = False
        #: It is offered to this handset, which has not taken it yet.
        self.is_offered = False
        #: A prompt waits for keys or words: they bring something about.
        self.is_asked = False
        #: It is to be hung up, or has been, and the network has not said yet that it is over.
        self.is_leaving = False
        #: Somebody rings or rang. A service takes the call at once, and its prompt is what is waited for.
        self._is_person = False

    @property
    def is_taken(self) -> bool:
        """In a call that goes on: nobody else can ring."""
        return bool(self.call) and not self.is_offered and not self.is_leaving

    def dialled(self) -> None:
        """A number was dialled. In a call that is an error, and the call goes on."""
        self.is_dialling = not self.call

    def left(self) -> str:
        """The call is to be hung up: now, if it is known which; else as soon as it is."""
        self.is_leaving, self.is_offered = True, False
        return self.call

    def failed(self) -> None:
        """What was dialled or hung up did not get there."""
        self.is_dialling = self.is_leaving = False

    def note(self, event: VoiceEvent) -> Noted:
        """Remember what is so now."""
        match event:
            case IncomingCall(call):
                # Somebody else's: not the one that was dialled, should one be.
                self.call, self.is_offered, self._is_person = call, True, True
            case CallRinging(call):
                return self._here(call, is_asked=False, is_person=True)
            case CallConnected(call):
                return self._here(call, is_asked=False, is_person=self._is_person)
            case Prompt(call):
                return self._here(call, is_asked=True, is_person=self._is_person)
            case CallEnded() | VoiceDown(comes_back=False):
                self.forget()
                return _END
            case CallError() | VoiceDown():
                # What was sent may have been lost, or was not taken: it can be done again.
                noted = Noted(answers=True, is_end=self.is_leaving)
                self.failed()
                return noted
            case VoiceUp():
                pass
        return _NOTHING

    def _here(self, call: str, *, is_asked: bool, is_person: bool) -> Noted:
        leaves = call if self.is_dialling and self.is_leaving else ""
        is_answer = (is_asked or is_person) and not self.is_leaving
        self.call, self.is_asked, self._is_person = call, is_asked, is_person
        self.is_dialling = self.is_offered = False
        return Noted(answers=is_answer, leaves=leaves)
