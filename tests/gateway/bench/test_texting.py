"""The load generator of texts counts replies and others apart, and keeps to what may be under way."""

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.bench.numbers import msisdn_of
from gateway.bench.texting import Handsets, Plan
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import CommandId
from gateway.smpp.fields import Address
from gateway.smpp.pdus import DeliverSm, DeliverSmResp, SubmitSm, SubmitSmResp


class Written:
    """A transport that keeps the PDUs that were written."""

    def __init__(self) -> None:
        self.pdus: list[Any] = []

    def write(self, data: bytes) -> None:
        while data:
            length = int.from_bytes(data[:4], "big")
            self.pdus.append(decode(data[:length]))
            data = data[length:]


def plan(**changes: Any) -> Plan:
    return Plan(**{"port": 1, "text": "BAL", "code": "6000", "handsets": 3, **changes})


def delivered(number: int) -> bytes:
    return encode(DeliverSm(9, source=Address(3, 0, "6000"), destination=Address(1, 1, msisdn_of(number))))


def playing(of: Plan, play: Callable[[Handsets, Written], None]) -> None:
    async def run() -> None:
        handsets, written = Handsets(of), Written()
        handsets.wire.connection_made(written)
        play(handsets, written)

    asyncio.run(run())


def test_a_text_is_answered_by_its_last_reply_and_the_number_texts_again() -> None:
    def play(handsets: Handsets, written: Written) -> None:
        handsets.wire.write(handsets.fill())
        assert [pdu.source.addr for pdu in written.pdus] == [msisdn_of(0), msisdn_of(1)]
        assert all(isinstance(pdu, SubmitSm) and pdu.short_message == b"BAL" for pdu in written.pdus)
        handsets.wire.data_received(encode(SubmitSmResp(1)) + delivered(0))
        assert (len(handsets.latencies_ms), handsets.waiting) == (0, 3)
        handsets.wire.data_received(delivered(0))
        assert (len(handsets.latencies_ms), handsets.others) == (1, 0)
        assert [type(pdu) for pdu in written.pdus].count(DeliverSmResp) == 2

    playing(plan(replies=2, count=4, in_flight=2), play)


def test_it_is_done_when_every_text_was_answered_or_refused() -> None:
    def play(handsets: Handsets, _written: Written) -> None:
        handsets.wire.write(handsets.fill())
        refusal = encode(SubmitSmResp(2))
        refused = refusal[:8] + (0x14).to_bytes(4, "big") + refusal[12:]
        handsets.wire.data_received(encode(SubmitSmResp(1)) + refused)
        assert not handsets.done.done()
        handsets.wire.data_received(delivered(0))
        assert handsets.done.done()
        assert (handsets.refused, len(handsets.latencies_ms)) == (1, 1)

    playing(plan(count=2), play)


def test_messages_to_numbers_that_asked_nothing_are_others() -> None:
    def play(handsets: Handsets, written: Written) -> None:
        handsets.text()
        handsets.wire.data_received(delivered(7) + delivered(0) + delivered(0))
        assert (handsets.others, len(handsets.latencies_ms)) == (2, 1)
        assert handsets.done.done()
        assert not [pdu for pdu in written.pdus[1:] if pdu.command_id == CommandId.SUBMIT_SM]

    playing(plan(per_s=50, others=2), play)
