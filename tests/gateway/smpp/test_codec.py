"""The codec as a whole: round trips, every refusal and their order, and smpplib as a second opinion."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smpplib import smpp  # type: ignore[import-untyped]  # smpplib has no annotations

from gateway.smpp.codec import decode, encode, error_response, read_header, with_sequence
from gateway.smpp.constants import BROADCAST_COMMANDS, CommandId, CommandStatus
from gateway.smpp.errors import EncodeError, RecoverableError, UnrecoverableError
from gateway.smpp.fields import AddressField, CString, Int1, ShortMessage
from gateway.smpp.lists import Destinations, Unsuccessful
from gateway.smpp.pdus import (
    PDUS,
    Address,
    BindTransceiver,
    DeliverSm,
    DeliverSmResp,
    DistributionList,
    GenericNack,
    Pdu,
    Response,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
    UnsuccessSme,
)
from gateway.smpp.tlv import TLVS, Tag, Tlv

HANDSET = Address(1, 1, "77011234567")
OCTET = st.integers(0, 0xFF)
STATUSES = st.sampled_from(CommandStatus)
EXAMPLE = SubmitSm(9, source=HANDSET, destination=Address(0, 1, "9393"), short_message=b"1234567890123")


def characters(most: int) -> st.SearchStrategy[str]:
    """Latin-1 without the terminator."""
    return st.text(st.characters(min_codepoint=1, max_codepoint=0xFF), max_size=most)


def strings(kind: CString) -> st.SearchStrategy[str]:
    """What a C-octet string may hold."""
    fits = characters(kind.octets_max - 1)
    if kind.fixed:
        return st.just("") | st.just("261021121530016+")
    return fits


def addresses(octets_max: int) -> st.SearchStrategy[Address]:
    """Any address of a field."""
    return st.builds(Address, OCTET, OCTET, characters(octets_max - 1))


def field_values(kind: object) -> st.SearchStrategy[Any]:
    """Any value of a row's kind."""
    if isinstance(kind, CString):
        return strings(kind)
    if isinstance(kind, AddressField):
        return addresses(kind.octets_max)
    if isinstance(kind, ShortMessage):
        return st.binary(max_size=254)
    if isinstance(kind, Destinations):
        each = addresses(21) | st.builds(DistributionList, characters(20))
        return st.lists(each, min_size=1, max_size=5).map(tuple)
    if isinstance(kind, Unsuccessful):
        each_failed = st.builds(UnsuccessSme, addresses(21), STATUSES.map(int))
        return st.lists(each_failed, max_size=5).map(tuple)
    assert isinstance(kind, Int1)
    return OCTET


TLV_LISTS = st.lists(st.builds(Tlv, st.integers(0x1400, 0x3FFF), st.binary(max_size=9)), max_size=3).map(
    tuple
)


def pdus(pdu: type[Pdu]) -> st.SearchStrategy[Pdu]:
    """Any value of a PDU's class, drawn from its own rows."""
    parts: dict[str, st.SearchStrategy[Any]] = {"sequence_number": st.integers(0, 0xFFFF_FFFF)}
    for each in dataclasses.fields(pdu):
        if "wire" in each.metadata:
            parts[each.name] = field_values(each.metadata["wire"])
        elif each.name == "tlvs":
            parts[each.name] = TLV_LISTS
        elif each.name == "command_status":
            parts[each.name] = STATUSES.map(int) if pdu.body_with_error else st.just(0)
    return st.builds(pdu, **parts)


ANY_PDU = st.one_of([pdus(each) for each in PDUS])


@pytest.mark.parametrize("pdu", PDUS, ids=lambda pdu: pdu.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_every_value_of_every_pdu_survives(pdu: type[Pdu], data: st.DataObject) -> None:
    """Round trip, and the header says how long the frame is."""
    value = data.draw(pdus(pdu))
    frame = encode(value)
    assert decode(frame) == value
    assert read_header(frame)[0] == len(frame)


def test_every_command_of_smpp_3_4_has_one_class() -> None:
    """The codec's table leaves no command out."""
    assert sorted(each.command_id for each in PDUS) == sorted(set(CommandId) - BROADCAST_COMMANDS)


@pytest.mark.parametrize(
    "pdu", [each for each in PDUS if issubclass(each, Response)], ids=lambda p: p.__name__
)
def test_a_response_with_an_error_may_lack_its_body(pdu: type[Response]) -> None:
    """The body is not returned; its fields have their NULL values then."""
    frame = b"\0\0\0\x10" + int(pdu.command_id).to_bytes(4, "big") + b"\0\0\0\x08\0\0\0\x05"
    assert decode(frame) == pdu(5, CommandStatus.ESME_RSYSERR)


def test_a_response_without_error_needs_its_body() -> None:
    """Only deliver_sm_resp, whose message_id is unused, may do without."""
    assert decode(bytes.fromhex("00000010800000050000000000000001")) == DeliverSmResp(1)
    with pytest.raises(RecoverableError):
        decode(bytes.fromhex("00000010800000040000000000000001"))


def test_a_response_with_an_error_is_sent_without_its_body() -> None:
    """SMPP 3.4 section 4.4.2."""
    assert encode(SubmitSmResp(1, CommandStatus.ESME_RTHROTTLED, "kept-back")) == error_response(
        CommandId.SUBMIT_SM, CommandStatus.ESME_RTHROTTLED, 1
    )


def body(hexed: str, command_id: int = CommandId.SUBMIT_SM, sequence: int = 7) -> bytes:
    """A frame around a body in hex."""
    octets = bytes.fromhex(hexed)
    header = (16 + len(octets), command_id, 0, sequence)
    return b"".join(each.to_bytes(4, "big") for each in header) + octets


LONG_ADDRESS = "31" * 21 + "00"
REFUSALS = [
    ("service_type of seven octets", "31313131313100", CommandStatus.ESME_RINVSERTYP),
    ("no body at all", "", CommandStatus.ESME_RINVSERTYP),
    ("source without an end", "00 0101 313131", CommandStatus.ESME_RINVSRCADR),
    ("source of 22 octets", "00 0101" + LONG_ADDRESS, CommandStatus.ESME_RINVSRCADR),
    ("only the ton of the source", "00 01", CommandStatus.ESME_RINVCMDLEN),
    ("destination without an end", "00 010100 0101 3939", CommandStatus.ESME_RINVDSTADR),
    ("destination of 22 octets", "00 010100 0101" + LONG_ADDRESS, CommandStatus.ESME_RINVDSTADR),
    ("no esm_class", "00 010100 010100", CommandStatus.ESME_RINVCMDLEN),
    ("half the flags", "00 010100 010100 0000", CommandStatus.ESME_RINVCMDLEN),
    ("schedule of 3 characters", "00 010100 010100 000000 31313100", CommandStatus.ESME_RINVSCHED),
    ("schedule of 17 characters", "00 010100 010100 000000" + "31" * 17 + "00", CommandStatus.ESME_RINVSCHED),
    ("validity of 3 characters", "00 010100 010100 000000 00 31313100", CommandStatus.ESME_RINVEXPIRY),
    ("no sm_length", "00 010100 010100 000000 00 00 00000000", CommandStatus.ESME_RINVCMDLEN),
    ("sm_length past the end", "00 010100 010100 000000 00 00 00000000 05 31", CommandStatus.ESME_RINVMSGLEN),
    (
        "sm_length of 255",
        "00 010100 010100 000000 00 00 00000000 ff" + "31" * 255,
        CommandStatus.ESME_RINVMSGLEN,
    ),
    (
        "half a parameter",
        "00 010100 010100 000000 00 00 00000000 00 0204",
        CommandStatus.ESME_RINVTLVSTREAM,
    ),
    (
        "a parameter of the wrong length",
        "00 010100 010100 000000 00 00 00000000 00 0204000101",
        CommandStatus.ESME_RINVPARLEN,
    ),
    (
        "a parameter with a wrong value",
        "00 010100 010100 000000 00 00 00000000 00 0304000164",
        CommandStatus.ESME_RINVOPTPARAMVAL,
    ),
    # Several faults: the first in wire order answers.
    ("source, destination and end", "00 0101" + LONG_ADDRESS + LONG_ADDRESS, CommandStatus.ESME_RINVSRCADR),
    (
        "message and parameters",
        "00 010100 010100 000000 00 00 00000000 ff 0204",
        CommandStatus.ESME_RINVMSGLEN,
    ),
]


@pytest.mark.conformance(
    "submit_sm.sm_length",
    "status.ESME_RINVSERTYP",
    "status.ESME_RINVSRCADR",
    "status.ESME_RINVDSTADR",
    "status.ESME_RINVCMDLEN",
    "status.ESME_RINVSCHED",
    "status.ESME_RINVEXPIRY",
    "status.ESME_RINVMSGLEN",
    "status.ESME_RINVOPTPARSTREAM",
    "status.ESME_RINVPARLEN",
    "status.ESME_RINVOPTPARAMVAL",
)
@pytest.mark.parametrize(("fault", "octets", "status"), REFUSALS, ids=[each[0] for each in REFUSALS])
def test_a_bad_submit_sm_gets_the_status_of_its_first_fault(
    fault: str, octets: str, status: CommandStatus
) -> None:
    """With the sequence_number and command_id that the answer needs."""
    with pytest.raises(RecoverableError) as caught:
        decode(body(octets))
    refused = (caught.value.status, caught.value.sequence_number, caught.value.command_id)
    assert refused == (status, 7, CommandId.SUBMIT_SM), fault


OTHER_REFUSALS = [
    ("system_id too long", CommandId.BIND_RECEIVER, "31" * 16 + "00", CommandStatus.ESME_RINVSYSID),
    ("password too long", CommandId.BIND_RECEIVER, "00" + "31" * 9 + "00", CommandStatus.ESME_RINVPASWD),
    ("system_type", CommandId.BIND_TRANSCEIVER, "0000" + "31" * 13 + "00", CommandStatus.ESME_RINVSYSTYP),
    (
        "address_range",
        CommandId.BIND_TRANSCEIVER,
        "000000 340000" + "31" * 41 + "00",
        CommandStatus.ESME_RBINDFAIL,
    ),
    ("bind with more", CommandId.BIND_TRANSCEIVER, "000000 340000 00 00", CommandStatus.ESME_RINVCMDLEN),
    ("unbind with a body", CommandId.UNBIND, "00", CommandStatus.ESME_RINVCMDLEN),
    ("enquire_link with a body", CommandId.ENQUIRE_LINK, "00", CommandStatus.ESME_RINVCMDLEN),
    ("message_id too long", CommandId.QUERY_SM, "31" * 65 + "00", CommandStatus.ESME_RINVMSGID),
    ("no destinations", CommandId.SUBMIT_MULTI, "00 010100 00", CommandStatus.ESME_RINVNUMDESTS),
    ("255 destinations", CommandId.SUBMIT_MULTI, "00 010100 ff", CommandStatus.ESME_RINVNUMDESTS),
    ("dest_flag", CommandId.SUBMIT_MULTI, "00 010100 01 03", CommandStatus.ESME_RINVDESTFLAG),
    (
        "list name",
        CommandId.SUBMIT_MULTI,
        "00 010100 01 02" + "31" * 21 + "00",
        CommandStatus.ESME_RINVDLNAME,
    ),
    (
        "an address in the list",
        CommandId.SUBMIT_MULTI,
        "00 010100 01 01 0101 3131",
        CommandStatus.ESME_RINVDSTADR,
    ),
    ("unknown command", 0x0000_0077, "", CommandStatus.ESME_RINVCMDID),
    ("unknown response", 0x8000_0077, "", CommandStatus.ESME_RINVCMDID),
    ("5.0's broadcast_sm", CommandId.BROADCAST_SM, "00", CommandStatus.ESME_RINVCMDID),
]


@pytest.mark.conformance(
    "submit_multi.number_of_dests",
    "submit_multi.dest_flag",
    "status.ESME_RINVSYSID",
    "status.ESME_RINVPASWD",
    "status.ESME_RINVSYSTYP",
    "status.ESME_RBINDFAIL",
    "status.ESME_RINVMSGID",
    "status.ESME_RINVNUMDESTS",
    "status.ESME_RINVDESTFLAG",
    "status.ESME_RINVDLNAME",
    "status.ESME_RINVCMDID",
)
@pytest.mark.parametrize(
    ("fault", "command_id", "octets", "status"), OTHER_REFUSALS, ids=[each[0] for each in OTHER_REFUSALS]
)
def test_other_pdus_have_the_statuses_of_their_fields(
    fault: str, command_id: int, octets: str, status: CommandStatus
) -> None:
    """SMPP 3.4 section 5.1.3."""
    with pytest.raises(RecoverableError) as caught:
        decode(body(octets, command_id))
    assert caught.value.status == status, fault


@pytest.mark.parametrize("frame", [b"", b"\0" * 15, b"\0\0\0\x11" + b"\0" * 12, b"\0\0\0\x0f" + b"\0" * 12])
def test_a_frame_that_is_not_as_long_as_it_says_is_no_frame(frame: bytes) -> None:
    """The caller has lost the boundaries."""
    with pytest.raises(UnrecoverableError):
        decode(frame)


def mutated(frame: bytes, edits: list[tuple[int, int, int]]) -> bytes:
    """Octets replaced, put in or taken out, and the length set right again."""
    octets = bytearray(frame)
    for kind, at, octet in edits:
        place = 4 + at % (len(octets) - 4)
        if kind == 0:
            octets[place] = octet
        elif kind == 1:
            octets.insert(place, octet)
        elif len(octets) > 17:
            del octets[place]
    return len(octets).to_bytes(4, "big") + bytes(octets[4:])


@settings(max_examples=600)
@given(ANY_PDU, st.lists(st.tuples(st.integers(0, 2), st.integers(0, 400), OCTET), min_size=1, max_size=6))
def test_a_damaged_pdu_is_read_or_refused_and_nothing_else(
    pdu: Pdu, edits: list[tuple[int, int, int]]
) -> None:
    """No other exception, and what was read can be written and read again."""
    try:
        value = decode(mutated(encode(pdu), edits))
    except RecoverableError:
        return
    assert decode(encode(value)) == value or not value.body_with_error


@given(st.sampled_from([int(each) for each in CommandId]), st.binary(max_size=120))
def test_any_body_is_read_or_refused_and_nothing_else(command_id: int, octets: bytes) -> None:
    """The same for octets that were never a PDU."""
    try:
        value = decode(body(octets.hex(), command_id))
    except RecoverableError:
        return
    assert value.command_id == command_id


@pytest.mark.parametrize(
    "pdu",
    [
        SubmitSm(1, source=Address(1, 1, "1" * 21)),
        SubmitSm(1, source=Address(256, 1, "1")),
        SubmitSm(1, source=Address(1, 1, "Ж")),
        SubmitSm(1, source=Address(1, 1, "a\0b")),
        SubmitSm(1, short_message=bytes(255)),
        SubmitSm(1, validity_period="1 day"),
        SubmitSm(1, data_coding=256),
        SubmitSm(1 << 32),
        SubmitMulti(1),
        SubmitMulti(1, destinations=(HANDSET,) * 255),
        SubmitSm(1, tlvs=(Tlv(Tag.SOURCE_PORT, 70_000),)),
    ],
    ids=range(11),
)
def test_a_value_that_does_not_fit_is_not_written(pdu: Pdu) -> None:
    """Nothing is cut to size: that would be another message."""
    with pytest.raises(EncodeError):
        encode(pdu)


def test_an_encoding_error_does_not_tell_the_content() -> None:
    """It goes to the log."""
    with pytest.raises(EncodeError) as caught:
        encode(BindTransceiver(1, "handset", "пароль-тайна"))
    shown = f"{caught.value!r} {caught.value.__cause__!r}"
    assert "тайна" not in shown


@pytest.mark.parametrize(
    "pdu", [each for each in PDUS if not issubclass(each, Response)], ids=lambda p: p.__name__
)
def test_an_error_is_answered_with_the_matching_response(pdu: type[Pdu]) -> None:
    """generic_nack where the command has none."""
    answer = decode(error_response(pdu.command_id, CommandStatus.ESME_RSYSERR, 12))
    wanted = pdu.command_id | 0x8000_0000
    if pdu.command_id in (CommandId.OUTBIND, CommandId.ALERT_NOTIFICATION):
        wanted = CommandId.GENERIC_NACK
    assert isinstance(answer, Response)
    assert (answer.command_id, answer.command_status, answer.sequence_number) == (wanted, 8, 12)


@pytest.mark.parametrize("command_id", [0x77, 0x8000_0077, CommandId.BROADCAST_SM, CommandId.GENERIC_NACK])
def test_an_unknown_command_is_answered_with_generic_nack(command_id: int) -> None:
    """SMPP 3.4 section 4.3."""
    assert decode(error_response(command_id, 3, 12)) == GenericNack(12, 3)


@given(ANY_PDU, st.integers(0, 0xFFFF_FFFF))
def test_another_sequence_number_changes_nothing_else(pdu: Pdu, sequence: int) -> None:
    """The dispatcher keeps PDUs encoded."""
    assert with_sequence(encode(pdu), sequence) == encode(dataclasses.replace(pdu, sequence_number=sequence))


def test_secrets_are_not_shown() -> None:
    """Neither passwords nor the codes that people text and dial."""
    shown = repr(BindTransceiver(1, "handset", "hunter2"))
    assert "handset" in shown
    assert "hunter2" not in shown
    dialled = SubmitSm(1, destination=Address(0, 1, "*110*1234567890123#"), short_message=b"1234567890123")
    assert "1234567890123" not in repr(dialled)
    assert "*110*" in repr(dialled)
    assert "'*100#'" in repr(Address(0, 1, "*100#"))
    assert "567890123" not in repr(Address(0, 1, "*1234567890123#"))
    assert "77011234567" in repr(HANDSET)


SMPPLIB_PDUS = [
    SubmitSm(
        3,
        "CMT",
        HANDSET,
        Address(0, 1, "9393"),
        esm_class=0x40,
        priority_flag=1,
        registered_delivery=1,
        data_coding=8,
        short_message=b"\x04\x11",
        tlvs=(Tlv(Tag.USER_MESSAGE_REFERENCE, 9),),
    ),
    DeliverSm(
        4, "", Address(0, 1, "9393"), HANDSET, short_message=b"hello", tlvs=(Tlv(Tag.MESSAGE_STATE, 2),)
    ),
    BindTransceiver(5, "handset", "handset", "", 0x34, 0, 1, "77011234567"),
]


@pytest.mark.parametrize("pdu", SMPPLIB_PDUS, ids=lambda pdu: type(pdu).__name__)
def test_smpplib_makes_the_same_octets(pdu: SubmitSm | DeliverSm | BindTransceiver) -> None:
    """An independent encoder, where it has one."""
    if isinstance(pdu, BindTransceiver):
        names = ("system_id", "password", "system_type", "interface_version", "addr_ton", "addr_npi")
        theirs = smpp.make_pdu(
            "bind_transceiver",
            sequence=pdu.sequence_number,
            address_range=pdu.address_range,
            **{name: getattr(pdu, name) for name in names},
        )
    else:
        theirs = smpp.make_pdu(
            "submit_sm" if isinstance(pdu, SubmitSm) else "deliver_sm",
            sequence=pdu.sequence_number,
            service_type=pdu.service_type,
            source_addr_ton=pdu.source.ton,
            source_addr_npi=pdu.source.npi,
            source_addr=pdu.source.addr,
            dest_addr_ton=pdu.destination.ton,
            dest_addr_npi=pdu.destination.npi,
            destination_addr=pdu.destination.addr,
            esm_class=pdu.esm_class,
            priority_flag=pdu.priority_flag,
            registered_delivery=pdu.registered_delivery,
            data_coding=pdu.data_coding,
            short_message=pdu.short_message,
            **{TLVS[each.tag].name: each.value for each in pdu.tlvs},
        )
    # smpplib forgets the number that it was made with.
    theirs.sequence = pdu.sequence_number
    assert theirs.generate().hex() == encode(pdu).hex()


def test_smpplib_reads_our_octets() -> None:
    """An independent decoder."""
    theirs = smpp.parse_pdu(encode(EXAMPLE), need_sequence=False)
    read = (theirs.sequence, theirs.source_addr, theirs.destination_addr, theirs.short_message)
    assert read == (9, b"77011234567", b"9393", b"1234567890123")


def test_look_ups_of_parameters_are_typed() -> None:
    """The first of a tag; None when it is absent or of another type."""
    tlvs = (Tlv(Tag.USSD_SERVICE_OP, 1), Tlv(Tag.ITS_SESSION_INFO, b"\1\0"), Tlv(Tag.USSD_SERVICE_OP, 2))
    pdu = SubmitSm(1, tlvs=tlvs)
    assert pdu.tlv(Tag.USSD_SERVICE_OP) == 1
    assert (pdu.tlv_int(Tag.USSD_SERVICE_OP), pdu.tlv_bytes(Tag.USSD_SERVICE_OP)) == (1, None)
    assert (pdu.tlv_bytes(Tag.ITS_SESSION_INFO), pdu.tlv_int(Tag.SOURCE_PORT)) == (b"\1\0", None)
    receipt = DeliverSm(1, tlvs=(Tlv(Tag.RECEIPTED_MESSAGE_ID, "a1"),))
    assert (receipt.tlv_str(Tag.RECEIPTED_MESSAGE_ID), receipt.tlv_str(Tag.MESSAGE_STATE)) == ("a1", None)
