"""The double-entry ledger inside a unit of work: entries, balances and holds.

Rules are checked here first, for clear errors, and again by the database's triggers, for certainty.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import case, literal, select

from rating.msisdn import Msisdn
from storage.accounts import Account, Accounts
from storage.driver import Driver, Row, Verb, Write
from storage.errors import Broken, FloorReached
from storage.head import Head, entry_hash
from storage.holds import HOLD_INSERT, HOLD_RESOLVE, Holds
from storage.model import BANK_KINDS, AccountKind, AccountRef, Balance, Entry, Hold, HoldState
from storage.tables import journal, posting
from storage.watches import Watches

_JOURNAL = Write(Verb.INSERT, journal, tuple(journal.columns))
_POSTING = Write(Verb.INSERT, posting, tuple(posting.columns))


class Ledger:
    """Money moves only by ``post`` and ``settle``; amounts in tiyn."""

    def __init__(
        self, driver: Driver, head: Head, watched: dict[str, int], *, now_us: int, wall_us: int
    ) -> None:
        self._driver = driver
        self._head = head
        self._watches = Watches(watched)
        self._now_us = now_us
        self._wall_us = wall_us
        self._accounts = Accounts(driver, head)
        self._holds = Holds(driver)
        self._journal: list[Row] = []
        self._entries: list[tuple[int, Entry]] = []
        self._resolved: list[Row] = []
        self._tape: list[tuple[Write, list[Row]]] = []

    def open(self, account: AccountRef, *, credit_limit_tiyn: int = 0) -> None:
        """Open an account without money. Raises Broken when it is open already."""
        if credit_limit_tiyn < 0:
            raise ValueError(f"a credit limit is zero or more, not {credit_limit_tiyn} tiyn")
        self._accounts.open(account, credit_limit_tiyn)

    def balance(self, account: AccountRef) -> Balance | None:
        """The money as this unit of work sees it; None while the account is not open."""
        found = self._accounts.find(account.code)
        return Balance(found.balance, found.held, found.credit_limit) if found else None

    def post(self, entry: Entry) -> int:
        """Write a journal entry and return its sequence number.

        Raises ValueError for lines that do not make an entry, FloorReached when an account does not cover
        a debit (nothing has changed then), Broken for a subscriber's account that is not open.
        """
        return self._apply(entry, self._covered(entry))

    def hold(self, hold: Hold) -> None:
        """Set money aside. Raises FloorReached when the account does not cover it."""
        account = self._accounts.need(hold.account)
        if hold.amount_tiyn <= 0 or hold.state is not HoldState.OPEN:
            raise ValueError("a new hold is open and of more than nothing")
        if not account.is_system and _available(account) < hold.amount_tiyn:
            raise FloorReached(account.code)
        self._holds.add(hold)
        account.held += hold.amount_tiyn
        row = (hold.id, account.id, hold.amount_tiyn, hold.reason, hold.source, hold.expires_us, "open", None)
        self._write(HOLD_INSERT, row)

    def hold_of(self, hold_id: str) -> Hold | None:
        """The hold in its present state, or None."""
        return self._holds.get(hold_id)

    def settle(self, hold_id: str, entry: Entry) -> int:
        """Post at most what was held; the rest is free again with the same entry.

        Raises ValueError when the entry takes more from the account, Broken when the hold is not open.
        """
        hold, account = self._open_hold(hold_id)
        taken = -sum(line.amount_tiyn for line in entry.lines if line.account.code == account.code)
        if not 0 <= taken <= hold.amount_tiyn:
            raise ValueError(f"hold {hold_id} covers {hold.amount_tiyn} tiyn, the entry takes {taken}")
        account.held -= hold.amount_tiyn
        try:
            accounts = self._covered(entry)
        except BaseException:
            account.held += hold.amount_tiyn
            raise
        self._resolve(hold, HoldState.POSTED, self._head.seq + 1)
        return self._apply(entry, accounts)

    def void(self, hold_id: str, *, expired: bool = False) -> None:
        """Free the money again. Raises Broken when the hold is not open."""
        hold, account = self._open_hold(hold_id)
        account.held -= hold.amount_tiyn
        self._resolve(hold, HoldState.EXPIRED if expired else HoldState.VOIDED, None)

    def recent_debits(self, msisdn: Msisdn, limit: int) -> list[tuple[int, str, int]]:
        """Operator time, reason and amount (tiyn, negative) of the newest debits of the main account."""
        ref = AccountRef(AccountKind.MAIN, msisdn)
        account = self._accounts.find(ref.code)
        if account is None or limit <= 0:
            return []
        found = list(self._unwritten_debits(ref, limit))
        return found + self._written_debits(account, limit - len(found))

    def watch(self, account: AccountRef, floor_tiyn: int | None) -> None:
        """From the commit on notice debits that take the balance below the floor; None for no more."""
        self._watches.put(account, floor_tiyn)

    def take_fallen(self) -> list[str]:
        """Owners of watched accounts that fell below their floors since this was asked last, each once."""
        return self._watches.take()

    def remember(self) -> None:
        """It is committed: what is watched from now on."""
        self._watches.commit()

    def prefetch_holds(self, hold_ids: Iterable[str]) -> None:
        """Read many at once."""
        self._holds.prefetch(hold_ids)

    def accounts_of(self, hold_ids: Iterable[str]) -> frozenset[AccountRef]:
        """The accounts of those holds that exist among these ids: they are about to be needed."""
        return frozenset(hold.account for hold in map(self._holds.get, hold_ids) if hold is not None)

    def prefetch(self, accounts: Iterable[AccountRef]) -> None:
        """Read many accounts at once."""
        self._accounts.prefetch([account.code for account in accounts])

    def flush(self) -> None:
        """Accounts, then holds and postings in the order in which they happened, then the entries.

        Stored holds that are resolved come first of these, all at once: money that is free earlier breaks no
        rule, and the postings stay together.
        """
        self._accounts.flush()
        if self._resolved:
            self._driver.write(HOLD_RESOLVE, self._resolved)
        for write, rows in self._tape:
            self._driver.write(write, rows)
        if self._journal:
            self._driver.write(_JOURNAL, self._journal)

    def _covered(self, entry: Entry) -> list[Account]:
        """The lines' accounts, all checks done and nothing changed."""
        accounts = [self._accounts.need(line.account) for line in entry.lines]
        if len({account.id for account in accounts}) != len(accounts) or len(accounts) < 2:
            raise ValueError("an entry has two lines or more, each of another account")
        total = bank = 0
        for account, line in zip(accounts, entry.lines, strict=True):
            amount = line.amount_tiyn
            if amount == 0:
                raise ValueError(f"the line of {account.code} moves nothing")
            total += amount
            if line.account.kind in BANK_KINDS:
                bank += amount
            if amount < 0 and not account.is_system and not entry.force and _available(account) + amount < 0:
                raise FloorReached(account.code)
        if total != 0:
            raise ValueError(f"the lines of an entry sum to zero, not {total} tiyn")
        if bank != 0:
            raise ValueError(f"the lines of an entry sum to zero in each book, not {bank} tiyn in the bank's")
        return accounts

    def _apply(self, entry: Entry, accounts: list[Account]) -> int:
        head = self._head
        head.seq = seq = head.seq + 1
        head.op_us = max(self._now_us, head.op_us)
        forced = int(entry.force)
        lines: list[tuple[str, int, int, int]] = []
        watches = self._watches if self._watches.any else None
        rows = self._run(_POSTING)
        for number, (account, line) in enumerate(zip(accounts, entry.lines, strict=True), 1):
            amount = line.amount_tiyn
            account.balance = after = account.balance + amount
            rows.append((seq, number, account.id, amount, after, account.last_seq, forced))
            account.last_seq = seq
            lines.append((account.code, amount, after, forced))
            if watches and amount < 0:
                watches.notice(account.code, line.account.owner, after - amount, after)
        self._close(entry, lines)
        return seq

    def _close(self, entry: Entry, lines: list[tuple[str, int, int, int]]) -> None:
        """The journal row, chained to the one before it."""
        head, prev = self._head, self._head.hash
        numbers = (head.seq, head.op_us, self._wall_us)
        words = (entry.reason, entry.source, entry.actor)
        head.hash = entry_hash(prev, numbers, words, entry.reverses_seq, lines)
        self._journal.append((*numbers, *words, entry.reverses_seq, prev, head.hash))
        self._entries.append((head.op_us, entry))

    def _open_hold(self, hold_id: str) -> tuple[Hold, Account]:
        hold = self._holds.get(hold_id)
        if hold is None or hold.state is not HoldState.OPEN:
            raise Broken(f"hold {hold_id} is not open")
        return hold, self._accounts.need(hold.account)

    def _resolve(self, hold: Hold, state: HoldState, seq: int | None) -> None:
        self._holds.put(hold._replace(state=state, posted_seq=seq))
        row = (state.value, seq, hold.id)
        if self._holds.is_new(hold.id):
            self._write(HOLD_RESOLVE, row)
        else:
            self._resolved.append(row)

    def _write(self, write: Write, row: Row) -> None:
        self._run(write).append(row)

    def _run(self, write: Write) -> list[Row]:
        """The rows of the running statement. What happened in between must stay in between."""
        if not self._tape or self._tape[-1][0] is not write:
            self._tape.append((write, []))
        return self._tape[-1][1]

    def _unwritten_debits(self, ref: AccountRef, limit: int) -> Iterator[tuple[int, str, int]]:
        for op_us, entry in reversed(self._entries):
            for line in entry.lines:
                if line.account == ref and line.amount_tiyn < 0 and limit > 0:
                    limit -= 1
                    yield op_us, entry.reason, line.amount_tiyn

    def _written_debits(self, account: Account, limit: int) -> list[tuple[int, str, int]]:
        """Walk the account's chain of postings backwards, no further than needed."""
        if limit <= 0 or account.flushed_seq == 0:
            return []
        mine = posting.c.account_id == literal(account.id)
        step = case((posting.c.amount < 0, 1), else_=0)
        wanted = (posting.c.seq, posting.c.prev_seq, posting.c.amount)
        newest = select(*wanted, step.label("debits")).where(mine, posting.c.seq == account.flushed_seq)
        chain = newest.cte("chain", recursive=True)
        before = (
            select(*wanted, chain.c.debits + step)
            .join(chain, (posting.c.seq == chain.c.prev_seq) & mine)
            .where(chain.c.debits < limit)
        )
        chain = chain.union_all(before)
        found = (
            select(journal.c.op_us, journal.c.reason, chain.c.amount)
            .join(chain, journal.c.seq == chain.c.seq)
            .where(chain.c.amount < 0)
            .order_by(chain.c.seq.desc())
        )
        return [(op_us, reason, amount) for op_us, reason, amount in self._driver.query(found)]


def _available(account: Account) -> int:
    """What can be spent, in tiyn."""
    available: int = account.balance - account.held + account.credit_limit
    return available
