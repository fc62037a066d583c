"""The GSM 7 bit default alphabet, one septet per octet, and its packing (3GPP TS 23.038 section 6).

SMPP carries data_coding 0 as one septet per octet with the top bit clear; packing to seven bits happens
on the air only, but it decides how much fits.
"""

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.coding.errors import CodingError

ESCAPE = 0x1B
#: Stands in a locking table for a position that is not used: it shows as a space and is never written.
UNUSED = "\0"

#: TS 23.038 section 6.2.1, row by row; position 0x1B is the escape to the extension table.
_LOCKING_DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
#: TS 23.038 section 6.2.1.1.
_SINGLE_SHIFT_DEFAULT = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}


@dataclass(frozen=True, slots=True)
class ShiftTables:
    """A locking shift table of 128 characters and a single shift table (septet after the escape ->
    character). The national tables of TS 23.038 annex A make further values of this type (``shifts``).
    """

    locking: str
    single_shift: Mapping[int, str]


DEFAULT = ShiftTables(_LOCKING_DEFAULT, _SINGLE_SHIFT_DEFAULT)


def compile_encoder(tables: ShiftTables) -> Callable[[str], bytes | None]:
    """Make ``encode(text) -> octets`` for one pair of tables; None when a character is in neither."""
    # Every character has an entry: str.translate is quick for ASCII only where none is missing.
    mapping = {ord(char): chr(ESCAPE) + chr(septet) for septet, char in tables.single_shift.items()}
    # A character of both tables takes the shorter way, so the locking table is entered last.
    mapping |= {ord(char): chr(septet) for septet, char in enumerate(tables.locking) if septet != ESCAPE}
    mapping.pop(ord(UNUSED), None)
    find_outside = re.compile(f"[^{re.escape(''.join(map(chr, mapping)))}]").search

    def encode_with(text: str) -> bytes | None:
        if find_outside(text) is not None:
            return None
        return text.translate(mapping).encode("latin-1")

    return encode_with


def compile_decoder(tables: ShiftTables) -> Callable[[bytes], str]:
    """Make ``decode(octets) -> text`` for one pair of tables; septets come one per octet.

    It raises CodingError for an octet over 0x7F or half an escape pair.
    """
    # Section 6.1.1 note 1: what is not used is displayed as a space.
    locking = tables.locking.replace(UNUSED, " ")
    # Section 6.2.1.1: a code without an entry shows the character of the main table; note 1: the code for
    # a further extension table shows as a space until there is one.
    shown = {**dict(enumerate(locking)), ESCAPE: " ", **tables.single_shift}
    # An escape pair becomes one octet with the top bit set, so that both tables are one charmap.
    both = locking + "".join([shown[septet] for septet in range(128)])
    top_bit = {bytes((septet,)): bytes((septet | 0x80,)) for septet in range(128)}
    pairs = re.compile(rb"\x1b(.?)", re.DOTALL)
    charmap_decode = codecs.charmap_decode

    def decode_with(octets: bytes) -> str:
        try:
            if ESCAPE in octets and octets.isascii():
                return charmap_decode(pairs.sub(lambda pair: top_bit[pair[1]], octets), "strict", both)[0]
            return charmap_decode(octets, "strict", locking)[0]
        except UnicodeDecodeError as error:
            raise CodingError(f"octet 0x{octets[error.start]:02X} is no GSM 7 bit septet") from None
        except KeyError:
            raise CodingError("GSM 7 bit text ends within an escape pair") from None

    return decode_with


#: ``try_encode(text)``: one septet per octet, or None when the alphabet does not have every character.
try_encode = compile_encoder(DEFAULT)
#: ``decode(octets)``: the text of septets, one per octet.
decode = compile_decoder(DEFAULT)


def is_gsm7(text: str) -> bool:
    """True when every character is in the default alphabet or its extension table."""
    return try_encode(text) is not None


def encode(text: str) -> bytes:
    """One septet per octet. Raises CodingError for a character that the alphabet does not have."""
    octets = try_encode(text)
    if octets is None:
        raise CodingError("a character is not in the GSM 7 bit alphabet")
    return octets


def septets(text: str) -> int:
    """How many septets the text takes; a character of the extension table takes two."""
    return len(encode(text))


def pack(unpacked: bytes, *, fill_bits: int = 0) -> bytes:
    """Pack septets into octets, least significant bit first (TS 23.038 section 6.1.2.1.1).

    ``fill_bits`` zero bits come first: they align the text after a user data header.
    """
    if not unpacked.isascii():
        wrong = next(septet for septet in unpacked if septet > 0x7F)
        raise CodingError(f"octet 0x{wrong:02X} is no GSM 7 bit septet")
    # A string of binary digits is read in linear time: shifting one long number would be quadratic.
    bits = int("".join([_SEPTET_DIGITS[septet] for septet in reversed(unpacked)]) or "0", 2)
    return (bits << fill_bits).to_bytes((len(unpacked) * 7 + fill_bits + 7) // 8, "little")


def unpack(packed: bytes, count: int, *, fill_bits: int = 0) -> bytes:
    """The ``count`` septets of a packed text, one per octet. Raises CodingError when there are fewer."""
    if count < 0 or count * 7 + fill_bits > len(packed) * 8:
        raise CodingError(f"{len(packed)} octets do not hold {count} septets")
    if fill_bits:
        packed = (int.from_bytes(packed, "little") >> fill_bits).to_bytes(len(packed), "little")
    unpacked = bytearray()
    for at in range(0, len(packed), 7):
        bits = int.from_bytes(packed[at : at + 7], "little")
        unpacked += bytes([bits >> place & 0x7F for place in _PLACES])
    return bytes(unpacked[:count])


#: Eight septets fill seven octets.
_PLACES = range(0, 56, 7)
_SEPTET_DIGITS = tuple([f"{septet:07b}" for septet in range(128)])
