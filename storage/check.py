"""The invariants of the ledger and of the store around it (``shortcode db check``).

Each is asked of the rows themselves, as if no trigger had ever watched them, and all of one moment. A
query names what breaks its invariant and finds nothing in a healthy store.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, text

from storage.bank_checks import BANK_INVARIANTS
from storage.call_checks import CALL_INVARIANTS
from storage.head import GENESIS, entry_hash
from storage.invariants import Invariant, sql
from storage.model import AccountKind
from storage.parking_checks import PARKING_INVARIANTS
from storage.reads import Reads
from storage.tables import BANK_KINDS_SQL

#: Enough to start looking; the rest is usually more of the same.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one invariant. ``detail`` says what holds, or what breaks it."""

    invariant: str
    ok: bool
    detail: str


def check(reads: Reads) -> list[Finding]:
    """All invariants, in order. Raises StoreUnavailable when the database cannot be read."""
    with reads.transaction() as connection:
        return [_finding(invariant, connection) for invariant in _INVARIANTS]


def _finding(invariant: Invariant, connection: Connection) -> Finding:
    broken = list(islice(invariant.breaks(connection), _SHOWN))
    detail = "; ".join(broken) or invariant.promise
    return Finding(invariant.name, not broken, detail)


_BOOKS = (
    f"SELECT id, balance, CASE WHEN kind IN ({BANK_KINDS_SQL}) THEN 'bank' ELSE 'operator' END AS book"  # noqa: S608 (an enum)
    " FROM account"
)
#: An entry that is in balance as a whole, but not in each book, is for L1 to find, too.
_L1 = sql(
    f"SELECT 'balances of book', book, 'sum to', sum(balance) FROM ({_BOOKS}) a"  # noqa: S608 (a constant)
    " GROUP BY book HAVING sum(balance) <> 0",
    "SELECT 'postings of book', book, 'sum to', sum(amount) FROM posting"  # noqa: S608 (a constant)
    f" JOIN ({_BOOKS}) a ON a.id = account_id GROUP BY book HAVING sum(amount) <> 0",
    "SELECT 'entry', seq, 'moves', sum(amount), 'between the books' FROM posting"  # noqa: S608 (a constant)
    f" JOIN ({_BOOKS}) a ON a.id = account_id WHERE book = 'bank' GROUP BY seq HAVING sum(amount) <> 0",
)
_L2 = sql(
    "SELECT 'entry', j.seq, 'sums to', coalesce(sum(p.amount), 0), 'over', count(p.seq), 'lines'"
    " FROM journal j LEFT JOIN posting p ON p.seq = j.seq"
    " GROUP BY j.seq HAVING count(p.seq) < 2 OR sum(p.amount) <> 0",
    "SELECT 'posting without entry', p.seq FROM posting p LEFT JOIN journal j ON j.seq = p.seq"
    " WHERE j.seq IS NULL",
)
_L3 = sql(
    "SELECT a.code, 'has', a.balance, 'but its postings sum to', coalesce(n.total, 0) FROM account a"
    " LEFT JOIN (SELECT account_id, sum(amount) AS total FROM posting GROUP BY account_id) n"
    " ON n.account_id = a.id WHERE a.balance <> coalesce(n.total, 0)",
    "SELECT a.code, 'does not end with its newest posting' FROM account a"
    " LEFT JOIN (SELECT account_id, max(seq) AS seq FROM posting GROUP BY account_id) n"
    " ON n.account_id = a.id WHERE a.last_seq <> coalesce(n.seq, 0)",
    "SELECT a.code, 'does not have its newest balance after' FROM account a"
    " LEFT JOIN posting p ON p.seq = a.last_seq AND p.account_id = a.id"
    " WHERE a.balance <> coalesce(p.balance_after, 0)",
    "SELECT 'posting', seq, line, 'does not continue its account' FROM (SELECT seq, line, prev_seq, amount,"
    " balance_after, coalesce(lag(seq) OVER chain, 0) AS seq_before,"
    " coalesce(lag(balance_after) OVER chain, 0) AS balance_before FROM posting"
    " WINDOW chain AS (PARTITION BY account_id ORDER BY seq, line)) c"
    " WHERE prev_seq <> seq_before OR balance_after <> balance_before + amount",
)
_L4 = sql(
    "SELECT a.code, 'holds', a.held, 'but open holds are', coalesce(sum(h.amount), 0) FROM account a"
    " LEFT JOIN hold h ON h.account_id = a.id AND h.state = 'open'"
    " GROUP BY a.id, a.code, a.held HAVING a.held <> coalesce(sum(h.amount), 0)",
)
_L5 = sql(
    "SELECT 'refused key', i.source, i.key, 'has an entry' FROM inbox i"
    " WHERE i.outcome <> 'ok' AND i.journal_seq IS NOT NULL",
    "SELECT 'refused message', i.message_id, 'has entry', j.seq FROM inbox i"
    " JOIN journal j ON j.source = i.message_id"
    " WHERE i.outcome <> 'ok' AND i.message_id <> ''",
    "SELECT 'key', i.source, i.key, 'names a missing entry' FROM inbox i"
    " LEFT JOIN journal j ON j.seq = i.journal_seq WHERE i.journal_seq IS NOT NULL AND j.seq IS NULL",
    "SELECT 'entry', journal_seq, 'belongs to', count(*), 'keys' FROM inbox WHERE journal_seq IS NOT NULL"
    " GROUP BY journal_seq HAVING count(*) > 1",
)
_L6 = sql(
    "SELECT 'the newest entry is', max(seq), 'of', count(*) FROM journal HAVING max(seq) <> count(*)",
    "SELECT 'operator time falls at entry', seq FROM"
    " (SELECT seq, op_us, lag(op_us) OVER (ORDER BY seq) AS before FROM journal) j WHERE op_us < before",
)
_L8 = sql(
    "SELECT code, 'is below its floor:', balance FROM account"
    " WHERE is_system = 0 AND balance - held < -credit_limit - forced_tiyn",
    "SELECT a.code, 'may pass its floor without a forced entry' FROM account a WHERE a.forced_tiyn > 0"
    " AND NOT EXISTS (SELECT 1 FROM posting p WHERE p.account_id = a.id AND p.forced = 1)",
)
_L9 = sql(
    "SELECT 'voucher', serial, 'is', state, 'with entry', redeemed_seq FROM voucher"
    " WHERE (state = 'used') <> (redeemed_seq IS NOT NULL)",
    "SELECT 'entry', redeemed_seq, 'redeems', count(*), 'vouchers' FROM voucher"
    " WHERE redeemed_seq IS NOT NULL GROUP BY redeemed_seq HAVING count(*) > 1",
    "SELECT 'voucher', v.serial, 'is used, but entry', v.redeemed_seq, 'does not pay its face' FROM voucher v"
    " JOIN voucher_batch b ON b.id = v.batch_id WHERE v.state = 'used' AND NOT EXISTS ("
    " SELECT 1 FROM posting p JOIN account a ON a.id = p.account_id WHERE p.seq = v.redeemed_seq"
    " AND a.kind = 'voucher_liability' AND a.owner = b.id AND p.amount = -b.face_value)",
    "SELECT 'batch', id, 'owes', owed, 'but its unused vouchers are worth', worth FROM ("
    " SELECT b.id, coalesce(max(a.balance), 0) AS owed,"
    " b.face_value * count(v.digest) AS worth FROM voucher_batch b"
    " LEFT JOIN voucher v ON v.batch_id = b.id AND v.state = 'unused'"
    " LEFT JOIN account a ON a.kind = 'voucher_liability' AND a.owner = b.id"
    " GROUP BY b.id, b.face_value) o WHERE owed <> worth",
)
_L10 = sql(
    "SELECT 'hold', id, 'is', state, 'with entry', posted_seq FROM hold"
    " WHERE (state = 'posted') <> (posted_seq IS NOT NULL)",
    "SELECT 'entry', posted_seq, 'settles', count(*), 'holds' FROM hold"
    " WHERE posted_seq IS NOT NULL GROUP BY posted_seq HAVING count(*) > 1",
    "SELECT 'hold', h.id, 'names a missing entry' FROM hold h LEFT JOIN journal j ON j.seq = h.posted_seq"
    " WHERE h.posted_seq IS NOT NULL AND j.seq IS NULL",
    "SELECT 'hold', h.id, 'of', h.amount, 'posted', -p.amount FROM hold h"
    " JOIN posting p ON p.seq = h.posted_seq AND p.account_id = h.account_id WHERE -p.amount > h.amount",
)
_L11 = sql(
    "SELECT 'entry', reverses_seq, 'is reversed', count(*), 'times' FROM journal"
    " WHERE reverses_seq IS NOT NULL GROUP BY reverses_seq HAVING count(*) > 1",
    "SELECT 'entry', r.seq, 'reverses a missing one' FROM journal r"
    " LEFT JOIN journal j ON j.seq = r.reverses_seq AND j.seq < r.seq"
    " WHERE r.reverses_seq IS NOT NULL AND j.seq IS NULL",
)
_L12 = sql(
    "SELECT 'message', m.id, 'waits without a promise' FROM message m"
    " LEFT JOIN outbox o ON o.message_id = m.id"
    " WHERE m.state IN ('SCHEDULED', 'ENROUTE') AND o.message_id IS NULL",
    "SELECT 'outbox row', o.message_id, 'has no waiting message' FROM outbox o"
    " LEFT JOIN message m ON m.id = o.message_id AND m.state IN ('SCHEDULED', 'ENROUTE')"
    " WHERE m.id IS NULL",
)
#: A price includes its VAT: who books VAT books the net beside it, and both have one sign.
_L13 = sql(
    "SELECT 'entry', seq, 'books VAT', vat, 'with net', net FROM (SELECT p.seq,"
    " sum(CASE WHEN a.kind = 'vat_payable' THEN p.amount ELSE 0 END) AS vat,"
    " sum(CASE WHEN a.kind = 'revenue' THEN p.amount ELSE 0 END) AS net,"
    " sum(CASE WHEN a.kind IN ('vat_payable', 'revenue') THEN 0 ELSE -p.amount END) AS gross"
    " FROM posting p JOIN account a ON a.id = p.account_id GROUP BY p.seq) e"
    " WHERE net + vat <> gross OR (vat > 0 AND net <= 0) OR (vat < 0 AND net >= 0)",
)
_KINDS = ", ".join(f"'{kind.value}'" for kind in AccountKind)
#: There are no company accounts yet. Whoever adds a kind of account meets this line, and says here what
#: keeps its transfers inside.
_L15 = sql(f"SELECT code, 'is of an unknown kind' FROM account WHERE kind NOT IN ({_KINDS})")  # noqa: S608 (an enum)

_ENTRIES = text(
    "SELECT j.seq, j.op_us, j.wall_us, j.reason, j.source, j.actor, j.reverses_seq, j.prev_hash, j.hash,"
    " a.code, p.amount, p.balance_after, p.forced FROM journal j"
    " LEFT JOIN posting p ON p.seq = j.seq LEFT JOIN account a ON a.id = p.account_id"
    " ORDER BY j.seq, p.line"
)


def _entries(connection: Connection) -> Iterator[Any]:
    """A row per posting, a thousand at a time; closed also where the reader has seen enough."""
    with connection.execute(_ENTRIES, execution_options={"yield_per": 1000}) as rows:
        yield from rows


def _l7(connection: Connection) -> Iterator[str]:
    """Each entry hashes to what it says, over the hash before it."""
    prev = GENESIS
    for seq, lines in groupby(_entries(connection), key=itemgetter(0)):
        entry = [tuple(line) for line in lines]
        numbers, words, reverses = entry[0][:3], entry[0][3:6], entry[0][6]
        prev_hash, found = entry[0][7:9]
        postings = [line[9:] for line in entry if line[9] is not None]
        said = entry_hash(prev, numbers, words, reverses, postings)
        if bytes(prev_hash) != prev or bytes(found) != said:
            yield f"the hash chain breaks at entry {seq}"
        prev = bytes(found)


def _l14(connection: Connection) -> Iterator[str]:
    """What a repeated key is answered with is still there, and answers that command."""
    rows = connection.execute(text("SELECT id, cause_id FROM message"))
    causes: dict[str, str] = {row.id: row.cause_id for row in rows}
    promised = text("SELECT source, key, message_id, reply_ids FROM inbox WHERE reply_ids <> ''")
    for source, key, message_id, replies in connection.execute(promised):
        for reply in replies.split():
            if causes.get(reply) is None or (message_id and causes[reply] != message_id):
                yield f"key {source} {key} promised reply {reply}, which is not its own"


def _l16(connection: Connection) -> Iterator[str]:
    """Replays all postings from nothing."""
    balances: dict[str, int] = {}
    for row in _entries(connection):
        if row[9] is not None:
            balances[row[9]] = balances.get(row[9], 0) + row[10]
    for code, balance in connection.execute(text("SELECT code, balance FROM account")):
        if balances.get(code, 0) != balance:
            yield f"{code} replays to {balances.get(code, 0)}, but has {balance}"


_INVARIANTS = (
    Invariant("L1", "every book sums to zero", _L1),
    Invariant("L2", "every entry sums to zero and has two lines or more", _L2),
    Invariant("L3", "every balance is the sum of its postings and the last one's balance after", _L3),
    Invariant("L4", "held money is that of open holds", _L4),
    Invariant("L5", "an accepted key has one entry at most, a refused key none", _L5),
    Invariant("L6", "the journal has no gap and operator time does not fall", _L6),
    Invariant("L7", "the hash chain verifies", _l7),
    Invariant("L8", "no account is below its floor", _L8),
    Invariant("L9", "a voucher is redeemed once, and the liability is the unused ones' worth", _L9),
    Invariant("L10", "a hold resolves once, and posts at most what was held", _L10),
    Invariant("L11", "an entry is reversed once at most", _L11),
    Invariant("L12", "every promised message has its outbox row", _L12),
    Invariant("L13", "net and VAT make the gross", _L13),
    Invariant("L14", "a repeated key gets the same reply", _l14),
    Invariant("L15", "company transfers stay inside", _L15),
    Invariant("L16", "the journal replays to the same balances", _l16),
    *BANK_INVARIANTS,
    *CALL_INVARIANTS,
    *PARKING_INVARIANTS,
)
