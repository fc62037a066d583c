"""``WS /voice``: a handset's voice channel. Frames in become leg events, signals become frames out."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, Final, NamedTuple, NoReturn

import structlog
from fastapi import APIRouter, Query
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.http.context import UseApi
from gateway.http.facade import VoiceExchange, VoiceLine, VoiceUnavailable
from gateway.http.problems import Problem, not_found
from gateway.http.schemas import Number
from gateway.http.voice_schemas import BadFrame, FrameFault, error_frame, read_frame, signal_frame
from gateway.voice.events import Alerting, Fault, Signal, SignalKind
from rating.msisdn import Msisdn

_log = structlog.get_logger("gateway.http.voice")
router = APIRouter(tags=["calls"])
#: The subprotocol that is chosen where a page offers any: it has to, to send the token.
PROTOCOL: Final = "shortcode.voice"
#: So many frames wait for a handset that does not read; with one more its connection ends.
WAITING_MAX: Final = 64
#: What a handset may send: so many frames at once, and so many a second thereafter.
FRAMES_AT_ONCE: Final = 100
FRAMES_A_SECOND: Final = 50
#: What has been said before the end still goes out, to a handset that reads it in this time.
_FLUSH_S: Final = 1.0
#: What a send raises where the connection has ended: uvicorn has a RuntimeError for its own closing.
_GONE: Final = (WebSocketDisconnect, RuntimeError)


class Closing(NamedTuple):
    """Why the gateway closes a connection (RFC 6455 section 7.4)."""

    code: int
    reason: str


#: Others are the protocol's own: 1007 not UTF-8, 1009 too large, 1011 no pong, 1012 the gateway stops.
CLOSINGS: Final = (
    REPLACED := Closing(4000, "this handset has another connection now"),
    BINARY := Closing(1003, "frames are text"),
    FLOOD := Closing(1008, "too many frames"),
    UNREAD := Closing(1008, "too many frames were not read"),
    UNAVAILABLE := Closing(1013, "no handset can be attached now"),
)


class Pace:
    """How many frames a handset may send yet: a bucket that fills by the second; ``now`` is real seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._left = float(FRAMES_AT_ONCE)
        self._seen = now()

    def takes(self) -> bool:
        """Whether one more frame is within the pace. What is not is a debt."""
        now = self._now()
        self._left = min(FRAMES_AT_ONCE, self._left + (now - self._seen) * FRAMES_A_SECOND) - 1
        self._seen = now
        return self._left >= 0

    @property
    def is_flood(self) -> bool:
        """Whether as many again came on top: whoever sends does not look at the errors."""
        return self._left < -FRAMES_AT_ONCE


class Connection:
    """One accepted WebSocket of one handset, until it ends. All of it runs in the event loop."""

    def __init__(self, socket: WebSocket, msisdn: Msisdn, pace: Pace) -> None:
        self._socket = socket
        self._msisdn = msisdn
        self._pace = pace
        self._waiting: deque[tuple[str, str]] = deque()
        self._has_more = asyncio.Event()
        self._closing: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()

    async def run(self, exchange: VoiceExchange) -> int:
        """Serve it; the code that it was closed with."""
        try:
            line = exchange.attach(self._msisdn, self._say, self._replaced)
        except VoiceUnavailable as error:
            return await self._close(Closing(UNAVAILABLE.code, str(error)))
        try:
            return await self._serve(line)
        finally:
            line.detach()

    async def _serve(self, line: VoiceLine) -> int:
        reader = asyncio.create_task(self._read(line))
        writer = asyncio.create_task(self._write(line))
        try:
            ending: set[asyncio.Future[Any]] = {reader, writer, self._closing}
            await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
            if self._closing.done():
                reader.cancel()
                await asyncio.wait({writer}, timeout=_FLUSH_S)
        finally:
            reader.cancel()
            writer.cancel()
            ends = await asyncio.gather(reader, writer, return_exceptions=True)
        for each in ends:
            if isinstance(each, Exception):
                raise each
        if self._closing.done():
            return await self._close(self._closing.result())
        return ends[0] if isinstance(ends[0], int) else 1006

    async def _close(self, closing: Closing) -> int:
        # One that does not read, or is gone, is dropped by the server.
        with suppress(TimeoutError, *_GONE):
            await asyncio.wait_for(self._socket.close(closing.code, closing.reason), _FLUSH_S)
        return closing.code

    # -- from the handset --------------------------------------------------------------------------

    async def _read(self, line: VoiceLine) -> int | None:
        """Until the handset is gone (its code), or something closes the connection (None)."""
        while not self._closing.done():
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return int(message.get("code") or 1005)
            text = message.get("text")
            if text is None:
                self._end(BINARY)
            elif not self._closing.done():
                self._take(text, line)
        return None

    def _take(self, text: str, line: VoiceLine) -> None:
        if not self._pace.takes():
            self._put(error_frame(Fault.THROTTLED, f"at most {FRAMES_A_SECOND} frames a second"))
            if self._pace.is_flood:
                self._end(FLOOD)
            return
        try:
            line.tell(read_frame(text, self._msisdn))
        except BadFrame as error:
            self._put(error.frame())

    # -- to the handset ----------------------------------------------------------------------------

    def _say(self, signal: Signal) -> None:
        rings = signal.call if signal.kind is SignalKind.INCOMING else ""
        self._put(signal_frame(signal), rings)

    def _replaced(self) -> None:
        self._put(error_frame(FrameFault.REPLACED, REPLACED.reason))
        self._end(REPLACED)

    def _put(self, frame: str, rings: str = "") -> None:
        if self._closing.done():
            return
        if len(self._waiting) >= WAITING_MAX:
            self._end(UNREAD)
            return
        self._waiting.append((frame, rings))
        self._has_more.set()

    async def _write(self, line: VoiceLine) -> None:
        """Until the handset is gone, or everything is written that was said before the end."""
        while True:
            while self._waiting:
                frame, rings = self._waiting.popleft()
                try:
                    await self._socket.send_text(frame)
                except _GONE:
                    return
                if rings:
                    # A handset rings once it has been told to.
                    line.tell(Alerting(self._msisdn, rings))
            if self._closing.done():
                return
            self._has_more.clear()
            await self._has_more.wait()

    def _end(self, closing: Closing) -> None:
        if not self._closing.done():
            self._closing.set_result(closing)
            self._has_more.set()


@router.get("/voice", status_code=101, response_model=None, responses={426: {"description": "No upgrade"}})
async def get_voice(
    msisdn: Annotated[str, Query(description="the handset's number, in any form")] = "",  # noqa: ARG001 (for the OpenAPI document)
) -> NoReturn:
    """A handset's voice channel: a WebSocket with JSON frames both ways, docs/reference/voice.md."""
    detail = "this address is a WebSocket: ask with Upgrade: websocket"
    raise Problem(426, detail, code="upgrade", headers={"Upgrade": "websocket"})


@router.websocket("/voice")
async def voice(socket: WebSocket, msisdn: Annotated[Number, Query()], api: UseApi) -> None:
    """The channel of a subscriber's handset. Problems are answered in place of the upgrade."""
    handset = Msisdn(msisdn)
    if await api.operator.read(lambda reads: reads.subscriber(handset)) is None:
        raise not_found(f"subscriber {handset}")
    await socket.accept(PROTOCOL if PROTOCOL in socket.scope.get("subprotocols", ()) else None)
    gauge = api.settings.metrics.voice_connections
    gauge.inc()
    _log.info("voice.attached", msisdn=handset)
    code = 1006
    try:
        pace = Pace(asyncio.get_running_loop().time)
        code = await Connection(socket, handset, pace).run(api.settings.voice)
    finally:
        gauge.dec()
        _log.info("voice.detached", msisdn=handset, close=code)
