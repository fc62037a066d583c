"""The SMPP server over string transports: binds, submits, refusals, limits, and when an answer leaves."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.config import DEMO_ACCOUNTS, Limits
from gateway.smpp import pdus
from gateway.smpp.constants import CommandStatus as St
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import BindClosed, BindOpened
from storage.errors import CommitUnknown, StoreUnavailable
from tests.gateway.smsc import Smsc
from tests.gateway.stand import ALIYA, BOLAT, LogLines, Stand

ALL = pdus.BindTransceiver


@pytest.fixture
def smsc(stand: Stand) -> Smsc:
    stand.subscribe(ALIYA)
    return Smsc(stand)


def hello(sequence: int = 9, to: str = BOLAT, **fields: Any) -> pdus.SubmitSm:
    return pdus.SubmitSm(
        sequence,
        source=pdus.Address(addr=ALIYA),
        destination=pdus.Address(addr=to),
        short_message=b"hello",
        **fields,
    )


# -- binds -----------------------------------------------------------------------------------------


@pytest.mark.conformance(
    "bind_receiver", "bind_transmitter", "bind_transceiver", "bind_transceiver.password", "session.BOUND_TRX"
)
@pytest.mark.parametrize("kind", [pdus.BindReceiver, pdus.BindTransmitter, pdus.BindTransceiver])
def test_a_bind_with_the_right_password_is_accepted_and_entered(smsc: Smsc, kind: type[pdus.Bind]) -> None:
    client = smsc.connect()
    (answer,) = client.send(kind(1, "handset", "handset"))
    assert isinstance(answer, pdus.BindResp)
    assert (answer.command_status, answer.system_id) == (0, "shortcode")
    assert [type(work) for work in smsc.works] == [BindOpened]
    assert len(smsc.server.binds) == 1


@pytest.mark.parametrize(
    ("system_id", "password"), [("handset", "wrong"), ("nobody", "handset"), ("", ""), ("app1", "handset")]
)
def test_an_unknown_system_id_is_answered_like_a_wrong_password(
    smsc: Smsc, system_id: str, password: str
) -> None:
    client, other = smsc.connect(), smsc.connect()
    client.send_raw(ALL(1, system_id, password))
    other.send_raw(ALL(1, "handset", "wrong"))
    assert client.transport.value() == other.transport.value()
    assert client.statuses() == [St.ESME_RINVPASWD]
    assert smsc.works == []


def test_a_client_that_keeps_failing_to_bind_is_disconnected(smsc: Smsc) -> None:
    client = smsc.connect()
    for sequence in (1, 2):
        client.send(ALL(sequence, "handset", "wrong"))
        assert not client.transport.disconnecting
    client.send(ALL(3, "handset", "wrong"))
    assert client.transport.disconnecting


def test_a_password_is_in_no_log_line(smsc: Smsc, logged: LogLines) -> None:
    smsc.connect().send(ALL(1, "handset", "s3cr3t!"))
    smsc.connect().send(ALL(1, "handset", "handset"))
    assert logged
    assert "s3cr3t!" not in repr(logged)


def test_no_more_sessions_than_the_account_may_have(stand: Stand) -> None:
    accounts = tuple(replace(account, binds_max=2) for account in DEMO_ACCOUNTS)
    smsc = Smsc(stand, accounts=accounts)
    first = smsc.bind()
    smsc.bind()
    third = smsc.connect()
    assert third.status(ALL(1, "handset", "handset")) is St.ESME_RBINDFAIL
    assert smsc.connect().status(ALL(1, "app1", "secret1")) is St.ESME_ROK
    first.lose()
    assert third.status(ALL(2, "handset", "handset")) is St.ESME_ROK


@pytest.mark.parametrize("pattern", ["(7701)+", "[a-z]*", "7.*.*.*.*.*x", "**"])
def test_an_address_range_that_is_no_number_pattern_fails_the_bind(smsc: Smsc, pattern: str) -> None:
    assert smsc.connect().status(ALL(1, "handset", "handset", address_range=pattern)) is St.ESME_RBINDFAIL


def test_a_later_narrower_bind_gets_its_numbers(smsc: Smsc) -> None:
    smsc.bind(address_range="^7701")
    narrow = smsc.bind(address_range=ALIYA)
    smsc.bind(address_range="")
    found = smsc.server.binds.for_msisdn(ALIYA)
    assert found is not None
    assert found.link is narrow.peer


def test_an_account_may_be_limited_to_some_numbers(stand: Stand) -> None:
    limited = replace(DEMO_ACCOUNTS[0], address_range="^7701")
    smsc = Smsc(stand, accounts=(limited, DEMO_ACCOUNTS[1]))
    assert smsc.connect().status(ALL(1, "handset", "handset", address_range=BOLAT)) is St.ESME_RBINDFAIL
    client = smsc.bind()
    foreign = pdus.SubmitSm(2, source=pdus.Address(addr=BOLAT), destination=pdus.Address(addr=ALIYA))
    assert client.status(foreign) is St.ESME_RINVSRCADR
    assert smsc.server.binds.for_msisdn(BOLAT) is None


def test_an_applications_address_range_means_nothing(smsc: Smsc) -> None:
    assert smsc.connect().status(ALL(1, "app1", "secret1", address_range="((((")) is St.ESME_ROK


def test_no_more_connections_than_allowed(stand: Stand) -> None:
    smsc = Smsc(stand, limits=Limits(connections_max=2))
    first, _ = smsc.connect(), smsc.connect()
    assert smsc.server.buildProtocol(None) is None
    first.lose()
    assert smsc.server.buildProtocol(None) is not None


# -- submits ---------------------------------------------------------------------------------------


def test_a_submit_before_the_bind_is_refused(smsc: Smsc) -> None:
    assert smsc.connect().status(hello()) is St.ESME_RINVBNDSTS
    assert smsc.works == []


def test_a_receiver_may_not_submit(smsc: Smsc) -> None:
    client = smsc.connect()
    client.send(pdus.BindReceiver(1, "handset", "handset"))
    assert client.status(hello()) is St.ESME_RINVBNDSTS


@pytest.mark.conformance("submit_sm_resp", "status.ESME_ROK")
def test_a_submit_is_answered_after_its_commit_and_before_its_reply_is_delivered(smsc: Smsc) -> None:
    client = smsc.bind(address_range=ALIYA)
    assert client.send(hello(to="6000")) == []
    smsc.commit()
    answer, reply = client.taken()
    assert isinstance(answer, pdus.SubmitSmResp)
    assert isinstance(reply, pdus.DeliverSm)
    assert (answer.sequence_number, answer.command_status) == (9, 0)
    assert smsc.stand.message(answer.message_id).route == "service:account_basics"
    assert reply.source.addr == "6000"


def test_answers_come_in_the_order_of_the_submits(smsc: Smsc) -> None:
    client = smsc.bind()
    for sequence in (5, 3, 8):
        client.send(hello(sequence))
    smsc.commit()
    assert [each.sequence_number for each in client.taken() if isinstance(each, pdus.SubmitSmResp)] == [
        5,
        3,
        8,
    ]


@pytest.mark.conformance("status.ESME_RTHROTTLED")
def test_a_full_queue_answers_throttled_and_keeps_the_session(stand: Stand) -> None:
    smsc = Smsc(stand)
    client = smsc.bind()
    smsc.queue_max = 0
    assert client.status(hello(1)) is St.ESME_RTHROTTLED
    smsc.queue_max = 10
    assert client.send(hello(2)) == []


@pytest.mark.conformance("status.ESME_RTHROTTLED")
def test_an_account_that_sends_faster_than_it_may_is_throttled(stand: Stand) -> None:
    slow = replace(DEMO_ACCOUNTS[0], messages_per_s=2)
    smsc = Smsc(stand, accounts=(slow, DEMO_ACCOUNTS[1]))
    client = smsc.bind()
    for sequence in (1, 2):
        assert client.send(hello(sequence)) == []
    assert client.status(hello(3)) is St.ESME_RTHROTTLED
    smsc.seconds += 0.5
    assert client.send(hello(4)) == []


def test_more_unanswered_submits_than_the_window_are_throttled(stand: Stand) -> None:
    narrow = replace(DEMO_ACCOUNTS[0], window=2)
    smsc = Smsc(stand, accounts=(narrow, DEMO_ACCOUNTS[1]))
    client = smsc.bind()
    for sequence in (1, 2):
        assert client.send(hello(sequence)) == []
    assert client.status(hello(3)) is St.ESME_RTHROTTLED
    smsc.commit()
    client.taken()
    assert client.send(hello(4)) == []


def test_a_refused_submit_never_reaches_the_writer(smsc: Smsc) -> None:
    client = smsc.bind(address_range="^7702")
    smsc.works.clear()
    assert client.status(hello()) is St.ESME_RINVSRCADR
    assert smsc.works == []


def test_an_unknown_outcome_is_not_answered_but_ends_the_connection(smsc: Smsc) -> None:
    client = smsc.bind()
    client.send(hello())
    smsc.fail(CommitUnknown("disk"))
    assert client.taken() == []
    assert client.transport.disconnected


def test_a_session_that_ends_while_the_store_is_away_is_told_of_later(smsc: Smsc) -> None:
    """Else its commands would not be known when they come again on the next session."""
    client = smsc.bind()
    client.send(hello())
    smsc.commit()
    client.lose()
    smsc.fail(StoreUnavailable("disk full"))
    smsc.wait(1.5)
    assert [type(work) for work in smsc.works] == [BindClosed]
    smsc.commit()
    again = smsc.bind()
    again.send(hello(3))
    smsc.commit()
    assert len(smsc.stand.messages()) == 1


@pytest.mark.conformance("status.ESME_RSYSERR")
def test_a_store_that_cannot_be_written_is_a_system_error(smsc: Smsc) -> None:
    client = smsc.bind()
    client.send(hello())
    smsc.fail(StoreUnavailable("disk full"))
    (answer,) = client.taken()
    assert isinstance(answer, pdus.SubmitSmResp)
    assert answer.command_status == St.ESME_RSYSERR
    assert not client.transport.disconnected


def test_a_client_that_is_gone_before_the_answer_hurts_nobody(smsc: Smsc) -> None:
    client, other = smsc.bind(), smsc.bind()
    client.send(hello(1))
    other.send(hello(2))
    client.lose()
    smsc.commit()
    assert isinstance(other.taken()[0], pdus.SubmitSmResp)


def test_what_is_owed_at_the_unbind_is_answered_before_it(smsc: Smsc) -> None:
    client = smsc.bind()
    client.send(hello(5))
    assert client.send(pdus.Unbind(6)) == []
    smsc.commit()
    assert [type(each) for each in client.taken()] == [pdus.SubmitSmResp, pdus.UnbindResp]
    client.lose()
    (closed,) = [work for work in smsc.seen if isinstance(work, BindClosed)]
    assert closed.clean


def test_a_connection_that_breaks_is_no_clean_end(smsc: Smsc) -> None:
    client = smsc.bind()
    client.lose()
    (closed,) = [work for work in smsc.works if isinstance(work, BindClosed)]
    assert not closed.clean


def test_the_log_line_of_a_submit_has_no_text(smsc: Smsc, logged: LogLines) -> None:
    client = smsc.bind()
    client.send(replace(hello(to="9393"), short_message=b"9080706050403"))
    smsc.commit()
    (line,) = [each for each in logged if each["event"] == "submit"]
    assert (line["source"], line["destination"], line["outcome"]) == (ALIYA, "9393", "voucher.unknown")
    assert "908070" not in repr(logged)


@pytest.mark.conformance("tlv.congestion_state")
@pytest.mark.parametrize(("version", "told"), [(0x33, None), (0x34, None), (0x50, 42)])
def test_a_client_of_5_0_is_told_how_busy_the_gateway_is(smsc: Smsc, version: int, told: int | None) -> None:
    """congestion_state (SMPP 5.0 section 4.8.4.18); older clients do not know it."""
    smsc.congestion = 42
    client = smsc.connect()
    client.send(ALL(1, "handset", "handset", interface_version=version))
    client.send(hello())
    smsc.commit()
    (answer,) = [each for each in client.taken() if isinstance(each, pdus.SubmitSmResp)]
    assert answer.tlv_int(Tag.CONGESTION_STATE) == told


# -- deliveries ------------------------------------------------------------------------------------


@pytest.mark.conformance("bind_transceiver.interface_version")
def test_a_client_below_3_4_is_sent_no_optional_parameters(smsc: Smsc) -> None:
    old = smsc.connect()
    old.send(ALL(1, "handset", "handset", interface_version=0x33))
    smsc.commit()
    old.send(dial("*100#"))
    smsc.commit()
    screens = [each for each in old.taken() if isinstance(each, pdus.DeliverSm)]
    assert [screen.tlvs for screen in screens] == [()]


def test_a_client_of_3_4_is_sent_them(smsc: Smsc) -> None:
    client = smsc.bind()
    client.send(dial("*100*1#"))
    smsc.commit()
    (screen,) = [each for each in client.taken() if isinstance(each, pdus.DeliverSm)]
    assert screen.tlv(Tag.USSD_SERVICE_OP) == 17


def dial(text: str) -> pdus.SubmitSm:
    tlvs = (Tlv(Tag.USSD_SERVICE_OP, 1),)
    return pdus.SubmitSm(9, "USSD", source=pdus.Address(addr=ALIYA), short_message=text.encode(), tlvs=tlvs)


def test_a_client_that_does_not_read_is_neither_read_nor_written_to(smsc: Smsc) -> None:
    client = smsc.bind(address_range=ALIYA)
    client.peer.pauseProducing()
    assert client.transport.producerState == "paused"
    client.send(hello(to="6000"))
    smsc.commit()
    assert [type(each) for each in client.taken()] == [pdus.SubmitSmResp]
    client.peer.resumeProducing()
    assert client.transport.producerState == "producing"
    smsc.commit()
    assert [type(each) for each in client.taken()] == [pdus.DeliverSm]


def test_an_acknowledged_delivery_makes_the_message_delivered(smsc: Smsc) -> None:
    client = smsc.bind(address_range=ALIYA)
    client.send(hello(to="6000"))
    smsc.commit()
    _, reply = client.taken()
    client.send(pdus.DeliverSmResp(reply.sequence_number))
    smsc.commit()
    assert {each.state.value for each in smsc.stand.messages()} == {"DELIVERED"}


def test_no_answer_to_a_delivery_in_time_puts_it_off(smsc: Smsc) -> None:
    client = smsc.bind(address_range=ALIYA)
    client.send(hello(to="6000"))
    smsc.commit()
    smsc.wait(12)
    smsc.commit()
    (row,) = smsc.stand.store.reads.pending()
    assert row.attempts == 1


# -- timers and the stop ---------------------------------------------------------------------------


def test_a_connection_that_does_not_bind_is_closed(smsc: Smsc) -> None:
    client = smsc.connect()
    smsc.wait(4)
    assert not client.transport.disconnecting
    smsc.wait(2)
    assert client.transport.disconnecting


def test_a_silent_session_is_asked_and_then_closed(smsc: Smsc) -> None:
    client = smsc.bind()
    smsc.wait(31)
    assert [type(each) for each in client.taken()] == [pdus.EnquireLink]
    smsc.wait(11)
    assert client.transport.disconnecting


def test_octets_that_are_no_smpp_end_the_connection_and_no_other(smsc: Smsc) -> None:
    broken, other = smsc.connect(), smsc.bind()
    broken.peer.dataReceived(b"GET / HTTP/1.1\r\n\r\n")
    assert broken.transport.disconnecting
    assert other.send(pdus.EnquireLink(8)) == [pdus.EnquireLinkResp(8)]


def test_at_the_stop_everybody_is_told_goodbye_and_nobody_new_comes_in(smsc: Smsc) -> None:
    client, unbound = smsc.bind(), smsc.connect()
    smsc.server.unbind_all()
    assert [type(each) for each in client.taken()] == [pdus.Unbind]
    assert unbound.transport.disconnecting
    assert smsc.server.buildProtocol(None) is None
    client.send(pdus.UnbindResp(1))
    assert client.transport.disconnecting


def test_who_does_not_say_goodbye_is_dropped(smsc: Smsc) -> None:
    client = smsc.bind()
    smsc.server.unbind_all()
    smsc.server.drop_all("the gateway stops")
    assert client.transport.disconnected
