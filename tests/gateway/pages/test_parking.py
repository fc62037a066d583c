"""The parking page: zones, who is parked until when, what a day brought, and the car that one looks for."""

from datetime import datetime

import pytest

from gateway.clock import ClockMode
from gateway.pages import parking
from gateway.pages.parking import remaining
from gateway.work import SetClock
from tests.gateway.pages.browser import Browser, Element, typed_into
from tests.gateway.pages.conftest import MakeClient
from tests.gateway.pages.parked_cars import HOUR_US, ask, park, stop
from tests.gateway.stand import BOLAT, PROFILE, START_US, ZONE, S, Stand

OLD, NEW = "A111AAA", "123AAA02"
DAY_US = 24 * HOUR_US


@pytest.fixture(autouse=True)
def _noon_stands_still(stand: Stand) -> None:
    stand.run(SetClock(ClockMode.VIRTUAL, START_US))


def rows(browser: Browser, part: str) -> list[list[str]]:
    """A table's cells by the id of its body."""
    return [[cell.text for cell in row.children] for row in browser.page.one("tbody", id=part).children]


def cars(browser: Browser) -> list[str]:
    return [row[0] for row in rows(browser, "parked")]


# -- the zones -------------------------------------------------------------------------------------


def test_an_empty_town_shows_its_ten_zones_in_order_and_nobody_parked(browser: Browser) -> None:
    browser.open("/parking")
    zones = rows(browser, "zones")
    assert [row[0] for row in zones] == [str(number) for number in range(1001, 1011)]
    first = PROFILE.parking_zones["1001"]
    assert zones[0] == ["1001", first.name, first.block, "0"]
    assert rows(browser, "parked") == [["Nobody is parked now."]]
    assert browser.page.one(id="parked-caption").text.startswith("0 cars")


def test_cars_are_listed_with_until_when_whose_time_ends_first_on_top(browser: Browser, stand: Stand) -> None:
    park(stand, OLD, "1002", hours=2, msisdn=BOLAT)
    park(stand, NEW)
    browser.open("/parking")
    assert rows(browser, "parked") == [
        [NEW, "1001", "+7 701 123 45 67", "1 March 2026, 10:00:00", "1:00:00"],
        [OLD, "1002", "+7 702 123 45 67", "1 March 2026, 11:00:00", "2:00:00"],
    ]
    assert [row[3] for row in rows(browser, "zones")][:3] == ["1", "1", "0"]
    assert browser.page.one(id="parked-caption").text.startswith("2 cars")


def test_what_is_only_asked_for_or_over_is_not_parked(browser: Browser, stand: Stand) -> None:
    ask(stand, OLD)
    stop(stand, park(stand, NEW), 5_000)
    assert rows(browser.open("/parking"), "parked") == [["Nobody is parked now."]]


def test_time_that_is_left_is_that_of_the_operators_clock(browser: Browser, stand: Stand) -> None:
    park(stand, NEW)
    stand.run(SetClock(ClockMode.VIRTUAL, START_US + HOUR_US - 61 * S + 1))
    assert rows(browser.open("/parking"), "parked")[0][-1] == "0:01:01"
    assert browser.page.one("time", id="clock").text == "1 March 2026, 09:58:59"


@pytest.mark.parametrize(
    ("left_us", "shown"),
    [
        (-5 * S, "0:00:00"),
        (0, "0:00:00"),
        (1, "0:00:01"),
        (60 * S, "0:01:00"),
        (HOUR_US - 1, "1:00:00"),
        (DAY_US + 1, "24:00:01"),
    ],
)
def test_a_begun_second_is_left_as_a_whole_one_and_never_less_than_none(left_us: int, shown: str) -> None:
    assert remaining(left_us) == shown


def test_the_script_is_given_the_operators_clock_and_when_each_time_ends(
    browser: Browser, stand: Stand
) -> None:
    park(stand, NEW)
    clock = browser.open("/parking").page.one("time", id="clock")
    assert clock.attrs["data-now"] == str(START_US // 1000)
    assert clock.attrs["data-runs"] == "false"
    assert clock.attrs["data-zone"] == str(5 * 3600)
    assert "stands still" in browser.page.main
    (cell,) = [each for each in browser.page.all("td") if "data-ends" in each.attrs]
    assert cell.attrs["data-ends"] == str((START_US + HOUR_US) // 1000)


def test_a_clock_that_runs_says_so_to_the_script(browser: Browser, stand: Stand) -> None:
    stand.run(SetClock(ClockMode.REAL, None))
    browser.open("/parking")
    assert browser.page.one("time", id="clock").attrs["data-runs"] == "true"
    assert "stands still" not in browser.page.main


def test_a_long_list_is_cut_and_says_how_many_there_are(
    browser: Browser, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parking, "CARS_SHOWN", 2)
    for number in range(3):
        park(stand, f"12{number}AAA02", hours=3 - number)
    browser.open("/parking")
    assert cars(browser) == ["122AAA02", "121AAA02"]
    caption = browser.page.one(id="parked-caption").text
    assert caption.startswith("3 cars; the 2 whose time ends first.")
    assert rows(browser, "zones")[0][-1] == "3"


def test_a_zone_that_the_profile_no_longer_has_is_shown_while_cars_are_in_it(
    browser: Browser, stand: Stand
) -> None:
    park(stand, NEW, "999")
    browser.open("/parking")
    assert rows(browser, "zones")[-1] == ["999", "no longer a zone", "", "1"]
    assert cars(browser.open("/parking/999")) == [NEW]


# -- one zone --------------------------------------------------------------------------------------


def test_a_zone_shows_its_own_cars_only(browser: Browser, stand: Stand) -> None:
    park(stand, NEW, "1001")
    park(stand, OLD, "1002")
    browser.open("/parking/1002")
    assert browser.page.one("h1").text == "Zone 1002"
    assert browser.page.facts["Street"] == PROFILE.parking_zones["1002"].block
    assert browser.page.facts["Cars now"] == "1"
    assert rows(browser, "parked") == [[OLD, "+7 701 123 45 67", "1 March 2026, 10:00:00", "1:00:00"]]


@pytest.mark.parametrize(
    "address", ["/parking/1011", "/parking/none", "/parking/1001/x", "/parking/plates/x"]
)
def test_what_is_not_there_is_a_page_that_says_so(browser: Browser, address: str) -> None:
    browser.open(address)
    assert browser.answer.status_code == 404
    assert "There is no " in browser.page.main


# -- what a day brought ----------------------------------------------------------------------------


def test_a_parking_counts_on_the_operators_day_on_which_it_was_over(browser: Browser, stand: Stand) -> None:
    """Midnight is that of the operator's timezone."""
    midnight_us = int(datetime(2026, 3, 2, tzinfo=ZONE).timestamp()) * S
    began_us = midnight_us - HOUR_US
    stop(stand, park(stand, NEW, began_us=began_us), 5_000, ended_us=midnight_us - 1)
    stop(stand, park(stand, OLD, began_us=began_us), 7_550, ended_us=midnight_us)
    browser.open("/parking")
    assert "1 March 2026" in browser.page.one(id="revenue-caption").text
    assert rows(browser, "taken")[0][2:] == ["1", "50 KZT"]
    assert rows(browser, "taken")[-1] == ["All", "", "1", "50 KZT"]
    browser.send("/parking", day="2026-03-02")
    assert browser.address == "/parking?day=2026-03-02"
    assert "2 March 2026" in browser.page.one(id="revenue-caption").text
    assert rows(browser, "taken")[0][2:] == ["1", "75.50 KZT"]


def test_a_zones_day_is_its_own(browser: Browser, stand: Stand) -> None:
    stop(stand, park(stand, NEW, "1001"), 5_000)
    stop(stand, park(stand, OLD, "1002"), 2_500)
    browser.open("/parking/1002")
    assert browser.page.one(id="taken").text.startswith(
        "On 1 March 2026: 25 KZT, VAT included, for 1 parking "
    )
    browser.send("/parking/1002", day="2026-02-28")
    assert browser.page.one(id="taken").text.startswith(
        "On 28 February 2026: 0 KZT, VAT included, for 0 parkings"
    )


@pytest.mark.parametrize(
    "day", ["x", "2026-02-30", "20260301", "2026-3-1", "1999-01-01", "9999-12-31", "2026-03-01T00:00", "２"]
)
@pytest.mark.parametrize("address", ["/parking", "/parking/1001"])
def test_a_day_that_is_none_says_so_at_its_field(browser: Browser, address: str, day: str) -> None:
    browser.open(f"{address}?day={day}")
    assert browser.answer.status_code == 422
    assert browser.page.one("p", id="day-error").text == "Error: This is no day. Write it like 2026-03-01."
    assert browser.page.one("input", id="day").attrs["value"] == ""
    assert browser.page.all("tbody", id="parked")


def test_the_link_to_load_again_keeps_the_day(browser: Browser) -> None:
    again = browser.open("/parking/1001?day=2026-02-28").page.one("a", id="again")
    assert again.attrs["href"] == "/parking/1001?day=2026-02-28"
    assert browser.open("/parking").page.one("a", id="again").attrs["href"] == "/parking"


# -- a car -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [NEW, "123 aaa 02", "123-ААА-02", " 123ааа02 "])
def test_a_car_is_found_by_its_plate_as_people_type_it(browser: Browser, stand: Stand, typed: str) -> None:
    park(stand, NEW, "1003")
    browser.open("/parking").send("/parking/plates", plate=typed)
    assert browser.address == f"/parking/plates/{NEW}"
    assert browser.page.facts == {
        "State": "Parked",
        "Zone": "1003",
        "Number": "+7 701 123 45 67",
        "Parked until": "1 March 2026, 10:00:00",
        "Left": "1:00:00",
    }


def test_a_car_that_is_not_parked_shows_its_parkings_newest_first(browser: Browser, stand: Stand) -> None:
    stop(stand, park(stand, NEW, began_us=START_US - HOUR_US), 5_000)
    ask(stand, NEW)
    browser.open(f"/parking/plates/{NEW}")
    assert "This car is not parked now." in browser.page.main
    asked, stopped = rows(browser, "parkings")
    assert asked[3:] == ["Waits for confirmation", "–", "–", "–"]
    assert stopped == [
        "1 March 2026, 08:00:00",
        "1001",
        "+7 701 123 45 67",
        "Stopped by the driver",
        "1 March 2026, 08:00:00",
        "1 March 2026, 09:00:00",
        "50 KZT",
    ]


def test_an_unknown_car_was_never_parked(browser: Browser) -> None:
    browser.open(f"/parking/plates/{OLD}")
    assert browser.answer.status_code == 200
    assert rows(browser, "parkings") == [["It was never parked by SMS."]]


def test_a_plate_of_no_form_says_so_and_is_kept(browser: Browser) -> None:
    browser.open("/parking").send("/parking/plates", plate="ЖЖЖ<b>")
    assert browser.answer.status_code == 422
    assert browser.page.errors == ["This is no plate. Write it like 123AAA02 or A111AAA."]
    assert typed_into(browser.page.form("/parking/plates"))["plate"] == "ЖЖЖ<b>"


def test_without_a_plate_there_is_the_form(browser: Browser) -> None:
    assert browser.open("/parking/plates").page.form("/parking/plates").attrs["role"] == "search"


def test_another_way_to_write_a_plate_leads_to_its_one_address(browser: Browser) -> None:
    assert browser.open("/parking/plates/a111aaa").address == f"/parking/plates/{OLD}"


# -- what the script relies on ---------------------------------------------------------------------


def test_the_pages_may_run_the_one_script_file_and_load_from_here_only(browser: Browser) -> None:
    for address in ("/parking", "/parking/1001", f"/parking/plates/{NEW}"):
        policy = browser.open(address).answer.headers["content-security-policy"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert (rules["default-src"], rules["script-src"], rules["connect-src"]) == (
            "'none'",
            "'self'",
            "'self'",
        )
        assert "unsafe" not in policy
        assert browser.page.one("script").attrs == {"src": "/parking/countdown.js", "defer": ""}


def test_the_script_is_served(make_client: MakeClient) -> None:
    answer = make_client().request("GET", "/parking/countdown.js")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("address", ["/parking", "/parking/1001", f"/parking/plates/{NEW}"])
def test_every_part_that_is_put_anew_has_an_id_and_every_link_in_it_too(
    browser: Browser, stand: Stand, address: str
) -> None:
    """Else the script could not find it, or would lose the focus that is on it."""
    park(stand, NEW)
    park(stand, OLD)
    parts = [each for each in browser.open(address).page.root.walk() if "data-part" in each.attrs]
    links: list[Element] = [link for part in parts for link in part.walk() if link.tag == "a"]
    assert parts
    assert links
    assert [each for each in (*parts, *links) if "id" not in each.attrs] == []
    assert {"clock", "pause", "follow", "again"} <= {
        each.attrs.get("id") for each in browser.page.root.walk()
    }
