"""query_sm, cancel_sm and replace_sm: what an application may learn and change of what it sent."""

from collections.abc import Callable

import pytest

from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import (
    Address,
    BindTransceiver,
    CancelSm,
    CancelSmResp,
    DeliverSm,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
)
from gateway.smpp.tlv import Tag, Tlv
from tests.e2e.conftest import Connect, Raw
from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.raw_link import RawLink
from tests.e2e.smsc.conftest import App
from tests.e2e.smsc.customers import DEFAULT_MESSAGES, PASSWORD
from tests.e2e.waiting import until

EN, RU = "77781234567", "77011234567"
OK = CommandStatus.ESME_ROK
CODE = Address(0, 1, "1234")
TO_EN = Address(1, 1, EN)
SCHEDULED, ENROUTE, DELIVERED, EXPIRED, DELETED, UNDELIVERABLE = range(6)
AN_HOUR = "000000010000000R"
RECEIPT = 1
UNKNOWN_ID = "0" * 32


def _query(link: RawLink, message_id: str, source: Address = CODE) -> QuerySmResp:
    response = link.ask(QuerySm(message_id=message_id, source=source))
    assert isinstance(response, QuerySmResp)
    return response


def _cancel(link: RawLink, message_id: str = "", to: Address = TO_EN, service_type: str = "") -> int:
    response = link.ask(
        CancelSm(message_id=message_id, source=CODE, destination=to, service_type=service_type)
    )
    assert isinstance(response, CancelSmResp)
    return response.command_status


def _replace(link: RawLink, message_id: str, text: bytes = b"", **fields: object) -> int:
    pdu = ReplaceSm(message_id=message_id, source=CODE, short_message=text, **fields)  # type: ignore[arg-type]  # fields as in ReplaceSm
    response = link.ask(pdu)
    assert isinstance(response, ReplaceSmResp)
    return response.command_status


# -- query_sm --------------------------------------------------------------------------------------


@pytest.mark.conformance(
    "query_sm",
    "query_sm_resp",
    "query_sm.message_id",
    "query_sm_resp.final_date",
    "query_sm_resp.message_state",
    "state.DELIVERED",
)
def test_a_query_tells_the_state_and_when_it_became_final(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """Enroute without a date, then delivered with one, on the operator clock with its offset."""
    api.virtual_clock("2090-11-22T10:30:00+05:00")
    message_id = app1.submit("1234", EN, "hello").message_id
    waiting = _query(app1, message_id)
    assert (waiting.message_id, waiting.message_state, waiting.final_date) == (message_id, ENROUTE, "")
    raw(address_range=EN).delivery()
    until(lambda: _query(app1, message_id).message_state == DELIVERED, "it is delivered")
    assert _query(app1, message_id).final_date.startswith("9011221030")
    assert _query(app1, message_id).error_code == 0


@pytest.mark.conformance("query_sm_resp", "query_sm_resp.error_code", "state.EXPIRED", "state.UNDELIVERABLE")
def test_a_query_tells_why_a_message_was_given_up(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """error_code is the network's; expired messages have one too."""
    api.virtual_clock()
    receiver = raw(address_range=EN)
    refused = app1.submit("1234", EN, "refused").message_id
    receiver.delivery(CommandStatus.ESME_RX_P_APPN)
    expired = app1.submit("1234", RU, "late", validity_period=AN_HOUR).message_id
    until(lambda: _query(app1, refused).message_state == UNDELIVERABLE, "it is given up")
    api.advance(3601)
    assert _query(app1, expired).message_state == EXPIRED
    assert _query(app1, refused).error_code != 0
    assert _query(app1, expired).error_code != 0


@pytest.mark.conformance("state.SCHEDULED", "query_sm_resp.message_state")
@pytest.mark.parametrize(("version", "state"), [(0x34, ENROUTE), (0x50, SCHEDULED)])
def test_scheduled_is_a_state_of_smpp_5_only(
    gateway: GatewayProcess, connect: Connect, version: int, state: int
) -> None:
    """SMPP 3.4 section 5.2.28 knows no such state, so its clients hear enroute."""
    link = connect(gateway)
    bind = BindTransceiver(system_id="app1", password=PASSWORD, interface_version=version)
    assert link.ask(bind).command_status == OK
    message_id = link.submit("1234", EN, "later", schedule_delivery_time=AN_HOUR).message_id
    assert _query(link, message_id).message_state == state


def _unknown(message_id: str) -> list[Pdu]:
    return [
        QuerySm(message_id=message_id, source=CODE),
        CancelSm(message_id=message_id, source=CODE, destination=TO_EN),
        ReplaceSm(message_id=message_id, source=CODE, short_message=b"other"),
    ]


@pytest.mark.conformance(
    "query_sm.message_id", "cancel_sm.message_id", "replace_sm.message_id", "status.ESME_RINVMSGID"
)
@pytest.mark.parametrize("message_id", [UNKNOWN_ID, "1", "x", "f" * 64, "-1", "0x12"])
def test_an_id_that_nobody_has_is_refused_by_all_three(app1: RawLink, message_id: str) -> None:
    """ESME_RINVMSGID."""
    statuses = [app1.ask(pdu).command_status for pdu in _unknown(message_id)]
    assert statuses == [CommandStatus.ESME_RINVMSGID] * 3


@pytest.mark.conformance("status.ESME_RINVMSGID")
def test_another_accounts_message_looks_like_one_that_does_not_exist(
    app1: RawLink, app: App, api: ControlApi
) -> None:
    """By its real id, from the rival's own code; the message stays as it was."""
    message_id = app1.submit("1234", EN, "hello").message_id
    rival, code = app("rival"), Address(0, 1, "4321")
    statuses = [
        rival.ask(QuerySm(message_id=message_id, source=code)).command_status,
        rival.ask(CancelSm(message_id=message_id, source=code, destination=TO_EN)).command_status,
        rival.ask(ReplaceSm(message_id=message_id, source=code, short_message=b"x")).command_status,
    ]
    assert statuses == [CommandStatus.ESME_RINVMSGID] * 3
    assert rival.ask(QuerySm(message_id=message_id, source=CODE)).command_status == (
        CommandStatus.ESME_RINVSRCADR
    )
    assert (api.whole(message_id)["state"], api.whole(message_id)["text"]) == ("ENROUTE", "hello")


@pytest.mark.conformance("query_sm.source_addr", "cancel_sm.source_addr", "replace_sm.source_addr")
def test_the_source_address_must_be_the_messages(app1: RawLink) -> None:
    """SMPP 3.4 section 4.8.1: it was sent from the short code, not from the name."""
    message_id = app1.submit("1234", EN, "hello").message_id
    refused = CommandStatus.ESME_RINVMSGID
    assert _query(app1, message_id, Address(5, 0, "MyBank")).command_status == refused
    assert _query(app1, message_id).command_status == OK


# -- cancel_sm -------------------------------------------------------------------------------------


@pytest.mark.conformance("cancel_sm", "cancel_sm_resp", "state.DELETED")
def test_a_cancelled_message_is_never_delivered_and_its_receipt_says_deleted(
    app1: RawLink, raw: Raw, api: ControlApi
) -> None:
    """What was sent before and after it comes."""
    ids = [
        app1.submit("1234", EN, text, registered_delivery=RECEIPT).message_id
        for text in ("one", "two", "three")
    ]
    assert _cancel(app1, ids[1]) == OK
    receipt = app1.delivery()
    assert (receipt.tlv(Tag.RECEIPTED_MESSAGE_ID), receipt.tlv(Tag.MESSAGE_STATE)) == (ids[1], DELETED)
    receiver = raw(address_range=EN)
    assert [receiver.delivery().short_message for _ in range(2)] == [b"one", b"three"]
    assert receiver.waiting() == []
    assert api.whole(ids[1])["state"] == "DELETED"


@pytest.mark.conformance("cancel_sm", "status.ESME_RCANCELFAIL")
def test_what_is_final_or_on_its_way_cannot_be_cancelled(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """The handset has it in its hands; then it is delivered."""
    receiver = raw(address_range=EN)
    message_id = app1.submit("1234", EN, "hello").message_id
    on_its_way = receiver.expect(DeliverSm)
    assert _cancel(app1, message_id) == CommandStatus.ESME_RCANCELFAIL
    receiver.answer(on_its_way)
    until(lambda: api.whole(message_id)["state"] == "DELIVERED", "it is delivered")
    assert _cancel(app1, message_id) == CommandStatus.ESME_RCANCELFAIL


@pytest.mark.conformance("cancel_sm", "cancel_sm.message_id", "cancel_sm.destination_addr")
def test_all_between_two_addresses_are_cancelled_and_no_others(
    app1: RawLink, app: App, raw: Raw, api: ControlApi
) -> None:
    """Without a message_id (SMPP 3.4 section 4.9): waiting and scheduled ones of this account."""
    gone = [app1.submit("1234", EN, f"gone {number}").message_id for number in range(3)]
    gone.append(app1.submit("1234", EN, "gone later", schedule_delivery_time=AN_HOUR).message_id)
    stays = {
        app1.submit("MyBank", EN, "other source").message_id,
        app1.submit("1234", RU, "other destination").message_id,
        app("rival").submit("4321", EN, "other account").message_id,
    }
    assert _cancel(app1) == OK
    assert {api.whole(each)["state"] for each in gone} == {"DELETED"}
    assert {api.whole(each)["state"] for each in stays} == {"ENROUTE"}
    everybody = raw(address_range="")
    assert len([everybody.delivery() for _ in stays]) == 3
    assert everybody.waiting() == []


@pytest.mark.conformance("cancel_sm.service_type", "submit_sm.service_type")
def test_a_service_type_narrows_what_is_cancelled(app1: RawLink, api: ControlApi) -> None:
    """Those of another stay."""
    mail = app1.submit("1234", EN, "mail", service_type="VMN").message_id
    plain = app1.submit("1234", EN, "plain").message_id
    assert _cancel(app1, service_type="VMN") == OK
    assert (api.whole(mail)["state"], api.whole(plain)["state"]) == ("DELETED", "ENROUTE")


@pytest.mark.conformance("cancel_sm.destination_addr", "status.ESME_RCANCELFAIL")
def test_a_group_without_a_message_that_waits_cannot_be_cancelled(app1: RawLink) -> None:
    """ESME_RCANCELFAIL, and ESME_RINVDSTADR where nothing could wait at all."""
    assert _cancel(app1) == CommandStatus.ESME_RCANCELFAIL
    assert _cancel(app1, to=Address(0, 0, "99")) == CommandStatus.ESME_RINVDSTADR


# -- replace_sm ------------------------------------------------------------------------------------


@pytest.mark.conformance("replace_sm", "replace_sm_resp", "replace_sm.short_message")
def test_a_replaced_text_is_delivered_in_the_old_ones_place(app1: RawLink, raw: Raw) -> None:
    """Its order among the others stays."""
    ids = [app1.submit("1234", EN, text).message_id for text in ("one", "two", "three")]
    assert _replace(app1, ids[1], b"zwei") == OK
    receiver = raw(address_range=EN)
    assert [receiver.delivery().short_message for _ in ids] == [b"one", b"zwei", b"three"]


@pytest.mark.conformance("replace_sm.validity_period", "replace_sm.registered_delivery")
def test_a_replacement_brings_its_own_validity_and_receipt(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """A receipt is asked for, and an hour instead of three days."""
    api.virtual_clock()
    message_id = app1.submit("1234", EN, "one").message_id
    assert _replace(app1, message_id, b"two", validity_period=AN_HOUR, registered_delivery=RECEIPT) == OK
    api.advance(3601)
    receipt = app1.delivery()
    assert (receipt.tlv(Tag.RECEIPTED_MESSAGE_ID), receipt.tlv(Tag.MESSAGE_STATE)) == (message_id, EXPIRED)
    assert raw(address_range=EN).waiting() == []


@pytest.mark.conformance("replace_sm.schedule_delivery_time")
def test_a_replacement_may_put_the_delivery_off(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """schedule_delivery_time of the replacement counts from now."""
    api.virtual_clock()
    message_id = app1.submit("1234", EN, "now").message_id
    assert _replace(app1, message_id, b"later", schedule_delivery_time=AN_HOUR) == OK
    receiver = raw(address_range=EN)
    assert receiver.waiting() == []
    api.advance(3600)
    assert receiver.delivery().short_message == b"later"


def test_a_scheduled_message_is_replaced_and_keeps_its_time(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """Nothing comes before the hour is over."""
    api.virtual_clock()
    receiver = raw(address_range=EN)
    message_id = app1.submit("1234", EN, "old", schedule_delivery_time=AN_HOUR).message_id
    assert _replace(app1, message_id, b"new") == OK
    api.advance(3599)
    assert receiver.waiting() == []
    api.advance(1)
    assert receiver.delivery().short_message == b"new"
    assert receiver.waiting() == []


@pytest.mark.conformance("replace_sm.sm_default_msg_id", "tlv.message_payload")
def test_a_replacement_may_be_long_or_one_of_the_texts_that_are_kept_here(app1: RawLink, raw: Raw) -> None:
    """message_payload (SMPP 5.0 section 4.5.3.1) and sm_default_msg_id."""
    long_one = app1.submit("1234", EN, "one").message_id
    kept = app1.submit("1234", EN, "two").message_id
    text = b"0123456789" * 30
    assert _replace(app1, long_one, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, text),)) == OK
    assert _replace(app1, kept, sm_default_msg_id=1) == OK
    receiver = raw(address_range=EN)
    parts = [receiver.delivery().short_message for _ in range(2)]
    assert b"".join(part[6:] for part in parts) == text
    assert receiver.delivery().short_message.decode() == DEFAULT_MESSAGES[1]


@pytest.mark.conformance("replace_sm", "status.ESME_RREPLACEFAIL")
def test_what_is_delivered_or_on_its_way_cannot_be_replaced(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """ESME_RREPLACEFAIL."""
    receiver = raw(address_range=EN)
    message_id = app1.submit("1234", EN, "hello").message_id
    on_its_way = receiver.expect(DeliverSm)
    assert _replace(app1, message_id, b"other") == CommandStatus.ESME_RREPLACEFAIL
    receiver.answer(on_its_way)
    until(lambda: api.whole(message_id)["state"] == "DELIVERED", "it is delivered")
    assert _replace(app1, message_id, b"other") == CommandStatus.ESME_RREPLACEFAIL


@pytest.mark.conformance(
    "replace_sm.registered_delivery",
    "replace_sm.sm_default_msg_id",
    "replace_sm.schedule_delivery_time",
    "replace_sm.validity_period",
)
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"registered_delivery": 0x80}, CommandStatus.ESME_RINVREGDLVFLG),
        ({"sm_default_msg_id": 99}, CommandStatus.ESME_RINVDFTMSGID),
        ({"schedule_delivery_time": "991399000000000R"[:15] + "X"}, CommandStatus.ESME_RINVSCHED),
        ({"validity_period": "000000000000000R"}, CommandStatus.ESME_RINVEXPIRY),
        ({"sm_default_msg_id": 1, "short_message": b"x"}, CommandStatus.ESME_RINVMSGLEN),
        ({"short_message": b"\xff"}, CommandStatus.ESME_RINVMSGLEN),
    ],
    ids=lambda each: each.name if isinstance(each, CommandStatus) else "",
)
def test_a_bad_replacement_is_refused_and_the_message_stays(
    app1: RawLink, raw: Raw, fields: dict[str, object], status: CommandStatus
) -> None:
    """Each with the status of its field."""
    message_id = app1.submit("1234", EN, "as it was").message_id
    pdu = ReplaceSm(message_id=message_id, source=CODE, **fields)  # type: ignore[arg-type]  # fields as in ReplaceSm
    assert app1.ask(pdu).command_status == status
    assert raw(address_range=EN).delivery().short_message == b"as it was"


# -- ids in other forms ----------------------------------------------------------------------------


@pytest.mark.conformance(
    "query_sm.message_id", "cancel_sm.message_id", "replace_sm.message_id", "submit_sm_resp.message_id"
)
@pytest.mark.parametrize(
    ("system_id", "code", "is_form"),
    [
        ("decimal", "5005", str.isdecimal),
        ("mixed", "5006", lambda text: len(text) == 32),
        ("short", "5007", lambda text: text.isdecimal() and int(text) < 2**64),
    ],
)
def test_an_account_names_its_messages_in_its_own_form(
    app: App, raw: Raw, system_id: str, code: str, is_form: Callable[[str], bool]
) -> None:
    """What submit_sm_resp said is what query, replace and cancel take, and what query says again."""
    link, source = app(system_id), Address(0, 1, code)
    first, second = (link.submit(code, EN, text).message_id for text in ("one", "two"))
    assert is_form(first)
    assert _query(link, first, source).message_id == first
    replaced = ReplaceSm(message_id=first, source=source, short_message=b"uno")
    assert link.ask(replaced).command_status == OK
    cancelled = CancelSm(message_id=second, source=source, destination=TO_EN)
    assert link.ask(cancelled).command_status == OK
    receiver = raw(address_range=EN)
    assert receiver.delivery().short_message == b"uno"
    assert receiver.waiting() == []
