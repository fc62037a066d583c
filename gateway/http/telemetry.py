"""One log line and one metric per request, by route template: paths hold MSISDNs, templates do not."""

from collections.abc import Callable
from time import perf_counter

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.metrics import Metrics

_log = structlog.get_logger("gateway.http")


class Telemetry:
    """The outermost layer: it sees refused requests too."""

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, prefix: str = "", now: Callable[[], float] = perf_counter
    ) -> None:
        """``prefix`` is left out of the templates."""
        self._app = app
        self._prefix = prefix
        self._metrics = metrics
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "websocket":
            await self._app(scope, receive, self._upgrading(scope, send))
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._now()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._note(scope, status, self._now() - began)

    def _upgrading(self, scope: Scope, send: Send) -> Send:
        """A WebSocket is a request until it is accepted or refused; nobody waits for what comes then."""
        began = self._now()

        async def watched(message: Message) -> None:
            status = _status_of_upgrade(message)
            if status:
                self._note({**scope, "method": "GET"}, status, self._now() - began)
            await send(message)

        return watched

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # A WebSocket's template has the prefix of its router in it, that of a request has not.
        route = getattr(scope.get("route"), "path", "(none)").removeprefix(self._prefix)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._metrics.request(method, route, status, seconds)
        log = _log.debug if method == "GET" and status < 500 else _log.info
        log("http.request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


#: A label has few values: what a peer makes up is not one of them.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _status_of_upgrade(message: Message) -> int:
    """The HTTP status that the message stands for, 0 for what comes after the handshake."""
    if message["type"] == "websocket.accept":
        return 101
    return int(message["status"]) if message["type"] == "websocket.http.response.start" else 0
