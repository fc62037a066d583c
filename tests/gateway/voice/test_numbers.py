"""Numbers as they are dialled."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.voice.numbers import Way, check_voice, dialled, kept, msisdn_of, way_of
from handlers.base.profile import ProfileError, load_profile
from ussd_menus.prompts.registry import FLOWS

PROFILE = load_profile("kz")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("9393", "9393"),
        (" 93 93 ", "9393"),
        ("000 8 (701) 123-45-67", "00087011234567"),
        ("+7 727 258 53 33", "77272585333"),
        ("９３９３", "9393"),
        ("000 +7 701 123 45 67", "00077011234567"),
    ],
)
def test_a_number_is_read_in_every_form(typed: str, number: str) -> None:
    assert dialled(typed) == number


@pytest.mark.parametrize(
    "typed", ["", " ", "+", "*110*1#", "*133*77011234567#", "abc", "93x93", "1" * 21, "٩٣٩٣"]
)
def test_what_is_no_number_is_none(typed: str) -> None:
    assert dialled(typed) is None


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_none(typed: str) -> None:
    number = dialled(typed)
    assert number is None or (number.isascii() and number.isdigit() and len(number) <= 20)


@pytest.mark.parametrize(
    ("number", "way"),
    [
        ("9393", Way("scratch_cards", "9393")),
        ("7000", Way("bank_phone", "7000")),
        ("77272585333", Way("bank_phone", "77272585333")),
        ("87272585333", Way("bank_phone", "77272585333")),
        ("00077011234567", Way("collect_call", "000", "77011234567")),
        ("000", Way("collect_call", "000")),
        ("000112", Way("collect_call", "000", "112")),
    ],
)
def test_a_number_leads_to_its_service(number: str, way: Way) -> None:
    assert way_of(number, PROFILE) == way


@pytest.mark.parametrize("number", ["112", "77011234567", "93930", "1", "00"])
def test_other_numbers_lead_nowhere(number: str) -> None:
    assert way_of(number, PROFILE) is None


def test_the_longest_beginning_wins() -> None:
    profile = replace(PROFILE, voice_prefixes={"000": "collect_call", "0007": "scratch_cards"})
    assert way_of("00077", profile) == Way("scratch_cards", "0007", "7")
    assert way_of("00087", profile) == Way("collect_call", "000", "87")


def test_of_a_number_too_long_to_be_one_nothing_is_kept() -> None:
    """Thirteen digits may be a scratch card's code, dialled where it should have been keyed."""
    assert (kept("77011234567"), kept("1234567890123")) == ("77011234567", "***")


def test_a_subscribers_number_is_found_or_not() -> None:
    assert msisdn_of("87011234567") == "77011234567"
    assert msisdn_of("112") is None


def test_a_profile_whose_number_leads_to_a_service_without_prompts_is_refused() -> None:
    check_voice(PROFILE, FLOWS)
    profile = replace(PROFILE, voice_services={"6000": "account_basics"})
    with pytest.raises(ProfileError, match="6000 leads to account_basics"):
        check_voice(profile, FLOWS)
