"""Peers to whom data_coding 0 is not GSM 7 bit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding import gsm7
from gateway.coding.alphabet import Alphabet, decode
from gateway.coding.default_alphabet import from_peer, to_peer
from gateway.coding.errors import CodingError
from gateway.coding.shifts import Shift

gsm7_texts = st.text("".join(set(gsm7.DEFAULT.locking) - {"\x1b"}) + "€[]{}", max_size=160)


@pytest.mark.parametrize(
    ("default", "data_coding", "inside"),
    [
        (Alphabet.LATIN1, 0, 3),
        (Alphabet.IA5, 0, 1),
        (Alphabet.GSM7, 0, 0),
        (Alphabet.LATIN1, 8, 8),
        (Alphabet.LATIN1, 0x10, 0x10),
        (Alphabet.IA5, 4, 4),
    ],
)
def test_what_comes_in_is_given_the_coding_that_says_what_it_is(
    default: Alphabet, data_coding: int, inside: int
) -> None:
    assert from_peer(data_coding, default) == inside


@given(gsm7_texts, st.sampled_from([Alphabet.GSM7, Alphabet.LATIN1, Alphabet.IA5]))
def test_a_text_that_goes_out_is_read_by_the_peer_as_it_was_meant(text: str, default: Alphabet) -> None:
    data_coding, octets = to_peer(0, gsm7.encode(text), default)
    assert decode(data_coding, octets, default) == text
    assert data_coding in (0, 8)


@pytest.mark.parametrize(
    ("text", "default", "expected"),
    [
        ("é[", Alphabet.LATIN1, (0, b"\xe9[")),
        ("[", Alphabet.IA5, (0, b"[")),
        ("€", Alphabet.LATIN1, (8, b"\x20\xac")),
        ("é", Alphabet.IA5, (8, b"\x00\xe9")),
        ("[", Alphabet.GSM7, (0, b"\x1b<")),
    ],
)
def test_a_character_that_the_peers_alphabet_lacks_makes_it_ucs2(
    text: str, default: Alphabet, expected: tuple[int, bytes]
) -> None:
    assert to_peer(0, gsm7.encode(text), default) == expected


def test_what_is_in_the_peers_alphabet_already_becomes_zero() -> None:
    assert to_peer(3, b"\xe9", Alphabet.LATIN1) == (0, b"\xe9")
    assert to_peer(3, b"\xe9", Alphabet.IA5) == (3, b"\xe9")


@pytest.mark.parametrize("data_coding", [0x08, 0x04, 0x10, 0xF0, 0xC0, 0x05])
def test_other_codings_stay_as_they_are(data_coding: int) -> None:
    assert to_peer(data_coding, b"\x00\x1b", Alphabet.LATIN1) == (data_coding, b"\x00\x1b")


def test_a_national_text_is_read_by_its_tables() -> None:
    assert to_peer(0, b"\x60a", Alphabet.LATIN1, Shift(locking=1)) == (0, "ça".encode("latin-1"))


def test_octets_that_are_no_septets_are_refused() -> None:
    with pytest.raises(CodingError):
        to_peer(0, b"\xe9", Alphabet.LATIN1)
