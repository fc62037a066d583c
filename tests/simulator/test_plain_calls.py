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
    assert f"but cannot call (http://127.0.0.1:{exchange.port} answers 503); help" in out
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


@pytest.mark.parametrize("line", ["call", "keys", "pick up", "hang up"])
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


def test_off_waits_for_nothing_but_which_call_was_dialled(exchange: FakeExchange, session: Session) -> None:
    """Though the service says nothing that ``call`` could wait for."""
    exchange.on_frame = lambda frame: (
        exchange.send("connected", call="c1", to="9393") if frame["type"] == "dial" else None
    )
    session.run("call 9393", "off", wait_s=3600.0)
    assert [exchange.frame()["type"] for _ in range(2)] == ["dial", "hangup"]


def test_a_call_that_was_just_dialled_is_hung_up_before_another_word(
    exchange: FakeExchange, session: Session
) -> None:
    """The next dial waits until the first call is over: the network would not take it."""
    calls: list[str] = []

    def step(frame: dict[str, Any]) -> None:
        if frame["type"] == "dial":
            calls.append(f"c{len(calls)}")
            exchange.send("connected", call=calls[-1], to=frame["number"])
            exchange.send("prompt", call=calls[-1], id="x", text=f"Hello from {frame['number']}")
        elif frame["type"] == "hangup":
            exchange.send("ended", call=frame["call"], reason="cancelled", duration_s=0, charge="0.00")

    exchange.on_frame = step
    out = session.run("call 9393", "hang", "call 7000")
    frames = [exchange.frame() for _ in range(3)]
    assert [(each["type"], each.get("call")) for each in frames] == [
        ("dial", None),
        ("hangup", "c0"),
        ("dial", None),
    ]
    assert out.index("call ended: cancelled") < out.index("Hello from 7000")
    assert session.errors.getvalue() == ""


def test_hanging_up_twice_says_so(session: Session) -> None:
    session.run("call 9393", "hang", "hang", wait_s=0.01)
    assert "hang: it is being hung up already\n" in session.errors.getvalue()


def test_keys_in_a_talk_are_not_waited_for(exchange: FakeExchange, session: Session) -> None:
    """Nothing comes of them."""
    person(exchange)
    session.run(f"call 000{CALLED}", "name A", "keys 5", "keys 6", "hang", wait_s=3600.0)
    assert [exchange.frame()["type"] for _ in range(5)] == ["dial", "say", "dtmf", "dtmf", "hangup"]


@pytest.mark.parametrize("word", ["call 9393", "pick", "keys 1", "name A", "hang"])
def test_a_handset_that_is_off_cannot_call(exchange: FakeExchange, session: Session, word: str) -> None:
    out = session.run("off", word, "on")
    assert session.errors.getvalue() == f"{word.partition(' ')[0]}: the handset is switched off\n"
    assert out.count("is on (") == 2
    assert "cannot call" not in out
    assert exchange.openings == 2


def test_out_of_coverage_there_is_no_voice_channel_and_back_in_it_there_is(
    exchange: FakeExchange, session: Session
) -> None:
    voucher_line(exchange)
    out = session.run("memory full", "coverage off", "call 9393", "coverage on", "call 9393")
    assert session.errors.getvalue() == "call: the handset is out of coverage\n"
    assert [exchange.closed() for _ in range(2)] == [1000, 1000]
    assert "coverage: off\ncoverage: on\n12:00:00 connected to 9393\n" in out


def test_a_call_goes_on_while_the_network_waits_for_a_handset_out_of_coverage(
    exchange: FakeExchange, session: Session
) -> None:
    """It is not hung up; back in coverage the handset is told where it is, and goes on."""
    voucher_line(exchange)

    def tell_where_it_is() -> None:
        if exchange.openings == 2:
            exchange.send("prompt", call="c1", id="voucher.enter", text="Enter the code")

    exchange.on_open = tell_where_it_is
    # The words that wait see to it that the network has taken what was done before.
    out = session.run("call 9393", "name", "coverage off", "coverage on", "call 1", "keys 1*")
    assert [exchange.frame()["type"] for _ in range(4)] == ["dial", "say", "dial", "dtmf"]
    assert out.index("coverage: on\n") < out.index("voice: Enter the code\n")


def test_off_and_on_out_of_coverage_opens_no_channel(exchange: FakeExchange, session: Session) -> None:
    out = session.run("coverage off", "off", "coverage off", "on")
    assert f"{MSISDN} is on (127.0.0.1:" in out
    assert " but cannot call (out of coverage); help lists the commands\n" in out
    assert exchange.openings == 1


def test_switching_coverage_while_off_opens_no_channel(exchange: FakeExchange, session: Session) -> None:
    assert session.run("off", "coverage on").endswith("coverage: on\n")
    assert exchange.openings == 1


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [("123a", "a is no key; "), ("1.2", ". is no key; "), ("- -", ""), ("\u0661", "\u0661 is no key; ")],
)
def test_what_is_no_key_is_named(session: Session, typed: str, wrong: str) -> None:
    session.run(f"keys {typed}")
    assert session.errors.getvalue() == f"keys: {wrong}keys are 0 to 9, * and #\n"


def test_spaces_and_dashes_between_keys_are_for_reading(exchange: FakeExchange, session: Session) -> None:
    voucher_line(exchange)
    session.run("call 9393", "keys 1234-5678 90123*")
    assert exchange.frame()["type"] == "dial"
    assert exchange.frame()["digits"] == "1234567890123*"


def test_the_fields_of_an_error_are_shown(exchange: FakeExchange, session: Session) -> None:
    errors = [
        {"field": "number", "detail": "has at most 40 characters"},
        {"field": "speed", "detail": "unknown field"},
    ]
    exchange.on_frame = lambda _frame: exchange.send(
        "error", code="bad_message", detail="2 fields are wrong", errors=errors
    )
    wrong = "not done: number: has at most 40 characters; speed: unknown field (bad_message)\n"
    assert wrong in session.run("call 9393")


def test_without_a_text_the_name_is_left_out(exchange: FakeExchange, session: Session) -> None:
    person(exchange)
    session.run(f"call 000{CALLED}", "name")
    assert exchange.frame()["type"] == "dial"
    assert exchange.frame() == {"type": "say", "call": "c1", "text": ""}


def test_another_handset_with_the_number_is_one_line(exchange: FakeExchange, session: Session) -> None:
    def replace(_frame: dict[str, Any]) -> None:
        exchange.send("error", code="replaced", detail="this handset has another connection now")
        exchange.hang_up_on_it(4000, "this handset has another connection now")

    exchange.on_frame = replace
    out = session.run("call 9393")
    assert out.count("another connection") == 1
    assert out.endswith("12:00:00 no calls: this handset has another connection now\n")


def test_a_call_that_is_left_over_is_told_after_the_handset_is_on(
    exchange: FakeExchange, session: Session
) -> None:
    exchange.on_open = lambda: exchange.send("incoming", call="c1", from_="77021234567")
    exchange.on_frame = lambda _frame: exchange.send("connected", call="c1", to="77021234567")
    on, call, *_ = session.run("pick").splitlines()
    assert on.startswith(f"{MSISDN} is on (")
    assert call == "12:00:00 call from 77021234567"
