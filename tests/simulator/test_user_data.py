"""User data headers taken apart."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.delivery import Concat, Delivery
from simulator.user_data import UserData, user_data

CONCAT_8 = b"\x00\x03\x07\x02\x01"
CONCAT_16 = b"\x08\x04\x00\x07\x02\x01"
PORTS_8 = b"\x04\x02\xf0\x10"
PORTS_16 = b"\x05\x04\x0b\x84\x23\xf0"


def received(payload: bytes, *, esm_class: int = 0x40, port: int | None = None) -> Delivery:
    """A delivery of these octets."""
    return Delivery(
        source="9393",
        service_type="",
        esm_class=esm_class,
        data_coding=4,
        payload=payload,
        ussd_service_op=None,
        its_session_info=None,
        sar=None,
        destination_port=port,
        body=b"",
    )


def with_header(*elements: bytes) -> UserData:
    """User data with these elements before ``rest``."""
    header = b"".join(elements)
    return user_data(received(bytes((len(header),)) + header + b"rest"))


def test_elements_are_found_in_any_company() -> None:
    assert with_header(CONCAT_8, PORTS_16) == UserData(b"rest", Concat(7, 2, 1), 0x0B84)
    assert with_header(PORTS_8, b"\x24\x01\x01", CONCAT_16) == UserData(b"rest", Concat(0x1_0007, 2, 1), 0xF0)


def test_elements_of_a_wrong_length_or_that_are_cut_are_passed_over() -> None:
    assert with_header(b"\x00\x02\x07\x02", b"\x05\x03\x0b\x84\x23") == UserData(b"rest", None, None)
    assert with_header(b"\x05\x09\x0b") == UserData(b"rest", None, None)


def test_a_port_by_parameter_needs_no_header() -> None:
    assert user_data(received(b"rest", esm_class=0, port=2948)) == UserData(b"rest", None, 2948)


def test_without_the_indicator_a_header_is_content() -> None:
    assert user_data(received(b"\x05" + CONCAT_8, esm_class=0)).octets == b"\x05" + CONCAT_8


@given(st.binary(max_size=140))
def test_any_octets_are_taken_apart(payload: bytes) -> None:
    assert payload.endswith(user_data(received(payload)).octets)
