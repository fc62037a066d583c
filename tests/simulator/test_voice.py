"""The voice channel: what is sent, what is told, and what happens when it is lost."""

import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from simulator.call_events import (
    CallConnected,
    CallEnded,
    CallError,
    CallRinging,
    IncomingCall,
    Prompt,
    VoiceDown,
    VoiceEvent,
    VoiceUp,
)
from simulator.errors import BadNumber, VoiceUnreachable
from simulator.target import VoiceTarget
from simulator.voice import VoiceLine, VoiceSettings
from tests.simulator.conftest import MSISDN
from tests.simulator.fake_exchange import PATIENCE_S, FakeExchange

QUICK = VoiceSettings(backoff_s=(0.01,))
STAYS_AWAY = VoiceSettings(backoff_s=())


class Heard:
    """Collects what a line tells."""

    def __init__(self) -> None:
        self._events: queue.Queue[VoiceEvent] = queue.Queue()

    def __call__(self, event: VoiceEvent) -> None:
        self._events.put(event)

    def next(self) -> VoiceEvent:
        """The next event; raises queue.Empty after a long while."""
        return self._events.get(timeout=PATIENCE_S)


@pytest.fixture
def heard() -> Heard:
    """What the line tells."""
    return Heard()


@pytest.fixture
def make_line(exchange: FakeExchange, heard: Heard) -> Iterator[Callable[..., VoiceLine]]:
    """Makes lines that are closed at the end."""
    with ExitStack() as stack:

        def make(target: VoiceTarget | None = None, **options: Any) -> VoiceLine:
            made = VoiceLine(MSISDN, target or exchange.target, heard, **{"settings": QUICK, **options})
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture
def line(make_line: Callable[..., VoiceLine], exchange: FakeExchange) -> VoiceLine:
    """A line that is open."""
    made = make_line()
    made.open()
    exchange.opened()
    return made


def test_it_opens_the_channel_of_its_own_number_once(
    make_line: Callable[..., VoiceLine], exchange: FakeExchange
) -> None:
    line = make_line()
    line.open()
    line.open()
    assert exchange.opened() == f"/api/v1/voice?msisdn={MSISDN}"
    line.close()
    assert exchange.closed() == 1000
    with pytest.raises(VoiceUnreachable):
        line.dial("9393")
    assert exchange.openings == 1


def test_what_the_handset_does_goes_out_as_the_contract_has_it(
    line: VoiceLine, exchange: FakeExchange
) -> None:
    line.dial("00077021234567")
    line.answer("c1")
    line.press("c1", "1*#")
    line.say("c1", "Әлия")
    line.hang_up("c1")
    assert [exchange.frame() for _ in range(5)] == [
        {"type": "dial", "number": "00077021234567"},
        {"type": "answer", "call": "c1"},
        {"type": "dtmf", "call": "c1", "digits": "1*#"},
        {"type": "say", "call": "c1", "text": "Әлия"},
        {"type": "hangup", "call": "c1"},
    ]


def test_what_the_network_says_comes_as_events_in_order(
    line: VoiceLine, exchange: FakeExchange, heard: Heard
) -> None:
    assert line.is_open
    exchange.send("incoming", from_="+000", call="c1")
    exchange.send("ringing", call="c1", to="77021234567")
    exchange.send("connected", call="c1", to="77021234567")
    exchange.send("prompt", call="c1", id="collect.say_name", text="Say your name")
    exchange.send("ended", call="c1", reason="hangup", duration_s=61, charge="15.25")
    exchange.send("error", code="unknown_call", detail="there is no such call", call="c9")
    exchange.send("error", code="bad_json", detail="this is no JSON")
    wrong = [{"field": "digits", "detail": "keys are 0-9, * and #"}]
    exchange.send("error", code="bad_message", detail="1 field is wrong", errors=wrong)
    assert [heard.next() for _ in range(8)] == [
        IncomingCall("c1", "+000"),
        CallRinging("c1", "77021234567"),
        CallConnected("c1", "77021234567"),
        Prompt("c1", "collect.say_name", "Say your name"),
        CallEnded("c1", "hangup", 61, "15.25"),
        CallError("unknown_call", "there is no such call", "c9"),
        CallError("bad_json", "this is no JSON"),
        CallError("bad_message", "1 field is wrong", wrong=("digits: keys are 0-9, * and #",)),
    ]


@pytest.mark.parametrize(
    "nonsense", ["", "no json", "[]", "{}", '{"type": "tune"}', '{"type": "ended"}', b"\xff"]
)
def test_what_it_does_not_understand_is_passed_over(
    line: VoiceLine, exchange: FakeExchange, heard: Heard, nonsense: str | bytes
) -> None:
    assert line.is_open
    exchange.send_raw(nonsense)
    exchange.send("ringing", call="c1", to="9393")
    assert heard.next() == CallRinging("c1", "9393")


def test_a_lost_channel_comes_back_by_itself(line: VoiceLine, exchange: FakeExchange, heard: Heard) -> None:
    line.lose()
    assert heard.next() == VoiceDown("the connection was lost", comes_back=True)
    assert heard.next() == VoiceUp()
    exchange.opened()
    line.dial("9393")
    assert exchange.frame() == {"type": "dial", "number": "9393"}


def test_it_goes_on_trying_while_the_gateway_refuses(
    make_line: Callable[..., VoiceLine], exchange: FakeExchange, heard: Heard
) -> None:
    line = make_line()
    line.open()
    exchange.refusals = [503, 503, 503]
    line.lose()
    assert isinstance(heard.next(), VoiceDown)
    assert heard.next() == VoiceUp()
    assert exchange.refusals == []


def test_by_its_settings_it_stays_away_until_it_is_opened(
    make_line: Callable[..., VoiceLine], exchange: FakeExchange, heard: Heard
) -> None:
    line = make_line(settings=STAYS_AWAY)
    line.open()
    exchange.opened()
    line.lose()
    assert heard.next() == VoiceDown("the connection was lost", comes_back=False)
    with pytest.raises(VoiceUnreachable, match="no voice channel"):
        line.dial("9393")
    line.open()
    line.dial("9393")
    assert exchange.frame()["number"] == "9393"


@pytest.mark.parametrize("code", [1008, 4001])
def test_a_handset_whose_place_was_taken_does_not_take_it_back(
    line: VoiceLine, exchange: FakeExchange, heard: Heard, code: int
) -> None:
    exchange.hang_up_on_it(code, "another handset has this number")
    assert heard.next() == VoiceDown("another handset has this number", comes_back=False)
    assert not line.is_open


def test_a_gateway_that_stops_is_waited_for(line: VoiceLine, exchange: FakeExchange, heard: Heard) -> None:
    assert line.is_open
    exchange.hang_up_on_it(1001)
    assert heard.next() == VoiceDown("the gateway is stopping", comes_back=True)


def test_closing_ends_the_attempts_to_come_back(make_line: Callable[..., VoiceLine], heard: Heard) -> None:
    line = make_line(settings=VoiceSettings(backoff_s=(3600.0,)))
    line.open()
    line.lose()
    assert isinstance(heard.next(), VoiceDown)
    line.close()
    assert not line.is_open
    assert line._thread is None


def test_nobody_there_and_somebody_else_there_are_said_in_a_line(
    make_line: Callable[..., VoiceLine], exchange: FakeExchange
) -> None:
    exchange.refusals = [404]
    with pytest.raises(VoiceUnreachable, match=rf"^http://127\.0\.0\.1:{exchange.port} answers 404$"):
        make_line().open()
    exchange.end()
    with pytest.raises(VoiceUnreachable, match=rf"^no gateway at http://127\.0\.0\.1:{exchange.port}: \w+"):
        make_line().open()


def test_a_refusal_says_why_in_the_networks_words(
    make_line: Callable[..., VoiceLine], exchange: FakeExchange
) -> None:
    exchange.refusals = [404]
    exchange.refusal_body = '{"status": 404, "detail": "there is no subscriber 77011234567\\u001b"}'
    with pytest.raises(VoiceUnreachable, match=f"^there is no subscriber {MSISDN}\N{REPLACEMENT CHARACTER}$"):
        make_line().open()


@pytest.mark.parametrize("body", ["", "null", "[]", '{"status": 404}', "<p>no</p>"])
def test_a_refusal_without_words_has_its_status(
    make_line: Callable[..., VoiceLine], exchange: FakeExchange, body: str
) -> None:
    exchange.refusals, exchange.refusal_body = [404], body
    with pytest.raises(VoiceUnreachable, match=r" answers 404$"):
        make_line().open()


def test_it_is_announced_before_the_first_event_and_when_it_was_open(
    make_line: Callable[..., VoiceLine], exchange: FakeExchange, heard: Heard
) -> None:
    exchange.on_open = lambda: exchange.send("incoming", from_="+000", call="c1")
    line = make_line()
    line.open(lambda: heard(VoiceUp()))
    line.open(lambda: heard(VoiceUp()))
    told = [heard.next() for _ in range(3)]
    assert told[0] == VoiceUp()
    assert told.count(VoiceUp()) == 2


def test_a_token_goes_into_the_header_and_into_nothing_else(
    make_line: Callable[..., VoiceLine], exchange: FakeExchange
) -> None:
    make_line().open()
    target = VoiceTarget("127.0.0.1", exchange.port, "t0ken")
    make_line(target).open()
    assert exchange.authorizations == [None, "Bearer t0ken"]
    assert "t0ken" not in f"{target!r} {target.address} {target.url(MSISDN)}"


def test_a_mistake_of_the_listener_does_not_end_the_line(
    exchange: FakeExchange, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(event: VoiceEvent) -> None:
        if event == CallRinging("c1", "9393"):
            opened.dial("after the mistake")
        else:
            raise RuntimeError("mine")

    opened = VoiceLine(MSISDN, exchange.target, broken, settings=QUICK)
    opened.open()
    exchange.opened()
    exchange.send("prompt", call="c1", id="x", text="a secret")
    exchange.send("ringing", call="c1", to="9393")
    assert exchange.frame()["number"] == "after the mistake"
    opened.close()
    assert "a secret" not in caplog.text
    assert "on_event failed for a Prompt" in caplog.text


def test_a_number_that_is_no_handsets_is_refused(exchange: FakeExchange, heard: Heard) -> None:
    with pytest.raises(BadNumber):
        VoiceLine("9393", exchange.target, heard)
