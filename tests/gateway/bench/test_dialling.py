"""The handsets of the USSD benchmark say what real ones would, and notice a dialogue that goes astray."""

import asyncio
import dataclasses
from collections.abc import Callable

import pytest

from gateway.bench.dialling import Handsets, Walk, Walked
from gateway.bench.numbers import msisdn_of
from gateway.bench.wire import Wire
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.smpp.fields import Address
from gateway.smpp.pdus import BindTransceiverResp, DeliverSm, DeliverSmResp, SubmitSm, SubmitSmResp
from gateway.smpp.tlv import Tag, Tlv

HANDSETS = 4
WHOLE = Walk(count=8, at_once=3, handsets=HANDSETS)


class Operator:
    """A transport behind which every submit is answered, in the octets that a gateway would send."""

    def __init__(self, wire: Wire, last_at: int = 3, status: int = 0, loses: int = 0) -> None:
        self._wire = wire
        self._last_at = last_at
        self._status = status
        #: The ordinal of the submit whose screen is never shown.
        self._loses = loses
        self.said: list[SubmitSm] = []
        self.responses = 0

    def write(self, data: bytes) -> None:
        for frame in _frames(data):
            pdu = decode(frame)
            if isinstance(pdu, SubmitSm):
                self.said.append(pdu)
                screen = b"" if len(self.said) == self._loses else self._screen(pdu)
                self._soon(encode(SubmitSmResp(pdu.sequence_number, self._status)) + screen)
            elif isinstance(pdu, DeliverSmResp):
                self.responses += 1
            else:
                self._soon(encode(BindTransceiverResp(pdu.sequence_number)))

    def _soon(self, data: bytes) -> None:
        asyncio.get_running_loop().call_soon(self._wire.data_received, data)

    def _screen(self, to: SubmitSm) -> bytes:
        number, packed = to.tlv_bytes(Tag.ITS_SESSION_INFO) or b"\0\0"
        dialled = to.tlv(Tag.USSD_SERVICE_OP) == UssdServiceOp.PSSR_INDICATION
        sequence = 0 if dialled else (packed >> 1) + 1
        is_last = sequence + 1 == self._last_at
        info = bytes((number, sequence << 1 | is_last))
        operation = UssdServiceOp.PSSR_RESPONSE if is_last else UssdServiceOp.USSR_REQUEST
        tlvs = (Tlv(Tag.USSD_SERVICE_OP, operation), Tlv(Tag.ITS_SESSION_INFO, info))
        screen = DeliverSm(
            7,
            service_type="USSD",
            source=to.destination,
            destination=to.source,
            short_message=b"\x04" * 30,
            tlvs=tlvs,
        )
        return encode(screen)


def _frames(data: bytes) -> list[bytes]:
    frames = []
    while data:
        length = int.from_bytes(data[:4], "big")
        frames.append(data[:length])
        data = data[length:]
    return frames


def walked(*walks: Walk, make: Callable[[Wire], Operator] = Operator) -> tuple[list[Walked], Operator]:
    """Let the handsets carry out the walks, one after the other."""

    async def run() -> tuple[list[Walked], Operator]:
        handsets = Handsets(HANDSETS, stall_s=0.05)
        operator = make(handsets.wire)
        handsets.wire.connection_made(operator)
        await handsets.bound()
        return [await handsets.walk(walk) for walk in walks], operator

    return asyncio.run(run())


def test_a_whole_dialogue_is_dialled_and_answered_to_its_last_screen() -> None:
    (result,), operator = walked(dataclasses.replace(WHOLE, count=1, at_once=1, handsets=1, first=2))
    assert (result.ended, result.astray, operator.responses) == (1, 0, 3)
    assert [pdu.short_message for pdu in operator.said] == [b"*100#", b"3", b"3"]
    assert {pdu.source for pdu in operator.said} == {Address(1, 1, msisdn_of(2))}
    operations = [pdu.tlv(Tag.USSD_SERVICE_OP) for pdu in operator.said]
    assert operations == [UssdServiceOp.PSSR_INDICATION, *[UssdServiceOp.USSR_CONFIRM] * 2]
    infos = [pdu.tlv_bytes(Tag.ITS_SESSION_INFO) for pdu in operator.said]
    assert infos == [b"\2\0", b"\2\0", b"\2\2"]


def test_each_handset_keeps_the_language_that_it_has() -> None:
    _, operator = walked(dataclasses.replace(WHOLE, count=3))
    last = {pdu.source.addr: pdu.short_message for pdu in operator.said}
    assert last == {msisdn_of(0): b"1", msisdn_of(1): b"2", msisdn_of(2): b"3"}


def test_no_more_dialogues_than_asked_for_are_begun() -> None:
    (result,), operator = walked(WHOLE)
    assert result.ended == WHOLE.count
    assert [pdu.short_message for pdu in operator.said].count(b"*100#") == WHOLE.count
    assert len({pdu.sequence_number for pdu in operator.said}) == 3 * WHOLE.count


def test_what_was_left_open_goes_on_where_it_stood() -> None:
    left_open = Walk(count=4, at_once=4, handsets=4, end=1)
    results, operator = walked(left_open, Walk(count=4, at_once=2, handsets=4, begin=1))
    assert [result.ended for result in results] == [4, 4]
    assert [pdu.short_message for pdu in operator.said].count(b"*100#") == 4
    assert len(operator.said) == 12


@pytest.mark.parametrize("last_at", [2, 4])
def test_a_dialogue_that_ends_too_early_or_too_late_went_astray(last_at: int) -> None:
    (result,), _ = walked(WHOLE, make=lambda wire: Operator(wire, last_at))
    assert (result.ended, result.astray) == (WHOLE.count, WHOLE.count)


def test_a_screen_that_never_comes_is_told_and_not_waited_for() -> None:
    (result,), _ = walked(WHOLE, make=lambda wire: Operator(wire, loses=5))
    assert (result.ended, result.lost) == (WHOLE.count - 1, 1)


def test_a_step_that_is_refused_stops_the_walk() -> None:
    with pytest.raises(ConnectionError, match="a step of the benchmark was refused: 0x14"):
        walked(WHOLE, make=lambda wire: Operator(wire, status=CommandStatus.ESME_RMSGQFUL))
