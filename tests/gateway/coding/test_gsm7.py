"""The GSM 7 bit alphabet against two independent implementations, and its packing."""

import pytest
from gsm0338 import Codec  # type: ignore[import-untyped]  # the oracle ships no types
from gsmcodecs import makeCodec  # type: ignore[import-untyped]  # the oracle ships no types
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding import gsm7
from gateway.coding.errors import CodingError

_ORACLE = makeCodec()
ALPHABET = "".join(
    char for char in gsm7.DEFAULT.locking + "".join(gsm7.DEFAULT.single_shift.values()) if char != "\x1b"
)
texts = st.text(ALPHABET, max_size=400)


def test_the_table_has_127_characters_and_the_extension_ten() -> None:
    assert len(gsm7.DEFAULT.locking) == 128
    assert len(set(gsm7.DEFAULT.locking)) == 128
    assert len(gsm7.DEFAULT.single_shift) == 10
    assert len(ALPHABET) == 137


@pytest.mark.parametrize("char", ALPHABET)
def test_every_character_is_encoded_as_both_oracles_do(char: str) -> None:
    assert gsm7.encode(char) == _ORACLE.encode(char)[0] == Codec().encode(char)[0]
    assert gsm7.decode(gsm7.encode(char)) == char


@pytest.mark.parametrize("char", ["`", "ç", "\x1b", "\u00a0", "\t", "\x00", "Б", "’", "…", "😀", "\x7f"])
def test_a_character_outside_is_refused_without_being_quoted(char: str) -> None:
    assert not gsm7.is_gsm7("plain" + char)
    assert gsm7.try_encode(char) is None
    with pytest.raises(CodingError) as caught:
        gsm7.encode("secret" + char)
    assert "secret" not in str(caught.value)


@given(st.text(max_size=60))
def test_what_is_encodable_is_what_the_oracle_can_encode(text: str) -> None:
    try:
        expected = _ORACLE.encode(text)[0]
    except UnicodeEncodeError:
        assert not gsm7.is_gsm7(text)
    else:
        # The oracle writes a bare escape as a space; we have no character for it.
        assert gsm7.try_encode(text) == (None if "\x1b" in text else expected)


@given(texts)
def test_a_text_survives_the_round_trip(text: str) -> None:
    assert gsm7.decode(gsm7.encode(text)) == text
    assert gsm7.septets(text) == len(text) + sum(text.count(char) for char in "\f^{}\\[~]|€")


@given(st.lists(st.sampled_from(b"\x1b\x1b\x1bAe\x00\x7f\x80"), max_size=12).map(bytes))
def test_any_octets_are_decoded_or_refused_with_our_error(octets: bytes) -> None:
    escapes_at_end = len(octets) - len(octets.rstrip(b"\x1b"))
    if max(octets, default=0) > 0x7F or escapes_at_end % 2 == 1:
        with pytest.raises(CodingError):
            gsm7.decode(octets)
    else:
        assert len(gsm7.decode(octets)) <= len(octets)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"\x1b\x65", "€"),
        (b"\x1b\x1b", " "),
        (b"\x1b\x41", "A"),
        (b"\x1b\x0d", "\r"),
        (b"\x1b\x14\x1b\x3c\x00", "^[@"),
        (b"\x1b\x1b\x65", " e"),
    ],
)
def test_escapes_are_read_as_the_specification_says(octets: bytes, text: str) -> None:
    """TS 23.038 section 6.2.1.1: unknown codes show the main table's character, a second escape a space."""
    assert gsm7.decode(octets) == text


@pytest.mark.parametrize("octets", [b"\x1b", b"ab\x1b", b"\x1b\x1b\x1b", b"\x80", b"abc\xff"])
def test_half_an_escape_pair_and_a_set_top_bit_are_refused(octets: bytes) -> None:
    with pytest.raises(CodingError):
        gsm7.decode(octets)


def test_packing_is_that_of_the_textbook() -> None:
    assert gsm7.pack(gsm7.encode("hellohello")) == bytes.fromhex("E8329BFD4697D9EC37")
    assert len(gsm7.pack(b"a" * 160)) == 140
    assert len(gsm7.pack(b"a" * 182)) == 160


@given(st.binary(max_size=182).map(lambda octets: bytes(octet & 0x7F for octet in octets)), st.integers(0, 6))
def test_packing_can_be_undone(unpacked: bytes, fill_bits: int) -> None:
    packed = gsm7.pack(unpacked, fill_bits=fill_bits)
    assert len(packed) == -(-(7 * len(unpacked) + fill_bits) // 8)
    assert gsm7.unpack(packed, len(unpacked), fill_bits=fill_bits) == unpacked


def test_unpacking_more_septets_than_there_are_is_refused() -> None:
    assert gsm7.unpack(b"\xff" * 7, 8) == b"\x7f" * 8
    for count in (9, -1):
        with pytest.raises(CodingError):
            gsm7.unpack(b"\xff" * 7, count)


def test_packing_an_octet_with_the_top_bit_is_refused() -> None:
    with pytest.raises(CodingError):
        gsm7.pack(b"\x80")


def test_another_pair_of_tables_can_be_compiled() -> None:
    """Room for the national tables: Turkish single shift has a dotted capital I after the escape."""
    tables = gsm7.ShiftTables(gsm7.DEFAULT.locking, {**gsm7.DEFAULT.single_shift, 0x49: "İ"})
    octets = gsm7.compile_encoder(tables)("İ€")
    assert octets == b"\x1bI\x1be"
    assert gsm7.compile_decoder(tables)(octets) == "İ€"
    assert not gsm7.is_gsm7("İ")


def test_a_text_of_64_k_is_packed_and_unpacked() -> None:
    octets = bytes(range(128)) * 512
    packed = gsm7.pack(octets)
    assert len(packed) == 57344
    assert gsm7.unpack(packed, len(octets)) == octets


def test_a_position_that_is_not_used_is_read_as_a_space_and_not_written() -> None:
    tables = gsm7.ShiftTables(gsm7.UNUSED + gsm7.DEFAULT.locking[1:], {0x41: "Ж"})
    assert gsm7.compile_decoder(tables)(b"\x00\x1b\x00\x1bAA") == "  ЖA"
    assert gsm7.compile_encoder(tables)("@") is None
    assert gsm7.compile_encoder(tables)(gsm7.UNUSED) is None
