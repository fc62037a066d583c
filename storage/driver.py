"""What a database must offer to the writer: statements by value, whole batches at once.

``Write`` and ``Lookup`` say what is meant, in SQLAlchemy Core terms; each database compiles them once to
the form that it is quickest with (``storage.sqlite``: executemany; ``storage.postgresql``: arrays).
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

from sqlalchemy import Column, Connection, Engine, Select, Table, TextClause

#: One row for a statement, or from one: plain driver values.
Row = tuple[Any, ...]


class Verb(Enum):
    """What a write does."""

    INSERT = auto()
    UPSERT = auto()
    UPDATE = auto()
    DELETE = auto()


@dataclass(frozen=True, eq=False)
class Write:
    """A statement for many rows. Its rows carry ``values`` first, then ``keys``.

    An UPSERT replaces the values where the keys are there already; ``when`` narrows an UPDATE or DELETE.
    """

    verb: Verb
    table: Table
    values: tuple[Column[Any], ...] = ()
    keys: tuple[Column[Any], ...] = ()
    when: TextClause | None = None

    @property
    def columns(self) -> tuple[Column[Any], ...]:
        """The columns of a row, in order."""
        return self.values + self.keys


@dataclass(frozen=True, eq=False)
class Lookup:
    """A query for the rows of many keys."""

    query: Select[Any]
    keys: tuple[Column[Any], ...]


class Driver(Protocol):
    """One writer connection and a pool of readers. Errors come out as ``storage.errors``."""

    dialect: str
    readers: Engine

    def begin(self) -> bool:
        """Start a write transaction; True when another writer may have been here since the last one."""

    def commit(self) -> None:
        """Make it durable. Raises CommitUnknown (and reconnects), or Broken when a deferred rule said no."""

    def rollback(self) -> None:
        """Forget the transaction, if there is one; reconnect when even that fails."""

    def write(self, write: Write, rows: Sequence[Row]) -> int:
        """Run one statement for all rows; the number of rows that it touched. Raises Broken."""

    def lookup(self, lookup: Lookup, keys: Sequence[Row]) -> Iterator[Row]:
        """The rows of these keys, in no order."""

    def query(self, statement: Select[Any]) -> list[Row]:
        """Rows of a rare query inside the write transaction."""

    def maintenance(self) -> AbstractContextManager[Connection]:
        """A transaction of its own for migrations and resets, foreign keys unchecked."""

    def close(self) -> None:
        """Close everything and give the database free."""
