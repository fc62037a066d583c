"""Connections to an HTTP application: kept, shared, secured, and given up in time."""

import asyncio
import gc
import ssl
import warnings
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.ussd_http_client import AppClient
from gateway.ussd_http_session import Failed
from tests.gateway.certificates import make
from tests.gateway.http_application import HttpApplication, response
from tests.gateway.http_asking import FORM, a_client, asking

#: The last octets of a request with that form.
FORM_END = quote("секрет").encode()


def test_a_step_is_posted_once_even_where_a_connection_breaks() -> None:
    """The application may have seen it, and a step is not for twice."""
    with HttpApplication(lambda _: response("CON Menu")) as application:

        async def story(client: AppClient) -> None:
            await client.ask(FORM)
            application.script = lambda _: b""
            with pytest.raises(Failed, match="broke off"):
                await client.ask(FORM)

        asking(application.url, story)
    assert len(application.forms) == 2


def test_a_slow_application_is_given_up_after_the_timeout_as_a_whole() -> None:
    """Also one that sends its headers at once and the body never."""
    with HttpApplication(lambda _: response("CON Menu")) as application:
        application.script = lambda _: response("", "200 OK") if application.released.wait() else b""

        async def story(client: AppClient) -> None:
            with pytest.raises(Failed, match=r"no answer within 0\.1 s"):
                await client.ask(FORM)
            application.script = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nCON"
            with pytest.raises(Failed, match=r"no answer within 0\.1 s"):
                await client.ask(FORM)

        asking(application.url, story, 0.1)


def test_the_timeout_covers_the_wait_for_a_connection() -> None:
    with HttpApplication(lambda _: b"") as application:
        application.script = lambda _: response("CON Menu") if application.released.wait() else b""

        async def story(client: AppClient) -> None:
            asked = await asyncio.gather(*(client.ask(FORM) for _ in range(20)), return_exceptions=True)
            assert [str(failed) for failed in asked] == ["no answer within 0.1 s"] * 20

        asking(application.url, story, 0.1, connections=1)
    assert len(application.forms) < 20, "not each has had its time at the application"


def test_a_timeout_is_not_rounded_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is less than the time in which the deliver_sm has to be answered."""
    with HttpApplication(lambda _: b"") as application:
        application.script = lambda _: response("CON Menu") if application.released.wait() else b""

        async def story(client: AppClient) -> None:
            now = 1000.1
            monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
            asked = asyncio.create_task(client.ask(FORM))
            while not application.forms:
                await asyncio.sleep(0)
            now = 1007.6
            for _ in range(100):
                await asyncio.sleep(0)
            assert asked.done()
            with pytest.raises(Failed, match=r"no answer within 7\.4 s"):
                await asked

        asking(application.url, story, 7.4)


def test_each_step_has_a_connection_of_its_own() -> None:
    """What an application says too much on one that is kept would answer somebody else's next step."""
    with HttpApplication(lambda _: response("CON Menu")) as application:

        async def story(client: AppClient) -> None:
            for _ in range(5):
                await client.ask(FORM)

        asking(application.url, story)
    assert application.connections == 5


@pytest.mark.parametrize(
    ("octets", "connections"),
    [
        (response("CON Menu", "200 OK", "Connection: close"), 2),
        (response("CON Menu") + response("CON Nobody asked for it"), 2),
    ],
)
def test_a_connection_that_cannot_be_used_again_is_not(octets: bytes, connections: int) -> None:
    """The server closes, or another response follows."""
    with HttpApplication(lambda _: octets) as application:

        async def story(client: AppClient) -> None:
            for _ in range(2):
                assert (await client.ask(FORM)).text == "Menu"

        asking(application.url, story)
    assert application.connections == connections


def test_a_response_that_nobody_asked_for_and_that_never_ends_holds_up_no_step_for_longer() -> None:
    """Its beginning comes while the connection is idle. The next step may be lost, the one after it not."""
    menu = response("CON Menu")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(FORM_END):
                writer.write(menu)
                if not begun.is_set():
                    await begun.wait()
                    writer.write(menu[:-1])
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def story(client: AppClient) -> None:
        assert (await client.ask(FORM)).text == "Menu"
        begun.set()
        # Loopback is quick: it has come after a turn or two.
        for _ in range(20):
            await asyncio.sleep(0)
        with suppress(Failed):
            await asyncio.wait_for(client.ask(FORM), 5)
        assert (await client.ask(FORM)).text == "Menu"

    async def run() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            client = a_client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", 0.2, 1)
            try:
                await story(client)
            finally:
                await client.close()
            await asyncio.gather(*(task for task in serving if task))

    begun = asyncio.Event()
    serving: list[asyncio.Task[None] | None] = []
    asyncio.run(run())


def test_requests_run_at_the_same_time() -> None:
    """Eight that all wait for each other are all answered."""
    with HttpApplication(lambda _: b"") as application:

        def script(_: dict[str, str]) -> bytes:
            if len(application.forms) == 8:
                application.released.set()
            application.released.wait()
            return response("CON Menu")

        application.script = script

        async def story(client: AppClient) -> None:
            assert len(await asyncio.gather(*(client.ask(FORM) for _ in range(8)))) == 8

        asking(application.url, story)


def test_no_more_requests_run_than_there_are_connections() -> None:
    """The others wait their turn."""
    with HttpApplication(lambda _: b"") as application:
        application.script = lambda _: response("CON Menu") if application.released.wait() else b""

        async def story(client: AppClient) -> None:
            asked = asyncio.gather(*(client.ask(FORM) for _ in range(30)))
            while len(application.forms) < 8:
                await asyncio.sleep(0.001)
            assert application.connections == 8
            application.released.set()
            assert len(await asked) == 30

        asking(application.url, story)
    assert application.connections == 30


def test_a_server_of_https_must_have_a_certificate_of_an_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that this machine trusts."""
    authority = make(tmp_path, "ca")
    made = make(tmp_path, "server", authority)
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(made.certificate_file, made.key_file)

    async def trusting(client: AppClient) -> None:
        assert (await client.ask(FORM)).text == "Bye"

    async def doubting(client: AppClient) -> None:
        with pytest.raises(Failed) as caught:
            await client.ask(FORM)
        assert str(caught.value) == "no connection (SSLCertVerificationError)"

    with HttpApplication(lambda _: response("END Bye"), secure) as application:
        asking(application.url, doubting)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate_file))
        asking(application.url, trusting)
        assert len(application.forms) == 1
        asking(application.url.replace("127.0.0.1", "localhost"), doubting)
    # asyncio leaves the transport of a handshake that failed to the collector, which says so.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
