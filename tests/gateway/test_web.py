"""The web server's WebSockets: bounded, watched by pings, and never kept by a peer that does not read."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from starlette.types import Receive, Scope, Send

from gateway import web
from gateway.web import FRAME_OCTETS_MAX, WebServer, WebSocketProtocol
from tests.gateway.voice_web import SOON_S, served


class Told:
    """An application that notes what it is told, and says nothing or too much."""

    def __init__(self, says: str = "") -> None:
        self.says = says
        self.told: asyncio.Queue[Any] = asyncio.Queue()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            if self.says:
                await asyncio.wait_for(send({"type": "websocket.send", "text": self.says}), 0.01)
            else:
                message = await receive()
                self.told.put_nowait(message)
                if message["type"] == "websocket.disconnect":
                    return

    async def next(self) -> Any:
        return await asyncio.wait_for(self.told.get(), SOON_S)


async def deaf(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that shakes hands and then neither reads nor answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def until(done: Callable[[], bool]) -> None:
    while not done():
        await asyncio.sleep(0)


def test_the_server_is_set_up_for_short_frames() -> None:
    config = WebServer(Told(), lambda: None).config  # type: ignore[arg-type]  # any ASGI application
    assert (config.ws_max_size, config.ws_per_message_deflate) == (FRAME_OCTETS_MAX, False)
    assert config.ws is WebSocketProtocol


def test_a_peer_that_answers_no_ping_is_lost_and_the_application_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web, "_PING_S", 0.01)
    monkeypatch.setattr(web, "_PONG_S", 0.01)
    app = Told()

    async def story() -> None:
        async with served(app) as served_web:  # type: ignore[arg-type]  # any ASGI application
            _, writer = await deaf(served_web.port)
            assert (await app.next())["type"] == "websocket.disconnect"
            writer.transport.abort()

    asyncio.run(asyncio.wait_for(story(), 30))


def test_a_peer_that_pings_and_does_not_read_is_not_read_either() -> None:
    """Else the pongs that wait for it would take all memory."""
    app = Told()
    ping = b"\x89\xfd" + b"\x00" * 4 + b"x" * 125  # RFC 6455 section 5.5.2, masked with zeros

    async def story() -> None:
        async with served(app) as served_web:  # type: ignore[arg-type]  # any ASGI application
            _, writer = await deaf(served_web.port)
            (connection,) = served_web.server.server_state.connections
            transport = cast("WebSocketProtocol", connection).transport
            while transport.is_reading():
                writer.write(ping * 1000)
                await asyncio.sleep(0)
            assert transport.get_write_buffer_size() < 1_000_000
            writer.transport.abort()

    asyncio.run(asyncio.wait_for(story(), 30))


def test_a_peer_that_reads_again_is_read_again() -> None:
    app = Told()
    ping = b"\x89\xfd" + b"\x00" * 4 + b"x" * 125
    text = b"\x81\x82" + b"\x00" * 4 + b"hi"

    async def story() -> None:
        async with served(app) as served_web:  # type: ignore[arg-type]  # any ASGI application
            reader, writer = await deaf(served_web.port)
            (connection,) = served_web.server.server_state.connections
            transport = cast("WebSocketProtocol", connection).transport
            while transport.is_reading():
                writer.write(ping * 1000)
                await asyncio.sleep(0)
            writer.write(text)
            reading = asyncio.ensure_future(reader.read(-1))
            assert (await app.next())["text"] == "hi"
            writer.transport.abort()
            await asyncio.gather(reading, return_exceptions=True)

    asyncio.run(asyncio.wait_for(story(), 30))


@pytest.mark.parametrize("fragments", [10, 100])
def test_a_message_has_a_bounded_number_of_fragments(fragments: int) -> None:
    """Empty ones add nothing to its size, but each is kept until the last one comes."""
    app = Told()
    first, more, last = (bytes([octet, 0x80]) + b"\x00" * 4 for octet in (0x01, 0x00, 0x80))

    async def story() -> None:
        async with served(app) as served_web:  # type: ignore[arg-type]  # any ASGI application
            reader, writer = await deaf(served_web.port)
            writer.write(first + more * fragments + last)
            told = await app.next()
            if fragments == 10:
                assert told == {"type": "websocket.receive", "text": ""}
            else:
                assert (told["type"], told["code"]) == ("websocket.disconnect", 1009)
                assert await reader.readexactly(4) == b"\x88\x14\x03\xf1"  # A close frame, 1009.
            writer.transport.abort()

    asyncio.run(asyncio.wait_for(story(), 30))


def test_a_peer_that_does_not_read_is_cut_off_once_the_application_has_ended(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Closing politely would wait for the octets on their way to be read."""
    monkeypatch.setattr(web, "LINGER_S", 0.01)
    app = Told(says="x" * 100_000)

    async def story() -> None:
        async with served(app) as served_web:  # type: ignore[arg-type]  # any ASGI application
            _, writer = await deaf(served_web.port)
            connections = served_web.server.server_state.connections
            assert len(connections) == 1
            await asyncio.wait_for(until(lambda: not connections), SOON_S)
            writer.transport.abort()

    asyncio.run(asyncio.wait_for(story(), 30))
    assert "Exception in ASGI application" in caplog.text  # The application ended by its own timeout.
