"""Which part of which message a received PDU is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding import udh
from gateway.coding.alphabet import Alphabet, Binary
from gateway.coding.errors import CodingError, UnknownDataCodingError
from gateway.coding.part import Part, read_part, sar_tlvs
from gateway.coding.shifts import Shift

SAR = {0x020C: 0x1234, 0x020E: 3, 0x020F: 2}


def read(
    short_message: bytes, *, esm_class: int = 0, tlvs: dict[int, int | bytes] | None = None, coding: int = 0
) -> Part:
    return read_part(
        source="77011234567",
        destination="9393",
        esm_class=esm_class,
        data_coding=coding,
        short_message=short_message,
        tlvs=tlvs or {},
        token="m1",
    )


def test_a_plain_message_is_the_only_part_of_itself() -> None:
    part = read(b"BAL")
    assert (part.reference, part.total, part.number, part.octets) == (0, 1, 1, b"BAL")
    assert (part.source, part.destination, part.token) == ("77011234567", "9393", "m1")


@pytest.mark.conformance("esm_class.UDHI")
def test_the_user_data_header_is_read_and_taken_off() -> None:
    part = read(bytes.fromhex("050003CC0302") + b"abc", esm_class=0x43)
    assert (part.reference, part.total, part.number, part.octets) == (0xCC, 3, 2, b"abc")


def test_without_the_indicator_there_is_no_header() -> None:
    body = bytes.fromhex("050003CC0302")
    assert read(body).octets == body


@pytest.mark.conformance("tlv.sar_msg_ref_num", "tlv.sar_total_segments", "tlv.sar_segment_seqnum")
@pytest.mark.parametrize("tlvs", [SAR, {0x020C: b"\x12\x34", 0x020E: b"\x03", 0x020F: b"\x02"}])
def test_sar_tlvs_are_read_as_numbers_or_octets(tlvs: dict[int, int | bytes]) -> None:
    part = read(b"abc", tlvs=tlvs)
    assert (part.reference, part.total, part.number) == (0x1234, 3, 2)


@pytest.mark.parametrize("missing", SAR)
def test_sar_tlvs_count_only_together(missing: int) -> None:
    """SMPP 3.4 section 5.3.2.22."""
    assert read(b"abc", tlvs={tag: value for tag, value in SAR.items() if tag != missing}).total == 1


def test_a_header_wins_over_sar_tlvs_and_leaves_them_their_word_when_it_has_none() -> None:
    assert read(bytes.fromhex("050003CC0201"), esm_class=0x40, tlvs=dict(SAR)).reference == 0xCC
    assert read(bytes.fromhex("06050415B30000") + b"x", esm_class=0x40, tlvs=dict(SAR)).reference == 0x1234


@pytest.mark.parametrize(("total", "number"), [(0, 0), (0, 1), (2, 0), (2, 3), (256, 1)])
def test_numbers_that_cannot_be_are_refused(total: int, number: int) -> None:
    with pytest.raises(CodingError):
        read(b"x", tlvs={0x020C: 1, 0x020E: total, 0x020F: number})
    if total < 256:
        with pytest.raises(CodingError):
            read(bytes((5, 0, 3, 1, total, number)) + b"x", esm_class=0x40)


def test_a_broken_header_and_an_unknown_data_coding_are_refused() -> None:
    with pytest.raises(CodingError):
        read(b"", esm_class=0x40)
    with pytest.raises(UnknownDataCodingError):
        read(b"x", coding=0x05)


def test_the_text_is_not_in_the_repr() -> None:
    assert "1234567890123" not in repr(read(b"1234567890123"))


@given(
    st.binary(max_size=60),
    st.integers(0, 255),
    st.dictionaries(st.sampled_from([*SAR, 0x0424]), st.one_of(st.integers(0, 70000), st.binary(max_size=4))),
)
def test_anything_is_read_or_refused_with_our_error(
    octets: bytes, esm_class: int, tlvs: dict[int, int | bytes]
) -> None:
    try:
        part = read(octets, esm_class=esm_class, tlvs=tlvs)
    except CodingError:
        return
    assert 1 <= part.number <= part.total <= 255
    assert octets.endswith(part.octets)
    assert bool(part.header.elements) <= bool(esm_class & udh.UDHI)


def test_a_part_is_read_in_its_own_language() -> None:
    part = read(bytes.fromhex("03240101") + b"\x1bG", esm_class=0x40)
    assert (part.shift, part.content()) == (Shift(single=1), "Ğ")
    assert read(bytes.fromhex("03240163") + b"\x1be", esm_class=0x40).content() == "€"


def test_a_part_is_read_in_the_default_alphabet_of_its_sender() -> None:
    assert read("é".encode("latin-1")).content(Alphabet.LATIN1) == "é"
    assert read(b"\xff", coding=4).content() == Binary(b"\xff")


@given(st.integers(0, 0xFFFF), st.integers(1, 255), st.data())
def test_sar_values_are_read_as_they_are_made(reference: int, total: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, total))
    tlvs: dict[int, int | bytes] = {**sar_tlvs(reference, total, number)}
    part = read(b"x", tlvs=tlvs)
    assert (part.reference, part.total, part.number) == (reference, total, number)


def test_the_low_16_bits_of_a_reference_go_into_the_sar_tlvs() -> None:
    assert sar_tlvs(0x12345, 2, 1) == {0x020C: 0x2345, 0x020E: 2, 0x020F: 1}


@pytest.mark.parametrize(("total", "number"), [(0, 0), (1, 2), (256, 1), (3, 0), (3, -1)])
def test_a_part_that_cannot_be_has_no_sar_tlvs(total: int, number: int) -> None:
    with pytest.raises(CodingError):
        sar_tlvs(1, total, number)
