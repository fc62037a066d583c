"""An example application of the simulator, as a process of its own."""

import signal
import subprocess
from typing import Self

from tests.e2e.gateway_process import PYTHON, STOP_S, clean_environment


class Example:
    """Runs ``python -m simulator.examples.NAME`` until the ``with`` ends, which it has to survive well."""

    def __init__(self, name: str, *arguments: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [*PYTHON, "-W", "error", "-m", f"simulator.examples.{name}", *arguments],
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def line(self) -> str:
        """The line by which it says that it is ready. Raises AssertionError where it ended instead."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line, f"it ended with {self._process.wait(STOP_S)}: {self.said()}"
        return line

    def stop(self) -> int:
        """Ask it to stop; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STOP_S)

    def wait(self) -> int:
        """The exit code of one that ends by itself."""
        return self._process.wait(STOP_S)

    def said(self) -> str:
        """Everything on standard error, once it has ended."""
        assert self._process.stderr is not None
        return self._process.stderr.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            if self._process.poll() is None:
                self._process.kill()
