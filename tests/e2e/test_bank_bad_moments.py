"""The bank, the channels and the sessions at bad moments: nothing is paid twice, lost or given on a guess."""

import csv
from datetime import datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from gateway.smpp.pdus import DeliverSm
from tests.e2e.bank_side import ANSWER_S, TIMEOUT_S, BankSide
from tests.e2e.conftest import Connect, MakePhone, Raw, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.waiting import until

EN, RU = "77781234567", "77011234567"
MORNING = "2031-05-17T09:30:00+05:00"
MAIN = Decimal(500)


@pytest.fixture
def bank(api: ControlApi) -> BankSide:
    """The bank, on a virtual clock."""
    api.virtual_clock(MORNING)
    return BankSide(api)


# -- the bank's answer -----------------------------------------------------------------------------


def test_a_card_disabled_between_hold_and_completion_pays_nothing(bank: BankSide, phone: MakePhone) -> None:
    """By its holder; the hold is free again, and the message says so."""
    handset, card = phone(EN), bank.card(EN)
    last4 = card["last4"]
    handset.sms("8080", f"07 {last4} 100")
    handset.sms("8080", f"09 {last4}")
    before = bank.balances()
    bank.api.advance(ANSWER_S)
    code = bank.last(EN)["code"]
    stopped = (
        f"Card ****{last4} was disabled before the payment of 100 KZT was done. "
        f"No money was taken. Code: {code}."
    )
    assert handset.incoming().text == stopped
    assert bank.state(code) == "voided"
    after = bank.card(EN)
    assert (after["balance"], after["held"], after["state"]) == ("50000.00", "0.00", "disabled")
    assert bank.balances() == before


def test_a_late_answer_is_waited_for_and_concludes_all_the_same(bank: BankSide, phone: MakePhone) -> None:
    """After a minute nobody knows; the hold stays; after two it is paid, and both are told."""
    bank.behave("late")
    handset, last4 = phone(EN), bank.card(EN)["last4"]
    handset.sms("8080", f"07 {last4} 100")
    code = bank.last(EN)["code"]
    bank.api.advance(TIMEOUT_S)
    assert handset.incoming().text == (
        f"The bank has not answered yet about 100 KZT from card ****{last4}. "
        f"Please do not pay again: we will write to you. Code: {code}."
    )
    assert (bank.state(code), bank.card(EN)["held"], bank.api.balance(EN)) == ("unknown", "100.00", MAIN)
    bank.api.advance(TIMEOUT_S)
    assert handset.incoming().text.startswith("Paid: 100 KZT")
    assert (bank.state(code), bank.card(EN)["held"], bank.api.balance(EN)) == ("posted", "0.00", MAIN + 100)


def test_an_answer_that_is_slow_but_in_time_is_no_news_of_its_own(bank: BankSide, phone: MakePhone) -> None:
    bank.behave("late", TIMEOUT_S - 1)
    handset, last4 = phone(EN), bank.card(EN)["last4"]
    handset.sms("8080", f"07 {last4} 100")
    bank.api.advance(2 * TIMEOUT_S)
    assert handset.incoming().text.startswith("Paid: 100 KZT")
    assert len(bank.api.messages(to=EN)) == 2


def test_an_answer_that_comes_twice_pays_once_and_tells_once(bank: BankSide, phone: MakePhone) -> None:
    bank.behave("twice")
    handset, last4 = phone(EN), bank.card(EN)["last4"]
    handset.sms("8080", f"07 {last4} 100")
    fired = bank.api.advance(2 * TIMEOUT_S)
    assert [each["kind"] for each in fired].count("bank_sms.answer") == 2
    assert handset.incoming().text.startswith("Paid: 100 KZT")
    assert (bank.api.balance(EN), bank.card(EN)["balance"]) == (MAIN + 100, "49900.00")
    assert len(bank.top_ups(EN)) == 1
    assert len(bank.api.messages(to=EN)) == 2, "that it is on its way, and that it is done"


def test_an_error_takes_no_money_and_says_so(bank: BankSide, phone: MakePhone) -> None:
    bank.behave("error")
    handset, last4 = phone(RU), bank.card(RU)["last4"]
    before = bank.balances()
    handset.sms("8080", f"07 {last4} 100")
    bank.api.advance(ANSWER_S)
    code = bank.last(RU)["code"]
    failed = f"Банк не провёл платёж 100 тг с карты ****{last4}. Деньги не списаны. Код {code}."
    assert handset.incoming().text == failed
    assert (bank.state(code), bank.balances(), bank.card(RU)["held"]) == ("voided", before, "0.00")


@pytest.mark.parametrize(
    ("verdict", "said", "state", "main"),
    [
        ("approved", "Paid: 100 KZT", "posted", MAIN + 100),
        ("error", "The bank did not pay 100 KZT", "voided", MAIN),
    ],
)
def test_an_answer_that_never_comes_is_given_by_the_banks_people_once(
    bank: BankSide, phone: MakePhone, verdict: str, said: str, state: str, main: Decimal
) -> None:
    """Unknown for a week: held, never given back on a guess; then resolved, told, and not again."""
    bank.behave("never")
    handset, last4 = phone(EN), bank.card(EN)["last4"]
    handset.sms("8080", f"07 {last4} 100")
    code = bank.last(EN)["code"]
    bank.api.advance(TIMEOUT_S)
    assert handset.incoming().text.startswith("The bank has not answered yet")
    bank.api.advance(7 * 86_400)
    assert (bank.state(code), bank.card(EN)["held"], bank.api.balance(EN)) == ("unknown", "100.00", MAIN)
    bank.resolve(code, verdict)
    told = handset.incoming().text
    assert told.startswith(said)
    assert code in told
    assert (bank.state(code), bank.api.balance(EN), bank.card(EN)["held"]) == (state, main, "0.00")
    again = bank.api.http.post(f"/bank/transactions/{code}/resolve", json={"verdict": "approved"})
    assert (again.status_code, again.json()["code"]) == (409, "bank.settled")


def test_what_is_on_its_way_is_answered_as_it_was_going_to_be(bank: BankSide, phone: MakePhone) -> None:
    """A change of the bank's manner counts from the next order on; two payments end each in its own way."""
    handset, last4 = phone(EN), bank.card(EN)["last4"]
    handset.sms("8080", f"07 {last4} 100")
    bank.behave("error")
    handset.sms("8080", f"07 {last4} 200")
    bank.api.advance(ANSWER_S)
    told = sorted(handset.incoming().text[:20] for _ in range(2))
    assert told == ["Paid: 100 KZT from c", "The bank did not pay"]
    assert (bank.api.balance(EN), bank.card(EN)["balance"], bank.card(EN)["held"]) == (
        MAIN + 100,
        "49900.00",
        "0.00",
    )


# -- sessions and crashes --------------------------------------------------------------------------


def texts(*deliveries: DeliverSm) -> list[str]:
    return [each.short_message.decode("ascii") for each in deliveries]


def test_the_same_message_after_the_session_died_is_one_payment(bank: BankSide, raw: Raw) -> None:
    """The handset never saw the response and sends again on the next session: the same id, one hold."""
    last4 = bank.card(EN)["last4"]
    first = raw(address_range=EN)
    message_id = first.submit(EN, "8080", f"07 {last4} 100").message_id
    first.vanish()
    second = raw(address_range=EN)
    assert second.submit(EN, "8080", f"07 {last4} 100").message_id == message_id
    bank.api.advance(ANSWER_S)
    working, paid = texts(second.delivery(), second.delivery())
    assert working.startswith("We are paying 100 KZT")
    assert paid.startswith("Paid: 100 KZT")
    assert len(bank.transactions(EN)) == 1
    assert (bank.api.balance(EN), bank.card(EN)["balance"]) == (MAIN + 100, "49900.00")


def test_the_same_message_twice_on_a_live_session_is_two_payments(bank: BankSide, phone: MakePhone) -> None:
    """Whoever sends it twice means it twice; two codes."""
    handset, last4 = phone(EN), bank.card(EN)["last4"]
    for _ in range(2):
        handset.sms("8080", f"07 {last4} 100")
    bank.api.advance(ANSWER_S)
    assert len({each["code"] for each in bank.transactions(EN)}) == 2
    assert bank.api.balance(EN) == MAIN + 200


@pytest.mark.parametrize("when", ["before the answer", "after the answer"])
def test_a_gateway_killed_around_completion_completes_once(
    start_gateway: StartGateway, connect: Connect, when: str
) -> None:
    """Kill -9 between hold and completion, or right after it; what was not read is read after the start."""
    gateway = start_gateway()
    gateway.api.virtual_clock(MORNING)
    last4 = BankSide(gateway.api).card(EN)["last4"]
    link = connect(gateway)
    link.bind(address_range=EN)
    link.submit(EN, "8080", f"07 {last4} 100")
    (working,) = texts(link.delivery())
    assert working.startswith("We are paying 100 KZT")
    link.unbind()
    until(lambda: gateway.api.messages(to=EN, state="DELIVERED"), "what was read is noted")
    if when == "after the answer":
        gateway.api.advance(ANSWER_S)
    gateway.kill()
    gateway.start()
    bank = BankSide(gateway.api)
    gateway.api.advance(ANSWER_S)
    assert gateway.api.advance(2 * TIMEOUT_S) == []
    (transaction,) = bank.transactions(EN)
    assert transaction["state"] == "posted"
    assert (gateway.api.balance(EN), bank.card(EN)["balance"], bank.card(EN)["held"]) == (
        MAIN + 100,
        "49900.00",
        "0.00",
    )
    again = connect(gateway)
    again.bind(address_range=EN)
    told = texts(again.delivery())[-1]
    assert told.startswith("Paid: 100 KZT")
    assert transaction["code"] in told
    assert len(bank.top_ups(EN)) == 1


# -- channels --------------------------------------------------------------------------------------


def pay(api: ControlApi, payment_id: str = "QW-1", **changes: str) -> httpx.Response:
    """Cash at a terminal."""
    body = {
        "payment_id": payment_id,
        "channel": "qiwi",
        "msisdn": EN,
        "brand": "activ",
        "amount": "700.50",
        "source": "cash",
    }
    return api.http.post("/payments", json=body | changes)


def support(api: ControlApi, payment_id: str, act: str, body: Any = None) -> httpx.Response:
    return api.http.post(f"/payments/{payment_id}/{act}", json=body)


@pytest.mark.parametrize(
    "change", [{"amount": "700.51"}, {"msisdn": RU}, {"brand": "kcell"}, {"channel": "kassa24"}]
)
def test_a_payment_id_with_another_body_is_refused_and_moves_nothing(
    bank: BankSide, change: dict[str, str]
) -> None:
    pay(bank.api)
    before = bank.balances()
    answer = pay(bank.api, **change)
    assert (answer.status_code, answer.json()["code"]) == (409, "payment.id_reused")
    assert bank.balances() == before


def test_an_unallocated_payment_is_backed_out_once(bank: BankSide) -> None:
    """A number of nobody: kept, told to nobody, and given back to the channel."""
    before = bank.balances()
    waiting = pay(bank.api, msisdn="77019999999").json()
    assert (waiting["state"], waiting["why"]) == ("unallocated", "payment.unknown_number")
    assert bank.balances()["unallocated:qiwi"] == Decimal("700.50")
    assert support(bank.api, "QW-1", "back-out").json()["state"] == "backed_out"
    again = support(bank.api, "QW-1", "back-out")
    assert (again.status_code, again.json()["code"]) == (409, "payment.is_backed_out")
    assert support(bank.api, "QW-1", "move", {"msisdn": EN}).status_code == 409
    after = bank.balances()
    assert after["unallocated:qiwi"] == after["bank_clearing:qiwi"] == 0
    assert {code: after[code] for code in before} == before
    assert bank.api.messages() == []


def test_a_reversal_goes_through_once_and_is_told(bank: BankSide, phone: MakePhone) -> None:
    handset = phone(EN)
    pay(bank.api)
    handset.incoming()
    pay(bank.api, "QW-2", amount="5000.00")
    handset.incoming()
    assert support(bank.api, "QW-2", "reverse").json()["state"] == "reversed"
    told = "The payment of 5,000 KZT was reversed: QIWI. Balance: 1,200.50 KZT."
    assert handset.incoming().text.startswith(told)
    second = support(bank.api, "QW-2", "reverse")
    assert (second.status_code, second.json()["code"]) == (409, "payment.is_reversed")
    assert bank.api.balance(EN) == Decimal("1200.50")


def test_money_that_is_gone_cannot_be_reversed_until_it_is_there_again(bank: BankSide) -> None:
    """It went into a debt; a second payment brings enough, and then the first goes back whole."""
    debtor = "77780000002"
    bank.api.add_subscriber(debtor, balance="-600.00")
    pay(bank.api, msisdn=debtor)
    before = bank.balances()
    refused = support(bank.api, "QW-1", "reverse")
    assert (refused.status_code, refused.json()["code"]) == (409, "payment.spent")
    assert bank.balances() == before
    pay(bank.api, "QW-2", msisdn=debtor, amount="600.00")
    assert support(bank.api, "QW-1", "reverse").json()["state"] == "reversed"
    assert bank.api.balance(debtor) == 0


@pytest.mark.parametrize(("language", "title"), [("en", "Pay slip"), ("ru", None), ("kk", None)])
def test_receipts_have_the_code_as_text_and_pdf_in_each_language(
    bank: BankSide, language: str, title: str | None
) -> None:
    """Unallocated too: the slip's number is what support asks for."""
    code = pay(bank.api, brand="kcell").json()["code"]
    text = bank.api.http.get("/payments/QW-1/receipt.txt", params={"language": language})
    page = bank.api.http.get("/payments/QW-1/receipt.pdf", params={"language": language})
    assert text.headers["content-language"] == page.headers["content-language"] == language
    shown = PdfReader(BytesIO(page.content)).pages[0].extract_text()
    for receipt in (text.text, shown):
        assert code in receipt
        assert "QW-1" in receipt
        assert "700" in receipt
    assert title is None or text.text.startswith(title)


def test_reconciliation_finds_each_kind_of_planted_difference(bank: BankSide) -> None:
    """Another amount, another number, reversed here, missing here, missing there, twice, unreadable."""
    ids = [f"QW-{number}" for number in range(1, 6)]
    for payment_id in ids:
        at = pay(bank.api, payment_id).json()["at"]
    support(bank.api, "QW-3", "reverse")
    rows = {each: [each, EN, "700.50", at] for each in ids if each != "QW-4"}
    rows["QW-1"][2] = "70.50"
    rows["QW-2"][1] = RU
    theirs = [*rows.values(), ["QW-9", EN, "1.00", at], rows["QW-5"], ["QW-10", EN, "much", at]]
    text = StringIO()
    csv.writer(text).writerows([["payment_id", "msisdn", "amount", "time"], *theirs])
    url = f"/reconciliation/qiwi?day={datetime.fromisoformat(at).date()}"
    answer = bank.api.http.post(url, content=text.getvalue(), headers={"content-type": "text/csv"})
    found = [tuple(row[:2]) for row in csv.reader(StringIO(answer.text))][1:]
    assert sorted(found) == [
        ("amount", "QW-1"),
        ("duplicate_there", "QW-5"),
        ("missing_here", "QW-9"),
        ("missing_there", "QW-4"),
        ("number", "QW-2"),
        ("state", "QW-3"),
        ("unreadable", ""),
    ]


def test_kaspi_bonuses_earn_pay_and_go_back(bank: BankSide, phone: MakePhone) -> None:
    """5 % of a payment by Kaspi card come as bonuses, which pay for the next; 1 bonus is 1 KZT."""
    handset = phone(EN)
    paid = pay(bank.api, "K-1", channel="kaspi", source="card", amount="2000.00")
    assert paid.status_code == 201
    assert "bonuses +100." in handset.incoming().text
    assert bank.balances()[f"bank_bonus:{EN}"] == 100
    short = pay(bank.api, "K-2", channel="kaspi", source="bonus", amount="100.01")
    assert (short.status_code, short.json()["code"]) == (409, "payment.bonuses_short")
    assert pay(bank.api, "K-3", channel="kaspi", source="bonus", amount="100.00").status_code == 201
    assert bank.balances()[f"bank_bonus:{EN}"] == 0
    spent = support(bank.api, "K-1", "reverse")
    assert (spent.status_code, spent.json()["code"]) == (409, "payment.bonuses_spent")
    assert support(bank.api, "K-3", "reverse").json()["state"] == "reversed"
    assert support(bank.api, "K-1", "reverse").json()["state"] == "reversed"
    assert bank.api.balance(EN) == MAIN
    assert bank.balances()[f"bank_bonus:{EN}"] == 0


def test_a_purchase_notice_waits_for_a_handset_over_a_crash(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """Switched off at the purchase, and the gateway dies; it comes at the first bind."""
    gateway = start_gateway()
    gateway.api.virtual_clock(MORNING)
    bank = BankSide(gateway.api)
    bank.happen(bank.card(EN)["id"], "purchase", "1234.50", "Arbat")
    gateway.kill()
    gateway.start()
    link = connect(gateway)
    link.bind(address_range=EN)
    (notice,) = texts(link.delivery())
    assert "purchase of 1,234.50 KZT, Arbat, 17.05 09:30" in notice
    (message,) = until(lambda: gateway.api.messages(to=EN, state="DELIVERED"), "it is delivered")
    assert message["text"] == notice
