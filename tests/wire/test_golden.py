"""Octets written from the specification against the values that they stand for."""

import pytest

from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import BROADCAST_COMMANDS, CommandId
from gateway.smpp.errors import RecoverableError
from gateway.smpp.framer import Framer
from gateway.smpp.pdus import (
    Address,
    AlertNotification,
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    CancelSm,
    CancelSmResp,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    DistributionList,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Outbind,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
    UnsuccessSme,
)
from gateway.smpp.tlv import Tag, Tlv

HANDSET = Address(1, 1, "77011234567")
CODE = Address(0, 0, "1234")

CASES: dict[str, Pdu] = {
    "bind_receiver": BindReceiver(1, "SMPC30TEST", "secret", "VMS", 0x34, 1, 1, "^7701"),
    "bind_receiver_resp": BindReceiverResp(1, 0, "Shortcode-", (Tlv(Tag.SC_INTERFACE_VERSION, 0x34),)),
    "bind_transmitter": BindTransmitter(2, "app1", "secret1", "", 0x33),
    "bind_transmitter_resp": BindTransmitterResp(2, 0x0E),
    "bind_transceiver": BindTransceiver(3, "handset", "handset", "", 0x34, 0, 1, "7701123"),
    "bind_transceiver_resp": BindTransceiverResp(3, 0, "Shortcode"),
    "outbind": Outbind(4, "smsc", "passwo"),
    "unbind": Unbind(5),
    "unbind_resp": UnbindResp(5),
    "generic_nack": GenericNack(6, 3),
    "submit_sm": SubmitSm(
        7,
        service_type="CMT",
        source=HANDSET,
        destination=Address(0, 1, "9393"),
        esm_class=0x40,
        protocol_id=0x7F,
        priority_flag=3,
        registered_delivery=0x11,
        replace_if_present_flag=1,
        data_coding=8,
        sm_default_msg_id=5,
        short_message=b"\x04\x11",
        tlvs=(Tlv(Tag.USER_MESSAGE_REFERENCE, 0xABCD), Tlv(Tag.SOURCE_PORT, 9200)),
    ),
    "submit_sm_resp": SubmitSmResp(7, 0, "01234abc"),
    "submit_sm_times": SubmitSm(
        0x7FFF_FFFF,
        source=Address(5, 0, "MyBank"),
        destination=HANDSET,
        schedule_delivery_time="261021121530016+",
        data_coding=0xF5,
        short_message=b"Hello !",
    ),
    "submit_multi": SubmitMulti(
        8,
        source=CODE,
        destinations=(HANDSET, DistributionList("family"), Address(1, 1, "77021234567")),
        registered_delivery=1,
        short_message=b"hello",
        tlvs=(Tlv(Tag.MORE_MESSAGES_TO_SEND, 1),),
    ),
    "submit_multi_resp": SubmitMultiResp(
        8, 0, "m1", (UnsuccessSme(HANDSET, 0x0B),), (Tlv(Tag.NETWORK_ERROR_CODE, b"\x03\x00\x01"),)
    ),
    "deliver_sm": DeliverSm(
        9,
        service_type="USSD",
        source=Address(0, 0, "*100#"),
        destination=HANDSET,
        short_message=b"Bal: 1",
        tlvs=(Tlv(Tag.USSD_SERVICE_OP, 17), Tlv(Tag.ITS_SESSION_INFO, b"\x07\x03")),
    ),
    "deliver_sm_resp": DeliverSmResp(9, 0x64),
    "data_sm": DataSm(
        10,
        service_type="WAP",
        source=CODE,
        destination=HANDSET,
        data_coding=4,
        tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, bytes((7, 6, 5, 4, 3, 2, 1))),),
    ),
    "data_sm_resp": DataSmResp(10, 0xFE, "m2", (Tlv(Tag.DELIVERY_FAILURE_REASON, 0), Tlv(Tag.DPF_RESULT, 1))),
    "query_sm": QuerySm(11, "0123", CODE),
    "query_sm_resp": QuerySmResp(11, 0, "0123", "261021121530016+", 2, 0),
    "cancel_sm": CancelSm(12, "CMT", "0123", CODE, Address(1, 1, "770112345")),
    "cancel_sm_resp": CancelSmResp(12, 0x11),
    "replace_sm": ReplaceSm(13, "0123", CODE, "", "000002000000000R", 1, 0, b"new text!"),
    "replace_sm_resp": ReplaceSmResp(13, 0x13),
    "enquire_link": EnquireLink(14),
    "enquire_link_resp": EnquireLinkResp(14),
    "alert_notification": AlertNotification(15, HANDSET, CODE, (Tlv(Tag.MS_AVAILABILITY_STATUS, 0),)),
}
NAMES = sorted(CASES)


def test_every_command_of_smpp_3_4_has_golden_octets() -> None:
    """None can be forgotten: the case names cover the enumeration, less what 3.4 does not define."""
    covered = {CASES[name].command_id for name in NAMES}
    assert covered == set(CommandId) - BROADCAST_COMMANDS


def test_values_and_octets_come_in_pairs(golden: dict[str, bytes]) -> None:
    """Every section of the hex file has its value, and the other way round."""
    assert golden.keys() == CASES.keys()


@pytest.mark.parametrize("name", NAMES)
def test_octets_mean_the_value(golden: dict[str, bytes], name: str) -> None:
    """Decoding."""
    assert decode(golden[name]) == CASES[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_value_makes_the_octets(golden: dict[str, bytes], name: str) -> None:
    """Encoding, octet for octet."""
    assert encode(CASES[name]).hex() == golden[name].hex()


@pytest.mark.parametrize("name", NAMES)
def test_a_pdu_that_comes_octet_by_octet_is_one_frame(golden: dict[str, bytes], name: str) -> None:
    """Nothing comes before the last octet; with it, the whole."""
    framer = Framer()
    frames = [framer.feed(bytes((octet,))) for octet in golden[name]]
    assert frames[:-1] == [[]] * (len(golden[name]) - 1)
    assert frames[-1] == [golden[name]]
    assert framer.failure is None


def test_pdus_that_come_glued_together_are_cut_apart(golden: dict[str, bytes]) -> None:
    """All cases in one piece, with the beginning of one more that stays behind."""
    framer = Framer()
    wanted = [golden[name] for name in NAMES]
    assert framer.feed(b"".join(wanted) + b"\x00\x00\x00\x10\x00") == wanted
    assert framer.kept_octets == 5


@pytest.mark.parametrize("name", NAMES)
def test_octets_after_the_last_field_are_no_part_of_a_pdu(golden: dict[str, bytes], name: str) -> None:
    """Three octets without a meaning behind the body, counted in command_length: refused, never skipped."""
    octets = golden[name] + b"\xff\xff\xff"
    frame = len(octets).to_bytes(4, "big") + octets[4:]
    with pytest.raises(RecoverableError) as caught:
        decode(frame)
    assert caught.value.sequence_number == CASES[name].sequence_number
    assert caught.value.command_id == CASES[name].command_id


@pytest.mark.parametrize("name", NAMES)
def test_a_body_cut_anywhere_decodes_or_is_refused(golden: dict[str, bytes], name: str) -> None:
    """With a command_length that fits the shorter body; nothing but our own error comes out."""
    octets = golden[name]
    for end in range(16, len(octets)):
        frame = end.to_bytes(4, "big") + octets[4:end]
        try:
            shorter = decode(frame)
        except RecoverableError:
            continue
        assert encode(shorter)[16:] in {frame[16:], b"\x00", b"\x00\x00"}
