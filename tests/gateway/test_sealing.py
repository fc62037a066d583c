"""What waits sealed in the store comes back whole, and tells nothing without the key."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.sealing import sealed
from gateway.secret_keys import Digest

DIGEST = Digest(bytes(range(32)))


@given(octets=st.binary(max_size=300), name=st.text(max_size=40))
def test_sealing_twice_gives_the_octets_back(octets: bytes, name: str) -> None:
    """Of whatever length, the empty one too."""
    once = sealed(octets, name, DIGEST)
    assert len(once) == len(octets)
    assert sealed(once, name, DIGEST) == octets


def test_every_name_and_every_key_has_a_stream_of_its_own() -> None:
    """Two zeros under two names, or under two keys, would otherwise tell the stream; blocks differ too."""
    zeros = bytes(64)
    streams = [sealed(zeros, name, key) for name in ("a", "b") for key in (DIGEST, Digest(bytes(32)))]
    blocks = {stream[at : at + 32] for stream in streams for at in (0, 32)}
    assert len(blocks) == 8
    assert zeros[:32] not in blocks
