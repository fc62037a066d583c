"""A gateway process to measure: its ports, and what it costs by the kernel's books."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.config import Side

_START_S = 30.0
_STOP_S = 30.0
_KIB = 1_024
#: utime and stime among the fields of /proc/PID/stat that follow the name.
_TIMES = slice(11, 13)
#: As the demo's, with windows that do not limit what is measured.
ACCOUNTS: Sequence[Mapping[str, object]] = (
    {
        "system_id": "handset",
        "password": "handset",
        "side": Side.HANDSET.value,
        "binds_max": 10_000,
        "window": 1_000,
    },
    {
        "system_id": "app1",
        "password": "secret1",
        "side": Side.APPLICATION.value,
        "short_codes": ["1234"],
        "window": 1_000,
    },
)


@dataclass(frozen=True, slots=True)
class Running:
    """The ports of a gateway, and its process id."""

    smpp: int
    http: int
    pid: int

    def cpu_s(self) -> float:
        """CPU seconds of the process so far, all threads; 0 where the system has no ``/proc``."""
        stat = Path(f"/proc/{self.pid}/stat")
        if not stat.exists():
            return 0.0
        fields = stat.read_text().rpartition(")")[2].split()
        return sum(map(int, fields[_TIMES])) / os.sysconf("SC_CLK_TCK")

    def resident_octets(self) -> int:
        """Memory that the process holds; 0 where the system has no ``/proc``."""
        status = Path(f"/proc/{self.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return sum(int(line.split()[1]) * _KIB for line in lines if line.startswith("VmRSS:"))


@contextmanager
def gateway(
    folder: Path | None = None, accounts: Sequence[Mapping[str, object]] | None = None
) -> Iterator[Running]:
    """A gateway on free ports, on the database in ``folder`` or a fresh one, with ``accounts`` or the demo's.

    Raises TimeoutError when it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="shortcode-bench-") as fresh:
        data_dir = folder or Path(fresh)
        ports_file = Path(fresh) / "ports.json"
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [
                *(sys.executable, "-I", "-m", "gateway", "serve", "--smpp-port", "0", "--http-port", "0"),
                *("--data-dir", str(data_dir), "--ports-file", str(ports_file)),
            ],
            env=_environment(accounts),
        )
        try:
            ports = _ports(ports_file, process)
            yield Running(ports["smpp"], ports["http"], process.pid)
        finally:
            process.terminate()
            process.wait(_STOP_S)


def _environment(accounts: Sequence[Mapping[str, object]] | None) -> dict[str, str]:
    own = {} if accounts is None else {"SHORTCODE_ACCOUNTS": json.dumps(accounts)}
    return {**os.environ, "SHORTCODE_LOG_LEVEL": "warning", **own}


def _ports(ports_file: Path, process: "subprocess.Popen[bytes]") -> dict[str, int]:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        if ports_file.exists():
            ports: dict[str, int] = json.loads(ports_file.read_text())
            return ports
        time.sleep(0.02)
    raise TimeoutError("the gateway of the benchmark did not start")
