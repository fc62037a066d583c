"""A submitted message as the PDUs of its receiver: fields, segments, and each account's own way."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding.errors import CodingError
from gateway.coding.part import Part, read_part
from gateway.config import DefaultAlphabet, DeliverWith, Septets
from gateway.lane import parts_of
from gateway.onward import OURS, Onward, Way, as_submit, body_of, canned, with_body
from gateway.routing import Route, RouteKind
from gateway.smpp.codec import decode
from gateway.smpp.pdus import Address, DataSm, DeliverSm, SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from tests.gateway.stand import ALIYA, APP

TO_ALIYA = Route(RouteKind.HANDSET, ALIYA)
TO_APP = Route(RouteKind.ACCOUNT, "app1", "1234")
PACKED = replace(APP, septets=Septets.PACKED)
LATIN1 = replace(APP, default_alphabet=DefaultAlphabet.LATIN1)
BY_DATA_SM = replace(APP, deliver_with=DeliverWith.DATA_SM)
PLAIN = Onward([APP])


def delivered(onward: Onward, route: Route, **fields: Any) -> list[DeliverSm | DataSm]:
    payload, parts = onward.payload(SubmitSm(**fields), "1234", ALIYA, route)
    made = [decode(each) for each in parts_of(payload)]
    assert len(made) == parts
    assert all(pdu.sequence_number == 0 for pdu in made)
    return [pdu for pdu in made if isinstance(pdu, DeliverSm | DataSm)]


def test_the_receiver_gets_its_own_business_and_not_the_message_centres() -> None:
    """Mode, schedule and validity are for the SMSC; the receipt asked of it is too (section 5.2.17)."""
    (pdu,) = delivered(
        PLAIN,
        TO_ALIYA,
        service_type="CMT",
        esm_class=0xC3 | 0x08,
        protocol_id=0x41,
        priority_flag=2,
        schedule_delivery_time="000000010000000R",
        validity_period="000000020000000R",
        registered_delivery=0x1D,
        data_coding=0xF5,
        short_message=b"\x03\x00\x01\x02hi",
        tlvs=(Tlv(0x1401, b"vendor"),),
    )
    assert pdu == DeliverSm(
        service_type="CMT",
        source=Address(3, 0, "1234"),
        destination=Address(1, 1, ALIYA),
        esm_class=0xC8,
        protocol_id=0x41,
        priority_flag=2,
        registered_delivery=0x0C,
        data_coding=0xF5,
        short_message=b"\x03\x00\x01\x02hi",
        tlvs=(Tlv(0x1401, b"vendor"),),
    )


@pytest.mark.parametrize("esm_class", [0x08, 0x10])
def test_an_acknowledgement_names_the_message_as_its_account_knows_it(esm_class: int) -> None:
    """A handset names it by the id that it was told; a name that is none of ours is passed on as it is."""
    onward, ours = Onward([replace(APP, receipt_format="decimal")]), "0" * 30 + "ff"
    for named, shown in ((ours, "255"), ("theirs", "theirs")):
        tlvs = (Tlv(Tag.RECEIPTED_MESSAGE_ID, named),)
        (pdu,) = delivered(onward, TO_APP, esm_class=esm_class, tlvs=tlvs)
        assert pdu.tlv(Tag.RECEIPTED_MESSAGE_ID) == shown


@given(st.integers(0, 3000), st.sampled_from([0, 3, 4, 8]))
def test_a_long_message_comes_to_a_handset_in_segments_that_make_it_whole(units: int, coding: int) -> None:
    """3GPP TS 23.040 section 9.2.3.24.1: one reference, one total, numbers from 1."""
    octets = ("aБ"[coding == 8] * units).encode("utf-16-be" if coding == 8 else "ascii")
    made = delivered(PLAIN, TO_ALIYA, data_coding=coding, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, octets),))
    parts: list[Part] = []
    for pdu in made:
        assert isinstance(pdu, DeliverSm)
        assert len(pdu.short_message) <= 160
        assert pdu.tlv(Tag.MESSAGE_PAYLOAD) is None
        parts.append(
            read_part(
                source="1234",
                destination=ALIYA,
                esm_class=pdu.esm_class,
                data_coding=pdu.data_coding,
                short_message=pdu.short_message,
                tlvs={},
            )
        )
    assert b"".join(each.octets for each in parts) == octets
    if len(parts) > 1:
        assert [each.number for each in parts] == list(range(1, len(parts) + 1))
        assert {each.total for each in parts} == {len(parts)}
        assert len({each.reference for each in parts}) == 1


def test_a_segment_that_must_be_cut_again_is_refused() -> None:
    tlvs = (Tlv(Tag.SAR_MSG_REF_NUM, 1), Tlv(Tag.SAR_TOTAL_SEGMENTS, 2), Tlv(Tag.SAR_SEGMENT_SEQNUM, 1))
    with pytest.raises(CodingError):
        delivered(PLAIN, TO_ALIYA, short_message=b"x" * 200, tlvs=tlvs)
    (pdu,) = delivered(PLAIN, TO_ALIYA, short_message=b"x" * 140, tlvs=tlvs)
    assert pdu.tlvs == tlvs


def test_an_application_gets_a_long_payload_as_it_came() -> None:
    (pdu,) = delivered(PLAIN, TO_APP, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"x" * 60_000),))
    assert isinstance(pdu, DeliverSm)
    assert body_of(pdu) == b"x" * 60_000


@pytest.mark.conformance("data_sm")
def test_an_account_of_data_sm_gets_everything_in_message_payload() -> None:
    """SMPP 3.4 section 4.7.1: data_sm has no short_message; the rest stays."""
    (pdu,) = delivered(
        Onward([BY_DATA_SM]),
        TO_APP,
        service_type="CMT",
        esm_class=0x40,
        registered_delivery=4,
        data_coding=8,
        short_message=b"\x05\x00\x03\x01\x02\x01\x04\x10",
        tlvs=(Tlv(0x1401, b"vendor"),),
    )
    assert isinstance(pdu, DataSm)
    assert pdu.tlvs == (
        Tlv(Tag.MESSAGE_PAYLOAD, b"\x05\x00\x03\x01\x02\x01\x04\x10"),
        Tlv(0x1401, b"vendor"),
    )
    assert (pdu.service_type, pdu.esm_class, pdu.registered_delivery, pdu.data_coding) == ("CMT", 0x40, 4, 8)


def test_a_handset_gets_deliver_sm_whatever_an_account_of_the_same_name_wants() -> None:
    (pdu,) = delivered(Onward([BY_DATA_SM]), TO_ALIYA, short_message=b"hi")
    assert isinstance(pdu, DeliverSm)


# -- ways ------------------------------------------------------------------------------------------


def test_an_account_without_wishes_has_our_way() -> None:
    assert Way.of(APP) == OURS
    pdu = SubmitSm(short_message=b"as it is")
    assert OURS.read(pdu) is pdu


@given(st.text(alphabet="abcdefgh ijkl{}", min_size=1, max_size=150))
def test_packed_septets_are_packed_for_their_account_and_unpacked_from_it(text: str) -> None:
    ours = canned(SubmitSm(), text)
    (pdu,) = delivered(Onward([PACKED]), TO_APP, short_message=ours.short_message)
    assert isinstance(pdu, DeliverSm)
    assert len(pdu.short_message) == -(-len(ours.short_message) * 7 // 8)
    back = Way.of(PACKED).read(SubmitSm(short_message=pdu.short_message))
    assert back.short_message == ours.short_message


def test_a_default_alphabet_of_its_own_means_latin_1_under_data_coding_0() -> None:
    way = Way.of(LATIN1)
    read = way.read(SubmitSm(data_coding=0, short_message="@é".encode("latin-1")))
    assert (read.data_coding, read.short_message) == (3, "@é".encode("latin-1"))
    written = way.write(DeliverSm(data_coding=0, short_message=b"\x00\x05"))
    assert (written.data_coding, written.short_message) == (0, "@é".encode("latin-1"))


def test_what_is_no_gsm_text_passes_a_packed_account_untouched() -> None:
    (pdu,) = delivered(Onward([PACKED]), TO_APP, data_coding=4, short_message=b"\xff\x00")
    assert isinstance(pdu, DeliverSm)
    assert pdu.short_message == b"\xff\x00"
    assert Onward([PACKED]).read(SubmitSm(data_coding=8, short_message=b"\x04\x10"), "app1").data_coding == 8


# -- bodies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("octets", [b"", b"x" * 254])
def test_a_body_that_fits_stays_in_short_message(octets: bytes) -> None:
    assert with_body(SubmitSm(), octets) == SubmitSm(short_message=octets)


@pytest.mark.parametrize(
    ("pdu", "octets"),
    [
        (SubmitSm(short_message=b"old"), b"x" * 255),
        (SubmitSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"old"),)), b"new"),
    ],
)
def test_a_body_that_is_too_long_or_was_a_payload_becomes_one(pdu: SubmitSm, octets: bytes) -> None:
    assert with_body(pdu, octets) == SubmitSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, octets),))
    assert body_of(with_body(pdu, octets)) == octets


@pytest.mark.parametrize(
    ("text", "coding", "octets"), [("Hi @", 0, b"Hi \x00"), ("Сәлем", 8, "Сәлем".encode("utf-16-be"))]
)
def test_a_default_message_takes_the_alphabet_that_it_needs(text: str, coding: int, octets: bytes) -> None:
    pdu = canned(SubmitSm(esm_class=0x43, data_coding=4), text)
    assert (pdu.data_coding, body_of(pdu), pdu.esm_class) == (coding, octets, 3)


def test_a_data_sm_asks_for_what_its_submit_sm_does() -> None:
    data = DataSm(5, "CMT", Address(1, 1, "1"), Address(1, 1, "2"), 2, 1, 8, (Tlv(0x1401, b"x"),))
    submit = as_submit(data)
    for name in ("service_type", "source", "destination", "esm_class", "registered_delivery", "data_coding"):
        assert getattr(submit, name) == getattr(data, name)
    assert (submit.sequence_number, submit.tlvs, submit.short_message) == (5, data.tlvs, b"")
