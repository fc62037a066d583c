"""The handset against a gateway that is made of plain sockets."""

import logging
import struct
import threading
from collections.abc import Callable

import pytest

from simulator.errors import (
    BindRefused,
    GatewayUnreachable,
    NoAnswer,
    NotConnected,
    SubmitFailed,
)
from simulator.events import IncomingSms, LinkDown, LinkUp
from simulator.handset import Handset
from simulator.target import Target
from tests.simulator.conftest import MSISDN, Screen
from tests.simulator.fake_smsc import (
    BIND_TRANSCEIVER,
    DELIVER_SM,
    ENQUIRE_LINK,
    GENERIC_NACK,
    RESPONSE,
    SUBMIT_SM,
    UNBIND,
    USER_MESSAGE_REFERENCE,
    FakeSmsc,
    Reader,
    deliver_body,
    tlv,
)


def test_it_binds_as_a_transceiver_that_serves_its_own_number(smsc: FakeSmsc, handset: Handset) -> None:
    body = Reader(smsc.wait(BIND_TRANSCEIVER).body)
    assert (body.text(), body.text()) == ("handset", "s3cret")
    body.text()
    assert body.number() == 0x34
    assert (body.number(), body.number(), body.text()) == (1, 1, handset.msisdn)


def test_a_refused_bind_names_the_status_and_not_the_password(smsc: FakeSmsc, screen: Screen) -> None:
    smsc.bind_status = 0x0E
    with pytest.raises(BindRefused, match="ESME_RINVPASWD") as refusal:
        Handset(MSISDN, Target.parse(smsc.target), screen).switch_on()
    assert "s3cret" not in str(refusal.value)


def test_no_gateway_is_said_with_its_address(smsc: FakeSmsc, screen: Screen) -> None:
    smsc.close()
    handset = Handset(MSISDN, Target.parse(smsc.target), screen)
    with pytest.raises(GatewayUnreachable, match=f"127.0.0.1:{smsc.port}: Connection refused"):
        handset.switch_on()
    assert not handset.is_on


def test_a_latin_text_goes_out_in_the_gsm_alphabet(smsc: FakeSmsc, handset: Handset) -> None:
    assert handset.send_sms("9393", "1234 @{}") == ("id-1",)
    sent = smsc.wait_submit()
    assert sent.source == (1, 1, MSISDN)
    assert sent.destination == (0, 1, "9393")
    assert (sent.service_type, sent.esm_class, sent.data_coding) == ("", 0, 0)
    assert sent.short_message == b"1234 \x00\x1b\x28\x1b\x29"


def test_a_kazakh_text_goes_out_as_ucs2(smsc: FakeSmsc, handset: Handset) -> None:
    handset.send_sms("+77021234567", "Сәлем")
    sent = smsc.wait_submit()
    assert (sent.destination, sent.data_coding) == ((1, 1, "77021234567"), 8)
    assert sent.short_message.decode("utf-16-be") == "Сәлем"


def test_a_long_text_goes_out_in_segments_of_one_reference(smsc: FakeSmsc, handset: Handset) -> None:
    assert len(handset.send_sms("9393", "a" * 307)) == 3
    parts = [smsc.wait_submit() for _ in range(3)]
    headers = [part.short_message[:6] for part in parts]
    assert {part.esm_class for part in parts} == {0x40}
    assert [header[4:] for header in headers] == [b"\x03\x01", b"\x03\x02", b"\x03\x03"]
    assert len({header[:4] for header in headers}) == 1
    assert b"".join(part.short_message[6:] for part in parts) == b"a" * 307


def test_each_segment_has_a_reference_of_its_own_so_that_equal_texts_are_different_messages(
    smsc: FakeSmsc, switched_on: Callable[..., Handset]
) -> None:
    handset = switched_on(own={"first_reference": 0xFFFE})
    handset.send_sms("9393", "BAL")
    handset.send_sms("9393", "a" * 161)
    references = [smsc.wait_submit().tlvs[USER_MESSAGE_REFERENCE] for _ in range(3)]
    assert references == [b"\xff\xfe", b"\xff\xff", b"\x00\x00"]


def test_an_empty_message_can_be_sent(smsc: FakeSmsc, handset: Handset) -> None:
    handset.send_sms("9393", "")
    assert smsc.wait_submit().short_message == b""


def test_an_error_response_is_raised_with_its_name(smsc: FakeSmsc, handset: Handset) -> None:
    smsc.submit_status = 0x0B
    with pytest.raises(SubmitFailed) as failure:
        handset.send_sms("9393", "hello")
    assert failure.value.status_name == "ESME_RINVDSTADR"


def test_a_request_without_an_answer_does_not_wait_for_ever(
    smsc: FakeSmsc, switched_on: Callable[..., Handset]
) -> None:
    handset = switched_on(response_timeout_s=0.05, unbind_timeout_s=0.05)
    smsc.answers = False
    with pytest.raises(NoAnswer):
        handset.send_sms("9393", "hello")


def test_incoming_texts_are_shown_in_every_alphabet(smsc: FakeSmsc, handset: Handset, screen: Screen) -> None:
    assert handset.is_on
    assert smsc.deliver(deliver_body("9393", b"5 \x1b\x65")) == 0
    assert screen.next() == IncomingSms("9393", "5 €")
    assert smsc.deliver(deliver_body("9393", "Теңге".encode("utf-16-be"), data_coding=8)) == 0
    assert screen.next() == IncomingSms("9393", "Теңге")


@pytest.mark.usefixtures("handset")
def test_incoming_segments_are_joined_in_whatever_order_they_come(smsc: FakeSmsc, screen: Screen) -> None:
    for number, octets in ((2, "лем".encode("utf-16-be")), (1, "Сә".encode("utf-16-be"))):
        header = bytes((5, 0, 3, 7, 2, number))
        smsc.deliver(deliver_body("9393", header + octets, data_coding=8, esm_class=0x40))
    assert screen.next() == IncomingSms("9393", "Сәлем")


@pytest.mark.usefixtures("handset")
def test_incoming_segments_by_sar_parameters_are_joined(smsc: FakeSmsc, screen: Screen) -> None:
    for number, octets in ((1, b"one "), (2, b"two")):
        sar = tlv(0x020C, b"\x01\x02") + tlv(0x020E, b"\x02") + tlv(0x020F, bytes((number,)))
        smsc.deliver(deliver_body("9393", octets, tlvs=sar))
    assert screen.next() == IncomingSms("9393", "one two")


@pytest.mark.usefixtures("handset")
def test_a_text_in_message_payload_is_read(smsc: FakeSmsc, screen: Screen) -> None:
    smsc.deliver(deliver_body("9393", b"", tlvs=tlv(0x0424, b"x" * 1000)))
    assert screen.next() == IncomingSms("9393", "x" * 1000)


@pytest.mark.usefixtures("handset")
def test_the_same_pdu_twice_in_one_session_is_shown_once(smsc: FakeSmsc, screen: Screen) -> None:
    body = deliver_body("9393", b"once")
    assert smsc.deliver(body, sequence=500) == 0
    assert smsc.deliver(body, sequence=500) == 0
    smsc.deliver(deliver_body("9393", b"next"))
    assert [screen.next(), screen.next()] == [IncomingSms("9393", "once"), IncomingSms("9393", "next")]


@pytest.mark.usefixtures("handset")
def test_two_equal_messages_of_one_session_are_both_shown(smsc: FakeSmsc, screen: Screen) -> None:
    smsc.deliver(deliver_body("6000", b"Balance: 500"))
    smsc.deliver(deliver_body("6000", b"Balance: 500"))
    assert screen.next() == screen.next() == IncomingSms("6000", "Balance: 500")


@pytest.mark.usefixtures("handset")
def test_a_message_sent_again_after_a_lost_response_is_shown_once(smsc: FakeSmsc, screen: Screen) -> None:
    body = deliver_body("9393", b"once")
    smsc.deliver(body)
    smsc.drop()
    smsc.listen()
    assert screen.next() == IncomingSms("9393", "once")
    assert isinstance(screen.next(), LinkDown)
    assert screen.next() == LinkUp()
    assert smsc.deliver(body, sequence=900) == 0
    smsc.deliver(deliver_body("9393", b"next"))
    assert screen.next() == IncomingSms("9393", "next")


def test_an_equal_message_after_a_proven_response_is_a_new_one(
    smsc: FakeSmsc, switched_on: Callable[..., Handset], screen: Screen
) -> None:
    handset = switched_on()
    body = deliver_body("6000", b"Balance: 500")
    smsc.deliver(body)
    handset.send_sms("9393", "its response proves that the deliver_sm_resp has arrived")
    smsc.drop()
    smsc.listen()
    assert [type(screen.next()) for _ in range(3)] == [IncomingSms, LinkDown, LinkUp]
    smsc.deliver(body)
    assert screen.next() == IncomingSms("6000", "Balance: 500")


@pytest.mark.usefixtures("handset")
def test_an_equal_answer_to_a_new_question_is_shown(smsc: FakeSmsc, handset: Handset, screen: Screen) -> None:
    body = deliver_body("6000", b"Balance: 500")
    smsc.deliver(body)
    smsc.drop()
    smsc.listen()
    assert [type(screen.next()) for _ in range(3)] == [IncomingSms, LinkDown, LinkUp]
    handset.send_sms("6000", "BAL")
    smsc.deliver(body)
    assert screen.next() == IncomingSms("6000", "Balance: 500")


def test_after_a_delivery_it_soon_asks_whether_its_response_arrived(
    smsc: FakeSmsc, switched_on: Callable[..., Handset]
) -> None:
    switched_on(settle_after_s=0.01, enquire_after_s=600.0)
    smsc.deliver(deliver_body("9393", b"hello"))
    smsc.wait(ENQUIRE_LINK)


def test_it_comes_back_with_growing_pauses_and_says_so(
    smsc: FakeSmsc, switched_on: Callable[..., Handset], screen: Screen
) -> None:
    pauses: list[float] = []

    def wait(_stop: threading.Event, seconds: float) -> bool:
        pauses.append(seconds)
        if len(pauses) == 4:
            smsc.listen()
        return False

    handset = switched_on(own={"wait": wait}, backoff_s=(1.0, 2.0, 5.0))
    smsc.drop()
    down = screen.next()
    assert isinstance(down, LinkDown)
    assert "closed the connection" in down.reason
    assert screen.next() == LinkUp()
    assert pauses == [1.0, 2.0, 5.0, 5.0]
    handset.send_sms("9393", "here again")
    assert smsc.wait_submit().short_message == b"here again"


def test_out_of_coverage_nothing_can_be_sent(
    smsc: FakeSmsc, switched_on: Callable[..., Handset], screen: Screen
) -> None:
    handset = switched_on(backoff_s=(60.0,))
    smsc.drop()
    assert isinstance(screen.next(), LinkDown)
    with pytest.raises(NotConnected, match="out of coverage"):
        handset.send_sms("9393", "hello")
    handset.switch_off()
    with pytest.raises(NotConnected, match="switched off"):
        handset.send_sms("9393", "hello")


def test_a_request_that_is_open_when_the_link_breaks_fails(
    smsc: FakeSmsc, switched_on: Callable[..., Handset]
) -> None:
    handset = switched_on(backoff_s=(60.0,))
    smsc.answers = False
    failures: list[Exception] = []

    def send() -> None:
        try:
            handset.send_sms("9393", "hello")
        except NotConnected as failure:
            failures.append(failure)

    sender = threading.Thread(target=send)
    sender.start()
    smsc.wait(SUBMIT_SM)
    smsc.drop()
    sender.join(10)
    assert len(failures) == 1


def test_an_idle_link_is_asked_and_a_dead_one_given_up(
    smsc: FakeSmsc, switched_on: Callable[..., Handset], screen: Screen
) -> None:
    smsc.answers = False
    switched_on(enquire_after_s=0.01, response_timeout_s=0.05, unbind_timeout_s=0.05, backoff_s=(60.0,))
    smsc.wait(ENQUIRE_LINK)
    assert screen.next() == LinkDown("the gateway does not answer any more")


@pytest.mark.usefixtures("handset")
def test_the_gateways_enquire_link_is_answered(smsc: FakeSmsc) -> None:
    sent = smsc.send(ENQUIRE_LINK)
    assert smsc.wait(ENQUIRE_LINK | RESPONSE).sequence == sent


@pytest.mark.usefixtures("handset")
def test_the_gateways_unbind_is_answered_and_the_handset_comes_back(smsc: FakeSmsc, screen: Screen) -> None:
    smsc.wait(BIND_TRANSCEIVER)
    sent = smsc.send(UNBIND)
    assert smsc.wait(UNBIND | RESPONSE).sequence == sent
    assert screen.next() == LinkDown("the gateway ended the session")
    assert screen.next() == LinkUp()
    smsc.wait(BIND_TRANSCEIVER)


@pytest.mark.usefixtures("handset")
def test_broken_pdus_are_refused_and_the_session_goes_on(smsc: FakeSmsc, screen: Screen) -> None:
    assert smsc.deliver(deliver_body("9393", b"hello", tlvs=b"\x05\x01\x00\x09\x02")) == 0xC0
    assert smsc.deliver(b"no terminator") == 0x02
    assert smsc.deliver(b"") == 0x02
    sent = smsc.send(0x00004711)
    nack = smsc.wait(GENERIC_NACK)
    assert (nack.sequence, nack.status) == (sent, 0x03)
    assert smsc.deliver(deliver_body("9393", b"still here")) == 0
    assert screen.next() == IncomingSms("9393", "still here")


@pytest.mark.usefixtures("handset")
def test_an_impossible_length_ends_the_session(smsc: FakeSmsc, screen: Screen) -> None:
    smsc.send_raw(struct.pack(">LLLL", 15, DELIVER_SM, 0, 1))
    assert screen.next() == LinkDown("the gateway sent an impossible command_length, 15")


def test_switching_off_unbinds_and_on_binds_again(smsc: FakeSmsc, handset: Handset, screen: Screen) -> None:
    smsc.wait(BIND_TRANSCEIVER)
    handset.switch_off()
    smsc.wait(UNBIND)
    assert not handset.is_on
    handset.switch_on()
    smsc.wait(BIND_TRANSCEIVER)
    smsc.deliver(deliver_body("9393", b"waited for you"))
    assert screen.next() == IncomingSms("9393", "waited for you")


def test_a_gateway_that_hangs_cannot_keep_the_handset_on(
    smsc: FakeSmsc, switched_on: Callable[..., Handset]
) -> None:
    handset = switched_on(unbind_timeout_s=0.05)
    smsc.answers = False
    handset.switch_off()
    assert not any(thread.name == f"handset-{MSISDN}" for thread in threading.enumerate())


def test_several_threads_can_send_at_once(smsc: FakeSmsc, handset: Handset) -> None:
    senders = [
        threading.Thread(target=handset.send_sms, args=("9393", f"{number:02}" * 100)) for number in range(8)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(10)
    received = [smsc.wait(SUBMIT_SM) for _ in range(16)]
    assert len({pdu.sequence for pdu in received}) == 16


def test_an_owner_that_waits_inside_an_event_is_told_instead_of_hanging(
    smsc: FakeSmsc, caplog: pytest.LogCaptureFixture
) -> None:
    told = threading.Event()

    def answer_at_once(_event: object) -> None:
        try:
            handset.send_sms("9393", "reply")
        finally:
            told.set()

    with (
        Handset(MSISDN, Target.parse(smsc.target), answer_at_once) as handset,
        caplog.at_level(logging.ERROR),
    ):
        smsc.deliver(deliver_body("9393", b"hello"))
        assert told.wait(10)
        assert smsc.deliver(deliver_body("9393", b"and the handset lives")) == 0
    assert "it would wait for itself" in caplog.text


def test_the_password_is_in_no_log_even_at_debug_level(
    smsc: FakeSmsc, screen: Screen, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), Handset(MSISDN, Target.parse(smsc.target), screen) as handset:
        handset.send_sms("9393", "1234567890123")
    for secret in (b"s3cret", b"1234567890123"):
        assert secret.decode() not in caplog.text
        assert secret.hex() not in caplog.text
