"""One received segment, and what says which part of which message it is (3GPP TS 23.040 section
9.2.3.24.1, SMPP 3.4 sections 5.3.2.22 to 5.3.2.24).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.coding import udh
from gateway.coding.alphabet import Alphabet, Binary, alphabet_of, decode
from gateway.coding.errors import CodingError
from gateway.coding.shifts import Shift

SAR_MSG_REF_NUM: Final = 0x020C
SAR_TOTAL_SEGMENTS: Final = 0x020E
SAR_SEGMENT_SEQNUM: Final = 0x020F

_NO_HEADER: Final = udh.UserDataHeader()
_WHOLE: Final = udh.Concat(reference=0, total=1, number=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One received segment; a message that is not concatenated has ``total`` 1.

    ``octets`` is the body without its header. ``token`` is the caller's own name for the segment (the id
    of its stored message) and comes back with whatever becomes of it.
    """

    source: str
    destination: str
    data_coding: int
    octets: bytes = field(repr=False)
    reference: int = 0
    total: int = 1
    number: int = 1
    header: udh.UserDataHeader = _NO_HEADER
    token: str = ""

    @property
    def shift(self) -> Shift:
        """The national languages that the header announces."""
        return self.header.shift

    def content(self, default: Alphabet = Alphabet.GSM7) -> str | Binary:
        """The text of this part alone; ``default`` is what data_coding 0 means. Raises CodingError."""
        return decode(self.data_coding, self.octets, default, self.header.shift)


def read_part(
    *,
    source: str,
    destination: str,
    esm_class: int,
    data_coding: int,
    short_message: bytes,
    tlvs: Mapping[int, int | bytes],
    token: str = "",
) -> Part:
    """A received PDU as a part. The user data header wins over SAR TLVs (SMPP 3.4 section 5.3.2.22).

    Raises CodingError for a broken header, an unknown data_coding, and for a part number of 0 or over
    the total: TS 23.040 would have the number ignored, but half a text must not pass for a whole one.
    """
    alphabet_of(data_coding)
    header, octets = _NO_HEADER, short_message
    concat = _sar(tlvs) if tlvs else None
    if esm_class & udh.UDHI:
        header, octets = udh.parse(short_message)
        concat = header.concat or concat
    if concat is None:
        concat = _WHOLE
    elif not 1 <= concat.number <= concat.total <= 255:
        raise CodingError(f"part {concat.number} of {concat.total} cannot be")
    return Part(
        source=source,
        destination=destination,
        data_coding=data_coding,
        octets=octets,
        reference=concat.reference,
        total=concat.total,
        number=concat.number,
        header=header,
        token=token,
    )


def sar_tlvs(reference: int, total: int, number: int) -> dict[int, int]:
    """The values of the three SAR TLVs by tag, for a part without a concatenation element (SMPP 3.4
    sections 5.3.2.22 to 5.3.2.24). Of the reference the low 16 bits are used; ``number`` counts from 1.

    Raises CodingError for a part that cannot be.
    """
    if not 1 <= number <= total <= 255:
        raise CodingError(f"part {number} of {total} cannot be")
    return {SAR_MSG_REF_NUM: reference & 0xFFFF, SAR_TOTAL_SEGMENTS: total, SAR_SEGMENT_SEQNUM: number}


def _sar(tlvs: Mapping[int, int | bytes]) -> udh.Concat | None:
    """The three SAR TLVs; without all of them none counts (SMPP 3.4 section 5.3.2.22)."""
    values = [tlvs.get(tag) for tag in (SAR_MSG_REF_NUM, SAR_TOTAL_SEGMENTS, SAR_SEGMENT_SEQNUM)]
    if None in values:
        return None
    reference, total, number = (
        int.from_bytes(value, "big") if isinstance(value, bytes) else value or 0 for value in values
    )
    return udh.Concat(reference=reference, total=total, number=number, wide=True)
