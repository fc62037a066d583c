"""Joining the segments of long incoming messages, by user data header or by SAR parameters."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from simulator.delivery import Concat, Delivery
from simulator.text import ESM_UDHI, decode

_CONCAT_8BIT: Final = 0x00
_CONCAT_16BIT: Final = 0x08


@dataclass(frozen=True, slots=True)
class _Part:
    data_coding: int
    octets: bytes


class Assembler:
    """Open messages of one handset. At most ``open_max`` wait for segments; then the oldest is forgotten."""

    def __init__(self, open_max: int = 32) -> None:
        self._open: OrderedDict[tuple[str, int, int], dict[int, _Part]] = OrderedDict()
        self._open_max = open_max

    def add(self, delivery: Delivery) -> str | None:
        """The whole text once its last segment is there, else None. Not concatenated: the text at once."""
        concat, octets = _user_data(delivery)
        part = _Part(delivery.data_coding, octets)
        if concat is None:
            return _text([part])
        return self._add_part(delivery.source, concat, part)

    def _add_part(self, source: str, concat: Concat, part: _Part) -> str | None:
        key = (source, concat.reference, concat.total)
        parts = self._open.setdefault(key, {})
        parts.setdefault(concat.number, part)
        if len(parts) == concat.total:
            del self._open[key]
            return _text([parts[number] for number in sorted(parts)])
        if len(self._open) > self._open_max:
            self._open.popitem(last=False)
        return None


def _text(parts: list[_Part]) -> str:
    """Octets first, characters second: a sender that cut a pair in two is read right all the same."""
    if len({part.data_coding for part in parts}) == 1:
        return decode(parts[0].data_coding, b"".join(part.octets for part in parts))
    return "".join(decode(part.data_coding, part.octets) for part in parts)


def _user_data(delivery: Delivery) -> tuple[Concat | None, bytes]:
    if not delivery.esm_class & ESM_UDHI:
        return delivery.sar, delivery.payload
    header_end = 1 + delivery.payload[0] if delivery.payload else 1
    header, rest = delivery.payload[1:header_end], delivery.payload[header_end:]
    for element, value in _elements(header):
        concat = _concat(element, value)
        if concat is not None:
            return concat, rest
    return delivery.sar, rest


def _elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    """Information elements of a user data header (3GPP TS 23.040 section 9.2.3.24), up to a cut one."""
    position = 0
    while position + 2 <= len(header):
        length = header[position + 1]
        value = header[position + 2 : position + 2 + length]
        if len(value) == length:
            yield header[position], value
        position += 2 + length


def _concat(element: int, value: bytes) -> Concat | None:
    if element == _CONCAT_8BIT and len(value) == 3:
        return Concat.valid(value[0], value[1], value[2])
    if element == _CONCAT_16BIT and len(value) == 4:
        # The reference spaces of both forms are apart: 16-bit ones are moved above the 8-bit ones.
        return Concat.valid(0x1_0000 | int.from_bytes(value[:2]), value[2], value[3])
    return None
