"""A service as one value: its grammar, its handlers, its jobs. One line of the registry each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.grammar import Rule
from handlers.base.outcome import Outcome
from storage.model import Job
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

#: ``handle(command, uow, context) -> Outcome``; the command is of the type that it is registered for.
Handler = Callable[..., Outcome]
#: Run when a job of its kind is due.
JobHandler = Callable[[Job, UnitOfWork, Context], Outcome]
#: What a command will read, so that a batch reads it at once. Only speed depends on it.
NeedsOf = Callable[..., Needs]
#: The same for a due job.
JobNeedsOf = Callable[[Job], Needs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What the gateway needs to know of a service, and nothing more.

    ``sms`` and ``ussd`` are tried in order; when none matches, ``usage`` is the text id of the answer,
    or ``ussd_usage`` for what was dialled, where that one is given.
    ``secret_digits`` masks every long run of digits in what is kept of its messages.
    """

    name: str
    sms: tuple[Rule, ...] = ()
    ussd: tuple[Rule, ...] = ()
    usage: str = ""
    ussd_usage: str = ""
    handlers: Mapping[type[Command], Handler] = field(default_factory=dict)
    needs: Mapping[type[Command], NeedsOf] = field(default_factory=lambda: MappingProxyType({}))
    jobs: Mapping[str, JobHandler] = field(default_factory=lambda: MappingProxyType({}))
    job_needs: Mapping[str, JobNeedsOf] = field(default_factory=lambda: MappingProxyType({}))
    secret_digits: bool = False
