"""What is kept of a submitted message: its text and PDU, with everything masked that may be a code."""

from collections.abc import Iterator

from gateway.redaction import mask_octets, mask_pdu, mask_text
from gateway.smpp.pdus import SubmitSm
from gateway.smpp.tlv import Tag


def kept(pdu: SubmitSm, frame: bytes, text: str, *, segment: bool, secret_digits: bool) -> tuple[str, bytes]:
    """Text and PDU as they may be stored: nothing that is a code, a card number or looks like one.

    The octets are looked at whatever data_coding says of them: a wrong one must hide nothing.
    """
    masked_text = mask_text(text, secret_digits=secret_digits, segment=segment)
    for octets, esm_class in _looked_at(pdu):
        masked = mask_octets(
            octets, pdu.data_coding, secret_digits=secret_digits, esm_class=esm_class, segment=segment
        )
        if masked != octets:
            frame = mask_pdu(frame, octets, masked)
    return masked_text, frame


def _looked_at(pdu: SubmitSm) -> Iterator[tuple[bytes, int]]:
    """Everything that may hold what was typed, with its esm_class: clients repeat what was dialled in the
    destination and in parameters of their own.
    """
    yield pdu.short_message, pdu.esm_class
    yield pdu.destination.addr.encode("latin-1"), 0
    for tlv in pdu.tlvs:
        if isinstance(tlv.value, str):
            yield tlv.value.encode("latin-1"), 0
        elif isinstance(tlv.value, bytes):
            yield tlv.value, pdu.esm_class if tlv.tag == Tag.MESSAGE_PAYLOAD else 0
