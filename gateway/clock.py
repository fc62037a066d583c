"""The operator clock: real or virtual, forward only. Every rule about time runs on it.

One clock stands at the composition root. It is read from the reactor and the writer thread and set
from the writer alone, in single assignments of an int, so it needs no lock.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

MICROSECONDS = 1_000_000
#: Less than this is a clock being adjusted, and is waited for.
_SET_BACK_US = MICROSECONDS
#: The end of what a four-digit year can show; a clock set beyond it could not be printed.
LATEST_US = 253_370_764_800 * MICROSECONDS


class ClockMode(StrEnum):
    """Real runs at the speed of the wall clock; virtual stands still until it is advanced."""

    REAL = "real"
    VIRTUAL = "virtual"


class ClockError(ValueError):
    """The clock cannot be set so; the message says why."""


@dataclass(frozen=True, slots=True)
class ClockView:
    """What the control API shows of the clock."""

    mode: ClockMode
    now_us: int


class OperatorClock:
    """``wall`` gives real microseconds since the epoch; nothing else here asks the machine for time."""

    def __init__(self, wall: Callable[[], int], timezone: ZoneInfo) -> None:
        self.wall = wall
        self.timezone = timezone
        self.mode = ClockMode.REAL
        self._offset_us = 0
        self._frozen_us = 0
        self._latest_us = 0

    def now_us(self) -> int:
        """Operator time in microseconds since the epoch. It never falls, whatever the wall clock does."""
        now_us = self._frozen_us if self.mode is ClockMode.VIRTUAL else self.wall() + self._offset_us
        if now_us < self._latest_us:
            return self._latest_us
        self._latest_us = now_us
        return now_us

    def catch_up(self) -> None:
        """Go on from the latest time where the wall clock was set back, instead of standing until it is there
        again. For the writer's thread alone, since it moves the clock.
        """
        if self.mode is ClockMode.REAL and self.wall() + self._offset_us < self._latest_us - _SET_BACK_US:
            self._offset_us = self._latest_us - self.wall()

    def at(self, moment_us: int) -> datetime:
        """The moment as an aware datetime in the operator's timezone."""
        return datetime.fromtimestamp(moment_us // MICROSECONDS, UTC).astimezone(self.timezone)

    def view(self) -> ClockView:
        """Mode and time, for the control API."""
        return ClockView(self.mode, self.now_us())

    def wall_delay_s(self, due_us: int) -> float | None:
        """Real seconds until operator time ``due_us``; None while the clock stands still before it."""
        remaining_us = due_us - self.now_us()
        if remaining_us <= 0:
            return 0.0
        return None if self.mode is ClockMode.VIRTUAL else remaining_us / MICROSECONDS

    def check(self, to_us: int) -> None:
        """Raise ClockError unless the clock may move to ``to_us``."""
        if to_us < self.now_us():
            raise ClockError(
                f"the clock only goes forward; it is already {self.at(self.now_us()).isoformat()}"
            )
        self.check_end(to_us)

    def check_end(self, to_us: int) -> None:
        """Raise ClockError for a moment that could not be shown any more."""
        if to_us > LATEST_US:
            raise ClockError(f"the clock ends at {self.at(LATEST_US).isoformat()}")

    def set(self, mode: ClockMode, now_us: int | None = None) -> None:
        """Switch the mode; without ``now_us`` the time goes on from where it is."""
        if now_us is not None:
            self.check(now_us)
        # The real clock runs while we look at it: looked at twice, "now" would lie in the past already.
        self._place(self.now_us() if now_us is None else now_us, mode)

    def _place(self, target_us: int, mode: ClockMode) -> None:
        self._frozen_us = target_us
        self._offset_us = target_us - self.wall()
        self._latest_us = target_us
        self.mode = mode

    def move_to(self, to_us: int) -> None:
        """Advance to ``to_us`` in either mode; an earlier moment changes nothing."""
        if to_us > self.now_us():
            self._place(to_us, self.mode)

    def reset(self) -> None:
        """Real time again, as on the first start; the ledger that forbade going back is gone."""
        self.mode = ClockMode.REAL
        self._offset_us = self._frozen_us = self._latest_us = 0

    def dump(self) -> str:
        """What has to be stored so that a restart goes on from here."""
        return json.dumps({"mode": self.mode, "offset_us": self._offset_us, "now_us": self.now_us()})

    def restore(self, dumped: str | None, latest_us: int = 0) -> None:
        """Take up a stored clock; ``latest_us`` is the ledger's last operator time, the floor."""
        if dumped is not None:
            state = json.loads(dumped)
            self.mode = ClockMode(state["mode"])
            self._offset_us = int(state["offset_us"])
            self._frozen_us = int(state["now_us"])
        self._latest_us = max(self._latest_us, latest_us)
        self._frozen_us = max(self._frozen_us, latest_us)
