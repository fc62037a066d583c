"""What a subscriber, an agent or a program asks for, as frozen data."""

from dataclasses import dataclass
from enum import StrEnum

from rating.msisdn import Msisdn


class Channel(StrEnum):
    """The way that a command came in."""

    SMS = "sms"
    USSD = "ussd"
    VOICE = "voice"
    API = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who asks, and how.

    ``msisdn`` is the subscriber in whose name the command runs ("" for the operator's own),
    ``service_code`` what was texted or dialled (``9393``, ``*110``), ``source_id`` the id of the message
    or request (the ledger's source), ``actor`` who acted when it was not the subscriber.
    """

    msisdn: Msisdn
    channel: Channel
    service_code: str
    source_id: str
    actor: str = ""

    @property
    def acting(self) -> str:
        """The actor for the ledger: the one named, else the subscriber."""
        return self.actor or self.msisdn


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The base of every command. A subclass adds what its service needs."""

    origin: Origin


class Secret(str):
    """A text that masks itself in every representation; ``reveal()`` is the only way to the content."""

    __slots__ = ()

    def reveal(self) -> str:
        """The content, for hashing and comparing only."""
        return str.__str__(self)

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)
