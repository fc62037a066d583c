"""A COMMIT that fails: nobody can know, so nobody is told, and the next transaction starts afresh."""

import sqlite3

import psycopg
import pytest

from storage.check import check
from storage.driver import Driver
from storage.errors import CommitUnknown
from storage.model import main_account
from storage.store import Store
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, NOW_US, REVENUE, live_a_little, pay, work

_ERRORS = {
    "sqlite": sqlite3.OperationalError("disk I/O error"),
    "postgresql": psycopg.OperationalError("server closed the connection unexpectedly"),
}


@pytest.mark.parametrize("applied", [True, False])
def test_an_unknown_commit_is_said_so_and_the_store_goes_on_from_the_truth(
    breakable: Store,
    database: Database,
    applied: bool,
) -> None:
    """Whether the database took it or not, numbers and hashes continue from what it has."""
    live_a_little(breakable)
    before = breakable.reads.journal_head().seq
    _fail_commit(breakable._driver, applied=applied)
    with breakable.begin(now_us=NOW_US + 5, wall_us=NOW_US) as uow:
        uow.ledger.post(pay(main_account(ALIYA), REVENUE, 5))
        with pytest.raises(CommitUnknown):
            uow.commit()
    now = before + 1 if applied else before
    assert breakable.reads.journal_head().seq == now
    with work(breakable, NOW_US + 6) as uow:
        assert uow.ledger.post(pay(main_account(ALIYA), REVENUE, 6)) == now + 1
    assert all(finding.ok for finding in check(breakable.reads))
    assert database.scalar("SELECT count(*) FROM journal") == now + 1


def _fail_commit(driver: Driver, *, applied: bool) -> None:
    """Let COMMIT end in an I/O error, after or before it took effect."""
    real = driver._writer  # type: ignore[attr-defined]  # both drivers have it

    class Failing:
        """The driver's connection, whose COMMIT breaks."""

        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

        def execute(self, sql: str, *values: object) -> object:
            """SQLite commits by a statement."""
            if sql == "COMMIT":
                self.commit()
            return real.execute(sql, *values)

        def commit(self) -> None:
            """PostgreSQL commits by a method."""
            if applied:
                real.execute("COMMIT")
            raise _ERRORS[driver.dialect]

    driver._writer = Failing()  # type: ignore[attr-defined]  # as above
