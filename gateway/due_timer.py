"""Wakes the writer when the next job is due on the operator clock."""

from collections.abc import Callable
from typing import Protocol

from gateway.clock import OperatorClock

#: asyncio's timers take no more than about a day each on some platforms; looking again costs nothing.
_LOOK_AGAIN_S = 3600.0


class Timer(Protocol):
    """What ``call_later`` gives back."""

    def cancel(self) -> None:
        """Do not call."""


class DueTimer:
    """One timer at the earliest due time known. Lives in the reactor."""

    def __init__(
        self,
        clock: OperatorClock,
        call_later: Callable[[float, Callable[[], None]], Timer],
        run_due: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._call_later = call_later
        self._run_due = run_due
        self._due_us: int | None = None
        self._timer: Timer | None = None

    def note(self, due_us: int | None) -> None:
        """A job is due then; None: nothing new."""
        if due_us is not None and (self._due_us is None or due_us < self._due_us):
            self.set(due_us)

    def set(self, due_us: int | None) -> None:
        """The earliest job is due then, or there is none."""
        self.cancel()
        self._due_us = due_us
        if due_us is None:
            return
        delay_s = self._clock.wall_delay_s(due_us)
        if delay_s is not None:
            self._timer = self._call_later(min(delay_s, _LOOK_AGAIN_S), self._fire)

    def again(self) -> None:
        """The clock was set: wait anew."""
        self.set(self._due_us)

    def cancel(self) -> None:
        """Stop waiting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        due_us = self._due_us
        if due_us is not None and self._clock.now_us() < due_us:
            self.set(due_us)
            return
        self._due_us = None
        self._run_due()
