"""When scheduled rules run: arithmetic on the operator's calendar, without a clock (services.md section 6).

Run number n is n whole periods after the first, on the calendar, so that a month that is too short for the
31st moves that one run to its last day, and no later one.
"""

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from storage.bank_model import RuleKind

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_WEEK_DAYS: Final = 7
_YEAR_MONTHS: Final = 12


def next_run_us(kind: RuleKind, anchor: datetime, after_us: int, hour: int) -> int:
    """The first run after ``after_us``; both are operator time in microseconds since the epoch.

    Runs are at ``hour`` o'clock in the zone of ``anchor`` (aware), the first of them on the anchor's day.
    Raises KeyError for a kind without a schedule.
    """
    first, zone = anchor.date(), anchor.tzinfo
    after = (_EPOCH + after_us * _MICROSECOND).astimezone(zone).date()
    periods_between, day_of = _PERIODS[kind]
    # Whatever comes before this run lies on an earlier day than ``after``.
    number = max(0, periods_between(first, after))
    while (run_us := _moment_us(day_of(first, number), hour, zone)) <= after_us:
        number += 1
    return run_us


def midnight_us(now: datetime) -> int:
    """When the calendar day of ``now`` (aware) began, in microseconds since the epoch."""
    return _moment_us(now.date(), 0, now.tzinfo)


@lru_cache(maxsize=1_024)
def _moment_us(day: date, hour: int, zone: tzinfo | None) -> int:
    """Kept: runs that are due together mean the same few days."""
    moment = datetime.combine(day, time(hour), zone)
    return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND


def _months_between(first: date, after: date) -> int:
    return (after.year - first.year) * _YEAR_MONTHS + after.month - first.month


def _months_later(first: date, number: int) -> date:
    years, month = divmod(first.month - 1 + number, _YEAR_MONTHS)
    year, month = first.year + years, month + 1
    return date(year, month, min(first.day, monthrange(year, month)[1]))


#: How many periods lie between two days, and the day so many periods after the first.
_PERIODS: Final[Mapping[RuleKind, tuple[Callable[[date, date], int], Callable[[date, int], date]]]] = (
    MappingProxyType(
        {
            RuleKind.DAILY: (
                lambda first, after: (after - first).days,
                lambda first, number: first + timedelta(days=number),
            ),
            RuleKind.WEEKLY: (
                lambda first, after: (after - first).days // _WEEK_DAYS,
                lambda first, number: first + timedelta(weeks=number),
            ),
            RuleKind.MONTHLY: (_months_between, _months_later),
        }
    )
)
