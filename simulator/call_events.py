"""What the network says on a handset's voice channel (interfaces.md, "Voice legs")."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """The handset is asked to ring; ``source`` is who calls."""

    call: str
    source: str


@dataclass(frozen=True, slots=True)
class CallRinging:
    """The other handset rings."""

    call: str
    to: str


@dataclass(frozen=True, slots=True)
class CallConnected:
    """There is a speech path to ``to``, a person or a service."""

    call: str
    to: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A recorded voice says ``text``; ``id`` is the same in every language."""

    call: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    """``duration_s`` whole seconds of talking, ``charge`` in tenge (``"3.00"``): what this handset pays."""

    call: str
    reason: str
    duration_s: int
    charge: str


@dataclass(frozen=True, slots=True)
class CallError:
    """The network did not take the last thing that was said or done; ``call`` where it is about one,
    ``wrong`` what is wrong in it, one ``field: detail`` each.
    """

    code: str
    detail: str
    call: str = ""
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VoiceDown:
    """The voice channel is lost: as it looks from the network, the handset is out of reach.

    ``comes_back`` is False where another handset with this number has taken its place, or was refused.
    """

    reason: str
    comes_back: bool


@dataclass(frozen=True, slots=True)
class VoiceUp:
    """The voice channel is there again."""


CallEvent: TypeAlias = IncomingCall | CallRinging | CallConnected | Prompt | CallEnded | CallError
VoiceEvent: TypeAlias = CallEvent | VoiceDown | VoiceUp


def _wrong(errors: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(f"{each['field']}: {each['detail']}" for each in errors)


_Fields: TypeAlias = Mapping[str, Any]
_MAKERS: Final[Mapping[str, Callable[[_Fields], CallEvent]]] = {
    "incoming": lambda said: IncomingCall(str(said["call"]), str(said["from"])),
    "ringing": lambda said: CallRinging(str(said["call"]), str(said["to"])),
    "connected": lambda said: CallConnected(str(said["call"]), str(said["to"])),
    "prompt": lambda said: Prompt(str(said["call"]), str(said["id"]), str(said["text"])),
    "ended": lambda said: CallEnded(
        str(said["call"]), str(said["reason"]), int(said["duration_s"]), str(said["charge"])
    ),
    "error": lambda said: CallError(
        str(said["code"]), str(said["detail"]), str(said.get("call") or ""), _wrong(said.get("errors") or ())
    ),
}


def read_call_event(frame: str | bytes) -> CallEvent | None:
    """One message of the network; None for what this handset does not understand."""
    try:
        said = json.loads(frame)
        return _MAKERS[said["type"]](said)
    except (ValueError, KeyError, TypeError):
        return None
