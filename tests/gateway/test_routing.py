"""Where a message goes: short codes, numbers, other networks; the longest match; nothing ambiguous."""

from dataclasses import replace

import pytest

from gateway.config import DEMO_ACCOUNTS, ConfigError
from gateway.routing import UNKNOWN, Route, RouteKind, Routes
from handlers.base.profile import load_profile
from rating.msisdn import Msisdn

PROFILE = load_profile("kz")
HANDSET, APP = DEMO_ACCOUNTS


@pytest.fixture
def routes() -> Routes:
    return Routes(PROFILE, DEMO_ACCOUNTS)


@pytest.mark.parametrize(
    ("destination", "lane"),
    [
        ("9393", "service:scratch_cards"),
        ("6000", "service:account_basics"),
        ("1234", "account:app1"),
        ("77021234567", "handset:77021234567"),
        ("87021234567", "handset:77021234567"),
        ("+7 702 123-45-67", "handset:77021234567"),
        ("77051234567", "offnet:77051234567"),
        ("4917612345678", "offnet:4917612345678"),
        ("+4917612345678", "offnet:4917612345678"),
        ("777", "unknown:"),
        ("", "unknown:"),
        ("MyBank", "unknown:"),
        ("*100#", "unknown:"),
        ("123456", "unknown:"),
    ],
)
def test_the_route_of_a_destination(routes: Routes, destination: str, lane: str) -> None:
    assert routes.sms(destination).lane == lane
    assert routes.sms(destination).lane == lane


def test_the_longest_owned_prefix_of_a_dialled_string_wins() -> None:
    app = replace(APP, ussd_codes=("*110*7", "*500"))
    routes = Routes(PROFILE, (HANDSET, app))
    assert routes.ussd(("110",)).target == "scratch_cards"
    assert routes.ussd(("110", "1")).target == "scratch_cards"
    assert routes.ussd(("110", "7")) == Route(RouteKind.ACCOUNT, "app1", "*110*7")
    assert routes.ussd(("110", "7", "1")).code == "*110*7"
    assert routes.ussd(("110", "77")).code == "*110"
    assert routes.ussd(("999",)) is UNKNOWN


def test_codes_that_two_own_are_refused_all_at_once() -> None:
    greedy = replace(APP, short_codes=("9393",), ussd_codes=("*110",))
    other = replace(APP, system_id="app2", short_codes=("4321",), ussd_codes=())
    third = replace(other, system_id="app3")
    with pytest.raises(ConfigError) as caught:
        Routes(PROFILE, (greedy, other, third))
    assert caught.value.problems == (
        "short code 9393 belongs to service scratch_cards and to account app1; give it to one of them",
        "short code 4321 belongs to account app2 and to account app3; give it to one of them",
        "service code *110 belongs to service scratch_cards and to account app1; give it to one of them",
    )


def test_on_net_is_what_the_profile_says(routes: Routes) -> None:
    assert routes.is_on_net(Msisdn("77751234567"))
    assert not routes.is_on_net(Msisdn("77051234567"))


def test_many_destinations_are_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.routing._CACHE_MAX", 3)
    routes = Routes(PROFILE, DEMO_ACCOUNTS)
    for number in range(10):
        assert routes.sms(f"7702123456{number}").kind is RouteKind.HANDSET
        assert len(routes._cache) <= 3
