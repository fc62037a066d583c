"""One long body as the short messages that carry it, and back: message_payload (SMPP 3.4 section 5.3.2.32)
on one side, parts with a concatenation element (3GPP TS 23.040 section 9.2.3.24.1) on the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.coding import gsm7, udh
from gateway.coding.alphabet import DATA_CODING, Alphabet, alphabet_of, encode
from gateway.coding.assemble import Joined
from gateway.coding.cuts import cut, room
from gateway.coding.errors import CodingError, TooLongError
from gateway.coding.part import Part
from gateway.coding.split import SEGMENTS_MAX

_NO_HEADER: Final = udh.UserDataHeader()
#: What a reader needs to know of every part; other elements belong to the place where they stand.
_IN_EVERY_PART = frozenset((udh.PORTS_8, udh.PORTS_16, udh.SINGLE_SHIFT, udh.LOCKING_SHIFT))


class Fragment(NamedTuple):
    """One short message: UDHI or 0, to be set in esm_class, and the octets with the header in front."""

    esm_class_bits: int
    short_message: bytes


@dataclass(frozen=True, slots=True)
class Payload:
    """A whole message in one body; ``header`` has no concatenation element."""

    data_coding: int
    header: udh.UserDataHeader
    octets: bytes = field(repr=False)

    @property
    def esm_class_bits(self) -> int:
        """UDHI where there is a header."""
        return udh.UDHI if self.header.elements else 0

    @property
    def message_payload(self) -> bytes:
        """The octets with the header, if any, in front."""
        return udh.build(self.header) + self.octets if self.header.elements else self.octets


def fragments(
    data_coding: int,
    body: bytes,
    *,
    reference: int,
    esm_class: int = 0,
    wide: bool = False,
    default: Alphabet = Alphabet.GSM7,
) -> tuple[Fragment, ...]:
    """Cut a body of up to 64 K, with its header where esm_class has UDHI, into what short messages carry:
    160 septets (one per octet; IA5 too), 70 UCS-2 characters, 140 octets of anything else, each less the
    header.

    A body that fits stays as it is. ``reference`` marks the parts, with its low 8 bits, or 16 if ``wide``;
    ``default`` is what data_coding 0 means. Ports and national shifts are repeated in each part, other
    elements stand in the first. Raises TooLongError over 255 parts, CodingError for a broken header, for a
    part of a longer message that is itself too long, and for octets that cannot be read.
    """
    header, octets = udh.parse(body) if esm_class & udh.UDHI else (_NO_HEADER, body)
    alphabet = alphabet_of(data_coding, default)
    if len(octets) <= room(alphabet, len(body) - len(octets)):
        return (Fragment(esm_class & udh.UDHI, body),)
    if header.concat is not None and header.concat.total > 1:
        raise CodingError("one part of a long message is too long for a short message")
    header = header.without(udh.CONCAT_8, udh.CONCAT_16)
    first = len(udh.build(_numbered(header, udh.Concat(0, 1, 1, wide))))
    pieces = list(cut(alphabet, octets, room(alphabet, first), header.shift))
    if len(pieces) > SEGMENTS_MAX:
        raise TooLongError(f"the message needs {len(pieces)} segments; it may have at most {SEGMENTS_MAX}")
    headers = _headers(header, reference & (0xFFFF if wide else 0xFF), len(pieces), wide)
    return tuple([Fragment(udh.UDHI, start + piece) for start, piece in zip(headers, pieces, strict=True)])


def _headers(header: udh.UserDataHeader, reference: int, total: int, wide: bool) -> Iterator[bytes]:
    for number in range(1, total + 1):
        yield udh.build(_numbered(header, udh.Concat(reference, total, number, wide)))
        if number == 1:
            header = udh.UserDataHeader(tuple([one for one in header.elements if one.iei in _IN_EVERY_PART]))


def _numbered(header: udh.UserDataHeader, concat: udh.Concat) -> udh.UserDataHeader:
    return udh.UserDataHeader((udh.concat_element(concat), *header.elements))


def join_payload(parts: Sequence[Part], default: Alphabet = Alphabet.GSM7) -> Payload:
    """All parts of a message, in order (``Joined.parts``), as one body.

    Parts in one coding keep it, octet by octet; others become one text, in GSM 7 bit or UCS-2. Raises
    CodingError for a mixture of text and 8 bit data, and for octets that then cannot be read.
    """
    first = parts[0]
    header = first.header.without(udh.CONCAT_8, udh.CONCAT_16)
    if len({(alphabet_of(part.data_coding, default), part.shift) for part in parts}) == 1:
        return Payload(first.data_coding, header, b"".join([part.octets for part in parts]))
    joined = Joined(source=first.source, destination=first.destination, parts=tuple(parts))
    text = str(joined.content(default))
    header = header.without(udh.SINGLE_SHIFT, udh.LOCKING_SHIFT)
    septets = gsm7.try_encode(text) if default is Alphabet.GSM7 else None
    if septets is not None:
        return Payload(DATA_CODING[Alphabet.GSM7], header, septets)
    return Payload(DATA_CODING[Alphabet.UCS2], header, encode(Alphabet.UCS2, text))
