"""data_sm both ways: from applications and handsets, and to an application that wants it so."""

from typing import Any

import pytest

from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandStatus, EsmClass
from gateway.smpp.pdus import Address, DataSm, DataSmResp, DeliverSm, SubmitSmResp
from gateway.smpp.tlv import Tag, Tlv
from tests.e2e.conftest import Raw
from tests.e2e.control_api import ControlApi
from tests.e2e.raw_link import RawLink
from tests.e2e.smsc.conftest import App
from tests.e2e.waiting import until

EN, RU = "77781234567", "77011234567"
OK = CommandStatus.ESME_ROK
RECEIPT = 1
#: A parameter that no specification knows.
VENDORS = Tlv(0x1500, b"vendor")


def _data(source: str, destination: str, payload: bytes = b"hello", **fields: Any) -> DataSm:
    return DataSm(
        source=Address(0, 1, source),
        destination=Address(1, 1, destination),
        tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, payload),),
        **fields,
    )


def _taken(link: RawLink, status: int = 0, *tlvs: Tlv) -> DataSm:
    pdu = link.expect(DataSm)
    link.send_octets(encode(DataSmResp(pdu.sequence_number, status, "", tlvs)))
    return pdu


@pytest.mark.conformance("data_sm")
def test_an_applications_data_sm_reaches_the_handset_as_a_short_message(app1: RawLink, raw: Raw) -> None:
    """The text that came in message_payload goes on in short_message."""
    receiver = raw(address_range=EN)
    response = app1.ask(_data("1234", EN, registered_delivery=RECEIPT))
    assert isinstance(response, DataSmResp)
    assert (response.command_status, len(response.message_id)) == (OK, 32)
    pdu = receiver.delivery()
    assert (pdu.short_message, pdu.tlv(Tag.MESSAGE_PAYLOAD)) == (b"hello", None)
    assert app1.delivery().tlv(Tag.RECEIPTED_MESSAGE_ID) == response.message_id


def test_a_handsets_data_sm_is_a_command_like_any_other(raw: Raw) -> None:
    """To a service."""
    handset = raw(address_range=EN)
    assert handset.ask(_data(EN, "6000", b"BAL")).command_status == OK
    assert handset.delivery().short_message == b"Balance: 500 KZT"


@pytest.mark.conformance("data_sm")
def test_an_account_that_wants_data_sm_gets_its_traffic_so(app: App, raw: Raw, api: ControlApi) -> None:
    """The text is in message_payload, and other parameters come along."""
    link, handset = app("data"), raw(address_range=EN)
    message_id = handset.submit(EN, "5001", "VOTE 7", tlvs=(VENDORS,)).message_id
    pdu = _taken(link)
    assert (pdu.source.addr, pdu.destination.addr) == (EN, "5001")
    assert pdu.tlvs == (Tlv(Tag.MESSAGE_PAYLOAD, b"VOTE 7"), VENDORS)
    until(lambda: api.whole(message_id)["state"] == "DELIVERED", "data_sm_resp counts as the delivery")


@pytest.mark.conformance("data_sm", "data_sm.esm_class")
def test_its_receipts_come_as_data_sm_too(app: App, raw: Raw) -> None:
    """With the receipt's type in esm_class, and its parameters."""
    link, handset = app("data"), raw(address_range=EN)
    message_id = link.submit("5001", EN, "hello", registered_delivery=RECEIPT).message_id
    assert isinstance(handset.delivery(), DeliverSm)
    receipt = _taken(link)
    assert receipt.esm_class == EsmClass.DELIVERY_RECEIPT
    assert receipt.tlv(Tag.RECEIPTED_MESSAGE_ID) == message_id
    assert str(receipt.tlv_bytes(Tag.MESSAGE_PAYLOAD)).startswith(f"b'id:{message_id} ")


@pytest.mark.conformance("data_sm_resp", "tlv.network_error_code")
def test_a_refusal_in_data_sm_resp_is_explained_by_its_parameters(
    app: App, raw: Raw, api: ControlApi
) -> None:
    """network_error_code unknownSubscriber: final, though the status alone would be tried again."""
    link, handset = app("data"), raw(address_range=EN)
    message_id = handset.submit(EN, "5001", "VOTE 7").message_id
    _taken(link, CommandStatus.ESME_RSYSERR, Tlv(Tag.NETWORK_ERROR_CODE, b"\x03\x00\x01"))
    until(lambda: api.whole(message_id)["state"] == "UNDELIVERABLE", "it is given up")
    assert "unknownSubscriber" in api.whole(message_id)["error"]


@pytest.mark.conformance("data_sm_resp", "status.ESME_RX_T_APPN")
def test_an_answer_for_now_brings_it_again(app: App, raw: Raw, api: ControlApi) -> None:
    """ESME_RX_T_APPN, by the schedule."""
    api.virtual_clock()
    link, handset = app("data"), raw(address_range=EN)
    message_id = handset.submit(EN, "5001", "VOTE 7").message_id
    _taken(link, CommandStatus.ESME_RX_T_APPN)
    until(lambda: api.whole(message_id)["attempts"], "it was tried")
    api.advance(3600)
    assert _taken(link).tlv(Tag.MESSAGE_PAYLOAD) == b"VOTE 7"


@pytest.mark.conformance(
    "data_sm",
    "data_sm.source_addr",
    "data_sm.destination_addr",
    "data_sm.esm_class",
    "data_sm.registered_delivery",
    "data_sm.data_coding",
    "rule.esm_class",
    "rule.registered_delivery",
    "status.ESME_RINVESMCLASS",
    "status.ESME_RINVREGDLVFLG",
    "status.ESME_RINVDCS",
)
@pytest.mark.parametrize(
    ("pdu", "status"),
    [
        (_data("4321", EN), CommandStatus.ESME_RINVSRCADR),
        (_data("1234", "99"), CommandStatus.ESME_RINVDSTADR),
        (_data("1234", EN, data_coding=0x0B), CommandStatus.ESME_RINVDCS),
        (_data("1234", EN, esm_class=0x04), CommandStatus.ESME_RINVESMCLASS),
        (_data("1234", EN, registered_delivery=0x80), CommandStatus.ESME_RINVREGDLVFLG),
        (_data("1234", EN, b"\xff"), CommandStatus.ESME_RINVMSGLEN),
        (_data("1234", "7" * 64), CommandStatus.ESME_RINVDSTADR),
        (_data("1" * 64, EN), CommandStatus.ESME_RINVSRCADR),
    ],
    ids=lambda each: each.name if isinstance(each, CommandStatus) else "",
)
def test_a_data_sm_is_refused_like_a_submit_sm_with_its_own_response(
    app1: RawLink, api: ControlApi, pdu: DataSm, status: CommandStatus
) -> None:
    """And nothing is stored."""
    response = app1.ask(pdu)
    assert isinstance(response, DataSmResp)
    assert response.command_status == status
    assert api.messages(from_="1234") == []


def test_an_address_that_only_data_sm_has_room_for_is_refused_whatever_the_accounts_way(app: App) -> None:
    """An account whose texts are rewritten: its session goes on, too."""
    link = app("latin")
    assert link.ask(_data("5004", "7" * 21)).command_status == CommandStatus.ESME_RINVDSTADR
    assert link.ask(_data("5" * 21, EN)).command_status == CommandStatus.ESME_RINVSRCADR
    assert link.ask(_data("5004", EN)).command_status == OK


def test_an_application_may_not_send_to_another(app1: RawLink) -> None:
    """Applications reach subscribers only."""
    assert app1.ask(_data("1234", "4321")).command_status == CommandStatus.ESME_RINVDSTADR
    response = app1.submit("1234", EN, "still here")
    assert isinstance(response, SubmitSmResp)
    assert response.command_status == OK
