"""The cheapest SMPP client that measures: whole frames in, octets out, no decoding."""

import asyncio
import struct
from collections.abc import Callable
from typing import Any

from gateway.smpp.constants import CommandId

HEADER = struct.Struct(">4I")
_ANSWER = struct.Struct(">4IB")
_HEADER_OCTETS = 16
_LAST_SEQUENCE = 0x7FFF_FFFE
#: command_id, command_status, sequence_number and the frame -> octets to send.
Take = Callable[[int, int, int, bytes], bytes]


class Wire(asyncio.Protocol):
    """One session: cuts frames and hands each to ``take``, which returns the octets of an answer."""

    def __init__(self, bind: bytes, take: Take) -> None:
        self._bind = bind
        self._take = take
        self._rest = b""
        self._left = False
        self._transport: asyncio.Transport | None = None
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Connected; whoever made the wire binds when all is ready."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's shape
        """Closed after our unbind, or by the gateway."""
        self.gone.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Answer everything that came in one write."""
        data = self._rest + data
        at, end = 0, len(data)
        out = []
        while end - at >= _HEADER_OCTETS:
            length, command_id, status, sequence = HEADER.unpack_from(data, at)
            if end - at < length:
                break
            out.append(self._take(command_id, status, sequence, data[at : at + length]))
            at += length
            self._left = command_id == CommandId.UNBIND_RESP
        self._rest = data[at:]
        self.write(b"".join(out))
        if self._left and self._transport is not None:
            self._transport.close()

    def write(self, data: bytes) -> None:
        """Send octets, if there are any."""
        if data and self._transport is not None:
            self._transport.write(data)

    def bind(self) -> None:
        """Send the bind."""
        self.write(self._bind)

    def say_goodbye(self) -> None:
        """Unbind: of a session that just goes, every command that comes again counts as the same one."""
        self.write(HEADER.pack(_HEADER_OCTETS, CommandId.UNBIND, 0, _LAST_SEQUENCE))


def deliver_answer(sequence: int) -> bytes:
    """The deliver_sm_resp that takes a message."""
    return _ANSWER.pack(_ANSWER.size, CommandId.DELIVER_SM_RESP, 0, sequence, 0)


def link_answer(command_id: int, sequence: int) -> bytes:
    """The answer to an enquire_link, nothing to anything else."""
    if command_id == CommandId.ENQUIRE_LINK:
        return HEADER.pack(_HEADER_OCTETS, CommandId.ENQUIRE_LINK_RESP, 0, sequence)
    return b""
