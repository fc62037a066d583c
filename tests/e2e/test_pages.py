"""The bank's side and a cash terminal over a real gateway: by httpx as a browser would, and by a browser."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.e2e import web_driver
from tests.e2e.conftest import Raw
from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.raw_link import RawLink
from tests.e2e.waiting import settled, until
from tests.e2e.web_driver import WebDriver
from tests.gateway.pages.browser import Browser
from tests.peers.needs import missing

EN = "77781234567"
PAN = "9398 0000 0000 0001"
NEW_CARD = {"msisdn": EN, "pan": PAN, "bank": "Halyk", "balance": "1000"}
CASH = {"channel": "qiwi", "msisdn": EN, "brand": "activ", "amount": "300"}


@pytest.fixture
def origin(gateway: GatewayProcess) -> str:
    """Where the pages are."""
    return f"http://127.0.0.1:{gateway.http_port}"


@pytest.fixture
def browser(origin: str) -> Iterator[Browser]:
    """A browser without scripts; in the end every page that was seen was in order."""
    with httpx.Client(base_url=origin, timeout=30, trust_env=False) as client:
        browser = Browser(client.request, origin)
        yield browser
    assert [(address, page.problems()) for address, page in browser.seen if page.problems()] == []


def test_a_card_is_registered_on_the_page_pays_by_sms_and_shows_it(
    browser: Browser, api: ControlApi, raw: Raw
) -> None:
    """services.md section 3: the page, the SMS and the ledger share the transaction code."""
    api.virtual_clock()
    link = raw(address_range=EN)
    browser.open("/bank/cards/new").send("/bank/cards/new", **NEW_CARD)
    link.delivery()
    card = browser.address.partition("?")[0]
    assert link.submit(EN, "8080", "07 0001 100").command_status == 0
    link.delivery()
    assert browser.open(card).page.facts["Held"] == "100 KZT"
    api.advance(5)
    link.delivery()
    browser.open(card)
    assert browser.page.facts["Available"] == "900 KZT"
    code = browser.page.one("tbody").children[0].children[0].text
    assert "Booked" in browser.page.one("tbody").text
    (credit,) = [each for each in api.get(f"/subscribers/{EN}/history") if each["amount"] == "100.00"]
    assert credit["source"] == code
    assert code in api.message(to=EN, from_="8080")["text"]


def test_a_purchase_on_the_page_is_told_to_the_handset_at_once(browser: Browser, raw: Raw) -> None:
    link = raw(address_range=EN)
    browser.open("/bank/cards/new").send("/bank/cards/new", **NEW_CARD)
    link.delivery()
    action = browser.page.one("form", novalidate="").attrs["action"]
    browser.send(action, kind="purchase", amount="99.50", venue="Magnum")
    assert browser.page.facts["Balance"] == "900.50 KZT"
    told = link.delivery().short_message.decode("ascii")
    assert "****0001: purchase of 99.50 KZT, Magnum" in told


def test_cash_reaches_the_number_once_however_often_the_form_is_sent(
    browser: Browser, api: ControlApi
) -> None:
    before = api.balance(EN)
    browser.open("/terminal").send("/terminal", **CASH)
    slip = browser.address
    number = slip.rpartition("/")[2]
    for _ in range(2):
        assert browser.post("/terminal", CASH | {"payment_id": number}).address == slip
    assert api.balance(EN) == before + Decimal(300)
    assert api.get(f"/payments/{number}")["state"] == "credited"


def test_cash_for_a_wrong_brand_waits_until_support_moves_it_and_the_slip_follows(
    browser: Browser, api: ControlApi
) -> None:
    browser.open("/terminal").send("/terminal", **(CASH | {"brand": "kcell"}))
    number = browser.address.rpartition("/")[2]
    assert "not credited yet" in browser.page.one("div", role="status").text
    before = api.balance(EN)
    api.post(f"/payments/{number}/move", {"msisdn": EN})
    assert api.balance(EN) == before + Decimal(300)
    browser.open(f"/terminal/slips/{number}?language=en")
    assert f"Credited to: {EN}" in browser.page.one("article").text


# -- a real browser --------------------------------------------------------------------------------


@pytest.fixture
def window(tmp_path: Path) -> Iterator[WebDriver]:
    """A window 320 pixels wide: also what a desktop's 1280 pixels are at 400 % zoom (WCAG 2.2, 1.4.10)."""
    if not web_driver.is_here():
        missing("Chromium and its driver are not installed: apt-get install chromium-driver")
    with web_driver.web_driver(tmp_path) as window:
        window.resize(320, 700)
        yield window
        assert window.complaints() == []


@pytest.mark.slow
def test_a_real_browser_pays_cash_by_keyboard_and_neither_reload_nor_back_pays_twice(
    window: WebDriver, origin: str, api: ControlApi
) -> None:
    before = api.balance(EN)
    window.open(f"{origin}/terminal?channel=qiwi")
    window.type("#msisdn", EN)
    window.type("#amount", "1" + web_driver.ENTER)
    until(lambda: window.focused("role") == "alert", "the errors have the focus")
    window.click(".errors a")
    assert window.focused("id") == "brand"
    window.type("#brand", " ")
    window.type("#amount", "00" + web_driver.ENTER)
    until(lambda: "from 200 to" in window.read(".errors"), "the least amount is told")
    window.type("#amount", "0" + web_driver.ENTER)
    until(lambda: window.address.startswith(f"{origin}/terminal/slips/T-"), "the slip is there")
    until(lambda: window.focused("role") == "status", "what happened has the focus")
    assert window.read("[role=status]") == "The money is credited."
    window.reload()
    window.back()
    window.open(f"{origin}/bank")
    assert api.balance(EN) == before + Decimal(1000)


@pytest.mark.slow
@pytest.mark.parametrize(
    "address",
    [
        "/bank",
        "/bank/cards/new",
        "/bank/behaviour",
        "/terminal",
        "/bank/none",
        "/parking",
        "/parking/1001?day=x",
        "/parking/plates/123AAA02",
    ],
)
def test_no_page_is_wider_than_a_small_telephone_and_each_has_its_style(
    window: WebDriver, origin: str, address: str
) -> None:
    window.open(origin + address)
    width, room = window.run("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert (width <= room, room) == (True, 320)
    assert window.run("return getComputedStyle(document.body).margin") == "0px"


# -- parking, whose page has a script --------------------------------------------------------------

PLATE = "123AAA02"
LEFT = "#parked [data-ends]"


def park(link: RawLink, plate: str = PLATE) -> None:
    """An hour on place 1001, asked for and confirmed."""
    for short_code, text in (("7757", f"1001*{plate}*1"), ("7701", "1")):
        assert link.submit(EN, short_code, text).command_status == 0
        link.delivery()


def last_row(browser: Browser, part: str) -> list[str]:
    """Of the table whose body has this id."""
    return [cell.text for cell in browser.page.one("tbody", id=part).children[-1].children]


def test_who_parks_by_sms_is_on_the_page_until_the_time_is_over(
    browser: Browser, api: ControlApi, raw: Raw
) -> None:
    """services.md section 8: an hour costs 100 KZT, and counts on the day on which it is over."""
    api.virtual_clock()
    park(raw(address_range=EN))
    browser.open("/parking").send("/parking/plates", plate="123 aaa 02")
    assert (browser.page.facts["State"], browser.page.facts["Left"]) == ("Parked", "1:00:00")
    browser.open("/parking")
    assert last_row(browser, "parked")[:2] == [PLATE, "1001"]
    api.advance(3600)
    browser.open("/parking")
    assert last_row(browser, "parked") == ["Nobody is parked now."]
    assert last_row(browser, "taken") == ["All", "", "1", "100 KZT"]


def _differing(seen: list[str], shown: str) -> list[str]:
    """What was shown so far, one after the other."""
    if shown not in seen[-1:]:
        seen.append(shown)
    return seen


@pytest.mark.slow
def test_a_real_browser_counts_down_by_the_operators_clock_and_follows_what_happens(
    window: WebDriver, origin: str, api: ControlApi, raw: Raw
) -> None:
    """The page is never loaded again by the person, and the browser's own clock is wrong."""
    api.virtual_clock()
    link = raw(address_range=EN)
    window.open(f"{origin}/parking")
    window.run("Date.now = () => 0; window.same = true")
    assert window.read("#parked") == "Nobody is parked now."
    park(link)
    until(lambda: window.read(LEFT) == "1:00:00", "the car is there")
    window.run(f"document.querySelector('#car-{PLATE}').focus()")
    park(link, "A111AAA")
    until(lambda: "A111AAA" in window.read("#parked"), "the second car is there")
    assert window.focused("id") == f"car-{PLATE}"
    api.advance(600)
    until(lambda: window.read(LEFT) == "0:50:00", "the page follows the clock")
    api.http.put("/clock", json={"mode": "real"}).raise_for_status()
    seen: list[str] = []
    until(lambda: len(_differing(seen, window.read(LEFT))) > 3, "it counts down")
    assert seen == sorted(seen, reverse=True)
    window.click("#pause")
    settled(lambda: window.read(LEFT), "a page that pauses stands still", still_s=2)
    window.click("#pause")
    api.virtual_clock()
    api.advance(3000)
    until(lambda: window.read("#parked") == "Nobody is parked now.", "the cars are gone")
    assert window.read("#taken tr:last-child").split()[-2:] == ["200", "KZT"]
    assert window.run("return window.same")
