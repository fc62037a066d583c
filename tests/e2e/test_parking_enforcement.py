"""Cameras, fines and their letters to a real receiving server; what the API shows (services.md section 8)."""

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.e2e.bank_side import ANSWER_S, BankSide
from tests.e2e.conftest import MakePhone, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.parking_lot import (
    CONFIRM_S,
    EN,
    HOUR_S,
    KK,
    OTHER_PLATE,
    PLATE,
    RU,
    START,
    ParkingLot,
    purse,
)
from tests.e2e.waiting import until
from tests.gateway.mail_server import SENDER, Received, Receiver

#: services.md section 8: the first 15 minutes on a place are for paying.
GRACE_S = 900
#: The profile's ``parking.stay_s``: a car that was not seen for longer has left.
STAY_S = 1_800
OWNER = f"{PLATE}@owners.example"


@pytest.fixture
def lot(api: ControlApi) -> ParkingLot:
    """Parking, on a virtual clock."""
    return ParkingLot.opened(api)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A mail server that takes everything."""
    with Receiver() as receiver:
        yield receiver


def mail_settings(port: int) -> dict[str, str]:
    return {"MAIL_HOST": "127.0.0.1", "MAIL_PORT": str(port), "MAIL_FROM": SENDER}


# -- paid, time for paying, fined ------------------------------------------------------------------


def test_a_car_has_fifteen_minutes_then_it_is_fined_once(lot: ParkingLot) -> None:
    """Counted from the first sighting; a fine moves no money."""
    before = BankSide(lot.api).balances()
    seen = {"area": "1001", "plate": PLATE, "since": "2031-05-17T09:30:00+05:00"}
    grace = seen | {"verdict": "grace", "until": "2031-05-17T09:45:00+05:00", "fine": None}
    assert lot.camera("123 ааа-02") == grace
    lot.api.advance(GRACE_S)
    assert lot.camera() == grace
    lot.api.advance(1)
    fined = lot.camera()
    fine = fined["fine"]
    assert fined == seen | {"verdict": "fined", "until": None, "fine": fine}
    assert fine == {
        "id": fine["id"],
        "plate": PLATE,
        "area": "1001",
        "amount": "6000.00",
        "since": "2031-05-17T09:30:00+05:00",
        "at": "2031-05-17T09:45:01+05:00",
        "state": "issued",
        "email": OWNER,
        "letter": fine["letter"],
    }
    lot.api.advance(STAY_S)
    assert lot.camera() == fined, "the same stay, the same fine"
    assert lot.fines() == lot.fines(plate="123ааа02", area="1001") == [fine]
    assert lot.api.get(f"/parking/fines/{fine['id']}") == fine
    assert [each["id"] for each in lot.mail()] == [fine["letter"]]
    assert BankSide(lot.api).balances() == before


def test_a_car_that_pays_in_time_is_paid_until_its_end(lot: ParkingLot, phone: MakePhone) -> None:
    """Whoever stays on after that has had the time for paying."""
    handset = phone(EN)
    lot.camera()
    lot.api.advance(GRACE_S - 1)
    lot.park(handset)
    paid = ("paid", "2031-05-17T10:44:59+05:00")
    for _ in range(2):
        assert _verdict(lot.camera()) == paid
        lot.api.advance(STAY_S - 60)
    assert _verdict(lot.camera()) == paid
    lot.api.advance(119)
    assert _verdict(lot.camera()) == paid, "to the last second"
    lot.api.advance(1)
    assert _verdict(lot.camera()) == ("fined", None)


def _verdict(told: dict[str, Any]) -> tuple[str, str | None]:
    return told["verdict"], told["until"]


def test_what_is_asked_or_being_paid_or_elsewhere_is_not_paid(lot: ParkingLot, phone: MakePhone) -> None:
    handset = phone(EN)
    lot.register(EN, method="card")
    assert lot.camera()["verdict"] == "grace"
    handset.sms("7757", START)
    assert lot.camera()["verdict"] == "grace"
    handset.sms("7701", "1")
    assert lot.camera()["verdict"] == "grace"
    lot.api.advance(ANSWER_S)
    assert handset.incoming().source == "7757"
    assert lot.camera()["verdict"] == "paid"
    assert lot.camera(area="1002")["verdict"] == "grace", "paid in another area"
    handset.sms("7757", "S")
    assert lot.camera()["verdict"] == "grace"
    lot.api.advance(GRACE_S + 1)
    assert lot.camera()["verdict"] == "fined"


def test_a_stay_ends_with_the_car_out_of_sight_or_on_another_place(lot: ParkingLot) -> None:
    lot.camera()
    lot.api.advance(STAY_S + 1)
    assert lot.camera()["verdict"] == "grace", "it has left and come back"
    lot.api.advance(GRACE_S - 1)
    assert lot.camera(area="1002")["verdict"] == "grace"
    lot.api.advance(GRACE_S + 1)
    assert lot.camera(area="1002")["verdict"] == "fined"
    assert lot.camera(area="1001")["verdict"] == "grace"
    assert len(lot.fines()) == 1


def test_a_report_with_wrong_fields_is_told_all_of_them(lot: ParkingLot) -> None:
    answer = lot.api.http.post("/parking/camera", json={"area": "1011", "plate": "123ЯЯЯ02"})
    assert (answer.status_code, answer.json()["code"]) == (422, "camera.invalid")
    assert {each["field"] for each in answer.json()["errors"]} == {"area", "plate"}
    assert lot.fines() == []


# -- letters ---------------------------------------------------------------------------------------


def fined(lot: ParkingLot, plate: str = PLATE) -> dict[str, Any]:
    """A car is seen, and seen again when its time is up."""
    lot.camera(plate)
    lot.api.advance(GRACE_S + 1)
    fine: dict[str, Any] = lot.camera(plate)["fine"]
    return fine


def received(receiver: Receiver, count: int = 1) -> list[Received]:
    until(lambda: len(receiver.letters) >= count, "the letters have come")
    assert len(receiver.letters) == count
    return receiver.letters


def sent(lot: ParkingLot) -> dict[str, Any]:
    """The newest letter, once the gateway has noted that it left."""
    (letter, *_) = until(lambda: lot.mail(state="sent"), "it was noted as sent")
    return letter


def test_the_letter_of_a_fine_reaches_a_mail_server_in_three_languages(
    start_gateway: StartGateway, receiver: Receiver
) -> None:
    """Nobody has registered the plate: its owner's address is the register's, their language unknown."""
    lot = ParkingLot.opened(start_gateway(settings=mail_settings(receiver.port)).api)
    fine = fined(lot)
    (letter,) = received(receiver)
    assert (letter.sender, letter.to) == (SENDER, [OWNER])
    assert (letter.message["From"], letter.message["To"]) == (SENDER, OWNER)
    for said in ("Parking fine", "Штраф за парковку", "Тұрақ"):
        assert said in letter.text
    facts = (fine["id"], "6,000 KZT", PLATE, "17.05.2031 09:30", "17.05.2031 09:45", f"1001*{PLATE}*1")
    assert [fact for fact in facts if fact not in letter.text] == []
    shown = sent(lot)
    assert (shown["id"], shown["to"], shown["attempts"], shown["error"]) == (fine["letter"], OWNER, 1, None)
    lot.camera()
    assert len(lot.mail()) == 1


@pytest.mark.parametrize(
    ("msisdn", "subject"), [(RU, f"Штраф за парковку {OTHER_PLATE}"), (EN, f"Parking fine for {OTHER_PLATE}")]
)
def test_a_registered_driver_is_written_to_in_their_language(
    start_gateway: StartGateway, receiver: Receiver, msisdn: str, subject: str
) -> None:
    lot = ParkingLot.opened(start_gateway(settings=mail_settings(receiver.port)).api)
    lot.register(msisdn, email="driver@example.com", plates=["а111ааа"])
    assert fined(lot, OTHER_PLATE)["email"] == "driver@example.com"
    (letter,) = received(receiver)
    assert (letter.to, letter.message["Subject"]) == (["driver@example.com"], subject)
    assert ("Штраф" in letter.text, "Parking fine" in letter.text) == (msisdn == RU, msisdn == EN)


def test_a_letter_waits_for_its_server_over_kill_9_and_arrives_once(start_gateway: StartGateway) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as reserved:
        port = reserved.getsockname()[1]
    gateway = start_gateway(settings=mail_settings(port))
    lot = ParkingLot.opened(gateway.api)
    fined(lot)
    assert [each["state"] for each in lot.mail()] == ["waiting"]
    gateway.kill()
    gateway.start()
    lot = ParkingLot(gateway.api)
    receiver = Receiver()
    receiver.port = port
    with receiver:
        received(receiver)
        assert sent(lot)["to"] == OWNER
    _restarted_sends_nothing(gateway, port)


def _restarted_sends_nothing(gateway: GatewayProcess, port: int) -> None:
    gateway.kill()
    receiver = Receiver()
    receiver.port = port
    with receiver:
        gateway.start()
        lot = ParkingLot(gateway.api)
        fined(lot, OTHER_PLATE)
        (letter,) = received(receiver)
        assert letter.to == [f"{OTHER_PLATE}@owners.example"]


def test_without_a_server_letters_can_be_read_in_the_outbox(lot: ParkingLot) -> None:
    fine = fined(lot)
    (letter,) = lot.mail(to=OWNER)
    assert (letter["id"], letter["state"], letter["attempts"]) == (fine["letter"], "waiting", 0)
    assert PLATE in letter["subject"]
    assert fine["id"] in letter["body"]
    assert lot.api.get(f"/mail/{letter['id']}") == letter


def test_a_letter_is_told_no_further_headers(lot: ParkingLot) -> None:
    """An address with line breaks or a second recipient is refused."""
    for email in ("a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com", "nobody"):
        answer = lot.api.http.put(f"/parking/drivers/{EN}", json={"email": email})
        assert (answer.status_code, answer.json()["code"]) == (422, "driver.invalid")


# -- what the API shows ----------------------------------------------------------------------------


def test_sessions_are_listed_by_subscriber_zone_plate_and_openness(lot: ParkingLot, phone: MakePhone) -> None:
    handset, other = phone(EN), phone(RU)
    lot.park(handset)
    lot.park(other, f"1002*{OTHER_PLATE}*2")
    handset.sms("7757", "S")
    stopped, running = lot.sessions(msisdn=EN)[0], lot.sessions(msisdn=RU)[0]
    assert lot.sessions() == [running, stopped]
    assert lot.sessions(area="1002") == lot.sessions(plate="а111ааа") == lot.sessions(open=True) == [running]
    assert lot.sessions(open=False) == lot.sessions(plate=PLATE) == [stopped]
    assert lot.sessions(limit=1) == [running]
    assert lot.api.get(f"/parking/sessions/{running['id']}") == running
    assert running == {
        "id": running["id"],
        "msisdn": RU,
        "area": "1002",
        "plate": OTHER_PLATE,
        "state": "running",
        "hours": 2,
        "price": "200.00",
        "per_hour": "100.00",
        "tariff_version": "1",
        "method": "main",
        "from_parking": "0.00",
        "from_main": "200.00",
        "card_transaction": None,
        "asked": "2031-05-17T09:30:00+05:00",
        "confirm_by": "2031-05-17T09:40:00+05:00",
        "began": "2031-05-17T09:30:00+05:00",
        "ends": "2031-05-17T11:30:00+05:00",
        "ended": None,
        "extension": None,
        "charge": None,
        "journal_seq": None,
    }
    assert (stopped["state"], stopped["charge"]) == ("stopped", "1.67")
    assert stopped["journal_seq"] > 0


def test_an_extension_that_is_asked_is_shown(lot: ParkingLot, phone: MakePhone) -> None:
    handset = phone(EN)
    lot.park(handset)
    handset.sms("7757", "X*2")
    asked = {"hours": 2, "confirm_by": "2031-05-17T09:40:00+05:00"}
    assert lot.sessions()[0]["extension"] == asked
    lot.api.advance(CONFIRM_S)
    assert lot.sessions()[0]["extension"] is None


def test_zones_have_the_ten_places_and_who_is_parked_there(lot: ParkingLot, phone: MakePhone) -> None:
    handset = phone(EN)
    lot.park(handset, f"1006*{PLATE}*2")
    lot.park(handset, f"1006*{OTHER_PLATE}*1")
    handset.sms("7757", "1006*B222BB*1")
    zones = lot.api.get("/parking/zones")
    assert [zone["area"] for zone in zones] == [str(number) for number in range(1001, 1011)]
    zone = zones[5]
    assert (zone["name"], zone["cars"]) == ("City Administration", 2)
    assert [(car["plate"], car["until"]) for car in zone["parked"]] == [
        (OTHER_PLATE, "2031-05-17T10:30:00+05:00"),
        (PLATE, "2031-05-17T11:30:00+05:00"),
    ]
    assert sum(each["cars"] for each in zones) == 2


def test_a_days_revenue_is_by_zone_and_belongs_to_the_day_of_the_end(
    lot: ParkingLot, phone: MakePhone
) -> None:
    """A parking over midnight counts on the day on which it ends."""
    handset = phone(EN)
    lot.park(handset)
    lot.api.post("/clock/advance", {"to": "2031-05-17T23:30:00+05:00"})
    for _ in range(2):
        handset.incoming()
    lot.park(handset, f"1003*{OTHER_PLATE}*1")
    lot.api.advance(2 * HOUR_S)
    first, second = (lot.api.get("/parking/revenue", day=day) for day in ("2031-05-17", "2031-05-18"))
    for day, area in ((first, "1001"), (second, "1003")):
        assert (day["charge"], day["net"], day["vat"]) == ("100.00", "86.21", "13.79")
        earned = [each["area"] for each in day["areas"] if each["sessions"]]
        assert (earned, len(day["areas"])) == ([area], 10)
    assert lot.purse() == purse(300)


def test_the_portal_shows_what_was_registered(lot: ParkingLot) -> None:
    body = {"method": "card", "email": "a@example.com", "plates": ["а111ааа"], "privileged": True}
    first = lot.api.http.put(f"/parking/drivers/{EN}", json=body)
    shown = body | {"msisdn": EN, "plates": [OTHER_PLATE]}
    assert (first.status_code, first.json()) == (201, shown)
    assert lot.api.get(f"/parking/drivers/{EN}") == shown
    taken = lot.api.http.put(f"/parking/drivers/{KK}", json={"plates": [OTHER_PLATE]})
    assert (taken.status_code, taken.json()["code"]) == (409, "driver.plate_taken")
    assert lot.api.http.get(f"/parking/drivers/{KK}").status_code == 404
    for path in ("sessions", "fines"):
        assert lot.api.http.get(f"/parking/{path}/{'0' * 32}").status_code == 404
