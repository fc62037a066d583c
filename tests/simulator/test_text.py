"""Texts to octets and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.assembly import Assembler
from simulator.delivery import Delivery
from simulator.errors import BadText
from simulator.text import Segment, decode, message_class, segments, ussd_string

GSM_TEXT = st.text("abc @£{}[]~^|\\€àÄΩ\n", max_size=800)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=600)


def received(segment: Segment, source: str = "9393") -> Delivery:
    return Delivery(
        source=source,
        service_type="",
        esm_class=segment.esm_class,
        data_coding=segment.data_coding,
        payload=segment.short_message,
        ussd_service_op=None,
        its_session_info=None,
        sar=None,
        body=b"",
    )


def user_data(segment: Segment) -> bytes:
    return segment.short_message[6:] if segment.esm_class else segment.short_message


@given(GSM_TEXT | ANY_TEXT, st.randoms())
def test_what_is_split_and_joined_in_any_order_is_the_same_text(text: str, random: object) -> None:
    parts = list(segments(text, 300))
    random.shuffle(parts)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
    assembler = Assembler()
    joined = [assembler.add(received(part)) for part in parts]
    assert [None if whole is None else whole.text for whole in joined] == [None] * (len(parts) - 1) + [text]


@given(GSM_TEXT | ANY_TEXT)
def test_each_segment_can_be_read_alone_because_no_pair_is_cut(text: str) -> None:
    parts = segments(text, 1)
    assert "".join(decode(part.data_coding, user_data(part)) for part in parts) == text


@given(GSM_TEXT | ANY_TEXT)
def test_no_segment_is_larger_than_the_air_interface_allows(text: str) -> None:
    for part in segments(text, 1):
        limit = {(0, 0): 160, (0, 0x40): 153, (8, 0): 140, (8, 0x40): 134}[part.data_coding, part.esm_class]
        assert len(user_data(part)) <= limit


def test_the_limits_are_160_and_153_septets_70_and_67_characters() -> None:
    assert [len(segments("a" * length, 1)) for length in (160, 161, 306, 307)] == [1, 2, 2, 3]
    assert [len(segments("ж" * length, 1)) for length in (70, 71, 134, 135)] == [1, 2, 2, 3]


def test_an_escape_pair_at_the_border_moves_to_the_next_segment() -> None:
    first, second = segments("a" * 152 + "€" + "b" * 20, 1)
    assert user_data(first) == b"a" * 152
    assert user_data(second) == b"\x1b\x65" + b"b" * 20


def test_a_surrogate_pair_at_the_border_moves_to_the_next_segment() -> None:
    first, _second = segments("ж" * 66 + "😀" * 10, 1)
    assert user_data(first).decode("utf-16-be") == "ж" * 66


@pytest.mark.parametrize("text", ["`", "ж", "\x1b", "ç"])
def test_what_the_gsm_alphabet_lacks_goes_out_as_ucs2(text: str) -> None:
    (only,) = segments(text, 1)
    assert (only.data_coding, only.short_message) == (8, text.encode("utf-16-be"))


@pytest.mark.parametrize("text", ["\udcff", "a" * (153 * 255 + 1)])
def test_what_cannot_be_sent_is_refused(text: str) -> None:
    with pytest.raises(BadText):
        segments(text, 1)


def test_ussd_strings_hold_182_septets_or_80_characters() -> None:
    assert len(ussd_string("a" * 182)[1]) == 182
    assert len(ussd_string("ж" * 80)[1]) == 160
    for text in ("a" * 183, "ж" * 81, "€" * 92):
        with pytest.raises(BadText):
            ussd_string(text)


@pytest.mark.parametrize(
    ("data_coding", "octets", "text"),
    [
        (0x00, b"\x00\x1b\x65", "@€"),
        (0x00, b"a\x1b", "a"),
        (0x01, b"a\xff", "a�"),
        (0x03, b"\xe9", "é"),
        (0x04, b"\x01\xff", "01 ff"),
        (0x06, b"\xb0", "А"),
        (0x08, "😀".encode("utf-16-be"), "😀"),
        (0x08, b"\x00a\x00", "a�"),
        (0x10, b"\x00", "@"),
        (0x18, "ж".encode("utf-16-be"), "ж"),
        (0xF1, b"\x00", "@"),
        (0xF5, b"\x07", "07"),
    ],
)
def test_every_data_coding_is_shown(data_coding: int, octets: bytes, text: str) -> None:
    assert decode(data_coding, octets) == text


@given(st.integers(0, 255), st.binary(max_size=200))
def test_any_octets_can_be_shown(data_coding: int, octets: bytes) -> None:
    assert isinstance(decode(data_coding, octets), str)


@pytest.mark.parametrize(
    ("data_coding", "expected"),
    [(0x00, None), (0x08, None), (0x0F, None), (0x10, 0), (0x18, 0), (0x11, 1), (0x20, None), (0x3B, 3),
     (0x50, 0), (0x40, None), (0x80, None), (0xC8, None), (0xD0, None), (0xF0, 0), (0xF4, 0), (0xF6, 2)],
)  # fmt: skip
def test_the_message_class_is_read_where_the_data_coding_names_one(
    data_coding: int, expected: int | None
) -> None:
    assert message_class(data_coding) == expected
