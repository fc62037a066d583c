"""USSD screens: one operation, cut at a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding import gsm7
from gateway.coding.alphabet import decode
from gateway.coding.errors import CodingError
from gateway.coding.ussd import screen


def shown(text: str) -> tuple[str, bool]:
    data_coding, short_message, cut, _ = screen(text)
    content = decode(data_coding, short_message)
    assert isinstance(content, str)
    return content, cut


@pytest.mark.parametrize("text", ["", "Balance: 500 KZT", "a" * 182, "€" * 91, "ж" * 80, "😀" * 40])
def test_what_fits_is_shown_whole(text: str) -> None:
    assert shown(text) == (text, False)


def test_english_is_sent_as_unpacked_septets_and_russian_as_ucs2() -> None:
    assert screen("A@")[:2] == (0x00, b"A\x00")
    assert screen("Ж")[:2] == (0x08, b"\x04\x16")


def test_a_longer_text_ends_at_a_word_with_dots() -> None:
    assert shown("word " * 40) == ("word " * 35 + "word...", True)
    assert shown("слово " * 20) == (("слово " * 13).rstrip() + "…", True)


def test_a_word_that_ends_where_the_room_does_is_kept() -> None:
    assert shown("a" * 100 + " " + "b" * 78 + " cccc") == ("a" * 100 + " " + "b" * 78 + "...", True)


def test_a_text_without_a_gap_in_its_last_half_is_cut_within_the_word() -> None:
    assert shown("a" * 183) == ("a" * 179 + "...", True)
    assert shown("ab " + "ж" * 100) == ("ab " + "ж" * 76 + "…", True)


def test_no_pair_and_no_sequence_is_cut() -> None:
    assert shown("€" * 92) == ("€" * 89 + "...", True)
    assert shown("😀" * 41) == ("😀" * 39 + "…", True)
    assert shown("ж" * 78 + "e\u0301" * 9) == ("ж" * 78 + "…", True)


@given(
    st.one_of(st.text(max_size=250), st.text("ab €\n[", max_size=250), st.text("жё \u0301😀", max_size=150))
)
def test_any_text_fits_one_operation(text: str) -> None:
    content, cut = shown(text)
    if gsm7.is_gsm7(content):
        assert len(screen(text).short_message) <= (182 if screen(text).data_coding == 0 else 160)
    assert len(content.encode("utf-16-be")) <= 160 or screen(text).data_coding == 0
    assert cut == (content != text)
    if cut:
        assert text.startswith(content.removesuffix("…").removesuffix("..."))


def test_half_a_surrogate_pair_cannot_be_shown() -> None:
    with pytest.raises(CodingError):
        screen("\ud83d")
