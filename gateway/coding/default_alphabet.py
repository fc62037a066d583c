"""data_coding 0 of a peer whose "SMSC default alphabet" is not GSM 7 bit (SMPP 3.4 section 5.2.19).

Inside, 0 always means GSM 7 bit; what comes in is given the data_coding that says what it is, and what goes
out is written in the peer's alphabet where that has every character. Bodies come without their headers.
"""

from gateway.coding import shifts
from gateway.coding.alphabet import DATA_CODING, Alphabet, encode
from gateway.coding.errors import CodingError
from gateway.coding.shifts import NO_SHIFT, Shift


def from_peer(data_coding: int, default: Alphabet) -> int:
    """The data_coding that names the alphabet by itself: 3 for a 0 that means Latin-1. The octets stay."""
    return DATA_CODING[default] if data_coding == 0 else data_coding


def to_peer(data_coding: int, octets: bytes, default: Alphabet, shift: Shift = NO_SHIFT) -> tuple[int, bytes]:
    """data_coding and octets for the peer: a GSM 7 bit text of data_coding 0, and one in the peer's own
    alphabet, become data_coding 0; else, where a character is missing there, UCS-2.

    UCS-2 takes two octets a character, so that a full text no longer fits short_message. A text with a
    message class, and all other codings, stay as they are. Raises CodingError for octets that cannot be read.
    """
    if default is Alphabet.GSM7:
        return data_coding, octets
    if data_coding:
        return (0, octets) if data_coding == DATA_CODING[default] else (data_coding, octets)
    text = shifts.decode(octets, shift)
    try:
        return 0, encode(default, text)
    except CodingError:
        return DATA_CODING[Alphabet.UCS2], encode(Alphabet.UCS2, text)
