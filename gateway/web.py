"""uvicorn in the reactor's own loop: it serves, the gateway decides when it stops."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from gateway.config import StartError

_GRACE_S = 1
#: A frame of a handset is a few short fields; a larger message is closed with 1009 (RFC 6455 section 7.4.1).
FRAME_OCTETS_MAX: Final = 4096
_FRAGMENTS_MAX: Final = 64
#: A handset that is gone without a word is found out after at most the sum of both.
_PING_S: Final = 15.0
_PONG_S: Final = 10.0
#: A peer that does not read its close frame is cut off after this time.
LINGER_S: Final = 2.0


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's, and bounded: closing waits for a peer to read what is on its way, which it may never do."""

    def data_received(self, data: bytes) -> None:
        """Octets of the peer. Who does not read is not read either: each ping would leave a pong behind."""
        super().data_received(data)
        if not self.writable.is_set():
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer reads again."""
        super().resume_writing()
        if not self.read_paused:
            self.transport.resume_reading()

    def handle_cont(self, event: Frame) -> None:
        """A fragment of a message: empty ones do not count towards its size, so their number is bounded."""
        if self.close_sent:
            return
        if len(self.frames) < _FRAGMENTS_MAX:
            super().handle_cont(event)
            return
        self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
        self.handle_parser_exception()

    async def send(self, message: Any) -> None:
        """What the application says. A refusal in place of the upgrade is an end like any other."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application is done with the connection."""
        super().on_task_complete(task)
        self._linger()

    def keepalive_timeout(self) -> None:
        """No pong has come: the connection is lost, and the application is to know it soon."""
        super().keepalive_timeout()
        self._linger()

    def _linger(self) -> None:
        if not self.disconnected:
            self.loop.call_later(LINGER_S, self.transport.abort)


class WebServer(uvicorn.Server):
    """Calls ``on_started`` once it accepts connections; leaves signals to the reactor."""

    def __init__(self, app: FastAPI, on_started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="none",
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=_GRACE_S,
                server_header=False,
                ws=WebSocketProtocol,
                ws_max_size=FRAME_OCTETS_MAX,
                ws_ping_interval=_PING_S,
                ws_ping_timeout=_PONG_S,
                # Frames are short, and each compressor would have its own memory.
                ws_per_message_deflate=False,
            )
        )
        self._on_started = on_started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The reactor has them."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self._on_started()


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket for the web server. Raises StartError for a port that is taken or a wrong address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY on what it accepts; without it an answer's body waits
    # for the client's delayed acknowledgement of its head: 40 ms on every request.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise StartError(f"HTTP address {host}:{port}: {error.strerror or error}") from None
    sock.setblocking(False)
    return sock
