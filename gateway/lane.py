"""A lane: the messages for one destination, in their order, and those of them that are on their way."""

from bisect import bisect
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from operator import attrgetter

from storage.model import FIRST_POSITION, Outbox

#: Rows of a lane held in memory; the rest stays in the store until these are gone.
ROWS_MAX = 500
_HEADER = 16
_position = attrgetter("position")


class LaneState(Enum):
    """OPEN sends; LOADING waits for rows from the store; BLOCKED waits for its next attempt or a bind."""

    OPEN = auto()
    LOADING = auto()
    BLOCKED = auto()


@dataclass(slots=True, eq=False)
class Flight:
    """A message on its way: the parts that are left, on one session."""

    lane: "Lane"
    outbox: Outbox
    parts: list[bytes]
    session_id: str = ""
    sent: int = 0

    @property
    def part(self) -> bytes:
        """The part to send now."""
        return self.parts[self.sent]


@dataclass(slots=True, eq=False)
class Lane:
    """``width`` messages may be on their way at once: one to a handset, more to an application."""

    name: str
    width: int
    state: LaneState = LaneState.OPEN
    queue: deque[Outbox] = field(default_factory=deque)
    flights: int = 0
    position: int = FIRST_POSITION
    more: bool = False
    resumed: deque[Flight] = field(default_factory=deque)
    #: Message ids whose end was committed while a read was under way: that read may still show them.
    ended: set[str] = field(default_factory=set)

    @property
    def target(self) -> str:
        """The MSISDN or system_id behind the kind."""
        return self.name.partition(":")[2]

    @property
    def idle(self) -> bool:
        """Nothing to send, nothing on its way, nothing left in the store."""
        return not (self.queue or self.flights or self.resumed or self.more) and self.state is LaneState.OPEN

    def add(self, outbox: Outbox) -> None:
        """Take up a row that was just committed, unless it was read from the store or will be."""
        if self.state is LaneState.BLOCKED:
            return
        if outbox.position <= self.position:
            self._insert(outbox)
        elif len(self.queue) >= ROWS_MAX:
            self.more = True
        elif not self.more:
            self.queue.append(outbox)
            self.position = outbox.position

    def _insert(self, outbox: Outbox) -> None:
        """More urgent than what was read, or changed since; what no longer fits is the store's again."""
        for at, each in enumerate(self.queue):
            if each.message_id == outbox.message_id:
                self.queue[at] = outbox
                return
        at = bisect(self.queue, outbox.position, key=_position)
        self.queue.insert(at, outbox)
        if len(self.queue) > ROWS_MAX:
            self.queue.pop()
            self.more = True
            self.position = self.queue[-1].position

    def withdraw(self, message_id: str) -> None:
        """What was queued of this message does not hold any more."""
        self.queue = deque(each for each in self.queue if each.message_id != message_id)
        if self.state is LaneState.LOADING:
            self.ended.add(message_id)

    def await_rows(self) -> None:
        """Rows behind ``position`` are being read; what is committed from now on may be among them or not."""
        self.state = LaneState.LOADING
        self.more = False

    def load(self, rows: Sequence[Outbox], is_free: Callable[[Outbox], bool], *, more: bool) -> None:
        """Take the free ones of the rows that were read; what was committed meanwhile comes behind, once.

        Where the store has ``more`` rows, those come before what was committed meanwhile, which is read
        again, unless it is more urgent than what was read.
        """
        ends = [rows[-1].position] if more and rows else []
        if self.more:
            ends.append(self.position)  # What came meanwhile and lies behind may have found no room.
        last = min(ends, default=None)
        read = [each for each in rows if last is None or each.position <= last]
        later = [each for each in self.queue if last is None or each.position <= last]
        merged = {each.message_id: each for each in (*filter(is_free, read), *later)}
        self.queue = deque(sorted(merged.values(), key=_position))
        # The rows that are not free are read too: else a lane full of them would be read without end.
        self.position = max((each.position for each in (*read, *later)), default=self.position)
        self.more = self.more or more
        self.state = LaneState.OPEN

    def block(self) -> None:
        """Give back to the store what is not on its way; the next attempt reads it again."""
        self.state = LaneState.BLOCKED
        self.queue.clear()
        self.resumed.clear()
        self.position = FIRST_POSITION
        self.more = False


def parts_of(payload: bytes) -> list[bytes]:
    """Cut whole PDUs apart by their command_length."""
    parts = []
    at = 0
    while at + _HEADER <= len(payload):
        end = at + int.from_bytes(payload[at : at + 4], "big")
        parts.append(payload[at:end])
        at = end
    return parts
