"""USSD on a handset, against a gateway of plain sockets."""

import pytest

from simulator.errors import (
    BadText,
    DialogueOver,
    NoDialogue,
    SubmitFailed,
)
from simulator.events import UssdNotice, UssdScreen
from simulator.handset import Handset
from tests.simulator.conftest import Screen
from tests.simulator.fake_smsc import (
    ITS_SESSION_INFO,
    SUBMIT_SM,
    USSD_SERVICE_OP,
    FakeSmsc,
    ussd_body,
)


def test_a_ussd_dialogue_echoes_the_session_of_each_screen(
    smsc: FakeSmsc, handset: Handset, screen: Screen
) -> None:
    handset.dial("*100#")
    dialled = smsc.wait_submit()
    assert (dialled.service_type, dialled.short_message) == ("USSD", b"*100#")
    assert dialled.destination[2] == "*100#"
    assert dialled.tlvs[USSD_SERVICE_OP] == b"\x01"
    assert len(dialled.tlvs[ITS_SESSION_INFO]) == 2
    smsc.deliver(ussd_body(2, b"1 Balance", b"\x2a\x02"))
    assert screen.next() == UssdScreen("1 Balance", wants_answer=True)
    handset.answer("1")
    answered = smsc.wait_submit()
    assert (answered.service_type, answered.short_message) == ("USSD", b"1")
    assert answered.tlvs == {USSD_SERVICE_OP: b"\x12", ITS_SESSION_INFO: b"\x2a\x02"}
    smsc.deliver(ussd_body(17, "Теңгерім".encode("utf-16-be"), b"\x2a\x05", data_coding=8))
    assert screen.next() == UssdScreen("Теңгерім", wants_answer=False)
    with pytest.raises(NoDialogue):
        handset.answer("1")


def test_an_abort_sends_the_end_bit(smsc: FakeSmsc, handset: Handset, screen: Screen) -> None:
    handset.dial("*100#")
    smsc.wait_submit()
    smsc.deliver(ussd_body(2, b"1 Balance", b"\x2a\x04"))
    screen.next()
    handset.abort()
    aborted = smsc.wait_submit()
    assert aborted.tlvs == {USSD_SERVICE_OP: b"\x12", ITS_SESSION_INFO: b"\x2a\x05"}
    with pytest.raises(NoDialogue):
        handset.abort()


def test_a_dialled_string_too_long_for_an_address_travels_in_the_message_alone(
    smsc: FakeSmsc, handset: Handset
) -> None:
    handset.dial("*110*1234567890123*1#")
    dialled = smsc.wait_submit()
    assert (dialled.destination[2], dialled.short_message) == ("", b"*110*1234567890123*1#")


def test_a_refused_answer_leaves_the_dialogue_open(smsc: FakeSmsc, handset: Handset, screen: Screen) -> None:
    handset.dial("*100#")
    smsc.deliver(ussd_body(2, b"1 Balance", b"\x2a\x02"))
    screen.next()
    smsc.submit_status = 0x58
    with pytest.raises(SubmitFailed):
        handset.answer("1")
    smsc.submit_status = 0
    handset.answer("1")


def test_an_answer_that_came_too_late_says_to_dial_again(
    smsc: FakeSmsc, handset: Handset, screen: Screen
) -> None:
    """The gateway knows of no dialogue any more, so a second answer is not even sent."""
    handset.dial("*100#")
    smsc.deliver(ussd_body(2, b"1 Balance", b"\x2a\x02"))
    screen.next()
    smsc.submit_status = 0xC4
    with pytest.raises(DialogueOver, match="dial again"):
        handset.answer("1")
    with pytest.raises(NoDialogue):
        handset.answer("1")


def test_a_refused_dial_opens_no_dialogue(smsc: FakeSmsc, handset: Handset) -> None:
    smsc.submit_status = 0x0B
    with pytest.raises(SubmitFailed):
        handset.dial("*100#")
    with pytest.raises(NoDialogue):
        handset.abort()


def test_an_answer_too_long_for_ussd_is_not_sent(smsc: FakeSmsc, handset: Handset, screen: Screen) -> None:
    handset.dial("*100#")
    smsc.wait_submit()
    smsc.deliver(ussd_body(2, b"Name?", b"\x01\x00"))
    screen.next()
    with pytest.raises(BadText):
        handset.answer("a" * 183)
    assert smsc.pending(SUBMIT_SM) == 0
    handset.answer("a" * 182)
    assert len(smsc.wait_submit().short_message) == 182


@pytest.mark.usefixtures("handset")
def test_a_notice_is_confirmed_by_the_telephone_itself(smsc: FakeSmsc, screen: Screen) -> None:
    smsc.deliver(ussd_body(3, b"Parking ends", b"\x09\x00"))
    assert screen.next() == UssdNotice("Parking ends")
    assert smsc.wait_submit().tlvs == {USSD_SERVICE_OP: b"\x13", ITS_SESSION_INFO: b"\x09\x00"}


@pytest.mark.usefixtures("handset")
def test_a_ussd_operation_that_no_handset_expects_is_refused(smsc: FakeSmsc) -> None:
    assert smsc.deliver(ussd_body(99, b"?", None)) == 0xC4
