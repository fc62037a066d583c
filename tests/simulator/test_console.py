"""Lines in and out through pipes; the terminal is tested as a process in test_cli."""

import io
import os

from simulator.console import Console


def test_output_and_problems_are_apart_and_there_is_no_prompt_in_a_pipe() -> None:
    out, errors = io.StringIO(), io.StringIO()
    console = Console(io.StringIO("one\ntwo"), out, errors)
    assert list(console.lines("prompt> ")) == ["one\n", "two"]
    console.line("shown")
    console.problem("said")
    assert (out.getvalue(), errors.getvalue(), console.is_interactive) == ("shown\n", "said\n", False)


def test_a_letter_that_the_output_lacks_is_spelled_out() -> None:
    octets = io.BytesIO()
    console = Console(io.StringIO(), io.TextIOWrapper(octets, encoding="ascii"), io.StringIO())
    console.line("Теңге")
    assert octets.getvalue() == rb"\u0422\u0435\u04a3\u0433\u0435" + os.linesep.encode()


def test_a_reader_that_is_gone_does_not_end_the_handset() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        console = Console(io.StringIO(), out, io.StringIO())
        console.line("nobody reads this")
        console.line("nor this")
