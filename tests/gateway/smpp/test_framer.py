"""The stream is cut at command_length, however it comes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.smpp.constants import CommandStatus
from gateway.smpp.framer import FRAME_OCTETS_MAX, Framer

HEADER_REST = bytes(12)


def frame_of(body: bytes) -> bytes:
    """A frame with a command that does not matter here."""
    return (16 + len(body)).to_bytes(4, "big") + HEADER_REST + body


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    """The stream cut at the given places."""
    places = sorted({cut % (len(stream) + 1) for cut in cuts} | {0, len(stream)})
    return [stream[start:end] for start, end in pairwise(places)]


BODIES = st.lists(st.binary(max_size=40), min_size=1, max_size=8)
CUTS = st.lists(st.integers(0, 1000), max_size=12)


@given(BODIES, CUTS)
def test_frames_come_out_whole_and_in_order_however_they_are_cut(
    bodies: list[bytes], cuts: list[int]
) -> None:
    """TCP keeps no boundaries."""
    frames = [frame_of(body) for body in bodies]
    framer = Framer()
    got = [frame for piece in pieces(b"".join(frames), cuts) for frame in framer.feed(piece)]
    assert got == frames
    assert (framer.kept_octets, framer.failure) == (0, None)


@given(BODIES, CUTS, st.sampled_from([0, 1, 15, FRAME_OCTETS_MAX + 1, 1 << 31, 0xFFFF_FFFF]))
def test_an_impossible_length_ends_the_stream_but_not_what_came_before(
    bodies: list[bytes], cuts: list[int], length: int
) -> None:
    """The frames before it are handed out; it is noticed with its fourth octet; the rest is dropped."""
    frames = [frame_of(body) for body in bodies]
    framer = Framer()
    stream = b"".join(frames) + length.to_bytes(4, "big") + frames[0]
    got = [frame for piece in pieces(stream, cuts) for frame in framer.feed(piece)]
    assert got == frames
    assert framer.failure is not None
    assert framer.failure.status == CommandStatus.ESME_RINVCMDLEN
    assert framer.feed(frames[0]) == []


@pytest.mark.parametrize(("length", "good"), [(15, False), (16, True), (64, True), (65, False)])
def test_the_limits_are_a_header_and_the_greatest_frame(length: int, good: bool) -> None:
    """command_length below 16 or above the limit is refused at once."""
    framer = Framer(frame_octets_max=64)
    framer.feed(length.to_bytes(4, "big"))
    assert (framer.failure is None) is good


def test_never_more_than_one_unfinished_frame_is_kept() -> None:
    """A peer that sends half a PDU and waits costs that half."""
    framer = Framer(frame_octets_max=100)
    framer.feed(frame_of(b"x" * 84) * 50 + frame_of(b"y" * 84)[:-1])
    assert framer.kept_octets == 99


def test_work_grows_with_the_octets_and_not_with_their_square() -> None:
    """64 KiB in single octets: what is kept is added to, not copied each time."""
    framer = Framer()
    frame = frame_of(bytes(65_000))
    kept = framer._kept
    got = [each for octet in frame for each in framer.feed(bytes((octet,)))]
    assert got == [frame]
    assert framer._kept is kept
