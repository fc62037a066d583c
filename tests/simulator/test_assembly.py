"""Joining segments: the odd cases."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.assembly import Assembler
from simulator.delivery import Concat, Delivery


def part(payload: bytes, *, esm_class: int = 0x40, data_coding: int = 0, source: str = "9393") -> Delivery:
    return Delivery(
        source=source,
        service_type="",
        esm_class=esm_class,
        data_coding=data_coding,
        payload=payload,
        ussd_service_op=None,
        its_session_info=None,
        sar=None,
        body=b"",
    )


def added(assembler: Assembler, delivery: Delivery) -> str | None:
    """The text that is whole now."""
    whole = assembler.add(delivery)
    return None if whole is None else whole.text


def short_reference(reference: int, total: int, number: int, text: bytes) -> bytes:
    return bytes((5, 0, 3, reference, total, number)) + text


def test_a_segment_that_comes_twice_counts_once() -> None:
    assembler = Assembler()
    assert added(assembler, part(short_reference(1, 2, 1, b"a"))) is None
    assert added(assembler, part(short_reference(1, 2, 1, b"a"))) is None
    assert added(assembler, part(short_reference(1, 2, 2, b"b"))) == "ab"


def test_references_of_different_senders_and_kinds_are_apart() -> None:
    assembler = Assembler()
    assert added(assembler, part(short_reference(1, 2, 1, b"a"))) is None
    assert added(assembler, part(short_reference(1, 2, 2, b"x"), source="6000")) is None
    assert added(assembler, part(b"\x06\x08\x04\x00\x01\x02\x02y")) is None
    assert added(assembler, part(short_reference(1, 2, 2, b"b"))) == "ab"


def test_a_16_bit_reference_beside_other_elements_is_found() -> None:
    assembler = Assembler()
    header = b"\x0b\x24\x01\x01\x08\x04\x12\x34\x02"
    # Length 11: a national shift element, the concatenation, then one that is cut.
    assert added(assembler, part(header + b"\x01\x05\x05" + b"a")) is None
    assert added(assembler, part(header + b"\x02\x05\x05" + b"b")) == "ab"


def test_a_pair_cut_in_two_by_a_careless_sender_is_read_right() -> None:
    assembler = Assembler()
    octets = "😀".encode("utf-16-be")
    added(assembler, part(short_reference(1, 2, 1, octets[:2]), data_coding=8))
    assert added(assembler, part(short_reference(1, 2, 2, octets[2:]), data_coding=8)) == "😀"


def test_segments_in_different_alphabets_are_read_each_in_its_own() -> None:
    assembler = Assembler()
    added(assembler, part(short_reference(1, 2, 1, b"a")))
    assert added(assembler, part(short_reference(1, 2, 2, "ж".encode("utf-16-be")), data_coding=8)) == "aж"


def test_impossible_numbers_are_shown_as_a_message_of_their_own() -> None:
    for total, number in ((2, 3), (2, 0), (0, 0)):
        assert added(Assembler(), part(short_reference(1, total, number, b"a"))) == "a"
        assert Concat.valid(1, total, number) is None


def test_the_number_of_open_messages_is_bounded_and_the_oldest_goes() -> None:
    assembler = Assembler(open_max=2)
    for reference in (1, 2, 3):
        added(assembler, part(short_reference(reference, 2, 1, b"a")))
    assert added(assembler, part(short_reference(3, 2, 2, b"b"))) == "ab"
    assert added(assembler, part(short_reference(1, 2, 2, b"b"))) is None


def test_a_message_keeps_the_deliveries_of_its_segments_in_their_order() -> None:
    assembler = Assembler()
    second = part(short_reference(1, 2, 2, b"b"), data_coding=0x10)
    first = part(short_reference(1, 2, 1, b"a"), data_coding=0x10)
    assert assembler.add(second) is None
    whole = assembler.add(first)
    assert whole is not None
    assert (whole.deliveries, whole.is_flash, whole.port) == ((first, second), True, None)


@given(st.binary(max_size=160))
def test_any_user_data_is_shown_or_waited_for(payload: bytes) -> None:
    assert isinstance(added(Assembler(), part(payload)), str | None)
