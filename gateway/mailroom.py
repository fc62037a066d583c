"""The dispatcher's way to the store: reads in the pool, endings of attempts gathered into one work."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Protocol, TypeVar

import structlog

from gateway.clock import OperatorClock
from gateway.metrics import Metrics
from gateway.work import Alerted, Delivery, Result, Settle
from gateway.worker import Worker
from storage.errors import CommitUnknown, StoreUnavailable
from storage.model import MessageState, Outbox, PendingFlag
from storage.reads import Reads

log = structlog.get_logger("gateway.mailroom")

T = TypeVar("T")
_AGAIN_S = 1.0


class Soon(Protocol):
    """The part of the event loop that is used here."""

    def call_later(self, delay_s: float, callback: Callable[[], None], /) -> object:
        """Call after so many seconds."""

    def call_soon(self, callback: Callable[[], object]) -> object:
        """Call once the present call is over."""

    def call_soon_threadsafe(self, callback: Callable[[], object]) -> object:
        """The same, from another thread."""


class Mailroom:
    """Implements the dispatcher's Mailroom. All calls come from the reactor."""

    def __init__(
        self,
        reads: Reads,
        pool: Executor,
        worker: Worker,
        clock: OperatorClock,
        loop: Soon,
        metrics: Metrics,
    ) -> None:
        self._reads = reads
        self._pool = pool
        self._worker = worker
        self._clock = clock
        self._loop = loop
        self._metrics = metrics
        self._ended: _Ended = []

    def now_us(self) -> int:
        """Operator time."""
        return self._clock.now_us()

    def pending(self, lane: str, after: int, limit: int, done: Callable[[Sequence[Outbox]], None]) -> None:
        """Read a lane's rows behind position ``after``, in order."""
        self._ask(lambda: self._reads.pending([lane], limit, after), done)

    def pending_lanes(self, prefix: str, done: Callable[[Sequence[str]], None]) -> None:
        """Read which lanes have rows."""
        self._ask(lambda: self._reads.pending_lanes(prefix), done)

    def pending_flags(self, done: Callable[[Sequence[tuple[PendingFlag, MessageState]]], None]) -> None:
        """Who waits for which handset."""
        self._ask(self._reads.pending_flags, done)

    def alerted(self, flags: Sequence[PendingFlag]) -> None:
        """Write down that these were told; a flag that stays tells once more."""
        work = Alerted(tuple((flag.msisdn, flag.system_id) for flag in flags))
        self._worker.accept(work, lambda _: None)

    def settle(self, delivery: Delivery, done: Callable[[], None]) -> None:
        """Gather what ends in this turn of the loop, so that the writer gets it as one work."""
        if not self._ended:
            self._loop.call_soon(self._flush)
        self._ended.append((delivery, done))

    def _flush(self) -> None:
        ended, self._ended = self._ended, []
        self._write_down(ended)

    def _write_down(self, ended: "_Ended") -> None:
        def settled(result: Result) -> None:
            if result.error is not None:
                log.error("settle.failed", count=len(ended), error=type(result.error).__name__)
            if isinstance(result.error, CommitUnknown | StoreUnavailable):
                # A lane that waits for its next attempt would wait for ever: nobody has set its job.
                self._loop.call_later(_AGAIN_S, lambda: self._write_down(ended))
                return
            for delivery, done in ended:
                if result.error is None and delivery.retry_s is None:
                    self._metrics.message("mt", delivery.state.value)
                done()

        self._worker.accept(Settle(tuple(delivery for delivery, _ in ended)), settled)

    def _ask(self, query: Callable[[], Sequence[T]], done: Callable[[Sequence[T]], None]) -> None:
        def looked(future: "Future[Sequence[T]]") -> None:
            if future.cancelled():
                return  # The gateway stops.
            error = future.exception()
            if error is None:
                done(future.result())
                return
            log.error("read.failed", error=type(error).__name__)
            # No rows would mean that nothing waits, and what waits would be forgotten until the next bind.
            self._loop.call_later(_AGAIN_S, lambda: self._ask(query, done))

        self._pool.submit(query).add_done_callback(
            lambda future: self._loop.call_soon_threadsafe(lambda: looked(future))
        )


_Ended = list[tuple[Delivery, Callable[[], None]]]
