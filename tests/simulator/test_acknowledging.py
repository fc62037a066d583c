"""Acknowledgements that a handset sends."""

from collections.abc import Callable

import pytest

from simulator.errors import (
    NotConnected,
)
from simulator.events import IncomingSms
from simulator.handset import Handset
from tests.simulator.conftest import MSISDN, Screen
from tests.simulator.fake_smsc import (
    RECEIPTED_MESSAGE_ID,
    SUBMIT_SM,
    USER_MESSAGE_REFERENCE,
    FakeSmsc,
    deliver_body,
    tlv,
)

REFERENCE = tlv(USER_MESSAGE_REFERENCE, b"\x12\x34")


@pytest.mark.usefixtures("handset")
def test_the_sender_that_asks_is_told_of_the_delivery_at_once(smsc: FakeSmsc) -> None:
    smsc.deliver(deliver_body("1234", b"hello", registered_delivery=0x04, tlvs=REFERENCE))
    told = smsc.wait_submit()
    assert (told.source[2], told.destination, told.esm_class) == (MSISDN, (0, 1, "1234"), 0x08)
    assert (told.short_message, told.registered_delivery) == (b"delivered", 0)
    assert told.tlvs == {USER_MESSAGE_REFERENCE: b"\x12\x34"}


def test_the_sender_that_asks_is_told_of_the_reading_when_it_is_read(
    smsc: FakeSmsc, handset: Handset, screen: Screen
) -> None:
    named = tlv(RECEIPTED_MESSAGE_ID, b"a1\0")
    smsc.deliver(deliver_body("1234", b"hello", registered_delivery=0x08, tlvs=named))
    assert screen.next() == IncomingSms("1234", "hello", wants_reading=True)
    assert smsc.pending(SUBMIT_SM) == 0
    assert handset.read() == 1
    told = smsc.wait_submit()
    assert (told.destination, told.esm_class, told.short_message) == ((0, 1, "1234"), 0x10, b"read")
    assert told.tlvs == {RECEIPTED_MESSAGE_ID: b"a1\0"}
    assert handset.read() == 0


def test_a_handset_that_reads_at_once_tells_both_in_order(
    smsc: FakeSmsc, switched_on: Callable[..., Handset], screen: Screen
) -> None:
    switched_on(own={"reads_at_once": True})
    smsc.deliver(deliver_body("1234", b"hello", registered_delivery=0x0C, tlvs=REFERENCE))
    assert [smsc.wait_submit().esm_class for _ in range(2)] == [0x08, 0x10]
    assert screen.next() == IncomingSms("1234", "hello")


@pytest.mark.parametrize(("references", "told"), [((1, 2), [1, 2]), ((1, 1), [1])])
def test_each_segment_with_a_name_of_its_own_is_acknowledged_once_all_are_there(
    smsc: FakeSmsc, handset: Handset, screen: Screen, references: tuple[int, int], told: list[int]
) -> None:
    for number, reference in enumerate(references, start=1):
        header = bytes((5, 0, 3, 7, 2, number))
        named = tlv(USER_MESSAGE_REFERENCE, bytes((0, reference)))
        smsc.deliver(
            deliver_body("1234", header + b"a", esm_class=0x40, registered_delivery=0x0C, tlvs=named)
        )
    screen.next()
    assert handset.read() == len(told)
    acknowledged = [smsc.wait_submit() for _ in range(2 * len(told))]
    assert [(each.esm_class, each.tlvs[USER_MESSAGE_REFERENCE][1]) for each in acknowledged] == [
        (kind, reference) for kind in (0x08, 0x10) for reference in told
    ]
    assert smsc.pending(SUBMIT_SM) == 0


def test_what_could_not_be_told_out_of_coverage_is_told_later(
    smsc: FakeSmsc, handset: Handset, screen: Screen
) -> None:
    smsc.deliver(deliver_body("1234", b"hello", registered_delivery=0x08))
    screen.next()
    handset.condition.in_coverage = False
    with pytest.raises(NotConnected):
        handset.read()
    handset.condition.in_coverage = True
    assert handset.read() == 1


def test_a_refused_message_is_not_acknowledged(smsc: FakeSmsc, handset: Handset) -> None:
    handset.condition.fill()
    smsc.deliver(deliver_body("1234", b"hello", registered_delivery=0x0C))
    assert handset.read() == 0
    handset.send_sms("9393", "the first submit")
    assert smsc.wait_submit().short_message == b"the first submit"
