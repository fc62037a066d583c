"""The load generator of parking confirms requests, counts whole messages, and notices what is wrong."""

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.bench.numbers import msisdn_of
from gateway.bench.parking_cars import start_text
from gateway.bench.parking_cycles import Drivers, Plan
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import CommandId
from gateway.smpp.fields import Address
from gateway.smpp.pdus import DeliverSm, DeliverSmResp, SubmitSmResp


class Written:
    """A transport that keeps the PDUs that were written."""

    def __init__(self) -> None:
        self.pdus: list[Any] = []

    def write(self, data: bytes) -> None:
        while data:
            length = int.from_bytes(data[:4], "big")
            self.pdus.append(decode(data[:length]))
            data = data[length:]

    @property
    def submitted(self) -> list[tuple[str, str, bytes]]:
        """Who sent what to which short code."""
        submits = [pdu for pdu in self.pdus if pdu.command_id == CommandId.SUBMIT_SM]
        return [(pdu.source.addr, pdu.destination.addr, pdu.short_message) for pdu in submits]


def message(code: str, number: int, *, part: tuple[int, int] | None = None) -> bytes:
    """A deliver_sm, or one segment of it: which, of how many."""
    header = b"" if part is None else bytes((5, 0, 3, 77, part[1], part[0]))
    return encode(
        DeliverSm(
            9,
            source=Address(3, 0, code),
            destination=Address(1, 1, msisdn_of(number)),
            esm_class=0x40 if part else 0,
            data_coding=8,
            short_message=header + b"\0a\0b",
        )
    )


def playing(play: Callable[[Drivers, Written], None], **changes: int) -> None:
    async def run() -> None:
        drivers = Drivers(Plan(**{"port": 1, "drivers": 3, "count": 4, "at_once": 2, **changes}))
        written = Written()
        drivers.wire.connection_made(written)
        drivers.wire.write(drivers.fill())
        play(drivers, written)

    asyncio.run(run())


def test_a_request_is_confirmed_and_the_ticket_ends_the_cycle_and_begins_the_next() -> None:
    def play(drivers: Drivers, written: Written) -> None:
        assert written.submitted == [(msisdn_of(n), "7757", start_text(n)) for n in range(2)]
        drivers.wire.data_received(encode(SubmitSmResp(1)) + message("7701", 0))
        assert written.submitted[2:] == [(msisdn_of(0), "7701", b"1")]
        assert not drivers.latencies_ms
        drivers.wire.data_received(message("7757", 0))
        assert len(drivers.latencies_ms) == 1
        assert written.submitted[3:] == [(msisdn_of(2), "7757", start_text(2))]
        assert [type(pdu) for pdu in written.pdus].count(DeliverSmResp) == 2

    playing(play)


def test_every_submit_has_a_sequence_number_of_its_own() -> None:
    def play(drivers: Drivers, written: Written) -> None:
        drivers.wire.data_received(message("7701", 0) + message("7701", 1))
        submits = [pdu for pdu in written.pdus if pdu.command_id == CommandId.SUBMIT_SM]
        assert [pdu.sequence_number for pdu in submits] == [1, 2, 3, 4]

    playing(play)


def test_a_message_of_two_segments_is_one_message() -> None:
    def play(drivers: Drivers, written: Written) -> None:
        drivers.wire.data_received(message("7701", 0, part=(1, 2)))
        assert len(written.submitted) == 2
        drivers.wire.data_received(message("7701", 0, part=(2, 2)))
        assert written.submitted[2:] == [(msisdn_of(0), "7701", b"1")]
        drivers.wire.data_received(message("7757", 0, part=(1, 2)))
        assert not drivers.latencies_ms
        drivers.wire.data_received(message("7757", 0, part=(2, 2)))
        assert len(drivers.latencies_ms) == 1

    playing(play)


def test_an_answer_that_is_no_request_and_a_submit_that_is_refused_go_astray() -> None:
    def play(drivers: Drivers, written: Written) -> None:
        drivers.wire.data_received(message("7757", 0))
        refusal = encode(SubmitSmResp(2))
        drivers.wire.data_received(refusal[:8] + (0x14).to_bytes(4, "big") + refusal[12:])
        assert (drivers.astray, len(drivers.latencies_ms)) == (2, 0)
        assert drivers.done.done()
        assert len(written.submitted) == 2

    playing(play, count=2)


def test_no_more_is_started_than_was_wanted_and_it_is_done_with_the_last() -> None:
    def play(drivers: Drivers, written: Written) -> None:
        for number in range(2):
            assert not drivers.done.done()
            drivers.wire.data_received(message("7701", number) + message("7757", number))
        assert drivers.done.done()
        assert len(written.submitted) == 4

    playing(play, count=2)
