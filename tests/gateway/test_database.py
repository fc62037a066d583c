"""``shortcode db``: one line per invariant, and an environment that will not do is one line too."""

from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from gateway import database
from gateway.cli import app
from gateway.config import StartError
from gateway.settings import load_config
from storage.check import Finding
from storage.store import Store

runner = CliRunner()


@pytest.fixture(autouse=True)
def _empty_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


class Done(NamedTuple):
    """What a run led to."""

    code: int
    out: str
    err: str


def db(*arguments: str) -> Done:
    result = runner.invoke(app, ["db", *arguments])
    return Done(result.exit_code, result.stdout, result.stderr)


def test_upgrade_makes_the_database_and_can_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        assert db("upgrade", "--data-dir", "d") == (0, "the sqlite database is up to date\n", "")
    assert (tmp_path / "d" / "shortcode.db").is_file()
    assert (tmp_path / "d").stat().st_mode & 0o077 == 0


def test_check_of_a_sound_database_is_a_line_each_and_exit_code_0() -> None:
    db("upgrade", "--data-dir", "d")
    done = db("check", "--data-dir", "d")
    assert (done.code, done.err) == (0, "")
    lines = [line.split()[:2] for line in done.out.splitlines()]
    counts = {"L": 16, "B": 4, "V": 4, "P": 7}
    names = [f"{family}{number}" for family, count in counts.items() for number in range(1, count + 1)]
    assert lines == [[name, "ok"] for name in names]


def test_a_broken_invariant_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    db("upgrade", "--data-dir", "d")
    found = [Finding("L1", ok=True, detail="sums to zero"), Finding("L7", ok=False, detail="entry 3")]
    monkeypatch.setattr(database, "check", lambda _: found)
    done = db("check", "--data-dir", "d")
    assert done == (1, "L1  ok      sums to zero\nL7  BROKEN  entry 3\n", "")


def test_a_database_that_another_process_writes_is_one_line(tmp_path: Path) -> None:
    db("upgrade", "--data-dir", "d")
    store = Store.open(f"sqlite:///{tmp_path}/d/shortcode.db")
    try:
        done = db("upgrade", "--data-dir", "d")
    finally:
        store.close()
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("command", ["upgrade", "check"])
def test_a_file_that_is_no_database_is_one_line(tmp_path: Path, command: str) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "shortcode.db").write_bytes(b"not a database, but long enough to look at" * 50)
    done = db(command, "--data-dir", "d")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("shortcode: ")


def test_a_data_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = db("upgrade", "--data-dir", "file/d")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"shortcode: data directory {tmp_path}/file/d: Not a directory\n"
    with pytest.raises(StartError):
        database.ensure_directory(load_config({"data_dir": tmp_path / "file" / "d"}))
