"""The bus: finds handlers, and says at start what is wrong with a registry."""

from dataclasses import dataclass, replace
from typing import cast

import pytest

from handlers.base.bus import Bus, BusError
from handlers.base.command import Channel, Command, Origin
from handlers.base.context import Context
from handlers.base.grammar import Rule, Usage
from handlers.base.outcome import Event, Outcome, refuse, reply
from handlers.base.profile import ProfileError, load_profile
from handlers.base.service import Service
from handlers.registry import SERVICES
from rating.msisdn import Msisdn
from storage.model import Job
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

ORIGIN = Origin(msisdn=Msisdn("77011234567"), channel=Channel.SMS, service_code="1", source_id="m1")
UOW = cast("UnitOfWork", None)
CONTEXT = cast("Context", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(Command):
    """A command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong(Command):
    """Another."""


def answer(command: Command, uow: UnitOfWork, context: Context) -> Outcome:
    """A handler that uses none of what it gets."""
    del uow, context
    return reply("pong", of=type(command).__name__)


def deny(command: Command, uow: UnitOfWork, context: Context) -> Outcome:
    """A handler that refuses, with an event."""
    del command, uow, context
    return replace(refuse("no"), events=(Event(kind="denied", data={}),))


def rerun(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    """A job handler."""
    del uow, context
    return reply(job.key)


PING = Service(name="ping", sms=(Rule("PING", Ping),), handlers={Ping: answer}, jobs={"again": rerun})


class TestDispatch:
    def test_a_command_goes_to_its_handler(self) -> None:
        outcome = Bus([PING]).handle(Ping(origin=ORIGIN), UOW, CONTEXT)
        assert outcome.replies[0].text.params == {"of": "Ping"}

    def test_what_a_job_reads_is_asked_of_its_service(self) -> None:
        job = Job(kind="again", key="k1", due_us=0, payload={})
        wanted = Needs(cards=frozenset({"k1"}))
        service = replace(PING, job_needs={"again": lambda job: Needs(cards=frozenset({job.key}))})
        assert Bus([service]).job_needs(job) == wanted
        assert Bus([PING]).job_needs(job) == Needs()
        assert Bus([service]).job_needs(job._replace(kind="of the gateway's own")) == Needs()

    def test_a_job_goes_to_the_handler_of_its_kind(self) -> None:
        job = Job(kind="again", key="k1", due_us=0, payload={})
        assert Bus([PING]).run_job(job, UOW, CONTEXT).replies[0].text.id == "k1"

    def test_a_command_that_nobody_handles_is_a_bug(self) -> None:
        with pytest.raises(KeyError):
            Bus([PING]).handle(Pong(origin=ORIGIN), UOW, CONTEXT)

    def test_a_refusal_reaches_a_subscriber_as_a_message(self) -> None:
        bus = Bus([Service(name="no", handlers={Ping: deny})])
        assert len(bus.handle(Ping(origin=ORIGIN), UOW, CONTEXT).replies) == 1

    def test_a_refusal_on_the_control_api_reaches_its_caller_alone(self) -> None:
        bus = Bus([Service(name="no", handlers={Ping: deny})])
        outcome = bus.handle(Ping(origin=replace(ORIGIN, channel=Channel.API)), UOW, CONTEXT)
        assert (outcome.replies, outcome.word, len(outcome.events)) == ((), "no", 1)


class TestNeeds:
    def test_by_default_the_subscriber(self) -> None:
        assert Bus([PING]).needs(Ping(origin=ORIGIN), CONTEXT) == Needs(msisdns=frozenset({ORIGIN.msisdn}))

    def test_by_default_nothing_for_the_operators_own_commands(self) -> None:
        own = Ping(origin=replace(ORIGIN, msisdn=Msisdn("")))
        assert Bus([PING]).needs(own, CONTEXT) == Needs()

    def test_as_the_service_says(self) -> None:
        wanted = Needs(messages=frozenset({"m9"}))
        bus = Bus([replace(PING, needs={Ping: lambda _command, _context: wanted})])
        assert bus.needs(Ping(origin=ORIGIN), CONTEXT) == wanted


class TestGrammar:
    def test_reads_with_the_rules_of_the_service(self) -> None:
        assert Bus([PING]).parse_sms("ping", ORIGIN, " ping") == Ping(origin=ORIGIN)

    def test_without_a_usage_text_of_its_own_a_service_has_the_general_one(self) -> None:
        assert Bus([PING]).parse_sms("ping", ORIGIN, "?") == Usage("system.usage")

    def test_a_dialled_string_has_a_usage_text_of_its_own_where_one_is_given(self) -> None:
        bus = Bus([replace(PING, usage="a", ussd_usage="b")])
        assert (bus.parse_sms("ping", ORIGIN, "?"), bus.parse_ussd("ping", ORIGIN, ("?",))) == (
            Usage("a"),
            Usage("b"),
        )


class TestRegistry:
    @pytest.mark.parametrize(
        ("services", "problem"),
        [
            ([PING, replace(PING, handlers={}, sms=(), jobs={})], "two services are named ping"),
            ([PING, replace(PING, name="b", jobs={})], "b: command Ping has a handler already"),
            ([PING, replace(PING, name="b", handlers={}, sms=())], "b: job again has a handler already"),
            (
                [replace(PING, job_needs={"never": lambda _: Needs()})],
                "ping: job never has needs, but no handler",
            ),
            ([replace(PING, handlers={})], "ping: Ping has needs or a rule, but no handler"),
            ([replace(PING, sms=(Rule("ping", Ping),))], "words in capitals"),
        ],
    )
    def test_what_is_wrong_is_said_at_start(self, services: list[Service], problem: str) -> None:
        with pytest.raises(BusError, match=problem):
            Bus(services)

    def test_all_problems_are_said_at_once(self) -> None:
        with pytest.raises(BusError) as caught:
            Bus([replace(PING, handlers={}), replace(PING, name="b", handlers={})])
        assert len(str(caught.value).splitlines()) == 3

    def test_the_products_registry_works_with_its_profile(self) -> None:
        bus = Bus(SERVICES)
        bus.check_profile(load_profile("kz"))
        assert tuple(bus.services.values()) == SERVICES

    def test_a_code_that_leads_nowhere_is_refused(self) -> None:
        with pytest.raises(ProfileError, match=r"\*100 leads to account_basics, and there is no such"):
            Bus([PING]).check_profile(load_profile("kz"))
