"""Due work: jobs fire in the order of their due times, each at its own operator time, each once."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from gateway.clock import ClockMode
from gateway.work import Advance, Fired, Result, RunDue, Stepped
from storage.errors import CommitUnknown, StoreUnavailable
from storage.model import Job, Outbox
from storage.needs import Needs

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.batch import Batch
    from gateway.processor import Processor
    from gateway.voice.events import Signal
    from handlers.base.outcome import Event

log = structlog.get_logger("gateway.due")

_PER_TRANSACTION = 256
#: What is due is run in slices, between which the writer does what others asked for meanwhile. Others wait
#: for one slice at most, so it has as many jobs as this machine does in this time, or so many transactions.
#: A step is as many rows as SQLite's driver puts into a statement.
_SLICE_US = 20_000
_SLICE_STEP = 32
_SLICE_JOBS_MAX = 256
_SLICE_TRANSACTIONS = 16


@dataclass(slots=True)
class _Gathered:
    """What several transactions led to. ``left_us`` is when the first job is due that the last one left."""

    left_us: int | None = None
    fired: list[Fired] = field(default_factory=list)
    outboxes: list[Outbox] = field(default_factory=list)
    events: "list[Event]" = field(default_factory=list)
    wake: list[str] = field(default_factory=list)
    signals: "list[Signal]" = field(default_factory=list)
    mail: bool = False

    def take(self, jobs: list[Job], batch: "Batch") -> None:
        self.fired.extend(Fired(job.kind, job.key, job.due_us) for job in jobs)
        self.outboxes.extend(batch.outboxes)
        self.events.extend(batch.events)
        self.wake.extend(batch.wake)
        self.signals.extend(batch.signals)
        self.mail |= batch.mail


class DueRunner:
    """Runs in the writer thread. Jobs that are due at one moment share a transaction."""

    def __init__(
        self,
        processor: "Processor",
        fire: "Callable[[Job, Batch], None]",
        needs: "Callable[[Job, Batch], Needs]",
    ) -> None:
        """``needs`` says what a job will read, so that what runs together is read at once."""
        self._processor = processor
        self._fire = fire
        self._needs = needs
        self._slice_jobs = 2 * _SLICE_STEP

    def run(self, work: RunDue | Advance) -> Result:
        """Fire a slice of what is due by now; for Advance all of it, and leave the clock at its end.

        The result's ``due_us`` is what comes next: in the past where a slice has left something.
        """
        gathered = _Gathered()
        stepped: Stepped | None = None
        if isinstance(work, Advance):
            stepped = self._advance(work, gathered)
        else:
            began_us = self._processor.clock.wall()
            self._slice(gathered)
            self._pace(self._processor.clock.wall() - began_us, len(gathered.fired))
        return Result(
            work,
            stepped or tuple(gathered.fired),
            outboxes=tuple(gathered.outboxes),
            events=tuple(gathered.events),
            wake=tuple(gathered.wake),
            signals=tuple(gathered.signals),
            mail=gathered.mail,
            due_us=self._next_of_all(gathered),
        )

    def _advance(self, work: Advance, gathered: _Gathered) -> Stepped | None:
        clock = self._processor.clock
        until_us = max(clock.now_us(), work.to_us) if work.at_least else work.to_us
        # A real clock runs while we look at it: only a moment that was named can lie in the past.
        (clock.check_end if work.at_least else clock.check)(until_us)
        while (due_us := self._next(until_us, gathered)) is not None:
            clock.move_to(due_us)
            self._run(due_us, _PER_TRANSACTION, gathered)
            said = gathered.outboxes or gathered.signals
            if work.in_steps and (said or len(gathered.fired) >= _PER_TRANSACTION):
                break  # For what is to be delivered, or for what others asked for meanwhile.
        is_done = due_us is None
        if is_done:
            clock.move_to(until_us)
        self._processor.save_clock()
        return Stepped(tuple(gathered.fired), until_us, is_done) if work.in_steps else None

    def _slice(self, gathered: _Gathered) -> None:
        """Whatever is due by now runs now; a clock that stands still has moments of its own."""
        clock = self._processor.clock
        until_us = clock.now_us()
        if clock.mode is ClockMode.REAL:
            self._run(until_us, self._slice_jobs, gathered)
            return
        for _ in range(_SLICE_TRANSACTIONS):
            left = self._slice_jobs - len(gathered.fired)
            due_us = self._next(until_us, gathered) if left > 0 else None
            if due_us is None:
                return
            self._run(due_us, left, gathered)

    def _pace(self, took_us: int, fired: int) -> None:
        """As many jobs the next time as this machine does in good time at this moment."""
        if took_us > _SLICE_US:
            self._slice_jobs = max(_SLICE_STEP, self._slice_jobs - _SLICE_STEP)
        elif took_us < _SLICE_US // 2 and fired >= self._slice_jobs:
            self._slice_jobs = min(_SLICE_JOBS_MAX, self._slice_jobs + _SLICE_STEP)

    def _next(self, until_us: int, gathered: _Gathered) -> int | None:
        """When the next job is due, if that is not later than ``until_us``."""
        due_us = self._next_of_all(gathered)
        return None if due_us is None or due_us > until_us else due_us

    def _next_of_all(self, gathered: _Gathered) -> int | None:
        """When the next job is due. To ask the database for it costs as much as some jobs."""
        if gathered.left_us is not None:
            return gathered.left_us
        return self._processor.store.reads.next_due_us()

    def _run(self, due_us: int, limit: int, gathered: _Gathered) -> None:
        """Run jobs that are due by then, in one transaction; where one of them is faulty, the first alone."""
        try:
            self._run_together(due_us, limit, gathered)
        except (CommitUnknown, StoreUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - one faulty job must not stop the others for ever
            log.warning("jobs.split", due_us=due_us, error=type(error).__name__)
            self._run_one(due_us, gathered)

    def _run_together(self, due_us: int, limit: int, gathered: _Gathered) -> None:
        with self._processor.begin() as batch:
            jobs = batch.uow.jobs.due(due_us, limit + 1)
            left = jobs[limit:]
            del jobs[limit:]
            if len(jobs) > 1:
                batch.uow.prefetch(Needs.merge(self._needs(job, batch) for job in jobs))
            for job in jobs:
                batch.uow.jobs.done(job)
                self._fire(job, batch)
            batch.uow.commit()
        gathered.take(jobs, batch)
        gathered.left_us = left[0].due_us if left else None

    def _run_one(self, due_us: int, gathered: _Gathered) -> None:
        """One job alone; if it is the faulty one it is struck off, so that it cannot stop the others."""
        try:
            self._run_together(due_us, 1, gathered)
        except (CommitUnknown, StoreUnavailable):
            raise
        except Exception:
            with self._processor.begin() as batch:
                for job in batch.uow.jobs.due(due_us, 1):
                    log.exception("job.failed", kind=job.kind, key=job.key)
                    batch.uow.jobs.done(job)
                batch.uow.commit()
            gathered.left_us = None
