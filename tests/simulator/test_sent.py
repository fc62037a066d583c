"""Receipts and acknowledgements that come for what was sent."""

from collections.abc import Callable
from concurrent.futures import Future

import pytest

from simulator.errors import (
    SubmitFailed,
)
from simulator.events import IncomingSms, MarkChanged
from simulator.handset import Handset
from simulator.mark import Mark
from simulator.report import Report
from simulator.sent import SentBox
from tests.simulator.conftest import Screen
from tests.simulator.fake_smsc import (
    DELIVER_SM,
    USER_MESSAGE_REFERENCE,
    FakeSmsc,
    deliver_body,
    receipt_body,
    tlv,
)

REFERENCE = tlv(USER_MESSAGE_REFERENCE, b"\x12\x34")


def test_a_handset_asks_for_no_receipt_unless_it_is_told_to(smsc: FakeSmsc, handset: Handset) -> None:
    handset.send_sms("9393", "a")
    handset.registered_delivery = 1
    handset.send_sms("9393", "a")
    assert [smsc.wait_submit().registered_delivery for _ in range(2)] == [0, 1]


def test_a_receipt_is_a_mark_on_the_sent_message_and_no_message(
    smsc: FakeSmsc, handset: Handset, screen: Screen
) -> None:
    smsc.message_ids = ["a1", "b2"]
    handset.registered_delivery = 0x11
    handset.send_sms("77021234567", "first")
    handset.send_sms("9393", "second")
    assert smsc.deliver(receipt_body("b2", 1, esm_class=0x20)) == 0
    assert screen.next() == MarkChanged(2, "9393", Mark.WAITING)
    smsc.deliver(receipt_body("b2", 5))
    assert screen.next() == MarkChanged(2, "9393", Mark.FAILED)
    smsc.deliver(receipt_body("a1", 2))
    assert screen.next() == MarkChanged(1, "77021234567", Mark.DELIVERED)
    assert [(each.number, each.to, each.mark) for each in handset.sent] == [
        (1, "77021234567", Mark.DELIVERED),
        (2, "9393", Mark.FAILED),
    ]


def test_a_receipt_right_behind_the_response_finds_its_message(
    smsc: FakeSmsc, handset: Handset, screen: Screen
) -> None:
    """The sender's thread may not have seen the response yet."""
    smsc.on_submit = lambda _submit: smsc.send(DELIVER_SM, receipt_body("id-1", 2))
    handset.send_sms("9393", "hello")
    assert screen.next() == MarkChanged(1, "9393", Mark.DELIVERED)


def test_a_receipt_that_cannot_be_understood_is_taken_and_ignored(
    smsc: FakeSmsc, handset: Handset, screen: Screen
) -> None:
    handset.send_sms("9393", "hello")
    assert smsc.deliver(deliver_body("9393", b"what?", esm_class=0x04)) == 0
    smsc.deliver(deliver_body("9393", b"a message"))
    assert screen.next() == IncomingSms("9393", "a message")


def test_a_message_that_was_refused_is_marked_as_failed(smsc: FakeSmsc, handset: Handset) -> None:
    smsc.submit_status = 0x0B
    with pytest.raises(SubmitFailed):
        handset.send_sms("9393", "hello")
    assert [each.mark for each in handset.sent] == [Mark.FAILED]
    assert "hello" not in repr(handset.sent)


def test_an_acknowledgement_by_another_handset_is_a_mark(
    smsc: FakeSmsc, switched_on: Callable[..., Handset], screen: Screen
) -> None:
    handset = switched_on(own={"first_reference": 0x1234})
    handset.send_sms("77021234567", "hello")
    smsc.deliver(deliver_body("77021234567", b"delivered", esm_class=0x08, tlvs=REFERENCE))
    assert screen.next() == MarkChanged(1, "77021234567", Mark.DELIVERED)
    smsc.deliver(deliver_body("77021234567", b"read", esm_class=0x10, tlvs=REFERENCE))
    assert screen.next() == MarkChanged(1, "77021234567", Mark.READ)


def settled(message_id: str) -> "Future[str]":
    """A response that has come."""
    future: Future[str] = Future()
    future.set_result(message_id)
    return future


def test_a_message_of_several_segments_is_delivered_with_the_last_of_them() -> None:
    box = SentBox()
    accept = box.begin("9393", "long", [1, 2])
    accept(1, settled("a"))
    accept(2, settled("b"))
    assert box.take(Report("b", None, Mark.DELIVERED), "9393") is None
    assert box.take(Report("b", None, Mark.DELIVERED), "9393") is None
    assert box.take(Report("a", None, Mark.DELIVERED), "9393") == MarkChanged(1, "9393", Mark.DELIVERED)


def test_a_report_of_a_message_that_nobody_remembers_is_told_by_its_address() -> None:
    box = SentBox()
    for report in (Report("a", None, Mark.READ), Report("", 7, Mark.READ), Report("", None, Mark.READ)):
        assert box.take(report, "9393") == MarkChanged(None, "9393", Mark.READ)


def test_the_oldest_message_is_forgotten_with_its_ids_and_references() -> None:
    box = SentBox(kept_max=2)
    for reference in (7, 8, 7):
        box.begin("9393", "", [reference])(reference, settled(f"id-{reference}"))
    assert [each.number for each in box.messages] == [2, 3]
    assert box.take(Report("", 7, Mark.DELIVERED), "9393") == MarkChanged(3, "9393", Mark.DELIVERED)
    box.begin("9393", "", [9])
    assert box.take(Report("id-8", 8, Mark.FAILED), "9393") == MarkChanged(None, "9393", Mark.FAILED)


def test_the_text_of_a_sent_message_is_in_no_repr() -> None:
    box = SentBox()
    box.begin("9393", "1234567890123", [1])
    assert box.messages[0].text == "1234567890123"
    assert "1234567890123" not in repr(box.messages) + repr(box.__dict__)
