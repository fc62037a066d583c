"""Who may call: token, Host, Origin, body size."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import pytest

from gateway.http.app import create_app
from gateway.http.context import ApiSettings
from gateway.http.guard import BODY_OCTETS_MAX, host_of
from handlers.base.command import Secret

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
TOKEN = "t0ken-of-the-operator"


@pytest.fixture
def locked(operator: Operator, make_client: Any) -> Client:
    return make_client(create_app(operator, ApiSettings(token=Secret(TOKEN))), "http://gateway.example")


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer \xff"]
)
@pytest.mark.parametrize("path", ["/api/v1/clock", "/docs", "/openapi.json", "/metrics", "/nothing"])
def test_with_a_token_set_nothing_answers_without_it(locked: Client, path: str, given: str | None) -> None:
    headers = {} if given is None else {"authorization": given.encode("latin-1")}
    answer = locked.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in answer.text


def test_the_right_token_opens_everything(locked: Client) -> None:
    for path in ("/api/v1/clock", "/docs", "/openapi.json", "/metrics"):
        assert locked.get(path, headers={"authorization": f"bearer {TOKEN}"}).status_code == 200


def test_health_needs_no_token(locked: Client) -> None:
    assert locked.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "10.0.0.7", ""]
)
def test_without_a_token_only_this_machines_own_names_are_hosts(client: Client, host: str) -> None:
    answer = client.get("/api/v1/clock", headers={"host": host})
    assert answer.status_code == 403
    assert answer.json()["code"] == "host"
    assert "127.0.0.1 or localhost" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "127.1.2.3"])
def test_loopback_names_are_hosts(client: Client, host: str) -> None:
    assert client.get("/api/v1/clock", headers={"host": host}).status_code == 200


def test_a_configured_host_name_is_a_host(operator: Operator, make_client: Any) -> None:
    app = create_app(operator, ApiSettings(hosts=frozenset({"Gateway.Test"})))
    assert make_client(app, "http://gateway.test").get("/api/v1/clock").status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:3000", "http://localhost:8080", ""]
)
def test_a_page_of_another_origin_changes_nothing(client: Client, operator: Operator, origin: str) -> None:
    answer = client.post("/api/v1/reset", headers={"origin": origin})
    assert answer.status_code == 403
    assert answer.json()["code"] == "origin"
    assert operator.resets == 0


def test_the_own_origin_may_change(client: Client, operator: Operator) -> None:
    assert client.post("/api/v1/reset", headers={"origin": "http://127.0.0.1:8080"}).status_code == 200
    assert operator.resets == 1


def test_a_form_that_a_page_could_send_is_no_json(client: Client, operator: Operator) -> None:
    answer = client.post(
        "/api/v1/clock/advance", content=b'{"seconds": 1}', headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 415
    assert "application/json" in answer.json()["detail"]
    assert operator.clock().now_us == operator.view.now_us


def test_a_websocket_of_another_origin_is_closed(client: Client) -> None:
    """Browsers let any page open one, so the Origin counts there even for reading."""
    headers = [(b"host", b"127.0.0.1"), (b"origin", b"http://evil.example")]
    scope = {"type": "websocket", "path": "/api/v1/voice", "headers": headers}
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("refused before anything is read")

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(client.app(scope, receive, send))
    assert [(each["type"], each["code"]) for each in sent] == [("websocket.close", 1008)]


def test_a_body_over_the_limit_is_413_announced_or_not(client: Client, operator: Operator) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"["
        for _ in range(20):
            yield b" " * (BODY_OCTETS_MAX // 16)

    json = {"content-type": "application/json"}
    assert client.post("/api/v1/vouchers", content=pieces(), headers=json).status_code == 413
    announced = client.post("/api/v1/vouchers", content=b" " * (BODY_OCTETS_MAX + 1), headers=json)
    assert announced.status_code == 413
    assert announced.headers["content-type"] == "application/problem+json"
    assert operator.commands == []


def test_an_impossible_content_length_is_413(client: Client) -> None:
    for length in ("-1", "9" * 40, "x"):
        answer = client.post("/api/v1/vouchers", content=b"{}", headers={"content-length": length})
        assert answer.status_code == 413


@pytest.mark.parametrize(
    ("header", "name"), [("[::1]:80", "::1"), ("a.b:80", "a.b"), ("A.B", "a.b"), ("", ""), ("[::1", "::1")]
)
def test_host_of_leaves_the_port_out(header: str, name: str) -> None:
    assert host_of(header) == name
