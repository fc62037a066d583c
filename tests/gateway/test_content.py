"""What the body of a submit_sm says, before anybody knows whom it is for."""

from dataclasses import replace

import pytest

from gateway.coding.alphabet import Alphabet
from gateway.content import Content, Rejected, content_of
from gateway.onward import OURS, Way
from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from tests.gateway.stand import ALIYA

HELLO = SubmitSm(short_message=b"hello")
FIRST_OF_TWO = b"\x05\x00\x03\x07\x02\x01hello"


def payload(octets: bytes) -> tuple[Tlv, ...]:
    return (Tlv(Tag.MESSAGE_PAYLOAD, octets),)


@pytest.mark.parametrize(
    ("pdu", "text", "encoding"),
    [
        (HELLO, "hello", Alphabet.GSM7.value),
        (SubmitSm(), "", Alphabet.GSM7.value),
        (SubmitSm(short_message="сәлем".encode("utf-16-be"), data_coding=8), "сәлем", Alphabet.UCS2.value),
        (SubmitSm(short_message=b"caf\xe9", data_coding=3), "café", Alphabet.LATIN1.value),
        (SubmitSm(tlvs=payload(b"hello")), "hello", Alphabet.GSM7.value),
        (SubmitSm(short_message=b"\x80\x81", data_coding=4), None, Alphabet.BINARY.value),
    ],
)
def test_a_whole_message_is_its_text_and_comes_back_as_it_was(
    pdu: SubmitSm, text: str | None, encoding: str
) -> None:
    assert content_of(pdu, ALIYA, OURS) == (pdu, Content(text, encoding, None))


def test_a_segment_says_which_part_it_is() -> None:
    _, content = content_of(SubmitSm(short_message=FIRST_OF_TWO, esm_class=0x40), ALIYA, OURS)
    assert content.text == "hello"
    assert content.part is not None
    assert (content.part.number, content.part.total) == (1, 2)


def test_a_header_of_a_single_part_is_a_whole_message() -> None:
    alone = SubmitSm(short_message=b"\x05\x00\x03\x07\x01\x01hello", esm_class=0x40)
    assert content_of(alone, ALIYA, OURS)[1] == Content("hello", Alphabet.GSM7.value, None)


def test_a_character_that_is_cut_in_two_by_segments_is_no_fault() -> None:
    """Only the joined text has it; a whole message has no neighbour that could."""
    half = SubmitSm(short_message=FIRST_OF_TWO[:6] + b"\x04\x3f\x04", data_coding=8, esm_class=0x40)
    _, content = content_of(half, ALIYA, OURS)
    assert (content.text, content.part is None) == (None, False)
    with pytest.raises(Rejected) as rejected:
        content_of(SubmitSm(short_message=b"\x04\x3f\x04", data_coding=8), ALIYA, OURS)
    assert rejected.value.status is CommandStatus.ESME_RINVMSGLEN


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"tlvs": payload(b"more")}, CommandStatus.ESME_RINVMSGLEN),
        ({"short_message": b"\x09\x00", "esm_class": 0x40}, CommandStatus.ESME_RINVMSGLEN),
    ],
)
def test_a_body_that_is_not_what_it_says_is_rejected(
    fields: dict[str, object], status: CommandStatus
) -> None:
    with pytest.raises(Rejected) as rejected:
        content_of(replace(HELLO, **fields), ALIYA, OURS)  # type: ignore[arg-type]  # fields of SubmitSm
    assert rejected.value.status is status
    assert rejected.value.reason


def test_what_an_account_writes_in_its_own_way_comes_back_in_ours() -> None:
    """data_coding 0 of an account whose default is Latin-1, and packed septets."""
    pdu, content = content_of(SubmitSm(short_message=b"caf\xe9"), ALIYA, Way(default=Alphabet.LATIN1))
    assert (pdu.data_coding, content.text) == (3, "café")
    packed = SubmitSm(short_message=bytes.fromhex("e8329bfd06"))
    pdu, content = content_of(packed, ALIYA, Way(packed=True))
    assert (pdu.short_message, content.text) == (b"hello", "hello")


def test_a_rejection_names_its_status_and_reason() -> None:
    assert str(Rejected(CommandStatus.ESME_RINVDCS, "no such alphabet")) == "ESME_RINVDCS: no such alphabet"
