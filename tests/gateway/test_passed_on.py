"""What has no meaning to the gateway reaches the receiver as it came: parameters, fields, bits of a field."""

from typing import Any

import pytest

from gateway.smpp.codec import decode
from gateway.smpp.pdus import Address, DeliverSm, SubmitSm
from gateway.smpp.tlv import TLVS, Tag, Tlv, TlvKind, TlvSpec, TlvValue
from gateway.work import Submit
from tests.gateway.stand import ALIYA, APP, Stand

#: What the gateway reads itself, or what only responses and receipts carry.
OURS = frozenset(
    {
        *(Tag.ADDITIONAL_STATUS_INFO_TEXT, Tag.CONGESTION_STATE, Tag.DELIVERY_FAILURE_REASON, Tag.DPF_RESULT),
        *(Tag.ITS_SESSION_INFO, Tag.MESSAGE_PAYLOAD, Tag.MESSAGE_STATE, Tag.MS_AVAILABILITY_STATUS),
        *(Tag.NETWORK_ERROR_CODE, Tag.QOS_TIME_TO_LIVE, Tag.RECEIPTED_MESSAGE_ID, Tag.SAR_MSG_REF_NUM),
        *(Tag.SAR_SEGMENT_SEQNUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SC_INTERFACE_VERSION, Tag.SET_DPF),
        *(Tag.USER_MESSAGE_REFERENCE, Tag.USSD_SERVICE_OP),
    }
)
PASSED = [spec for tag, spec in sorted(TLVS.items()) if tag not in OURS]


def value_of(spec: TlvSpec) -> TlvValue:
    """The greatest value or the longest octets that fit."""
    if spec.value_max is not None:
        return spec.value_max
    return "x" * (spec.octets_max - 1) if spec.kind is TlvKind.CSTRING else b"x" * spec.octets_max


def delivered(work: Submit) -> DeliverSm:
    """The one PDU for the receiver."""
    pdu = decode(work.payload)
    assert isinstance(pdu, DeliverSm)
    return pdu


def from_app(stand: Stand, **fields: Any) -> Submit:
    """A message of the demo application to a handset."""
    good: dict[str, Any] = {
        "source": Address(addr="1234"),
        "destination": Address(addr=ALIYA),
        "short_message": b"hi",
    }
    pdu = SubmitSm(**(good | fields))
    return stand.read(stand.session("app", APP), pdu)


@pytest.mark.conformance(
    "tlv.dest_addr_subunit",
    "tlv.dest_network_type",
    "tlv.dest_bearer_type",
    "tlv.dest_telematics_id",
    "tlv.source_addr_subunit",
    "tlv.source_network_type",
    "tlv.source_bearer_type",
    "tlv.source_telematics_id",
    "tlv.payload_type",
    "tlv.ms_msg_wait_facilities",
    "tlv.privacy_indicator",
    "tlv.source_subaddress",
    "tlv.dest_subaddress",
    "tlv.user_response_code",
    "tlv.source_port",
    "tlv.destination_port",
    "tlv.language_indicator",
    "tlv.callback_num_pres_ind",
    "tlv.callback_num_atag",
    "tlv.number_of_messages",
    "tlv.callback_num",
    "tlv.more_messages_to_send",
    "tlv.display_time",
    "tlv.sms_signal",
    "tlv.ms_validity",
    "tlv.alert_on_message_delivery",
    "tlv.its_reply_type",
)
@pytest.mark.parametrize("spec", PASSED, ids=lambda spec: spec.name)
def test_a_parameter_without_a_meaning_to_us_reaches_the_receiver(stand: Stand, spec: TlvSpec) -> None:
    """With its value, whichever way the message goes."""
    tlvs = (Tlv(spec.tag, value_of(spec)),)
    assert delivered(from_app(stand, tlvs=tlvs)).tlvs == tlvs
    assert delivered(stand.sms("hi", "1234", tlvs=tlvs)).tlvs == tlvs


@pytest.mark.conformance("submit_sm.protocol_id", "deliver_sm.protocol_id")
@pytest.mark.parametrize("protocol_id", [0, 0x41, 0xFF])
def test_the_protocol_id_reaches_the_receiver(stand: Stand, protocol_id: int) -> None:
    assert delivered(from_app(stand, protocol_id=protocol_id)).protocol_id == protocol_id


@pytest.mark.conformance("deliver_sm.priority_flag")
@pytest.mark.parametrize("priority", [0, 1, 2, 3])
def test_the_priority_is_shown_to_the_receiver(stand: Stand, priority: int) -> None:
    work = from_app(stand, priority_flag=priority)
    assert (delivered(work).priority_flag, work.priority) == (priority, priority)


@pytest.mark.conformance("deliver_sm.esm_class", "esm_class.REPLY_PATH", "esm_class.UDHI")
@pytest.mark.parametrize("mode", [0, 1, 2, 3])
@pytest.mark.parametrize("rest", [0x00, 0x08, 0x10, 0x40, 0x80, 0xC8])
def test_type_header_and_reply_path_reach_the_receiver_and_the_mode_does_not(
    stand: Stand, mode: int, rest: int
) -> None:
    """The mode is between sender and SMSC (SMPP 3.4 section 5.2.12)."""
    body = b"\x00hi" if rest & 0x40 else b"hi"
    assert delivered(from_app(stand, esm_class=mode | rest, short_message=body)).esm_class == rest


@pytest.mark.conformance("deliver_sm.service_type", "deliver_sm.registered_delivery")
def test_the_service_type_and_what_is_asked_of_the_receiver_reach_it(stand: Stand) -> None:
    """A receipt is the SMSC's to give; an acknowledgement the receiver's."""
    pdu = delivered(from_app(stand, service_type="CMT", registered_delivery=0x1D))
    assert (pdu.service_type, pdu.registered_delivery) == ("CMT", 0x0C)


@pytest.mark.conformance(
    "submit_sm.source_addr_ton",
    "submit_sm.source_addr_npi",
    "submit_sm.dest_addr_ton",
    "submit_sm.dest_addr_npi",
)
@pytest.mark.parametrize(("ton", "npi"), [(0, 0), (1, 1), (2, 8), (5, 0), (6, 18)])
def test_whatever_the_ton_and_npi_the_address_decides_and_is_shown_as_what_it_is(
    stand: Stand, ton: int, npi: int
) -> None:
    pdu = delivered(from_app(stand, source=Address(ton, npi, "1234"), destination=Address(ton, npi, ALIYA)))
    assert (pdu.source, pdu.destination) == (Address(3, 0, "1234"), Address(1, 1, ALIYA))


@pytest.mark.conformance("tlv.qos_time_to_live")
def test_qos_time_to_live_is_the_validity_where_no_other_is_given(stand: Stand) -> None:
    """SMPP 3.4 section 5.3.2.9: seconds; 0 says nothing."""
    hour = (Tlv(Tag.QOS_TIME_TO_LIVE, 3600),)
    assert from_app(stand, tlvs=hour).validity_s == 3600
    assert from_app(stand, tlvs=hour, validity_period="000000000100000R").validity_s == 60
    assert from_app(stand, tlvs=(Tlv(Tag.QOS_TIME_TO_LIVE, 0),)).validity_s is None
