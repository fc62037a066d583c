"""Marks in whatever order reports come."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.mark import Mark, of_segments

MARKS = st.sampled_from(Mark)


def heard(*marks: Mark) -> Mark:
    """The mark after these reports."""
    now = Mark.SENT
    for mark in marks:
        now = now.then(mark)
    return now


def test_reports_of_a_message_that_was_read_lead_to_read_in_any_order() -> None:
    for order in permutations((Mark.WAITING, Mark.DELIVERED, Mark.READ)):
        assert heard(*order) is Mark.READ


@given(st.lists(MARKS), MARKS)
def test_failed_and_read_stay(before: list[Mark], later: Mark) -> None:
    mark = heard(*before)
    if mark in {Mark.FAILED, Mark.READ}:
        assert mark.then(later) is mark


def test_a_delivered_message_does_not_fail_or_wait_afterwards() -> None:
    assert heard(Mark.DELIVERED, Mark.FAILED, Mark.WAITING) is Mark.DELIVERED


@pytest.mark.parametrize(
    ("segments", "whole"),
    [
        ([Mark.SENT], Mark.SENT),
        ([Mark.DELIVERED, Mark.SENT], Mark.SENT),
        ([Mark.SENT, Mark.WAITING], Mark.WAITING),
        ([Mark.DELIVERED, Mark.WAITING], Mark.WAITING),
        ([Mark.DELIVERED, Mark.READ], Mark.DELIVERED),
        ([Mark.DELIVERED, Mark.DELIVERED], Mark.DELIVERED),
        ([Mark.READ, Mark.READ], Mark.READ),
        ([Mark.DELIVERED, Mark.FAILED, Mark.SENT], Mark.FAILED),
    ],
)
def test_a_message_is_delivered_with_its_last_segment_and_fails_with_one(
    segments: list[Mark], whole: Mark
) -> None:
    assert of_segments(segments) is whole


def test_what_is_final() -> None:
    assert [mark for mark in Mark if mark.is_final] == [Mark.DELIVERED, Mark.READ, Mark.FAILED]
