"""Two sessions that talk to each other over pipes of any delay never disagree."""

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.smpp.codec import decode, encode
from gateway.smpp.events import (
    Close,
    Event,
    Received,
    Refused,
    ResponseReceived,
    Send,
    UnexpectedResponse,
)
from gateway.smpp.pdus import (
    Bind,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    Pdu,
    QuerySm,
    QuerySmResp,
    Response,
    SubmitSm,
    SubmitSmResp,
)
from gateway.smpp.session import Session
from gateway.smpp.settings import SessionSettings
from gateway.smpp.states import BOUND, Role, State
from gateway.smpp.timers import TimerSettings

ANSWERS: dict[type[Pdu], type[Response]] = {
    SubmitSm: SubmitSmResp,
    QuerySm: QuerySmResp,
    DeliverSm: DeliverSmResp,
    DataSm: DataSmResp,
}
REQUESTS = {Role.ESME: (SubmitSm, QuerySm, DataSm), Role.SMSC: (DeliverSm, DataSm)}
ENDS = st.sampled_from(Role)


class End:
    """A session with what its owner keeps: requests to answer, tokens sent and come back."""

    def __init__(self, role: Role) -> None:
        off = TimerSettings(session_init_s=0, enquire_link_s=0, inactivity_s=0, response_s=0)
        limits = SessionSettings(window=3, inbound_window=3, timers=off)
        self.session = Session(role, 0.0, limits)
        self.inbox: deque[Pdu] = deque()
        self.wire = bytearray()
        self.sent: list[int] = []
        self.answered: list[object] = []

    def take(self, events: list[Event]) -> None:
        """Do what the events ask for."""
        for event in events:
            assert not isinstance(event, UnexpectedResponse | Refused), event
            if isinstance(event, Send):
                self.wire += event.data
            elif isinstance(event, Received):
                self.inbox.append(event.pdu)
            elif isinstance(event, ResponseReceived) and event.token != "bind":
                self.answered.append(event.token)

    def answer(self) -> None:
        """Answer the oldest request."""
        pdu = self.inbox.popleft()
        if isinstance(pdu, Bind):
            self.wire += self.session.accept_bind(pdu, "Shortcode")
        else:
            self.wire += self.session.respond(ANSWERS[type(pdu)](pdu.sequence_number))


class Pair(RuleBasedStateMachine):
    """An ESME and an SMSC with octets under way in both directions."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = {role: End(role) for role in Role}
        self.tokens = 0

    @initialize(bind=st.sampled_from([BindTransceiver(), BindTransmitter(), BindReceiver()]))
    def bind(self, bind: Bind) -> None:
        """The ESME asks to be bound, and is; how the octets are cut is the next rules' matter."""
        esme = self.ends[Role.ESME]
        esme.wire += esme.session.bind(bind, "bind", 0.0)
        self.carry(Role.ESME, 10_000)
        self.answer(Role.SMSC)
        self.carry(Role.SMSC, 10_000)
        assert esme.session.state is self.ends[Role.SMSC].session.state
        assert esme.session.state in BOUND

    @rule(role=ENDS, kind=st.integers(0, 2))
    def request(self, role: Role, kind: int) -> None:
        """Send a request where it is allowed (a full window or a leaving session says None)."""
        end = self.ends[role]
        kinds = REQUESTS[role]
        if not end.session.room:
            return
        encoded = encode(kinds[kind % len(kinds)](0))
        octets = end.session.send_request_bytes(encoded, self.tokens, 0.0)
        assert octets is not None
        end.sent.append(self.tokens)
        self.tokens += 1
        end.wire += octets

    @rule(role=ENDS, size=st.sampled_from([10_000, 60, 16, 3]))
    def carry(self, role: Role, size: int) -> None:
        """Some octets arrive at the other end."""
        sender, receiver = self.ends[role], self.ends[role.peer]
        piece = bytes(sender.wire[:size])
        del sender.wire[:size]
        receiver.take(receiver.session.receive_bytes(piece, 0.0))

    @rule(role=ENDS)
    def answer(self, role: Role) -> None:
        """The owner answers something."""
        if self.ends[role].inbox:
            self.ends[role].answer()

    @rule(role=ENDS, wanted=st.integers(0, 3))
    def unbind(self, role: Role, wanted: int) -> None:
        """Now and then an end wants to leave, whatever is under way; both may."""
        session = self.ends[role].session
        if session.state in BOUND and wanted == 0:
            self.ends[role].wire += session.unbind(0.0)

    @invariant()
    def windows_are_kept(self) -> None:
        """Neither end has more under way than it may."""
        for end in self.ends.values():
            assert len(end.session._window) <= 3 + 1  # the unbind beside it
            assert end.session.owed <= 3

    def teardown(self) -> None:
        """Everything is carried and answered: then both agree, and each request has its one response."""
        while any(end.wire or end.inbox for end in self.ends.values()):
            for role in Role:
                self.carry(role, 10_000)
                if self.ends[role].inbox:
                    self.ends[role].answer()
        esme, smsc = self.ends[Role.ESME], self.ends[Role.SMSC]
        left = {State.UNBOUND, State.CLOSED}
        agreed = esme.session.state is smsc.session.state
        assert agreed or {esme.session.state, smsc.session.state} <= left
        for end in self.ends.values():
            assert sorted(end.answered, key=str) == sorted(end.sent, key=str)
            assert end.session.owed == 0
            assert len(end.session._window) == 0


TestPair = Pair.TestCase
TestPair.settings = settings(max_examples=60, stateful_step_count=40)


def test_every_event_type_of_a_close_is_final() -> None:
    """After Close nothing comes from a session any more."""
    end = End(Role.SMSC)
    events = end.session.receive_bytes(b"\0\0\0\0", 0.0)
    assert isinstance(events[-1], Close)
    assert isinstance(events[0], Send)
    assert decode(events[0].data).command_id == 0x8000_0000
    assert end.session.receive_bytes(encode(SubmitSm(1)), 0.0) == []
    assert end.session.tick(1e9) == []
