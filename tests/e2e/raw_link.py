"""A plain socket that speaks SMPP octet by octet: what no well-behaved client would send, too."""

import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from gateway.smpp.codec import decode, encode, with_sequence
from gateway.smpp.constants import EsmClass, UssdServiceOp
from gateway.smpp.pdu import Pdu, Response
from gateway.smpp.pdus import (
    Address,
    Bind,
    BindResp,
    BindTransceiver,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)
from gateway.smpp.tlv import Tag, Tlv
from tests.e2e.waiting import PATIENCE_S

P = TypeVar("P", bound=Pdu)

_CHUNK = 65_536
_HEADER = 16
#: A close that sends RST instead of FIN: the peer vanishes.
_ABORT = struct.pack("ii", 1, 0)


class LinkClosed(AssertionError):
    """The gateway closed the connection, and the PDU that was waited for has not come."""


class RawLink:
    """One connection. PDUs that were not asked for yet are kept in the order of their arrival."""

    def __init__(self, port: int = 0, *, taken: socket.socket | None = None) -> None:
        """Connects to a port, or goes on with a connection that was taken."""
        self.socket = taken or socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.socket.settimeout(PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._octets = bytearray()
        self._kept: deque[Pdu] = deque()
        self._sequence = 0

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def vanish(self) -> None:
        """Hang up as a crashed peer does: without a goodbye, not even TCP's."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self.socket.close()

    # -- out ---------------------------------------------------------------------------------------

    def next_sequence(self) -> int:
        """A fresh sequence_number."""
        self._sequence += 1
        return self._sequence

    def numbered(self, pdu: Pdu) -> bytes:
        """The octets of a request with a fresh sequence_number."""
        return with_sequence(encode(pdu), self.next_sequence())

    def send_octets(self, octets: bytes) -> None:
        """These octets, whatever they are."""
        self.socket.sendall(octets)

    def send(self, pdu: Pdu) -> int:
        """A request; its sequence_number."""
        self.send_octets(self.numbered(pdu))
        return self._sequence

    def answer(self, pdu: DeliverSm, status: int = 0) -> None:
        """The response to a delivery."""
        self.send_octets(encode(DeliverSmResp(pdu.sequence_number, status)))

    # -- in ----------------------------------------------------------------------------------------

    def read(self) -> Pdu:
        """The next PDU, whatever it is, in the order of arrival. Raises LinkClosed, TimeoutError."""
        return self._kept.popleft() if self._kept else self._receive()

    def expect(self, kind: type[P], where: Callable[[P], bool] = lambda _: True) -> P:
        """The first PDU of that kind; what comes before it is kept. Raises LinkClosed, TimeoutError."""
        for each in self._kept:
            if isinstance(each, kind) and where(each):
                self._kept.remove(each)
                return each
        while True:
            pdu = self._receive()
            if isinstance(pdu, kind) and where(pdu):
                return pdu
            self._kept.append(pdu)

    def waiting(self) -> list[Pdu]:
        """What has come by now: everything that the gateway sent before it answered this enquire_link."""
        sequence = self.send(EnquireLink())
        self.expect(EnquireLinkResp, lambda pdu: pdu.sequence_number == sequence)
        kept = list(self._kept)
        self._kept.clear()
        return kept

    def is_closed(self) -> bool:
        """Waits for the end of the connection; what still came is kept. Raises TimeoutError."""
        try:
            while True:
                self._kept.append(self._receive())
        except (LinkClosed, ConnectionError):
            return True

    def _receive(self) -> Pdu:
        while not (frame := self._frame()):
            octets = self.socket.recv(_CHUNK)
            if not octets:
                raise LinkClosed("the gateway closed the connection")
            self._octets += octets
        return decode(frame)

    def _frame(self) -> bytes:
        if len(self._octets) < _HEADER:
            return b""
        length = int.from_bytes(self._octets[:4], "big")
        if len(self._octets) < length:
            return b""
        frame = bytes(self._octets[:length])
        del self._octets[:length]
        return frame

    # -- conversations -----------------------------------------------------------------------------

    def bind(
        self,
        system_id: str = "handset",
        password: str = "handset",
        address_range: str = "",
        kind: type[Bind] = BindTransceiver,
    ) -> BindResp:
        """Bind; the response, good or bad."""
        self.send(kind(system_id=system_id, password=password, address_range=address_range))
        return self.expect(BindResp)

    def submit(self, source: str, destination: str, text: str = "", **fields: Any) -> SubmitSmResp:
        """Send a message and wait for the response."""
        sequence = self.send(message(source, destination, text, **fields))
        return self.expect(SubmitSmResp, lambda pdu: pdu.sequence_number == sequence)

    def ask(self, pdu: Pdu) -> Response:
        """Any request, and its response."""
        sequence = self.send(pdu)
        return self.expect(Response, lambda each: each.sequence_number == sequence)

    def dial(self, source: str, dialled: str, dialogue: int = 1) -> SubmitSmResp:
        """Dial a service code; the response (the screen comes as a deliver_sm)."""
        sequence = self.send(dialling(source, dialled, dialogue))
        return self.expect(SubmitSmResp, lambda pdu: pdu.sequence_number == sequence)

    def delivery(self, status: int = 0) -> DeliverSm:
        """The next deliver_sm, answered with ``status``."""
        pdu = self.expect(DeliverSm)
        self.answer(pdu, status)
        return pdu

    def unbind(self) -> None:
        """Say goodbye, and hang up."""
        self.send(Unbind())
        self.expect(UnbindResp)
        self.close()


class TlsLink(RawLink):
    """The same over TLS.

    ``client`` is the client's certificate and key, as PEM files; ``buffer`` how many octets the socket keeps
    for a reader, 0 for the system's choice.
    """

    def __init__(
        self, port: int, authority: Path, client: tuple[Path, Path] | None = None, buffer: int = 0
    ) -> None:
        context = ssl.create_default_context(cafile=str(authority))
        if client is not None:
            context.load_cert_chain(*client)
        plain = socket.socket()
        if buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        plain.settimeout(PATIENCE_S)
        plain.connect(("127.0.0.1", port))
        super().__init__(taken=context.wrap_socket(plain, server_hostname="127.0.0.1"))


class ListeningEsme:
    """An application that waits to be called (SMPP 3.4 section 4.1.7)."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(PATIENCE_S)
        self._links: list[RawLink] = []
        self.port: int = self._server.getsockname()[1]

    def accept(self) -> RawLink:
        """The next call. Raises TimeoutError."""
        taken, _ = self._server.accept()
        self._links.append(RawLink(taken=taken))
        return self._links[-1]

    def close(self) -> None:
        """Hang up everywhere, and listen no more."""
        for link in self._links:
            link.close()
        self._server.close()


def message(source: str, destination: str, text: str = "", **fields: Any) -> SubmitSm:
    """A submit_sm in ASCII digits and letters, which GSM 7 bit shares; ``fields`` as in SubmitSm."""
    return SubmitSm(
        source=Address(1, 1, source),
        destination=Address(0, 1, destination),
        **({"short_message": text.encode("ascii")} | fields),
    )


def segments(source: str, destination: str, *texts: str, reference: int = 7) -> list[SubmitSm]:
    """One message in parts, with user data headers (3GPP TS 23.040 section 9.2.3.24.1)."""
    return [
        message(
            source,
            destination,
            esm_class=EsmClass.UDHI,
            short_message=bytes((5, 0, 3, reference, len(texts), number)) + text.encode("ascii"),
        )
        for number, text in enumerate(texts, start=1)
    ]


def dialling(source: str, dialled: str, dialogue: int = 1) -> SubmitSm:
    """The PSSR indication of a dialled string (interfaces.md "USSD over SMPP")."""
    return SubmitSm(
        service_type="USSD",
        source=Address(1, 1, source),
        destination=Address(0, 0, dialled if len(dialled) <= 20 else ""),
        short_message=dialled.encode("ascii"),
        tlvs=(
            Tlv(Tag.USSD_SERVICE_OP, UssdServiceOp.PSSR_INDICATION),
            Tlv(Tag.ITS_SESSION_INFO, bytes((dialogue, 0))),
        ),
    )
