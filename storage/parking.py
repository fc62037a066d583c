"""Parking sessions inside a unit of work: by id, by who parks, and by plate."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from operator import attrgetter, itemgetter

from sqlalchemy import select, text

from rating.msisdn import Msisdn
from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.parking_model import ParkingSession, ParkingState, PaymentMethod
from storage.parking_tables import OPEN_SQL
from storage.parking_tables import parking_session as table
from storage.row_map import RowGroups, RowMap

SESSION_COLUMNS = tuple(table.columns)
#: For good. Everything else changes while it is open.
_FIXED = frozenset({"id", "msisdn", "area", "plate", "asked_us", "version", "per_hour"})
_CHANGING = tuple(number for number, column in enumerate(SESSION_COLUMNS) if column.name not in _FIXED)
#: Values of a row in the order of ``_UPDATE``, and of a session that stay as they are.
_changes = itemgetter(*_CHANGING, 0)
_kept = itemgetter(*(number for number, column in enumerate(SESSION_COLUMNS) if column.name in _FIXED))
_STATE_AT = ParkingSession._fields.index("state")
_METHOD_AT = ParkingSession._fields.index("method")
_INSERT = Write(Verb.INSERT, table, SESSION_COLUMNS)
_UPDATE = Write(
    Verb.UPDATE,
    table,
    tuple(SESSION_COLUMNS[number] for number in _CHANGING),
    (table.c.id,),
    when=text(OPEN_SQL),
)
_LOOKUP = Lookup(select(*SESSION_COLUMNS), (table.c.id,))
_BY_MSISDN = Lookup(select(*SESSION_COLUMNS).where(text(OPEN_SQL)), (table.c.msisdn,))
_BY_PLATE = Lookup(select(*SESSION_COLUMNS).where(text(OPEN_SQL)), (table.c.plate,))
_age = attrgetter("asked_us", "id")
_STATES = {each.value: each for each in ParkingState}
_METHODS = {each.value: each for each in PaymentMethod}


class ParkingSessions:
    """One that is over stays as it is; a plate is in one open session."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._rows = RowMap[str, ParkingSession](partial(_load, driver))
        self._by_msisdn = RowGroups[Msisdn, str, ParkingSession](self._rows, partial(_load_msisdns, driver))
        self._by_plate = RowGroups[str, str, ParkingSession](self._rows, partial(_load_plates, driver))

    def get(self, session_id: str) -> ParkingSession | None:
        """The session, open or over, or None."""
        return self._rows.get(session_id)

    def of(self, msisdn: Msisdn) -> tuple[ParkingSession, ...]:
        """The open ones of a subscriber (asked, paying, running, reminded), oldest first."""
        found = [each for each in self._by_msisdn.of(msisdn) if each.is_open]
        return tuple(found if len(found) < 2 else sorted(found, key=_age))

    def by_plate(self, plate: str) -> ParkingSession | None:
        """The open one of a plate, whoever asked for it, or None."""
        return next((each for each in self._by_plate.of(plate) if each.is_open), None)

    def question_of(self, msisdn: Msisdn) -> ParkingSession | None:
        """The one of which the subscriber is to confirm the start, or an extension; None for no question."""
        return next((each for each in self.of(msisdn) if each.is_asked), None)

    def add(self, session: ParkingSession) -> None:
        """A new one. Raises Broken when the plate is in an open one; the database refuses a known id."""
        if session.is_open and self.by_plate(session.plate) is not None:
            raise Broken(f"plate {session.plate} is parked already")
        self._rows.add_unseen(session.id, session)
        self._by_msisdn.add(session.msisdn, session.id)
        self._by_plate.add(session.plate, session.id)

    def put(self, session: ParkingSession) -> None:
        """It went on, or is over.

        Raises Broken for one that is not open, and for another subscriber, area, plate, beginning or price
        version.
        """
        known = self._rows.get(session.id)
        if known is None or not known.is_open:
            raise Broken(f"parking {session.id} is not open")
        if _kept(known) != _kept(session):
            raise Broken(f"parking {session.id} keeps its subscriber, area, plate and price version")
        self._rows.put(session.id, session)

    def prefetch(self, ids: Iterable[str]) -> None:
        """Read many at once."""
        self._rows.prefetch(ids)

    def prefetch_drivers(self, msisdns: Iterable[Msisdn]) -> None:
        """Read the open ones of many subscribers at once."""
        self._by_msisdn.prefetch(msisdns)

    def prefetch_plates(self, plates: Iterable[str]) -> None:
        """Read the open ones of many plates at once."""
        self._by_plate.prefetch(plates)

    def named(self, ids: Iterable[str]) -> list[ParkingSession]:
        """Those that exist among these ids: what they name is about to be needed."""
        return [found for found in map(self._rows.get, ids) if found is not None]

    def flush(self) -> None:
        """After the entries that it names. What is over makes room for new ones of the same plate."""
        changed = [_changes(_row(each)) for each in self._rows.changed()]
        if changed and self._driver.write(_UPDATE, changed) != len(changed):
            raise Broken("a parking was ended by somebody else")
        if added := self._rows.added():
            self._driver.write(_INSERT, [_row(each) for each in added])


def session_of(row: Row) -> ParkingSession:
    """The value of a row whose columns are ``SESSION_COLUMNS``."""
    state, method = _STATES[row[_STATE_AT]], _METHODS[row[_METHOD_AT]]
    between, rest = row[_STATE_AT + 1 : _METHOD_AT], row[_METHOD_AT + 1 :]
    return ParkingSession._make((*row[:_STATE_AT], state, *between, method, *rest))


def _row(session: ParkingSession) -> Row:
    return (
        *session[:_STATE_AT],
        session.state._value_,
        *session[_STATE_AT + 1 : _METHOD_AT],
        session.method._value_,
        *session[_METHOD_AT + 1 :],
    )


def _read(driver: Driver, lookup: Lookup, keys: Collection[str]) -> list[ParkingSession]:
    """Oldest first: those of one subscriber are few."""
    found = [session_of(row) for row in driver.lookup(lookup, [(key,) for key in keys])]
    return sorted(found, key=_age)


def _load(driver: Driver, ids: Collection[str]) -> Iterator[tuple[str, ParkingSession]]:
    for row in driver.lookup(_LOOKUP, [(number,) for number in ids]):
        yield row[0], session_of(row)


def _load_msisdns(
    driver: Driver, msisdns: Collection[Msisdn]
) -> Iterator[tuple[Msisdn, str, ParkingSession]]:
    return ((each.msisdn, each.id, each) for each in _read(driver, _BY_MSISDN, msisdns))


def _load_plates(driver: Driver, plates: Collection[str]) -> Iterator[tuple[str, str, ParkingSession]]:
    return ((each.plate, each.id, each) for each in _read(driver, _BY_PLATE, plates))
