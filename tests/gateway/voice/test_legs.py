"""The table of a leg's states."""

import pytest

from gateway.voice.legs import TABLE, LegStep, WrongStep, step
from storage.call_model import LegState


def test_every_pair_is_either_in_the_table_or_refused() -> None:
    for state in LegState:
        for happened in LegStep:
            if (state, happened) in TABLE:
                assert step(state, happened) is TABLE[state, happened]
                continue
            with pytest.raises(
                WrongStep, match=f"a leg that is {state.value} cannot {happened.name.lower()}"
            ):
                step(state, happened)


def test_whatever_is_open_can_be_released_and_what_is_released_stays_so() -> None:
    for state in LegState:
        assert ((state, LegStep.RELEASE) in TABLE) is (state is not LegState.RELEASED)
    assert not [happened for happened in LegStep if (LegState.RELEASED, happened) in TABLE]


def test_who_talks_is_asked_nothing_and_rings_no_more() -> None:
    assert [happened for happened in LegStep if (LegState.BRIDGED, happened) in TABLE] == [LegStep.RELEASE]


def test_nobody_talks_who_was_not_there_before() -> None:
    """A handset that was only offered a call must ring or answer first."""
    assert (LegState.OFFERED, LegStep.BRIDGE) not in TABLE
