"""What a handset tells its owner."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IncomingSms:
    """A whole message: the segments of a long one are joined."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class UssdScreen:
    """A USSD screen: one that wants an answer (USSR request), or the last one (PSSR response)."""

    text: str
    wants_answer: bool


@dataclass(frozen=True, slots=True)
class UssdNotice:
    """A USSD notice from the network (USSN request); the handset has confirmed it by itself."""

    text: str


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The session with the gateway ended; the handset tries to come back by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The session is there again."""


Event = IncomingSms | UssdScreen | UssdNotice | LinkDown | LinkUp
