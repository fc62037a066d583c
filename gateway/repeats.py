"""Every command is done once: which submit is a repeat of an earlier one (ledger.md "inbox").

A ``user_message_reference`` or the sequence number names a submit on a live session. When a session
dies without an unbind, its peer cannot know what was done: for two minutes the same content coming on
another session of that account is the same command. A session that unbound had all of its responses.
"""

from gateway.work import InboxKey
from storage.model import Inbox
from storage.unit_of_work import UnitOfWork

WINDOW_US = 120 * 1_000_000


class Repeats:
    """Keeps the recent commands of dead sessions in memory; everything else is in the inbox."""

    def __init__(self) -> None:
        self._orphans: dict[bytes, Inbox] = {}

    def clear(self) -> None:
        """Forget all."""
        self._orphans.clear()

    def session_died(self, uow: UnitOfWork, session_id: str) -> None:
        """Remember what the session sent last: it may come again."""
        self._prune(uow.wall_us)
        for row in uow.inbox.of_source(session_source(session_id), uow.wall_us - WINDOW_US):
            self._orphans[row.request_hash] = row

    def find(self, key: InboxKey, uow: UnitOfWork, wall_us: int) -> Inbox | None:
        """The earlier command that this one repeats. An orphan answers one repeat, then it is settled."""
        earlier = uow.inbox.get(key.source, key.key)
        if earlier is not None:
            return earlier
        if not self._orphans:
            return None
        orphan = self._orphans.get(key.request_hash)
        if orphan is None or orphan.source == key.source:
            return None
        del self._orphans[key.request_hash]
        return orphan if wall_us - orphan.wall_us <= WINDOW_US else None

    def _prune(self, wall_us: int) -> None:
        old = [each for each, row in self._orphans.items() if wall_us - row.wall_us > WINDOW_US]
        for each in old:
            del self._orphans[each]


def session_source(session_id: str) -> str:
    """The inbox source of commands named by a session's sequence numbers."""
    return f"smpp:{session_id}"
