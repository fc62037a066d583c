"""The WebSocket client of the voice benchmark, against frames as RFC 6455 has them."""

import asyncio
from typing import Any

import pytest

from gateway.bench.voice_wire import HandsetWire

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
SHORT = b'{"type":"ended"}'
LONG = b'{"text":"' + b"x" * 200 + b'"}'


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.data = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        self.closed = True


def frame(opcode: int, payload: bytes) -> bytes:
    """A whole frame of a server."""
    size = len(payload)
    head = bytes((opcode, size)) if size < 126 else bytes((opcode, 126)) + size.to_bytes(2, "big")
    return head + payload


class Handset:
    """A wire that was connected and has got these octets, ``size`` at a time. Made in an event loop."""

    def __init__(self, data: bytes, size: int = 4_096) -> None:
        self.took: list[dict[str, Any]] = []
        self.transport = Transport()
        self.wire = HandsetWire("77010000001", 8080, self.took.append)
        self.wire.connection_made(self.transport)
        self.request = self.transport.data
        for at in range(0, len(data), size):
            self.wire.data_received(data[at : at + size])

    @property
    def said(self) -> bytes:
        """What was written after the request."""
        return self.transport.data[len(self.request) :]


async def handset(data: bytes, size: int = 4_096) -> Handset:
    return Handset(data, size)


def test_it_asks_for_the_handsets_voice_channel() -> None:
    request = asyncio.run(handset(b"")).request
    assert request.startswith(b"GET /api/v1/voice?msisdn=77010000001 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n")
    assert request.endswith(b"Sec-WebSocket-Version: 13\r\n\r\n")


@pytest.mark.parametrize("size", [1, 2, 7, 4_096])
def test_messages_are_taken_however_the_octets_come(size: int) -> None:
    made = asyncio.run(handset(SWITCHED + frame(0x81, SHORT) + frame(0x81, LONG) + frame(0x81, SHORT), size))
    assert made.took == [{"type": "ended"}, {"text": "x" * 200}, {"type": "ended"}]
    assert made.wire.open.result() is None


def test_what_it_says_is_a_masked_frame() -> None:
    async def said() -> bytes:
        made = Handset(SWITCHED)
        made.wire.say({"type": "dial", "number": "9393"})
        made.wire.say({"text": "x" * 200})
        return made.said

    short, long = b'{"type": "dial", "number": "9393"}', b'{"text": "' + b"x" * 200 + b'"}'
    masked = bytes(4)
    first = bytes((0x81, 0x80 | len(short))) + masked + short
    assert asyncio.run(said()) == first + bytes((0x81, 0x80 | 126, 0, len(long))) + masked + long


def test_a_ping_is_answered_with_what_it_carries() -> None:
    assert (
        asyncio.run(handset(SWITCHED + frame(0x89, b"abc"))).said == bytes((0x8A, 0x83)) + bytes(4) + b"abc"
    )


def test_it_closes_when_the_gateway_does() -> None:
    assert asyncio.run(handset(SWITCHED + frame(0x88, b""))).transport.closed


def test_a_refused_upgrade_is_told() -> None:
    async def refused() -> None:
        await Handset(b"HTTP/1.1 404 Not Found\r\n\r\n").wire.open

    with pytest.raises(ConnectionError, match="404 Not Found"):
        asyncio.run(refused())


def test_a_connection_that_is_lost_before_the_upgrade_is_told() -> None:
    async def lost() -> None:
        made = Handset(b"")
        made.wire.connection_lost(None)
        await made.wire.open

    with pytest.raises(ConnectionError, match="refused"):
        asyncio.run(lost())
