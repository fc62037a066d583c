"""How much fits one short message, and where a body that does not fit is cut."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

from gateway.coding import shifts
from gateway.coding.alphabet import Alphabet, decode
from gateway.coding.errors import CodingError
from gateway.coding.graphemes import last_cut
from gateway.coding.gsm7 import ESCAPE
from gateway.coding.shifts import NO_SHIFT, Shift

#: TP-User-Data of one short message (TS 23.040 section 9.2.3.24).
OCTETS: Final = 140
#: One octet a septet over SMPP; on the air they are packed.
_SEVEN_BIT = frozenset((Alphabet.GSM7, Alphabet.IA5))
#: An escape pair, a surrogate pair: what a part must at least hold to get on.
_ROOM_MIN: Final = 4

_CHARACTERS = re.compile(rb"\x1b.|[^\x1b]", re.DOTALL)
_LAST_BMP = "\uffff"


def room(alphabet: Alphabet, header_octets: int = 0) -> int:
    """How many octets of a body stand beside a header: septets (one per octet) for GSM 7 bit and IA5, whole
    characters for UCS-2. The length octet of the header counts as part of it.
    """
    octets = OCTETS - header_octets
    if alphabet in _SEVEN_BIT:
        return octets * 8 // 7
    return octets & ~1 if alphabet is Alphabet.UCS2 else octets


def cut(alphabet: Alphabet, octets: bytes, size: int, shift: Shift = NO_SHIFT) -> Iterator[bytes]:
    """Pieces of at most ``size`` octets. No escape pair, surrogate pair, CR LF or combining sequence is cut.

    Raises CodingError for octets that cannot be read, and for a size that lets no character pass.
    """
    if size < _ROOM_MIN:
        raise CodingError("the user data header leaves no room for text")
    if alphabet is Alphabet.GSM7:
        return cut_septets(octets, size) if shift == NO_SHIFT else _cut_shifted(octets, size, shift)
    if alphabet is Alphabet.UCS2:
        return _cut_ucs2(octets, size)
    return (octets[at : at + size] for at in range(0, len(octets), size))


def cut_septets(octets: bytes, size: int) -> Iterator[bytes]:
    """Pieces of a text in the default alphabet, which has no combining characters. At least one piece."""
    at = 0
    while len(octets) - at > size:
        end = at + size
        if _is_within_pair(octets, at, end) or _is_within_line_end(octets, at, end):
            end -= 1
        yield octets[at:end]
        at = end
    yield octets[at:]


def _is_within_pair(octets: bytes, start: int, end: int) -> bool:
    """True when an odd number of escapes stands just before the cut: 0x1B 0x1B is a pair by itself."""
    first = end
    while first > start and octets[first - 1] == ESCAPE:
        first -= 1
    return (end - first) % 2 == 1


def _is_within_line_end(octets: bytes, start: int, end: int) -> bool:
    """True between CR and LF, unless the CR is the second half of a pair."""
    return octets[end - 1 : end + 1] == b"\r\n" and not _is_within_pair(octets, start, end - 1)


def _cut_shifted(octets: bytes, size: int, shift: Shift) -> Iterator[bytes]:
    text = shifts.decode(octets, shift)
    return _cut_characters(text, octets, map(len, _CHARACTERS.findall(octets)), size)


def _cut_ucs2(octets: bytes, size: int) -> Iterator[bytes]:
    text = str(decode(0x08, octets))
    return _cut_characters(text, octets, [4 if char > _LAST_BMP else 2 for char in text], size)


def _cut_characters(text: str, octets: bytes, widths: Iterable[int], size: int) -> Iterator[bytes]:
    """Cut octets where their text may be cut; ``widths`` are the octets of each character."""
    ends = list(accumulate(widths, initial=0))
    at = 0
    while at < len(text):
        end = last_cut(text, at, bisect_right(ends, ends[at] + size) - 1)
        yield octets[ends[at] : ends[end]]
        at = end
