"""A small fake of the gateway's voice channel: takes handsets' frames, sends what a test wants."""

import json
import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from simulator.target import VoiceTarget

PATIENCE_S = 10.0
Take = Callable[[dict[str, Any]], None]


class FakeExchange:
    """Listens on a free port. ``on_frame`` is called for each frame of a handset and ``on_open`` before the
    first, on the handset's thread.
    """

    def __init__(self) -> None:
        self.on_frame: Take = lambda _frame: None
        self.on_open: Callable[[], None] = lambda: None
        #: Statuses to refuse the next handshakes with, and what the body says.
        self.refusals: list[int] = []
        self.refusal_body = "no"
        self.authorizations: list[str | None] = []
        self._frames: queue.Queue[dict[str, Any]] = queue.Queue()
        self._opened: queue.Queue[str] = queue.Queue()
        self._closed: queue.Queue[int | None] = queue.Queue()
        self._current: ServerConnection | None = None
        self._server = serve(
            self._handle, "127.0.0.1", 0, compression=None, process_request=self._process, close_timeout=1
        )
        self.port: int = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Stop listening, and leave."""
        self.hang_up_on_it(1001)
        self._server.shutdown()
        self._thread.join(PATIENCE_S)

    @property
    def target(self) -> VoiceTarget:
        """Where it is."""
        return VoiceTarget("127.0.0.1", self.port)

    def send(self, kind: str, **fields: object) -> None:
        """Tell the handset; ``from_`` stands for ``from``."""
        said = {"type": kind} | {name.rstrip("_"): value for name, value in fields.items()}
        self.send_raw(json.dumps(said))

    def send_raw(self, frame: str | bytes) -> None:
        """Any frame."""
        assert self._current is not None
        self._current.send(frame)

    def hang_up_on_it(self, code: int, reason: str = "") -> None:
        """Close the channel from this side."""
        if self._current is not None:
            self._current.close(code, reason)

    @property
    def openings(self) -> int:
        """How many handshakes came."""
        return len(self.authorizations)

    def opened(self) -> str:
        """The path of the next channel that is opened. Raises queue.Empty after a long while."""
        return self._opened.get(timeout=PATIENCE_S)

    def closed(self) -> int | None:
        """The code that the next channel ends with. Raises queue.Empty after a long while."""
        return self._closed.get(timeout=PATIENCE_S)

    def frame(self) -> dict[str, Any]:
        """The next frame of the handset. Raises queue.Empty after a long while."""
        return self._frames.get(timeout=PATIENCE_S)

    def _process(self, _connection: ServerConnection, request: Request) -> Response | None:
        self.authorizations.append(request.headers.get("Authorization"))
        if not self.refusals:
            return None
        return _connection.respond(self.refusals.pop(0), self.refusal_body)

    def _handle(self, connection: ServerConnection) -> None:
        self._current = connection
        assert connection.request is not None
        self._opened.put(connection.request.path)
        try:
            self.on_open()
            for text in connection:
                frame = json.loads(text)
                self._frames.put(frame)
                self.on_frame(frame)
        except ConnectionClosed:
            pass
        self._closed.put(connection.close_code)
