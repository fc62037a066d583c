"""What crosses: a stop and the bank, an end and its late job, a request and another one of the same plate."""

import dataclasses

import pytest

from storage.bank_model import CardState
from storage.parking_model import ParkingState, PaymentMethod
from tests.handlers.conftest import ALIYA, PROFILE, Desk
from tests.handlers.parking_talk import (
    BOLAT,
    OTHER_PLATE,
    PLATE,
    START,
    confirm,
    heard,
    lines,
    money,
    open_of,
    park,
    park_ready,
    register,
    say,
    session,
    talk,
)

US = 1_000_000
KZT = 100
HOUR_S = 3600
OVER = f"Parking 1001, {PLATE} is over. It cost 100 KZT."
ASKED = f"Parking 1001, {PLATE}, 1 h: 100 KZT from your balance."


@pytest.fixture(autouse=True)
def drivers(desk: Desk) -> None:
    """Aliya, who has a card, and Bolat; both may park."""
    park_ready(desk, ALIYA)
    park_ready(desk, BOLAT)
    desk.bind_card(balance_kzt=1_000)


# -- the bank --------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["S", f"S {PLATE}"])
def test_a_stop_while_the_bank_works_calls_the_parking_off_and_its_money_is_kept(
    desk: Desk, typed: str
) -> None:
    register(desk)
    paying = park(desk)
    desk.wait(1)
    assert talk(desk, typed) == (
        f"7757: Cancelled. {PLATE} is not parked. What the bank still pays goes to your parking account."
    )
    assert session(desk, paying.id).state is ParkingState.CANCELLED
    (told,) = heard(desk.advance(10))
    assert told.startswith("7701: 100 KZT from your card came too late")
    assert money(desk) == (500 * KZT, 0, 100 * KZT, 0)
    assert open_of(desk) == ()


def test_what_the_parking_account_was_to_pay_is_free_at_once(desk: Desk) -> None:
    park(desk)
    desk.wait(1800)
    talk(desk, "S")
    register(desk)
    park(desk)
    assert money(desk)[2:] == (50 * KZT, 50 * KZT)
    talk(desk, "S")
    assert money(desk)[2:] == (50 * KZT, 0)


def test_what_the_bank_works_on_is_not_extended(desk: Desk) -> None:
    register(desk)
    park(desk)
    for typed in ("X*1", f"X*1*{PLATE}"):
        assert say(desk, typed).word == "parking.paying"


def test_a_stop_names_the_plate_where_one_runs_and_the_bank_works_on_another(desk: Desk) -> None:
    park(desk)
    register(desk)
    park(desk, f"1002*{OTHER_PLATE}*1")
    assert say(desk, "S").word == "parking.which_plate"
    assert talk(desk, f"S {OTHER_PLATE}").startswith("7757: Cancelled.")
    assert "is stopped" in talk(desk, "S")


def test_one_is_for_the_card_that_was_named(desk: Desk) -> None:
    """Another one is asked for anew, in the same time; a second 1 is for that one."""
    register(desk)
    say(desk, START)
    desk.bind_card(pan="9398000000074329", balance_kzt=1_000)
    first = desk.do(lambda uow, _: uow.cards.of(ALIYA)[0])
    desk.sms("8080", f"09 {first.last4}")
    desk.wait(60)
    refused = say(desk, "1", code="7701")
    assert refused.word == "parking.card_changed"
    assert lines(refused)[0].endswith(
        "from card *4329. To confirm, send 1 by 14.03 12:10. Anything else cancels."
    )
    assert [each.state for each in open_of(desk)] == [ParkingState.ASKED]
    assert confirm(desk).startswith("7701: We are taking 100 KZT from card *4329")
    disabled = desk.do(lambda uow, _: uow.cards.get(first.id))
    assert disabled is not None
    assert disabled.state is CardState.DISABLED


def test_an_extension_is_paid_from_what_the_portal_says_when_it_is_asked(desk: Desk) -> None:
    register(desk)
    park(desk)
    desk.advance(5)
    say(desk, "X*1")
    register(desk, PaymentMethod.MAIN)
    assert "100 KZT from your balance" in talk(desk, "X*1")
    assert money(desk) == (500 * KZT, 100 * KZT, 100 * KZT, 100 * KZT)
    confirm(desk)
    assert money(desk) == (400 * KZT, 0, 200 * KZT, 200 * KZT)


# -- late jobs -------------------------------------------------------------------------------------


def test_a_plate_whose_time_is_over_is_free_though_its_job_has_not_run(desk: Desk) -> None:
    """It ends with the request for the next one, and is charged and told once."""
    ended = park(desk)
    desk.wait(HOUR_S)
    told = lines(say(desk, START))
    assert told[0] == f"7757: {OVER}"
    assert told[1].startswith(f"7701: {ASKED}")
    assert session(desk, ended.id).state is ParkingState.ENDED
    assert heard(desk.advance(0)) == []
    assert money(desk) == (400 * KZT, 100 * KZT, 0, 0)


def test_a_plate_whose_time_is_over_is_free_for_others(desk: Desk) -> None:
    park(desk)
    desk.wait(HOUR_S)
    begun = say(desk, START, BOLAT)
    assert [reply.to for reply in begun.replies] == [ALIYA, BOLAT]
    assert begun.word == "ok"


def test_a_request_that_is_refused_ends_what_is_over_too(desk: Desk) -> None:
    park(desk)
    desk.wait(HOUR_S)
    refused = say(desk, f"1001*{PLATE}*24")
    assert refused.word == "parking.not_enough"
    assert lines(refused)[0] == f"7757: {OVER}"


def test_a_question_whose_time_is_over_is_in_nobodys_way(desk: Desk) -> None:
    say(desk, START)
    desk.wait(600)
    asked = say(desk, START, BOLAT)
    assert [(reply.text.id, reply.to) for reply in asked.replies] == [
        ("parking.lapsed", ALIYA),
        ("parking.ask", BOLAT),
    ]
    assert money(desk) == (500 * KZT, 0, 0, 0)
    assert heard(desk.advance(0)) == []


def test_a_reminder_that_comes_too_early_is_put_off(desk: Desk) -> None:
    """The profile reminds later now than when the parking began."""
    park(desk)
    desk.profile = dataclasses.replace(PROFILE, parking_reminder_s=300)
    assert heard(desk.advance(HOUR_S - 301)) == []
    assert heard(desk.advance(1)) == [f"7757: Parking 1001, {PLATE} ends at 14.03 13:00. To extend, send X*1"]


# -- what is said, and for how long ----------------------------------------------------------------


def test_a_reminder_goes_no_further_than_the_end_and_a_request_than_its_question(desk: Desk) -> None:
    asked = say(desk, START)
    assert [reply.expires_us for reply in asked.replies] == [desk.now_us + 600 * US]
    ends_us = desk.now_us + HOUR_S * US
    begun = say(desk, "1", code="7701")
    (reminded,) = desk.advance(HOUR_S - 600)
    assert [reply.expires_us for reply in (*begun.replies, *reminded.replies)] == [0, ends_us]


def test_with_several_cars_each_is_named_in_what_is_to_be_sent(desk: Desk) -> None:
    park(desk)
    say(desk, f"1002*{OTHER_PLATE}*2")
    assert confirm(desk).endswith(f"To stop, send S {OTHER_PLATE}. To extend, X*1*{OTHER_PLATE}")
    (reminded,) = heard(desk.advance(HOUR_S - 600))
    assert reminded.endswith(f"To extend, send X*1*{PLATE}")
    assert talk(desk, f"X*1*{PLATE}").startswith(f"7701: 1 h more for {PLATE}")
    assert confirm(desk).endswith(f"To stop, send S {PLATE}. To extend, X*1*{PLATE}")
    talk(desk, f"S {PLATE}")
    assert heard(desk.advance(HOUR_S))[0].endswith("To extend, send X*1")


def test_asking_for_the_same_plate_again_gives_no_more_time(desk: Desk) -> None:
    """Or who never confirms could keep it from others for good."""
    say(desk, START)
    desk.wait(480)
    assert "send 1 by 14.03 12:10" in talk(desk, f"1001*{PLATE}*2")
    desk.wait(120)
    assert say(desk, START, BOLAT).word == "ok"
    assert "send 1 by 14.03 12:20" in talk(desk, f"1001*{OTHER_PLATE}*1")


def test_codes_in_texts_are_those_of_the_profile(desk: Desk) -> None:
    codes = {("7799" if code == "7757" else code): name for code, name in PROFILE.sms_services.items()}
    desk.profile = dataclasses.replace(PROFILE, sms_services=codes)
    assert "send like this to 7799:" in talk(desk, "1", code="7701")
