"""The SMPP server: connections, and what happens to them. Who may bind is decided in gateway.admission."""

from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from gateway.admission import Admission, Admitted, Denied, Verdict
from gateway.binds import Bind, Binds
from gateway.capture import Capture, Tap
from gateway.config import Account, Config
from gateway.dispatcher import Dispatcher
from gateway.metrics import Metrics
from gateway.peer import Peer
from gateway.requests import Queue, Requests
from gateway.smpp import pdus
from gateway.smpp.constants import VERSION_34, CommandStatus, command_name, status_name
from gateway.smpp.settings import SessionSettings
from gateway.smpp.timers import TimerSettings
from gateway.work import BindClosed, BindOpened, Result, Work
from storage.errors import CommitUnknown, StoreUnavailable

log = structlog.get_logger("gateway.smpp")

P = TypeVar("P", bound=Peer)
SYSTEM_ID = "shortcode"
#: A connection's timers are looked at once a second, a tenth of all connections at a time.
TICK_S = 0.1
_BUCKETS = 10


class SmppServer(Factory):
    """Twisted's factory of peers, and what they share."""

    noisy = False

    def __init__(
        self,
        config: Config,
        binds: Binds,
        dispatcher: Dispatcher,
        requests: Requests,
        queue: Queue,
        metrics: Metrics,
        new_id: Callable[[], str],
        monotonic: Callable[[], float],
        admission: Admission,
        congestion: Callable[[], int] = lambda: 0,
    ) -> None:
        """``congestion`` gives 0 (idle) to 100 (nothing more is taken), for clients of SMPP 5.0."""
        self.binds = binds
        self.dispatcher = dispatcher
        self.metrics = metrics
        self.requests = requests
        self.session_settings = _session_settings(config)
        self._accounts = {account.system_id: account for account in config.accounts}
        self._admission = admission
        self.congestion = congestion
        self._connections_max = config.limits.connections_max
        self._queue = queue
        self._new_id = new_id
        self._monotonic = monotonic
        self._peers: dict[str, Peer] = {}
        self._buckets: list[set[Peer]] = [set() for _ in range(_BUCKETS)]
        self._bucket_of: dict[str, int] = {}
        self._tick = 0
        #: Sessions' beginnings and ends that the store could not take; a second later it may.
        self._unwritten: list[Work] = []
        self.stopping = False
        self.capture: Capture | None = None
        #: Who else hears of a session that has bound.
        self.on_bound: Callable[[Bind], None] = lambda _: None

    def __len__(self) -> int:
        return len(self._peers)

    # -- connections -------------------------------------------------------------------------------

    def tap(self, transport: Any) -> Tap | None:
        """The connection's way into the capture; None where nothing is captured."""
        if self.capture is None:
            return None
        octets_max = self.session_settings.frame_octets_max
        return self.capture.tap(transport.getHost(), transport.getPeer(), octets_max)

    def buildProtocol(self, addr: IAddress | None) -> Peer | None:  # noqa: ARG002, N802 - Twisted's shape
        """A peer for a new connection; None closes it: there are too many."""
        return self.new_peer(Peer)

    def new_peer(self, make: "Callable[[SmppServer, str, Callable[[], float]], P]") -> "P | None":
        """What ``make`` makes of this server, a session id and the clock; None when there are too many."""
        if self.stopping or len(self._peers) >= self._connections_max:
            log.warning("connection.refused", connections=len(self._peers))
            return None
        return make(self, self._new_id(), self._monotonic)

    def connected(self, peer: Peer) -> None:
        """A connection is open."""
        bucket = len(self._peers) % _BUCKETS
        self._peers[peer.session_id] = peer
        self._bucket_of[peer.session_id] = bucket
        self._buckets[bucket].add(peer)

    def disconnected(self, peer: Peer, reason: str, *, clean: bool) -> None:
        """A connection is gone; what it had not acknowledged is sent again elsewhere or later."""
        if self._peers.pop(peer.session_id, None) is None:
            return
        self._buckets[self._bucket_of.pop(peer.session_id)].discard(peer)
        bind = self.binds.remove(peer.session_id)
        self.dispatcher.lost(peer.session_id)
        if bind is not None:
            self._count_binds(bind.account)
        if peer.was_bound:
            log.info("unbound", session=peer.session_id, reason=reason, clean=clean)
            self._queue.accept(BindClosed(peer.session_id, reason, clean), self._written)

    def unbound(self, peer: Peer) -> None:
        """The session has said goodbye: nothing more is sent to it."""
        bind = self.binds.remove(peer.session_id)
        if bind is not None:
            self._count_binds(bind.account)

    def tick(self) -> None:
        """Look at the timers of a tenth of all connections."""
        self._tick = (self._tick + 1) % _BUCKETS
        for peer in list(self._buckets[self._tick]):
            peer.tick()
        if self._tick == 0 and self._unwritten:
            again, self._unwritten = self._unwritten, []
            for work in again:
                self._queue.accept(work, self._written)

    def unbind_all(self) -> None:
        """Begin to stop: no new connections, and a goodbye on those that are there."""
        self.stopping = self.requests.stopping = True
        for peer in list(self._peers.values()):
            peer.close("the gateway stops")

    def drop_all(self, reason: str) -> None:
        """Disconnect everybody at once."""
        for peer in list(self._peers.values()):
            peer.abort(reason)

    # -- requests ----------------------------------------------------------------------------------

    def bind(self, peer: Peer, pdu: pdus.Bind) -> None:
        """Ask who it is; the answer may come later, and the client may be gone by then."""
        self._admission.ask(pdu, peer.caller(), lambda verdict: self._decided(peer, pdu, verdict))

    def _decided(self, peer: Peer, pdu: pdus.Bind, verdict: Verdict) -> None:
        if not peer.awaits(pdu):
            return
        if isinstance(verdict, Admitted) and self.stopping:
            verdict = Denied(CommandStatus.ESME_RBINDFAIL, "the gateway stops", verdict.account.system_id)
        if isinstance(verdict, Admitted):
            self._admit(peer, pdu, verdict)
            return
        log.warning(
            "bind.refused",
            session=peer.session_id,
            system_id=verdict.system_id,
            status=status_name(verdict.status),
            reason=verdict.reason,
            host=peer.caller().host,
        )
        peer.refuse(pdu, verdict.status)

    def _admit(self, peer: Peer, pdu: pdus.Bind, verdict: Admitted) -> None:
        account = verdict.account
        bind = Bind(
            session_id=peer.session_id,
            account=account,
            receives=not isinstance(pdu, pdus.BindTransmitter),
            address_range=verdict.serves,
            link=peer,
            has_tlvs=pdu.interface_version >= VERSION_34,
        )
        peer.accept_bind(pdu, SYSTEM_ID, account.window)
        self.binds.add(bind)
        self._count_binds(account)
        log.info(
            "bound",
            session=peer.session_id,
            system_id=account.system_id,
            command=command_name(pdu.command_id),
            address_range=verdict.serves.pattern,
        )
        self._queue.accept(BindOpened(peer.session_id, account.system_id), self._written)
        self.dispatcher.bound(bind)
        self.on_bound(bind)

    def _written(self, result: Result) -> None:
        """Of a session that died unknown to the writer every command that comes again would be done again."""
        if result.error is not None:
            log.error("bind.unwritten", work=type(result.work).__name__, error=type(result.error).__name__)
        away = isinstance(result.error, CommitUnknown | StoreUnavailable)
        # Bounded: clients that come and go while the store is away must not fill the memory.
        if away and len(self._unwritten) < self._connections_max:
            self._unwritten.append(result.work)

    def _count_binds(self, account: Account) -> None:
        side = account.side
        ids = [each.system_id for each in self._accounts.values() if each.side is side]
        self.metrics.binds(side.value, sum(self.binds.count(system_id) for system_id in ids))


def _session_settings(config: Config) -> SessionSettings:
    timers = config.timers
    return SessionSettings(
        frame_octets_max=config.limits.pdu_octets_max,
        timers=TimerSettings(
            session_init_s=timers.session_init_s,
            enquire_link_s=timers.enquire_link_s,
            inactivity_s=timers.inactivity_s,
            response_s=timers.response_s,
        ),
    )
