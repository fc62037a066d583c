"""A state as stored text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ussd_menus.state import State, StateError


@given(st.lists(st.text()).map(tuple), st.integers(0, 3))
def test_a_state_comes_back_as_it_was(answers: tuple[str, ...], wrong: int) -> None:
    packed = State(answers, wrong).pack()
    assert State.unpack(packed) == State(answers, wrong)
    assert packed.isascii()
    json.loads(packed)


@pytest.mark.parametrize(
    "packed",
    # The last is deeper than the reader of JSON goes.
    [
        "",
        "{",
        "1",
        "[]",
        "null",
        "[[],0,0]",
        "[[1],0]",
        "[[],0.5]",
        '["12",0]',
        '[["1"],-1]',
        '[["1"],true]',
        "[" * 10_000,
    ],
)
def test_any_other_text_is_refused_without_being_repeated(packed: str) -> None:
    with pytest.raises(StateError, match=r"^not a packed state$"):
        State.unpack(packed)
