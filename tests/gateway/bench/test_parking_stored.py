"""What the benchmarks of parking store first is sound, and what a gateway would have made."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.bench import customers, parking_stored
from gateway.bench.numbers import msisdn_of
from gateway.bench.parking import over_a_day
from gateway.bench.parking_cars import plate_of
from handlers.base.parking_running import JOB_ENDED, JOB_REMINDER
from storage.model import main_account, parking_account
from storage.parking_model import ParkingState
from storage.store import Store

BEGAN = datetime(2030, 1, 2, 5, tzinfo=UTC)
S = 1_000_000
BEGAN_US = int(BEGAN.timestamp()) * S
HOUR_US = 3600 * S


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(customers, "_BATCH", 4)
    return f"sqlite:///{tmp_path / 'filled.db'}"


def test_each_driver_has_money_and_no_parking(url: str) -> None:
    parking_stored.store_drivers(url, 6)
    store = Store.open(url)
    try:
        with store.begin(now_us=BEGAN_US, wall_us=BEGAN_US) as uow:
            balance = uow.ledger.balance(main_account(msisdn_of(5)))
            assert uow.parking.of(msisdn_of(5)) == ()
        assert balance is not None
        assert balance.available_tiyn >= 10_000
    finally:
        store.close()
    assert parking_stored.broken_in(url) == []


def test_each_car_is_parked_and_paid_for_with_its_reminder_and_its_end_to_come(url: str) -> None:
    ends_us = BEGAN_US + HOUR_US
    parking_stored.store_drivers(url, 2)
    parking_stored.store_parked(url, 2, 7, lambda number: (1 + number % 2, ends_us))
    store = Store.open(url)
    try:
        with store.begin(now_us=BEGAN_US, wall_us=BEGAN_US) as uow:
            session = uow.parking.by_plate(plate_of(3))
            assert session is not None
            assert (session.msisdn, session.state, session.ends_us) == (
                msisdn_of(3),
                ParkingState.RUNNING,
                ends_us,
            )
            assert (session.hours, session.price_tiyn, session.began_us) == (2, 20_000, BEGAN_US - HOUR_US)
            balance = uow.ledger.balance(parking_account(msisdn_of(3)))
            jobs = uow.jobs.due(ends_us, 100)
        assert balance is not None
        assert (balance.balance_tiyn, balance.held_tiyn) == (20_000, 20_000)
        assert [(job.kind, job.due_us) for job in jobs] == (
            [(JOB_REMINDER, ends_us - 600 * S)] * 7 + [(JOB_ENDED, ends_us)] * 7
        )
    finally:
        store.close()
    assert parking_stored.broken_in(url) == []


def test_a_store_whose_books_are_wrong_is_noticed(url: str) -> None:
    parking_stored.store_parked(url, 0, 3, lambda _: (1, BEGAN_US))
    store = Store.open(url)
    try:
        with store.begin(now_us=BEGAN_US, wall_us=BEGAN_US) as uow:
            session = uow.parking.by_plate(plate_of(1))
            assert session is not None
            uow.ledger.void(session.parking_hold)
            uow.commit()
    finally:
        store.close()
    broken = parking_stored.broken_in(url)
    assert len(broken) == 1
    assert broken[0].startswith("P1: ")


def test_over_a_day_each_ends_at_a_moment_of_its_own_and_its_reminder_is_to_come() -> None:
    stays = [over_a_day(BEGAN)(number) for number in range(0, 100_000, 100)]
    ends = [ends_us for _, ends_us in stays]
    assert ends == sorted(set(ends))
    assert ends[0] > BEGAN_US + 600 * S
    assert BEGAN_US + 86_400 * S - 100 * S < ends[-1] < BEGAN_US + 86_400 * S
    gaps = [after - before for before, after in pairwise(ends)]
    assert max(gaps) - min(gaps) <= 1
    for hours, ends_us in stays:
        assert 1 <= hours <= 24
        assert BEGAN_US - HOUR_US <= ends_us - hours * HOUR_US <= BEGAN_US
