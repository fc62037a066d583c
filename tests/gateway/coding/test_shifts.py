"""Texts in national tables: golden octets, what is not used, and identifiers that nobody knows."""

import pytest
from gsmcodecs import makeCodec  # type: ignore[import-untyped]  # the oracle ships no types
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding import gsm7, shifts
from gateway.coding.errors import CodingError
from gateway.coding.shift_tables import LOCKING, SINGLE_SHIFT, Language
from gateway.coding.shifts import NO_SHIFT, Shift

all_shifts = st.builds(Shift, st.sampled_from(list(SINGLE_SHIFT)), st.sampled_from(list(LOCKING)))
octet_texts = st.binary(max_size=80).map(lambda octets: bytes(octet & 0x7F for octet in octets))


@pytest.mark.parametrize(
    ("shift", "text", "octets"),
    [
        (Shift(single=Language.TURKISH), "Ağaç İş", "41 1B67 61 1B63 20 1B49 1B73"),
        (Shift(locking=Language.TURKISH), "Ağaç İş", "41 0C 61 60 20 40 1D"),
        (Shift(single=Language.SPANISH), "¿Qué día?", "60 51 75 05 20 64 1B69 61 3F"),
        (Shift(locking=Language.PORTUGUESE), "ação", "61 09 7B 6F"),
        (Shift(locking=Language.HINDI), "नमस्ते", "2F 42 4C 5F 27 59"),
        (Shift(Language.HINDI, Language.HINDI), "A १", "1B41 20 1B1D"),
        (Shift(locking=Language.URDU), "اردو", "00 25 1A 53"),
        (Shift(locking=Language.KANNADA), "ಡ", "24"),
    ],
)
def test_a_text_is_written_and_read_as_the_tables_say(shift: Shift, text: str, octets: str) -> None:
    assert shifts.try_encode(text, shift) == bytes.fromhex(octets)
    assert shifts.decode(bytes.fromhex(octets), shift) == text


@given(all_shifts, st.data())
def test_what_is_written_is_read_back_by_us_and_by_the_oracle(shift: Shift, data: st.DataObject) -> None:
    chars = {*LOCKING[shift.locking], *SINGLE_SHIFT[shift.single].values()} - {gsm7.UNUSED, "\x1b"}
    text = data.draw(st.text(sorted(chars), max_size=40))
    octets = shifts.try_encode(text, shift)
    assert octets is not None
    assert shifts.decode(octets, shift) == text
    # The positions where the oracle differs are in test_shift_tables.
    if not set(text) & set(",€\u0ca1"):
        assert makeCodec(shift.locking, shift.single).decode(octets)[0] == text


@given(all_shifts, octet_texts)
def test_any_septets_are_read_one_character_each_or_refused(shift: Shift, octets: bytes) -> None:
    if (len(octets) - len(octets.rstrip(b"\x1b"))) % 2:
        with pytest.raises(CodingError):
            shifts.decode(octets, shift)
        return
    text = shifts.decode(octets, shift)
    assert gsm7.UNUSED not in text
    assert "\x1b" not in text
    assert len(text) == len(gsm7.decode(octets))


def test_a_position_that_is_not_used_shows_as_a_space_and_is_never_written() -> None:
    """TS 23.038 section 6.1.1 note 1."""
    tamil = Shift(locking=Language.TAMIL)
    assert shifts.decode(b"\x09\x0b", tamil) == "  "
    assert shifts.try_encode(" ", tamil) == b"\x20"
    assert shifts.try_encode(gsm7.UNUSED, tamil) is None


def test_an_escaped_code_without_an_entry_shows_the_locking_table_in_force() -> None:
    """TS 23.038 section 6.2.1.2.2; one that stands there for nothing is a space as well."""
    assert shifts.decode(b"\x1b\x60", Shift(Language.SPANISH, Language.TURKISH)) == "ç"
    assert shifts.decode(b"\x1b\x60", Shift(single=Language.SPANISH)) == "¿"
    assert shifts.decode(b"\x1b\x57", Shift(Language.SPANISH, Language.TAMIL)) == " "
    assert shifts.decode(b"\x1b\x1b", Shift(Language.HINDI, Language.HINDI)) == " "


def test_the_default_extension_serves_a_locking_table_alone() -> None:
    assert shifts.decode(b"\x1b\x65\x1b\x3c", Shift(locking=Language.HINDI)) == "€["


@pytest.mark.parametrize("unknown", [14, 99, 255])
def test_an_unknown_language_means_the_default_tables(unknown: int) -> None:
    """TS 23.040 sections 9.2.3.24.15 and 9.2.3.24.16; each of the two for itself."""
    assert shifts.known(Shift(unknown, unknown)) == NO_SHIFT
    assert shifts.known(Shift(Language.URDU, unknown)) == Shift(Language.URDU, 0)
    assert shifts.decode(b"\x1b\x65@", Shift(unknown, unknown)) == gsm7.decode(b"\x1b\x65@")


def test_spanish_as_a_locking_language_means_the_default_table() -> None:
    assert shifts.known(Shift(Language.SPANISH, Language.SPANISH)) == Shift(Language.SPANISH, 0)


@pytest.mark.parametrize("octets", [b"\x80", b"ab\xff", b"\x1b\x80", b"\x1b\x65\x1b"])
def test_a_set_top_bit_and_half_a_pair_are_refused_in_any_language(octets: bytes) -> None:
    with pytest.raises(CodingError):
        shifts.decode(octets, Shift(Language.HINDI, Language.HINDI))
