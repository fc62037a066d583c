"""The user data of a delivery: its header's elements taken apart, the rest as octets."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from simulator.delivery import Concat, Delivery
from simulator.text import ESM_UDHI

#: (Information element identifier, octets of its value) with 8-bit and with 16-bit numbers.
_CONCATS: Final = frozenset({(0x00, 3), (0x08, 4)})
_PORTS: Final = frozenset({(0x04, 2), (0x05, 4)})


@dataclass(frozen=True, slots=True)
class UserData:
    """``octets`` without the header; ``port`` is the application port that the message is for."""

    octets: bytes
    concat: Concat | None
    port: int | None


def user_data(delivery: Delivery) -> UserData:
    """Read the header where there is one; what it does not say, the TLVs may."""
    plain = UserData(delivery.payload, delivery.sar, delivery.destination_port)
    if not delivery.esm_class & ESM_UDHI:
        return plain
    header_end = 1 + delivery.payload[0] if delivery.payload else 1
    read = replace(plain, octets=delivery.payload[header_end:])
    for element, value in _elements(delivery.payload[1:header_end]):
        read = _with_element(read, element, value)
    return read


def _elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    """Information elements of a user data header (3GPP TS 23.040 section 9.2.3.24), up to a cut one."""
    position = 0
    while position + 2 <= len(header):
        length = header[position + 1]
        value = header[position + 2 : position + 2 + length]
        if len(value) == length:
            yield header[position], value
        position += 2 + length


def _with_element(read: UserData, element: int, value: bytes) -> UserData:
    """The last of equal elements counts (3GPP TS 23.040 section 9.2.3.24)."""
    if (element, len(value)) in _CONCATS:
        return replace(read, concat=_concat(value) or read.concat)
    if (element, len(value)) in _PORTS:
        # Destination first, originator second.
        return replace(read, port=int.from_bytes(value[: len(value) // 2]))
    return read


def _concat(value: bytes) -> Concat | None:
    reference = int.from_bytes(value[:-2])
    # The reference spaces of both forms are apart: 16-bit ones are moved above the 8-bit ones.
    return Concat.valid(reference if len(value) == 3 else 0x1_0000 | reference, value[-2], value[-1])
