"""Collect calls over real WebSockets: a gateway process, and a client process with all handsets beside it."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gateway.bench.figure import Figure
from gateway.bench.running import Running, gateway
from gateway.bench.voice_callers import Carried, Order
from gateway.bench.voice_subscribers import store_callers

_PAIRS = 1_000
#: Connected before the first look at the memory: what is made once belongs to no connection.
_FIRST = 100
_AT_ONCE = 256
_WARM_UP = 500
_CALLS = 5_000
_ALONE = 200
_KB = 1_000


class Client:
    """The process with the handsets: one order a line, one answer a line."""

    def __init__(self, port: int, pairs: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-I", "-m", "gateway.bench.voice_calling", str(port), str(pairs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def connect(self, pairs: int) -> float:
        """Have so many pairs connected. Returns the seconds that it took."""
        return float(self._order({"connect": pairs})["seconds"])

    def carry(self, order: Order) -> Carried:
        """Let the handsets call. Raises AssertionError when a call did not go as it should."""
        return Carried(**self._order(asdict(order))).whole()

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("the client has no pipes")
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError("the client of the benchmark has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """Let it close its connections and end."""
        self._process.communicate()


def run() -> list[Figure]:
    """Measure whole calls, one after the other and many at once."""
    with _rig() as (running, client):
        figures = _connected(running, client)
        at_once = min(_AT_ONCE, _PAIRS)
        client.carry(Order(count=_WARM_UP, at_once=at_once, pairs=_PAIRS))
        return [*figures, *_whole(running, client, at_once), *_alone(client)]


@contextmanager
def _rig() -> Iterator[tuple[Running, Client]]:
    """A gateway that knows the handsets as subscribers, and the process that holds them."""
    with tempfile.TemporaryDirectory(prefix="shortcode-bench-") as folder:
        store_callers(f"sqlite:///{Path(folder) / 'shortcode.db'}", 2 * _PAIRS)
        with gateway(Path(folder)) as running:
            client = Client(running.http, _PAIRS)
            try:
                yield running, client
            finally:
                client.end()


def _connected(running: Running, client: Client) -> list[Figure]:
    """What a voice connection costs that says nothing."""
    client.connect(_FIRST)
    before, cpu_before = running.resident_octets(), running.cpu_s()
    client.connect(_PAIRS)
    count = 2 * (_PAIRS - _FIRST)
    each, cpu_s = (running.resident_octets() - before) / count, running.cpu_s() - cpu_before
    label = f"Voice, {2 * _PAIRS:,} WebSockets"
    return [
        Figure(f"{label}: memory for each", each / _KB, "KB"),
        Figure(f"{label}: gateway CPU to connect one", cpu_s / count * 1e6, "µs"),
    ]


def _whole(running: Running, client: Client, at_once: int) -> list[Figure]:
    before = running.cpu_s()
    carried = client.carry(Order(count=_CALLS, at_once=at_once, pairs=_PAIRS))
    gateway_us = (running.cpu_s() - before) / _CALLS * 1e6
    label = "Voice, collect calls over WebSockets"
    return [
        Figure(label, _CALLS / carried.seconds, "calls/s"),
        Figure(f"{label}: p50 until both talk", carried.up_p50_ms, "ms"),
        Figure(f"{label}: p99 until both talk", carried.up_p99_ms, "ms"),
        Figure(f"{label}: gateway CPU per call", gateway_us, "µs"),
        Figure(f"{label}: load generator CPU per call", carried.cpu_s / _CALLS * 1e6, "µs"),
    ]


def _alone(client: Client) -> list[Figure]:
    """One call after the other, and nobody else."""
    carried = client.carry(Order(count=_ALONE, at_once=1, pairs=_PAIRS))
    label = "Voice, one call at a time over WebSockets"
    return [
        Figure(f"{label}: p50 until both talk", carried.up_p50_ms, "ms"),
        Figure(f"{label}: p99 until both talk", carried.up_p99_ms, "ms"),
        Figure(f"{label}: settled after the hang-up, p50", carried.settled_p50_ms, "ms"),
        Figure(f"{label}: settled after the hang-up, p99", carried.settled_p99_ms, "ms", 10, at_most=True),
    ]
