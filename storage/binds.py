"""Binds inside a unit of work: which sessions there were, so that a restart knows those that died with it."""

from storage.driver import Driver, Row, Verb, Write
from storage.tables import bind as table

_OPENED = Write(Verb.INSERT, table, tuple(table.columns))
_CLOSED = Write(Verb.UPDATE, table, (table.c.closed_wall_us, table.c.reason), (table.c.session_id,))


#: The reason of a session that ended by unbind and had all of its responses.
UNBOUND = "unbound"


class Binds:
    """Opened once, closed once."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._opened: list[Row] = []
        self._closed: list[Row] = []

    def opened(self, session_id: str, system_id: str, wall_us: int) -> None:
        """A session bound. Raises Broken at commit when the id was used before."""
        self._opened.append((session_id, system_id, wall_us, None, ""))

    def closed(self, session_id: str, reason: str, wall_us: int) -> None:
        """A session ended; ``reason`` is UNBOUND only where its peer knows the fate of all that it sent."""
        self._closed.append((wall_us, reason, session_id))

    def flush(self) -> None:
        """Openings first: a session may have ended in the same batch."""
        if self._opened:
            self._driver.write(_OPENED, self._opened)
        if self._closed:
            self._driver.write(_CLOSED, self._closed)
