"""Amounts and times of the control API, as they come in and go out."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gateway.clock import LATEST_US
from gateway.http.schemas import Advance, Amount, parse_moment, show_moment
from rating.money import Money

ALMATY = ZoneInfo("Asia/Almaty")
AMOUNT: TypeAdapter[Money] = TypeAdapter(Amount)
NOW_US = 1_772_337_600_000_000


def test_a_moment_is_shown_with_the_operators_offset() -> None:
    assert show_moment(NOW_US, ALMATY) == "2026-03-01T09:00:00+05:00"


@given(st.integers(min_value=946_900_000_000_000, max_value=LATEST_US))
def test_what_is_shown_can_be_given_back(moment_us: int) -> None:
    """Exact to the microsecond, also where an offset changed in the past."""
    assert parse_moment(show_moment(moment_us, ALMATY)) == moment_us


def test_other_offsets_and_a_plus_lost_in_a_url_are_understood() -> None:
    for text in ("2026-03-01T04:00:00Z", "2026-03-01T09:00:00 05:00", "2026-03-01T04:00:00+00:00"):
        assert parse_moment(text) == NOW_US


@pytest.mark.parametrize(
    "text",
    ["2026-03-01T09:00:00", "yesterday", "", "1999-01-01T00:00:00Z", 5, None, True, "2026-13-01T00:00:00Z"],
)
def test_a_time_without_offset_or_sense_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="time"):
        parse_moment(text)


@pytest.mark.parametrize(
    ("given", "tiyn"), [("500", 50_000), ("99.5", 9_950), (500, 50_000), ("-1.00", -100)]
)
def test_amounts_are_tenge(given: object, tiyn: int) -> None:
    assert AMOUNT.validate_python(given) == Money(tiyn)


@pytest.mark.parametrize(
    "given", ["1e3", "5 000,50", "٥٠", "", "1.234", 1.5, True, None, 10**40, "9" * 30, [], {}]
)
def test_what_is_no_exact_amount_is_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        AMOUNT.validate_python(given)


@pytest.mark.parametrize("body", [{}, {"seconds": 1, "to": "2026-03-01T09:00:00+05:00"}, {"seconds": -1}])
def test_advance_takes_seconds_or_a_time_never_backwards(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Advance.model_validate(body)
