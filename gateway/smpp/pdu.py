"""What every PDU is made of: a frozen value whose class body is its table of fields, in wire order.

A request has ``sequence_number``; a response also ``command_status``; where the specification allows
optional parameters, ``tlvs`` comes last. Every field has the NULL setting as its default.
"""

from dataclasses import dataclass
from typing import ClassVar

from gateway.smpp.constants import CommandId
from gateway.smpp.tlv import Tlv, TlvValue


@dataclass(frozen=True, slots=True)
class Pdu:
    """The base of all. ``sequence_number`` 0 stands for one that the session has yet to give."""

    command_id: ClassVar[CommandId]
    #: False where "the body is not returned" with an error (SMPP 3.4 sections 4.1.2 to 4.1.6, 4.4.2, 4.5.2).
    body_with_error: ClassVar[bool] = True
    #: True where a body may be left out even with ESME_ROK.
    body_optional: ClassVar[bool] = False

    sequence_number: int = 0


@dataclass(frozen=True, slots=True)
class Response(Pdu):
    """The base of the responses and of generic_nack."""

    command_status: int = 0


class WithTlvs:
    """Look-ups in ``tlvs``: the first of a tag counts, as the specification knows no repeats."""

    __slots__ = ()
    tlvs: tuple[Tlv, ...]

    def tlv(self, tag: int) -> TlvValue | None:
        """The value, or None where the tag is absent."""
        for each in self.tlvs:
            if each.tag == tag:
                return each.value
        return None

    def tlv_int(self, tag: int) -> int | None:
        """The value of an integer parameter, or None."""
        value = self.tlv(tag)
        return value if isinstance(value, int) else None

    def tlv_bytes(self, tag: int) -> bytes | None:
        """The value of an octet string parameter, or None."""
        value = self.tlv(tag)
        return value if isinstance(value, bytes) else None

    def tlv_str(self, tag: int) -> str | None:
        """The value of a C-octet string parameter, or None."""
        value = self.tlv(tag)
        return value if isinstance(value, str) else None
