"""Optional parameters: every row of the table, its bounds, and what the table does not know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import consts  # type: ignore[import-untyped]  # smpplib has no annotations

from gateway.smpp.constants import CommandStatus
from gateway.smpp.errors import EncodeError, FieldError
from gateway.smpp.tlv import TLVS, Tag, Tlv, TlvKind, TlvSpec, TlvValue, read_tlvs, write_tlvs

ROWS = sorted(TLVS.values(), key=lambda row: row.tag)
UNKNOWN_TAGS = st.integers(0, 0xFFFF).filter(lambda tag: tag not in TLVS)


def values(row: TlvSpec, octets_max: int = 300) -> st.SearchStrategy[TlvValue]:
    """All values that a row allows (long octet strings only up to ``octets_max``)."""
    if row.value_max is not None:
        return st.integers(0, row.value_max)
    if row.kind is TlvKind.CSTRING:
        characters = st.characters(min_codepoint=1, max_codepoint=0xFF)
        return st.text(characters, max_size=row.octets_max - 1)
    return st.binary(min_size=row.octets_min, max_size=min(octets_max, row.octets_max))


def test_every_tag_has_its_row() -> None:
    """No tag without a row, so the walks below leave none out."""
    assert set(TLVS) == set(Tag)


def test_tags_agree_with_smpplib() -> None:
    """An independent copy of SMPP 3.4 section 5.3.2, for the tags that it has."""
    theirs = {name.lower(): tag for name, tag in consts.OPTIONAL_PARAMS.items()}
    ours = {row.name: int(row.tag) for row in ROWS if row.name in theirs}
    assert ours == theirs


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@given(data=st.data())
def test_every_value_of_every_row_survives(row: TlvSpec, data: st.DataObject) -> None:
    """Round trip."""
    tlv = Tlv(row.tag, data.draw(values(row)))
    assert read_tlvs(write_tlvs([tlv]), 0) == (tlv,)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_length_outside_the_row_is_refused(row: TlvSpec) -> None:
    """ESME_RINVPARLEN for one octet less and one more, when read; EncodeError when written."""
    lengths = {row.octets_min - 1, row.octets_max + 1} & set(range(0x10000))
    for length in lengths:
        octets = int(row.tag).to_bytes(2, "big") + length.to_bytes(2, "big") + bytes(length)
        with pytest.raises(FieldError) as caught:
            read_tlvs(octets, 0)
        assert caught.value.status == CommandStatus.ESME_RINVPARLEN
        if row.kind is TlvKind.OCTETS:
            with pytest.raises(EncodeError):
                write_tlvs([Tlv(row.tag, bytes(length))])


@pytest.mark.parametrize("row", [row for row in ROWS if row.value_max is not None], ids=lambda row: row.name)
def test_a_number_above_the_rows_greatest_is_refused(row: TlvSpec) -> None:
    """ESME_RINVOPTPARAMVAL where the octets could hold more than the specification allows."""
    assert row.value_max is not None
    with pytest.raises(EncodeError):
        write_tlvs([Tlv(row.tag, row.value_max + 1)])
    if row.value_max + 1 < 1 << (8 * row.octets_max):
        raw = (row.value_max + 1).to_bytes(row.octets_max, "big")
        with pytest.raises(FieldError) as caught:
            read_tlvs(int(row.tag).to_bytes(2, "big") + len(raw).to_bytes(2, "big") + raw, 0)
        assert caught.value.status == CommandStatus.ESME_RINVOPTPARAMVAL


@pytest.mark.parametrize("raw", [b"abc", b"a\0b\0", b"\0\0"])
def test_a_string_parameter_ends_with_its_only_terminator(raw: bytes) -> None:
    """A C-octet string without a terminator at its end is no value."""
    with pytest.raises(FieldError) as caught:
        read_tlvs(b"\x00\x1e" + len(raw).to_bytes(2, "big") + raw, 0)
    assert caught.value.status == CommandStatus.ESME_RINVOPTPARAMVAL


@pytest.mark.parametrize("octets", [b"\x02", b"\x02\x04\x00", b"\x02\x04\x00\x02\x01", b"\x14\x00\xff\xff"])
def test_a_parameter_that_runs_past_the_end_is_refused(octets: bytes) -> None:
    """Half a header, or fewer octets than the length says."""
    with pytest.raises(FieldError) as caught:
        read_tlvs(octets, 0)
    assert caught.value.status == CommandStatus.ESME_RINVTLVSTREAM


@given(
    st.lists(
        st.one_of(
            st.builds(Tlv, UNKNOWN_TAGS, st.binary(max_size=20)),
            *(st.builds(Tlv, st.just(row.tag), values(row, 20)) for row in ROWS),
        ),
        max_size=6,
    )
)
def test_order_repeats_and_unknown_tags_are_kept(tlvs: list[Tlv]) -> None:
    """What the table does not know travels as octets, in its place."""
    assert read_tlvs(write_tlvs(tlvs), 0) == tuple(tlvs)


@given(st.binary(max_size=60))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """FieldError and nothing else; what was read writes the same octets."""
    try:
        tlvs = read_tlvs(octets, 0)
    except FieldError:
        return
    assert write_tlvs(tlvs) == octets


@pytest.mark.parametrize(
    "tlv",
    [
        Tlv(Tag.USER_MESSAGE_REFERENCE, b"\0\1"),
        Tlv(Tag.USER_MESSAGE_REFERENCE, -1),
        Tlv(Tag.MESSAGE_PAYLOAD, "text"),
        Tlv(Tag.RECEIPTED_MESSAGE_ID, b"id"),
        Tlv(Tag.RECEIPTED_MESSAGE_ID, "a\0b"),
        Tlv(Tag.RECEIPTED_MESSAGE_ID, "x" * 65),
        Tlv(0x1400, 7),
    ],
)
def test_a_value_of_the_wrong_type_or_size_is_not_written(tlv: Tlv) -> None:
    """A mistake of ours never reaches the wire."""
    with pytest.raises(EncodeError):
        write_tlvs([tlv])


def test_the_text_of_a_message_is_not_shown() -> None:
    """A payload may hold a voucher's code."""
    shown = repr(Tlv(Tag.MESSAGE_PAYLOAD, b"1234567890123"))
    assert "1234567890123" not in shown
    assert "message_payload" in shown
