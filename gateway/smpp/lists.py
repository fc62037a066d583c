"""The two counted lists of submit_multi: destinations, and those that could not be taken."""

from dataclasses import dataclass, field
from typing import Any

from gateway.smpp.constants import CommandStatus
from gateway.smpp.errors import EncodeError, FieldError
from gateway.smpp.fields import (
    DESTINATIONS_MAX,
    Address,
    AddressField,
    CString,
    DistributionList,
    Reader,
    UnsuccessSme,
    Writer,
)

_SME_FLAG = 1
_LIST_FLAG = 2
_SME = AddressField(21, CommandStatus.ESME_RINVDSTADR)
_DL_NAME = CString(21, CommandStatus.ESME_RINVDLNAME)
_read_sme, _write_sme = _SME.reader(), _SME.writer()
_read_name, _write_name = _DL_NAME.reader(), _DL_NAME.writer()


def _read_destination(frame: bytes, position: int, found: list[Any]) -> int:
    flag = frame[position]
    if flag == _SME_FLAG:
        return _read_sme(frame, position + 1, found)
    if flag != _LIST_FLAG:
        raise FieldError(CommandStatus.ESME_RINVDESTFLAG)
    position = _read_name(frame, position + 1, found)
    found.append(DistributionList(found.pop()))
    return position


def _write_destination(each: Address | DistributionList) -> bytes:
    if isinstance(each, Address):
        return bytes((_SME_FLAG,)) + _write_sme(each)
    return bytes((_LIST_FLAG,)) + _write_name(each.name)


@dataclass(frozen=True, slots=True)
class Destinations:
    """number_of_dests (1 to 254) and dest_address(es) (SMPP 3.4 sections 5.2.24 and 4.5.1.1)."""

    def reader(self) -> Reader:
        """Read the count, then each address or list name behind its flag."""

        def read(frame: bytes, position: int, values: list[Any]) -> int:
            count = frame[position]
            if not 1 <= count <= DESTINATIONS_MAX:
                raise FieldError(CommandStatus.ESME_RINVNUMDESTS)
            found: list[Any] = []
            position += 1
            for _ in range(count):
                position = _read_destination(frame, position, found)
            values.append(tuple(found))
            return position

        return read

    def writer(self) -> Writer:
        """Write the count and the list."""

        def write(value: tuple[Address | DistributionList, ...]) -> bytes:
            if not 1 <= len(value) <= DESTINATIONS_MAX:
                raise EncodeError(f"{len(value)} destinations, allowed are 1 to {DESTINATIONS_MAX}")
            return bytes((len(value),)) + b"".join(map(_write_destination, value))

        return write


@dataclass(frozen=True, slots=True)
class Unsuccessful:
    """no_unsuccess and unsuccess_sme(s) (SMPP 3.4 section 4.5.2)."""

    def reader(self) -> Reader:
        """Read the count, then each address with its four octets of status."""

        def read(frame: bytes, position: int, values: list[Any]) -> int:
            count = frame[position]
            found: list[Any] = []
            position += 1
            for _ in range(count):
                position = _read_sme(frame, position, found) + 4
                if position > len(frame):
                    raise FieldError(CommandStatus.ESME_RINVCMDLEN)
                status = int.from_bytes(frame[position - 4 : position], "big")
                found.append(UnsuccessSme(found.pop(), status))
            values.append(tuple(found))
            return position

        return read

    def writer(self) -> Writer:
        """Write the count and the list."""

        def write(value: tuple[UnsuccessSme, ...]) -> bytes:
            body = (_write_sme(each.address) + each.error_status.to_bytes(4, "big") for each in value)
            return bytes((len(value),)) + b"".join(body)

        return write


def destinations() -> Any:
    """A row: the destinations of submit_multi."""
    return field(default=(), metadata={"wire": Destinations()})


def unsuccessful() -> Any:
    """A row: the destinations that submit_multi_resp reports."""
    return field(default=(), metadata={"wire": Unsuccessful()})
