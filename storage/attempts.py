"""Counters of wrong tries inside a unit of work; they are kept when the command is refused."""

import json
from collections.abc import Collection, Iterable, Iterator
from functools import partial

from sqlalchemy import select

from storage.driver import Driver, Lookup, Verb, Write
from storage.model import Attempts
from storage.row_map import RowMap
from storage.tables import attempts as table

_KEY = (table.c.kind, table.c.subject)
_UPSERT = Write(Verb.UPSERT, table, (table.c.times_us, table.c.locked_until_us), _KEY)
_LOOKUP = Lookup(select(table), _KEY)


class AttemptCounters:
    """One row per kind and subject; a subject without one has tried nothing."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._rows = RowMap[tuple[str, str], Attempts](partial(_load, driver))

    def get(self, kind: str, subject: str) -> Attempts:
        """The subject's tries at ``kind``; empty when there are none."""
        return self._rows.get((kind, subject)) or Attempts(kind=kind, subject=subject)

    def put(self, attempts: Attempts) -> None:
        """Keep these instead."""
        self._rows.put((attempts.kind, attempts.subject), attempts)

    def prefetch(self, keys: Iterable[tuple[str, str]]) -> None:
        """Read many at once."""
        self._rows.prefetch(keys)

    def flush(self) -> None:
        """Write the changed ones."""
        if changed := self._rows.changed():
            rows = [(json.dumps(a.times_us), a.locked_until_us, a.kind, a.subject) for a in changed]
            self._driver.write(_UPSERT, rows)


def _load(driver: Driver, keys: Collection[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Attempts]]:
    for kind, subject, times, locked_until_us in driver.lookup(_LOOKUP, list(keys)):
        yield (
            (kind, subject),
            Attempts(
                kind=kind,
                subject=subject,
                times_us=tuple(json.loads(times)),
                locked_until_us=locked_until_us,
            ),
        )
