"""The user data header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding import udh
from gateway.coding.errors import CodingError
from gateway.coding.shifts import NO_SHIFT, Shift

octet = st.integers(0, 255)


def test_an_eight_bit_concatenation_is_read() -> None:
    header, rest = udh.parse(bytes.fromhex("050003CC0302") + b"abc")
    assert header.concat == udh.Concat(reference=0xCC, total=3, number=2)
    assert rest == b"abc"


def test_a_sixteen_bit_concatenation_is_read() -> None:
    header, _ = udh.parse(bytes.fromhex("060804ABCD0201"))
    assert header.concat == udh.Concat(reference=0xABCD, total=2, number=1, wide=True)


def test_ports_are_read_beside_a_concatenation() -> None:
    header, rest = udh.parse(bytes.fromhex("0B0504158A00000003070201") + b"\x01")
    assert header.ports == udh.Ports(destination=0x158A, source=0)
    assert header.concat == udh.Concat(reference=7, total=2, number=1)
    assert rest == b"\x01"
    assert udh.parse(bytes.fromhex("0404021020"))[0].ports == udh.Ports(destination=0x10, source=0x20)


def test_of_two_concatenations_the_last_counts() -> None:
    """TS 23.040 section 9.2.3.24."""
    header, _ = udh.parse(bytes.fromhex("0B 000301 0201 0804 0005 0302"))
    assert header.concat == udh.Concat(reference=5, total=3, number=2, wide=True)


def test_an_unknown_element_is_kept() -> None:
    header, rest = udh.parse(bytes.fromhex("0422020101") + b"x")
    assert header.elements == (udh.Element(0x22, b"\x01\x01"),)
    assert (header.concat, header.ports, rest) == (None, None, b"x")


def test_an_empty_header_has_no_elements() -> None:
    assert udh.parse(b"\x00text") == (udh.UserDataHeader(), b"text")


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "05",
        "050003CC03",
        "0500",
        "010000",
        "0200FF",
        "030004AABB",
        "0400020102",
        "05080301020304",
        "0304010000",
    ],
)
def test_lengths_that_cannot_be_are_refused(octets: str) -> None:
    with pytest.raises(CodingError):
        udh.parse(bytes.fromhex(octets))


@given(st.binary(max_size=160))
def test_any_octets_are_cut_in_two_or_refused_with_our_error(octets: bytes) -> None:
    try:
        header, rest = udh.parse(octets)
    except CodingError:
        return
    assert udh.build(header) + rest == octets
    assert header.concat is None or header.concat.total <= 255


@given(st.lists(st.tuples(octet, octet, octet), max_size=8), st.binary(max_size=20))
def test_a_built_header_is_read_back(numbers: list[tuple[int, int, int]], rest: bytes) -> None:
    elements = tuple(udh.concat_element(udh.Concat(*three)) for three in numbers)
    header = udh.UserDataHeader(elements)
    assert udh.parse(udh.build(header) + rest) == (header, rest)


def test_a_wide_concatenation_is_built_as_read() -> None:
    concat = udh.Concat(reference=0xABCD, total=2, number=1, wide=True)
    octets = udh.build(udh.UserDataHeader((udh.concat_element(concat),)))
    assert octets == bytes.fromhex("060804ABCD0201")


def test_numbers_that_do_not_fit_are_refused() -> None:
    for concat in (
        udh.Concat(256, 2, 1),
        udh.Concat(1, 256, 1),
        udh.Concat(1, 2, -1),
        udh.Concat(65536, 2, 1, wide=True),
    ):
        with pytest.raises(CodingError):
            udh.concat_element(concat)


def test_a_header_without_room_for_it_is_refused() -> None:
    with pytest.raises(CodingError):
        udh.build(udh.UserDataHeader((udh.Element(0x70, bytes(138)),)))


def test_the_national_languages_are_read() -> None:
    """TS 23.040 sections 9.2.3.24.15 and 9.2.3.24.16."""
    header, rest = udh.parse(bytes.fromhex("06 240101 25010D") + b"x")
    assert (header.shift, rest) == (Shift(single=1, locking=13), b"x")
    assert udh.parse(bytes.fromhex("03240102"))[0].shift == Shift(single=2)
    assert udh.UserDataHeader().shift is NO_SHIFT


def test_of_several_languages_the_last_counts() -> None:
    assert udh.parse(bytes.fromhex("06240101240103"))[0].shift == Shift(single=3)


@pytest.mark.parametrize("octets", ["022400", "0424020101", "022500"])
def test_a_language_element_of_another_length_is_refused(octets: str) -> None:
    with pytest.raises(CodingError):
        udh.parse(bytes.fromhex(octets))


@given(octet, octet)
def test_a_shift_is_announced_as_it_is_read(single: int, locking: int) -> None:
    shift = Shift(single, locking)
    header = udh.UserDataHeader(udh.shift_elements(shift))
    assert header.shift == shift
    assert len(header.elements) == bool(single) + bool(locking)


def test_a_header_is_taken_without_some_elements() -> None:
    header, _ = udh.parse(bytes.fromhex("0B 0504 158A0000 0003 07 02 01"))
    assert header.without(udh.CONCAT_8, udh.CONCAT_16).elements == header.elements[:1]
    assert header.without().elements == header.elements
