"""Log lines written by a thread of their own, some milliseconds after they were said.

A write to a file or pipe gives up the interpreter's lock, and under load waits for it again: a line for each
message would cost more than the message. What is lost when the process is killed are the last few lines.
"""

import atexit
import time
from collections import deque
from threading import Event, Lock, Thread
from typing import TextIO

#: How long lines gather before they are written.
GATHER_S = 0.02
#: With so many lines waiting, who logs has to write them himself: the target is slower than the log.
LINES_MAX = 20_000


class GatheringStream:
    """The part of a text stream that loggers use. Lines come out whole and in order."""

    def __init__(self, target: TextIO, gather_s: float = GATHER_S) -> None:
        self._target = target
        self._gather_s = gather_s
        self._lines: deque[str] = deque()
        self._said = Event()
        self._writing = Lock()
        atexit.register(self.drain)
        Thread(target=self._run, name="log", daemon=True).start()

    def write(self, text: str) -> int:
        """Keep a line until the thread comes round."""
        self._lines.append(text)
        if not self._said.is_set():
            self._said.set()
        if len(self._lines) > LINES_MAX:
            self.drain()
        return len(text)

    def flush(self) -> None:
        """Nothing: the thread flushes."""

    def isatty(self) -> bool:
        """As the target says."""
        return self._target.isatty()

    def drain(self) -> None:
        """Write what waits, now. A target that is gone takes nothing any more, and nobody can be told."""
        with self._writing:
            waiting = "".join([self._lines.popleft() for _ in range(len(self._lines))])
            try:
                self._target.write(waiting)
                self._target.flush()
            except (OSError, ValueError):
                return

    def _run(self) -> None:
        while True:
            self._said.wait()
            time.sleep(self._gather_s)
            self._said.clear()
            self.drain()
