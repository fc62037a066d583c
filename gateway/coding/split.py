"""A text as the segments that carry it (3GPP TS 23.040 section 9.2.3.24.1, TS 23.038)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.coding import gsm7
from gateway.coding.alphabet import DATA_CODING, Alphabet, encode
from gateway.coding.errors import TooLongError
from gateway.coding.graphemes import last_cut
from gateway.coding.udh import UDHI

SEGMENTS_MAX: Final = 255
#: 140 octets on the air; six go to the header of a part (and one bit of filling, for septets).
GSM7_SINGLE: Final = 160
GSM7_PART: Final = 153
UCS2_SINGLE: Final = 70
UCS2_PART: Final = 67

_LAST_BMP = "\uffff"


@dataclass(frozen=True, slots=True)
class Segment:
    """One short message: esm_class (UDHI or 0) and the octets with the header in front."""

    esm_class: int
    short_message: bytes


@dataclass(frozen=True, slots=True)
class Encoded:
    """A whole text, encoded. ``segments`` has at least one entry, also for the empty text."""

    alphabet: Alphabet
    data_coding: int
    segments: tuple[Segment, ...]


_GSM7_CODING = DATA_CODING[Alphabet.GSM7]
_UCS2_CODING = DATA_CODING[Alphabet.UCS2]


def split(text: str, *, reference: int) -> Encoded:
    """Encode in GSM 7 bit where it can be, else in UCS-2; cut where it does not fit one segment.

    ``reference`` marks the parts of one message (its low eight bits are used) and should differ between
    messages that are on their way to one handset. Raises TooLongError over 255 segments, CodingError for a
    text with half a surrogate pair.
    """
    septets = gsm7.try_encode(text)
    if septets is not None:
        if len(septets) <= GSM7_SINGLE:
            return Encoded(Alphabet.GSM7, _GSM7_CODING, (Segment(0, septets),))
        return Encoded(Alphabet.GSM7, _GSM7_CODING, _number(list(_cut_septets(septets)), reference))
    octets = encode(Alphabet.UCS2, text)
    if len(octets) <= 2 * UCS2_SINGLE:
        return Encoded(Alphabet.UCS2, _UCS2_CODING, (Segment(0, octets),))
    parts = [encode(Alphabet.UCS2, part) for part in _cut_units(text)]
    return Encoded(Alphabet.UCS2, _UCS2_CODING, _number(parts, reference))


def _number(parts: list[bytes], reference: int) -> tuple[Segment, ...]:
    """Put the header in front of each part: length 5, element 0x00 of 3 octets."""
    if len(parts) > SEGMENTS_MAX:
        raise TooLongError(f"the text needs {len(parts)} segments; a message has at most {SEGMENTS_MAX}")
    start = bytes((5, 0, 3, reference & 0xFF, len(parts)))
    return tuple(Segment(UDHI, start + bytes((number,)) + part) for number, part in enumerate(parts, 1))


def _cut_septets(octets: bytes) -> Iterator[bytes]:
    at = 0
    while len(octets) - at > GSM7_PART:
        cut = at + GSM7_PART
        # Neither an escape pair nor CR LF is cut; both have their first half just before the cut then.
        if octets[cut - 1] == gsm7.ESCAPE or octets[cut - 1 : cut + 1] == b"\r\n":
            cut -= 1
        yield octets[at:cut]
        at = cut
    yield octets[at:]


def _cut_units(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        cut = last_cut(text, at, end_of_units(text, at, UCS2_PART))
        yield text[at:cut]
        at = cut


def end_of_units(text: str, start: int, units: int) -> int:
    """The largest ``end`` such that ``text[start:end]`` takes at most ``units`` UTF-16 code units."""
    chars = text[start : start + units]
    if len(chars.encode("utf-16-be")) == 2 * len(chars):
        return start + len(chars)
    end = start
    for char in chars:
        units -= 2 if char > _LAST_BMP else 1
        if units < 0:
            break
        end += 1
    return end
