"""Kinds of mandatory fields: each is one row's type, and knows how to read and write itself.

A reader takes ``(frame, position, values)``, appends the field's value and returns the next position.
It raises FieldError with the status that SMPP 3.4 section 5.1.3 has for the field; running out of octets
may also surface as IndexError, which the codec answers with ESME_RINVCMDLEN. A writer takes the value.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from gateway.smpp.constants import CommandStatus
from gateway.smpp.errors import EncodeError, FieldError
from gateway.smpp.quick import quick

# The values of one PDU differ in type from field to field; the dataclass of the PDU says which.
Reader = Callable[[bytes, int, list[Any]], int]
Writer = Callable[[Any], bytes]

#: sm_length and number_of_dests (SMPP 3.4 sections 5.2.21 and 5.2.24).
SHORT_MESSAGE_OCTETS_MAX = 254
DESTINATIONS_MAX = 254
#: Absolute and relative times: sixteen characters and the terminator (section 7.1.1).
TIME_OCTETS = 17
_SERVICE_CODE = re.compile(r"([*#]++[0-9]{0,5}+[*#]?+).")


@quick
@dataclass(frozen=True, slots=True)
class Address:
    """A number or name with its type and plan (SMPP 3.4 sections 5.2.5 to 5.2.9)."""

    ton: int = 0
    npi: int = 0
    addr: str = ""

    def __repr__(self) -> str:
        """A dialled string keeps only its service code: what follows may be a voucher's code."""
        dialled = _SERVICE_CODE.match(self.addr)
        shown = f"{dialled[1]}..." if dialled else self.addr
        return f"Address({self.ton}, {self.npi}, {shown!r})"


@dataclass(frozen=True, slots=True)
class DistributionList:
    """A destination of submit_multi that stands for many (SMPP 3.4 section 4.5.1.2)."""

    name: str


@dataclass(frozen=True, slots=True)
class UnsuccessSme:
    """A destination that submit_multi could not take, and why (SMPP 3.4 section 4.5.2.1)."""

    address: Address
    error_status: int


class Kind(Protocol):
    """What the codec needs of a row's type."""

    def reader(self) -> Reader:
        """The compiled reader."""
        ...

    def writer(self) -> Writer:
        """The compiled writer."""
        ...


@dataclass(frozen=True, slots=True)
class Int1:
    """One octet. The codec reads and writes a run of neighbours at once, so it has no reader of its own."""


@dataclass(frozen=True, slots=True)
class CString:
    """A C-octet string of at most ``octets_max`` with its terminator; ``fixed``: empty or exactly that."""

    octets_max: int
    error: CommandStatus
    fixed: bool = False

    def reader(self) -> Reader:
        """Read up to the terminator, as Latin-1, so that every octet survives a round trip."""
        octets_max, error = self.octets_max, self.error

        def read(frame: bytes, position: int, values: list[Any]) -> int:
            end = frame.find(0, position, position + octets_max)
            if end < 0:
                raise FieldError(error)
            values.append(frame[position:end].decode("latin-1") if end > position else "")
            return end + 1

        def read_fixed(frame: bytes, position: int, values: list[Any]) -> int:
            after = read(frame, position, values)
            if after - position not in (1, octets_max):
                raise FieldError(error)
            return after

        return read_fixed if self.fixed else read

    def writer(self) -> Writer:
        """Write the string and its terminator."""
        octets_max, fixed = self.octets_max, self.fixed

        def write(value: str) -> bytes:
            if not value:
                return b"\0"
            raw = value.encode("latin-1") + b"\0"
            size = len(raw)
            if size > octets_max or "\0" in value or (fixed and size not in (1, octets_max)):
                raise EncodeError(f"a string does not fit its field of {octets_max} octets")
            return raw

        return write


@dataclass(frozen=True, slots=True)
class AddressField:
    """TON, NPI and the address itself as one value."""

    octets_max: int
    error: CommandStatus

    def reader(self) -> Reader:
        """Read the three parts."""
        octets_max, error = self.octets_max, self.error

        def read(frame: bytes, position: int, values: list[Any]) -> int:
            start = position + 2
            end = frame.find(0, start, start + octets_max)
            if end < 0:
                raise FieldError(error if start <= len(frame) else CommandStatus.ESME_RINVCMDLEN)
            values.append(_address_of(frame[position:end]))
            return end + 1

        return read

    def writer(self) -> Writer:
        """Write the three parts."""
        write_addr = CString(self.octets_max, self.error).writer()
        return lambda value: bytes((value.ton, value.npi)) + write_addr(value.addr)


def _address_of(octets: bytes) -> Address:
    """TON, NPI and the address, without its terminator."""
    return (_kept if len(octets) <= _KEPT_OCTETS else _new_address)(octets)


def _new_address(octets: bytes) -> Address:
    return Address(octets[0], octets[1], octets[2:].decode("latin-1"))


#: The same few addresses come again and again. Longer than an MSISDN they may hold a code: none is kept.
_KEPT_OCTETS = 2 + 12
_kept = lru_cache(maxsize=16_384)(_new_address)


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """sm_length and short_message as one value: octets, 254 at most."""

    def reader(self) -> Reader:
        """Read the length, then that many octets."""

        def read(frame: bytes, position: int, values: list[Any]) -> int:
            start = position + 1
            end = start + frame[position]
            if end > len(frame) or end - start > SHORT_MESSAGE_OCTETS_MAX:
                raise FieldError(CommandStatus.ESME_RINVMSGLEN)
            values.append(frame[start:end])
            return end

        return read

    def writer(self) -> Writer:
        """Write the length and the octets."""

        def write(value: bytes) -> bytes:
            if len(value) > SHORT_MESSAGE_OCTETS_MAX:
                raise EncodeError(f"short_message has {len(value)} octets, {SHORT_MESSAGE_OCTETS_MAX} fit")
            return bytes((len(value),)) + value

        return write


# A row in the body of a PDU's dataclass. They return Any because a dataclass reads them as the default
# of an attribute whose type stands right before.
def int1(default: int = 0) -> Any:
    """A row: one octet."""
    return field(default=default, metadata={"wire": Int1()})


def cstring(octets_max: int, error: CommandStatus, *, secret: bool = False) -> Any:
    """A row: a C-octet string. ``secret`` keeps it out of the representation."""
    return field(default="", repr=not secret, metadata={"wire": CString(octets_max, error)})


def time(error: CommandStatus) -> Any:
    """A row: a time, empty or sixteen characters."""
    return field(default="", metadata={"wire": CString(TIME_OCTETS, error, fixed=True)})


def address(octets_max: int, error: CommandStatus) -> Any:
    """A row: TON, NPI, address."""
    return field(default=Address(), metadata={"wire": AddressField(octets_max, error)})


def short_message() -> Any:
    """A row: sm_length and short_message. Kept out of the representation: it may hold a voucher's code."""
    return field(default=b"", repr=False, metadata={"wire": ShortMessage()})
