"""A real HTTP server on loopback that answers USSD requests as a test says."""

import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

#: From the form to the octets of the whole response; b"" hangs up.
Script = Callable[[dict[str, str]], bytes]


def response(body: bytes | str, status: str = "200 OK", *headers: str) -> bytes:
    """A response whose connection may be kept."""
    octets = body.encode() if isinstance(body, str) else body
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(octets)}", *headers, "", "")
    return "\r\n".join(lines).encode() + octets


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is what some tests are about."""


class HttpApplication:
    """Serves each request on a thread of its own, until the ``with`` ends."""

    def __init__(self, script: Script, secure: ssl.SSLContext | None = None) -> None:
        """``secure`` makes it a server of https."""
        self.script = script
        self.forms: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.targets: list[str] = []
        self.connections = 0
        #: Close the connection after each response, whatever it says.
        self.hangs_up = False
        #: What a script may wait for; the end of the test lets it go.
        self.released = threading.Event()
        #: A connection has come to its end.
        self.hung_up = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        if secure is not None:
            self._server.socket = secure.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if secure is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/ussd"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        application = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                application.connections += 1

            def finish(self) -> None:
                super().finish()
                application.hung_up.set()

            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                application.headers.append({name.lower(): text for name, text in self.headers.items()})
                fields = {name: values[0] for name, values in parse_qs(form, keep_blank_values=True).items()}
                application.targets.append(self.path)
                application.forms.append(fields)
                answer = application.script(fields)
                self.close_connection = application.hangs_up or not answer
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
