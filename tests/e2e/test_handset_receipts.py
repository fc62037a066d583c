"""Receipts that handsets ask for, and acknowledgements that they send."""

import pytest

from gateway.smpp.constants import EsmClass
from gateway.smpp.tlv import Tag, Tlv
from simulator.events import IncomingSms, MarkChanged
from simulator.mark import Mark
from tests.e2e.conftest import MakePhone
from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess, run_command
from tests.e2e.raw_link import RawLink

EN, RU = "77781234567", "77011234567"
BOTH, INTERMEDIATE = 0x01, 0x10
DELIVERY_ACK, USER_ACK = 0x04, 0x08


def test_a_handset_that_asks_gets_a_receipt_as_a_mark(phone: MakePhone) -> None:
    """From one subscriber to another, in one segment and in several."""
    sender, receiver = phone(EN), phone(RU)
    sender.handset.registered_delivery = BOTH
    for number, text in enumerate(("hello", "long " * 60), start=1):
        sender.handset.send_sms(RU, text)
        assert receiver.incoming() == IncomingSms(EN, text)
        assert sender.mark() == MarkChanged(number, RU, Mark.DELIVERED)


def test_a_message_that_expires_is_marked_as_failed(phone: MakePhone, api: ControlApi) -> None:
    """The receiver was never switched on."""
    api.virtual_clock()
    sender = phone(EN)
    sender.handset.registered_delivery = BOTH
    sender.handset.send_sms(RU, "hello")
    api.advance(4 * 86_400)
    assert sender.mark() == MarkChanged(1, RU, Mark.FAILED)


def test_waiting_is_told_where_it_is_asked_for(phone: MakePhone, api: ControlApi) -> None:
    """An intermediate notification (SMPP 3.4 section 5.2.17), then the receipt."""
    api.virtual_clock()
    sender, receiver = phone(EN), phone(RU)
    receiver.handset.condition.fill()
    sender.handset.registered_delivery = BOTH | INTERMEDIATE
    sender.handset.send_sms(RU, "hello")
    assert sender.mark() == MarkChanged(1, RU, Mark.WAITING)
    receiver.handset.condition.free()
    api.advance(7200)
    assert sender.mark() == MarkChanged(1, RU, Mark.DELIVERED)


@pytest.mark.conformance(
    "registered_delivery.SME_DELIVERY_ACK",
    "registered_delivery.SME_USER_ACK",
    "esm_class.DELIVERY_ACKNOWLEDGEMENT",
    "esm_class.USER_ACKNOWLEDGEMENT",
    "deliver_sm.registered_delivery",
)
@pytest.mark.parametrize(
    ("wanted", "kinds"),
    [
        (DELIVERY_ACK, [EsmClass.DELIVERY_ACKNOWLEDGEMENT]),
        (USER_ACK, [EsmClass.USER_ACKNOWLEDGEMENT]),
        (DELIVERY_ACK | USER_ACK, [EsmClass.DELIVERY_ACKNOWLEDGEMENT, EsmClass.USER_ACKNOWLEDGEMENT]),
    ],
)
def test_an_application_hears_of_the_delivery_and_of_the_reading(
    phone: MakePhone, app1: RawLink, wanted: int, kinds: list[EsmClass]
) -> None:
    """SME acknowledgements (SMPP 3.4 section 5.2.12), which name the message as the application did."""
    handset = phone(EN)
    reference = Tlv(Tag.USER_MESSAGE_REFERENCE, 4711)
    app1.submit("1234", EN, "hello", registered_delivery=wanted, tlvs=(reference,))
    assert handset.incoming().wants_reading == bool(wanted & USER_ACK)
    assert handset.handset.read() == bool(wanted & USER_ACK)
    heard = [app1.delivery() for _ in kinds]
    assert [pdu.esm_class for pdu in heard] == kinds
    for pdu in heard:
        assert (pdu.source.addr, pdu.destination.addr) == (EN, "1234")
        assert pdu.tlv_int(Tag.USER_MESSAGE_REFERENCE) == 4711


def test_the_terminal_handset_waits_for_its_receipt_and_shows_the_mark(
    phone: MakePhone, gateway: GatewayProcess
) -> None:
    """Through a pipe, to a handset that is on."""
    receiver = phone(RU)
    target = {"SHORTCODE_TARGET": f"smpp://handset:handset@127.0.0.1:{gateway.smpp_port}"}
    done = run_command("handset", EN, "--plain", env=target, stdin=f"receipt on\nsms {RU} hello\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert receiver.incoming() == IncomingSms(EN, "hello")
    assert f"message 1 to {RU}: delivered\n" in done.stdout
