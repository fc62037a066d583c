"""Frames of the voice channel: what handsets send becomes leg events, signals become what they are sent.

Frames are JSON objects in text (interfaces.md, voice legs). Unknown members are errors.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, ValidationError
from pydantic_core import from_json

from gateway.http.problems import field_error
from gateway.http.schemas import Body, shown
from gateway.voice.events import Answer, Dial, Fault, HangUp, Keys, LegEvent, Said, Signal, SignalKind
from handlers.base.command import Secret
from rating.msisdn import Msisdn

#: More keys at once than anybody is asked for.
KEYS_MAX: Final = 64
WORDS_MAX: Final = 200
NUMBER_MAX: Final = 40


class FrameFault(StrEnum):
    """What is wrong with a frame, or with the connection: the ``code`` of an error beside the Faults."""

    BAD_JSON = "bad_json"
    BAD_MESSAGE = "bad_message"
    REPLACED = "replaced"


class BadFrame(ValueError):
    """A frame that is none; ``errors`` has one item per field, none of which repeats what was sent."""

    def __init__(self, fault: FrameFault, detail: str, errors: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(detail)
        self.fault = fault
        self.errors = errors

    def frame(self) -> str:
        """The error as the handset gets it."""
        wrong = {"errors": [dict(each) for each in self.errors]} if self.errors else {}
        return _text({"type": "error", "code": self.fault.value, "detail": str(self)} | wrong)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be shown")
    return text


def _at_most(characters: int) -> AfterValidator:
    def check(text: str) -> str:
        if len(text) > characters:
            raise ValueError(f"has at most {characters} characters")
        return _printable(text)

    return AfterValidator(check)


def _id(text: str) -> str:
    if not text:
        raise ValueError("is the id of a call")
    return text


def _keys(text: str) -> str:
    if not text or not _KEYS.issuperset(text):
        raise ValueError("keys are 0-9, * and #")
    if len(text) > KEYS_MAX:
        raise ValueError(f"at most {KEYS_MAX} keys at once")
    return text


_KEYS: Final = frozenset("0123456789*#")
#: Any id: the call control knows which calls there are.
CallId = Annotated[str, AfterValidator(_id), _at_most(64)]


class DialFrame(Body):
    """``dial``: call a number, in whatever form; an empty one is a number that nobody has."""

    number: Annotated[str, _at_most(NUMBER_MAX)]

    def event(self, msisdn: Msisdn) -> LegEvent:
        """What the handset did."""
        return Dial(msisdn, self.number)


class AnswerFrame(Body):
    """``answer``: take the call that is offered."""

    call: CallId

    def event(self, msisdn: Msisdn) -> LegEvent:
        """What the handset did."""
        return Answer(msisdn, self.call)


class DtmfFrame(Body):
    """``dtmf``: keys, one or more at once."""

    call: CallId
    digits: Annotated[str, AfterValidator(_keys)]

    def event(self, msisdn: Msisdn) -> LegEvent:
        """What the handset did."""
        return Keys(msisdn, self.call, Secret(self.digits))


class SayFrame(Body):
    """``say``: words after a tone; none at all is silence."""

    call: CallId
    text: Annotated[str, _at_most(WORDS_MAX)]

    def event(self, msisdn: Msisdn) -> LegEvent:
        """What the handset did."""
        return Said(msisdn, self.call, self.text)


class HangupFrame(Body):
    """``hangup``: leave the call, or refuse the one that is offered."""

    call: CallId

    def event(self, msisdn: Msisdn) -> LegEvent:
        """What the handset did."""
        return HangUp(msisdn, self.call)


FRAMES: Final[Mapping[str, type[DialFrame | AnswerFrame | DtmfFrame | SayFrame | HangupFrame]]] = {
    "dial": DialFrame,
    "answer": AnswerFrame,
    "dtmf": DtmfFrame,
    "say": SayFrame,
    "hangup": HangupFrame,
}
_TYPES: Final = f"a type is one of {', '.join(FRAMES)}"


def read_frame(text: str, msisdn: Msisdn) -> LegEvent:
    """What the handset did. Raises BadFrame with everything that is wrong."""
    try:
        found = from_json(text, allow_inf_nan=False)
    except ValueError:
        raise BadFrame(FrameFault.BAD_JSON, "not valid JSON") from None
    if not isinstance(found, dict):
        raise BadFrame(FrameFault.BAD_JSON, 'a frame is a JSON object like {"type": "hangup", "call": ID}')
    kind = found.pop("type", None)
    shape = FRAMES.get(kind) if isinstance(kind, str) else None
    if shape is None:
        raise BadFrame(FrameFault.BAD_MESSAGE, "1 field is wrong", [{"field": "type", "detail": _TYPES}])
    try:
        return shape.model_validate(found).event(msisdn)
    except ValidationError as error:
        raise _wrong(error) from None


#: Where pydantic's would not help; more of them are all of the API's.
_OWN_WORDS: Final = {"string_type": "must be a text"}


def _wrong(error: ValidationError) -> BadFrame:
    """Never with the input: keys may be a password."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    errors = [field_error({**each, "msg": _OWN_WORDS.get(each["type"], each["msg"])}) for each in found]
    count = "1 field is wrong" if len(errors) == 1 else f"{len(errors)} fields are wrong"
    return BadFrame(FrameFault.BAD_MESSAGE, count, errors)


def error_frame(code: Fault | FrameFault, detail: str) -> str:
    """An error that no call control knows of."""
    return _text({"type": SignalKind.ERROR.value, "code": code.value, "detail": detail})


def signal_frame(signal: Signal) -> str:
    """The frame that a handset gets for a signal."""
    return _text({"type": signal.kind.value} | _MEMBERS[signal.kind](signal))


def _incoming(signal: Signal) -> dict[str, Any]:
    return {"from": signal.party, "call": signal.call}


def _other_side(signal: Signal) -> dict[str, Any]:
    return {"call": signal.call, "to": signal.party}


def _prompt(signal: Signal) -> dict[str, Any]:
    return {"call": signal.call, "id": signal.id, "text": signal.text}


def _ended(signal: Signal) -> dict[str, Any]:
    return {
        "call": signal.call,
        "reason": signal.reason,
        "duration_s": signal.duration_s,
        "charge": shown(signal.charge_tiyn),
    }


def _error(signal: Signal) -> dict[str, Any]:
    call = {"call": signal.call} if signal.call else {}
    return {"code": signal.id, "detail": signal.text} | call


_MEMBERS: Final[Mapping[SignalKind, Callable[[Signal], dict[str, Any]]]] = {
    SignalKind.INCOMING: _incoming,
    SignalKind.RINGING: _other_side,
    SignalKind.CONNECTED: _other_side,
    SignalKind.PROMPT: _prompt,
    SignalKind.ENDED: _ended,
    SignalKind.ERROR: _error,
}


def _text(frame: Mapping[str, Any]) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
