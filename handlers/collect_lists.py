"""Who may call at a subscriber's expense: three lists, kept by SMS to 6010 (services.md section 7).

``11 N``, ``12 N``, ``13`` add to, remove from and show the Black List; ``21``, ``22``, ``23`` the White List,
``31``, ``32``, ``33`` Friends. ``1`` and ``2`` say whether the Black or the White List is active.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from handlers.base.access import Access, gate
from handlers.base.collect_rules import COLLECT_LISTS, is_ours, is_several_numbers, read_number
from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.grammar import Rule
from handlers.base.outcome import Event, Outcome, Reply, Text, refuse
from handlers.base.service import Service
from rating.msisdn import Msisdn
from storage.call_model import CollectList, CollectLists
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = COLLECT_LISTS
EVENT_CHANGED: Final = "collect.lists_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddListed(Command):
    """Put a number on a list. ``number`` is as it was typed, "" where there was none."""

    which: CollectList
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveListed(Command):
    """Take a number off a list. ``number`` is as it was typed, "" where there was none."""

    which: CollectList
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowListed(Command):
    """The numbers on a list, and which list is active."""

    which: CollectList


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivateList(Command):
    """From now on this list decides who gets through: ``which`` is BLACK or WHITE."""

    which: CollectList


class Refused(StrEnum):
    """Why nothing changes, after the refusals of ``access``. The members' order is the precedence."""

    NO_NUMBER = "collect.list_no_number"
    TWO_NUMBERS = "collect.list_two_numbers"
    BAD_NUMBER = "collect.list_bad_number"
    OWN_NUMBER = "collect.list_own_number"
    ALREADY_LISTED = "collect.list_has_it"
    OFF_NET = "collect.list_off_net"
    FULL = "collect.list_full"
    NOT_LISTED = "collect.list_lacks_it"
    ALREADY_ACTIVE = "collect.list_is_active"


#: Whoever may not call, or owes, still decides who may call at their expense; abroad too.
_ADMIT: Final = gate(Access(allow_blocked_outgoing=True, allow_debt=True, allow_negative=True))
_NAMES: Final = MappingProxyType(
    {
        CollectList.BLACK: Text("collect.black"),
        CollectList.WHITE: Text("collect.white"),
        CollectList.FRIENDS: Text("collect.friends"),
    }
)


# -- adding and removing ---------------------------------------------------------------------------


def add(command: AddListed, uow: UnitOfWork, context: Context) -> Outcome:
    """The number goes to the end of the list. Result: the CollectLists."""
    lists = _lists(command, uow)
    if isinstance(lists, Outcome):
        return lists
    number = _new_number(command, lists, uow, context)
    if isinstance(number, Refused):
        return _refuse(number, command, context)
    changed = _with(lists, command.which, (*lists.of(command.which), number))
    is_through = command.which is CollectList.BLACK and number in lists.friends
    text_id = "collect.added_but_friend" if is_through else "collect.added"
    return _changed(changed, _text(text_id, command.which, number), uow)


def remove(command: RemoveListed, uow: UnitOfWork, context: Context) -> Outcome:
    """The number leaves the list, whoever's it is by now. Result: the CollectLists."""
    lists = _lists(command, uow)
    if isinstance(lists, Outcome):
        return lists
    number = _number(command.number)
    if isinstance(number, Refused):
        return _refuse(number, command, context)
    if number not in lists.of(command.which):
        return _refuse(Refused.NOT_LISTED, command, context)
    changed = _with(lists, command.which, tuple(each for each in lists.of(command.which) if each != number))
    return _changed(changed, _text("collect.removed", command.which, number), uow)


def _lists(
    command: AddListed | RemoveListed | ShowListed | ActivateList, uow: UnitOfWork
) -> CollectLists | Outcome:
    """The sender's lists, or why the sender may not have any."""
    subscriber = _ADMIT(command.origin, uow)
    return subscriber if isinstance(subscriber, Outcome) else uow.collect.lists(subscriber.msisdn)


def _number(typed: str) -> Msisdn | Refused:
    if not typed:
        return Refused.NO_NUMBER
    number = read_number(typed)
    if number is not None:
        return number
    return Refused.TWO_NUMBERS if is_several_numbers(typed) else Refused.BAD_NUMBER


def _new_number(
    command: AddListed, lists: CollectLists, uow: UnitOfWork, context: Context
) -> Msisdn | Refused:
    """What can be added. A record stands above the prefix: the number may be one that was ported in."""
    number, listed = _number(command.number), lists.of(command.which)
    if isinstance(number, Refused):
        return number
    if number == lists.owner:
        return Refused.OWN_NUMBER
    if number in listed:
        return Refused.ALREADY_LISTED
    if not is_ours(number, context.profile.prefixes) and uow.subscribers.get(number) is None:
        return Refused.OFF_NET
    return Refused.FULL if len(listed) >= context.profile.collect_list_max else number


def _with(lists: CollectLists, which: CollectList, numbers: tuple[Msisdn, ...]) -> CollectLists:
    # The lists' fields are named by the values of their enum, as ``CollectLists.of`` knows too.
    changed: dict[str, Any] = {which.value: numbers}
    return replace(lists, **changed)


def _text(text_id: str, which: CollectList, number: Msisdn) -> Text:
    return Text(text_id, {"list": _NAMES[which], "number": number})


def _changed(lists: CollectLists, text: Text, uow: UnitOfWork) -> Outcome:
    uow.collect.put(lists)
    event = Event(kind=EVENT_CHANGED, data={"msisdn": lists.owner})
    return Outcome(replies=(Reply(text=text),), events=(event,), result=lists)


def _refuse(refused: Refused, command: AddListed | RemoveListed | ActivateList, context: Context) -> Outcome:
    number = "" if isinstance(command, ActivateList) else read_number(command.number) or ""
    most = context.profile.collect_list_max
    return refuse(refused.value, list=_NAMES[command.which], number=number, count=most)


# -- looking, and choosing -------------------------------------------------------------------------


def show(command: ShowListed, uow: UnitOfWork, context: Context) -> Outcome:  # noqa: ARG001 - one shape
    """One number a line, and which list is active. Result: the CollectLists."""
    lists = _lists(command, uow)
    if isinstance(lists, Outcome):
        return lists
    numbers = lists.of(command.which)
    params = {"list": _NAMES[command.which], "active": _NAMES[lists.active]}
    text = (
        Text("collect.shown", params | {"lines": numbers}) if numbers else Text("collect.shown_empty", params)
    )
    return Outcome(replies=(Reply(text=text),), result=lists)


def activate(command: ActivateList, uow: UnitOfWork, context: Context) -> Outcome:
    """The other list rests, and keeps its numbers. Result: the CollectLists."""
    lists = _lists(command, uow)
    if isinstance(lists, Outcome):
        return lists
    if lists.active is command.which:
        return _refuse(Refused.ALREADY_ACTIVE, command, context)
    changed = replace(lists, active=command.which)
    return _changed(changed, Text(_activated(changed)), uow)


def _activated(lists: CollectLists) -> str:
    """An empty list is worth a word: Black lets everybody in, White nobody."""
    if lists.active is CollectList.BLACK:
        return "collect.black_on" if lists.black else "collect.black_on_empty"
    return "collect.white_on" if lists.white else "collect.white_on_empty"


# -- the service -----------------------------------------------------------------------------------


def _needs_listed(command: AddListed | RemoveListed, context: Context) -> Needs:  # noqa: ARG001 - one shape
    owner, number = command.origin.msisdn, read_number(command.number)
    msisdns = frozenset({owner}) if number is None else frozenset({owner, number})
    return Needs(msisdns=msisdns, collect_lists=frozenset({owner}))


def _needs_lists(command: ShowListed | ActivateList, context: Context) -> Needs:  # noqa: ARG001 - one shape
    owner = command.origin.msisdn
    return Needs(msisdns=frozenset({owner}), collect_lists=frozenset({owner}))


#: What the commands of a list begin with.
_DIGITS: Final = MappingProxyType({CollectList.BLACK: "1", CollectList.WHITE: "2", CollectList.FRIENDS: "3"})


def _rules() -> Iterator[Rule]:
    for which, digit in _DIGITS.items():
        values = {"which": which}
        for last, command in (("1", AddListed), ("2", RemoveListed)):
            yield Rule(digit + last, command, values)
            yield Rule(f"{digit}{last} {{number:typed_rest}}", command, values)
        yield Rule(f"{digit}3", ShowListed, values)
    for which in (CollectList.BLACK, CollectList.WHITE):
        yield Rule(_DIGITS[which], ActivateList, {"which": which})


SERVICE: Final = Service(
    name=NAME,
    sms=tuple(_rules()),
    usage="collect.usage",
    handlers=MappingProxyType(
        {AddListed: add, RemoveListed: remove, ShowListed: show, ActivateList: activate}
    ),
    needs=MappingProxyType(
        {
            AddListed: _needs_listed,
            RemoveListed: _needs_listed,
            ShowListed: _needs_lists,
            ActivateList: _needs_lists,
        }
    ),
)
