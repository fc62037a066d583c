"""Holds inside a unit of work."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial

from sqlalchemy import select

from storage.driver import Driver, Lookup, Verb, Write
from storage.model import AccountKind, AccountRef, Hold, HoldState
from storage.row_map import RowMap
from storage.tables import account, hold

HOLD_INSERT = Write(Verb.INSERT, hold, tuple(hold.columns))
HOLD_RESOLVE = Write(Verb.UPDATE, hold, (hold.c.state, hold.c.posted_seq), (hold.c.id,))
_LOOKUP = Lookup(select(hold, account.c.kind, account.c.owner).join(account), (hold.c.id,))


class Holds:
    """An identity map of holds; the ledger writes them between its postings."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._rows = RowMap[str, Hold](partial(_load, driver))

    def get(self, hold_id: str) -> Hold | None:
        """The hold, or None."""
        return self._rows.get(hold_id)

    def prefetch(self, hold_ids: Iterable[str]) -> None:
        """Read many at once."""
        self._rows.prefetch(hold_ids)

    def add(self, new: Hold) -> None:
        """A new one. Raises Broken when the id is taken here; the database refuses one that is stored."""
        self._rows.add_unseen(new.id, new)

    def is_new(self, hold_id: str) -> bool:
        """True for one that was made in this unit of work."""
        return self._rows.is_new(hold_id)

    def put(self, changed: Hold) -> None:
        """Replace one."""
        self._rows.put(changed.id, changed)


def _load(driver: Driver, ids: Collection[str]) -> Iterator[tuple[str, Hold]]:
    for row in driver.lookup(_LOOKUP, [(hold_id,) for hold_id in ids]):
        number, _, amount, reason, source, expires_us, state, posted_seq, kind, owner = row
        yield (
            number,
            Hold(
                id=number,
                account=AccountRef(AccountKind(kind), owner),
                amount_tiyn=amount,
                reason=reason,
                source=source,
                expires_us=expires_us,
                state=HoldState(state),
                posted_seq=posted_seq,
            ),
        )
