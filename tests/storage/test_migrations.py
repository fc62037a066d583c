"""A database with rows of an older version comes to this one with all of them."""

# ruff: noqa: S608 (the statements are put together from constants of this file)

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import MetaData, Table, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError

from storage import migrate
from storage.check import check
from storage.driver import Driver
from storage.head import GENESIS, Head
from storage.model import Dialogue, MessageState
from storage.open_calls import OpenCalls
from storage.store import Store, _driver
from storage.unit_of_work import UnitOfWork
from storage.views import DialogueFilter, MessageFilter
from tests.storage.bank_rows import bank_a_little
from tests.storage.call_rows import call_a_little
from tests.storage.databases import Database, PostgresqlServer, sqlite_database
from tests.storage.parking_rows import park_a_little
from tests.storage.rows import ALIYA, live_a_little, message, promise, work


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database without anything in it."""
    if request.param == "sqlite":
        return sqlite_database(tmp_path)
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return server.database(empty=True)


def columns(database: Database, table: str) -> set[str]:
    engine = create_engine(database.url)
    with engine.connect() as connection:
        found = {each["name"] for each in inspect(connection).get_columns(table)}
    engine.dispose()
    return found


def at_version(database: Database, version: str) -> None:
    """Run the migrations up to a version, as that version's program did."""
    engine = create_engine(database.url)
    with engine.begin() as connection:
        command.upgrade(migrate._config(connection), version)
    engine.dispose()


def test_the_first_version_had_neither_service_types_nor_flags(empty: Database) -> None:
    at_version(empty, "0001")
    assert not {"service_type", "error_code"} & columns(empty, "message")
    empty.open().close()
    assert {"service_type", "error_code"} <= columns(empty, "message")


def insert(database: Database, table: str, **values: object) -> None:
    """A row as an older version's program wrote it: columns that were not there yet are left out."""
    engine = create_engine(database.url)
    with engine.begin() as connection:
        found = Table(table, MetaData(), autoload_with=connection)
        known = {name: value for name, value in values.items() if name in found.columns}
        connection.execute(found.insert().values(known))
    engine.dispose()


def test_messages_of_the_first_version_are_all_there_with_what_is_new_empty(empty: Database) -> None:
    """They had no service type, and an error of which only the words are known."""
    at_version(empty, "0001")
    old = [message("mt1"), message("mt2", state=MessageState.EXPIRED)._replace(error="late")]
    row = promise("mt1")._replace(position=1)
    for position, each in enumerate(old, start=1):
        insert(empty, "message", position=position, **each._asdict())
        for address in (each.source, each.destination):
            insert(empty, "message_end", address=address, position=position)
    insert(empty, "outbox", **row._asdict())
    store = empty.open()
    assert store.reads.messages(MessageFilter()) == old[::-1]
    assert store.reads.pending() == [row]
    assert store.reads.pending_flags() == []
    with work(store) as uow:
        uow.messages.finish("mt1", MessageState.UNDELIVERABLE, error_code=7)
        added = uow.messages.add(message("new")._replace(service_type="CMT"), promise("new"))
    assert added is not None
    assert added.position == 3
    found = {each.id: each for each in store.reads.messages(MessageFilter())}
    assert (found["mt1"].error_code, found["new"].service_type) == (7, "CMT")
    assert [finding for finding in check(store.reads) if not finding.ok] == []
    store.close()
    Store.open(empty.url, migrate=False).close()


def test_the_second_version_had_no_dialogues_and_all_else_stays(empty: Database) -> None:
    """Until then each dialogue was over with its first screen, so there is none to take along."""
    at_version(empty, "0002")
    old = message("mt1")
    insert(empty, "message", position=1, **old._asdict())
    for address in (old.source, old.destination):
        insert(empty, "message_end", address=address, position=1)
    store = empty.open()
    assert store.reads.messages(MessageFilter()) == [old]
    assert store.reads.dialogues(DialogueFilter()) == []
    began = Dialogue("d1", old.destination, 7, "menu", "*100", "handset", "s1", opened_us=1)
    with work(store) as uow:
        uow.dialogues.begin(began)
    assert [each.dialogue for each in store.reads.dialogues(DialogueFilter(is_open=True))] == [began]
    store.close()


class ThirdVersion:
    """Writes ledger, vouchers and messages into a database of the third version: those tables are the same.

    It stands for that version's store: today's would read tables that are not there yet.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._head = Head(0, 0, GENESIS, 0, 0, 0, 0)

    @contextmanager
    def begin(self, *, now_us: int, wall_us: int) -> Iterator[UnitOfWork]:
        """As a store does."""
        self._driver.begin()
        memory: tuple[Any, ...] = ({}, {}, OpenCalls())
        opened = UnitOfWork(
            self._driver, self._head, self._committed, *memory, now_us=now_us, wall_us=wall_us
        )
        with opened as uow:
            yield uow

    def _committed(self, head: Head | None) -> None:
        self._head = head or self._head


def live_in_the_third_version(database: Database) -> None:
    at_version(database, "0003")
    driver = _driver(database.url)
    old: Any = ThirdVersion(driver)
    live_a_little(old)
    driver.close()


def rows_of(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All that the third version knew."""
    engine = create_engine(database.url)
    with engine.connect() as connection:
        names = ("account", "journal", "posting", "hold", "voucher", "message", "inbox", "job")
        found = {
            name: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {name}"))), key=str)
            for name in names
        }
    engine.dispose()
    return found


def test_the_ledger_of_the_third_version_is_all_there_and_the_bank_can_live_in_it(empty: Database) -> None:
    """Entries, holds, vouchers; the accounts' table is made anew on SQLite, and nothing in it changes."""
    live_in_the_third_version(empty)
    before = rows_of(empty)
    assert all(before.values())
    store = empty.open()
    assert rows_of(empty) == before
    assert [finding for finding in check(store.reads) if not finding.ok] == []
    store.close()
    Store.open(empty.url, migrate=False).close()


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE account SET balance = balance + 1 WHERE code = 'main:{ALIYA}'",
        f"UPDATE account SET held = 0 WHERE code = 'main:{ALIYA}'",
        "DELETE FROM account",
        "INSERT INTO account VALUES (99, 'card:9', 'card', '9', 1, 0, 0, 0, 0, 0, 'open')",
        "INSERT INTO account VALUES (1, 'card:9', 'card', '9', 0, 0, 0, 0, 0, 0, 'open')",
        f"INSERT INTO account VALUES (99, 'main:{ALIYA}', 'main', '9', 0, 0, 0, 0, 0, 0, 'open')",
        "UPDATE posting SET amount = 5",
        "UPDATE posting SET account_id = 99",
        "INSERT INTO posting VALUES (6, 1, 99, 5, 5, 0, 0)",
        "INSERT INTO hold VALUES ('hold9', 99, 5, 'r', 's', 0, 'open', NULL)",
        "DELETE FROM journal WHERE seq = 5",
        "UPDATE hold SET amount = 5000 WHERE id = 'hold1'",
        "UPDATE voucher SET state = 'unused', redeemed_seq = NULL WHERE state = 'used'",
    ],
)
def test_the_rules_bite_after_the_migration_as_before(empty: Database, statement: str) -> None:
    """Triggers, constraints, keys, and the foreign keys that point at the accounts."""
    live_in_the_third_version(empty)
    empty.open().close()
    with pytest.raises(IntegrityError):
        empty.tamper(statement)


def test_a_migrated_database_has_the_schema_of_a_new_one(tmp_path: Path) -> None:
    """SQLite's own words for every table, index and trigger; a file made at once, and one made in steps."""
    schemas = []
    for at_once in (True, False):
        database = sqlite_database(tmp_path)
        if not at_once:
            live_in_the_third_version(database)
        database.open().close()
        engine = create_engine(database.url)
        with engine.connect() as connection:
            found = connection.execute(
                text("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name")
            )
            schemas.append([tuple(row) for row in found])
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        engine.dispose()
    assert schemas[0] == schemas[1]


def test_the_bank_lives_in_a_migrated_database(empty: Database) -> None:
    """Customers' accounts in the bank's book have a floor there, and those of the bank have none."""
    at_version(empty, "0003")
    store = empty.open()
    bank_a_little(store)
    assert [finding for finding in check(store.reads) if not finding.ok] == []
    store.close()


def test_calls_live_in_a_database_of_the_fourth_version(empty: Database) -> None:
    """It had none; what the database refuses of them it refuses there, too."""
    at_version(empty, "0004")
    assert columns(empty, "payment")
    store = empty.open()
    call_a_little(store)
    with pytest.raises(IntegrityError):
        empty.tamper("UPDATE call SET charge = charge + 1 WHERE ended <> ''")
    assert [finding for finding in check(store.reads) if not finding.ok] == []
    store.close()
    Store.open(empty.url, migrate=False).close()


def test_parkings_live_in_a_database_of_the_fifth_version(empty: Database) -> None:
    """It had none; what the database refuses of them it refuses there, too."""
    at_version(empty, "0005")
    assert columns(empty, "call")
    store = empty.open()
    park_a_little(store)
    with pytest.raises(IntegrityError):
        empty.tamper("UPDATE parking_session SET charge = charge + 1 WHERE id = 'over'")
    assert [finding for finding in check(store.reads) if not finding.ok] == []
    store.close()
    Store.open(empty.url, migrate=False).close()
