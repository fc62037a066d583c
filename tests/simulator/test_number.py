"""Numbers as people type them."""

import pytest

from simulator.errors import BadNumber
from simulator.number import called_number, dialled_string, own_number


@pytest.mark.parametrize("text", ["77011234567", "87011234567", "+77011234567", "+7 (701) 123-45-67"])
def test_a_handsets_number_is_kept_in_one_form(text: str) -> None:
    assert own_number(text) == "77011234567"


@pytest.mark.parametrize(
    "text", ["", "7701123456", "770112345678", "9393", "77O11234567", "77011234567x", "٧٧٠"]
)
def test_what_is_no_mobile_number_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadNumber, match="77011234567"):
        own_number(text)


def test_a_plus_makes_a_called_number_international() -> None:
    assert called_number("+77021234567") == (1, "77021234567")
    assert called_number("8 702 123-45-67") == (0, "87021234567")
    assert called_number("9393") == (0, "9393")


@pytest.mark.parametrize("text", ["", "MyBank", "+", "1" * 21])
def test_what_cannot_be_called_is_refused(text: str) -> None:
    with pytest.raises(BadNumber):
        called_number(text)


@pytest.mark.parametrize("text", ["*100#", "*110*1234567890123#", "#31#", "**21#", "*110* 1234 567 #"])
def test_ussd_codes_can_be_dialled(text: str) -> None:
    assert dialled_string(text) == text.replace(" ", "")


@pytest.mark.parametrize("text", ["", "100", "*100", "100#", "*1?#", "*", "#"])
def test_what_is_no_ussd_code_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadNumber, match=r"\*100#"):
        dialled_string(text)
