"""What is kept of a submitted message: its text and PDU, with everything masked that may be a code."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from gateway.redaction import MASK, mask_octets, mask_pdu, mask_text
from gateway.smpp.codec import decode, encode
from gateway.smpp.pdus import DataSm, SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import Submit

_segments = re.compile(r"[*#]").split


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


def blinded(work: Submit) -> Submit:
    """The answer to a question for a secret, of which nothing may be kept but its length.

    Whatever a client repeats it in is covered too; addresses and its_session_info stay as they are.
    """
    pdu = decode(work.pdu)
    if not isinstance(pdu, SubmitSm | DataSm):
        raise TypeError(f"a {type(pdu).__name__} is no message")
    typed = "" if work.turn is None else work.turn.typed.reveal()
    changes: dict[str, Any] = {"tlvs": tuple(_blinded_tlv(each) for each in pdu.tlvs)}
    if isinstance(pdu, SubmitSm):
        changes["short_message"] = MASK.encode() * len(pdu.short_message)
    destination = work.destination
    if typed and typed in _segments(pdu.destination.addr):
        destination = MASK * len(pdu.destination.addr)
        changes["destination"] = dataclasses.replace(pdu.destination, addr=destination)
    return work._replace(
        text=MASK * len(work.text),
        pdu=encode(dataclasses.replace(pdu, **changes)),
        destination=destination,
    )


def _blinded_tlv(tlv: Tlv) -> Tlv:
    if tlv.tag == Tag.ITS_SESSION_INFO or not isinstance(tlv.value, str | bytes):
        return tlv
    mask: str | bytes = MASK if isinstance(tlv.value, str) else MASK.encode()
    return Tlv(tlv.tag, mask * len(tlv.value))
