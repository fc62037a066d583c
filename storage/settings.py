"""Settings inside a unit of work: small texts by name that outlive a restart (the clock's mode, say)."""

from collections.abc import Collection, Iterator
from functools import partial

from sqlalchemy import select

from storage.driver import Driver, Lookup, Verb, Write
from storage.row_map import RowMap
from storage.tables import setting as table

_UPSERT = Write(Verb.UPSERT, table, (table.c.value,), (table.c.name,))
_LOOKUP = Lookup(select(table), (table.c.name,))


class Settings:
    """``get`` and ``put``."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._rows = RowMap[str, tuple[str, str]](partial(_load, driver))

    def get(self, name: str) -> str | None:
        """The value, or None while it was never put."""
        found = self._rows.get(name)
        return found and found[0]

    def put(self, name: str, value: str) -> None:
        """Keep this value instead."""
        self._rows.put(name, (value, name))

    def flush(self) -> None:
        """Write the changed ones."""
        if changed := self._rows.changed():
            self._driver.write(_UPSERT, changed)


def _load(driver: Driver, names: Collection[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for name, value in driver.lookup(_LOOKUP, [(name,) for name in names]):
        yield name, (value, name)
