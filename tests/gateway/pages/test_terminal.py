"""The cash terminal, as a payer uses it."""

import re

import pytest

from storage.bank_model import Payment, PaymentState
from storage.views import PaymentFilter
from tests.gateway.pages.browser import Browser, typed_into
from tests.gateway.pages.conftest import MakeClient
from tests.gateway.stand import ALIYA, Stand

GOOD = {"channel": "qiwi", "msisdn": "8 701 123 45 67", "brand": "kcell", "amount": "300"}


def payments(stand: Stand) -> list[Payment]:
    return stand.store.reads.payments(PaymentFilter())


def pay(browser: Browser, **typed: str) -> Browser:
    return browser.open("/terminal").send("/terminal", **(GOOD | typed))


def lines(browser: Browser) -> list[str]:
    """What stands on the slip."""
    return [each.text for each in browser.page.one("article").walk() if each.tag == "li"]


def test_the_screen_shows_who_takes_cash_and_from_what_amount(browser: Browser) -> None:
    browser.open("/terminal")
    shown = [each.text for each in browser.page.all("option")]
    assert "QIWI, from 200 KZT" in shown
    assert "ATM, from 1 KZT" in shown
    assert not any("Kaspi" in each for each in shown)
    assert [each.attrs["value"] for each in browser.page.all("input", type="radio")] == ["activ", "kcell"]


def test_a_provider_can_be_chosen_by_the_address(browser: Browser) -> None:
    browser.open("/terminal?channel=kassa24")
    assert typed_into(browser.page.form("/terminal"))["channel"] == "kassa24"


def test_cash_is_credited_and_the_slip_says_so(browser: Browser, stand: Stand) -> None:
    pay(browser)
    (payment,) = payments(stand)
    assert (payment.state, payment.credited, payment.source) == (PaymentState.CREDITED, ALIYA, "cash")
    assert stand.balance() == 800
    assert browser.address == f"/terminal/slips/{payment.payment_id}"
    assert re.fullmatch(r"T(-[0-9A-F]{4}){3}", payment.payment_id)
    assert browser.page.one("div", role="status").text == "The money is credited."
    assert lines(browser) == [
        "Paid by: QIWI",
        "Amount: 300 KZT",
        "Number: 77011234567",
        "Date and time: 01.03.2026 09:00:00",
        f"Payment number: {payment.payment_id}",
        f"Transaction code: {payment.code}",
        "Questions: 8 (727) 356-12-12",
    ]
    assert payment.code in browser.page.one(role="img").attrs["aria-label"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"brand": "activ"}, "The brand does not match the number."),
        ({"msisdn": "77019999999"}, "There is no subscriber of this number."),
        ({"msisdn": "77471234567"}, "The number is of another operator."),
    ],
)
def test_a_wrong_brand_or_number_is_taken_too_and_the_slip_says_where_to_ask(
    browser: Browser, stand: Stand, fields: dict[str, str], why: str
) -> None:
    pay(browser, **fields)
    (payment,) = payments(stand)
    assert (payment.state, stand.balance()) == (PaymentState.UNALLOCATED, 500)
    browser.open(f"{browser.address}?language=en")
    said = browser.page.one("div", role="status").text
    assert said.startswith(f"The money is taken, but not credited yet. {why}")
    assert "8 (727) 356-12-12" in said
    assert f"Not credited yet. {why}" in lines(browser)
    assert "Questions: 8 (727) 356-12-12" in lines(browser)


def test_a_provider_without_a_telephone_names_the_operators(browser: Browser) -> None:
    pay(browser, channel="atm", brand="activ")
    assert "contact 9090" in browser.page.one("div", role="status").text
    assert "Questions: 9090" in lines(browser)


def test_a_reload_of_a_sent_form_pays_once_and_shows_the_same_slip(browser: Browser, stand: Stand) -> None:
    browser.open("/terminal")
    fields = typed_into(browser.page.form("/terminal")) | GOOD
    addresses = {browser.post("/terminal", fields).address for _ in range(3)}
    assert addresses == {f"/terminal/slips/{fields['payment_id']}"}
    assert stand.balance() == 800


def test_the_back_button_with_another_amount_pays_nothing_until_it_is_sent_anew(
    browser: Browser, stand: Stand
) -> None:
    browser.open("/terminal")
    fields = typed_into(browser.page.form("/terminal")) | GOOD
    browser.post("/terminal", fields)
    browser.post("/terminal", fields | {"amount": "400"})
    assert browser.answer.status_code == 409
    assert "paid before, with other values" in browser.page.errors[0]
    assert browser.page.all("a", href=f"/terminal/slips/{fields['payment_id']}")
    assert typed_into(browser.page.form("/terminal"))["payment_id"] != fields["payment_id"]
    assert stand.balance() == 800
    browser.send("/terminal")
    assert stand.balance() == 1200


@pytest.mark.parametrize(
    ("fields", "field", "wrong"),
    [
        ({"amount": "199.99"}, "amount", "The amount must be from 200 to 1,000,000 KZT."),
        ({"amount": "0"}, "amount", "The amount must be from 200 to 1,000,000 KZT."),
        ({"amount": "1e3"}, "amount", "Write the amount in tenge without spaces, like 500 or 99.50."),
        ({"amount": ""}, "amount", "Type the amount in tenge, like 500 or 99.50."),
        ({"channel": ""}, "channel", "Choose a provider."),
        ({"channel": "kaspi"}, "channel", "Choose a provider."),
        ({"brand": ""}, "brand", "Choose the brand of the number."),
        ({"msisdn": ""}, "msisdn", "Type the mobile number, like 77011234567."),
        ({"msisdn": "12-45"}, "msisdn", "This is not a mobile number. Write it like 77011234567."),
    ],
)
def test_a_wrong_form_takes_no_money_and_says_what_would_be_right(
    browser: Browser, stand: Stand, fields: dict[str, str], field: str, wrong: str
) -> None:
    pay(browser, **fields)
    assert browser.answer.status_code == 422
    assert browser.page.errors == [wrong]
    assert browser.page.one("p", id=f"{field}-error").text == f"Error: {wrong}"
    kept = typed_into(browser.page.form("/terminal"))
    assert {name: value for name, value in kept.items() if name in GOOD and name not in fields} == {
        name: value for name, value in GOOD.items() if name not in fields
    }
    assert payments(stand) == []


def test_after_an_error_the_same_payment_goes_on(browser: Browser, stand: Stand) -> None:
    """Its number stays, so that a slow first try is not paid twice."""
    browser.open("/terminal")
    before = typed_into(browser.page.form("/terminal"))["payment_id"]
    browser.send("/terminal", **(GOOD | {"amount": "1"})).send("/terminal", amount="300")
    assert [each.payment_id for each in payments(stand)] == [before]


@pytest.mark.parametrize("number", ["", "a/b", "-x", "x" * 41])
def test_a_form_without_its_number_is_not_taken(browser: Browser, stand: Stand, number: str) -> None:
    browser.post("/terminal", GOOD | {"payment_id": number})
    assert browser.answer.status_code == 400
    assert payments(stand) == []


@pytest.mark.parametrize(("language", "title"), [("kk", "Төлем чегі"), ("ru", "Чек"), ("en", "Pay slip")])
def test_a_slip_is_there_in_three_languages_and_says_which(
    browser: Browser, language: str, title: str
) -> None:
    pay(browser)
    browser.open(f"{browser.address}?language={language}")
    slip = browser.page.one("article")
    assert (slip.attrs["lang"], browser.page.one("h2").text) == (language, title)


def test_a_slip_is_there_as_pdf_and_as_text(browser: Browser, stand: Stand, make_client: MakeClient) -> None:
    pay(browser)
    client = make_client()
    pdf = client.request("GET", f"{browser.address}/slip.pdf")
    assert (pdf.headers["content-type"], pdf.content[:4]) == ("application/pdf", b"%PDF")
    assert payments(stand)[0].code in client.request("GET", f"{browser.address}/slip.txt").text


@pytest.mark.parametrize(
    ("address", "status"),
    [("/terminal/slips/NONE", 404), ("/terminal/slips/-", 422), ("/terminal/slips/x?language=xx", 422)],
)
def test_a_slip_that_is_not_there_is_a_page_that_says_so(browser: Browser, address: str, status: int) -> None:
    assert browser.open(address).answer.status_code == status
