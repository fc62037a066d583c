"""Texts and octets of all kinds, on their way from applications to handsets and back."""

from typing import Any

import pytest

from gateway.coding.gsm7 import pack
from gateway.smpp.constants import CommandStatus, EsmClass
from gateway.smpp.pdus import DeliverSm
from gateway.smpp.tlv import Tag, Tlv
from simulator.events import IncomingSms
from tests.e2e.conftest import MakePhone, Raw
from tests.e2e.control_api import ControlApi
from tests.e2e.raw_link import RawLink, message, segments
from tests.e2e.smsc.conftest import App
from tests.e2e.smsc.customers import DEFAULT_MESSAGES

EN, RU = "77781234567", "77011234567"
OK = CommandStatus.ESME_ROK
GSM7, LATIN1, BINARY, UCS2 = 0, 3, 4, 8
UDHI = EsmClass.UDHI


def _payload(octets: bytes) -> tuple[Tlv, ...]:
    return (Tlv(Tag.MESSAGE_PAYLOAD, octets),)


def _got(pdu: DeliverSm) -> bytes:
    return pdu.tlv_bytes(Tag.MESSAGE_PAYLOAD) or pdu.short_message


# -- to a handset ----------------------------------------------------------------------------------


@pytest.mark.conformance(
    "submit_sm.data_coding",
    "data_coding.DEFAULT",
    "data_coding.IA5",
    "data_coding.LATIN_1",
    "data_coding.CYRILLIC",
    "data_coding.HEBREW",
    "data_coding.UCS2",
)
@pytest.mark.parametrize(
    ("data_coding", "octets", "text"),
    [
        (GSM7, b"\x1b\x65 \x00 \x10", "\u20ac @ \u0394"),
        (LATIN1, b"caf\xe9", "caf\xe9"),
        (6, b"\xbf\xe0\xd8\xd2\xd5\xe2", "Привет"),
        (UCS2, "Қазақстан".encode("utf-16-be"), "Қазақстан"),
        (UCS2, "ok \U0001f44d".encode("utf-16-be"), "ok \U0001f44d"),
    ],
    ids=["gsm7 with extension", "latin-1", "cyrillic", "ucs-2", "surrogates"],
)
def test_a_text_in_any_alphabet_is_shown(
    app1: RawLink, phone: MakePhone, api: ControlApi, data_coding: int, octets: bytes, text: str
) -> None:
    """And stored as what it says."""
    handset = phone(EN)
    message_id = app1.submit("1234", EN, data_coding=data_coding, short_message=octets).message_id
    assert handset.incoming() == IncomingSms("1234", text)
    assert api.whole(message_id)["text"] == text


@pytest.mark.conformance("data_coding.UCS2")
def test_surrogate_pairs_are_not_cut_between_segments(app1: RawLink, phone: MakePhone) -> None:
    """A long text of nothing else."""
    handset = phone(EN)
    text = "\U0001f600" * 100
    app1.submit("1234", EN, data_coding=UCS2, short_message=b"", tlvs=_payload(text.encode("utf-16-be")))
    assert handset.incoming() == IncomingSms("1234", text)


@pytest.mark.parametrize("data_coding", [0x10, 0xF0, 0x18])
def test_flash_is_shown_as_flash(app1: RawLink, phone: MakePhone, data_coding: int) -> None:
    """Class 0 in its forms of 3GPP TS 23.038 section 4."""
    octets = "look".encode("utf-16-be") if data_coding == 0x18 else b"look"
    handset = phone(EN)
    app1.submit("1234", EN, data_coding=data_coding, short_message=octets)
    assert handset.incoming() == IncomingSms("1234", "look", flash=True)


@pytest.mark.conformance(
    "data_coding.OCTETS_8BIT",
    "tlv.source_port",
    "tlv.destination_port",
    "deliver_sm.short_message",
    "deliver_sm.data_coding",
)
def test_binary_ports_and_unknown_parameters_go_through_as_they_are(app1: RawLink, raw: Raw) -> None:
    """Octet by octet, both ways; the parameters keep their order."""
    handset = raw(address_range=EN)
    octets = bytes(range(140))
    tlvs = (
        Tlv(Tag.SOURCE_PORT, 16_001),
        Tlv(0x1500, b"vendor's own"),
        Tlv(Tag.DESTINATION_PORT, 16_002),
        Tlv(0x3FFF, b""),
    )
    app1.submit("1234", EN, data_coding=BINARY, short_message=octets, tlvs=tlvs)
    there = handset.delivery()
    assert (there.short_message, there.data_coding, there.tlvs) == (octets, BINARY, tlvs)
    handset.submit(EN, "1234", data_coding=BINARY, short_message=octets, tlvs=tlvs)
    back = app1.delivery()
    assert (back.short_message, back.data_coding, back.tlvs) == (octets, BINARY, tlvs)


@pytest.mark.conformance("tlv.message_payload", "deliver_sm.short_message")
@pytest.mark.parametrize(
    ("data_coding", "octets", "limit"),
    [(GSM7, 39_015, 160), (BINARY, 34_170, 140), (UCS2, 34_170, 140)],
)
def test_the_longest_payload_goes_to_a_handset_in_255_segments(
    app1: RawLink, raw: Raw, data_coding: int, octets: int, limit: int
) -> None:
    """153 septets, 134 octets, 67 characters each; one more is refused: no handset could put it together."""
    handset = raw(address_range=EN)
    body = bytes(0x41 + number % 26 for number in range(octets))
    if data_coding == UCS2:
        body = bytes(0x41 + number % 26 if number % 2 else 0 for number in range(octets))
    step = 2 if data_coding == UCS2 else 1
    longer = _payload(body + body[:step])
    refused = app1.submit("1234", EN, data_coding=data_coding, short_message=b"", tlvs=longer)
    assert refused.command_status == CommandStatus.ESME_RINVMSGLEN
    response = app1.submit("1234", EN, data_coding=data_coding, short_message=b"", tlvs=_payload(body))
    assert response.command_status == OK
    parts = [handset.delivery() for _ in range(255)]
    assert all(part.esm_class & UDHI and len(part.short_message) <= limit for part in parts)
    assert b"".join(part.short_message[6:] for part in parts) == body
    assert handset.waiting() == []


@pytest.mark.conformance("tlv.message_payload")
def test_64_k_go_to_an_application_in_one_piece(app1: RawLink, raw: Raw) -> None:
    """A handset's message_payload of 65,535 octets: an application has no segments to count."""
    handset = raw(address_range=EN)
    body = bytes(number % 251 for number in range(65_535))
    response = handset.submit(EN, "1234", data_coding=BINARY, short_message=b"", tlvs=_payload(body))
    assert response.command_status == OK
    pdu = app1.delivery()
    assert (pdu.short_message, pdu.tlv(Tag.MESSAGE_PAYLOAD)) == (b"", body)


# -- to an application that wants long messages whole ----------------------------------------------


@pytest.mark.conformance("esm_class.UDHI")
def test_segments_are_joined_for_an_application_that_wants_payloads(app: App, raw: Raw) -> None:
    """In whatever order they come; nothing is delivered before the last one."""
    link, handset = app("whole"), raw(address_range=EN)
    parts = segments(EN, "5002", "one ", "two ", "three")
    for part in (parts[2], parts[0]):
        assert handset.ask(part).command_status == OK
        assert link.waiting() == []
    handset.ask(parts[1])
    pdu = link.delivery()
    assert pdu.tlv(Tag.MESSAGE_PAYLOAD) == b"one two three"
    assert (pdu.short_message, pdu.esm_class & UDHI) == (b"", 0)
    assert link.waiting() == []


@pytest.mark.conformance("tlv.sar_msg_ref_num", "tlv.sar_total_segments", "tlv.sar_segment_seqnum")
def test_segments_by_sar_parameters_are_joined_too(app: App, raw: Raw) -> None:
    """sar_msg_ref_num, sar_total_segments, sar_segment_seqnum: none of them is left over."""
    link, handset = app("whole"), raw(address_range=EN)
    for number, text in ((2, "world"), (1, "hello ")):
        sar = (
            Tlv(Tag.SAR_MSG_REF_NUM, 4711),
            Tlv(Tag.SAR_TOTAL_SEGMENTS, 2),
            Tlv(Tag.SAR_SEGMENT_SEQNUM, number),
        )
        handset.submit(EN, "5002", text, tlvs=sar)
    pdu = link.delivery()
    assert pdu.tlvs == _payload(b"hello world")


def test_two_long_messages_at_once_do_not_mix(app: App, raw: Raw) -> None:
    """Two handsets, the same reference."""
    link = app("whole")
    handsets = {msisdn: raw(address_range=msisdn) for msisdn in (EN, RU)}
    for number in range(2):
        for msisdn, handset in handsets.items():
            handset.ask(segments(msisdn, "5002", f"{msisdn} ", "says hello")[number])
    texts = {(pdu.source.addr, _got(pdu)) for pdu in (link.delivery(), link.delivery())}
    assert texts == {(msisdn, f"{msisdn} says hello".encode()) for msisdn in handsets}


def test_segments_that_do_not_go_together_do_not_stop_the_next_message(app: App, raw: Raw) -> None:
    """A text and 8-bit data under one reference: each is answered, and life goes on."""
    link, handset = app("whole"), raw(address_range=EN)
    text, _ = segments(EN, "5002", "text", "more")
    octets = message(
        EN, "5002", esm_class=UDHI, data_coding=BINARY, short_message=b"\x05\x00\x03\x07\x02\x02\xff\xfe"
    )
    statuses = [handset.ask(pdu).command_status for pdu in (text, octets)]
    assert CommandStatus.ESME_RSYSERR not in statuses
    handset.submit(EN, "5002", "next")
    assert _got(link.expect(DeliverSm, lambda pdu: _got(pdu) == b"next")) == b"next"


def test_parts_that_never_become_a_whole_are_given_up(app: App, raw: Raw, api: ControlApi) -> None:
    """After ten minutes of operator time; a later part then begins anew."""
    api.virtual_clock()
    link, handset = app("whole"), raw(address_range=EN)
    first, second = segments(EN, "5002", "one ", "two")
    handset.ask(first)
    api.advance(601)
    assert api.message(to="5002")["state"] in {"EXPIRED", "UNDELIVERABLE"}
    handset.ask(second)
    assert link.waiting() == []


# -- accounts with ways of their own ---------------------------------------------------------------


def test_a_packed_account_sends_and_gets_septets_as_they_are_on_the_air(app: App, phone: MakePhone) -> None:
    """Seven characters are seven octets less one bit each; others see plain text."""
    link, handset = app("packed"), phone(EN)
    response = link.submit("5003", EN, short_message=pack(b"packed text"))
    assert response.command_status == OK
    assert handset.incoming() == IncomingSms("5003", "packed text")
    handset.handset.send_sms("5003", "an answer")
    assert link.delivery().short_message == pack(b"an answer")


def test_a_packed_accounts_receipts_are_packed_too(app: App, raw: Raw) -> None:
    """They are texts like others."""
    link, handset = app("packed"), raw(address_range=EN)
    link.submit("5003", EN, short_message=pack(b"hello"), registered_delivery=1)
    handset.delivery()
    receipt = link.delivery()
    assert receipt.esm_class == EsmClass.DELIVERY_RECEIPT
    assert b"stat:DELIVRD" not in receipt.short_message
    assert receipt.short_message[:3] == pack(b"id:")[:2] + receipt.short_message[2:3]


def test_a_packed_payload_that_is_too_long_unpacked_is_refused(app: App) -> None:
    """65,000 octets are 74,285 characters: more than any message_payload; the session goes on."""
    link = app("packed")
    response = link.submit("5003", EN, short_message=b"", tlvs=_payload(pack(b"a" * 74_280)))
    assert response.command_status == CommandStatus.ESME_RINVMSGLEN
    assert link.submit("5003", EN, short_message=pack(b"hello")).command_status == OK


@pytest.mark.conformance("data_coding.DEFAULT", "deliver_sm.data_coding")
def test_an_account_whose_default_alphabet_is_latin_1(app: App, phone: MakePhone) -> None:
    """data_coding 0 both ways; what Latin-1 lacks comes as UCS-2."""
    link, handset = app("latin"), phone(EN)
    link.submit("5004", EN, short_message=b"caf\xe9 @ {}")
    assert handset.incoming() == IncomingSms("5004", "caf\xe9 @ {}")
    handset.handset.send_sms("5004", "ol\xe9 @")
    plain = link.delivery()
    assert (plain.data_coding, plain.short_message) == (0, b"ol\xe9 @")
    handset.handset.send_sms("5004", "\u0394 and \u03a9")
    greek = link.delivery()
    assert (greek.data_coding, greek.short_message.decode("utf-16-be")) == (UCS2, "\u0394 and \u03a9")


def test_a_long_greek_text_to_a_latin_account_is_refused_where_ucs_2_has_no_room(app: App, raw: Raw) -> None:
    """40,000 septets would be 80,000 octets; the handset's session goes on."""
    app("latin")
    handset = raw(address_range=EN)
    greek = _payload(b"\x10" * 40_000)
    response = handset.submit(EN, "5004", short_message=b"", tlvs=greek)
    assert response.command_status == CommandStatus.ESME_RINVMSGLEN
    assert handset.submit(EN, "6000", "BAL").command_status == OK


@pytest.mark.conformance("submit_sm.sm_default_msg_id", "rule.sm_default_msg_id", "status.ESME_RINVDFTMSGID")
@pytest.mark.parametrize("number", DEFAULT_MESSAGES)
def test_a_text_that_is_kept_here_is_sent_by_its_number(app1: RawLink, phone: MakePhone, number: int) -> None:
    """sm_default_msg_id (SMPP 3.4 section 5.2.20)."""
    handset = phone(EN)
    assert app1.submit("1234", EN, sm_default_msg_id=number).command_status == OK
    assert handset.incoming().text == DEFAULT_MESSAGES[number]
    own = app1.submit("1234", EN, "and my own", sm_default_msg_id=number)
    assert own.command_status == CommandStatus.ESME_RINVMSGLEN


def test_payloads_of_all_lengths_come_whole_and_in_order(app1: RawLink, raw: Raw) -> None:
    """The stream of octets cut at odd places; 140 octets are one short message, more are segments."""
    handset = raw(address_range=EN)
    lengths = [1, 139, 140, 141, 254, 255, 256, 1000, 134 * 2, 134 * 2 + 1]
    fields: dict[str, Any] = {"data_coding": BINARY, "short_message": b""}
    pdus = [message("1234", EN, tlvs=_payload(b"x" * length), **fields) for length in lengths]
    octets = b"".join(map(app1.numbered, pdus))
    for at in range(0, len(octets), 97):
        app1.send_octets(octets[at : at + 97])
    for length in lengths:
        count = 1 if length <= 140 else -(-length // 134)
        parts = [handset.delivery() for _ in range(count)]
        headers = 6 * (count > 1)
        assert sum(len(_got(part)) - headers for part in parts) == length
