"""The writer: the one thread that touches the database, and the two queues that lead to it and back.

It takes all that waits (up to ``batch_max``), has it processed in one transaction, and hands all results
to the reactor in one call. No timer: batches form by themselves while the previous commit runs
(ledger.md "Write path"). Nothing is answered before its commit.
"""

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Protocol

import structlog

from gateway.work import EXCLUSIVE, Done, Result, Work
from storage.errors import StoreError

log = structlog.get_logger("gateway.worker")


class Processing(Protocol):
    """What turns works into results, one transaction per call."""

    def process(self, works: Sequence[Work]) -> list[Result]:
        """All results, in order, after the commit."""


_Item = tuple[Work, Done]


class Worker:
    """``offer`` and ``accept`` are called from the reactor; everything else runs in the writer thread."""

    def __init__(
        self,
        processing: Processing,
        call_from_thread: Callable[[Callable[[], None]], None],
        *,
        queue_max: int,
        batch_max: int,
        on_batch: Callable[[Sequence[Result], float], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._processing = processing
        self._call_from_thread = call_from_thread
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._on_batch = on_batch
        self._monotonic = monotonic
        self._carried: _Item | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    @property
    def depth(self) -> int:
        """How many works wait now."""
        return self._queue.qsize()

    @property
    def alive(self) -> bool:
        """True while the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def offer(self, work: Work, done: Done) -> bool:
        """Queue work from outside; False when the queue is full. ``done`` is called in the reactor."""
        if self._queue.qsize() >= self._queue_max:
            return False
        self._queue.put((work, done))
        return True

    def accept(self, work: Work, done: Done) -> None:
        """Queue the gateway's own work, which is bounded by what it let in and must never be refused."""
        self._queue.put((work, done))

    def stop(self, timeout_s: float = 1.5) -> None:
        """Finish what was queued, then end the thread."""
        self._queue.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            batch, last = self._take()
            if batch:
                self._process(batch)
            if last:
                return

    def _take(self) -> tuple[list[_Item], bool]:
        """Wait for work, then take what is there. Exclusive work comes alone; the flag says: the last."""
        first = self._carried or self._queue.get()
        self._carried = None
        if first is None:
            return [], True
        batch = [first]
        if isinstance(first[0], EXCLUSIVE):
            return batch, False
        while len(batch) < self._batch_max:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if item is None:
                return batch, True
            if isinstance(item[0], EXCLUSIVE):
                self._carried = item
                break
            batch.append(item)
        return batch, False

    def _process(self, batch: list[_Item]) -> None:
        works = [work for work, _ in batch]
        began = self._monotonic()
        try:
            results = self._processing.process(works)
        except Exception as error:  # noqa: BLE001 - whatever it is, every peer must get an answer
            self._failed(works, error)
            results = [Result(work, error=error) for work in works]
        dones = [done for _, done in batch]
        seconds = self._monotonic() - began
        self._call_from_thread(lambda: self._finish(results, dones, seconds))

    @staticmethod
    def _failed(works: Sequence[Work], error: Exception) -> None:
        """The store's own errors say it all in a line; anything else is a bug and wants its traceback."""
        if isinstance(error, StoreError):
            log.error("batch.failed", size=len(works), error=str(error))
        else:
            log.error("batch.failed", size=len(works), exc_info=error)

    def _finish(self, results: Sequence[Result], dones: Sequence[Done], seconds: float) -> None:
        """In the reactor: each answer, then the replies: never before the submit response."""
        for result, done in zip(results, dones, strict=True):
            try:
                done(result)
            except Exception:
                log.exception("done.failed", work=type(result.work).__name__)
        self._on_batch(results, seconds)
