"""Parking: whole cycles over loopback SMPP, a day of many parkings, and many that end at one moment.

A cycle is the whole way: ``AREA*PLATE*1`` to 7757, the request from 7701, ``1`` to 7701, the ticket from
7757. The day is on a virtual clock that is advanced over the control API, as a test does; each parking is
reminded of and ends, at moments of its own. What comes at one moment for all comes on a real clock, while
other handsets go on asking for their balance. Every message goes to a handset that is on. Afterwards the
invariants of the store are checked.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from gateway.bench import parking_cycles, texting
from gateway.bench.figure import Figure
from gateway.bench.parking_stored import Stay, broken_in, store_drivers, store_parked
from gateway.bench.running import ACCOUNTS, Running, gateway
from gateway.bench.texting import Plan, Said
from handlers.base.parking_running import JOB_ENDED, JOB_REMINDER

_DRIVERS_MAX = 6_000
_AT_ONCE = 500
_ASKING = 1_000
_PER_S = 50
_QUIET_S = 5.0
#: What is stored begins and ends so much later, so that nothing of it is due before its time.
_AHEAD = timedelta(hours=6)
#: How many parkings a whole day has; fewer are the same crowd for a part of it.
_A_DAY = 100_000
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
#: Before the end, in the profile.
_REMINDER = timedelta(minutes=10)
_API_TIMEOUT_S = 3_600.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def run(cycles: int, day: int, parked: int) -> list[Figure]:
    """Measure so many cycles, so many parkings of a day, and so many ends at one moment; 0 leaves one out."""
    figures = _cycles(cycles) if cycles else []
    figures += _day(day) if day else []
    return figures + (_one_moment(parked) if parked else [])


# -- whole cycles ----------------------------------------------------------------------------------


def _cycles(count: int) -> list[Figure]:
    drivers, label = min(_DRIVERS_MAX, count), "Parking, full cycles"
    figures: list[Figure] = []
    with _stored_gateway(lambda url: store_drivers(url, drivers), label, figures) as (running, _):
        plan = parking_cycles.Plan(
            port=running.smpp, drivers=drivers, count=count, at_once=min(_AT_ONCE, drivers)
        )
        before = running.cpu_s()
        with _generator(parking_cycles.__name__, asdict(plan)) as process:
            said = parking_cycles.Parked(**_heard(process))
        cpu_us = (running.cpu_s() - before) / count * 1e6
    if said.astray:
        raise AssertionError(f"{said.astray} cycles of the benchmark went astray")
    return [
        Figure(label, count / said.seconds, "cycles/s", goal=2_000),
        Figure(f"{label}: p50", said.p50_ms, "ms"),
        Figure(f"{label}: p99", said.p99_ms, "ms"),
        Figure(f"{label}: gateway CPU per cycle", cpu_us, "µs"),
        Figure(f"{label}: load generator CPU per cycle", said.cpu_s / count * 1e6, "µs"),
        *figures,
    ]


# -- a virtual day ---------------------------------------------------------------------------------


def _day(count: int) -> list[Figure]:
    """The time is from the call that advances the clock to the last message at a handset."""
    began, share = datetime.now(UTC) + _AHEAD, count / _A_DAY
    label = f"{count:,} parkings of a virtual day of {_A_DAY:,}"
    figures: list[Figure] = []
    fill = partial(store_parked, first=0, count=count, stay=over_a_day(began))
    with _stored_gateway(fill, label, figures) as (running, api):
        api.put("/clock", json={"mode": "virtual", "now": began.isoformat()}).raise_for_status()
        plan = Plan(port=running.smpp, text="BAL", code="6000", handsets=1, others=2 * count)
        with _generator(texting.__name__, asdict(plan)) as process:
            _heard(process)
            at, before = time.monotonic(), running.cpu_s()
            day = api.post("/clock/advance", json={"seconds": _span(count) // _SECOND + 1}).raise_for_status()
            _heard(process)
            seconds, cpu_us = time.monotonic() - at, (running.cpu_s() - before) / count * 1e6
        _check(api, day.json()["fired"], count)
    return [
        Figure(f"{label}: reminded, ended and told in", seconds, "s", 60 * share, at_most=True),
        Figure(f"{label}: gateway CPU per parking", cpu_us, "µs"),
        *figures,
    ]


def _span(count: int) -> timedelta:
    """The part of a day after which the first ``count`` of its parkings are over."""
    return _REMINDER + (_DAY - _REMINDER) * count / _A_DAY


def over_a_day(began: datetime) -> Stay:
    """Stays that end one after the other, evenly over a day; nobody has been reminded before it."""
    began_us, hour_us = _us(began - _EPOCH), _us(_HOUR)

    def stay(number: int) -> tuple[int, int]:
        after_us = _us(_span(number)) + 1
        return after_us // hour_us + 1, began_us + after_us

    return stay


def _check(api: httpx.Client, fired: list[dict[str, str]], count: int) -> None:
    """Each was reminded, and is over. Raises AssertionError."""
    kinds = Counter(job["kind"] for job in fired)
    if kinds[JOB_REMINDER] != count or kinds[JOB_ENDED] != count:
        raise AssertionError(f"of {count} parkings this has fired: {dict(kinds)}")
    _check_over(api)


# -- one moment ------------------------------------------------------------------------------------


def _one_moment(count: int) -> list[Figure]:
    """All are reminded at one moment, and end at another."""
    ends = datetime.now(UTC) + _AHEAD
    ends_us, label = _us(ends - _EPOCH), f"{count:,} parkings at one moment"
    figures: list[Figure] = []

    def fill(url: str) -> None:
        store_drivers(url, _ASKING)
        store_parked(url, _ASKING, count, lambda _: (1, ends_us))

    with _stored_gateway(fill, label, figures) as (running, api):
        reminded = _moment(f"{label} are reminded", ends - _REMINDER, count, running, api)
        ended = _moment(f"{label} end", ends, count, running, api)
        _check_over(api)
    return [*reminded, *ended, *figures]


def _moment(label: str, due: datetime, count: int, running: Running, api: httpx.Client) -> list[Figure]:
    """The time is from a second before the moment to the last message at a handset."""
    plan = Plan(
        port=running.smpp,
        text="BAL",
        code="6000",
        handsets=_ASKING,
        per_s=_PER_S,
        quiet_s=_QUIET_S,
        others=count,
    )
    with _generator(texting.__name__, asdict(plan)) as process:
        quiet = _heard(process)
        # The moment comes by itself: what is fired on the way of a clock that is set goes first.
        api.put("/clock", json={"mode": "real", "now": (due - _SECOND).isoformat()}).raise_for_status()
        began, before = time.monotonic(), running.cpu_s()
        said = Said(**_heard(process))
    seconds, cpu_us = time.monotonic() - began, (running.cpu_s() - before) / count * 1e6
    if said.refused:
        raise AssertionError(f"{said.refused} texts of the benchmark were refused")
    beside = f"{label}: {_PER_S} BAL a second"
    return [
        Figure(f"{label}: all told in", seconds, "s", 60, at_most=True),
        Figure(f"{label}: gateway CPU for each", cpu_us, "µs"),
        Figure(f"{beside} meanwhile, p50", said.p50_ms, "ms"),
        Figure(f"{beside} meanwhile, p99", said.p99_ms, "ms", 50, at_most=True),
        Figure(f"{beside} before, p99", quiet["p99_ms"], "ms"),
    ]


def _check_over(api: httpx.Client) -> None:
    """No parking is open any more. Raises AssertionError."""
    if left := api.get("/parking/sessions", params={"open": True, "limit": 1}).raise_for_status().json():
        raise AssertionError(f"a parking of the benchmark is still {left[0]['state']}")


# -- what all need ---------------------------------------------------------------------------------


@contextmanager
def _stored_gateway(
    fill: Callable[[str], None], label: str, figures: list[Figure]
) -> Iterator[tuple[Running, httpx.Client]]:
    """A gateway on a database that was filled first. When it has ended its books are checked, and how long
    that took joins the figures. Raises AssertionError for books that are wrong.
    """
    with tempfile.TemporaryDirectory(prefix="shortcode-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'shortcode.db'}"
        fill(url)
        with gateway(Path(folder), ACCOUNTS) as running:
            base_url = f"http://127.0.0.1:{running.http}/api/v1"
            with httpx.Client(base_url=base_url, timeout=_API_TIMEOUT_S) as api:
                yield running, api
        began = time.monotonic()
        if broken := broken_in(url):
            raise AssertionError(f"the books of the benchmark are wrong: {broken}")
        figures.append(Figure(f"{label}: all invariants hold, checked in", time.monotonic() - began, "s"))


@contextmanager
def _generator(module: str, plan: dict[str, Any]) -> Iterator["subprocess.Popen[str]"]:
    """A load generator. It is ended with the block, whatever happens there."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-I", "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        if process.stdin is not None:
            process.stdin.write(json.dumps(plan) + "\n")
            process.stdin.flush()
        yield process
    finally:
        process.terminate()
        process.communicate()


def _heard(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The next line that it says. Raises AssertionError when it has ended instead."""
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise AssertionError("the load generator of the benchmark has ended")
    said: dict[str, Any] = json.loads(line)
    return said


def _us(span: timedelta) -> int:
    return span // _MICROSECOND
