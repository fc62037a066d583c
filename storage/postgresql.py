"""PostgreSQL as the writer's database: psycopg 3, one statement per table and batch, arrays unnested.

Several processes may point at one database; the last one to begin a transaction is the writer. It takes
the next epoch of the one row of ``writer``, and every transaction locks that row and looks whether the
epoch is still its own. That lock also stands for ``FOR UPDATE`` on all the other rows.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import (
    ARRAY,
    URL,
    ColumnElement,
    Connection,
    Delete,
    Engine,
    FromClause,
    Insert,
    NullPool,
    Select,
    TextClause,
    Update,
    any_,
    bindparam,
    column,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy import Column as SqlColumn
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

from storage.driver import Lookup, Row, Verb, Write
from storage.errors import Broken, CommitUnknown, StoreUnavailable

_DIALECT = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it open
_CLAIM = "UPDATE writer SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch"
_LEASE = "SELECT epoch FROM writer WHERE id = 1 FOR UPDATE"
#: From so many rows on COPY is quicker than arrays, though it takes a round trip more.
_COPY_FROM = 8
#: Migrations of two starting processes wait for each other (any number that nobody else uses).
_MIGRATION_LOCK = 9393


class PostgresqlDriver:
    """The writer's side of one PostgreSQL database. Raises StoreUnavailable when it cannot be used."""

    dialect = "postgresql"

    def __init__(self, url: URL) -> None:
        self._url = url
        self._statements: dict[Write | Lookup, str] = {}
        self._copies: dict[Write, str] = {}
        self._epoch: int | None = None
        self._writer: psycopg.Connection | None = None
        self._engine = create_engine(url, poolclass=NullPool)
        self.readers = reading_engine(url)

    def begin(self) -> bool:
        """Lock the lease. Raises StoreUnavailable when another process has taken it."""
        fresh = self._writer is None
        try:
            if self._writer is None:
                self._writer = self._connect()
            found = self._writer.execute(_LEASE).fetchone()
        except psycopg.Error as error:
            self._disconnect()
            raise _unavailable(error) from error
        if found is None or found[0] != self._epoch:
            self.rollback()
            raise StoreUnavailable("another process has become the writer of this database")
        return fresh

    def commit(self) -> None:
        """COMMIT. After an error that leaves its outcome open the connection is made anew."""
        try:
            self._connection.commit()
        except psycopg.IntegrityError as error:
            self.rollback()
            raise _broken(error) from error
        except psycopg.Error as error:
            self._disconnect()
            raise CommitUnknown(f"COMMIT failed: {_first_line(error)}") from error

    def rollback(self) -> None:
        """ROLLBACK; a connection that cannot even do that is given up."""
        try:
            if self._writer is not None:
                self._writer.rollback()
        except psycopg.Error:
            self._disconnect()

    def write(self, write: Write, rows: Sequence[Row]) -> int:
        """COPY for many new rows, else one statement with an array per column."""
        try:
            if write.verb is Verb.INSERT and len(rows) >= _COPY_FROM:
                return self._copy(write, rows)
            sql = self._statements.get(write) or self._compiled(write, _compile_write(write))
            columns = zip(*rows, strict=True)
            names = [f"a{i}" for i in range(len(rows[0]))]
            return self._connection.execute(sql, dict(zip(names, map(list, columns), strict=True))).rowcount
        except (psycopg.IntegrityError, psycopg.DataError, psycopg.ProgrammingError) as error:
            raise _broken(error) from error
        except psycopg.Error as error:
            raise _unavailable(error) from error

    def _copy(self, write: Write, rows: Sequence[Row]) -> int:
        """Rows are put into words by the driver's C code; arrays would be by its Python code."""
        sql = self._copies.get(write)
        if sql is None:
            sql = self._copies[write] = _compile_copy(write)
        with self._connection.cursor() as cursor:
            with cursor.copy(sql) as copy:
                for row in rows:
                    copy.write_row(row)
            return cursor.rowcount

    def lookup(self, lookup: Lookup, keys: Sequence[Row]) -> Iterator[Row]:
        """``= ANY(array)``, or a semi-join with the unnested arrays."""
        sql = self._statements.get(lookup) or self._compiled(lookup, _compile_lookup(lookup))
        arrays = {f"a{i}": list(values) for i, values in enumerate(zip(*keys, strict=True))}
        try:
            yield from self._connection.execute(sql, arrays)
        except psycopg.Error as error:
            raise _unavailable(error) from error

    def query(self, statement: Select[Any]) -> list[Row]:
        """Compile and run; for queries that are not on the hot path."""
        compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        try:
            return self._connection.execute(str(compiled), compiled.params).fetchall()
        except psycopg.Error as error:
            raise _unavailable(error) from error

    @contextmanager
    def maintenance(self) -> Iterator[Connection]:
        """A transaction of its own that waits for other migrations."""
        self._disconnect()
        try:
            with self._engine.begin() as connection:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
                yield connection
        except SQLAlchemyError as error:
            raise _unavailable(getattr(error, "orig", None) or error) from error

    def close(self) -> None:
        """Close the writer and the readers."""
        self._disconnect()
        self.readers.dispose()
        self._engine.dispose()

    @property
    def _connection(self) -> psycopg.Connection:
        if self._writer is None:
            raise StoreUnavailable("the connection to the database was lost")
        return self._writer

    def _connect(self) -> psycopg.Connection:
        """Connect; the first time, take the lease. A reconnect keeps its epoch, or finds it taken."""
        connection = psycopg.connect(
            self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        )
        if self._epoch is None:
            taken = connection.execute(_CLAIM).fetchone()
            connection.commit()
            self._epoch = taken[0] if taken else None
        return connection

    def _disconnect(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def _compiled(self, key: Write | Lookup, sql: str) -> str:
        self._statements[key] = sql
        return sql


def reading_engine(url: URL) -> Engine:
    """A small pool whose transactions see one moment and write nothing."""
    engine = create_engine(url, pool_size=4, isolation_level="REPEATABLE READ")

    def read_only(connection: psycopg.Connection, _: object) -> None:
        connection.read_only = True

    event.listen(engine, "connect", read_only)
    return engine


def _first_line(error: BaseException) -> str:
    """Without the detail lines: those quote rows, and rows may hold secrets."""
    diagnosed = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return diagnosed or (str(error).splitlines() or [type(error).__name__])[0]


def _broken(error: psycopg.Error) -> Broken:
    return Broken(_first_line(error))


def _unavailable(error: BaseException) -> StoreUnavailable:
    return StoreUnavailable(f"cannot use the PostgreSQL database: {_first_line(error)}")


def _unnested(columns: Sequence[SqlColumn[Any]]) -> FromClause:
    """``unnest(array, ...) AS given(c0, c1, ...)``, one array per column."""
    arrays = [bindparam(f"a{i}", type_=ARRAY(c.type)) for i, c in enumerate(columns)]
    names = [column(f"c{i}", c.type) for i, c in enumerate(columns)]
    return func.unnest(*arrays).table_valued(*names, name="given").render_derived()


def _compile_write(write: Write) -> str:
    given = _unnested(write.columns)
    new = dict(zip(write.columns, given.c, strict=True))
    same: list[ColumnElement[bool] | TextClause] = [key == new[key] for key in write.keys]
    same += [] if write.when is None else [write.when]
    statement: Insert | Update | Delete
    match write.verb:
        case Verb.INSERT:
            statement = insert(write.table).from_select(list(write.columns), select(*given.c))
        case Verb.UPSERT:
            upsert = postgresql.insert(write.table).from_select(list(write.columns), select(*given.c))
            changes = {value.name: upsert.excluded[value.name] for value in write.values}
            statement = upsert.on_conflict_do_update(index_elements=list(write.keys), set_=changes)
        case Verb.UPDATE:
            statement = update(write.table).values({v: new[v] for v in write.values}).where(*same)
        case Verb.DELETE:
            statement = delete(write.table).where(*same)
    return str(statement.compile(dialect=_DIALECT))


def _compile_copy(write: Write) -> str:
    quoted = _DIALECT.identifier_preparer
    columns = ", ".join(quoted.format_column(column) for column in write.columns)
    return f"COPY {quoted.format_table(write.table)} ({columns}) FROM STDIN"


def _compile_lookup(lookup: Lookup) -> str:
    if len(lookup.keys) == 1:
        key = lookup.keys[0]
        where = key == any_(bindparam("a0", type_=ARRAY(key.type)))
    else:
        where = tuple_(*lookup.keys).in_(select(*_unnested(lookup.keys).c))
    return str(lookup.query.where(where).compile(dialect=_DIALECT))
