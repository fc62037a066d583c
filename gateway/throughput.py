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

    def admits(self) -> bool:
        """Take a token; False when the account has used up what it may."""
        if not self._per_s:
            return True
        now = self._monotonic()
        self._tokens = min(float(self._per_s), self._tokens + (now - self._at) * self._per_s)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
