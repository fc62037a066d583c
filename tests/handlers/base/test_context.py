"""Operator time in a handler's context."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from tests.handlers.conftest import Desk

ALMATY = ZoneInfo("Asia/Almaty")


def test_a_moment_has_the_offset_of_its_own_day(desk: "Desk") -> None:
    """Almaty went from +06 to +05 when 1 March 2024 began."""
    context = desk.context()
    change_us = 1_709_229_600 * 1_000_000
    assert context.at(change_us - 1).utcoffset() == timedelta(hours=6)
    assert context.at(change_us).utcoffset() == timedelta(hours=5)


def test_the_moment_of_now_is_now(desk: "Desk") -> None:
    context = desk.context()
    assert context.at(context.now_us) == context.now == datetime(2025, 3, 14, 12, 0, tzinfo=ALMATY)
