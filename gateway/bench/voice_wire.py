"""The cheapest WebSocket client that measures (RFC 6455): short text frames, one handset each."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final

_END_OF_HEAD: Final = b"\r\n\r\n"
_SWITCHED: Final = b"HTTP/1.1 101"
_KEY: Final = b64encode(bytes(16)).decode()
#: The first octet of a whole frame (section 5.2): its FIN bit and the opcode.
_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A
#: The second octet: the MASK bit, and lengths that stand for a longer field.
_MASKED: Final = 0x80
_LENGTH_16: Final = 126
_LENGTH_64: Final = 127
#: Masking with zeroes leaves the payload as it is.
_MASK: Final = bytes(4)


class HandsetWire(asyncio.Protocol):
    """One voice connection: ``take`` gets what the network says, ``open`` is done once it is connected."""

    def __init__(self, msisdn: str, port: int, take: Callable[[dict[str, Any]], None]) -> None:
        self._head = _request(msisdn, port)
        self._take = take
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Ask for the upgrade."""
        self._transport = transport
        transport.write(self._head)

    def connection_lost(self, exc: Exception | None) -> None:
        """The gateway is gone, or refused the upgrade."""
        if not self.open.done():
            self.open.set_exception(exc or ConnectionError("the voice connection was refused"))

    def data_received(self, data: bytes) -> None:
        """Take everything that came at once."""
        data = self._rest + data
        at = 0 if self.open.done() else self._upgraded(data)
        while self.open.done() and (frame := _frame(data, at)) is not None:
            opcode, payload, at = frame
            self._got(opcode, payload)
        self._rest = data[at:]

    def say(self, words: dict[str, str]) -> None:
        """One message of the handset."""
        self._write(_TEXT, json.dumps(words).encode())

    def close(self) -> None:
        """Break off."""
        if self._transport is not None:
            self._transport.close()

    def _upgraded(self, data: bytes) -> int:
        """Where the frames begin: after the answer to the upgrade, once that is whole."""
        end = data.find(_END_OF_HEAD)
        if end < 0:
            return 0
        if not data.startswith(_SWITCHED):
            self.open.set_exception(ConnectionError(data[:end].split(b"\r\n")[0].decode("latin-1")))
        else:
            self.open.set_result(None)
        return end + len(_END_OF_HEAD)

    def _got(self, opcode: int, payload: bytes) -> None:
        if opcode == _TEXT:
            self._take(json.loads(payload))
        elif opcode == _PING:
            self._write(_PONG, payload)
        elif opcode == _CLOSE:
            self.close()

    def _write(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        if size < _LENGTH_16:
            head = bytes((opcode, _MASKED | size))
        else:
            head = bytes((opcode, _MASKED | _LENGTH_16)) + size.to_bytes(2, "big")
        if self._transport is not None:
            self._transport.write(b"".join((head, _MASK, payload)))


def _request(msisdn: str, port: int) -> bytes:
    lines = (
        f"GET /api/v1/voice?msisdn={msisdn} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {_KEY}",
        "Sec-WebSocket-Version: 13",
    )
    return "\r\n".join(lines).encode() + _END_OF_HEAD


def _frame(data: bytes, at: int) -> tuple[int, bytes, int] | None:
    """First octet, payload, and where the next one begins; None while it is not whole. None is masked."""
    begin = at + 2
    if len(data) < begin:
        return None
    size = data[at + 1]
    if size >= _LENGTH_16:
        octets = 8 if size == _LENGTH_64 else 2
        size = int.from_bytes(data[begin : begin + octets], "big")
        begin += octets
    end = begin + size
    return (data[at], data[begin:end], end) if len(data) >= end else None
