"""Octets as a bad network and a bad peer send them: cut, glued, too long, too short, unknown."""

import struct

import pytest

from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandId, CommandStatus
from gateway.smpp.pdus import (
    BindTransceiver,
    DeliverSm,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    SubmitSmResp,
)
from tests.e2e.conftest import Connect, Raw
from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.raw_link import RawLink, dialling, message

EN, RU = "77781234567", "77011234567"
OK = CommandStatus.ESME_ROK
HEADER_OCTETS = 16


def _header(length: int, command_id: int, sequence: int = 1) -> bytes:
    return struct.pack(">4I", length, command_id, 0, sequence)


@pytest.fixture
def bystander(raw: Raw) -> RawLink:
    """Another session, which nothing may disturb."""
    return raw(address_range=RU)


def test_pdus_that_come_octet_by_octet_are_understood(api: ControlApi, raw: Raw) -> None:
    """The bind, an SMS and a dialled string, one octet in each segment."""
    code, second = api.codes(2)
    link = raw()
    for pdu in (
        BindTransceiver(system_id="handset", password="handset", address_range=EN),
        message(EN, "9393", code),
        dialling(EN, f"*110*{second}#"),
    ):
        for octet in link.numbered(pdu):
            link.send_octets(bytes((octet,)))
        assert getattr(link.read(), "command_status", None) == OK
        if not isinstance(pdu, BindTransceiver):
            link.delivery()
    assert len(api.credits(EN)) == 2


def test_a_pdu_cut_at_every_octet_is_the_same_pdu(raw: Raw) -> None:
    """Two segments, for every place of the cut; the answer is the same each time."""
    link = raw(address_range=EN)
    answers = set()
    for cut in range(1, len(encode(message(EN, "6000", "BAL")))):
        octets = link.numbered(message(EN, "6000", "BAL"))
        link.send_octets(octets[:cut])
        link.send_octets(octets[cut:])
        assert link.expect(SubmitSmResp).command_status == OK
        answers.add(link.delivery().short_message)
    assert answers == {b"Balance: 500 KZT"}


def test_a_connection_that_ends_within_a_pdu_does_nothing(
    api: ControlApi, gateway: GatewayProcess, connect: Connect, bystander: RawLink
) -> None:
    """For every length of the beginning: no credit, and nobody else notices."""
    (code,) = api.codes()
    whole = encode(message(EN, "9393", code))
    for length in range(1, len(whole)):
        link = connect(gateway)
        link.bind(address_range=EN)
        octets = link.numbered(message(EN, "9393", code))
        link.send_octets(octets[:length])
        link.vanish()
    assert bystander.submit(RU, "6000", "BAL").command_status == OK
    assert api.credits(EN) == []


@pytest.mark.conformance("header.sequence_number", "enquire_link")
def test_glued_pdus_are_all_answered_each_by_its_number(raw: Raw) -> None:
    """A hundred submits, enquire_links between them, one write."""
    link = raw(address_range=EN)
    submits = [link.numbered(message(EN, "6000", "BAL")) for _ in range(100)]
    enquiries = [encode(_enquire(sequence)) for sequence in range(1001, 1101)]
    link.send_octets(b"".join(octets for pair in zip(submits, enquiries, strict=True) for octets in pair))
    answered = {link.expect(SubmitSmResp).sequence_number for _ in submits}
    assert answered == {int.from_bytes(octets[12:16], "big") for octets in submits}
    assert {link.expect(EnquireLinkResp).sequence_number for _ in enquiries} == set(range(1001, 1101))
    for _ in submits:
        link.answer(link.expect(DeliverSm))


@pytest.mark.conformance("generic_nack", "header.command_length", "status.ESME_RINVCMDLEN")
@pytest.mark.parametrize("length", [0, 1, 4, 15, 70_001, 2**31, 2**32 - 1])
@pytest.mark.parametrize("bound", [True, False])
def test_an_impossible_length_is_nacked_and_ends_this_connection_only(
    raw: Raw, bystander: RawLink, length: int, bound: bool
) -> None:
    """generic_nack with ESME_RINVCMDLEN; nobody knows where the next PDU would begin."""
    link = raw(address_range=EN) if bound else raw()
    link.send_octets(_header(length, CommandId.SUBMIT_SM) + bytes(64))
    nack = link.expect(GenericNack)
    assert nack.command_status == CommandStatus.ESME_RINVCMDLEN
    assert link.is_closed()
    assert bystander.submit(RU, "6000", "BAL").command_status == OK


def test_what_came_before_an_impossible_length_is_still_answered(raw: Raw) -> None:
    """A whole submit, then nonsense, in one write."""
    link = raw(address_range=EN)
    link.send_octets(link.numbered(message(EN, "6000", "BAL")) + _header(3, 4))
    nack = link.expect(GenericNack)
    assert nack.command_status == CommandStatus.ESME_RINVCMDLEN


def _with_tail(octets: bytes, tail: bytes) -> bytes:
    return (len(octets) + len(tail)).to_bytes(4, "big") + octets[4:] + tail


@pytest.mark.conformance("status.ESME_RINVOPTPARSTREAM", "status.ESME_RINVPARLEN")
@pytest.mark.parametrize(
    "tail",
    [
        b"\x02\x04\x00\x02\x01",  # user_message_reference of two octets, of which one is there
        b"\x04\x24\xff\xff" + b"x" * 8,  # message_payload of 65535 octets
        b"\x02\x04\x00",  # half a parameter's header
        b"\x02",
        b"\x02\x04\x00\x02\x00\x07\x14",  # a good parameter, then one octet
    ],
)
def test_an_optional_parameter_past_the_end_is_refused_and_the_session_goes_on(
    api: ControlApi, raw: Raw, tail: bytes
) -> None:
    """A recoverable error: submit_sm_resp with its status, no credit, the next PDU is served."""
    (code,) = api.codes()
    link = raw(address_range=EN)
    link.send_octets(_with_tail(link.numbered(message(EN, "9393", code)), tail))
    response = link.expect(SubmitSmResp)
    assert response.command_status in {
        CommandStatus.ESME_RINVOPTPARSTREAM,
        CommandStatus.ESME_RINVPARLEN,
        CommandStatus.ESME_RINVCMDLEN,
    }
    assert api.credits(EN) == []
    assert link.submit(EN, "9393", code).command_status == OK
    link.delivery()
    assert len(api.credits(EN)) == 1


def test_an_unknown_optional_parameter_is_ignored(api: ControlApi, raw: Raw) -> None:
    """SMPP 3.4 section 3.3, forward compatibility: vendors' own parameters do no harm."""
    (code,) = api.codes()
    link = raw(address_range=EN)
    octets = _with_tail(link.numbered(message(EN, "9393", code)), b"\x14\x01\x00\x03abc")
    link.send_octets(octets)
    assert link.expect(SubmitSmResp).command_status == OK
    link.delivery()
    assert len(api.credits(EN)) == 1


def test_a_body_cut_short_at_every_octet_is_refused_and_the_session_goes_on(raw: Raw) -> None:
    """The header's length is right, the fields are not all there: an error for each, then a good one."""
    link = raw(address_range=EN)
    whole = encode(message(EN, "6000", "BAL"))
    for length in range(HEADER_OCTETS, len(whole)):
        sequence = link.next_sequence()
        link.send_octets(_header(length, CommandId.SUBMIT_SM, sequence) + whole[HEADER_OCTETS:length])
        response = link.expect(SubmitSmResp)
        assert response.sequence_number == sequence
        assert response.command_status != OK, length
    assert link.submit(EN, "6000", "BAL").command_status == OK


def test_fields_without_terminator_are_refused(raw: Raw) -> None:
    """A source address of 200 digits, a system_id that never ends."""
    link = raw(address_range=EN)
    body = b"\x00\x01\x01" + b"7" * 200
    link.send_octets(_header(HEADER_OCTETS + len(body), CommandId.SUBMIT_SM) + body)
    assert link.expect(SubmitSmResp).command_status != OK
    unbound = raw()
    unbound.send_octets(_header(HEADER_OCTETS + 100, CommandId.BIND_TRANSCEIVER) + b"a" * 100)
    assert getattr(unbound.read(), "command_status", OK) != OK


@pytest.mark.conformance(
    "generic_nack", "header.command_id", "header.sequence_number", "status.ESME_RINVCMDID"
)
@pytest.mark.parametrize("command_id", [0, 0x10, 0xFF, 0x0000_0112, 0x0001_0000, 0x7FFF_FFFF])
def test_an_unknown_command_is_nacked_with_its_number_and_the_session_goes_on(
    raw: Raw, command_id: int
) -> None:
    """ESME_RINVCMDID (SMPP 3.4 section 4.3.1)."""
    link = raw(address_range=EN)
    link.send_octets(_header(HEADER_OCTETS, command_id, sequence=4242))
    assert link.read() == GenericNack(4242, CommandStatus.ESME_RINVCMDID)
    assert link.submit(EN, "6000", "BAL").command_status == OK


def test_responses_that_nobody_asked_for_are_not_answered(raw: Raw) -> None:
    """Forged and unknown responses lead to nothing: no answer, no disconnect."""
    link = raw(address_range=EN)
    for command_id in (0x8000_0005, 0x8000_0004, 0x8000_0000, 0x8000_00FF, 0x8000_0009):
        link.send_octets(_header(HEADER_OCTETS, command_id, sequence=77))
    assert link.waiting() == []
    assert link.submit(EN, "6000", "BAL").command_status == OK


def _enquire(sequence: int) -> EnquireLink:
    return EnquireLink(sequence)
