"""``WS /voice``: frames in and out of a real server, and every way in which a connection ends."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, TypeAlias

import pytest
from fastapi import FastAPI
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from gateway.http import voice
from gateway.http.app import create_app
from gateway.http.context import ApiSettings
from gateway.metrics import Metrics
from gateway.voice.events import Alerting, Answer, Dial, HangUp, Keys, Said, Signal, SignalKind
from gateway.web import FRAME_OCTETS_MAX
from handlers.base.command import Secret
from tests.gateway.voice_web import ALIYA, SOON_S, FakeExchange, VoiceWeb, closed, frame, served

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
CALL = "0192" + "c" * 28


@pytest.fixture
def exchange() -> FakeExchange:
    return FakeExchange()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def app(operator: Operator, subscriber_view: Any, exchange: FakeExchange, metrics: Metrics) -> FastAPI:
    """Aliya is the only subscriber."""
    operator.reads.subscribers[ALIYA] = subscriber_view
    return create_app(operator, ApiSettings(voice=exchange, metrics=metrics))


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 60))


# -- frames ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "event"),
    [
        ({"type": "dial", "number": "000 77012223344"}, Dial(ALIYA, "000 77012223344")),
        ({"type": "answer", "call": CALL}, Answer(ALIYA, CALL)),
        ({"type": "dtmf", "call": CALL, "digits": "1#"}, Keys(ALIYA, CALL, Secret("1#"))),
        ({"type": "say", "call": CALL, "text": "Әлия"}, Said(ALIYA, CALL, "Әлия")),
        ({"type": "hangup", "call": CALL}, HangUp(ALIYA, CALL)),
    ],
)
def test_what_a_handset_does_becomes_an_event(
    app: FastAPI, exchange: FakeExchange, sent: Any, event: Any
) -> None:
    async def story() -> None:
        async with served(app) as web, web.open("?msisdn=8(701)123-45-67") as socket:
            await socket.send(json.dumps(sent))
            assert await exchange.event() == event

    run(story())


def test_what_the_network_says_becomes_frames_in_order(app: FastAPI, exchange: FakeExchange) -> None:
    async def story() -> None:
        async with served(app) as web, web.open() as socket:
            await exchange.attached.get()
            exchange.say(SignalKind.RINGING, call=CALL, party="77021234567")
            exchange.say(SignalKind.PROMPT, call=CALL, id="collect.say_name", text="Атыңызды айтыңыз")
            exchange.say(SignalKind.CONNECTED, call=CALL, party="77021234567")
            exchange.say(SignalKind.ENDED, call=CALL, reason="hangup", duration_s=12, charge_tiyn=300)
            exchange.say(SignalKind.ERROR, id="wrong_state", text="not now", call=CALL)
            exchange.say(SignalKind.ERROR, id="in_a_call", text="there is one")
            assert [await frame(socket) for _ in range(6)] == [
                {"type": "ringing", "call": CALL, "to": "77021234567"},
                {"type": "prompt", "call": CALL, "id": "collect.say_name", "text": "Атыңызды айтыңыз"},
                {"type": "connected", "call": CALL, "to": "77021234567"},
                {"type": "ended", "call": CALL, "reason": "hangup", "duration_s": 12, "charge": "3.00"},
                {"type": "error", "code": "wrong_state", "detail": "not now", "call": CALL},
                {"type": "error", "code": "in_a_call", "detail": "there is one"},
            ]

    run(story())


def test_a_handset_rings_once_it_has_been_told_to(app: FastAPI, exchange: FakeExchange) -> None:
    """What is said while it is being attached is not lost."""
    exchange.greets = Signal(kind=SignalKind.INCOMING, msisdn=ALIYA, call=CALL, party="77021234567")

    async def story() -> None:
        async with served(app) as web, web.open() as socket:
            assert await exchange.event() == Alerting(ALIYA, CALL)
            assert await frame(socket) == {"type": "incoming", "from": "77021234567", "call": CALL}

    run(story())


def test_errors_of_form_are_told_and_the_connection_stays(app: FastAPI, exchange: FakeExchange) -> None:
    async def story() -> None:
        async with served(app) as web, web.open() as socket:
            await socket.send("{")
            assert (await frame(socket))["code"] == "bad_json"
            await socket.send(json.dumps({"type": "dtmf", "digits": "1234567x", "speed": 3}))
            told = await frame(socket)
            assert told["code"] == "bad_message"
            assert {each["field"] for each in told["errors"]} == {"call", "digits", "speed"}
            assert "1234567" not in json.dumps(told)
            await socket.send(json.dumps({"type": "hangup", "call": CALL}))
            assert await exchange.event() == HangUp(ALIYA, CALL)

    run(story())


# -- how a connection ends -------------------------------------------------------------------------


def test_a_handset_that_goes_is_detached(app: FastAPI, exchange: FakeExchange) -> None:
    async def story() -> None:
        async with served(app) as web:
            async with web.open():
                await exchange.attached.get()
            assert await exchange.gone() == ALIYA

    run(story())


def test_one_that_is_cut_off_is_detached_too(app: FastAPI, exchange: FakeExchange) -> None:
    async def story() -> None:
        async with served(app) as web, web.open() as socket:
            await exchange.attached.get()
            socket.transport.abort()
            assert await exchange.gone() == ALIYA
            exchange.say(SignalKind.RINGING, call=CALL)  # Nobody is there, and nothing breaks.

    run(story())


def test_a_second_connection_of_a_handset_takes_the_place_of_the_first(
    app: FastAPI, exchange: FakeExchange
) -> None:
    async def story() -> None:
        async with served(app) as web, web.open() as first, web.open("?msisdn=%2B77011234567") as second:
            assert (await frame(first))["code"] == "replaced"
            assert (await closed(first))[0] == 4000
            assert await exchange.gone() == ALIYA
            exchange.say(SignalKind.RINGING, call=CALL, party="7000")
            assert (await frame(second))["type"] == "ringing"

    run(story())


@pytest.mark.parametrize(
    ("sent", "code"), [(b"{}", 1003), ("x" * (FRAME_OCTETS_MAX + 1), 1009), (["x" * 3000, "y" * 3000], 1009)]
)
def test_frames_that_are_binary_or_too_large_close_it(
    app: FastAPI, exchange: FakeExchange, sent: Any, code: int
) -> None:
    async def story() -> None:
        async with served(app) as web, web.open() as socket:
            await socket.send(sent)
            assert (await closed(socket))[0] == code
            assert await exchange.gone() == ALIYA

    run(story())


def test_a_frame_of_the_largest_size_is_taken(app: FastAPI) -> None:
    async def story() -> None:
        async with served(app) as web, web.open() as socket:
            await socket.send(" " * FRAME_OCTETS_MAX)
            assert (await frame(socket))["code"] == "bad_json"

    run(story())


def test_a_flood_is_throttled_first_and_closed_then(app: FastAPI, exchange: FakeExchange) -> None:
    async def story() -> None:
        async with served(app) as web, web.open() as socket:
            reader = asyncio.create_task(_codes(socket))
            with pytest.raises(ConnectionClosedError):
                await _flood(socket)
            assert set(await asyncio.wait_for(reader, SOON_S)) == {"throttled"}
            assert socket.close_code == 1008
            assert await exchange.gone() == ALIYA
            # What came within the pace was passed on, and not much more.
            assert voice.FRAMES_AT_ONCE <= exchange.told.qsize() < 3 * voice.FRAMES_AT_ONCE

    run(story())


async def _flood(socket: Any) -> None:
    """Until the connection is closed; each frame is a good one."""
    for _ in range(100_000):
        await socket.send(json.dumps({"type": "hangup", "call": CALL}))


async def _codes(socket: Any) -> list[str]:
    try:
        return [json.loads(each)["code"] async for each in socket]
    except ConnectionClosedError:
        return ["throttled"]


def test_a_handset_that_never_reads_is_dropped_and_what_waits_for_it_is_bounded(
    app: FastAPI, exchange: FakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice, "_FLUSH_S", 0.05)
    monkeypatch.setattr("gateway.web.LINGER_S", 0.05)

    async def story() -> None:
        async with served(app) as web, _deaf(web) as (reader, _):
            await reader.readuntil(b"\r\n\r\n")
            await exchange.attached.get()
            while exchange.detached.empty():
                # More than the buffers of both ends take.
                exchange.say(SignalKind.PROMPT, call=CALL, id="x", text="x" * 500_000)
                await asyncio.sleep(0)
            assert await exchange.gone() == ALIYA
            while web.server.server_state.connections:
                await asyncio.sleep(0)

    run(story())


def _deaf(web: VoiceWeb) -> Any:
    """A client that shakes hands and reads no more."""
    return _Deaf(web)


class _Deaf:
    def __init__(self, web: VoiceWeb) -> None:
        self._web = web

    async def __aenter__(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._web.port, limit=4096)
        writer.write(
            f"GET /api/v1/voice?msisdn={ALIYA} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        self._writer = writer
        return reader, writer

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()


def test_a_gateway_that_stops_says_so(app: FastAPI, exchange: FakeExchange) -> None:
    """1012: come back soon (RFC 6455, registry of close codes)."""

    async def story() -> None:
        async with served(app) as web, web.open() as socket:
            await exchange.attached.get()
            web.server.should_exit = True
            assert (await closed(socket))[0] == 1012
            assert await exchange.gone() == ALIYA

    run(story())


def test_where_handsets_cannot_be_attached_they_are_told_to_come_again(
    app: FastAPI, exchange: FakeExchange
) -> None:
    exchange.unavailable = "the gateway is stopping"

    async def story() -> None:
        async with served(app) as web, web.open() as socket:
            assert await closed(socket) == (1013, "the gateway is stopping")

    run(story())


# -- who may connect -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "status", "fields"),
    [
        ("", 422, ["msisdn"]),
        ("?msisdn=", 422, ["msisdn"]),
        ("?msisdn=112", 422, ["msisdn"]),
        ("?msisdn=77011234567&token=x", 422, ["token"]),
        ("?number=77011234567", 422, ["number"]),
        ("?msisdn=77029999999", 404, None),
    ],
)
def test_a_wrong_number_is_a_problem_in_place_of_the_upgrade(
    app: FastAPI, exchange: FakeExchange, query: str, status: int, fields: list[str] | None
) -> None:
    async def story() -> None:
        async with served(app) as web:
            with pytest.raises(InvalidStatus) as refused:
                await web.open(query)
            answer = refused.value.response
            body = json.loads(answer.body)
            assert (answer.status_code, body["status"]) == (status, status)
            assert answer.headers["content-type"] == "application/problem+json"
            assert [each["field"] for each in body.get("errors", [])] == (fields or [])
            assert exchange.attached.empty()

    run(story())


def test_a_plain_request_is_told_to_upgrade(app: FastAPI, make_client: Any) -> None:
    answer = make_client(app).get(f"/api/v1/voice?msisdn={ALIYA}")
    assert (answer.status_code, answer.json()["code"]) == (426, "upgrade")
    assert answer.headers["upgrade"] == "websocket"


def test_every_answer_of_the_address_is_counted_under_one_route(
    app: FastAPI, make_client: Any, metrics: Metrics
) -> None:
    """An upgrade, a refused one and a plain request; the prefix is left out, as of every route."""

    async def story() -> None:
        async with served(app) as web:
            async with web.open():
                pass
            with pytest.raises(InvalidStatus):
                await web.open("?msisdn=77029999999")

    run(story())
    make_client(app).get(f"/api/v1/voice?msisdn={ALIYA}")
    found = metrics.render().decode()
    for status in (101, 404, 426):
        counted = f'shortcode_http_requests_total{{method="GET",route="/voice",status="{status}"}} 1.0'
        assert counted in found
    assert "/api/v1" not in found


def test_connections_are_counted_while_they_are_there(
    app: FastAPI, exchange: FakeExchange, metrics: Metrics
) -> None:
    async def story() -> None:
        async with served(app) as web:
            async with web.open():
                await exchange.attached.get()
                assert b"shortcode_voice_connections 1.0" in metrics.render()
            await exchange.gone()
        assert b"shortcode_voice_connections 0.0" in metrics.render()

    run(story())
    route = 'shortcode_http_requests_total{method="GET",route="/voice",status="101"} 1.0'
    assert route in metrics.render().decode()


@pytest.mark.parametrize("s", [0.0, 0.5, 1.0, 10.0])
def test_the_pace_recovers_by_the_second_and_holds_no_more_than_its_size(s: float) -> None:
    now = 0.0
    pace = voice.Pace(lambda: now)
    assert [pace.takes() for _ in range(voice.FRAMES_AT_ONCE)] == [True] * voice.FRAMES_AT_ONCE
    assert not pace.takes()
    now = s
    more = sum(pace.takes() for _ in range(2 * voice.FRAMES_AT_ONCE))
    assert more == max(0, min(voice.FRAMES_AT_ONCE, int(s * voice.FRAMES_A_SECOND) - 1))
