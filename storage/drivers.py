"""Who is registered on the parking portal, inside a unit of work."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial

from sqlalchemy import select

from rating.msisdn import Msisdn
from storage.driver import Driver as Database
from storage.driver import Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.parking_model import Driver, PaymentMethod
from storage.parking_tables import parking_driver, parking_plate
from storage.row_map import RowMap

DRIVER_COLUMNS = tuple(parking_driver.columns)
_PUT = Write(
    Verb.UPSERT,
    parking_driver,
    (parking_driver.c.method, parking_driver.c.email, parking_driver.c.privileged),
    (parking_driver.c.msisdn,),
)
_LEAVE = Write(Verb.DELETE, parking_plate, keys=(parking_plate.c.plate,))
_TAKE = Write(
    Verb.UPSERT,
    parking_plate,
    (parking_plate.c.msisdn, parking_plate.c.position),
    (parking_plate.c.plate,),
)
_LOOKUP = Lookup(select(*DRIVER_COLUMNS), (parking_driver.c.msisdn,))
_PLATES = Lookup(
    select(parking_plate.c.msisdn, parking_plate.c.position, parking_plate.c.plate), (parking_plate.c.msisdn,)
)
_OWNERS = Lookup(select(parking_plate.c.plate, parking_plate.c.msisdn), (parking_plate.c.plate,))
_METHODS = {each.value: each for each in PaymentMethod}


class Drivers:
    """One value for each who is registered; whoever is not pays from the main balance."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stored = RowMap[Msisdn, Driver](partial(_load, database))
        self._owners = RowMap[str, Msisdn](partial(_load_owners, database))
        self._changed: dict[Msisdn, Driver] = {}

    def get(self, msisdn: Msisdn) -> Driver | None:
        """What the subscriber registered, or None."""
        return self._changed.get(msisdn) or self._stored.get(msisdn)

    def of_plate(self, plate: str) -> Driver | None:
        """The registered driver of this plate, or None."""
        owner = self._owner(plate)
        return None if owner is None else self.get(owner)

    def put(self, driver: Driver) -> None:
        """Keep this instead of what was registered.

        Raises Broken where a plate is named twice, or is another driver's.
        """
        if len(set(driver.plates)) != len(driver.plates):
            raise Broken("a driver has each plate once")
        for plate in driver.plates:
            if self._owner(plate) not in (None, driver.msisdn):
                raise Broken(f"plate {plate} is another driver's")
        self._changed[driver.msisdn] = driver

    def prefetch(self, msisdns: Iterable[Msisdn]) -> None:
        """Read many at once."""
        self._stored.prefetch(msisdns)

    def flush(self) -> None:
        """Drivers before their plates. A plate that one has left may be another's already."""
        if not self._changed:
            return
        drivers = self._changed.values()
        rows = [(each.method._value_, each.email, each.privileged, each.msisdn) for each in drivers]
        left: list[Row] = []
        taken: list[Row] = []
        for driver in drivers:
            stored = self._stored.get(driver.msisdn)
            before = stored.plates if stored is not None else ()
            left.extend((plate,) for plate in before if plate not in driver.plates)
            taken.extend((driver.msisdn, place, plate) for place, plate in enumerate(driver.plates, 1))
        for write, given in ((_PUT, rows), (_LEAVE, left), (_TAKE, taken)):
            if given:
                self._database.write(write, given)

    def _owner(self, plate: str) -> Msisdn | None:
        """Whose the plate is in this unit of work."""
        for driver in self._changed.values():
            if plate in driver.plates:
                return driver.msisdn
        owner = self._owners.get(plate)
        return None if owner in self._changed else owner


def driver_of(row: Row, plates: Iterable[str]) -> Driver:
    """The value of a row whose columns are ``DRIVER_COLUMNS``, with its plates in order."""
    msisdn, method, email, privileged = row
    return Driver(
        msisdn=Msisdn(msisdn),
        method=_METHODS[method],
        email=email,
        plates=tuple(plates),
        privileged=bool(privileged),
    )


def _load(database: Database, msisdns: Collection[Msisdn]) -> Iterator[tuple[Msisdn, Driver]]:
    keys = [(msisdn,) for msisdn in msisdns]
    rows = list(database.lookup(_LOOKUP, keys))
    plates: dict[str, list[str]] = {}
    for msisdn, _, plate in sorted(database.lookup(_PLATES, keys)) if rows else ():
        plates.setdefault(msisdn, []).append(plate)
    for row in rows:
        yield row[0], driver_of(row, plates.get(row[0], ()))


def _load_owners(database: Database, plates: Collection[str]) -> Iterator[tuple[str, Msisdn]]:
    return ((plate, Msisdn(msisdn)) for plate, msisdn in database.lookup(_OWNERS, [(p,) for p in plates]))
