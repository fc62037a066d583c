"""``wait=``: a list is looked at again after each commit."""

import asyncio
from typing import Any, TypeAlias

import pytest

from gateway.http.waiting import found_within

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any


def test_without_waiting_it_looks_once(operator: Operator) -> None:
    looks: list[object] = []

    def nothing(reads: object) -> list[str]:
        looks.append(reads)
        return []

    assert asyncio.run(found_within(0.0, operator, nothing)) == []
    assert len(looks) == 1


@pytest.mark.parametrize("commits", [1, 3])
def test_it_looks_after_each_commit_until_there_is_something(operator: Operator, commits: int) -> None:
    looks = 0

    def found(_reads: object) -> list[str]:
        nonlocal looks
        looks += 1
        # The next commit comes at the worst moment: while the store is being looked at.
        operator.committed.set()
        return ["call"] if looks > commits else []

    assert asyncio.run(asyncio.wait_for(found_within(60.0, operator, found), 10)) == ["call"]
    assert looks == commits + 1


def test_time_that_is_up_ends_it_with_nothing(operator: Operator) -> None:
    assert asyncio.run(found_within(0.001, operator, lambda _: [])) == []
