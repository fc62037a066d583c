"""7000: identifier, password, menu; from the handset's side (services.md section 4)."""

from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from tests.e2e.bank_side import ANSWER_S, BankSide
from tests.e2e.conftest import MakePhone
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.voice import Voice, VoicePhone

EN = "77781234567"
MAIN = Decimal(500)
INITIAL = "1234567"
DAY_S = 86_400
PROMPT_S = 10


class Customer(NamedTuple):
    """Who uses the bank by phone, the handset, and the bank."""

    phone: VoicePhone
    identifier: str
    bank: BankSide


@pytest.fixture
def customer(voice: Voice) -> Customer:
    """A handset whose subscriber is registered, with the initial password."""
    bank = BankSide(voice.api)
    body = {"msisdn": EN, "card": bank.card(EN)["id"]}
    made: dict[str, Any] = voice.api.post("/bank/phone-customers", body)
    return Customer(voice.phone(EN), str(made["identifier"]), bank)


def call(phone: VoicePhone, number: str = "7000") -> None:
    """Up to where the identifier is asked for."""
    phone.dial(number)
    phone.connected()
    phone.prompt("phone.ask_identifier")


def identify(customer: Customer, password: str) -> None:
    """Say who it is."""
    customer.phone.press(f"{customer.identifier}#")
    customer.phone.prompt("phone.ask_password")
    customer.phone.press(f"{password}#")


def enter(customer: Customer, password: str = INITIAL, number: str = "7000") -> None:
    """Up to the menu."""
    call(customer.phone, number)
    identify(customer, password)
    if password == INITIAL:
        customer.phone.prompt("phone.change_advised")
    customer.phone.prompt("phone.menu")


def change(customer: Customer, new: str, again: str | None = None) -> None:
    """From the menu: another password, typed twice."""
    customer.phone.press("3")
    customer.phone.prompt("phone.ask_new_password")
    customer.phone.press(f"{new}#")
    customer.phone.prompt("phone.ask_new_password_again")
    customer.phone.press(f"{again or new}#")


@pytest.mark.parametrize("number", ["7000", "77272585333", "8 (727) 258-53-33", "+77272585333"])
def test_both_numbers_answer_the_same_menu_and_the_call_is_free(
    voice: Voice, customer: Customer, number: str
) -> None:
    enter(customer, number=number)
    customer.phone.hang_up()
    assert customer.phone.ended()[2] == "0.00"
    assert voice.api.balance(EN) == MAIN


def test_a_payment_is_confirmed_accepted_and_told_by_sms(
    voice: Voice, customer: Customer, phone: MakePhone
) -> None:
    handset = phone(EN)
    enter(customer)
    customer.phone.press("1")
    customer.phone.prompt("phone.ask_amount")
    customer.phone.press("500#")
    words = customer.phone.prompt("phone.confirm")
    assert "500 tenge" in words
    assert customer.bank.card(EN)["last4"] in words
    customer.phone.press("1")
    customer.phone.prompt("phone.working")
    customer.phone.prompt("phone.menu")
    customer.phone.hang_up()
    customer.phone.ended()
    voice.api.advance(ANSWER_S)
    assert "500" in handset.incoming().text
    assert voice.api.balance(EN) == MAIN + 500
    assert customer.bank.card(EN)["balance"] == "49500.00"


def test_a_payment_goes_on_when_the_caller_hangs_up_at_once(voice: Voice, customer: Customer) -> None:
    enter(customer)
    customer.phone.press("1")
    customer.phone.prompt("phone.ask_amount")
    customer.phone.press("500#")
    customer.phone.prompt("phone.confirm")
    customer.phone.press("1")
    customer.phone.hang_up()
    voice.api.advance(ANSWER_S)
    assert voice.api.balance(EN) == MAIN + 500


def test_2_cancels(voice: Voice, customer: Customer) -> None:
    enter(customer)
    customer.phone.press("1")
    customer.phone.prompt("phone.ask_amount")
    customer.phone.press("500#")
    customer.phone.prompt("phone.confirm")
    customer.phone.press("2")
    customer.phone.prompt("phone.cancelled")
    customer.phone.prompt("phone.menu")
    voice.api.advance(ANSWER_S)
    assert voice.api.balance(EN) == MAIN


def test_the_confirmation_cannot_be_typed_ahead(voice: Voice, customer: Customer) -> None:
    """What is paid must have been heard."""
    enter(customer)
    customer.phone.press("1")
    customer.phone.prompt("phone.ask_amount")
    customer.phone.press("500#1")
    customer.phone.prompt("phone.confirm")
    customer.phone.is_quiet()
    voice.api.advance(1)
    assert customer.bank.card(EN)["held"] == "0.00"


@pytest.mark.parametrize(
    ("amount", "said"),
    [("99", "phone.below_minimum"), ("0", "phone.bad_amount"), ("999999", "phone.above_limit")],
)
def test_a_wrong_amount_is_told_and_asked_for_again(customer: Customer, amount: str, said: str) -> None:
    enter(customer)
    customer.phone.press("1")
    customer.phone.prompt("phone.ask_amount")
    customer.phone.press(f"{amount}#")
    customer.phone.prompt(said)
    customer.phone.prompt("phone.ask_amount")


def test_the_balance_of_the_card_is_said(customer: Customer) -> None:
    enter(customer)
    customer.phone.press("2")
    assert "50,000 tenge" in customer.phone.prompt("phone.balance")
    customer.phone.prompt("phone.menu")


def test_the_initial_password_is_to_be_changed_until_it_is(customer: Customer) -> None:
    enter(customer)
    change(customer, "86420")
    customer.phone.prompt("phone.password_changed")
    customer.phone.prompt("phone.menu")
    customer.phone.hang_up()
    customer.phone.ended()
    enter(customer, "86420")
    customer.phone.hang_up()
    customer.phone.ended()
    call(customer.phone)
    identify(customer, INITIAL)
    customer.phone.prompt("phone.wrong")


@pytest.mark.parametrize(
    ("new", "again", "said"),
    [
        ("86420", "86421", "phone.password_differs"),
        ("123", None, "phone.password_form"),
        (INITIAL, None, "phone.password_initial"),
    ],
)
def test_a_password_that_will_not_do_is_told_and_the_old_one_stays(
    customer: Customer, new: str, again: str | None, said: str
) -> None:
    enter(customer)
    change(customer, new, again)
    customer.phone.prompt(said)
    customer.phone.prompt("phone.ask_new_password")
    customer.phone.hang_up()
    customer.phone.ended()
    enter(customer)


def test_three_wrong_passwords_lock_it_for_a_day(voice: Voice, customer: Customer) -> None:
    """On all calls together; the right one does not help until then."""
    call(customer.phone)
    for said in ("phone.wrong", "phone.wrong"):
        identify(customer, "7654321")
        customer.phone.prompt(said)
        customer.phone.prompt("phone.ask_identifier")
    customer.phone.hang_up()
    customer.phone.ended()
    call(customer.phone)
    identify(customer, "7654321")
    customer.phone.prompt("phone.locked_now")
    assert customer.phone.ended()[0] == "not_allowed"
    call(customer.phone)
    identify(customer, INITIAL)
    customer.phone.prompt("phone.locked")
    customer.phone.ended()
    voice.api.advance(DAY_S)
    enter(customer)


def test_an_unknown_identifier_is_told_like_a_wrong_password(customer: Customer) -> None:
    """Who guesses learns nothing."""
    call(customer.phone)
    customer.phone.press("00000000#")
    customer.phone.prompt("phone.ask_password")
    customer.phone.press(f"{INITIAL}#")
    customer.phone.prompt("phone.wrong")


def test_who_says_nothing_is_bid_goodbye(voice: Voice, customer: Customer) -> None:
    call(customer.phone)
    voice.api.advance(PROMPT_S)
    customer.phone.prompt("phone.ask_identifier")
    voice.api.advance(PROMPT_S)
    customer.phone.prompt("phone.goodbye")
    assert customer.phone.ended()[0] == "gave_up"


def test_identifier_and_passwords_are_in_no_record_and_no_log(
    voice: Voice, gateway: GatewayProcess, customer: Customer
) -> None:
    enter(customer)
    change(customer, "8642086420")
    customer.phone.prompt("phone.password_changed")
    customer.phone.prompt("phone.menu")
    customer.phone.hang_up()
    customer.phone.ended()
    whole = voice.record(customer.phone.call)
    assert {turn["text"] for turn in whole["turns"] if turn["kind"] == "keys"} == {"***", "3"}
    for secret in ("8642086420", customer.identifier):
        assert secret not in str(whole)
        assert secret not in gateway.log
    assert "8642086420" not in gateway.database.read_bytes().decode("latin-1")
