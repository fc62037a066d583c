"""Who may open a voice channel: own host, own origin, the token in a header or among the subprotocols."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pytest
from fastapi import FastAPI
from websockets.exceptions import InvalidStatus

from gateway.http.app import create_app
from gateway.http.context import ApiSettings
from gateway.http.guard import TOKEN_PROTOCOL
from gateway.http.voice import PROTOCOL
from gateway.metrics import Metrics
from handlers.base.command import Secret
from tests.gateway.voice_web import ALIYA, FakeExchange, served

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
TOKEN = "t0ken/of+the=operator?>"
OFFERED = TOKEN_PROTOCOL + urlsafe_b64encode(TOKEN.encode()).decode().rstrip("=")


@pytest.fixture
def exchange() -> FakeExchange:
    return FakeExchange()


@pytest.fixture
def settings(exchange: FakeExchange) -> dict[str, Any]:
    return {"voice": exchange, "metrics": Metrics()}


@pytest.fixture
def opened(operator: Operator, subscriber_view: Any, settings: dict[str, Any]) -> FastAPI:
    """Without a token."""
    operator.reads.subscribers[ALIYA] = subscriber_view
    return create_app(operator, ApiSettings(**settings))


@pytest.fixture
def locked(operator: Operator, subscriber_view: Any, settings: dict[str, Any]) -> FastAPI:
    operator.reads.subscribers[ALIYA] = subscriber_view
    return create_app(operator, ApiSettings(token=Secret(TOKEN), **settings))


def refusal(app: FastAPI, headers: Mapping[str, str], protocols: Sequence[str] = (), query: str = "") -> Any:
    """The problem that comes in place of the upgrade."""

    async def story() -> Any:
        async with served(app) as web:
            with pytest.raises(InvalidStatus) as refused:
                await web.open(query or f"?msisdn={ALIYA}", additional_headers=headers, protocols=protocols)
            return refused.value.response

    answer = asyncio.run(story())
    assert answer.headers["content-type"] == "application/problem+json"
    body = json.loads(answer.body)
    assert body["status"] == answer.status_code
    return body


def accepted(app: FastAPI, headers: Mapping[str, str], protocols: Sequence[str] = ()) -> str | None:
    """The subprotocol that was chosen."""

    async def story() -> str | None:
        options: dict[str, Any] = {"additional_headers": headers, "protocols": protocols}
        async with served(app) as web, web.open(**options) as socket:
            return socket.subprotocol

    return asyncio.run(story())


@pytest.mark.parametrize(
    "headers", [{"Authorization": f"Bearer {TOKEN}"}, {"Authorization": f"bearer {TOKEN}"}]
)
def test_a_program_sends_the_token_in_the_header(locked: FastAPI, headers: Mapping[str, str]) -> None:
    assert accepted(locked, headers) is None


def test_a_page_sends_the_token_as_a_subprotocol_and_gets_the_other_one(locked: FastAPI) -> None:
    """A browser closes a connection for which none of its offers was chosen (RFC 6455 section 4.1)."""
    assert accepted(locked, {}, [PROTOCOL, OFFERED]) == PROTOCOL


def test_without_a_token_the_subprotocol_can_be_offered_too(opened: FastAPI) -> None:
    assert accepted(opened, {}, [PROTOCOL]) == PROTOCOL


@pytest.mark.parametrize(
    ("headers", "protocols"),
    [
        ({}, []),
        ({"Authorization": "Bearer wrong"}, []),
        ({"Authorization": "Bearer wrong"}, [PROTOCOL, OFFERED]),
        ({}, [PROTOCOL]),
        ({}, [PROTOCOL, TOKEN_PROTOCOL + "d3Jvbmc"]),
        ({}, [PROTOCOL, TOKEN_PROTOCOL + "x"]),
        ({}, [PROTOCOL, TOKEN_PROTOCOL]),
        ({}, [OFFERED + "A"]),
    ],
)
def test_without_the_right_token_nobody_is_attached(
    locked: FastAPI, exchange: FakeExchange, headers: Mapping[str, str], protocols: Sequence[str]
) -> None:
    body = refusal(locked, headers, protocols)
    assert (body["status"], body["code"]) == (401, "token")
    assert TOKEN not in json.dumps(body)
    assert exchange.attached.empty()


def test_the_token_is_no_part_of_an_address(locked: FastAPI) -> None:
    assert refusal(locked, {}, query=f"?msisdn={ALIYA}&token=t0ken")["code"] == "token"


def test_the_subprotocol_opens_nothing_but_a_websocket(locked: FastAPI, make_client: Any) -> None:
    answer = make_client(locked).get("/api/v1/clock", headers={"sec-websocket-protocol": OFFERED})
    assert answer.status_code == 401


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_page_of_another_origin_may_not_connect(
    opened: FastAPI, exchange: FakeExchange, origin: str
) -> None:
    """Browsers let any page open one, so the Origin counts even for reading."""
    body = refusal(opened, {"Origin": origin})
    assert (body["status"], body["code"]) == (403, "origin")
    assert exchange.attached.empty()


def test_another_host_may_not_connect(opened: FastAPI, exchange: FakeExchange) -> None:
    async def story() -> bytes:
        async with served(opened) as web:
            reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
            writer.write(
                f"GET /api/v1/voice?msisdn={ALIYA} HTTP/1.1\r\nHost: rebound.example\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
            )
            answer = await reader.read()
            writer.close()
            return answer

    assert asyncio.run(story()).startswith(b"HTTP/1.1 403 ")
    assert exchange.attached.empty()


def test_a_refused_upgrade_is_counted_as_a_request(locked: FastAPI, settings: dict[str, Any]) -> None:
    refusal(locked, {})
    text = settings["metrics"].render().decode()
    assert 'shortcode_http_requests_total{method="GET",route="(none)",status="401"} 1.0' in text
