"""The data_coding octet and the alphabets that it names (SMPP 3.4 section 5.2.19, 3GPP TS 23.038)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from gateway.coding import gsm7, shifts
from gateway.coding.errors import CodingError, UnknownDataCodingError
from gateway.coding.shifts import NO_SHIFT, Shift


class Alphabet(StrEnum):
    """How octets stand for characters. BINARY has none."""

    GSM7 = "GSM 7 bit"
    IA5 = "IA5"
    LATIN1 = "Latin-1"
    CYRILLIC = "ISO-8859-5"
    HEBREW = "ISO-8859-8"
    UCS2 = "UCS-2"
    BINARY = "8 bit"


@dataclass(frozen=True, slots=True)
class Binary:
    """Content without an alphabet."""

    octets: bytes


#: The octet that we send for an alphabet.
DATA_CODING: Mapping[Alphabet, int] = MappingProxyType(
    {
        Alphabet.GSM7: 0x00,
        Alphabet.IA5: 0x01,
        Alphabet.LATIN1: 0x03,
        Alphabet.BINARY: 0x04,
        Alphabet.CYRILLIC: 0x06,
        Alphabet.HEBREW: 0x07,
        Alphabet.UCS2: 0x08,
    }
)
#: TS 23.038 section 4, bits 3 and 2 of the general group (0x10 to 0x1F: a message class is given).
_GENERAL_GROUP = (Alphabet.GSM7, Alphabet.BINARY, Alphabet.UCS2)


def _general(data_coding: int) -> Alphabet | None:
    bits = data_coding >> 2 & 0b11
    return _GENERAL_GROUP[bits] if bits < len(_GENERAL_GROUP) else None


def _waiting(data_coding: int) -> Alphabet | None:
    """Message waiting groups 0xC0 to 0xEF: the last of the three is in UCS-2."""
    return Alphabet.UCS2 if data_coding >= 0xE0 else Alphabet.GSM7


def _class_group(data_coding: int) -> Alphabet | None:
    """Group 0xF0 to 0xFF: bit 2 tells 7 from 8 bit; bit 3 is reserved and says nothing."""
    return Alphabet.BINARY if data_coding & 0b100 else Alphabet.GSM7


def _alphabet_table() -> tuple[Alphabet | None, ...]:
    table: list[Alphabet | None] = [None] * 256
    for alphabet, data_coding in DATA_CODING.items():
        table[data_coding] = alphabet
    table[0x02] = Alphabet.BINARY
    groups: tuple[tuple[range, Callable[[int], Alphabet | None]], ...] = (
        (range(0x10, 0x20), _general),
        (range(0xC0, 0xF0), _waiting),
        (range(0xF0, 0x100), _class_group),
    )
    for octets, alphabet_of_octet in groups:
        for data_coding in octets:
            table[data_coding] = alphabet_of_octet(data_coding)
    return tuple(table)


_ALPHABETS = _alphabet_table()


def alphabet_of(data_coding: int, default: Alphabet = Alphabet.GSM7) -> Alphabet:
    """The alphabet of a data_coding octet; the message class (flash and the like) does not change it.

    ``default`` is what 0 means to the peer ("SMSC default alphabet", SMPP 3.4 section 5.2.19). Raises
    UnknownDataCodingError for reserved values, compressed text and alphabets that we do not read.
    """
    if data_coding == 0:
        return default
    alphabet = _ALPHABETS[data_coding] if 0 < data_coding <= 0xFF else None
    if alphabet is None:
        raise UnknownDataCodingError(f"data_coding 0x{data_coding:02X} is not supported")
    return alphabet


def _codec(name: str, alphabet: Alphabet) -> tuple[Callable[[str], bytes], Callable[[bytes], str]]:
    """Encoder and decoder from the standard library, with our error, which never quotes the content."""

    def encode_by(text: str) -> bytes:
        try:
            return text.encode(name)
        except UnicodeEncodeError as error:
            raise CodingError(f"character {error.start} cannot be written in {alphabet}") from None

    def decode_by(octets: bytes) -> str:
        try:
            return octets.decode(name)
        except UnicodeDecodeError as error:
            raise CodingError(f"octet {error.start} is not valid {alphabet}") from None

    return encode_by, decode_by


_CODECS: Mapping[Alphabet, tuple[Callable[[str], bytes], Callable[[bytes], str]]] = {
    Alphabet.GSM7: (gsm7.encode, gsm7.decode),
    Alphabet.IA5: _codec("ascii", Alphabet.IA5),
    Alphabet.LATIN1: _codec("latin-1", Alphabet.LATIN1),
    Alphabet.CYRILLIC: _codec("iso8859-5", Alphabet.CYRILLIC),
    Alphabet.HEBREW: _codec("iso8859-8", Alphabet.HEBREW),
    # Handsets send surrogate pairs under "UCS-2", so it is read and written as UTF-16.
    Alphabet.UCS2: _codec("utf-16-be", Alphabet.UCS2),
}


def encode(alphabet: Alphabet, text: str) -> bytes:
    """Octets of a text; GSM 7 bit is unpacked. Raises CodingError when the alphabet cannot write it."""
    if alphabet is Alphabet.BINARY:
        raise CodingError("a text cannot be written as 8 bit data")
    return _CODECS[alphabet][0](text)


def decode(
    data_coding: int, octets: bytes, default: Alphabet = Alphabet.GSM7, shift: Shift = NO_SHIFT
) -> str | Binary:
    """The text of a message body without its user data header, or Binary where there is no alphabet.

    ``default`` is what data_coding 0 means to the peer; ``shift`` is the national language of the header
    and counts for GSM 7 bit only. Raises UnknownDataCodingError, or CodingError for octets that break the
    rules of the alphabet.
    """
    if shift != NO_SHIFT or default is not Alphabet.GSM7:
        return _decode_as(alphabet_of(data_coding, default), octets, shift)
    decoder = _DECODERS[data_coding] if 0 <= data_coding <= 0xFF else None
    return (decoder or _decoder_of(alphabet_of(data_coding)))(octets)


def _decode_as(alphabet: Alphabet, octets: bytes, shift: Shift) -> str | Binary:
    if alphabet is Alphabet.GSM7 and shift != NO_SHIFT:
        return shifts.decode(octets, shift)
    return _decoder_of(alphabet)(octets)


def _decoder_of(alphabet: Alphabet) -> Callable[[bytes], str | Binary]:
    return Binary if alphabet is Alphabet.BINARY else _CODECS[alphabet][1]


#: By data_coding; None where alphabet_of raises.
_DECODERS = tuple([None if alphabet is None else _decoder_of(alphabet) for alphabet in _ALPHABETS])

#: The general group and the message class group of TS 23.038 section 4: bits 1 and 0 are the class.
_CLASS_GROUPS = frozenset((*range(0x10, 0x20), *range(0xF0, 0x100)))


def message_class(data_coding: int) -> int | None:
    """The message class: 0 flash (shown at once, not stored), 1 handset, 2 SIM, 3 terminal equipment; None
    where data_coding gives none (TS 23.038 section 4).
    """
    return data_coding & 0b11 if data_coding in _CLASS_GROUPS else None


def with_class(alphabet: Alphabet, of_class: int) -> int:
    """The data_coding of an alphabet with a message class, in the general group.

    Raises CodingError for an alphabet that the group does not have, or a class that is not 0 to 3.
    """
    if alphabet not in _GENERAL_GROUP or not 0 <= of_class <= 3:
        raise CodingError(f"message class {of_class} cannot be given to {alphabet}")
    return 0x10 | _GENERAL_GROUP.index(alphabet) << 2 | of_class
