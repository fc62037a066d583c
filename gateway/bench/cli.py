"""Runs the benchmarks and prints them as a table and as JSON."""

import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gateway.bench import bank, binds, ledger, parking, smpp, smsc, ussd, voice
from gateway.bench.figure import Figure, as_json
from gateway.bench.sizes import DEFAULT_SIZES, Sizes

BENCHMARKS: Mapping[str, Callable[[Sizes], list[Figure]]] = {
    "ledger": lambda sizes: ledger.run(sizes.commands_before),
    "smpp": lambda _: smpp.run(),
    "smsc": lambda sizes: smsc.run(sizes.messages_before),
    "binds": lambda _: binds.run(),
    "ussd": lambda _: ussd.run(),
    "bank": lambda sizes: bank.run(sizes.sms_payments, sizes.channel_payments, sizes.rules),
    "voice": lambda _: voice.run(),
    "parking": lambda sizes: parking.run(sizes.parking_cycles, sizes.parking_day, sizes.parked),
}


def run(which: str, json_path: Path | None, sizes: Sizes = DEFAULT_SIZES) -> int:
    """Run one benchmark or ``all``. Exit code 1 when a goal was missed, so that a script can tell."""
    names = list(BENCHMARKS) if which == "all" else [which]
    figures = [figure for name in names for figure in BENCHMARKS[name](sizes)]
    report = {"machine": machine(), "date": datetime.now(UTC).date().isoformat(), "figures": as_json(figures)}
    Console().print(table(figures))
    if json_path is None:
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
    else:
        json_path.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if all(figure.met is not False for figure in figures) else 1


def machine() -> str:
    """What the figures were measured on, without its name."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def table(figures: list[Figure]) -> Table:
    """The report for people."""
    shown = Table("what", "measured", "goal", "", title="shortcode bench")
    for figure in figures:
        goal = (
            "" if figure.goal is None else f"{'≤' if figure.at_most else '≥'} {figure.goal:,g} {figure.unit}"
        )
        mark = {None: "", True: "ok", False: "MISSED"}[figure.met]
        shown.add_row(figure.name, f"{figure.value:,.2f} {figure.unit}", goal, mark)
    return shown
