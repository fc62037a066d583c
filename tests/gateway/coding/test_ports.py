"""Application ports, in a header and as TLVs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding import udh
from gateway.coding.errors import CodingError
from gateway.coding.ports import header_with_ports, ports_element, tlvs_of_ports

port = st.integers(0, 0xFFFF)
CONCAT = udh.concat_element(udh.Concat(1, 2, 1))


@given(port, port)
def test_ports_go_into_the_header_and_back(source: int, destination: int) -> None:
    tlvs: dict[int, int | bytes] = {0x020A: source, 0x020B: destination}
    header = header_with_ports(udh.UserDataHeader((CONCAT,)), tlvs)
    assert header.elements[0] == CONCAT
    assert header.ports == udh.Ports(destination=destination, source=source)
    assert tlvs_of_ports(udh.parse(udh.build(header))[0]) == tlvs


def test_the_element_has_the_destination_first() -> None:
    """TS 23.040 section 9.2.3.24.4; 0x158A is a ring tone."""
    element = ports_element(udh.Ports(destination=0x158A, source=0x0001))
    assert (element.iei, element.data.hex()) == (0x05, "158a0001")


def test_ports_of_8_bits_are_told_in_tlvs_too() -> None:
    header, _ = udh.parse(bytes.fromhex("0404 02 F0 F1"))
    assert tlvs_of_ports(header) == {0x020A: 0xF1, 0x020B: 0xF0}


def test_tlvs_come_as_numbers_or_octets_and_one_of_them_is_enough() -> None:
    empty = udh.UserDataHeader()
    assert header_with_ports(empty, {0x020B: b"\x0b\x84"}).ports == udh.Ports(destination=2948, source=0)
    assert header_with_ports(empty, {0x020A: 7}).ports == udh.Ports(destination=0, source=7)


def test_without_tlvs_and_without_ports_nothing_changes() -> None:
    header = udh.UserDataHeader((CONCAT,))
    assert header_with_ports(header, {0x0204: 1}) is header
    assert tlvs_of_ports(header) == {}


def test_ports_in_the_header_win() -> None:
    header = udh.UserDataHeader((ports_element(udh.Ports(1, 2)),))
    assert header_with_ports(header, {0x020A: 9, 0x020B: 9}) is header


@pytest.mark.parametrize("tlvs", [{0x020A: 65536}, {0x020B: b"\x01\x00\x00"}])
def test_a_port_beyond_16_bits_is_refused(tlvs: dict[int, int | bytes]) -> None:
    with pytest.raises(CodingError):
        header_with_ports(udh.UserDataHeader(), tlvs)
