"""A text as the segments that carry it (3GPP TS 23.040 section 9.2.3.24.1, TS 23.038)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.coding import gsm7, udh
from gateway.coding.alphabet import DATA_CODING, Alphabet, encode
from gateway.coding.cuts import cut_septets
from gateway.coding.errors import TooLongError
from gateway.coding.graphemes import last_cut
from gateway.coding.national import National, shortest
from gateway.coding.shifts import NO_SHIFT, Shift
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
    """A whole text, encoded. ``segments`` has at least one entry, also for the empty text; the headers of
    all of them announce ``shift``.
    """

    alphabet: Alphabet
    data_coding: int
    segments: tuple[Segment, ...]
    shift: Shift = NO_SHIFT


_GSM7_CODING = DATA_CODING[Alphabet.GSM7]
_UCS2_CODING = DATA_CODING[Alphabet.UCS2]


def split(text: str, *, reference: int, languages: Sequence[int] = ()) -> Encoded:
    """Encode in GSM 7 bit where it can be, else in UCS-2; cut where it does not fit one segment.

    ``reference`` marks the parts of one message (its low eight bits are used) and should differ between
    messages that are on their way to one handset. ``languages`` are national language identifiers whose
    shift tables may be used where that takes fewer segments than UCS-2. Raises TooLongError over 255
    segments, CodingError for a text with half a surrogate pair or an unknown language.
    """
    septets = gsm7.try_encode(text)
    if septets is not None:
        if len(septets) <= GSM7_SINGLE:
            return Encoded(Alphabet.GSM7, _GSM7_CODING, (Segment(0, septets),))
        return Encoded(Alphabet.GSM7, _GSM7_CODING, _number(list(cut_septets(septets, GSM7_PART)), reference))
    octets = encode(Alphabet.UCS2, text)
    if len(octets) <= 2 * UCS2_SINGLE:
        return Encoded(Alphabet.UCS2, _UCS2_CODING, (Segment(0, octets),))
    parts = [encode(Alphabet.UCS2, part) for part in _cut_units(text)]
    national = shortest(text, languages) if languages else None
    if national is not None and len(national.parts) < len(parts):
        return _shifted(national, reference)
    return Encoded(Alphabet.UCS2, _UCS2_CODING, _number(parts, reference))


def _shifted(national: National, reference: int) -> Encoded:
    elements = udh.shift_elements(national.shift)
    header = udh.build(udh.UserDataHeader(elements))
    if len(national.parts) == 1:
        segments: tuple[Segment, ...] = (Segment(UDHI, header + national.parts[0]),)
    else:
        segments = _number(list(national.parts), reference, header[1:])
    return Encoded(Alphabet.GSM7, _GSM7_CODING, segments, national.shift)


def _number(parts: list[bytes], reference: int, elements: bytes = b"") -> tuple[Segment, ...]:
    """Put the header in front of each part: element 0x00 of 3 octets, then what all parts have."""
    if len(parts) > SEGMENTS_MAX:
        raise TooLongError(f"the text needs {len(parts)} segments; a message has at most {SEGMENTS_MAX}")
    start = bytes((5 + len(elements), 0, 3, reference & 0xFF, len(parts)))
    return tuple(
        Segment(UDHI, start + bytes((number,)) + elements + part) for number, part in enumerate(parts, 1)
    )


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
