"""Parkings inside units of work: one open for each plate, kept with their money."""

# ruff: noqa: S608 (the statements are put together from constants of this file)

import pytest
from sqlalchemy.exc import IntegrityError

from storage.errors import Broken
from storage.model import Balance, main_account, parking_account
from storage.needs import Needs
from storage.parking import SESSION_COLUMNS
from storage.parking_model import ParkingSession, ParkingState, PaymentMethod
from storage.store import Store
from tests.storage.databases import Database
from tests.storage.parking_rows import (
    HOUR_TIYN,
    PLATE,
    ask,
    begin,
    extend,
    finish,
    park_a_little,
    parking,
)
from tests.storage.rows import ALIYA, BOLAT, HOUR_US, NOW_US, open_subscriber, work

_OTHERS = ", ".join(column.name for column in SESSION_COLUMNS[1:])
CANCELLED = ParkingState.CANCELLED


@pytest.fixture
def ready(store: Store) -> Store:
    """A subscriber with money for five hours."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 5 * HOUR_TIYN)
    return store


@pytest.fixture
def running(ready: Store) -> ParkingSession:
    """An hour that was asked for, confirmed and committed."""
    with work(ready) as uow:
        asked = ask(uow, parking())
    with work(ready, NOW_US + 1) as uow:
        return begin(uow, asked)


def test_a_parking_is_kept_with_all_of_its_fields_whatever_becomes_of_it(ready: Store) -> None:
    """Asked, running, extended, over: each as the next unit of work reads it."""
    with work(ready) as uow:
        session = ask(uow, parking())
        assert uow.parking.get("park1") == session
    with work(ready, NOW_US + 1) as uow:
        assert uow.parking.get("park1") == session
        session = begin(uow, session)
    with work(ready, NOW_US + 2) as uow:
        assert uow.parking.get("park1") == session
        session = extend(uow, session)
    with work(ready, NOW_US + 3) as uow:
        found = uow.parking.get("park1")
        assert found == session
        assert (type(found.state), type(found.method)) == (ParkingState, PaymentMethod)
        uow.ledger.void(session.ask_main_hold)
        quiet = session._replace(asked_hours=0, ask_by_us=0, ask_main_hold="", card_code="C")
        uow.parking.put(quiet)
        session = finish(uow, quiet, 7_000)
    with work(ready, NOW_US + 4) as uow:
        assert uow.parking.get("park1") == session
        assert uow.parking.get("park2") is None
        assert uow.ledger.balance(parking_account(ALIYA)) == Balance(3_000)
        assert uow.ledger.balance(main_account(ALIYA)) == Balance(4 * HOUR_TIYN)


def test_open_ones_are_found_by_subscriber_and_plate_oldest_first(ready: Store) -> None:
    late, early = parking("a", asked_us=NOW_US + 5, plate="B"), parking("b", plate="A")
    over = parking("c", state=ParkingState.LAPSED, plate="C")
    with work(ready) as uow:
        late, early = ask(uow, late), ask(uow, early)
        uow.parking.add(over)
        assert uow.parking.of(ALIYA) == (early, late)
    with work(ready) as uow:
        assert uow.parking.of(ALIYA) == (early, late)
        assert uow.parking.of(BOLAT) == ()
        assert [uow.parking.by_plate(plate) for plate in "ABC"] == [early, late, None]
        uow.ledger.void(early.main_hold)
        uow.parking.put(early._replace(state=CANCELLED, main_hold="", ended_us=NOW_US))
        assert uow.parking.of(ALIYA) == (late,)
        assert uow.parking.by_plate("A") is None
    with work(ready) as uow:
        assert uow.parking.of(ALIYA) == (late,)
        assert uow.parking.by_plate("A") is None


@pytest.mark.parametrize("committed", [True, False])
def test_a_plate_is_in_one_open_parking_whoever_asks(ready: Store, committed: bool) -> None:
    with work(ready) as uow:
        ask(uow, parking())
        if not committed:
            with pytest.raises(Broken, match=PLATE):
                uow.parking.add(parking("park2", msisdn=BOLAT))
    with work(ready) as uow, pytest.raises(Broken, match=PLATE):
        uow.parking.add(parking("park2", msisdn=BOLAT))


@pytest.mark.parametrize("together", [True, False])
def test_a_plate_is_free_again_with_the_end_of_its_parking(ready: Store, together: bool) -> None:
    """Also where one is cancelled and the next one asked for in one unit of work."""
    with work(ready) as uow:
        asked = ask(uow, parking())
        if together:
            uow.ledger.void(asked.main_hold)
            uow.parking.put(asked._replace(state=CANCELLED, main_hold=""))
            after = ask(uow, parking("park2"))
    if not together:
        with work(ready) as uow:
            uow.ledger.void(asked.main_hold)
            uow.parking.put(asked._replace(state=CANCELLED, main_hold=""))
            after = ask(uow, parking("park2"))
    with work(ready) as uow:
        assert uow.parking.by_plate(PLATE) == after
        assert uow.parking.of(ALIYA) == (after,)


def test_a_question_is_a_start_or_an_extension_that_is_not_confirmed(ready: Store) -> None:
    with work(ready) as uow:
        assert uow.parking.question_of(ALIYA) is None
        asked = ask(uow, parking())
        assert uow.parking.question_of(ALIYA) == asked
        going = begin(uow, asked)
        assert uow.parking.question_of(ALIYA) is None
        longer = extend(uow, going)
    with work(ready) as uow:
        assert uow.parking.question_of(ALIYA) == longer
        uow.parking.put(longer._replace(ask_by_us=0))
        assert uow.parking.question_of(ALIYA) is None
        uow.parking.put(longer)


@pytest.mark.parametrize(
    "changes",
    [
        {"msisdn": BOLAT},
        {"area": "1002"},
        {"plate": "OTHER"},
        {"asked_us": 1},
        {"version": "2"},
        {"per_hour_tiyn": 1},
        {"id": "nobody"},
    ],
)
def test_a_parking_keeps_what_it_is(
    ready: Store, running: ParkingSession, changes: dict[str, object]
) -> None:
    with work(ready) as uow:
        with pytest.raises(Broken):
            uow.parking.put(running._replace(**changes))  # type: ignore[arg-type]  # fields by name
        assert uow.parking.get("park1") == running


def test_one_that_is_over_stays_as_it_is(ready: Store, running: ParkingSession) -> None:
    with work(ready, NOW_US + 2) as uow:
        over = finish(uow, running)
        with pytest.raises(Broken, match="not open"):
            uow.parking.put(running)
    with work(ready, NOW_US + 3) as uow, pytest.raises(Broken, match="not open"):
        uow.parking.put(over._replace(charge_tiyn=1))


def test_a_known_id_is_refused_by_the_database(ready: Store, running: ParkingSession) -> None:
    with ready.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        uow.parking.add(parking(running.id, plate="OTHER", state=CANCELLED))
        with pytest.raises(Broken):
            uow.commit()


def test_nothing_of_a_unit_of_work_that_failed_is_there(ready: Store) -> None:
    with ready.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        ask(uow, parking())
    with work(ready) as uow:
        assert uow.parking.get("park1") is None
        assert uow.parking.by_plate(PLATE) is None


def test_a_batch_reads_its_parkings_with_their_money_at_once(ready: Store, running: ParkingSession) -> None:
    """After the prefetch nothing asks the database any more: not for sessions, holds, or accounts."""
    by_id = Needs(parking_sessions=frozenset({running.id, "nobody"}))
    by_driver = Needs(parking_msisdns=frozenset({ALIYA, BOLAT}), parking_plates=frozenset({PLATE, "FREE"}))
    for needs in (by_id, by_driver, Needs.merge([by_id, by_driver])):
        with ready.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
            uow.prefetch(needs)
            _silence(uow._driver)
            assert uow.ledger.balance(parking_account(ALIYA)) == Balance(HOUR_TIYN, HOUR_TIYN)
            assert uow.subscribers.get(ALIYA) is not None
            if needs is not by_id:
                assert uow.parking.of(BOLAT) == ()
                assert uow.parking.by_plate("FREE") is None
                assert uow.drivers.get(ALIYA) is None
                assert uow.parking.by_plate(PLATE) == running
            finish(uow, running)
            _silence(uow._driver, quiet=False)


def test_the_answer_of_a_bank_brings_the_parking_that_it_pays(store: Store) -> None:
    park_a_little(store)
    with store.begin(now_us=NOW_US + 9, wall_us=NOW_US) as uow:
        uow.prefetch(Needs(card_transactions=frozenset({"CODE1"})))
        _silence(uow._driver)
        pays = uow.parking.get("pays")
        assert pays is not None
        assert pays.state is ParkingState.PAYING
        assert uow.ledger.balance(parking_account(ALIYA)) is not None
        _silence(uow._driver, quiet=False)


def _silence(driver: object, *, quiet: bool = True) -> None:
    """Whoever reads now fails: an instance's attribute hides the method."""
    if not quiet:
        del driver.lookup  # type: ignore[attr-defined]  # set below
        return

    def refuse(*_: object) -> None:
        raise AssertionError("read after the prefetch")

    driver.lookup = refuse  # type: ignore[attr-defined]  # as said


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE parking_session SET charge = 1 WHERE id = 'over'",
        "UPDATE parking_session SET state = 'running' WHERE id = 'over'",
        "UPDATE parking_session SET plate = 'X' WHERE id = 'runs'",
        "UPDATE parking_session SET msisdn = 'X' WHERE id = 'runs'",
        "UPDATE parking_session SET area = 'X' WHERE id = 'runs'",
        "UPDATE parking_session SET per_hour = 1 WHERE id = 'runs'",
        "UPDATE parking_session SET version = 'X' WHERE id = 'runs'",
        "UPDATE parking_session SET state = 'lost' WHERE id = 'runs'",
        "UPDATE parking_session SET method = 'cash' WHERE id = 'runs'",
        "UPDATE parking_session SET hours = 0 WHERE id = 'runs'",
        "UPDATE parking_session SET price = 0 WHERE id = 'runs'",
        "UPDATE parking_session SET charge = price + 1, journal_seq = 1 WHERE id = 'runs'",
        "UPDATE parking_session SET charge = 1 WHERE id = 'runs'",
        "UPDATE parking_session SET journal_seq = 999, charge = 1 WHERE id = 'runs'",
        "DELETE FROM parking_session",
        f"INSERT INTO parking_session SELECT 'twice', {_OTHERS} FROM parking_session WHERE id = 'mixed'",
    ],
)
def test_the_database_refuses_what_no_parking_does(store: Store, database: Database, statement: str) -> None:
    park_a_little(store)
    with pytest.raises(IntegrityError):
        database.tamper(statement)


def test_256_end_in_one_unit_of_work(ready: Store) -> None:
    """Both ways of writing many rows count right."""
    with work(ready) as uow:
        asked = [
            ask(
                uow,
                parking(f"p{n}", plate=f"P{n}", hours=1, per_hour_tiyn=100, price_tiyn=100)._replace(
                    from_main_tiyn=100
                ),
            )
            for n in range(256)
        ]
    with work(ready, NOW_US + 1) as uow:
        uow.prefetch(Needs(parking_sessions=frozenset(each.id for each in asked)))
        for each in asked:
            begin(uow, each)
    with work(ready, NOW_US + HOUR_US) as uow:
        uow.prefetch(Needs(parking_sessions=frozenset(each.id for each in asked)))
        for each in asked:
            found = uow.parking.get(each.id)
            assert found is not None
            finish(uow, found, 100)
    with work(ready, NOW_US + HOUR_US) as uow:
        assert uow.parking.of(ALIYA) == ()
        assert uow.ledger.balance(parking_account(ALIYA)) == Balance(0)
