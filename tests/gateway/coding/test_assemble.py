"""Putting parts together: any order, duplicates, gaps, time and memory."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding.alphabet import Alphabet, Binary
from gateway.coding.assemble import Added, DropReason, Reassembler
from gateway.coding.errors import CodingError
from gateway.coding.part import Part, read_part
from gateway.coding.split import split
from gateway.coding.udh import Ports

SECOND = 1_000_000
long_texts = st.text(min_size=2, max_size=20).map(lambda text: 81 * text)
texts = st.one_of(st.text(max_size=200), long_texts)


def parts_of(text: str, *, source: str = "77011234567", reference: int = 7) -> list[Part]:
    encoded = split(text, reference=reference)
    return [
        read_part(
            source=source,
            destination="1234",
            esm_class=segment.esm_class,
            data_coding=encoded.data_coding,
            short_message=segment.short_message,
            tlvs={},
            token=f"{reference}.{number}",
        )
        for number, segment in enumerate(encoded.segments, 1)
    ]


def part(
    number: int,
    octets: bytes = b"x",
    *,
    total: int = 3,
    source: str = "s",
    reference: int = 1,
    coding: int = 0,
) -> Part:
    return Part(
        source=source,
        destination="d",
        data_coding=coding,
        octets=octets,
        reference=reference,
        total=total,
        number=number,
        token=f"{reference}.{number}",
    )


def box(max_open: int = 10, timeout_us: int = 60 * SECOND, **limits: int) -> Reassembler:
    return Reassembler(max_open, timeout_us, **limits)


def content(added: Added) -> str | Binary | None:
    return added.joined.content() if added.joined else None


@given(texts, st.randoms(use_true_random=False))
def test_parts_in_any_order_make_the_same_text(text: str, random: Random) -> None:
    parts = parts_of(text)
    random.shuffle(parts)
    reassembler = box()
    results = [content(reassembler.add(one, 0)) for one in parts]
    assert results == [None] * (len(parts) - 1) + [text]
    assert (len(reassembler), reassembler.octets) == (0, 0)


@given(long_texts)
def test_a_part_that_comes_again_changes_nothing(text: str) -> None:
    *first, last = parts_of(text)
    reassembler = box()
    for one in first:
        assert reassembler.add(one, 0) == Added()
        assert reassembler.add(one, 0) == Added(duplicate=True)
    assert content(reassembler.add(last, 0)) == text


def test_a_message_without_parts_is_complete_at_once() -> None:
    reassembler = box()
    added = reassembler.add(parts_of("BAL")[0], 0)
    assert content(added) == "BAL"
    assert added.joined is not None
    assert added.joined.tokens == ("7.1",)
    assert len(reassembler) == 0


def test_the_tokens_come_back_in_the_order_of_the_parts() -> None:
    reassembler = box()
    for number in (3, 1):
        assert reassembler.add(part(number), 0).joined is None
    joined = reassembler.add(part(2), 0).joined
    assert joined is not None
    assert joined.tokens == ("1.1", "1.2", "1.3")


def test_two_messages_on_their_way_do_not_mix() -> None:
    reassembler = box()
    one, two = parts_of("a" * 200, reference=1), parts_of("b" * 200, reference=2)
    assert [content(reassembler.add(each, 0)) for each in (one[0], two[1], two[0], one[1])] == [
        None,
        None,
        "b" * 200,
        "a" * 200,
    ]


def test_the_same_reference_of_another_source_or_total_is_another_message() -> None:
    reassembler = box()
    reassembler.add(part(1, total=2), 0)
    assert reassembler.add(part(2, total=2, source="t"), 0).joined is None
    assert reassembler.add(part(2, total=3), 0).joined is None
    assert len(reassembler) == 3
    assert content(reassembler.add(part(2, b"y", total=2), 0)) == "xy"


def test_a_part_that_differs_from_its_namesake_starts_a_new_message() -> None:
    reassembler = box()
    reassembler.add(part(1, b"old"), 0)
    added = reassembler.add(part(1, b"new"), 5)
    assert [(gone.reason, gone.tokens, gone.total) for gone in added.dropped] == [
        (DropReason.REPLACED, ("1.1",), 3)
    ]
    reassembler.add(part(2, b"-"), 6)
    assert content(reassembler.add(part(3, b"!"), 7)) == "new-!"
    assert reassembler.octets == 0


def test_an_incomplete_message_is_given_up_after_its_time() -> None:
    reassembler = box(timeout_us=10 * SECOND)
    reassembler.add(part(1), 0)
    reassembler.add(part(2), 9 * SECOND)
    assert reassembler.expire(10 * SECOND - 1) == ()
    (gone,) = reassembler.expire(10 * SECOND)
    assert (gone.reason, gone.tokens, gone.source) == (DropReason.TIMEOUT, ("1.1", "1.2"), "s")
    assert reassembler.add(part(3), 10 * SECOND).joined is None


def test_adding_expires_too_and_a_late_part_starts_anew() -> None:
    reassembler = box(timeout_us=10)
    reassembler.add(part(1, total=2), 0)
    added = reassembler.add(part(2, total=2), 11)
    assert (added.joined, [gone.reason for gone in added.dropped]) == (None, [DropReason.TIMEOUT])
    assert len(reassembler) == 1


def test_the_oldest_goes_when_too_many_are_open() -> None:
    reassembler = box(max_open=2)
    for number, source in enumerate("abc"):
        added = reassembler.add(part(1, source=source), number)
    assert [(gone.source, gone.reason) for gone in added.dropped] == [("a", DropReason.FULL)]
    assert len(reassembler) == 2


def test_a_source_that_floods_loses_its_own_messages_first() -> None:
    reassembler = box(max_open=100, max_open_per_source=3)
    reassembler.add(part(1, source="victim"), 0)
    dropped = [
        gone.source
        for reference in range(50)
        for gone in reassembler.add(part(1, reference=reference), 1).dropped
    ]
    assert dropped == ["s"] * 47
    assert len(reassembler) == 4


def test_the_octets_held_are_bounded() -> None:
    reassembler = box(max_open=1000, max_open_per_source=1000, octets_max=1000)
    for reference in range(200):
        reassembler.add(part(1, bytes(100), reference=reference), 0)
        assert reassembler.octets <= 1000
    assert len(reassembler) == 10


def test_a_character_cut_in_two_by_the_sender_is_read() -> None:
    """Some senders cut escape pairs and surrogate pairs; the octets are joined before they are decoded."""
    reassembler = box()
    reassembler.add(part(1, b"5 \x1b", total=2), 0)
    assert content(reassembler.add(part(2, b"e", total=2), 0)) == "5 €"
    face = "😀".encode("utf-16-be")
    reassembler.add(part(1, face[:2], total=2, coding=8), 0)
    assert content(reassembler.add(part(2, face[2:], total=2, coding=8), 0)) == "😀"


def test_parts_in_different_alphabets_are_decoded_one_by_one() -> None:
    reassembler = box()
    reassembler.add(part(1, b"\x00A", total=2), 0)
    assert content(reassembler.add(part(2, "Ж".encode("utf-16-be"), total=2, coding=8), 0)) == "@AЖ"


def test_binary_parts_are_joined_but_not_with_text() -> None:
    reassembler = box()
    reassembler.add(part(1, b"\xff", total=2, coding=4), 0)
    assert content(reassembler.add(part(2, b"\xfe", total=2, coding=4), 0)) == Binary(b"\xff\xfe")
    reassembler.add(part(1, total=2, coding=4), 0)
    joined = reassembler.add(part(2, total=2), 0).joined
    assert joined is not None
    with pytest.raises(CodingError):
        joined.content()


def test_content_that_cannot_be_decoded_is_told_when_it_is_asked_for() -> None:
    joined = box().add(replace(part(1), total=1, octets=b"\xff"), 0).joined
    assert joined is not None
    assert joined.tokens == ("1.1",)
    with pytest.raises(CodingError):
        joined.content()


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"),
            st.integers(1, 2),
            st.integers(1, 4),
            st.integers(1, 4),
            st.binary(max_size=9),
            st.integers(0, 30),
        ),
        max_size=60,
    )
)
def test_every_token_comes_back_once_or_is_still_held(
    steps: list[tuple[str, int, int, int, bytes, int]],
) -> None:
    """No part is lost without a word, whatever comes: joined, duplicate, dropped, or open at the end."""
    reassembler = box(max_open=3, timeout_us=40, max_open_per_source=2, octets_max=40)
    now, sent, back = 0, set(), []
    for at, (source, reference, total, number, octets, delay) in enumerate(steps):
        now += delay
        token = str(at)
        sent.add(token)
        one = replace(
            part(min(number, total), octets, total=total, source=source, reference=reference), token=token
        )
        added = reassembler.add(one, now)
        back += [token] if added.duplicate else []
        back += added.joined.tokens if added.joined else []
        back += [gone for message in added.dropped for gone in message.tokens]
        assert len(reassembler) <= 3
        assert reassembler.octets <= 40
    back += [gone for message in reassembler.expire(now + 40) for gone in message.tokens]
    assert sorted(back) == sorted(sent)
    assert (len(reassembler), reassembler.octets) == (0, 0)


def test_the_header_of_the_first_part_tells_the_ports() -> None:
    reassembler = box()
    for number in (2, 1):
        body = bytes.fromhex("0B 0504 158A0000 0003 07 02") + bytes((number,)) + b"x"
        one = read_part(
            source="s", destination="d", esm_class=0x40, data_coding=4, short_message=body, tlvs={}
        )
        added = reassembler.add(one, 0)
    assert added.joined is not None
    assert added.joined.header.ports == Ports(destination=0x158A, source=0)
    assert added.joined.content() == Binary(b"xx")


def from_octets(body: str, *, source: str = "s", coding: int = 0) -> Part:
    return read_part(
        source=source,
        destination="d",
        esm_class=0x40,
        data_coding=coding,
        short_message=bytes.fromhex(body),
        tlvs={},
    )


def test_parts_with_references_of_16_bits_are_joined() -> None:
    reassembler = box()
    assert reassembler.add(from_octets("060804ABCD0202 62"), 0).joined is None
    assert reassembler.add(from_octets("060804ABCE0201 7A"), 0).joined is None
    assert content(reassembler.add(from_octets("060804ABCD0201 61"), 0)) == "ab"
    assert len(reassembler) == 1


def test_references_of_8_and_16_bits_with_the_same_number_are_the_same_message() -> None:
    """TS 23.040 section 9.2.3.24.8 asks senders to use one of them in all parts. Some gateways between
    change it, and the number stays.
    """
    reassembler = box()
    assert reassembler.add(from_octets("050003CD0201 61"), 0).joined is None
    assert content(reassembler.add(from_octets("06080400CD0202 62"), 0)) == "ab"


def test_sar_parts_and_parts_with_a_header_are_joined_by_their_number() -> None:
    reassembler = box()
    sar = read_part(
        source="s",
        destination="d",
        esm_class=0,
        data_coding=0,
        short_message=b"b",
        tlvs={0x020C: 0xCD, 0x020E: 2, 0x020F: 2},
    )
    assert reassembler.add(sar, 0).joined is None
    assert content(reassembler.add(from_octets("050003CD0201 61"), 0)) == "ab"


@given(
    st.text("Türkçe ğışİĞ€ \n", max_size=12).map(lambda text: 30 * text), st.randoms(use_true_random=False)
)
def test_a_text_in_national_tables_is_joined_in_any_order(text: str, random: Random) -> None:
    encoded = split(text, reference=9, languages=(1, 3))
    parts = [
        read_part(
            source="s",
            destination="d",
            esm_class=segment.esm_class,
            data_coding=encoded.data_coding,
            short_message=segment.short_message,
            tlvs={},
        )
        for segment in encoded.segments
    ]
    random.shuffle(parts)
    reassembler = box()
    assert [content(reassembler.add(one, 0)) for one in parts][-1] == text


def test_parts_in_different_languages_are_read_one_by_one() -> None:
    reassembler = box()
    reassembler.add(from_octets("08 0003070201 240101 1B47"), 0)
    assert content(reassembler.add(from_octets("08 0003070202 240102 1B09"), 0)) == "Ğç"


def test_a_pair_cut_in_two_is_read_in_its_language() -> None:
    reassembler = box()
    reassembler.add(from_octets("08 0003070201 240101 1B"), 0)
    assert content(reassembler.add(from_octets("08 0003070202 240101 47"), 0)) == "Ğ"


def test_a_joined_text_is_read_in_the_default_alphabet_of_its_sender() -> None:
    reassembler = box()
    reassembler.add(part(1, "é".encode("latin-1"), total=2), 0)
    joined = reassembler.add(part(2, "ж".encode("utf-16-be"), total=2, coding=8), 0).joined
    assert joined is not None
    assert joined.content(Alphabet.LATIN1) == "éж"
    with pytest.raises(CodingError):
        joined.content()
