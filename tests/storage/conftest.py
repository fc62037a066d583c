"""Every storage test runs on SQLite and on a real PostgreSQL, and ends with all invariants."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from storage.check import check
from storage.store import Store
from tests.storage.databases import Database, PostgresqlServer, sqlite_database
from tests.storage.rows import live_a_little


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """One server for all tests of this process."""
    server = PostgresqlServer()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[Database]:
    """A database of this test's own, migrated already."""
    if request.param == "sqlite":
        made = sqlite_database(tmp_path)
        shutil.copy(migrated, make_url(made.url).database or "")
        yield made
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    made = server.database()
    yield made
    server.drop(made)


@pytest.fixture
def breakable(database: Database) -> Iterator[Store]:
    """A store that the test may leave broken."""
    store = database.open()
    yield store
    store.close()


@pytest.fixture
def store(breakable: Store) -> Iterator[Store]:
    """An empty store; at the end of the test every invariant must hold."""
    yield breakable
    assert [finding for finding in check(breakable.reads) if not finding.ok] == []


@pytest.fixture
def lived_in(store: Store) -> Store:
    """A store with two subscribers, vouchers, holds and messages."""
    live_a_little(store)
    return store
