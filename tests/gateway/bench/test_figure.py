"""What was measured against what is wanted."""

import pytest

from gateway.bench.figure import Figure, as_json, percentile


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (Figure("rate", 3_000, "commands/s", goal=3_000), True),
        (Figure("rate", 2_999, "commands/s", goal=3_000), False),
        (Figure("time", 5, "ms", goal=5, at_most=True), True),
        (Figure("time", 5.1, "ms", goal=5, at_most=True), False),
        (Figure("for information", 1, "x"), None),
    ],
)
def test_a_goal_is_met_or_missed_in_its_own_direction(figure: Figure, met: bool | None) -> None:
    assert figure.met is met
    assert as_json([figure])[0]["met"] is met


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile(values, 1) == 100
    assert percentile([7.0], 0.99) == 7


def test_nothing_measured_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 0.5)
