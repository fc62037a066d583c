"""A session's traffic: requests both ways, their responses, and what it refuses by itself."""

from collections.abc import Callable

import pytest

from gateway.smpp.codec import decode, encode, read_header
from gateway.smpp.constants import CommandId, CommandStatus
from gateway.smpp.errors import EncodeError, SessionError
from gateway.smpp.events import (
    Close,
    LateResponse,
    Received,
    Refused,
    RequestTimedOut,
    ResponseReceived,
    Send,
    UnexpectedResponse,
)
from gateway.smpp.pdus import (
    Address,
    AlertNotification,
    BindReceiver,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    QuerySm,
    Response,
    SubmitSm,
    SubmitSmResp,
    Unbind,
)
from gateway.smpp.session import Session
from gateway.smpp.states import BROADCAST_REFUSALS, State
from gateway.smpp.timers import TimerSettings
from gateway.smpp.tlv import Tag, Tlv

MakeSession = Callable[..., Session]
SUBMIT = SubmitSm(
    7, source=Address(1, 1, "77011234567"), destination=Address(0, 1, "9393"), short_message=b"hi"
)
DELIVER = DeliverSm(0, source=Address(0, 1, "9393"), destination=Address(1, 1, "77011234567"))


def sent(session: Session, *pdus: Pdu, now: float = 0.0) -> list[Pdu]:
    """What a session sends by itself when it receives these."""
    events = session.receive_bytes(b"".join(map(encode, pdus)), now)
    return [decode(event.data) for event in events if isinstance(event, Send)]


def deliver(session: Session, token: object = "token", now: float = 0.0) -> int:
    """Send a deliver_sm; returns the sequence_number that it got."""
    octets = session.send_request(DELIVER, token, now)
    assert octets is not None
    return decode(octets).sequence_number


def test_a_message_is_received_and_answered(smsc: MakeSession) -> None:
    """The event has the value and the octets; the answer is the response."""
    session = smsc()
    (event,) = session.receive_bytes(encode(SUBMIT), 1.0)
    assert event == Received(SUBMIT, encode(SUBMIT))
    response = SubmitSmResp(7, 0, "id1")
    assert session.respond(response) == encode(response)
    assert session.owed == 0


def test_a_message_can_be_rejected(smsc: MakeSession) -> None:
    """With its own response and the status given."""
    session = smsc()
    session.receive_bytes(encode(SUBMIT), 1.0)
    octets = session.reject(SUBMIT, CommandStatus.ESME_RINVDSTADR)
    assert decode(octets) == SubmitSmResp(7, CommandStatus.ESME_RINVDSTADR)
    assert session.owed == 0


def test_nothing_can_be_answered_twice(smsc: MakeSession) -> None:
    """A second answer would be forged."""
    session = smsc()
    session.receive_bytes(encode(SUBMIT), 1.0)
    session.respond(SubmitSmResp(7, 0, "id1"))
    with pytest.raises(SessionError):
        session.respond(SubmitSmResp(7, 0, "id1"))


@pytest.mark.parametrize("step", [1, 2, 5, 16, 33, 1000])
def test_the_pieces_of_the_stream_do_not_matter(smsc: MakeSession, step: int) -> None:
    """Several PDUs in pieces of any size lead to the same events."""
    stream = encode(SUBMIT) + encode(EnquireLink(8)) + encode(QuerySm(9, "id")) + encode(SUBMIT)
    session = smsc()
    events = [
        event
        for start in range(0, len(stream), step)
        for event in session.receive_bytes(stream[start : start + step], 1.0)
    ]
    assert events == smsc().receive_bytes(stream, 1.0)
    assert [type(event) for event in events] == [Received, Send, Received, Received]


def test_enquire_link_is_answered_at_once_in_any_state(smsc: MakeSession) -> None:
    """Before the bind too (SMPP 5.0 section 2.4)."""
    for session in (smsc(None), smsc()):
        assert sent(session, EnquireLink(3)) == [EnquireLinkResp(3)]


# Refusals by the session


@pytest.mark.conformance("generic_nack")
def test_an_unknown_command_gets_generic_nack(smsc: MakeSession) -> None:
    """With ESME_RINVCMDID and its sequence_number; the session goes on."""
    session = smsc()
    frame = bytes.fromhex("00000010000000770000000000000021")
    assert session.receive_bytes(frame, 0.0) == [
        Send(encode(GenericNack(0x21, CommandStatus.ESME_RINVCMDID))),
        Refused(0x77, CommandStatus.ESME_RINVCMDID, 0x21),
    ]
    assert sent(session, EnquireLink(3)) == [EnquireLinkResp(3)]


BEFORE_BIND = (SUBMIT, Unbind(7), QuerySm(7, "id"), DELIVER, AlertNotification(7))


@pytest.mark.parametrize("pdu", BEFORE_BIND, ids=lambda pdu: type(pdu).__name__)
def test_before_the_bind_everything_else_is_refused(smsc: MakeSession, pdu: Pdu) -> None:
    """ESME_RINVBNDSTS in the matching response."""
    (answer,) = sent(smsc(None), pdu)
    assert isinstance(answer, Response)
    assert answer.command_status == CommandStatus.ESME_RINVBNDSTS
    assert answer.sequence_number == pdu.sequence_number


def test_a_receiver_may_not_send_and_a_transmitter_is_not_sent_to(smsc: MakeSession) -> None:
    """The peer's mistake is refused on the wire, ours raises."""
    receiver, transmitter = smsc(BindReceiver(1)), smsc(BindTransmitter(1))
    assert sent(receiver, SUBMIT) == [SubmitSmResp(7, CommandStatus.ESME_RINVBNDSTS)]
    with pytest.raises(SessionError):
        transmitter.send_request(DELIVER, "token", 0.0)
    assert transmitter.room == 0


def test_a_bad_body_is_refused_with_its_status_and_the_next_pdu_is_taken(smsc: MakeSession) -> None:
    """Recoverable: boundaries are intact."""
    session = smsc()
    bad = bytearray(encode(SUBMIT))
    bad[-3] = 99  # sm_length
    events = session.receive_bytes(bytes(bad) + encode(SUBMIT), 0.0)
    assert events == [
        Send(encode(SubmitSmResp(7, CommandStatus.ESME_RINVMSGLEN))),
        Refused(CommandId.SUBMIT_SM, CommandStatus.ESME_RINVMSGLEN, 7),
        Received(SUBMIT, encode(SUBMIT)),
    ]
    assert session.owed == 1


@pytest.mark.parametrize("length", [0, 15, 70_001, 1 << 31])
def test_an_impossible_length_gets_generic_nack_and_the_end(smsc: MakeSession, length: int) -> None:
    """What came before is still taken, what comes after is not."""
    session = smsc()
    stream = encode(SUBMIT) + length.to_bytes(4, "big") + encode(SUBMIT)
    events = session.receive_bytes(stream, 0.0)
    assert events[0] == Received(SUBMIT, encode(SUBMIT))
    assert events[1] == Send(encode(GenericNack(0, CommandStatus.ESME_RINVCMDLEN)))
    assert isinstance(events[2], Close)
    assert session.state is State.CLOSED
    assert session.receive_bytes(encode(SUBMIT), 0.0) == []
    assert session.respond(SubmitSmResp(7, 0, "id1")) == b""


def test_more_unanswered_messages_than_the_window_are_throttled(smsc: MakeSession) -> None:
    """ESME_RTHROTTLED for the surplus; link management goes on; an answer makes room."""
    session = smsc(inbound_window=2)
    assert sent(session, SUBMIT, SUBMIT, SUBMIT, EnquireLink(8)) == [
        SubmitSmResp(7, CommandStatus.ESME_RTHROTTLED),
        EnquireLinkResp(8),
    ]
    session.respond(SubmitSmResp(7, 0, "id1"))
    assert sent(session, SUBMIT) == []
    assert session.owed == 2


def test_of_several_faults_the_order_of_precedence_decides(smsc: MakeSession) -> None:
    """Unknown command, then state, then throttling, then body."""
    bad_body = encode(SUBMIT)[:30]
    frame = len(bad_body).to_bytes(4, "big") + bad_body[4:]
    unknown = frame[:4] + b"\0\0\0\x77" + frame[8:]
    full = smsc(inbound_window=1)
    full.receive_bytes(encode(SUBMIT), 0.0)

    def status(session: Session, octets: bytes) -> int:
        (refused,) = (e for e in session.receive_bytes(octets, 0.0) if isinstance(e, Refused))
        return refused.status

    assert status(smsc(None), unknown) == CommandStatus.ESME_RINVCMDID
    assert status(smsc(None), frame) == CommandStatus.ESME_RINVBNDSTS
    assert status(full, frame) == CommandStatus.ESME_RTHROTTLED
    assert status(smsc(), frame) == CommandStatus.ESME_RINVSRCADR


# Binding


def test_a_bind_waits_for_its_owner_and_then_the_session_is_bound(smsc: MakeSession) -> None:
    """The response tells the version; a second bind is ESME_RALYBND, before and after the answer."""
    session = smsc(None)
    bind = BindTransceiver(1, "handset", "handset")
    (event,) = session.receive_bytes(encode(bind), 0.0)
    assert event == Received(bind, encode(bind))
    assert isinstance(event, Received)
    assert isinstance(event.pdu, BindTransceiver)
    second = BindTransmitter(2, "handset", "handset")
    (early,) = sent(session, second)
    assert isinstance(early, Response)
    assert early.command_status == CommandStatus.ESME_RALYBND
    answer = decode(session.accept_bind(event.pdu, "Shortcode"))
    assert isinstance(answer, BindTransceiverResp)
    assert (answer.command_status, answer.system_id) == (0, "Shortcode")
    assert answer.tlv_int(Tag.SC_INTERFACE_VERSION) == 0x34
    assert session.state is State.BOUND_TRX
    (late,) = sent(session, second)
    assert isinstance(late, Response)
    assert late.command_status == CommandStatus.ESME_RALYBND


def test_a_rejected_bind_leaves_the_session_open_for_another(smsc: MakeSession) -> None:
    """The server decides when it has seen enough."""
    session = smsc(None)
    for number in (1, 2):
        (event,) = session.receive_bytes(encode(BindTransceiver(number, "handset", "wrong")), 0.0)
        assert isinstance(event, Received)
        answer = decode(session.reject(event.pdu, CommandStatus.ESME_RINVPASWD))
        assert answer == BindTransceiverResp(number, CommandStatus.ESME_RINVPASWD)
        assert session.state is State.OPEN


@pytest.mark.conformance("bind_transceiver.interface_version")
def test_a_peer_below_3_4_gets_no_parameters(smsc: MakeSession) -> None:
    """It would not understand them (SMPP 3.4 section 3.4)."""
    session = smsc(None)
    (event,) = session.receive_bytes(encode(BindTransceiver(1, interface_version=0x33)), 0.0)
    assert isinstance(event, Received)
    assert isinstance(event.pdu, BindTransceiver)
    answer = decode(session.accept_bind(event.pdu, "Shortcode"))
    assert isinstance(answer, BindTransceiverResp)
    assert answer.tlvs == ()
    assert not session.peer_takes_tlvs


@pytest.mark.conformance("bind_transceiver.interface_version", "tlv.sc_interface_version")
@pytest.mark.parametrize(("theirs", "ours"), [(0x34, 0x34), (0x35, 0x34), (0x50, 0x50), (0x51, 0x50)])
def test_the_answer_to_a_bind_has_the_version_that_both_understand(
    smsc: MakeSession, theirs: int, ours: int
) -> None:
    """sc_interface_version (SMPP 5.0 section 4.8.4.51): 5.0 to those who know it, else 3.4."""
    session = smsc(None)
    (event,) = session.receive_bytes(encode(BindTransceiver(1, interface_version=theirs)), 0.0)
    assert isinstance(event, Received)
    assert isinstance(event.pdu, BindTransceiver)
    answer = decode(session.accept_bind(event.pdu, "Shortcode"))
    assert isinstance(answer, BindTransceiverResp)
    assert answer.tlv_int(Tag.SC_INTERFACE_VERSION) == ours


def test_a_session_knows_whether_a_bind_still_waits(smsc: MakeSession) -> None:
    """For an owner who has to ask elsewhere first."""
    session = smsc(None)
    bind = BindTransceiver(1)
    (event,) = session.receive_bytes(encode(bind), 0.0)
    assert isinstance(event, Received)
    assert isinstance(event.pdu, BindTransceiver)
    assert session.waits_for(event.pdu)
    assert not session.waits_for(bind)
    session.connection_lost()
    assert not session.waits_for(event.pdu)


# SMPP 5.0's broadcast operations


@pytest.mark.conformance(
    "broadcast_sm",
    "query_broadcast_sm",
    "cancel_broadcast_sm",
    "status.ESME_RBCASTFAIL",
    "status.ESME_RBCASTQUERYFAIL",
    "status.ESME_RBCASTCANCELFAIL",
)
@pytest.mark.parametrize(("command", "status"), BROADCAST_REFUSALS.items(), ids=lambda each: each.name)
def test_a_broadcast_of_a_peer_of_5_0_is_refused_with_its_own_response(
    smsc: MakeSession, command: CommandId, status: CommandStatus
) -> None:
    """SMPP 5.0 section 4.4; whatever the body, which is not looked at."""
    session = smsc(BindTransceiver(1, interface_version=0x50))
    for body in (b"", b"\0" * 40):
        assert refused(session, broadcast(command, body)) == (command | 0x8000_0000, status, 9)


@pytest.mark.conformance("broadcast_sm", "query_broadcast_sm", "cancel_broadcast_sm")
@pytest.mark.parametrize("command", BROADCAST_REFUSALS)
def test_to_a_peer_of_3_4_a_broadcast_is_an_unknown_command(smsc: MakeSession, command: CommandId) -> None:
    """SMPP 3.4 does not have it, nor does anybody who has not bound."""
    for session in (smsc(), smsc(None)):
        nack = (CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDID, 9)
        assert refused(session, broadcast(command)) == nack


@pytest.mark.parametrize("command", BROADCAST_REFUSALS)
def test_a_broadcast_where_nothing_may_be_sent_is_refused_for_that(
    smsc: MakeSession, command: CommandId
) -> None:
    """As a receiver, and after the unbind."""
    receiver = smsc(BindReceiver(1, interface_version=0x50))
    leaving = smsc(BindTransceiver(1, interface_version=0x50))
    leaving.receive_bytes(encode(SUBMIT), 0.0)
    leaving.receive_bytes(encode(Unbind(8)), 0.0)
    for session in (receiver, leaving):
        wrong_state = (command | 0x8000_0000, CommandStatus.ESME_RINVBNDSTS, 9)
        assert refused(session, broadcast(command)) == wrong_state


def broadcast(command: int, body: bytes = b"") -> bytes:
    """A request for which there is no PDU here."""
    return b"".join(each.to_bytes(4, "big") for each in (16 + len(body), command, 0, 9)) + body


def refused(session: Session, octets: bytes) -> tuple[int, int, int]:
    """command_id, command_status and sequence_number of the only answer, which has no body."""
    answer, event = session.receive_bytes(octets, 0.0)
    assert isinstance(answer, Send)
    assert isinstance(event, Refused)
    assert len(answer.data) == 16
    _, command, status, sequence = read_header(answer.data)
    assert status == event.status
    return command, status, sequence


def test_only_the_bind_that_waits_can_be_accepted(smsc: MakeSession) -> None:
    """Not one that was answered, nor one that never came."""
    with pytest.raises(SessionError):
        smsc().accept_bind(BindTransceiver(1), "Shortcode")
    with pytest.raises(SessionError):
        smsc(None).reject(BindTransceiver(1), CommandStatus.ESME_RBINDFAIL)


def test_the_owner_may_choose_the_parameters_of_the_answer(smsc: MakeSession) -> None:
    """Instead of the version alone."""
    session = smsc(None)
    (event,) = session.receive_bytes(encode(BindTransceiver(1)), 0.0)
    assert isinstance(event, Received)
    assert isinstance(event.pdu, BindTransceiver)
    tlvs = (Tlv(Tag.SC_INTERFACE_VERSION, 0x50),)
    assert decode(session.accept_bind(event.pdu, "Shortcode", tlvs)) == BindTransceiverResp(
        1, 0, "Shortcode", tlvs
    )


def test_a_bind_cannot_be_accepted_when_the_connection_is_gone(smsc: MakeSession) -> None:
    """Credentials may have taken their time."""
    session = smsc(None)
    (event,) = session.receive_bytes(encode(BindTransceiver(1)), 0.0)
    session.connection_lost()
    assert isinstance(event, Received)
    assert isinstance(event.pdu, BindTransceiver)
    with pytest.raises(SessionError):
        session.accept_bind(event.pdu, "Shortcode")


# Requests of ours


def test_a_request_gets_a_number_and_its_response_the_token(smsc: MakeSession) -> None:
    """Pre-encoded octets differ from what is sent in the number alone."""
    session = smsc()
    encoded = encode(DELIVER)
    first, second = (session.send_request_bytes(encoded, token, 0.0) for token in "ab")
    assert first is not None
    assert second is not None
    assert (decode(first).sequence_number, decode(second).sequence_number) == (1, 2)
    assert first[16:] == encoded[16:]
    answers = [DeliverSmResp(2), DeliverSmResp(1, CommandStatus.ESME_RX_T_APPN)]
    assert session.receive_bytes(b"".join(map(encode, answers)), 1.0) == [
        ResponseReceived(answers[0], "b", encode(answers[0])),
        ResponseReceived(answers[1], "a", encode(answers[1])),
    ]


def test_no_more_requests_go_out_than_the_window_holds(smsc: MakeSession) -> None:
    """None when it is full; a response makes room."""
    session = smsc(window=2)
    deliver(session), deliver(session)
    assert session.room == 0
    assert session.send_request(DELIVER, "late", 0.0) is None
    session.receive_bytes(encode(DeliverSmResp(1)), 0.0)
    assert session.room == 1
    assert deliver(session) == 3


def test_an_unanswered_request_times_out_and_a_late_response_is_known_as_one(smsc: MakeSession) -> None:
    """At response_s; the late one is told once, then it is unexpected."""
    session = smsc(timers=TimerSettings(response_s=10, enquire_link_s=0))
    number = deliver(session, "token", 5.0)
    assert session.next_due() == 15.0
    assert session.tick(14.9) == []
    assert session.tick(15.0) == [RequestTimedOut("token")]
    response = DeliverSmResp(number)
    assert session.receive_bytes(encode(response), 16.0) == [LateResponse(response, "token")]
    assert session.receive_bytes(encode(response), 17.0) == [
        UnexpectedResponse(CommandId.DELIVER_SM_RESP, 0, number, pending=False)
    ]


def test_a_response_that_answers_nothing_is_ignored_but_told(smsc: MakeSession) -> None:
    """Forged, of the wrong command, or unreadable: the request goes on waiting. It is never answered."""
    session = smsc()
    number = deliver(session)
    unreadable = encode(DeliverSmResp(number))[:16] + b"no end"
    unreadable = len(unreadable).to_bytes(4, "big") + unreadable[4:]
    for octets, pending in (
        (encode(DeliverSmResp(number + 1)), False),
        (encode(SubmitSmResp(number, 0, "id")), True),
        (bytes.fromhex("00000010800000770000000000000001"), True),
        (encode(GenericNack(0, 3)), False),
        (unreadable, True),
    ):
        (event,) = session.receive_bytes(octets, 0.0)
        assert isinstance(event, UnexpectedResponse)
        assert event.pending is pending
    assert session.receive_bytes(encode(DeliverSmResp(number)), 0.0) == [
        ResponseReceived(DeliverSmResp(number), "token", encode(DeliverSmResp(number)))
    ]


@pytest.mark.conformance("generic_nack")
def test_generic_nack_answers_the_request_of_its_number(smsc: MakeSession) -> None:
    """The peer did not understand it."""
    session = smsc()
    nack = GenericNack(deliver(session), CommandStatus.ESME_RINVCMDID)
    assert session.receive_bytes(encode(nack), 0.0) == [ResponseReceived(nack, "token", encode(nack))]


def test_alert_notification_waits_for_no_response(smsc: MakeSession) -> None:
    """It has none (SMPP 3.4 section 4.12), so it takes no place in the window."""
    session = smsc(window=1)
    alert = session.send_request(AlertNotification(0), "token", 0.0)
    assert alert is not None
    assert decode(alert).sequence_number == 1
    assert session.room == 1


def test_a_lost_connection_gives_back_what_waits(smsc: MakeSession) -> None:
    """The tokens of messages, in the order of sending."""
    session = smsc()
    for token in "abc":
        deliver(session, token)
    session.receive_bytes(encode(DeliverSmResp(2)), 0.0)
    assert session.connection_lost() == ["a", "c"]
    assert session.state is State.CLOSED
    assert session.tick(1e9) == []


def test_a_value_that_cannot_be_sent_takes_no_place(smsc: MakeSession) -> None:
    """The error comes before the window."""
    session = smsc()
    with pytest.raises(EncodeError):
        session.send_request(DeliverSm(0, short_message=bytes(255)), "token", 0.0)
    assert session.room == 4
