"""Texts to octets and back: GSM 03.38 where it can carry the text, UCS-2 where not.

The handset brings its own encoder (over the ``gsm0338`` package) because smpplib's has faults: it maps the
backtick wrong and cuts escape pairs when it splits.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gsm0338 import Codec  # type: ignore[import-untyped]  # gsm0338 has no annotations

from simulator.errors import BadText

GSM7: Final = 0x00
UCS2: Final = 0x08
ESM_UDHI: Final = 0x40
ESCAPE: Final = "\x1b"
SEGMENTS_MAX: Final = 255
#: Octets of a whole message and of one segment with a six-octet header (3GPP TS 23.040 section 9.2.3.24.1).
_SMS_ROOM: Final = {GSM7: (160, 153), UCS2: (140, 134)}
#: Octets of a USSD string (3GPP TS 23.038 section 5: 160 packed octets, which hold 182 septets).
_USSD_ROOM: Final = {GSM7: 182, UCS2: 160}
_BINARY: Final = "binary"
_GSM_CODEC: Final = Codec()
#: data_coding to the decoder's name (SMPP 3.4 section 5.2.19).
_CODECS: Final = {
    0x00: "gsm", 0x01: "ascii", 0x02: _BINARY, 0x03: "latin-1", 0x04: _BINARY, 0x05: "shift_jis",
    0x06: "iso8859-5", 0x07: "iso8859-8", 0x08: "utf-16-be", 0x0A: "iso2022_jp", 0x0E: "euc_kr",
}  # fmt: skip
#: Bits 3 and 2 of the general and message-class groups (3GPP TS 23.038 section 4).
_GROUP_CODECS: Final = ("gsm", _BINARY, "utf-16-be", "gsm")


@dataclass(frozen=True, slots=True)
class Segment:
    """One submit_sm worth of text; ``short_message`` begins with its user data header when there is one."""

    esm_class: int
    data_coding: int
    short_message: bytes


def segments(text: str, reference: int) -> tuple[Segment, ...]:
    """Encode and split a text. ``reference`` (0-255) ties the segments of a long one together.

    Never cuts an escape pair or a surrogate pair. Raises BadText.
    """
    data_coding, atoms = _atoms(text)
    whole, part = _SMS_ROOM[data_coding]
    if sum(map(len, atoms)) <= whole:
        return (Segment(0, data_coding, b"".join(atoms)),)
    chunks = tuple(_pack(atoms, part))
    if len(chunks) > SEGMENTS_MAX:
        raise BadText(f"the text is too long: {len(chunks)} segments, at most {SEGMENTS_MAX} fit")
    header = bytes((5, 0, 3, reference & 0xFF, len(chunks)))
    return tuple(
        Segment(ESM_UDHI, data_coding, header + bytes((number,)) + chunk)
        for number, chunk in enumerate(chunks, start=1)
    )


def ussd_string(text: str) -> tuple[int, bytes]:
    """(data_coding, octets) of a dialled string or an answer. Raises BadText when it does not fit."""
    data_coding, atoms = _atoms(text)
    octets = b"".join(atoms)
    if len(octets) > _USSD_ROOM[data_coding]:
        raise BadText("too long for USSD: at most 182 GSM characters or 80 others")
    return data_coding, octets


def decode(data_coding: int, octets: bytes) -> str:
    """Octets as a handset shows them: unreadable ones become U+FFFD, binary content becomes hexadecimal."""
    codec = _codec(data_coding)
    if codec == "gsm":
        return str(_GSM_CODEC.decode(octets, "replace")[0])
    if codec == _BINARY:
        return octets.hex(" ")
    return octets.decode(codec, "replace")


def message_class(data_coding: int) -> int | None:
    """0 (flash) to 3 where the data_coding names a class (3GPP TS 23.038 section 4), else None."""
    if data_coding >= 0xF0 or (0x10 <= data_coding < 0x80 and data_coding & 0x10):
        return data_coding & 0x03
    return None


def _codec(data_coding: int) -> str:
    if data_coding < 0x10:
        return _CODECS.get(data_coding, _BINARY)
    if data_coding >= 0xF0:
        return _BINARY if data_coding & 0x04 else "gsm"
    return _GROUP_CODECS[data_coding >> 2 & 0x03]


def _atoms(text: str) -> tuple[int, list[bytes]]:
    """(data_coding, one piece per character): pieces that must not be cut."""
    try:
        return GSM7, [_gsm_atom(character) for character in text]
    except UnicodeEncodeError:
        pass
    try:
        return UCS2, [character.encode("utf-16-be") for character in text]
    except UnicodeEncodeError:
        raise BadText("the text holds octets that are no characters (UTF-8 is expected)") from None


def _gsm_atom(character: str) -> bytes:
    if character == ESCAPE:
        # The codec maps it to the escape octet itself, which would change the character after it.
        raise UnicodeEncodeError("gsm03.38", character, 0, 1, "no character of the alphabet")
    return bytes(_GSM_CODEC.encode(character)[0])


def _pack(atoms: Iterable[bytes], room: int) -> Iterator[bytes]:
    """Fill chunks of at most ``room`` octets with whole atoms."""
    chunk = bytearray()
    for atom in atoms:
        if len(chunk) + len(atom) > room:
            yield bytes(chunk)
            chunk.clear()
        chunk += atom
    yield bytes(chunk)
