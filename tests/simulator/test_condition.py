"""Handsets in trouble: what they answer, what they show."""

from collections.abc import Callable

import pytest

from simulator.condition import Behaviour, Condition
from simulator.errors import (
    NotConnected,
)
from simulator.events import IncomingSms, LinkDown, LinkUp, MarkChanged, UssdScreen
from simulator.handset import Handset
from simulator.mark import Mark
from tests.simulator.conftest import Screen
from tests.simulator.fake_smsc import (
    BIND_TRANSCEIVER,
    DATA_SM,
    DELIVER_SM,
    MESSAGE_PAYLOAD,
    NETWORK_ERROR_CODE,
    SUBMIT_SM,
    UNBIND,
    FakeSmsc,
    Reader,
    data_body,
    deliver_body,
    read_tlvs,
    receipt_body,
    tlv,
    ussd_body,
)

ESME_RX_T_APPN = 0x64
ESME_RX_R_APPN = 0x66
ESME_RX_P_APPN = 0x65


def out_of_coverage(handset: Handset) -> None:
    handset.condition.in_coverage = False


def busy(handset: Handset) -> None:
    handset.condition.behaviour = Behaviour.BUSY


def memory_full(handset: Handset) -> None:
    handset.condition.fill()


def rejecting(handset: Handset) -> None:
    handset.condition.behaviour = Behaviour.REJECTING


def broken(handset: Handset) -> None:
    handset.condition.behaviour = Behaviour.BROKEN


def refusal(smsc: FakeSmsc, body: bytes, command_id: int = DELIVER_SM) -> tuple[int, bytes | None]:
    """Status and network_error_code of the answer to a delivery."""
    response = smsc.response(command_id, body)
    reader = Reader(response.body)
    assert reader.text() == ""
    return response.status, read_tlvs(reader.rest).get(NETWORK_ERROR_CODE)


@pytest.mark.parametrize("command_id", [DELIVER_SM, DATA_SM])
@pytest.mark.parametrize(
    ("worsen", "expected"),
    [
        (out_of_coverage, (ESME_RX_T_APPN, b"\x03\x00\x1b")),
        (busy, (ESME_RX_T_APPN, b"\x03\x00\x1f")),
        (memory_full, (ESME_RX_T_APPN, b"\x03\x00\x20")),
        (rejecting, (ESME_RX_R_APPN, None)),
        (broken, (ESME_RX_P_APPN, None)),
    ],
)
def test_a_handset_in_trouble_says_what_is_wrong_and_shows_nothing(
    smsc: FakeSmsc,
    handset: Handset,
    screen: Screen,
    worsen: Callable[[Handset], None],
    expected: tuple[int, bytes | None],
    command_id: int,
) -> None:
    worsen(handset)
    body = {
        DELIVER_SM: deliver_body("9393", b"refused"),
        DATA_SM: data_body("9393", tlv(MESSAGE_PAYLOAD, b"refused")),
    }
    assert refusal(smsc, body[command_id], command_id) == expected
    handset.condition = Condition()
    assert smsc.deliver(deliver_body("9393", b"taken")) == 0
    assert screen.next() == IncomingSms("9393", "taken")


def test_out_of_coverage_it_stays_bound_and_sends_nothing_by_itself_when_it_is_back(
    smsc: FakeSmsc, handset: Handset, screen: Screen
) -> None:
    handset.condition.in_coverage = False
    with pytest.raises(NotConnected, match="out of coverage"):
        handset.send_sms("9393", "hello")
    with pytest.raises(NotConnected, match="out of coverage"):
        handset.dial("*100#")
    assert smsc.deliver(ussd_body(17, b"Balance", None)) == ESME_RX_T_APPN
    handset.condition.in_coverage = True
    assert smsc.deliver(deliver_body("9393", b"taken")) == 0
    assert screen.next() == IncomingSms("9393", "taken")
    assert [smsc.pending(each) for each in (UNBIND, SUBMIT_SM, BIND_TRANSCEIVER)] == [0, 0, 1]


def test_a_message_that_came_before_needs_no_second_place_in_the_memory(
    smsc: FakeSmsc, handset: Handset, screen: Screen
) -> None:
    handset.condition.free(1)
    body = deliver_body("9393", b"once")
    smsc.deliver(body)
    smsc.drop()
    smsc.listen()
    assert [type(screen.next()) for _ in range(3)] == [IncomingSms, LinkDown, LinkUp]
    assert smsc.deliver(body, sequence=900) == 0
    assert smsc.deliver(body, sequence=901) == ESME_RX_T_APPN


def test_a_flash_message_is_shown_though_the_memory_is_full(
    smsc: FakeSmsc, handset: Handset, screen: Screen
) -> None:
    handset.condition.fill()
    assert smsc.deliver(deliver_body("9393", b"look", data_coding=0x10)) == 0
    assert screen.next() == IncomingSms("9393", "look", flash=True)


def test_receipts_need_no_memory_and_are_not_rejected(
    smsc: FakeSmsc, handset: Handset, screen: Screen
) -> None:
    handset.send_sms("9393", "hello")
    handset.condition.fill()
    handset.condition.behaviour = Behaviour.REJECTING
    assert smsc.deliver(receipt_body("id-1", 2)) == 0
    assert screen.next() == MarkChanged(1, "9393", Mark.DELIVERED)
    handset.condition.behaviour = Behaviour.BUSY
    assert smsc.deliver(receipt_body("id-1", 2)) == ESME_RX_T_APPN


def test_ussd_needs_no_memory(smsc: FakeSmsc, handset: Handset, screen: Screen) -> None:
    handset.condition.fill()
    assert smsc.deliver(ussd_body(17, b"Balance", None)) == 0
    assert screen.next() == UssdScreen("Balance", wants_answer=False)
