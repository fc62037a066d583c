"""Ten thousand idle binds in one gateway: memory for each, and whether all are served."""

import json
import subprocess
import sys
import time
from typing import Any

from gateway.bench.figure import Figure
from gateway.bench.running import ACCOUNTS, Running, gateway

_BINDS = 10_000
#: Bound before the first look at the memory: what is made once belongs to no bind.
_FIRST = 200
_IDLE_S = 10.0
_FILES = _BINDS + 500
_KB = 1_000


def run() -> list[Figure]:
    """Measure a gateway process with one client process that holds all handsets."""
    _allow_files(_FILES)
    with gateway(accounts=ACCOUNTS) as running:
        client = _Client(running.smpp)
        try:
            return _measure(running, client)
        finally:
            client.end()


def _measure(running: Running, client: "_Client") -> list[Figure]:
    client.order(bind=_FIRST)
    before, cpu_before = running.resident_octets(), running.cpu_s()
    bound = client.order(bind=_BINDS - _FIRST)
    if bound["refused"]:
        raise AssertionError(f"{bound['refused']} binds of the benchmark were refused")
    bind_us = (running.cpu_s() - cpu_before) / (_BINDS - _FIRST) * 1e6
    label = f"{_BINDS:,} idle binds"
    enquired = _enquired(running, client, label)
    # After each has sent something: what a first PDU makes belongs to the bind.
    each = (running.resident_octets() - before) / (_BINDS - _FIRST)
    return [
        Figure(f"{label}: memory for each", each / _KB, "KB", 20, at_most=True),
        Figure(f"{label}: gateway CPU for each bind", bind_us, "µs"),
        *enquired,
        Figure(f"{label}: gateway CPU while idle", _idle_share(running) * 100, "%"),
    ]


def _enquired(running: Running, client: "_Client", label: str) -> list[Figure]:
    """Everybody asks at once. Raises (in the client) when an answer does not come."""
    before = running.cpu_s()
    asked = client.order(enquire=True)
    cpu_us = (running.cpu_s() - before) / _BINDS * 1e6
    return [
        Figure(f"{label}: enquire_link on all, answered in", asked["seconds"], "s"),
        Figure(f"{label}: gateway CPU per enquire_link", cpu_us, "µs"),
    ]


def _idle_share(running: Running) -> float:
    """How much of a core a gateway with idle binds takes; its own enquire_link is part of that."""
    before = running.cpu_s()
    time.sleep(_IDLE_S)
    return (running.cpu_s() - before) / _IDLE_S


def _allow_files(count: int) -> None:
    """Let this process and its children open so many files, as far as the system lets it."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Client:
    """The process that holds the handsets: one order a line, one answer a line."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-I", "-m", "gateway.bench.idle", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, **order: object) -> dict[str, Any]:
        """Give an order and wait for its answer. Raises AssertionError when the client has ended instead."""
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
        """End the process; its connections go with it."""
        self._process.terminate()
        self._process.communicate()
