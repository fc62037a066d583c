"""External applications: delivery receipts, and the traffic of the short codes they own."""

import re

import pytest

from gateway.smpp.constants import CommandStatus, EsmClass
from gateway.smpp.pdus import DeliverSm, SubmitSmResp
from gateway.smpp.tlv import Tag
from tests.e2e.conftest import MakePhone, Raw
from tests.e2e.control_api import ControlApi
from tests.e2e.raw_link import RawLink, message
from tests.e2e.waiting import until

EN, RU = "77781234567", "77011234567"
OK = CommandStatus.ESME_ROK
DELIVERED, EXPIRED, UNDELIVERABLE = 2, 3, 5
RECEIPT = 1
ON_FAILURE = 2
#: SMPP 3.4 Appendix B.
RECEIPT_TEXT = re.compile(
    r"id:(?P<id>[0-9a-f]{32}) sub:001 dlvrd:\d{3} submit date:\d{10} done date:\d{10} "
    r"stat:(?P<stat>[A-Z]{7}) err:\d{3} text:(?P<text>.{0,20})",
    re.IGNORECASE,
)


def _receipt(link: RawLink) -> tuple[str, int, str]:
    """The next delivery on the link, as a receipt: message id, state, the text's stat."""
    pdu = link.delivery()
    assert pdu.esm_class & EsmClass.DELIVERY_RECEIPT
    found = RECEIPT_TEXT.fullmatch(pdu.short_message.decode("ascii"))
    assert found, pdu.short_message
    message_id = str(pdu.tlv(Tag.RECEIPTED_MESSAGE_ID))
    assert found["id"] == message_id
    return message_id, int(pdu.tlv_int(Tag.MESSAGE_STATE) or 0), found["stat"]


@pytest.mark.conformance(
    "deliver_sm",
    "esm_class.DELIVERY_RECEIPT",
    "tlv.receipted_message_id",
    "tlv.message_state",
    "state.DELIVERED",
)
def test_a_receipt_follows_the_delivery_and_never_the_other_way_round(app1: RawLink, raw: Raw) -> None:
    """First the submit's response, then the delivery, then the receipt with the response's message id."""
    receiver = raw(address_range=EN)
    for number in range(20):
        app1.send(message("1234", EN, f"message {number}", registered_delivery=RECEIPT))
    first = app1.read()
    assert isinstance(first, SubmitSmResp), "the response comes before the receipt"
    ids = [first.message_id, *(app1.expect(SubmitSmResp).message_id for _ in range(19))]
    assert not [pdu for pdu in app1.waiting() if isinstance(pdu, DeliverSm)], "nothing is delivered yet"
    for _ in ids:
        receiver.delivery()
    receipts = [_receipt(app1) for _ in ids]
    assert sorted(receipts) == sorted((each, DELIVERED, "DELIVRD") for each in ids)


@pytest.mark.conformance("deliver_sm.source_addr", "deliver_sm.destination_addr")
def test_a_receipt_has_the_addresses_the_other_way_round(app1: RawLink, raw: Raw) -> None:
    """From the subscriber to the sender that was used."""
    receiver = raw(address_range=EN)
    app1.submit("MyBank", EN, "hello", registered_delivery=RECEIPT)
    assert receiver.delivery().source.addr == "MyBank"
    pdu = app1.delivery()
    assert (pdu.source.addr, pdu.destination.addr) == (EN, "MyBank")


def test_no_receipt_comes_without_being_asked_for(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """registered_delivery 0, and 2 for a message that is delivered."""
    receiver = raw(address_range=EN)
    for wanted in (0, ON_FAILURE):
        app1.submit("1234", EN, "hello", registered_delivery=wanted)
        receiver.delivery()
    until(lambda: len(api.messages(to=EN, state="DELIVERED")) == 2, "both are delivered")
    assert app1.waiting() == []


@pytest.mark.parametrize("wanted", [RECEIPT, ON_FAILURE])
def test_a_failure_is_told_by_a_receipt(app1: RawLink, raw: Raw, wanted: int) -> None:
    """A permanent refusal of the handset."""
    receiver = raw(address_range=EN)
    message_id = app1.submit("1234", EN, "hello", registered_delivery=wanted).message_id
    receiver.delivery(CommandStatus.ESME_RX_P_APPN)
    assert _receipt(app1) == (message_id, UNDELIVERABLE, "UNDELIV")


def test_an_expired_message_is_told_by_a_receipt(app1: RawLink, api: ControlApi) -> None:
    """Nobody ever bound for the number."""
    api.virtual_clock()
    response = app1.submit(
        "1234", EN, "hello", registered_delivery=RECEIPT, validity_period="000000010000000R"
    )
    api.advance(3601)
    assert _receipt(app1) == (response.message_id, EXPIRED, "EXPIRED")


def test_an_off_net_message_is_receipted_after_its_response(app1: RawLink) -> None:
    """The simulated interconnect delivers at once, and still the response comes first."""
    app1.send(message("1234", "77051234567", "hello", registered_delivery=RECEIPT))
    response = app1.read()
    assert isinstance(response, SubmitSmResp)
    assert _receipt(app1) == (response.message_id, DELIVERED, "DELIVRD")


def test_receipts_wait_for_an_application_that_is_away(raw: Raw, api: ControlApi) -> None:
    """They come with its next bind."""
    app1, receiver = raw(system_id="app1", password="secret1"), raw(address_range=EN)
    message_id = app1.submit("1234", EN, "hello", registered_delivery=RECEIPT).message_id
    app1.unbind()
    receiver.delivery()
    until(lambda: api.whole(message_id)["state"] == "DELIVERED", "the message is delivered")
    assert _receipt(raw(system_id="app1", password="secret1")) == (message_id, DELIVERED, "DELIVRD")


@pytest.mark.conformance("submit_sm", "deliver_sm", "submit_sm.destination_addr")
def test_a_handsets_message_to_1234_reaches_the_applications_bind(app1: RawLink, phone: MakePhone) -> None:
    """As a deliver_sm from the handset to the short code."""
    phone(EN).handset.send_sms("1234", "VOTE 7")
    pdu = app1.delivery()
    assert (pdu.source.addr, pdu.destination.addr) == (EN, "1234")
    assert pdu.short_message == b"VOTE 7"
    assert pdu.esm_class == 0


def test_messages_to_1234_wait_for_the_application(raw: Raw, api: ControlApi) -> None:
    """Nobody is bound for app1: the handset's submit is accepted, the traffic comes later."""
    handset = raw(address_range=EN)
    for number in range(5):
        assert handset.submit(EN, "1234", f"VOTE {number}").command_status == OK
    assert len(api.messages(to="1234", state="ENROUTE")) == 5
    app1 = raw(system_id="app1", password="secret1")
    votes = {app1.delivery().short_message for _ in range(5)}
    assert votes == {f"VOTE {number}".encode() for number in range(5)}


@pytest.mark.conformance("submit_sm", "deliver_sm", "submit_sm.short_message")
def test_an_answer_of_the_application_reaches_the_handset(app1: RawLink, phone: MakePhone) -> None:
    """The whole way there and back."""
    handset = phone(EN)
    handset.handset.send_sms("1234", "BALANCE?")
    asked = app1.delivery()
    app1.submit(asked.destination.addr, asked.source.addr, "you have 7 points")
    answer = handset.incoming()
    assert (answer.source, answer.text) == ("1234", "you have 7 points")


def test_one_of_two_binds_gets_each_message(raw: Raw) -> None:
    """An application with several sessions shares its traffic between them: each message once."""
    first, second = (raw(system_id="app1", password="secret1") for _ in range(2))
    handset = raw(address_range=RU)
    for number in range(10):
        handset.submit(RU, "1234", f"VOTE {number}")
    got: list[bytes] = []
    for link in (first, second):
        for pdu in link.waiting():
            assert isinstance(pdu, DeliverSm)
            link.answer(pdu)
            got.append(pdu.short_message)
    assert sorted(got) == sorted(f"VOTE {number}".encode() for number in range(10))
