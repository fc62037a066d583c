"""The writer is woken when the next job is due on the operator clock, and not before."""

import pytest

from gateway.clock import ClockMode
from gateway.due_timer import DueTimer
from tests.gateway.fake_loop import FakeLoop
from tests.gateway.stand import START_US, S, Stand


class Wakes:
    """A due timer on a fake loop, with the stand's clock."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.clock = stand.clock
        self.loop = FakeLoop()
        self.count = 0
        self.timer = DueTimer(stand.clock, self.loop.call_later, self.run_due)

    def run_due(self) -> None:
        self.count += 1

    def wait(self, seconds: float) -> None:
        self.stand.wall_us += round(seconds * S)
        self.loop.advance(seconds)


@pytest.fixture
def wakes(stand: Stand) -> Wakes:
    return Wakes(stand)


def test_it_fires_once_at_the_due_time(wakes: Wakes) -> None:
    wakes.timer.set(START_US + 10 * S)
    wakes.wait(9.5)
    assert wakes.count == 0
    wakes.wait(0.5)
    assert wakes.count == 1
    wakes.wait(100)
    assert wakes.count == 1


def test_an_earlier_job_brings_it_forward_and_a_later_one_does_not_put_it_off(wakes: Wakes) -> None:
    wakes.timer.set(START_US + 10 * S)
    wakes.timer.note(START_US + 20 * S)
    wakes.timer.note(START_US + 5 * S)
    wakes.timer.note(None)
    wakes.wait(5)
    assert wakes.count == 1


def test_what_is_overdue_fires_at_once(wakes: Wakes) -> None:
    wakes.timer.set(START_US - 1)
    wakes.wait(0)
    assert wakes.count == 1


def test_a_virtual_clock_fires_nothing_by_itself(wakes: Wakes) -> None:
    wakes.clock.set(ClockMode.VIRTUAL)
    wakes.timer.set(START_US + S)
    wakes.wait(1000)
    assert wakes.count == 0
    wakes.clock.move_to(START_US + S)
    wakes.timer.again()
    wakes.wait(0)
    assert wakes.count == 1


def test_a_wall_clock_that_fell_makes_it_look_again(wakes: Wakes) -> None:
    wakes.timer.set(START_US + 10 * S)
    wakes.stand.wall_us -= 3 * S
    wakes.wait(10)
    assert wakes.count == 0
    wakes.wait(3)
    assert wakes.count == 1


def test_a_job_in_a_month_is_waited_for_in_steps(wakes: Wakes) -> None:
    wakes.timer.set(START_US + 31 * 86_400 * S)
    for _ in range(31 * 24 - 1):
        wakes.wait(3600)
    assert wakes.count == 0
    wakes.wait(3600)
    assert wakes.count == 1


def test_once_cancelled_it_does_not_fire(wakes: Wakes) -> None:
    wakes.timer.set(START_US + S)
    wakes.timer.cancel()
    wakes.wait(10)
    assert wakes.count == 0


def test_without_a_job_it_waits_for_nothing(wakes: Wakes) -> None:
    wakes.timer.set(START_US + S)
    wakes.timer.set(None)
    wakes.wait(10)
    assert wakes.count == 0
