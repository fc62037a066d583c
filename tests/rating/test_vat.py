"""VAT is inside a price, at the rate of its day."""

from fractions import Fraction

import hypothesis.strategies as st
import pytest
from hypothesis import given

from rating.money import TIYN_MAX
from rating.vat import VatRate, percent_at, split_vat

RATES = (VatRate(100, 12), VatRate(200, 16))


@pytest.mark.parametrize(
    ("gross", "percent", "net", "vat"),
    [
        (112, 12, 100, 12),
        (116, 16, 100, 16),
        (1500, 12, 1339, 161),
        (1500, 16, 1293, 207),
        (700, 12, 625, 75),
        (25, 12, 22, 3),
        (4, 12, 4, 0),
        (14, 12, 12, 2),  # 1.5 tiyn: half up
        (0, 12, 0, 0),
        (1500, 0, 1500, 0),
    ],
)
def test_net_and_vat_of_a_price(gross: int, percent: int, net: int, vat: int) -> None:
    assert split_vat(gross, percent) == (net, vat)


@given(st.integers(0, TIYN_MAX), st.integers(0, 99))
def test_net_and_vat_make_the_gross_and_are_half_a_tiyn_off_at_most(gross: int, percent: int) -> None:
    net, vat = split_vat(gross, percent)
    assert net + vat == gross
    assert -Fraction(1, 2) < vat - Fraction(gross * percent, 100 + percent) <= Fraction(1, 2)
    assert vat >= 0
    assert net > 0 or gross == 0


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 99))
def test_neither_falls_when_the_price_rises(gross: int, more: int, percent: int) -> None:
    before, after = split_vat(gross, percent), split_vat(gross + more, percent)
    assert before[0] <= after[0]
    assert before[1] <= after[1]


@pytest.mark.parametrize(("gross", "percent"), [(-1, 12), (1, -1), (1, 100)])
def test_what_is_no_price_or_no_rate_is_refused(gross: int, percent: int) -> None:
    with pytest.raises(ValueError, match="no VAT of"):
        split_vat(gross, percent)


@pytest.mark.parametrize(("at_us", "percent"), [(0, 12), (100, 12), (199, 12), (200, 16), (10**18, 16)])
def test_a_rate_is_in_force_until_the_next(at_us: int, percent: int) -> None:
    assert percent_at(RATES, at_us) == percent


def test_without_rates_there_is_no_tax() -> None:
    assert percent_at((), 5) == 0
