"""The rules of collect calls alone: order of refusals, refused requests in an hour and a day, typed numbers.

Every combination of lists, friends and statuses is walked in ``tests/handlers/test_collect_call_table.py``.
"""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.base.collect_rules import (
    Called,
    Caller,
    Day,
    Limits,
    Network,
    Refused,
    Verdict,
    count_refused,
    is_several_numbers,
    judge,
    read_number,
)
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Status
from storage.call_model import CollectList, CollectLists
from storage.model import Subscriber

ALIYA, BOLAT, OFF_NET = Msisdn("77011234567"), Msisdn("77021234567"), Msisdn("77051234567")
NOW_US: Final = 1_741_935_600_000_000
S: Final = 1_000_000
NETWORK: Final = Network(NOW_US, frozenset({"701", "702"}), second_tiyn=25, friends_second_tiyn=12)
LIMITS: Final = Limits(hour_max=10, day_max=30, suspended_s=3600)
#: A day that began twelve hours ago.
DAY: Final = Day(NOW_US - 12 * 3600 * S, NOW_US + 12 * 3600 * S)


def person(msisdn: Msisdn = BOLAT, status: Status = Status.ACTIVE) -> Subscriber:
    """A subscriber."""
    return Subscriber(msisdn=msisdn, brand=Brand.KCELL, billing=Billing.PREPAID, status=status)


# -- the order of refusals -------------------------------------------------------------------------


def test_the_first_reason_in_the_order_is_given_whatever_else_is_wrong_too() -> None:
    """Wrong in every way that can be wrong together; then one reason after the other is taken away."""
    closed = CollectLists(owner=BOLAT, active=CollectList.WHITE)
    late, again = Caller(ALIYA, NOW_US + 1), Caller(ALIYA, NOW_US)
    steps: tuple[tuple[Caller, Called, CollectLists, Refused], ...] = (
        (late, Called(None), closed, Refused.SUSPENDED),
        (again, Called(None), closed, Refused.BAD_NUMBER),
        (again, Called(ALIYA, person(ALIYA, Status.BLOCKED)), closed, Refused.SELF),
        (again, Called(OFF_NET), closed, Refused.OFF_NET),
        (again, Called(BOLAT), closed, Refused.NO_SUBSCRIBER),
        (again, Called(BOLAT, person(status=Status.DEBT), -5), closed, Refused.CALLED_AWAY),
        (again, Called(BOLAT, person(), -5), closed, Refused.NOT_WANTED),
        (again, Called(BOLAT, person(), 24), CollectLists(owner=BOLAT), Refused.CANNOT_PAY),
    )
    for caller, called, lists, refused in steps:
        assert judge(caller, called, lists, NETWORK) == Verdict(refused)
    assert [refused for *_, refused in steps] == list(Refused)
    assert judge(again, Called(BOLAT, person(), 25), CollectLists(owner=BOLAT), NETWORK) == Verdict(None)


# -- refused requests ------------------------------------------------------------------------------


def counted(*ages_s: float, day: Day = DAY) -> tuple[int, int]:
    """How many led to a suspension, and how long it is in seconds; with one more, refused now."""
    times = tuple(sorted(NOW_US - round(age * S) for age in ages_s))
    count = count_refused(times, NOW_US, day, LIMITS)
    return count.reached, max(0, count.suspended_until_us - NOW_US) // S


def test_the_tenth_within_an_hour_suspends_for_an_hour() -> None:
    assert counted(*[3599] * 8) == (0, 0)
    assert counted(*[3599] * 9) == (10, 3600)


def test_the_hour_slides_so_that_one_as_old_as_an_hour_counts_no_more() -> None:
    assert counted(3600, *[60] * 8) == (0, 0)


def test_the_hour_goes_on_over_midnight_and_the_day_does_not() -> None:
    just_begun = Day(NOW_US - 60 * S, NOW_US + 86_340 * S)
    assert counted(*[1800] * 9, day=just_begun) == (10, 3600)
    assert counted(*range(3601, 3630), day=just_begun) == (0, 0)


def test_the_thirtieth_of_a_day_suspends_until_the_day_ends() -> None:
    assert counted(*[7200] * 28) == (0, 0)
    assert counted(*[7200] * 29) == (30, 12 * 3600)


def test_where_both_limits_are_met_the_later_end_counts() -> None:
    nearly_over = Day(NOW_US - 23 * 3600 * S, NOW_US + 600 * S)
    assert counted(*[7200] * 20, *[60] * 9, day=nearly_over) == (10, 3600)
    assert counted(*[7200] * 20, *[60] * 9) == (30, 12 * 3600)


@given(st.lists(st.integers(0, 5 * 3600), max_size=120))
def test_nobody_is_let_off_by_what_is_forgotten(gaps_s: list[int]) -> None:
    """What is kept leads to the same suspensions as all times ever would, and never grows past two days."""
    kept: tuple[int, ...] = ()
    ever: tuple[int, ...] = ()
    now_us = DAY.began_us
    for gap in gaps_s:
        now_us += gap * S
        began_us = now_us - (now_us - DAY.began_us) % (86_400 * S)
        day = Day(began_us, began_us + 86_400 * S)
        short, whole = (count_refused(times, now_us, day, LIMITS) for times in (kept, ever))
        assert short.suspended_until_us == whole.suspended_until_us
        kept, ever = short.times_us, (*ever, now_us)
        assert all(each > now_us - 25 * 3600 * S for each in kept)


# -- numbers as they are typed ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed", ["77021234567", "87021234567", "+77021234567", "8 (702) 123-45-67", "８７０２１２３４５６７"]
)
def test_a_number_is_read_in_all_its_forms(typed: str) -> None:
    assert read_number(typed) == BOLAT
    assert not is_several_numbers(typed)


@pytest.mark.parametrize("typed", ["", "112", "7000", "7021234567", "78121234567", "770212345678", "Bolat"])
def test_what_is_no_mobile_number_is_none(typed: str) -> None:
    assert read_number(typed) is None
    assert not is_several_numbers(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "87011234567 87021234567",
        "87011234567,87021234567",
        "+77011234567/+77021234567; 77051234567",
        "8 701 123 45 67 8 702 123 45 67",
        "8701123456787021234567",
    ],
)
def test_several_numbers_are_noticed_whatever_stands_between_them(typed: str) -> None:
    assert is_several_numbers(typed)


def test_digits_that_only_begin_with_a_number_are_not_several() -> None:
    assert not is_several_numbers("87011234567 123")
    assert not is_several_numbers("87011234567 12345678901")
