"""A text in the national shift tables that need the fewest segments (3GPP TS 23.038 section 6.2.1.2)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.coding import shifts
from gateway.coding.alphabet import Alphabet
from gateway.coding.cuts import cut, room
from gateway.coding.errors import CodingError
from gateway.coding.shift_tables import LOCKING, SINGLE_SHIFT
from gateway.coding.shifts import Shift

#: The octets that one shift element and the concatenation element take in a header, and the header's length.
_SHIFT_ELEMENT = 3
_CONCAT_ELEMENT = 5
_LENGTH = 1


@dataclass(frozen=True, slots=True)
class National:
    """The septets of each segment, without their headers, and the shift that all of them announce."""

    shift: Shift
    parts: tuple[bytes, ...]

    @property
    def cost(self) -> tuple[int, int]:
        """Fewer segments are better; then fewer septets."""
        return len(self.parts), sum(map(len, self.parts))


def shortest(text: str, languages: Iterable[int]) -> National | None:
    """The best of the languages' tables, or None where none of them has every character.

    Of equals the first language wins, and the single shift table before the locking one: a handset that
    knows no national tables still shows most of such a text. Raises CodingError for an unknown language.
    """
    found = [national for shift in _shifts(languages) if (national := _national(text, shift)) is not None]
    return min(found, key=lambda national: national.cost, default=None)


def _shifts(languages: Iterable[int]) -> Iterator[Shift]:
    for language in languages:
        if not language or language not in SINGLE_SHIFT:
            raise CodingError(f"there is no shift table of language {language}")
        yield Shift(single=language)
        if language in LOCKING:
            yield Shift(locking=language)
            yield Shift(language, language)


def _national(text: str, shift: Shift) -> National | None:
    octets = shifts.try_encode(text, shift)
    if octets is None:
        return None
    header = _LENGTH + _SHIFT_ELEMENT * sum(map(bool, shift))
    if len(octets) <= room(Alphabet.GSM7, header):
        return National(shift, (octets,))
    size = room(Alphabet.GSM7, header + _CONCAT_ELEMENT)
    return National(shift, tuple(cut(Alphabet.GSM7, octets, size, shift)))
