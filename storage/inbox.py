"""The inbox inside a unit of work: what became of each command that came with a key."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial

from sqlalchemy import select

from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.model import Inbox
from storage.row_map import RowMap
from storage.tables import inbox as table

_KEY = (table.c.source, table.c.key)
_INSERT = Write(Verb.INSERT, table, tuple(table.columns))
_REPLIES_AT = Inbox._fields.index("reply_ids")
_LOOKUP = Lookup(select(table), _KEY)


class InboxRows:
    """Accepted and refused commands alike; a row never changes."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._rows = RowMap[tuple[str, str], Inbox](partial(_load, driver))

    def get(self, source: str, key: str) -> Inbox | None:
        """What became of the command with this key, or None when it is new."""
        return self._rows.get((source, key))

    def add(self, row: Inbox, *, unseen: bool = False) -> None:
        """Record a command. Raises Broken when its key is there already: at once, or at the commit for one
        that is said to be ``unseen``.
        """
        if unseen:
            self._rows.add_unseen((row.source, row.key), row)
        else:
            self._rows.add((row.source, row.key), row)

    def of_source(self, source: str, since_wall_us: int, limit: int = 10_000) -> list[Inbox]:
        """The newest ``limit`` rows of the source since a wall time, oldest first."""
        recent = select(table).where(table.c.source == source, table.c.wall_us >= since_wall_us)
        newest = recent.order_by(table.c.wall_us.desc(), table.c.message_id.desc()).limit(limit)
        found = [_inbox_of(row) for row in self._driver.query(newest)]
        found += [r for r in self._rows.added() if r.source == source and r.wall_us >= since_wall_us]
        # Message ids rise with time, so they order what came in one microsecond.
        return sorted(found, key=lambda row: (row.wall_us, row.message_id))[-limit:]

    def prefetch(self, keys: Iterable[tuple[str, str]]) -> None:
        """Read many at once."""
        self._rows.prefetch(keys)

    def flush(self) -> None:
        """Write the new ones."""
        if added := self._rows.added():
            self._driver.write(_INSERT, [_row(row) for row in added])


def _row(row: Inbox) -> Row:
    return (*row[:_REPLIES_AT], " ".join(row.reply_ids), *row[_REPLIES_AT + 1 :])


def _inbox_of(row: Row) -> Inbox:
    """The value of a row whose columns are Inbox's fields in order."""
    found = Inbox._make(row)
    return found._replace(reply_ids=tuple(row[_REPLIES_AT].split()))


def _load(driver: Driver, keys: Collection[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Inbox]]:
    for row in driver.lookup(_LOOKUP, list(keys)):
        yield (row[0], row[1]), _inbox_of(row)
