"""Calls applications that listen: connect, outbind, and they bind (SMPP 3.4 sections 2.2.1 and 4.1.7).

Only while something waits for an account that nobody has bound. A call that fails is made again later, each
time after a longer wait, in real time; when nothing waits any more, nobody is called.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import Enum, auto
from functools import partial
from typing import Any

import structlog
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure

from gateway.admission import Caller
from gateway.config import Account
from gateway.peer import Peer
from gateway.server import SYSTEM_ID, SmppServer
from gateway.smpp.pdus import Bind, Outbind

log = structlog.get_logger("gateway.outbind")

#: Waits between calls in seconds; the last one again and again.
RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_CONNECT_S = 10.0

#: Asks whether messages wait for an account; the answer comes in the reactor.
Waits = Callable[[str, Callable[[bool], None]], None]


class _State(Enum):
    """Where an account's call is."""

    IDLE = auto()
    #: Until the application has bound, or the connection is gone.
    CALLING = auto()
    #: Bound on a connection of ours.
    BOUND = auto()
    #: Until the next call.
    RESTING = auto()


def address_of(outbind: str) -> tuple[str, int]:
    """Host and port of ``host:port``; an IPv6 address stands in brackets."""
    host, _, port = outbind.rpartition(":")
    return host.strip("[]"), int(port)


class Outbinds:
    """One per gateway, used in the reactor."""

    def __init__(self, accounts: Iterable[Account], server: SmppServer, reactor: Any, waits: Waits) -> None:
        """``reactor`` has Twisted's connectTCP and callLater; its interfaces are zope's, so it is Any."""
        self._calls = {
            account.system_id: _Call(account, server, reactor, waits)
            for account in accounts
            if account.outbind
        }

    def wanted(self, system_id: str) -> None:
        """Something waits for an account without a receiver. Cheap: may be called for each message."""
        call = self._calls.get(system_id)
        if call is not None:
            call.wanted()

    def stop(self) -> None:
        """No further call; connections that are there are the server's to close."""
        for call in self._calls.values():
            call.stop()


class _Call:
    """The calls to one account, one at a time."""

    def __init__(self, account: Account, server: SmppServer, reactor: Any, waits: Waits) -> None:
        self.server = server
        self.account = account
        self._reactor = reactor
        self._waits = waits
        self._state = _State.IDLE
        self._failed = 0
        self._rest: Any = None
        #: Twisted's connector, whose interface is zope's.
        self._connector: Any = None
        self._stopped = False

    @property
    def _system_id(self) -> str:
        return self.account.system_id

    def wanted(self) -> None:
        """Call, unless that is done already, or somebody receives."""
        if self._state is _State.IDLE and not self._stopped and not self._is_received:
            self._call()

    @property
    def _is_received(self) -> bool:
        return bool(self.server.binds.for_account(self._system_id))

    def _call(self) -> None:
        self._state = _State.CALLING
        host, port = address_of(self.account.outbind)
        self._connector = self._reactor.connectTCP(host, port, _Caller(self), timeout=_CONNECT_S)

    def failed(self, reason: str) -> None:
        """The call came to nothing."""
        if self._stopped:
            return
        wait_s = RETRY_S[min(self._failed, len(RETRY_S) - 1)]
        self._failed += 1
        log.warning(
            "outbind.failed",
            system_id=self._system_id,
            address=self.account.outbind,
            reason=reason,
            again_s=wait_s,
        )
        self._sleep(wait_s)

    def bound(self) -> None:
        """The application has bound on our connection."""
        self._state = _State.BOUND
        self._failed = 0

    def ended(self, reason: str) -> None:
        """Our connection is gone."""
        self._connector = None
        if self._state is not _State.BOUND:
            self.failed(reason)
        elif not self._stopped:
            # An application that hangs up at once is not called at once again.
            self._sleep(RETRY_S[0])

    def _sleep(self, seconds: float) -> None:
        self._state = _State.RESTING
        self._rest = self._reactor.callLater(seconds, self._wake)

    def _wake(self) -> None:
        self._rest = None
        self._waits(self._system_id, self._found)

    def _found(self, waiting: bool) -> None:
        """Call again while there is a reason to."""
        if self._stopped:
            return
        if waiting and not self._is_received:
            self._call()
        else:
            self._state = _State.IDLE
            self._failed = 0

    def stop(self) -> None:
        """No further call."""
        self._stopped = True
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        if self._connector is not None and self._state is _State.CALLING:
            self._connector.disconnect()


class _Caller(ClientFactory):
    """Twisted's factory for one connection."""

    noisy = False

    def __init__(self, call: _Call) -> None:
        self._call = call
        self._peer: InvitedPeer | None = None

    def buildProtocol(self, addr: IAddress | None) -> "InvitedPeer | None":  # noqa: ARG002, N802 - Twisted's shape
        """None hangs up: there are too many connections."""
        self._peer = self._call.server.new_peer(partial(InvitedPeer, self._call))
        return self._peer

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:  # noqa: ARG002, N802
        """Nobody listens there, or the name is unknown. Twisted's name and shape."""
        self._call.failed(reason.getErrorMessage())

    def clientConnectionLost(self, connector: Any, reason: Failure) -> None:  # noqa: ARG002, N802
        """The connection is gone, and the peer knows it. Twisted's name and shape."""
        told = self._peer.end_reason if self._peer is not None else "too many connections"
        self._call.ended(told or reason.getErrorMessage())


class InvitedPeer(Peer):
    """A connection that we made. Once the application has bound it is a session like any other."""

    def __init__(
        self, call: _Call, server: SmppServer, session_id: str, monotonic: Callable[[], float]
    ) -> None:
        super().__init__(server, session_id, monotonic)
        self._call = call

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Invite: the application knows us by our system_id and the password for outbinds."""
        super().connectionMade()
        password = self._call.account.outbind_password.reveal()
        self._write(self._session.outbind(Outbind(system_id=SYSTEM_ID, password=password)))
        self._server.metrics.pdu("out", "outbind")

    def caller(self) -> Caller:
        """Only the account that was called may bind here."""
        return replace(super().caller(), invited=self._call.account.system_id)

    def accept_bind(self, pdu: Bind, system_id: str, window: int) -> None:
        """The application is there."""
        super().accept_bind(pdu, system_id, window)
        self._call.bound()
