"""Text from strangers, made safe for a terminal."""

import unicodedata
from typing import Final

_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
#: Embeddings, overrides and isolates: they could make a line read differently from what it says.
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def visible(text: str) -> str:
    """Line breaks stay; every other control character, such as a terminal's escape, becomes U+FFFD."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(_REPLACEMENT if _is_unsafe(character) else character for character in text)


def indented(text: str) -> str:
    """For a screen of several lines: the second and later ones are set in."""
    return visible(text).replace("\n", "\n    ")


def one_line(text: str) -> str:
    """For logs: line breaks become `` / ``."""
    return visible(text).replace("\n", " / ")


def _is_unsafe(character: str) -> bool:
    return (unicodedata.category(character) == "Cc" and character != "\n") or character in _BIDI
