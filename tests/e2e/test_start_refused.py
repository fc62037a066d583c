"""A start that cannot succeed: one clear line on standard error, exit code 2, nothing left behind."""

import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.conftest import StartGateway
from tests.e2e.gateway_process import run_command

PORTS = ("--smpp-port", "0", "--http-port", "0")


def _one_clear_line(*arguments: str, env: dict[str, str] | None = None) -> str:
    done = run_command("serve", *arguments, env=env)
    assert done.returncode == 2, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("shortcode: ")
    assert done.stdout == ""
    return lines[0]


@pytest.mark.parametrize(("flag", "other"), [("--smpp-port", "--http-port"), ("--http-port", "--smpp-port")])
def test_a_busy_port_is_named(tmp_path: Path, flag: str, other: str) -> None:
    """Which address, and that it is in use."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        line = _one_clear_line(flag, str(port), other, "0", "--data-dir", str(tmp_path))
    assert str(port) in line
    assert "in use" in line


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """The line says which version was found; the file is not changed."""
    assert run_command("db", "upgrade", "--data-dir", str(tmp_path)).returncode == 0
    database = tmp_path / "shortcode.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with closing(sqlite3.connect(database)) as connection:
        before = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    assert "9999" in _one_clear_line(*PORTS, "--data-dir", str(tmp_path))
    checked = run_command("db", "check", "--data-dir", str(tmp_path))
    assert checked.returncode == 2
    assert "9999" in checked.stderr
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == before


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    """Tables without our version are somebody else's."""
    with closing(sqlite3.connect(tmp_path / "shortcode.db")) as connection, connection:
        connection.execute("CREATE TABLE cooking (recipe TEXT)")
    assert "another program" in _one_clear_line(*PORTS, "--data-dir", str(tmp_path))


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    """Garbage in the database's place."""
    (tmp_path / "shortcode.db").write_bytes(b"this is no database, believe me " * 200)
    _one_clear_line(*PORTS, "--data-dir", str(tmp_path))


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_in_the_place_of_the_data_directory_is_named(tmp_path: Path, below: str) -> None:
    """Also where a parent is a file."""
    place = tmp_path / "taken"
    place.write_text("not a directory")
    assert "taken" in _one_clear_line(*PORTS, "--data-dir", str(place / below))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    """The directory exists and belongs to us, but is read-only."""
    place = tmp_path / "readonly"
    place.mkdir(mode=0o500)
    assert "readonly" in _one_clear_line(*PORTS, "--data-dir", str(place))


def test_a_second_gateway_on_the_same_data_directory_is_refused(start_gateway: StartGateway) -> None:
    """One writer per database; the first one is not disturbed."""
    first = start_gateway()
    line = _one_clear_line(*PORTS, "--data-dir", str(first.data_dir))
    assert "another process" in line
    assert first.api.get("/clock")["mode"] == "real"


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """With it, the codes behind a stolen database could be tried out."""
    assert run_command("db", "upgrade", "--data-dir", str(tmp_path)).returncode == 0
    key = tmp_path / "secret.key"
    key.write_bytes(bytes(32))
    key.chmod(0o644)
    assert "chmod 600" in _one_clear_line(*PORTS, "--data-dir", str(tmp_path))


def test_an_open_api_without_a_token_is_refused(tmp_path: Path) -> None:
    """On an address that others can reach, a token is required."""
    everywhere = "0.0.0.0"  # noqa: S104 - it is refused
    line = _one_clear_line(*PORTS, "--data-dir", str(tmp_path), "--http-host", everywhere)
    assert "SHORTCODE_API_TOKEN" in line


def test_all_wrong_settings_are_told_at_once_and_no_port_opens(tmp_path: Path) -> None:
    """A line each, with where the value came from; the data directory is not made."""
    env = {"SHORTCODE_LOG_LEVEL": "loud", "SHORTCODE_LIMITS__QUEUE_MAX": "0", "SHORTCODE_COLOUR": "red"}
    done = run_command("serve", "--http-port", "99999", "--data-dir", str(tmp_path / "new"), env=env)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 4, done.stderr
    for name in ("--http-port", *env):
        assert any(name in line for line in lines), name
    assert not (tmp_path / "new").exists()


def test_a_start_that_failed_leaves_no_ports_file_and_the_next_one_works(
    tmp_path: Path, start_gateway: StartGateway
) -> None:
    """A script that waits for the file is not told of ports that nobody listens on."""
    ports_file = tmp_path / "ports.json"
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        data = str(tmp_path / "data")
        _one_clear_line(
            "--smpp-port", port, "--http-port", "0", "--data-dir", data, "--ports-file", str(ports_file)
        )
    assert not ports_file.exists()
    assert run_command("db", "check", "--data-dir", data).returncode == 0
    assert start_gateway().api.get("/clock")["mode"] == "real"


@pytest.mark.parametrize("key", [None, bytes(32)])
def test_a_database_without_its_key_is_refused(start_gateway: StartGateway, key: bytes | None) -> None:
    """Under another key all printed vouchers would be unknown; nothing is made anew in its place."""
    gateway = start_gateway()
    gateway.stop()
    place = gateway.data_dir / "secret.key"
    place.unlink()
    if key is not None:
        place.write_bytes(key)
        place.chmod(0o600)
    assert "key file" in _one_clear_line(*PORTS, "--data-dir", str(gateway.data_dir))
    assert place.exists() == (key is not None)
