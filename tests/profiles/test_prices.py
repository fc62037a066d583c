"""Prices in a profile: dated versions of tariffs, dated rates of VAT, and what is refused of them."""

from datetime import datetime
from importlib import resources
from zoneinfo import ZoneInfo

import pytest

from handlers.base.profile import ProfileError, load_profile, parse_profile
from handlers.base.profile_tariffs import TARIFFS_NEEDED, read_tariffs, read_vat
from rating.tariff import Tariff, TariffVersion
from rating.vat import percent_at

GOOD = (resources.files("profiles") / "kz.toml").read_text("utf-8")
HEAD = "[[tariffs.collect_call]]\n"
ALMATY = ZoneInfo("Asia/Almaty")


def at_us(*moment: int) -> int:
    """A moment in Almaty as microseconds."""
    return int(datetime(*moment, tzinfo=ALMATY).timestamp()) * 1_000_000  # type: ignore[arg-type, misc]  # numbers


def problems(old: str, new: str) -> tuple[str, ...]:
    """What is wrong with the shipped profile after one change, to its first place."""
    assert old in GOOD
    with pytest.raises(ProfileError) as caught:
        parse_profile("test", GOOD.replace(old, new, 1))
    return caught.value.problems


class TestShipped:
    @pytest.mark.parametrize(
        ("name", "per_minute_tiyn"), [("collect_call", 1500), ("collect_call_friends", 700)]
    )
    def test_a_minute_costs_what_the_operator_says(self, name: str, per_minute_tiyn: int) -> None:
        """services.md section 7: 15 KZT, and 7 KZT where the caller is a friend."""
        assert load_profile("kz").tariffs[name].at(at_us(2025, 3, 14)).per_minute_tiyn == per_minute_tiyn

    def test_a_friends_price_changed_at_midnight_in_almaty(self) -> None:
        friends = load_profile("kz").tariffs["collect_call_friends"]
        change_us = at_us(2014, 6, 1)
        assert (friends.at(change_us - 1).version, friends.at(change_us).version) == ("1", "2")

    def test_vat_rose_with_the_year_2026(self) -> None:
        vat, change_us = load_profile("kz").vat, at_us(2026, 1, 1)
        assert (percent_at(vat, change_us - 1), percent_at(vat, change_us)) == (12, 16)

    def test_every_price_that_a_service_needs_is_there(self) -> None:
        assert set(TARIFFS_NEEDED) <= load_profile("kz").tariffs.keys()


class TestRefused:
    @pytest.mark.parametrize(
        ("old", "new", "problem"),
        [
            (
                "per_minute_kzt = 15",
                "per_minute_kzt = -15",
                "tariffs.collect_call[1].per_minute_kzt must be a",
            ),
            (
                "per_minute_kzt = 15",
                "per_minute_kzt = 7.5",
                "tariffs.collect_call[1].per_minute_kzt must be a",
            ),
            ("per_minute_kzt = 15", "", "tariffs.collect_call[1].per_minute_kzt is missing"),
            ("per_minute_kzt = 15", "per_hour_kzt = 15", "unknown key tariffs.collect_call[1].per_hour_kzt"),
            ("per_minute_kzt = 15", "per_minute_kzt = 15\nincrement_s = 0", "increment_s must be a whole"),
            ("from = 2012-01-01", 'from = "2012-01-01"', "tariffs.collect_call[1].from must be a day like"),
            ("from = 2012-01-01", "from = 2012-01-01T12:00:00", "tariffs.collect_call[1].from must be a day"),
            ("from = 2012-01-01", "from = 1812-01-01", "tariffs.collect_call[1].from must be a day like"),
            ('version = "1"', "version = 1", "tariffs.collect_call[1].version must be a short word"),
            (
                'version = "2"',
                'version = "1"',
                "tariffs.collect_call_friends: a tariff has each version once",
            ),
            (
                "from = 2014-06-01",
                "from = 2012-01-01",
                "tariffs.collect_call_friends: a tariff has one version",
            ),
            (HEAD, "[[tariffs.other]]\n", "tariffs.collect_call is missing"),
            (HEAD, "[tariffs.collect_call]\n", "tariffs.collect_call must be tables of its versions"),
            (
                "percent = 12",
                "percent = 100",
                "vat[1].percent must be a whole number of percents from 0 to 99",
            ),
            ("percent = 12", "", "vat[1].percent is missing"),
            ("from = 2026-01-01", "from = 2009-01-01", "vat must rise"),
        ],
    )
    def test_says_what_is_wrong(self, old: str, new: str, problem: str) -> None:
        found = problems(old, new)
        assert any(problem in each for each in found), found

    @pytest.mark.parametrize("data", [5, [], "x", [5]])
    def test_tariffs_of_another_shape_are_refused(self, data: object) -> None:
        found: list[str] = []
        read_tariffs(dict.fromkeys(TARIFFS_NEEDED, data), "Asia/Almaty", found)
        assert len(found) == len(TARIFFS_NEEDED)

    @pytest.mark.parametrize("data", [5, [], "x", [5], {"percent": 12}])
    def test_vat_of_another_shape_is_refused(self, data: object) -> None:
        found: list[str] = []
        assert read_vat(data, "Asia/Almaty", found) == ()
        assert len(found) == 1


def test_a_day_begins_at_midnight_of_the_profiles_zone() -> None:
    row = {"version": "1", "from": datetime(2024, 3, 1, tzinfo=ALMATY).date(), "per_minute_kzt": 1}
    found: list[str] = []
    read = read_tariffs({name: [row] for name in TARIFFS_NEEDED}, "Asia/Almaty", found)
    assert found == []
    version = TariffVersion(version="1", from_us=at_us(2024, 3, 1), per_minute_tiyn=100)
    assert read["collect_call"] == Tariff("collect_call", (version,))
