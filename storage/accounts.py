"""Accounts inside a unit of work: their money as it will be after the commit."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial

from sqlalchemy import select

from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.head import Head
from storage.model import AccountRef
from storage.row_map import RowMap
from storage.tables import account as table

_INSERT = Write(Verb.INSERT, table, tuple(table.columns))
_READ = ("id", "code", "is_system", "balance", "held", "credit_limit", "last_seq")
_LOOKUP = Lookup(select(*(table.c[name] for name in _READ)), (table.c.code,))


class Account:
    """One account, mutable: the ledger moves it with each posting. Money in tiyn."""

    __slots__ = ("balance", "code", "credit_limit", "flushed_seq", "held", "id", "is_system", "last_seq")

    def __init__(self, row: Row) -> None:
        (self.id, self.code, self.is_system, self.balance, self.held, self.credit_limit, self.last_seq) = row
        self.flushed_seq: int = self.last_seq


class Accounts:
    """Finds, opens and writes accounts; the key is the account's code."""

    def __init__(self, driver: Driver, head: Head) -> None:
        self._driver = driver
        self._head = head
        self._rows = RowMap[str, Account](partial(_load, driver))
        self._new: list[Row] = []

    def find(self, code: str) -> Account | None:
        """The account, or None while it is not open."""
        return self._rows.get(code)

    def need(self, ref: AccountRef) -> Account:
        """The account; a system account opens itself. Raises Broken for another that is not open."""
        account = self._rows.get(ref.code)
        if account is not None:
            return account
        if not ref.kind.is_system:
            raise Broken(f"account {ref.code} is not open")
        return self.open(ref, 0)

    def open(self, ref: AccountRef, credit_limit_tiyn: int) -> Account:
        """A new account without money. Raises Broken when it is open already."""
        self._head.account_id += 1
        number, is_system = self._head.account_id, int(ref.kind.is_system)
        account = Account((number, ref.code, is_system, 0, 0, credit_limit_tiyn, 0))
        self._rows.add(ref.code, account)
        row = (number, ref.code, ref.kind.value, ref.owner, is_system, 0, 0, credit_limit_tiyn, 0, 0, "open")
        self._new.append(row)
        return account

    def prefetch(self, codes: Iterable[str]) -> None:
        """Read many at once."""
        self._rows.prefetch(codes)

    def flush(self) -> None:
        """Write the new ones. Triggers move their balances when the postings follow."""
        if self._new:
            self._driver.write(_INSERT, self._new)


def _load(driver: Driver, codes: Collection[str]) -> Iterator[tuple[str, Account]]:
    for row in driver.lookup(_LOOKUP, [(code,) for code in codes]):
        yield row[1], Account(row)
