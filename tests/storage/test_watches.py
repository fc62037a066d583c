"""Balances that somebody waits for to fall: noticed once per fall, by nobody's reading."""

import pytest

from storage.bank_model import RuleKind, RuleState
from storage.model import AccountRef, Entry, Line, main_account
from storage.store import Store
from storage.unit_of_work import UnitOfWork
from tests.storage.bank_rows import open_card, rule
from tests.storage.databases import Database, PostgresqlServer
from tests.storage.rows import ALIYA, BOLAT, NOW_US, REVENUE, hold, open_subscriber, pay, work

MAIN = main_account(ALIYA)


@pytest.fixture
def funded(store: Store) -> Store:
    """Two subscribers with 1000 tiyn each; the fall of the one below 500 is waited for."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 1000)
        open_subscriber(uow, BOLAT, 1000)
        uow.ledger.watch(MAIN, 500)
    return store


def spend(uow: UnitOfWork, amount_tiyn: int, account: AccountRef = MAIN) -> list[str]:
    """Who fell by that."""
    uow.ledger.post(pay(account, REVENUE, amount_tiyn))
    return uow.ledger.take_fallen()


def test_a_fall_is_a_debit_from_the_floor_or_above_to_below_it(funded: Store) -> None:
    """Down to the floor is none, further down is one, and from there on there is none until it was above."""
    with work(funded) as uow:
        assert spend(uow, 500) == []
        assert spend(uow, 1) == [ALIYA]
        assert spend(uow, 100) == []
        uow.ledger.post(pay(REVENUE, MAIN, 100))
        assert uow.ledger.take_fallen() == []
        uow.ledger.post(pay(REVENUE, MAIN, 1))
        assert spend(uow, 2) == [ALIYA]
        assert uow.ledger.take_fallen() == []


def test_falls_are_told_in_order_and_each_owner_once(funded: Store) -> None:
    with work(funded) as uow:
        uow.ledger.watch(main_account(BOLAT), 1000)
        uow.ledger.post(pay(main_account(BOLAT), REVENUE, 1))
        for _ in range(2):
            uow.ledger.post(pay(MAIN, REVENUE, 600))
            uow.ledger.post(pay(REVENUE, MAIN, 600))
        assert uow.ledger.take_fallen() == [BOLAT, ALIYA]


def test_others_may_spend_unnoticed(funded: Store) -> None:
    with work(funded) as uow:
        assert spend(uow, 900, main_account(BOLAT)) == []


def test_money_set_aside_has_not_gone_yet(funded: Store) -> None:
    """The balance falls when the hold is settled."""
    with work(funded) as uow:
        uow.ledger.hold(hold(amount_tiyn=600))
        assert uow.ledger.take_fallen() == []
    with work(funded) as uow:
        uow.ledger.settle("hold1", pay(MAIN, REVENUE, 600))
        assert uow.ledger.take_fallen() == [ALIYA]


def test_a_forced_debit_is_a_fall_too(funded: Store) -> None:
    with work(funded) as uow:
        lines = (Line(MAIN, -2000), Line(REVENUE, 2000))
        uow.ledger.post(Entry(reason="call", lines=lines, source="s", actor="a", force=True))
        assert uow.ledger.take_fallen() == [ALIYA]


def test_what_is_watched_changes_at_once_here_and_for_others_at_the_commit(funded: Store) -> None:
    with funded.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        uow.ledger.watch(MAIN, None)
        assert spend(uow, 600) == []
    with work(funded) as uow:
        assert spend(uow, 501) == [ALIYA]
        uow.ledger.watch(MAIN, 400)
        assert spend(uow, 100) == [ALIYA]
    with work(funded) as uow:
        uow.ledger.post(pay(REVENUE, MAIN, 600))
        assert spend(uow, 500) == []
        assert spend(uow, 200) == [ALIYA]
        uow.ledger.watch(MAIN, None)
    with work(funded) as uow:
        uow.ledger.post(pay(REVENUE, MAIN, 999))
        assert spend(uow, 999) == []


def keep_rules(store: Store) -> None:
    """Two limit rules that are on, and more that do not wait for a fall."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 1000)
        open_subscriber(uow, BOLAT, 1000)
        open_card(uow)
        uow.autopay.add(rule("low", limit_tiyn=200))
        uow.autopay.add(rule("high", limit_tiyn=500))
        for state in (RuleState.OFF, RuleState.PAUSED, RuleState.DECLINED):
            uow.autopay.add(rule(state.value, limit_tiyn=900, state=state))
        uow.autopay.add(rule("daily", target=BOLAT, kind=RuleKind.DAILY, limit_tiyn=900))


def test_a_store_that_is_opened_watches_for_the_highest_limit_of_the_rules_that_are_on(
    database: Database,
) -> None:
    before = database.open()
    keep_rules(before)
    before.close()
    after = database.open()
    with work(after) as uow:
        assert spend(uow, 900, main_account(BOLAT)) == []
        assert spend(uow, 500) == []
        assert spend(uow, 1) == [ALIYA]
    after.reset()
    with work(after) as uow:
        open_subscriber(uow, ALIYA, 1000)
        assert spend(uow, 999) == []
    after.close()


@pytest.mark.postgres
def test_on_postgresql_a_new_writer_watches_what_the_one_before_it_left(postgresql: PostgresqlServer) -> None:
    """Also one that was open all the time."""
    database = postgresql.database()
    first, second = database.open(), database.open()
    keep_rules(first)
    with work(second) as uow:
        assert spend(uow, 501) == [ALIYA]
    first.close()
    second.close()
    postgresql.drop(database)
