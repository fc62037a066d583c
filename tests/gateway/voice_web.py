"""The voice channel on a real web server and a real socket, with a fake exchange behind it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError
from websockets.typing import Subprotocol

from gateway.http.facade import VoiceUnavailable
from gateway.voice.events import LegEvent, Signal, SignalKind
from gateway.web import WebServer, listening_socket
from rating.msisdn import Msisdn

ALIYA = Msisdn("77011234567")
BOLAT = Msisdn("77021234567")
#: Longer than anything takes; a test that waits for it has failed.
SOON_S = 10.0


class FakeLine:
    """Notes what it is told."""

    def __init__(self, exchange: "FakeExchange", msisdn: Msisdn) -> None:
        self.exchange = exchange
        self.msisdn = msisdn

    def tell(self, event: LegEvent, /) -> None:
        self.exchange.told.put_nowait(event)

    def detach(self) -> None:
        self.exchange.detached.put_nowait(self.msisdn)


class FakeExchange:
    """Implements gateway.http.facade.VoiceExchange: notes what handsets do, says what a test wants said."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[LegEvent] = asyncio.Queue()
        self.attached: asyncio.Queue[Msisdn] = asyncio.Queue()
        self.detached: asyncio.Queue[Msisdn] = asyncio.Queue()
        self.unavailable = ""
        self.greets: Signal | None = None
        self._sends: dict[Msisdn, Callable[[Signal], None]] = {}
        self._replaced: dict[Msisdn, Callable[[], None]] = {}

    def attach(
        self, msisdn: Msisdn, send: Callable[[Signal], None], replaced: Callable[[], None], /
    ) -> FakeLine:
        if self.unavailable:
            raise VoiceUnavailable(self.unavailable)
        if msisdn in self._replaced:
            self._replaced[msisdn]()
        self._sends[msisdn], self._replaced[msisdn] = send, replaced
        self.attached.put_nowait(msisdn)
        if self.greets is not None:
            send(self.greets)
        return FakeLine(self, msisdn)

    def say(self, kind: SignalKind, msisdn: Msisdn = ALIYA, **fields: Any) -> None:
        self._sends[msisdn](Signal(kind=kind, msisdn=msisdn, **fields))

    async def event(self) -> LegEvent:
        return await asyncio.wait_for(self.told.get(), SOON_S)

    async def gone(self) -> Msisdn:
        return await asyncio.wait_for(self.detached.get(), SOON_S)


class VoiceWeb:
    """The server, and its clients."""

    def __init__(self, server: WebServer, port: int) -> None:
        self.server = server
        self.port = port

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/api/v1/voice"

    def open(self, query: str = f"?msisdn={ALIYA}", **options: Any) -> connect:
        protocols = [Subprotocol(each) for each in options.pop("protocols", ())] or None
        return connect(self.url + query, subprotocols=protocols, open_timeout=SOON_S, **options)


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[VoiceWeb]:
    """The application behind the gateway's own web server, on a free port."""
    sock = listening_socket("127.0.0.1", 0)
    started = asyncio.Event()
    server = WebServer(app, started.set)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        await asyncio.wait_for(started.wait(), SOON_S)
        yield VoiceWeb(server, sock.getsockname()[1])
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, SOON_S)


async def frame(socket: ClientConnection) -> Any:
    """The next one."""
    return json.loads(await asyncio.wait_for(socket.recv(), SOON_S))


async def closed(socket: ClientConnection) -> tuple[int | None, str | None]:
    """How the connection was closed; what comes before does not matter."""
    await asyncio.wait_for(_drained(socket), SOON_S)
    await asyncio.wait_for(socket.wait_closed(), SOON_S)
    return socket.close_code, socket.close_reason


async def _drained(socket: ClientConnection) -> None:
    with suppress(ConnectionClosedError):
        async for _ in socket:
            pass
