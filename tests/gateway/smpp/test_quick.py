"""A quick class is the frozen dataclass that it was, only made sooner."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.smpp.quick import quick


@dataclass(frozen=True, slots=True)
class Base:
    number: int = 0


@dataclass(frozen=True, slots=True)
class Plain(Base):
    name: str = "none"
    rest: tuple[int, ...] = ()
    last: int = field(default=3, kw_only=True)


@quick
@dataclass(frozen=True, slots=True)
class Quick(Base):
    name: str = "none"
    rest: tuple[int, ...] = ()
    last: int = field(default=3, kw_only=True)


def _fields(value: Any) -> tuple[object, ...]:
    return (value.number, value.name, value.rest, value.last)


@given(st.integers(), st.text(), st.lists(st.integers()).map(tuple), st.integers())
def test_it_takes_the_same_values(number: int, name: str, rest: tuple[int, ...], last: int) -> None:
    quickly, plainly = Quick(number, name, rest, last=last), Plain(number, name, rest, last=last)
    assert _fields(quickly) == _fields(plainly)
    assert type(quickly) is Quick
    assert hash(quickly) == hash(plainly)
    assert quickly == Quick(number, rest=rest, name=name, last=last)


def test_its_defaults_are_the_same() -> None:
    assert _fields(Quick()) == _fields(Plain())


def test_it_is_frozen() -> None:
    value = Quick(1)
    with pytest.raises(FrozenInstanceError):
        value.number = 2  # type: ignore[misc]  # what is tried
    with pytest.raises(FrozenInstanceError):
        del value.name
    assert value.number == 1


def test_it_is_copied_replaced_and_pickled_as_before() -> None:
    value = Quick(1, "one", (1,), last=4)
    assert copy.copy(value) == copy.deepcopy(value) == value
    assert replace(value, name="two") == Quick(1, "two", (1,), last=4)
    assert repr(value) == repr(Plain(1, "one", (1,), last=4)).replace("Plain", "Quick")
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own octets


@pytest.mark.parametrize("arguments", [(1, "n", (), 4), (1, "n", (), 4, 5)])
def test_wrong_arguments_are_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        Quick(*arguments)


def test_a_subclass_keeps_its_class() -> None:
    class Special(Quick):
        __slots__ = ()

    assert type(Special(1)) is Special


def test_what_cannot_be_quick_says_so() -> None:
    @dataclass(frozen=True, slots=True)
    class WithFactory:
        each: list[int] = field(default_factory=list)

    @dataclass(frozen=True)
    class WithoutSlots:
        each: int = 0

    for wrong in (WithFactory, WithoutSlots):
        with pytest.raises(TypeError, match=wrong.__name__):
            quick(wrong)
