"""Subscribers inside a unit of work."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from operator import attrgetter

from sqlalchemy import select

from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Language, Status
from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.model import Subscriber
from storage.row_map import RowMap
from storage.tables import subscriber as table

COLUMNS = tuple(table.columns)
_INSERT = Write(Verb.INSERT, table, COLUMNS)
_UPDATE = Write(Verb.UPDATE, table, COLUMNS[1:], (table.c.msisdn,))
_LOOKUP = Lookup(select(table), (table.c.msisdn,))
_BRANDS = {brand.value: brand for brand in Brand}
_BILLINGS = {billing.value: billing for billing in Billing}
_LANGUAGES = {language.value: language for language in Language}
_STATUSES = {status.value: status for status in Status}
_ENUMS = {"brand", "billing", "language", "status"}
_row = attrgetter(*(f"{c.name}._value_" if c.name in _ENUMS else c.name for c in COLUMNS))


def subscriber_of(row: Row) -> Subscriber:
    """The value of a row whose columns are ``COLUMNS``."""
    msisdn, brand, billing, language, status, *rest = row
    roaming, owner_name, ussd_barred, short_codes_barred, premium_barred, registered, created_us = rest
    return Subscriber(
        msisdn=msisdn,
        brand=_BRANDS[brand],
        billing=_BILLINGS[billing],
        language=_LANGUAGES[language],
        status=_STATUSES[status],
        roaming=bool(roaming),
        owner_name=owner_name,
        ussd_barred=bool(ussd_barred),
        short_codes_barred=bool(short_codes_barred),
        premium_barred=bool(premium_barred),
        device_registered=bool(registered),
        created_us=created_us,
    )


class Subscribers:
    """``get``, ``add``, ``put``; nothing is written before the unit of work commits."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._rows = RowMap[Msisdn, Subscriber](partial(_load, driver))

    def get(self, msisdn: Msisdn) -> Subscriber | None:
        """The subscriber, or None when there is no such record."""
        return self._rows.get(msisdn)

    def add(self, subscriber: Subscriber) -> None:
        """A new subscriber. Raises Broken when the MSISDN is taken."""
        self._rows.add(subscriber.msisdn, subscriber)

    def put(self, subscriber: Subscriber) -> None:
        """Replace a subscriber that was read."""
        self._rows.put(subscriber.msisdn, subscriber)

    def prefetch(self, msisdns: Iterable[Msisdn]) -> None:
        """Read many at once."""
        self._rows.prefetch(msisdns)

    def flush(self) -> None:
        """Write what is new or changed."""
        if added := self._rows.added():
            self._driver.write(_INSERT, [_row(subscriber) for subscriber in added])
        if changed := self._rows.changed():
            rows = [_row(subscriber) for subscriber in changed]
            self._driver.write(_UPDATE, [(*row[1:], row[0]) for row in rows])


def _load(driver: Driver, msisdns: Collection[Msisdn]) -> Iterator[tuple[Msisdn, Subscriber]]:
    for row in driver.lookup(_LOOKUP, [(msisdn,) for msisdn in msisdns]):
        yield row[0], subscriber_of(row)
