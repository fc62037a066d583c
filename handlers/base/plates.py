"""Registration plates of cars as people type them, and the one form in which they are kept.

Services.md section 8: the old Kazakh form is a letter, three digits and two or three letters (``A111AAA``),
the new one three digits, two or three letters and the region from 01 to 20 (``123AAA02``).
"""

import re
import unicodedata
from typing import Final

#: The Cyrillic letters that have a Latin twin, in both cases.
_CYRILLIC: Final = "АВЕКМНОРСТУХІ"
_TWINS: Final = str.maketrans(_CYRILLIC + _CYRILLIC.lower(), "ABEKMHOPCTYXI" * 2)
_SEPARATORS: Final = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
#: What is longer is no plate, whatever stands between its letters; so a text of any length costs little.
_TYPED_CHARS_MAX: Final = 40
_PLATE: Final = re.compile(r"[A-Z][0-9]{3}[A-Z]{2,3}|[0-9]{3}[A-Z]{2,3}(?:0[1-9]|1[0-9]|20)")


def read_plate(typed: str) -> str | None:
    """The plate in Latin capitals, or None for what is none.

    Lower case, full-width and look-alike Cyrillic letters, spaces and dashes inside do not matter. Any other
    letter makes it no plate.
    """
    if len(typed) > _TYPED_CHARS_MAX:
        return None
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", typed)).translate(_TWINS)
    # What is in capitals must have been Latin before: others have capitals of two Latin letters.
    plate = plain.upper() if plain.isascii() else ""
    return plate if _PLATE.fullmatch(plate) else None
