"""What the writer counts in memory between commits, read again whenever someone else may have written."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from json.encoder import encode_basestring_ascii as quoted

from sqlalchemy import func, select

from storage.driver import Driver
from storage.model import POSITION_MASK
from storage.tables import account, card_transaction, job, journal, message, outbox

#: What the first entry follows.
GENESIS = bytes(32)


@dataclass(slots=True)
class Head:
    """The last of each number in use, and the newest journal entry's operator time and hash."""

    seq: int
    op_us: int
    hash: bytes
    account_id: int
    position: int
    job_id: int
    card_transaction: int


def read_head(driver: Driver) -> Head:
    """Ask the database; inside a transaction of the writer."""
    newest = select(journal.c.seq, journal.c.op_us, journal.c.hash).order_by(journal.c.seq.desc()).limit(1)
    seq, op_us, digest = next(iter(driver.query(newest)), (0, 0, GENESIS))
    counted = (account.c.id, message.c.position, job.c.id, card_transaction.c.number)
    account_id, position, job_id, transaction = (
        driver.query(select(func.max(number)))[0][0] or 0 for number in counted
    )
    # A message that waited for its time got a position of its own when the time had come.
    promised = driver.query(select(func.max(outbox.c.position.bitwise_and(POSITION_MASK))))[0][0] or 0
    return Head(seq, op_us, bytes(digest), account_id, max(position, promised), job_id, transaction)


def entry_hash(
    prev: bytes,
    numbers: tuple[int, int, int],
    words: tuple[str, str, str],
    reverses_seq: int | None,
    lines: Iterable[tuple[str, int, int, int]],
) -> bytes:
    """SHA-256 over the hash before it and the entry as compact JSON.

    The JSON is ``[seq, op_us, wall_us, reason, source, actor, reverses_seq, [[account code, amount_tiyn,
    balance_after_tiyn, forced], ...]]``, as ``json.dumps`` writes it without spaces; put together by hand,
    since that takes a fifth of the time.
    """
    seq, op_us, wall_us = numbers
    reason, source, actor = map(quoted, words)
    reverses = "null" if reverses_seq is None else reverses_seq
    postings = ",".join(
        [f"[{quoted(code)},{amount},{after},{forced}]" for code, amount, after, forced in lines]
    )
    facts = f"[{seq},{op_us},{wall_us},{reason},{source},{actor},{reverses},[{postings}]]"
    return sha256(prev + facts.encode()).digest()
