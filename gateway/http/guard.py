"""Who may call: token, own host name, own origin, bounded body. Pure ASGI, before FastAPI sees anything.

The Host rule stops DNS rebinding (a web page whose name turns into 127.0.0.1); the Origin rule stops a
page elsewhere from changing state through the user's browser.
"""

import hmac
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.config import is_loopback
from gateway.http.problems import Problem
from handlers.base.command import Secret

BODY_OCTETS_MAX = 1024 * 1024
#: A report of a channel's day may have a line for each of a hundred thousand payments.
REPORT_OCTETS_MAX = 8 * BODY_OCTETS_MAX
#: Forms of the pages have a few short fields.
FORM_OCTETS_MAX = 64 * 1024
_OPEN_PATHS = frozenset({"/health"})
#: What people see in a browser: a token is asked for by HTTP Basic, bodies are forms, problems are pages.
_PAGES = ("/bank", "/terminal", "/parking", "/pages.css")
#: How a page in a browser sends the token with a WebSocket, where it cannot set a header: base64url without
#: padding behind this, as one of the subprotocols that it offers (RFC 6455 section 1.9).
TOKEN_PROTOCOL = "shortcode.token."  # noqa: S105 (what a token stands behind)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Lets a request through or answers it with a problem, a WebSocket in place of the upgrade."""

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
        elif scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008, "reason": problem.detail})
        else:
            await _answer(problem, scope)(scope, receive, send)

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
        by_person = is_page(scope["path"])
        if self._token is not None and not self._is_token(_offered(scope, headers, by_person)):
            return _ASK_PERSON if by_person else _ASK_PROGRAM
        return None

    def _is_own_host(self, header: str) -> bool:
        name = host_of(header)
        return is_loopback(name) or name in self._hosts

    def _is_token(self, offered: bytes) -> bool:
        return hmac.compare_digest(sha256(offered).digest(), self._token or b"")


_ASK_PROGRAM = Problem(
    401,
    "send the token: Authorization: Bearer ...",
    code="token",
    headers={"WWW-Authenticate": "Bearer"},
)
_ASK_PERSON = Problem(
    401,
    "sign in with any name, and the API token as the password",
    code="token",
    headers={"WWW-Authenticate": 'Basic realm="Shortcode", charset="UTF-8"'},
)


def _offered(scope: Scope, headers: Headers, by_person: bool) -> bytes:
    """The token as it was sent: in a header, or with a WebSocket as a subprotocol."""
    header = headers.get("authorization")
    if header is None and scope["type"] == "websocket":
        return _among_protocols(headers)
    return _authorized(header or "", by_person)


def _among_protocols(headers: Headers) -> bytes:
    offers = (each.strip() for line in headers.getlist("sec-websocket-protocol") for each in line.split(","))
    encoded = next((each for each in offers if each.startswith(TOKEN_PROTOCOL)), TOKEN_PROTOCOL)
    given = encoded.removeprefix(TOKEN_PROTOCOL)
    try:
        return urlsafe_b64decode(given + "=" * (-len(given) % 4))
    except ValueError:
        return b""


def _authorized(header: str, by_person: bool) -> bytes:
    """What a header says; a browser sends the token as the password of HTTP Basic (RFC 7617 section 2)."""
    scheme, _, given = header.partition(" ")
    if scheme.lower() == "bearer":
        return given.strip().encode("latin-1")
    if scheme.lower() != "basic" or not by_person:
        return b""
    try:
        return b64decode(given.strip(), validate=True).partition(b":")[2]
    except ValueError:
        return b""


def is_page(path: str) -> bool:
    """Whether the address is one of the pages for people."""
    return any(path == page or path.startswith(f"{page}/") for page in _PAGES)


def _answer(problem: Problem, scope: Scope) -> ASGIApp:
    if not is_page(scope["path"]):
        return problem.response()
    # The pages know the API, which knows this module.
    from gateway.pages.layout import problem_page  # noqa: PLC0415

    return problem_page(problem)


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


@dataclass(frozen=True, slots=True)
class BodyKind:
    """What bodies an address takes. In the API none may be of a type that a form of a page can send: for the
    pages themselves the Origin rule alone has to do.
    """

    media_type: str
    name: str
    octets_max: int

    def is_that_of(self, scope: Scope) -> bool:
        """Whether the request says that its body is of this kind."""
        given = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
        return given == self.media_type or (self is JSON and given.endswith("+json"))


JSON = BodyKind("application/json", "JSON", BODY_OCTETS_MAX)
FORM = BodyKind("application/x-www-form-urlencoded", "a form", FORM_OCTETS_MAX)
#: Where it is not JSON, by the beginning of the path.
_KINDS: Mapping[str, BodyKind] = {
    "/api/v1/reconciliation/": BodyKind("text/csv", "CSV", REPORT_OCTETS_MAX),
}


def _kind_for(path: str) -> BodyKind:
    if is_page(path):
        return FORM
    return next((kind for beginning, kind in _KINDS.items() if path.startswith(beginning)), JSON)


class BodyLimit:
    """Reads the body before the application runs; one that is too large is 413, another kind 415."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] in _SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        kind = _kind_for(scope["path"])
        body = None if _announces_over(kind.octets_max, scope) else await _read(receive, kind.octets_max)
        if body is None:
            problem = Problem(413, f"a body has at most {kind.octets_max} octets", code="too_large")
            await _answer(problem, scope)(scope, receive, send)
        elif body and not kind.is_that_of(scope):
            detail = f"send {kind.name} with the header content-type: {kind.media_type}"
            await _answer(Problem(415, detail, code="media_type"), scope)(scope, receive, send)
        else:
            await self._app(scope, _replay(body, receive), send)


def _announces_over(octets_max: int, scope: Scope) -> bool:
    length = Headers(scope=scope).get("content-length", "0")
    return not length.isdecimal() or len(length) > 15 or int(length) > octets_max


async def _read(receive: Receive, octets_max: int) -> bytes | None:
    """The whole body, or None once it is too large."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > octets_max:
            return None
        if message["type"] != "http.request" or not message.get("more_body"):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again
