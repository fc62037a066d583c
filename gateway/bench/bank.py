"""Money from the bank: payments by SMS and through channels, and many AutoPay rules that are due at once.

A payment by SMS is the whole way over loopback SMPP: ``07 NNNN 100`` is submitted, answered at once, and
confirmed when the bank has concluded it; the operator clock stands and is advanced over the control API, as a
test does. AutoPay runs on a real clock that is set to just before all rules are due, while other
handsets go on asking for their balance.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from gateway.bench import channel_payments
from gateway.bench.customers import BANK, DIGITS, store_customers, store_rules
from gateway.bench.figure import Figure
from gateway.bench.running import ACCOUNTS, Running, gateway
from gateway.bench.texting import Plan, Said

_AMOUNT_KZT = 100
_TIYN = 100
#: So often and so far the clock is advanced: further than the bank ever takes to answer.
_TICK_S = 0.25
_ADVANCE_S = 5
_PAYERS_MAX = 6_000
_ASKING = 1_000
_PER_S = 50
_QUIET_S = 5.0
#: Before the rules are due, so that those who ask are heard first.
_AHEAD = timedelta(hours=6)
_API_TIMEOUT_S = 600.0


def run(sms_payments: int, payments: int, rules: int) -> list[Figure]:
    """Measure so many payments by SMS, so many of each channel, and so many rules; 0 leaves a part out."""
    figures = _sms_payments(sms_payments) if sms_payments else []
    figures += channel_payments.run(payments) if payments else []
    return figures + (_autopay(rules) if rules else [])


# -- payments by SMS -------------------------------------------------------------------------------


def _sms_payments(count: int) -> list[Figure]:
    payers = min(_PAYERS_MAX, count)
    with _stored_gateway(lambda url: store_customers(url, payers)) as running, _api(running) as api:
        api.put("/clock", json={"mode": "virtual"}).raise_for_status()
        plan = Plan(
            port=running.smpp,
            text=f"07 {DIGITS} {_AMOUNT_KZT}",
            code="8080",
            handsets=payers,
            replies=2,
            count=count,
            in_flight=500,
        )
        before = running.cpu_s()
        with _texting(plan) as texting:
            _heard(texting)
            while texting.poll() is None:
                time.sleep(_TICK_S)
                api.post("/clock/advance", json={"seconds": _ADVANCE_S}).raise_for_status()
            said = Said(**_heard(texting))
        cpu_us = (running.cpu_s() - before) / count * 1e6
        _check(api, said, count)
    label = "Payments by SMS, confirmed"
    return [
        Figure(label, count / said.seconds, "payments/s", goal=2_000),
        Figure(f"{label}: gateway CPU per payment", cpu_us, "µs"),
        Figure(f"{label}: load generator CPU per payment", said.cpu_s / count * 1e6, "µs"),
    ]


# -- AutoPay ---------------------------------------------------------------------------------------


def _autopay(rules: int) -> list[Figure]:
    """The time is from the moment at which the rules are due to the last confirmation at a handset."""
    due = datetime.now(UTC) + _AHEAD

    def fill(url: str) -> None:
        store_customers(url, _ASKING)
        store_rules(url, _ASKING, rules, _AMOUNT_KZT * _TIYN, due)

    with _stored_gateway(fill) as running, _api(running) as api:
        plan = Plan(
            port=running.smpp,
            text="BAL",
            code="6000",
            handsets=_ASKING,
            per_s=_PER_S,
            quiet_s=_QUIET_S,
            others=rules,
        )
        with _texting(plan) as texting:
            quiet = _heard(texting)
            began, before = time.monotonic(), running.cpu_s()
            # The moment comes by itself: what is fired on the way of a clock that is set goes first.
            shortly = (due - timedelta(seconds=1)).isoformat()
            api.put("/clock", json={"mode": "real", "now": shortly}).raise_for_status()
            said = Said(**_heard(texting))
        seconds, cpu_us = time.monotonic() - began, (running.cpu_s() - before) / rules * 1e6
        _check(api, said, rules)
    label = f"{rules:,} AutoPay rules due at once"
    return [
        Figure(f"{label}: all run and confirmed in", seconds, "s", 60, at_most=True),
        Figure(f"{label}: gateway CPU per rule", cpu_us, "µs"),
        Figure(f"{label}: {_PER_S} BAL a second meanwhile, p50", said.p50_ms, "ms"),
        Figure(f"{label}: {_PER_S} BAL a second meanwhile, p99", said.p99_ms, "ms", 50, at_most=True),
        Figure(f"{label}: {_PER_S} BAL a second before, p99", quiet["p99_ms"], "ms"),
    ]


# -- what both need --------------------------------------------------------------------------------


@contextmanager
def _stored_gateway(fill: Any) -> Iterator[Running]:
    """A gateway on a database that was filled first."""
    with tempfile.TemporaryDirectory(prefix="shortcode-bench-") as folder:
        fill(f"sqlite:///{Path(folder) / 'shortcode.db'}")
        with gateway(Path(folder), ACCOUNTS) as running:
            yield running


def _api(running: Running) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{running.http}/api/v1", timeout=_API_TIMEOUT_S)


@contextmanager
def _texting(plan: Plan) -> Iterator["subprocess.Popen[str]"]:
    """The load generator. It is ended with the block, whatever happens there."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "gateway.bench.texting"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdin is not None:
            process.stdin.write(json.dumps(asdict(plan)) + "\n")
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


def _check(api: httpx.Client, said: Said, concluded: int) -> None:
    """Every payment was made, once. Raises AssertionError."""
    if said.refused:
        raise AssertionError(f"{said.refused} texts of the benchmark were refused")
    accounts = api.get("/ledger/trial-balance").raise_for_status().json()["accounts"]
    balances = {each["code"]: each["balance"] for each in accounts}
    paid = float(balances.get(f"bank_operator:{BANK}", "0")) / _AMOUNT_KZT
    if paid != concluded:
        raise AssertionError(f"{paid:g} payments were made instead of {concluded}")
