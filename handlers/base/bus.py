"""Finds the handler of a command, the grammar of a service, and the handler of a due job.

Everything is checked when the bus is made: what is wrong with the registry is said at start, at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from handlers.base.command import Channel, Command, Origin
from handlers.base.context import Context
from handlers.base.grammar import Grammar, GrammarError, Rule, Usage
from handlers.base.outcome import Outcome
from handlers.base.profile import Profile, ProfileError
from handlers.base.service import Handler, JobHandler, JobNeedsOf, NeedsOf, Service
from storage.model import Job
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

_DEFAULT_USAGE = "system.usage"


class BusError(Exception):
    """The registry cannot work. The message has one line for each problem."""


class Bus:
    """All services, ready to be asked. Raises BusError for a registry that contradicts itself."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._services: dict[str, Service] = {}
        self._handlers: dict[type[Command], Handler] = {}
        self._needs: dict[type[Command], NeedsOf] = {}
        self._jobs: dict[str, JobHandler] = {}
        self._job_needs: dict[str, JobNeedsOf] = {}
        self._sms: dict[str, Grammar] = {}
        self._ussd: dict[str, Grammar] = {}
        problems = [problem for service in services for problem in self._add(service)]
        if problems:
            raise BusError("\n".join(problems))

    @property
    def services(self) -> Mapping[str, Service]:
        """Every service by its name."""
        return self._services

    def check_profile(self, profile: Profile) -> None:
        """Raises ProfileError for each code of the profile that leads to no service."""
        codes = {**profile.sms_services, **profile.ussd_services}
        problems = [
            f"{code} leads to {name}, and there is no such service"
            for code, name in sorted(codes.items())
            if name not in self._services
        ]
        if problems:
            raise ProfileError(profile.name, tuple(problems))

    def parse_sms(self, service: str, origin: Origin, text: str) -> Command | Usage:
        """What a message to the service asks for. Never raises for any text."""
        return self._sms[service].sms(origin, text)

    def parse_ussd(self, service: str, origin: Origin, words: tuple[str, ...]) -> Command | Usage:
        """The same for what was dialled after the service code. Never raises for any words."""
        return self._ussd[service].ussd(origin, words)

    def handle(self, command: Command, uow: UnitOfWork, context: Context) -> Outcome:
        """Run the command's handler. An exception is a bug: the caller rolls this command back.

        What an agent or a program asked for and was refused is answered to them alone, so such a refusal
        leaves no message for the subscriber.
        """
        outcome = self._handlers[type(command)](command, uow, context)
        if outcome.refusal is not None and command.origin.channel is Channel.API and outcome.replies:
            return replace(outcome, replies=())
        return outcome

    def needs(self, command: Command, context: Context) -> Needs:
        """What the command will read; the subscriber at least."""
        needs_of = self._needs.get(type(command))
        if needs_of is None:
            return Needs(msisdns=frozenset({command.origin.msisdn} - {""}))
        return needs_of(command, context)

    def job_needs(self, job: Job) -> Needs:
        """What the handler of a due job will read; nothing where nobody said, nor for a job of no service."""
        needs_of = self._job_needs.get(job.kind)
        return Needs() if needs_of is None else needs_of(job)

    def run_job(self, job: Job, uow: UnitOfWork, context: Context) -> Outcome:
        """Run the handler of a due job."""
        return self._jobs[job.kind](job, uow, context)

    def _add(self, service: Service) -> list[str]:
        """Take a service in; what is wrong with it, one line each."""
        name = service.name
        problems = [f"two services are named {name}"] if name in self._services else []
        problems += _clashes(name, "command", [c.__name__ for c in service.handlers if c in self._handlers])
        problems += _clashes(name, "job", [kind for kind in service.jobs if kind in self._jobs])
        problems += [
            f"{name}: job {kind} has needs, but no handler"
            for kind in service.job_needs
            if kind not in service.jobs
        ]
        problems += [
            f"{name}: {command.__name__} has needs or a rule, but no handler"
            for command in sorted(_asked_for(service), key=lambda each: each.__name__)
            if command not in service.handlers
        ]
        self._services[name] = service
        self._handlers.update(service.handlers)
        self._needs.update(service.needs)
        self._jobs.update(service.jobs)
        self._job_needs.update(service.job_needs)
        usage = service.usage or _DEFAULT_USAGE
        for table, rules, text_id in (
            (self._sms, service.sms, usage),
            (self._ussd, service.ussd, service.ussd_usage or usage),
        ):
            problems += _compile(table, name, rules, text_id)
        return problems


def _asked_for(service: Service) -> set[type[Command]]:
    return {rule.command for rule in (*service.sms, *service.ussd)} | set(service.needs)


def _clashes(name: str, noun: str, taken: list[str]) -> list[str]:
    return [f"{name}: {noun} {each} has a handler already" for each in taken]


def _compile(table: dict[str, Grammar], name: str, rules: tuple[Rule, ...], usage: str) -> list[str]:
    try:
        table[name] = Grammar(rules, usage)
    except GrammarError as error:
        return [f"{name}: {error}"]
    return []
