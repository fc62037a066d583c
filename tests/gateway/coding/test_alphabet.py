"""data_coding octets: which alphabet, and texts in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding.alphabet import (
    DATA_CODING,
    Alphabet,
    Binary,
    alphabet_of,
    decode,
    encode,
    message_class,
    with_class,
)
from gateway.coding.errors import CodingError, UnknownDataCodingError
from gateway.coding.shifts import Shift


@pytest.mark.conformance("data_coding.OCTETS", "data_coding.OCTETS_8BIT")
@pytest.mark.parametrize(
    ("data_coding", "alphabet"),
    [
        (0x00, Alphabet.GSM7),
        (0x01, Alphabet.IA5),
        (0x02, Alphabet.BINARY),
        (0x03, Alphabet.LATIN1),
        (0x04, Alphabet.BINARY),
        (0x06, Alphabet.CYRILLIC),
        (0x07, Alphabet.HEBREW),
        (0x08, Alphabet.UCS2),
        (0x10, Alphabet.GSM7),
        (0x13, Alphabet.GSM7),
        (0x15, Alphabet.BINARY),
        (0x18, Alphabet.UCS2),
        (0x1B, Alphabet.UCS2),
        (0xC0, Alphabet.GSM7),
        (0xDF, Alphabet.GSM7),
        (0xE1, Alphabet.UCS2),
        (0xF0, Alphabet.GSM7),
        (0xF4, Alphabet.BINARY),
        (0xF6, Alphabet.BINARY),
        (0xF8, Alphabet.GSM7),
        (0xFF, Alphabet.BINARY),
    ],
)
def test_the_octet_names_the_alphabet(data_coding: int, alphabet: Alphabet) -> None:
    assert alphabet_of(data_coding) is alphabet


@pytest.mark.conformance(
    "data_coding.JIS",
    "data_coding.PICTOGRAM",
    "data_coding.ISO_2022_JP",
    "data_coding.EXTENDED_KANJI",
    "data_coding.KS_C_5601",
)
@pytest.mark.parametrize("data_coding", [0x05, 0x09, 0x0A, 0x0E, 0x0F, 0x1C, 0x20, 0x80, 0xBF, -1, 256])
def test_other_octets_are_refused(data_coding: int) -> None:
    with pytest.raises(UnknownDataCodingError):
        decode(data_coding, b"")


@pytest.mark.parametrize(
    ("data_coding", "octets", "content"),
    [
        (0x00, b"\x00\x1be", "@€"),
        (0x01, b"BAL", "BAL"),
        (0x03, "é".encode("latin-1"), "é"),
        (0x04, b"\x00\xff", Binary(b"\x00\xff")),
        (0x06, "Баланс".encode("iso8859-5"), "Баланс"),
        (0x08, "Теңге😀".encode("utf-16-be"), "Теңге😀"),
        (0x18, "Ә".encode("utf-16-be"), "Ә"),
        (0x00, b"", ""),
        (0x08, b"", ""),
    ],
)
def test_a_body_is_read_in_its_alphabet(data_coding: int, octets: bytes, content: str | Binary) -> None:
    assert decode(data_coding, octets) == content


@pytest.mark.parametrize(
    ("data_coding", "octets"),
    [(0x00, b"\x80"), (0x01, b"\x80"), (0x08, b"\x04"), (0x08, b"\xd8\x3d"), (0x08, b"\xde\x00\x00a")],
    ids=["GSM octet", "IA5 octet", "odd length", "half a pair at the end", "half a pair"],
)
def test_malformed_octets_are_refused(data_coding: int, octets: bytes) -> None:
    with pytest.raises(CodingError):
        decode(data_coding, octets)


@given(st.integers(0, 255), st.binary(max_size=140))
def test_any_body_is_read_or_refused_with_our_error(data_coding: int, octets: bytes) -> None:
    try:
        content = decode(data_coding, octets)
    except CodingError:
        return
    if isinstance(content, Binary):
        assert content.octets == octets
    elif alphabet_of(data_coding) is not Alphabet.GSM7:
        assert encode(alphabet_of(data_coding), content) == octets


@pytest.mark.parametrize("alphabet", [alphabet for alphabet in Alphabet if alphabet is not Alphabet.BINARY])
def test_what_we_send_is_announced_by_an_octet_that_we_read(alphabet: Alphabet) -> None:
    assert alphabet_of(DATA_CODING[alphabet]) is alphabet
    assert decode(DATA_CODING[alphabet], encode(alphabet, "Balance 1")) == "Balance 1"


@pytest.mark.parametrize(
    ("alphabet", "text"),
    [(Alphabet.IA5, "é"), (Alphabet.LATIN1, "Ы"), (Alphabet.UCS2, "\ud800"), (Alphabet.BINARY, "a")],
)
def test_a_text_that_an_alphabet_lacks_is_refused(alphabet: Alphabet, text: str) -> None:
    with pytest.raises(CodingError):
        encode(alphabet, text)


@pytest.mark.parametrize(
    ("default", "text"), [(Alphabet.LATIN1, "é{}"), (Alphabet.IA5, "{}"), (Alphabet.CYRILLIC, "Баланс")]
)
def test_zero_means_what_the_peer_means_by_it(default: Alphabet, text: str) -> None:
    """SMPP 3.4 section 5.2.19: 0 is the "SMSC default alphabet"; all other values name theirs."""
    assert alphabet_of(0, default) is default
    assert decode(0, encode(default, text), default) == text
    assert decode(0x10, b"\x00", default) == "@"
    assert decode(8, "Ж".encode("utf-16-be"), default) == "Ж"
    assert decode(4, b"\x00", default) == Binary(b"\x00")


def test_a_peers_default_alphabet_may_refuse_octets_too() -> None:
    with pytest.raises(CodingError):
        decode(0, b"\x80", Alphabet.IA5)
    with pytest.raises(UnknownDataCodingError):
        decode(0x05, b"", Alphabet.LATIN1)


def test_a_national_shift_counts_for_seven_bit_texts_only() -> None:
    shift = Shift(single=1, locking=1)
    assert decode(0, b"\x1b\x47\x40", shift=shift) == "Ğİ"
    assert decode(0x10, b"\x40", shift=shift) == "İ"
    assert decode(8, b"\x00\x40", shift=shift) == "@"
    assert decode(3, b"\x40", shift=shift) == "@"
    assert decode(4, b"\x1b", shift=shift) == Binary(b"\x1b")
    assert decode(0, b"\x40", Alphabet.LATIN1, shift) == "@"


@pytest.mark.parametrize(
    ("data_coding", "of_class"),
    [
        (0x10, 0),
        (0x11, 1),
        (0x16, 2),
        (0x1B, 3),
        (0xF0, 0),
        (0xF7, 3),
        (0x00, None),
        (0x08, None),
        (0x0F, None),
        (0xC0, None),
        (0xE1, None),
    ],
)
def test_the_message_class_is_read(data_coding: int, of_class: int | None) -> None:
    """TS 23.038 section 4; class 0 is flash."""
    assert message_class(data_coding) == of_class


@pytest.mark.parametrize("alphabet", [Alphabet.GSM7, Alphabet.BINARY, Alphabet.UCS2])
@pytest.mark.parametrize("of_class", range(4))
def test_a_class_is_given_without_changing_the_alphabet(alphabet: Alphabet, of_class: int) -> None:
    data_coding = with_class(alphabet, of_class)
    assert (alphabet_of(data_coding), message_class(data_coding)) == (alphabet, of_class)


@pytest.mark.parametrize(
    ("alphabet", "of_class"), [(Alphabet.LATIN1, 0), (Alphabet.GSM7, 4), (Alphabet.GSM7, -1)]
)
def test_a_class_that_cannot_be_given_is_refused(alphabet: Alphabet, of_class: int) -> None:
    with pytest.raises(CodingError):
        with_class(alphabet, of_class)
