"""Packed septets behind a header, and the seven bits that may be a character or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding import gsm7, udh
from gateway.coding.errors import CodingError
from gateway.coding.packed import fill_bits, read_packed, repack, write_packed
from gateway.coding.split import split

septets = st.binary(max_size=160).map(lambda octets: bytes(octet & 0x7F for octet in octets))
headers = st.integers(0, 30)


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        ("hellohello", "E8329BFD4697D9EC37"),
        ("1234567", "31D98C56B3DD1A"),
        ("12345678", "31D98C56B3DD70"),
        ("", ""),
    ],
)
def test_a_text_is_packed_as_in_the_textbook_with_cr_in_seven_spare_bits(text: str, packed: str) -> None:
    """TS 23.038 section 6.1.2.3.1: seven characters leave seven bits, which are CR and not "@"."""
    assert write_packed(gsm7.encode(text)) == bytes.fromhex(packed)
    assert read_packed(bytes.fromhex(packed)) == gsm7.encode(text)


def test_zeros_in_the_seven_spare_bits_are_no_character_either() -> None:
    assert read_packed(bytes.fromhex("31D98C56B3DD00")) == b"1234567"


@pytest.mark.parametrize(("octets", "bits"), [(0, 0), (6, 1), (7, 0), (4, 3), (9, 5), (5, 2), (12, 2)])
def test_the_text_starts_at_the_next_septet_behind_the_header(octets: int, bits: int) -> None:
    assert fill_bits(octets) == bits
    assert (8 * octets + bits) % 7 == 0


def test_a_part_behind_a_concatenation_header_has_one_bit_of_filling() -> None:
    """A golden vector: "a" is 0x61, moved left by one bit."""
    assert write_packed(b"a", 6) == b"\xc2"
    assert repack(bytes.fromhex("050003CC0201") + b"a", udh.UDHI, to_packed=True) == bytes.fromhex(
        "050003CC0201C2"
    )


@given(septets, headers)
def test_what_is_written_is_read_back(text: bytes, header: int) -> None:
    """But for a text that fills its octets and ends in "@" or CR: it has a CR more, or, where the message
    is full, loses the character: 140 octets cannot tell.
    """
    packed = write_packed(text, header)
    back = read_packed(packed, header)
    if text[-1:] in (b"\r", b"\x00") and (7 * len(text) + fill_bits(header)) % 8 == 0:
        assert back == (text[:-1] if len(packed) + header == 140 else text + b"\r")
    else:
        assert back == text


@given(septets, headers)
def test_a_part_with_more_to_come_loses_no_at_sign(text: bytes, header: int) -> None:
    packed = write_packed(text, header, more=True)
    back = read_packed(packed, header, more=True)
    assert back == text or (text[-1:] == b"\r" and back == text[:-1])


@given(st.text("aß€@ñ", max_size=160), headers)
def test_the_packing_is_that_of_the_figures_bit_by_bit(text: str, header: int) -> None:
    """TS 23.038 section 6.1.2.1.1, done the slow way."""
    octets = gsm7.encode(text)
    fill = fill_bits(header)
    bits = "0" * fill + "".join(f"{octet:07b}"[::-1] for octet in octets)
    bits += "0" * (-len(bits) % 8)
    assert gsm7.pack(octets, fill_bits=fill) == bytes(
        int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8)
    )


@given(st.text("abc€[ж", max_size=40).map(lambda text: 12 * text).filter(gsm7.is_gsm7), st.booleans())
def test_whole_messages_go_into_the_other_form_and_back(text: str, shifted: bool) -> None:
    encoded = split(text + ("ğ" if shifted else ""), reference=7, languages=(1,))
    if encoded.data_coding:
        return
    for segment in encoded.segments:
        packed = repack(segment.short_message, segment.esm_class, to_packed=True)
        assert len(packed) <= 140
        assert repack(packed, segment.esm_class, to_packed=False) == segment.short_message


@given(st.binary(max_size=200), st.sampled_from([0, udh.UDHI]))
def test_any_octets_are_unpacked_or_refused_with_our_error(octets: bytes, esm_class: int) -> None:
    try:
        unpacked = repack(octets, esm_class, to_packed=False)
    except CodingError:
        assert esm_class == udh.UDHI
        return
    assert len(unpacked) <= len(octets) * 8 // 7


def test_a_part_in_the_middle_keeps_its_last_at_sign_and_the_last_part_its_filling() -> None:
    full = b"x" * 152 + b"\x00"
    middle = bytes.fromhex("050003CC0201") + full
    assert repack(repack(middle, udh.UDHI, to_packed=True), udh.UDHI, to_packed=False) == middle
    last = bytes.fromhex("050003CC0202") + gsm7.pack(b"x" * 6 + b"\x00", fill_bits=1)
    assert repack(last, udh.UDHI, to_packed=False)[6:] == b"x" * 6 + b"\x00"
    zeros = bytes.fromhex("050003CC0202") + gsm7.pack(b"x" * 8, fill_bits=1)
    assert repack(zeros, udh.UDHI, to_packed=False)[6:] == b"x" * 8


def test_an_octet_over_0x7f_cannot_be_packed() -> None:
    with pytest.raises(CodingError):
        repack(b"\x80", 0, to_packed=True)


@pytest.mark.parametrize("to_packed", [True, False])
def test_a_broken_header_is_refused(to_packed: bool) -> None:
    with pytest.raises(CodingError):
        repack(b"\x09\x00", udh.UDHI, to_packed=to_packed)
