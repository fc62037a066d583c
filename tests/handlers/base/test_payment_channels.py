"""Channels as data: those that are shipped, what they earn, and everything that is refused, all at once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.base.outcome import Text
from handlers.base.payment_channels import CASHBACK_BP_MAX, ReceiptForm, Source, read_channels
from handlers.base.profile import load_profile
from rating.money import tenge

CHANNELS = load_profile("kz").channels
TERMINALS = ("qiwi", "cyberplat", "kassa24", "payment_express", "sber_terminal")
GOOD = {"title": "Piggy", "minimum_kzt": 1, "sources": ["cash"], "receipt": "slip"}


def problems(table: object, name: str = "piggy") -> list[str]:
    """What is wrong with a profile of one such channel."""
    found: list[str] = []
    channels = read_channels({name: table}, found)
    assert bool(channels) != bool(found)
    return found


class TestShipped:
    def test_has_every_channel_of_the_operator(self) -> None:
        banks = {"kaspi", "homebank", "halyk", "sber", "centercredit", "atm", "kiosk", "branch"}
        assert set(CHANNELS) == {*banks, *TERMINALS}

    @pytest.mark.parametrize("name", TERMINALS)
    def test_terminals_take_cash_from_200_kzt_and_print_a_slip_with_a_telephone(self, name: str) -> None:
        channel = CHANNELS[name]
        assert channel.minimum_tiyn == tenge(200).tiyn
        assert channel.sources == {Source.CASH}
        assert channel.receipt is ReceiptForm.SLIP
        assert sum(each.isdigit() for each in channel.support) >= 11

    def test_halyk_has_a_receipt_to_print(self) -> None:
        assert CHANNELS["halyk"].receipt is ReceiptForm.PRINTABLE

    def test_kaspi_takes_five_sources_and_gives_five_percent_for_three_of_them(self) -> None:
        kaspi = CHANNELS["kaspi"]
        assert kaspi.sources == {"deposit", "card", "wallet", "other_card", "bonus"}
        earned = {source: kaspi.cashback_tiyn(10_000, source) for source in kaspi.sources}
        assert earned == {"deposit": 500, "card": 500, "wallet": 500, "other_card": 0, "bonus": 0}
        others = [each for each in CHANNELS.values() if each is not kaspi]
        assert all(each.cashback_tiyn(10_000, source) == 0 for each in others for source in Source)

    def test_a_channel_without_a_name_of_its_own_is_called_by_what_it_is(self) -> None:
        generic = {name: each.shown for name, each in CHANNELS.items() if isinstance(each.shown, Text)}
        assert set(generic) == {"atm", "kiosk", "branch"}
        assert CHANNELS["kaspi"].shown == "Kaspi.kz"

    @given(st.integers(1, 10**17))
    def test_cashback_is_never_more_than_five_percent(self, tiyn: int) -> None:
        earned = CHANNELS["kaspi"].cashback_tiyn(tiyn, "card")
        assert tiyn - 20 < earned * 20 <= tiyn


class TestRefused:
    def test_the_good_one_is_good(self) -> None:
        assert problems(GOOD) == []

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"title": ""}, "title must be a text"),
            ({"title": 5}, "title must be a text"),
            ({"title": "x" * 81}, "title must be a text"),
            ({"title": "a\nb"}, "title must be a text"),
            ({"minimum_kzt": 0}, "minimum_kzt must be a whole amount"),
            ({"minimum_kzt": -1}, "minimum_kzt must be a whole amount"),
            ({"minimum_kzt": 1.5}, "minimum_kzt must be a whole amount"),
            ({"minimum_kzt": True}, "minimum_kzt must be a whole amount"),
            ({"sources": []}, "sources must be a list of some of"),
            ({"sources": "cash"}, "sources must be a list of some of"),
            ({"sources": ["gold"]}, "sources must be a list of some of"),
            ({"sources": [["cash"]]}, "sources must be a list of some of"),
            ({"sources": ["cash", "cash"]}, "names a source twice"),
            ({"receipt": "papyrus"}, "receipt must be one of printable, slip"),
            ({"receipt": []}, "receipt must be one of printable, slip"),
            ({"support": ""}, "support must be a text"),
            ({"cashback_bp": CASHBACK_BP_MAX + 1, "cashback_sources": ["cash"]}, "cashback_bp must be"),
            ({"cashback_bp": -1, "cashback_sources": ["cash"]}, "cashback_bp must be"),
            ({"cashback_bp": 5}, "needs both of cashback_bp and cashback_sources"),
            ({"cashback_sources": ["cash"]}, "needs both of cashback_bp and cashback_sources"),
            ({"cashback_bp": 5, "cashback_sources": ["card"]}, "must be among its sources"),
            (
                {"sources": ["bonus"], "cashback_bp": 5, "cashback_sources": ["bonus"]},
                "cannot give bonuses for bonuses",
            ),
            ({"colour": "red"}, "unknown key channels.piggy.colour"),
        ],
        ids=str,
    )
    def test_says_what_is_wrong(self, change: dict[str, Any], problem: str) -> None:
        (found,) = problems(GOOD | change)
        assert problem in found

    @pytest.mark.parametrize("key", ["title", "minimum_kzt", "sources", "receipt"])
    def test_says_what_is_missing(self, key: str) -> None:
        assert problems({name: value for name, value in GOOD.items() if name != key}) == [
            f"channels.piggy.{key} is missing"
        ]

    def test_all_problems_come_at_once(self) -> None:
        assert len(problems({"minimum_kzt": 0, "sources": [], "colour": 1})) == 4

    @pytest.mark.parametrize("name", ["Piggy", "1st", "pig gy", "", "p" * 33, "свинья"])
    def test_a_name_is_a_word(self, name: str) -> None:
        assert any("must be named like" in each for each in problems(GOOD, name))

    @pytest.mark.parametrize("table", [5, "x", [], None])
    def test_a_channel_is_a_table(self, table: object) -> None:
        assert problems(table) == ["channels.piggy must be a table of its own"]

    @pytest.mark.parametrize("data", [None, {}, [], 5])
    def test_a_profile_has_channels(self, data: object) -> None:
        found: list[str] = []
        assert read_channels(data, found) == {}
        assert found == ["channels is missing"]
