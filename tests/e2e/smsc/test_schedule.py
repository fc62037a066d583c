"""When messages go: scheduled, in time, by priority, and those that others replace."""

import pytest

from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import DeliverSm, SubmitSm
from tests.e2e.conftest import Connect, Raw, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.raw_link import RawLink, message
from tests.e2e.smsc.conftest import App
from tests.e2e.waiting import until

EN, RU = "77781234567", "77011234567"
OK = CommandStatus.ESME_ROK
INVALID_SCHEDULE, INVALID_EXPIRY = CommandStatus.ESME_RINVSCHED, CommandStatus.ESME_RINVEXPIRY
AN_HOUR, TWO_HOURS = "000000010000000R", "000000020000000R"
HOUR_S = 3600
#: Noon in Almaty, and the same noon as other places write it (quarter hours east or west of Greenwich).
MORNING = "2090-11-22T11:00:00+05:00"
NOONS = ["901122120000020+", "901122070000000+", "901122020000020-"]


@pytest.mark.conformance("submit_sm.schedule_delivery_time", "state.SCHEDULED")
@pytest.mark.parametrize("time", [AN_HOUR, *NOONS])
def test_a_scheduled_message_goes_when_its_time_has_come_and_no_second_earlier(
    app1: RawLink, raw: Raw, api: ControlApi, time: str
) -> None:
    """Relative and absolute (SMPP 3.4 section 7.1.1), on the operator clock."""
    api.virtual_clock(MORNING)
    receiver = raw(address_range=EN)
    message_id = app1.submit("1234", EN, "later", schedule_delivery_time=time).message_id
    assert api.whole(message_id)["state"] == "SCHEDULED"
    api.advance(HOUR_S - 1)
    assert receiver.waiting() == []
    assert "release" in {each["kind"] for each in api.advance(1)}
    assert receiver.delivery().short_message == b"later"
    until(lambda: api.whole(message_id)["state"] == "DELIVERED", "it is delivered")


def test_a_scheduled_message_for_a_handset_that_is_off_waits_on(
    app1: RawLink, raw: Raw, api: ControlApi
) -> None:
    """From its time on it is enroute like any other."""
    api.virtual_clock()
    message_id = app1.submit("1234", EN, "later", schedule_delivery_time=AN_HOUR).message_id
    api.advance(HOUR_S)
    assert api.whole(message_id)["state"] == "ENROUTE"
    assert raw(address_range=EN).delivery().short_message == b"later"


def test_a_handset_and_an_off_net_message_may_be_scheduled_too(
    app1: RawLink, app: App, raw: Raw, api: ControlApi
) -> None:
    """To an application, and over the interconnect with a receipt."""
    api.virtual_clock()
    handset, rival = raw(address_range=EN), app("rival")
    handset.submit(EN, "4321", "VOTE", schedule_delivery_time=AN_HOUR)
    app1.submit("1234", "77051234567", "abroad", schedule_delivery_time=AN_HOUR, registered_delivery=1)
    assert rival.waiting() == []
    assert app1.waiting() == []
    api.advance(HOUR_S)
    assert rival.delivery().short_message == b"VOTE"
    assert b"stat:DELIVRD" in app1.delivery().short_message


@pytest.mark.conformance(
    "submit_sm.schedule_delivery_time",
    "submit_sm.validity_period",
    "status.ESME_RINVSCHED",
    "status.ESME_RINVEXPIRY",
)
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"schedule_delivery_time": "000000000000000R"}, INVALID_SCHEDULE),
        ({"schedule_delivery_time": "200101000000000+"}, INVALID_SCHEDULE),
        ({"schedule_delivery_time": "901332000000000+"}, INVALID_SCHEDULE),
        ({"schedule_delivery_time": "tomorrow at noon"}, INVALID_SCHEDULE),
        ({"schedule_delivery_time": "0000000100000000"}, INVALID_SCHEDULE),
        ({"schedule_delivery_time": "901122120000049+"}, INVALID_SCHEDULE),
        ({"schedule_delivery_time": "990000000000000R"}, INVALID_SCHEDULE),
        ({"validity_period": "000000000000000R"}, INVALID_EXPIRY),
        ({"validity_period": "200101000000000-"}, INVALID_EXPIRY),
        ({"validity_period": "0000000100000\xb90R"}, INVALID_EXPIRY),
        ({"validity_period": AN_HOUR, "schedule_delivery_time": TWO_HOURS}, INVALID_EXPIRY),
        ({"validity_period": AN_HOUR, "schedule_delivery_time": AN_HOUR}, INVALID_EXPIRY),
    ],
)
def test_a_time_that_is_none_or_is_over_is_refused(
    app1: RawLink, api: ControlApi, fields: dict[str, str], status: CommandStatus
) -> None:
    """Nothing is stored."""
    api.virtual_clock(MORNING)
    assert app1.submit("1234", EN, "later", **fields).command_status == status
    assert api.messages(to=EN) == []


def test_a_time_that_is_not_sixteen_characters_is_refused_where_it_is_read(app1: RawLink) -> None:
    """One octet short: the codec's, before anything else of the message is looked at."""
    good = app1.numbered(_scheduled())
    at = good.index(AN_HOUR.encode())
    short = good[:at] + good[at + 1 :]
    app1.send_octets((len(short)).to_bytes(4, "big") + short[4:])
    response = app1.read()
    assert getattr(response, "command_status", None) == INVALID_SCHEDULE


def _scheduled() -> SubmitSm:
    return message("1234", EN, "later", schedule_delivery_time=AN_HOUR)


def test_services_answer_at_once_or_not_at_all(raw: Raw) -> None:
    """A scheduled command to a service is refused."""
    handset = raw(address_range=EN)
    response = handset.submit(EN, "6000", "BAL", schedule_delivery_time=AN_HOUR)
    assert response.command_status == INVALID_SCHEDULE
    assert handset.waiting() == []


@pytest.mark.conformance("submit_sm.validity_period", "state.EXPIRED")
def test_a_message_that_is_valid_until_after_its_schedule_expires_then(
    app1: RawLink, raw: Raw, api: ControlApi
) -> None:
    """Scheduled for one hour ahead, valid for two."""
    api.virtual_clock()
    times = {"schedule_delivery_time": AN_HOUR, "validity_period": TWO_HOURS}
    message_id = app1.submit("1234", EN, "later", registered_delivery=1, **times).message_id
    api.advance(2 * HOUR_S - 1)
    assert api.whole(message_id)["state"] == "ENROUTE"
    api.advance(1)
    assert api.whole(message_id)["state"] == "EXPIRED"
    assert b"stat:EXPIRED" in app1.delivery().short_message
    assert raw(address_range=EN).waiting() == []


def test_scheduled_and_waiting_messages_survive_kill_9(start_gateway: StartGateway, connect: Connect) -> None:
    """Acknowledged is durable: the one waits on, the other goes at its time, each once."""
    gateway = start_gateway()
    gateway.api.virtual_clock(MORNING)
    sender = connect(gateway)
    sender.bind("app1", "secret1")
    sender.submit("1234", EN, "scheduled", schedule_delivery_time=AN_HOUR)
    sender.submit("1234", EN, "waiting")
    gateway.kill()
    gateway.start()
    receiver = connect(gateway)
    receiver.bind(address_range=EN)
    assert receiver.delivery().short_message == b"waiting"
    gateway.api.advance(HOUR_S - 1)
    assert receiver.waiting() == []
    gateway.api.advance(1)
    assert receiver.delivery().short_message == b"scheduled"
    receiver.unbind()


def test_a_time_that_came_while_the_gateway_was_dead_is_made_up_for(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """Real time: scheduled for a second ahead, killed, started after it."""
    gateway = start_gateway()
    sender = connect(gateway)
    sender.bind("app1", "secret1")
    sender.submit("1234", EN, "soon", schedule_delivery_time="000000000001000R")
    gateway.kill()
    gateway.start()
    receiver = connect(gateway)
    receiver.bind(address_range=EN)
    assert receiver.delivery().short_message == b"soon"
    receiver.unbind()


# -- priorities ------------------------------------------------------------------------------------


@pytest.mark.conformance("submit_sm.priority_flag")
def test_the_more_urgent_of_what_waits_goes_first_and_equals_keep_their_order(
    app1: RawLink, raw: Raw
) -> None:
    """priority_flag 0 to 3 (SMPP 3.4 section 5.2.14)."""
    for text, priority in (("a0", 0), ("a3", 3), ("a1", 1), ("b3", 3), ("b0", 0), ("a2", 2), ("b1", 1)):
        app1.submit("1234", EN, text, priority_flag=priority)
    receiver = raw(address_range=EN)
    got = [receiver.delivery().short_message.decode() for _ in range(7)]
    assert got == ["a3", "b3", "a2", "a1", "b1", "a0", "b0"]


@pytest.mark.conformance("submit_sm.priority_flag")
def test_an_urgent_message_overtakes_what_is_queued_for_a_busy_handset(app1: RawLink, raw: Raw) -> None:
    """What is in the handset's hands stays there; the urgent one is next."""
    receiver = raw(address_range=EN)
    for text in ("first", "second", "third"):
        app1.submit("1234", EN, text)
    app1.submit("1234", EN, "urgent", priority_flag=3)
    got = [receiver.delivery().short_message.decode() for _ in range(4)]
    assert got == ["first", "urgent", "second", "third"]


@pytest.mark.conformance("submit_sm.priority_flag", "rule.priority_flag", "status.ESME_RINVPRTFLG")
def test_a_priority_beyond_3_is_refused(app1: RawLink) -> None:
    """ESME_RINVPRTFLG."""
    response = app1.submit("1234", EN, "very urgent", priority_flag=4)
    assert response.command_status == CommandStatus.ESME_RINVPRTFLG


# -- replace_if_present ----------------------------------------------------------------------------


@pytest.mark.conformance("submit_sm.replace_if_present_flag", "state.DELETED")
def test_the_message_that_waits_between_the_same_addresses_is_replaced(
    app1: RawLink, raw: Raw, api: ControlApi
) -> None:
    """The old one is deleted and says by whom it was replaced; only the new one is delivered."""
    old = app1.submit("1234", EN, "2 new mails", service_type="VMN").message_id
    new = app1.submit("1234", EN, "3 new mails", service_type="VMN", replace_if_present_flag=1).message_id
    assert old != new
    assert (api.whole(old)["state"], api.whole(old)["error"]) == ("DELETED", f"replaced by {new}")
    receiver = raw(address_range=EN)
    assert receiver.delivery().short_message == b"3 new mails"
    assert receiver.waiting() == []


@pytest.mark.conformance("submit_sm.replace_if_present_flag", "submit_sm.service_type")
def test_what_differs_in_address_or_service_type_is_not_replaced(app1: RawLink, raw: Raw) -> None:
    """And where nothing waits, the flag changes nothing."""
    app1.submit("1234", EN, "other type")
    app1.submit("MyBank", EN, "other source", service_type="VMN")
    app1.submit("1234", RU, "other destination", service_type="VMN")
    app1.submit("1234", EN, "new", service_type="VMN", replace_if_present_flag=1)
    receiver = raw(address_range=EN)
    assert [receiver.delivery().short_message for _ in range(3)] == [b"other type", b"other source", b"new"]


def test_a_message_on_its_way_is_not_replaced(app1: RawLink, raw: Raw) -> None:
    """The handset has it in its hands; both come."""
    receiver = raw(address_range=EN)
    app1.submit("1234", EN, "old")
    old = receiver.expect(DeliverSm)
    app1.submit("1234", EN, "new", replace_if_present_flag=1)
    receiver.answer(old, 0)
    assert [old.short_message, receiver.delivery().short_message] == [b"old", b"new"]


@pytest.mark.conformance(
    "submit_sm.replace_if_present_flag", "rule.replace_if_present_flag", "status.ESME_RINVREPFLAG"
)
def test_a_flag_of_2_is_refused(app1: RawLink) -> None:
    """ESME_RINVREPFLAG."""
    response = app1.submit("1234", EN, "new", replace_if_present_flag=2)
    assert response.command_status == CommandStatus.ESME_RINVREPFLAG
