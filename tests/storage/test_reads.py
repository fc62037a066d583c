"""Readers: from any thread, one moment each, never writing."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from rating.msisdn import Msisdn
from storage.binds import UNBOUND
from storage.errors import StoreUnavailable
from storage.model import AccountKind, AccountRef, main_account
from storage.store import Store
from tests.storage.rows import ALIYA, BOLAT, FACE_TIYN, NOW_US, OPENING, REVENUE, open_subscriber, pay, work


def test_a_subscriber_comes_with_all_balances(lived_in: Store) -> None:
    with work(lived_in) as uow:
        bonus, parking = (AccountRef(kind, ALIYA) for kind in (AccountKind.BONUS, AccountKind.PARKING))
        uow.ledger.open(bonus)
        uow.ledger.open(parking)
        uow.ledger.post(pay(OPENING, bonus, 7))
        uow.ledger.post(pay(OPENING, parking, 8))
    view = lived_in.reads.subscriber(ALIYA)
    assert view is not None
    assert view.subscriber.msisdn == ALIYA
    money = view.balances
    assert (money.main_tiyn, money.held_tiyn) == (2 * FACE_TIYN - 1500, 1000)
    assert (money.bonus_tiyn, money.parking_tiyn, money.credit_limit_tiyn) == (7, 8, 0)
    assert lived_in.reads.subscriber(Msisdn("77770000000")) is None


def test_history_is_every_account_of_the_subscriber_newest_first(lived_in: Store) -> None:
    with work(lived_in, NOW_US + 9) as uow:
        bonus = AccountRef(AccountKind.BONUS, ALIYA)
        uow.ledger.open(bonus)
        uow.ledger.post(pay(OPENING, bonus, 7, "gift"))
        uow.ledger.post(pay(main_account(BOLAT), REVENUE, 1, "not hers"))
        uow.ledger.post(pay(main_account(ALIYA), bonus, 20, "moved"))
    found = lived_in.reads.history(ALIYA)
    assert [(m.seq, m.reason, m.account, m.amount_tiyn) for m in found] == [
        (8, "moved", f"bonus:{ALIYA}", 20),
        (8, "moved", f"main:{ALIYA}", -20),
        (6, "gift", f"bonus:{ALIYA}", 7),
        (5, "call", f"main:{ALIYA}", -1500),
        (4, "voucher.redeem", f"main:{ALIYA}", FACE_TIYN),
        (1, "subscriber.opening", f"main:{ALIYA}", FACE_TIYN),
    ]
    assert found[0].op_us == NOW_US + 9
    assert found[0].source == "source"
    assert found[3].balance_after_tiyn == 2 * FACE_TIYN - 1500
    assert lived_in.reads.history(ALIYA, 2) == found[:2]
    assert lived_in.reads.history(ALIYA, 4) == found[:4]
    assert lived_in.reads.history(Msisdn("77770000000")) == []


def test_a_long_history_is_walked_no_further_than_asked(store: Store) -> None:
    with work(store) as uow:
        open_subscriber(uow)
        for number in range(500):
            uow.ledger.post(pay(main_account(ALIYA), REVENUE, 1, f"call{number}"))
    assert [m.reason for m in store.reads.history(ALIYA, 3)] == ["call499", "call498", "call497"]
    assert len(store.reads.history(ALIYA, 1000)) == 501


def test_binds_that_died_are_those_that_never_closed_or_not_by_unbind(store: Store) -> None:
    with work(store) as uow:
        for number, name in enumerate(("open", "unbound", "lost", "lost long ago")):
            uow.binds.opened(name, "handset", NOW_US + number)
        uow.binds.closed("unbound", UNBOUND, NOW_US + 50)
        uow.binds.closed("lost", "connection lost", NOW_US + 50)
        uow.binds.closed("lost long ago", "connection lost", NOW_US + 10)
    assert store.reads.dead_binds(NOW_US + 50) == ["open", "lost"]


def test_readers_in_many_threads_see_whole_transactions_only(store: Store) -> None:
    """While the writer moves money to and fro, every reader's trial balance sums to zero."""
    with work(store) as uow:
        open_subscriber(uow)

    def read(_: int) -> int:
        return sum(balance for _, balance in store.reads.trial_balance())

    with ThreadPoolExecutor(6) as pool:
        sums = [pool.map(read, range(20)) for _ in range(2)]
        for number in range(1, 30):
            with work(store, NOW_US + number) as uow:
                uow.ledger.post(pay(main_account(ALIYA), REVENUE, number))
        assert {value for each in sums for value in each} == {0}


def test_a_reader_cannot_write(store: Store) -> None:
    """query_only on SQLite, a read-only transaction on PostgreSQL."""
    with pytest.raises(StoreUnavailable), store.reads.transaction() as connection:
        connection.execute(text("INSERT INTO setting VALUES ('a', 'b')"))
    assert store.reads.setting("a") is None


def test_a_reader_keeps_its_moment_while_the_writer_goes_on(store: Store) -> None:
    """The check needs one consistent moment across many queries."""
    with work(store) as uow:
        uow.settings.put("a", "before")
    read = text("SELECT value FROM setting")
    with store.reads.transaction() as connection:
        assert connection.execute(read).scalar() == "before"
        with work(store) as uow:
            uow.settings.put("a", "after")
        assert connection.execute(read).scalar() == "before"
    assert store.reads.setting("a") == "after"
