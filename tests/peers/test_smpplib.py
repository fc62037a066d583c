"""smpplib (PyPI), by itself: without the simulator's repairs."""

import select
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from smpplib import gsm  # type: ignore[import-untyped]  # smpplib has no annotations
from smpplib.client import Client  # type: ignore[import-untyped]  # as above
from smpplib.exceptions import PDUError  # type: ignore[import-untyped]  # as above

from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.waiting import PATIENCE_S, until
from tests.peers.application import Inbox, Incoming, Receipt
from tests.peers.behaviour import ApplicationBehaviour

_LOOK_S = 0.05


class SmpplibApplication:
    """One client; a thread of its own reads, as smpplib's manual has it."""

    def __init__(self, port: int, password: str = "secret1") -> None:
        self._inbox = Inbox()
        self._answered = threading.Condition()
        self._stopped = threading.Event()
        self._ids: dict[int, str] = {}
        self._client: Any = Client("127.0.0.1", port, timeout=PATIENCE_S, allow_unknown_opt_params=True)
        self._client.set_message_received_handler(self._received)
        self._client.set_message_sent_handler(self._sent)
        self._client.connect()
        try:
            self._client.bind_transceiver(system_id="app1", password=password)
        except BaseException:
            self._client.disconnect()
            raise
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def submit(self, to: str, text: str, *, receipt: bool = False) -> list[str]:
        texts, data_coding, esm_class = gsm.make_parts(text)
        sequences = [
            self._client.send_message(
                source_addr_ton=0,
                source_addr="1234",
                dest_addr_ton=1,
                dest_addr_npi=1,
                destination_addr=to,
                short_message=each,
                data_coding=data_coding,
                esm_class=esm_class,
                registered_delivery=receipt,
            ).sequence
            for each in texts
        ]
        with self._answered:
            assert self._answered.wait_for(lambda: self._ids.keys() >= set(sequences), PATIENCE_S)
        return [self._ids[each] for each in sequences]

    def message(self) -> Incoming:
        return self._inbox.message()

    def receipt(self) -> Receipt:
        return self._inbox.receipt()

    def close(self) -> None:
        self._stopped.set()
        self._reader.join(PATIENCE_S)
        self._client.unbind()
        self._client.disconnect()

    def _read(self) -> None:
        while not self._stopped.is_set():
            self._client.poll()
            select.select([self._client._socket], [], [], _LOOK_S)

    def _received(self, pdu: Any) -> None:
        self._inbox.take(
            pdu.source_addr.decode(),
            pdu.destination_addr.decode(),
            pdu.esm_class,
            pdu.data_coding,
            pdu.short_message,
        )

    def _sent(self, pdu: Any) -> None:
        with self._answered:
            self._ids[pdu.sequence] = pdu.message_id.decode()
            self._answered.notify_all()


class TestSmpplib(ApplicationBehaviour):
    """Everything that every client gets."""

    @pytest.fixture
    def application(self, gateway: GatewayProcess) -> Iterator[SmpplibApplication]:
        application = SmpplibApplication(gateway.smpp_port)
        yield application
        application.close()


def test_a_wrong_password_is_an_error_that_it_names(gateway: GatewayProcess) -> None:
    """ESME_RINVPASWD, 14."""
    with pytest.raises(PDUError) as caught:
        SmpplibApplication(gateway.smpp_port, "wrong")
    assert caught.value.args[1] == 14


def test_its_goodbye_is_a_clean_end(gateway: GatewayProcess) -> None:
    """The session's commands need no repeat."""
    ends = len(gateway.log_lines("unbound"))
    SmpplibApplication(gateway.smpp_port).close()
    until(lambda: len(gateway.log_lines("unbound")) > ends, "the session has ended")
    assert gateway.log_lines("unbound")[-1]["clean"]
