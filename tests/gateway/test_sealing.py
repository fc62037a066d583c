"""What waits sealed in the store comes back whole, and tells nothing without the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sealing import BrokenSealError, seal, unseal
from gateway.secret_keys import Digest

DIGEST = Digest(bytes(range(32)))


@given(octets=st.binary(max_size=300), name=st.text(st.characters(codec="utf-8"), max_size=40))
def test_what_was_sealed_comes_back(octets: bytes, name: str) -> None:
    """Of whatever length, the empty one too."""
    assert unseal(seal(octets, name, DIGEST), name, DIGEST) == octets


def test_the_content_is_nowhere_in_the_sealed_octets_and_no_two_seals_are_alike() -> None:
    code = b"1234567890123"
    first, second = seal(code, "m1", DIGEST), seal(code, "m1", DIGEST)
    assert code not in first
    assert first != second


@pytest.mark.parametrize("at", [0, 12, 20, -1])
def test_a_changed_octet_breaks_the_seal(at: int) -> None:
    octets = bytearray(seal(b"1234567890123", "m1", DIGEST))
    octets[at] ^= 1
    with pytest.raises(BrokenSealError):
        unseal(bytes(octets), "m1", DIGEST)


@pytest.mark.parametrize("octets", [b"", b"short", bytes(12), bytes(28)])
def test_what_was_never_sealed_is_refused(octets: bytes) -> None:
    with pytest.raises(BrokenSealError):
        unseal(octets, "m1", DIGEST)


def test_another_name_or_key_does_not_open_it() -> None:
    octets = seal(b"content", "m1", DIGEST)
    with pytest.raises(BrokenSealError):
        unseal(octets, "m2", DIGEST)
    with pytest.raises(BrokenSealError):
        unseal(octets, "m1", Digest(bytes(32)))
