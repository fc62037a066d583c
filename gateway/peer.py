"""One SMPP connection: the transport around a sans-IO session. The only place that reads and writes bytes."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from gateway.admission import Caller
from gateway.lane import Flight
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import VERSION_50, CommandStatus, command_name, status_name
from gateway.smpp.events import (
    Close,
    Event,
    LateResponse,
    Received,
    Refused,
    RequestTimedOut,
    ResponseReceived,
    Send,
    Unbound,
    UnexpectedResponse,
)
from gateway.smpp.fields import SHORT_MESSAGE_OCTETS_MAX
from gateway.smpp.pdus import AlertNotification, Bind, DeliverSm, Pdu, Response
from gateway.smpp.session import Session
from gateway.smpp.states import BOUND, Role
from gateway.smpp.timers import NEVER
from gateway.smpp.tlv import Tag, Tlv
from gateway.tls import fingerprint_of, tls_failure_of

if TYPE_CHECKING:
    from gateway.capture import Tap
    from gateway.server import SmppServer

log = structlog.get_logger("gateway.smpp")

_BIND_FAILURES_MAX = 3
#: How long a client may take to read the last octets of a connection that we have closed.
_CLOSE_S = 5.0
#: congestion_state (SMPP 5.0 section 4.8.4.18) by its value, 0 idle to 100 congested.
_CONGESTION = tuple((Tlv(Tag.CONGESTION_STATE, value),) for value in range(101))
_NOTES = {Refused: "pdu.refused", UnexpectedResponse: "response.unexpected", LateResponse: "response.late"}


class Peer(Protocol):
    """The SMSC's end of one connection. Implements Link for the dispatcher.

    It is also the producer of its own transport: while the peer does not read, nothing more is delivered
    to it and nothing is read from it.
    """

    #: Twisted's transports are zope interfaces, which mypy cannot see through without its plugin.
    transport: Any

    def __init__(self, server: "SmppServer", session_id: str, monotonic: Callable[[], float]) -> None:
        self.session_id = session_id
        self._server = server
        self._monotonic = monotonic
        self._session = Session(Role.SMSC, monotonic(), server.session_settings)
        self._paused = False
        self._starved = False
        self._failures = 0
        self._clean = False
        self._abort_at = NEVER
        self._tap: Tap | None = None
        self.was_bound = False
        self.end_reason = ""

    # -- Twisted -----------------------------------------------------------------------------------

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """A client has connected."""
        self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(self, streaming=True)
        self._tap = self._server.tap(self.transport)
        self._server.connected(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Octets from the client."""
        if self._tap is not None:
            self._tap.received(data)
        self._act(self._session.receive_bytes(data, self._monotonic()))

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        """The connection is gone, by whoever."""
        # Goodbye was said and nothing was owed: the client knows the fate of all that it sent.
        clean = self._clean and not self._session.owed
        self._session.connection_lost()
        failure = tls_failure_of(reason)
        if failure:
            # A certificate that was refused, say: else nobody would learn why the client gets no answer.
            log.warning("tls.failed", session=self.session_id, reason=failure)
        self._server.disconnected(self, self.end_reason or reason.getErrorMessage(), clean=clean)

    def pauseProducing(self) -> None:  # noqa: N802 - IPushProducer
        """The client does not read: stop writing to it and reading from it."""
        self._paused = True
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:  # noqa: N802 - IPushProducer
        """The client reads again."""
        self._paused = False
        self.transport.resumeProducing()
        self._fed()

    def stopProducing(self) -> None:  # noqa: N802 - IPushProducer
        """The connection is being torn down."""
        self._paused = True

    # -- Link --------------------------------------------------------------------------------------

    def deliver(self, pdu: bytes, token: object) -> bool:
        """Send a request with a fresh sequence number; False when window or socket are full."""
        if self._paused or self._session.state not in BOUND:
            self._starved = True
            return False
        if not self._session.peer_takes_tlvs:
            pdu = _without_tlvs(pdu)
        data = self._session.send_request_bytes(pdu, token, self._monotonic())
        if data is None:
            self._starved = True
            return False
        self._write(data)
        self._server.metrics.pdu("out", command_name(int.from_bytes(pdu[4:8], "big")))
        return True

    def close(self, reason: str) -> None:
        """Unbind, or disconnect where there is no session."""
        self.end_reason = self.end_reason or reason
        if self._session.state in BOUND:
            self._write(self._session.unbind(self._monotonic()))
        else:
            self._disconnect()

    def abort(self, reason: str) -> None:
        """Drop the connection at once: the client must not take silence for an answer."""
        self.end_reason = self.end_reason or reason
        self.transport.abortConnection()

    def tick(self) -> None:
        """Look at the timers."""
        now = self._monotonic()
        if now >= self._session.next_due():
            self._act(self._session.tick(now))
        if now >= self._abort_at:
            self.transport.abortConnection()

    # -- the server's answers ----------------------------------------------------------------------

    def caller(self) -> Caller:
        """Where the client is, and how it is connected."""
        secure, certificate = fingerprint_of(self.transport)
        return Caller(host=self.transport.getPeer().host, secure=secure, certificate=certificate)

    def awaits(self, pdu: Bind) -> bool:
        """True while this bind can still be answered."""
        return self._session.waits_for(pdu)

    @property
    def congestion(self) -> tuple[Tlv, ...]:
        """What the responses to submits tell a client of SMPP 5.0 (section 4.8.4.18); nothing to others."""
        return _CONGESTION[self._server.congestion()] if self._session.peer_version >= VERSION_50 else ()

    def accept_bind(self, pdu: Bind, system_id: str, window: int) -> None:
        """The bind is good; ``window`` requests may be under way at once, either way."""
        self._session.limit(window)
        self._write(self._session.accept_bind(pdu, system_id))
        self.was_bound = True

    def refuse(self, pdu: Pdu, status: CommandStatus) -> None:
        """Answer a request with an error. A client that keeps failing to bind is disconnected."""
        self._write(self._session.reject(pdu, status))
        self._server.metrics.pdu("out", command_name(pdu.command_id) + "_resp", status_name(status))
        if isinstance(pdu, Bind):
            self._failures += 1
            if self._failures >= _BIND_FAILURES_MAX:
                self.end_reason = "too many refused binds"
                self._disconnect()

    @property
    def version(self) -> int:
        """The interface_version that the client bound with."""
        return self._session.peer_version

    def respond(self, response: Response) -> None:
        """Answer a request once its commit is done; a connection that is gone needs no answer."""
        if self._session.owed:
            self._write(self._session.respond(response))
            self._server.metrics.pdu(
                "out", command_name(response.command_id), status_name(response.command_status)
            )

    # -- events ------------------------------------------------------------------------------------

    def _act(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Send():
                    self._write(event.data)
                case Received():
                    self._received(event.pdu, event.frame)
                case ResponseReceived():
                    self._answered(event.pdu, event.token)
                case RequestTimedOut():
                    self._timed_out(event.token)
                case Unbound():
                    self._clean = True
                    self.end_reason = self.end_reason or "unbound"
                    self._server.unbound(self)
                case Close():
                    self.end_reason = self.end_reason or event.reason
                    self._disconnect()
                case Refused() | UnexpectedResponse() | LateResponse():
                    self._note(event)

    def _received(self, pdu: Pdu, frame: bytes) -> None:
        self._server.metrics.pdu("in", command_name(pdu.command_id))
        if isinstance(pdu, Bind):
            self._server.bind(self, pdu)
        else:
            self._server.requests.receive(self, pdu, frame)

    def _answered(self, pdu: Pdu, token: object) -> None:
        status = getattr(pdu, "command_status", 0)
        self._server.metrics.pdu("in", command_name(pdu.command_id), status_name(status))
        if isinstance(token, Flight):
            self._server.dispatcher.answered(token, status, getattr(pdu, "tlvs", ()))
        self._fed()

    def _timed_out(self, token: object) -> None:
        if isinstance(token, Flight):
            self._server.dispatcher.timed_out(token)
        self._fed()

    def _fed(self) -> None:
        """There is room again; tell the dispatcher if it was turned away before."""
        if self._starved and not self._paused:
            self._starved = False
            self._server.dispatcher.drained(self.session_id)

    def _note(self, event: Refused | UnexpectedResponse | LateResponse) -> None:
        """What the session dealt with by itself; never the content of a PDU."""
        fields = event.pdu if isinstance(event, LateResponse) else event
        status = event.status if isinstance(event, Refused) else getattr(fields, "command_status", 0)
        log.info(
            _NOTES[type(event)],
            session=self.session_id,
            command=command_name(fields.command_id),
            status=status_name(status),
            sequence_number=fields.sequence_number,
        )

    def _write(self, data: bytes) -> None:
        if data:
            if self._tap is not None:
                self._tap.sent(data)
            self.transport.write(data)

    def _disconnect(self) -> None:
        """Close once all is written; a client that does not read would put that off for ever."""
        if self._abort_at == NEVER:
            self._abort_at = self._monotonic() + _CLOSE_S
            # TLS says no goodbye while somebody may still write.
            self.transport.unregisterProducer()
        self.transport.loseConnection()


def _without_tlvs(pdu: bytes) -> bytes:
    """For a client below 3.4, which would not understand them (SMPP 3.4 section 3.4): a text that fits goes
    in short_message. A longer one stays in message_payload, for the client may be newer than it says.
    """
    value = decode(pdu)
    if isinstance(value, AlertNotification):
        return encode(replace(value, tlvs=()))
    if not isinstance(value, DeliverSm) or not value.tlvs:
        return pdu
    payload = value.tlv_bytes(Tag.MESSAGE_PAYLOAD)
    if payload is None:
        return encode(replace(value, tlvs=()))
    if len(payload) > SHORT_MESSAGE_OCTETS_MAX:
        return pdu
    return encode(replace(value, tlvs=(), short_message=payload))
