"""The writer thread: batches that form by themselves, exclusive work alone, an answer for everybody."""

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue

import pytest

from gateway.work import BindOpened, Result, RunDue, Work
from gateway.worker import Worker
from storage.errors import CommitUnknown

PATIENCE_S = 10


class Office:
    """Processing that waits at a gate, and a reactor that runs when the test says so."""

    def __init__(self, queue_max: int = 100, batch_max: int = 4) -> None:
        self.gate = threading.Event()
        self.batches: list[list[str]] = []
        self.calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.story: list[str] = []
        self.error: Exception | None = None
        self.seconds = 0.0
        self.took: list[float] = []
        self.worker = Worker(
            self,
            self.calls.put,
            queue_max=queue_max,
            batch_max=batch_max,
            on_batch=self.committed,
            monotonic=lambda: self.seconds,
        )

    def process(self, works: Sequence[Work]) -> list[Result]:
        assert self.gate.wait(PATIENCE_S)
        self.batches.append([name(work) for work in works])
        self.seconds += 0.25
        if self.error is not None:
            raise self.error
        return [Result(work) for work in works]

    def committed(self, results: Sequence[Result], seconds: float) -> None:
        self.took.append(seconds)
        self.story.append("after " + " ".join(name(result.work) for result in results))

    def done(self, result: Result) -> None:
        error = f" {type(result.error).__name__}" if result.error else ""
        self.story.append(f"answer {name(result.work)}{error}")

    def accept(self, *names: str) -> None:
        for each in names:
            self.worker.accept(work(each), self.done)

    def finish(self) -> None:
        """Let the writer do all there is, then the reactor."""
        self.gate.set()
        self.worker.start()
        self.worker.stop(PATIENCE_S)
        assert not self.worker.alive
        while not self.calls.empty():
            self.calls.get()()


def work(label: str) -> Work:
    return RunDue() if label == "due" else BindOpened(label, "handset")


def name(each: Work) -> str:
    return each.session_id if isinstance(each, BindOpened) else "due"


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.gate.set()


def test_what_waits_shares_a_batch_up_to_its_limit(office: Office) -> None:
    office.accept("a", "b", "c", "d", "e")
    office.finish()
    assert office.batches == [["a", "b", "c", "d"], ["e"]]


def test_every_answer_of_a_batch_is_given_before_what_follows_its_commit(office: Office) -> None:
    office.accept("a", "b")
    office.finish()
    assert office.story == ["answer a", "answer b", "after a b"]


def test_exclusive_work_comes_alone_and_in_its_place(office: Office) -> None:
    office.accept("a", "b", "due", "due", "c")
    office.finish()
    assert office.batches == [["a", "b"], ["due"], ["due"], ["c"]]


def test_a_full_queue_refuses_what_comes_from_outside_but_not_the_gateways_own() -> None:
    office = Office(queue_max=2)
    assert office.worker.offer(work("a"), office.done)
    assert office.worker.offer(work("b"), office.done)
    assert not office.worker.offer(work("c"), office.done)
    office.accept("own")
    assert office.worker.depth == 3
    office.finish()
    assert office.batches == [["a", "b", "own"]]


@pytest.mark.parametrize("error", [CommitUnknown("disk"), ZeroDivisionError()])
def test_whatever_goes_wrong_everybody_gets_an_answer_and_the_thread_lives(
    office: Office, error: Exception
) -> None:
    office.error = error
    office.accept("a", "b", "due")
    office.finish()
    kind = type(error).__name__
    assert [line for line in office.story if line.startswith("answer")] == [
        f"answer a {kind}",
        f"answer b {kind}",
        f"answer due {kind}",
    ]


def test_an_answer_that_raises_does_not_stop_the_others(office: Office) -> None:
    def broken(_: Result) -> None:
        raise ZeroDivisionError

    office.worker.accept(work("a"), broken)
    office.accept("b")
    office.finish()
    assert office.story == ["answer b", "after a b"]


def test_it_tells_how_long_each_transaction_took(office: Office) -> None:
    office.accept("a", "due")
    office.finish()
    assert office.took == [0.25, 0.25]


def test_nothing_is_answered_before_it_was_processed(office: Office) -> None:
    office.accept("a")
    office.worker.start()
    assert office.calls.empty()
    assert office.story == []
    office.gate.set()
    office.worker.stop(PATIENCE_S)
    assert office.calls.qsize() == 1


def test_stopping_finishes_what_was_queued(office: Office) -> None:
    office.accept(*(f"w{number}" for number in range(50)))
    office.finish()
    assert sum(len(batch) for batch in office.batches) == 50
