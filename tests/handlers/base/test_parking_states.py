"""The life of a session as a table, and when its driver is reminded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.base.parking_states import (
    FINAL_STATES,
    STEPS,
    US_PER_S,
    Happens,
    NoStep,
    can,
    confirm_by_us,
    reminder_us,
    step,
)
from storage.parking_model import ParkingState

TIMES = st.integers(0, 10**16)


@pytest.mark.parametrize("state", ParkingState)
@pytest.mark.parametrize("happens", Happens)
def test_every_pair_follows_the_table_or_is_refused(state: ParkingState, happens: Happens) -> None:
    if can(state, happens):
        assert step(state, happens) is STEPS[state, happens]
    else:
        with pytest.raises(NoStep, match=state.value):
            step(state, happens)


def test_from_the_first_state_all_others_are_reached_and_from_final_ones_none() -> None:
    reached = {ParkingState.ASKED}
    for _ in ParkingState:
        reached |= {after for (before, _), after in STEPS.items() if before in reached}
    assert reached == set(ParkingState)
    assert {before for before, _ in STEPS} == set(ParkingState) - FINAL_STATES
    names = {"ended", "stopped", "cancelled", "lapsed"}
    assert {each.value for each in FINAL_STATES} == names


@given(st.lists(st.sampled_from(Happens), max_size=30))
def test_whatever_happens_a_parking_runs_after_it_was_paid_only_and_ends_once(story: list[Happens]) -> None:
    state, paid, ends = ParkingState.ASKED, 0, 0
    for happens in story:
        if can(state, happens):
            state = step(state, happens)
            paid += happens is Happens.PAID
            ends += state in FINAL_STATES
    assert not state.is_running or paid == 1
    assert paid <= 1
    assert ends == (state in FINAL_STATES)


@given(TIMES, TIMES, st.integers(0, 86_400))
def test_a_reminder_is_ahead_and_before_the_end_by_its_lead(now_us: int, ends_us: int, lead_s: int) -> None:
    at_us = reminder_us(now_us, ends_us, lead_s)
    if at_us:
        assert now_us < at_us == ends_us - lead_s * US_PER_S
    else:
        assert ends_us - now_us <= lead_s * US_PER_S


def test_ten_minutes_or_less_are_not_reminded_of() -> None:
    lead_us = 600 * US_PER_S
    assert reminder_us(5, 5 + lead_us, 600) == 0
    assert reminder_us(5, 6 + lead_us, 600) == 6


def test_a_question_about_an_extension_is_good_no_longer_than_the_parking() -> None:
    now_us, minute_us = 10**15, 60 * US_PER_S
    assert confirm_by_us(now_us, 600) == now_us + 10 * minute_us
    assert confirm_by_us(now_us, 600, now_us + minute_us) == now_us + minute_us
    assert confirm_by_us(now_us, 600, now_us + 60 * minute_us) == now_us + 10 * minute_us
