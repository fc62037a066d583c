"""The three modes of esm_class, and the alert that a handset can be reached again."""

import pytest

from gateway.smpp.constants import CommandStatus, EsmClass
from gateway.smpp.pdus import (
    Address,
    AlertNotification,
    DataSm,
    DataSmResp,
    DeliverSm,
    EnquireLink,
    EnquireLinkResp,
    SubmitSmResp,
)
from gateway.smpp.tlv import Tag, Tlv
from tests.e2e.conftest import Connect, MakePhone, Raw, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.raw_link import RawLink, message
from tests.e2e.waiting import until

EN = "77781234567"
OK = CommandStatus.ESME_ROK
DATAGRAM, TRANSACTION, STORE = EsmClass.DATAGRAM, EsmClass.FORWARD, EsmClass.STORE_AND_FORWARD
FAILED = CommandStatus.ESME_RDELIVERYFAILURE
#: Of delivery_failure_reason (SMPP 3.4 section 5.3.2.33).
UNAVAILABLE, PERMANENT = 0, 2


def _data(esm_class: int, *tlvs: Tlv) -> DataSm:
    return DataSm(
        source=Address(0, 1, "1234"),
        destination=Address(1, 1, EN),
        esm_class=esm_class,
        tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"hello"), *tlvs),
    )


@pytest.mark.conformance("submit_sm.esm_class", "esm_class.STORE_AND_FORWARD", "state.ENROUTE")
@pytest.mark.parametrize("mode", [0, STORE])
def test_store_and_forward_waits_for_the_handset(app1: RawLink, raw: Raw, mode: int) -> None:
    """The SMSC's default, and said aloud."""
    assert app1.submit("1234", EN, "hello", esm_class=mode).command_status == OK
    pdu = raw(address_range=EN).delivery()
    assert (pdu.short_message, pdu.esm_class) == (b"hello", 0)


@pytest.mark.conformance("submit_sm.esm_class", "esm_class.DATAGRAM", "state.UNDELIVERABLE")
def test_a_datagram_is_delivered_or_lost(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """Accepted at once; a handset that is off gets it neither now nor later."""
    lost = app1.submit("1234", EN, "lost", esm_class=DATAGRAM, registered_delivery=1)
    assert lost.command_status == OK
    assert b"stat:UNDELIV" in app1.delivery().short_message
    assert api.whole(lost.message_id)["state"] == "UNDELIVERABLE"
    receiver = raw(address_range=EN)
    assert receiver.waiting() == []
    app1.submit("1234", EN, "here", esm_class=DATAGRAM)
    assert receiver.delivery().short_message == b"here"


def test_a_datagram_is_not_tried_again(app1: RawLink, phone: MakePhone, api: ControlApi) -> None:
    """The handset's memory is full: that was the one attempt."""
    api.virtual_clock()
    handset = phone(EN)
    handset.handset.condition.fill()
    message_id = app1.submit("1234", EN, "lost", esm_class=DATAGRAM).message_id
    until(lambda: api.whole(message_id)["state"] == "UNDELIVERABLE", "it is lost")
    handset.handset.condition.free()
    api.advance(7200)
    app1.submit("1234", EN, "next")
    assert handset.incoming().text == "next"


@pytest.mark.conformance("submit_sm.esm_class", "esm_class.FORWARD", "submit_sm_resp")
def test_a_transactions_response_comes_when_the_handset_has_it(app1: RawLink, raw: Raw) -> None:
    """Not before: other requests are answered meanwhile."""
    receiver = raw(address_range=EN)
    sequence = app1.send(message("1234", EN, "hello", esm_class=TRANSACTION))
    pdu = receiver.expect(DeliverSm)
    assert app1.waiting() == []
    receiver.answer(pdu)
    response = app1.expect(SubmitSmResp)
    assert (response.sequence_number, response.command_status) == (sequence, OK)
    assert len(response.message_id) == 32


@pytest.mark.conformance("esm_class.FORWARD", "status.ESME_RDELIVERYFAILURE")
def test_a_transaction_with_a_handset_that_is_off_fails_at_once(
    app1: RawLink, raw: Raw, api: ControlApi
) -> None:
    """ESME_RDELIVERYFAILURE; nothing is kept for later."""
    assert app1.submit("1234", EN, "hello", esm_class=TRANSACTION).command_status == FAILED
    assert api.message(to=EN)["state"] == "UNDELIVERABLE"
    assert raw(address_range=EN).waiting() == []


@pytest.mark.conformance(
    "data_sm_resp",
    "tlv.delivery_failure_reason",
    "tlv.network_error_code",
    "tlv.additional_status_info_text",
    "status.ESME_RDELIVERYFAILURE",
)
def test_a_transaction_by_data_sm_tells_why_it_failed(app1: RawLink, raw: Raw) -> None:
    """data_sm_resp's parameters (SMPP 3.4 section 4.7.2); the response waits for the handset's."""
    away = app1.ask(_data(TRANSACTION))
    assert isinstance(away, DataSmResp)
    assert (away.command_status, away.tlv(Tag.DELIVERY_FAILURE_REASON)) == (FAILED, UNAVAILABLE)
    assert away.tlv(Tag.NETWORK_ERROR_CODE) == b"\x03\x00\x06"
    receiver = raw(address_range=EN)
    sequence = app1.send(_data(TRANSACTION))
    receiver.delivery(CommandStatus.ESME_RX_R_APPN)
    refused = app1.expect(DataSmResp)
    assert (refused.sequence_number, refused.command_status) == (sequence, FAILED)
    assert refused.tlv(Tag.DELIVERY_FAILURE_REASON) == PERMANENT
    assert refused.tlv_str(Tag.ADDITIONAL_STATUS_INFO_TEXT)
    sequence = app1.send(_data(TRANSACTION))
    receiver.delivery()
    taken = app1.expect(DataSmResp)
    assert (taken.sequence_number, taken.command_status) == (sequence, OK)


def test_a_transaction_whose_handset_vanishes_ends_as_failed(app1: RawLink, raw: Raw) -> None:
    """With the message in its hands: the sender is not left without an answer."""
    receiver = raw(address_range=EN)
    app1.send(message("1234", EN, "hello", esm_class=TRANSACTION))
    receiver.expect(DeliverSm)
    receiver.vanish()
    assert app1.expect(SubmitSmResp).command_status == FAILED
    assert raw(address_range=EN).waiting() == []


def test_many_transactions_at_once_are_each_answered(app1: RawLink, raw: Raw) -> None:
    """Fifty in one write, of which the handset refuses every fifth."""
    receiver = raw(address_range=EN)
    requests = [
        app1.numbered(message("1234", EN, f"{number}", esm_class=TRANSACTION)) for number in range(50)
    ]
    app1.send_octets(b"".join(requests))
    wanted = {}
    for _ in requests:
        pdu = receiver.expect(DeliverSm)
        number = int(pdu.short_message)
        refused = number % 5 == 0
        receiver.answer(pdu, CommandStatus.ESME_RX_P_APPN if refused else 0)
        wanted[int.from_bytes(requests[number][12:16], "big")] = FAILED if refused else OK
    responses = [app1.expect(SubmitSmResp) for _ in requests]
    assert {each.sequence_number: each.command_status for each in responses} == wanted


def test_an_application_that_leaves_during_a_transaction_hurts_nobody(
    app1: RawLink, raw: Raw, api: ControlApi
) -> None:
    """The message is delivered all the same; the next client is served."""
    receiver = raw(address_range=EN)
    app1.send(message("1234", EN, "hello", esm_class=TRANSACTION))
    pdu = receiver.expect(DeliverSm)
    app1.vanish()
    receiver.answer(pdu)
    until(lambda: api.messages(to=EN, state="DELIVERED"), "it is delivered")
    again = raw(system_id="app1", password="secret1")
    assert isinstance(again.ask(EnquireLink()), EnquireLinkResp)


@pytest.mark.conformance("status.ESME_RINVSCHED")
def test_a_single_attempt_cannot_be_scheduled(app1: RawLink) -> None:
    """ESME_RINVSCHED, in both modes."""
    for mode in (DATAGRAM, TRANSACTION):
        response = app1.submit("1234", EN, esm_class=mode, schedule_delivery_time="000000010000000R")
        assert response.command_status == CommandStatus.ESME_RINVSCHED


# -- alert_notification ----------------------------------------------------------------------------

SET_DPF = Tlv(Tag.SET_DPF, 1)


def _alert(link: RawLink) -> AlertNotification:
    return link.expect(AlertNotification)


@pytest.mark.conformance(
    "alert_notification",
    "tlv.set_dpf",
    "tlv.ms_availability_status",
    "alert_notification.source_addr",
    "alert_notification.esme_addr",
)
def test_who_could_not_be_reached_is_announced_once_when_it_can_be(app1: RawLink, raw: Raw) -> None:
    """set_dpf on a datagram that was lost; its receipt says so, and the alert says now."""
    response = app1.ask(_data(DATAGRAM, SET_DPF))
    assert isinstance(response, DataSmResp)
    assert response.tlv(Tag.DPF_RESULT) == 1
    receiver = raw(address_range=EN)
    alert = _alert(app1)
    assert (alert.source.addr, alert.esme.addr) == (EN, "1234")
    assert alert.tlv(Tag.MS_AVAILABILITY_STATUS) == 0
    receiver.unbind()
    again = raw(address_range=EN)
    assert again.waiting() == []
    assert app1.waiting() == []


@pytest.mark.conformance("alert_notification", "tlv.set_dpf")
def test_an_alert_waits_for_its_application(raw: Raw) -> None:
    """The handset comes while nobody is bound; the application hears of it when it binds."""
    first = raw(system_id="app1", password="secret1")
    first.ask(_data(DATAGRAM, SET_DPF))
    first.unbind()
    handset = raw(address_range=EN)
    assert handset.waiting() == []
    assert _alert(raw(system_id="app1", password="secret1")).source.addr == EN


def test_without_set_dpf_nobody_is_alerted(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """Also not with a set_dpf of 0."""
    for tlvs in ((), (Tlv(Tag.SET_DPF, 0),)):
        app1.ask(_data(DATAGRAM, *tlvs))
    until(lambda: len(api.messages(to=EN, state="UNDELIVERABLE")) == 2, "both are lost")
    assert raw(address_range=EN).waiting() == []
    assert app1.waiting() == []


# -- a transaction whose end never comes -----------------------------------------------------------


def test_a_transaction_with_a_silent_handset_ends_with_the_time_limit(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """response_s; the late answer of the handset changes nothing."""
    gateway = start_gateway(settings={"TIMERS__RESPONSE_S": "0.5"})
    sender, handset = connect(gateway), connect(gateway)
    assert sender.bind("app1", "secret1").command_status == OK
    assert handset.bind(address_range=EN).command_status == OK
    assert sender.submit("1234", EN, "hello", esm_class=TRANSACTION).command_status == FAILED
    handset.delivery()
    assert handset.waiting() == []
    assert sender.waiting() == []
    for link in (sender, handset):
        link.unbind()


def test_a_reset_answers_the_transactions_that_it_ends(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """Else they would take up the session's window for ever."""
    receiver = raw(address_range=EN)
    app1.send(message("1234", EN, "hello", esm_class=TRANSACTION))
    receiver.expect(DeliverSm)
    api.reset()
    assert app1.expect(SubmitSmResp).command_status == CommandStatus.ESME_RSYSERR


def test_a_stop_does_not_wait_for_a_silent_handset(start_gateway: StartGateway, connect: Connect) -> None:
    """Exit code 0 in time, with a transaction under way; the message is not tried again after the start."""
    gateway = start_gateway()
    sender, handset = connect(gateway), connect(gateway)
    assert sender.bind("app1", "secret1").command_status == OK
    assert handset.bind(address_range=EN).command_status == OK
    sender.send(message("1234", EN, "hello", esm_class=TRANSACTION))
    handset.expect(DeliverSm)
    gateway.stop()
    gateway.start()
    again = connect(gateway)
    assert again.bind(address_range=EN).command_status == OK
    assert again.waiting() == []
    until(lambda: gateway.api.messages(to=EN, state="UNDELIVERABLE"), "it is given up")
    again.unbind()
