"""Parking from the handset to the ledger: a transcript per case (services.md section 8)."""

from decimal import Decimal

import pytest

from tests.e2e.bank_side import ANSWER_S, BEFORE_ANSWER_S, BankSide
from tests.e2e.conftest import MakePhone
from tests.e2e.control_api import ControlApi
from tests.e2e.parking_lot import (
    ANSWER,
    EN,
    ENDED,
    HOUR_S,
    KK,
    LAPSED,
    OTHER_PLATE,
    PLATE,
    REMINDER,
    RU,
    START,
    ParkingLot,
    kinds,
    purse,
)


@pytest.fixture
def lot(api: ControlApi) -> ParkingLot:
    """Parking, on a virtual clock."""
    return ParkingLot.opened(api)


@pytest.fixture
def bank(api: ControlApi) -> BankSide:
    """The bank."""
    return BankSide(api)


# -- by the balance --------------------------------------------------------------------------------

#: Start, reminder, extension, stop, what is left used first, end; letters mixed as people type them.
LANGUAGES = {
    EN: """
        > 7757 1001*А111АAА*1
        < 7701 Parking 1001, A111AAA, 1 h: 100 KZT from your balance.
               To confirm, send 1 by 17.05 09:40. Anything else cancels.
        = 500 100 0
        > 7701 1
        < 7757 Parking 1001, A111AAA: from 17.05 09:30 until 17.05 10:30. To stop, send S. To extend, X*1
        = 400 0 100
        + 3000
        < 7757 Parking 1001, A111AAA ends at 17.05 10:30. To extend, send X*1
        > 7757 х * 2
        < 7701 2 h more for A111AAA: 200 KZT from your balance.
               To confirm, send 1 by 17.05 10:30. Anything else cancels.
        = 400 200 100
        > 7701  1
        < 7757 Parking 1001, A111AAA runs until 17.05 12:30 now. To stop, send S. To extend, X*1
        = 200 0 300
        + 2400
        > 7757 с
        < 7757 Parking 1001, A111AAA is stopped: 90 min, 150 KZT.
               Parking account: 150 KZT, for the next time.
        = 200 0 150
        > 7757 1002 * 123 aаa-02 * 2
        < 7701 Parking 1002, 123AAA02, 2 h: 200 KZT: 150 from your parking account, 50 from your balance.
               To confirm, send 1 by 17.05 11:10. Anything else cancels.
        = 200 50 150
        > 7701 1
        < 7757 Parking 1002, 123AAA02: from 17.05 11:00 until 17.05 13:00. To stop, send S. To extend, X*1
        = 150 0 200
        + 7200
        < 7757 Parking 1002, 123AAA02 ends at 17.05 13:00. To extend, send X*1
        < 7757 Parking 1002, 123AAA02 is over. It cost 200 KZT.
        = 150 0 0
        """,
    RU: """
        > 7757 1001*а111ааа*1
        < 7701 Парковка 1001, A111AAA, 1 ч: 100 тг с баланса.
               Ответьте 1 до 17.05 09:40, иначе отмена.
        = 500 100 0
        > 7701 1
        < 7757 1001, A111AAA: с 17.05 09:30 до 17.05 10:30. Стоп: S, продлить: X*1
        = 400 0 100
        + 3000
        < 7757 1001, A111AAA: парковка кончается 17.05 10:30. Продлить: X*1
        > 7757 Х*2
        < 7701 Продлить A111AAA на 2 ч: 200 тг с баланса. Ответьте 1 до 17.05 10:30, иначе отмена.
        = 400 200 100
        > 7701 １
        < 7757 1001, A111AAA: продлено до 17.05 12:30. Стоп: S, продлить: X*1
        = 200 0 300
        + 2400
        > 7757 С
        < 7757 1001, A111AAA: стоп, 90 мин, 150 тг. Парковочный счёт: 150 тг, на следующий раз.
        = 200 0 150
        > 7757 1002*123ААА02*2
        < 7701 Парковка 1002, 123AAA02, 2 ч: 200 тг (150 со счёта парковки, 50 с баланса).
               Ответьте 1 до 17.05 11:10, иначе отмена.
        = 200 50 150
        > 7701 1
        < 7757 1002, 123AAA02: с 17.05 11:00 до 17.05 13:00. Стоп: S, продлить: X*1
        = 150 0 200
        + 7200
        < 7757 1002, 123AAA02: парковка кончается 17.05 13:00. Продлить: X*1
        < 7757 1002, 123AAA02: парковка окончена, 200 тг.
        = 150 0 0
        """,
    KK: """
        > 7757 １００１＊Ａ１１１ＡＡＡ＊１
        < 7701 Тұрақ 1001, A111AAA, 1 сағ: баланстан 100 тг. 17.05 09:40 дейін 1 жазыңыз; басқасы - бас тарту.
        = 500 100 0
        > 7701 1
        < 7757 1001, A111AAA: 17.05 09:30 - 17.05 10:30. Тоқтату: S, ұзарту: X*1
        = 400 0 100
        + 3000
        < 7757 1001, A111AAA: тұрақтың аяқталуы: 17.05 10:30. Ұзарту: X*1
        > 7757 x*2*а111aaa
        < 7701 A111AAA: тағы 2 сағ: баланстан 200 тг. 17.05 10:30 дейін 1 жазыңыз; басқасы - бас тарту.
        = 400 200 100
        > 7701 1
        < 7757 1001, A111AAA: 17.05 12:30 дейін ұзартылды. Тоқтату: S, ұзарту: X*1
        = 200 0 300
        + 2400
        > 7757 s
        < 7757 1001, A111AAA: тоқтатылды, 90 мин, 150 тг. Тұрақ шоты: 150 тг, келесі жолға.
        = 200 0 150
        > 7757 1002*123Aаa02*2
        < 7701 Тұрақ 1002, 123AAA02, 2 сағ: 200 тг (150 тұрақ шотынан, 50 баланстан).
               17.05 11:10 дейін 1 жазыңыз; басқасы - бас тарту.
        = 200 50 150
        > 7701 1
        < 7757 1002, 123AAA02: 17.05 11:00 - 17.05 13:00. Тоқтату: S, ұзарту: X*1
        = 150 0 200
        + 7200
        < 7757 1002, 123AAA02: тұрақтың аяқталуы: 17.05 13:00. Ұзарту: X*1
        < 7757 1002, 123AAA02: тұрақ аяқталды, 200 тг.
        = 150 0 0
        """,
}


@pytest.mark.parametrize("msisdn", LANGUAGES)
def test_a_whole_cycle_in_each_language(lot: ParkingLot, phone: MakePhone, msisdn: str) -> None:
    """And then nothing more: no further message, no job, all that was paid is what it cost."""
    lot.play(phone(msisdn), LANGUAGES[msisdn])
    assert kinds(lot.api.advance(86_400)) == {}
    assert lot.states(msisdn=msisdn) == ["stopped", "ended"]
    assert [each["charge"] for each in lot.sessions(msisdn=msisdn)] == ["200.00", "150.00"]
    assert sum(len(lot.told(msisdn, code)) for code in ("7757", "7701")) == 10


def test_every_movement_of_money_is_listed_and_vat_is_inside(lot: ParkingLot, phone: MakePhone) -> None:
    """An hour is 100 KZT, of which 16 % VAT of 2031 are 13.79; SMS to 7757 and 7701 are free."""
    before = BankSide(lot.api).balances()
    lot.park(phone(EN))
    lot.api.advance(HOUR_S)
    assert lot.moves()[:-1] == [
        f"parking.charge parking:{EN} -100.00",
        f"parking.pay main:{EN} -100.00",
        f"parking.pay parking:{EN} 100.00",
    ]
    after = BankSide(lot.api).balances()
    changes = {code: after[code] - before.get(code, Decimal()) for code in after}
    assert {code: change for code, change in changes.items() if change} == {
        f"main:{EN}": Decimal(-100),
        "revenue:parking": Decimal("86.21"),
        "vat_payable:operator": Decimal("13.79"),
    }
    assert lot.revenue() == 100


STOPS = {
    "within the first minute": (0, "1 min, 1.67 KZT", "98.33"),
    "on the minute": (60, "1 min, 1.67 KZT", "98.33"),
    "a second later": (61, "2 min, 3.33 KZT", "96.67"),
    "in its last minute": (HOUR_S - 1, "60 min, 100 KZT", "0"),
}


@pytest.mark.parametrize("when", STOPS)
def test_a_stop_charges_the_minutes_that_have_begun(lot: ParkingLot, phone: MakePhone, when: str) -> None:
    """Never back to the main balance."""
    seconds, cost, left = STOPS[when]
    handset = phone(EN)
    lot.park(handset)
    lot.api.advance(seconds)
    if seconds > HOUR_S - 600:
        assert "ends at" in handset.incoming().text
    said = handset.sms("7757", f"S {PLATE}").text
    assert (
        said == f"Parking 1001, {PLATE} is stopped: {cost}. Parking account: {left} KZT, for the next time."
    )
    assert lot.purse() == purse(400, 0, left)
    assert kinds(lot.api.advance(86_400)) == {}


def test_what_is_left_can_pay_for_all_of_the_next_parking(lot: ParkingLot, phone: MakePhone) -> None:
    lot.play(
        phone(EN),
        f"""
        > 7757 1001*{PLATE}*3
        < 7701 Parking 1001, {PLATE}, 3 h: 300 KZT from your balance.
               To confirm, send 1 by 17.05 09:40. Anything else cancels.
        > 7701 1
        < 7757 Parking 1001, {PLATE}: from 17.05 09:30 until 17.05 12:30. To stop, send S. To extend, X*1
        + 3600
        > 7757 S
        < 7757 Parking 1001, {PLATE} is stopped: 60 min, 100 KZT. Parking account: 200 KZT, for the next time.
        > 7757 1001*{OTHER_PLATE}*2
        < 7701 Parking 1001, {OTHER_PLATE}, 2 h: 200 KZT from your parking account.
               To confirm, send 1 by 17.05 10:40. Anything else cancels.
        = 200 0 200
        > 7701 1
        < 7757 Parking 1001, {OTHER_PLATE}: from 17.05 10:30 until 17.05 12:30.
               To stop, send S. To extend, X*1
        = 200 0 200
        > 7757 X*1
        < 7701 1 h more for {OTHER_PLATE}: 100 KZT from your balance.
               To confirm, send 1 by 17.05 10:40. Anything else cancels.
        = 200 100 200
        """,
    )


def test_the_menu_and_the_balance_show_what_is_parked_and_free(lot: ParkingLot, phone: MakePhone) -> None:
    """``*100#`` leaves out what a running parking holds."""
    handset = phone(EN)
    lot.park(handset)
    assert "Parking" not in handset.dial("*100#").text.splitlines()[1]
    assert handset.dial("*111*3*1#").text == f"1001 {PLATE} until 17.05 10:30\nParking account: 0 KZT"
    assert handset.dial("*111*3*2#").text.startswith("Send AREA*PLATE*HOURS to 7757, like 1001*123AAA02*1,")
    lot.api.advance(900)
    handset.sms("7757", "S")
    assert "Parking: 75 KZT" in handset.dial("*100#").text
    assert handset.dial("*111*3*1#").text == "You have no parking running. Parking account: 75 KZT"


def test_several_cars_of_one_driver_run_beside_each_other(lot: ParkingLot, phone: MakePhone) -> None:
    """``S`` and ``X`` then need the plate; a driver is reminded of each."""
    handset = phone(EN)
    lot.park(handset)
    lot.park(handset, f"1002*{OTHER_PLATE}*1")
    which = f"Several of your cars are parked. Say which, like S PLATE or X*1*PLATE:\n{PLATE}\n{OTHER_PLATE}"
    for text in ("S", "X*1"):
        assert handset.sms("7757", text).text == which
    assert handset.sms("7757", "х*1*а 111 ааа").text.startswith(f"1 h more for {OTHER_PLATE}: 100 KZT")
    assert handset.sms("7701", "1").text.startswith(
        f"Parking 1002, {OTHER_PLATE} runs until 17.05 11:30 now."
    )
    assert handset.sms("7757", "с 123ааа02").text.startswith(f"Parking 1001, {PLATE} is stopped: 1 min")
    assert handset.sms("7757", "S").text.startswith(f"Parking 1002, {OTHER_PLATE} is stopped: 1 min")
    assert lot.states() == ["stopped", "stopped"]


# -- confirmations ---------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["2", "11", "1 1", "yes", "", "S", START])
def test_anything_else_to_7701_cancels(lot: ParkingLot, phone: MakePhone, answer: str) -> None:
    handset = phone(EN)
    handset.sms("7757", START)
    assert handset.sms("7701", answer).text == f"Cancelled. {PLATE} is not parked, nothing was paid."
    assert lot.purse() == purse(500)
    assert lot.states() == ["cancelled"]
    assert kinds(lot.api.advance(86_400)) == {}


def test_a_question_that_nobody_answers_lapses_and_7701_says_so(lot: ParkingLot, phone: MakePhone) -> None:
    lot.play(
        phone(EN),
        f"""
        > 7757 {START}
        < 7701 Parking 1001, {PLATE}, 1 h: 100 KZT from your balance.
               To confirm, send 1 by 17.05 09:40. Anything else cancels.
        + 599
        = 500 100 0
        + 1
        < 7701 Parking of {PLATE} was not confirmed in time. It is not parked, nothing was paid.
        = 500 0 0
        """,
    )
    assert lot.states() == ["lapsed"]


def test_an_extension_that_is_not_wanted_leaves_the_parking(lot: ParkingLot, phone: MakePhone) -> None:
    """Cancelled, or not answered."""
    handset = phone(EN)
    lot.park(handset)
    handset.sms("7757", "X*1")
    assert handset.sms("7701", "no").text == f"Cancelled. {PLATE} stays parked until 17.05 10:30."
    assert lot.purse() == purse(400, 0, 100)
    handset.sms("7757", "X*1")
    assert kinds(lot.api.advance(600)) == {LAPSED: 1}
    lapsed = f"The extension for {PLATE} was not confirmed in time. It stays parked until 17.05 10:30."
    assert handset.incoming().text == lapsed
    assert kinds(lot.api.advance(HOUR_S)) == {REMINDER: 1, ENDED: 1}
    assert lot.purse() == purse(400)


def test_a_newer_request_takes_the_place_of_the_one_before(lot: ParkingLot, phone: MakePhone) -> None:
    """And of its money: 500 KZT are enough for five hours, again and again."""
    handset = phone(EN)
    for hours in (5, 4, 5):
        asked = handset.sms("7757", f"1001*{PLATE}*{hours}")
    assert asked.text.startswith(f"The request before is cancelled. Parking 1001, {PLATE}, 5 h: 500 KZT")
    assert lot.purse() == purse(500, 500)
    assert "until 17.05 14:30" in handset.sms("7701", "1").text
    assert lot.states() == ["cancelled", "cancelled", "running"]


# -- by card ---------------------------------------------------------------------------------------


def test_a_card_payer_parks_when_the_bank_has_paid(lot: ParkingLot, bank: BankSide, phone: MakePhone) -> None:
    """Registered on the portal; what is left is used first there too, and the rest is the card's."""
    handset, card = phone(EN), bank.card(EN)
    lot.register(EN, method="card")
    asked = handset.sms("7757", START).text
    assert asked.startswith(f"Parking 1001, {PLATE}, 1 h: 100 KZT from card *{card['last4']}.")
    assert handset.sms("7701", "1").text == (
        f"We are taking 100 KZT from card *{card['last4']}. A message will follow in seconds."
    )
    assert (lot.states(), bank.card(EN)["held"]) == (["paying"], "100.00")
    assert kinds(lot.api.advance(BEFORE_ANSWER_S)) == {}
    assert kinds(lot.api.advance(ANSWER_S - BEFORE_ANSWER_S)) == {ANSWER: 1}
    ticket = handset.incoming()
    assert ticket.source == "7757"
    assert ticket.text.startswith(f"Parking 1001, {PLATE}: from 17.05 09:30 until 17.05 10:30.")
    assert lot.purse() == purse(500, 0, 100), "the main balance has nothing to do with it"
    assert bank.card(EN)["balance"] == "49900.00"
    lot.api.advance(14 * 60)
    assert "15 min, 25 KZT" in handset.sms("7757", "S").text
    said = handset.sms("7757", START).text
    assert f"100 KZT: 75 from your parking account, 25 from card *{card['last4']}." in said
    handset.sms("7701", "1")
    lot.api.advance(ANSWER_S)
    assert handset.incoming().source == "7757"
    assert bank.card(EN)["balance"] == "49875.00"
    assert [each["method"] for each in lot.sessions()] == ["card", "card"]


def test_an_extension_by_card_waits_for_the_bank_too(
    lot: ParkingLot, bank: BankSide, phone: MakePhone
) -> None:
    handset = phone(EN)
    lot.register(EN, method="card")
    handset.sms("7757", START)
    handset.sms("7701", "1")
    lot.api.advance(ANSWER_S)
    handset.incoming()
    assert "2 h more" in handset.sms("7757", "X*2").text
    assert handset.sms("7701", "1").text.startswith("We are taking 200 KZT")
    (session,) = lot.sessions()
    assert session["extension"] == {"hours": 2, "confirm_by": None}
    lot.api.advance(ANSWER_S)
    assert handset.incoming().text.startswith(f"Parking 1001, {PLATE} runs until 17.05 12:30 now.")
    assert bank.card(EN)["balance"] == "49700.00"
    assert lot.purse() == purse(500, 0, 300)


def test_main_balance_can_be_chosen_on_the_portal_and_privileges_change_nothing(
    lot: ParkingLot, phone: MakePhone
) -> None:
    lot.register(EN, method="main", privileged=True)
    lot.park(phone(EN))
    assert lot.purse() == purse(400, 0, 100)
