"""AutoPay from the handset's menu to the runs, on a virtual clock (services.md section 6)."""

import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.e2e.bank_side import ANSWER_S, BankSide
from tests.e2e.conftest import Connect, MakePhone, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.phone import Phone
from tests.e2e.waiting import until

EN, RU, KK, POSTPAID = "77781234567", "77011234567", "77021234567", "77751234567"
MORNING = "2031-05-17T09:30:00+05:00"
HOUR_S, DAY_S = 3_600, 86_400
#: The whole path, as services.md section 6 has it: the wizard's answers follow.
DAILY_200 = "*911*2*2*1*200*1#"
RUN, RETRY, ANSWER = "autopay.run", "autopay.retry", "autopay.answer"


@pytest.fixture
def bank(api: ControlApi) -> BankSide:
    """The bank, on a virtual clock, half an hour before AutoPay's hour."""
    api.virtual_clock(MORNING)
    return BankSide(api)


def rules(api: ControlApi, msisdn: str = EN) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/subscribers/{msisdn}/autopay")
    return found


def kinds(fired: list[dict[str, Any]]) -> list[str]:
    return [each["kind"] for each in fired if each["kind"].startswith("autopay")]


def set_up(handset: Phone, dialled: str) -> None:
    """Dial a whole path whose last screen says that the rule is on."""
    assert not handset.dial(dialled).wants_answer


def pay(api: ControlApi, payment_id: str, amount: str, msisdn: str = EN, brand: str = "activ") -> None:
    """Cash at a terminal."""
    body = {
        "payment_id": payment_id,
        "channel": "qiwi",
        "msisdn": msisdn,
        "brand": brand,
        "amount": amount,
        "source": "cash",
    }
    api.post("/payments", body)


def take_back(api: ControlApi, payment_id: str) -> None:
    """The balance falls by what was paid."""
    api.post(f"/payments/{payment_id}/reverse")


# -- the menu --------------------------------------------------------------------------------------

WIZARD = {
    EN: (
        "When to pay?",
        "How much to pay each time, KZT?",
        "pays 200 KZT to your number every day. Agree?",
        "The rule is on.",
    ),
    RU: (
        "Когда платить?",
        "Сколько платить каждый раз, тг?",
        "200 тг на ваш номер каждый день. Верно?",
        "Правило включено.",
    ),
    KK: (
        "Қашан төлейміз?",
        "Әр жолы қанша төлеу керек, тг?",
        "өз нөміріңізге 200 тг, күн сайын. Дұрыс па?",
        "Ереже қосылды.",
    ),
}


@pytest.mark.parametrize("msisdn", WIZARD)
def test_the_wizard_step_by_step_and_dialled_in_full_make_the_same_rule(
    bank: BankSide, phone: MakePhone, msisdn: str
) -> None:
    """Three languages; the card is not asked for as there is one."""
    handset = phone(msisdn)
    when, amount, sure, done = WIZARD[msisdn]
    assert handset.dial("*911*2*2#").text.startswith(when)
    assert handset.answer("1").text.startswith(amount)
    shown = handset.answer("200").text
    assert sure in shown
    assert bank.card(msisdn)["last4"] in shown
    assert rules(bank.api, msisdn) == []
    last = handset.answer("1")
    assert last.text.startswith(done)
    assert last.text.endswith("17.05 10:00.")
    set_up(handset, DAILY_200)
    first, second = rules(bank.api, msisdn)
    for rule in (first, second):
        assert (rule["kind"], rule["amount"], rule["state"]) == ("daily", "200.00", "on")
        assert (rule["target"], rule["due"]) == (msisdn, "2031-05-17T10:00:00+05:00")
    assert first["id"] != second["id"]


def test_a_wrong_answer_is_asked_again_and_no_makes_no_rule(bank: BankSide, phone: MakePhone) -> None:
    handset = phone(EN)
    handset.dial("*911*2*2*1#")
    for typed in ("1e3", "-5", "5 000,50"):
        assert handset.answer(typed).wants_answer
    assert "200 KZT" in handset.answer("200").text
    handset.answer("2")
    assert rules(bank.api) == []


def test_without_a_card_it_tells_how_to_connect_one(bank: BankSide, phone: MakePhone) -> None:
    """The same with a card that is disabled."""
    bank.api.add_subscriber("77780000001")
    handset = phone("77780000001")
    said = "Connect a bank card to your number at an ATM or a bank branch, then dial again."
    for dialled in ("*911*2*2#", "*911*2*3#", DAILY_200):
        assert handset.dial(dialled).text == said
    other = phone(RU)
    bank.change(bank.card(RU)["id"], "disabled")
    other.incoming()
    assert other.dial("*911*2*2#").text.startswith("Подключите")


def test_with_several_cards_one_is_chosen(bank: BankSide, phone: MakePhone) -> None:
    handset = phone(EN)
    second = bank.connect(EN, "4321", "10000.00")
    handset.incoming()
    assert handset.dial("*911*2*2#").text.startswith("From which card?\n1 Card *")
    handset.answer("2")
    handset.answer("1")
    handset.answer("300")
    handset.answer("1")
    assert [rule["card"] for rule in rules(bank.api)] == [second["id"]]
    bank.api.advance(HOUR_S)
    assert bank.api.get(f"/cards/{second['id']}")["balance"] == "9700.00"


def test_a_rule_is_listed_switched_off_and_on(bank: BankSide, phone: MakePhone) -> None:
    """``*911*2*1#``; what is off does not run."""
    handset = phone(EN)
    assert handset.dial("*911*2*1#").text == "You have no AutoPay rules yet."
    set_up(handset, DAILY_200)
    assert f"on: 200 KZT to {EN} every day" in handset.dial("*911*2*1#").text
    assert handset.answer("1").text == "The rule is off."
    assert kinds(bank.api.advance(DAY_S)) == []
    assert f"off: 200 KZT to {EN} every day" in handset.dial("*911*2*1#").text
    assert handset.answer("1").text == "The rule is on. Next payment: 18.05 10:00."
    assert kinds(bank.api.advance(HOUR_S)) == [RUN, ANSWER]


# -- on schedule -----------------------------------------------------------------------------------


def test_a_month_in_one_advance_runs_each_day_once_in_order_with_its_sms_in_under_a_second(
    bank: BankSide, phone: MakePhone
) -> None:
    """31 days, twice; the quicker one counts, as the machine does other things too. The handset, which is on,
    reads of each: time does not go on before that is delivered.
    """
    handset = phone(EN)
    set_up(handset, DAILY_200)
    took_s = [_advance_a_month(bank, month) for month in range(2)]
    assert min(took_s) < 1
    codes = [each["code"] for each in bank.transactions(EN)][::-1]
    assert len(set(codes)) == 62
    assert [each["source"] for each in bank.top_ups(EN)][::-1] == codes
    paid = [_paid(number, code) for number, code in enumerate(codes, 1)]
    assert [handset.incoming().text for _ in codes] == paid
    told = bank.api.messages(to=EN, from_="9110", limit=1000)
    assert [each["text"] for each in told][::-1] == paid
    assert {each["state"] for each in told} == {"DELIVERED"}
    assert bank.api.balance(EN) == 500 + 62 * 200
    assert bank.card(EN)["balance"] == "37600.00"
    bank.balances()


def _advance_a_month(bank: BankSide, month: int) -> float:
    """The seconds of real time that it took."""
    began = time.perf_counter()
    fired = bank.api.advance(31 * DAY_S)
    took_s = time.perf_counter() - began
    assert kinds(fired) == [RUN, ANSWER] * 31
    first = datetime.fromisoformat("2031-05-17T10:00:00+05:00") + timedelta(days=31 * month)
    runs = [datetime.fromisoformat(each["due"]) for each in fired if each["kind"] == RUN]
    assert runs == [first + timedelta(days=day) for day in range(31)]
    return took_s


def _paid(number: int, code: str) -> str:
    """What the payer reads after so many payments of 200 KZT."""
    return f"AutoPay: 200 KZT paid. Balance: {500 + 200 * number:,} KZT. Code: {code}"


def test_a_monthly_rule_made_on_the_31st_runs_on_the_last_day_of_shorter_months(
    bank: BankSide, phone: MakePhone
) -> None:
    bank.api.post("/clock/advance", {"to": "2032-01-31T09:00:00+05:00"})
    set_up(phone(EN), "*911*2*2*3*200*1#")
    fired = bank.api.post("/clock/advance", {"to": "2032-06-01T00:00:00+05:00"})["fired"]
    runs = [each["due"][:16] for each in fired if each["kind"] == RUN]
    days = ("01-31", "02-29", "03-31", "04-30", "05-31")
    assert runs == [f"2032-{day}T10:00" for day in days]


def test_a_weekly_rule_runs_on_its_day_of_the_week(bank: BankSide, phone: MakePhone) -> None:
    set_up(phone(EN), "*911*2*2*2*200*1#")
    fired = bank.api.advance(15 * DAY_S)
    runs = [each["due"][:10] for each in fired if each["kind"] == RUN]
    assert runs == ["2031-05-17", "2031-05-24", "2031-05-31"]


def test_rules_of_several_payers_run_in_the_order_of_time(bank: BankSide, phone: MakePhone) -> None:
    """Two at ten o'clock, and each is paid by its own card."""
    for msisdn in (EN, RU):
        set_up(phone(msisdn), DAILY_200)
    fired = [each for each in bank.api.advance(2 * DAY_S) if each["kind"].startswith("autopay")]
    assert [each["due"] for each in fired] == sorted(each["due"] for each in fired)
    for msisdn in (EN, RU):
        assert bank.api.balance(msisdn) == 900
        assert bank.card(msisdn)["balance"] == "49600.00"


# -- failures --------------------------------------------------------------------------------------


def test_three_failures_an_hour_apart_pause_the_rule_and_each_is_told(
    bank: BankSide, phone: MakePhone
) -> None:
    """Switched on again it begins anew."""
    handset = phone(EN)
    set_up(handset, DAILY_200)
    bank.behave("error")
    fired = bank.api.advance(8 * HOUR_S)
    assert kinds(fired) == [RUN, ANSWER, RETRY, ANSWER, RETRY, ANSWER]
    tries = [datetime.fromisoformat(each["due"]) for each in fired if each["kind"] in (RUN, RETRY)]
    for earlier, later in pairwise(tries):
        assert timedelta(hours=1) <= later - earlier <= timedelta(hours=1, seconds=ANSWER_S)
    for clock in ("11:00", "12:00"):
        said = (
            f"AutoPay did not pay 200 KZT to {EN}: the bank could not do it. It tries again at 17.05 {clock}."
        )
        assert handset.incoming().text == said
    paused = handset.incoming().text
    assert paused.startswith(f"AutoPay of 200 KZT to {EN} is paused after 3 failures:")
    (rule,) = rules(bank.api)
    assert (rule["state"], rule["failures"]) == ("paused", 3)
    assert kinds(bank.api.advance(3 * DAY_S)) == []
    assert bank.api.balance(EN) == 500
    assert bank.card(EN)["balance"] == "50000.00"
    bank.behave("usual")
    assert f"paused: 200 KZT to {EN}" in handset.dial("*911*2*1#").text
    handset.answer("1")
    assert kinds(bank.api.advance(DAY_S)) == [RUN, ANSWER]
    assert rules(bank.api)[0]["failures"] == 0
    assert bank.api.balance(EN) == 700


def test_a_retry_that_pays_forgets_the_failures(bank: BankSide, phone: MakePhone) -> None:
    """The card was empty at ten and had a salary at half past."""
    handset, card = phone(EN), bank.card(EN)
    bank.happen(card["id"], "purchase", "49900")
    handset.incoming()
    set_up(handset, DAILY_200)
    bank.api.advance(HOUR_S)
    assert "there is not enough money on the card." in handset.incoming().text
    bank.happen(card["id"], "salary", "1000")
    handset.incoming()
    assert kinds(bank.api.advance(HOUR_S)) == [RETRY, ANSWER]
    assert handset.incoming().text.startswith("AutoPay: 200 KZT paid.")
    assert (rules(bank.api)[0]["failures"], bank.card(EN)["balance"]) == (0, "900.00")


def test_while_the_bank_says_nothing_nothing_more_is_paid(bank: BankSide, phone: MakePhone) -> None:
    """Unknown, never again on a guess; once it is resolved the rule goes on."""
    handset = phone(EN)
    set_up(handset, DAILY_200)
    bank.behave("never")
    bank.api.advance(3 * DAY_S)
    (transaction,) = bank.transactions(EN)
    assert transaction["state"] == "unknown"
    assert handset.incoming().text.startswith(f"The bank has not answered about AutoPay of 200 KZT to {EN}.")
    bank.behave("usual")
    bank.resolve(transaction["code"], "approved")
    paid = f"AutoPay: 200 KZT paid. Balance: 700 KZT. Code: {transaction['code']}"
    assert handset.incoming().text == paid
    assert kinds(bank.api.advance(DAY_S)) == [RUN, ANSWER]


# -- below a limit ---------------------------------------------------------------------------------

LIMIT_1000_100 = "*911*2*2*4*1000*100*1#"


def test_a_limit_rule_fires_once_per_fall(bank: BankSide, phone: MakePhone) -> None:
    """A payment that is reversed makes the balance fall; as long as it stays below, nothing more is paid."""
    handset = phone(EN)
    pay(bank.api, "QW-1", "600.00")
    handset.incoming()
    assert handset.dial(LIMIT_1000_100).text.endswith("It pays when the balance is below 1,000 KZT.")
    assert kinds(bank.api.advance(DAY_S)) == [], "1,100 is not below"
    take_back(bank.api, "QW-1")
    bank.api.advance(ANSWER_S)
    until(lambda: bank.api.balance(EN) == 600, "it has paid 100")
    assert kinds(bank.api.advance(DAY_S)) == [], "600 is below still, and it has not fallen again"
    pay(bank.api, "QW-2", "200.00")
    take_back(bank.api, "QW-2")
    assert kinds(bank.api.advance(DAY_S)) == [], "from 800 to 600: all of it below"
    pay(bank.api, "QW-3", "600.00")
    take_back(bank.api, "QW-3")
    bank.api.advance(ANSWER_S)
    assert bank.api.balance(EN) == 700
    assert len(bank.top_ups(EN)) == 2


def test_a_limit_rule_that_is_late_already_pays_at_once(bank: BankSide, phone: MakePhone) -> None:
    set_up(phone(EN), LIMIT_1000_100)
    bank.api.advance(ANSWER_S)
    assert bank.api.balance(EN) == 600


def test_a_limit_is_not_offered_to_postpaid(bank: BankSide, phone: MakePhone) -> None:
    """``4`` is no choice there; for a friend who is postpaid the rule is refused."""
    shown = phone(POSTPAID).dial("*911*2*2#").text
    assert "3 Каждый месяц" in shown
    assert "\n4 " not in shown
    refused = phone(EN).dial(f"*911*2*3*{POSTPAID}*4*1000*100*1#").text
    assert refused == "A rule with a limit is for prepaid numbers only."
    assert rules(bank.api) == []


# -- a friend --------------------------------------------------------------------------------------


def test_a_friend_is_told_receives_and_declines_for_good(bank: BankSide, phone: MakePhone) -> None:
    payer, friend = phone(EN), phone(RU)
    payer.dial("*911*2*3#")
    for typed in ("8 701 123 45 67", "1", "150"):
        shown = payer.answer(typed)
    assert f"pays 150 KZT to {RU} every day. Agree?" in shown.text
    payer.answer("1")
    offered = friend.incoming()
    assert (offered.source, offered.text) == (
        "9110",
        f"{EN} платит вам 150 тг каждый день. Отказаться: NO {EN} на 9110",
    )
    bank.api.advance(HOUR_S)
    code = bank.last(EN)["code"]
    assert payer.incoming().text == f"AutoPay: 150 KZT paid to {RU}. Code: {code}"
    received = friend.incoming().text
    assert EN in received
    assert "650" in received
    assert friend.sms("9110", "no").text == f"Готово. {EN} больше не платит за вас автоплатежом."
    assert payer.incoming().text == f"{RU} has declined your AutoPay. That rule is closed for good."
    assert [rule["state"] for rule in rules(bank.api)] == ["declined"]
    assert kinds(bank.api.advance(3 * DAY_S)) == []
    again = payer.dial(f"*911*2*3*{RU}*1*150*1#").text
    assert again == "The owner of this number has declined your AutoPay."
    assert bank.api.balance(RU) == 650


FRIENDS = {
    EN: "This is your own number. Dial *911*2*2# for it.",
    "77051234567": "This number belongs to another operator. AutoPay is for Kcell and activ.",
    "77019999999": "This number is not registered with us. Please check it.",
    KK: "This number is blocked. AutoPay cannot pay for it.",
}


@pytest.mark.parametrize("friend", FRIENDS)
def test_a_friend_who_cannot_be_paid_for_is_refused(bank: BankSide, phone: MakePhone, friend: str) -> None:
    bank.api.patch(KK, status="blocked")
    assert phone(EN).dial(f"*911*2*3*{friend}*1*150*1#").text == FRIENDS[friend]
    assert rules(bank.api) == []


def test_who_has_nobody_to_decline_is_told_so(phone: MakePhone) -> None:
    handset = phone(EN)
    assert handset.sms("9110", "NO").text == "Nobody pays for you by AutoPay."
    assert handset.sms("9110", "hello").text.startswith("If you do not want a friend's AutoPay")


# -- the gateway is away ---------------------------------------------------------------------------


def dial_raw(gateway: GatewayProcess, connect: Connect, dialled: str) -> None:
    """Dial from a plain link; the last screen has come when this returns."""
    link = connect(gateway)
    assert link.bind(address_range=EN).command_status == 0
    assert link.dial(EN, dialled).command_status == 0
    link.delivery()
    link.unbind()


def test_a_run_that_was_due_while_the_gateway_was_down_is_made_up_for_once(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """On the real clock, killed two seconds before ten o'clock, started afterwards."""
    gateway = start_gateway()
    gateway.api.virtual_clock(MORNING)
    dial_raw(gateway, connect, DAILY_200)
    body = {"mode": "real", "now": "2031-05-17T09:59:58+05:00"}
    gateway.api.http.put("/clock", json=body).raise_for_status()
    due = time.monotonic() + 2
    gateway.kill()
    until(lambda: time.monotonic() > due, "it is past ten")
    gateway.start()
    bank = BankSide(gateway.api)
    (transaction,) = until(lambda: bank.transactions(EN), "it ran at the start")
    assert transaction["at"] >= "2031-05-17T10:00:00"
    gateway.api.virtual_clock()
    gateway.api.advance(ANSWER_S)
    assert gateway.api.balance(EN) == Decimal(700)
    assert kinds(gateway.api.advance(HOUR_S)) == []
    (rule,) = rules(gateway.api)
    assert rule["due"] == "2031-05-18T10:00:00+05:00"


def test_a_limit_rule_pauses_when_its_number_has_become_postpaid(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """At the next fall; the payer is told and no money moves. The contract is changed outside the gateway."""
    gateway = start_gateway()
    gateway.api.virtual_clock(MORNING)
    pay(gateway.api, "QW-1", "600.00")
    dial_raw(gateway, connect, LIMIT_1000_100)
    gateway.stop()
    with closing(sqlite3.connect(gateway.database)) as database, database:
        done = database.execute("UPDATE subscriber SET billing = 'postpaid' WHERE msisdn = ?", (EN,))
        assert done.rowcount == 1
    gateway.start()
    take_back(gateway.api, "QW-1")
    gateway.api.advance(HOUR_S)
    assert [rule["state"] for rule in rules(gateway.api)] == ["paused"]
    told = gateway.api.message(to=EN, from_="9110")["text"]
    assert told == f"{EN} is not prepaid any more, so your AutoPay below a limit is paused."
    assert gateway.api.balance(EN) == Decimal(500)
    assert BankSide(gateway.api).transactions(EN) == []
