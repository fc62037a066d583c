"""Requests under way: ours by sequence_number with a deadline, theirs by number (SMPP 3.4 section 2.8)."""

from typing import NamedTuple

SEQUENCE_MAX = 0x7FFF_FFFF
#: How many timed-out requests are remembered, so that a late response is known as one.
EXPIRED_MAX = 1024


class Pending(NamedTuple):
    """A request of ours that waits for its response. ``deadline`` in monotonic seconds."""

    command_id: int
    token: object
    deadline: float


class Window:
    """Our outstanding requests, at most ``size``; numbers run from 1 to 0x7FFFFFFF and start over.

    Every request waits equally long, so the order of sending is the order of the deadlines.
    """

    __slots__ = ("_expired", "_last", "_pending", "_response_s", "size")

    def __init__(self, size: int, response_s: float, last_sequence: int = 0) -> None:
        """``response_s`` 0 means that responses are waited for without end."""
        if size < 1:
            raise ValueError("a window holds at least one request")
        self.size = size
        self._response_s = response_s or float("inf")
        self._last = last_sequence
        self._pending: dict[int, Pending] = {}
        self._expired: dict[int, Pending] = {}

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def full(self) -> bool:
        """True when no further request of a message may be sent."""
        return len(self._pending) >= self.size

    def next_sequence(self) -> int:
        """Take the next number that no request waits under."""
        sequence = self._last
        while True:
            sequence = sequence + 1 if sequence < SEQUENCE_MAX else 1
            if sequence not in self._pending:
                self._last = sequence
                return sequence

    def add(self, command_id: int, token: object, now: float) -> int:
        """A sequence_number for a request that is being sent now and waits for its response.

        The limit is the caller's to watch (``full``): link management goes out beside it.
        """
        sequence = self.next_sequence()
        if self._expired:
            self._expired.pop(sequence, None)
        self._pending[sequence] = Pending(command_id, token, now + self._response_s)
        return sequence

    def get(self, sequence: int) -> Pending | None:
        """The request that waits under this number."""
        return self._pending.get(sequence)

    def finish(self, sequence: int) -> None:
        """Its response has come."""
        del self._pending[sequence]

    def late(self, sequence: int) -> Pending | None:
        """The request that has timed out under this number; told once."""
        return self._expired.pop(sequence, None)

    def expire(self, now: float) -> list[Pending]:
        """Take out all requests whose deadline has come, in the order of sending."""
        due = []
        for sequence, pending in self._pending.items():
            if pending.deadline > now:
                break
            due.append((sequence, pending))
        for sequence, pending in due:
            del self._pending[sequence]
            self._remember(sequence, pending)
        return [pending for _, pending in due]

    def _remember(self, sequence: int, pending: Pending) -> None:
        if len(self._expired) >= EXPIRED_MAX:
            del self._expired[next(iter(self._expired))]
        self._expired[sequence] = pending

    @property
    def next_deadline(self) -> float:
        """When the oldest request times out; infinite when none waits."""
        for pending in self._pending.values():
            return pending.deadline
        return float("inf")

    def clear(self) -> list[Pending]:
        """Take out everything: the connection is gone, and no response will come."""
        gone = list(self._pending.values())
        self._pending.clear()
        return gone
