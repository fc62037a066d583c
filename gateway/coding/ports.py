"""Application port addresses, in a user data header or as TLVs (3GPP TS 23.040 sections 9.2.3.24.3 and
9.2.3.24.4, SMPP 3.4 sections 5.3.2.20 and 5.3.2.21).
"""

from collections.abc import Mapping
from typing import Final

from gateway.coding import udh
from gateway.coding.errors import CodingError

SOURCE_PORT: Final = 0x020A
DESTINATION_PORT: Final = 0x020B


def tlvs_of_ports(header: udh.UserDataHeader) -> dict[int, int]:
    """source_port and destination_port by tag; empty for a header without ports."""
    ports = header.ports
    return {} if ports is None else {SOURCE_PORT: ports.source, DESTINATION_PORT: ports.destination}


def header_with_ports(header: udh.UserDataHeader, tlvs: Mapping[int, int | bytes]) -> udh.UserDataHeader:
    """The header with the ports that the TLVs name, in 16 bits; a TLV that is missing counts as port 0.

    Ports that stand in the header already win, as its concatenation element wins over SAR TLVs. Raises
    CodingError for a port over 65535.
    """
    if header.ports is not None or not tlvs.keys() & {SOURCE_PORT, DESTINATION_PORT}:
        return header
    ports = udh.Ports(destination=_port(tlvs, DESTINATION_PORT), source=_port(tlvs, SOURCE_PORT))
    return udh.UserDataHeader((*header.elements, ports_element(ports)))


def ports_element(ports: udh.Ports) -> udh.Element:
    """The element 0x05. Raises CodingError for a port that does not fit 16 bits."""
    try:
        data = ports.destination.to_bytes(2, "big") + ports.source.to_bytes(2, "big")
    except OverflowError:
        raise CodingError(f"{ports} does not fit an information element") from None
    return udh.Element(udh.PORTS_16, data)


def _port(tlvs: Mapping[int, int | bytes], tag: int) -> int:
    value = tlvs.get(tag, 0)
    return int.from_bytes(value, "big") if isinstance(value, bytes) else value
