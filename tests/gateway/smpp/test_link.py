"""How a session is watched, and how it ends: timers, unbind from either side."""

from collections.abc import Callable

import pytest

from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import CommandStatus
from gateway.smpp.errors import SessionError
from gateway.smpp.events import Close, Received, RequestTimedOut, ResponseReceived, Send, Unbound
from gateway.smpp.pdus import (
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    Outbind,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)
from gateway.smpp.session import Session
from gateway.smpp.settings import SessionSettings
from gateway.smpp.states import Role, State
from gateway.smpp.timers import NEVER, TimerSettings

MakeSession = Callable[..., Session]
OFF = TimerSettings(session_init_s=0, enquire_link_s=0, inactivity_s=0, response_s=0)


def test_a_connection_without_bind_is_closed(smsc: MakeSession) -> None:
    """At session_init_s, whatever octets come; not once it is bound."""
    session = smsc(None, timers=TimerSettings(session_init_s=5, enquire_link_s=0))
    assert session.next_due() == 5
    assert session.receive_bytes(encode(EnquireLink(1)) + b"\0\0\0", 4.0)
    assert session.tick(4.9) == []
    assert session.tick(5.0) == [Close("no bind in time")]
    bound = smsc(timers=TimerSettings(session_init_s=5, enquire_link_s=0))
    assert bound.tick(6.0) == []


def test_a_silent_peer_is_asked_once_and_closed_when_it_does_not_answer(smsc: MakeSession) -> None:
    """enquire_link_s after the last whole PDU, then response_s."""
    session = smsc(timers=TimerSettings(enquire_link_s=10, response_s=3))
    session.receive_bytes(encode(SubmitSm(7)), 2.0)
    session.receive_bytes(b"\0\0", 11.0)
    assert session.next_due() == 12
    assert session.tick(11.9) == []
    assert session.tick(12.0) == [Send(encode(EnquireLink(1)))]
    assert session.tick(13.0) == []
    assert session.next_due() == 15
    assert session.tick(15.0) == [Close("enquire_link without response")]


def test_a_peer_that_answers_is_asked_again_later(smsc: MakeSession) -> None:
    """The answer is a sign of life itself."""
    session = smsc(timers=TimerSettings(enquire_link_s=10, response_s=3))
    session.tick(10.0)
    assert session.receive_bytes(encode(EnquireLinkResp(1)), 11.0) == []
    assert session.tick(20.9) == []
    assert session.tick(21.0) == [Send(encode(EnquireLink(2)))]


def test_link_management_goes_out_beside_a_full_window(smsc: MakeSession) -> None:
    """Else a stuck peer would never be found out."""
    session = smsc(window=1, timers=TimerSettings(enquire_link_s=10, response_s=0))
    session.send_request(DeliverSm(), "token", 0.0)
    assert session.tick(10.0) == [Send(encode(EnquireLink(2)))]


@pytest.mark.conformance("unbind")
def test_a_session_without_messages_is_unbound(smsc: MakeSession) -> None:
    """enquire_link is no transaction (SMPP 3.4 section 7.2): it does not keep the session."""
    session = smsc(timers=TimerSettings(enquire_link_s=0, inactivity_s=20, response_s=3))
    session.receive_bytes(encode(EnquireLink(5)), 19.0)
    assert session.tick(19.9) == []
    assert session.tick(20.0) == [Send(encode(Unbind(1)))]
    assert session.tick(21.0) == []
    assert session.receive_bytes(encode(UnbindResp(1)), 22.0) == [Unbound(by_peer=False), Close("unbound")]


def test_with_all_timers_off_nothing_is_ever_due(smsc: MakeSession) -> None:
    """0 means never."""
    for session in (smsc(timers=OFF), smsc(None, timers=OFF)):
        assert session.next_due() == NEVER
        assert session.tick(1e12) == []


@pytest.mark.conformance("unbind", "session.UNBOUND", "session.CLOSED")
def test_the_peers_unbind_is_answered_and_the_connection_closed_later(smsc: MakeSession) -> None:
    """The peer is to close; we do after linger_s. Nothing more is taken meanwhile."""
    session = smsc(timers=TimerSettings(linger_s=2))
    assert session.receive_bytes(encode(Unbind(9)), 5.0) == [
        Unbound(by_peer=True),
        Send(encode(UnbindResp(9))),
    ]
    assert session.state is State.UNBOUND
    refused = session.receive_bytes(encode(SubmitSm(7)), 5.5)[0]
    assert refused == Send(encode(SubmitSmResp(7, CommandStatus.ESME_RINVBNDSTS)))
    assert session.send_request(DeliverSm(), "token", 5.5) is None
    assert session.next_due() == 7
    assert session.tick(6.9) == []
    assert session.tick(7.0) == [Close("unbound")]


def test_what_is_owed_is_answered_before_the_peers_unbind(smsc: MakeSession) -> None:
    """An accepted message is never forgotten, even by a peer in a hurry."""
    session = smsc()
    stream = encode(SubmitSm(7)) + encode(SubmitSm(8)) + encode(Unbind(9)) + encode(SubmitSm(10))
    events = session.receive_bytes(stream, 5.0)
    assert [type(event) for event in events[:3]] == [Received, Received, Unbound]
    assert events[3] == Send(encode(SubmitSmResp(10, CommandStatus.ESME_RINVBNDSTS)))
    assert session.tick(50.0) != [Close("unbound")]
    first, second = SubmitSmResp(7, 0, "a"), SubmitSmResp(8, 0, "b")
    assert session.respond(first) == encode(first)
    assert session.respond(second) == encode(second) + encode(UnbindResp(9))
    assert session.state is State.UNBOUND


def test_a_session_that_owes_answers_is_not_closed_after_the_unbind(smsc: MakeSession) -> None:
    """And it plans nothing that would make its owner spin."""
    session = smsc(timers=TimerSettings(linger_s=2, enquire_link_s=0, response_s=0))
    session.receive_bytes(encode(SubmitSm(7)), 1.0)
    session.unbind(1.0)
    session.receive_bytes(encode(UnbindResp(1)), 1.0)
    assert session.tick(100.0) == []
    assert session.next_due() == NEVER
    session.respond(SubmitSmResp(7, 0, "a"))
    assert session.tick(100.0) == [Close("unbound")]


def test_our_unbind_stops_our_requests_and_takes_the_peers_until_it_answers(smsc: MakeSession) -> None:
    """What the peer sent before it saw the unbind is served."""
    session = smsc()
    assert session.unbind(1.0) == encode(Unbind(1))
    assert session.unbind(1.0) == b""
    assert session.room == 0
    assert session.send_request(DeliverSm(), "token", 1.0) is None
    (event,) = session.receive_bytes(encode(SubmitSm(7)), 1.5)
    assert isinstance(event, Received)
    session.respond(SubmitSmResp(7, 0, "a"))
    assert session.receive_bytes(encode(UnbindResp(1)), 2.0) == [Unbound(by_peer=False), Close("unbound")]


def test_an_unbind_without_response_ends_in_the_close(smsc: MakeSession) -> None:
    """A stop does not wait for a dead peer."""
    session = smsc(timers=TimerSettings(response_s=3, enquire_link_s=0))
    session.unbind(1.0)
    assert session.tick(4.0) == [Close("unbind without response")]


def test_what_follows_the_response_to_our_unbind_is_not_taken(smsc: MakeSession) -> None:
    """Not even an impossible length: the session is over."""
    session = smsc()
    session.unbind(1.0)
    stream = encode(UnbindResp(1)) + encode(SubmitSm(7)) + bytes(4)
    assert session.receive_bytes(stream, 2.0) == [Unbound(by_peer=False), Close("unbound")]


def test_unbinds_that_cross_are_both_answered(smsc: MakeSession) -> None:
    """Unbound is told once, with the first: nothing more comes from a peer that has said goodbye."""
    session = smsc()
    session.unbind(1.0)
    assert session.receive_bytes(encode(Unbind(9)), 1.0) == [
        Unbound(by_peer=True),
        Send(encode(UnbindResp(9))),
    ]
    assert session.receive_bytes(encode(UnbindResp(1)), 1.0) == [Close("unbound")]


def test_unbinds_that_cross_are_told_once_while_an_answer_is_owed(smsc: MakeSession) -> None:
    """The peer's unbind waits for the answer; ours is confirmed meanwhile."""
    session = smsc()
    session.receive_bytes(encode(SubmitSm(7)), 0.5)
    session.unbind(1.0)
    assert session.receive_bytes(encode(Unbind(9)), 1.0) == [Unbound(by_peer=True)]
    assert session.receive_bytes(encode(UnbindResp(1)), 1.0) == []
    owed = encode(SubmitSmResp(7, 0, "a"))
    assert session.respond(SubmitSmResp(7, 0, "a")) == owed + encode(UnbindResp(9))


def test_deliveries_under_way_may_still_be_answered_after_the_peers_unbind(smsc: MakeSession) -> None:
    """Their responses were sent before it, or are given with it."""
    session = smsc()
    session.send_request(DeliverSm(), "token", 0.0)
    session.receive_bytes(encode(Unbind(9)), 1.0)
    response = DeliverSmResp(1)
    assert session.receive_bytes(encode(response), 1.1) == [
        ResponseReceived(response, "token", encode(response))
    ]


def esme(timers: TimerSettings = OFF) -> Session:
    """The other end."""
    return Session(Role.ESME, 0.0, SessionSettings(timers=timers))


def test_an_esme_is_bound_when_the_response_says_so() -> None:
    """The token comes back with it; then it may send."""
    session = esme()
    assert decode(session.bind(BindTransceiver(0, "app1", "secret1"), "bind", 0.0)).sequence_number == 1
    with pytest.raises(SessionError):
        session.send_request(SubmitSm(), "token", 0.0)
    response = BindTransceiverResp(1, 0, "Shortcode")
    assert session.receive_bytes(encode(response), 0.0) == [
        ResponseReceived(response, "bind", encode(response))
    ]
    assert session.state is State.BOUND_TRX
    assert session.send_request(SubmitSm(), "token", 0.0) is not None


def test_a_refused_or_unanswered_bind_leaves_an_esme_open() -> None:
    """It may try again."""
    session = esme(TimerSettings(session_init_s=0, response_s=3))
    session.bind(BindTransceiver(), "first", 0.0)
    session.receive_bytes(encode(BindTransceiverResp(1, CommandStatus.ESME_RINVPASWD)), 0.0)
    session.bind(BindTransceiver(), "second", 1.0)
    assert session.tick(4.0) == [RequestTimedOut("second")]
    assert session.state is State.OPEN


@pytest.mark.conformance("session.OUTBOUND")
def test_an_outbind_invites_a_receiver(smsc: MakeSession) -> None:
    """SMPP 3.4 section 4.1.7, seen from both ends."""
    inviting, invited = smsc(None), esme()
    (event,) = invited.receive_bytes(inviting.outbind(Outbind(0, "smsc", "secret")), 0.0)
    assert isinstance(event, Received)
    assert (inviting.state, invited.state) == (State.OUTBOUND, State.OUTBOUND)
    (bind,) = inviting.receive_bytes(invited.bind(BindReceiver(), "bind", 0.0), 0.0)
    assert isinstance(bind, Received)
    assert isinstance(bind.pdu, BindReceiver)
    answer = inviting.accept_bind(bind.pdu, "Shortcode")
    assert isinstance(decode(answer), BindReceiverResp)
    invited.receive_bytes(answer, 0.0)
    assert (inviting.state, invited.state) == (State.BOUND_RX, State.BOUND_RX)


def test_unbind_needs_a_bind(smsc: MakeSession) -> None:
    """A mistake of the owner."""
    with pytest.raises(SessionError):
        smsc(None).unbind(0.0)


def test_after_the_peers_unbind_our_requests_under_way_are_waited_for(smsc: MakeSession) -> None:
    """The connection lingers until their responses or time-outs."""
    session = smsc(timers=TimerSettings(linger_s=2, response_s=9))
    session.send_request(DeliverSm(), "token", 0.0)
    session.receive_bytes(encode(Unbind(9)), 1.0)
    assert session.next_due() == 9
    assert session.tick(4.0) == []
    assert session.tick(9.0) == [RequestTimedOut("token"), Close("unbound")]
