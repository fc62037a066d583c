"""Money, times and numbers as people read them."""

from zoneinfo import ZoneInfo

import pytest

from gateway.pages import words
from handlers.base.cards import Manner
from storage.bank_model import CardEventKind, CardState, TransactionState

ALMATY = ZoneInfo("Asia/Almaty")


@pytest.mark.parametrize(
    ("tiyn", "shown"),
    [
        (0, "0\u00a0KZT"),
        (5_000_000, "50,000\u00a0KZT"),
        (9_950, "99.50\u00a0KZT"),
        (-50_005, "\u2212500.05\u00a0KZT"),
        (7, "0.07\u00a0KZT"),
    ],
)
def test_money_has_groups_and_decimals_only_where_there_are_any(tiyn: int, shown: str) -> None:
    assert words.money(tiyn) == shown


def test_a_time_is_shown_in_the_operators_timezone_without_parts_of_a_second() -> None:
    at = words.moment(1_772_337_605_999_999, ALMATY)
    assert words.time(at) == "1 March 2026, 09:00:05"
    assert at.isoformat() == "2026-03-01T09:00:05+05:00"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("77011234567", "+7\u00a0701\u00a0123\u00a045\u00a067"),
        ("12-45", "12-45"),
        ("", ""),
        ("٧٧٠١١٢٣٤٥٦٧", "٧٧٠١١٢٣٤٥٦٧"),
    ],
)
def test_a_number_is_grouped_and_what_is_none_is_left_alone(stored: str, shown: str) -> None:
    assert words.number(stored) == shown


def test_every_state_kind_and_manner_has_its_word() -> None:
    assert words.KINDS.keys() == set(CardEventKind)
    assert words.CARD_STATES.keys() == set(CardState)
    assert words.TRANSACTION_STATES.keys() == set(TransactionState)
    assert words.MANNERS.keys() == set(Manner)
    assert CardEventKind.TOP_UP not in words.DESK_KINDS
