"""Kannel's bearerbox and smsbox as an SMPP client: processes, configuration, and HTTP on the other side."""

import queue
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.e2e.waiting import PATIENCE_S, until
from tests.peers.application import Incoming, Receipt, decoded, encoded

_STOP_S = 10.0
#: What a receipt may be, by Kannel's names of its dlr-mask: delivered, not delivered, refused by the SMSC.
STATES = {"1": "DELIVRD", "2": "UNDELIV", "16": "REJECTD"}
_MASK = sum(map(int, STATES))
_UCS2 = 8

CONFIG = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = adm1n
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
box-deny-ip = "*.*.*.*"
log-file = "{folder}/bearerbox.log"
log-level = 0
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = shortcode
host = 127.0.0.1
port = {smpp}
transceiver-mode = true
smsc-username = app1
smsc-password = secret1
system-type = ""
interface-version = 34
enquire-link-interval = 5
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {send}
sendsms-interface = 127.0.0.1
log-file = "{folder}/smsbox.log"
log-level = 0

group = sendsms-user
username = tester
password = t3ster
concatenation = true
max-messages = 10

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "http://127.0.0.1:{web}/mo?from=%p&to=%P&coding=%c&charset=%C&text=%b"
"""


class _Callbacks(BaseHTTPRequestHandler):
    """Kannel calls us: ``/mo`` for a message, ``/dlr`` for a receipt."""

    server: "_Server"

    def do_GET(self) -> None:
        """An empty answer: nothing is sent back to the subscriber."""
        parts = urlsplit(self.path)
        fields = parse_qs(parts.query, keep_blank_values=True, encoding="latin-1")
        self.server.called[parts.path].put({name: values[0] for name, values in fields.items()})
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name in http.server)
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Callbacks)
        self.called: dict[str, queue.Queue[dict[str, str]]] = {"/mo": queue.Queue(), "/dlr": queue.Queue()}


class Kannel:
    """Both boxes, bound to a gateway as app1. Implements Application."""

    def __init__(self, folder: Path, smpp_port: int, bearerbox: str, smsbox: str) -> None:
        self._folder = folder
        self._server = _Server()
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._number = 0
        self._ids: dict[str, str] = {}
        ports = _free_ports("admin", "boxes", "send")
        self._admin, self._send = ports["admin"], ports["send"]
        config = folder / "kannel.conf"
        web = self._server.server_address[1]
        config.write_text(CONFIG.format(folder=folder, smpp=smpp_port, web=web, **ports))
        self._start(bearerbox, config)
        until(lambda: "(online" in self._status(), "bearerbox is bound")
        self._start(smsbox, config)
        until(lambda: "smsbox:" in self._status() and self._listens(), "smsbox is connected")

    def submit(self, to: str, text: str, *, receipt: bool = False) -> list[str]:
        """As Application; Kannel's HTTP interface does not tell the gateway's ids, its receipts do."""
        self._number += 1
        data_coding, _ = encoded(text)
        query = {
            "username": "tester",
            "password": "t3ster",
            "from": "1234",
            "to": to,
            "charset": "UTF-8",
            "coding": "2" if data_coding == _UCS2 else "0",
            "text": text,
        }
        if receipt:
            called = f"http://127.0.0.1:{self._server.server_address[1]}/dlr?type=%d&id=%F&answer=%A"
            query |= {"dlr-mask": str(_MASK), "dlr-url": called}
        answer = httpx.get(f"http://127.0.0.1:{self._send}/cgi-bin/sendsms", params=query, trust_env=False)
        assert answer.status_code == 202, answer.text
        return []

    def message(self) -> Incoming:
        """The next message, waited for. Raises queue.Empty."""
        got = self._server.called["/mo"].get(timeout=PATIENCE_S)
        octets = got["text"].encode("latin-1")
        text = decoded(octets, _UCS2) if got["coding"] == "2" else octets.decode(got["charset"] or "utf-8")
        # Kannel writes a plus before a number whose TON is international.
        return Incoming(got["from"].removeprefix("+"), got["to"], text)

    def receipt(self) -> Receipt:
        """The next receipt, waited for. Raises queue.Empty."""
        got = self._server.called["/dlr"].get(timeout=PATIENCE_S)
        return Receipt(got["id"], STATES[got["type"]])

    def close(self) -> None:
        """Stop both boxes by their ids; bearerbox unbinds."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(_STOP_S)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_S)

    @property
    def log(self) -> str:
        """What both boxes have written down."""
        return "".join(path.read_text(errors="replace") for path in sorted(self._folder.glob("*.log")))

    def _start(self, program: str, config: Path) -> None:
        with (self._folder / f"{Path(program).name}.out").open("ab") as out:
            process = subprocess.Popen(  # noqa: S603 (a program that was looked up, and our configuration)
                [program, str(config)],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._processes.append(process)

    def _status(self) -> str:
        ended = [process for process in self._processes if process.poll() is not None]
        assert not ended, f"a box has ended:\n{self.log[-4000:]}"
        try:
            url = f"http://127.0.0.1:{self._admin}/status.txt"
            return httpx.get(url, params={"password": "adm1n"}, trust_env=False).text
        except httpx.TransportError:
            return ""

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._send)) == 0


def _free_ports(*names: str) -> dict[str, int]:
    """Ports that nobody has now; Kannel cannot take 0 and tell."""
    sockets = [socket.socket() for _ in names]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return {name: each.getsockname()[1] for name, each in zip(names, sockets, strict=True)}
    finally:
        for each in sockets:
            each.close()
