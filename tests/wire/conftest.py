"""The golden octets, read from the hex file that is kept by hand."""

from pathlib import Path

import pytest


def read_golden(path: Path) -> dict[str, bytes]:
    """Sections ``== name`` of hex digits; blanks and what follows ``#`` do not count."""
    golden: dict[str, bytearray] = {}
    name = ""
    for line in path.read_text(encoding="ascii").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("== "):
            name = text.removeprefix("== ")
            golden[name] = bytearray()
        elif text:
            golden[name] += bytes.fromhex(text)
    return {name: bytes(octets) for name, octets in golden.items()}


@pytest.fixture(scope="session")
def golden() -> dict[str, bytes]:
    """Name of the case to its octets."""
    return read_golden(Path(__file__).with_name("smpp34.hex"))
