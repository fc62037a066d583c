"""The operator clock: real or virtual, forward only, the same after a restart."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import LATEST_US, ClockError, ClockMode, OperatorClock

S = 1_000_000
ZONE = ZoneInfo("Asia/Almaty")
START_US = int(datetime(2026, 3, 1, 4, 0, tzinfo=UTC).timestamp()) * S
DAY_US = 86_400 * S


class Wall:
    """The machine's clock, which the test sets as it likes."""

    def __init__(self) -> None:
        self.us = START_US

    def __call__(self) -> int:
        return self.us


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def clock(wall: Wall) -> OperatorClock:
    return OperatorClock(wall, ZONE)


def test_real_time_runs_with_the_wall_clock(clock: OperatorClock, wall: Wall) -> None:
    assert clock.now_us() == START_US
    wall.us += 5 * S
    assert clock.now_us() == START_US + 5 * S


def test_a_wall_clock_that_falls_does_not_take_operator_time_back(clock: OperatorClock, wall: Wall) -> None:
    clock.now_us()
    wall.us -= 3600 * S
    assert clock.now_us() == START_US
    wall.us += 3601 * S
    assert clock.now_us() == START_US + S


def test_virtual_time_stands_still_until_it_is_moved(clock: OperatorClock, wall: Wall) -> None:
    clock.set(ClockMode.VIRTUAL)
    wall.us += DAY_US
    assert clock.now_us() == START_US
    clock.move_to(START_US + 60 * S)
    assert clock.now_us() == START_US + 60 * S


def test_real_time_after_virtual_time_goes_on_from_where_it_was(clock: OperatorClock, wall: Wall) -> None:
    clock.set(ClockMode.VIRTUAL, START_US + DAY_US)
    wall.us += 10 * S
    clock.set(ClockMode.REAL)
    assert clock.now_us() == START_US + DAY_US
    wall.us += S
    assert clock.now_us() == START_US + DAY_US + S


@pytest.mark.parametrize("mode", list(ClockMode))
def test_it_cannot_be_set_back(clock: OperatorClock, mode: ClockMode) -> None:
    with pytest.raises(ClockError, match="only goes forward; it is already 2026-03-01T09:00:00"):
        clock.set(mode, START_US - 1)
    assert (clock.mode, clock.now_us()) == (ClockMode.REAL, START_US)


def test_it_ends_where_a_year_has_four_digits(clock: OperatorClock) -> None:
    with pytest.raises(ClockError, match="the clock ends at"):
        clock.check(LATEST_US + 1)
    clock.set(ClockMode.VIRTUAL, LATEST_US)
    assert clock.at(clock.now_us()).isoformat()


@pytest.mark.parametrize("mode", list(ClockMode))
def test_moving_to_an_earlier_moment_changes_nothing(clock: OperatorClock, mode: ClockMode) -> None:
    clock.set(mode)
    clock.move_to(START_US - DAY_US)
    assert (clock.mode, clock.now_us()) == (mode, START_US)


def test_moving_a_real_clock_keeps_it_running(clock: OperatorClock, wall: Wall) -> None:
    clock.move_to(START_US + DAY_US)
    wall.us += S
    assert clock.now_us() == START_US + DAY_US + S


def test_the_wait_for_a_moment_is_told_in_real_seconds(clock: OperatorClock) -> None:
    assert clock.wall_delay_s(START_US + 90 * S) == 90.0
    assert clock.wall_delay_s(START_US - 1) == 0.0


def test_a_virtual_clock_makes_nobody_wait_for_what_time_does_not_bring(clock: OperatorClock) -> None:
    clock.set(ClockMode.VIRTUAL)
    assert clock.wall_delay_s(START_US + 1) is None
    assert clock.wall_delay_s(START_US) == 0.0


def test_a_restart_goes_on_from_the_stored_setting(clock: OperatorClock, wall: Wall) -> None:
    clock.set(ClockMode.VIRTUAL, START_US + DAY_US)
    dumped = clock.dump()
    wall.us += 77 * S
    after = OperatorClock(wall, ZONE)
    after.restore(dumped)
    assert (after.mode, after.now_us()) == (ClockMode.VIRTUAL, START_US + DAY_US)


def test_a_restarted_real_clock_has_gone_on_meanwhile(clock: OperatorClock, wall: Wall) -> None:
    clock.move_to(START_US + DAY_US)
    dumped = clock.dump()
    wall.us += 77 * S
    after = OperatorClock(wall, ZONE)
    after.restore(dumped)
    assert after.now_us() == START_US + DAY_US + 77 * S


@pytest.mark.parametrize("mode", list(ClockMode))
def test_after_a_restart_time_is_never_before_the_ledger(
    clock: OperatorClock, wall: Wall, mode: ClockMode
) -> None:
    clock.set(mode)
    wall.us -= DAY_US
    after = OperatorClock(wall, ZONE)
    after.restore(clock.dump(), latest_us=START_US + 5 * S)
    assert after.now_us() == START_US + 5 * S
    assert after.mode is mode


def test_a_first_start_has_nothing_to_restore(clock: OperatorClock) -> None:
    clock.restore(None)
    assert (clock.mode, clock.now_us()) == (ClockMode.REAL, START_US)


def test_a_reset_is_real_time_again(clock: OperatorClock) -> None:
    clock.set(ClockMode.VIRTUAL, START_US + DAY_US)
    clock.reset()
    assert (clock.view().mode, clock.view().now_us) == (ClockMode.REAL, START_US)


def test_a_moment_is_shown_in_the_operators_timezone(clock: OperatorClock) -> None:
    assert clock.at(START_US).isoformat() == "2026-03-01T09:00:00+05:00"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wall"), st.integers(-DAY_US, DAY_US)),
        st.tuples(st.sampled_from(["real", "virtual", "move"]), st.integers(0, DAY_US)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=20,
)


@given(STEPS)
def test_whatever_happens_operator_time_never_falls(steps: list[tuple[str, int]]) -> None:
    wall = Wall()
    clock = OperatorClock(wall, ZONE)
    seen_us = clock.now_us()
    for what, by_us in steps:
        if what == "wall":
            wall.us += by_us
        elif what == "move":
            clock.move_to(clock.now_us() + by_us)
        elif what == "restart":
            dumped, clock = clock.dump(), OperatorClock(wall, ZONE)
            clock.restore(dumped, seen_us)
        else:
            clock.set(ClockMode(what), clock.now_us() + by_us)
        assert clock.now_us() >= seen_us
        seen_us = clock.now_us()


def test_a_wall_clock_set_back_does_not_stop_operator_time() -> None:
    """By an hour: time goes on from where it was, at its own speed, once the writer has seen it."""
    wall = [START_US + 3600 * S]
    clock = OperatorClock(lambda: wall[0], ZONE)
    before_us = clock.now_us()
    wall[0] = START_US
    assert clock.now_us() == before_us
    clock.catch_up()
    wall[0] += 5 * S
    assert clock.now_us() == before_us + 5 * S


def test_a_wall_clock_adjusted_by_less_than_a_second_is_waited_for() -> None:
    wall = [START_US + S // 2]
    clock = OperatorClock(lambda: wall[0], ZONE)
    before_us = clock.now_us()
    wall[0] = START_US
    clock.catch_up()
    assert clock.now_us() == before_us
    wall[0] += S
    assert clock.now_us() == START_US + S
