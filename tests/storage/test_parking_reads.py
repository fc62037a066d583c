"""What the control API and the parking page read."""

from typing import Any

import pytest
from sqlalchemy import event

from storage.parking_model import Driver, FineState, MailState, ParkingSession, ParkingState, PaymentMethod
from storage.parking_views import AreaRevenue, FineFilter, MailFilter, ParkingFilter
from storage.store import Store
from tests.storage.parking_rows import HOUR_TIYN, PLATE, ask, begin, fine, finish, letter, parking
from tests.storage.rows import ALIYA, BOLAT, HOUR_US, NOW_US, open_subscriber, work

LAPSED = parking("a", state=ParkingState.LAPSED)
OTHERS = parking("b", msisdn=BOLAT, area="1002", plate="B", state=ParkingState.CANCELLED, asked_us=NOW_US + 1)


@pytest.fixture
def parked(store: Store) -> dict[str, ParkingSession]:
    """Two that came to nothing, one asked for, two that run, two that are over; by their ids."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 9 * HOUR_TIYN)
        uow.parking.add(LAPSED)
        uow.parking.add(OTHERS)
        asked = ask(uow, parking("c", asked_us=NOW_US + 2))
        runs = begin(uow, ask(uow, parking("d", asked_us=NOW_US + 3, plate="D")))
        runs = runs._replace(ends_us=runs.ends_us + 1)
        uow.parking.put(runs)
        other = begin(uow, ask(uow, parking("e", asked_us=NOW_US + 4, plate="E", area="1002")))
        other = other._replace(state=ParkingState.REMINDED)
        uow.parking.put(other)
        over = finish(uow, begin(uow, ask(uow, parking("f", asked_us=NOW_US + 5, plate="F"))), 1_000)
    with work(store, NOW_US + HOUR_US) as uow:
        uow.parking.put(runs)
        ended = finish(uow, begin(uow, ask(uow, parking("g", asked_us=NOW_US + 6, plate="G"))))
    return {each.id: each for each in (LAPSED, OTHERS, asked, runs, other, over, ended)}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (ParkingFilter(), "gfedcba"),
        (ParkingFilter(limit=None), "gfedcba"),
        (ParkingFilter(limit=2), "gf"),
        (ParkingFilter(msisdn=ALIYA), "gfedca"),
        (ParkingFilter(msisdn=BOLAT), "b"),
        (ParkingFilter(area="1002"), "eb"),
        (ParkingFilter(plate=PLATE), "ca"),
        (ParkingFilter(state=ParkingState.REMINDED), "e"),
        (ParkingFilter(is_open=True), "edc"),
        (ParkingFilter(is_open=False), "gfba"),
        (ParkingFilter(since_us=NOW_US + 4), "gfe"),
        (ParkingFilter(msisdn=ALIYA, area="1001", plate=PLATE, is_open=False, since_us=NOW_US), "a"),
        (ParkingFilter(plate="NONE"), ""),
    ],
)
def test_parkings_come_newest_first(
    store: Store, parked: dict[str, ParkingSession], wanted: ParkingFilter, expected: str
) -> None:
    assert store.reads.parking_sessions(wanted) == [parked[number] for number in expected]


def test_one_parking_is_found_by_its_id(store: Store, parked: dict[str, ParkingSession]) -> None:
    assert store.reads.parking_session("g") == parked["g"]
    assert store.reads.parking_session("z") is None


def test_who_is_parked_now_comes_by_the_end(store: Store, parked: dict[str, ParkingSession]) -> None:
    """Not who only asks, and not whose time is over."""
    assert store.reads.parking_now() == [parked["e"], parked["d"]]
    assert store.reads.parking_now(limit=1) == [parked["e"]]
    assert store.reads.parking_now("1001") == [parked["d"]]
    assert store.reads.parking_now("1003") == []
    assert store.reads.parking_counts() == {"1001": 1, "1002": 1}


@pytest.mark.usefixtures("parked")
def test_revenue_is_what_ended_within_the_day_by_area(store: Store) -> None:
    """From its first moment on, before the first of the next; VAT is inside."""
    first = AreaRevenue(area="1001", sessions=1, charge_tiyn=1_000, net_tiyn=893)
    second = AreaRevenue(area="1001", sessions=1, charge_tiyn=10_000, net_tiyn=8_929)
    assert first.vat_tiyn == 107
    assert store.reads.parking_revenue(NOW_US, NOW_US + HOUR_US) == [first]
    assert store.reads.parking_revenue(NOW_US + 1, NOW_US + HOUR_US + 1) == [second]
    both = AreaRevenue(area="1001", sessions=2, charge_tiyn=11_000, net_tiyn=9_822)
    assert store.reads.parking_revenue(0, NOW_US * 2) == [both]
    assert store.reads.parking_revenue(0, NOW_US) == []


def test_a_driver_comes_with_plates_in_order(store: Store) -> None:
    driver = Driver(msisdn=ALIYA, method=PaymentMethod.CARD, email="a@x.kz", plates=("Z", "A", "M"))
    with work(store) as uow:
        uow.drivers.put(driver)
    assert store.reads.parking_driver(ALIYA) == driver
    assert store.reads.parking_driver(BOLAT) is None


def test_fines_come_newest_first(store: Store) -> None:
    old = fine("z", state=FineState.CANCELLED)
    new = fine("a", at_us=NOW_US + 1, plate="B", area="1002", state=FineState.UNADDRESSED)
    with work(store) as uow:
        uow.fines.add(old)
        uow.fines.add(new)
    for wanted, expected in (
        (FineFilter(), [new, old]),
        (FineFilter(limit=1), [new]),
        (FineFilter(limit=None), [new, old]),
        (FineFilter(plate="B"), [new]),
        (FineFilter(area="1001"), [old]),
        (FineFilter(since_us=NOW_US + 1), [new]),
    ):
        assert store.reads.fines(wanted) == expected
    assert store.reads.fine("z") == old
    assert store.reads.fine("none") is None


def test_letters_come_newest_first_and_waiting_ones_oldest_first(store: Store) -> None:
    first, second = letter("z"), letter("b", created_us=NOW_US + 1, to="b@x.kz")
    sent = letter("a", state=MailState.SENT)
    with work(store) as uow:
        for each in (second, first, sent):
            uow.mail.add(each)
    for wanted, expected in (
        (MailFilter(), [second, first, sent]),
        (MailFilter(limit=1), [second]),
        (MailFilter(to="b@x.kz"), [second]),
        (MailFilter(state=MailState.SENT), [sent]),
        (MailFilter(since_us=NOW_US + 1, limit=None), [second]),
    ):
        assert store.reads.mails(wanted) == expected
    assert store.reads.waiting_mails() == [first, second]
    assert store.reads.waiting_mails(1) == [first]
    assert store.reads.mail("z") == first
    assert store.reads.mail("none") is None


def test_letters_are_asked_for_by_what_is_due(store: Store) -> None:
    """The first due first; what was put off waits for its time, whenever it was written."""
    assert store.reads.next_mail_us() is None
    put_off, later = letter("a", retry_us=7), letter("b", retry_us=9)
    with work(store) as uow:
        for each in (later, put_off, letter("c", state=MailState.SENT)):
            uow.mail.add(each)
    assert store.reads.next_mail_us() == 7
    assert store.reads.waiting_mails(due_us=6) == []
    assert store.reads.waiting_mails(due_us=8) == [put_off]
    assert store.reads.waiting_mails(due_us=9) == [put_off, later]
    with work(store) as uow:
        uow.mail.add(new := letter("d", created_us=NOW_US + 1))
    assert store.reads.waiting_mails(due_us=8) == [new, put_off]
    assert store.reads.next_mail_us() == 0


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (ParkingFilter(msisdn=ALIYA), "parking_session_msisdn_ix"),
        (ParkingFilter(plate=PLATE), "parking_session_plate_ix"),
        (ParkingFilter(), "parking_session_asked_us_ix"),
        (ParkingFilter(since_us=NOW_US), "parking_session_asked_us_ix"),
        (ParkingFilter(area="1001"), "parking_session_area_asked_us_ix"),
        (ParkingFilter(is_open=True), "parking_session_open_asked_us_ix"),
        (ParkingFilter(is_open=True, since_us=NOW_US), "parking_session_open_asked_us_ix"),
        (ParkingFilter(state=ParkingState.RUNNING), "parking_session_open_asked_us_ix"),
        (ParkingFilter(area="1001", is_open=True), "parking_session_open_asked_us_ix"),
        (ParkingFilter(area="1001", state=ParkingState.ASKED), "parking_session_open_asked_us_ix"),
        (ParkingFilter(area="1001", is_open=False), "parking_session_area_asked_us_ix"),
        (MailFilter(), "mail_created_us_ix"),
        (MailFilter(to="a@x.kz"), "mail_recipient_ix"),
        (MailFilter(state=MailState.FAILED), "mail_state_ix"),
        (MailFilter(state=MailState.SENDING, limit=None), "mail_state_ix"),
        ("now", "parking_session_area_ix"),
        ("area", "parking_session_area_ix"),
        ("counts", "parking_session_area_ix"),
        ("revenue", "parking_session_charged_ix"),
        ("letters", "mail_waiting_ix"),
        ("due", "mail_waiting_ix"),
        ("next", "mail_waiting_ix"),
    ],
)
def test_what_is_asked_for_comes_from_an_index(
    store: Store, wanted: ParkingFilter | MailFilter | str, index: str
) -> None:
    """There will be millions, and a few are asked for. In the order of the index: nothing is sorted."""
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL reads small tables as a whole")
    plans: list[str] = []

    def explain(_: object, cursor: Any, said: str, values: Any, *__: object) -> None:
        if not plans and said.startswith("SELECT"):
            plans.extend(row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {said}", values).fetchall())

    event.listen(store.reads._engine, "before_cursor_execute", explain)
    _read(store, wanted)
    assert any(f"INDEX {index}" in step for step in plans), plans
    if not isinstance(wanted, str):
        assert not any("TEMP B-TREE" in step for step in plans), plans


def _read(store: Store, wanted: ParkingFilter | MailFilter | str) -> None:
    if isinstance(wanted, ParkingFilter):
        store.reads.parking_sessions(wanted)
        return
    if isinstance(wanted, MailFilter):
        store.reads.mails(wanted)
        return
    questions = {
        "now": lambda: list[object](store.reads.parking_now()),
        "area": lambda: list[object](store.reads.parking_now("1001")),
        "counts": lambda: list[object](store.reads.parking_counts()),
        "revenue": lambda: list[object](store.reads.parking_revenue(NOW_US, NOW_US + 1)),
        "letters": lambda: list[object](store.reads.waiting_mails()),
        "due": lambda: list[object](store.reads.waiting_mails(due_us=NOW_US)),
        "next": lambda: list[object]([store.reads.next_mail_us()]),
    }
    questions[wanted]()
