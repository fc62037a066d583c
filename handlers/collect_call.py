"""Collect call, ``000…`` and ``*133*…#``: who may be called at their own expense (services.md section 7).

Whether a call may be set up is judged here, by the rules of ``collect_rules``. To ring, to announce and
to charge is the part of the flow of prompts and of the call control.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final

from handlers.base.access import Access, gate
from handlers.base.call_charge import first_second_tiyn
from handlers.base.collect_rules import (
    COLLECT_CALL,
    COLLECT_LISTS,
    FRIENDS_TARIFF,
    TARIFF,
    Called,
    Caller,
    Count,
    Day,
    Limits,
    Network,
    Refused,
    Verdict,
    count_refused,
    judge,
    read_number,
)
from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.outcome import Event, Outcome, Reply, Text, refuse, reply
from handlers.base.schedule import midnight_us
from handlers.base.service import Service
from rating.msisdn import EMERGENCY, Msisdn
from storage.call_model import CollectLists
from storage.model import Attempts, Job, main_account
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = COLLECT_CALL
#: The kind of the counter of refused requests; its subject is the caller's MSISDN.
ATTEMPTS: Final = "collect"
#: The kind of the row that says when a pair of numbers may have its next missed-call notice.
NOTICES: Final = "collect_notice"
#: The kind of the job that calls the caller back; the call control carries it out.
JOB_CALL_BACK: Final = "voice.call_back"
#: Why nobody can be called back now; it comes after all that is against the call itself.
IN_A_CALL: Final = "collect.in_a_call"
EVENT_SUSPENDED: Final = "collect.suspended"
_NOTICE_US: Final = 600_000_000
_ONE_DAY: Final = timedelta(days=1)
_NO_LISTS: Final = CollectLists(owner=Msisdn(""))


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCollect(Command):
    """May ``origin.msisdn`` call this number at its expense? ``called`` is what was dialled after ``000``."""

    called: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack(Command):
    """The same asked by USSD: the network calls back, and then the number."""

    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRefused(Command):
    """``called`` did not want the call of ``origin.msisdn``: pressed 2, or hung up before a 1."""

    called: Msisdn


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectAsked:
    """The result of a good request. ``is_friend``: put through without the announcement, for less."""

    called: Msisdn
    is_friend: bool


#: Whoever owes or has nothing left can call this way; the call costs them nothing.
_ADMIT: Final = gate(Access(allow_debt=True, allow_negative=True, allow_roaming=False))


def ask(command: AskCollect, uow: UnitOfWork, context: Context) -> Outcome:
    """Judge the request. Result: CollectAsked, or the first reason why not."""
    asked = _ask(command, command.called, uow, context)
    return asked if isinstance(asked, Outcome) else Outcome(result=asked)


def call_back(command: CallBack, uow: UnitOfWork, context: Context) -> Outcome:
    """Judge the request, and have the network call back. It is judged again once the caller has answered.

    Asking again before that replaces the number. Result: CollectAsked.
    """
    asked = _ask(command, command.number, uow, context)
    if isinstance(asked, Outcome):
        return asked
    caller = command.origin.msisdn
    if uow.calls.of(caller) is not None:
        return refuse(IN_A_CALL)
    job = Job(
        kind=JOB_CALL_BACK,
        key=f"call_back:{caller}",
        due_us=context.now_us,
        payload={
            "msisdn": caller,
            "number": asked.called,
            "service": NAME,
            "way": command.origin.service_code,
            "sender": context.profile.sms_code_of(COLLECT_LISTS),
        },
    )
    return replace(reply("collect.will_call", number=asked.called), jobs=(job,), result=asked)


def _ask(command: Command, typed: str, uow: UnitOfWork, context: Context) -> CollectAsked | Outcome:
    caller = _ADMIT(command.origin, uow)
    if isinstance(caller, Outcome):
        return caller
    number = read_number(typed)
    attempts = uow.attempts.get(ATTEMPTS, caller.msisdn)
    asking = Caller(caller.msisdn, attempts.locked_until_us)
    lists = _NO_LISTS if number is None else uow.collect.lists(number)
    verdict = judge(asking, _called(number, uow), lists, _network(context))
    if number is None or verdict.refused is not None:
        refused = _refuse(verdict, asking, typed, context)
        if number is not None and verdict.refused is Refused.OFF_NET:
            return _with_notice(refused, caller.msisdn, number, uow, context)
        return refused
    return CollectAsked(called=number, is_friend=verdict.is_friend)


def _called(number: Msisdn | None, uow: UnitOfWork) -> Called:
    subscriber = None if number is None else uow.subscribers.get(number)
    if subscriber is None:
        return Called(number)
    balance = uow.ledger.balance(main_account(subscriber.msisdn))
    return Called(number, subscriber, balance.available_tiyn if balance else 0)


def _network(context: Context) -> Network:
    tariffs, now_us = context.profile.tariffs, context.now_us
    return Network(
        now_us=now_us,
        prefixes=context.profile.prefixes,
        second_tiyn=first_second_tiyn(tariffs[TARIFF], now_us),
        friends_second_tiyn=first_second_tiyn(tariffs[FRIENDS_TARIFF], now_us),
    )


# -- saying no -------------------------------------------------------------------------------------


class _Slip(Enum):
    """What was dialled where a mobile number was wanted: the text that helps."""

    NOTHING = "collect.no_number"
    EMERGENCY = "collect.emergency"
    OTHER = "collect.bad_number"


def _refuse(verdict: Verdict, caller: Caller, typed: str, context: Context) -> Outcome:
    refused = verdict.refused or Refused.BAD_NUMBER
    if refused is Refused.SUSPENDED:
        return refuse(refused.value, until=context.at(caller.suspended_until_us))
    if refused is Refused.BAD_NUMBER:
        dialled = typed.strip()
        return refuse(refused.value, _slip(dialled).value, number=dialled)
    return refuse(refused.value)


def _slip(dialled: str) -> _Slip:
    if not dialled:
        return _Slip.NOTHING
    return _Slip.EMERGENCY if dialled in EMERGENCY else _Slip.OTHER


def _with_notice(
    refused: Outcome, caller: Msisdn, number: Msisdn, uow: UnitOfWork, context: Context
) -> Outcome:
    """The same, and a missed-call notice for the other network; one in a while, since it costs the caller
    nothing and reaches somebody who did not ask for it.
    """
    told = uow.attempts.get(NOTICES, f"{caller}>{number}")
    if context.now_us < told.locked_until_us:
        return refused
    uow.attempts.put(replace(told, locked_until_us=context.now_us + _NOTICE_US))
    return replace(refused, replies=(*refused.replies, _missed_call(caller, number, context)))


def _missed_call(caller: Msisdn, number: Msisdn, context: Context) -> Reply:
    """The other operator's subscriber cannot be asked to pay, but may call back."""
    return _sms("collect.missed_call", number, context, number=caller)


def _sms(text_id: str, to: Msisdn, context: Context, **params: object) -> Reply:
    sender = context.profile.sms_code_of(COLLECT_LISTS)
    return Reply(text=Text(text_id, params), to=to, sender=sender, by_sms=True)


# -- refused requests ------------------------------------------------------------------------------


def count(command: CountRefused, uow: UnitOfWork, context: Context) -> Outcome:
    """Count it. The one that reaches a limit suspends the service, and the caller reads until when.

    Nothing is said on the line: what the caller hears of the refusal is the flow's.
    """
    caller = command.origin.msisdn
    attempts = uow.attempts.get(ATTEMPTS, caller)
    counted = count_refused(attempts.times_us, context.now_us, _day(context), _limits(context))
    uow.attempts.put(_counted(attempts, counted))
    if not counted.suspended_until_us:
        return Outcome()
    params = {"count": counted.reached, "until": context.at(counted.suspended_until_us)}
    data = {"msisdn": caller, "until_us": counted.suspended_until_us}
    return Outcome(
        replies=(_sms("collect.suspended_now", caller, context, **params),),
        events=(Event(kind=EVENT_SUSPENDED, data=data),),
    )


def _counted(attempts: Attempts, counted: Count) -> Attempts:
    """A suspension is never made shorter."""
    until_us = max(attempts.locked_until_us, counted.suspended_until_us)
    return replace(attempts, times_us=counted.times_us, locked_until_us=until_us)


def _day(context: Context) -> Day:
    """By the calendar: its days need not have 24 hours each."""
    return Day(midnight_us(context.now), midnight_us(context.now + _ONE_DAY))


def _limits(context: Context) -> Limits:
    profile = context.profile
    return Limits(
        hour_max=profile.collect_refused_hour_max,
        day_max=profile.collect_refused_day_max,
        suspended_s=profile.collect_suspended_s,
    )


# -- the service -----------------------------------------------------------------------------------


def _needs(caller: Msisdn, typed: str) -> Needs:
    number = read_number(typed)
    counters = frozenset({(ATTEMPTS, caller)})
    if number is None:
        return Needs(msisdns=frozenset({caller}), attempts=counters)
    return Needs(
        msisdns=frozenset({caller, number}),
        accounts=frozenset({main_account(number)}),
        attempts=counters,
        collect_lists=frozenset({number}),
    )


def _needs_ask(command: AskCollect, context: Context) -> Needs:  # noqa: ARG001 - one shape for all services
    return _needs(command.origin.msisdn, command.called)


def _needs_call_back(command: CallBack, context: Context) -> Needs:  # noqa: ARG001 - one shape
    return _needs(command.origin.msisdn, command.number)


def _needs_count(command: CountRefused, context: Context) -> Needs:  # noqa: ARG001 - one shape
    return Needs(attempts=frozenset({(ATTEMPTS, command.origin.msisdn)}))


SERVICE: Final = Service(
    name=NAME,
    handlers=MappingProxyType({AskCollect: ask, CallBack: call_back, CountRefused: count}),
    needs=MappingProxyType({AskCollect: _needs_ask, CallBack: _needs_call_back, CountRefused: _needs_count}),
)
