"""A lane: the messages for one destination, in their order, and those of them that are on their way."""

from collections import deque
from collections.abc import Iterable
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

    @property
    def target(self) -> str:
        """The MSISDN or system_id behind the kind."""
        return self.name.partition(":")[2]

    @property
    def idle(self) -> bool:
        """Nothing to send, nothing on its way, nothing left in the store."""
        return not (self.queue or self.flights or self.resumed or self.more) and self.state is LaneState.OPEN

    def add(self, outbox: Outbox) -> None:
        """Append a row that was just committed, unless the lane will read it from the store anyway."""
        if self.state is LaneState.BLOCKED or self.more:
            return
        if len(self.queue) >= ROWS_MAX:
            self.more = True
            return
        self.queue.append(outbox)
        self.position = max(self.position, outbox.position)

    def load(self, rows: Iterable[Outbox], *, more: bool) -> None:
        """Take rows from the store; what was committed meanwhile comes behind them, once."""
        later = [each for each in self.queue if each.position]
        merged = {each.message_id: each for each in (*rows, *later)}
        self.queue = deque(sorted(merged.values(), key=lambda each: each.position))
        self.position = max((each.position for each in self.queue), default=self.position)
        self.more = more
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
