"""Tariffs as dated data, and what a call costs by them (services.md section 7, decision 0032).

Times are microseconds since the epoch, amounts tiyn. A call is priced from its first moment on: each
increment that has begun counts whole, by the version in force at its beginning.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

_US_PER_S: Final = 1_000_000
_S_PER_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class TariffVersion:
    """One price: in force from ``from_us`` until the next version's, ``per_minute_tiyn`` for each minute.

    Time is counted in increments of ``increment_s`` seconds. Raises ValueError for a version without a name,
    a price below zero, or an increment of nothing.
    """

    version: str
    from_us: int
    per_minute_tiyn: int
    increment_s: int = 1

    def __post_init__(self) -> None:
        if not self.version or self.per_minute_tiyn < 0 or self.increment_s < 1:
            raise ValueError(
                "a version has a name, a price of zero or more, and increments of a second or more"
            )

    def cost_tiyn(self, seconds: int) -> int:
        """What so many seconds cost in one piece, rounded half up once."""
        return (seconds * self.per_minute_tiyn + _S_PER_MINUTE // 2) // _S_PER_MINUTE

    def seconds_for(self, money_tiyn: int) -> int:
        """The most whole increments that cost no more than this, in seconds. Only for a price above zero."""
        covered = (money_tiyn * _S_PER_MINUTE + _S_PER_MINUTE // 2 - 1) // self.per_minute_tiyn
        return max(0, covered - covered % self.increment_s)


@dataclass(frozen=True, slots=True)
class Tariff:
    """The versions of one price, oldest first. The oldest is good for all time before it, too.

    Raises ValueError where there are none, they do not rise, or two have one name.
    """

    name: str
    versions: tuple[TariffVersion, ...]

    def __post_init__(self) -> None:
        starts = [each.from_us for each in self.versions]
        if not starts or sorted(set(starts)) != starts:
            raise ValueError("a tariff has one version or more, each from a later time than the one before")
        if len({each.version for each in self.versions}) != len(starts):
            raise ValueError("a tariff has each version once")

    def at(self, at_us: int) -> TariffVersion:
        """The version in force at this moment."""
        for version in reversed(self.versions):
            if version.from_us <= at_us:
                return version
        return self.versions[0]


class Segment(NamedTuple):
    """Seconds of a call that one version prices, and their cost. ``from_us`` is where they begin."""

    version: str
    from_us: int
    seconds: int
    per_minute_tiyn: int
    cost_tiyn: int


def rated(tariff: Tariff, began_us: int, ended_us: int) -> tuple[Segment, ...]:
    """The segments of a call, in order; none for one that did not last."""
    return tuple(segment for _, segment in _rated(tariff, began_us, ended_us))


def cost_tiyn(segments: Iterable[Segment]) -> int:
    """What the segments cost together: each of them was rounded once."""
    return sum(segment.cost_tiyn for segment in segments)


def affordable_us(tariff: Tariff, began_us: int, until_us: int, money_tiyn: int) -> int:
    """The latest moment, ``until_us`` at most, up to which the money pays for a call that began then.

    It is ``until_us``, or whole increments after ``began_us``; ``began_us`` itself where the money does not
    pay for one. Money below zero is none.
    """
    left_tiyn = max(0, money_tiyn)
    for version, segment in _rated(tariff, began_us, until_us):
        if segment.cost_tiyn > left_tiyn:
            return segment.from_us + version.seconds_for(left_tiyn) * _US_PER_S
        left_tiyn -= segment.cost_tiyn
    return max(began_us, until_us)


def _rated(tariff: Tariff, began_us: int, ended_us: int) -> Iterator[tuple[TariffVersion, Segment]]:
    at_us = began_us
    for version, until_us in _in_force(tariff, ended_us):
        if at_us >= until_us:
            continue
        increments = -((at_us - until_us) // (version.increment_s * _US_PER_S))
        seconds = increments * version.increment_s
        price = version.per_minute_tiyn
        yield version, Segment(version.version, at_us, seconds, price, version.cost_tiyn(seconds))
        at_us += seconds * _US_PER_S


def _in_force(tariff: Tariff, ended_us: int) -> Iterator[tuple[TariffVersion, int]]:
    """Each version, and the end of its time: the next one's beginning, or that of the call."""
    versions = tariff.versions
    for number, version in enumerate(versions, 1):
        next_us = versions[number].from_us if number < len(versions) else ended_us
        yield version, min(next_us, ended_us)
