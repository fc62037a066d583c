"""A deliver_sm or data_sm as a typed value, free of smpplib."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Self

from simulator.text import message_class

USSD_SERVICE_TYPE: Final = "USSD"
_HEADER_OCTETS: Final = 16
_MESSAGE_TYPE_BITS: Final = 0x3C
#: dest_addr_subunit of the display (SMPP 3.4 section 5.3.2.1).
_MS_DISPLAY: Final = 1
_FLASH_CLASS: Final = 0


class MessageType(IntEnum):
    """Bits 5 to 2 of esm_class (SMPP 3.4 section 5.2.12)."""

    RECEIPT = 0x04
    DELIVERY_ACK = 0x08
    USER_ACK = 0x10
    INTERMEDIATE = 0x20


class AckWanted(IntEnum):
    """Bits 3 and 2 of registered_delivery (SMPP 3.4 section 5.2.17)."""

    DELIVERY = 0x04
    USER = 0x08


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
    """What a handset needs of a deliver_sm or data_sm (SMPP 3.4 sections 4.6.1 and 4.7.1)."""

    source: str
    source_ton: int = 0
    source_npi: int = 0
    service_type: str
    esm_class: int
    registered_delivery: int = 0
    data_coding: int
    payload: bytes
    ussd_service_op: int | None
    its_session_info: int | None
    sar: Concat | None
    user_message_reference: int | None = None
    receipted_message_id: str = ""
    message_state: int | None = None
    destination_port: int | None = None
    dest_addr_subunit: int | None = None
    #: The PDU without its header: two deliveries of one message differ in the sequence_number only.
    body: bytes

    @property
    def is_ussd(self) -> bool:
        """Part of a USSD dialogue, not a message for the inbox."""
        return self.ussd_service_op is not None or self.service_type == USSD_SERVICE_TYPE

    @property
    def message_type(self) -> MessageType | None:
        """None for a message that is to be shown, whatever else its bits say."""
        return _MESSAGE_TYPES.get(self.esm_class & _MESSAGE_TYPE_BITS)

    @property
    def is_report(self) -> bool:
        """A receipt or an acknowledgement: it says something about a message that was sent."""
        return self.message_type is not None

    @property
    def is_flash(self) -> bool:
        """Shown at once and not stored."""
        return message_class(self.data_coding) == _FLASH_CLASS or self.dest_addr_subunit == _MS_DISPLAY

    def wants(self, acknowledgement: AckWanted) -> bool:
        """The sender asks for this acknowledgement."""
        return bool(self.registered_delivery & acknowledgement)


_MESSAGE_TYPES: Final = {int(each): each for each in MessageType}


def read_delivery(pdu: Any, frame: bytes) -> Delivery:
    """Take what is needed from smpplib's object; ``frame`` is the PDU as it came."""
    return Delivery(
        source=_string(pdu.source_addr),
        source_ton=pdu.source_addr_ton,
        source_npi=pdu.source_addr_npi,
        service_type=_string(pdu.service_type),
        esm_class=pdu.esm_class,
        registered_delivery=pdu.registered_delivery,
        data_coding=pdu.data_coding,
        payload=pdu.short_message or pdu.message_payload or b"",
        ussd_service_op=pdu.ussd_service_op,
        its_session_info=pdu.its_session_info,
        sar=_sar(pdu),
        user_message_reference=pdu.user_message_reference,
        receipted_message_id=_string(pdu.receipted_message_id),
        message_state=pdu.message_state,
        destination_port=pdu.destination_port,
        dest_addr_subunit=pdu.dest_addr_subunit,
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
