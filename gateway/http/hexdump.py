"""PDUs as people read them: split by command_length, named, sixteen octets a line."""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.smpp.constants import CommandId, CommandStatus

_HEADER_OCTETS = 16
_LINE_OCTETS = 16
_PRINTABLE = "".join(chr(each) if 0x20 <= each < 0x7F else "." for each in range(256))


@dataclass(frozen=True, slots=True)
class DumpedPdu:
    """One PDU (SMPP 3.4 section 3.2): its header in words, and all of its octets."""

    command: str
    status: str
    sequence_number: int
    octets: bytes

    @property
    def lines(self) -> tuple[str, ...]:
        """Like ``hexdump -C``: offset, sixteen octets, the same as ASCII."""
        cuts = range(0, len(self.octets), _LINE_OCTETS)
        return tuple(_line(cut, self.octets[cut : cut + _LINE_OCTETS]) for cut in cuts)


def split_pdus(octets: bytes) -> Iterator[DumpedPdu]:
    """The PDUs in a run of octets; what is left when a length is impossible comes last, as ``?``."""
    position = 0
    while position < len(octets):
        length = int.from_bytes(octets[position : position + 4], "big")
        end = position + length
        if length < _HEADER_OCTETS or end > len(octets):
            yield DumpedPdu("?", "", 0, octets[position:])
            return
        yield _pdu(octets[position:end])
        position = end


def _pdu(octets: bytes) -> DumpedPdu:
    command_id, status, sequence = (int.from_bytes(octets[at : at + 4], "big") for at in (4, 8, 12))
    return DumpedPdu(_command(command_id), _status(status), sequence, octets)


def _command(number: int) -> str:
    try:
        return CommandId(number).name.lower()
    except ValueError:
        return f"0x{number:08x}"


def _status(number: int) -> str:
    try:
        return CommandStatus(number).name
    except ValueError:
        return f"0x{number:08x}"


def _line(offset: int, octets: bytes) -> str:
    left, right = octets[:8].hex(" "), octets[8:].hex(" ")
    return f"{offset:08x}  {left:<23}  {right:<23}  |{octets.decode('latin-1').translate(_PRINTABLE)}|"
