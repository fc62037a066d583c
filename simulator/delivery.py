"""A deliver_sm as a typed value, free of smpplib."""

from dataclasses import dataclass
from typing import Any, Final, Self

USSD_SERVICE_TYPE: Final = "USSD"
_HEADER_OCTETS: Final = 16


@dataclass(frozen=True, slots=True)
class Concat:
    """Where a segment belongs: part ``number`` of ``total``, both from 1."""

    reference: int
    total: int
    number: int

    @classmethod
    def valid(cls, reference: int, total: int, number: int) -> Self | None:
        """None for numbers that make no sense: the message is then shown as if it stood alone."""
        return cls(reference, total, number) if 1 <= number <= total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a handset needs of a deliver_sm (SMPP 3.4 section 4.6.1)."""

    source: str
    service_type: str
    esm_class: int
    data_coding: int
    payload: bytes
    ussd_service_op: int | None
    its_session_info: int | None
    sar: Concat | None
    #: The PDU without its header: two deliveries of one message differ in the sequence_number only.
    body: bytes

    @property
    def is_ussd(self) -> bool:
        """Part of a USSD dialogue, not a message for the inbox."""
        return self.ussd_service_op is not None or self.service_type == USSD_SERVICE_TYPE


def read_delivery(pdu: Any, frame: bytes) -> Delivery:
    """Take what is needed from smpplib's object; ``frame`` is the PDU as it came."""
    return Delivery(
        source=_string(pdu.source_addr),
        service_type=_string(pdu.service_type),
        esm_class=pdu.esm_class,
        data_coding=pdu.data_coding,
        payload=pdu.short_message or pdu.message_payload or b"",
        ussd_service_op=pdu.ussd_service_op,
        its_session_info=pdu.its_session_info,
        sar=_sar(pdu),
        body=frame[_HEADER_OCTETS:],
    )


def _string(octets: bytes | None) -> str:
    return (octets or b"").decode("latin-1")


def _sar(pdu: Any) -> Concat | None:
    """Segmentation by optional parameters (SMPP 3.4 sections 5.3.2.22 to 5.3.2.24)."""
    if pdu.sar_msg_ref_num is None or pdu.sar_total_segments is None or pdu.sar_segment_seqnum is None:
        return None
    # Above both user data header spaces, so that references of different kinds never meet.
    return Concat.valid(0x2_0000 | pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum)
