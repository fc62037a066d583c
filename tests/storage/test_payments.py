"""Payments through channels: kept whatever they are, taken back once."""

import pytest
from sqlalchemy.exc import IntegrityError

from storage.bank_model import Payment, PaymentState
from storage.errors import Broken
from storage.model import Balance, main_account
from storage.needs import Needs
from storage.store import Store
from storage.unit_of_work import UnitOfWork
from tests.storage.bank_rows import (
    CLEARING,
    UNALLOCATED,
    bank_a_little,
    entry,
    give_back,
    payment,
    take,
)
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, NOW_US, open_subscriber, work


@pytest.fixture
def paid(store: Store) -> Store:
    """A subscriber without money, and a payment of 500 tiyn for nobody."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 0)
        take(uow, payment())
    return store


def test_a_payment_is_found_by_its_id_with_all_that_was_sent(store: Store) -> None:
    with work(store) as uow:
        assert uow.payments.get("P1") is None
        taken = take(uow, payment(msisdn="қате ₸", cashback_tiyn=7))
        assert uow.payments.get("P1") == taken
    with work(store) as uow:
        assert uow.payments.get("P1") == taken
        assert uow.ledger.balance(UNALLOCATED) == Balance(500)


@pytest.mark.parametrize("committed", [True, False])
def test_one_id_is_one_payment(store: Store, committed: bool) -> None:
    with work(store) as uow:
        take(uow, payment())
        if not committed:
            with pytest.raises(Broken):
                uow.payments.add(payment())
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow, pytest.raises(Broken):
        uow.payments.add(payment())


@pytest.mark.parametrize("together", [True, False])
def test_an_unallocated_payment_is_moved_to_its_owner_and_reversed(store: Store, together: bool) -> None:
    """Its entry is the one that credited the owner; the way back names the one it takes back."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 0)
        taken = take(uow, payment())
        if together:
            moved = _move(uow, taken)
    if not together:
        with work(store) as uow:
            moved = _move(uow, taken)
    with work(store) as uow:
        assert uow.payments.get("P1") == moved
        assert uow.ledger.balance(main_account(ALIYA)) == Balance(500)
        back = give_back(uow)
    with work(store) as uow:
        assert uow.payments.get("P1") == back
        assert (back.state, back.credited) == (PaymentState.REVERSED, ALIYA)
        assert [uow.ledger.balance(each) for each in (UNALLOCATED, CLEARING)] == [Balance(0), Balance(0)]


def _move(uow: UnitOfWork, taken: Payment) -> Payment:
    """To its owner after all."""
    seq = uow.ledger.post(entry((UNALLOCATED, -500), (main_account(ALIYA), 500), source=taken.code))
    moved = taken._replace(state=PaymentState.MOVED, credited=ALIYA, journal_seq=seq)
    uow.payments.put(moved)
    return moved


def test_what_went_back_never_changes_again(paid: Store) -> None:
    with work(paid) as uow:
        back = give_back(uow)
        with pytest.raises(Broken, match="can change"):
            uow.payments.put(back._replace(why="again"))
    with paid.begin(now_us=NOW_US, wall_us=NOW_US) as uow, pytest.raises(Broken, match="can change"):
        uow.payments.put(back._replace(state=PaymentState.CREDITED, reversed_seq=None))


def test_an_unknown_payment_cannot_change(store: Store) -> None:
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow, pytest.raises(Broken):
        uow.payments.put(payment())


def test_what_went_back_behind_the_writers_back_is_not_given_back_again(
    paid: Store, database: Database
) -> None:
    """The conditional UPDATE is the last word, and the whole unit of work is undone."""
    with work(paid) as uow:
        before = uow.payments.get("P1")
        give_back(uow)
    assert before is not None
    with paid.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        uow.payments._rows.put("P1", before)
        again = entry((UNALLOCATED, -500), (CLEARING, 500))
        uow.payments.put(before._replace(state=PaymentState.BACKED_OUT, reversed_seq=uow.ledger.post(again)))
        with pytest.raises(Broken, match="taken back"):
            uow.commit()
    assert database.scalar("SELECT balance FROM account WHERE kind = 'unallocated'") == 0


def test_the_payments_of_a_batch_are_read_at_once(paid: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with work(paid) as uow:
        uow.prefetch(Needs(payments=frozenset({"P1", "P9"})))
        with monkeypatch.context() as patch:
            patch.setattr(paid._driver, "lookup", None)
            assert uow.payments.get("P1") is not None
            assert uow.payments.get("P9") is None


def test_many_at_once_are_written_whole(store: Store) -> None:
    ids = [f"P{number}" for number in range(100)]
    with work(store) as uow:
        for payment_id in ids:
            take(uow, payment(payment_id))
    with work(store) as uow:
        for payment_id in ids:
            give_back(uow, payment_id)
    with work(store) as uow:
        assert {found.state for each in ids if (found := uow.payments.get(each))} == {PaymentState.BACKED_OUT}
        assert uow.ledger.balance(CLEARING) == Balance(0)


_REFUSED = {
    "a payment taken back twice": "UPDATE payment SET reversed_seq = 1 WHERE payment_id = 'P3'",
    "a payment that went back, credited": (
        "UPDATE payment SET state = 'credited', reversed_seq = NULL WHERE payment_id = 'P3'"
    ),
    "one entry that takes two payments back": (
        "UPDATE payment SET state = 'backed_out', reversed_seq ="
        " (SELECT reversed_seq FROM payment WHERE payment_id = 'P4') WHERE payment_id = 'P1'"
    ),
    "a payment taken back without an entry": "UPDATE payment SET state = 'reversed' WHERE payment_id = 'P2'",
    "a payment taken back by an entry that is not there": (
        "UPDATE payment SET state = 'reversed', reversed_seq = 99 WHERE payment_id = 'P2'"
    ),
    "a payment credited to nobody": "UPDATE payment SET credited = '' WHERE payment_id = 'P2'",
    "a payment without an owner that somebody got": (
        "UPDATE payment SET credited = '77011234567' WHERE payment_id = 'P1'"
    ),
    "a payment without an entry": "UPDATE payment SET journal_seq = NULL WHERE payment_id = 'P2'",
    "a payment of another amount": "UPDATE payment SET amount = 1 WHERE payment_id = 'P2'",
    "a payment through another channel": "UPDATE payment SET channel = 'qiwi' WHERE payment_id = 'P2'",
    "a payment in no state": "UPDATE payment SET state = 'lost' WHERE payment_id = 'P2'",
    "a payment deleted": "DELETE FROM payment WHERE payment_id = 'P1'",
}


@pytest.mark.parametrize("statement", _REFUSED.values(), ids=_REFUSED.keys())
def test_the_database_refuses(store: Store, database: Database, statement: str) -> None:
    """Each by a constraint or a trigger, and the invariants still hold afterwards."""
    bank_a_little(store)
    with pytest.raises(IntegrityError):
        database.tamper(statement)
