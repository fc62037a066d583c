"""What a handler answers: replies by text id, refusals as values, events and jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from rating.msisdn import Msisdn
from rating.subscriber import Language
from storage.model import Job

_NO_PARAMS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the catalog by id. The edge formats its params.

    They are Money, datetime, int, str or Text, or a tuple of these: one line each.
    """

    id: str
    params: Mapping[str, object] = field(default_factory=lambda: _NO_PARAMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One message to a subscriber. Left empty, ``to`` is who asked, ``sender`` what was addressed, and
    the bearer is the one that the command came by. ``fallback`` names the SMS sender that carries a
    USSD answer whose dialogue is gone (money moved: the subscriber must hear of it). After ``expires_us``,
    operator time in microseconds, it is not worth telling; 0 for the operator's own validity.
    """

    text: Text
    to: Msisdn | None = None
    sender: str = ""
    by_sms: bool = False
    fallback: str = ""
    expires_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An e-mail for the outbox mail: the same words in each of ``languages``, in their order."""

    id: str
    to: str
    subject: Text
    body: Text
    languages: tuple[Language, ...] = tuple(Language)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a command that a program sent. ``field`` is its name there."""

    field: str
    text: Text


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command was refused: an id (``voucher.used``) and the text that says so.

    A refusal commits: attempt counters and the like are kept. ``fields`` lists, for a caller of the
    control API, all that is wrong with single fields.
    """

    id: str
    text: Text
    fields: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, for the live feed and for tests. ``data`` holds no secrets."""

    kind: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that a command led to. ``result`` is what an API caller gets back.

    ``letters`` are of a command of the control API, or of a job.
    """

    replies: tuple[Reply, ...] = ()
    refusal: Refusal | None = None
    events: tuple[Event, ...] = ()
    jobs: tuple[Job, ...] = ()
    journal_seq: int | None = None
    result: object = field(default=None, repr=False)
    letters: tuple[Letter, ...] = ()

    @property
    def word(self) -> str:
        """``ok`` or the id of the refusal: for the message store, the log line and metrics."""
        return self.refusal.id if self.refusal else "ok"


def reply(text_id: str, /, *, fallback: str = "", **params: object) -> Outcome:
    """The commonest outcome: one reply to whoever asked."""
    return Outcome(replies=(Reply(text=Text(text_id, params), fallback=fallback),))


def refuse(refusal_id: str, text_id: str = "", /, **params: object) -> Outcome:
    """A refusal, told to whoever asked. The text id defaults to the refusal's id."""
    text = Text(text_id or refusal_id, params)
    return Outcome(replies=(Reply(text=text),), refusal=Refusal(refusal_id, text))


def refuse_fields(refusal_id: str, fields: tuple[FieldError, ...]) -> Outcome:
    """A refusal for the control API: every wrong field at once, and nothing sent to anyone."""
    return Outcome(refusal=Refusal(refusal_id, Text(refusal_id), fields))


def decline(refusal_id: str, /, **params: object) -> Outcome:
    """A refusal that only the caller hears of: no message goes out."""
    return Outcome(refusal=Refusal(refusal_id, Text(refusal_id, params)))
