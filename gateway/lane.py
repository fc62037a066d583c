"""A lane: the messages for one destination, in their order, and those of them that are on their way."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from storage.model import Outbox

#: Rows of a lane held in memory; the rest stays in the store until these are gone.
ROWS_MAX = 500
_HEADER = 16


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
    position: int = 0
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
        """Append a row that was just committed, unless it was read from the store or will be."""
        if self.state is LaneState.BLOCKED or self.more or outbox.position <= self.position:
            return
        if len(self.queue) >= ROWS_MAX:
            self.more = True
            return
        self.queue.append(outbox)
        self.position = outbox.position

    def await_rows(self) -> None:
        """Rows behind ``position`` are being read; what is committed from now on may be among them or not."""
        self.state = LaneState.LOADING
        self.more = False

    def load(self, rows: Sequence[Outbox], is_free: Callable[[Outbox], bool], *, more: bool) -> None:
        """Take the free ones of the rows that were read; what was committed meanwhile comes behind, once.

        Where the store has ``more`` rows, those come before what was committed meanwhile: it is read again.
        """
        later = () if more else tuple(self.queue)
        merged = {each.message_id: each for each in (*filter(is_free, rows), *later)}
        self.queue = deque(sorted(merged.values(), key=lambda each: each.position))
        # The rows that are not free are read too: else a lane full of them would be read without end.
        read = (each.position for each in (*rows, *later))
        self.position = max(read, default=self.position)
        self.more = self.more or more
        self.state = LaneState.OPEN

    def block(self) -> None:
        """Give back to the store what is not on its way; the next attempt reads it again."""
        self.state = LaneState.BLOCKED
        self.queue.clear()
        self.resumed.clear()
        self.position = 0
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
