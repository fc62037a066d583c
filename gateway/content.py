"""What the body of a ``submit_sm`` says: its text, its alphabet, and whether it is part of a longer one."""

from typing import NamedTuple

from gateway.coding.alphabet import Binary, alphabet_of, decode
from gateway.coding.errors import CodingError, UnknownDataCodingError
from gateway.coding.part import Part
from gateway.onward import OURS, SEGMENT_TAGS, Way
from gateway.parts import part_of
from gateway.smpp.constants import CommandStatus, EsmClass
from gateway.smpp.pdus import SubmitSm
from gateway.smpp.tlv import Tag

_UDHI = int(EsmClass.UDHI)


class Rejected(Exception):
    """The submit is answered with ``status``; ``reason`` is for the log."""

    def __init__(self, status: CommandStatus, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"{status.name}: {reason}")


class Content(NamedTuple):
    """What the body says: ``text`` is None for content without an alphabet that we read, ``part`` None for a
    message that is whole.
    """

    text: str | None
    encoding: str
    part: Part | None


def content_of(pdu: SubmitSm, source: str, way: Way) -> tuple[SubmitSm, Content]:
    """Decode the body; the PDU comes back in our way. Raises Rejected for one that is not what it says."""
    if pdu.tlvs and pdu.short_message and pdu.tlv(Tag.MESSAGE_PAYLOAD) is not None:
        raise Rejected(CommandStatus.ESME_RINVMSGLEN, "both short_message and message_payload")
    try:
        if way is not OURS:
            pdu = way.read(pdu)
        return pdu, _read_content(pdu, source)
    except UnknownDataCodingError as error:
        raise Rejected(CommandStatus.ESME_RINVDCS, str(error)) from error
    except CodingError as error:
        raise Rejected(CommandStatus.ESME_RINVMSGLEN, str(error)) from error


def _read_content(pdu: SubmitSm, source: str) -> Content:
    """Most messages are whole, and say so by having neither a header nor parameters for a body of parts."""
    if not pdu.esm_class & _UDHI and (not pdu.tlvs or SEGMENT_TAGS.isdisjoint([tlv.tag for tlv in pdu.tlvs])):
        decoded = decode(pdu.data_coding, pdu.short_message)
        text = None if isinstance(decoded, Binary) else decoded
        return Content(text, alphabet_of(pdu.data_coding)._value_, None)
    part = part_of(pdu, source)
    encoding = alphabet_of(pdu.data_coding)._value_
    return Content(_text(part), encoding, part if part.total > 1 else None)


def _text(part: Part) -> str | None:
    """The text of a segment; a sender may cut a character in two, which only the joined text puts right."""
    try:
        decoded = decode(part.data_coding, part.octets, shift=part.shift)
    except UnknownDataCodingError:
        raise
    except CodingError:
        if part.total == 1:
            raise
        return None
    return None if isinstance(decoded, Binary) else decoded
