"""node-smpp (npm): a process of its own that is told what to do by lines of JSON."""

import json
import os
import queue
import subprocess
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.waiting import PATIENCE_S, until
from tests.peers import needs
from tests.peers.application import RECEIPT, Incoming, Receipt, read_receipt
from tests.peers.behaviour import EN, ApplicationBehaviour

_SCRIPT = Path(__file__).with_name("node") / "client.js"
_TYPE = 0x3C


class NodeApplication:
    """node client.js, and what it says."""

    def __init__(self, port: int, password: str = "secret1") -> None:
        self._numbers = count(1)
        self._said: dict[str, queue.Queue[dict[str, Any]]] = {
            name: queue.Queue() for name in ("bound", "submitted", "deliver", "closed", "error")
        }
        self._receipts: queue.Queue[Receipt] = queue.Queue()
        self._messages: queue.Queue[Incoming] = queue.Queue()
        self._parts: dict[int, dict[int, str]] = {}
        self._process = subprocess.Popen(  # noqa: S603 (a program that was looked up, and our script)
            [needs.program("node", "nodejs"), str(_SCRIPT), str(port), password],
            env=os.environ | {"NODE_PATH": str(needs.NODE_MODULES)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.bind_status: int = self._next("bound")["status"]

    def submit(self, to: str, text: str, *, receipt: bool = False) -> list[str]:
        number = next(self._numbers)
        self._tell({"op": "submit", "number": number, "to": to, "text": text, "receipt": receipt})
        answer = self._next("submitted")
        assert (answer["number"], answer["status"]) == (number, 0)
        return [str(each) for each in answer["ids"]]

    def message(self) -> Incoming:
        return self._messages.get(timeout=PATIENCE_S)

    def receipt(self) -> Receipt:
        return self._receipts.get(timeout=PATIENCE_S)

    def close(self) -> None:
        if self.bind_status == 0:
            self._tell({"op": "close"})
        self._next("closed")
        self._process.wait(PATIENCE_S)
        self._listener.join(PATIENCE_S)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        assert self._said["error"].empty(), self._said["error"].get()

    def kill(self) -> None:
        """Whatever happened: no process is left."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE_S)

    def _tell(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _next(self, event: str) -> dict[str, Any]:
        return self._said[event].get(timeout=PATIENCE_S)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            self._said[said["event"]].put(said)
            if said["event"] == "deliver":
                self._take(said)

    def _take(self, said: dict[str, Any]) -> None:
        if said["esm_class"] & _TYPE == RECEIPT:
            self._receipts.put(read_receipt(said["text"]))
            return
        text = self._joined(said)
        if text is not None:
            self._messages.put(Incoming(said["source"], said["destination"], text))

    def _joined(self, said: dict[str, Any]) -> str | None:
        if said["concat"] is None:
            return str(said["text"])
        # Identifier, length, reference, total, number.
        *_, reference, total, number = said["concat"]
        parts = self._parts.setdefault(reference, {})
        parts[number] = said["text"]
        return "".join(parts[each] for each in sorted(parts)) if len(parts) == total else None


@pytest.fixture
def application(gateway: GatewayProcess) -> Iterator[NodeApplication]:
    """Bound as a transceiver."""
    needs.node_package("smpp")
    application = NodeApplication(gateway.smpp_port)
    try:
        yield application
        application.close()
    finally:
        application.kill()


class TestNodeSmpp(ApplicationBehaviour):
    """Everything that every client gets."""


def test_it_reads_the_parameters_of_a_receipt(application: NodeApplication) -> None:
    """receipted_message_id and message_state, by its own tables; the interconnect delivers at once."""
    (message_id,) = application.submit("77051234567", "hello", receipt=True)
    application.receipt()
    said = application._said["deliver"].get(timeout=PATIENCE_S)
    assert (said["receipted"], said["state"]) == (message_id, 2)
    assert said["source"] != EN


def test_a_wrong_password_is_answered_with_its_status(gateway: GatewayProcess) -> None:
    """ESME_RINVPASWD, 14."""
    needs.node_package("smpp")
    application = NodeApplication(gateway.smpp_port, "wrong")
    assert application.bind_status == 14
    application.close()


def test_its_goodbye_is_a_clean_end(gateway: GatewayProcess) -> None:
    """The session's commands need no repeat."""
    needs.node_package("smpp")
    ends = len(gateway.log_lines("unbound"))
    NodeApplication(gateway.smpp_port).close()
    until(lambda: len(gateway.log_lines("unbound")) > ends, "the session has ended")
    assert gateway.log_lines("unbound")[-1]["clean"]
