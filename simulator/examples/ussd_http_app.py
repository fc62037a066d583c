"""A USSD application over HTTP: ``python -m simulator.examples.ussd_http_app 8090``."""

import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


def screen(typed: str) -> str:
    """What to show after these inputs, which are joined by ``*``; empty when the code was dialled alone."""
    match typed.split("*") if typed else []:
        case []:
            return "CON Tea house\n1 Order tea\n2 Opening hours"
        case ["1"]:
            return "CON How many cups?"
        case ["1", cups] if cups.isdecimal():
            return f"END Cups of tea on their way: {cups}"
        case ["2"]:
            return "END Open from 9 to 21, on Sundays too"
    return "END There is no such choice"


class Application(BaseHTTPRequestHandler):
    """Answers ``POST`` with ``sessionId``, ``phoneNumber``, ``serviceCode``, ``networkCode`` and ``text``."""

    protocol_version = "HTTP/1.1"  # keeps connections

    def do_POST(self) -> None:
        """One step of a session."""
        octets = self.rfile.read(int(self.headers["Content-Length"]))
        form = parse_qs(octets.decode(), keep_blank_values=True)
        body = screen(form["text"][0]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main(port: str = "8090") -> None:
    """Listen, say so, and serve until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ThreadingHTTPServer(("127.0.0.1", int(port)), Application) as server:
        url = f"http://127.0.0.1:{server.server_port}/ussd"
        print(f"listening on {url}", flush=True)  # noqa: T201 - an example talks to whoever starts it
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
