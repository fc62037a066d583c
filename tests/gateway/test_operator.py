"""The operator as the control API sees it: commands answered after their commit, the clock, the reset."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar, cast

import pytest

from gateway.clock import ClockError, ClockMode
from gateway.due_timer import DueTimer
from gateway.http.facade import Busy, ResetRefused
from gateway.hub import Hub
from gateway.operator import Operator
from gateway.work import Done, KeyReused, Result, RunDue, Work
from storage.errors import StoreUnavailable
from storage.model import Job
from tests.gateway.fake_loop import FakeLoop, InlineExecutor
from tests.gateway.stand import PROFILE, START_US, S, Stand

if TYPE_CHECKING:
    from gateway.worker import Worker

T = TypeVar("T")


class Desk:
    """An operator whose works are done at once, unless the queue is full."""

    def __init__(self, stand: Stand, *, emulator: bool = True) -> None:
        self.stand = stand
        self.full = False
        self.alive = True
        self.story: list[str] = []
        self.error: Exception | None = None
        self.hub = Hub()
        self.loop = FakeLoop()
        self.timer = DueTimer(stand.clock, self.loop.call_later, lambda: self.story.append("due"))
        self.operator = Operator(
            worker=cast("Worker", self),
            reads=stand.store.reads,
            pool=InlineExecutor(),
            clock=stand.clock,
            hub=self.hub,
            due_timer=self.timer,
            profile=PROFILE,
            new_id=stand.new_id,
            digest=stand.digest,
            emulator=emulator,
            forget=lambda: self.story.append("forgotten"),
        )

    def offer(self, work: Work, done: Done) -> bool:
        if not self.full:
            self.accept(work, done)
        return not self.full

    def accept(self, work: Work, done: Done) -> None:
        if self.error is not None:
            done(Result(work, error=self.error))
            return
        (result,) = self.stand.run(work)
        done(result)
        self.story.append(type(work).__name__)


@pytest.fixture
def desk(stand: Stand) -> Desk:
    return Desk(stand)


def wait_for(ask: Callable[[], Awaitable[T]]) -> T:
    async def asked() -> T:
        return await ask()

    return asyncio.run(asked())


def test_a_command_is_answered_with_its_outcome(desk: Desk) -> None:
    submitted = wait_for(lambda: desk.operator.submit(desk.stand.add()))
    assert (submitted.outcome.word, submitted.repeated) == ("ok", False)
    assert desk.stand.balance() == 500


def test_a_key_makes_a_command_run_once_and_for_one_body(desk: Desk) -> None:
    def ask(body: bytes) -> bool:
        return wait_for(lambda: desk.operator.submit(desk.stand.add(), key=("api", "k"), body=body)).repeated

    assert [ask(b"body"), ask(b"body")] == [False, True]
    with pytest.raises(KeyReused):
        ask(b"other")


def test_a_full_queue_is_busy(desk: Desk) -> None:
    desk.full = True
    with pytest.raises(Busy, match="try again"):
        wait_for(lambda: desk.operator.submit(desk.stand.add()))


def test_the_clock_is_set_shown_and_advanced(desk: Desk) -> None:
    wait_for(lambda: desk.operator.set_clock(ClockMode.VIRTUAL, START_US + S))
    desk.stand.put(Job(kind="drill.note", key="a", due_us=START_US + 10 * S, payload={}))
    fired = wait_for(lambda: desk.operator.advance(START_US + 60 * S))
    assert [each.key for each in fired] == ["a"]
    view = desk.operator.clock()
    assert (view.mode, view.now_us) == (ClockMode.VIRTUAL, START_US + 60 * S)
    with pytest.raises(ClockError):
        wait_for(lambda: desk.operator.advance(START_US))


def test_a_reset_forgets_before_the_next_batch_is_told(desk: Desk) -> None:
    """In the same call that brings the news: what is promised next must not be forgotten with the old."""
    wait_for(desk.operator.reset)
    assert desk.story == ["forgotten", "Reset"]


def test_after_a_reset_no_time_of_the_old_clock_hides_a_new_job(desk: Desk) -> None:
    """A virtual clock stood still before a job while real time went by; the reset takes real time back."""
    wait_for(lambda: desk.operator.set_clock(ClockMode.VIRTUAL, START_US))
    desk.timer.note(START_US + 60 * S)
    desk.stand.wall_us += 600 * S
    wait_for(desk.operator.reset)
    desk.timer.note(desk.stand.wall_us + 30 * S)
    desk.stand.wall_us += 30 * S
    desk.loop.advance(30.0)
    assert desk.story[-1] == "due"


def test_a_reset_that_failed_forgets_nothing(desk: Desk) -> None:
    desk.error = StoreUnavailable("disk")
    with pytest.raises(StoreUnavailable):
        wait_for(desk.operator.reset)
    assert desk.story == []


def test_only_an_emulator_is_reset(stand: Stand) -> None:
    desk = Desk(stand, emulator=False)
    with pytest.raises(ResetRefused):
        wait_for(desk.operator.reset)
    assert desk.story == []


def test_due_work_that_could_not_be_run_is_tried_again_soon(desk: Desk) -> None:
    desk.error = StoreUnavailable("disk")
    desk.operator.run_due()
    desk.stand.wall_us += S
    desk.loop.advance(1.0)
    assert desk.story == ["due"]


def test_run_due_is_the_gateways_own_work(desk: Desk) -> None:
    desk.full = True
    desk.operator.run_due()
    assert desk.story == [RunDue.__name__]


def test_whoever_waits_for_a_change_is_told_of_the_next_commit(desk: Desk) -> None:
    async def both() -> tuple[bool, bool]:
        waiting = asyncio.ensure_future(desk.operator.changed(30))
        await asyncio.sleep(0)
        desk.hub.publish()
        return await waiting, await desk.operator.changed(0)

    assert asyncio.run(both()) == (True, False)


def test_reads_run_in_the_pool(desk: Desk) -> None:
    wait_for(lambda: desk.operator.submit(desk.stand.add()))
    balances = dict(wait_for(lambda: desk.operator.read(lambda reads: reads.trial_balance())))
    assert balances["main:77011234567"] == 50_000
    assert sum(balances.values()) == 0


def test_health_says_when_the_writer_is_gone(desk: Desk) -> None:
    assert desk.operator.health() == "ok"
    desk.alive = False
    assert "writer" in desk.operator.health()


def test_at_the_stop_whoever_waits_is_told_to_come_again(desk: Desk) -> None:
    async def waiting() -> bool:
        waiter = asyncio.ensure_future(desk.operator.changed(30))
        await asyncio.sleep(0)
        desk.operator.stop()
        assert await waiter
        return await desk.operator.changed(30)

    with pytest.raises(Busy, match="stopping"):
        asyncio.run(waiting())
