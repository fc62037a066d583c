"""Numbers: typed in many ways, kept in one."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from rating.msisdn import InvalidMsisdn, is_canonical, parse_msisdn


@pytest.mark.parametrize(
    "typed",
    [
        "77011234567",
        "87011234567",
        "+77011234567",
        " +7 701 123-45-67 ",
        "8 (701) 123 45 67",
        "+7(701)1234567",
        "7 701 123\u201345\u201367",
        "7\u00a0701\u00a01234567",
        "７７０１１２３４５６７",
    ],
)
def test_the_ways_that_people_type_a_number_lead_to_one(typed: str) -> None:
    assert parse_msisdn(typed) == "77011234567"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "7701123456",
        "770112345678",
        "7011234567",
        "97011234567",
        "+87011234567",
        "76011234567",
        "*100#",
        "9393",
        "7701123456a",
        "٧٧٠١١٢٣٤٥٦٧",
        "77011234567;DROP",
        "+" * 1000,
    ],
)
def test_anything_else_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(InvalidMsisdn, match="77011234567") as refused:
        parse_msisdn(typed)
    assert len(str(refused.value)) < 120


@given(st.text(max_size=40))
def test_any_text_is_a_canonical_number_or_refused(text: str) -> None:
    try:
        found = parse_msisdn(text)
    except InvalidMsisdn:
        assert not is_canonical(text)
        return
    assert is_canonical(found)
    assert parse_msisdn(found) == found


@pytest.mark.parametrize("text", ["87011234567", "77011234567\n", " 77011234567", "7701123456７"])
def test_only_the_stored_form_is_canonical(text: str) -> None:
    assert not is_canonical(text)
