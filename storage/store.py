"""The store: one writer, many readers, on SQLite or PostgreSQL. Nothing above knows which."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, delete, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage import triggers_postgresql, triggers_sqlite
from storage.autopay import read_watched
from storage.driver import Driver
from storage.errors import StoreError, StoreUnavailable
from storage.head import Head, read_head
from storage.migrate import bring_up_to_date
from storage.open_calls import OpenCalls, read_open_calls
from storage.reads import Reads
from storage.tables import bind, metadata, writer
from storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from storage.model import Message


class Store:
    """Open it with ``Store.open``. ``begin`` and ``reset`` belong to one thread, ``reads`` to all."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._head: Head | None = None
        self._recent: dict[str, Message] = {}
        self._watched: dict[str, int] = {}
        self._calls = OpenCalls()
        self._in_use = False
        self.dialect = driver.dialect
        self.reads = Reads(driver.readers)

    @classmethod
    def open(cls, url: str, *, migrate: bool = True) -> "Store":
        """Open ``sqlite:////path/to/file.db`` or ``postgresql+psycopg://...``, and bring it up to date.

        Raises StoreUnavailable, StoreNewer, or (with ``migrate=False``) StoreOlder.
        """
        driver = _driver(url)
        try:
            with driver.maintenance() as connection:
                bring_up_to_date(connection, migrate=migrate)
        except BaseException:
            driver.close()
            raise
        return cls(driver)

    @contextmanager
    def begin(self, *, now_us: int, wall_us: int) -> Iterator[UnitOfWork]:
        """A unit of work, in a write transaction; leaving it without ``commit()`` rolls back.

        Raises StoreUnavailable when the database cannot be written now.
        """
        if self._in_use:
            raise StoreError("a unit of work is open already; there is one writer")
        self._in_use = True
        try:
            if self._driver.begin() or self._head is None:
                self._recent.clear()
                self._head = self._read_memory()
            memory = (self._head, self._committed, self._recent, self._watched, self._calls)
            opened = UnitOfWork(self._driver, *memory, now_us=now_us, wall_us=wall_us)
            with opened as uow:
                yield uow
        finally:
            self._in_use = False

    def reset(self) -> None:
        """Empty every table, in one transaction; the schema stays, and so do the sessions that are open now.

        For the writer's thread only.
        """
        self._head = None
        self._recent.clear()
        with self._driver.maintenance() as connection:
            _empty(connection)

    def close(self) -> None:
        """Close all connections and let another process in."""
        self._driver.close()

    def _read_memory(self) -> Head:
        """What the writer keeps in memory, from the database."""
        try:
            self._watched = read_watched(self._driver)
            self._calls = read_open_calls(self._driver, self._calls)
            return read_head(self._driver)
        except BaseException:
            self._driver.rollback()
            raise

    def _committed(self, head: Head | None) -> None:
        self._head = head


@contextmanager
def open_reads(url: str) -> Iterator[Reads]:
    """Read a database beside the process that writes it.

    Raises StoreUnavailable where there is none, StoreNewer or StoreOlder for one of another version.
    """
    engine = _reading_engine(url)
    try:
        reads = Reads(engine)
        with reads.transaction() as connection:
            bring_up_to_date(connection, migrate=False)
        yield reads
    finally:
        engine.dispose()


def _reading_engine(url: str) -> Engine:
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        from storage import sqlite  # noqa: PLC0415 (see _driver)

        return sqlite.reading_engine(sqlite.existing(parsed))
    from storage import postgresql  # noqa: PLC0415 (see _driver)

    return postgresql.reading_engine(parsed)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreUnavailable("the database URL is not one; write sqlite:////path/to/file.db") from None
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise StoreUnavailable(
            f"no database of kind {backend!r} here; there are sqlite and postgresql+psycopg"
        )
    return parsed


def _driver(url: str) -> Driver:
    """The driver for a database URL. Imports only the database that is used."""
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        from storage.sqlite import SqliteDriver  # noqa: PLC0415 (the other one's library may be missing)

        return SqliteDriver(parsed)
    from storage.postgresql import PostgresqlDriver  # noqa: PLC0415 (psycopg loads libpq)

    return PostgresqlDriver(parsed)


def _empty(connection: Connection) -> None:
    """Triggers off, everything out, triggers on again."""
    triggers = triggers_sqlite if connection.dialect.name == "sqlite" else triggers_postgresql
    for statement in triggers.DROP:
        connection.execute(text(statement))
    for table in reversed(metadata.sorted_tables):
        if table not in (writer, bind):
            connection.execute(delete(table))
    connection.execute(delete(bind).where(bind.c.closed_wall_us.is_not(None)))
    for statement in triggers.CREATE:
        connection.exec_driver_sql(statement)
