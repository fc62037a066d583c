"""The voice channel of a handset: signalling over a WebSocket, no audio (interfaces.md, "Voice legs")."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, repeat
from socket import SHUT_RDWR
from typing import Final

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.http11 import Response
from websockets.sync.client import ClientConnection, connect

from simulator.call_events import VoiceDown, VoiceEvent, VoiceUp, read_call_event
from simulator.errors import VoiceUnreachable
from simulator.number import own_number
from simulator.target import VoiceTarget
from simulator.visible import one_line

#: Policy violation, and codes of the application's own (RFC 6455 section 7.4): coming back would not help.
_POLICY: Final = 1008
_PRIVATE: Final = range(4000, 5000)
_CLOSED: Final = {1000: "the gateway ended it", 1001: "the gateway is stopping", 1012: "the gateway restarts"}
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceSettings:
    """Times in seconds. ``backoff_s``: waits between attempts to come back, the last repeats; none: it stays
    away until ``open``.
    """

    open_timeout_s: float = 3.0
    close_timeout_s: float = 1.0
    backoff_s: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 5.0)


class VoiceLine:
    """One handset's channel; reachable for calls from ``open`` to ``close``.

    ``on_event`` is called on the line's own reading thread: it must be quick and must not raise, open or
    close. The sending methods may be called from any thread. None waits for an answer: that is an event.
    ``wait(stop, seconds)`` waits between attempts to come back and returns True once ``stop`` is set.
    """

    def __init__(
        self,
        msisdn: str,
        target: VoiceTarget,
        on_event: Callable[[VoiceEvent], None],
        *,
        settings: VoiceSettings | None = None,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
    ) -> None:
        """Raises BadNumber."""
        self.msisdn = own_number(msisdn)
        self._target = target
        self._on_event = on_event
        self._settings = settings or VoiceSettings()
        self._wait = wait
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._connection: ClientConnection | None = None

    @property
    def is_open(self) -> bool:
        """Whether the network can reach the handset, as far as it knows."""
        return self._connection is not None

    def open(self, announce: Callable[[], object] = bool) -> None:
        """Be reachable; ``announce`` is called once it is so, before the first event. A line that is open
        stays as it is. Raises VoiceUnreachable.
        """
        if self.is_open:
            announce()
            return
        self.close()
        connection, stop = self._connect(), threading.Event()
        announce()
        self._stop, self._connection = stop, connection
        self._thread = threading.Thread(
            target=self._live, args=(connection, stop), name=f"voice-{self.msisdn}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Say goodbye and be switched off."""
        with self._lock:
            self._stop.set()
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        if self._thread is not None:
            self._thread.join(self._settings.open_timeout_s)
            self._thread = None

    def lose(self) -> None:
        """Break off without a word, as in a tunnel; by its settings it comes back."""
        connection = self._connection
        if connection is not None:
            with suppress(OSError):
                connection.socket.shutdown(SHUT_RDWR)

    def dial(self, number: str) -> None:
        """Call a number, as it is typed. Raises VoiceUnreachable."""
        self.tell("dial", number=number)

    def answer(self, call: str) -> None:
        """Take an incoming call. Raises VoiceUnreachable."""
        self.tell("answer", call=call)

    def press(self, call: str, digits: str) -> None:
        """Press keys: 0 to 9, ``*``, ``#``. Raises VoiceUnreachable."""
        self.tell("dtmf", call=call, digits=digits)

    def say(self, call: str, text: str) -> None:
        """Say words after a prompt. Raises VoiceUnreachable."""
        self.tell("say", call=call, text=text)

    def hang_up(self, call: str) -> None:
        """Leave a call, or refuse an incoming one. Raises VoiceUnreachable."""
        self.tell("hangup", call=call)

    def tell(self, kind: str, **fields: str) -> None:
        """Any message, in the form of interfaces.md. Raises VoiceUnreachable."""
        self.send(json.dumps({"type": kind, **fields}, ensure_ascii=False))

    def send(self, frame: str | bytes) -> None:
        """A frame as it is, also a broken one. Raises VoiceUnreachable."""
        connection = self._connection
        if connection is None:
            raise VoiceUnreachable("the handset has no voice channel")
        try:
            connection.send(frame)
        except ConnectionClosed:
            raise VoiceUnreachable("the voice channel is lost") from None

    def _connect(self) -> ClientConnection:
        try:
            connecting = connect(
                self._target.url(self.msisdn),
                additional_headers=self._target.headers,
                compression=None,
                open_timeout=self._settings.open_timeout_s,
                close_timeout=self._settings.close_timeout_s,
                # The gateway is asked, whatever this machine's web proxy is.
                proxy=None,
            )
            # The context is left by ``close``, or by the other side: websockets wants it to be one.
            return connecting.__enter__()
        except InvalidStatus as error:
            raise VoiceUnreachable(self._refusal(error.response)) from None
        except (OSError, InvalidHandshake, EOFError) as error:
            why = getattr(error, "strerror", None) or _unanswered(error)
            raise VoiceUnreachable(f"no gateway at {self._target.address}: {why}") from None

    def _refusal(self, response: Response) -> str:
        """The network says why (RFC 9457); anything else that listens there has its status only."""
        with suppress(ValueError, KeyError, TypeError):
            return one_line(str(json.loads(response.body or b"")["detail"]))
        return f"{self._target.address} answers {response.status_code}"

    def _live(self, connection: ClientConnection, stop: threading.Event) -> None:
        """The reading thread: one connection after the other until the line is closed."""
        for current in self._connections(connection, stop):
            for frame in _frames(current):
                event = read_call_event(frame)
                if event is not None and not stop.is_set():
                    self._emit(event)

    def _connections(self, first: ClientConnection, stop: threading.Event) -> Iterator[ClientConnection]:
        current: ClientConnection | None = first
        while current is not None:
            yield current
            with self._lock:
                if self._connection is current:
                    self._connection = None
            if stop.is_set():
                return
            comes_back = bool(self._settings.backoff_s) and not _is_final(current.close_code)
            self._emit(VoiceDown(_why(current), comes_back))
            current = self._come_back(stop) if comes_back else None

    def _come_back(self, stop: threading.Event) -> ClientConnection | None:
        pauses = self._settings.backoff_s
        for pause in chain(pauses, repeat(pauses[-1])):
            if self._wait(stop, pause):
                return None
            with suppress(VoiceUnreachable):
                return self._adopt(self._connect(), stop)
        return None

    def _adopt(self, connection: ClientConnection, stop: threading.Event) -> ClientConnection | None:
        with self._lock:
            if not stop.is_set():
                self._connection = connection
        if stop.is_set():
            connection.close()
            return None
        self._emit(VoiceUp())
        return connection

    def _emit(self, event: VoiceEvent) -> None:
        try:
            self._on_event(event)
        except Exception:  # noqa: BLE001  # the owner's mistake must not switch the handset off
            # The event's text stays out of the log.
            _log.exception("on_event failed for a %s", type(event).__name__)


def _frames(connection: ClientConnection) -> Iterator[str | bytes]:
    """Until the connection ends, however it ends."""
    with suppress(ConnectionClosed):
        yield from connection


def _unanswered(error: Exception) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else "it does not speak WebSocket"


def _is_final(close_code: int | None) -> bool:
    return close_code == _POLICY or close_code in _PRIVATE


def _why(connection: ClientConnection) -> str:
    return connection.close_reason or _CLOSED.get(connection.close_code or 0, "the connection was lost")
