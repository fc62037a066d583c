"""The file that tells other programs the ports: only of a gateway that listens, and whole."""

import json
from pathlib import Path

import pytest

from gateway.config import StartError
from gateway.ports import Ports, clear_ports, write_ports


def test_the_file_has_both_ports_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    """The shape of interfaces.md."""
    path = tmp_path / "ports.json"
    write_ports(path, Ports(2775, 8080))
    assert json.loads(path.read_text()) == {"smpp": 2775, "http": 8080}
    assert list(tmp_path.iterdir()) == [path]


def test_with_tls_its_port_is_told_too(tmp_path: Path) -> None:
    """Beside those of the contract."""
    path = tmp_path / "ports.json"
    write_ports(path, Ports(2775, 8080, smpp_tls=3550))
    assert json.loads(path.read_text()) == {"smpp": 2775, "http": 8080, "smpp_tls": 3550}


def test_a_start_takes_away_the_ports_of_an_earlier_run(tmp_path: Path) -> None:
    """A script that waits for the file must not be told of ports that nobody listens on."""
    path = tmp_path / "ports.json"
    write_ports(path, Ports(2775, 8080))
    clear_ports(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["missing/ports.json", "folder"])
def test_a_file_that_cannot_be_written_is_told_before_the_start(tmp_path: Path, name: str) -> None:
    """Later nobody would hear of it: the gateway would serve, and the script would wait."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(StartError, match="ports file"):
        clear_ports(tmp_path / name)
