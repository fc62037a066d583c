"""When scheduled rules run: against a model that walks through the calendar day by day."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.base.schedule import midnight_us, next_run_us
from storage.bank_model import RuleKind

ALMATY = ZoneInfo("Asia/Almaty")
KINDS = (RuleKind.DAILY, RuleKind.WEEKLY, RuleKind.MONTHLY)
DAYS = st.dates(date(2023, 1, 1), date(2032, 12, 31))


def us(moment: datetime) -> int:
    """Microseconds since the epoch."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def runs_on(kind: RuleKind, first: date, day: date) -> bool:
    """Whether a rule whose first day is ``first`` runs on ``day``, as a person would say it."""
    if kind is RuleKind.DAILY:
        return True
    if kind is RuleKind.WEEKLY:
        return day.weekday() == first.weekday()
    return day.day == min(first.day, monthrange(day.year, day.month)[1])


def walked(kind: RuleKind, anchor: datetime, after: datetime, hour: int) -> datetime:
    """The next run, by looking at every day."""
    day = anchor.date()
    while True:
        run = datetime(day.year, day.month, day.day, hour, tzinfo=ALMATY)
        if runs_on(kind, anchor.date(), day) and us(run) > us(after):
            return run
        day += timedelta(days=1)


@given(
    kind=st.sampled_from(KINDS),
    first=DAYS,
    days=st.integers(-40, 900),
    minutes=st.integers(0, 1439),
    hour=st.integers(0, 23),
)
def test_the_next_run_is_the_one_that_a_walk_through_the_days_finds(
    kind: RuleKind, first: date, days: int, minutes: int, hour: int
) -> None:
    anchor = datetime(first.year, first.month, first.day, 13, 20, tzinfo=ALMATY)
    after = datetime(first.year, first.month, first.day, tzinfo=ALMATY) + timedelta(
        days=days, minutes=minutes
    )
    expected = walked(kind, anchor, after, hour)
    assert next_run_us(kind, anchor, us(after), hour) == us(expected)


@given(kind=st.sampled_from(KINDS), first=DAYS, hour=st.integers(0, 23))
def test_each_run_leads_to_a_later_one_and_leaves_none_out(kind: RuleKind, first: date, hour: int) -> None:
    anchor = datetime(first.year, first.month, first.day, 13, 20, tzinfo=ALMATY)
    moment_us, days = us(anchor), []
    for _ in range(40):
        later_us = next_run_us(kind, anchor, moment_us, hour)
        assert later_us > moment_us
        assert next_run_us(kind, anchor, later_us - 1, hour) == later_us
        days.append(datetime.fromtimestamp(later_us / 1e6, ALMATY).date())
        moment_us = later_us
    lengths = {(after - before).days for before, after in pairwise(days)}
    assert lengths <= {RuleKind.DAILY: {1}, RuleKind.WEEKLY: {7}, RuleKind.MONTHLY: {28, 29, 30, 31}}[kind]


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("2024-01-31", ["02-29", "03-31", "04-30", "05-31", "06-30"]),
        ("2025-01-31", ["02-28", "03-31", "04-30", "05-31", "06-30"]),
        ("2025-01-30", ["02-28", "03-30", "04-30", "05-30", "06-30"]),
        ("2023-12-29", ["01-29", "02-29", "03-29", "04-29", "05-29"]),
        ("2025-11-15", ["12-15", "01-15", "02-15", "03-15", "04-15"]),
    ],
)
def test_a_month_that_is_too_short_moves_its_own_run_and_no_later_one(
    first: str, expected: list[str]
) -> None:
    anchor = datetime.fromisoformat(f"{first}T12:00").replace(tzinfo=ALMATY)
    moment_us, days = us(anchor), []
    for _ in expected:
        moment_us = next_run_us(RuleKind.MONTHLY, anchor, moment_us, 10)
        days.append(f"{datetime.fromtimestamp(moment_us / 1e6, ALMATY):%m-%d}")
    assert days == expected


def test_a_rule_made_before_the_hour_runs_on_the_same_day() -> None:
    anchor = datetime(2026, 3, 1, 9, 59, tzinfo=ALMATY)
    assert next_run_us(RuleKind.MONTHLY, anchor, us(anchor), 10) == us(
        datetime(2026, 3, 1, 10, tzinfo=ALMATY)
    )


def test_runs_stay_at_their_hour_when_the_offset_changes() -> None:
    """Almaty went from +06 to +05 when 1 March 2024 began."""
    anchor = datetime(2024, 2, 28, 12, tzinfo=ALMATY)
    first_us = next_run_us(RuleKind.DAILY, anchor, us(anchor), 10)
    second_us = next_run_us(RuleKind.DAILY, anchor, first_us, 10)
    assert second_us - first_us == 25 * 3600 * 1_000_000


def test_a_limit_has_no_schedule() -> None:
    with pytest.raises(KeyError):
        next_run_us(RuleKind.LIMIT, datetime(2026, 3, 1, tzinfo=ALMATY), 0, 10)


def test_midnight_is_when_the_calendar_day_began() -> None:
    now = datetime(2026, 3, 1, 4, 59, 59, tzinfo=ALMATY)
    assert midnight_us(now) == us(datetime(2026, 2, 28, 19, tzinfo=UTC))
