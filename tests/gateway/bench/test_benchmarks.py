"""The benchmarks run whole, with little to do: their figures mean nothing here, their names and goals do."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.bench import cli, ledger, smpp


@contextmanager
def no_server() -> Iterator[str]:
    yield ""


def test_the_ledger_benchmark_measures_its_goals(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ledger, "_LARGEST", 16)
    monkeypatch.setattr(ledger, "_GROUPS", {1: 3, 100: 200, 16: 32})
    monkeypatch.setattr(ledger, "_SLOW_COMMANDS", 32)
    monkeypatch.setattr(ledger, "SUBSCRIBERS", 20)
    monkeypatch.setattr(ledger, "postgresql", no_server)
    report = tmp_path / "report.json"
    assert cli.run("ledger", report) in (0, 1)
    figures = {figure["name"]: figure for figure in json.loads(report.read_text())["figures"]}
    assert figures["SQLite, groups of 100"]["goal"] == 8_000
    assert figures["SQLite, groups of 100 against 1"]["goal"] == 3
    assert figures["SQLite, groups of 16, each commit 5 ms slower"]["goal"] == 5_000
    assert all(figure["value"] > 0 for figure in figures.values())


@pytest.mark.slow
def test_the_smpp_benchmark_measures_its_goals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp, "SUBSCRIBERS", 20)
    monkeypatch.setattr(smpp, "_LOADS", {1: (10, None, 5), 16: (60, 3_000, 150)})
    figures = {figure.name: figure for figure in smpp.run()}
    assert figures["SMPP, 1 in flight: p99"].goal == 5
    assert figures["SMPP, 16 in flight"].goal == 3_000
    assert all(figure.value > 0 for figure in figures.values())
