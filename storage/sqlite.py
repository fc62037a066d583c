"""SQLite as the writer's database: WAL, ``synchronous=FULL``, one writer connection, executemany.

The writer alone writes and checkpoints (SQLite before 3.51.3 can corrupt a WAL otherwise); readers are
``query_only`` and never checkpoint. Whoever opens the file holds a lock file beside it.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    BindParameter,
    ColumnElement,
    Connection,
    Delete,
    Engine,
    Insert,
    NullPool,
    QueuePool,
    Select,
    TextClause,
    Update,
    bindparam,
    column,
    create_engine,
    delete,
    event,
    insert,
    table,
    update,
)
from sqlalchemy import Column as SqlColumn
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError

from storage.driver import Lookup, Row, Verb, Write
from storage.errors import Broken, CommitUnknown, StoreUnavailable
from storage.lock_file import LockFile

_BUSY_MS = 5000
_CACHE_KIB = 512 * 1024
_CHECKPOINT_PAGES = 20_000
#: Rows of one statement; with 27 columns that is as many parameters as any build of SQLite takes.
_ROWS = 32
#: Lookups come in these sizes (the last key repeated), so that few statements serve every batch.
_SIZES = (1, 8, 64, 256)
_DIALECT = sqlite.dialect(paramstyle="qmark")

_COMMON = (f"PRAGMA busy_timeout={_BUSY_MS}", "PRAGMA foreign_keys=ON")
_WRITER = (
    *_COMMON,
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA recursive_triggers=ON",
    # A lookup has its index; SQLite would sometimes rather make one of the whole table, for each batch.
    "PRAGMA automatic_index=OFF",
    f"PRAGMA cache_size=-{_CACHE_KIB}",
    f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}",
)
_READER = (*_COMMON, "PRAGMA query_only=1", "PRAGMA wal_autocheckpoint=0")
_MAINTENANCE = (*_WRITER, "PRAGMA foreign_keys=OFF")

#: SQL text, and what puts a row into the order of its question marks.
Compiled = tuple[str, Callable[[Row], Row] | None]


class SqliteDriver:
    """The writer's side of one SQLite file. Raises StoreUnavailable when it cannot be used."""

    dialect = "sqlite"

    def __init__(self, url: URL) -> None:
        self._url = url
        self._path = _file_of(url)
        self._lock = _locked(self._path)
        self._writes: dict[Write, Compiled] = {}
        self._many: dict[Write, str] = {}
        self._lookups: dict[tuple[Lookup, int], str] = {}
        self._writer: sqlite3.Connection | None = None
        self.readers = reading_engine(url)
        self._maintenance = _engine(url, _MAINTENANCE, "BEGIN IMMEDIATE")

    def begin(self) -> bool:
        """BEGIN IMMEDIATE, connecting first where needed. The lock file keeps other writers out."""
        fresh = self._writer is None
        try:
            if self._writer is None:
                self._writer = self._connect()
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            self._disconnect()
            raise self._unavailable(error) from error
        return fresh

    def commit(self) -> None:
        """COMMIT. After an error that leaves its outcome open the connection is made anew."""
        try:
            self._connection.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            self.rollback()
            raise Broken(str(error)) from error
        except sqlite3.Error as error:
            self._disconnect()
            raise CommitUnknown(f"COMMIT failed on {self._path}: {error}") from error

    def rollback(self) -> None:
        """ROLLBACK where SQLite has not done so by itself (FULL, IOERR, NOMEM end the transaction)."""
        try:
            if self._writer is not None and self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error:
            self._disconnect()

    def write(self, write: Write, rows: Sequence[Row]) -> int:
        """Many rows to a statement, the rest one by one. Returns how many rows were there to be changed.

        The driver gives up the interpreter's lock for each step of a statement, and under load waits for it
        again: a step for each row would cost more than the rows.
        """
        sql, arrange = self._writes.get(write) or self._compiled(write)
        arranged = list(map(arrange, rows)) if arrange else rows
        try:
            return self._run(write, sql, arranged)
        except (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError) as error:
            raise Broken(str(error)) from error
        except sqlite3.Error as error:
            raise self._unavailable(error) from error

    def _run(self, write: Write, sql: str, rows: Sequence[Row]) -> int:
        start = changed = 0
        if len(rows) >= _ROWS and _fits_many(write):
            many = self._many.get(write)
            if many is None:
                many = self._many[write] = _for_many(write.verb, sql)
            while len(rows) - start >= _ROWS:
                chunk = rows[start : start + _ROWS]
                changed += self._connection.execute(many, [v for row in chunk for v in row]).rowcount
                start += _ROWS
        if start < len(rows):
            changed += self._connection.executemany(sql, rows[start:] if start else rows).rowcount
        return changed

    def lookup(self, lookup: Lookup, keys: Sequence[Row]) -> Iterator[Row]:
        """IN lists of a few fixed lengths."""
        start = 0
        while start < len(keys):
            left = len(keys) - start
            size = next((size for size in _SIZES if size >= left), _SIZES[-1])
            chunk = keys[start : start + size]
            values = [value for key in chunk for value in key]
            values.extend(chunk[-1] * (size - len(chunk)))
            sql = self._lookups.get((lookup, size)) or self._compiled_lookup(lookup, size)
            yield from self._fetched(sql, values)
            start += size

    def query(self, statement: Select[tuple[object, ...]]) -> list[Row]:
        """Compile and run; for queries that are not on the hot path."""
        compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        names = compiled.positiontup or []
        return self._fetched(str(compiled), [compiled.params[name] for name in names])

    @contextmanager
    def maintenance(self) -> Iterator[Connection]:
        """A transaction on a connection of its own; the writer's is closed meanwhile."""
        self._disconnect()
        try:
            with self._maintenance.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._unavailable(getattr(error, "orig", None) or error) from error

    def close(self) -> None:
        """Readers first: the last connection to close checkpoints, and that is the writer's to do."""
        self.readers.dispose()
        self._disconnect()
        self._maintenance.dispose()
        self._lock.release()

    def _fetched(self, sql: str, values: Sequence[object]) -> list[Row]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._unavailable(error) from error

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._writer is None:
            raise StoreUnavailable("the connection to the database was lost")
        return self._writer

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        _prepare(connection, _WRITER)
        return connection

    def _disconnect(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def _unavailable(self, error: BaseException) -> StoreUnavailable:
        return StoreUnavailable(f"cannot use {self._path}: {error}")

    def _compiled(self, write: Write) -> Compiled:
        compiled = self._writes[write] = _compile_write(write)
        return compiled

    def _compiled_lookup(self, lookup: Lookup, size: int) -> str:
        sql = self._lookups[lookup, size] = _compile_lookup(lookup, size)
        return sql


def reading_engine(url: URL) -> Engine:
    """Read-only connections, beside a writer of this or another process."""
    return _engine(url, _READER, "BEGIN", pool_size=4)


def existing(url: URL) -> URL:
    """The URL, if its file is there: connecting would make an empty one. Raises StoreUnavailable."""
    path = _file_of(url)
    if not path.is_file():
        raise StoreUnavailable(f"there is no database at {path}; shortcode serve makes one")
    return url


def _file_of(url: URL) -> Path:
    """The database's file; its folder is made when missing."""
    if not url.database or url.database == ":memory:":
        raise StoreUnavailable("a SQLite database needs a file: sqlite:////path/to/shortcode.db")
    return Path(url.database)


def _locked(path: Path) -> LockFile:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return LockFile(path)
    except OSError as error:
        raise StoreUnavailable(f"cannot write to {path.parent}: {error.strerror}") from error


def _engine(url: URL, pragmas: Sequence[str], begin: str, pool_size: int = 0) -> Engine:
    """A SQLAlchemy engine whose transactions begin as told (the driver's own way breaks isolation)."""
    arguments = {"isolation_level": None, "check_same_thread": False}
    if pool_size:
        engine = create_engine(url, connect_args=arguments, poolclass=QueuePool, pool_size=pool_size)
    else:
        engine = create_engine(url, connect_args=arguments, poolclass=NullPool)
    event.listen(engine, "connect", lambda connection, _: _prepare(connection, pragmas))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepare(connection: sqlite3.Connection, pragmas: Sequence[str]) -> None:
    for pragma in pragmas:
        connection.execute(pragma).fetchall()


_Given = dict[SqlColumn[Any], BindParameter[Any]]


def _compile_write(write: Write) -> Compiled:
    values: _Given = {column: bindparam(f"v_{column.name}") for column in write.values}
    keys: _Given = {column: bindparam(f"k_{column.name}") for column in write.keys}
    same: list[ColumnElement[bool] | TextClause] = [key == given for key, given in keys.items()]
    same += [] if write.when is None else [write.when]
    statement: Insert | Update | Delete
    match write.verb:
        case Verb.INSERT:
            statement = insert(write.table).values({**values, **keys})
        case Verb.UPSERT:
            upsert = sqlite.insert(write.table).values({**values, **keys})
            changes = {column.name: upsert.excluded[column.name] for column in write.values}
            statement = upsert.on_conflict_do_update(index_elements=list(write.keys), set_=changes)
        case Verb.UPDATE:
            statement = update(write.table).values(values).where(*same)
        case Verb.DELETE:
            statement = delete(write.table).where(*same)
    return _arranged(statement, [p.key for p in (*values.values(), *keys.values())])


def _arranged(statement: Insert | Update | Delete, given: list[str]) -> Compiled:
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    wanted = list(compiled.positiontup or [])
    if wanted == given:
        return str(compiled), None
    return str(compiled), itemgetter(*(given.index(name) for name in wanted))


def _fits_many(write: Write) -> bool:
    """Whether many rows may share a statement: what is deleted by several columns is no simple list."""
    return write.verb is not Verb.UPSERT and (write.verb is not Verb.DELETE or len(write.keys) == 1)


def _for_many(verb: Verb, sql: str) -> str:
    """The statement for ``_ROWS`` rows at once, made from the one for a single row."""
    if verb is Verb.INSERT:
        head, _, values = sql.rpartition(" VALUES ")
        return f"{head} VALUES {', '.join([values] * _ROWS)}"
    if verb is Verb.DELETE:
        return sql.replace("= ?", f"IN ({', '.join('?' * _ROWS)})")
    changes, _, which = sql.partition(" WHERE ")
    columns = sql.count("?")
    numbered = iter(f"given.column{number}" for number in range(1, columns + 1))
    changes, which = (re.sub(r"\?", lambda _: next(numbered), part) for part in (changes, which))
    row = f"({', '.join('?' * columns)})"
    return f"{changes} FROM (VALUES {', '.join([row] * _ROWS)}) AS given WHERE {which}"


def _compile_lookup(lookup: Lookup, size: int) -> str:
    """A join for keys of several columns: SQLite scans the table for ``(a, b) IN (VALUES ...)``."""
    if len(lookup.keys) == 1:
        where = lookup.keys[0].in_([bindparam(f"key_{i}") for i in range(size)])
        return str(lookup.query.where(where).compile(dialect=_DIALECT))
    names = [key.name for key in lookup.keys]
    wanted = table("wanted", *(column(name) for name in names))
    same = [key == wanted.c[key.name] for key in lookup.keys]
    rows = ", ".join([f"({', '.join('?' * len(names))})"] * size)
    found = lookup.query.where(*same).compile(dialect=_DIALECT)
    return f"WITH wanted({', '.join(names)}) AS (VALUES {rows}) {found}"
