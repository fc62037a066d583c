"""A text as USSD pages: each fits one operation with its footer (interfaces.md, "USSD over SMPP")."""

from typing import Final

from gateway.coding import gsm7
from gateway.coding.alphabet import Alphabet, encode
from gateway.coding.graphemes import last_cut
from gateway.coding.ussd import GSM7_SCREEN, UCS2_SCREEN, screen

#: A page ends with a line when that fills at least this part of it.
_LINE_PART: Final = 3


def pages(text: str, more: str, back: str) -> tuple[str, ...]:
    """The text as it is where it fits one screen; else cut at the ends of lines and words.

    ``more`` is the last line of each page but the last one ("98 More"), ``back`` of each but the first.
    A word is cut only where it is longer than a page. Every page is written in GSM 7 bit where it can be,
    whatever the others need. Raises CodingError for half a surrogate pair, ValueError for lines of the
    footer that leave no room.
    """
    if not screen(text).cut:
        return (text,)
    rest, found = text.strip(), list[str]()
    while rest:
        above = [back] if found else []
        if _fits(_join(rest, above)):
            found.append(_join(rest, above))
            break
        page, rest = _first(rest, [more, *above])
        found.append(page)
    return tuple(found) or ("",)


def _join(body: str, footer: list[str]) -> str:
    return "\n".join((body, *footer))


def _first(text: str, footer: list[str]) -> tuple[str, str]:
    """One page with its footer, and the text that is left."""
    end = _end(text, footer)
    if end < 1:
        raise ValueError("the footer leaves no room on a page")
    end = _border(text, end)
    return _join(text[:end].rstrip(), footer), text[end:].lstrip()


def _fits(text: str) -> bool:
    septets = gsm7.try_encode(text)
    if septets is not None:
        return len(septets) <= GSM7_SCREEN
    return len(encode(Alphabet.UCS2, text)) <= 2 * UCS2_SCREEN


def _end(text: str, footer: list[str]) -> int:
    """How many characters fit above the footer. Whatever fits, its beginnings fit too: so by halves."""
    low, high = 0, min(len(text), GSM7_SCREEN)
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(_join(text[:middle], footer)):
            low = middle
        else:
            high = middle - 1
    return low


def _border(text: str, end: int) -> int:
    """The end of a line or a word at or before ``end``; where there is none, between two characters.

    No-break spaces are no borders: they hold an amount together.
    """
    line = text.rfind("\n", 0, end + 1)
    if line * _LINE_PART >= end:
        return line
    word = max(line, text.rfind(" ", 0, end + 1))
    return word if word > 0 else last_cut(text, 0, end)
