"""One connection of the gateway to itself: Twisted's transport around an ESME's session.

The radio side binds it as a transmitter; an application of our own (gateway.ussd_http) as a transceiver.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import structlog
from twisted.internet.interfaces import IAddress, IConnector
from twisted.internet.protocol import ClientFactory, connectionDone
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from gateway.config import Account
from gateway.http.facade import RadioUnavailable
from gateway.smpp.constants import status_name
from gateway.smpp.events import Close, Event, Received, RequestTimedOut, ResponseReceived, Send
from gateway.smpp.pdus import BindTransceiver, BindTransmitter, Pdu, Response
from gateway.smpp.session import Session
from gateway.smpp.settings import SessionSettings
from gateway.smpp.states import BOUND, Role
from gateway.smpp.timers import TimerSettings

log = structlog.get_logger("gateway.radio")

RESPONSE_S: Final = 10.0
_CONNECT_S = 5
_TICK_S = 1.0
_TIMERS = TimerSettings(session_init_s=5.0, enquire_link_s=30.0, response_s=RESPONSE_S)
#: The bind's token; every other one is a submit.
_BIND = object()


def no_answer(why: str) -> RadioUnavailable:
    """A submit went out, and what became of it is not known here."""
    return RadioUnavailable(f"{why}; GET /api/v1/messages tells whether it was accepted")


class Asked(Protocol):
    """A submit that waits for its response."""

    def resolve(self, pdu: Pdu) -> None:
        """Its response has come."""

    def fail(self, error: Exception) -> None:
        """None will come."""


class Owner(Protocol):
    """Who sends through the link."""

    def bound(self, link: "Link") -> None:
        """The session is there."""

    def room(self) -> None:
        """A response has made room in the window."""

    def lost(self, unanswered: Sequence[Any], reason: str) -> None:
        """There is no connection (any more); ``unanswered`` are the Asked of the submits, in order."""


#: Takes a request of the gateway, which it answers through the link: at once or later.
Receive = Callable[["Link", Pdu], None]


class Link(TwistedProtocol):
    """Binds as soon as it is connected. ``enquire_link`` and ``unbind`` are answered by the session.

    With ``receive`` it binds as a transceiver, else as a transmitter.
    """

    #: Twisted's transports are zope interfaces, which mypy cannot see through without its plugin.
    transport: Any

    def __init__(
        self,
        owner: Owner,
        account: Account,
        reactor: Any,
        monotonic: Callable[[], float],
        receive: Receive | None = None,
    ) -> None:
        self._owner = owner
        self._account = account
        self._reactor = reactor
        self._monotonic = monotonic
        self._receive = receive
        window = account.window
        settings = SessionSettings(window=window, inbound_window=window, timers=_TIMERS)
        self._session = Session(Role.ESME, monotonic(), settings)
        self._reason = ""
        self._next_tick: Any = None

    @property
    def room(self) -> int:
        """How many submits may go out now; 0 before the bind and after the unbind."""
        return self._session.room

    def submit(self, encoded: bytes, asked: Asked) -> None:
        """Send a submit_sm; there must be room."""
        data = self._session.send_request_bytes(encoded, asked, self._monotonic())
        if data is None:
            raise RuntimeError("there is no room in the window")
        self.transport.write(data)

    def respond(self, response: Response) -> bool:
        """Answer a request that came through ``receive``; False when the connection is gone."""
        return self._give(self._session.respond(response))

    def reject(self, request: Pdu, status: int) -> bool:
        """Answer it with an error; False when the connection is gone."""
        return self._give(self._session.reject(request, status))

    def _give(self, data: bytes) -> bool:
        if data:
            self.transport.write(data)
        return bool(data)

    def drop(self, reason: str) -> None:
        """Hang up, so that what is not answered yet counts as not delivered."""
        self._close(reason)

    def leave(self) -> None:
        """Unbind; the connection ends once everything under way is answered."""
        if self._session.state in BOUND:
            self.transport.write(self._session.unbind(self._monotonic()))

    # -- Twisted -----------------------------------------------------------------------------------

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Bind."""
        self.transport.setTcpNoDelay(True)
        kind = BindTransmitter if self._receive is None else BindTransceiver
        bind = kind(system_id=self._account.system_id, password=self._account.password.reveal())
        self.transport.write(self._session.bind(bind, _BIND, self._monotonic()))
        self._next_tick = self._reactor.callLater(_TICK_S, self._tick)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Octets from the gateway."""
        self._act(self._session.receive_bytes(data, self._monotonic()))

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        """The connection is gone, by whoever."""
        self._next_tick.cancel()
        unanswered = self._session.connection_lost()
        self._owner.lost(unanswered, self._reason or reason.getErrorMessage())

    def _tick(self) -> None:
        self._next_tick = self._reactor.callLater(_TICK_S, self._tick)
        self._act(self._session.tick(self._monotonic()))

    # -- events ------------------------------------------------------------------------------------

    def _act(self, events: Sequence[Event]) -> None:
        answered = False
        for event in events:
            match event:
                case Send():
                    self.transport.write(event.data)
                case Received() if self._receive is not None:
                    self._receive(self, event.pdu)
                case ResponseReceived():
                    answered = True
                    self._answered(event.pdu, event.token)
                case RequestTimedOut():
                    answered = True
                    self._timed_out(event.token)
                case Close():
                    self._close(event.reason)
        if answered:
            self._owner.room()

    def _answered(self, pdu: Pdu, token: Any) -> None:
        if token is not _BIND:
            token.resolve(pdu)
        elif self._session.state in BOUND:
            self._owner.bound(self)
        else:
            status = status_name(getattr(pdu, "command_status", 0))
            log.warning("link.bind_refused", system_id=self._account.system_id, status=status)
            self._close(f"the bind was answered with {status}")

    def _timed_out(self, token: Any) -> None:
        if token is _BIND:
            self._close("the bind was not answered")
        else:
            token.fail(no_answer(f"no answer within {RESPONSE_S:g} s"))

    def _close(self, reason: str) -> None:
        self._reason = self._reason or reason
        self.transport.loseConnection()


class LinkFactory(ClientFactory):
    """Makes links, and tells their owner when none could be made."""

    noisy = False

    def __init__(
        self,
        owner: Owner,
        account: Account,
        reactor: Any,
        monotonic: Callable[[], float],
        receive: Receive | None = None,
    ) -> None:
        self._owner = owner
        self._account = account
        self._reactor = reactor
        self._monotonic = monotonic
        self._receive = receive

    def connect(self, host: str, port: int) -> None:
        """Try once; the owner hears ``bound`` or ``lost``."""
        self._reactor.connectTCP(host, port, self, timeout=_CONNECT_S)

    def buildProtocol(self, addr: IAddress | None) -> Link:  # noqa: ARG002, N802 - Twisted's shape
        """The link for a connection that was made."""
        return Link(self._owner, self._account, self._reactor, self._monotonic, self._receive)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:  # noqa: ARG002, N802 - Twisted's shape
        """Nobody listens there."""
        self._owner.lost((), reason.getErrorMessage())
