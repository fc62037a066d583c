"""A submitted message as the PDUs for its receiver: a handset, or an application in its own way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from zlib import crc32

from gateway.coding.alphabet import DATA_CODING, Alphabet, alphabet_of, encode
from gateway.coding.assemble import Joined
from gateway.coding.default_alphabet import from_peer, to_peer
from gateway.coding.errors import CodingError
from gateway.coding.fragments import fragments, join_payload
from gateway.coding.gsm7 import is_gsm7
from gateway.coding.packed import repack
from gateway.config import Account, DefaultAlphabet, DeliverWith, Septets
from gateway.message_ids import IdForm, base_id
from gateway.receipts import FORMATS
from gateway.rendering import address
from gateway.routing import Route, RouteKind
from gateway.smpp.codec import decode as decode_pdu
from gateway.smpp.codec import encode as encode_pdu
from gateway.smpp.constants import EsmClass, RegisteredDelivery
from gateway.smpp.fields import SHORT_MESSAGE_OCTETS_MAX
from gateway.smpp.pdus import DataSm, DeliverSm, SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import Submit

P = TypeVar("P", SubmitSm, DeliverSm)

#: Bits of esm_class that are the receiver's business: the mode is the SMSC's.
_PASSED_ON = int(EsmClass.UDHI | EsmClass.REPLY_PATH | EsmClass.TYPE)
_UDHI = int(EsmClass.UDHI)
_ACKNOWLEDGEMENT = int(EsmClass.DELIVERY_ACKNOWLEDGEMENT | EsmClass.USER_ACKNOWLEDGEMENT)
_SME_ACK = int(RegisteredDelivery.SME_ACK)
#: What one short message surely carries, whatever its alphabet (3GPP TS 23.040 section 9.2.3.24).
_SM_OCTETS = 140
#: As much as the length of a TLV can say.
_PAYLOAD_OCTETS_MAX = 0xFFFF
SEGMENT_TAGS = frozenset(
    {Tag.MESSAGE_PAYLOAD, Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM}
)
_DEFAULT_ALPHABETS = {
    DefaultAlphabet.LATIN1: Alphabet.LATIN1,
    DefaultAlphabet.IA5: Alphabet.IA5,
}


@dataclass(frozen=True, slots=True)
class Way:
    """How one account's texts differ from ours: unpacked septets, data_coding 0 for GSM 7-bit."""

    packed: bool = False
    default: Alphabet | None = None

    @classmethod
    def of(cls, account: Account) -> "Way":
        """The way of an account."""
        return cls(account.septets is Septets.PACKED, _DEFAULT_ALPHABETS.get(account.default_alphabet))

    def read(self, pdu: SubmitSm) -> SubmitSm:
        """What the account submitted, in our way. Raises CodingError."""
        if self.default is not None:
            return replace(pdu, data_coding=from_peer(pdu.data_coding, self.default))
        if self.packed and alphabet_of(pdu.data_coding) is Alphabet.GSM7:
            return with_body(pdu, repack(body_of(pdu), pdu.esm_class, to_packed=False))
        return pdu

    def write(self, pdu: DeliverSm) -> DeliverSm:
        """What the account is to get, in its way; a text behind a header stays in GSM 7-bit."""
        if self.default is not None and not pdu.esm_class & _UDHI:
            data_coding, octets = to_peer(pdu.data_coding, body_of(pdu), self.default)
            return with_body(replace(pdu, data_coding=data_coding), octets)
        if self.packed and alphabet_of(pdu.data_coding) is Alphabet.GSM7:
            return with_body(pdu, repack(body_of(pdu), pdu.esm_class, to_packed=True))
        return pdu


OURS = Way()


def body_of(pdu: SubmitSm | DeliverSm) -> bytes:
    """The user data: message_payload where it is there, else short_message."""
    payload = pdu.tlv_bytes(Tag.MESSAGE_PAYLOAD)
    return pdu.short_message if payload is None else payload


def with_body(pdu: P, octets: bytes) -> P:
    """The PDU with other user data: in short_message where it fits and was, else in message_payload.

    Raises CodingError where not even that has room.
    """
    if len(octets) > _PAYLOAD_OCTETS_MAX:
        raise CodingError(f"in the receiver's alphabet the text would have {len(octets)} octets")
    tlvs: tuple[Tlv, ...] = tuple(tlv for tlv in pdu.tlvs if tlv.tag != Tag.MESSAGE_PAYLOAD)
    if len(octets) <= SHORT_MESSAGE_OCTETS_MAX and len(tlvs) == len(pdu.tlvs):
        return replace(pdu, short_message=octets)
    return replace(pdu, short_message=b"", tlvs=(*tlvs, Tlv(Tag.MESSAGE_PAYLOAD, octets)))


class Onward:
    """Makes the payload of an outbox row: whole PDUs one after the other, sequence number 0."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._ways = {account.system_id: Way.of(account) for account in accounts}
        self._shown = {
            account.system_id: FORMATS[account.receipt_format].tlv_id.shown for account in accounts
        }
        self._by_data_sm = {
            account.system_id for account in accounts if account.deliver_with is DeliverWith.DATA_SM
        }

    def read(self, pdu: SubmitSm, system_id: str) -> SubmitSm:
        """What an account submitted, in our way. Raises CodingError."""
        return self._ways.get(system_id, OURS).read(pdu)

    def payload(
        self, pdu: SubmitSm, source: str, destination: str, route: Route, message_id: str = ""
    ) -> tuple[bytes, int]:
        """The PDUs for the receiver, and how many. Raises CodingError for what no handset can be sent.

        A receiver that is to acknowledge the message is told its id, so that it can name it.
        """
        acknowledged = pdu.registered_delivery & _SME_ACK
        named = (Tlv(Tag.RECEIPTED_MESSAGE_ID, base_id(message_id)),) if acknowledged and message_id else ()
        delivered = DeliverSm(
            service_type=pdu.service_type,
            source=address(source),
            destination=address(destination),
            esm_class=pdu.esm_class & _PASSED_ON,
            protocol_id=pdu.protocol_id,
            priority_flag=pdu.priority_flag,
            registered_delivery=acknowledged,
            data_coding=pdu.data_coding,
            short_message=pdu.short_message,
            tlvs=(*pdu.tlvs, *named) if named else pdu.tlvs,
        )
        if route.kind is RouteKind.ACCOUNT:
            return self.for_account(delivered, route.target), 1
        return _for_handset(delivered)

    def joined(self, work: Submit, joined: Joined) -> Submit:
        """The last segment's submit with the whole message in one message_payload. Raises CodingError."""
        whole = join_payload(joined.parts)
        last = decode_pdu(work.payload)
        if not isinstance(last, SubmitSm):
            raise CodingError("the segment is no submit_sm")
        kept = tuple(tlv for tlv in last.tlvs if tlv.tag not in SEGMENT_TAGS)
        plain = replace(
            last,
            esm_class=last.esm_class & ~_UDHI | whole.esm_class_bits,
            data_coding=whole.data_coding,
            short_message=b"",
            tlvs=(*kept, Tlv(Tag.MESSAGE_PAYLOAD, whole.message_payload)),
        )
        payload, parts = self.payload(plain, work.source, work.destination, work.route, work.message_id)
        return work._replace(part=None, payload=payload, parts=parts)

    def for_account(self, pdu: DeliverSm, system_id: str) -> bytes:
        """The one PDU that brings a message or receipt to an application."""
        way = self._ways.get(system_id, OURS)
        if way is not OURS:
            pdu = way.write(pdu)
        if pdu.esm_class & _ACKNOWLEDGEMENT:
            pdu = self._acknowledgement(pdu, system_id)
        if system_id in self._by_data_sm:
            return encode_pdu(_data_sm(pdu))
        return encode_pdu(pdu)

    def _acknowledgement(self, pdu: DeliverSm, system_id: str) -> DeliverSm:
        """A handset names the message by our own id, the account knows it in its form."""
        shown = self._shown.get(system_id)
        known = pdu.tlv_str(Tag.RECEIPTED_MESSAGE_ID)
        message_id = IdForm.HEX.read(known) if known is not None else None
        if shown is None or message_id is None:
            return pdu
        named = Tlv(Tag.RECEIPTED_MESSAGE_ID, shown(message_id))
        return replace(pdu, tlvs=tuple(named if tlv.tag == named.tag else tlv for tlv in pdu.tlvs))


def _for_handset(pdu: DeliverSm) -> tuple[bytes, int]:
    """One short message, or as many segments as the user data needs (3GPP TS 23.040 section 9.2.3.24.1)."""
    octets = body_of(pdu)
    # An empty message_payload is no other object than an empty short_message.
    if len(octets) <= _SM_OCTETS and octets is pdu.short_message and (octets or not pdu.tlvs):
        return encode_pdu(pdu), 1
    tlvs = tuple(tlv for tlv in pdu.tlvs if tlv.tag != Tag.MESSAGE_PAYLOAD)
    parts = fragments(pdu.data_coding, octets, reference=crc32(octets), esm_class=pdu.esm_class)
    if len(parts) > 1 and any(tlv.tag in SEGMENT_TAGS for tlv in tlvs):
        raise CodingError("one segment of a long message is too long for a short message")
    kept = pdu.esm_class & ~_UDHI
    made = [
        replace(pdu, esm_class=kept | part.esm_class_bits, short_message=part.short_message, tlvs=tlvs)
        for part in parts
    ]
    return b"".join(map(encode_pdu, made)), len(made)


def _data_sm(pdu: DeliverSm) -> DataSm:
    """The same as data_sm, which carries its text in message_payload alone (SMPP 3.4 section 4.7.1)."""
    tlvs = tuple(tlv for tlv in pdu.tlvs if tlv.tag != Tag.MESSAGE_PAYLOAD)
    return DataSm(
        service_type=pdu.service_type,
        source=pdu.source,
        destination=pdu.destination,
        esm_class=pdu.esm_class,
        registered_delivery=pdu.registered_delivery,
        data_coding=pdu.data_coding,
        tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, body_of(pdu)), *tlvs),
    )


def as_submit(pdu: DataSm) -> SubmitSm:
    """A data_sm as the submit_sm that asks for the same."""
    return SubmitSm(
        sequence_number=pdu.sequence_number,
        service_type=pdu.service_type,
        source=pdu.source,
        destination=pdu.destination,
        esm_class=pdu.esm_class,
        registered_delivery=pdu.registered_delivery,
        data_coding=pdu.data_coding,
        tlvs=pdu.tlvs,
    )


def canned(pdu: SubmitSm, text: str) -> SubmitSm:
    """The message that sm_default_msg_id names, in place of a text of its own."""
    alphabet = Alphabet.GSM7 if is_gsm7(text) else Alphabet.UCS2
    plain = replace(
        pdu, esm_class=pdu.esm_class & ~_UDHI, data_coding=DATA_CODING[alphabet], short_message=b""
    )
    return with_body(plain, encode(alphabet, text))
