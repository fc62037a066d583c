"""One SMPP session without a socket: octets and time in, events out; requests and responses in, octets out.

What it does by itself: cuts frames, answers enquire_link and unbind, refuses what the state, the inbound
window or the body does not allow, matches responses to requests, and watches the timers. What is left to
its owner: credentials (``accept_bind``, ``reject``) and the traffic (``respond``, ``reject``).

When several things are wrong with a request, the first of these answers: unknown command_id
(generic_nack, ESME_RINVCMDID), state (ESME_RINVBNDSTS, ESME_RALYBND), inbound window (ESME_RTHROTTLED),
body (the codec's order). A response is never answered. All times are monotonic seconds.
"""

from collections.abc import Sequence

from gateway.smpp.codec import (
    bare_response,
    decode_body,
    encode,
    error_response,
    read_header,
    with_sequence,
)
from gateway.smpp.constants import RESPONSE_BIT, VERSION_34, VERSION_50, CommandId, CommandStatus
from gateway.smpp.errors import RecoverableError, SessionError
from gateway.smpp.events import (
    Event,
    LateResponse,
    Received,
    Refused,
    ResponseReceived,
    Send,
    UnexpectedResponse,
)
from gateway.smpp.framer import Framer
from gateway.smpp.link import Link
from gateway.smpp.pdus import (
    PDU_BY_ID,
    Bind,
    BindResp,
    EnquireLink,
    EnquireLinkResp,
    Outbind,
    Pdu,
    Response,
    Unbind,
)
from gateway.smpp.settings import SessionSettings
from gateway.smpp.states import (
    ALLOWED,
    BIND_COMMANDS,
    BROADCAST_REFUSALS,
    SENDING,
    UNANSWERED,
    Role,
    State,
    refusal,
    step,
)
from gateway.smpp.tlv import Tag, Tlv
from gateway.smpp.window import Pending

_NACK = CommandId.GENERIC_NACK


class Session(Link):
    """Either end of a connection. The octets that a method returns are to be written at once."""

    __slots__ = ("_bind", "_framer", "_owed_max")

    def __init__(self, role: Role, now: float, settings: SessionSettings) -> None:
        """``now`` is when the connection was made."""
        super().__init__(role, now, settings)
        self._owed_max = settings.inbound_window
        self._framer = Framer(settings.frame_octets_max)
        self._bind: Bind | None = None

    def receive_bytes(self, data: bytes, now: float) -> list[Event]:
        """What ``data`` leads to, in order. Empty once the session is closed."""
        events: list[Event] = []
        if self.closed:
            return events
        frames = self._framer.feed(data)
        if frames:
            self._timers.heard_at = now
            self._take_all(frames, now, events)
        failure = self._framer.failure
        if failure is not None:
            self._lose(failure.status, events)
        return events

    def _take_all(self, frames: list[bytes], now: float, events: list[Event]) -> None:
        for frame in frames:
            if self.closed:
                break
            self._take(frame, now, events)

    def _lose(self, status: int, events: list[Event]) -> None:
        if not self.closed:
            # The sequence_number cannot be trusted either, so it is NULL (SMPP 3.4 section 4.3).
            events.append(Send(error_response(_NACK, status, 0)))
            self._close("impossible command_length", events)

    def _take(self, frame: bytes, now: float, events: list[Event]) -> None:
        header = read_header(frame)
        _, command_id, _, sequence = header
        if command_id & RESPONSE_BIT:
            self._take_response(frame, header, now, events)
        elif command_id not in self._traffic_in:
            self._take_other(frame, command_id, sequence, now, events)
        elif self.owed >= self._owed_max and command_id not in UNANSWERED:
            self._refuse(command_id, CommandStatus.ESME_RTHROTTLED, sequence, events)
        else:
            pdu = self._decode(frame, command_id, sequence, events)
            if pdu is not None:
                self.owed += command_id not in UNANSWERED
                self._timers.used_at = now
                events.append(Received(pdu, frame))

    def _take_other(
        self, frame: bytes, command_id: int, sequence: int, now: float, events: list[Event]
    ) -> None:
        """Everything but allowed traffic: link management, and what has to be refused."""
        if command_id in BROADCAST_REFUSALS and self.peer_version >= VERSION_50:
            self._refuse_broadcast(command_id, sequence, events)
            return
        status = self._objection(command_id)
        if status is not None:
            self._refuse(command_id, status, sequence, events)
            return
        pdu = self._decode(frame, command_id, sequence, events)
        if isinstance(pdu, EnquireLink):
            events.append(Send(encode(EnquireLinkResp(sequence))))
        elif isinstance(pdu, Unbind):
            self._peer_unbinds(sequence, now, events)
        elif pdu is not None:
            self._take_binding(pdu, now)
            events.append(Received(pdu, frame))

    def _take_binding(self, pdu: Pdu, now: float) -> None:
        self._timers.used_at = now
        if isinstance(pdu, Bind):
            self._bind = pdu
        elif isinstance(pdu, Outbind):
            self._enter(State.OUTBOUND)

    def _objection(self, command_id: int) -> CommandStatus | None:
        if command_id not in PDU_BY_ID:
            return CommandStatus.ESME_RINVCMDID
        leaving = self._unbind_owed is not None and command_id != CommandId.ENQUIRE_LINK
        if leaving or command_id not in ALLOWED[self.state, self.role.peer]:
            return refusal(self.state, command_id)
        if self._bind is not None and command_id in BIND_COMMANDS:
            return CommandStatus.ESME_RALYBND
        return None

    def _decode(self, frame: bytes, command_id: int, sequence: int, events: list[Event]) -> Pdu | None:
        try:
            return decode_body(frame, command_id, 0, sequence)
        except RecoverableError as error:
            self._refuse(command_id, error.status, sequence, events)
            return None

    def _refuse(self, command_id: int, status: int, sequence: int, events: list[Event]) -> None:
        events.append(Send(error_response(command_id, status, sequence)))
        events.append(Refused(command_id, status, sequence))

    def _refuse_broadcast(self, command_id: int, sequence: int, events: list[Event]) -> None:
        """With its own response, which a peer of 5.0 knows; that it may not be issued here goes first."""
        may = self._unbind_owed is None and self.state in SENDING
        status = BROADCAST_REFUSALS[command_id] if may else CommandStatus.ESME_RINVBNDSTS
        events.append(Send(bare_response(command_id, status, sequence)))
        events.append(Refused(command_id, status, sequence))

    def _take_response(
        self, frame: bytes, header: tuple[int, int, int, int], now: float, events: list[Event]
    ) -> None:
        _, command_id, status, sequence = header
        pending = self._window.get(sequence)
        request = pending or self._window.late(sequence)
        pdu: Pdu | None = None
        if request is not None and command_id in (request.command_id | RESPONSE_BIT, _NACK):
            try:
                pdu = decode_body(frame, command_id, status, sequence)
            except RecoverableError:
                pdu = None
        if pdu is None or request is None:
            events.append(UnexpectedResponse(command_id, status, sequence, pending is not None))
        elif pending is None:
            events.append(LateResponse(pdu, request.token))
        else:
            self._window.finish(sequence)
            self._finish(pending, pdu, frame, now, events)

    def _finish(self, pending: Pending, pdu: Pdu, frame: bytes, now: float, events: list[Event]) -> None:
        command_id = pending.command_id
        if command_id == CommandId.ENQUIRE_LINK:
            self._enquiring = False
            return
        if command_id == CommandId.UNBIND:
            self._unbind_confirmed(now, events)
            return
        self._timers.used_at = now
        if isinstance(pdu, BindResp):
            after = step(self.state, pdu.command_id, self.role.peer, pdu.command_status)
            self._enter(after or self.state)
        events.append(ResponseReceived(pdu, pending.token, frame))

    def respond(self, response: Response) -> bytes:
        """The octets of a response to a request that came with Received (no bind).

        Empty when the connection is gone. After the last response that is owed, the answer to the
        peer's unbind goes along.
        """
        return self._answer(encode(response))

    def _answer(self, data: bytes) -> bytes:
        if not self.owed:
            raise SessionError("no request waits for a response")
        self.owed -= 1
        if self.closed:
            return b""
        return data if self._unbind_owed is None else data + self._confirm_unbind()

    def reject(self, request: Pdu, status: int) -> bytes:
        """The octets that refuse any request, a bind too, with an error status."""
        data = error_response(request.command_id, status, request.sequence_number)
        if not isinstance(request, Bind):
            return self._answer(data)
        self._waiting(request)
        return data

    def accept_bind(self, bind: Bind, system_id: str, tlvs: Sequence[Tlv] | None = None) -> bytes:
        """The octets that accept the bind; the session is bound from here on.

        ``tlvs`` defaults to SC_interface_version (5.0 to a peer that says so, else 3.4), and to none for a
        peer below 3.4, which would not understand it (SMPP 3.4 section 3.4).
        """
        response = PDU_BY_ID[bind.command_id | RESPONSE_BIT]
        after = step(self.state, response.command_id, self.role)
        self._waiting(bind)
        if after is None or not issubclass(response, BindResp):
            raise SessionError("the session cannot be bound in its state")
        self.peer_version = bind.interface_version
        if tlvs is None:
            ours = VERSION_50 if self.peer_version >= VERSION_50 else VERSION_34
            tlvs = (Tlv(Tag.SC_INTERFACE_VERSION, ours),) if self.peer_takes_tlvs else ()
        data = encode(response(bind.sequence_number, 0, system_id, tuple(tlvs)))
        self._enter(after)
        return data

    def waits_for(self, bind: Bind) -> bool:
        """True while the bind can be answered: it was the last one here, and the connection is open."""
        return self._bind is bind and not self.closed

    def _waiting(self, bind: Bind) -> None:
        if self._bind is not bind:
            raise SessionError("this bind does not wait for a response")
        self._bind = None

    def limit(self, requests_max: int) -> None:
        """Set both windows once it is known who bound; what is under way stays under way."""
        if requests_max < 1:
            raise ValueError("a window holds at least one request")
        self._owed_max = self._window.size = requests_max

    @property
    def room(self) -> int:
        """How many more requests fit the window now; 0 when none may be sent."""
        return max(0, self._window.size - len(self._window)) if self._traffic_out else 0

    def send_request(self, pdu: Pdu, token: object, now: float) -> bytes | None:
        """As ``send_request_bytes``, from a value."""
        return self.send_request_bytes(encode(pdu), token, now)

    def send_request_bytes(self, encoded: bytes, token: object, now: float) -> bytes | None:
        """An encoded request with its sequence_number put in; None when the window is full or we are leaving.

        ``token`` comes back with the response or time-out. Raises SessionError where the state table does
        not allow the command.
        """
        command_id = int.from_bytes(encoded[4:8], "big")
        if command_id not in self._traffic_out:
            if self._unbinding:
                return None
            raise SessionError(f"command 0x{command_id:08X} may not be sent in state {self.state.value}")
        window = self._window
        if window.full:
            return None
        self._timers.used_at = now
        if command_id in UNANSWERED:
            return with_sequence(encoded, window.next_sequence())
        return with_sequence(encoded, window.add(command_id, token, now))
