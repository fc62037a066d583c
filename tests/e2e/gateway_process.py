"""A gateway as its users run it: a process of its own, on free ports, with a data directory of its own."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from storage.check import Finding, check
from storage.store import Store
from tests.e2e.control_api import ControlApi
from tests.e2e.waiting import settled, until

#: interfaces.md "Command line": SIGTERM and Ctrl-C stop cleanly within 5 s.
STOP_S = 5.0
#: Isolated, so that the folder in which the tests run shadows nothing.
PYTHON = (sys.executable, "-I")
COMMAND = (*PYTHON, "-m", "gateway")
_LOG_SHOWN = 6_000


def clean_environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our own environment without settings of the product, then ``changes``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHORTCODE_")}
    return kept | dict(changes or {})


def _capture_settings() -> dict[str, str]:
    """A capture file of its own, where all traffic is to be looked at in the end (tests/conftest.py)."""
    folder = os.environ.get("TEST_CAPTURE_DIR")
    return {"CAPTURE_FILE": str(Path(folder) / f"{uuid4().hex}.pcap")} if folder else {}


def run_command(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None, stdin: str = ""
) -> "subprocess.CompletedProcess[str]":
    """A command of the command line, to its end."""
    return subprocess.run(  # noqa: S603 - our own interpreter and module
        [*COMMAND, *arguments],
        env=clean_environment(env),
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class GatewayProcess:
    """One gateway on one data directory; it may be stopped or killed, and started again."""

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        command: Sequence[str] = ("serve", "--demo-data"),
    ) -> None:
        """``settings`` are environment variables without their prefix: ``{"LIMITS__QUEUE_MAX": "1"}``."""
        self.data_dir = folder / "data"
        self.log_file = folder / "gateway.log"
        self.out_file = folder / "gateway.out"
        self.ports_file = folder / "ports.json"
        settings = _capture_settings() | dict(settings or {})
        self._env = clean_environment({f"SHORTCODE_{key}": value for key, value in settings.items()})
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self.smpp_port = self.http_port = self.smpp_tls_port = 0
        self.api = ControlApi(0)

    @property
    def pid(self) -> int:
        """The process id. Raises AssertionError when it was never started."""
        assert self._process is not None, "the gateway was not started"
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """True while the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def database(self) -> Path:
        """The embedded database's file."""
        return self.data_dir / "shortcode.db"

    @property
    def log(self) -> str:
        """Everything written to standard error so far, by all starts."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def log_lines(self, event: str) -> list[dict[str, Any]]:
        """The log lines of one event, once the log stands still: lines gather before they are written."""
        settled(lambda: self.log_file.stat().st_size, "the log stands still")
        lines = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def start(self) -> "GatewayProcess":
        """Start it and wait until it listens."""
        self.ports_file.unlink(missing_ok=True)
        arguments = ["--smpp-port", "0", "--http-port", "0", "--data-dir", str(self.data_dir)]
        with self.log_file.open("ab") as log, self.out_file.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*COMMAND, *self._command, *arguments, "--ports-file", str(self.ports_file)],
                env=self._env,
                cwd=self.log_file.parent,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                # Signals of these tests go to this process only.
                start_new_session=True,
            )
        until(lambda: self.ports_file.exists() or not self.is_alive, "the gateway listens")
        assert self.is_alive, f"the gateway ended at once:\n{self.log}"
        ports = json.loads(self.ports_file.read_text())
        self.smpp_port, self.http_port = ports["smpp"], ports["http"]
        self.smpp_tls_port = ports.get("smpp_tls", 0)
        self.api.close()
        self.api = ControlApi(self.http_port)
        return self

    def stop(self, signal_number: int = signal.SIGTERM) -> None:
        """Ask it to stop. Raises AssertionError unless it ends with exit code 0 in time."""
        self.api.close()
        if self._process is None:
            return
        assert self.is_alive, f"the gateway ended by itself, exit code {self._process.returncode}"
        self._process.send_signal(signal_number)
        assert self.wait() == 0, "a clean stop has exit code 0"

    def terminate(self) -> None:
        """Ask it to stop and do not wait."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Kill -9, by its pid."""
        self.api.close()
        assert self._process is not None
        self._process.kill()
        self._process.wait(STOP_S)

    def end(self) -> None:
        """Whatever happened: no process is left."""
        self.api.close()
        if self._process is not None and self.is_alive:
            self.kill()

    def wait(self) -> int:
        """The exit code of a process that was asked to stop. Raises AssertionError when it takes too long."""
        assert self._process is not None
        try:
            return self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_S)
            raise AssertionError(f"the gateway did not stop within {STOP_S:g} s") from None

    def log_tail(self) -> str:
        """The end of the log, for a report of a failure."""
        return self.log[-_LOG_SHOWN:]

    def findings(self, copy: Path) -> list[Finding]:
        """Every invariant (ledger.md L1 to L16) of the database as it stands, running or not.

        A running gateway holds the database for itself, so a consistent copy is looked at.
        """
        copy.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        with closing(Store.open(f"sqlite:///{copy}", migrate=False)) as store:
            return check(store.reads)

    def assert_sound(self, copy: Path) -> None:
        """Raises AssertionError when an invariant is broken."""
        broken = [f"{each.invariant}: {each.detail}" for each in self.findings(copy) if not each.ok]
        assert not broken, broken
