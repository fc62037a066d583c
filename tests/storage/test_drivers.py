"""Who is registered on the parking portal: one value for each, a plate with one driver."""

import pytest
from sqlalchemy.exc import IntegrityError

from storage.errors import Broken
from storage.parking_model import Driver, PaymentMethod
from storage.store import Store
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, BOLAT, work

HERS = Driver(
    msisdn=ALIYA, method=PaymentMethod.CARD, email="ә@example.kz", plates=("Z", "A"), privileged=True
)
HIS = Driver(msisdn=BOLAT, plates=("B",))


@pytest.fixture
def registered(store: Store) -> Store:
    """Two drivers."""
    with work(store) as uow:
        uow.drivers.put(HERS)
        uow.drivers.put(HIS)
        assert uow.drivers.get(ALIYA) == HERS
    return store


def test_a_driver_is_kept_with_plates_in_order(registered: Store) -> None:
    with work(registered) as uow:
        uow.drivers.prefetch((ALIYA, BOLAT))
        found = uow.drivers.get(ALIYA)
        assert found == HERS
        assert type(found.method) is PaymentMethod
        assert uow.drivers.get(BOLAT) == HIS


def test_whoever_is_not_registered_is_none(store: Store) -> None:
    with work(store) as uow:
        assert uow.drivers.get(ALIYA) is None
        assert uow.drivers.of_plate("Z") is None


def test_a_registration_takes_the_place_of_the_one_before(registered: Store) -> None:
    changed = Driver(msisdn=ALIYA, email="new@example.kz", plates=("M", "Z"))
    with work(registered) as uow:
        uow.drivers.put(changed)
        assert uow.drivers.get(ALIYA) == changed
        assert uow.drivers.of_plate("A") is None
    with work(registered) as uow:
        assert uow.drivers.get(ALIYA) == changed
        assert uow.drivers.of_plate("A") is None
        assert uow.drivers.of_plate("M") == changed
        assert uow.drivers.get(BOLAT) == HIS


@pytest.mark.parametrize("committed", [True, False])
def test_a_plate_is_one_drivers(store: Store, committed: bool) -> None:
    with work(store) as uow:
        uow.drivers.put(HERS)
        if not committed:
            with pytest.raises(Broken, match="another driver"):
                uow.drivers.put(Driver(msisdn=BOLAT, plates=("A",)))
    with work(store) as uow:
        with pytest.raises(Broken, match="another driver"):
            uow.drivers.put(Driver(msisdn=BOLAT, plates=("A",)))
        assert uow.drivers.get(BOLAT) is None
        assert uow.drivers.of_plate("A") == HERS


@pytest.mark.parametrize("together", [True, False])
def test_a_plate_that_one_has_left_may_be_anothers(registered: Store, together: bool) -> None:
    """Also in one unit of work: the one who comes is written after the one who goes."""
    with work(registered) as uow:
        uow.drivers.put(Driver(msisdn=ALIYA, plates=("Z",)))
        if together:
            uow.drivers.put(Driver(msisdn=BOLAT, plates=("A", "B")))
    if not together:
        with work(registered) as uow:
            uow.drivers.put(Driver(msisdn=BOLAT, plates=("A", "B")))
    with work(registered) as uow:
        owner = uow.drivers.of_plate("A")
        assert owner is not None
        assert (owner.msisdn, owner.plates) == (BOLAT, ("A", "B"))


def test_two_drivers_swap_their_plates(registered: Store) -> None:
    with work(registered) as uow:
        uow.drivers.put(Driver(msisdn=ALIYA))
        uow.drivers.put(Driver(msisdn=BOLAT, plates=("A", "Z")))
        uow.drivers.put(Driver(msisdn=ALIYA, plates=("B",)))
    with work(registered) as uow:
        assert [uow.drivers.get(each) for each in (ALIYA, BOLAT)] == [
            Driver(msisdn=ALIYA, plates=("B",)),
            Driver(msisdn=BOLAT, plates=("A", "Z")),
        ]


def test_a_plate_is_named_once(store: Store) -> None:
    with work(store) as uow:
        with pytest.raises(Broken, match="once"):
            uow.drivers.put(Driver(msisdn=ALIYA, plates=("A", "A")))
        assert uow.drivers.get(ALIYA) is None


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO parking_plate VALUES ('A', '77021234567', 9)",
        "INSERT INTO parking_plate VALUES ('NEW', '77770000000', 1)",
        "UPDATE parking_driver SET method = 'cash'",
    ],
)
def test_the_database_refuses_what_no_driver_is(
    registered: Store, database: Database, statement: str
) -> None:
    assert registered.reads.parking_driver(ALIYA) == HERS
    with pytest.raises(IntegrityError):
        database.tamper(statement)
