"""Words that switch, without a network."""

import pytest

from simulator.condition import Behaviour
from simulator.handset import Handset
from simulator.switches import RECEIPTS, SWITCHES
from simulator.target import Target
from tests.simulator.conftest import MSISDN


@pytest.fixture
def idle() -> Handset:
    """A handset that is never switched on."""
    return Handset(MSISDN, Target("127.0.0.1", 1, "handset", "handset"), lambda _event: None)


@pytest.mark.parametrize(
    ("name", "behaviour"),
    [("busy", Behaviour.BUSY), ("reject", Behaviour.REJECTING), ("broken", Behaviour.BROKEN)],
)
def test_a_behaviour_is_switched_on_and_off(idle: Handset, name: str, behaviour: Behaviour) -> None:
    for word in ("", "on"):
        assert SWITCHES[name].turn(idle, word) == "on"
        assert idle.condition.behaviour is behaviour
        assert SWITCHES[name].turn(idle, "off") == "off"
        assert idle.condition.behaviour is Behaviour.NORMAL


def test_switching_off_what_is_not_on_changes_nothing(idle: Handset) -> None:
    SWITCHES["broken"].turn(idle, "on")
    SWITCHES["busy"].turn(idle, "off")
    assert idle.condition.behaviour is Behaviour.BROKEN


@pytest.mark.parametrize("word", RECEIPTS)
def test_receipts_are_asked_for_by_a_word(idle: Handset, word: str) -> None:
    assert SWITCHES["receipt"].turn(idle, word) == word
    assert idle.registered_delivery == RECEIPTS[word]


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("rest", ["what", "on off", "free x", "free ١", "free 1000000", "full 3"])
def test_what_is_not_understood_changes_nothing(idle: Handset, name: str, rest: str) -> None:
    assert SWITCHES[name].turn(idle, rest) is None
    assert (idle.condition.in_coverage, idle.condition.behaviour) == (True, Behaviour.NORMAL)
