"""Wireshark's dissector (tshark) as a judge of captures."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

#: What it says of a PDU that is not laid out as the specification has it.
WRONG = "_ws.malformed || _ws.expert.severity == error"


def run(tshark: str, capture: Path, *arguments: str) -> list[str]:
    """The lines that tshark prints of a capture. Raises AssertionError when it cannot read it."""
    # No name is looked up, and SMPP is what the file says, not what a port suggests.
    command = [tshark, "-n", "-r", str(capture), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def wrong(tshark: str, capture: Path) -> list[str]:
    """The frames that it finds malformed."""
    return run(tshark, capture, "-Y", WRONG)


def fields(tshark: str, capture: Path, *names: str) -> list[tuple[str, ...]]:
    """The named fields of every frame; ``|`` between several values of one frame."""
    options = [each for name in names for each in ("-e", name)]
    lines = run(tshark, capture, "-T", "fields", "-E", "separator=/t", "-E", "aggregator=|", *options)
    return [tuple(line.split("\t")) for line in lines]


def count(tshark: str, captures: Iterable[Path]) -> tuple[int, list[str]]:
    """How many frames it read, and what was wrong with any of them."""
    frames, found = 0, []
    for capture in captures:
        frames += len(run(tshark, capture, "-T", "fields", "-e", "frame.number"))
        found += [f"{capture.name}: {line}" for line in wrong(tshark, capture)]
    return frames, found
