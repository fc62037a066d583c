"""Who may call: token, own host name, own origin, bounded body. Pure ASGI, before FastAPI sees anything.

The Host rule stops DNS rebinding (a web page whose name turns into 127.0.0.1); the Origin rule stops a
page elsewhere from changing state through the user's browser.
"""

import hmac
from collections.abc import Iterable
from hashlib import sha256

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.config import is_loopback
from gateway.http.problems import Problem
from handlers.base.command import Secret

BODY_OCTETS_MAX = 1024 * 1024
_OPEN_PATHS = frozenset({"/health"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Lets a request through or answers it with a problem; a WebSocket is closed with 1008."""

    def __init__(self, app: ASGIApp, *, token: Secret | None, hosts: Iterable[str] = ()) -> None:
        self._app = app
        # Digests of equal length: the time of the comparison says nothing about the token's length.
        self._token = sha256(token.reveal().encode()).digest() if token else None
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        problem = self._objection(scope)
        if problem is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": problem.detail})
        else:
            await problem.response()(scope, receive, send)

    def _objection(self, scope: Scope) -> Problem | None:
        if scope["path"] in _OPEN_PATHS:
            return None
        headers = Headers(scope=scope)
        # With a token a rebound page can do nothing, and behind a proxy the host may be any name.
        if self._token is None and not self._is_own_host(headers.get("host", "")):
            detail = "the Host header names another host; ask 127.0.0.1 or localhost, or set an api_token"
            return Problem(403, detail, code="host")
        if _changes(scope) and not _is_own_origin(headers):
            return Problem(403, "a page of another origin may not change anything", code="origin")
        if self._token is not None and not self._has_token(headers.get("authorization", "")):
            challenge = {"WWW-Authenticate": "Bearer"}
            detail = "send the token: Authorization: Bearer ..."
            return Problem(401, detail, code="token", headers=challenge)
        return None

    def _is_own_host(self, header: str) -> bool:
        name = host_of(header)
        return is_loopback(name) or name in self._hosts

    def _has_token(self, header: str) -> bool:
        scheme, _, given = header.partition(" ")
        offered = sha256(given.strip().encode("latin-1")).digest()
        return hmac.compare_digest(offered, self._token or b"") and scheme.lower() == "bearer"


def host_of(header: str) -> str:
    """The name of a Host header, without the port: ``[::1]:8080`` is ``::1``."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


def _changes(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS


def _is_own_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    if origin is None:
        return True  # no browser sends a cross-origin change without it
    return origin.partition("://")[2].lower() == headers.get("host", "").lower() != ""


class BodyLimit:
    """Reads a body of at most ``octets_max`` before the application runs; a larger one is answered 413."""

    def __init__(self, app: ASGIApp, *, octets_max: int = BODY_OCTETS_MAX) -> None:
        self._app = app
        self._octets_max = octets_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] in _SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        body = None if self._announces_too_much(scope) else await self._body(receive)
        if body is None:
            problem = Problem(413, f"a body has at most {self._octets_max} octets", code="too_large")
            await problem.response()(scope, receive, send)
        elif body and not _is_json(scope):
            problem = Problem(
                415, "send JSON with the header content-type: application/json", code="media_type"
            )
            await problem.response()(scope, receive, send)
        else:
            await self._app(scope, _replay(body, receive), send)

    def _announces_too_much(self, scope: Scope) -> bool:
        length = Headers(scope=scope).get("content-length", "0")
        return not length.isdecimal() or len(length) > 15 or int(length) > self._octets_max

    async def _body(self, receive: Receive) -> bytes | None:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self._octets_max:
                return None
            if message["type"] != "http.request" or not message.get("more_body"):
                return b"".join(chunks)


def _is_json(scope: Scope) -> bool:
    media_type = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again
