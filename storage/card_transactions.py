"""What happened to cards, inside a unit of work: each transaction is settled once."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial

from sqlalchemy import Select, select, text

from storage.bank_model import Card, CardEventKind, CardTransaction, TransactionState
from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.head import Head
from storage.row_map import RowMap
from storage.tables import card_transaction as table

DAY_US = 86_400_000_000
#: All but ``number`` and ``day``, which are the store's own.
TRANSACTION_COLUMNS = tuple(column for column in table.columns if column.name not in ("number", "day"))
_KEPT = ("state", "hold_id", "answer_job", "purpose", "journal_seq", "settled_us")
_INSERT = Write(Verb.INSERT, table, (table.c.number, table.c.day, *TRANSACTION_COLUMNS))
_UPDATE = Write(
    Verb.UPDATE,
    table,
    tuple(table.c[name] for name in _KEPT),
    (table.c.code,),
    when=text("state IN ('authorised', 'unknown')"),
)
_LOOKUP = Lookup(select(*TRANSACTION_COLUMNS), (table.c.code,))
#: A card's top-ups of one day.
_PAID = Lookup(
    select(table.c.card_id, table.c.day, table.c.code, table.c.at_us, table.c.amount, table.c.state).where(
        text("kind = 'top_up'")
    ),
    (table.c.card_id, table.c.day),
)
_KINDS = {kind.value: kind for kind in CardEventKind}
_STATES = {state.value: state for state in TransactionState}
_WAITING = frozenset({TransactionState.AUTHORISED, TransactionState.UNKNOWN})
_PAID_STATES = frozenset({state.value for state in (*_WAITING, TransactionState.POSTED)})

#: Code, operator time (µs), amount (tiyn) and state of a top-up.
_TopUp = tuple[str, int, int, str]


class CardTransactions:
    """By code; the newest of a card; and what a card has paid since a moment."""

    def __init__(self, driver: Driver, head: Head) -> None:
        self._driver = driver
        self._head = head
        self._rows = RowMap[str, CardTransaction](partial(_load, driver))
        self._numbers: dict[str, int] = {}
        self._touched: dict[str, dict[str, None]] = {}
        self._paid: dict[tuple[str, int], list[_TopUp]] = {}

    def get(self, code: str) -> CardTransaction | None:
        """The transaction, or None."""
        return self._rows.get(code)

    def add(self, transaction: CardTransaction) -> None:
        """A new one. The database refuses a code that is taken; they are random enough not to look."""
        self._rows.add_unseen(transaction.code, transaction)
        self._head.card_transaction += 1
        self._numbers[transaction.code] = self._head.card_transaction
        self._touch(transaction)

    def put(self, transaction: CardTransaction) -> None:
        """What became of it. Raises Broken for one that is unknown, or settled already."""
        known = self._rows.get(transaction.code)
        if known is None or known.state not in _WAITING:
            raise Broken(f"card transaction {transaction.code} is not one that waits")
        self._rows.put(transaction.code, transaction)
        self._touch(transaction)

    def recent(self, card_id: str, limit: int) -> tuple[CardTransaction, ...]:
        """The newest of a card, newest first."""
        if limit <= 0:
            return ()
        mine = self._touched.get(card_id, {})
        stored = self._driver.query(newest_of(card_id).limit(limit))
        codes = [code for code in reversed(mine) if code in self._numbers]
        for row in stored:
            self._rows.seen(row[0], transaction_of(row))
            codes.append(row[0])
        found = map(self._rows.get, codes[:limit])
        return tuple(each for each in found if each is not None)

    def paid_since(self, cards: Iterable[Card], since_us: int, until_us: int) -> int:
        """Top-ups (tiyn) from these cards from one operator time to another that took money, or may have."""
        ids = [card.id for card in cards]
        days = range(since_us // DAY_US, until_us // DAY_US + 1)
        keys = [(card_id, day) for card_id in ids for day in days]
        self.prefetch_paid(keys)
        stored = sum(-amount for _, at_us, amount, _ in self._written(keys) if at_us >= since_us)
        return stored + sum(self._unwritten(card_id, since_us) for card_id in ids)

    def prefetch(self, codes: Iterable[str]) -> None:
        """Read many at once."""
        self._rows.prefetch(codes)

    def prefetch_paid(self, keys: Iterable[tuple[str, int]]) -> None:
        """Read the top-ups of many cards and days at once."""
        missing: dict[tuple[str, int], list[_TopUp]] = {key: [] for key in keys if key not in self._paid}
        if missing:
            # Each row once: SQLite gives one again for every key that only fills up its list of keys.
            for card_id, day, *top_up in dict.fromkeys(self._driver.lookup(_PAID, list(missing))):
                code, at_us, amount, state = top_up
                missing[card_id, day].append((code, at_us, amount, state))
            self._paid.update(missing)

    def flush(self) -> None:
        """After the entries that they name. Raises Broken where somebody else settled one."""
        if added := self._rows.added():
            numbers = self._numbers
            rows = [(numbers[each.code], each.at_us // DAY_US, *_row(each)) for each in added]
            self._driver.write(_INSERT, rows)
        changed = [_changes(each) for each in self._rows.changed()]
        if changed and self._driver.write(_UPDATE, changed) != len(changed):
            raise Broken("a card transaction was settled by somebody else")

    def _touch(self, transaction: CardTransaction) -> None:
        """What is stored of it is out of date from here on."""
        self._touched.setdefault(transaction.card_id, {})[transaction.code] = None

    def _written(self, keys: Iterable[tuple[str, int]]) -> Iterator[_TopUp]:
        for key in keys:
            touched = self._touched.get(key[0], ())
            for top_up in self._paid[key]:
                if top_up[3] in _PAID_STATES and top_up[0] not in touched:
                    yield top_up

    def _unwritten(self, card_id: str, since_us: int) -> int:
        """In tiyn."""
        paid = 0
        for code in self._touched.get(card_id, ()):
            each = self._rows.get(code)
            if each is not None and each.kind is CardEventKind.TOP_UP and each.at_us >= since_us:
                paid -= each.amount_tiyn if each.state.value in _PAID_STATES else 0
        return paid


def newest_of(card_id: str) -> Select[tuple[object, ...]]:
    """All of a card, newest first, from the index."""
    mine = select(*TRANSACTION_COLUMNS).where(table.c.card_id == card_id)
    return mine.order_by(table.c.day.desc(), table.c.number.desc())


def transaction_of(row: Row) -> CardTransaction:
    """The value of a row whose columns are ``TRANSACTION_COLUMNS``."""
    code, card_id, msisdn, kind, amount, venue, at_us, state, *rest = row
    hold_id, target, answer_job, purpose, source_id, journal_seq, settled_us = rest
    return CardTransaction(
        code=code,
        card_id=card_id,
        msisdn=msisdn,
        kind=_KINDS[kind],
        amount_tiyn=amount,
        venue=venue,
        at_us=at_us,
        state=_STATES[state],
        hold_id=hold_id,
        target=target,
        answer_job=answer_job,
        purpose=purpose,
        source_id=source_id,
        journal_seq=journal_seq,
        settled_us=settled_us,
    )


def _row(transaction: CardTransaction) -> Row:
    return (
        transaction.code,
        transaction.card_id,
        transaction.msisdn,
        transaction.kind.value,
        transaction.amount_tiyn,
        transaction.venue,
        transaction.at_us,
        transaction.state.value,
        transaction.hold_id,
        transaction.target,
        transaction.answer_job,
        transaction.purpose,
        transaction.source_id,
        transaction.journal_seq,
        transaction.settled_us,
    )


def _changes(transaction: CardTransaction) -> Row:
    return (
        transaction.state.value,
        transaction.hold_id,
        transaction.answer_job,
        transaction.purpose,
        transaction.journal_seq,
        transaction.settled_us,
        transaction.code,
    )


def _load(driver: Driver, codes: Collection[str]) -> Iterator[tuple[str, CardTransaction]]:
    for row in driver.lookup(_LOOKUP, [(code,) for code in codes]):
        yield row[0], transaction_of(row)
