"""Fields that hold what they may not: each has its status, and the session goes on."""

import struct

import pytest

from gateway.smpp.codec import encode, with_sequence
from gateway.smpp.constants import CommandId, CommandStatus
from gateway.smpp.pdus import (
    Address,
    BindReceiver,
    DeliverSm,
    DeliverSmResp,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    QuerySm,
    SubmitSm,
    SubmitSmResp,
)
from gateway.smpp.tlv import Tag, Tlv
from tests.e2e.conftest import Raw
from tests.e2e.control_api import ControlApi
from tests.e2e.raw_link import RawLink, message
from tests.e2e.smsc.conftest import App
from tests.e2e.waiting import until

EN, RU = "77781234567", "77011234567"
OK = CommandStatus.ESME_ROK
S = CommandStatus
#: Where the fields of a submit_sm begin (SMPP 3.4 section 4.4.1).
BODY = 16


@pytest.fixture
def bystander(raw: Raw) -> RawLink:
    """Another session, which nothing may disturb."""
    return raw(address_range=RU)


def _good(link: RawLink) -> bool:
    return link.submit("1234", EN, "still here").command_status == OK


VALUES = [
    ({"source": Address(7, 1, "1234")}, S.ESME_RINVSRCTON),
    ({"source": Address(0, 2, "1234")}, S.ESME_RINVSRCNPI),
    ({"source": Address(255, 255, "1234")}, S.ESME_RINVSRCTON),
    ({"destination": Address(7, 1, EN)}, S.ESME_RINVDSTTON),
    ({"destination": Address(1, 5, EN)}, S.ESME_RINVDSTNPI),
    ({"source": Address(0, 1, "9" * 20)}, S.ESME_RINVSRCADR),
    ({"source": Address(5, 0, "Nobody's")}, S.ESME_RINVSRCADR),
    ({"source": Address(0, 1, "1234\xff")}, S.ESME_RINVSRCADR),
    ({"destination": Address(1, 1, "")}, S.ESME_RINVDSTADR),
    ({"destination": Address(1, 1, "+" * 20)}, S.ESME_RINVDSTADR),
    ({"destination": Address(1, 1, "77781234567\x01")}, S.ESME_RINVDSTADR),
    ({"esm_class": 0x04}, S.ESME_RINVESMCLASS),
    ({"esm_class": 0x20}, S.ESME_RINVESMCLASS),
    ({"esm_class": 0x3C}, S.ESME_RINVESMCLASS),
    ({"priority_flag": 4}, S.ESME_RINVPRTFLG),
    ({"priority_flag": 255}, S.ESME_RINVPRTFLG),
    ({"registered_delivery": 0x20}, S.ESME_RINVREGDLVFLG),
    ({"registered_delivery": 0xFF}, S.ESME_RINVREGDLVFLG),
    ({"replace_if_present_flag": 2}, S.ESME_RINVREPFLAG),
    ({"sm_default_msg_id": 255}, S.ESME_RINVDFTMSGID),
    ({"schedule_delivery_time": "2026-11-22 10:30"}, S.ESME_RINVSCHED),
    ({"validity_period": "x" * 16}, S.ESME_RINVEXPIRY),
    ({"data_coding": 0x0B}, S.ESME_RINVDCS),
    ({"data_coding": 0x20}, S.ESME_RINVDCS),
    ({"data_coding": 8, "short_message": b"odd"}, S.ESME_RINVMSGLEN),
    ({"data_coding": 0, "short_message": b"\x80"}, S.ESME_RINVMSGLEN),
    ({"esm_class": 0x40, "short_message": b"\xffheader"}, S.ESME_RINVMSGLEN),
    ({"esm_class": 0x40, "short_message": b""}, S.ESME_RINVMSGLEN),
    ({"short_message": b"x", "tlvs": (Tlv(Tag.MESSAGE_PAYLOAD, b"y"),)}, S.ESME_RINVMSGLEN),
    ({"service_type": "USSD"}, S.ESME_RINVSERTYP),
]


@pytest.mark.conformance("submit_sm")
@pytest.mark.parametrize(("fields", "status"), VALUES)
def test_a_value_that_is_reserved_or_wrong_has_its_own_status(
    app1: RawLink, bystander: RawLink, api: ControlApi, fields: dict[str, object], status: CommandStatus
) -> None:
    """Nothing is stored; the next good submit is."""
    asked = {"source": Address(0, 1, "1234"), "destination": Address(1, 1, EN)} | fields
    response = app1.ask(SubmitSm(**asked))  # type: ignore[arg-type]  # fields as in SubmitSm
    assert isinstance(response, SubmitSmResp)
    assert (response.command_status, response.message_id) == (status, "")
    assert api.messages() == []
    assert _good(app1)
    assert bystander.submit(RU, "6000", "BAL").command_status == OK


# -- fields that do not fit the wire ---------------------------------------------------------------

_SOURCE, _DESTINATION = b"\0\x011234\0", b"\x01\x0177781234567\0"
_REST = b"\0\0\0" + b"\0\0" + b"\0\0\0\0" + b"\x02hi"


def _submit(body: bytes) -> bytes:
    return struct.pack(">4I", BODY + len(body), CommandId.SUBMIT_SM, 0, 99) + body


LAYOUTS = [
    (b"SIXLTR\0" + _SOURCE + _DESTINATION + _REST, S.ESME_RINVSERTYP),
    (b"\0\0\x01" + b"1" * 21 + b"\0" + _DESTINATION + _REST, S.ESME_RINVSRCADR),
    (b"\0" + _SOURCE + b"\x01\x01" + b"7" * 21 + b"\0" + _REST, S.ESME_RINVDSTADR),
    (b"\0" + _SOURCE + _DESTINATION + b"\0\0\0" + b"1" * 15 + b"\0\0" + _REST[5:], S.ESME_RINVSCHED),
    (b"\0" + _SOURCE + _DESTINATION + b"\0\0\0" + b"1" * 17 + b"\0\0" + _REST[5:], S.ESME_RINVSCHED),
    (b"\0" + _SOURCE + _DESTINATION + b"\0\0\0\0" + b"1" * 3 + b"\0" + _REST[5:], S.ESME_RINVEXPIRY),
    (b"\0" + _SOURCE + _DESTINATION + _REST[:-3] + b"\x03hi", S.ESME_RINVMSGLEN),
    (b"\0" + _SOURCE + _DESTINATION + _REST[:-3] + b"\xff" + b"x" * 255, S.ESME_RINVMSGLEN),
    (b"\0" + _SOURCE + _DESTINATION + _REST + b"\x04\x24", S.ESME_RINVOPTPARSTREAM),
    (b"\0" + _SOURCE + _DESTINATION + _REST + b"\x04\x24\xff\xff", S.ESME_RINVOPTPARSTREAM),
    (b"\0" + _SOURCE + _DESTINATION + _REST + b"\x02\x0a\0\x01\x01", S.ESME_RINVPARLEN),
    (b"\0" + _SOURCE + _DESTINATION + _REST + b"\x04\x23\0\x02\x03\0", S.ESME_RINVPARLEN),
    (b"\0" + _SOURCE + _DESTINATION + _REST + b"\x03\x04\0\x01\x64", S.ESME_RINVOPTPARAMVAL),
    (b"\0" + _SOURCE + _DESTINATION + _REST + b"\x00\x1e\0\x03abc", S.ESME_RINVOPTPARAMVAL),
    (b"", S.ESME_RINVSERTYP),
    (b"\0" + _SOURCE, S.ESME_RINVCMDLEN),
]


@pytest.mark.conformance(
    "submit_sm.sm_length",
    "status.ESME_RINVOPTPARSTREAM",
    "status.ESME_RINVPARLEN",
    "status.ESME_RINVOPTPARAMVAL",
)
@pytest.mark.parametrize(("body", "status"), LAYOUTS)
def test_a_field_beyond_its_limit_is_refused_by_its_own_status(
    app1: RawLink, api: ControlApi, body: bytes, status: CommandStatus
) -> None:
    """Strings that are too long, times that are too short, lengths that lie."""
    app1.send_octets(_submit(body))
    assert app1.read() == SubmitSmResp(99, status)
    assert api.messages() == []
    assert _good(app1)


def test_the_bodies_above_are_good_but_for_what_is_wrong_with_them(app1: RawLink, raw: Raw) -> None:
    """The same without a fault is delivered."""
    app1.send_octets(_submit(b"\0" + _SOURCE + _DESTINATION + _REST))
    assert getattr(app1.read(), "command_status", None) == OK
    assert raw(address_range=EN).delivery().short_message == b"hi"


# -- sequence numbers and responses ----------------------------------------------------------------


@pytest.mark.conformance("header.sequence_number")
def test_a_sequence_number_that_comes_twice_is_answered_twice(app1: RawLink, raw: Raw) -> None:
    """Same content: the same message. Other content: another message. Nothing is lost, nothing doubled."""
    receiver = raw(address_range=EN)
    one, other = encode(message("1234", EN, "one")), encode(message("1234", EN, "other"))
    app1.send_octets(b"".join(with_sequence(each, 7) for each in (one, one, other)))
    first, again, different = (app1.expect(SubmitSmResp) for _ in range(3))
    assert {each.sequence_number for each in (first, again, different)} == {7}
    assert first.message_id == again.message_id != different.message_id
    assert [receiver.delivery().short_message for _ in range(2)] == [b"one", b"other"]
    assert receiver.waiting() == []


@pytest.mark.parametrize("sequence", [0, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
def test_any_sequence_number_is_answered_by_itself(app1: RawLink, sequence: int) -> None:
    """Also those that SMPP 3.4 section 5.1.4 reserves: a client that uses them is not left alone."""
    app1.send_octets(with_sequence(encode(message("1234", EN, "hello")), sequence))
    assert app1.expect(SubmitSmResp).sequence_number == sequence


def test_responses_nobody_asked_for_change_nothing(
    app1: RawLink, raw: Raw, api: ControlApi, bystander: RawLink
) -> None:
    """While a delivery is under way: under its number but of another command, and under other numbers."""
    receiver = raw(address_range=EN)
    message_id = app1.submit("1234", EN, "hello").message_id
    pdu = receiver.expect(DeliverSm)
    strangers: list[Pdu] = [
        DeliverSmResp(pdu.sequence_number + 1, OK),
        SubmitSmResp(pdu.sequence_number, OK, "1"),
        EnquireLinkResp(pdu.sequence_number),
        GenericNack(pdu.sequence_number + 7, S.ESME_RINVCMDID),
    ]
    receiver.send_octets(b"".join(encode(each) for each in strangers))
    assert receiver.waiting() == []
    assert api.whole(message_id)["state"] == "ENROUTE"
    receiver.answer(pdu)
    until(lambda: api.whole(message_id)["state"] == "DELIVERED", "its own response counts")
    assert bystander.submit(RU, "6000", "BAL").command_status == OK


@pytest.mark.conformance("generic_nack")
def test_a_generic_nack_for_a_delivery_is_a_refusal(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """A peer that does not understand deliver_sm: the message is given up, not repeated for ever."""
    receiver = raw(address_range=EN)
    message_id = app1.submit("1234", EN, "hello").message_id
    pdu = receiver.expect(DeliverSm)
    receiver.send_octets(encode(GenericNack(pdu.sequence_number, S.ESME_RINVCMDID)))
    until(lambda: api.whole(message_id)["state"] == "UNDELIVERABLE", "it is given up")


@pytest.mark.conformance("session.BOUND_RX", "status.ESME_RINVBNDSTS")
def test_receivers_may_not_ask_for_anything(app: App, raw: Raw) -> None:
    """Every request of a transmitter on a receiver's bind, for each side; and the binds live on."""
    requests: list[Pdu] = [
        message("1234", EN, "hello"),
        QuerySm(message_id="1", source=Address(0, 1, "1234")),
    ]
    receivers = [app("app1", kind=BindReceiver), raw(address_range=EN, kind=BindReceiver)]
    for link in receivers:
        assert [link.ask(pdu).command_status for pdu in requests] == [S.ESME_RINVBNDSTS] * len(requests)
    app("app1", address_range="").submit("1234", EN, "hello")
    assert receivers[1].delivery().short_message == b"hello"


@pytest.mark.conformance("outbind", "session.BOUND_TRX")
def test_a_client_may_not_send_what_is_the_gateways_to_send(app1: RawLink) -> None:
    """deliver_sm, alert_notification and outbind from an application."""
    for command in (CommandId.DELIVER_SM, CommandId.ALERT_NOTIFICATION, CommandId.OUTBIND):
        app1.send_octets(struct.pack(">4I", BODY, command, 0, 5))
        assert getattr(app1.read(), "command_status", None) == S.ESME_RINVBNDSTS
    assert _good(app1)


def test_unknown_parameters_are_kept_and_passed_on(app1: RawLink, raw: Raw) -> None:
    """In their order and with repeats, between those that are known."""
    receiver = raw(address_range=EN)
    tlvs = (
        Tlv(0x1400, b"\x00\xff"),
        Tlv(Tag.USER_MESSAGE_REFERENCE, 7),
        Tlv(0x3FFF, b"x" * 300),
        Tlv(0x1400, b"again"),
        Tlv(0xFFFF, b""),
    )
    app1.submit("1234", EN, "hello", tlvs=tlvs)
    assert receiver.delivery().tlvs == tlvs
