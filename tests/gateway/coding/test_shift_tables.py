"""The national tables, position by position, against gsmcodecs (made from TS 23.038 version 18)."""

import pytest
from gsmcodecs import makeCodec  # type: ignore[import-untyped]  # the oracle ships no types

from gateway.coding.gsm7 import DEFAULT, UNUSED
from gateway.coding.shift_tables import LOCKING, SINGLE_SHIFT, Language

ESCAPE = 0x1B
ASIAN = range(Language.BENGALI, Language.URDU + 1)
#: The oracle has an apostrophe where the standard's tables, Android, oFono and Firefox OS have the comma.
LOCKING_SLIPS = {(language, 0x2C): ("'", ",") for language in ASIAN}
#: Printed as U+0CAA, which stands at 0x3D already; the letter between U+0CA0 and U+0CA2 is meant.
LOCKING_SLIPS[Language.KANNADA, 0x24] = ("\u0caa", "\u0ca1")


def oracle(octets: bytes, *, locking: int = 0, single: int = 0) -> str | None:
    try:
        return str(makeCodec(locking, single).decode(octets)[0])
    except UnicodeDecodeError:
        return None


def test_spanish_alone_has_no_locking_table() -> None:
    assert set(LOCKING) == set(Language) - {Language.SPANISH}
    assert set(SINGLE_SHIFT) == set(Language) == set(range(14))


@pytest.mark.parametrize("language", LOCKING)
def test_the_locking_table_is_that_of_the_standard(language: int) -> None:
    table = LOCKING[language]
    assert len(table) == 128
    for septet, char in enumerate(table):
        theirs = oracle(bytes((septet,)), locking=language)
        if septet == ESCAPE:
            assert char == "\x1b"
        elif (language, septet) in LOCKING_SLIPS:
            assert (theirs, char) == LOCKING_SLIPS[language, septet]
        else:
            assert (theirs or UNUSED) == char, hex(septet)


@pytest.mark.parametrize("language", LOCKING)
def test_a_locking_table_is_one_to_one_so_that_writing_can_be_undone(language: int) -> None:
    used = [char for char in LOCKING[language] if char != UNUSED]
    assert len(set(used)) == len(used)
    # Prompts and codes are typed in any language: digits and small letters stand everywhere.
    assert set("0123456789abcdefghijklmnopqrstuvwxyz \n\r.,!?:;()") <= set(used)


@pytest.mark.parametrize("language", SINGLE_SHIFT)
def test_the_single_shift_table_is_that_of_the_standard(language: int) -> None:
    codec = makeCodec(0, language)
    assert codec.name == f"gsm23.038-0-{language}"
    theirs = {
        septet: char
        for septet in range(128)
        if septet != ESCAPE and (char := oracle(bytes((ESCAPE, septet)), single=language)) is not None
    }
    if language == Language.TELUGU:
        # Left out by the oracle; Android, Firefox OS and the default extension table have it.
        theirs[0x65] = "€"
    assert SINGLE_SHIFT[language] == theirs


@pytest.mark.parametrize("language", SINGLE_SHIFT)
def test_every_single_shift_table_contains_the_default_extension(language: int) -> None:
    assert DEFAULT.single_shift.items() <= SINGLE_SHIFT[language].items()
