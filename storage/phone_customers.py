"""The bank's customers by phone inside a unit of work. Passwords exist here only as keyed digests."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial

from sqlalchemy import select

from rating.msisdn import Msisdn
from storage.call_model import PhoneCustomer
from storage.call_tables import phone_customer as table
from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.row_map import RowGroups, RowMap

CUSTOMER_COLUMNS = tuple(table.columns)
_KEPT = ("card_code", "password", "is_initial")
_INSERT = Write(Verb.INSERT, table, CUSTOMER_COLUMNS)
_UPDATE = Write(Verb.UPDATE, table, tuple(table.c[name] for name in _KEPT), (table.c.identifier,))
_LOOKUP = Lookup(select(*CUSTOMER_COLUMNS), (table.c.identifier,))
_BY_MSISDN = Lookup(select(*CUSTOMER_COLUMNS), (table.c.msisdn,))


class PhoneCustomers:
    """Customers by identifier and by subscriber; each has a card, and no two have the same."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._rows = RowMap[str, PhoneCustomer](partial(_load, driver))
        self._by_msisdn = RowGroups[Msisdn, str, PhoneCustomer](self._rows, partial(_load_msisdns, driver))

    def get(self, identifier: str) -> PhoneCustomer | None:
        """The customer, or None."""
        return self._rows.get(identifier)

    def of(self, msisdn: Msisdn) -> tuple[PhoneCustomer, ...]:
        """A subscriber's, oldest first."""
        return self._by_msisdn.of(msisdn)

    def add(self, customer: PhoneCustomer) -> None:
        """A new one. Raises Broken when the identifier is taken; the commit does where the card is."""
        self._rows.add(customer.identifier, customer)
        self._by_msisdn.add(customer.msisdn, customer.identifier)

    def put(self, customer: PhoneCustomer) -> None:
        """Card code and password changed. Raises Broken for an unknown one, another subscriber or card."""
        known = self._rows.get(customer.identifier)
        if known is None or (known.msisdn, known.card_id) != (customer.msisdn, customer.card_id):
            raise Broken("there is no such customer of this subscriber with this card")
        self._rows.put(customer.identifier, customer)

    def prefetch(self, identifiers: Iterable[str]) -> None:
        """Read many at once."""
        self._rows.prefetch(identifiers)

    def named(self, identifiers: Iterable[str]) -> list[PhoneCustomer]:
        """Those that exist among these: what they name is about to be needed."""
        return [found for found in map(self._rows.get, identifiers) if found is not None]

    def flush(self) -> None:
        """Write what is new or changed."""
        if added := self._rows.added():
            self._driver.write(_INSERT, [_row(each) for each in added])
        if changed := self._rows.changed():
            rows = [(each.card_code, each.password, each.is_initial, each.identifier) for each in changed]
            self._driver.write(_UPDATE, rows)


def customer_of(row: Row) -> PhoneCustomer:
    """The value of a row whose columns are ``CUSTOMER_COLUMNS``."""
    identifier, msisdn, card_id, card_code, password, is_initial, created_us = row
    return PhoneCustomer(
        identifier=identifier,
        msisdn=Msisdn(msisdn),
        card_id=card_id,
        card_code=card_code,
        password=bytes(password),
        is_initial=bool(is_initial),
        created_us=created_us,
    )


def _row(each: PhoneCustomer) -> Row:
    rest = (each.card_code, each.password, each.is_initial, each.created_us)
    return (each.identifier, each.msisdn, each.card_id, *rest)


def _load(driver: Driver, identifiers: Collection[str]) -> Iterator[tuple[str, PhoneCustomer]]:
    for row in driver.lookup(_LOOKUP, [(identifier,) for identifier in identifiers]):
        yield row[0], customer_of(row)


def _load_msisdns(driver: Driver, msisdns: Collection[Msisdn]) -> Iterator[tuple[Msisdn, str, PhoneCustomer]]:
    rows = driver.lookup(_BY_MSISDN, [(msisdn,) for msisdn in msisdns])
    found = sorted(map(customer_of, rows), key=lambda each: (each.created_us, each.identifier))
    return ((each.msisdn, each.identifier, each) for each in found)
