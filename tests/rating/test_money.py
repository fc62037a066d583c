"""Money is an integer of tiyn, however it is typed and shown."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from rating.money import TIYN_MAX, InvalidAmount, Money, format_tenge, parse_tenge, tenge

AMOUNTS = st.integers(-TIYN_MAX, TIYN_MAX)


@pytest.mark.parametrize(
    ("text", "tiyn"),
    [
        ("100", 10_000),
        ("99.50", 9_950),
        ("99.5", 9_950),
        ("0.05", 5),
        ("0", 0),
        ("-12.30", -1_230),
        ("007", 700),
        ("1000000000000000", TIYN_MAX),
    ],
)
def test_an_amount_in_tenge_is_read(text: str, tiyn: int) -> None:
    assert parse_tenge(text) == Money(tiyn)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1e3",
        "5 000,50",
        "5,50",
        "1.",
        ".5",
        "1.234",
        "+5",
        "--5",
        "٥٠",
        "５００",
        "NaN",
        "inf",
        "0x10",
        "1_000",
        "9" * 16,
        "1000000000000000.01",
        "100\n",
        "100 ",
        "999999999999999999999999",
    ],
)
def test_anything_else_is_no_amount_and_the_message_says_what_is(text: str) -> None:
    """No exponents, grouping, commas, other digits, or numbers beyond any operator."""
    with pytest.raises(InvalidAmount) as refused:
        parse_tenge(text)
    assert len(str(refused.value)) < 120


@given(AMOUNTS)
def test_what_is_shown_is_read_back(tiyn: int) -> None:
    assert parse_tenge(format_tenge(tiyn)) == Money(tiyn)


@given(st.text(max_size=30))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    try:
        money = parse_tenge(text)
    except InvalidAmount:
        return
    assert abs(money.tiyn) <= TIYN_MAX


@given(AMOUNTS, AMOUNTS)
def test_money_adds_like_integers_and_never_becomes_a_float(a: int, b: int) -> None:
    assert Money(a) + Money(b) - Money(b) == Money(a)
    assert -Money(a) == Money(-a)
    assert (Money(a) < Money(b)) == (a < b)
    assert bool(Money(a)) == (a != 0)
    assert type((Money(a) + Money(b)).tiyn) is int


@pytest.mark.parametrize(
    ("tiyn", "shown"), [(50_000, "500.00"), (5, "0.05"), (-5, "-0.05"), (-1_230, "-12.30"), (0, "0.00")]
)
def test_two_decimals_and_no_grouping(tiyn: int, shown: str) -> None:
    assert format_tenge(tiyn) == str(Money(tiyn)) == shown


def test_tenge_counts_whole_ones() -> None:
    assert tenge(500) == Money(50_000)
