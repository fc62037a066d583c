"""L16 for real: the journal, posted again into an empty database, makes the same books."""

from itertools import groupby
from operator import itemgetter
from pathlib import Path

from sqlalchemy import text

from storage.check import check
from storage.model import AccountKind, AccountRef, Entry, Line
from storage.store import Store
from tests.storage.databases import sqlite_database

_ROWS = text(
    "SELECT j.seq, j.op_us, j.wall_us, j.reason, j.source, j.actor, j.reverses_seq, a.kind, a.owner,"
    " p.amount, p.forced FROM journal j JOIN posting p ON p.seq = j.seq JOIN account a ON a.id = p.account_id"
    " ORDER BY j.seq, p.line"
)


def test_replaying_the_journal_gives_the_same_balances_and_the_same_hash(
    lived_in: Store, tmp_path: Path
) -> None:
    """Into SQLite from either database: the hash of the last entry is the same to the last bit."""
    copy = sqlite_database(tmp_path).open()
    _replay(lived_in, copy)
    assert copy.reads.trial_balance() == lived_in.reads.trial_balance()
    assert _last_hash(copy) == _last_hash(lived_in)
    broken = {finding.invariant for finding in check(copy.reads) if not finding.ok}
    assert broken == set()
    copy.close()


def _replay(source: Store, target: Store) -> None:
    with source.reads.transaction() as connection:
        rows = [tuple(row) for row in connection.execute(_ROWS)]
    for _, lines in groupby(rows, key=itemgetter(0)):
        entry = list(lines)
        _, op_us, wall_us, reason, origin, actor, reverses_seq = entry[0][:7]
        moved = tuple(Line(AccountRef(AccountKind(row[7]), row[8]), row[9]) for row in entry)
        with target.begin(now_us=op_us, wall_us=wall_us) as uow:
            for line in moved:
                if not line.account.kind.is_system and uow.ledger.balance(line.account) is None:
                    uow.ledger.open(line.account)
            again = Entry(
                reason=reason,
                lines=moved,
                source=origin,
                actor=actor,
                reverses_seq=reverses_seq,
                force=bool(entry[0][10]),
            )
            uow.ledger.post(again)
            uow.commit()


def _last_hash(store: Store) -> bytes:
    with store.reads.transaction() as connection:
        return bytes(
            connection.execute(text("SELECT hash FROM journal ORDER BY seq DESC LIMIT 1")).scalar_one()
        )
