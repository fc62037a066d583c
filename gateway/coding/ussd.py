"""A text as one USSD screen: 182 septets or 80 UCS-2 characters (interfaces.md, "USSD over SMPP")."""

from functools import lru_cache
from typing import Final, NamedTuple

from gateway.coding import gsm7
from gateway.coding.alphabet import DATA_CODING, Alphabet, encode
from gateway.coding.graphemes import last_cut
from gateway.coding.split import end_of_units

#: 160 octets hold 182 packed septets; over SMPP each takes an octet.
GSM7_SCREEN: Final = 182
UCS2_SCREEN: Final = 80
#: A step needs its screen several times, and many subscribers see the same one.
_REMEMBERED: Final = 1_024

#: The default alphabet has no one-character ellipsis.
_GSM7_MORE = "..."
_UCS2_MORE = "…"


class Screen(NamedTuple):
    """What goes into deliver_sm. ``cut`` tells that the reader does not see all of the text, ``text`` is what
    the reader sees.
    """

    data_coding: int
    short_message: bytes
    cut: bool
    text: str


def screen(text: str) -> Screen:
    """Encode for one screen, in GSM 7 bit where it can be; a longer text ends at a word, with dots.

    What is shown is remembered for a while. Raises CodingError for a text with half a surrogate pair.
    """
    return _remembered(text) if len(text) <= GSM7_SCREEN else fresh_screen(text)


def fresh_screen(text: str) -> Screen:
    """The same for what is not to be remembered: what people typed, or somebody else's text."""
    octets = gsm7.try_encode(text)
    return _ucs2_screen(text) if octets is None else _gsm7_screen(text, octets)


_remembered: Final = lru_cache(maxsize=_REMEMBERED)(fresh_screen)


def _gsm7_screen(text: str, octets: bytes) -> Screen:
    cut = len(octets) > GSM7_SCREEN
    if cut:
        room = GSM7_SCREEN - len(_GSM7_MORE)
        text = _shorten(text, _end_of_septets(octets, room)) + _GSM7_MORE
        octets = gsm7.encode(text)
    return Screen(DATA_CODING[Alphabet.GSM7], octets, cut, text)


def _ucs2_screen(text: str) -> Screen:
    octets = encode(Alphabet.UCS2, text)
    cut = len(octets) > 2 * UCS2_SCREEN
    if cut:
        end = end_of_units(text, 0, UCS2_SCREEN - len(_UCS2_MORE))
        text = _shorten(text, end) + _UCS2_MORE
        octets = encode(Alphabet.UCS2, text)
    return Screen(DATA_CODING[Alphabet.UCS2], octets, cut, text)


def _end_of_septets(octets: bytes, room: int) -> int:
    """How many whole characters the first ``room`` septets hold: an escape is no character."""
    return room - octets.count(gsm7.ESCAPE, 0, room)


def _shorten(text: str, end: int) -> str:
    """At most ``end`` characters, up to the end of a word where the last half of the room has one."""
    end = last_cut(text, 0, end)
    if not text[end : end + 1].isspace():
        gap = max(text.rfind(" ", end // 2, end), text.rfind("\n", end // 2, end))
        end = gap if gap > 0 else end
    return text[:end].rstrip()
