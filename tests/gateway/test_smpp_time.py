"""validity_period: both forms of SMPP 3.4 section 7.1.1, seconds from now, nothing but InvalidTime."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import LATEST_US
from gateway.smpp_time import InvalidTime, seconds_ahead

NOW_US = int(datetime(2026, 1, 31, 4, 0, tzinfo=UTC).timestamp()) * 1_000_000
DAY = 86_400


@pytest.mark.parametrize(
    ("period", "seconds"),
    [
        ("000000000001000R", 1),
        ("000000010000000R", 3600),
        ("000001000000000R", DAY),
        ("000100000000000R", 31 * DAY),
        ("010000000000000R", 365 * DAY),
        ("260131050000000+", 3600),
        ("260131100000020+", 3600),
        ("260130230000020-", 0),
        ("260131000000020-", 3600),
    ],
)
def test_times_as_seconds_from_now(period: str, seconds: int) -> None:
    if seconds:
        assert seconds_ahead(period, NOW_US) == seconds
    else:
        with pytest.raises(InvalidTime):
            seconds_ahead(period, NOW_US)


def test_an_empty_period_is_the_operators_default() -> None:
    assert seconds_ahead("", NOW_US) is None


@pytest.mark.parametrize(
    "period",
    [
        "000000000000000R",
        "260131040000000+",
        "200101000000000+",
        "999999999999999R",
        "261301000000000+",
        "260230000000000+",
        "260201000000049+",
        "26020100000000+",
        "2602010000000000+",
        "260201000000000x",
        "26O201000000000+",
        "٢٦٠٢٠١٠٠٠٠٠٠٠٠٠+",
        "tomorrow",
    ],
)
def test_what_lies_not_ahead_or_is_no_time_is_refused(period: str) -> None:
    with pytest.raises(InvalidTime):
        seconds_ahead(period, NOW_US)


@pytest.mark.parametrize("period", ["990000000000000R", "001200000000000R", "260201000000000+"])
def test_at_the_end_of_time_a_period_is_refused_and_nothing_else(period: str) -> None:
    with pytest.raises(InvalidTime):
        seconds_ahead(period, LATEST_US)


@given(st.from_regex(r"[0-9]{15}[+\-R]", fullmatch=True), st.integers(0, LATEST_US))
def test_any_digits_are_a_time_ahead_or_refused(period: str, now_us: int) -> None:
    try:
        seconds = seconds_ahead(period, now_us)
    except InvalidTime:
        return
    assert seconds is not None
    assert seconds > 0
