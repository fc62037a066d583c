"""The link under a session: its state, its timers, and how it is bound, watched and left.

The octets that a method returns are to be written at once. All times are monotonic seconds.
"""

from gateway.smpp.codec import encode, with_sequence
from gateway.smpp.constants import VERSION_34, CommandId
from gateway.smpp.errors import SessionError
from gateway.smpp.events import Close, Event, RequestTimedOut, Send, Unbound
from gateway.smpp.pdus import Bind, EnquireLink, Outbind, Pdu, Unbind, UnbindResp
from gateway.smpp.settings import SessionSettings
from gateway.smpp.states import ALLOWED, BIND_COMMANDS, BOUND, TRAFFIC, Role, State
from gateway.smpp.timers import NEVER, Timers
from gateway.smpp.window import Window

_NONE: frozenset[int] = frozenset()


class Link:
    """What both ends do the same, whatever the traffic. Session adds the traffic."""

    __slots__ = (
        "_enquiring",
        "_timers",
        "_traffic_in",
        "_traffic_out",
        "_unbind_owed",
        "_unbinding",
        "_window",
        "owed",
        "peer_version",
        "role",
        "state",
    )

    def __init__(self, role: Role, now: float, settings: SessionSettings) -> None:
        """``now`` is when the connection was made."""
        self.role = role
        #: Requests of the peer that are not answered yet.
        self.owed = 0
        #: The interface_version of the ESME that bound.
        self.peer_version = VERSION_34
        self._timers = Timers(settings.timers, now)
        self._window = Window(settings.window, settings.timers.response_s)
        self._enquiring = False
        self._unbinding = False
        self._unbind_owed: int | None = None
        self._enter(State.OPEN)

    def _enter(self, state: State) -> None:
        self.state = state
        self._traffic_in = ALLOWED[state, self.role.peer] & TRAFFIC
        self._traffic_out = _NONE if self._unbinding else ALLOWED[state, self.role] & TRAFFIC

    @property
    def closed(self) -> bool:
        """True after Close or the loss of the connection."""
        return self.state is State.CLOSED

    @property
    def peer_takes_tlvs(self) -> bool:
        """False for a peer that bound with an interface_version below 3.4 (SMPP 3.4 section 3.4)."""
        return self.peer_version >= VERSION_34

    def bind(self, pdu: Bind, token: object, now: float) -> bytes:
        """An ESME's bind; the ResponseReceived with its token says how it went."""
        self._check(pdu.command_id)
        return with_sequence(encode(pdu), self._window.add(pdu.command_id, token, now))

    def outbind(self, pdu: Outbind) -> bytes:
        """An SMSC's invitation to bind as a receiver."""
        self._check(pdu.command_id)
        self._enter(State.OUTBOUND)
        return with_sequence(encode(pdu), self._window.next_sequence())

    def unbind(self, now: float) -> bytes:
        """Stop sending and leave. Requests of the peer are taken until its unbind_resp; then Close comes."""
        self._check(CommandId.UNBIND)
        if self._unbinding:
            return b""
        self._unbinding = True
        self._traffic_out = _NONE
        return self._own(Unbind(), now)

    def _own(self, pdu: Pdu, now: float) -> bytes:
        return with_sequence(encode(pdu), self._window.add(pdu.command_id, None, now))

    def _check(self, command_id: CommandId) -> None:
        if command_id not in ALLOWED[self.state, self.role]:
            raise SessionError(f"{command_id.name.lower()} may not be sent in state {self.state.value}")

    def _peer_unbinds(self, sequence: int, now: float, events: list[Event]) -> None:
        """What is owed is answered before unbind_resp, so that nobody forgets an accepted message."""
        # Also where our own unbind has crossed it: this is the goodbye then, the responses only confirm it.
        events.append(Unbound(by_peer=True))
        self._unbinding = True
        self._timers.unbound(now)
        self._traffic_in = self._traffic_out = _NONE
        self._unbind_owed = sequence
        if not self.owed:
            events.append(Send(self._confirm_unbind()))

    def _confirm_unbind(self) -> bytes:
        if self._unbind_owed is None or self.owed:
            return b""
        data = encode(UnbindResp(self._unbind_owed))
        self._unbind_owed = None
        self._enter(State.UNBOUND)
        return data

    def _unbind_confirmed(self, now: float, events: list[Event]) -> None:
        self._timers.unbound(now)
        if self.state is not State.UNBOUND:
            if self._unbind_owed is None:
                events.append(Unbound(by_peer=False))
            self._enter(State.UNBOUND)
        if not self.owed:
            self._close("unbound", events)

    def _close(self, reason: str, events: list[Event]) -> None:
        self._enter(State.CLOSED)
        events.append(Close(reason))

    def connection_lost(self) -> list[object]:
        """The transport is gone. Returns the tokens of the requests that will get no response now."""
        self._enter(State.CLOSED)
        return [pending.token for pending in self._window.clear() if pending.command_id in TRAFFIC]

    def tick(self, now: float) -> list[Event]:
        """What is due. To be called at ``next_due()`` or now and then."""
        events: list[Event] = []
        if not self.closed:
            self._expire(now, events)
        if self.state in BOUND:
            self._tend(now, events)
        elif self.state is State.UNBOUND and self._settled and now >= self._timers.linger_at:
            self._close("unbound", events)
        elif self.state in (State.OPEN, State.OUTBOUND) and now >= self._timers.session_init_at:
            self._close("no bind in time", events)
        return events

    @property
    def _settled(self) -> bool:
        return not self.owed and not len(self._window)

    def _expire(self, now: float, events: list[Event]) -> None:
        for pending in self._window.expire(now):
            if pending.command_id in TRAFFIC or pending.command_id in BIND_COMMANDS:
                events.append(RequestTimedOut(pending.token))
            elif not self.closed:
                self._close(f"{CommandId(pending.command_id).name.lower()} without response", events)

    def _tend(self, now: float, events: list[Event]) -> None:
        if now >= self._timers.inactivity_at and not self._unbinding:
            events.append(Send(self.unbind(now)))
        elif now >= self._timers.enquire_link_at and not self._enquiring:
            self._enquiring = True
            events.append(Send(self._own(EnquireLink(), now)))

    def next_due(self) -> float:
        """When ``tick`` has something to do next; infinite when nothing is planned."""
        if self.closed:
            return NEVER
        timers, deadline = self._timers, self._window.next_deadline
        if self.state in BOUND:
            enquire_at = NEVER if self._enquiring else timers.enquire_link_at
            return min(deadline, enquire_at, NEVER if self._unbinding else timers.inactivity_at)
        if self.state is State.UNBOUND:
            return min(deadline, timers.linger_at if self._settled else NEVER)
        return min(deadline, timers.session_init_at)
