"""USSD over loopback SMPP: whole dialogues of the operator's menus, a step alone, and many open at once."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from gateway.bench.dialling import SCREENS, Walk, Walked
from gateway.bench.figure import Figure
from gateway.bench.running import ACCOUNTS, Running, gateway
from gateway.bench.stored import subscribe

#: Open at once, each on a handset of its own.
_OPEN = 10_000
#: Opened before the first look at the memory: what is made once belongs to no dialogue.
_FIRST = 200
#: The handsets of whole dialogues, and how many of them are in one at a time.
_HANDSETS = 2_000
_AT_ONCE = 500
_WARM_UP = 2_000
_DIALOGUES = 20_000
_ALONE = 1_000
_KB = 1_000


class Client:
    """The process with the handsets: one order a line, one answer a line."""

    def __init__(self, port: int, handsets: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-I", "-m", "gateway.bench.dialling", str(port), str(handsets)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def walk(self, walk: Walk) -> Walked:
        """Let the handsets walk. Raises AssertionError when one did not end as it should."""
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("the client has no pipes")
        self._process.stdin.write(json.dumps(asdict(walk)) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError("the client of the benchmark has ended")
        walked = Walked(**json.loads(line))
        if walked.astray or walked.lost:
            raise AssertionError(f"of the dialogues {walked.astray} went astray, {walked.lost} were lost")
        return walked

    def end(self) -> None:
        """Let it unbind and end."""
        self._process.communicate()


def run() -> list[Figure]:
    """Measure a gateway process with one client process that holds all handsets."""
    with _rig() as (running, client):
        client.walk(Walk(count=_WARM_UP, at_once=min(_AT_ONCE, _WARM_UP), handsets=_HANDSETS))
        return [*_whole(running, client), *_alone(client, "a step alone", 0), *_many(running, client)]


@contextmanager
def _rig() -> Iterator[tuple[Running, Client]]:
    """A gateway that knows the handsets as subscribers, and the process that holds them. One is more than
    those with an open dialogue, so that it may walk meanwhile.
    """
    handsets = max(_OPEN, _HANDSETS) + 1
    with tempfile.TemporaryDirectory(prefix="shortcode-bench-") as folder:
        subscribe(f"sqlite:///{Path(folder) / 'shortcode.db'}", handsets)
        with gateway(Path(folder), ACCOUNTS) as running:
            client = Client(running.smpp, handsets)
            try:
                yield running, client
            finally:
                client.end()


def _whole(running: Running, client: Client) -> list[Figure]:
    """As many whole dialogues a second as there can be."""
    before = running.cpu_s()
    walked = client.walk(Walk(count=_DIALOGUES, at_once=_AT_ONCE, handsets=_HANDSETS))
    gateway_us = (running.cpu_s() - before) / _DIALOGUES * 1e6
    label = f"USSD, dialogues of {SCREENS} screens"
    return [
        Figure(label, walked.ended / walked.seconds, "dialogues/s", goal=2_000),
        Figure(f"{label}: p50 of a step", walked.p50_ms, "ms"),
        Figure(f"{label}: p99 of a step", walked.p99_ms, "ms"),
        Figure(f"{label}: gateway CPU per dialogue", gateway_us, "µs"),
        Figure(f"{label}: load generator CPU per dialogue", walked.cpu_s / _DIALOGUES * 1e6, "µs"),
    ]


def _alone(client: Client, what: str, first: int) -> list[Figure]:
    """One handset walks, and nobody else."""
    walked = client.walk(Walk(count=_ALONE, at_once=1, handsets=1, first=first))
    return [
        Figure(f"USSD, {what}: p50", walked.p50_ms, "ms"),
        Figure(f"USSD, {what}: p99", walked.p99_ms, "ms", 5, at_most=True),
    ]


def _many(running: Running, client: Client) -> list[Figure]:
    """Many dialogues are open; one more handset walks; then all of them are answered to their ends."""
    label = f"USSD, {_OPEN:,} dialogues open"
    client.walk(Walk(count=_FIRST, at_once=min(_AT_ONCE, _FIRST), handsets=_FIRST, end=1))
    before, more = running.resident_octets(), _OPEN - _FIRST
    opened = client.walk(Walk(count=more, at_once=min(_AT_ONCE, more), handsets=more, first=_FIRST, end=1))
    each = (running.resident_octets() - before) / more
    step = _alone(client, f"a step alone while {_OPEN:,} are open", _OPEN)
    answered = client.walk(Walk(count=_OPEN, at_once=min(_AT_ONCE, _OPEN), handsets=_OPEN, begin=1))
    return [
        Figure(f"{label}: memory for each", each / _KB, "KB"),
        Figure(f"{label}: opened", more / opened.seconds, "dialogues/s"),
        *step,
        Figure(f"{label}: all answered to their ends", answered.ended, "dialogues", goal=_OPEN),
        Figure(f"{label}: answered to their ends", answered.ended / answered.seconds, "dialogues/s"),
    ]
