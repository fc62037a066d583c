"""What cannot be delivered now waits, goes out in order later, and is neither lost nor doubled."""

import pytest

from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import BindReceiver, BindTransmitter, DeliverSm
from tests.e2e.conftest import Connect, MakePhone, Raw, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.raw_link import RawLink, message
from tests.e2e.waiting import until

EN, RU = "77781234567", "77011234567"
OK = CommandStatus.ESME_ROK
MEMORY_FULL = CommandStatus.ESME_RX_T_APPN
HOUR_S = 3600
#: The message's validity (profiles/kz.toml).
THREE_DAYS_S = 259_200


def _send(link: RawLink, source: str, texts: list[str], to: str = EN) -> list[str]:
    responses = [link.submit(source, to, text) for text in texts]
    assert {response.command_status for response in responses} == {OK}
    return [response.message_id for response in responses]


def _texts(link: RawLink, count: int) -> list[str]:
    return [link.delivery().short_message.decode("ascii") for _ in range(count)]


def test_messages_from_a_handset_wait_for_one_that_is_off_and_come_in_order(
    api: ControlApi, raw: Raw
) -> None:
    """Nothing is lost while the receiver is off; the first sent is the first received."""
    texts = [f"message {number}" for number in range(20)]
    _send(raw(address_range=RU), RU, texts)
    assert len(api.messages(to=EN, state="ENROUTE")) == 20
    receiver = raw(address_range=EN)
    assert _texts(receiver, 20) == texts
    until(lambda: len(api.messages(to=EN, state="DELIVERED")) == 20, "all are delivered")


def test_messages_of_an_application_wait_and_come_in_order(api: ControlApi, app1: RawLink, raw: Raw) -> None:
    """The same for MT from app1; an empty source takes the account's short code."""
    texts = [f"order {number}" for number in range(10)]
    _send(app1, "", texts)
    assert api.messages(to=EN)[0]["from"] == "1234"
    receiver = raw(address_range=EN)
    first = receiver.expect(DeliverSm)
    assert (first.source.addr, first.destination.addr) == ("1234", EN)
    receiver.answer(first)
    assert [first.short_message.decode(), *_texts(receiver, 9)] == texts


def test_a_message_between_two_handsets_is_delivered_at_once(phone: MakePhone) -> None:
    """Both are on: the text arrives with the sender's number."""
    sender, receiver = phone(RU), phone(EN)
    sender.handset.send_sms("87781234567", "Hi, Alan")
    received = receiver.incoming()
    assert (received.source, received.text) == (RU, "Hi, Alan")


def test_a_message_to_a_number_without_a_record_waits_for_its_handset(app1: RawLink, raw: Raw) -> None:
    """A destination on the operator's prefixes is a valid address, as for a handset that is off."""
    _send(app1, "1234", ["welcome"], to="77757654321")
    assert _texts(raw(address_range="77757654321"), 1) == ["welcome"]


def test_an_off_net_message_is_delivered_by_the_interconnect(api: ControlApi, app1: RawLink) -> None:
    """Another operator's number: nobody binds for it here."""
    (message_id,) = _send(app1, "1234", ["hello abroad"], to="77051234567")
    assert api.message(to="77051234567", state="DELIVERED")["id"] == message_id


@pytest.mark.parametrize("source", ["4321", "MyBankk", RU, "9393"])
def test_an_application_may_not_send_from_what_it_does_not_own(app1: RawLink, source: str) -> None:
    """ESME_RINVSRCADR; its own names are fine."""
    assert app1.submit(source, EN, "win a prize").command_status == CommandStatus.ESME_RINVSRCADR
    for own in ("1234", "MyBank", "Shortcode"):
        assert app1.submit(own, EN, "hello").command_status == OK


@pytest.mark.conformance("deliver_sm_resp")
def test_a_full_memory_is_tried_again_later_and_keeps_the_order(api: ControlApi, raw: Raw) -> None:
    """ESME_RX_T_APPN: the handset's messages wait as a whole until the retry time, then come in order."""
    api.virtual_clock()
    receiver = raw(address_range=EN)
    sender = raw(address_range=RU)
    _send(sender, RU, ["first"])
    assert receiver.delivery(MEMORY_FULL).short_message == b"first"
    assert api.message(to=EN, state="ENROUTE")["text"] == "first"
    _send(sender, RU, ["second"])
    until(lambda: "deliver" in {each["kind"] for each in api.advance(60)}, "the retry is scheduled")
    assert _texts(receiver, 2) == ["first", "second"]


@pytest.mark.parametrize("status", [CommandStatus.ESME_RX_P_APPN, CommandStatus.ESME_RX_R_APPN])
def test_a_permanent_refusal_fails_the_message_and_lets_the_next_one_through(
    api: ControlApi, raw: Raw, status: CommandStatus
) -> None:
    """Not tried again, and what stands behind it is not held up."""
    receiver, sender = raw(address_range=EN), raw(address_range=RU)
    first, second = _send(sender, RU, ["first", "second"])
    assert receiver.delivery(status).short_message == b"first"
    assert receiver.delivery().short_message == b"second"
    until(lambda: api.whole(second)["state"] == "DELIVERED", "the second is delivered")
    failed = api.whole(first)
    assert failed["state"] in {"UNDELIVERABLE", "REJECTED"}
    assert status.name in failed["error"]


def test_an_unanswered_delivery_is_sent_again(start_gateway: StartGateway, connect: Connect) -> None:
    """No deliver_sm_resp in time: the retry comes on the operator's clock, with the same content."""
    gateway = start_gateway(settings={"TIMERS__RESPONSE_S": "0.3"})
    receiver, sender = connect(gateway), connect(gateway)
    assert receiver.bind(address_range=EN).command_status == OK
    assert sender.bind(address_range=RU).command_status == OK
    _send(sender, RU, ["are you there?"])
    silent = receiver.expect(DeliverSm)
    until(lambda: gateway.api.message(to=EN)["error"], "the time-out is noted")
    gateway.api.advance(60)
    again = receiver.delivery()
    assert again.short_message == silent.short_message
    until(lambda: gateway.api.message(to=EN)["state"] == "DELIVERED", "the message is delivered")
    receiver.unbind()
    sender.unbind()


def test_a_delivery_that_was_not_acknowledged_comes_again_with_the_next_bind(
    api: ControlApi, raw: Raw
) -> None:
    """The handset vanishes with the message in its hands; what came after it keeps its place."""
    sender, receiver = raw(address_range=RU), raw(address_range=EN)
    _send(sender, RU, ["first", "second", "third"])
    assert receiver.expect(DeliverSm).short_message == b"first"
    receiver.vanish()
    assert _texts(raw(address_range=EN), 3) == ["first", "second", "third"]
    assert len(api.messages(to=EN)) == 3


def test_a_handset_that_disconnects_between_command_and_answer_gets_the_answer_later(
    api: ControlApi, raw: Raw
) -> None:
    """The voucher is credited once; the confirmation waits for the next bind."""
    (code,) = api.codes()
    link = raw(address_range=EN)
    link.send(message(EN, "9393", code))
    link.vanish()
    until(lambda: api.credits(EN), "the voucher is credited")
    again = raw(address_range=EN)
    assert again.delivery().short_message == b"500 KZT credited. Balance: 1,000 KZT."
    assert again.waiting() == []
    assert len(api.credits(EN)) == 1


def test_the_answer_to_a_transmitter_waits_for_a_receiver(api: ControlApi, raw: Raw) -> None:
    """The command is answered at once, its reply when somebody can take it."""
    (code,) = api.codes()
    transmitter = raw(kind=BindTransmitter, address_range=EN)
    assert transmitter.submit(EN, "9393", code).command_status == OK
    assert api.message(to=EN, state="ENROUTE")["from"] == "9393"
    receiver = raw(kind=BindReceiver, address_range=EN)
    assert b"credited" in receiver.delivery().short_message


def test_the_answer_to_a_dialled_code_comes_as_sms_when_the_dialogue_is_gone(
    api: ControlApi, raw: Raw
) -> None:
    """Money moved, so the subscriber has to hear of it; a lost balance screen is not sent after."""
    (code,) = api.codes()
    transmitter = raw(kind=BindTransmitter, address_range=EN)
    assert transmitter.dial(EN, "*100#", dialogue=1).command_status == OK
    assert transmitter.dial(EN, f"*110*{code}#", dialogue=2).command_status == OK
    receiver = raw(kind=BindReceiver, address_range=EN)
    sms = receiver.delivery()
    assert (sms.service_type, sms.source.addr) == ("", "9393")
    assert b"credited" in sms.short_message
    assert receiver.waiting() == []


def test_what_waits_survives_a_restart(start_gateway: StartGateway, connect: Connect) -> None:
    """The store keeps it, in order, over a clean stop and over kill -9."""
    gateway = start_gateway()
    texts = [f"message {number}" for number in range(6)]
    for half, end in ((texts[:3], gateway.stop), (texts[3:], gateway.kill)):
        sender = connect(gateway)
        sender.bind(address_range=RU)
        _send(sender, RU, half)
        sender.unbind()
        end()
        gateway.start()
    receiver = connect(gateway)
    receiver.bind(address_range=EN)
    assert _texts(receiver, 6) == texts


def test_a_message_whose_validity_is_over_is_not_delivered(api: ControlApi, raw: Raw) -> None:
    """The operator's default is three days; the message expires on the operator's clock."""
    api.virtual_clock()
    sender = raw(address_range=RU)
    (message_id,) = _send(sender, RU, ["too late"])
    assert "expiry" in {each["kind"] for each in api.advance(THREE_DAYS_S)}
    assert api.whole(message_id)["state"] == "EXPIRED"
    receiver = raw(address_range=EN)
    assert receiver.waiting() == []


@pytest.mark.conformance("submit_sm.validity_period", "state.EXPIRED")
def test_a_validity_period_of_its_own_counts(api: ControlApi, raw: Raw) -> None:
    """Relative, one hour (SMPP 3.4 section 7.1.1): a minute before it still waits."""
    api.virtual_clock()
    sender = raw(address_range=RU)
    response = sender.submit(RU, EN, "an hour", validity_period="000000010000000R")
    api.advance(HOUR_S - 60)
    assert api.whole(response.message_id)["state"] == "ENROUTE"
    api.advance(61)
    assert api.whole(response.message_id)["state"] == "EXPIRED"
