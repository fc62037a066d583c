"""Bank by SMS, 8080, from a handset to the bank's books and back (services.md section 3)."""

from decimal import Decimal

import pytest

from tests.e2e.bank_side import ANSWER_S, BEFORE_ANSWER_S, BankSide
from tests.e2e.conftest import MakePhone
from tests.e2e.control_api import ControlApi
from tests.e2e.phone import Phone

EN, RU, KK, POSTPAID = "77781234567", "77011234567", "77021234567", "77751234567"
MORNING = "2031-05-17T09:30:00+05:00"
#: The demo's subscribers begin with this much on the main balance and on the card.
MAIN, CARD = Decimal(500), Decimal(50_000)


@pytest.fixture
def bank(api: ControlApi) -> BankSide:
    """The bank, on a virtual clock."""
    api.virtual_clock(MORNING)
    return BankSide(api)


def moved(before: dict[str, Decimal], after: dict[str, Decimal]) -> dict[str, Decimal]:
    """What changed between two trial balances; an account that was not there had nothing."""
    nothing = Decimal()
    changes = {code: after[code] - before.get(code, nothing) for code in after}
    return {code: change for code, change in changes.items() if change}


# -- worked examples -------------------------------------------------------------------------------


def test_a_payment_holds_then_debits_the_card_and_credits_the_account(
    bank: BankSide, phone: MakePhone
) -> None:
    """``07 NNNN 100``: at once "we are paying", a hold in between, four lines 3 to 5 s later, one code."""
    handset, card = phone(EN), bank.card(EN)
    before = bank.balances()
    said = handset.sms("8080", f"07 {card['last4']} 100")
    assert (said.source, said.text) == (
        "8080",
        f"We are paying 100 KZT from card ****{card['last4']}. A message will follow in seconds.",
    )
    between = bank.card(EN)
    assert (between["balance"], between["held"], between["available"]) == ("50000.00", "100.00", "49900.00")
    code = bank.last(EN)["code"]
    assert (bank.state(code), bank.api.balance(EN)) == ("authorised", MAIN)
    assert bank.balances() == before, "a hold moves nothing"
    assert bank.api.advance(BEFORE_ANSWER_S) == []
    (fired,) = bank.api.advance(ANSWER_S - BEFORE_ANSWER_S)
    assert fired["kind"] == "bank_sms.answer"
    paid = f"Paid: 100 KZT from card ****{card['last4']}. Balance: 600 KZT. Code: {code}."
    assert handset.incoming().text == paid
    assert bank.state(code) == "posted"
    after = bank.card(EN)
    assert (after["balance"], after["held"]) == ("49900.00", "0.00")
    (credit,) = bank.top_ups(EN)
    assert (credit["source"], credit["amount"], credit["balance_after"]) == (code, "100.00", "600.00")
    assert moved(before, bank.balances()) == {
        f"card:{card['id']}": Decimal(-100),
        "bank_operator:halyk": Decimal(100),
        "bank_clearing:halyk": Decimal(-100),
        f"main:{EN}": Decimal(100),
    }


def test_a_payment_for_another_number_is_told_to_both(bank: BankSide, phone: MakePhone) -> None:
    """The fourth word, in any of the forms that people type; each in their own language."""
    payer, other = phone(EN), phone(RU)
    last4 = bank.card(EN)["last4"]
    payer.sms("8080", f"07 {last4} 250.50 8 (701) 123-45-67")
    bank.api.advance(ANSWER_S)
    code = bank.last(EN)["code"]
    assert payer.incoming().text == f"Paid: 250.50 KZT from card ****{last4} for {RU}. Code: {code}."
    received = other.incoming()
    assert received.source == "8080"
    assert all(part in received.text for part in ("250.50", EN, "750.50"))
    assert (bank.api.balance(EN), bank.api.balance(RU)) == (MAIN, MAIN + Decimal("250.50"))
    assert [each["source"] for each in bank.top_ups(RU)] == [code]


def test_the_balance_tells_what_is_held(bank: BankSide, phone: MakePhone) -> None:
    handset = phone(EN)
    last4 = bank.card(EN)["last4"]
    assert handset.sms("8080", f"01 {last4}").text == f"Card ****{last4}: 50,000 KZT."
    handset.sms("8080", f"07 {last4} 1000")
    held = f"Card ****{last4}: 49,000 KZT. 1,000 KZT more is held."
    assert handset.sms("8080", f"01 {last4}").text == held


def test_the_last_ten_transactions_come_newest_first_with_their_venues(
    bank: BankSide, phone: MakePhone
) -> None:
    """Eleven purchases and a payment that is held: the first two purchases are off the list."""
    card = bank.card(EN)
    for number in range(11):
        bank.happen(card["id"], "purchase", f"{100 + number}", f"Shop {number}")
        bank.api.advance(60)
    handset = phone(EN)
    for number in range(11):
        assert f"Shop {number}" in handset.incoming().text
    handset.sms("8080", f"07 {card['last4']} 500 {RU}")
    lines = handset.sms("8080", f"02 {card['last4']}").text.splitlines()
    assert lines[0] == f"Card ****{card['last4']}, KZT:"
    assert lines[1] == f"17.05 09:41: -500, {RU} (held)"
    shops = [f"17.05 09:{30 + number}: -{100 + number}, Shop {number}" for number in range(10, 1, -1)]
    assert lines[2:] == shops


def test_a_disabled_card_pays_nothing_until_the_bank_enables_it(bank: BankSide, phone: MakePhone) -> None:
    handset, card = phone(EN), bank.card(EN)
    last4 = card["last4"]
    off = f"Card ****{last4} is disabled now. Only your bank can enable it: call or visit it."
    assert handset.sms("8080", f"09 {last4}").text == off
    refused = f"Card ****{last4} is disabled. To enable it, call or visit your bank."
    for command in (f"07 {last4} 100", f"01 {last4}", f"02 {last4}", f"09 {last4}"):
        assert handset.sms("8080", command).text == refused
    answer = bank.api.http.post(
        f"/cards/{card['id']}/transactions", json={"kind": "purchase", "amount": "1", "venue": "Magnum"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "bank.disabled")
    bank.change(card["id"], "active")
    assert handset.incoming().text == f"Card ****{last4} works again."
    assert handset.sms("8080", f"07 {last4} 100").text.startswith("We are paying 100 KZT")


def test_the_bank_blocks_and_unblocks_and_says_so_once_each(bank: BankSide, phone: MakePhone) -> None:
    """What is so already is not told again."""
    handset, card = phone(EN), bank.card(EN)
    for state in ("disabled", "disabled", "active", "active"):
        assert bank.change(card["id"], state)["state"] == state
    assert handset.incoming().text.startswith(f"Card ****{card['last4']} is disabled now.")
    assert handset.incoming().text == f"Card ****{card['last4']} works again."
    assert len(bank.api.messages(to=EN)) == 2


def test_texts_and_amounts_come_in_the_payers_language(bank: BankSide, phone: MakePhone) -> None:
    """Russian and Kazakh: on its way, then done."""
    expected = {
        RU: (
            "Платим 100 тг с карты ****{}. Через секунды придёт ответ.",
            "Оплата 100 тг, карта ****{}. Баланс 600 тг.",
        ),
        KK: (
            "****{} картасынан 100 тг төлеп жатырмыз. Жауап қазір келеді.",
            "Төлем 100 тг, карта ****{}. Баланс 600 тг.",
        ),
    }
    for msisdn, (working, paid) in expected.items():
        handset, last4 = phone(msisdn), bank.card(msisdn)["last4"]
        assert handset.sms("8080", f"07 {last4} 100").text == working.format(last4)
        bank.api.advance(ANSWER_S)
        said = handset.incoming().text
        assert said.startswith(paid.format(last4))
        assert said.endswith(bank.last(msisdn)["code"])


# -- events of the card ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said", "available"),
    [
        ("purchase", "purchase of 1,500 KZT, Magnum", "48,500"),
        ("payment", "payment of 1,500 KZT, Magnum", "48,500"),
        ("transfer", "transfer of 1,500 KZT, Magnum", "48,500"),
        ("authorisation", "1,500 KZT held, Magnum", "48,500"),
        ("salary", "salary of 1,500 KZT, Magnum", "51,500"),
        ("cash", "1,500 KZT added in cash, Magnum", "51,500"),
    ],
)
def test_every_card_event_is_told_at_once_with_amount_time_and_venue(
    bank: BankSide, phone: MakePhone, kind: str, said: str, available: str
) -> None:
    handset, card = phone(EN), bank.card(EN)
    bank.happen(card["id"], kind, "1500")
    notice = handset.incoming()
    assert notice.source == "8080"
    digits = card["last4"]
    assert notice.text.startswith(f"Card ****{digits}: {said}, 17.05 09:30.")
    assert notice.text.endswith(f"Available: {available} KZT.")
    bank.balances()


def test_a_notice_for_a_handset_that_is_off_waits_and_comes_when_it_binds(
    bank: BankSide, phone: MakePhone
) -> None:
    card = bank.card(EN)
    bank.happen(card["id"], "purchase", "777.77", "Arbat")
    bank.happen(card["id"], "salary", "300000", "Employer")
    assert {each["state"] for each in bank.api.messages(to=EN)} == {"ENROUTE"}
    bank.api.advance(3600)
    handset = phone(EN)
    assert "777.77 KZT, Arbat, 17.05 09:30" in handset.incoming().text, "the time of the purchase"
    assert "300,000 KZT, Employer, 17.05 09:30" in handset.incoming().text


def test_a_card_number_in_full_is_shown_nowhere(bank: BankSide, phone: MakePhone) -> None:
    """Somebody types all of it instead of its last digits: the gateway keeps no digit of the message."""
    handset = phone(EN)
    handset.sms("8080", "07 9398000000071234 100")
    (sent,) = bank.api.messages(from_=EN)
    assert sent["text"] == "** **************** ***"
    assert all("000000071234" not in str(bank.api.whole(each["id"])) for each in bank.api.messages())


# -- refusals --------------------------------------------------------------------------------------

AMOUNTS = ("0", "-5", "1e3", "5 000,50", "99.999", "١٠٠", "9" * 20, "сто", "0.00")


@pytest.mark.parametrize("typed", AMOUNTS)
def test_an_amount_that_is_none_is_answered_with_an_example(
    bank: BankSide, phone: MakePhone, typed: str
) -> None:
    """Nothing is held."""
    said = phone(EN).sms("8080", f"07 {bank.card(EN)['last4']} {typed}")
    assert said.text == "Please write the amount in tenge without spaces, like 100 or 99.50."
    assert bank.transactions(EN) == []


REFUSALS = [
    (
        EN,
        "07 0001 100",
        "You have no card that ends in 0001 here. Connect a card at your bank's ATM or branch.",
    ),
    (RU, "07 {} 0", "Укажите сумму в тенге без пробелов, например 100 или 99.50."),
    (RU, "07 {} 100 1234567", "Номер записан неверно. Правильно, например: 77011234567."),
    (
        KK,
        "07 {} 100 77051234567",
        "Бұл басқа оператордың нөмірі. Kcell мен activ нөмірлеріне төлеуге болады.",
    ),
    (EN, "07 {} 100 77019999999", "The number to pay for is not registered with us. Please check it."),
    (RU, f"07 {{}} 100 {POSTPAID}", "Номер, за который вы платите, заблокирован."),
    (
        KK,
        "07 {} 200000.01",
        "Карталардан күніне 200\xa0000 тг-ден артық төлеуге болмайды. Соманы азайтыңыз немесе ертең көріңіз.",
    ),
    (EN, "07 {0} 50000.01", "There is not enough money on card ****{0}."),
    (EN, "07 {}", "NNNN is the card's last digits. 07 NNNN AMOUNT: pay, also 07 NNNN AMOUNT NUMBER."),
]


@pytest.mark.parametrize(("msisdn", "typed", "said"), REFUSALS)
def test_a_refusal_says_why_in_the_senders_language_and_moves_nothing(
    bank: BankSide, phone: MakePhone, msisdn: str, typed: str, said: str
) -> None:
    bank.api.patch(POSTPAID, status="blocked")
    before, last4 = bank.balances(), bank.card(msisdn)["last4"]
    answer = phone(msisdn).sms("8080", typed.format(last4)).text
    assert answer.startswith(said.format(last4))
    assert (bank.balances(), bank.transactions(msisdn)) == (before, [])
    assert bank.card(msisdn)["held"] == "0.00"


def test_of_two_cards_with_the_same_four_digits_six_are_asked_for(bank: BankSide, phone: MakePhone) -> None:
    """And six name one of them."""
    handset, first = phone(KK), bank.card(KK)
    second = bank.connect(KK, first["last4"], "1000.00")
    handset.incoming()
    asked = handset.sms("8080", f"07 {first['last4']} 100").text
    assert asked.startswith(f"{first['last4']} цифрларымен аяқталатын картаңыз бірнешеу.")
    handset.sms("8080", f"07 {second['last6']} 100")
    assert bank.api.get(f"/cards/{second['id']}")["held"] == "100.00"
    assert bank.card(KK)["held"] == "0.00"


def test_the_daily_limit_counts_what_was_paid_and_ends_at_midnight(bank: BankSide, phone: MakePhone) -> None:
    """200,000 KZT by a subscriber's cards in a calendar day, what is on its way included."""
    card = bank.connect(EN, "1239", "500000.00")
    handset = phone(EN)
    handset.incoming()
    assert _pays(handset, card["last6"], "150000")
    bank.api.advance(ANSWER_S)
    handset.incoming()
    assert _pays(handset, card["last6"], "50000"), "exactly the limit"
    assert not _pays(handset, bank.card(EN)["last6"], "0.01"), "of another card of the same subscriber"
    bank.api.post("/clock/advance", {"to": "2031-05-18T00:00:00+05:00"})
    handset.incoming()
    assert _pays(handset, card["last6"], "200000")


def _pays(handset: Phone, digits: str, amount: str) -> bool:
    return handset.sms("8080", f"07 {digits} {amount}").text.startswith("We are paying")


def test_commands_are_forgiven_their_spelling(bank: BankSide, phone: MakePhone) -> None:
    """Spaces, full-width digits: the same payment; an unknown command gets the usage and costs nothing."""
    handset, last4 = phone(EN), bank.card(EN)["last4"]
    wide = "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in last4)
    assert handset.sms("8080", f"  07   {wide}  100 ").text.startswith("We are paying 100 KZT")
    assert handset.sms("8080", "hello").text.startswith("NNNN is the card's last digits.")
    assert bank.api.balance(EN) == MAIN
    assert len(bank.transactions(EN)) == 1
