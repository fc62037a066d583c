"""The whole way over loopback SMPP: a code is submitted, and its reply delivered and acknowledged."""

import json
import subprocess
import sys
from typing import Any

import httpx

from gateway.bench.figure import Figure, percentile
from gateway.bench.numbers import msisdn_of
from gateway.bench.running import gateway

SUBSCRIBERS = 600
_PRINT_MAX = 10_000
#: in flight: (commands, goal for commands/s, goal for p99 in ms)
_LOADS: dict[int, tuple[int, float | None, float]] = {
    1: (1_000, None, 5),
    16: (8_000, None, 20),
    256: (30_000, 3_000, 150),
}


def run() -> list[Figure]:
    """Measure a gateway process with a client process beside it."""
    figures: list[Figure] = []
    with gateway() as running:
        codes = _stock(running.http, sum(count for count, _, _ in _LOADS.values()) + 500)
        _run_load(running.smpp, codes, 500, 16)
        for in_flight, (count, rate_goal, p99_goal) in _LOADS.items():
            measured = _run_load(running.smpp, codes, count, in_flight)
            figures += _figures(in_flight, measured, rate_goal, p99_goal)
    return figures


def _figures(
    in_flight: int, measured: dict[str, Any], rate_goal: float | None, p99_goal: float
) -> list[Figure]:
    if measured["failed"]:
        raise AssertionError(f"{measured['failed']} commands of the benchmark were refused")
    latencies = measured["latencies_ms"]
    label = f"SMPP, {in_flight} in flight"
    return [
        Figure(label, measured["replies"] / measured["seconds"], "commands/s", goal=rate_goal),
        Figure(f"{label}: p50", percentile(latencies, 0.5), "ms"),
        Figure(f"{label}: p99", percentile(latencies, 0.99), "ms", goal=p99_goal, at_most=True),
    ]


def _stock(http_port: int, count: int) -> list[str]:
    """Subscribers, and the codes of fresh vouchers."""
    codes: list[str] = []
    with httpx.Client(base_url=f"http://127.0.0.1:{http_port}/api/v1", timeout=60) as api:
        for number in range(SUBSCRIBERS):
            body = {
                "msisdn": msisdn_of(number),
                "brand": "activ",
                "billing": "prepaid",
                "language": ("kk", "ru", "en")[number % 3],
                "owner_name": "",
                "balance": "0.00",
            }
            api.post("/subscribers", json=body).raise_for_status()
        while len(codes) < count:
            wanted = min(_PRINT_MAX, count - len(codes))
            answer = api.post("/vouchers", json={"face_value": "500.00", "count": wanted}).raise_for_status()
            codes += [voucher["code"] for voucher in answer.json()["vouchers"]]
    return codes


def _run_load(smpp_port: int, codes: list[str], count: int, in_flight: int) -> dict[str, Any]:
    """Let a client process use up ``count`` codes."""
    plan = {"port": smpp_port, "codes": codes[:count], "subscribers": SUBSCRIBERS, "in_flight": in_flight}
    del codes[:count]
    done = subprocess.run(
        [sys.executable, "-I", "-m", "gateway.bench.load"],
        input=json.dumps(plan).encode(),
        capture_output=True,
        check=True,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured
