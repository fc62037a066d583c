"""7757: start, stop, extend as transcripts, what is refused and in which order (services.md section 8)."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.base.bus import Bus
from handlers.base.command import Channel, Origin
from handlers.base.grammar import Usage
from handlers.base.parking_asking import Refused
from handlers.parking import SERVICE, ExtendParking, StartParking, StopParking
from handlers.parking_confirm import SERVICE as CONFIRM
from rating.parking_price import ParkingPrice
from rating.subscriber import Brand, Status
from storage.model import AccountKind, AccountRef
from storage.parking_model import ParkingState
from tests.handlers.conftest import ALIYA, PROFILE, Desk
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
    say,
    session,
    talk,
)

US = 1_000_000
KZT = 100


@pytest.fixture(autouse=True)
def drivers(desk: Desk) -> None:
    """Aliya and Bolat, who may park."""
    park_ready(desk, ALIYA)
    park_ready(desk, BOLAT)


# -- the way it goes -------------------------------------------------------------------------------


def test_start_confirm_ticket_and_stop(desk: Desk) -> None:
    """The price is held while it is asked, paid when it is confirmed, and charged by the minute."""
    assert talk(desk, START) == (
        f"7701: Parking 1001, {PLATE}, 1 h: 100 KZT from your balance. "
        "To confirm, send 1 by 14.03 12:10. Anything else cancels."
    )
    assert money(desk) == (500 * KZT, 100 * KZT, 0, 0)
    desk.wait(60)
    assert confirm(desk) == (
        f"7757: Parking 1001, {PLATE}: from 14.03 12:01 until 14.03 13:01. To stop, send S. To extend, X*1"
    )
    assert money(desk) == (400 * KZT, 0, 100 * KZT, 100 * KZT)
    desk.wait(14 * 60 + 1)
    assert talk(desk, "S") == (
        f"7757: Parking 1001, {PLATE} is stopped: 15 min, 25 KZT. Parking account: 75 KZT, for the next time."
    )
    assert money(desk) == (400 * KZT, 0, 75 * KZT, 0)


def test_the_charge_is_revenue_and_vat(desk: Desk) -> None:
    """12 % are inside 100 KZT in 2025: 10.71 (dated VAT of the profile)."""
    park(desk)
    desk.advance(3600)
    revenue = desk.do(lambda uow, _: uow.ledger.balance(_ref("revenue", "parking")))
    vat = desk.do(lambda uow, _: uow.ledger.balance(_ref("vat_payable", "operator")))
    assert revenue is not None
    assert vat is not None
    assert (revenue.balance_tiyn, vat.balance_tiyn) == (8929, 1071)


def _ref(kind: str, owner: str) -> AccountRef:
    return AccountRef(AccountKind(kind), owner)


def test_what_is_left_is_used_first_and_both_parts_are_named(desk: Desk) -> None:
    park(desk)
    desk.wait(15 * 60)
    talk(desk, "S")
    assert talk(desk, START) == (
        f"7701: Parking 1001, {PLATE}, 1 h: 100 KZT: 75 from your parking account, 25 from your balance. "
        "To confirm, send 1 by 14.03 12:25. Anything else cancels."
    )
    assert money(desk) == (400 * KZT, 25 * KZT, 75 * KZT, 75 * KZT)
    confirm(desk)
    assert money(desk) == (375 * KZT, 0, 100 * KZT, 100 * KZT)


def test_what_is_left_can_pay_for_all(desk: Desk) -> None:
    park(desk, f"1001*{PLATE}*3")
    talk(desk, "S")
    asked = talk(desk, START)
    assert "1 h: 100 KZT from your parking account." in asked
    assert money(desk)[1] == 0
    before = money(desk)[0]
    confirm(desk)
    assert money(desk)[0] == before


def test_extension_reminder_and_end(desk: Desk) -> None:
    park(desk)
    assert heard(desk.advance(49 * 60)) == []
    assert talk(desk, "X*2") == (
        f"7701: 2 h more for {PLATE}: 200 KZT from your balance. "
        "To confirm, send 1 by 14.03 12:59. Anything else cancels."
    )
    assert money(desk) == (400 * KZT, 200 * KZT, 100 * KZT, 100 * KZT)
    assert confirm(desk) == (
        f"7757: Parking 1001, {PLATE} runs until 14.03 15:00 now. To stop, send S. To extend, X*1"
    )
    assert money(desk) == (200 * KZT, 0, 300 * KZT, 300 * KZT)
    assert heard(desk.advance(3 * 3600)) == [
        f"7757: Parking 1001, {PLATE} ends at 14.03 15:00. To extend, send X*1",
        f"7757: Parking 1001, {PLATE} is over. It cost 300 KZT.",
    ]
    assert money(desk) == (200 * KZT, 0, 0, 0)


def test_a_reminded_parking_is_reminded_again_of_its_new_end(desk: Desk) -> None:
    park(desk)
    assert len(heard(desk.advance(55 * 60))) == 1
    talk(desk, "X*1")
    confirm(desk)
    assert heard(desk.advance(3600)) == [
        f"7757: Parking 1001, {PLATE} ends at 14.03 14:00. To extend, send X*1"
    ]


def test_an_extension_after_the_reminder_can_be_confirmed_until_the_end_only(desk: Desk) -> None:
    park(desk)
    desk.advance(55 * 60)
    assert "send 1 by 14.03 13:00" in talk(desk, "X*1")
    told = heard(desk.advance(5 * 60))
    over = f"7757: Parking 1001, {PLATE} is over. It cost 100 KZT. The extension was not confirmed."
    assert told == [over]
    assert money(desk) == (400 * KZT, 0, 0, 0)
    assert say(desk, "1", code="7701").word == "parking.nothing_asked"


def test_the_first_minute_costs_a_minute_and_the_remainder_is_kept(desk: Desk) -> None:
    park(desk)
    assert "1 min, 1.67 KZT. Parking account: 98.33 KZT" in talk(desk, "S")


def test_several_cars_need_their_plates(desk: Desk) -> None:
    park(desk)
    second = park(desk, f"1002*{OTHER_PLATE}*2")
    which = f"7757: Several of your cars are parked. Say which, like S PLATE or X*1*PLATE:\n{PLATE}\n"
    assert talk(desk, "S") == which + OTHER_PLATE
    assert say(desk, "X*1").word == "parking.which_plate"
    assert f"1 h more for {OTHER_PLATE}" in talk(desk, "Х*1*а 111 ааа")
    confirm(desk)
    assert session(desk, second.id).hours == 3
    assert f"1001, {PLATE} is stopped" in talk(desk, f"S {PLATE.lower()}")
    assert f"1002, {OTHER_PLATE} is stopped" in talk(desk, "С")


@pytest.mark.parametrize(
    ("typed", "plate"),
    [
        ("1001*А111ААА*1", "A111AAA"),
        ("1001*123ААА02*1", "123AAA02"),
        ("  1001 * a111aaa * 1 ", "A111AAA"),
        ("1001*123 ааа-02*1", "123AAA02"),
        ("１００１＊１２３ＡＡＡ０２＊１", "123AAA02"),
        ("1001*\u200b123aaa02*1", "123AAA02"),
    ],
)
def test_people_type_it_in_many_ways(desk: Desk, typed: str, plate: str) -> None:
    talk(desk, typed)
    assert [each.plate for each in open_of(desk)] == [plate]


@pytest.mark.parametrize(
    "typed", ["S", "s", "С", "с", " s ", f"s {PLATE}", "с 123 ааа 02", f"S*{PLATE}", "с * 123ааа02"]
)
def test_stop_is_one_letter_in_either_alphabet(desk: Desk, typed: str) -> None:
    park(desk)
    assert "is stopped" in talk(desk, typed)


@pytest.mark.parametrize("typed", ["X*1", "x*1", "Х*1", "х * 1", f"X*1*{PLATE}", "х*1*123ааа02"])
def test_extend_is_one_letter_in_either_alphabet(desk: Desk, typed: str) -> None:
    park(desk)
    assert f"1 h more for {PLATE}" in talk(desk, typed)


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed", ["", "hello", "1001", f"1001*{PLATE}", "1001**1", f"1001 {PLATE} 1", "X", "X*", "*", "S*", "1"]
)
def test_what_has_another_form_gets_the_usage_and_costs_nothing(desk: Desk, typed: str) -> None:
    assert talk(desk, typed).startswith("7757: AREA*PLATE*HOURS: park, like 1001*123AAA02*1.")
    assert open_of(desk) == ()
    assert money(desk) == (500 * KZT, 0, 0, 0)


@pytest.mark.parametrize(
    ("typed", "word", "said"),
    [
        (f"1011*{PLATE}*1", "parking.unknown_area", "on the sign where you park: 1001 to 1010."),
        (f"X1*{PLATE}*1", "parking.unknown_area", "There is no such parking area."),
        ("1001*123ЯЯЯ02*1", "parking.bad_plate", "Write it like 123AAA02 or A111AAA."),
        ("1001*123AAA21*1", "parking.bad_plate", "not a plate"),
        (f"1001*{PLATE}*0", "parking.bad_hours", "Hours are a whole number from 1 to 24"),
        (f"1001*{PLATE}*1.5", "parking.bad_hours", "whole number"),
        (f"1001*{PLATE}*25", "parking.bad_hours", "whole number"),
        (f"1001*{PLATE}*two", "parking.bad_hours", "whole number"),
        (f"1001*{PLATE}*-1", "parking.bad_hours", "whole number"),
        (f"1001*{PLATE}*²", "parking.not_enough", "missing"),
        (f"1001*{PLATE}*{'9' * 99}", "parking.bad_hours", "whole number"),
        (f"1001*{PLATE}*6", "parking.not_enough", "costs 600 KZT, 100 KZT is missing."),
        ("S", "parking.nothing_running", "You have no parking running."),
        (f"S {PLATE}", "parking.nothing_running", "To park, send like this: 1001*123AAA02*1"),
        ("S Bolat", "parking.bad_plate", "not a plate"),
        ("X*1", "parking.over", "no parking of yours is running"),
        ("X*0", "parking.bad_hours", "whole number"),
        ("X*1*Bolat", "parking.bad_plate", "not a plate"),
    ],
)
def test_each_mistake_has_its_own_answer(desk: Desk, typed: str, word: str, said: str) -> None:
    if typed.endswith("²"):
        desk.spend(450)
    outcome = say(desk, typed)
    assert outcome.word == word
    assert said in talk(desk, typed)
    assert open_of(desk) == ()


def test_kcell_is_not_there_yet_unless_the_profile_says_so(desk: Desk) -> None:
    desk.change(ALIYA, brand=Brand.KCELL)
    assert talk(desk, START) == "7757: Parking by SMS is not there yet for your brand."
    desk.profile = dataclasses.replace(PROFILE, parking_brands=frozenset(Brand))
    assert say(desk, START).word == "ok"


def test_a_plate_that_is_parked_is_refused_and_whose_it_is_is_not_told(desk: Desk) -> None:
    park(desk)
    assert talk(desk, f"1005*{PLATE}*2") == (
        f"7757: {PLATE} is parked already: 1001 until 14.03 13:00. To extend, send X*1*{PLATE}"
    )
    assert talk(desk, START, BOLAT) == (
        f"7757: {PLATE} is parked, or asked for, by another number. "
        "Check the plate, or try again in 10 minutes."
    )
    assert say(desk, "S", BOLAT).word == "parking.nothing_running"
    park(desk, f"1001*{OTHER_PLATE}*1", BOLAT)
    assert talk(desk, f"S {PLATE}", BOLAT) == f"7757: No parking of yours is running for {PLATE}."
    assert say(desk, f"X*1*{PLATE}", BOLAT).word == "parking.not_yours"


def test_a_plate_that_is_asked_for_is_taken_until_it_is_not(desk: Desk) -> None:
    say(desk, START)
    assert say(desk, START, BOLAT).word == "parking.taken"
    confirm(desk, text="no")
    assert say(desk, START, BOLAT).word == "ok"


def test_a_newer_request_takes_the_place_of_the_older_one(desk: Desk) -> None:
    """Its hold is free before the new one is counted: 500 KZT are enough for five hours, twice."""
    first = say(desk, f"1001*{PLATE}*5").result
    assert talk(desk, f"1002*{PLATE}*5").startswith("7701: The request before is cancelled. Parking 1002,")
    assert [each.area for each in open_of(desk)] == ["1002"]
    assert session(desk, first.id).state is ParkingState.CANCELLED  # type: ignore[attr-defined]  # a session
    assert money(desk)[1] == 500 * KZT
    confirm(desk)
    assert heard(desk.advance(660)) == []


def test_a_request_that_is_refused_leaves_the_older_one(desk: Desk) -> None:
    say(desk, START)
    assert say(desk, f"1001*{OTHER_PLATE}*6").word == "parking.not_enough"
    assert "until 14.03 13:00" in confirm(desk)


def test_an_extension_that_is_asked_is_replaced_by_another(desk: Desk) -> None:
    park(desk)
    talk(desk, "X*1")
    assert talk(desk, "X*2").startswith(f"7701: The request before is cancelled. 2 h more for {PLATE}")
    assert money(desk)[1] == 200 * KZT
    assert "until 14.03 15:00" in confirm(desk)


def test_stop_takes_back_the_extension_that_is_asked(desk: Desk) -> None:
    park(desk)
    talk(desk, "X*2")
    talk(desk, "S")
    assert money(desk)[:2] == (400 * KZT, 0)
    assert say(desk, "1", code="7701").word == "parking.nothing_asked"
    assert heard(desk.advance(2 * 3600)) == []


def test_an_extension_after_the_end_is_too_late(desk: Desk) -> None:
    park(desk)
    desk.advance(3600)
    assert talk(desk, "X*1").startswith("7757: There is nothing to extend: no parking of yours")


@pytest.mark.parametrize("typed", ["S", "X*1"])
def test_at_the_very_end_it_is_over_even_before_the_clock_has_said_so(desk: Desk, typed: str) -> None:
    park(desk)
    desk.wait(3600)
    assert say(desk, typed).word in {"parking.nothing_running", "parking.over"}
    assert heard(desk.advance(0))[-1].endswith("is over. It cost 100 KZT.")


def test_a_price_that_changes_meanwhile_is_for_the_next_parking(desk: Desk) -> None:
    """An extension keeps the price of its parking too."""
    session_id = park(desk).id
    dear = ParkingPrice("2", desk.now_us + US, 200 * KZT, 1)
    desk.profile = dataclasses.replace(PROFILE, parking_prices=(*PROFILE.parking_prices, dear))
    desk.wait(60)
    assert "1 h more" in talk(desk, "X*1")
    confirm(desk)
    assert "200 KZT from your balance" in talk(desk, f"1001*{OTHER_PLATE}*1")
    desk.advance(2 * 3600)
    ended = session(desk, session_id)
    assert (ended.version, ended.price_tiyn, ended.charge_tiyn) == ("1", 200 * KZT, 200 * KZT)


# -- who may ---------------------------------------------------------------------------------------

REFUSED = [
    ({"status": Status.BLOCKED}, "access.blocked"),
    ({"status": Status.BLOCKED_OUTGOING}, "access.blocked_outgoing"),
    ({"status": Status.DEBT}, "access.debt"),
    ({"roaming": True}, "access.roaming"),
    ({"short_codes_barred": True}, "access.short_codes_barred"),
    ({"device_registered": False}, "access.device"),
]


@pytest.mark.parametrize(("changes", "word"), REFUSED)
def test_what_costs_money_is_for_those_who_may(desk: Desk, changes: dict[str, object], word: str) -> None:
    park(desk)
    say(desk, "X*1")
    desk.change(ALIYA, **changes)
    for text, code in ((f"1001*{OTHER_PLATE}*1", "7757"), ("X*1", "7757"), ("1", "7701")):
        assert say(desk, text, code=code).word == word


@pytest.mark.parametrize(("changes", "word"), REFUSED[1:4])
def test_a_parking_can_be_stopped_by_whoever_may_not_begin_one(
    desk: Desk, changes: dict[str, object], word: str
) -> None:
    park(desk)
    desk.change(ALIYA, **changes)
    assert say(desk, START).word == word
    assert say(desk, "S").word == "ok"


def test_an_unknown_number_may_not(desk: Desk) -> None:
    assert say(desk, START, "77751234567").word == "access.unknown"


# -- the order of refusals -------------------------------------------------------------------------


def test_refusals_come_in_the_order_of_their_enum(desk: Desk) -> None:
    """A request with everything wrong; one thing after the other is put right."""
    park(desk, START, BOLAT)
    desk.change(ALIYA, roaming=True, brand=Brand.KCELL)
    seen = [say(desk, "9*x*0").word]
    desk.change(ALIYA, roaming=False)
    seen.append(say(desk, "9*x*0").word)
    desk.change(ALIYA, brand=Brand.ACTIV)
    seen += [say(desk, text).word for text in ("9*x*0", "1001*x*0", f"1001*{PLATE}*0", f"1001*{PLATE}*24")]
    seen.append(say(desk, f"1001*{OTHER_PLATE}*24").word)
    refused = [Refused.BRAND, Refused.UNKNOWN_AREA, Refused.BAD_PLATE, Refused.BAD_HOURS, Refused.TAKEN]
    assert seen == ["access.roaming", *refused, Refused.NOT_ENOUGH]
    assert sorted(refused, key=list(Refused).index) == refused


# -- the menu and the balance ----------------------------------------------------------------------


def test_the_balance_shows_what_is_free_on_the_parking_account(desk: Desk) -> None:
    park(desk)
    assert talk(desk, "BAL", code="6000") == "6000: Balance: 400 KZT"
    desk.wait(15 * 60)
    talk(desk, "S")
    assert talk(desk, "BAL", code="6000") == "6000: Balance: 400 KZT\nParking: 75 KZT"


def test_the_codes_are_those_of_the_source() -> None:
    """7757 takes the commands, 7701 asks."""
    assert (PROFILE.sms_code_of(SERVICE.name), PROFILE.sms_code_of(CONFIRM.name)) == ("7757", "7701")
    assert set(SERVICE.handlers) >= {StartParking, StopParking, ExtendParking}


@given(st.text(max_size=200))
def test_any_text_is_a_command_or_gets_the_usage(text: str) -> None:
    bus = Bus([SERVICE, CONFIRM])
    origin = Origin(msisdn=ALIYA, channel=Channel.SMS, service_code="7757", source_id="m1")
    found = bus.parse_sms("parking", origin, text)
    assert isinstance(found, (StartParking, StopParking, ExtendParking)) or found == Usage("parking.usage")
