"""Opening a store at bad moments: one clear line each, and nothing corrupted."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from storage import migrate
from storage.check import check
from storage.errors import StoreError, StoreNewer, StoreOlder, StoreUnavailable
from storage.store import Store, open_reads
from storage.tables import metadata
from tests.storage.databases import Database, PostgresqlServer, sqlite_database
from tests.storage.rows import NOW_US, live_a_little, work


def refused(url: str, kind: type[StoreError], *, migrate: bool = True) -> str:
    """The one line with which opening is refused."""
    with pytest.raises(kind) as caught:
        Store.open(url, migrate=migrate)
    line = str(caught.value)
    assert line
    assert "\n" not in line
    return line


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    database.open().close()
    database.tamper("UPDATE alembic_version SET version_num = '9999'")
    assert "9999" in refused(database.url, StoreNewer)
    assert database.scalar("SELECT version_num FROM alembic_version") == "9999"


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    database = sqlite_database(tmp_path)
    database.tamper("CREATE TABLE theirs (id INTEGER)")
    assert "another program" in refused(database.url, StoreUnavailable)


@pytest.mark.postgres
def test_an_empty_database_needs_a_migration_and_gets_one(
    tmp_path: Path, postgresql: PostgresqlServer
) -> None:
    """By itself where asked to, else a word on what to run."""
    for database in (sqlite_database(tmp_path), postgresql.database(empty=True)):
        assert "shortcode db upgrade" in refused(database.url, StoreOlder, migrate=False)
        store = database.open()
        live_a_little(store)
        store.close()
        Store.open(database.url, migrate=False).close()


def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    """Columns, types, indexes, unique keys and foreign keys; on both databases."""
    database.open().close()
    engine = create_engine(database.url)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def test_the_known_version_is_the_newest_migration(database: Database) -> None:
    database.open().close()
    engine = create_engine(database.url)
    with engine.connect() as connection:
        scripts = ScriptDirectory.from_config(migrate._config(connection))
    engine.dispose()
    assert scripts.get_current_head() == migrate.HEAD


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("sqlite://", "file"),
        ("sqlite:///:memory:", "file"),
        ("mysql://localhost/x", "mysql"),
        ("nonsense", "URL"),
        ("postgresql+psycopg://u:secret@127.0.0.1:1/x", "PostgreSQL"),
    ],
)
def test_a_url_that_leads_nowhere_is_refused(url: str, word: str) -> None:
    line = refused(url, StoreUnavailable)
    assert word in line
    assert "secret" not in line


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """As an unwritable one is; a test that runs as root cannot take its own rights away."""
    (tmp_path / "file").write_text("in the way")
    assert "cannot write" in refused(f"sqlite:///{tmp_path}/file/data/shortcode.db", StoreUnavailable)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    assert "cannot use" in refused(f"sqlite:///{tmp_path}", StoreUnavailable)


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "shortcode.db"
    file.write_bytes(b"not a database at all, but long enough to look at" * 100)
    before = file.read_bytes()
    assert "not a database" in refused(f"sqlite:///{file}", StoreUnavailable)
    assert file.read_bytes() == before


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    Store.open(f"sqlite:///{tmp_path}/new/folder/shortcode.db").close()
    assert (tmp_path / "new/folder/shortcode.db").exists()


def test_a_database_can_be_read_beside_its_writer(database: Database) -> None:
    """``shortcode db check`` works while the gateway runs, and changes nothing."""
    store = database.open()
    live_a_little(store)
    with open_reads(database.url) as reads:
        assert all(finding.ok for finding in check(reads))
        with work(store, NOW_US + 9) as uow:
            uow.settings.put("while", "reading")
        assert reads.setting("while") == "reading"
    store.close()
    with open_reads(database.url) as reads:
        assert reads.setting("while") == "reading"


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "mysql://localhost/x", "nonsense"])
def test_reading_what_is_not_there_is_refused(url: str) -> None:
    with pytest.raises(StoreUnavailable), open_reads(url):
        pass


def test_reading_a_newer_database_is_refused(database: Database) -> None:
    database.open().close()
    database.tamper("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreNewer), open_reads(database.url):
        pass


_HOLD_OPEN = (
    "import sys; from storage.store import Store; Store.open(sys.argv[1]);"
    " print('open', flush=True); sys.stdin.read()"
)


def test_a_second_process_on_a_sqlite_file_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    """Even when the first one is killed: the lock goes with its process."""
    database = sqlite_database(tmp_path)
    command = [sys.executable, "-c", _HOLD_OPEN, database.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:  # noqa: S603 (our own)
        assert first.stdout is not None
        assert first.stdout.readline() == b"open\n"
        assert "another process" in refused(database.url, StoreUnavailable)
        first.kill()
    store = database.open()
    live_a_little(store)
    store.close()


def test_a_refused_opening_lets_the_next_one_in(tmp_path: Path) -> None:
    """The lock is not forgotten in the hands of a store that never was."""
    database = sqlite_database(tmp_path)
    database.open().close()
    database.tamper("UPDATE alembic_version SET version_num = '9999'")
    refused(database.url, StoreNewer)
    database.tamper(f"UPDATE alembic_version SET version_num = '{migrate.HEAD}'")  # noqa: S608 (a constant)
    database.open().close()


@pytest.mark.postgres
def test_on_postgresql_the_last_to_begin_is_the_writer(postgresql: PostgresqlServer) -> None:
    """The one before it is told so, and cannot write again; readers of both go on."""
    database = postgresql.database()
    first, second = database.open(), database.open()
    with work(first) as uow:
        uow.settings.put("by", "first")
    with work(second) as uow:
        uow.settings.put("by", "second")
    with pytest.raises(StoreUnavailable, match="another process"), work(first) as uow:
        uow.settings.put("by", "first again")
    assert first.reads.setting("by") == second.reads.setting("by") == "second"
    first.close()
    second.close()


def test_a_foreign_lock_is_one_clear_line_and_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's open transaction in another tool: refused after the busy time-out, fine afterwards."""
    monkeypatch.setattr("storage.sqlite._BUSY_MS", 50)
    monkeypatch.setattr("storage.sqlite._WRITER", ("PRAGMA busy_timeout=50", "PRAGMA foreign_keys=ON"))
    database = sqlite_database(tmp_path)
    store = database.open()
    engine = create_engine(database.url, connect_args={"isolation_level": None})
    with engine.connect() as stranger:
        stranger.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"), store.begin(now_us=NOW_US, wall_us=NOW_US):
            pass
        stranger.exec_driver_sql("ROLLBACK")
    engine.dispose()
    live_a_little(store)
    store.close()


def test_the_writer_is_as_durable_as_promised(tmp_path: Path) -> None:
    """WAL and synchronous=FULL: NORMAL loses acknowledged commands in a power cut."""
    database = sqlite_database(tmp_path)
    store = database.open()
    with work(store):
        connection = store._driver._connection  # type: ignore[attr-defined]  # the SQLite driver's
        asked = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "wal_autocheckpoint")
        found = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked}
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "wal_autocheckpoint": 20_000,
    }
    with store.reads.transaction() as reader:
        assert reader.execute(text("PRAGMA query_only")).scalar() == 1
        assert reader.execute(text("PRAGMA wal_autocheckpoint")).scalar() == 0
    store.close()
