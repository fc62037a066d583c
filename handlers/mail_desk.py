"""What becomes of the letters in the outbox mail, as whoever brings them to a mail server reports it.

A letter is accepted by a server at most once. So it is marked SENDING, durably, before the server is given
its text; one that is found so after a restart may have been accepted, and is not sent again.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.outcome import Event, Outcome
from handlers.base.service import Service
from storage.needs import Needs
from storage.parking_model import Mail, MailState
from storage.unit_of_work import UnitOfWork

NAME: Final = "mail_desk"
EVENT_SENT: Final = "mail.sent"
EVENT_FAILED: Final = "mail.failed"
_EVENTS: Final = MappingProxyType({MailState.SENT: EVENT_SENT, MailState.FAILED: EVENT_FAILED})
_UNDER_WAY: Final = frozenset({MailState.WAITING, MailState.SENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginMail(Command):
    """A server is about to get the text of this letter."""

    mail_id: str


@dataclass(frozen=True, slots=True)
class Settled:
    """How it went with one letter. ``is_attempt`` is False where its turn did not come.

    One that waits is due again at ``retry_us`` (real time).
    """

    mail_id: str
    state: MailState
    error: str = ""
    is_attempt: bool = True
    retry_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleMail(Command):
    """How it went with these letters."""

    settled: tuple[Settled, ...]


def begin(command: BeginMail, uow: UnitOfWork, context: Context) -> Outcome:  # noqa: ARG001 - one shape
    """Result: True where the letter waits no longer; False where it must not be sent."""
    mail = uow.mail.get(command.mail_id)
    if mail is None or mail.state is not MailState.WAITING:
        return Outcome(result=False)
    uow.mail.put(mail._replace(state=MailState.SENDING, attempts=mail.attempts + 1))
    return Outcome(result=True)


def settle(command: SettleMail, uow: UnitOfWork, context: Context) -> Outcome:  # noqa: ARG001 - one shape
    """Write it down. What is sent or failed already stays so."""
    events = []
    for each in command.settled:
        mail = uow.mail.get(each.mail_id)
        if mail is None or mail.state not in _UNDER_WAY:
            continue
        uow.mail.put(_settled(mail, each))
        if each.state in _EVENTS:
            events.append(Event(kind=_EVENTS[each.state], data={"mail": mail.id}))
    return Outcome(events=tuple(events))


def _settled(mail: Mail, how: Settled) -> Mail:
    """One that was begun has been counted then."""
    counts = how.is_attempt and mail.state is MailState.WAITING
    attempts = mail.attempts + counts
    return mail._replace(state=how.state, error=how.error, attempts=attempts, retry_us=how.retry_us)


def _needs(command: BeginMail | SettleMail, context: Context) -> Needs:  # noqa: ARG001 - one shape
    """Letters are few, and each is read by its key."""
    return Needs()


SERVICE: Final = Service(
    name=NAME,
    handlers=MappingProxyType({BeginMail: begin, SettleMail: settle}),
    needs=MappingProxyType({BeginMail: _needs, SettleMail: _needs}),
)
