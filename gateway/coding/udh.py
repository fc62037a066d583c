"""The user data header at the front of a short message (3GPP TS 23.040 section 9.2.3.24).

SMPP announces it with bit 6 of esm_class (SMPP 3.4 section 5.2.12).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from gateway.coding.errors import CodingError
from gateway.coding.shifts import NO_SHIFT, Shift

_Read = TypeVar("_Read")

#: esm_class bit 6: the short message starts with a user data header.
UDHI: Final = 0x40

CONCAT_8: Final = 0x00
PORTS_8: Final = 0x04
PORTS_16: Final = 0x05
CONCAT_16: Final = 0x08
SINGLE_SHIFT: Final = 0x24
LOCKING_SHIFT: Final = 0x25

#: Elements of a fixed length that we read; others are kept as they are.
_LENGTHS: Mapping[int, int] = {
    CONCAT_8: 3,
    PORTS_8: 2,
    PORTS_16: 4,
    CONCAT_16: 4,
    SINGLE_SHIFT: 1,
    LOCKING_SHIFT: 1,
}


@dataclass(frozen=True, slots=True)
class Concat:
    """Which part of which message this is. ``number`` counts from 1; nothing here is checked against
    ``total``. ``wide`` says that the reference has 16 bits.
    """

    reference: int
    total: int
    number: int
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Ports:
    """Application port addresses (sections 9.2.3.24.3 and 9.2.3.24.4)."""

    destination: int
    source: int


@dataclass(frozen=True, slots=True)
class Element:
    """One information element: identifier and data."""

    iei: int
    data: bytes


@dataclass(frozen=True, slots=True)
class UserDataHeader:
    """The elements in the order in which they stood."""

    elements: tuple[Element, ...] = ()

    @property
    def concat(self) -> Concat | None:
        """The concatenation element; of several the last counts (section 9.2.3.24)."""
        return _last(self.elements, _CONCATS)

    @property
    def ports(self) -> Ports | None:
        """The port addresses; of several the last count."""
        return _last(self.elements, _PORTS)

    @property
    def shift(self) -> Shift:
        """The national languages of a 7 bit text (sections 9.2.3.24.15 and 9.2.3.24.16), as they are given:
        one that is not known is made 0 where it is used.
        """
        if not self.elements:
            return NO_SHIFT
        return Shift(_last(self.elements, _SINGLE_SHIFTS) or 0, _last(self.elements, _LOCKING_SHIFTS) or 0)

    def without(self, *ieis: int) -> "UserDataHeader":
        """The header less some elements."""
        return UserDataHeader(tuple([element for element in self.elements if element.iei not in ieis]))


def _concat_8(data: bytes) -> Concat:
    return Concat(reference=data[0], total=data[1], number=data[2])


def _concat_16(data: bytes) -> Concat:
    return Concat(reference=data[0] << 8 | data[1], total=data[2], number=data[3], wide=True)


def _ports_8(data: bytes) -> Ports:
    return Ports(destination=data[0], source=data[1])


def _ports_16(data: bytes) -> Ports:
    return Ports(destination=data[0] << 8 | data[1], source=data[2] << 8 | data[3])


def _language(data: bytes) -> int:
    return data[0]


_CONCATS: Mapping[int, Callable[[bytes], Concat]] = {CONCAT_8: _concat_8, CONCAT_16: _concat_16}
_PORTS: Mapping[int, Callable[[bytes], Ports]] = {PORTS_8: _ports_8, PORTS_16: _ports_16}
_SINGLE_SHIFTS: Mapping[int, Callable[[bytes], int]] = {SINGLE_SHIFT: _language}
_LOCKING_SHIFTS: Mapping[int, Callable[[bytes], int]] = {LOCKING_SHIFT: _language}


def _last(elements: tuple[Element, ...], readers: Mapping[int, Callable[[bytes], _Read]]) -> _Read | None:
    for element in reversed(elements):
        reader = readers.get(element.iei)
        if reader is not None:
            return reader(element.data)
    return None


def parse(short_message: bytes) -> tuple[UserDataHeader, bytes]:
    """Cut a short message into its header and what follows it.

    Raises CodingError when the header reaches past the message, an element past the header, or an
    element that we read has the wrong length.
    """
    if not short_message or short_message[0] >= len(short_message):
        raise CodingError("the user data header is longer than the message")
    end = short_message[0] + 1
    elements = []
    at = 1
    while at < end:
        element = _element(short_message[at:end])
        elements.append(element)
        at += 2 + len(element.data)
    return UserDataHeader(tuple(elements)), short_message[end:]


def _element(rest: bytes) -> Element:
    if len(rest) < 2 or len(rest) < 2 + rest[1]:
        raise CodingError("an information element is longer than the user data header")
    iei, length = rest[0], rest[1]
    if _LENGTHS.get(iei, length) != length:
        raise CodingError(f"information element 0x{iei:02X} has {length} octets")
    return Element(iei, rest[2 : 2 + length])


def build(header: UserDataHeader) -> bytes:
    """The octets of a header, its length first. Raises CodingError when it has no room in a message."""
    body = b"".join(bytes((element.iei, len(element.data))) + element.data for element in header.elements)
    if len(body) > 139:
        raise CodingError(f"a user data header of {len(body)} octets does not fit a message of 140")
    return bytes((len(body),)) + body


def concat_element(concat: Concat) -> Element:
    """The element for one part. Raises CodingError for numbers that do not fit their fields."""
    size = 2 if concat.wide else 1
    try:
        data = concat.reference.to_bytes(size, "big") + bytes((concat.total, concat.number))
    except (OverflowError, ValueError):
        raise CodingError(f"{concat} does not fit an information element") from None
    return Element(CONCAT_16 if concat.wide else CONCAT_8, data)


def shift_elements(shift: Shift) -> tuple[Element, ...]:
    """The elements that announce a shift; none for the default tables."""
    named = ((SINGLE_SHIFT, shift.single), (LOCKING_SHIFT, shift.locking))
    return tuple([Element(iei, bytes((language,))) for iei, language in named if language])
