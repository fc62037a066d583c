"""7701: ``1`` pays, anything else cancels, and what is said when there is nothing to confirm."""

import pytest

from handlers.parking_confirm import Refused
from storage.bank_model import CardState
from storage.parking_model import ParkingState, PaymentMethod
from storage.store import Store
from tests.handlers.conftest import ALIYA, PAN, Desk
from tests.handlers.parking_talk import (
    BOLAT,
    OTHER_PLATE,
    PLATE,
    START,
    confirm,
    heard,
    money,
    open_of,
    park,
    park_ready,
    register,
    say,
    session,
    talk,
)

KZT = 100


@pytest.fixture(autouse=True)
def driver(desk: Desk) -> None:
    """Aliya, who may park."""
    park_ready(desk, ALIYA)


@pytest.mark.parametrize("text", ["1", " 1 ", "１", "\u200b1"])
def test_one_confirms_with_spaces_around_and_in_full_width(desk: Desk, text: str) -> None:
    say(desk, START)
    assert confirm(desk, text=text).startswith(f"7757: Parking 1001, {PLATE}: from 14.03 12:00")


@pytest.mark.parametrize("text", ["0", "2", "11", "1 1", "yes", "да", "1.", "", START])
def test_anything_else_cancels_and_says_so(desk: Desk, text: str) -> None:
    asked = say(desk, START).result
    assert confirm(desk, text=text) == f"7701: Cancelled. {PLATE} is not parked, nothing was paid."
    assert money(desk) == (500 * KZT, 0, 0, 0)
    assert session(desk, asked.id).state is ParkingState.CANCELLED  # type: ignore[attr-defined]  # a session
    assert confirm(desk).startswith("7701: There is nothing to confirm")
    assert heard(desk.advance(3600)) == []


def test_cancelling_an_extension_leaves_the_parking(desk: Desk) -> None:
    park(desk)
    say(desk, "X*2")
    assert confirm(desk, text="no") == f"7701: Cancelled. {PLATE} stays parked until 14.03 13:00."
    assert money(desk) == (400 * KZT, 0, 100 * KZT, 100 * KZT)


def test_with_nothing_asked_that_is_said_whatever_was_sent(desk: Desk) -> None:
    for text in ("1", "no"):
        assert say(desk, text, code="7701").word == Refused.NOTHING_ASKED
    park(desk)
    assert say(desk, "1", code="7701").word == Refused.NOTHING_ASKED


def test_a_question_of_another_subscriber_is_not_mine(desk: Desk) -> None:
    park_ready(desk, BOLAT)
    say(desk, START)
    assert say(desk, "1", BOLAT, "7701").word == Refused.NOTHING_ASKED
    assert say(desk, "no", BOLAT, "7701").word == Refused.NOTHING_ASKED
    assert "from 14.03 12:00" in confirm(desk)


def test_the_last_moment_is_in_time_and_the_next_is_not(desk: Desk) -> None:
    say(desk, START)
    desk.wait(599.999999)
    assert "from 14.03 12:09" in confirm(desk)
    say(desk, f"1001*{OTHER_PLATE}*1")
    desk.wait(600)
    assert talk(desk, "1", code="7701") == (
        "7701: It is too late: you were asked until 14.03 12:19. Please send your command to 7757 again."
    )


def test_after_ten_minutes_the_money_is_free_and_7701_says_so(desk: Desk) -> None:
    say(desk, START)
    assert heard(desk.advance(599)) == []
    assert money(desk)[1] == 100 * KZT
    assert heard(desk.advance(1)) == [
        f"7701: Parking of {PLATE} was not confirmed in time. It is not parked, nothing was paid."
    ]
    assert money(desk) == (500 * KZT, 0, 0, 0)
    assert open_of(desk) == ()
    assert say(desk, "1", code="7701").word == Refused.NOTHING_ASKED
    assert say(desk, START).word == "ok"


def test_one_confirmation_pays_once(desk: Desk) -> None:
    park(desk)
    assert say(desk, "1", code="7701").word == Refused.NOTHING_ASKED
    assert money(desk) == (400 * KZT, 0, 100 * KZT, 100 * KZT)


def test_a_question_outlives_a_restart(desk: Desk, tmp_path: object) -> None:
    say(desk, START)
    desk.store.close()
    desk.store = Store.open(f"sqlite:///{tmp_path}/desk.db")
    assert "from 14.03 12:00" in confirm(desk)


# -- by card ---------------------------------------------------------------------------------------


def test_a_card_is_asked_and_the_parking_begins_with_its_money(desk: Desk) -> None:
    """It goes through the parking account, and never touches the main balance."""
    desk.bind_card(balance_kzt=1_000)
    register(desk)
    assert "1 h: 100 KZT from card *1234." in talk(desk, START)
    assert money(desk) == (500 * KZT, 0, 0, 0)
    assert confirm(desk) == "7701: We are taking 100 KZT from card *1234. A message will follow in seconds."
    assert say(desk, "1", code="7701").word == Refused.PAYING
    assert say(desk, "no", code="7701").word == Refused.PAYING
    assert say(desk, START).word == "parking.paying"
    (told,) = heard(desk.advance(5))
    assert told.startswith(f"7757: Parking 1001, {PLATE}: from 14.03 12:00")
    assert money(desk) == (500 * KZT, 0, 100 * KZT, 100 * KZT)
    (begun,) = open_of(desk)
    assert begun.ends_us - begun.began_us == 3600 * 1_000_000
    assert begun.began_us > begun.asked_us


def test_a_card_pays_only_what_the_parking_account_does_not(desk: Desk) -> None:
    desk.bind_card(balance_kzt=1_000)
    park(desk)
    desk.wait(15 * 60)
    talk(desk, "S")
    register(desk)
    assert "100 KZT: 75 from your parking account, 25 from card *1234." in talk(desk, START)
    confirm(desk)
    assert money(desk) == (400 * KZT, 0, 75 * KZT, 75 * KZT)
    desk.advance(5)
    assert money(desk) == (400 * KZT, 0, 100 * KZT, 100 * KZT)


def test_mobile_commerce_is_the_main_balance(desk: Desk) -> None:
    desk.bind_card()
    register(desk, PaymentMethod.MAIN)
    assert "100 KZT from your balance." in talk(desk, START)


def test_an_extension_by_card(desk: Desk) -> None:
    desk.bind_card(balance_kzt=1_000)
    register(desk)
    park(desk)
    desk.advance(5)
    assert f"2 h more for {PLATE}: 200 KZT from card *1234." in talk(desk, "X*2")
    assert confirm(desk).startswith("7701: We are taking 200 KZT")
    assert say(desk, "X*1").word == "parking.paying"
    assert say(desk, "1", code="7701").word == Refused.PAYING
    (told,) = heard(desk.advance(5))
    assert "runs until 14.03 15:00 now" in told
    assert money(desk) == (500 * KZT, 0, 300 * KZT, 300 * KZT)


def test_without_a_card_that_can_pay_that_is_said(desk: Desk) -> None:
    register(desk)
    assert say(desk, START).word == "parking.no_card"
    card = desk.bind_card()
    assert say(desk, START).word == "ok"
    desk.sms("8080", f"09 {card.last4}")
    assert say(desk, "1", code="7701").word == Refused.NO_CARD
    disabled = desk.do(lambda uow, _: uow.cards.get(card.id))
    assert disabled is not None
    assert disabled.state is CardState.DISABLED


def test_a_card_without_the_money_can_be_filled_and_asked_again(desk: Desk) -> None:
    desk.bind_card(balance_kzt=99)
    register(desk)
    say(desk, START)
    assert talk(desk, "1", code="7701") == (
        "7701: Card *1234 does not have 100 KZT. Top it up and send 1 again."
    )
    desk.sms("8080", "09 1234")
    desk.bind_card(pan="9398000000074329", balance_kzt=100)
    assert talk(desk, "1", code="7701") == (
        f"7701: Another card would pay now. Parking 1001, {PLATE}, 1 h: 100 KZT from card *4329. "
        "To confirm, send 1 by 14.03 12:10. Anything else cancels."
    )
    assert confirm(desk).startswith("7701: We are taking 100 KZT from card *4329")
    assert PAN.endswith("1234")


def test_the_daily_limit_of_cards_counts(desk: Desk) -> None:
    desk.bind_card(balance_kzt=300_000)
    register(desk)
    desk.sms("8080", "07 1234 199850")
    desk.advance(5)
    say(desk, START)
    desk.sms("8080", "07 1234 100")
    desk.advance(5)
    assert say(desk, "1", code="7701").word == Refused.CARD_LIMIT
    assert say(desk, START).word == "parking.card_limit", "what 7701 would refuse is not asked"
