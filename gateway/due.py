"""Due work: jobs fire in the order of their due times, each at its own operator time, each once."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from gateway.work import Advance, Fired, Result, RunDue
from storage.errors import CommitUnknown, StoreUnavailable
from storage.model import Job, Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.batch import Batch
    from gateway.processor import Processor
    from handlers.base.outcome import Event

log = structlog.get_logger("gateway.due")

_PER_TRANSACTION = 256


@dataclass(slots=True)
class _Gathered:
    """What several transactions led to."""

    fired: list[Fired] = field(default_factory=list)
    outboxes: list[Outbox] = field(default_factory=list)
    events: "list[Event]" = field(default_factory=list)
    wake: list[str] = field(default_factory=list)

    def take(self, jobs: list[Job], batch: "Batch") -> None:
        self.fired.extend(Fired(job.kind, job.key, job.due_us) for job in jobs)
        self.outboxes.extend(batch.outboxes)
        self.events.extend(batch.events)
        self.wake.extend(batch.wake)


class DueRunner:
    """Runs in the writer thread. Jobs that are due at one moment share a transaction."""

    def __init__(self, processor: "Processor", fire: "Callable[[Job, Batch], None]") -> None:
        self._processor = processor
        self._fire = fire

    def run(self, work: RunDue | Advance) -> Result:
        """Fire all that is due; for Advance move the clock along and leave it at its end."""
        clock = self._processor.clock
        until_us = clock.now_us()
        if isinstance(work, Advance):
            until_us = max(until_us, work.to_us) if work.at_least else work.to_us
            # A real clock runs while we look at it: only a moment that was named can lie in the past.
            (clock.check_end if work.at_least else clock.check)(until_us)
        gathered = _Gathered()
        while self._step(until_us, gathered):
            pass
        if isinstance(work, Advance):
            clock.move_to(until_us)
            self._processor.save_clock()
        return Result(
            work,
            tuple(gathered.fired),
            outboxes=tuple(gathered.outboxes),
            events=tuple(gathered.events),
            wake=tuple(gathered.wake),
            due_us=self._processor.store.reads.next_due_us(),
        )

    def _step(self, until_us: int, gathered: _Gathered) -> bool:
        """Run the jobs of the next due moment. False when nothing is due any more."""
        due_us = self._processor.store.reads.next_due_us()
        if due_us is None or due_us > until_us:
            return False
        self._processor.clock.move_to(due_us)
        try:
            self._run_together(due_us, _PER_TRANSACTION, gathered)
        except (CommitUnknown, StoreUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - one faulty job must not stop the others for ever
            log.warning("jobs.split", due_us=due_us, error=type(error).__name__)
            self._run_one(due_us, gathered)
        return True

    def _run_together(self, due_us: int, limit: int, gathered: _Gathered) -> None:
        with self._processor.begin() as batch:
            jobs = batch.uow.jobs.due(due_us, limit)
            for job in jobs:
                batch.uow.jobs.done(job)
                self._fire(job, batch)
            batch.uow.commit()
        gathered.take(jobs, batch)

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
