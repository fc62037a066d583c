"""smpp34 (PyPI): a codec and sessions in Rust, driven through asyncio."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from itertools import count
from typing import Any, TypeVar

import pytest

from tests.e2e.conftest import MakePhone
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.waiting import PATIENCE_S, until
from tests.peers import needs
from tests.peers.application import Inbox, Incoming, Receipt, encoded, parts
from tests.peers.behaviour import EN, ApplicationBehaviour

T = TypeVar("T")


class Smpp34Application:
    """One client on an event loop of its own, in a thread of its own."""

    def __init__(self, port: int, password: str = "secret1", bind_type: str = "TRX") -> None:
        # Imported here: where it is missing, the test is skipped and not the file broken.
        import smpp34  # noqa: PLC0415

        self._smpp34: Any = smpp34
        self._inbox = Inbox()
        self._references = count(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self._session: Any = self._run(self._connect(port, password, bind_type))
        except BaseException:
            self._end()
            raise
        self._reader = asyncio.run_coroutine_threadsafe(self._read(), self._loop)

    def submit(self, to: str, text: str, *, receipt: bool = False) -> list[str]:
        data_coding, octets = encoded(text)
        pieces = parts(octets, data_coding, next(self._references))
        return [
            self.submit_octets(to, piece, data_coding, esm_class=esm_class, receipt=receipt)
            for esm_class, piece in pieces
        ]

    def submit_octets(
        self,
        to: str,
        octets: bytes,
        data_coding: int = 0,
        *,
        esm_class: int = 0,
        receipt: bool = False,
        tlvs: list[tuple[int, bytes]] | None = None,
    ) -> str:
        """One submit_sm; its message id. Raises AssertionError when it is refused."""
        response = self._run(
            self._submit(to, octets, data_coding, esm_class=esm_class, receipt=receipt, tlvs=tlvs or [])
        )
        assert response.is_success, response.command_status
        return str(response.message_id)

    def message(self) -> Incoming:
        return self._inbox.message()

    def receipt(self) -> Receipt:
        return self._inbox.receipt()

    def close(self) -> None:
        try:
            self._run(self._unbind())
            self._reader.result(PATIENCE_S)
        finally:
            self._end()

    async def _unbind(self) -> None:
        await self._session.unbind()

    async def _connect(self, port: int, password: str, bind_type: str) -> Any:
        client = self._smpp34.Client("127.0.0.1", port, "app1", password, bind_type=bind_type)
        self._client = client
        return await client.connect()

    async def _submit(self, to: str, octets: bytes, data_coding: int, **fields: Any) -> Any:
        return await self._session.submit_sm(
            to,
            octets,
            source_addr="1234",
            dest_addr_ton=1,
            dest_addr_npi=1,
            data_coding=data_coding,
            esm_class=fields["esm_class"],
            registered_delivery=int(fields["receipt"]),
            tlvs=[self._smpp34.Tlv(tag, value) for tag, value in fields["tlvs"]],
        )

    async def _read(self) -> None:
        while isinstance(event := await self._session.next(), self._smpp34.DeliverSmEvent):
            self._inbox.take(
                event.source_addr,
                event.destination_addr,
                event.esm_class,
                event.data_coding,
                event.short_message,
            )

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()


@pytest.fixture
def application(gateway: GatewayProcess) -> Iterator[Smpp34Application]:
    """Bound as a transceiver."""
    needs.module("smpp34")
    application = Smpp34Application(gateway.smpp_port)
    yield application
    application.close()


class TestSmpp34(ApplicationBehaviour):
    """Everything that every client gets."""


def test_a_message_payload_reaches_the_handset(application: Smpp34Application, phone: MakePhone) -> None:
    """A long text in one TLV instead of parts."""
    handset = phone(EN)
    text = "The quick brown fox jumps over the lazy dog. " * 8
    application.submit_octets(EN, b"", tlvs=[(0x0424, text.encode("ascii"))])
    assert handset.incoming().text == text


def test_a_wrong_password_is_an_error(gateway: GatewayProcess) -> None:
    """It does not say which."""
    needs.module("smpp34")
    import smpp34  # noqa: PLC0415 (where it is missing, the test is skipped)

    with pytest.raises(smpp34.SmppError):
        Smpp34Application(gateway.smpp_port, "wrong")


def test_its_goodbye_is_a_clean_end(gateway: GatewayProcess) -> None:
    """The session's commands need no repeat."""
    needs.module("smpp34")
    ends = len(gateway.log_lines("unbound"))
    Smpp34Application(gateway.smpp_port).close()
    until(lambda: len(gateway.log_lines("unbound")) > ends, "the session has ended")
    assert gateway.log_lines("unbound")[-1]["clean"]
