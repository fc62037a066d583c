"""Lines in and out, on a terminal or through pipes.

On a terminal a line that arrives while someone types is put above the prompt, and what was typed stays.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Lock
from typing import Final, TextIO

_CLEAR_LINE: Final = "\r\x1b[K"


class Console:
    """Where a handset's lines go. ``line`` and ``problem`` may be called from any thread."""

    def __init__(self, stdin: TextIO, stdout: TextIO, stderr: TextIO) -> None:
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        self._interactive = stdin.isatty() and stdout.isatty()
        self._lock = Lock()
        #: The prompt that is on the screen now, or "".
        self._prompt = ""
        self._typed: Callable[[], str] = str
        for stream in (stdout, stderr):
            # A terminal that lacks a letter must not end the handset.
            with suppress(AttributeError):
                stream.reconfigure(errors="backslashreplace")  # type: ignore[attr-defined]  # TextIOWrapper has it

    @property
    def is_interactive(self) -> bool:
        """Someone sits at a terminal."""
        return self._interactive

    def line(self, text: str) -> None:
        """Print one line (or one block of lines) to the standard output."""
        with self._lock:
            if self._prompt:
                self._write(self._stdout, f"{_CLEAR_LINE}{text}\n{self._prompt}{self._typed()}")
            else:
                self._write(self._stdout, f"{text}\n")

    def problem(self, text: str) -> None:
        """Print one line to the standard error."""
        with self._lock:
            self._write(self._stderr, f"{text}\n")

    def lines(self, prompt: str) -> Iterator[str]:
        """What is typed or piped in, line by line until the end of the input."""
        return self._prompted(prompt) if self._interactive else iter(self._stdin)

    def _prompted(self, prompt: str) -> Iterator[str]:
        self._typed = _line_editor()
        while True:
            self._set_prompt(prompt)
            try:
                text = input(prompt)
            except EOFError:
                self._set_prompt("")
                self.line("")
                return
            finally:
                self._set_prompt("")
            yield text

    def _set_prompt(self, prompt: str) -> None:
        with self._lock:
            self._prompt = prompt

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(text)
            stream.flush()
        except (BrokenPipeError, ValueError):
            # The reader of our output is gone (`| head`); the handset goes on without one.
            self._mute(stream)

    def _mute(self, stream: TextIO) -> None:
        """Else the interpreter's own flush at exit would complain once more."""
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)


def _line_editor() -> Callable[[], str]:
    """Load line editing with history where Python has it; returns what gives the text typed so far."""
    try:
        import readline  # noqa: PLC0415  # only for a terminal, and not part of every Python
    except ImportError:
        return str
    return readline.get_line_buffer
