"""What a parking costs: minutes, rounding, dated versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.parking_price import ParkingPrice, cost_tiyn, hours_tiyn, price_at, started_minutes

MINUTE_US = 60_000_000
PRICES = st.integers(1, 10**8)
MINUTES = st.integers(0, 10_000)
VERSIONS = (ParkingPrice("1", 100, 10_000, 1), ParkingPrice("2", 200, 20_000, 1))


@pytest.mark.parametrize(
    ("minutes", "tiyn"), [(0, 0), (1, 167), (2, 333), (3, 500), (15, 2500), (60, 10_000)]
)
def test_a_hundred_tenge_an_hour_by_the_minute(minutes: int, tiyn: int) -> None:
    """services.md section 8: 100 KZT an hour."""
    assert VERSIONS[0].cost_tiyn(minutes) == tiyn


def test_half_a_tiyn_is_rounded_up() -> None:
    assert (cost_tiyn(30, 1), cost_tiyn(29, 1), cost_tiyn(31, 1)) == (1, 0, 1)


@given(PRICES, st.integers(1, 200))
def test_whole_hours_cost_exactly(per_hour_tiyn: int, hours: int) -> None:
    assert hours_tiyn(per_hour_tiyn, hours) == per_hour_tiyn * hours


@given(PRICES, MINUTES, MINUTES)
def test_more_minutes_never_cost_less_and_no_more_than_a_tiyn_is_lost_by_rounding(
    per_hour_tiyn: int, first: int, second: int
) -> None:
    whole, parts = (
        cost_tiyn(per_hour_tiyn, first + second),
        cost_tiyn(per_hour_tiyn, first) + cost_tiyn(per_hour_tiyn, second),
    )
    assert whole >= cost_tiyn(per_hour_tiyn, first)
    assert abs(whole - parts) <= 1
    assert abs(60 * whole - (first + second) * per_hour_tiyn) <= 30


@given(PRICES, st.integers(1, 24), st.integers(0, 24 * 60 * MINUTE_US))
def test_what_is_used_never_costs_more_than_what_was_paid(
    per_hour_tiyn: int, hours: int, used_us: int
) -> None:
    used_us = min(used_us, hours * 60 * MINUTE_US)
    assert cost_tiyn(per_hour_tiyn, started_minutes(0, used_us)) <= hours_tiyn(per_hour_tiyn, hours)


@pytest.mark.parametrize(
    ("used_us", "minutes"), [(0, 1), (1, 1), (MINUTE_US, 1), (MINUTE_US + 1, 2), (60 * MINUTE_US, 60)]
)
def test_a_minute_that_has_begun_counts_whole_and_the_first_one_always(used_us: int, minutes: int) -> None:
    assert started_minutes(5, 5 + used_us) == minutes


@pytest.mark.parametrize(("at_us", "version"), [(0, "1"), (100, "1"), (199, "1"), (200, "2"), (10**18, "2")])
def test_the_version_in_force(at_us: int, version: str) -> None:
    """The oldest one is good for all time before it too."""
    assert price_at(VERSIONS, at_us).version == version


def test_without_a_price_there_is_none() -> None:
    with pytest.raises(IndexError):
        price_at((), 0)


@pytest.mark.parametrize(("version", "hour", "fine"), [("", 1, 1), ("1", 0, 1), ("1", 1, 0), ("1", -1, 1)])
def test_a_version_that_makes_no_sense_is_refused(version: str, hour: int, fine: int) -> None:
    with pytest.raises(ValueError, match="a version has a name"):
        ParkingPrice(version, 0, hour, fine)
