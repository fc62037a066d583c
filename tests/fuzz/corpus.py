"""Valid PDUs of all kinds, encoded: what mutations start from."""

from dataclasses import dataclass
from typing import Any

from gateway.smpp import pdus
from gateway.smpp.codec import HEADER_OCTETS, encode
from gateway.smpp.pdus import Address, DistributionList, Pdu, UnsuccessSme
from gateway.smpp.tlv import Tag, Tlv

AN_HOUR = "000000010000000R"
_TO_HANDSET = Address(1, 1, "77781234567")
_TLVS = (
    Tlv(Tag.USER_MESSAGE_REFERENCE, 4711),
    Tlv(Tag.SOURCE_PORT, 9200),
    Tlv(Tag.CALLBACK_NUM, b"\x01\x01\x0177781234567"),
    Tlv(Tag.RECEIPTED_MESSAGE_ID, "f" * 32),
    Tlv(Tag.MORE_MESSAGES_TO_SEND, 1),
    Tlv(Tag.ALERT_ON_MESSAGE_DELIVERY, b""),
    Tlv(0x1500, b"vendor"),
)
_SAR = (Tlv(Tag.SAR_MSG_REF_NUM, 7), Tlv(Tag.SAR_TOTAL_SEGMENTS, 2), Tlv(Tag.SAR_SEGMENT_SEQNUM, 1))
_USSD = (Tlv(Tag.USSD_SERVICE_OP, 1), Tlv(Tag.ITS_SESSION_INFO, b"\x01\x02"))


@dataclass(frozen=True, slots=True)
class Seedling:
    """``octets`` of a whole PDU; its optional parameters begin at ``tlvs_at`` (its end where it has none)."""

    octets: bytes
    tlvs_at: int


def corpus(source: str, destination: str) -> tuple[Seedling, ...]:
    """PDUs from a sender who may send to that destination."""
    pair: dict[str, Any] = {"source": Address(1, 1, source), "destination": Address(0, 1, destination)}
    traffic = (*_submits(pair), *_others(pair))
    # Twice: it is what gets farthest.
    return tuple(_seedling(pdu) for pdu in (*_links(), *traffic, *traffic, *_responses()))


def _seedling(pdu: Pdu) -> Seedling:
    octets = encode(pdu)
    tlvs = getattr(pdu, "tlvs", ())
    tail = sum(len(encode(pdus.DataSm(tlvs=(tlv,)))) - len(encode(pdus.DataSm())) for tlv in tlvs)
    return Seedling(octets, len(octets) - tail)


def _links() -> tuple[Pdu, ...]:
    bind: dict[str, Any] = {"system_id": "handset", "password": "handset", "address_range": "^7778"}
    return (
        pdus.BindTransceiver(**bind),
        pdus.BindReceiver(**bind),
        pdus.BindTransmitter(**bind),
        pdus.EnquireLink(),
        pdus.Unbind(),
        pdus.Outbind(system_id="shop", password="hello"),
    )


def _submits(pair: dict[str, Any]) -> tuple[Pdu, ...]:
    segment: dict[str, Any] = {"esm_class": 0x40, "short_message": b"\x05\x00\x03\x07\x02\x01hello "}
    return (
        pdus.SubmitSm(**pair, short_message=b"hello", tlvs=_TLVS),
        pdus.SubmitSm(**pair, short_message=b"BAL"),
        pdus.SubmitSm(**pair, data_coding=8, short_message="Қазақ \U0001f44d".encode("utf-16-be")),
        pdus.SubmitSm(**pair, data_coding=4, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, bytes(range(256)) * 4),)),
        pdus.SubmitSm(**pair, **segment),
        pdus.SubmitSm(**pair, short_message=b"world", tlvs=_SAR),
        pdus.SubmitSm(**pair, esm_class=0x40, short_message=b"\x03\x24\x01\x01hello"),
        pdus.SubmitSm(**pair, esm_class=0x40, short_message=b"\x06\x05\x04\x0b\x84\x23\xf0push"),
        pdus.SubmitSm(**pair, service_type="USSD", short_message=b"*100#", tlvs=_USSD),
        pdus.SubmitSm(
            **pair,
            schedule_delivery_time=AN_HOUR,
            validity_period="000001000000000R",
            registered_delivery=0x11,
            priority_flag=3,
            replace_if_present_flag=1,
            short_message=b"later",
        ),
        pdus.SubmitSm(**pair, esm_class=0x02, sm_default_msg_id=1),
        pdus.DataSm(**pair, registered_delivery=1, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"data"), *_TLVS)),
        pdus.DataSm(**pair, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"data"), Tlv(Tag.SET_DPF, 1))),
        pdus.SubmitMulti(
            source=pair["source"],
            destinations=(pair["destination"], DistributionList("family"), _TO_HANDSET),
            short_message=b"to many",
            tlvs=_TLVS,
        ),
    )


def _others(pair: dict[str, Any]) -> tuple[Pdu, ...]:
    source = pair["source"]
    return (
        pdus.QuerySm(message_id="f" * 32, source=source),
        pdus.CancelSm(message_id="f" * 32, **pair),
        pdus.CancelSm(**pair),
        pdus.ReplaceSm(message_id="f" * 32, source=source, short_message=b"other", validity_period=AN_HOUR),
        pdus.DeliverSm(**pair, short_message=b"who sends this?", tlvs=_TLVS),
        pdus.AlertNotification(source=source, esme=pair["destination"], tlvs=_TLVS[:1]),
    )


def _responses() -> tuple[Pdu, ...]:
    return (
        pdus.DeliverSmResp(tlvs=_TLVS),
        pdus.DeliverSmResp(command_status=0x64, tlvs=(Tlv(Tag.NETWORK_ERROR_CODE, b"\x03\x00\x20"),)),
        pdus.DataSmResp(message_id="1", tlvs=_TLVS),
        pdus.SubmitSmResp(message_id="f" * 32),
        pdus.SubmitMultiResp(message_id="f" * 32, unsuccessful=(UnsuccessSme(_TO_HANDSET, 11),)),
        pdus.QuerySmResp(message_id="1", final_date="261122120000020+", message_state=2),
        pdus.BindTransceiverResp(system_id="shortcode", tlvs=(Tlv(Tag.SC_INTERFACE_VERSION, 0x34),)),
        pdus.EnquireLinkResp(),
        pdus.UnbindResp(),
        pdus.GenericNack(command_status=3),
    )


#: The shortest PDU there is.
assert min(len(each.octets) for each in corpus("1", "2")) == HEADER_OCTETS
