"""Calls in the line mode, driven by text in and text out."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.console import Console
from simulator.plain import PlainHandset
from simulator.target import Target
from tests.simulator.conftest import MSISDN
from tests.simulator.fake_exchange import FakeExchange
from tests.simulator.fake_smsc import FakeSmsc

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
CALLED = "77021234567"


class Session:
    """A run through pipes with a voice channel."""

    def __init__(self, smsc: FakeSmsc, exchange: FakeExchange) -> None:
        self._smsc, self._exchange = smsc, exchange
        self.out, self.errors = io.StringIO(), io.StringIO()

    def run(self, *lines: str, wait_s: float = 10.0) -> str:
        """Carry out commands and return all that was printed to the standard output."""
        console = Console(io.StringIO("".join(f"{line}\n" for line in lines)), self.out, self.errors)
        PlainHandset(
            MSISDN,
            Target.parse(self._smsc.target),
            console,
            lambda: NOON,
            answer_wait_s=wait_s,
            voice=self._exchange.target,
        ).run()
        return self.out.getvalue()


@pytest.fixture
def session(smsc: FakeSmsc, exchange: FakeExchange) -> Session:
    """A run to come."""
    return Session(smsc, exchange)


def voucher_line(exchange: FakeExchange) -> None:
    """A service that takes the call, asks for a code, and says what became of it."""

    def step(frame: dict[str, Any]) -> None:
        if frame["type"] == "dial":
            exchange.send("connected", call="c1", to=frame["number"])
            exchange.send("prompt", call="c1", id="voucher.enter", text="Enter the code,\nthen star")
        elif frame["type"] == "dtmf":
            exchange.send("prompt", call="c1", id="voucher.ok", text="500 tenge credited")
            exchange.send("ended", call="c1", reason="finished", duration_s=0, charge="0.00")

    exchange.on_frame = step


def person(exchange: FakeExchange) -> None:
    """Somebody who is rung for a collect call, answers, and leaves when the caller does."""

    def step(frame: dict[str, Any]) -> None:
        if frame["type"] == "dial":
            exchange.send("prompt", call="c1", id="collect.say_name", text="Say your name")
        elif frame["type"] == "say":
            exchange.send("ringing", call="c1", to=CALLED)
            exchange.send("connected", call="c1", to=CALLED)
        elif frame["type"] == "hangup":
            exchange.send("ended", call="c1", reason="hangup", duration_s=61, charge="0.00")

    exchange.on_frame = step


def caller(exchange: FakeExchange) -> None:
    """Somebody who calls as soon as the handset answers anything, and is taken with ``1``."""

    def step(frame: dict[str, Any]) -> None:
        if frame["type"] == "dial":
            exchange.send("error", code="in_a_call", detail="hang up first")
            exchange.send("incoming", call="c2", from_="77771234567")
        elif frame["type"] == "answer":
            exchange.send("prompt", call="c2", id="collect.announce", text="1 to take it")
        elif frame["type"] == "dtmf":
            exchange.send("connected", call="c2", to="77771234567")
        elif frame["type"] == "hangup":
            exchange.send("ended", call="c2", reason="hangup", duration_s=61, charge="15.25")

    exchange.on_frame = step


def test_a_service_is_called_and_keyed_through_a_pipe(exchange: FakeExchange, session: Session) -> None:
    voucher_line(exchange)
    out = session.run("call 9393", "keys 1234567890123*")
    assert "12:00:00 connected to 9393\n12:00:00 voice: Enter the code,\n    then star\n" in out
    assert "12:00:00 voice: 500 tenge credited\n" in out
    assert session.errors.getvalue() == ""
    assert exchange.frame() == {"type": "dial", "number": "9393"}
    assert exchange.frame() == {"type": "dtmf", "call": "c1", "digits": "1234567890123*"}


def test_a_collect_call_is_made_and_hung_up(exchange: FakeExchange, session: Session) -> None:
    person(exchange)
    out = session.run(f"call 000{CALLED}", "name Aliya", "hang")
    for line in ("voice: Say your name", f"{CALLED} rings", "call ended: hangup, 61 s"):
        assert f"12:00:00 {line}\n" in out
    assert [exchange.frame()["type"] for _ in range(3)] == ["dial", "say", "hangup"]
    assert session.errors.getvalue() == ""


def test_a_call_that_rings_is_taken_and_its_charge_shown(exchange: FakeExchange, session: Session) -> None:
    caller(exchange)
    out = session.run("call 9393", "pick", "keys 1", "hang")
    assert "12:00:00 not done: hang up first (in_a_call)\n" in out
    assert "call from 77771234567\n    (take it with: pick, refuse it with: hang)\n" in out
    assert "12:00:00 connected to 77771234567\n" in out
    assert out.endswith("12:00:00 call ended: hangup, 61 s, 15.25 KZT\n")


def test_off_hangs_up_and_the_channel_is_closed(exchange: FakeExchange, session: Session) -> None:
    voucher_line(exchange)
    session.run("call 9393", "off", "on")
    assert [exchange.frame()["type"] for _ in range(2)] == ["dial", "hangup"]
    assert [exchange.closed() for _ in range(2)] == [1000, 1000]


def test_without_a_voice_channel_it_says_so_in_one_line_and_works(
    exchange: FakeExchange, session: Session
) -> None:
    exchange.end()
    out = session.run("sms +77021234567 hello", "call 9393")
    first = out.splitlines()[0]
    assert first.startswith(f"{MSISDN} is on (127.0.0.1:")
    assert f" but cannot call (no gateway at http://127.0.0.1:{exchange.port}: " in first
    assert "sent to +77021234567\n" in out
    assert session.errors.getvalue().startswith("call: no gateway at http://127.0.0.1:")


def test_a_channel_that_is_there_later_is_opened_by_the_call(
    exchange: FakeExchange, session: Session
) -> None:
    voucher_line(exchange)
    exchange.refusals = [503]
    out = session.run("call 9393")
    assert f"but cannot call (http://127.0.0.1:{exchange.port} answers 503)" in out
    assert "voice: Enter the code" in out


def test_a_call_that_says_nothing_is_not_waited_for_for_ever(session: Session) -> None:
    session.run("call 9393", wait_s=0.01)
    assert "no answer from the call yet" in session.errors.getvalue()


def test_words_of_a_call_without_a_call_say_so(session: Session) -> None:
    session.run("pick", "keys 1", "name A", "hang", wait_s=0.01)
    assert session.errors.getvalue().splitlines() == [
        "pick: nobody is calling",
        "keys: there is no call",
        "name: there is no call",
        "hang: there is no call",
    ]


@pytest.mark.parametrize("line", ["call", "keys", "name ", "pick up", "hang up"])
def test_a_wrong_word_is_told_what_would_be_right(session: Session, line: str) -> None:
    session.run(line)
    assert f"{line.split(maxsplit=1)[0]}: write it like this: " in session.errors.getvalue()


def test_control_characters_of_a_caller_do_not_reach_the_terminal(
    exchange: FakeExchange, session: Session
) -> None:
    exchange.on_frame = lambda _frame: exchange.send(
        "prompt", call="c1", id="collect.announce", text="\x1b[2J calls"
    )
    assert "\x1b" not in session.run("call 9393")
