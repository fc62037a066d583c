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
from tests.e2e.waiting import until
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
    "address", ["/bank", "/bank/cards/new", "/bank/behaviour", "/terminal", "/bank/none"]
)
def test_no_page_is_wider_than_a_small_telephone_and_each_has_its_style(
    window: WebDriver, origin: str, address: str
) -> None:
    window.open(origin + address)
    width, room = window.run("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert (width <= room, room) == (True, 320)
    assert window.run("return getComputedStyle(document.body).margin") == "0px"
