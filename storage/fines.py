"""What cameras saw, and the fines for it, inside a unit of work."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial

from sqlalchemy import select

from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.parking_model import Fine, FineState, Sighting
from storage.parking_tables import parking_fine, parking_sighting
from storage.row_map import RowMap

FINE_COLUMNS = tuple(parking_fine.columns)
SIGHTING_COLUMNS = tuple(parking_sighting.columns)
_KEPT = ("email", "letter_id", "state")
_INSERT = Write(Verb.INSERT, parking_fine, FINE_COLUMNS)
_UPDATE = Write(
    Verb.UPDATE, parking_fine, tuple(parking_fine.c[name] for name in _KEPT), (parking_fine.c.id,)
)
_SEE = Write(Verb.UPSERT, parking_sighting, SIGHTING_COLUMNS[1:], SIGHTING_COLUMNS[:1])
_LOOKUP = Lookup(select(*FINE_COLUMNS), (parking_fine.c.id,))
_SIGHTINGS = Lookup(select(*SIGHTING_COLUMNS), (parking_sighting.c.plate,))
_STATES = {each.value: each for each in FineState}


class Fines:
    """A car is seen in one place at a time; a fine keeps what it is for."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._rows = RowMap[str, Fine](partial(_load, driver))
        self._stored = RowMap[str, Sighting](partial(_load_sightings, driver))
        self._seen: dict[str, Sighting] = {}

    def sighting(self, plate: str) -> Sighting | None:
        """The stay in which the car was seen last, or None."""
        return self._seen.get(plate) or self._stored.get(plate)

    def see(self, sighting: Sighting) -> None:
        """It was seen (again, or on another place): keep this as its newest stay."""
        self._seen[sighting.plate] = sighting

    def get(self, fine_id: str) -> Fine | None:
        """The fine, or None."""
        return self._rows.get(fine_id)

    def add(self, fine: Fine) -> None:
        """A new one; the database refuses a known id."""
        self._rows.add_unseen(fine.id, fine)

    def put(self, fine: Fine) -> None:
        """Its address, letter or state changed. Raises Broken for an unknown one, or for another reason."""
        known = self._rows.get(fine.id)
        if known is None or known._replace(**{name: getattr(fine, name) for name in _KEPT}) != fine:
            raise Broken(f"there is no fine {fine.id} for this")
        self._rows.put(fine.id, fine)

    def prefetch(self, plates: Iterable[str]) -> None:
        """Read the stays of many plates at once."""
        self._stored.prefetch(plates)

    def flush(self) -> None:
        """Write what is new or changed."""
        if added := self._rows.added():
            self._driver.write(_INSERT, [(*each[:-1], each.state._value_) for each in added])
        if changed := self._rows.changed():
            rows = [(each.email, each.letter_id, each.state._value_, each.id) for each in changed]
            self._driver.write(_UPDATE, rows)
        if self._seen:
            self._driver.write(_SEE, [(*seen[1:], plate) for plate, seen in self._seen.items()])


def fine_of(row: Row) -> Fine:
    """The value of a row whose columns are ``FINE_COLUMNS``."""
    return Fine._make((*row[:-1], _STATES[row[-1]]))


def _load(driver: Driver, ids: Collection[str]) -> Iterator[tuple[str, Fine]]:
    for row in driver.lookup(_LOOKUP, [(number,) for number in ids]):
        yield row[0], fine_of(row)


def _load_sightings(driver: Driver, plates: Collection[str]) -> Iterator[tuple[str, Sighting]]:
    for row in driver.lookup(_SIGHTINGS, [(plate,) for plate in plates]):
        yield row[0], Sighting(*row)
