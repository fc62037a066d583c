"""The table of a leg's states."""

import pytest

from gateway.voice.legs import TABLE, LegStep, WrongStep, step
from storage.call_model import LegState

OFFERED, ALERTING, ANSWERED, PROMPTING, BRIDGED, RELEASED = LegState
#: What follows from RING, ANSWER, ASK, BRIDGE and RELEASE in each state; None: it cannot happen.
EXPECTED = {
    OFFERED: (ALERTING, ANSWERED, PROMPTING, None, RELEASED),
    ALERTING: (ALERTING, ANSWERED, PROMPTING, BRIDGED, RELEASED),
    ANSWERED: (ALERTING, None, PROMPTING, BRIDGED, RELEASED),
    PROMPTING: (ALERTING, None, PROMPTING, BRIDGED, RELEASED),
    BRIDGED: (None, None, None, None, RELEASED),
    RELEASED: (None, None, None, None, None),
}


@pytest.mark.parametrize("state", LegState)
def test_each_step_leads_where_it_should_or_is_refused(state: LegState) -> None:
    for happened, expected in zip(LegStep, EXPECTED[state], strict=True):
        if expected is not None:
            assert step(state, happened) is expected
            continue
        said = f"a leg that is {state.value} cannot {happened.name.lower()}"
        with pytest.raises(WrongStep, match=said):
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
