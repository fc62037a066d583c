"""Store-and-forward over loopback SMPP: accepted and durable, delivered to a handset, receipt returned.

An application submits; a load generator in a process of its own is application and handsets in one.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from gateway.bench.figure import Figure
from gateway.bench.running import ACCOUNTS, Running, gateway
from gateway.bench.stored import fill
from gateway.bench.traffic import Measured, Plan

_WARM_UP = 1_000
#: The handsets to which messages go in turn.
_HANDSETS = 2_000


@dataclass(frozen=True, slots=True)
class Load:
    """One way of submitting, with its goals: messages a second, and µs of the gateway's CPU for each."""

    label: str
    count: int
    in_flight: int
    numbers: int
    receipts: bool
    goal: float | None = None


#: The path first: what the others leave in the store waits for handsets, which would get it too.
LOADS = (
    Load("SMSC, delivered with receipt", 40_000, 500, _HANDSETS, receipts=True, goal=6_000),
    Load("SMSC, accepted for one handset that is off", 30_000, 500, 1, receipts=False, goal=12_000),
    Load("SMSC, accepted for 10,000 handsets that are off", 30_000, 500, 10_000, receipts=False, goal=12_000),
)
#: A store with many messages may slow the path by a fifth.
_SHARE = 0.8
_ROUNDS = 5


def run(messages_before: int = 0) -> list[Figure]:
    """Measure on a fresh store, and against one that holds ``messages_before`` messages."""
    with gateway(accounts=ACCOUNTS) as running:
        _run_load(running, LOADS[0], _WARM_UP)
        figures = [figure for load in LOADS for figure in _measure(running, load)]
    return figures + _on_full_store(messages_before) if messages_before else figures


def _on_full_store(messages: int) -> list[Figure]:
    """A gateway on a full store and one on a fresh store, in turn, so that whatever else the machine does
    meets both alike.
    """
    with tempfile.TemporaryDirectory(prefix="shortcode-bench-") as folder:
        fill_s = fill(f"sqlite:///{Path(folder) / 'shortcode.db'}", messages)
        with gateway(accounts=ACCOUNTS) as fresh, gateway(Path(folder), ACCOUNTS) as full:
            for running in (fresh, full):
                _run_load(running, LOADS[0], _WARM_UP)
            rounds = [(_rate(fresh), _rate(full)) for _ in range(_ROUNDS)]
    label = f"{LOADS[0].label} on {messages:,} messages"
    return [
        Figure(f"SMSC, filling a store with {messages:,} messages", fill_s, "s"),
        Figure(label, median(on_full for _, on_full in rounds), "messages/s"),
        Figure(f"{label}, against a fresh store", median(b / a for a, b in rounds), "x", goal=_SHARE),
    ]


def _rate(running: Running) -> float:
    measured = _run_load(running, LOADS[0], LOADS[0].count // _ROUNDS)
    return measured.ended / measured.seconds


def _measure(running: Running, load: Load) -> list[Figure]:
    before = running.cpu_s()
    measured = _run_load(running, load, load.count)
    gateway_s = running.cpu_s() - before
    if measured.refused:
        raise AssertionError(f"{measured.refused} messages of the benchmark were refused")
    label = load.label
    return [
        Figure(label, measured.ended / measured.seconds, "messages/s", goal=load.goal),
        Figure(f"{label}: p50", measured.p50_ms, "ms"),
        Figure(f"{label}: p99", measured.p99_ms, "ms"),
        Figure(f"{label}: gateway CPU per message", gateway_s / load.count * 1e6, "µs"),
        Figure(f"{label}: load generator CPU per message", measured.cpu_s / load.count * 1e6, "µs"),
    ]


def _run_load(running: Running, load: Load, count: int) -> Measured:
    """Let a load generator submit ``count`` messages, and wait until it has left."""
    plan = Plan(
        port=running.smpp,
        count=count,
        in_flight=load.in_flight,
        numbers=load.numbers,
        receipts=load.receipts,
    )
    done = subprocess.run(
        [sys.executable, "-I", "-m", "gateway.bench.traffic"],
        input=json.dumps(asdict(plan)).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return Measured(**json.loads(done.stdout))
