"""What the bank says of a transaction, and how it answers, as its staff decide."""

import pytest

from gateway.work import RunDue
from storage.bank_model import CardTransaction, TransactionState
from storage.views import CardFilter
from tests.gateway.pages.browser import Browser, typed_into
from tests.gateway.stand import ALIYA, S, Stand

NEW_CARD = {"msisdn": ALIYA, "pan": "9398 0000 0000 0001", "bank": "Halyk", "balance": "5000"}


def transactions(stand: Stand) -> list[CardTransaction]:
    """Of the only card, newest first."""
    (view,) = stand.store.reads.cards(CardFilter())
    return stand.store.reads.card_transactions(card_id=view.card.id)


# -- a transaction ---------------------------------------------------------------------------------


@pytest.fixture
def unanswered(browser: Browser, stand: Stand) -> CardTransaction:
    """A payment by SMS that the bank never answers."""
    browser.open("/bank/cards/new").send("/bank/cards/new", **NEW_CARD)
    browser.open("/bank/behaviour").send("/bank/behaviour", mode="never")
    stand.one(stand.sms("07 0001 100", "8080"))
    (found,) = transactions(stand)
    return found


@pytest.mark.parametrize(
    ("verdict", "state", "available"),
    [
        ("approved", TransactionState.POSTED, "4,900 KZT"),
        ("error", TransactionState.VOIDED, "5,000 KZT"),
    ],
)
def test_the_staff_answer_what_the_bank_did_not(
    browser: Browser, stand: Stand, unanswered: CardTransaction, verdict: str, state: str, available: str
) -> None:
    path = f"/bank/transactions/{unanswered.code}"
    stand.wall_us += 3600 * S
    stand.one(RunDue())
    browser.open(path)
    assert browser.page.facts["State"] == "Unknown: no answer in time, money still held"
    assert browser.page.facts["What"] == "Payment for mobile service of +7 701 123 45 67"
    browser.send(path, {"verdict": verdict})
    assert "The bank answers now" in browser.page.one("div", role="status").text
    stand.one(RunDue())
    (found,) = transactions(stand)
    assert found.state is state
    assert "Settled" in browser.open(path).page.facts
    assert browser.page.all("form") == []
    assert browser.open(f"/bank/cards/{found.card_id}").page.facts["Available"] == available


def test_an_answer_that_comes_too_late_is_refused(
    browser: Browser, stand: Stand, unanswered: CardTransaction
) -> None:
    path = f"/bank/transactions/{unanswered.code}"
    browser.open(path).send(path, {"verdict": "approved"})
    stand.one(RunDue())
    browser.post(path, {"verdict": "error"})
    assert browser.answer.status_code == 409
    assert "settled already" in browser.page.errors[0]


@pytest.mark.parametrize("verdict", ["", "overdue", "maybe"])
def test_only_approval_and_refusal_are_answers(
    browser: Browser, unanswered: CardTransaction, verdict: str
) -> None:
    browser.post(f"/bank/transactions/{unanswered.code}", {"verdict": verdict})
    assert browser.answer.status_code == 422
    assert browser.page.errors == ["Choose the bank's answer."]


# -- how the bank answers --------------------------------------------------------------------------


def test_the_manner_is_shown_and_changed(browser: Browser) -> None:
    browser.open("/bank/behaviour")
    assert typed_into(browser.page.form("/bank/behaviour"))["mode"] == "usual"
    browser.send("/bank/behaviour", mode="late", delay_s="90")
    assert "from the next order on" in browser.page.one("div", role="status").text
    assert typed_into(browser.page.form("/bank/behaviour")) == {"mode": "late", "delay_s": "90"}
    assert "How the bank answers: Late" in browser.open("/bank").page.main


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"mode": "rude"}, "mode"), ({"delay_s": "x"}, "delay_s"), ({"delay_s": "999999999"}, "delay_s")],
)
def test_a_manner_that_cannot_be_is_refused(browser: Browser, fields: dict[str, str], field: str) -> None:
    browser.open("/bank/behaviour").send("/bank/behaviour", **({"mode": "late"} | fields))
    assert browser.answer.status_code == 422
    assert browser.page.one("p", id=f"{field}-error").text
    assert typed_into(browser.open("/bank/behaviour").page.form("/bank/behaviour"))["mode"] == "usual"
