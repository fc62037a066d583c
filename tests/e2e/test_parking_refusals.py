"""Parking: bad input and bad moments, over SMPP (services.md section 8)."""

import threading

import pytest

from gateway.smpp.pdus import DeliverSm
from tests.e2e.bank_side import ANSWER_S, TIMEOUT_S, BankSide
from tests.e2e.conftest import MakePhone, Raw
from tests.e2e.control_api import ControlApi
from tests.e2e.parking_lot import (
    ANSWER,
    CONFIRM_S,
    EN,
    HOUR_S,
    KCELL,
    KK,
    OTHER_PLATE,
    PLATE,
    RU,
    START,
    ParkingLot,
    kinds,
    purse,
)
from tests.e2e.phone import Phone
from tests.e2e.raw_link import RawLink

NOTHING_ASKED = (
    "There is nothing to confirm: nothing was asked, or it is too late. "
    "To park, send like this to 7757: 1001*123AAA02*1"
)


@pytest.fixture
def lot(api: ControlApi) -> ParkingLot:
    """Parking, on a virtual clock."""
    return ParkingLot.opened(api)


@pytest.fixture
def bank(api: ControlApi) -> BankSide:
    """The bank."""
    return BankSide(api)


# -- bad input -------------------------------------------------------------------------------------

USAGE = (
    "AREA*PLATE*HOURS: park, like 1001*123AAA02*1. S: stop. X*HOURS: extend, like X*2. "
    "Several cars: S PLATE, X*2*PLATE"
)
TAKEN = (
    f"{PLATE} уже на парковке или в запросе с другого номера. Проверьте госномер или повторите через 10 мин."
)
NO_AREA = "There is no such parking area. Its number is on the sign where you park: 1001 to 1010."
NO_PLATE = "This is not a plate of Kazakhstan. Write it like 123AAA02 or A111AAA."
NO_HOURS = "Hours are a whole number from 1 to 24, like 1001*123AAA02*1 or X*1"
BAD = {
    **dict.fromkeys(("", "hello", "1001", f"1001*{PLATE}", f"1001 {PLATE} 1", "X", "1", "*", "S*"), USAGE),
    **dict.fromkeys((f"1011*{PLATE}*1", f"1*{PLATE}*1", f"А*{PLATE}*1", f"99999999999*{PLATE}*1"), NO_AREA),
    **dict.fromkeys(
        ("1001*123ЯЯЯ02*1", "1001*123AAA21*1", "1001*123AAA00*1", "1001*AAA*1", "1001*Ж111ЖЖЖ*1", "S Bolat"),
        NO_PLATE,
    ),
    **dict.fromkeys([f"1001*{PLATE}*{hours}" for hours in ("0", "1.5", "1,5", "25", "two", "-1")], NO_HOURS),
    **dict.fromkeys(("X*0", "X*1.5", "Х*25", "x*two"), NO_HOURS),
    f"1001*{PLATE}*6": "The parking costs 600 KZT, 100 KZT is missing. Top up your balance and try again.",
    "S": "You have no parking running. To park, send like this: 1001*123AAA02*1",
    f"С {PLATE}": "You have no parking running. To park, send like this: 1001*123AAA02*1",
    "X*1": (
        "There is nothing to extend: no parking of yours is running. To park, send like this: 1001*123AAA02*1"
    ),
}


def test_every_mistake_has_its_own_answer_and_costs_nothing(lot: ParkingLot, phone: MakePhone) -> None:
    handset = phone(EN)
    for typed, said in BAD.items():
        answer = handset.sms("7757", typed)
        assert (answer.source, answer.text) == ("7757", said), typed
    assert lot.sessions() == []
    assert (lot.purse(), len(lot.moves())) == (purse(500), 1)


REFUSED = {
    RU: {
        f"1011*{PLATE}*1": "Нет такой зоны. Её номер - на знаке у парковки: от 1001 до 1010.",
        "1001*123ЯЯЯ02*1": "Это не госномер Казахстана. Пишите как 123AAA02 или A111AAA.",
        f"1001*{PLATE}*25": "Часы - целое число от 1 до 24, например 1001*123AAA02*1 или X*1",
        f"1001*{PLATE}*6": "Нужно 600 тг, не хватает 100 тг. Пополните баланс и повторите.",
        "С": "У вас нет парковки. Начать: 1001*123AAA02*1",
        "Х*1": "Продлевать нечего: у вас нет парковки. Начать: 1001*123AAA02*1",
    },
    KK: {
        f"1011*{PLATE}*1": "Мұндай аймақ жоқ. Нөмірі тұрақтағы белгіде: 1001 - 1010.",
        "1001*123ЯЯЯ02*1": "Бұл Қазақстанның мемлекеттік нөмірі емес. 123AAA02 не A111AAA деп жазыңыз.",
        f"1001*{PLATE}*25": "Сағат - 1-ден 24 дейінгі бүтін сан, мысалы 1001*123AAA02*1 немесе X*1",
        f"1001*{PLATE}*6": "600 тг керек, 100 тг жетпейді. Балансты толтырып, қайталаңыз.",
        "С": "Сізде тұрақ жоқ. Бастау: 1001*123AAA02*1",
        "Х*1": "Ұзартатын ештеңе жоқ: сізде тұрақ жоқ. Бастау: 1001*123AAA02*1",
    },
}


@pytest.mark.parametrize("msisdn", REFUSED)
def test_a_refusal_comes_in_the_drivers_language(lot: ParkingLot, phone: MakePhone, msisdn: str) -> None:
    handset = phone(msisdn)
    for typed, said in REFUSED[msisdn].items():
        assert handset.sms("7757", typed).text == said
    assert lot.purse(msisdn) == purse(500)


def test_what_is_missing_counts_what_is_free_for_parking(lot: ParkingLot, phone: MakePhone) -> None:
    """75 KZT are left of an hour, 400 on the main balance: of five hours 25 KZT are missing, of X*4 none."""
    handset = phone(EN)
    lot.park(handset)
    lot.api.advance(900)
    handset.sms("7757", "S")
    said = handset.sms("7757", f"1001*{PLATE}*5").text
    assert said.startswith("The parking costs 500 KZT, 25 KZT is missing.")
    lot.park(handset, f"1001*{PLATE}*4")
    assert lot.purse() == purse(75, 0, 400)
    assert "costs 100 KZT, 25 KZT is missing." in handset.sms("7757", "X*1").text


# -- who may ---------------------------------------------------------------------------------------


def test_a_kcell_subscriber_is_refused(lot: ParkingLot, phone: MakePhone) -> None:
    handset = phone(KCELL)
    assert handset.sms("7757", START).text == "Парковка по SMS пока недоступна для вашего бренда."
    assert lot.sessions() == []


CONDITIONS = [
    ({"status": "blocked_outgoing"}, "Outgoing services are blocked. Please contact the operator."),
    ({"status": "debt"}, "Your number is suspended for debt. To top up, send a card code to 9393."),
    ({"roaming": True}, "This service is not available in roaming."),
]


@pytest.mark.parametrize(("changes", "said"), CONDITIONS)
def test_who_may_not_pay_can_still_stop_and_cancel(
    lot: ParkingLot, phone: MakePhone, changes: dict[str, object], said: str
) -> None:
    """A start, an extension and a confirmation are refused, the question and its hold stay as they are."""
    handset = phone(EN)
    lot.park(handset)
    handset.sms("7757", "X*1")
    lot.api.patch(EN, **changes)
    for code, text in (("7757", f"1001*{OTHER_PLATE}*1"), ("7757", "X*2"), ("7701", "1")):
        assert handset.sms(code, text).text == said
    assert lot.purse() == purse(400, 100, 100)
    assert handset.sms("7701", "0").text == f"Cancelled. {PLATE} stays parked until 17.05 10:30."
    assert "is stopped" in handset.sms("7757", "S").text


def test_a_blocked_subscriber_sends_nothing_and_the_parking_ends_by_itself(
    lot: ParkingLot, raw: Raw, phone: MakePhone
) -> None:
    """Two-way blocked: refused by the SMSC or the service; the money that was asked is free in time."""
    handset = phone(EN)
    handset.sms("7757", START)
    lot.api.patch(EN, status="blocked")
    link = raw()
    for code, text in (("7701", "1"), ("7757", START), ("7757", "S")):
        link.submit(EN, code, text)
    assert lot.states() == ["asked"]
    lot.api.advance(CONFIRM_S)
    assert (lot.states(), lot.purse()) == (["lapsed"], purse(500))


# -- one parking of a plate ------------------------------------------------------------------------


def test_a_plate_is_parked_once_and_by_whom_is_not_told(lot: ParkingLot, phone: MakePhone) -> None:
    """By the same subscriber: until when; by another: only that it is."""
    handset, other = phone(EN), phone(RU)
    handset.sms("7757", START)
    assert other.sms("7757", START).text == TAKEN
    handset.sms("7701", "1")
    own = f"{PLATE} is parked already: 1001 until 17.05 10:30. To extend, send X*1*{PLATE}"
    assert handset.sms("7757", f"1005*{PLATE.lower()}*2").text == own
    assert other.sms("7757", f"1002*{PLATE}*1").text == TAKEN
    lot.park(other, f"1002*{OTHER_PLATE}*1")
    assert other.sms("7757", f"S {PLATE}").text == f"У вас нет парковки для {PLATE}."
    assert other.sms("7757", f"X*1*{PLATE}").text == f"У вас нет парковки для {PLATE}."
    handset.sms("7757", "S")
    assert other.sms("7757", START).source == "7701", "it is free again"


def test_of_two_drivers_at_the_same_moment_one_is_asked(lot: ParkingLot, raw: Raw) -> None:
    links = {msisdn: raw(address_range=f"^{msisdn}$") for msisdn in (EN, RU)}
    barrier = threading.Barrier(len(links))

    def send(msisdn: str, link: RawLink) -> None:
        barrier.wait()
        link.submit(msisdn, "7757", START)

    threads = [threading.Thread(target=send, args=each) for each in links.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    came = sorted(link.expect(DeliverSm).source.addr for link in links.values())
    assert came == ["7701", "7757"]
    assert lot.states() == ["asked"]


# -- bad moments -----------------------------------------------------------------------------------


def test_a_confirmation_with_nothing_asked_or_too_late_is_told_so(lot: ParkingLot, phone: MakePhone) -> None:
    handset = phone(EN)
    for text in ("1", "2", "hello"):
        assert handset.sms("7701", text).text == NOTHING_ASKED
    handset.sms("7757", START)
    lot.api.advance(CONFIRM_S)
    assert "was not confirmed in time" in handset.incoming().text
    assert handset.sms("7701", "1").text == NOTHING_ASKED
    assert (lot.states(), lot.purse()) == (["lapsed"], purse(500))


def test_a_second_confirmation_pays_nothing_more(lot: ParkingLot, raw: Raw) -> None:
    """On a live session it is another command; on a new one after the old died, the same once more."""
    link = raw(address_range=EN)
    link.submit(EN, "7757", START)
    link.delivery()
    link.submit(EN, "7701", "1")
    assert link.delivery().source.addr == "7757"
    link.submit(EN, "7701", "1")
    assert link.delivery().short_message.decode("ascii") == NOTHING_ASKED
    assert lot.purse() == purse(400, 0, 100)


def test_messages_repeated_after_the_session_died_are_done_once(lot: ParkingLot, raw: Raw) -> None:
    """The handset has seen no response: the same ids, one parking, one payment."""
    first = raw(address_range=EN)
    ids = [first.submit(EN, "7757", START).message_id]
    ids.append(first.submit(EN, "7701", "1").message_id)
    first.vanish()
    second = raw(address_range=EN)
    again = [second.submit(EN, code, text).message_id for code, text in (("7757", START), ("7701", "1"))]
    assert again == ids
    assert (lot.states(), lot.purse()) == (["running"], purse(400, 0, 100))


def test_an_extension_after_the_end_has_nothing_to_extend(lot: ParkingLot, phone: MakePhone) -> None:
    """Also one that was asked for before the end and confirmed after it."""
    handset = phone(EN)
    lot.park(handset)
    lot.api.advance(HOUR_S - 300)
    handset.incoming()
    assert "send 1 by 17.05 10:30" in handset.sms("7757", "X*1").text, "no longer than it is parked"
    lot.api.advance(300)
    over = f"Parking 1001, {PLATE} is over. It cost 100 KZT. The extension was not confirmed."
    assert handset.incoming().text == over
    assert handset.sms("7701", "1").text == NOTHING_ASKED
    assert handset.sms("7757", "X*1").text == BAD["X*1"]
    assert lot.purse() == purse(400)


def test_a_stop_takes_back_the_extension_that_is_asked(lot: ParkingLot, phone: MakePhone) -> None:
    handset = phone(EN)
    lot.park(handset)
    handset.sms("7757", "X*2")
    assert "is stopped: 1 min" in handset.sms("7757", "S").text
    assert handset.sms("7701", "1").text == NOTHING_ASKED
    assert lot.purse() == purse(400, 0, "98.33")
    assert kinds(lot.api.advance(86_400)) == {}


# -- the bank --------------------------------------------------------------------------------------


def paying(lot: ParkingLot, handset: Phone, text: str = START) -> None:
    """A card payer has confirmed, and the bank is working on it."""
    lot.register(EN, method="card")
    assert handset.sms("7757", text).source == "7701"
    assert handset.sms("7701", "1").text.startswith("We are taking")


def test_while_the_bank_works_only_a_stop_is_taken(lot: ParkingLot, phone: MakePhone) -> None:
    handset = phone(EN)
    paying(lot, handset)
    working = f"The bank is working on the payment for {PLATE}. Please wait for the message."
    for code, text in (("7701", "1"), ("7701", "2"), ("7757", START), ("7757", "X*1")):
        assert handset.sms(code, text).text == working
    assert lot.states() == ["paying"]
    assert handset.sms("7757", "S").text.startswith(f"Cancelled. {PLATE} is not parked.")
    assert lot.states() == ["cancelled"]


def test_where_the_bank_does_not_pay_nobody_parks(lot: ParkingLot, bank: BankSide, phone: MakePhone) -> None:
    handset = phone(EN)
    bank.behave("error")
    paying(lot, handset)
    assert kinds(lot.api.advance(ANSWER_S)) == {ANSWER: 1}
    code = bank.last(EN)["code"]
    failed = f"The bank did not pay 100 KZT for {PLATE}. No money was taken. Code: {code}"
    assert handset.incoming().text == failed
    assert (lot.states(), lot.purse(), bank.card(EN)["held"]) == (["cancelled"], purse(500), "0.00")
    bank.behave("usual")
    paying(lot, handset)


def test_where_the_bank_is_silent_nobody_parks_and_late_money_is_kept(
    lot: ParkingLot, bank: BankSide, phone: MakePhone
) -> None:
    """What the bank pays in the end is on the parking account, once, and is used first."""
    handset = phone(EN)
    bank.behave("never")
    paying(lot, handset)
    code = bank.last(EN)["code"]
    lot.api.advance(TIMEOUT_S)
    assert f"has not answered about 100 KZT for {PLATE}" in handset.incoming().text
    assert lot.states() == ["cancelled"]
    bank.resolve(code, "approved")
    late = (
        f"100 KZT from your card came too late for {PLATE}. "
        f"It is on your parking account now: 100 KZT. Code: {code}"
    )
    assert handset.incoming().text == late
    assert lot.purse() == purse(500, 0, 100)
    assert "100 KZT from your parking account." in handset.sms("7757", START).text


def test_an_answer_that_comes_twice_begins_one_parking(
    lot: ParkingLot, bank: BankSide, phone: MakePhone
) -> None:
    handset = phone(EN)
    bank.behave("twice")
    paying(lot, handset)
    assert kinds(lot.api.advance(TIMEOUT_S)) == {ANSWER: 2}
    assert handset.incoming().source == "7757"
    assert (lot.states(), lot.purse(), len(lot.told())) == (["running"], purse(500, 0, 100), 1)
    assert bank.card(EN)["balance"] == "49900.00"


def test_a_stop_while_an_extension_is_paid_by_card_keeps_its_money_for_the_next_time(
    lot: ParkingLot, phone: MakePhone
) -> None:
    """Stop and extend cross each other: the bank's money comes when the parking is over."""
    handset = phone(EN)
    paying(lot, handset)
    lot.api.advance(ANSWER_S)
    handset.incoming()
    handset.sms("7757", "X*2")
    handset.sms("7701", "1")
    assert "is stopped: 1 min" in handset.sms("7757", "S").text
    lot.api.advance(ANSWER_S)
    assert handset.incoming().text.startswith(f"200 KZT from your card came too late for {PLATE}.")
    assert (lot.states(), lot.purse()) == (["stopped"], purse(500, 0, "298.33"))


def test_a_card_payer_without_a_card_or_with_too_little_on_it_is_told(
    lot: ParkingLot, bank: BankSide, phone: MakePhone
) -> None:
    """What is refused at the confirmation can be confirmed again in time."""
    handset, card = phone(EN), bank.card(EN)
    bank.happen(card["id"], "purchase", "49950")
    handset.incoming()
    lot.register(EN, method="card")
    handset.sms("7757", START)
    short = f"Card *{card['last4']} does not have 100 KZT. Top it up and send 1 again."
    assert handset.sms("7701", "1").text == short
    bank.happen(card["id"], "cash", "50")
    handset.incoming()
    assert handset.sms("7701", "1").text.startswith("We are taking 100 KZT")
    lot.api.advance(ANSWER_S)
    handset.incoming()
    bank.change(card["id"], "disabled")
    handset.incoming()
    none = "You pay for parking by bank card, but no card is connected."
    assert handset.sms("7757", f"1001*{OTHER_PLATE}*1").text.startswith(none)
