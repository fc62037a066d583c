"""Where a body is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding import shifts
from gateway.coding.alphabet import Alphabet
from gateway.coding.cuts import cut, cut_septets, room
from gateway.coding.errors import CodingError
from gateway.coding.shifts import NO_SHIFT, Shift


@pytest.mark.parametrize(
    ("alphabet", "header", "octets"),
    [
        (Alphabet.GSM7, 0, 160),
        (Alphabet.IA5, 6, 153),
        (Alphabet.GSM7, 6, 153),
        (Alphabet.GSM7, 7, 152),
        (Alphabet.GSM7, 4, 155),
        (Alphabet.GSM7, 12, 146),
        (Alphabet.UCS2, 0, 140),
        (Alphabet.UCS2, 6, 134),
        (Alphabet.UCS2, 7, 132),
        (Alphabet.BINARY, 6, 134),
        (Alphabet.LATIN1, 7, 133),
    ],
)
def test_what_fits_beside_a_header(alphabet: Alphabet, header: int, octets: int) -> None:
    assert room(alphabet, header) == octets


@given(st.lists(st.sampled_from([b"a", b"\x1b\x65", b"\x1b\x1b", b"\r\n", b"\x1b\r", b"\n"]), max_size=60))
def test_no_pair_and_no_line_end_is_cut(characters: list[bytes]) -> None:
    octets = b"".join(characters)
    pieces = list(cut_septets(octets, 7))
    assert b"".join(pieces) == octets
    assert all(6 <= len(piece) <= 7 for piece in pieces[:-1])
    assert "".join(shifts.decode(piece, NO_SHIFT) for piece in pieces) == shifts.decode(octets, NO_SHIFT)


@pytest.mark.parametrize(
    ("octets", "first"),
    [
        (b"aaaaaa\x1b\x65", b"aaaaaa"),
        (b"aaaaa\x1b\x1ba", b"aaaaa\x1b\x1b"),
        (b"aaaaaa\r\n", b"aaaaaa"),
        (b"aaaaa\x1b\r\n", b"aaaaa\x1b\r"),
        (b"aaaaaa\x1b\x1b\x1b\x1b", b"aaaaaa"),
    ],
)
def test_what_stands_at_the_cut_decides(octets: bytes, first: bytes) -> None:
    assert next(iter(cut_septets(octets, 7))) == first


def test_octets_without_an_alphabet_are_cut_anywhere() -> None:
    assert list(cut(Alphabet.BINARY, bytes(range(10)), 4)) == [b"\0\1\2\3", b"\4\5\6\7", b"\x08\x09"]


def test_combining_signs_and_surrogate_pairs_stay_together() -> None:
    text = "ae\u0301😀b"
    pieces = [piece.decode("utf-16-be") for piece in cut(Alphabet.UCS2, text.encode("utf-16-be"), 4)]
    assert pieces == ["a", "e\u0301", "😀", "b"]
    hindi = shifts.try_encode("अकि", Shift(locking=6))
    assert hindi is not None
    assert [len(piece) for piece in cut(Alphabet.GSM7, hindi * 3, 4, Shift(locking=6))] == [4, 3, 2]


def test_a_room_in_which_no_pair_fits_is_refused() -> None:
    for alphabet in (Alphabet.GSM7, Alphabet.UCS2, Alphabet.BINARY):
        with pytest.raises(CodingError):
            cut(alphabet, b"aaaaaaaa", 3)


def test_ucs2_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(CodingError):
        list(cut(Alphabet.UCS2, b"\xd8\x00" * 80, 134))
