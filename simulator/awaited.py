"""Answers that are still to come: what a pipe waits for at its end."""

from collections import Counter
from threading import Condition


class Awaited:
    """Counts expected answers by who is to send them. Thread-safe."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._changed = Condition()

    def expect(self, sender: str) -> None:
        """One more answer is to come from ``sender``."""
        with self._changed:
            self._counts[sender] += 1

    def arrived(self, sender: str) -> None:
        """One came, or will not come any more; one that nobody waited for counts nothing."""
        with self._changed:
            if self._counts[sender] > 0:
                self._counts[sender] -= 1
            self._changed.notify_all()

    def forget(self, sender: str) -> None:
        """Expect nothing from ``sender`` any more."""
        with self._changed:
            del self._counts[sender]
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> list[str]:
        """Wait until everything is there, at most ``timeout_s``. Returns those who still owe an answer."""
        with self._changed:
            self._changed.wait_for(lambda: not self._owing(), timeout_s)
            return self._owing()

    def wait_for(self, sender: str, timeout_s: float) -> bool:
        """Wait until ``sender`` owes nothing, at most ``timeout_s``. True when that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._counts[sender] == 0, timeout_s)

    def _owing(self) -> list[str]:
        return sorted(sender for sender, number in self._counts.items() if number > 0)
