"""The bank's side, as its staff use it."""

import pytest

from handlers.bank_phone_desk import RegisterPhoneCustomer
from handlers.base.command import Channel, Origin
from rating.money import tenge
from rating.msisdn import Msisdn
from storage.bank_model import CardTransaction
from storage.views import CardFilter, CardView
from tests.gateway.pages.browser import Browser, typed_into
from tests.gateway.stand import ALIYA, BOLAT, Stand

PAN = "9398 0000 0000 0001"
OTHER_PAN = "9398 0000 0000 0019"
SCRIPT = "<script>alert(1)</script>"
SHOP = "Magnum, Abay Ave 109"


def cards(stand: Stand) -> list[CardView]:
    return stand.store.reads.cards(CardFilter())


def transactions(stand: Stand) -> list[CardTransaction]:
    """Of the first card, newest first."""
    return stand.store.reads.card_transactions(card_id=cards(stand)[0].card.id)


def register(browser: Browser, *, msisdn: str = ALIYA, pan: str = PAN, **typed: str) -> Browser:
    fields = {"msisdn": msisdn, "pan": pan, "bank": "Halyk", "balance": "5000"} | typed
    return browser.open("/bank/cards/new").send("/bank/cards/new", **fields)


def card_path(stand: Stand) -> str:
    return f"/bank/cards/{cards(stand)[0].card.id}"


def use(browser: Browser, stand: Stand, **typed: str) -> Browser:
    """Use the card by the form of its page."""
    path = card_path(stand)
    fields = {"kind": "purchase", "amount": "500", "venue": SHOP} | typed
    return browser.open(path).send(f"{path}/transactions", **fields)


# -- customers -------------------------------------------------------------------------------------


def test_an_empty_bank_says_so_and_leads_to_registration(browser: Browser) -> None:
    browser.open("/bank")
    assert "No card is registered yet" in browser.page.main


def test_cards_are_listed_with_their_holder_masked_and_with_their_money(
    browser: Browser, stand: Stand
) -> None:
    register(browser)
    browser.open("/bank")
    (row,) = [each.text for each in browser.page.all("tr")][1:]
    assert row.split() == ["****0001", "+7", "701", "123", "45", "67", "halyk", "Active", "5,000", "KZT"]
    assert PAN not in browser.answer.text
    assert cards(stand)[0].card.last6 not in browser.answer.text


def test_a_customer_is_found_by_the_number_as_people_type_it(browser: Browser) -> None:
    register(browser)
    browser.open("/bank").send("/bank", number="8 (701) 123-45-67")
    assert browser.page.one("h1").text == "Customer +7 701 123 45 67"
    assert "****0001" in browser.page.main


def test_a_customer_of_the_bank_by_phone_is_shown_with_the_identifier(browser: Browser, stand: Stand) -> None:
    register(browser)
    browser.open(f"/bank/customers/{ALIYA}")
    assert "Bank by phone" not in browser.page.main
    (view,) = cards(stand)
    origin = Origin(msisdn=Msisdn(""), channel=Channel.API, service_code="", source_id="call centre")
    stand.do(RegisterPhoneCustomer(origin=origin, msisdn=ALIYA, card_id=view.card.id, identifier="48210375"))
    browser.open(f"/bank/customers/{ALIYA}")
    assert browser.page.facts["48210375"] == "card ****0001, initial password"


def test_a_customer_without_a_card_can_be_given_one(browser: Browser) -> None:
    browser.open(f"/bank/customers/{BOLAT}")
    assert "has no card yet" in browser.page.main
    browser.open(f"/bank/cards/new?msisdn={BOLAT}")
    assert typed_into(browser.page.form("/bank/cards/new"))["msisdn"] == BOLAT


@pytest.mark.parametrize("typed", ["", "12-45", "9398 0000 0000 0001"])
def test_a_search_for_what_is_no_number_says_what_would_be_right(browser: Browser, typed: str) -> None:
    browser.open("/bank").send("/bank", number=typed)
    assert browser.answer.status_code == 422
    (error,) = browser.page.errors
    assert error.endswith("like 77011234567.")
    assert browser.page.one("title").text.startswith("Error: ")
    assert PAN not in browser.answer.text


def test_a_number_that_is_no_customers_is_404(browser: Browser) -> None:
    browser.open("/bank").send("/bank", number="77019999999")
    assert browser.answer.status_code == 404
    assert "no customer with the number +7 701 999 99 99" in browser.page.main


# -- registering -----------------------------------------------------------------------------------


def test_a_card_is_registered_as_at_an_atm_and_its_page_follows(browser: Browser, stand: Stand) -> None:
    register(browser)
    assert browser.page.one("div", role="status").text == "The card is registered. Its holder gets an SMS."
    assert browser.page.one("h1").text == "Card ****0001"
    assert browser.page.facts == {
        "State": "Active",
        "Holder": "+7 701 123 45 67",
        "Bank": "halyk",
        "Balance": "5,000 KZT",
        "Held": "0 KZT",
        "Available": "5,000 KZT",
    }
    assert any("****0001 is connected" in reply for reply in stand.replies())


def test_the_same_card_again_changes_nothing_and_says_so(browser: Browser, stand: Stand) -> None:
    register(browser)
    register(browser, balance="9000")
    assert "registered for this number before" in browser.page.one("div", role="status").text
    assert [view.balance.balance_tiyn for view in cards(stand)] == [tenge(5000).tiyn]


def test_all_that_is_wrong_is_told_at_once_and_what_was_typed_is_kept_but_for_the_card_number(
    browser: Browser, stand: Stand
) -> None:
    register(browser, msisdn="12", pan=PAN, bank="", balance="1e3")
    assert browser.answer.status_code == 422
    assert browser.page.errors == [
        "This is not a mobile number. Write it like 77011234567.",
        "Type the bank's name, like halyk.",
        "Write the amount in tenge without spaces, like 500 or 99.50.",
    ]
    kept = typed_into(browser.page.form("/bank/cards/new"))
    assert kept == {"msisdn": "12", "pan": "", "bank": "", "balance": "1e3"}
    assert "Please type it again" in browser.page.one("p", id="pan-hint").text
    assert browser.page.one("input", id="balance").attrs["aria-invalid"] == "true"
    assert cards(stand) == []


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"pan": "9398 0000 0000 0002"}, "#pan"),
        ({"pan": ""}, "#pan"),
        ({"bank": "<b>"}, "#bank"),
        ({"bank": "9398000000000001"}, "#bank"),
        ({"balance": "-1"}, "#balance"),
        ({"msisdn": "77019999999"}, "#msisdn"),
    ],
)
def test_each_refusal_leads_to_its_field(
    browser: Browser, stand: Stand, fields: dict[str, str], where: str
) -> None:
    register(browser, **fields)
    assert browser.answer.status_code in (404, 422)
    assert [
        each.attrs["href"] for each in browser.page.one("div", role="alert").walk() if each.tag == "a"
    ] == [where]
    assert cards(stand) == []


def test_a_card_of_another_number_is_refused_without_saying_whose(browser: Browser) -> None:
    register(browser)
    register(browser, msisdn=BOLAT)
    assert browser.answer.status_code == 409
    assert browser.page.errors == ["This card is bound to another number."]
    assert "701" not in browser.page.main.replace("77011234567", "")


# -- a card ----------------------------------------------------------------------------------------


def test_a_purchase_takes_money_and_the_holder_hears_of_it(browser: Browser, stand: Stand) -> None:
    register(browser)
    use(browser, stand)
    (happened,) = transactions(stand)
    said = browser.page.one("div", role="status").text
    assert said.startswith(f"Done. The holder gets an SMS. Purchase: \u2212500 KZT, {SHOP}.")
    assert happened.code in said
    assert browser.page.facts["Available"] == "4,500 KZT"
    assert any("purchase of 500 KZT, Magnum" in reply for reply in stand.replies())
    row = browser.page.all("tr")[1].text
    assert row == f"{happened.code} 1 March 2026, 09:00:00 Purchase {SHOP} \u2212500 KZT Booked"


@pytest.mark.parametrize(
    ("kind", "available", "held"),
    [
        ("payment", "4,500 KZT", "0 KZT"),
        ("transfer", "4,500 KZT", "0 KZT"),
        ("authorisation", "4,500 KZT", "500 KZT"),
        ("salary", "5,500 KZT", "0 KZT"),
        ("cash", "5,500 KZT", "0 KZT"),
    ],
)
def test_every_kind_of_event_can_be_made(
    browser: Browser, stand: Stand, kind: str, available: str, held: str
) -> None:
    register(browser)
    use(browser, stand, kind=kind)
    assert (browser.page.facts["Available"], browser.page.facts["Held"]) == (available, held)


def test_a_reload_of_a_sent_form_pays_once(browser: Browser, stand: Stand) -> None:
    register(browser)
    path = card_path(stand)
    browser.open(path)
    fields = typed_into(browser.page.form(f"{path}/transactions"))
    fields |= {"kind": "purchase", "amount": "500", "venue": SHOP}
    for _ in range(3):
        browser.post(f"{path}/transactions", fields)
    assert "It was done once" in browser.page.one("div", role="status").text
    assert len(transactions(stand)) == 1


def test_a_sent_form_with_other_values_does_nothing_until_it_is_sent_anew(
    browser: Browser, stand: Stand
) -> None:
    """The back button, then another amount."""
    register(browser)
    path = card_path(stand)
    browser.open(path)
    first = typed_into(browser.page.form(f"{path}/transactions"))
    first |= {"kind": "purchase", "amount": "500", "venue": SHOP}
    browser.post(f"{path}/transactions", first)
    browser.post(f"{path}/transactions", first | {"amount": "700"})
    assert browser.answer.status_code == 409
    assert "sent before, with other values" in browser.page.errors[0]
    assert len(transactions(stand)) == 1
    browser.send(f"{path}/transactions")
    assert [each.amount_tiyn for each in transactions(stand)] == [-70_000, -50_000]


def test_after_a_refusal_the_same_form_can_be_put_right(browser: Browser, stand: Stand) -> None:
    register(browser)
    path = card_path(stand)
    use(browser, stand, amount="5000.01")
    assert browser.answer.status_code == 409
    assert browser.page.errors == ["There is not enough money on card ****0001."]
    kept = typed_into(browser.page.form(f"{path}/transactions"))
    assert (kept["kind"], kept["amount"], kept["venue"]) == ("purchase", "5000.01", SHOP)
    browser.send(f"{path}/transactions", amount="5000")
    assert browser.page.facts["Available"] == "0 KZT"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": ""}, "kind"),
        ({"kind": "top_up"}, "kind"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "5 000,50"}, "amount"),
        ({"venue": "  "}, "venue"),
        ({"venue": "x" * 41}, "venue"),
        ({"venue": PAN}, "venue"),
    ],
)
def test_a_wrong_event_moves_nothing_and_says_why(
    browser: Browser, stand: Stand, fields: dict[str, str], field: str
) -> None:
    register(browser)
    use(browser, stand, **fields)
    assert browser.answer.status_code == 422
    assert browser.page.one("p", id=f"{field}-error").text.startswith("Error: ")
    assert transactions(stand) == []


def test_a_blocked_card_is_not_used_and_can_be_unblocked(browser: Browser, stand: Stand) -> None:
    register(browser)
    path = card_path(stand)
    browser.send(f"{path}/state")
    assert browser.page.one("div", role="status").text == "The card is blocked. Its holder gets an SMS."
    assert browser.page.facts["State"] == "Blocked"
    use(browser, stand)
    assert browser.page.errors == ["The card is blocked. Unblock it first."]
    assert transactions(stand) == []
    browser.send(f"{path}/state")
    assert browser.page.facts["State"] == "Active"
    use(browser, stand)
    assert len(transactions(stand)) == 1


def test_what_people_typed_is_text_and_never_markup(browser: Browser, stand: Stand) -> None:
    register(browser)
    use(browser, stand, venue=SCRIPT)
    assert browser.page.all("script") == []
    assert SCRIPT in browser.page.main
    code = transactions(stand)[0].code
    assert browser.open(f"/bank/transactions/{code}").page.facts["Place"] == SCRIPT
    use(browser, stand, amount=f'"{SCRIPT}')
    assert browser.page.one("input", id="amount").attrs["value"] == f'"{SCRIPT}'


def test_a_form_without_its_token_is_not_taken(browser: Browser, stand: Stand) -> None:
    register(browser)
    path = card_path(stand)
    browser.post(f"{path}/transactions", {"kind": "purchase", "amount": "500", "venue": SHOP})
    assert browser.answer.status_code == 400
    assert "load its page again" in browser.page.main
    assert transactions(stand) == []


def test_addresses_of_forms_lead_back_to_the_card(browser: Browser, stand: Stand) -> None:
    """A person who presses return in the address bar of a form that had errors."""
    register(browser)
    path = card_path(stand)
    for address in (f"{path}/state", f"{path}/transactions"):
        assert browser.open(address).address == path


@pytest.mark.parametrize(
    "address", ["/bank/cards/none", "/bank/transactions/NONE", "/bank/nothing", "/terminal/nothing"]
)
def test_what_is_not_there_is_a_page_that_says_so(browser: Browser, address: str) -> None:
    browser.open(address)
    assert browser.answer.status_code == 404
    assert "There is no " in browser.page.main


def test_changing_a_card_that_is_not_there_is_404(browser: Browser) -> None:
    assert browser.post("/bank/cards/none/state", {"state": "active"}).answer.status_code == 404
    fields = {"token": "t", "kind": "cash", "amount": "1", "venue": "x"}
    assert browser.post("/bank/cards/none/transactions", fields).answer.status_code == 404


def test_a_state_that_is_none_is_refused(browser: Browser, stand: Stand) -> None:
    register(browser)
    assert browser.post(f"{card_path(stand)}/state", {"state": "melted"}).answer.status_code == 400
    assert browser.open(card_path(stand)).page.facts["State"] == "Active"
