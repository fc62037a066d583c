"""What a handset tells its owner."""

from dataclasses import dataclass

from simulator.mark import Mark


@dataclass(frozen=True, slots=True)
class IncomingSms:
    """A whole message: the segments of a long one are joined.

    ``flash`` is shown at once and not stored; ``port`` is the application port that the message is for;
    ``wants_reading`` says that the sender waits for an acknowledgement by the one who reads.
    """

    source: str
    text: str
    flash: bool = False
    port: int | None = None
    wants_reading: bool = False


@dataclass(frozen=True, slots=True)
class MarkChanged:
    """A receipt or an acknowledgement came for message ``number`` to ``to``.

    ``number`` counts the messages of this handset from 1; None for a message that it does not remember.
    """

    number: int | None
    to: str
    mark: Mark


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


Event = IncomingSms | MarkChanged | UssdScreen | UssdNotice | LinkDown | LinkUp
