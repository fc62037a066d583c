"""The server on string transports, with a queue that is worked off when the test says so."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from types import MappingProxyType
from typing import Any, cast

from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gateway.admission import Admission
from gateway.availability import Availability
from gateway.config import DEMO_ACCOUNTS, Account, Config, Limits
from gateway.inquiries import Inquiries
from gateway.metrics import Metrics
from gateway.multi import Multi
from gateway.passwords import Passwords
from gateway.peer import Peer
from gateway.requests import Requests
from gateway.routing import Routes
from gateway.server import TICK_S, SmppServer
from gateway.smpp import pdus
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import CommandStatus
from gateway.smpp.framer import Framer
from gateway.work import Alerted, Done, Result, Settle, Work
from storage.model import Outbox, PendingFlag
from tests.gateway.fake_mailroom import Mailing
from tests.gateway.stand import PROFILE, Stand


class Transport(StringTransport):
    """A string transport that has what TCP has besides."""

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802 - Twisted's shape
        assert enabled


class Client:
    """The other end of one connection."""

    def __init__(self, smsc: "Smsc", peer: Peer) -> None:
        self.smsc = smsc
        self.peer = peer
        # Twisted's test transport and Failure have no types.
        self.transport: Any = cast("Any", Transport)()
        self._framer = Framer()
        self._frames: list[bytes] = []
        cast("Any", peer).makeConnection(self.transport)

    def send_raw(self, pdu: pdus.Pdu) -> None:
        """Octets to the server; what it answers stays in the transport."""
        self.peer.dataReceived(encode(pdu))

    def send(self, pdu: pdus.Pdu) -> list[pdus.Pdu]:
        """Send a PDU; what came at once."""
        self.send_raw(pdu)
        return self.taken()

    def taken(self) -> list[pdus.Pdu]:
        """What has come since the last time."""
        self._frames = self._framer.feed(self.transport.value())
        self.transport.clear()
        return [decode(frame) for frame in self._frames]

    def statuses(self) -> list[CommandStatus]:
        """The command_status of each PDU that has come since the last time."""
        self.taken()
        return [CommandStatus(int.from_bytes(frame[8:12], "big")) for frame in self._frames]

    def answers(self) -> list[CommandStatus]:
        """The command_status of each response that has come since the last time."""
        self.taken()
        responses = (frame for frame in self._frames if frame[4] & 0x80)
        return [CommandStatus(int.from_bytes(frame[8:12], "big")) for frame in responses]

    def last_status(self) -> CommandStatus:
        """The command_status of the last PDU that was looked at."""
        return CommandStatus(int.from_bytes(self._frames[-1][8:12], "big"))

    def status(self, pdu: pdus.Pdu) -> CommandStatus:
        """Send a PDU that is answered at once; the status of the answer."""
        self.send_raw(pdu)
        (status,) = self.statuses()
        return status

    def lose(self) -> None:
        """The connection breaks."""
        self.peer.connectionLost(cast("Any", Failure)(ConnectionDone()))


class AtOnce(Executor):
    """A pool without threads."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class Mailroom(Mailing):
    """The store of the stand as the dispatcher sees it: reads at once, endings into the queue."""

    def __init__(self, smsc: "Smsc") -> None:
        super().__init__()
        self.smsc = smsc

    def now_us(self) -> int:
        return self.smsc.stand.clock.now_us()

    def pending(self, lane: str, after: int, limit: int, done: Callable[[Any], None]) -> None:
        self.reads.append(lambda: done(self.smsc.stand.store.reads.pending([lane], limit, after)))

    def pending_lanes(self, prefix: str, done: Callable[[Any], None]) -> None:
        self.reads.append(lambda: done(self.smsc.stand.store.reads.pending_lanes(prefix)))

    def pending_flags(self, done: Callable[[Any], None]) -> None:
        self.reads.append(lambda: done(self.smsc.stand.store.reads.pending_flags()))

    def alerted(self, flags: Sequence[PendingFlag]) -> None:
        work = Alerted(tuple((flag.msisdn, flag.system_id) for flag in flags))
        self.smsc.accept(work, lambda _: None)

    def settle(self, delivery: Any, done: Callable[[], None]) -> None:
        self.smsc.accept(Settle((delivery,)), lambda _: done())


class Smsc:
    """A whole gateway in one thread, but for HTTP. Implements the server's Queue."""

    def __init__(
        self,
        stand: Stand,
        accounts: tuple[Account, ...] = DEMO_ACCOUNTS,
        limits: Limits | None = None,
        pool: Executor | None = None,
        distribution_lists: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        self.stand = stand
        self.seconds = 0.0
        self.queue_max = 1000
        self.congestion = 0
        #: Verifications of hashed passwords run when they are asked for; their answers wait here.
        self.pool = pool or AtOnce()
        self.from_threads: list[Callable[[], None]] = []
        self.queue: list[tuple[Work, Done]] = []
        self.seen: list[Work] = []
        self.mailroom = Mailroom(self)
        config = Config(
            data_dir=None,  # type: ignore[arg-type]  # nobody looks at the disk here
            database_url="sqlite://",
            accounts=accounts,
            limits=limits or Limits(),
            distribution_lists=distribution_lists,
            default_messages=stand.default_messages,
        )
        metrics = Metrics()
        now_us = stand.clock.now_us
        routes = Routes(PROFILE, config.accounts)
        requests = Requests(
            config.accounts,
            self.mailroom.binds,
            stand.inbound,
            Multi(stand.inbound, config.distribution_lists, stand.new_id),
            Inquiries(
                config.accounts,
                config.default_messages,
                stand.inbound,
                routes,
                now_us,
                self.mailroom.dispatcher.busy,
            ),
            self.mailroom.dispatcher,
            self,
            metrics,
            stand.clock.at,
            lambda: self.seconds,
        )
        self.server = SmppServer(
            config,
            self.mailroom.binds,
            self.mailroom.dispatcher,
            requests,
            self,
            metrics,
            stand.new_id,
            lambda: self.seconds,
            Admission(
                config.accounts,
                Passwords(config.accounts, self.pool, self.from_threads.append, bytes(range(32))),
                self.mailroom.binds.count,
            ),
            lambda: self.congestion,
        )
        availability = Availability(self.mailroom.binds, self.mailroom)
        self.server.on_bound, requests.on_flagged = availability.bound, availability.flagged

    # -- Queue -------------------------------------------------------------------------------------

    def offer(self, work: Work, done: Done) -> bool:
        if len(self.queue) >= self.queue_max:
            return False
        self.accept(work, done)
        return True

    def accept(self, work: Work, done: Done) -> None:
        self.queue.append((work, done))
        self.seen.append(work)

    @property
    def works(self) -> list[Work]:
        """What waits for the writer."""
        return [work for work, _ in self.queue]

    # -- the writer and the world ------------------------------------------------------------------

    def commit(self) -> None:
        """Work off the queue, and all that follows from it."""
        while self.queue or self.mailroom.reads:
            while self.mailroom.reads:
                self.mailroom.reads.popleft()()
            self.write()

    def write(self) -> None:
        """What is queued now becomes durable; reads wait."""
        batch, self.queue = self.queue, []
        if not batch:
            return
        results = self.stand.run(*(work for work, _ in batch))
        for result, (_, done) in zip(results, batch, strict=True):
            done(result)
        for result in results:
            self.mailroom.dispatcher.withdraw(result.withdrawn)
        self._enqueue([row for result in results for row in result.outboxes])
        for lane in [lane for result in results for lane in result.wake]:
            self.mailroom.dispatcher.wake(lane)

    def fail(self, error: Exception) -> None:
        """The queue's transaction ends in an error."""
        batch, self.queue = self.queue, []
        for work, done in batch:
            done(Result(work, error=error))

    def _enqueue(self, outboxes: list[Outbox]) -> None:
        self.mailroom.dispatcher.enqueue(outboxes)

    def wait(self, seconds: float) -> None:
        """Let real time pass, in ticks."""
        end = self.seconds + seconds
        while self.seconds < end:
            self.seconds += TICK_S
            self.server.tick()

    def connect(self) -> Client:
        """A client has connected."""
        peer = self.server.buildProtocol(None)
        assert peer is not None
        return Client(self, peer)

    def bind(self, **fields: Any) -> Client:
        """A transceiver of the handset side is bound, and the store knows it."""
        client = self.connect()
        assert client.status(pdus.BindTransceiver(1, "handset", "handset", **fields)) == 0
        self.commit()
        return client
