"""A gateway for tests, from plain sockets and struct: it shares no code with either side."""

import queue
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable

BIND_TRANSCEIVER: Final = 0x00000009
SUBMIT_SM: Final = 0x00000004
DELIVER_SM: Final = 0x00000005
UNBIND: Final = 0x00000006
DATA_SM: Final = 0x00000103
ALERT_NOTIFICATION: Final = 0x00000102
ENQUIRE_LINK: Final = 0x00000015
GENERIC_NACK: Final = 0x80000000
RESPONSE: Final = 0x80000000
USER_MESSAGE_REFERENCE: Final = 0x0204
RECEIPTED_MESSAGE_ID: Final = 0x001E
MESSAGE_STATE: Final = 0x0427
MESSAGE_PAYLOAD: Final = 0x0424
NETWORK_ERROR_CODE: Final = 0x0423
USSD_SERVICE_OP: Final = 0x0501
ITS_SESSION_INFO: Final = 0x1383
PATIENCE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Pdu:
    """A PDU as it came, header taken apart."""

    command_id: int
    status: int
    sequence: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Submit:
    """A submit_sm taken apart (SMPP 3.4 section 4.4.1)."""

    service_type: str
    source: tuple[int, int, str]
    destination: tuple[int, int, str]
    esm_class: int
    registered_delivery: int
    data_coding: int
    short_message: bytes
    tlvs: dict[int, bytes] = field(default_factory=dict)


class Reader:
    """Takes fields off the front of a body."""

    def __init__(self, body: bytes) -> None:
        self.rest = body

    def text(self) -> str:
        """A C-Octet String."""
        value, _, self.rest = self.rest.partition(b"\0")
        return value.decode("ascii")

    def octets(self, number: int) -> bytes:
        """Octets of a known number."""
        value, self.rest = self.rest[:number], self.rest[number:]
        return value

    def number(self, octets: int = 1) -> int:
        """A big-endian integer."""
        return int.from_bytes(self.octets(octets))


def read_submit(body: bytes) -> Submit:
    """The body of a submit_sm."""
    reader = Reader(body)
    service_type = reader.text()
    source = (reader.number(), reader.number(), reader.text())
    destination = (reader.number(), reader.number(), reader.text())
    esm_class = reader.number()
    reader.octets(2)
    reader.text()
    reader.text()
    registered_delivery = reader.number()
    reader.octets(1)
    data_coding = reader.number()
    reader.octets(1)
    short_message = reader.octets(reader.number())
    return Submit(
        service_type, source, destination, esm_class, registered_delivery, data_coding, short_message,
        read_tlvs(reader.rest),
    )  # fmt: skip


def read_tlvs(octets: bytes) -> dict[int, bytes]:
    """The optional parameters at the end of a body."""
    reader, tlvs = Reader(octets), {}
    while reader.rest:
        tag = reader.number(2)
        tlvs[tag] = reader.octets(reader.number(2))
    return tlvs


def tlv(tag: int, value: bytes) -> bytes:
    """One optional parameter."""
    return struct.pack(">HH", tag, len(value)) + value


def deliver_body(
    source: str,
    octets: bytes,
    *,
    data_coding: int = 0,
    esm_class: int = 0,
    service_type: str = "",
    registered_delivery: int = 0,
    tlvs: bytes = b"",
) -> bytes:
    """The body of a deliver_sm to 77011234567."""
    return (
        service_type.encode() + b"\0"
        + b"\0\1" + source.encode() + b"\0"
        + b"\1\1" + b"77011234567" + b"\0"
        + bytes((esm_class, 0, 0)) + b"\0\0" + bytes((registered_delivery, 0, data_coding, 0, len(octets)))
        + octets + tlvs
    )  # fmt: skip


def data_body(source: str, tlvs: bytes, *, data_coding: int = 0, registered_delivery: int = 0) -> bytes:
    """The body of a data_sm to 77011234567 (SMPP 3.4 section 4.7.1)."""
    return (
        b"\0" + b"\0\1" + source.encode() + b"\0" + b"\1\1" + b"77011234567" + b"\0"
        + bytes((0, registered_delivery, data_coding)) + tlvs
    )  # fmt: skip


def receipt_body(
    message_id: str, state: int, *, esm_class: int = 0x04, text: bytes = b"", tlvs: bytes = b""
) -> bytes:
    """The body of a deliver_sm that is a receipt, by TLVs."""
    ours = tlv(RECEIPTED_MESSAGE_ID, message_id.encode() + b"\0") + tlv(MESSAGE_STATE, bytes((state,)))
    return deliver_body("9393", text, esm_class=esm_class, tlvs=ours + tlvs)


def ussd_body(op: int, text: bytes, session_info: bytes | None, *, data_coding: int = 0) -> bytes:
    """The body of a deliver_sm that carries a USSD screen."""
    tlvs = tlv(USSD_SERVICE_OP, bytes((op,)))
    if session_info is not None:
        tlvs += tlv(ITS_SESSION_INFO, session_info)
    return deliver_body("*100#", text, data_coding=data_coding, service_type="USSD", tlvs=tlvs)


class FakeSmsc:
    """Listens on a free loopback port and serves one handset at a time, each on a fresh thread."""

    def __init__(self) -> None:
        self.bind_status = 0
        self.submit_status = 0
        #: message_ids to come; then the last one again.
        self.message_ids = ["id-1"]
        #: Does it answer unbind, enquire_link and submit_sm at all?
        self.answers = True
        self.on_submit: Callable[[Submit], object] = lambda _submit: None
        self._queues: dict[int, queue.Queue[Pdu]] = {}
        self._lock = threading.Lock()
        self._sequence = 0
        self._connections: list[socket.socket] = []
        self.port = 0
        self.listen()

    def listen(self) -> None:
        """Listen (again, on the same port)."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    @property
    def target(self) -> str:
        """How a handset is told of it."""
        return f"smpp://handset:s3cret@127.0.0.1:{self.port}"

    def wait(self, command_id: int) -> Pdu:
        """The next PDU of this kind; raises queue.Empty after a long while."""
        return self._queue(command_id).get(timeout=PATIENCE_S)

    def wait_submit(self) -> Submit:
        """The next submit_sm."""
        return read_submit(self.wait(SUBMIT_SM).body)

    def pending(self, command_id: int) -> int:
        """How many PDUs of this kind came that nobody has asked for."""
        return self._queue(command_id).qsize()

    def send(
        self, command_id: int, body: bytes = b"", *, sequence: int | None = None, status: int = 0
    ) -> int:
        """Send to the handset that bound last; returns the sequence_number."""
        with self._lock:
            if sequence is None:
                self._sequence += 1
                sequence = self._sequence
            header = struct.pack(">LLLL", 16 + len(body), command_id, status, sequence)
            self._connections[-1].sendall(header + body)
        return sequence

    def send_raw(self, octets: bytes) -> None:
        """Send octets as they are."""
        with self._lock:
            self._connections[-1].sendall(octets)

    def deliver(self, body: bytes, *, sequence: int | None = None) -> int:
        """Send a deliver_sm and return the status of its response."""
        return self.response(DELIVER_SM, body, sequence=sequence).status

    def response(self, command_id: int, body: bytes, *, sequence: int | None = None) -> Pdu:
        """Send a request and return its response."""
        sent = self.send(command_id, body, sequence=sequence)
        response = self.wait(command_id | RESPONSE)
        assert response.sequence == sent
        return response

    def drop(self) -> None:
        """Cut the connection and forget the port: a gateway that died."""
        self.close()

    def close(self) -> None:
        """Stop listening and cut everything."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            self._connections.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self.close()

    def _queue(self, command_id: int) -> "queue.Queue[Pdu]":
        with self._lock:
            return self._queues.setdefault(command_id, queue.Queue())

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection.makefile("rb") as stream:
            while header := stream.read(16):
                length, command_id, status, sequence = struct.unpack(">LLLL", header)
                self._take(Pdu(command_id, status, sequence, stream.read(length - 16)))

    def _take(self, pdu: Pdu) -> None:
        if self.answers or pdu.command_id == BIND_TRANSCEIVER:
            self._respond(pdu)
        self._queue(pdu.command_id).put(pdu)
        if pdu.command_id == SUBMIT_SM and self.answers:
            self.on_submit(read_submit(pdu.body))

    def _message_id(self, pdu: Pdu) -> bytes:
        if pdu.command_id == SUBMIT_SM and len(self.message_ids) > 1:
            return self.message_ids.pop(0).encode() + b"\0"
        return self.message_ids[0].encode() + b"\0"

    def _respond(self, pdu: Pdu) -> None:
        status, body = {
            BIND_TRANSCEIVER: (self.bind_status, b"fake\0"),
            SUBMIT_SM: (self.submit_status, self._message_id(pdu)),
            UNBIND: (0, b""),
            ENQUIRE_LINK: (0, b""),
        }.get(pdu.command_id, (None, b""))
        if status is not None:
            self.send(
                pdu.command_id | RESPONSE, b"" if status else body, sequence=pdu.sequence, status=status
            )
