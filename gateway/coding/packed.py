"""Packed septets: the short messages of a peer that sends GSM 7 bit as it is on the air (3GPP TS 23.038
section 6.1.2). Everywhere else in the gateway a septet takes an octet.

SMPP tells the octets of a text and not its septets, so a last octet with seven bits to spare looks like one
more septet. As section 6.1.2.3.1 has it for USSD, those bits are a CR when we write. When we read, a CR there
is dropped, and so is a zero, which is what most peers leave there.
"""

from typing import Final

from gateway.coding import gsm7, udh
from gateway.coding.cuts import OCTETS

_CR: Final = 0x0D
_AT: Final = 0x00
_DOUBTFUL = (_CR, _AT)


def fill_bits(header_octets: int) -> int:
    """The bits between a header (its length octet included) and the next septet (TS 23.040 9.2.3.24)."""
    return -8 * header_octets % 7


def read_packed(octets: bytes, header_octets: int = 0, *, more: bool = False) -> bytes:
    """The septets, one per octet, of a text behind a header of ``header_octets``.

    ``more`` says that further parts of the message follow: such a part is full, so its last "@" is text.
    """
    fill = fill_bits(header_octets)
    count, over = divmod(max(8 * len(octets) - fill, 0), 7)
    septets = gsm7.unpack(octets, count, fill_bits=fill) if count else b""
    if over == 0 and septets and (septets[-1] == _CR or (septets[-1] == _AT and not more)):
        return septets[:-1]
    return septets


def write_packed(septets: bytes, header_octets: int = 0, *, more: bool = False) -> bytes:
    """The octets of a text, to stand behind a header of ``header_octets``.

    A text that fills its last octet and ends with "@" or CR would lose that character with the reader, so
    it gets a CR behind it, unless the message is full. Raises CodingError for an octet over 0x7F.
    """
    fill = fill_bits(header_octets)
    spare = -(7 * len(septets) + fill) % 8
    if spare == 7 or (spare == 0 and not more and _is_in_doubt(septets, header_octets)):
        septets += bytes((_CR,))
    return gsm7.pack(septets, fill_bits=fill)


def _is_in_doubt(septets: bytes, header_octets: int) -> bool:
    full = header_octets + (7 * len(septets) + 7) // 8 == OCTETS
    return septets[-1:] != b"" and septets[-1] in _DOUBTFUL and not full


def repack(short_message: bytes, esm_class: int, *, to_packed: bool) -> bytes:
    """A whole GSM 7 bit short message in the other form; its user data header stays as it is.

    Only the bodies of data_coding whose alphabet is GSM 7 bit may be given. Raises CodingError for a broken
    header and, to be packed, an octet over 0x7F.
    """
    header, body, more = b"", short_message, False
    if esm_class & udh.UDHI:
        parsed, body = udh.parse(short_message)
        header = short_message[: len(short_message) - len(body)]
        more = parsed.concat is not None and parsed.concat.number < parsed.concat.total
    convert = write_packed if to_packed else read_packed
    return header + convert(body, len(header), more=more)
