"""Rows of one table by key: read once, changed in memory, written at commit."""

from collections.abc import Callable, Collection, Iterable
from typing import Generic, TypeVar

from storage.errors import Broken

G = TypeVar("G")
K = TypeVar("K")
V = TypeVar("V")


class RowMap(Generic[K, V]):
    """An identity map with its unwritten changes. ``load`` yields the rows that exist among the keys."""

    __slots__ = ("_added", "_changed", "_load", "_rows")

    def __init__(self, load: Callable[[Collection[K]], Iterable[tuple[K, V]]]) -> None:
        self._load = load
        self._rows: dict[K, V | None] = {}
        self._added: dict[K, None] = {}
        self._changed: dict[K, None] = {}

    def prefetch(self, keys: Iterable[K]) -> None:
        """Read those that are not known yet, all at once."""
        missing = [key for key in keys if key not in self._rows]
        if missing:
            self._rows.update(dict.fromkeys(missing))
            self._rows.update(self._load(missing))

    def get(self, key: K) -> V | None:
        """The row as this unit of work sees it, or None."""
        if key not in self._rows:
            self.prefetch((key,))
        return self._rows[key]

    def seen(self, key: K, value: V) -> None:
        """A row that was read along with others. What this unit of work knows of it already stays."""
        self._rows.setdefault(key, value)

    def knows(self, key: K) -> bool:
        """True when the row was looked for before: ``get`` will not read."""
        return key in self._rows

    def add(self, key: K, value: V) -> None:
        """A new row. Raises Broken when there is one already."""
        if self.get(key) is not None:
            raise Broken("there is such a row already")
        self._rows[key] = value
        self._added[key] = None

    def add_unseen(self, key: K, value: V) -> None:
        """A new row whose key is random enough not to look; the database refuses a repetition."""
        if key in self._added:
            raise Broken("there is such a row already")
        self._rows[key] = value
        self._added[key] = None

    def is_new(self, key: K) -> bool:
        """True for a row that was added here."""
        return key in self._added

    def put(self, key: K, value: V) -> None:
        """Replace a row, new or read."""
        self._rows[key] = value
        if key not in self._added:
            self._changed[key] = None

    def added(self) -> list[V]:
        """New rows in their last form, in the order of adding."""
        return self._of(self._added)

    def changed(self) -> list[V]:
        """Rows that were replaced and are not new."""
        return self._of(self._changed)

    def _of(self, keys: Iterable[K]) -> list[V]:
        return [row for key in keys if (row := self._rows[key]) is not None]


class RowGroups(Generic[G, K, V]):
    """Rows of a map by something that they share for good. ``load`` yields group, key and row, in order."""

    __slots__ = ("_keys", "_load", "_rows")

    def __init__(self, rows: RowMap[K, V], load: Callable[[Collection[G]], Iterable[tuple[G, K, V]]]) -> None:
        self._rows = rows
        self._load = load
        self._keys: dict[G, dict[K, None]] = {}

    def prefetch(self, groups: Iterable[G]) -> None:
        """Read those that are not known yet, all at once."""
        missing = {group: dict[K, None]() for group in groups if group not in self._keys}
        if not missing:
            return
        for group, key, value in self._load(missing):
            missing[group][key] = None
            self._rows.seen(key, value)
        self._keys.update(missing)

    def of(self, group: G) -> tuple[V, ...]:
        """The group's rows as this unit of work sees them."""
        self.prefetch((group,))
        found = (self._rows.get(key) for key in self._keys[group])
        return tuple(row for row in found if row is not None)

    def add(self, group: G, key: K) -> None:
        """A new row of the map joins a group."""
        self.prefetch((group,))
        self._keys[group][key] = None
