"""One POST for each step, against a real HTTP server."""

import asyncio
import gzip
import logging
import socket

import pytest

from gateway.ussd_http_client import BODY_MAX, AppClient
from gateway.ussd_http_session import Answer, Failed
from tests.gateway.http_application import HttpApplication, Script, response
from tests.gateway.http_asking import FORM, asking


def answer_to(script: Script, *, hangs_up: bool = False) -> Answer:
    """What the client makes of one response."""
    answers: list[Answer] = []

    async def story(client: AppClient) -> None:
        answers.append(await client.ask(FORM))

    with HttpApplication(script) as application:
        application.hangs_up = hangs_up
        asking(f"{application.url}?token=s3cret", story)
    return answers[0]


def reason_of(script: Script, *, hangs_up: bool = False) -> str:
    with pytest.raises(Failed) as caught:
        answer_to(script, hangs_up=hangs_up)
    return str(caught.value)


def test_the_form_is_posted_and_the_body_read() -> None:
    """With Kazakh letters both ways."""
    with HttpApplication(lambda _: response("CON Тілді таңдаңыз:\n1 Қазақша")) as application:
        answers = []

        async def story(client: AppClient) -> None:
            answers.append(await client.ask(FORM))

        asking(application.url, story)
    assert answers == [Answer(last=False, text="Тілді таңдаңыз:\n1 Қазақша")]
    assert application.forms == [FORM]
    (headers,) = application.headers
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("", "/"),
        ("?a=1", "/?a=1"),
        ("/ussd%2fshop/?token=s3%2Fcr%65t+x&a=%D2%93", "/ussd%2fshop/?token=s3%2Fcr%65t+x&a=%D2%93"),
    ],
)
def test_the_url_is_asked_as_it_is_written(written: str, target: str) -> None:
    """A token may be signed with its escapes."""
    with HttpApplication(lambda _: response("END Bye")) as application:

        async def story(client: AppClient) -> None:
            await client.ask(FORM)

        asking(application.url.removesuffix("/ussd") + written, story)
    assert application.targets == [target]


def test_a_body_in_chunks_after_an_interim_response_is_put_together() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nCON\r\n2\r\n M\r\n0\r\n\r\n"
    assert answer_to(lambda _: b"HTTP/1.1 102 Processing\r\n\r\n" + chunked).text == "M"


@pytest.mark.parametrize("status", ["201 Created", "302 Found", "404 Not Found", "500 Oops"])
def test_any_status_but_200_is_a_failure(status: str) -> None:
    assert reason_of(lambda _: response("END Bye", status, "Location: /x")) == f"status {status[:3]}"


def test_a_redirect_is_not_followed() -> None:
    with HttpApplication(lambda _: response("", "307 Moved", "Location: /other")) as application:

        async def story(client: AppClient) -> None:
            with pytest.raises(Failed):
                await client.ask(FORM)

        asking(application.url, story)
    assert len(application.forms) == 1


def test_garbage_is_a_failure() -> None:
    assert "neither CON nor END" in reason_of(lambda _: response("<html>секрет</html>"))


@pytest.mark.parametrize(
    "octets",
    [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"\x16\x03\x01\x02", b"HTTP/1.1 200 OK\r\n\x00: 1\r\n\r\n"],
)
def test_what_is_no_response_breaks_the_exchange_off(octets: bytes) -> None:
    assert "broke off" in reason_of(lambda _: octets, hangs_up=True)


def test_a_huge_body_is_a_failure_and_the_largest_one_is_not() -> None:
    assert answer_to(lambda _: response(b"CON " + b"a" * (BODY_MAX - 4))).text.startswith("aaa")
    assert "65536 octets" in reason_of(lambda _: response(b"CON " + b"a" * (BODY_MAX - 3)))


def test_a_packed_body_is_not_unpacked() -> None:
    """A few octets may unpack to a gigabyte."""
    packed = gzip.compress(b"CON Menu")
    assert "UTF-8" in reason_of(lambda _: response(packed, "200 OK", "Content-Encoding: gzip"))


def test_an_application_that_hangs_up_is_a_failure() -> None:
    assert reason_of(lambda _: b"") == "the exchange broke off (ServerDisconnectedError)"
    assert "broke off" in reason_of(lambda _: response("CON Menu")[:-1], hangs_up=True)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("host", "kind"),
    [("127.0.0.1", "ConnectionRefusedError"), ("a" * 64 + ".localhost", "UnicodeError")],
)
def test_an_application_that_is_not_there_is_a_failure(host: str, kind: str) -> None:
    """Nobody listens there, or no resolver takes the name."""

    async def story(client: AppClient) -> None:
        with pytest.raises(Failed) as caught:
            await client.ask(FORM)
        assert str(caught.value) == f"no connection ({kind})"

    asking(f"http://{host}:{closed_port()}/?token=s3cret", story)


FAILURES: tuple[Script, ...] = (
    lambda _: b"",
    lambda _: "секрет".encode(),
    lambda _: "HTTP/1.1 секрет секрет\r\n\r\n".encode(),
    lambda _: response("секрет", "500 секрет"),
    lambda _: response("секрет", "302 секрет", "Location: http://секрет/"),
    lambda _: response("CON секрет" * BODY_MAX),
    lambda _: response("секрет"),
)


@pytest.mark.parametrize("script", FAILURES)
def test_a_failure_tells_nothing_of_what_was_sent(script: Script, caplog: pytest.LogCaptureFixture) -> None:
    """By neither side, and nothing of the URL. The library says nothing besides, whatever the log's level."""
    caplog.set_level(logging.DEBUG)
    reason = reason_of(script, hangs_up=True)
    assert not any(word in reason for word in ("секрет", "s3cret", "127.0.0.1", "77011234567"))
    assert [record for record in caplog.records if record.name.startswith("aiohttp")] == []


def test_failures_do_not_use_up_the_connections() -> None:
    """Nor do requests that are given up in the middle."""
    with HttpApplication(lambda _: b"") as application:

        async def story(client: AppClient) -> None:
            for script in FAILURES:
                application.script = script
                with pytest.raises(Failed):
                    await client.ask(FORM)
            application.script = lambda _: response("CON Late") if application.released.wait() else b""
            asked = asyncio.create_task(client.ask(FORM))
            while len(application.forms) <= len(FAILURES):
                await asyncio.sleep(0.001)
            asked.cancel()
            application.script = lambda _: response("CON Menu")
            assert (await client.ask(FORM)).text == "Menu"

        asking(application.url, story, connections=1)


@pytest.mark.parametrize("cookie", ["sid=1; Path=/", "s(i)d=1", "sid"])
def test_no_cookie_of_one_subscriber_comes_with_anothers_request(
    cookie: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor into the log, be it a cookie or not."""
    caplog.set_level(logging.DEBUG)
    with HttpApplication(lambda _: response("CON Menu", "200 OK", f"Set-Cookie: {cookie}")) as application:

        async def story(client: AppClient) -> None:
            await client.ask(FORM)
            await client.ask(FORM)

        asking(application.url, story)
    assert all("cookie" not in headers for headers in application.headers)
    assert not any("sid" in text or "s(i)d" in text for text in caplog.messages)


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert answer_to(lambda _: response("END Bye")).last
