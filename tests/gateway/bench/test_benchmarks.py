"""The benchmarks run whole, with little to do: their figures mean nothing here, their names and goals do."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.bench import (
    bank,
    binds,
    channel_payments,
    cli,
    ledger,
    parking,
    smpp,
    smsc,
    ussd,
    voice,
    voice_exchange,
    voice_sockets,
)


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


def test_the_benchmark_of_channels_measures_its_goals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_payments, "GROUP", 16)
    monkeypatch.setattr(channel_payments, "_SUBSCRIBERS", 20)
    figures = {figure.name: figure for figure in bank.run(sms_payments=0, payments=32, rules=0)}
    assert figures["Channel payments, qiwi, cash"].goal == 5_000
    assert figures["Channel payments, kaspi, card with cashback"].goal == 5_000
    assert all(figure.value > 0 for figure in figures.values())


@pytest.mark.slow
def test_the_benchmark_of_payments_by_sms_confirms_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank, "_PAYERS_MAX", 20)
    figures = {figure.name: figure for figure in bank.run(sms_payments=50, payments=0, rules=0)}
    paid = figures["Payments by SMS, confirmed"]
    assert (paid.goal, paid.unit) == (2_000, "payments/s")
    assert paid.value > 0


@pytest.mark.slow
def test_the_benchmark_of_autopay_runs_each_rule_beside_other_traffic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bank, "_ASKING", 20)
    monkeypatch.setattr(bank, "_QUIET_S", 0.2)
    figures = {figure.name: figure for figure in bank.run(sms_payments=0, payments=0, rules=150)}
    ran = figures["150 AutoPay rules due at once: all run and confirmed in"]
    assert (ran.goal, ran.at_most) == (60, True)
    asked = figures["150 AutoPay rules due at once: 50 BAL a second meanwhile, p99"]
    assert (asked.goal, asked.at_most, asked.unit) == (50, True, "ms")
    assert asked.value > 0


@pytest.mark.slow
def test_the_benchmark_of_parking_cycles_parks_each_car() -> None:
    figures = {figure.name: figure for figure in parking.run(cycles=40, day=0, parked=0)}
    cycles = figures["Parking, full cycles"]
    assert (cycles.goal, cycles.unit) == (2_000, "cycles/s")
    assert cycles.value > 0
    assert figures["Parking, full cycles: all invariants hold, checked in"].value > 0


@pytest.mark.slow
def test_the_benchmark_of_a_day_reminds_and_ends_each_parking() -> None:
    figures = {figure.name: figure for figure in parking.run(cycles=0, day=20, parked=0)}
    told = figures["20 parkings of a virtual day of 100,000: reminded, ended and told in"]
    assert told.goal == pytest.approx(0.012)
    assert (told.at_most, told.unit) == (True, "s")
    assert told.value > 0


@pytest.mark.slow
def test_the_benchmark_of_one_moment_ends_each_parking_beside_other_traffic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parking, "_ASKING", 20)
    monkeypatch.setattr(parking, "_QUIET_S", 0.2)
    figures = {figure.name: figure for figure in parking.run(cycles=0, day=0, parked=60)}
    for what in ("are reminded", "end"):
        told = figures[f"60 parkings at one moment {what}: all told in"]
        assert (told.goal, told.at_most) == (60, True)
        asked = figures[f"60 parkings at one moment {what}: 50 BAL a second meanwhile, p99"]
        assert (asked.goal, asked.at_most, asked.unit) == (50, True, "ms")
        assert asked.value > 0


@pytest.mark.slow
def test_the_smpp_benchmark_measures_its_goals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp, "SUBSCRIBERS", 20)
    monkeypatch.setattr(smpp, "_LOADS", {1: (10, None, 5), 16: (60, 3_000, 150)})
    figures = {figure.name: figure for figure in smpp.run()}
    assert figures["SMPP, 1 in flight: p99"].goal == 5
    assert figures["SMPP, 16 in flight"].goal == 3_000
    assert all(figure.value > 0 for figure in figures.values())


@pytest.mark.slow
def test_the_smsc_benchmark_measures_its_goals(monkeypatch: pytest.MonkeyPatch) -> None:
    few = [
        dataclasses.replace(load, count=60, in_flight=20, numbers=min(load.numbers, 30))
        for load in smsc.LOADS
    ]
    monkeypatch.setattr(smsc, "LOADS", tuple(few))
    monkeypatch.setattr(smsc, "_WARM_UP", 10)
    figures = {figure.name: figure for figure in smsc.run(messages_before=500)}
    assert figures["SMSC, delivered with receipt"].goal == 6_000
    assert figures["SMSC, accepted for one handset that is off"].goal == 12_000
    assert figures["SMSC, accepted for 10,000 handsets that are off"].goal == 12_000
    assert figures["SMSC, delivered with receipt on 500 messages, against a fresh store"].goal == 0.8
    assert all(figure.value > 0 for name, figure in figures.items() if "CPU" not in name)


@pytest.mark.slow
def test_the_binds_benchmark_measures_its_goals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binds, "_BINDS", 40)
    monkeypatch.setattr(binds, "_FIRST", 10)
    monkeypatch.setattr(binds, "_IDLE_S", 0.01)
    figures = {figure.name: figure for figure in binds.run()}
    memory = figures["40 idle binds: memory for each"]
    assert (memory.goal, memory.at_most, memory.unit) == (20, True, "KB")
    assert figures["40 idle binds: enquire_link on all, answered in"].value > 0


@pytest.mark.slow
def test_the_ussd_benchmark_measures_its_goals(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"_OPEN": 40, "_FIRST": 10, "_HANDSETS": 30, "_AT_ONCE": 20}
    few |= {"_WARM_UP": 20, "_DIALOGUES": 60, "_ALONE": 5}
    for name, value in few.items():
        monkeypatch.setattr(ussd, name, value)
    figures = {figure.name: figure for figure in ussd.run()}
    assert figures["USSD, dialogues of 3 screens"].goal == 2_000
    for alone in ("a step alone", "a step alone while 40 are open"):
        p99 = figures[f"USSD, {alone}: p99"]
        assert (p99.goal, p99.at_most, p99.unit) == (5, True, "ms")
        assert p99.value > 0
    answered = figures["USSD, 40 dialogues open: all answered to their ends"]
    assert (answered.value, answered.goal) == (40, 40)


@pytest.mark.slow
def test_the_voice_benchmark_measures_its_goals(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"_AT_ONCE": 8, "_WARM_UP": 8, "_CALLS": 30, "_TALKING": 20, "_OTHER_PAIRS": 5}
    few |= {"_ALONE": 5, "_BESIDE": 6, "_EXTENDED": 4, "_CHUNK_S": 0}
    for name, value in few.items():
        monkeypatch.setattr(voice_exchange, name, value)
    for name, value in {"_PAIRS": 12, "_FIRST": 4, "_AT_ONCE": 8, "_WARM_UP": 8}.items():
        monkeypatch.setattr(voice_sockets, name, value)
    for name, value in {"_CALLS": 30, "_ALONE": 5}.items():
        monkeypatch.setattr(voice_sockets, name, value)
    figures = {figure.name: figure for figure in voice.run()}
    assert figures["Voice, collect calls with their charge"].goal == 1_000
    talking = figures["Voice, calls in progress at once"]
    assert (talking.value, talking.goal) == (20, 20)
    settled = [figure for name, figure in figures.items() if "settled" in name and "p99" in name]
    assert [(each.goal, each.at_most, each.unit) for each in settled] == [(10, True, "ms")] * 4
    assert figures["Voice, collect calls over WebSockets"].value > 0
    assert all(
        figure.value > 0 for name, figure in figures.items() if "memory" not in name and "CPU" not in name
    )
