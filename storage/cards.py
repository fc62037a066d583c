"""Bank cards inside a unit of work. Card numbers exist here only as keyed digests."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial

from sqlalchemy import select

from rating.msisdn import Msisdn
from storage.bank_model import Card, CardState, CardTransaction
from storage.card_transactions import DAY_US, CardTransactions
from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.head import Head
from storage.model import AccountRef
from storage.row_map import RowGroups, RowMap
from storage.tables import card as table

CARD_COLUMNS = tuple(table.columns)
_INSERT = Write(Verb.INSERT, table, CARD_COLUMNS)
_UPDATE = Write(Verb.UPDATE, table, (table.c.state,), (table.c.id,))
_LOOKUP = Lookup(select(*CARD_COLUMNS), (table.c.id,))
_BY_HOLDER = Lookup(select(*CARD_COLUMNS), (table.c.msisdn,))
_BY_PAN = Lookup(select(*CARD_COLUMNS), (table.c.pan_digest,))
_STATES = {state.value: state for state in CardState}


class Cards:
    """Cards by id, holder and digest of the number, with their transactions by code."""

    def __init__(self, driver: Driver, head: Head, *, now_us: int) -> None:
        self._driver = driver
        self._now_us = now_us
        self._rows = RowMap[str, Card](partial(_load, driver))
        self._by_holder = RowGroups[Msisdn, str, Card](self._rows, partial(_load_holders, driver))
        self._by_pan = RowGroups[bytes, str, Card](self._rows, partial(_load_pans, driver))
        self._transactions = CardTransactions(driver, head)

    def get(self, card_id: str) -> Card | None:
        """The card, or None."""
        return self._rows.get(card_id)

    def of(self, msisdn: Msisdn) -> tuple[Card, ...]:
        """A subscriber's cards, oldest first, also disabled ones."""
        return self._by_holder.of(msisdn)

    def by_pan(self, digest: bytes) -> Card | None:
        """The card whose number has this digest, or None."""
        return next(iter(self._by_pan.of(digest)), None)

    def add(self, card: Card) -> None:
        """A new card. Raises Broken when its id or its number is taken."""
        if self.by_pan(card.pan_digest) is not None:
            raise Broken("there is a card with this number already")
        self._rows.add(card.id, card)
        self._by_holder.add(card.msisdn, card.id)
        self._by_pan.add(card.pan_digest, card.id)

    def put(self, card: Card) -> None:
        """Its state changed; all else stays. Raises Broken for an unknown card, or another's number."""
        known = self._rows.get(card.id)
        if known is None or (known.msisdn, known.pan_digest) != (card.msisdn, card.pan_digest):
            raise Broken(f"there is no card {card.id} of this holder with this number")
        self._rows.put(card.id, card)

    def transaction(self, code: str) -> CardTransaction | None:
        """The transaction with this code, or None."""
        return self._transactions.get(code)

    def add_transaction(self, transaction: CardTransaction) -> None:
        """A new transaction. Raises Broken when its code is taken here; the commit does for a stored one."""
        self._transactions.add(transaction)

    def put_transaction(self, transaction: CardTransaction) -> None:
        """What became of one that waits. Raises Broken when it is unknown, or settled already."""
        self._transactions.put(transaction)

    def recent(self, card_id: str, limit: int) -> tuple[CardTransaction, ...]:
        """A card's newest transactions, newest first."""
        return self._transactions.recent(card_id, limit)

    def paid_since(self, msisdn: Msisdn, since_us: int) -> int:
        """Top-ups (tiyn) from this subscriber's cards since an operator time.

        They count while they are authorised, posted or unknown; what was voided took nothing.
        """
        return self._transactions.paid_since(self.of(msisdn), since_us, self._now_us)

    def prefetch(self, ids: Iterable[str]) -> None:
        """Read many at once."""
        self._rows.prefetch(ids)

    def prefetch_holders(self, msisdns: Collection[Msisdn]) -> None:
        """Read the cards of many subscribers, and what those paid in the last 24 hours, each at once."""
        if not msisdns:
            return
        self._by_holder.prefetch(msisdns)
        today, yesterday = self._now_us // DAY_US, (self._now_us - DAY_US) // DAY_US
        cards = [card.id for msisdn in msisdns for card in self.of(msisdn)]
        self._transactions.prefetch_paid((card_id, day) for card_id in cards for day in (yesterday, today))

    def prefetch_transactions(self, codes: Collection[str]) -> None:
        """Read many transactions, and their cards, each at once."""
        if codes:
            self._transactions.prefetch(codes)
            self._rows.prefetch({found.card_id for found in self.named(codes)})

    def named(self, codes: Iterable[str]) -> list[CardTransaction]:
        """Those transactions that exist among these codes: what they name is about to be needed."""
        return [found for found in map(self._transactions.get, codes) if found is not None]

    def accounts(self, msisdns: Iterable[Msisdn], ids: Iterable[str]) -> frozenset[AccountRef]:
        """Where the money of these holders' cards, and of these cards, is: it is about to be needed."""
        held = (card for msisdn in msisdns for card in self.of(msisdn))
        named = (card for card in map(self._rows.get, ids) if card is not None)
        return frozenset(card.account for cards in (held, named) for card in cards)

    def flush(self) -> None:
        """Cards before their transactions."""
        if added := self._rows.added():
            self._driver.write(_INSERT, [_row(card) for card in added])
        if changed := self._rows.changed():
            self._driver.write(_UPDATE, [(card.state.value, card.id) for card in changed])
        self._transactions.flush()


def card_of(row: Row) -> Card:
    """The value of a row whose columns are ``CARD_COLUMNS``."""
    number, bank, pan_digest, last6, msisdn, state, created_us = row
    return Card(
        id=number,
        bank=bank,
        pan_digest=pan_digest,
        last6=last6,
        msisdn=msisdn,
        state=_STATES[state],
        created_us=created_us,
    )


def _row(card: Card) -> Row:
    return card.id, card.bank, card.pan_digest, card.last6, card.msisdn, card.state.value, card.created_us


def _read(driver: Driver, lookup: Lookup, keys: Iterable[object]) -> list[Card]:
    """Oldest first."""
    found = [card_of(row) for row in driver.lookup(lookup, [(key,) for key in keys])]
    return sorted(found, key=lambda card: (card.created_us, card.id))


def _load(driver: Driver, ids: Collection[str]) -> Iterator[tuple[str, Card]]:
    return ((card.id, card) for card in _read(driver, _LOOKUP, ids))


def _load_holders(driver: Driver, msisdns: Collection[Msisdn]) -> Iterator[tuple[Msisdn, str, Card]]:
    return ((card.msisdn, card.id, card) for card in _read(driver, _BY_HOLDER, msisdns))


def _load_pans(driver: Driver, digests: Collection[bytes]) -> Iterator[tuple[bytes, str, Card]]:
    return ((card.pan_digest, card.id, card) for card in _read(driver, _BY_PAN, digests))
