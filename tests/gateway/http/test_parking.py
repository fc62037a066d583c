"""``/parking``: what the API makes of sessions, places, drivers, cameras, fines and revenue."""

from typing import Any, TypeAlias

import pytest

from gateway.http.facade import Submitted
from handlers.base.outcome import FieldError, Outcome, Text, decline, refuse_fields
from handlers.parking_desk import CarSeen, DriverRegistered, RegisterDriver, ReportCar, Verdict
from rating.msisdn import Msisdn
from storage.parking_model import (
    Driver,
    Fine,
    ParkingSession,
    ParkingState,
    PaymentMethod,
    Sighting,
)
from storage.parking_views import AreaRevenue, FineFilter, ParkingFilter

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
MSISDN = Msisdn("77021234567")
PATH = "/api/v1/parking"
NOW_US = 1_772_337_600_000_000
MINUTE_US = 60_000_000
NINE = "2026-03-01T09:00:00+05:00"
SESSION = ParkingSession(
    id="a" * 32,
    msisdn=MSISDN,
    area="1001",
    plate="123AAA02",
    state=ParkingState.RUNNING,
    hours=1,
    asked_us=NOW_US,
    confirm_by_us=NOW_US + 10 * MINUTE_US,
    version="1",
    per_hour_tiyn=10_000,
    price_tiyn=10_000,
    from_parking_tiyn=2_500,
    from_main_tiyn=7_500,
    began_us=NOW_US + MINUTE_US,
    ends_us=NOW_US + 61 * MINUTE_US,
)
SHOWN: dict[str, object] = {
    "id": "a" * 32,
    "msisdn": MSISDN,
    "area": "1001",
    "plate": "123AAA02",
    "state": "running",
    "hours": 1,
    "price": "100.00",
    "per_hour": "100.00",
    "tariff_version": "1",
    "method": "main",
    "from_parking": "25.00",
    "from_main": "75.00",
    "card_transaction": None,
    "asked": NINE,
    "confirm_by": "2026-03-01T09:10:00+05:00",
    "began": "2026-03-01T09:01:00+05:00",
    "ends": "2026-03-01T10:01:00+05:00",
    "ended": None,
    "extension": None,
    "charge": None,
    "journal_seq": None,
}
FINE = Fine("f" * 32, "123AAA02", "1001", NOW_US + MINUTE_US, 600_000, NOW_US, "a@example.com", "b" * 32)
SHOWN_FINE = {
    "id": "f" * 32,
    "plate": "123AAA02",
    "area": "1001",
    "amount": "6000.00",
    "since": NINE,
    "at": "2026-03-01T09:01:00+05:00",
    "state": "issued",
    "email": "a@example.com",
    "letter": "b" * 32,
}
DRIVER = Driver(msisdn=MSISDN, method=PaymentMethod.CARD, email="a@example.com", plates=("123AAA02",))
SHOWN_DRIVER = {
    "msisdn": MSISDN,
    "method": "card",
    "email": "a@example.com",
    "plates": ["123AAA02"],
    "privileged": False,
}


class Reads:
    """What the store would say."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.session = SESSION
        self.earned: list[AreaRevenue] = []

    def parking_sessions(self, wanted: ParkingFilter) -> list[ParkingSession]:
        self.asked.append(wanted)
        return [self.session]

    def parking_session(self, session_id: str) -> ParkingSession | None:
        return self.session if session_id == self.session.id else None

    def parking_counts(self) -> dict[str, int]:
        return {"1001": 2_000}

    def parking_now(self, area: str | None = None, limit: int | None = 1000) -> list[ParkingSession]:
        self.asked.append((area, limit))
        return [self.session] if area == "1001" else []

    def parking_revenue(self, began_us: int, ends_us: int) -> list[AreaRevenue]:
        self.asked.append((began_us, ends_us))
        return self.earned

    def parking_driver(self, msisdn: Msisdn) -> Driver | None:
        return DRIVER if msisdn == MSISDN else None

    def fines(self, wanted: FineFilter) -> list[Fine]:
        self.asked.append(wanted)
        return [FINE]

    def fine(self, fine_id: str) -> Fine | None:
        return FINE if fine_id == FINE.id else None


@pytest.fixture(autouse=True)
def reads(operator: Operator) -> Reads:
    operator.reads = Reads()
    reads: Reads = operator.reads
    return reads


def answers(operator: Operator, result: object) -> None:
    """The command goes well."""
    operator.answer = Submitted(Outcome(result=result))


# -- sessions and places ---------------------------------------------------------------------------


def test_sessions_are_shown_and_filtered(client: Client, reads: Reads) -> None:
    assert client.get(f"{PATH}/sessions").json() == [SHOWN]
    params = {
        "msisdn": "8 702 123 45 67",
        "area": "1001",
        "plate": "123 ааа 02",
        "open": "true",
        "since": NINE,
        "limit": 7,
    }
    assert client.get(f"{PATH}/sessions", params=params).json() == [SHOWN]
    assert reads.asked == [
        ParkingFilter(),
        ParkingFilter(msisdn=MSISDN, area="1001", plate="123AAA02", is_open=True, since_us=NOW_US, limit=7),
    ]


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        (
            {"state": ParkingState.ASKED, "began_us": 0, "ends_us": 0},
            {"state": "asked", "began": None, "ends": None},
        ),
        (
            {"asked_hours": 2, "ask_by_us": NOW_US},
            {"extension": {"hours": 2, "confirm_by": NINE}},
        ),
        (
            {"asked_hours": 2, "ask_by_us": 0},
            {"extension": {"hours": 2, "confirm_by": None}},
        ),
        (
            {"state": ParkingState.STOPPED, "ended_us": NOW_US, "charge_tiyn": 167, "journal_seq": 12},
            {"state": "stopped", "ended": NINE, "charge": "1.67", "journal_seq": 12},
        ),
        (
            {"method": PaymentMethod.CARD, "card_code": "PHEMJTK2UR4U"},
            {"method": "card", "card_transaction": "PHEMJTK2UR4U"},
        ),
    ],
)
def test_one_session_shows_what_has_happened(
    client: Client, reads: Reads, changes: dict[str, Any], shown: dict[str, object]
) -> None:
    reads.session = SESSION._replace(**changes)
    assert client.get(f"{PATH}/sessions/{SESSION.id}").json() == SHOWN | shown


@pytest.mark.parametrize("path", ["sessions/none", "sessions/a.b", "fines/none", "drivers/77011234567"])
def test_what_is_not_there_is_404(client: Client, path: str) -> None:
    answer = client.get(f"{PATH}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("sessions?plate=Я111ЯЯЯ", "plate"),
        ("sessions?area=x", "area"),
        ("sessions?limit=0", "limit"),
        ("sessions?state=open", "state"),
        ("zones?limit=1001", "limit"),
        ("revenue?day=yesterday", "day"),
        ("revenue", "day"),
        ("fines?plate=1", "plate"),
    ],
)
def test_wrong_parameters_are_refused(client: Client, reads: Reads, path: str, field: str) -> None:
    answer = client.get(f"{PATH}/{path}")
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, [field])
    assert reads.asked == []


def test_every_place_is_listed_with_who_is_parked_there(client: Client, reads: Reads) -> None:
    zones = client.get(f"{PATH}/zones", params={"limit": 5}).json()
    assert [each["area"] for each in zones] == [str(1001 + number) for number in range(10)]
    parked = {"id": "a" * 32, "plate": "123AAA02", "msisdn": MSISDN, "until": SHOWN["ends"]}
    assert zones[0] == {
        "area": "1001",
        "name": "Green market",
        "block": "Zenkov (between Makataev and Zhibek Zholy)",
        "cars": 2_000,
        "parked": [parked],
    }
    assert (zones[1]["cars"], zones[1]["parked"]) == (0, [])
    assert reads.asked == [(str(1001 + number), 5) for number in range(10)]


def test_revenue_is_of_a_calendar_day_by_place_and_together(client: Client, reads: Reads) -> None:
    reads.earned = [
        AreaRevenue(area="1001", sessions=3, charge_tiyn=11_600, net_tiyn=10_000),
        AreaRevenue(area="1010", sessions=1, charge_tiyn=1_160, net_tiyn=1_000),
    ]
    answer = client.get(f"{PATH}/revenue", params={"day": "2026-03-01"}).json()
    assert {name: answer[name] for name in ("day", "charge", "net", "vat")} == {
        "day": "2026-03-01",
        "charge": "127.60",
        "net": "110.00",
        "vat": "17.60",
    }
    by_area = {each["area"]: each for each in answer["areas"]}
    assert list(by_area) == [str(1001 + number) for number in range(10)]
    assert by_area["1001"] == {
        "area": "1001",
        "sessions": 3,
        "charge": "116.00",
        "net": "100.00",
        "vat": "16.00",
    }
    assert by_area["1005"]["charge"] == "0.00"
    midnight_us = NOW_US - 9 * 60 * MINUTE_US
    assert reads.asked == [(midnight_us, midnight_us + 24 * 60 * MINUTE_US)]


# -- the portal ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("is_new", "status"), [(True, 201), (False, 200)])
def test_a_registration_is_passed_on_whole(
    operator: Operator, client: Client, is_new: bool, status: int
) -> None:
    answers(operator, DriverRegistered(DRIVER, is_new=is_new))
    body = {"method": "card", "email": "a@example.com", "plates": ["123 ааа 02"], "privileged": True}
    answer = client.request("PUT", f"{PATH}/drivers/87021234567", json=body)
    assert (answer.status_code, answer.json()) == (status, SHOWN_DRIVER)
    (command,) = operator.commands
    assert isinstance(command, RegisterDriver)
    assert (command.msisdn, command.method, command.email) == (MSISDN, PaymentMethod.CARD, "a@example.com")
    assert (command.plates, command.privileged) == (("123 ааа 02",), True)


def test_what_is_left_out_is_as_if_nobody_had_registered(operator: Operator, client: Client) -> None:
    answers(operator, DriverRegistered(Driver(msisdn=MSISDN), is_new=True))
    client.request("PUT", f"{PATH}/drivers/{MSISDN}", json={})
    (command,) = operator.commands
    assert command == RegisterDriver(origin=command.origin, msisdn=MSISDN)


def test_a_registration_is_read_back(client: Client) -> None:
    assert client.get(f"{PATH}/drivers/{MSISDN}").json() == SHOWN_DRIVER


def test_a_plate_of_another_driver_is_a_conflict(operator: Operator, client: Client) -> None:
    operator.answer = Submitted(decline("driver.plate_taken", plate="123AAA02"))
    answer = client.request("PUT", f"{PATH}/drivers/{MSISDN}", json={"plates": ["123AAA02"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "driver.plate_taken")


def test_wrong_fields_of_a_registration_are_told_together(operator: Operator, client: Client) -> None:
    body = {"method": "cash", "email": 5, "plates": "123AAA02", "privileged": "yes", "msisdn": MSISDN}
    answer = client.request("PUT", f"{PATH}/drivers/{MSISDN}", json=body)
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["errors"]} == set(body)
    assert operator.commands == []


# -- cameras and fines -----------------------------------------------------------------------------

STAY = Sighting("123AAA02", "1001", NOW_US, NOW_US)


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        (
            CarSeen(verdict=Verdict.PAID, sighting=STAY, until_us=NOW_US),
            {"verdict": "paid", "until": NINE, "fine": None},
        ),
        (
            CarSeen(verdict=Verdict.GRACE, sighting=STAY, until_us=NOW_US),
            {"verdict": "grace", "until": NINE, "fine": None},
        ),
        (
            CarSeen(verdict=Verdict.FINED, sighting=STAY, fine=FINE),
            {"verdict": "fined", "until": None, "fine": SHOWN_FINE},
        ),
    ],
)
def test_a_camera_is_told_what_is_the_matter(
    operator: Operator, client: Client, seen: CarSeen, shown: dict[str, object]
) -> None:
    answers(operator, seen)
    answer = client.post(f"{PATH}/camera", json={"area": "1001", "plate": "123 ааа 02"})
    place = {"area": "1001", "plate": "123AAA02", "since": NINE}
    assert (answer.status_code, answer.json()) == (200, shown | place)
    (command,) = operator.commands
    assert isinstance(command, ReportCar)
    assert (command.area, command.plate) == ("1001", "123 ааа 02")


def test_a_refused_report_names_its_fields(operator: Operator, client: Client) -> None:
    fields = (FieldError("area", Text("camera.area")), FieldError("plate", Text("camera.plate")))
    operator.answer = Submitted(refuse_fields("camera.invalid", fields))
    answer = client.post(f"{PATH}/camera", json={"area": "1", "plate": "1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "camera.invalid")
    assert [each["field"] for each in answer.json()["errors"]] == ["area", "plate"]


def test_a_report_without_its_fields_asks_nobody(operator: Operator, client: Client) -> None:
    answer = client.post(f"{PATH}/camera", json={"plate": "1" * 41, "colour": "red"})
    assert {each["field"] for each in answer.json()["errors"]} == {"area", "plate", "colour"}
    assert operator.commands == []


def test_fines_are_shown_and_filtered(client: Client, reads: Reads) -> None:
    params = {"plate": "123 ааа 02", "area": "1001", "since": NINE, "limit": 7}
    assert client.get(f"{PATH}/fines", params=params).json() == [SHOWN_FINE]
    assert reads.asked == [FineFilter(plate="123AAA02", area="1001", since_us=NOW_US, limit=7)]
    assert client.get(f"{PATH}/fines/{FINE.id}").json() == SHOWN_FINE
