"""What handsets tell the call control and what it tells them: plain values, whatever carries them.

A WebSocket is one carrier (``gateway.http.voice``); a SIP front would be another.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from handlers.base.command import Secret
from rating.msisdn import Msisdn


@dataclass(frozen=True, slots=True)
class Attached:
    """A handset can be reached; ``line`` names the connection. A later one takes the place of an earlier."""

    msisdn: Msisdn
    line: str


@dataclass(frozen=True, slots=True)
class Detached:
    """That connection is gone since ``at_us`` (operator time, microseconds since the epoch)."""

    msisdn: Msisdn
    line: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Dial:
    """A handset calls a number, as it was typed."""

    msisdn: Msisdn
    number: str


@dataclass(frozen=True, slots=True)
class Alerting:
    """A handset that was offered a call rings now."""

    msisdn: Msisdn
    call: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A handset takes the call that it is offered."""

    msisdn: Msisdn
    call: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys were pressed: ``0`` to ``9``, ``*``, ``#``. They may be a secret."""

    msisdn: Msisdn
    call: str
    digits: Secret


@dataclass(frozen=True, slots=True)
class Said:
    """Words were said after a tone."""

    msisdn: Msisdn
    call: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HangUp:
    """A handset leaves the call, or does not want the one that it is offered."""

    msisdn: Msisdn
    call: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """The gateway lives: open calls last until now at least, should it not live on."""


LegEvent: TypeAlias = Attached | Detached | Dial | Alerting | Answer | Keys | Said | HangUp | Pulse


class SignalKind(StrEnum):
    """The ``type`` of a message to the handset (interfaces.md, voice legs)."""

    INCOMING = "incoming"
    RINGING = "ringing"
    CONNECTED = "connected"
    PROMPT = "prompt"
    ENDED = "ended"
    ERROR = "error"


class Fault(StrEnum):
    """Why an event was not taken; the ``code`` of an ERROR."""

    UNKNOWN_CALL = "unknown_call"
    WRONG_STATE = "wrong_state"
    IN_A_CALL = "in_a_call"
    BAD_NUMBER = "bad_number"
    THROTTLED = "throttled"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One message to a handset; empty fields do not belong to its kind.

    ``party`` is who calls (INCOMING) or who is on the other side (RINGING, CONNECTED). ``id`` and ``text``
    are the prompt's text id and its words in the subscriber's language, or an error's code and detail.
    ``reason`` is the Cause, ``duration_s`` whole seconds of talking, ``charge_tiyn`` what this handset's
    subscriber pays for them.
    """

    kind: SignalKind
    msisdn: Msisdn
    call: str = ""
    party: str = ""
    id: str = ""
    text: str = ""
    reason: str = ""
    duration_s: int = 0
    charge_tiyn: int = 0
