"""What a parking costs, as dated data: so much an hour, billed by the minute (services.md section 8).

Times are microseconds since the epoch, amounts tiyn. A minute that has begun counts whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MINUTES_PER_HOUR: Final = 60
_US_PER_MINUTE: Final = 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class ParkingPrice:
    """One price: in force from ``from_us`` until the next version's. ``fine_tiyn`` is for not paying it.

    Raises ValueError for a version without a name, and for a price or a fine that is not above zero.
    """

    version: str
    from_us: int
    per_hour_tiyn: int
    fine_tiyn: int

    def __post_init__(self) -> None:
        if not self.version or self.per_hour_tiyn < 1 or self.fine_tiyn < 1:
            raise ValueError("a version has a name, and a price and a fine above zero")

    def cost_tiyn(self, minutes: int) -> int:
        """What so many minutes cost."""
        return cost_tiyn(self.per_hour_tiyn, minutes)


def cost_tiyn(per_hour_tiyn: int, minutes: int) -> int:
    """What so many minutes cost at a price for an hour, rounded half up once; whole hours cost exactly."""
    return (minutes * per_hour_tiyn + MINUTES_PER_HOUR // 2) // MINUTES_PER_HOUR


def hours_tiyn(per_hour_tiyn: int, hours: int) -> int:
    """What so many whole hours cost."""
    return cost_tiyn(per_hour_tiyn, hours * MINUTES_PER_HOUR)


def started_minutes(began_us: int, ended_us: int) -> int:
    """The minutes of a parking, the first and the last one whole: at least one, however short it was."""
    return max(1, -((began_us - ended_us) // _US_PER_MINUTE))


def price_at(prices: Sequence[ParkingPrice], at_us: int) -> ParkingPrice:
    """The version in force at this moment; ``prices`` rise. The oldest is good for all time before it.

    Raises IndexError where there is none.
    """
    for price in reversed(prices):
        if price.from_us <= at_us:
            return price
    return prices[0]
