"""The portal's registrations, and what cameras are told: paid, time for paying, or one fine for each stay."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from handlers.base.command import Channel
from handlers.base.parking_question import call_off
from handlers.base.parking_running import finish
from handlers.base.parking_states import Happens
from handlers.parking_desk import CarSeen, DriverRegistered, RegisterDriver, ReportCar, Verdict
from rating.msisdn import Msisdn
from rating.parking_price import ParkingPrice
from rating.subscriber import Language
from storage.model import AccountKind, AccountRef, Entry, Hold, Line, parking_account
from storage.parking_model import Driver, Fine, FineState, ParkingSession, ParkingState, PaymentMethod
from storage.parking_views import FineFilter, MailFilter

if TYPE_CHECKING:
    from handlers.base.context import Context
    from handlers.base.outcome import Outcome
    from storage.parking_model import Mail
    from storage.unit_of_work import UnitOfWork
    from tests.handlers.conftest import Desk

ALIYA, BOLAT = Msisdn("77011234567"), Msisdn("77021234567")
PLATE, OTHER = "123AAA02", "A111AAA"
US = 1_000_000
GRACE_S, STAY_S = 900, 1800
#: Longer than the time for paying.
LATE_S = GRACE_S + 1
PRICE_TIYN = 10_000


def register(desk: "Desk", msisdn: str = ALIYA, **chosen: object) -> "Outcome":
    """What the portal sends."""
    command = RegisterDriver(origin=desk.origin(Channel.API, ""), msisdn=Msisdn(msisdn))
    return desk.run(replace(command, **chosen))  # type: ignore[arg-type]  # fields by name


def registered(desk: "Desk", msisdn: str = ALIYA, **chosen: object) -> DriverRegistered:
    """The result of a registration that went well."""
    result = register(desk, msisdn, **chosen).result
    assert isinstance(result, DriverRegistered)
    return result


def report(desk: "Desk", plate: str = PLATE, area: str = "1001") -> "Outcome":
    """What a camera sends."""
    return desk.run(ReportCar(origin=desk.origin(Channel.API, ""), area=area, plate=plate))


def seen(desk: "Desk", plate: str = PLATE, area: str = "1001") -> CarSeen:
    """What it is told."""
    result = report(desk, plate, area).result
    assert isinstance(result, CarSeen)
    return result


def seen_after(desk: "Desk", seconds: float, plate: str = PLATE, area: str = "1001") -> CarSeen:
    """What it is told so much later."""
    desk.wait(seconds)
    return seen(desk, plate, area)


def park(desk: "Desk", plate: str = PLATE, area: str = "1001", **changes: object) -> ParkingSession:
    """An hour of parking that began now, paid and held as the service leaves it."""
    account = parking_account(ALIYA)

    def step(uow: "UnitOfWork", context: "Context") -> ParkingSession:
        session = ParkingSession(
            id=context.new_id(),
            msisdn=ALIYA,
            area=area,
            plate=plate,
            state=ParkingState.RUNNING,
            hours=1,
            asked_us=desk.now_us,
            confirm_by_us=desk.now_us,
            version="1",
            per_hour_tiyn=PRICE_TIYN,
            price_tiyn=PRICE_TIYN,
            parking_hold=context.new_id(),
            began_us=desk.now_us,
            ends_us=desk.now_us + 3600 * US,
        )._replace(**changes)  # type: ignore[arg-type]  # fields by name
        if uow.ledger.balance(account) is None:
            uow.ledger.open(account)
        lines = (Line(AccountRef(AccountKind.OPENING), -PRICE_TIYN), Line(account, PRICE_TIYN))
        uow.ledger.post(Entry(reason="test", lines=lines, source="test", actor="test"))
        uow.ledger.hold(
            Hold(session.parking_hold, account, PRICE_TIYN, "parking", session.id, desk.now_us + 10**12)
        )
        uow.parking.add(session)
        return session

    return desk.do(step)


def fined(desk: "Desk", plate: str = PLATE) -> CarSeen:
    """A car that has stayed too long without paying."""
    seen(desk, plate)
    return seen_after(desk, LATE_S, plate)


def fine_of(told: CarSeen) -> Fine:
    assert told.fine is not None
    return told.fine


def letters(desk: "Desk") -> "list[Mail]":
    return desk.store.reads.mails(MailFilter())


# -- the portal ------------------------------------------------------------------------------------


def test_a_registration_keeps_what_was_chosen_with_plates_in_their_one_form(desk: "Desk") -> None:
    desk.subscribe()
    result = registered(
        desk,
        method=PaymentMethod.CARD,
        email="aliya@example.com",
        plates=("а 111 ааа", "123-aaa-02", "A111AAA"),
        privileged=True,
    )
    driver = Driver(
        msisdn=ALIYA,
        method=PaymentMethod.CARD,
        email="aliya@example.com",
        plates=("A111AAA", "123AAA02"),
        privileged=True,
    )
    assert result == DriverRegistered(driver, is_new=True)
    assert desk.store.reads.parking_driver(ALIYA) == driver


def test_a_registration_takes_the_place_of_the_one_before(desk: "Desk") -> None:
    desk.subscribe()
    registered(desk, method=PaymentMethod.CARD, email="a@example.com", plates=(PLATE,))
    assert registered(desk) == DriverRegistered(Driver(msisdn=ALIYA), is_new=False)
    assert desk.store.reads.parking_driver(ALIYA) == Driver(msisdn=ALIYA)


def test_only_subscribers_register(desk: "Desk") -> None:
    assert register(desk).word == "subscriber.unknown"


def test_a_plate_is_one_drivers(desk: "Desk") -> None:
    desk.subscribe()
    desk.subscribe(BOLAT)
    registered(desk, plates=(PLATE,))
    assert register(desk, BOLAT, plates=(OTHER, PLATE)).word == "driver.plate_taken"
    assert desk.store.reads.parking_driver(BOLAT) is None
    registered(desk, plates=())
    assert registered(desk, BOLAT, plates=(PLATE,)).driver.plates == (PLATE,)


def test_all_wrong_fields_are_told_together(desk: "Desk") -> None:
    desk.subscribe()
    plates = (PLATE, "Я111ЯЯЯ", "1", *(f"A{number:03}BB" for number in range(8)))
    outcome = register(desk, email="aliya@example.com\nBcc: x@example.com", plates=plates)
    assert outcome.refusal is not None
    assert [each.field for each in outcome.refusal.fields] == ["email", "plates", "plates.1", "plates.2"]
    assert desk.store.reads.parking_driver(ALIYA) is None


# -- paid, grace, fined ----------------------------------------------------------------------------


def test_a_paid_car_is_paid_until_its_parking_ends(desk: "Desk") -> None:
    desk.subscribe()
    session = park(desk)
    told = seen_after(desk, 1800, "123 ааа 02")
    assert (told.verdict, told.until_us, told.fine) == (Verdict.PAID, session.ends_us, None)


@pytest.mark.parametrize("state", [ParkingState.RUNNING, ParkingState.REMINDED])
def test_a_parking_whose_time_is_up_pays_no_more_whether_its_job_has_run_or_not(
    desk: "Desk", state: ParkingState
) -> None:
    desk.subscribe()
    park(desk, state=state)
    assert seen_after(desk, 3599.999).verdict is Verdict.PAID
    assert seen_after(desk, 0.001).verdict is Verdict.GRACE


def test_what_is_paid_on_another_place_is_not_paid_here(desk: "Desk") -> None:
    desk.subscribe()
    park(desk, area="1002")
    assert seen(desk).verdict is Verdict.GRACE
    assert seen(desk, area="1002").verdict is Verdict.PAID


def test_the_first_15_minutes_from_the_first_sighting_are_for_paying(desk: "Desk") -> None:
    began_us = desk.now_us
    first = seen(desk)
    assert (first.verdict, first.until_us) == (Verdict.GRACE, began_us + GRACE_S * US)
    last = seen_after(desk, GRACE_S)
    assert (last.verdict, last.until_us, last.sighting.first_us) == (Verdict.GRACE, first.until_us, began_us)
    assert desk.store.reads.fines(FineFilter()) == []
    assert seen_after(desk, 0.000001).verdict is Verdict.FINED


def test_a_fine_is_stored_with_its_amount_and_its_times(desk: "Desk") -> None:
    began_us = desk.now_us
    fine = fine_of(fined(desk))
    assert (fine.plate, fine.area, fine.amount_tiyn) == (PLATE, "1001", 600_000)
    assert (fine.first_us, fine.at_us) == (began_us, began_us + LATE_S * US)
    assert fine.state is FineState.ISSUED
    assert desk.store.reads.fines(FineFilter()) == [fine]


def test_a_fine_is_that_of_the_version_in_force(desk: "Desk") -> None:
    prices = (*desk.profile.parking_prices, ParkingPrice("2", desk.now_us + GRACE_S * US, 20_000, 700_000))
    desk.profile = replace(desk.profile, parking_prices=prices)
    assert fine_of(fined(desk)).amount_tiyn == 700_000


def test_one_stay_is_fined_once(desk: "Desk") -> None:
    first = fined(desk)
    again = seen_after(desk, STAY_S)
    assert (first.is_new_fine, again.is_new_fine) == (True, False)
    assert again.verdict is Verdict.FINED
    assert again.fine == first.fine
    assert len(desk.store.reads.fines(FineFilter())) == len(letters(desk)) == 1


def test_who_pays_after_a_fine_is_paid_and_not_fined_again_on_that_stay(desk: "Desk") -> None:
    desk.subscribe()
    first = fined(desk)
    park(desk)
    assert seen_after(desk, 1800).verdict is Verdict.PAID
    later = seen_after(desk, 1800)
    assert (later.verdict, later.fine) == (Verdict.FINED, first.fine)


def test_who_has_confirmed_in_time_is_not_fined_while_the_bank_works(desk: "Desk") -> None:
    """On this place only; the bank's time is all that is given on top."""
    desk.subscribe()
    seen(desk, OTHER, "1002")
    seen(desk)
    desk.wait(GRACE_S - 1)
    paying = [park(desk, plate, state=ParkingState.PAYING) for plate in (PLATE, OTHER)]
    told = seen_after(desk, 2)
    assert (told.verdict, told.until_us) == (Verdict.GRACE, desk.now_us + 60 * US)
    assert seen(desk, OTHER, "1002").verdict is Verdict.FINED
    desk.do(lambda uow, _: [call_off(each, Happens.FAILED, uow) for each in paying])
    assert seen(desk).verdict is Verdict.FINED


def test_a_car_that_comes_back_after_its_driver_stopped_has_15_minutes_again(desk: "Desk") -> None:
    """The driver said that it leaves; a parking that ends by its time says nothing of that."""
    desk.subscribe()
    seen(desk)
    running = park(desk)
    assert seen_after(desk, 300).verdict is Verdict.PAID
    desk.do(lambda uow, context: finish(running, Happens.STOP, uow, context))
    back = seen_after(desk, GRACE_S)
    assert (back.verdict, back.sighting.first_us) == (Verdict.GRACE, desk.now_us)
    assert seen_after(desk, LATE_S).verdict is Verdict.FINED


def test_after_a_paid_parking_the_15_minutes_still_count_from_the_first_sighting(desk: "Desk") -> None:
    """They are for paying on arrival; the end is told ten minutes before."""
    desk.subscribe()
    seen(desk)
    park(desk)
    assert seen_after(desk, 1800).verdict is Verdict.PAID
    assert seen_after(desk, 1800).verdict is Verdict.FINED


# -- stays -----------------------------------------------------------------------------------------


def test_a_car_that_was_not_seen_for_longer_than_a_stay_lasts_has_left(desk: "Desk") -> None:
    first = fined(desk)
    back = seen_after(desk, STAY_S + 0.000001)
    assert (back.verdict, back.sighting.first_us) == (Verdict.GRACE, desk.now_us)
    second = seen_after(desk, LATE_S)
    assert second.verdict is Verdict.FINED
    assert fine_of(second).id != fine_of(first).id


def test_every_sighting_keeps_the_stay_going(desk: "Desk") -> None:
    fined(desk)
    assert [seen_after(desk, STAY_S).verdict for _ in range(3)] == [Verdict.FINED] * 3


def test_a_sighting_on_another_place_begins_a_new_stay(desk: "Desk") -> None:
    fined(desk)
    assert seen_after(desk, 60, area="1002").verdict is Verdict.GRACE
    assert seen_after(desk, 60, area="1001").verdict is Verdict.GRACE


def test_cars_do_not_mind_each_other(desk: "Desk") -> None:
    fined(desk)
    assert seen(desk, OTHER).verdict is Verdict.GRACE


# -- letters ---------------------------------------------------------------------------------------


def test_a_registered_driver_is_written_to_in_the_own_language(desk: "Desk") -> None:
    desk.subscribe(language=Language.KK)
    registered(desk, email="aliya@example.com", plates=(PLATE,))
    fine = fine_of(fined(desk))
    (letter,) = letters(desk)
    assert (fine.email, fine.letter_id) == ("aliya@example.com", letter.id)
    assert (letter.to, letter.subject) == ("aliya@example.com", "123AAA02 көлігіне тұрақ айыппұлы")
    assert "6\u00a0000 теңге" in letter.body
    assert "тенге" not in letter.body


def test_an_unknown_owner_is_written_to_in_every_language(desk: "Desk") -> None:
    fined(desk)
    (letter,) = letters(desk)
    assert letter.to == "123AAA02@owners.example"
    assert letter.subject.count(" / ") == 2
    for words in ("6\u00a0000 теңге", "6\u00a0000 тенге", "6,000 KZT"):
        assert words in letter.body


def test_a_letter_says_what_for_since_when_and_how_to_pay_the_next_time(desk: "Desk") -> None:
    fine = fine_of(fined(desk))
    (letter,) = letters(desk)
    for fact in (
        fine.id,
        "Green market, Zenkov (between Makataev and Zhibek Zholy)",
        "since 14.03.2025 12:00; at 14.03.2025 12:15",
        "The first 15 minutes",
        "An SMS does not pay this fine. Next time pay for the place within 15 minutes by SMS to 7757",
        "1001*123AAA02*1",
    ):
        assert fact in letter.body


def test_a_driver_without_an_address_is_written_to_through_the_register_of_vehicles(desk: "Desk") -> None:
    desk.subscribe(language=Language.EN)
    registered(desk, plates=(PLATE,))
    fined(desk)
    (letter,) = letters(desk)
    assert (letter.to, letter.subject) == ("123AAA02@owners.example", "Parking fine for 123AAA02")


def test_where_nobody_knows_owners_the_fine_stands_without_a_letter(desk: "Desk") -> None:
    desk.profile = replace(desk.profile, parking_owner_email="")
    fine = fine_of(fined(desk))
    assert (fine.state, fine.email, fine.letter_id) == (FineState.UNADDRESSED, "", "")
    assert letters(desk) == []


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("area", "plate", "fields"),
    [
        ("1011", PLATE, ["area"]),
        ("", PLATE, ["area"]),
        ("1001", "Я111ЯЯЯ", ["plate"]),
        ("1001", "123AAA02\r\nBcc: x@example.com", ["plate"]),
        ("9", "", ["area", "plate"]),
    ],
)
def test_a_report_of_nothing_known_is_refused_and_leaves_no_trace(
    desk: "Desk", area: str, plate: str, fields: list[str]
) -> None:
    outcome = report(desk, plate, area)
    assert outcome.refusal is not None
    assert [each.field for each in outcome.refusal.fields] == fields
    assert desk.do(lambda uow, _: uow.fines.sighting(PLATE)) is None
