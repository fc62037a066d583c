"""Waiting for a condition with a time limit: the only pause of these tests."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Generous: a machine under load is slow, and a condition that comes true ends the wait at once.
PATIENCE_S = 20.0
_LOOK_S = 0.01


def until(condition: Callable[[], T], what: str, limit_s: float = PATIENCE_S) -> T:
    """The condition's first true value. Raises AssertionError, with ``what`` was waited for, at the limit."""
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {limit_s:g} s: {what}")
        time.sleep(_LOOK_S)


def settled(read: Callable[[], object], what: str, still_s: float = 0.1, limit_s: float = PATIENCE_S) -> None:
    """Wait until what is read has not changed for a while. Raises AssertionError at the limit."""
    deadline = time.monotonic() + limit_s
    value, since = read(), time.monotonic()
    while time.monotonic() - since < still_s:
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {limit_s:g} s: {what}")
        time.sleep(_LOOK_S)
        now = read()
        if now != value:
            value, since = now, time.monotonic()
