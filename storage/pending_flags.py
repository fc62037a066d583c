"""Delivery pending flags inside a unit of work (SMPP 3.4 section 5.3.2.29)."""

from storage.driver import Driver, Row, Verb, Write
from storage.model import PendingFlag
from storage.tables import pending_flag as table

_SET = Write(Verb.UPSERT, table, (table.c.esme, table.c.message_id), (table.c.msisdn, table.c.system_id))
_CLEAR = Write(Verb.DELETE, table, keys=(table.c.msisdn, table.c.system_id))


class PendingFlags:
    """One flag for each handset and application; setting it again replaces it."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._set: dict[Row, Row] = {}
        self._cleared: dict[Row, None] = {}

    def set(self, flag: PendingFlag) -> None:
        """Tell the application when the handset can be reached."""
        key = (flag.msisdn, flag.system_id)
        self._cleared.pop(key, None)
        self._set[key] = (flag.esme, flag.message_id, *key)

    def clear(self, msisdn: str, system_id: str) -> None:
        """It was told, or need not be told any more."""
        self._set.pop((msisdn, system_id), None)
        self._cleared[msisdn, system_id] = None

    def flush(self) -> None:
        """Write both down."""
        if self._cleared:
            self._driver.write(_CLEAR, list(self._cleared))
        if self._set:
            self._driver.write(_SET, list(self._set.values()))
