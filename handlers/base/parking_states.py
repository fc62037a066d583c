"""The life of a parking session: which state follows which, and when its driver is reminded.

Pure: time comes in as a number (microseconds of operator time). Services.md section 8.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from storage.parking_model import OPEN_STATES, ParkingState

US_PER_S: Final = 1_000_000
US_PER_HOUR: Final = 3600 * US_PER_S


class Happens(StrEnum):
    """What moves a session on. PAID is the money on the parking account, FAILED that the bank has none."""

    ORDERED = "ordered"
    PAID = "paid"
    FAILED = "failed"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    REMINDER = "reminder"
    EXTENDED = "extended"
    STOP = "stop"
    END = "end"


#: An extension that is asked is no state: it is a field of the session that runs.
STEPS: Final[Mapping[tuple[ParkingState, Happens], ParkingState]] = MappingProxyType(
    {
        (ParkingState.ASKED, Happens.ORDERED): ParkingState.PAYING,
        (ParkingState.ASKED, Happens.PAID): ParkingState.RUNNING,
        (ParkingState.ASKED, Happens.REFUSED): ParkingState.CANCELLED,
        (ParkingState.ASKED, Happens.UNANSWERED): ParkingState.LAPSED,
        (ParkingState.PAYING, Happens.PAID): ParkingState.RUNNING,
        (ParkingState.PAYING, Happens.FAILED): ParkingState.CANCELLED,
        (ParkingState.PAYING, Happens.REFUSED): ParkingState.CANCELLED,
        (ParkingState.RUNNING, Happens.REMINDER): ParkingState.REMINDED,
        (ParkingState.RUNNING, Happens.EXTENDED): ParkingState.RUNNING,
        (ParkingState.RUNNING, Happens.STOP): ParkingState.STOPPED,
        (ParkingState.RUNNING, Happens.END): ParkingState.ENDED,
        (ParkingState.REMINDED, Happens.EXTENDED): ParkingState.RUNNING,
        (ParkingState.REMINDED, Happens.STOP): ParkingState.STOPPED,
        (ParkingState.REMINDED, Happens.END): ParkingState.ENDED,
    }
)
#: From these nothing leads on.
FINAL_STATES: Final = frozenset(ParkingState) - OPEN_STATES


class NoStep(Exception):
    """A session cannot do that now. The message names its state and what should have happened."""


def step(state: ParkingState, happens: Happens) -> ParkingState:
    """The state that follows. Raises NoStep where none does."""
    following = STEPS.get((state, happens))
    if following is None:
        raise NoStep(f"a session that is {state.value} cannot be {happens.value}")
    return following


def can(state: ParkingState, happens: Happens) -> bool:
    """Whether this may happen to a session in this state."""
    return (state, happens) in STEPS


def reminder_us(now_us: int, ends_us: int, lead_s: int) -> int:
    """When to remind of the end, ``lead_s`` before it; 0 for never, where no more than that is left."""
    at_us = ends_us - lead_s * US_PER_S
    return at_us if at_us > now_us else 0


def confirm_by_us(now_us: int, wait_s: int, ends_us: int = 0) -> int:
    """Until when a question is good; one about an extension no longer than the parking itself."""
    by_us = now_us + wait_s * US_PER_S
    return min(by_us, ends_us) if ends_us else by_us
