"""address_range of a bind: which numbers it serves, how narrow it is, and what is no pattern."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.address_range import InvalidAddressRange, parse_address_range

ALIYA = "77011234567"


@pytest.mark.parametrize(
    "pattern",
    ["", "^7701", "7701", "^77", ALIYA, f"^{ALIYA}$", "^770[1-3]", "^770[^2]", "4567$", "^7.011", "^77*0"],
)
def test_patterns_that_serve_the_number(pattern: str) -> None:
    assert parse_address_range(pattern).serves(ALIYA)


@pytest.mark.parametrize(
    "pattern", ["^7702", "^701", "77011234568", "^770[2-9]", "^770[^1]", "4568$", "^7{3}"]
)
def test_patterns_that_do_not(pattern: str) -> None:
    assert not parse_address_range(pattern).serves(ALIYA)


def test_narrowness_grows_with_the_digits_that_are_fixed() -> None:
    patterns = ["", "^7", "^77", "^770[1-3]", "^7701", "^77011", ALIYA]
    narrowness = [parse_address_range(pattern).narrowness for pattern in patterns]
    assert narrowness == sorted(narrowness) == [0, 1, 2, 3, 4, 5, 11]


@pytest.mark.parametrize("pattern", ["^7*", "^[7]", "^.", "7?"])
def test_what_may_vary_fixes_nothing(pattern: str) -> None:
    assert parse_address_range(pattern).narrowness == 0


def test_a_whole_number_is_exact() -> None:
    assert parse_address_range(ALIYA).exact == ALIYA
    assert parse_address_range("^7701").exact == ""


@pytest.mark.parametrize(
    "pattern",
    [
        "(7701)",
        "(a+)+",
        "7|8",
        r"\d+",
        "[a-z]",
        "7++",
        "7**",
        "*7",
        "[7",
        "7{",
        "7{1",
        "7{2,1}",
        "^^7",
        "$7",
        "7701#",
        "[9-0]",
        "1*2*3*4*5",
        ".{1,99}.{1,99}.{1,99}.{1,99}",
        "(?P<x>7)",
        "７７",
    ],
)
def test_what_is_no_number_pattern_is_refused_with_an_example(pattern: str) -> None:
    with pytest.raises(InvalidAddressRange, match="address_range"):
        parse_address_range(pattern)


@given(st.text(alphabet="0179.^$*+?[]{},-()|\\", max_size=40))
def test_any_pattern_is_refused_or_answers_at_once(pattern: str) -> None:
    try:
        serves = parse_address_range(pattern).serves
    except InvalidAddressRange:
        return
    started = time.perf_counter()
    serves("7" * 11)
    serves("1" * 10 + "x")
    assert time.perf_counter() - started < 0.1


def test_a_range_within_an_accounts_range_is_both() -> None:
    allowed = parse_address_range("^7701")
    asked = parse_address_range("")
    both = type(asked)(asked.pattern, asked.narrowness, asked.exact, asked.regex, allowed)
    assert both.serves(ALIYA)
    assert not both.serves("77021234567")
