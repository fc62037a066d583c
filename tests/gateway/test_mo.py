"""What a handset sends becomes the submit_sm of the radio network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding.alphabet import decode
from gateway.coding.assemble import Reassembler
from gateway.coding.errors import CodingError
from gateway.coding.part import read_part
from gateway.coding.udh import UDHI
from gateway.mo import Dialled, Handsets, OctetSms, References, TextSms, ussd_string
from gateway.smpp.codec import encode
from gateway.smpp.constants import Npi, Ton, UssdServiceOp
from gateway.smpp.pdus import Address, SubmitSm
from gateway.smpp.tlv import Tag
from rating.msisdn import Msisdn

HANDSET = Msisdn("77011234567")
ROUND = 0x1_0000


def text_sms(text: str, to: str = "1234", first: int = 7) -> tuple[SubmitSm, ...]:
    return Handsets(first).submits(TextSms(source=HANDSET, destination=to, text=text), 0.0)


def dialled(typed: str, first: int = 7) -> SubmitSm:
    (pdu,) = Handsets(first).submits(Dialled(source=HANDSET, typed=typed), 0.0)
    return pdu


@pytest.mark.parametrize(
    ("text", "data_coding", "octets"),
    [
        ("PING", 0, b"PING"),
        ("€", 0, b"\x1be"),
        ("Привет", 8, "Привет".encode("utf-16-be")),
        ("😀", 8, "😀".encode("utf-16-be")),
        ("", 0, b""),
    ],
)
def test_a_text_goes_in_the_smaller_alphabet_that_has_it(text: str, data_coding: int, octets: bytes) -> None:
    """As a handset chooses: GSM 7 bit where it can, else UCS-2."""
    (pdu,) = text_sms(text)
    assert (pdu.data_coding, pdu.short_message, pdu.esm_class) == (data_coding, octets, 0)


def test_addresses_have_the_type_that_they_look_like() -> None:
    """International for numbers, network specific for codes, alphanumeric for names."""
    to_code, to_number, to_name = (text_sms("x", to)[0] for to in ("1234", "77021234567", "MyBank"))
    assert to_code.source == Address(Ton.INTERNATIONAL, Npi.ISDN, HANDSET)
    assert to_code.destination == Address(Ton.NETWORK_SPECIFIC, Npi.UNKNOWN, "1234")
    assert to_number.destination == Address(Ton.INTERNATIONAL, Npi.ISDN, "77021234567")
    assert to_name.destination == Address(Ton.ALPHANUMERIC, Npi.UNKNOWN, "MyBank")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=800), st.integers(0, ROUND))
def test_a_long_text_comes_together_again_from_its_segments(text: str, first: int) -> None:
    pdus = text_sms(text, first=first)
    reassembler = Reassembler(max_open=1, timeout_us=1)
    for pdu in pdus:
        part = read_part(
            source=HANDSET,
            destination="1234",
            esm_class=pdu.esm_class,
            data_coding=pdu.data_coding,
            short_message=pdu.short_message,
            tlvs={},
        )
        joined = reassembler.add(part, 0).joined if len(pdus) > 1 else None
    if len(pdus) == 1:
        assert decode(pdus[0].data_coding, pdus[0].short_message) == text
    else:
        assert all(pdu.esm_class == UDHI for pdu in pdus)
        assert joined is not None
        assert joined.content() == text


def test_two_long_texts_have_references_of_their_own() -> None:
    """Else their parts would be mixed at the receiver (octet 4 of the header, TS 23.040)."""
    handsets = Handsets(255)
    long = TextSms(source=HANDSET, destination="1234", text="a" * 200)
    first, second = (handsets.submits(long, 0.0)[0].short_message[3] for _ in range(2))
    assert (first, second) == (255, 0)


@pytest.mark.parametrize(
    "text", ["a" * (255 * 153 + 1), "я" * (255 * 67 + 1), "\ud800"], ids=["GSM 7 bit", "UCS-2", "surrogate"]
)
def test_a_text_that_no_handset_can_send_is_an_error_without_the_text(text: str) -> None:
    with pytest.raises(CodingError) as raised:
        text_sms(text)
    assert text[:10] not in str(raised.value)


def test_every_submit_has_a_reference_of_its_own() -> None:
    """Equal texts are messages of their own, on a later session too; so are the parts of one."""
    handsets = Handsets(ROUND - 1)
    sms = TextSms(source=HANDSET, destination="1234", text="a" * 200)
    pdus = [*handsets.submits(sms, 0.0), *handsets.submits(sms, 0.0)]
    assert [pdu.tlv(Tag.USER_MESSAGE_REFERENCE) for pdu in pdus] == [ROUND - 1, 0, 1, 2]


@pytest.mark.parametrize(("seconds", "again"), [(239.0, None), (241.0, 5)])
def test_a_reference_that_was_used_lately_is_left_out(seconds: float, again: int | None) -> None:
    """The SMSC would take the equal text for a repeat of the earlier one, and send nothing."""
    references = References(5)
    assert len({references.take(0.0) for _ in range(ROUND)}) == ROUND
    assert references.take(seconds) == again


@given(st.lists(st.floats(0, 0.1), min_size=1, max_size=20))
def test_no_reference_comes_again_within_two_minutes(pace: list[float]) -> None:
    """Whatever the pace of sending: nothing for two rounds has the number of one of the last 120 s."""
    used: dict[int, float] = {}
    references, now = References(0), 0.0
    for number in range(2 * ROUND + 10):
        now += pace[number % len(pace)]
        taken = references.take(now)
        if taken is not None:
            assert now - used.get(taken, -1e9) > 120
            used[taken] = now


def test_octets_go_as_they_are() -> None:
    """For testers: nothing is checked on the way to the SMSC."""
    sms = OctetSms(
        source=HANDSET,
        destination="1234",
        octets=b"\xff\0",
        data_coding=0xF5,
        udh=True,
        registered_delivery=1,
    )
    (pdu,) = Handsets(0).submits(sms, 0.0)
    assert (pdu.short_message, pdu.data_coding, pdu.esm_class) == (b"\xff\0", 0xF5, UDHI)
    assert pdu.registered_delivery == 1


def test_a_dialled_string_begins_a_dialogue() -> None:
    """interfaces.md "USSD over SMPP": op 1, the string in both fields, dialogue number, no end bit."""
    pdu = dialled("*100#", first=0x1FF)
    assert (pdu.service_type, pdu.short_message, pdu.data_coding) == ("USSD", b"*100#", 0)
    assert pdu.destination.addr == "*100#"
    assert pdu.tlv(Tag.USSD_SERVICE_OP) == UssdServiceOp.PSSR_INDICATION
    assert pdu.tlv(Tag.ITS_SESSION_INFO) == b"\xff\0"


@pytest.mark.parametrize("typed", ["*110*1234567890123456#", "*1*я#", "*\n#"])
def test_what_does_not_fit_the_address_is_in_the_short_message_only(typed: str) -> None:
    pdu = dialled(typed)
    assert pdu.destination.addr == ""
    assert decode(pdu.data_coding, pdu.short_message) == typed
    encode(pdu)


def test_a_ussd_string_fits_160_octets_on_the_air() -> None:
    """182 septets or 80 UCS-2 characters (interfaces.md)."""
    assert ussd_string("1" * 182) == (0, b"1" * 182)
    assert ussd_string("я" * 80)[0] == 8
    for typed in ("1" * 183, "я" * 81):
        with pytest.raises(CodingError):
            ussd_string(typed)


def test_no_representation_shows_what_was_typed() -> None:
    """It may be a voucher's code, in the destination too where somebody mistyped."""
    code = "1234567890123"
    values = (
        Dialled(source=HANDSET, typed=f"*110*{code}#"),
        TextSms(source=HANDSET, destination=code, text=code),
        OctetSms(source=HANDSET, destination=code, octets=code.encode(), data_coding=0),
    )
    assert code not in repr(values)
