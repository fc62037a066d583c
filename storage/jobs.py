"""Due work inside a unit of work, in order of due time, then of id."""

import json

from sqlalchemy import select

from storage.driver import Driver, Row, Verb, Write
from storage.head import Head
from storage.model import Job
from storage.tables import job as table

_UPSERT = Write(
    Verb.UPSERT, table, (table.c.id, table.c.kind, table.c.due_us, table.c.payload), (table.c.key,)
)
_CANCEL = Write(Verb.DELETE, table, keys=(table.c.key,))
_DONE = Write(Verb.DELETE, table, keys=(table.c.id,))
#: ``json.dumps`` would make an encoder for each payload.
_encoded = json.JSONEncoder(sort_keys=True).encode


class Jobs:
    """A job put again under its key moves: it gets a new id, and the old one is gone."""

    def __init__(self, driver: Driver, head: Head) -> None:
        self._driver = driver
        self._head = head
        self._put: dict[str, Job] = {}
        self._cancelled: dict[str, None] = {}
        self._done: dict[int, None] = {}

    @property
    def earliest_put_us(self) -> int | None:
        """Operator time at which the first of the jobs put here is due, or None."""
        return min((job.due_us for job in self._put.values()), default=None)

    def put(self, job: Job) -> None:
        """Add a job, in place of the one with its key."""
        self._head.job_id += 1
        self._put.pop(job.key, None)
        self._put[job.key] = job._replace(id=self._head.job_id)

    def get(self, key: str) -> Job | None:
        """The job with this key, or None."""
        if key in self._put or key in self._cancelled:
            return self._put.get(key)
        stored = select(table.c.id, table.c.kind, table.c.key, table.c.due_us, table.c.payload)
        found = [_job_of(row) for row in self._driver.query(stored.where(table.c.key == key))]
        return next((job for job in found if job.id not in self._done), None)

    def cancel(self, key: str) -> None:
        """Forget the job with this key, if there is one."""
        self._put.pop(key, None)
        self._cancelled[key] = None

    def due(self, until_us: int, limit: int) -> list[Job]:
        """At most ``limit`` jobs that are due up to an operator time, this unit's own changes included."""
        hidden = len(self._put) + len(self._cancelled) + len(self._done)
        stored = (
            select(table.c.id, table.c.kind, table.c.key, table.c.due_us, table.c.payload)
            .where(table.c.due_us <= until_us)
            .order_by(table.c.due_us, table.c.id)
            .limit(limit + hidden)
        )
        jobs = [_job_of(row) for row in self._driver.query(stored)]
        jobs = [job for job in jobs if not self._is_hidden(job)]
        jobs += [job for job in self._put.values() if job.due_us <= until_us]
        return sorted(jobs, key=lambda job: (job.due_us, job.id))[:limit]

    def done(self, job: Job) -> None:
        """Forget a job that has run; one put under its key meanwhile stays."""
        present = self._put.get(job.key)
        if present is not None and present.id == job.id:
            del self._put[job.key]
        self._done[job.id] = None

    def flush(self) -> None:
        """Deletions first: what was put afterwards stays."""
        if self._cancelled:
            self._driver.write(_CANCEL, [(key,) for key in self._cancelled])
        if self._done:
            self._driver.write(_DONE, [(number,) for number in self._done])
        if self._put:
            self._driver.write(_UPSERT, [_row(job) for job in self._put.values()])

    def _is_hidden(self, job: Job) -> bool:
        return job.key in self._put or job.key in self._cancelled or job.id in self._done


def _row(job: Job) -> Row:
    return job.id, job.kind, job.due_us, _encoded(job.payload), job.key


def _job_of(row: Row) -> Job:
    number, kind, key, due_us, payload = row
    return Job(id=number, kind=kind, key=key, due_us=due_us, payload=json.loads(payload))
