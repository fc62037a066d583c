"""The client that measures cuts frames as they come, and answers each."""

import asyncio

import pytest

from gateway.bench.wire import HEADER, Wire, deliver_answer, link_answer
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import CommandId
from gateway.smpp.pdus import DeliverSm, DeliverSmResp, EnquireLink, EnquireLinkResp, Unbind


class Written:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


async def _answers(data: bytes, size: int) -> bytes:
    wire = Wire(b"", lambda command_id, _status, sequence, _frame: link_answer(command_id, sequence))
    written = Written()
    wire.connection_made(written)
    for at in range(0, len(data), size):
        wire.data_received(data[at : at + size])
    return written.data


@pytest.mark.parametrize("size", [1, 7, 16, 1_000])
def test_each_enquire_link_is_answered_however_the_octets_come(size: int) -> None:
    data = b"".join(
        encode(each) for each in (EnquireLink(1), DeliverSm(2, short_message=b"x"), EnquireLink(3))
    )
    answers = asyncio.run(_answers(data, size))
    assert [decode(answers[:16]), decode(answers[16:])] == [EnquireLinkResp(1), EnquireLinkResp(3)]


def test_the_answer_to_a_message_is_a_whole_response() -> None:
    assert decode(deliver_answer(9)) == DeliverSmResp(9)


def test_goodbye_is_an_unbind() -> None:
    async def said() -> bytes:
        wire, written = Wire(b"", lambda *_: b""), Written()
        wire.connection_made(written)
        wire.say_goodbye()
        return written.data

    data = asyncio.run(said())
    assert isinstance(decode(data), Unbind)
    assert HEADER.unpack(data)[1] == CommandId.UNBIND
