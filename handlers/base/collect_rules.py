"""Who may call whom at whose expense: the rules of services.md section 7, without a store or a clock.

The caller's own access (``handlers.base.access``) comes before all of this.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from rating.msisdn import InvalidMsisdn, Msisdn, parse_msisdn
from rating.subscriber import Status
from storage.call_model import CollectList, CollectLists
from storage.model import Subscriber

COLLECT_CALL: Final = "collect_call"
COLLECT_LISTS: Final = "collect_lists"
#: The profile's tariff for all callers, and the one for callers on the called party's Friends.
TARIFF: Final = "collect_call"
FRIENDS_TARIFF: Final = "collect_call_friends"
_US_PER_S: Final = 1_000_000
_HOUR_US: Final = 3600 * _US_PER_S
_NUMBER_DIGITS: Final = 11


class Refused(StrEnum):
    """Why no call is set up, after the refusals of ``access``. The members' order is the precedence."""

    SUSPENDED = "collect.suspended"
    BAD_NUMBER = "collect.bad_number"
    SELF = "collect.self"
    OFF_NET = "collect.off_net"
    NO_SUBSCRIBER = "collect.no_subscriber"
    CALLED_AWAY = "collect.called_away"
    NOT_WANTED = "collect.not_wanted"
    CANNOT_PAY = "collect.cannot_pay"


class Caller(NamedTuple):
    """Who asks: one whom ``access`` has let in. ``suspended_until_us`` is 0 for whoever never was."""

    msisdn: Msisdn
    suspended_until_us: int = 0


class Called(NamedTuple):
    """Whom the caller asks for: ``msisdn`` is None where what was dialled is no mobile number.

    ``subscriber`` is None without a record; ``available_tiyn`` is what the main balance can spend.
    """

    msisdn: Msisdn | None
    subscriber: Subscriber | None = None
    available_tiyn: int = 0


class Network(NamedTuple):
    """What the operator adds: now, the prefixes that are on-net, and the price of a call's first second."""

    now_us: int
    prefixes: frozenset[str]
    second_tiyn: int
    friends_second_tiyn: int


class Verdict(NamedTuple):
    """``refused`` is None for a call that may be set up; ``is_friend`` then: without the announcement."""

    refused: Refused | None
    is_friend: bool = False


def judge(caller: Caller, called: Called, lists: CollectLists, network: Network) -> Verdict:
    """Whether the call may be set up, or the first reason why not. ``lists`` are the called party's."""
    refused = _why_not_ask(caller, called, network)
    if refused is not None:
        return Verdict(refused)
    is_friend = caller.msisdn in lists.friends
    if not is_friend and not _lets_in(lists, caller.msisdn):
        return Verdict(Refused.NOT_WANTED)
    second_tiyn = network.friends_second_tiyn if is_friend else network.second_tiyn
    if called.available_tiyn < second_tiyn:
        return Verdict(Refused.CANNOT_PAY)
    return Verdict(None, is_friend)


def _why_not_ask(caller: Caller, called: Called, network: Network) -> Refused | None:
    """What is wrong before anybody's lists are looked at."""
    number, subscriber = called.msisdn, called.subscriber
    if network.now_us < caller.suspended_until_us:
        return Refused.SUSPENDED
    if number is None:
        return Refused.BAD_NUMBER
    if number == caller.msisdn:
        return Refused.SELF
    if subscriber is None:
        return Refused.NO_SUBSCRIBER if is_ours(number, network.prefixes) else Refused.OFF_NET
    return None if _is_there(subscriber) else Refused.CALLED_AWAY


def is_ours(number: Msisdn, prefixes: frozenset[str]) -> bool:
    """Whether a number without a record is the operator's by its prefix."""
    return number[1:4] in prefixes


def _is_there(called: Subscriber) -> bool:
    """Whoever is blocked, in debt, abroad, or on an unknown device takes no calls at their own expense."""
    return called.status is Status.ACTIVE and not called.roaming and called.device_registered


def _lets_in(lists: CollectLists, caller: Msisdn) -> bool:
    """The active list decides; an empty Black List lets everybody in, an empty White List nobody."""
    is_listed = caller in lists.of(lists.active)
    return is_listed if lists.active is CollectList.WHITE else not is_listed


# -- how often one may be refused ------------------------------------------------------------------


class Limits(NamedTuple):
    """So many refused requests, within an hour and within a calendar day, suspend the caller."""

    hour_max: int
    day_max: int
    suspended_s: int


class Day(NamedTuple):
    """The calendar day of now, in the operator's zone: when it began and when the next one begins."""

    began_us: int
    ends_us: int


class Count(NamedTuple):
    """A caller's refused requests that are kept. ``suspended_until_us`` is 0 where nothing comes of them;
    else ``reached`` is how many led to it.
    """

    times_us: tuple[int, ...]
    suspended_until_us: int = 0
    reached: int = 0


def count_refused(times_us: tuple[int, ...], now_us: int, day: Day, limits: Limits) -> Count:
    """One more refused request. The hour slides, the day is the calendar's; the later end counts.

    Times are kept as long as either of the two may need them.
    """
    hour_ago_us = now_us - _HOUR_US
    oldest_us = min(hour_ago_us + 1, day.began_us)
    kept = (*(each for each in times_us if each >= oldest_us), now_us)
    of_hour = sum(each > hour_ago_us for each in kept)
    of_day = sum(each >= day.began_us for each in kept)
    ends = [(0, 0)]
    if of_hour >= limits.hour_max:
        ends.append((now_us + limits.suspended_s * _US_PER_S, of_hour))
    if of_day >= limits.day_max:
        ends.append((day.ends_us, of_day))
    return Count(kept, *max(ends))


# -- numbers as they are typed ---------------------------------------------------------------------


def read_number(typed: str) -> Msisdn | None:
    """A mobile number in any of its forms; None for anything else."""
    try:
        return parse_msisdn(typed)
    except InvalidMsisdn:
        return None


def is_several_numbers(typed: str) -> bool:
    """Whether two or more mobile numbers were typed where one was wanted, whatever stands between them."""
    digits = "".join(each for each in typed if each in "0123456789")
    chunks = [digits[at : at + _NUMBER_DIGITS] for at in range(0, len(digits), _NUMBER_DIGITS)]
    return len(chunks) > 1 and all(read_number(chunk) for chunk in chunks)
