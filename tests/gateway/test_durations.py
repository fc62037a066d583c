"""Lengths of time as people type them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.durations import InvalidDuration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5s", 5), ("500ms", 0.5), ("1m", 60), ("10", 10), (" 1.5s ", 1.5), ("1h", 3600), ("0", 0)],
)
def test_each_unit_becomes_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text, longest_s=3600) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1", "1e3", "5 s", "١", "1d", "nan", "inf", "9" * 50, "61m"])
def test_anything_else_and_too_long_is_refused(text: str) -> None:
    with pytest.raises(InvalidDuration):
        parse_duration(text, longest_s=3600)


@given(st.text(max_size=12))
def test_no_text_gives_more_than_the_longest(text: str) -> None:
    with suppress(InvalidDuration):
        assert 0 <= parse_duration(text, longest_s=60) <= 60
