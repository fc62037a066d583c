"""What may be kept: secrets are struck out in every coding, the rest stays."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding import udh
from gateway.coding.alphabet import DATA_CODING, Alphabet, encode
from gateway.coding.shifts import Shift, try_encode
from gateway.coding.split import split
from gateway.redaction import mask_octets, mask_pdu, mask_text
from handlers.base.grammar import clean

CODE = "1234567890123"
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
BOLD = str.maketrans("0123456789", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")
CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
BETWEEN = [
    " ",
    "-",
    "  ",
    "\u00a0",
    "\u2011",
    "\u2013",
    "\u2212",
    "\u200b",
    "\ufeff",
    "\u00ad",
    " - ",
    "\t",
    "\n",
    "\uff0d",
]

codes = st.text("0123456789", min_size=13, max_size=19)
written = st.builds(
    lambda code, separator, digits: separator.join(code.translate(digits)),
    codes,
    st.sampled_from(["", *BETWEEN]),
    st.sampled_from([{}, FULL_WIDTH, ARABIC, BOLD, CIRCLED]),
)
around = st.text("аб xyz#*.,()@€\n", max_size=40)


def digits_of(text: str) -> str:
    """All that a reader could take for a digit, as digits."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(
        str(unicodedata.digit(char)) for char in plain if unicodedata.digit(char, None) is not None
    )


@given(around, written, around)
def test_thirteen_digits_are_masked_however_they_are_written(before: str, code: str, after: str) -> None:
    masked = mask_text(before + code + after, secret_digits=False)
    assert len(masked) == len(before + code + after)
    assert digits_of(masked) == ""
    assert masked.startswith(before)
    assert masked.endswith(after)


@given(st.text(max_size=60), st.booleans(), st.booleans())
def test_a_masked_text_keeps_its_length(text: str, secret_digits: bool, segment: bool) -> None:
    masked = mask_text(text, secret_digits=secret_digits, segment=segment)
    assert len(masked) == len(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("1234567890123", "*************"),
        ("*110*1234567890123#", "*110**************#"),
        ("pay 4400 4301 2345 6789 now", "pay **** **** **** **** now"),
        ("77011234567", "77011234567"),
        ("+7 701 123-45-67", "+7 701 123-45-67"),
        ("07 1234 5000", "07 1234 5000"),
        ("21.10 14:05 Balance: 1,500.50 KZT", "21.10 14:05 Balance: 1,500.50 KZT"),
        ("Баланс: 1\u00a0234\u00a0567 тг", "Баланс: 1\u00a0234\u00a0567 тг"),
        ("*100#", "*100#"),
        ("", ""),
    ],
)
def test_numbers_dates_and_amounts_stay(text: str, kept: str) -> None:
    assert mask_text(text, secret_digits=False) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("123456", "******"),
        ("12345", "12345"),
        ("1234567S90123", "*******S90123"),
        ("1234.5678.9012/3", "****.****.****/*"),
        ("1_2_3_4_5_6", "*_*_*_*_*_*"),
        ("*110*123456789#", "*110**********#"),
        ("BAL 100", "BAL 100"),
    ],
)
def test_a_service_that_takes_codes_hides_shorter_runs(text: str, kept: str) -> None:
    assert mask_text(text, secret_digits=True) == kept


def test_every_character_that_becomes_a_digit_is_taken_for_one() -> None:
    """Whatever NFKC turns into digits would work as a code, so it must be masked as one. (Square metres and
    the like become letters too, and no code.)
    """
    missed = []
    for point in range(sys.maxunicode + 1):
        plain = unicodedata.normalize("NFKC", chr(point))
        becomes_digits = any("0" <= char <= "9" for char in plain) and not any(map(str.isalpha, plain))
        if becomes_digits and mask_text(chr(point) * 13, secret_digits=False) != "*" * 13:
            missed.append(f"U+{point:04X}")
    assert missed == []


def test_every_character_that_commands_overlook_may_stand_between_digits() -> None:
    """What the grammar drops, or takes for a space or a dash, does not hide a code."""
    missed = []
    for point in range(sys.maxunicode + 1):
        if 0xD800 <= point <= 0xDFFF:
            continue
        cleaned = clean(f"1{chr(point)}2")
        if cleaned == "12" or re.fullmatch("1[ \\-\u2010-\u2015\u2212]2", cleaned):
            text = chr(point).join(CODE)
            if digits_of(mask_text(text, secret_digits=False)):
                missed.append(f"U+{point:04X}")
    assert missed == []


@pytest.mark.parametrize("alphabet", [alphabet for alphabet in Alphabet if alphabet is not Alphabet.BINARY])
@pytest.mark.parametrize("separator", ["", " ", "-"])
def test_octets_are_masked_in_every_alphabet(alphabet: Alphabet, separator: str) -> None:
    code = separator.join(CODE)
    octets = encode(alphabet, f"Code {code} ok")
    masked = mask_octets(octets, DATA_CODING[alphabet], secret_digits=True)
    assert masked == encode(alphabet, f"Code {re.sub('[0-9]', '*', code)} ok")


@pytest.mark.parametrize("data_coding", [0x00, 0x01, 0x03, 0x04, 0x08, 0x05, 0x18, 0xF4, 0xFF, 300])
@pytest.mark.parametrize("encoding", ["ascii", "utf-16-be", "utf-16-le", "utf-8"])
def test_a_wrong_data_coding_hides_nothing(data_coding: int, encoding: str) -> None:
    octets = f"x {CODE}".encode(encoding)
    masked = mask_octets(octets, data_coding, secret_digits=False)
    assert len(masked) == len(octets)
    assert re.search(rb"[0-9]", masked) is None


@given(around, written, around)
def test_ucs2_octets_are_masked_as_the_text_is(before: str, code: str, after: str) -> None:
    octets = (before + code + after).encode("utf-16-be")
    masked = mask_octets(octets, 8, secret_digits=False)
    assert len(masked) == len(octets)
    assert digits_of(masked.decode("utf-16-be")) == ""
    assert masked.startswith(before.encode("utf-16-be"))


@given(st.binary(max_size=80), st.integers(0, 255), st.sampled_from([0, udh.UDHI]), st.booleans())
def test_any_octets_keep_their_length(octets: bytes, data_coding: int, esm_class: int, secret: bool) -> None:
    masked = mask_octets(octets, data_coding, secret_digits=secret, esm_class=esm_class)
    assert len(masked) == len(octets)
    assert mask_octets(masked, data_coding, secret_digits=secret, esm_class=esm_class) == masked


def test_a_header_stays_although_it_looks_like_digits() -> None:
    octets = bytes((5, 0, 3, 0x31, 0x32, 0x31)) + CODE.encode()
    masked = mask_octets(octets, 0, secret_digits=True, esm_class=udh.UDHI)
    assert masked == octets[:6] + b"*" * 13


@pytest.mark.parametrize("letter", ["x", "ж"])
@pytest.mark.parametrize("secret_digits", [False, True])
def test_a_code_cut_by_a_segment_boundary_is_masked_on_both_sides(letter: str, secret_digits: bool) -> None:
    room = 153 if letter == "x" else 67
    for before in range(room - 14, room + 1):
        text = letter * before + CODE + letter * 120
        for segment in split(text, reference=1).segments:
            masked = mask_octets(
                segment.short_message,
                8 if letter == "ж" else 0,
                secret_digits=secret_digits,
                esm_class=segment.esm_class,
            )
            assert re.search(rb"[0-9]", masked[6:].replace(b"\x04\x36", b"")) is None


def test_a_segment_by_sar_tlvs_is_told_by_the_caller() -> None:
    assert mask_octets(b"code 1234", 0, secret_digits=False, segment=True) == b"code ****"
    assert mask_octets(b"567 890123 ok 12 x", 0, secret_digits=False, segment=True) == b"*** ****** ok 12 x"
    assert mask_octets(b"code 1234", 0, secret_digits=False) == b"code 1234"


def test_a_dialled_code_is_masked_in_the_body_and_in_the_address() -> None:
    dialled = f"*110*{CODE}#"
    masked = mask_text(dialled, secret_digits=True)
    for data_coding, encoding in ((0, "ascii"), (8, "utf-16-be")):
        body = dialled.encode(encoding)
        pdu = (
            b"\x00\x00\x00\x60USSD\x00\x01\x0177011234567\x00\x01\x01" + dialled.encode() + b"\x00\x40" + body
        )
        kept = mask_pdu(pdu, body, mask_octets(body, data_coding, secret_digits=True))
        assert len(kept) == len(pdu)
        assert CODE.encode(encoding) not in kept
        assert CODE.encode() not in kept
        assert b"77011234567" in kept
        assert masked.encode(encoding) in kept


def test_every_occurrence_in_a_pdu_is_masked() -> None:
    body = f"{CODE} and {CODE}".encode()
    pdu = b"head" + body + b"\x04\x24\x00\x1e" + body + CODE.encode() + b"tail"
    kept = mask_pdu(pdu, body, mask_octets(body, 0, secret_digits=True))
    assert kept.count(b"*" * 13) == 5
    assert CODE.encode() not in kept


def test_a_pdu_without_secrets_stays() -> None:
    assert mask_pdu(b"abc BAL", b"BAL", b"BAL") == b"abc BAL"
    assert mask_pdu(b"abc", b"", b"") == b"abc"


def test_a_mask_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be masked"):
        mask_pdu(b"123", b"123", b"**")


def test_long_hostile_texts_take_no_time_that_grows_by_the_square() -> None:
    """Counted by the machine's own limit: the test would run for minutes if matching were quadratic."""
    for text in (
        "1 " * 6 + " " * 200_000,
        ("1" * 5 + " x") * 40_000,
        "1" + "\u200b" * 300_000,
        "- " * 150_000,
    ):
        for segment in (False, True):
            mask_text(text, secret_digits=True, segment=segment)


def test_only_what_the_mask_struck_out_is_struck_out_of_the_pdu() -> None:
    """Shorter numbers of the body stay where the rule for them does not hold."""
    body = f"654321 and {CODE}, ".encode("utf-16-be")
    pdu = b"654321" + CODE.encode() + body
    kept = mask_pdu(pdu, body, mask_octets(body, 8, secret_digits=False))
    assert kept == b"654321" + b"*" * 13 + "654321 and *************, ".encode("utf-16-be")


def test_digits_of_other_scripts_are_masked_in_a_pdu_as_they_stand() -> None:
    body = CODE.translate(FULL_WIDTH).encode("utf-16-be")
    assert (
        mask_pdu(b"<" + body + b">", body, mask_octets(body, 8, secret_digits=True))
        == b"<" + b"\0*" * 13 + b">"
    )


@pytest.mark.parametrize("zero", ["०", "০", "૦", "೦", "൦", "୦", "੦", "௦", "౦", "۰"])
def test_digits_of_the_national_tables_are_masked(zero: str) -> None:
    """Each is an escape pair there, whose octets are no digits (3GPP TS 23.038 annex A.2)."""
    languages = [n for n in range(1, 14) if try_encode(zero, Shift(single=n)) is not None]
    text = "a" + "".join(chr(ord(zero) + digit) for digit in (4, 8, 1, 5, 1, 6, 2, 3, 4, 2, 3, 1, 9)) + "b"
    for language in languages:
        header = udh.build(udh.UserDataHeader(udh.shift_elements(Shift(single=language))))
        octets = try_encode(text, Shift(single=language))
        assert octets is not None
        masked = mask_octets(header + octets, 0, secret_digits=False, esm_class=udh.UDHI)
        assert masked == header + b"a" + b"*" * 26 + b"b"
    assert languages


@pytest.mark.parametrize("escaped", ["4815162342319", "1", "9"])
def test_an_escape_before_a_plain_digit_hides_nothing(escaped: str) -> None:
    """TS 23.038 section 6.2.1.1: a code that the extension table lacks shows the main table's character."""
    body = b"".join(b"\x1b" + bytes((d,)) if chr(d) in escaped else bytes((d,)) for d in b"4815162342319")
    masked = mask_octets(b"x" + body + b"\x1b\x65", 0, secret_digits=False)
    assert masked == b"x" + b"*" * len(body) + b"\x1b\x65"
