"""A message_payload as short messages, and parts as one message_payload."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.coding import gsm7, shifts, udh
from gateway.coding.alphabet import Alphabet, Binary, decode
from gateway.coding.errors import CodingError, TooLongError, UnknownDataCodingError
from gateway.coding.fragments import Fragment, Payload, fragments, join_payload
from gateway.coding.part import Part, read_part
from gateway.coding.ports import ports_element
from gateway.coding.shifts import Shift

PORTS = udh.build(udh.UserDataHeader((ports_element(udh.Ports(2948, 9200)),)))
TURKISH = udh.build(udh.UserDataHeader(udh.shift_elements(Shift(locking=1))))
GSM7_CHARS = "".join(set(gsm7.DEFAULT.locking) - {"\x1b"}) + "€[]\r\n"
MIXED_CHARS = "aб ң\r\n😀\u0301\u200d🇰🇿\U0001f3fd\ufe0f\u1112\u1161\u11ab가"

texts = st.one_of(
    st.tuples(
        st.just(0), st.text(GSM7_CHARS, min_size=1, max_size=40).map(lambda text: gsm7.encode(12 * text))
    ),
    st.tuples(st.just(8), st.text(MIXED_CHARS, max_size=40).map(lambda text: (9 * text).encode("utf-16-be"))),
    st.tuples(st.sampled_from([3, 4, 0xF4]), st.binary(max_size=900)),
)


def parts_of(pieces: tuple[Fragment, ...], data_coding: int) -> tuple[Part, ...]:
    return tuple(
        read_part(
            source="s",
            destination="d",
            esm_class=piece.esm_class_bits,
            data_coding=data_coding,
            short_message=piece.short_message,
            tlvs={},
        )
        for piece in pieces
    )


def octets_on_air(part: Part, header: int) -> int:
    if decode(part.data_coding, b"") == "" and part.data_coding in (0, 0x10):
        return -(-(-(-header * 8 // 7) + len(part.octets)) * 7 // 8)
    return header + len(part.octets)


@given(texts, st.booleans(), st.integers(0, 0xFFFF), st.sampled_from([b"", PORTS]))
@example((0, b"a" * 159 + b"\x1b\x65"), False, 1, b"")
def test_a_payload_is_cut_and_joined_again(
    content: tuple[int, bytes], wide: bool, reference: int, header: bytes
) -> None:
    data_coding, octets = content
    esm_class = udh.UDHI if header else 0
    pieces = fragments(data_coding, header + octets, reference=reference, esm_class=esm_class, wide=wide)
    parts = parts_of(pieces, data_coding)
    for number, (part, piece) in enumerate(zip(parts, pieces, strict=True), 1):
        assert octets_on_air(part, len(piece.short_message) - len(part.octets)) <= 140
        assert (part.total, part.number) == (len(pieces), number)
        assert part.header.ports == (udh.Ports(2948, 9200) if header else None)
        if len(pieces) > 1:
            assert part.reference == reference & (0xFFFF if wide else 0xFF)
        # Each is read by itself: fails when a character is cut in two.
        assert isinstance(part.content(), str | Binary)
    payload = join_payload(parts)
    assert (payload.data_coding, payload.message_payload) == (data_coding, header + octets)
    assert payload.esm_class_bits == esm_class


@pytest.mark.parametrize(
    ("data_coding", "octets", "sizes"),
    [
        (0, b"a" * 160, [160]),
        (0, b"a" * 161, [153, 8]),
        (0, b"a" * 152 + b"\x1b\x65" * 10, [152, 20]),
        (8, "ж".encode("utf-16-be") * 70, [140]),
        (8, "ж".encode("utf-16-be") * 71, [134, 8]),
        (8, ("ж" * 66 + "😀" * 5).encode("utf-16-be"), [132, 20]),
        (4, bytes(140), [140]),
        (4, bytes(141), [134, 7]),
        (3, bytes(141), [134, 7]),
        (0x10, b"a" * 161, [153, 8]),
        (0, b"", [0]),
    ],
)
def test_a_short_message_holds_as_much_as_the_air(data_coding: int, octets: bytes, sizes: list[int]) -> None:
    parts = parts_of(fragments(data_coding, octets, reference=1), data_coding)
    assert [len(part.octets) for part in parts] == sizes


@pytest.mark.parametrize(
    ("header", "wide", "first"),
    [(b"", True, 152), (PORTS, False, 146), (PORTS, True, 145), (TURKISH, False, 149)],
)
def test_the_header_takes_its_room_from_the_text(header: bytes, wide: bool, first: int) -> None:
    esm_class = udh.UDHI if header else 0
    pieces = fragments(0, header + b"a" * 300, reference=1, esm_class=esm_class, wide=wide)
    assert len(parts_of(pieces, 0)[0].octets) == first


def test_a_body_that_fits_stays_as_it_is() -> None:
    assert fragments(0, b"BAL", reference=1) == (Fragment(0, b"BAL"),)
    body = PORTS + b"x" * 152
    assert fragments(0, body, reference=1, esm_class=0x43) == (Fragment(udh.UDHI, body),)
    part = bytes.fromhex("050003CC0302") + b"x" * 153
    assert fragments(0, part, reference=1, esm_class=udh.UDHI) == (Fragment(udh.UDHI, part),)


def test_a_golden_message_in_two_parts() -> None:
    one, two = fragments(4, PORTS + bytes(150), reference=0x1CC, esm_class=udh.UDHI)
    assert one.short_message == bytes.fromhex("0B 0003CC0201 05040B8423F0") + bytes(128)
    assert two.short_message == bytes.fromhex("0B 0003CC0202 05040B8423F0") + bytes(22)


def test_elements_of_one_place_stand_in_the_first_part_only() -> None:
    """A text format (element 0x0A) or a SIM command packet (0x70) belongs to where it stands."""
    body = bytes.fromhex("08 0A03000501 240101") + b"a" * 200
    pieces = fragments(0, body, reference=1, esm_class=udh.UDHI)
    one, two = (udh.parse(piece.short_message)[0] for piece in pieces)
    assert [element.iei for element in one.elements] == [0x00, 0x0A, 0x24]
    assert [element.iei for element in two.elements] == [0x00, 0x24]


def test_a_national_text_is_cut_between_its_own_characters() -> None:
    header = udh.build(udh.UserDataHeader(udh.shift_elements(Shift(locking=6))))
    octets = shifts.try_encode("कि" * 100, Shift(locking=6))
    assert octets is not None
    parts = parts_of(fragments(0, header + octets, reference=1, esm_class=udh.UDHI), 0)
    assert [part.content() for part in parts] == ["कि" * 74, "कि" * 26]


def test_zero_in_latin_1_is_cut_by_octets() -> None:
    octets = "é".encode("latin-1") * 150
    sizes = [len(piece.short_message) for piece in fragments(0, octets, reference=1, default=Alphabet.LATIN1)]
    assert sizes == [140, 22]


@pytest.mark.parametrize(("data_coding", "size"), [(0, 153), (8, 134), (4, 134)])
def test_255_parts_are_the_most_and_the_error_says_so(data_coding: int, size: int) -> None:
    assert len(fragments(data_coding, b"\x00" * size * 255, reference=1)) == 255
    with pytest.raises(TooLongError, match="256 segments; it may have at most 255"):
        fragments(data_coding, b"\x00" * (size * 255 + 2), reference=1)


def test_a_part_that_is_too_long_itself_is_refused() -> None:
    body = bytes.fromhex("050003CC0302") + b"x" * 200
    with pytest.raises(CodingError, match="one part"):
        fragments(0, body, reference=1, esm_class=udh.UDHI)


def test_a_concatenation_of_one_part_is_numbered_anew() -> None:
    body = bytes.fromhex("050003CC0101") + b"x" * 200
    parts = parts_of(fragments(0, body, reference=1, esm_class=udh.UDHI), 0)
    assert [(part.reference, part.total, part.number) for part in parts] == [(1, 2, 1), (1, 2, 2)]


@pytest.mark.parametrize("body", [b"\x09\x00", b""])
def test_a_broken_header_is_refused(body: bytes) -> None:
    with pytest.raises(CodingError):
        fragments(0, body, reference=1, esm_class=udh.UDHI)


def test_a_header_that_leaves_no_room_is_refused() -> None:
    header = udh.build(udh.UserDataHeader((udh.Element(0x70, bytes(130)),)))
    with pytest.raises(CodingError):
        fragments(4, header + bytes(20), reference=1, esm_class=udh.UDHI)


def test_codings_that_are_not_read_and_broken_texts_are_refused() -> None:
    with pytest.raises(UnknownDataCodingError):
        fragments(5, bytes(300), reference=1)
    with pytest.raises(CodingError):
        fragments(8, b"\xd8\x00" * 100, reference=1)


@given(st.integers(0, 255), st.binary(max_size=1000), st.sampled_from([0, udh.UDHI]), st.booleans())
def test_any_body_is_cut_or_refused_with_our_error(
    data_coding: int, body: bytes, esm_class: int, wide: bool
) -> None:
    try:
        pieces = fragments(data_coding, body, reference=1, esm_class=esm_class, wide=wide)
    except CodingError:
        return
    assert all(len(piece.short_message) <= 160 for piece in pieces)


def part(octets: bytes, coding: int, header: str = "00", number: int = 1, total: int = 2) -> Part:
    return Part(
        source="s",
        destination="d",
        data_coding=coding,
        octets=octets,
        reference=1,
        total=total,
        number=number,
        header=udh.parse(bytes.fromhex(header))[0],
    )


def test_parts_in_different_codings_become_one_text() -> None:
    one, two = part(b"\x00A", 0), part("Ж".encode("utf-16-be"), 8, number=2)
    assert join_payload([one, two]) == Payload(8, udh.UserDataHeader(), "@AЖ".encode("utf-16-be"))
    assert join_payload([one, part("b".encode("utf-16-be"), 8)]).octets == b"\x00Ab"
    assert join_payload([one, part("b".encode("utf-16-be"), 8)]).data_coding == 0


def test_parts_in_different_languages_become_one_text_without_any() -> None:
    turkish, plain = part(b"\x1b\x47", 0, "06240101220100"), part(b"b", 0)
    payload = join_payload([turkish, plain])
    assert (payload.data_coding, payload.octets) == (8, "Ğb".encode("utf-16-be"))
    assert [element.iei for element in payload.header.elements] == [0x22]


def test_text_and_8_bit_data_make_no_payload() -> None:
    with pytest.raises(CodingError):
        join_payload([part(b"a", 0), part(b"\xff", 4)])


def test_the_concatenation_leaves_the_header_and_the_rest_stays() -> None:
    payload = join_payload([part(b"a", 4, "0B 05040B8423F0 0003CC0201"), part(b"b", 4, "050003CC0202")])
    assert payload.message_payload == bytes.fromhex("06 05040B8423F0") + b"ab"
    alone = join_payload([part(b"a", 0, "060804ABCD0201"), part(b"b", 0, "060804ABCD0202")])
    assert (alone.esm_class_bits, alone.message_payload) == (0, b"ab")


def test_the_octets_do_not_show_in_the_payloads_repr() -> None:
    assert "secret" not in repr(join_payload([part(b"secret", 0)]))
