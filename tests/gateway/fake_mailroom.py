"""A store for the dispatcher whose reads and commits happen only when the test says so, and its links.

What is asked waits in four queues, one per step that really takes time: the read itself, the news of it,
the commit itself, the news of it. A test that does not care calls ``settle_down``.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.address_range import parse_address_range
from gateway.binds import Bind, Binds
from gateway.config import Account, Side
from gateway.dispatcher import Dispatcher
from gateway.lane import Flight
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import DeliverSm
from gateway.work import Delivery
from handlers.base.command import Secret
from storage.model import MessageState, Outbox, ranked

OK = CommandStatus.ESME_ROK
S = 1_000_000
DAY_US = 86_400 * S
HANDSETS = Account(system_id="handset", password=Secret("handset"), side=Side.HANDSET)
APP = Account(system_id="app1", password=Secret("secret1"), side=Side.APPLICATION, short_codes=("1234",))


def deliver_pdus(*texts: str) -> bytes:
    """The payload of an outbox row: one PDU for each part."""
    return b"".join(encode(DeliverSm(short_message=text.encode())) for text in texts)


@dataclass(slots=True, eq=False)
class FakeLink:
    """A session that takes up to ``window`` requests and keeps what it was given."""

    room: "Mailing"
    session_id: str
    window: int = 64
    paused: bool = False
    bound: bool = True
    starved: bool = False
    open: list[Flight] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    def deliver(self, pdu: bytes, token: object) -> bool:
        assert isinstance(token, Flight)
        if self.paused or not self.bound or len(self.open) >= self.window:
            self.starved = True
            return False
        self.room.before_delivery(token)
        shown = decode(pdu)
        assert isinstance(shown, DeliverSm)
        self.texts.append(shown.short_message.decode())
        self.open.append(token)
        return True

    def close(self, reason: str) -> None:
        self.ends.append(reason)

    def abort(self, reason: str) -> None:
        self.ends.append(reason)

    def answer(self, status: int = OK, at: int = 0) -> None:
        """The peer answers the request that is ``at`` this place in its window."""
        self.room.dispatcher.answered(self.open.pop(at), status)
        self.fed()

    def time_out(self, at: int = 0) -> None:
        """The peer did not answer that request."""
        self.room.dispatcher.timed_out(self.open.pop(at))
        self.fed()

    def fed(self) -> None:
        """There is room again, as the transport would say."""
        if self.starved and not self.paused:
            self.starved = False
            self.room.dispatcher.drained(self.session_id)


class Mailing:
    """A dispatcher, its binds, and the store behind it. Implements the dispatcher's Mailroom."""

    def __init__(self) -> None:
        self.binds = Binds()
        self.dispatcher = Dispatcher(self.binds, self)
        self.links: dict[str, FakeLink] = {}
        self.rows: dict[str, Outbox] = {}
        self.reads: deque[Callable[[], None]] = deque()
        self.read_news: deque[Callable[[], None]] = deque()
        self.writes: deque[Callable[[], None]] = deque()
        self.commit_news: deque[Callable[[], None]] = deque()
        self.deliveries: list[Delivery] = []
        self.wakes: dict[str, tuple[int, str]] = {}
        self.finals: set[str] = set()
        self.cancelled: set[str] = set()
        self.reads_done = 0
        self.time_us = 0
        self._count = 0

    # -- Mailroom ----------------------------------------------------------------------------------

    def now_us(self) -> int:
        return self.time_us

    def pending(self, lane: str, after: int, limit: int, done: Callable[[Sequence[Outbox]], None]) -> None:
        def read() -> None:
            self.reads_done += 1
            found = [row for row in self.rows.values() if row.lane == lane and row.position > after]
            rows = sorted(found, key=lambda row: row.position)[:limit]
            self.read_news.append(lambda: done(rows))

        self.reads.append(read)

    def pending_lanes(self, prefix: str, done: Callable[[Sequence[str]], None]) -> None:
        def read() -> None:
            names = sorted({row.lane for row in self.rows.values() if row.lane.startswith(prefix)})
            self.read_news.append(lambda: done(names))

        self.reads.append(read)

    def settle(self, delivery: Delivery, done: Callable[[], None]) -> None:
        self.deliveries.append(delivery)
        if delivery.retry_s is None:
            if delivery.state is MessageState.DELIVERED:
                assert delivery.message_id not in self.finals, "reported delivered twice"
            self.finals.add(delivery.message_id)
        self.writes.append(lambda: self._commit(delivery, done))

    def _commit(self, delivery: Delivery, done: Callable[[], None]) -> None:
        row = self.rows.get(delivery.message_id)
        if delivery.retry_s is None:
            self.rows.pop(delivery.message_id, None)
        elif row is not None:
            due_us = self.time_us + delivery.retry_s * S
            self.rows[row.message_id] = row._replace(due_us=due_us, attempts=row.attempts + 1)
            key = row.message_id if row.lane.startswith("account:") else row.lane
            self.wakes[key] = (due_us, row.lane)
        self.commit_news.append(done)

    def before_delivery(self, flight: Flight) -> None:
        """What must hold whenever a part leaves for a handset."""
        lane, position = flight.outbox.lane, flight.outbox.position
        row = self.rows.get(flight.outbox.message_id)
        assert flight.outbox.message_id not in self.cancelled, "a cancelled message was sent"
        assert row is None or row.payload == flight.outbox.payload, "a replaced message was sent as it was"
        if not lane.startswith("handset:"):
            return
        flying = [each for link in self.links.values() for each in link.open if each.outbox.lane == lane]
        assert not flying, "two messages on their way to one handset"
        earlier = [row for row in self.rows.values() if row.lane == lane and row.position < position]
        assert all(row.message_id in self.finals for row in earlier), "a later message went first"

    # -- what the world does -----------------------------------------------------------------------

    def promise(
        self,
        lane: str,
        *texts: str,
        expires_us: int = DAY_US,
        bearer: str = "sms",
        bind: str = "",
        fallback: str = "",
        priority: int = 0,
    ) -> str:
        """Commit a message; the news of it waits in its queue. Returns the id."""
        self._count += 1
        message_id = f"m{self._count}"
        row = Outbox(
            message_id=message_id,
            lane=lane,
            payload=deliver_pdus(*(texts or (message_id,))),
            due_us=self.time_us,
            expires_us=expires_us,
            bearer=bearer,
            bind=bind,
            fallback=fallback,
            position=ranked(self._count, priority),
        )
        self.rows[message_id] = row
        self.commit_news.append(lambda: self.dispatcher.enqueue([row]))
        return message_id

    def send(self, lane: str, *texts: str, **options: str | int) -> str:
        """Commit a message and let everything that follows from it happen."""
        message_id = self.promise(lane, *texts, **options)  # type: ignore[arg-type]  # promise's own names
        self.settle_down()
        return message_id

    def change(self, message_id: str, payload: bytes | None) -> None:
        """cancel_sm (no payload) or replace_sm, as Requests and the writer carry them out between them."""
        busy = self.dispatcher.busy()
        self.dispatcher.hold((message_id,))
        self.writes.append(lambda: self._changed(message_id, payload, busy))

    def _changed(self, message_id: str, payload: bytes | None, busy: frozenset[str]) -> None:
        row = self.rows.get(message_id)
        if row is not None and message_id not in busy:
            if payload is None:
                del self.rows[message_id]
                self.finals.add(message_id)
                self.cancelled.add(message_id)
                self.commit_news.append(lambda: self.dispatcher.withdraw([(row.lane, message_id)]))
            else:
                changed = self.rows[message_id] = row._replace(payload=payload)
                self.commit_news.append(lambda: self.dispatcher.enqueue([changed]))
        self.commit_news.append(lambda: self.dispatcher.let_go((message_id,)))

    def bind(
        self,
        pattern: str = "",
        account: Account = HANDSETS,
        *,
        window: int = 64,
        receives: bool = True,
    ) -> FakeLink:
        """A session binds; nothing that it leads to has happened yet."""
        self._count += 1
        link = FakeLink(self, f"s{self._count}", window)
        bind = Bind(
            session_id=link.session_id,
            account=account,
            receives=receives,
            address_range=parse_address_range(pattern),
            link=link,
        )
        self.links[link.session_id] = link
        self.binds.add(bind)
        self.dispatcher.bound(bind)
        return link

    def unbind(self, link: FakeLink) -> None:
        """Goodbye was said; the connection still stands."""
        link.bound = False
        self.binds.remove(link.session_id)

    def lose(self, link: FakeLink) -> None:
        """The connection is gone."""
        link.bound = False
        self.binds.remove(link.session_id)
        del self.links[link.session_id]
        link.open.clear()
        self.dispatcher.lost(link.session_id)

    def step(self, queue: deque[Callable[[], None]]) -> bool:
        """Let the oldest of a queue happen."""
        if queue:
            queue.popleft()()
        return bool(queue)

    def settle_down(self) -> None:
        """Let everything that was asked happen, in a plain order."""
        turns = 0
        while self.reads or self.read_news or self.writes or self.commit_news:
            for queue in (self.commit_news, self.read_news, self.writes, self.reads):
                self.step(queue)
            turns += 1
            assert turns < 20_000, "the dispatcher never comes to rest"

    def advance(self, seconds: float) -> None:
        """Let operator time pass and everything happen that falls due by then."""
        self.time_us += round(seconds * S)
        while self.wakes and min(self.wakes.values())[0] <= self.time_us:
            self.wake_next()
        self.settle_down()

    def wake_next(self) -> None:
        """Operator time comes to the next attempt; the news of it comes behind those of older commits."""
        key, (due_us, lane) = min(self.wakes.items(), key=lambda item: item[1])
        del self.wakes[key]
        self.time_us = max(self.time_us, due_us)
        self.commit_news.append(lambda: self.dispatcher.wake(lane))

    def ended(self, message_id: str) -> list[MessageState]:
        """The final states that were reported of a message."""
        return [
            each.state for each in self.deliveries if each.message_id == message_id and each.retry_s is None
        ]
