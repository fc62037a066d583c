"""No password, voucher code or card number stands in a capture, and every PDU keeps its layout."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.capture_mask import masked, masked_unread
from gateway.coding import gsm7
from gateway.smpp.codec import decode, encode
from gateway.smpp.pdus import (
    Address,
    BindTransceiver,
    DataSm,
    DeliverSm,
    Outbind,
    Pdu,
    ReplaceSm,
    SubmitMulti,
    SubmitSm,
)
from gateway.smpp.tlv import Tag, Tlv

CODE = "3766925505816"
SERVICE, HANDSET = Address(0, 1, "9393"), Address(1, 1, "77781234567")
UDHI = 0x40


def shown(pdu: Pdu, *, inbound: bool = True) -> Any:
    """What a reader of the capture sees."""
    frame = encode(pdu)
    result = masked(frame, pdu, inbound=inbound)
    assert len(result) == len(frame)
    return decode(result)


def header(total: int = 2, number: int = 1) -> bytes:
    return bytes((5, 0, 3, 7, total, number))


@pytest.mark.parametrize("pdu", [BindTransceiver(1, "handset", "handset"), Outbind(1, "handset", "handset")])
def test_a_password_goes_and_the_system_id_stays_even_if_they_are_the_same(pdu: Pdu) -> None:
    found = shown(pdu)
    assert (found.system_id, found.password) == ("handset", "*******")


@pytest.mark.parametrize(
    "fields",
    [
        {"short_message": CODE.encode()},
        {"short_message": b"376 692-550.5816"},
        {"short_message": CODE.encode("utf-16-be"), "data_coding": 8},
        {"short_message": CODE.encode("utf-16-be")},
        {"short_message": gsm7.pack(CODE.encode())},
        {"short_message": header() + gsm7.pack(b"see: " + CODE.encode(), fill_bits=1), "esm_class": UDHI},
        {"tlvs": (Tlv(Tag.MESSAGE_PAYLOAD, CODE.encode()),)},
        {"tlvs": (Tlv(0x1400, CODE.encode()),)},
        {"tlvs": (Tlv(Tag.ADDITIONAL_STATUS_INFO_TEXT, CODE),)},
        {"destination": Address(0, 0, f"*110*{CODE}#")},
    ],
    ids=str,
)
def test_a_code_sent_to_a_service_goes_in_every_form(fields: dict[str, Any]) -> None:
    pdu = SubmitSm(1, source=HANDSET, **({"destination": SERVICE} | fields))
    found = shown(pdu)
    octets = encode(found)
    for form in (CODE.encode(), CODE.encode("utf-16-be"), b"376 692-550.5816", gsm7.pack(CODE.encode())):
        assert form not in octets
    assert found != pdu
    assert found.source == HANDSET


@pytest.mark.parametrize("cut", range(1, 13))
def test_a_code_cut_into_two_parts_goes_from_both(cut: int) -> None:
    for text in (CODE[:cut], CODE[cut:]):
        with_header = SubmitSm(destination=SERVICE, esm_class=UDHI, short_message=header() + text.encode())
        assert shown(with_header).short_message == header() + b"*" * len(text)
        sar = (Tlv(Tag.SAR_TOTAL_SEGMENTS, 2), Tlv(Tag.SAR_SEGMENT_SEQNUM, 1))
        found = shown(SubmitSm(destination=SERVICE, short_message=text.encode(), tlvs=sar))
        assert (found.short_message, found.tlvs, found.destination) == (b"*" * len(text), sar, SERVICE)


@pytest.mark.parametrize(
    "pdu",
    [
        ReplaceSm(1, "id", HANDSET, short_message=CODE.encode()),
        SubmitMulti(1, destinations=(HANDSET, SERVICE), short_message=CODE.encode()),
        DataSm(1, destination=SERVICE, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, CODE.encode()),)),
        DeliverSm(1, destination=HANDSET, short_message=b"take " + CODE.encode()),
    ],
    ids=lambda pdu: type(pdu).__name__,
)
def test_codes_go_from_every_operation_that_has_a_text(pdu: Pdu) -> None:
    assert CODE.encode() not in encode(shown(pdu))


def test_what_is_no_secret_stays_to_the_octet() -> None:
    texts = (b"Balance: 1,500 KZT on 22.11.2026", b"call 77781234567")
    for pdu in (DeliverSm(1, "", SERVICE, HANDSET, short_message=text) for text in texts):
        assert masked(encode(pdu), pdu, inbound=False) == encode(pdu)


def test_a_receipt_keeps_its_id_and_dates_and_loses_a_quoted_code() -> None:
    text = f"id:12345678901234567890 sub:001 submit date:2611220647 stat:DELIVRD text:{CODE}"
    tlvs = (Tlv(Tag.RECEIPTED_MESSAGE_ID, "12345678901234567890"),)
    found = shown(DeliverSm(esm_class=4, short_message=text.encode(), tlvs=tlvs), inbound=False)
    assert found.short_message.decode() == text.replace(CODE, "*" * len(CODE))
    assert found.tlvs == tlvs


def test_of_a_frame_that_cannot_be_read_only_header_and_layout_stay() -> None:
    frame = encode(BindTransceiver(1, "handset", "s3cret"))[:-2]
    found = masked_unread(frame)
    assert found[:16] == frame[:16]
    assert found[16:].startswith(b"*******\0******\0")


def test_a_payload_of_64_k_goes_through() -> None:
    """It is unpacked by sevens: as one number it would take seconds."""
    payload = (b"text 1234 " * 6_400)[:64_000]
    pdu = SubmitSm(destination=SERVICE, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, payload),))
    assert shown(pdu).tlvs[0].value == payload


@given(
    text=st.binary(max_size=254),
    data_coding=st.sampled_from([0, 3, 4, 8, 0xF5]),
    esm_class=st.sampled_from([0, UDHI]),
    destination=st.sampled_from(["9393", "77781234567", "", f"*110*{CODE}#"]),
    inbound=st.booleans(),
)
def test_length_and_layout_stay_whatever_the_octets(
    text: bytes, data_coding: int, esm_class: int, destination: str, *, inbound: bool
) -> None:
    pdu = SubmitSm(
        1,
        destination=Address(0, 0, destination),
        data_coding=data_coding,
        esm_class=esm_class,
        short_message=text,
    )
    found = shown(pdu, inbound=inbound)
    assert (found.source, found.esm_class, len(found.short_message)) == (pdu.source, esm_class, len(text))
    assert CODE not in found.destination.addr
