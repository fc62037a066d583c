"""The lists of those who may be called at their own expense, inside a unit of work."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from sqlalchemy import select

from rating.msisdn import Msisdn
from storage.call_model import CollectList, CollectLists
from storage.call_tables import collect_choice, collect_entry
from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.row_map import RowMap

_KEY = (collect_entry.c.owner, collect_entry.c.list, collect_entry.c.msisdn)
_ADD = Write(Verb.UPSERT, collect_entry, (collect_entry.c.position,), _KEY)
_REMOVE = Write(Verb.DELETE, collect_entry, keys=_KEY)
_CHOOSE = Write(Verb.UPSERT, collect_choice, (collect_choice.c.active,), (collect_choice.c.owner,))
_ENTRIES = Lookup(select(*collect_entry.columns), (collect_entry.c.owner,))
_CHOICES = Lookup(select(*collect_choice.columns), (collect_choice.c.owner,))
_CHOOSABLE = (CollectList.BLACK, CollectList.WHITE)
#: Positions by list and number.
_Places = dict[tuple[str, str], int]


class Kept(NamedTuple):
    """The lists of one subscriber, and where their numbers stand in the database."""

    lists: CollectLists
    places: _Places


class Collect:
    """One value for each subscriber; one who has never filled a list has empty ones."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._stored = RowMap[Msisdn, Kept](partial(_load, driver))
        self._changed: dict[Msisdn, CollectLists] = {}

    def lists(self, owner: Msisdn) -> CollectLists:
        """The subscriber's lists as this unit of work sees them."""
        changed = self._changed.get(owner)
        return changed if changed is not None else self._kept(owner).lists

    def put(self, lists: CollectLists) -> None:
        """Keep these instead. Raises Broken for one that is active and is not Black or White, for a number
        twice on a list, and for the owner's own.
        """
        if lists.active not in _CHOOSABLE:
            raise Broken("the Black List is active, or the White List")
        for which in CollectList:
            numbers = lists.of(which)
            if len(set(numbers)) != len(numbers) or lists.owner in numbers:
                raise Broken("a list has each number once, and not its owner's")
        self._changed[lists.owner] = lists

    def prefetch(self, owners: Iterable[Msisdn]) -> None:
        """Read many at once."""
        self._stored.prefetch(owners)

    def flush(self) -> None:
        """Write the differences."""
        removed: list[Row] = []
        added: list[Row] = []
        chosen: list[Row] = []
        for owner, lists in self._changed.items():
            before = self._kept(owner)
            _compare(before.places, lists, removed, added)
            if lists.active is not before.lists.active:
                chosen.append((lists.active.value, owner))
        for write, rows in ((_REMOVE, removed), (_ADD, added), (_CHOOSE, chosen)):
            if rows:
                self._driver.write(write, rows)

    def _kept(self, owner: Msisdn) -> Kept:
        return self._stored.get(owner) or Kept(CollectLists(owner=owner), {})


def kept_of(owner: Msisdn, entries: Iterable[Row], active: str | None) -> Kept:
    """The value of rows whose columns are those of ``collect_entry``, and of what was chosen, if anything."""
    rows = sorted(entries, key=lambda row: int(row[3]))
    numbers = {which: tuple(Msisdn(row[2]) for row in rows if row[1] == which.value) for which in CollectList}
    lists = CollectLists(
        owner=owner,
        active=CollectList.BLACK if active is None else CollectList(active),
        black=numbers[CollectList.BLACK],
        white=numbers[CollectList.WHITE],
        friends=numbers[CollectList.FRIENDS],
    )
    return Kept(lists, {(which, number): position for _, which, number, position in rows})


def _compare(places: _Places, lists: CollectLists, removed: list[Row], added: list[Row]) -> None:
    """What goes, and what comes or moves: whoever stays in order keeps the position."""
    left = set(places)
    for which in CollectList:
        last = 0
        for number in lists.of(which):
            place = places.get((which.value, number), 0)
            left.discard((which.value, number))
            if place <= last:
                place = last + 1
                added.append((place, lists.owner, which.value, number))
            last = place
    removed.extend((lists.owner, which, number) for which, number in sorted(left))


def _load(driver: Driver, owners: Collection[Msisdn]) -> Iterator[tuple[Msisdn, Kept]]:
    keys = [(owner,) for owner in owners]
    chosen: dict[Msisdn, str] = dict(driver.lookup(_CHOICES, keys))
    entries: dict[Msisdn, list[Row]] = {}
    for row in driver.lookup(_ENTRIES, keys):
        entries.setdefault(row[0], []).append(row)
    for owner in {*chosen, *entries}:
        yield owner, kept_of(owner, entries.get(owner, ()), chosen.get(owner))
