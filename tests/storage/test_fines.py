"""What cameras saw, and the fines for it."""

import pytest
from sqlalchemy.exc import IntegrityError

from storage.errors import Broken
from storage.parking_model import FineState, Sighting
from storage.store import Store
from tests.storage.databases import Database
from tests.storage.parking_rows import PLATE, fine, is_refused, letter
from tests.storage.rows import NOW_US, work

SEEN = Sighting(PLATE, "1001", NOW_US, NOW_US)


@pytest.fixture
def fined(store: Store) -> Store:
    """A car that was fined, with the letter."""
    with work(store) as uow:
        uow.mail.add(letter())
        uow.fines.add(fine())
    return store


def test_a_car_has_its_newest_stay(store: Store) -> None:
    """On the same place, then on another one; read again, and in the same unit of work."""
    later = SEEN._replace(last_us=NOW_US + 5)
    elsewhere = Sighting(PLATE, "1002", NOW_US + 9, NOW_US + 9)
    with work(store) as uow:
        assert uow.fines.sighting(PLATE) is None
        uow.fines.see(SEEN)
        assert uow.fines.sighting(PLATE) == SEEN
    for seen, before in ((later, SEEN), (elsewhere, later)):
        with work(store) as uow:
            uow.fines.prefetch((PLATE, "OTHER"))
            assert uow.fines.sighting(PLATE) == before
            uow.fines.see(seen)
            assert uow.fines.sighting(PLATE) == seen
            assert uow.fines.sighting("OTHER") is None
    with work(store) as uow:
        assert uow.fines.sighting(PLATE) == elsewhere


def test_a_fine_is_kept_with_all_of_its_fields(fined: Store) -> None:
    with work(fined) as uow:
        found = uow.fines.get("fine1")
        assert found == fine()
        assert type(found.state) is FineState
        assert uow.fines.get("fine9") is None


def test_a_fine_is_taken_back_and_addressed(fined: Store) -> None:
    changed = fine(state=FineState.CANCELLED, email="new@x.kz", letter_id="mail2")
    with work(fined) as uow:
        uow.fines.put(changed)
        assert uow.fines.get("fine1") == changed
    with work(fined) as uow:
        assert uow.fines.get("fine1") == changed


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "fine9"},
        {"plate": "B"},
        {"area": "1002"},
        {"at_us": NOW_US + 1},
        {"amount_tiyn": 1},
        {"first_us": 0},
    ],
)
def test_a_fine_keeps_what_it_is_for(fined: Store, changes: dict[str, object]) -> None:
    with work(fined) as uow:
        with pytest.raises(Broken):
            uow.fines.put(fine()._replace(**changes))  # type: ignore[arg-type]  # fields by name
        assert uow.fines.get("fine1") == fine()


def test_a_known_id_is_refused(fined: Store) -> None:
    is_refused(fined, lambda uow: uow.fines.add(fine()))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE parking_fine SET amount = 1",
        "UPDATE parking_fine SET plate = 'B'",
        "UPDATE parking_fine SET area = '1002'",
        "UPDATE parking_fine SET at_us = at_us + 1",
        "UPDATE parking_fine SET first_us = 0",
        "UPDATE parking_fine SET state = 'paid'",
        "DELETE FROM parking_fine",
        "INSERT INTO parking_sighting VALUES ('A', '1001', 2, 1, '')",
        "INSERT INTO parking_fine VALUES ('f', 'A', '1001', 2, 0, 1, '', '', 'unaddressed')",
        "INSERT INTO parking_fine VALUES ('f', 'A', '1001', 2, 5, 3, '', '', 'unaddressed')",
    ],
)
def test_the_database_refuses_what_no_fine_is(fined: Store, database: Database, statement: str) -> None:
    assert fined.reads.fine("fine1") == fine()
    with pytest.raises(IntegrityError):
        database.tamper(statement)
