"""Receipts: who gets which, in what form, when and in what order."""

import re
from collections.abc import Callable

import pytest

from gateway.smpp.constants import CommandStatus, EsmClass
from gateway.smpp.pdus import DeliverSm, SubmitSmResp
from gateway.smpp.tlv import Tag, Tlv
from tests.e2e.conftest import MakePhone, Raw
from tests.e2e.control_api import ControlApi
from tests.e2e.phone import Phone
from tests.e2e.raw_link import RawLink, message
from tests.e2e.smsc.conftest import App
from tests.e2e.waiting import until

EN, RU = "77781234567", "77011234567"
OK = CommandStatus.ESME_ROK
PERMANENT = CommandStatus.ESME_RX_P_APPN
AN_HOUR = "000000010000000R"
ENROUTE, DELIVERED, UNDELIVERABLE = 1, 2, 5
ALWAYS, ON_FAILURE, ON_SUCCESS, INTERMEDIATE = 1, 2, 3, 0x10
LATER_S = 7200
ID = re.compile(r"id:(\w+) ")


def _id_in(pdu: DeliverSm) -> str:
    found = ID.match(pdu.short_message.decode())
    assert found is not None
    return found[1]


def _words(pdu: DeliverSm) -> dict[str, str]:
    """``stat`` and ``err`` of a receipt's text."""
    return dict(re.findall(r"(stat|err):(\w+)", pdu.short_message.decode()))


# -- registered_delivery ---------------------------------------------------------------------------


@pytest.mark.conformance(
    "submit_sm.registered_delivery",
    "registered_delivery.RECEIPT",
    "registered_delivery.RECEIPT_FINAL",
    "registered_delivery.RECEIPT_FAILURE",
)
@pytest.mark.parametrize("wanted", range(4))
@pytest.mark.parametrize("status", [OK, PERMANENT])
def test_a_final_receipt_comes_as_it_was_asked_for(
    app1: RawLink, raw: Raw, api: ControlApi, wanted: int, status: CommandStatus
) -> None:
    """0 never, 1 always, 2 on failure (SMPP 3.4 section 5.2.17), 3 on success (SMPP 5.0)."""
    receiver = raw(address_range=EN)
    message_id = app1.submit("1234", EN, "hello", registered_delivery=wanted).message_id
    receiver.delivery(status)
    until(lambda: api.whole(message_id)["state"] in {"DELIVERED", "UNDELIVERABLE"}, "it is final")
    if wanted in ((ALWAYS, ON_SUCCESS) if status == OK else (ALWAYS, ON_FAILURE)):
        receipt = app1.delivery()
        assert receipt.tlv(Tag.MESSAGE_STATE) == (DELIVERED if status == OK else UNDELIVERABLE)
    # What would come wrongly was promised together with the final state, which the API has shown.
    assert [pdu for pdu in app1.waiting() if isinstance(pdu, DeliverSm)] == []


def _out_of_coverage(phone: Phone) -> None:
    phone.handset.condition.in_coverage = False


def _full(phone: Phone) -> None:
    phone.handset.condition.fill()


@pytest.mark.conformance(
    "registered_delivery.INTERMEDIATE",
    "esm_class.INTERMEDIATE_NOTIFICATION",
    "state.ENROUTE",
    "tlv.network_error_code",
    "tlv.message_state",
)
@pytest.mark.parametrize(("worsen", "err"), [(_out_of_coverage, "027"), (_full, "032")])
def test_an_intermediate_notification_comes_once_and_the_receipt_when_it_is_over(
    app1: RawLink,
    phone: MakePhone,
    api: ControlApi,
    worsen: Callable[[Phone], None],
    err: str,
) -> None:
    """MAP's absentSubscriber and sm-DeliveryFailure, tried twice; then the message expires."""
    api.virtual_clock()
    handset = phone(EN)
    worsen(handset)
    message_id = app1.submit(
        "1234", EN, "hello", registered_delivery=ALWAYS | INTERMEDIATE, validity_period=AN_HOUR
    ).message_id
    notice = app1.delivery()
    assert (notice.esm_class, _id_in(notice)) == (EsmClass.INTERMEDIATE_NOTIFICATION, message_id)
    assert _words(notice) == {"stat": "ENROUTE", "err": err}
    assert notice.tlv(Tag.MESSAGE_STATE) == ENROUTE
    assert notice.tlv(Tag.NETWORK_ERROR_CODE) == b"\x03\x00" + bytes((int(err),))
    api.advance(600)
    until(lambda: api.whole(message_id)["attempts"] > 1, "it was tried again")
    assert app1.waiting() == []
    api.advance(3600)
    receipt = app1.delivery()
    assert (receipt.esm_class, _words(receipt)["stat"]) == (EsmClass.DELIVERY_RECEIPT, "EXPIRED")


def test_an_intermediate_notification_alone_may_be_asked_for(
    app1: RawLink, phone: MakePhone, api: ControlApi
) -> None:
    """No receipt follows."""
    api.virtual_clock()
    handset = phone(EN)
    handset.handset.condition.fill()
    message_id = app1.submit("1234", EN, "hello", registered_delivery=INTERMEDIATE).message_id
    assert app1.delivery().esm_class == EsmClass.INTERMEDIATE_NOTIFICATION
    handset.handset.condition.free()
    api.advance(LATER_S)
    assert handset.incoming().text == "hello"
    until(lambda: api.whole(message_id)["state"] == "DELIVERED", "it is delivered")
    assert app1.waiting() == []


@pytest.mark.conformance("esm_class.DELIVERY_ACKNOWLEDGEMENT")
def test_an_acknowledgement_of_the_handset_is_no_receipt_of_ours(app1: RawLink, raw: Raw) -> None:
    """It travels like a message (SMPP 3.4 section 2.11), beside the receipt."""
    handset = raw(address_range=EN)
    app1.submit("1234", EN, "hello", registered_delivery=0x04 | ALWAYS)
    delivered = handset.delivery()
    assert delivered.registered_delivery == 0x04
    assert app1.delivery().esm_class == EsmClass.DELIVERY_RECEIPT
    for kind in (EsmClass.DELIVERY_ACKNOWLEDGEMENT, EsmClass.USER_ACKNOWLEDGEMENT):
        response = handset.submit(EN, "1234", "", esm_class=kind, tlvs=(Tlv(Tag.USER_RESPONSE_CODE, 1),))
        assert response.command_status == OK
        heard = app1.delivery()
        assert (heard.esm_class, heard.tlv(Tag.USER_RESPONSE_CODE)) == (kind, 1)


# -- forms -----------------------------------------------------------------------------------------


def _hex(text: str) -> str:
    return text


def _decimal(text: str) -> str:
    return f"{int(text):032x}"


@pytest.mark.conformance("submit_sm_resp.message_id", "tlv.receipted_message_id")
@pytest.mark.parametrize(
    ("system_id", "code", "response_form", "receipt_form"),
    [
        ("app1", "1234", _hex, _hex),
        ("decimal", "5005", _decimal, _decimal),
        ("mixed", "5006", _hex, _decimal),
        ("short", "5007", lambda text: f"{int(text):016x}", _hex),
    ],
)
def test_ids_in_response_and_receipt_are_of_the_accounts_forms_and_mean_the_same(
    app: App,
    raw: Raw,
    system_id: str,
    code: str,
    response_form: Callable[[str], str],
    receipt_form: Callable[[str], str],
) -> None:
    """Hexadecimal, decimal, and one of each, as Kannel's msg-id-type has them."""
    link, receiver = app(system_id), raw(address_range=EN)
    message_id = link.submit(code, EN, "hello", registered_delivery=ALWAYS).message_id
    receiver.delivery()
    receipt = link.delivery()
    assert receipt_form(_id_in(receipt)) == response_form(message_id)
    assert receipt.tlv_str(Tag.RECEIPTED_MESSAGE_ID) == _id_in(receipt)


# -- order and delay -------------------------------------------------------------------------------


def _frames(link: RawLink, count: int) -> list[SubmitSmResp | DeliverSm]:
    """The next frames as they stood in the stream, each delivery answered."""
    found: list[SubmitSmResp | DeliverSm] = []
    while len(found) < count:
        pdu = link.read()
        assert isinstance(pdu, SubmitSmResp | DeliverSm)
        if isinstance(pdu, DeliverSm):
            link.answer(pdu)
        found.append(pdu)
    return found


@pytest.mark.parametrize("to", [EN, "77051234567"], ids=["handset", "off-net"])
def test_in_the_stream_of_octets_each_receipt_stands_behind_its_response(
    app1: RawLink, phone: MakePhone, to: str
) -> None:
    """Two hundred in one write, to a handset that answers at once and to another network."""
    phone(EN)
    requests = [message("1234", to, f"{number}", registered_delivery=ALWAYS) for number in range(200)]
    app1.send_octets(b"".join(map(app1.numbered, requests)))
    answered: set[str] = set()
    receipted: set[str] = set()
    for pdu in _frames(app1, 2 * len(requests)):
        if isinstance(pdu, SubmitSmResp):
            answered.add(pdu.message_id)
        else:
            assert _id_in(pdu) in answered
            receipted.add(_id_in(pdu))
    assert receipted == answered
    assert len(answered) == len(requests)


def test_a_delayed_receipt_comes_after_its_delay_of_operator_time(
    app: App, raw: Raw, api: ControlApi
) -> None:
    """A minute, and not a second less; its done date is that of the delivery."""
    api.virtual_clock("2090-11-22T10:00:00+05:00")
    link, receiver = app("late"), raw(address_range=EN)
    message_id = link.submit("5008", EN, "hello", registered_delivery=ALWAYS).message_id
    receiver.delivery()
    until(lambda: api.whole(message_id)["state"] == "DELIVERED", "it is delivered")
    api.advance(59)
    assert link.waiting() == []
    api.advance(1)
    receipt = link.delivery()
    assert _id_in(receipt) == message_id
    assert b"done date:9011221000" in receipt.short_message


def test_reversed_receipts_come_the_last_one_first(app: App, raw: Raw, api: ControlApi) -> None:
    """All within one span of the delay."""
    api.virtual_clock("2090-11-22T10:00:00+05:00")
    link, receiver = app("reversed"), raw(address_range=EN)
    ids = []
    for number in range(4):
        ids.append(link.submit("5009", EN, f"{number}", registered_delivery=ALWAYS).message_id)
        receiver.delivery()
        until(lambda: api.whole(ids[-1])["state"] == "DELIVERED", "it is delivered")
        api.advance(5)
    api.advance(120)
    assert [_id_in(link.delivery()) for _ in ids] == ids[::-1]


def test_delayed_receipts_wait_for_an_application_that_is_away(app: App, raw: Raw, api: ControlApi) -> None:
    """The delay is over while nobody is bound."""
    api.virtual_clock()
    link, receiver = app("late"), raw(address_range=EN)
    message_id = link.submit("5008", EN, "hello", registered_delivery=ALWAYS).message_id
    receiver.delivery()
    until(lambda: api.whole(message_id)["state"] == "DELIVERED", "it is delivered")
    link.unbind()
    api.advance(120)
    assert _id_in(app("late").delivery()) == message_id


def test_a_receipt_that_the_application_refuses_comes_again(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """ESME_RX_T_APPN: by the schedule of operator time, the same receipt."""
    api.virtual_clock()
    receiver = raw(address_range=EN)
    app1.submit("1234", EN, "hello", registered_delivery=ALWAYS)
    receiver.delivery()
    first = app1.delivery(CommandStatus.ESME_RX_T_APPN)
    until(lambda: "deliver" in {each["kind"] for each in api.advance(60)}, "the retry is scheduled")
    assert app1.delivery().short_message == first.short_message


def test_a_receipt_quotes_the_text_and_nothing_that_looks_like_a_code(app1: RawLink, raw: Raw) -> None:
    """Twenty characters; thirteen digits are masked as everywhere."""
    receiver = raw(address_range=EN)
    for text in ("0123 and so on and so forth", "code 1234567890123"):
        app1.submit("1234", EN, text, registered_delivery=ALWAYS)
        receiver.delivery()
    plain, masked = (app1.delivery().short_message.decode() for _ in range(2))
    assert plain.endswith(" text:0123 and so on and s")
    assert "1234567890123" not in masked


def test_a_receipt_goes_to_the_side_that_asked(raw: Raw, app1: RawLink) -> None:
    """A handset's message to an application: the receipt is the handset's, from the short code."""
    handset = raw(address_range=EN)
    message_id = handset.submit(EN, "1234", "VOTE", registered_delivery=ALWAYS).message_id
    app1.delivery()
    receipt = handset.delivery()
    assert (receipt.source.addr, receipt.destination.addr) == ("1234", EN)
    assert _id_in(receipt) == message_id
    assert app1.waiting() == []
