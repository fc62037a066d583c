"""How many messages a second an account may submit: a token bucket of one second's worth."""

from collections.abc import Callable


class Throughput:
    """One per account; ``per_s`` 0 means no limit."""

    __slots__ = ("_at", "_monotonic", "_per_s", "_tokens")

    def __init__(self, per_s: int, monotonic: Callable[[], float]) -> None:
        self._per_s = per_s
        self._monotonic = monotonic
        self._tokens = float(per_s)
        self._at = monotonic()

    def admits(self, messages: int = 1) -> bool:
        """Take a token for each message; False when the account has used up what it may.

        More messages at once than a second allows are admitted when the bucket is full.
        """
        if not self._per_s:
            return True
        now = self._monotonic()
        self._tokens = min(float(self._per_s), self._tokens + (now - self._at) * self._per_s)
        self._at = now
        if self._tokens < min(messages, self._per_s):
            return False
        self._tokens -= messages
        return True
