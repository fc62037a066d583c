"""What of a PDU may stand in a capture: everything but passwords, voucher codes and card numbers.

A masked PDU has the length and the layout of the original, so that every dissector reads it the same.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from gateway.coding import gsm7, udh
from gateway.coding.errors import CodingError
from gateway.redaction import mask_octets, mask_text
from gateway.smpp.codec import encode
from gateway.smpp.constants import EsmClass
from gateway.smpp.errors import EncodeError
from gateway.smpp.fields import Address
from gateway.smpp.pdus import Bind, Outbind, Pdu
from gateway.smpp.tlv import Tag, Tlv

_HEADER_OCTETS: Final = 16
_MASK: Final = b"*"
#: A subscriber's number has more digits than any code of the operator.
_CODE_DIGITS_MAX: Final = 6
#: Sent to somewhere unknown or to many at once: as if it were a service that takes codes.
_ANYWHERE: Final = ("",)
#: Our own numbers; in decimal they look like codes.
_OWN_NUMBERS: Final = frozenset({Tag.RECEIPTED_MESSAGE_ID})
#: Bits of esm_class that say that a text is a receipt of ours (SMPP 3.4 section 5.2.12).
_RECEIPTS: Final = EsmClass.DELIVERY_RECEIPT | EsmClass.INTERMEDIATE_NOTIFICATION
_four_digits = re.compile(rb"[0-9]{4}").search
_each_printable = re.compile(rb"[!-~]").sub


def masked(frame: bytes, pdu: Pdu, *, inbound: bool) -> bytes:
    """The frame as it may be captured; ``inbound`` says that a client sent it. Same length, same layout.

    The rules are those of decision 0006: runs of 13 digits and more in every text, of 6 and more in what a
    client sends to a code. The octets are looked at as characters, as UCS-2 and as packed septets, whatever
    data_coding says of them.
    """
    if isinstance(pdu, Bind | Outbind):
        return _without_password(frame)
    changes = dict(_changes(pdu, inbound))
    if not changes:
        return frame
    try:
        shown = encode(dataclasses.replace(pdu, **changes))
    except EncodeError:
        return masked_unread(frame)
    return (
        frame[:_HEADER_OCTETS] + shown[_HEADER_OCTETS:] if len(shown) == len(frame) else masked_unread(frame)
    )


def masked_unread(frame: bytes) -> bytes:
    """A frame that nobody could read: its header, and of the rest only where visible characters stood."""
    return frame[:_HEADER_OCTETS] + _each_printable(_MASK, frame[_HEADER_OCTETS:])


def _without_password(frame: bytes) -> bytes:
    """The second C-octet string of the body becomes asterisks (SMPP 3.4 sections 4.1.1 and 4.1.7.1)."""
    start = frame.index(0, _HEADER_OCTETS) + 1
    end = frame.index(0, start)
    return frame[:start] + _MASK * (end - start) + frame[end:]


def _changes(pdu: Pdu, inbound: bool) -> Iterator[tuple[str, Any]]:
    """The fields that may hold what somebody typed and do hold a secret, with what may be shown of them."""
    destinations = tuple(_destinations(pdu))
    secret = inbound and _is_code(destinations)
    body = getattr(pdu, "short_message", b"")
    if (shown := _clean_text(body, pdu, secret)) != body:
        yield "short_message", shown
    tlvs = getattr(pdu, "tlvs", ())
    if tlvs and (cleaned := tuple(_clean_tlv(tlv, pdu, secret, inbound) for tlv in tlvs)) != tlvs:
        yield "tlvs", cleaned
    one = getattr(pdu, "destination", None)
    if isinstance(one, Address) and (addr := _clean_address(one.addr)) != one.addr:
        yield "destination", dataclasses.replace(one, addr=addr)


def _clean_address(addr: str) -> str:
    """A dialled string may be the destination (interfaces.md "USSD over SMPP")."""
    return mask_text(addr, secret_digits=addr.startswith("*"))


def _clean_tlv(tlv: Tlv, pdu: Pdu, secret: bool, inbound: bool) -> Tlv:
    value = tlv.value
    if isinstance(value, int) or (tlv.tag in _OWN_NUMBERS and not inbound):
        return tlv
    if isinstance(value, str):
        return Tlv(tlv.tag, mask_text(value, secret_digits=secret))
    if tlv.tag == Tag.MESSAGE_PAYLOAD:
        return Tlv(tlv.tag, _clean_text(value, pdu, secret))
    return Tlv(tlv.tag, mask_octets(value, 0, secret_digits=secret))


def _destinations(pdu: Pdu) -> Iterable[str]:
    one = getattr(pdu, "destination", None)
    if isinstance(one, Address):
        return (one.addr,)
    many = getattr(pdu, "destinations", None)
    if many is None:
        return _ANYWHERE
    return [each.addr for each in many if isinstance(each, Address)]


def _is_code(destinations: tuple[str, ...]) -> bool:
    """True where at least one is a short code, a service code or nothing at all (the code is in the text)."""
    return any(len(addr) <= _CODE_DIGITS_MAX or addr.startswith("*") for addr in destinations)


def _clean_text(octets: bytes, pdu: Pdu, secret: bool) -> bytes:
    if not octets:
        return octets
    esm_class, data_coding = getattr(pdu, "esm_class", 0), getattr(pdu, "data_coding", 0)
    if not secret and esm_class & _RECEIPTS and not esm_class & udh.UDHI:
        return _clean_receipt(octets)
    in_parts = any(
        each.tag == Tag.SAR_TOTAL_SEGMENTS and each.value != 1 for each in getattr(pdu, "tlvs", ())
    )
    cleaned = mask_octets(octets, data_coding, secret_digits=secret, esm_class=esm_class, segment=in_parts)
    return _clean_packed(cleaned, secret, esm_class, in_parts)


def _clean_receipt(octets: bytes) -> bytes:
    """Ids and dates stay; what is quoted of the message after ``text:`` is cleaned (Appendix B)."""
    start = octets.lower().rfind(b"text:") + 1
    return octets[:start] + mask_octets(octets[start:], 0, secret_digits=False)


def _clean_packed(octets: bytes, secret: bool, esm_class: int, in_parts: bool) -> bytes:
    """Where the octets are packed septets (TS 23.038 section 6.1.2), digits are seen only after unpacking."""
    header, body, fill_bits = _packed_body(octets, esm_class)
    septets = _unpacked(body, fill_bits)
    # Any octets show a digit or two when they are read so; four in a row were meant as digits.
    if not _four_digits(septets):
        return octets
    cleaned = mask_octets(septets, 0, secret_digits=secret, segment=in_parts or len(header) > 0)
    return header + _packed(cleaned, fill_bits) if cleaned != septets else octets


def _unpacked(body: bytes, fill_bits: int) -> bytes:
    """The septets, one per octet; by sevens, because a number of 64 K octets is slow to shift."""
    shifted = (int.from_bytes(body, "little") >> fill_bits).to_bytes(len(body), "little")
    pieces = (shifted[at : at + 7] for at in range(0, len(shifted), 7))
    septets = b"".join(gsm7.unpack(piece, len(piece) * 8 // 7) for piece in pieces)
    return septets[: max(0, len(body) * 8 - fill_bits) // 7]


def _packed(septets: bytes, fill_bits: int) -> bytes:
    """The reverse, by eights."""
    octets = b"".join(gsm7.pack(septets[at : at + 8]) for at in range(0, len(septets), 8))
    length = (len(septets) * 7 + fill_bits + 7) // 8
    return (int.from_bytes(octets, "little") << fill_bits).to_bytes(length, "little")


def _packed_body(octets: bytes, esm_class: int) -> tuple[bytes, bytes, int]:
    """Header, text, and the zero bits between them that align septets (TS 23.040 section 9.2.3.24)."""
    if not esm_class & udh.UDHI:
        return b"", octets, 0
    try:
        _, body = udh.parse(octets)
    except CodingError:
        return b"", octets, 0
    header = octets[: len(octets) - len(body)]
    return header, body, -len(header) * 8 % 7
