"""Lines that a thread writes: whole, in order, none lost at the end of the process."""

import io
import subprocess
import sys
from threading import Event

from gateway.log_stream import LINES_MAX, GatheringStream


class Target(io.StringIO):
    """Tells when it was flushed, or fails."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed = Event()
        self.gone = False

    def write(self, text: str) -> int:
        if self.gone:
            raise BrokenPipeError
        return super().write(text)

    def flush(self) -> None:
        self.flushed.set()


def test_lines_come_out_in_order_without_being_asked_for() -> None:
    target = Target()
    stream = GatheringStream(target, gather_s=0)
    stream.write("one\n")
    stream.write("two\n")
    while target.getvalue() != "one\ntwo\n":
        assert target.flushed.wait(10)
        target.flushed.clear()


def test_a_slow_target_stops_those_who_log_and_not_the_memory() -> None:
    target = Target()
    stream = GatheringStream(target, gather_s=3600)
    for number in range(LINES_MAX + 1):
        stream.write(f"{number}\n")
    assert target.getvalue().count("\n") == LINES_MAX + 1


def test_a_target_that_is_gone_hurts_nobody() -> None:
    target = Target()
    stream = GatheringStream(target, gather_s=3600)
    stream.write("lost\n")
    target.gone = True
    stream.drain()
    target.gone = False
    stream.write("there\n")
    stream.drain()
    assert target.getvalue() == "there\n"


def test_the_last_lines_are_written_when_the_process_ends() -> None:
    program = (
        "import sys; from gateway.log_stream import GatheringStream;"
        "GatheringStream(sys.stderr, 3600).write('the end\\n')"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr == "the end\n"
