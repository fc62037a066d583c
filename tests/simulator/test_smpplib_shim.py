"""smpplib's faults, each shown to be there and to be gone."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import smpp  # type: ignore[import-untyped]  # smpplib has no annotations

from simulator.smpplib_shim import BrokenPdu, make_pdu, parse
from tests.simulator.fake_smsc import (
    DELIVER_SM,
    NETWORK_ERROR_CODE,
    RECEIPTED_MESSAGE_ID,
    data_body,
    deliver_body,
    tlv,
    ussd_body,
)


def frame(body: bytes, command_id: int = DELIVER_SM, sequence: int = 7) -> bytes:
    return struct.pack(">LLLL", 16 + len(body), command_id, 0, sequence) + body


USSD = frame(ussd_body(2, b"1 Balance", b"\x2a\x02"))


def test_smpplib_itself_still_has_the_fault_that_the_shim_is_for() -> None:
    with pytest.raises(KeyError, match="ussd_service_op"):
        smpp.parse_pdu(USSD, sequence=0, allow_unknown_opt_params=True)


def test_the_ussd_parameters_are_read_from_a_deliver_sm() -> None:
    pdu = parse(USSD)
    assert (pdu.ussd_service_op, pdu.its_session_info) == (2, 0x2A02)
    assert (pdu.short_message, pdu.sequence) == (b"1 Balance", 7)


def test_parameters_that_a_deliver_sm_should_not_carry_are_skipped() -> None:
    odd = tlv(0x1203, b"\0\1") + tlv(0x7777, b"?") + tlv(0x130C, b"") + tlv(0x0501, b"\x03")
    assert parse(frame(deliver_body("9393", b"hello", tlvs=odd))).ussd_service_op == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 0x02),
        (deliver_body("9393", b"hello")[:-3], 0x01),
        (deliver_body("9393", b"hello", tlvs=b"\x05"), 0xC0),
        (deliver_body("9393", b"hello", tlvs=b"\x05\x01\x00\x02\x01"), 0xC0),
        (deliver_body("9393", b"hello", tlvs=tlv(0x0501, b"\0\1")), 0xC0),
        (deliver_body("9" * 30, b"hello"), 0x02),
        (b"USSDXX\0" + deliver_body("9393", b"hello")[1:], 0x02),
    ],
)
def test_a_broken_body_is_refused_with_its_status(body: bytes, status: int) -> None:
    with pytest.raises(BrokenPdu) as broken:
        parse(frame(body))
    assert (broken.value.status, broken.value.sequence) == (status, 7)


def test_a_body_cut_anywhere_is_refused_or_ends_between_two_parameters() -> None:
    whole = ussd_body(2, b"1 Balance", b"\x2a\x02")
    accepted = [length for length in range(len(whole)) if _is_accepted(whole[:length])]
    assert accepted == [len(whole) - 11, len(whole) - 6]


def _is_accepted(body: bytes, command_id: int = DELIVER_SM) -> bool:
    try:
        parse(frame(body, command_id))
    except BrokenPdu:
        return False
    return True


COMMAND_IDS = st.sampled_from([DELIVER_SM, 4, 6, 9, 0x15, 0x103, 0x102, 0x80000004, 0x80000009, 0x80000000])


@given(COMMAND_IDS | st.integers(0, 0xFFFFFFFF), st.binary(max_size=120))
def test_any_body_is_read_or_refused_and_nothing_else(command_id: int, body: bytes) -> None:
    try:
        sequence = parse(frame(body, command_id)).sequence
    except BrokenPdu as broken:
        sequence = broken.sequence
    assert sequence == 7


def test_smpplib_itself_still_cannot_say_why_a_delivery_was_refused() -> None:
    response = smpp.make_pdu("deliver_sm_resp", status=0x64, network_error_code=b"\x03\x00\x20")
    response.sequence = 7
    assert response.generate()[16:] == b"\0"


@pytest.mark.parametrize("name", ["deliver_sm_resp", "data_sm_resp"])
def test_a_response_says_why(name: str) -> None:
    response = make_pdu(name, status=0x64, sequence=7, network_error_code=b"\x03\x00\x20")
    response.sequence = 7
    assert response.generate()[16:] == b"\0" + tlv(NETWORK_ERROR_CODE, b"\x03\x00\x20")
    fine = make_pdu(name, status=0, sequence=7, network_error_code=None)
    fine.sequence = 7
    assert fine.generate()[16:] == b"\0"


def test_a_submit_names_the_message_that_it_acknowledges() -> None:
    submit = make_pdu("submit_sm", sequence=7, esm_class=0x08, receipted_message_id=b"a\xe9\0")
    submit.sequence = 7
    assert submit.generate().endswith(tlv(RECEIPTED_MESSAGE_ID, b"a\xe9\0"))


def test_a_data_sm_cut_anywhere_is_refused_or_ends_between_two_parameters() -> None:
    whole = data_body("9393", tlv(0x0204, b"\0\1") + tlv(0x0424, b"hi"))
    accepted = [length for length in range(len(whole)) if _is_accepted(whole[:length], 0x103)]
    assert accepted == [len(whole) - 12, len(whole) - 6]
