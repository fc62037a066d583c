"""Every command is done once: which submit is a repeat of an earlier one (ledger.md "inbox").

A ``user_message_reference`` or the sequence number names a submit on a live session. When a session
dies without an unbind, its peer cannot know what was done: for two minutes the same content coming on
another session of that account is the same command. A session that unbound had all of its responses.

Sequence numbers start anew and references have 16 bits, so a name holds for two minutes only: its inbox
key carries the two-minute interval of the wall clock that it came in.
"""

from collections import deque

from gateway.work import InboxKey
from storage.model import Inbox
from storage.unit_of_work import UnitOfWork

WINDOW_US = 120 * 1_000_000
_PRUNE_US = 1_000_000
#: What a dead session may have left without a response that arrived: some windows full, and socket buffers.
_UNHEARD_MAX = 5_000
#: What the inbox says of a dialled menu, of which nothing was carried out yet.
ASKED = "asked"


class Repeats:
    """Keeps the recent commands of dead sessions in memory; everything else is in the inbox."""

    def __init__(self) -> None:
        #: By content, the oldest first: a session may have sent the same more than once, each time a command
        #: of its own.
        self._orphans: dict[bytes, deque[Inbox]] = {}
        #: Which command took up which orphan. It stays, because the batch that did so may be rolled back.
        self._taken: dict[tuple[str, str], Inbox] = {}
        self._pruned_us = 0

    def clear(self) -> None:
        """Forget all."""
        self._orphans.clear()
        self._taken.clear()

    def session_died(self, uow: UnitOfWork, session_id: str) -> None:
        """Remember what the session sent last: it may come again.

        A menu that was dialled may just as well be dialled anew: it shows the same, and does nothing.
        """
        self._prune(uow.wall_us)
        for row in uow.inbox.of_source(session_source(session_id), uow.wall_us - WINDOW_US, _UNHEARD_MAX):
            if row.outcome != ASKED:
                self._orphans.setdefault(row.request_hash, deque()).append(row)

    def find(
        self, key: InboxKey, uow: UnitOfWork, *, fresh: bool = False, orphans: bool = True
    ) -> Inbox | None:
        """The earlier command that this one repeats; ``fresh``: none under its own key; without ``orphans``
        none of a session that died.
        """
        for name in () if fresh else bucketed(key, uow.wall_us):
            earlier = uow.inbox.get(key.source, name)
            if earlier is not None and _is_recent(earlier, uow.wall_us):
                return earlier
        return self._orphan(key, uow) if orphans and (self._orphans or self._taken) else None

    def _orphan(self, key: InboxKey, uow: UnitOfWork) -> Inbox | None:
        """An orphan answers one repeat; the repeat's own row makes it last should that session die too.

        That row tells the orphan's outcome again, without its entry, which has one key only (invariant L5).
        """
        orphan = self._free_orphan(key, uow.wall_us)
        if orphan is None:
            return None
        named = current(key, uow.wall_us)
        uow.inbox.add(
            orphan._replace(
                source=named.source,
                key=named.key,
                journal_seq=None,
                wall_us=uow.wall_us,
            )
        )
        return orphan

    def _free_orphan(self, key: InboxKey, wall_us: int) -> Inbox | None:
        taker = (key.source, key.key)
        taken = self._taken.get(taker)
        if taken is not None and _is_recent(taken, wall_us):
            return taken
        free = self._orphans.get(key.request_hash, ())
        while free and not _is_recent(free[0], wall_us):
            free.popleft()
        if not free or free[0].source == key.source:
            return None
        self._taken[taker] = orphan = free.popleft()
        return orphan

    def _prune(self, wall_us: int) -> None:
        """Rows of one content are in the order of their times, but for sessions that died at one time.

        Once a second at most: many sessions may die together.
        """
        if abs(wall_us - self._pruned_us) < _PRUNE_US:
            return
        self._pruned_us = wall_us
        for content, free in list(self._orphans.items()):
            if not free or not _is_recent(free[-1], wall_us):
                del self._orphans[content]
        for taker, row in list(self._taken.items()):
            if not _is_recent(row, wall_us):
                del self._taken[taker]


def bucketed(key: InboxKey, wall_us: int) -> tuple[str, str]:
    """The inbox keys under which a repeat of up to two minutes ago stands: this interval, the one before."""
    bucket = wall_us // WINDOW_US
    return f"{key.key}:{bucket}", f"{key.key}:{bucket - 1}"


def current(key: InboxKey, wall_us: int) -> InboxKey:
    """The key with the interval of now."""
    return InboxKey(key.source, f"{key.key}:{wall_us // WINDOW_US}", key.request_hash)


def session_source(session_id: str) -> str:
    """The inbox source of commands named by a session's sequence numbers."""
    return f"smpp:{session_id}"


def _is_recent(row: Inbox, wall_us: int) -> bool:
    return wall_us - row.wall_us <= WINDOW_US
