"""uvicorn in the reactor's own loop: it serves, the gateway decides when it stops."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from gateway.config import StartError

_GRACE_S = 1


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
                ws="none",
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
