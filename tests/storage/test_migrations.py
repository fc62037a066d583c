"""A database with rows of an older version comes to this one with all of them."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import MetaData, Table, create_engine, inspect

from storage import migrate
from storage.check import check
from storage.model import Dialogue, MessageState
from storage.store import Store
from storage.views import DialogueFilter, MessageFilter
from tests.storage.databases import Database, PostgresqlServer, sqlite_database
from tests.storage.rows import message, promise, work


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
