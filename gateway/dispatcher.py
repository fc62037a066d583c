"""Store-and-forward: brings outbox rows to handsets and applications, in order per handset.

Lives in the reactor and owns no data: whatever it forgets is still in the store and comes back with the
next bind, wake-up or restart. Delivery is at least once; a message counts as delivered when its last part
was acknowledged.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from gateway.binds import Bind, Binds
from gateway.config import RADIO, Side
from gateway.endings import SCREENS, delivered, failed, gone
from gateway.failures import EXPIRED, FAILURES, NO_RESPONSE, ErrorClass, Failure, failure_of
from gateway.lane import ROWS_MAX, Flight, Lane, LaneState, parts_of
from gateway.message_ids import SHORT_DIGITS
from gateway.rendering import ONCE
from gateway.smpp.constants import CommandStatus
from gateway.smpp.tlv import Tlv
from gateway.work import Delivery
from storage.model import FIRST_POSITION, MessageState, Outbox

_ACCOUNT_WIDTH = 32
_ACCOUNT = "account:"
#: Lanes that are none: what is in them goes at once, to the session that waits for it, or not at all.
_DIRECT = (SCREENS, ONCE)
CONGESTION = FAILURES[ErrorClass.CONGESTION]


class Mailroom(Protocol):
    """What the dispatcher asks of the store, through the gateway. ``done`` is called in the reactor."""

    def pending(self, lane: str, after: int, limit: int, done: Callable[[Sequence[Outbox]], None]) -> None:
        """Read a lane's rows, in order."""

    def pending_lanes(self, prefix: str, done: Callable[[Sequence[str]], None]) -> None:
        """Read which lanes have rows."""

    def settle(self, delivery: Delivery, done: Callable[[], None]) -> None:
        """Write down how an attempt ended."""

    def now_us(self) -> int:
        """Operator time."""


class Dispatcher:
    """One per gateway. All calls come from the reactor."""

    def __init__(
        self,
        binds: Binds,
        mailroom: Mailroom,
        on_final: Callable[[Delivery], None] = lambda _: None,
        on_unreachable_account: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``on_final`` hears how each delivery ended, ``on_unreachable_account`` of applications for which
        something waits while none of their sessions receives.
        """
        self._binds = binds
        self._mailroom = mailroom
        self.on_final = on_final
        self.on_unreachable_account = on_unreachable_account
        self._lanes: dict[str, Lane] = {}
        self._flights: dict[str, set[Flight]] = {}
        self._waiting: dict[str, dict[str, Lane]] = {}
        self._scanning: set[str] = set()
        #: Message ids from take-off until their end is committed: a lane read again leaves them out.
        self._busy: set[str] = set()
        #: Message ids and lane names that are being changed, and the lanes that stand still for it.
        self._held: Counter[str] = Counter()
        self._stalled: set[str] = set()
        self._turn = 0
        self.stopped = False

    @property
    def in_flight(self) -> int:
        """Messages that wait for a response now."""
        return sum(len(flights) for flights in self._flights.values())

    @property
    def rests(self) -> bool:
        """True when nothing is on its way, and nothing that could be waits."""
        return not self._busy and all(lane.state is LaneState.BLOCKED for lane in self._lanes.values())

    # -- what happens ------------------------------------------------------------------------------

    def enqueue(self, outboxes: Iterable[Outbox]) -> None:
        """Rows that were just committed."""
        for outbox in outboxes:
            if outbox.message_id in self._busy:
                continue  # A read was quicker than the news of the commit.
            lane = self._lanes.get(outbox.lane)
            if lane is None:
                lane = self._open(outbox.lane)
                if lane is None:
                    self._without_lane(outbox)
                    continue
            lane.add(outbox)
            self._pump(lane)

    def bound(self, bind: Bind) -> None:
        """A session may receive now: what waits for its numbers or its account goes out."""
        if not bind.receives:
            return
        if bind.account.side is Side.APPLICATION:
            self._load_again(f"account:{bind.account.system_id}")
        elif bind.address_range.exact:
            self._load_again(f"handset:{bind.address_range.exact}")
        else:
            self._scan(bind)

    def lost(self, session_id: str) -> None:
        """A session is gone: what it had not acknowledged goes to another bind, or waits."""
        lanes = self._waiting.pop(session_id, {})
        self._scanning.discard(session_id)
        for flight in sorted(self._flights.pop(session_id, ()), key=lambda each: each.outbox.position):
            flight.lane.flights -= 1
            if flight.outbox.lane.startswith(_DIRECT):
                if not self.stopped:  # Else it is settled at the next start.
                    self._settle(failed(flight.outbox, gone(flight.outbox)))
                continue
            flight.lane.resumed.append(flight)
            lanes[flight.lane.name] = flight.lane
        for lane in lanes.values():
            if not lane.name.startswith(_DIRECT):
                self._resume(lane)
            elif lane.resumed:
                self._attempt(lane.resumed.popleft())

    def drained(self, session_id: str) -> None:
        """A session's window or socket has room again."""
        waiting = self._waiting.pop(session_id, {})
        has_room = True
        for name, lane in waiting.items():
            if not lane.name.startswith(_DIRECT):
                self._pump(lane)
            elif not has_room:
                self._waiting.setdefault(session_id, {})[name] = lane
            elif lane.resumed:
                has_room = self._attempt(lane.resumed.popleft())

    def wake(self, name: str) -> None:
        """The time of a lane's next attempt has come."""
        self._load_again(name)

    def answered(self, flight: Flight, status: int, tlvs: Sequence[Tlv] = ()) -> None:
        """The response to a part."""
        if not self._is_known(flight):
            return
        if status == CommandStatus.ESME_ROK and flight.sent + 1 < len(flight.parts):
            self._next_part(flight)
            return
        self._landed(flight)
        if status == CommandStatus.ESME_ROK:
            self._settle(delivered(flight.outbox))
        else:
            self._failed(flight, failure_of(status, tlvs))
        self._pump(flight.lane)

    def timed_out(self, flight: Flight) -> None:
        """No response in time: the part may have been shown or not, so it is sent again later."""
        if not self._is_known(flight):
            return
        self._landed(flight)
        self._failed(flight, NO_RESPONSE)
        self._pump(flight.lane)

    # -- changes of what waits ---------------------------------------------------------------------

    def busy(self) -> frozenset[str]:
        """The messages that are on their way, or whose end is not committed yet."""
        return frozenset(self._busy)

    def hold(self, names: Iterable[str]) -> None:
        """Let no message of this id (its first digits), or of this lane, take off until it is let go."""
        self._held.update(names)

    def let_go(self, names: Iterable[str]) -> None:
        """What was held may take off again, as it is now."""
        self._held.subtract(names)
        self._held = +self._held
        stalled, self._stalled = self._stalled, set()
        for name in stalled:
            lane = self._lanes.get(name)
            if lane is not None:
                self._pump(lane)

    def withdraw(self, messages: Iterable[tuple[str, str]]) -> None:
        """Lane and id of messages that were cancelled or changed: what is queued does not hold any more."""
        for name, message_id in messages:
            lane = self._lanes.get(name)
            if lane is not None:
                lane.withdraw(message_id)
                if lane.state is LaneState.LOADING:
                    self._busy.add(message_id)

    def forget(self) -> None:
        """After a reset: nothing that was waiting exists any more."""
        self._lanes.clear()
        self._flights.clear()
        self._waiting.clear()
        self._busy.clear()
        self._stalled.clear()

    def recover(self) -> None:
        """After a start: what was to be tried once, a dialogue's messages among it, is not tried twice."""
        for prefix in _DIRECT:
            self._mailroom.pending_lanes(prefix, self._settle_lanes)
        self._mailroom.pending_lanes(_ACCOUNT, self._call_accounts)

    def _call_accounts(self, names: Sequence[str]) -> None:
        for name in names:
            if not self._receivers(name):
                self.on_unreachable_account(name.removeprefix(_ACCOUNT))

    # -- lanes -------------------------------------------------------------------------------------

    def _open(self, name: str) -> Lane | None:
        """The lane, if somebody can receive for it now; it loads first where older rows may wait."""
        binds = self._receivers(name)
        if not binds:
            return None
        lane = self._lanes[name] = Lane(name, _ACCOUNT_WIDTH if name.startswith("account:") else 1)
        if binds[0].session_id in self._scanning:
            self._load(lane)
        return lane

    def _receivers(self, name: str) -> Sequence[Bind]:
        """Who may get a lane's next message, the first choice first: an application's binds take turns."""
        kind, _, target = name.partition(":")
        if kind == "handset":
            bind = self._binds.for_msisdn(target)
            return () if bind is None else (bind,)
        if kind == "account" and (binds := self._binds.for_account(target)):
            self._turn = (self._turn + 1) % len(binds)
            return (*binds[self._turn :], *binds[: self._turn])
        return ()

    def _without_lane(self, outbox: Outbox) -> None:
        """Nobody receives: a message waits in the store. What is tried once goes now or not at all."""
        if outbox.lane.startswith(_DIRECT):
            self._try_once(outbox)
        else:
            self._nobody_receives(outbox.lane)

    def _nobody_receives(self, name: str) -> None:
        """Something waits in this lane."""
        if name.startswith(_ACCOUNT):
            self.on_unreachable_account(name.removeprefix(_ACCOUNT))

    def _try_once(self, outbox: Outbox) -> None:
        self._busy.add(outbox.message_id)
        self._attempt(Flight(Lane(outbox.lane, 1), outbox, parts_of(outbox.payload)))

    def _attempt(self, flight: Flight) -> bool:
        """Send it now, or not at all. What belongs to a dialogue waits for room: it has a screen's time.

        False where it waits.
        """
        outbox = flight.outbox
        if self.stopped:
            return True  # It is settled at the next start.
        binds = self._direct_receivers(outbox)
        if outbox.expires_us <= self._mailroom.now_us():
            self._settle(failed(outbox, EXPIRED))
        elif any(self._send(flight, bind) for bind in binds):
            return True
        elif binds and outbox.bearer == "ussd":
            flight.lane.resumed.append(flight)
            for bind in binds:
                self._waiting.setdefault(bind.session_id, {})[outbox.message_id] = flight.lane
            return False
        else:
            self._settle(failed(outbox, CONGESTION if binds else gone(outbox)))
        return True

    def _direct_receivers(self, outbox: Outbox) -> Sequence[Bind]:
        if not outbox.lane.startswith(SCREENS):
            binds = self._receivers(outbox.lane.removeprefix(ONCE))
            # Without parameters nobody could tell what is asked, nor in which dialogue.
            return [each for each in binds if each.has_tlvs] if outbox.bearer == "ussd" else binds
        dialling = self._dialling(outbox)
        return () if dialling is None else (dialling,)

    def _dialling(self, outbox: Outbox) -> Bind | None:
        """The session that a screen is for; a transmitter's screens come by its account's receiver.

        ``bind`` may name the account too, one of whose sessions may take over. What the radio side dialled
        for a handset is shown by whoever serves the handset, and so is what comes without a session.
        """
        session_id, _, account = outbox.bind.partition(" ")
        bind = self._binds.get(session_id)
        if bind is not None and bind.receives:
            return bind
        receiver = self._binds.for_msisdn(outbox.lane.partition(":")[2])
        if bind is not None:
            account = bind.account.system_id
        if receiver is None or not outbox.bind or account == RADIO:
            return receiver
        return receiver if receiver.account.system_id == account else None

    def _scan(self, bind: Bind) -> None:
        self._scanning.add(bind.session_id)

        def found(names: Sequence[str]) -> None:
            self._scanning.discard(bind.session_id)
            for name in names:
                if self._binds.for_msisdn(name.partition(":")[2]) is bind:
                    self._load_again(name)

        self._mailroom.pending_lanes("handset:", found)

    def _load_again(self, name: str) -> None:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._open(name)
            if lane is None:
                self._nobody_receives(name)
                return
            if lane.state is LaneState.LOADING:
                return
        elif lane.state is LaneState.LOADING:
            return
        elif lane.state is LaneState.OPEN and lane.width == 1:
            self._pump(lane)
            return
        lane.position = FIRST_POSITION
        self._load(lane)

    def _load(self, lane: Lane) -> None:
        lane.await_rows()

        def loaded(rows: Sequence[Outbox]) -> None:
            if self._lanes.get(lane.name) is not lane:
                return
            lane.load(rows, self._is_free, more=len(rows) == ROWS_MAX)
            self._busy -= lane.ended
            lane.ended.clear()
            self._pump(lane)

        self._mailroom.pending(lane.name, lane.position, ROWS_MAX, loaded)

    def _is_free(self, row: Outbox) -> bool:
        """Not on its way already; and for an application, which has no order to keep, due by now."""
        if row.message_id in self._busy:
            return False
        return row.due_us <= self._mailroom.now_us() or not row.lane.startswith("account:")

    def _pump(self, lane: Lane) -> None:
        """Send as much of a lane as may be on its way at once."""
        if self.stopped:
            return
        while lane.state is LaneState.OPEN and lane.flights < lane.width and (lane.resumed or lane.queue):
            binds = self._receivers(lane.name)
            if not binds:
                self._drop(lane)
                return
            if not lane.resumed and self._is_held(lane):
                self._stalled.add(lane.name)
                return
            flight = lane.resumed.popleft() if lane.resumed else self._take_off(lane)
            if flight is not None and not any(self._send(flight, bind) for bind in binds):
                self._await_room(flight, binds)
                return
        if lane.more and not lane.queue and not lane.flights and lane.state is LaneState.OPEN:
            self._load(lane)
        elif lane.idle:
            self._lanes.pop(lane.name, None)

    def _is_held(self, lane: Lane) -> bool:
        if not self._held:
            return False
        # An id may be named in short, or stand for all recipients of a submit_multi.
        return lane.name in self._held or lane.queue[0].message_id[:SHORT_DIGITS] in self._held

    def _resume(self, lane: Lane) -> None:
        """Its bind is gone: on with another one; a lane that was dropped meanwhile is the store's again."""
        if self._lanes.get(lane.name) is lane:
            self._pump(lane)
        else:
            self._release(lane)
            self._load_again(lane.name)

    def _drop(self, lane: Lane) -> None:
        """Nobody receives any more: what is not on its way stays in the store."""
        self._release(lane)
        self._lanes.pop(lane.name, None)
        self._nobody_receives(lane.name)

    def _release(self, lane: Lane) -> None:
        self._busy.difference_update(flight.outbox.message_id for flight in lane.resumed)
        lane.block()

    def _take_off(self, lane: Lane) -> Flight | None:
        outbox = lane.queue.popleft()
        self._busy.add(outbox.message_id)
        if outbox.expires_us <= self._mailroom.now_us():
            self._settle(failed(outbox, EXPIRED))
            return None
        return Flight(lane, outbox, parts_of(outbox.payload))

    # -- flights -----------------------------------------------------------------------------------

    def _send(self, flight: Flight, bind: Bind) -> bool:
        if not bind.link.deliver(flight.part, flight):
            return False
        flight.session_id = bind.session_id
        flight.lane.flights += 1
        self._flights.setdefault(bind.session_id, set()).add(flight)
        return True

    def _next_part(self, flight: Flight) -> None:
        flight.sent += 1
        bind = self._binds.get(flight.session_id)
        self._landed(flight)
        if bind is not None and self._send(flight, bind):
            return
        if flight.outbox.lane.startswith(_DIRECT):
            self._settle(failed(flight.outbox, CONGESTION if bind else gone(flight.outbox)))
        elif bind is None:
            flight.lane.resumed.appendleft(flight)
            self._resume(flight.lane)
        else:
            self._await_room(flight, (bind,))

    def _await_room(self, flight: Flight, binds: Sequence[Bind]) -> None:
        flight.lane.resumed.appendleft(flight)
        for bind in binds:
            self._waiting.setdefault(bind.session_id, {})[flight.lane.name] = flight.lane

    def _is_known(self, flight: Flight) -> bool:
        """False for what was on its way when everything was reset."""
        return flight in self._flights.get(flight.session_id, ())

    def _landed(self, flight: Flight) -> None:
        flight.lane.flights -= 1
        flights = self._flights.get(flight.session_id)
        if flights is not None:
            flights.discard(flight)

    def _failed(self, flight: Flight, failure: Failure) -> None:
        """Later again, or never."""
        outbox = flight.outbox
        if failure.is_final or outbox.lane.startswith(_DIRECT):
            self._settle(failed(outbox, failure))
            return
        self._settle(
            Delivery(
                outbox.message_id,
                outbox.lane,
                MessageState.ENROUTE,
                failure.reason,
                retry_s=failure.delay_s(outbox.attempts),
                error_code=failure.number,
            )
        )
        if flight.lane.width == 1:
            self._release(flight.lane)
            # A bind that comes before the commit begins with this one again, not with the next.
            self._busy.discard(outbox.message_id)

    def _settle(self, delivery: Delivery) -> None:
        self._busy.add(delivery.message_id)
        self._mailroom.settle(delivery, lambda: self._settled(delivery))

    def _settled(self, delivery: Delivery) -> None:
        if delivery.retry_s is not None:
            if delivery.lane.startswith("account:"):
                self._busy.discard(delivery.message_id)
            return  # A handset's is free since it was postponed, or on its way again.
        self.on_final(delivery)
        lane = self._lanes.get(delivery.lane)
        if lane is not None and lane.state is LaneState.LOADING:
            lane.ended.add(delivery.message_id)
        else:
            self._busy.discard(delivery.message_id)

    def _settle_lanes(self, names: Sequence[str]) -> None:
        for name in names:
            self._mailroom.pending(name, FIRST_POSITION, ROWS_MAX, self._give_up)

    def _give_up(self, rows: Sequence[Outbox]) -> None:
        for row in rows:
            # What is busy is of now: its client was quicker than this read.
            if row.message_id not in self._busy:
                # It may have come all the same, so its dialogue goes on: the answer or the guard will tell.
                self._settle(failed(row, gone(row))._replace(ussd=False))
        if len(rows) == ROWS_MAX:
            self._mailroom.pending(rows[-1].lane, rows[-1].position, ROWS_MAX, self._give_up)
