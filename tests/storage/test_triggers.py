"""The database itself refuses what would make the ledger lie, whoever asks."""

# ruff: noqa: S608 (the statements are put together from constants of this file)

import pytest
from sqlalchemy.exc import IntegrityError

from storage.store import Store
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, live_a_little

_MAIN = f"(SELECT id FROM account WHERE code = 'main:{ALIYA}')"
_OTHER = "(SELECT id FROM account WHERE code = 'opening:operator')"


def _posting(seq: int, line: int, account: str, amount: int, more: str = "") -> str:
    """A posting that continues its account properly; ``more`` spoils it."""
    after, prev = "balance + :amount", "last_seq"
    if more == "after":
        after = "balance + :amount + 1"
    if more == "prev":
        prev = "last_seq - 1"
    return (
        "INSERT INTO posting (seq, line, account_id, amount, balance_after, prev_seq, forced)"
        f" SELECT {seq}, {line}, id, {amount}, {after.replace(':amount', f'({amount})')}, {prev}, 0"
        f" FROM account WHERE id = {account}"
    )


def _entry(seq: int, more: str = "") -> str:
    """A journal row that continues the journal properly; ``more`` spoils it."""
    op_us = "op_us - 1" if more == "time" else "op_us"
    prev_hash = "prev_hash" if more == "hash" else "hash"
    return (
        "INSERT INTO journal (seq, op_us, wall_us, reason, source, actor, prev_hash, hash)"
        f" SELECT {seq}, {op_us}, 0, 'r', 's', 'a', {prev_hash}, hash"
        " FROM journal ORDER BY seq DESC LIMIT 1"
    )


_REFUSED = {
    "a balance edited": f"UPDATE account SET balance = balance + 1 WHERE id = {_MAIN}",
    "all balances edited": "UPDATE account SET balance = 0",
    "a balance and its place in the journal edited": (
        f"UPDATE account SET balance = balance + 1, last_seq = last_seq + 1 WHERE id = {_MAIN}"
    ),
    "an account set back to an earlier posting": (
        f"UPDATE account SET balance = 50000, last_seq = 1 WHERE id = {_MAIN}"
    ),
    "held money edited": f"UPDATE account SET held = 0 WHERE id = {_MAIN}",
    "an allowance below the floor made up": f"UPDATE account SET forced_tiyn = 100 WHERE id = {_MAIN}",
    "a negative credit limit": f"UPDATE account SET credit_limit = -1 WHERE id = {_MAIN}",
    "an account with money closed": f"UPDATE account SET state = 'closed' WHERE id = {_MAIN}",
    "an account made the system's": f"UPDATE account SET is_system = 1 WHERE id = {_MAIN}",
    "an account renamed": f"UPDATE account SET code = 'main:1' WHERE id = {_MAIN}",
    "an account deleted": f"DELETE FROM account WHERE id = {_MAIN}",
    "an account born rich": (
        "INSERT INTO account VALUES (99, 'bonus:1', 'bonus', '1', 0, 5, 0, 0, 0, 0, 'open')"
    ),
    "a subscriber's account that calls itself the system's": (
        "INSERT INTO account VALUES (99, 'bonus:1', 'bonus', '1', 1, 0, 0, 0, 0, 0, 'open')"
    ),
    "an entry edited": "UPDATE journal SET reason = 'gift' WHERE seq = 1",
    "an entry deleted": "DELETE FROM journal WHERE seq = 5",
    "a posting edited": "UPDATE posting SET amount = 5 WHERE seq = 1 AND line = 1",
    "a posting deleted": "DELETE FROM posting WHERE seq = 1 AND line = 1",
    "a posting to an entry that is closed": _posting(5, 9, _OTHER, 5),
    "a sequence number used again": _entry(4),
    "an entry without postings": _entry(6),
    "a posting of nothing": _posting(6, 1, _MAIN, 0),
    "a posting that says another balance": _posting(6, 1, _MAIN, 5, "after"),
    "a posting that skips the one before it": _posting(6, 1, _MAIN, 5, "prev"),
    "a posting below the floor": _posting(6, 1, _MAIN, -99_000),
    "a hold deleted": "DELETE FROM hold WHERE id = 'hold1'",
    "a hold that was posted, opened again": (
        "UPDATE hold SET state = 'open', posted_seq = NULL WHERE id = 'hold2'"
    ),
    "a hold that was posted, voided": (
        "UPDATE hold SET state = 'voided', posted_seq = NULL WHERE id = 'hold2'"
    ),
    "a hold posted without an entry": "UPDATE hold SET state = 'posted' WHERE id = 'hold1'",
    "a hold enlarged": "UPDATE hold SET amount = 5000 WHERE id = 'hold1'",
    "a hold beyond the balance": (
        f"INSERT INTO hold VALUES ('hold9', {_MAIN}, 999999, 'r', 's', 0, 'open', NULL)"
    ),
    "a hold of less than nothing": (
        f"INSERT INTO hold VALUES ('hold9', {_MAIN}, -5, 'r', 's', 0, 'open', NULL)"
    ),
    "a used voucher made unused": (
        "UPDATE voucher SET state = 'unused', redeemed_seq = NULL WHERE serial = 'S-batch1-0'"
    ),
    "a used voucher used again": "UPDATE voucher SET redeemed_seq = 1 WHERE serial = 'S-batch1-0'",
    "a voucher used without an entry": "UPDATE voucher SET state = 'used' WHERE serial = 'S-batch1-1'",
    "a voucher used by an entry that is not there": (
        "UPDATE voucher SET state = 'used', redeemed_seq = 99 WHERE serial = 'S-batch1-1'"
    ),
    "one entry for two vouchers": (
        "UPDATE voucher SET state = 'used', redeemed_seq = 4 WHERE serial = 'S-batch1-1'"
    ),
    "a voucher deleted": "DELETE FROM voucher WHERE serial = 'S-batch1-1'",
    "a face value raised": "UPDATE voucher_batch SET face_value = 500000",
    "an answer to a key changed": "UPDATE inbox SET outcome = 'ok' WHERE key = 'key2'",
    "a key used twice": (
        "INSERT INTO inbox SELECT source, key, request_hash, outcome, message_id, reply_ids,"
        " journal_seq, wall_us FROM inbox"
    ),
    "a promise without a message": (
        "INSERT INTO outbox SELECT 'mt9', lane, payload, due_us, expires_us, attempts, bearer, bind,"
        " fallback, receipt_to, position + 1 FROM outbox"
    ),
    "a second writer's row": "INSERT INTO writer VALUES (2, 0)",
}


@pytest.mark.parametrize("statement", _REFUSED.values(), ids=_REFUSED.keys())
def test_the_database_refuses(lived_in: Store, database: Database, statement: str) -> None:
    """Each by a constraint or a trigger, and the invariants still hold afterwards."""
    assert lived_in.reads.journal_head().seq == 5
    with pytest.raises(IntegrityError):
        database.tamper(statement)


_POSTINGS = [_posting(6, 1, _MAIN, 5), _posting(6, 2, _OTHER, -5)]


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param([_posting(6, 1, _MAIN, 5), _entry(6)], id="one posting only"),
        pytest.param([_posting(6, 1, _MAIN, 5), _posting(6, 2, _OTHER, -4), _entry(6)], id="not zero"),
        pytest.param([_posting(7, 1, _MAIN, 5), _posting(7, 2, _OTHER, -5), _entry(7)], id="a gap"),
        pytest.param(
            [_posting(6, 1, _MAIN, 5), _posting(6, 2, _OTHER, -5), _entry(6, "time")], id="time falls"
        ),
        pytest.param(
            [_posting(6, 1, _MAIN, 5), _posting(6, 2, _OTHER, -5), _entry(6, "hash")], id="another past"
        ),
        pytest.param([_posting(6, 1, _MAIN, 5), _posting(6, 2, _OTHER, -5)], id="never closed"),
    ],
)
def test_an_entry_that_is_not_one_is_refused(
    lived_in: Store, database: Database, statements: list[str]
) -> None:
    """At the journal row, or at COMMIT where that never comes."""
    assert lived_in.reads.journal_head().seq == 5
    with pytest.raises(IntegrityError):
        database.tamper(*statements)


def test_a_proper_entry_by_raw_sql_is_taken(breakable: Store, database: Database) -> None:
    """The refusals above are not refusals of everything (but its hash is made up, so L7 would not hold)."""
    live_a_little(breakable)
    database.tamper(*_POSTINGS, _entry(6))
    assert breakable.reads.journal_head().seq == 6


def test_replacing_rows_does_not_slip_past_the_triggers(lived_in: Store, database: Database) -> None:
    """SQLite's REPLACE deletes without firing delete triggers unless told to."""
    assert lived_in.reads.journal_head().seq == 5
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL has no REPLACE")
    for table, changed in (
        ("journal", "seq, op_us, wall_us, 'gift', source, actor, reverses_seq, prev_hash, hash"),
        ("posting", "seq, line, account_id, amount + 1, balance_after, prev_seq, forced"),
        ("account", "id, code, kind, owner, is_system, 0, 0, 0, 0, 0, state"),
    ):
        statement = f"REPLACE INTO {table} SELECT {changed} FROM {table}"
        with pytest.raises(IntegrityError):
            database.tamper(statement)


def test_emptying_tables_is_refused(lived_in: Store, database: Database) -> None:
    """TRUNCATE fires no row triggers, so it has its own."""
    assert lived_in.reads.journal_head().seq == 5
    if database.dialect != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    bank = ("card", "card_transaction", "payment")
    for table in ("journal", "posting", "account", "hold", "voucher", *bank, "call", "call_leg", "call_turn"):
        with pytest.raises(IntegrityError):
            database.tamper(f"TRUNCATE {table} CASCADE")


def test_an_entry_that_moves_money_between_the_books_is_refused(lived_in: Store, database: Database) -> None:
    """In balance as a whole is not enough: what the bank's customers have is not the operator's to give."""
    assert lived_in.reads.journal_head().seq == 5
    account = "INSERT INTO account VALUES (99, 'bank_cash:x', 'bank_cash', 'x', 1, 0, 0, 0, 0, 0, 'open')"
    postings = [_posting(6, 1, _MAIN, 5), _posting(6, 2, "99", -5)]
    with pytest.raises(IntegrityError, match="in each book"):
        database.tamper(account, *postings, _entry(6))
