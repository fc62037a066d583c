"""Money: integers of tiyn (1 KZT = 100 tiyn), typed and shown in tenge."""

import re
from dataclasses import dataclass

TIYN_PER_TENGE = 100
#: Enough for any operator, and 90 times below the end of a BIGINT, so that a sum of many fits too.
TIYN_MAX = 10**17

_TENGE = re.compile(r"(-?)([0-9]{1,16})(?:\.([0-9]{1,2}))?")


class InvalidAmount(ValueError):
    """The text is no amount in tenge. The message says what would be right."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in tiyn. Add, subtract, negate and compare it; it never becomes a float."""

    tiyn: int

    def __add__(self, other: "Money") -> "Money":
        return Money(self.tiyn + other.tiyn)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.tiyn - other.tiyn)

    def __neg__(self) -> "Money":
        return Money(-self.tiyn)

    def __bool__(self) -> bool:
        return self.tiyn != 0

    def __str__(self) -> str:
        return format_tenge(self.tiyn)


def tenge(whole: int) -> Money:
    """``tenge(500)`` is 500 KZT."""
    return Money(whole * TIYN_PER_TENGE)


def format_tenge(tiyn: int) -> str:
    """Two decimals, a point, no grouping: the form of the control API (``"500.00"``)."""
    sign = "-" if tiyn < 0 else ""
    whole, rest = divmod(abs(tiyn), TIYN_PER_TENGE)
    return f"{sign}{whole}.{rest:02d}"


def parse_tenge(text: str) -> Money:
    """Read ``"100"``, ``"99.5"`` or ``"99.50"``; ASCII digits only, at most two decimals.

    Raises InvalidAmount for everything else: grouping, exponents, a comma, other digits.
    """
    match = _TENGE.fullmatch(text)
    if match is None:
        raise InvalidAmount(f"{text[:40]!r} is not an amount in tenge; write it like 500 or 99.50")
    sign, whole, rest = match.groups()
    tiyn = int(whole) * TIYN_PER_TENGE + int((rest or "0").ljust(2, "0"))
    if tiyn > TIYN_MAX:
        raise InvalidAmount(f"{text[:40]!r} is too large; the most is {format_tenge(TIYN_MAX)}")
    return Money(-tiyn if sign else tiyn)
