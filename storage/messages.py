"""Messages and the outbox inside a unit of work. Outbox rows live until their message is final."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from operator import attrgetter

from sqlalchemy import select, text

from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.head import Head
from storage.model import Direction, Message, MessageState, Outbox
from storage.row_map import RowMap
from storage.tables import message as table
from storage.tables import message_end, outbox

MESSAGE_COLUMNS = tuple(table.columns)[1:]
OUTBOX_COLUMNS = tuple(outbox.columns)
_INSERT = Write(Verb.INSERT, table, tuple(table.columns))
_OPEN = text("state IN ('SCHEDULED', 'ENROUTE')")
_CHANGE_COLUMNS = (table.c.state, table.c.error, table.c.updated_us, table.c.attempts)
_CHANGE = Write(Verb.UPDATE, table, _CHANGE_COLUMNS, (table.c.id,), when=_OPEN)
_END = Write(
    Verb.UPDATE, table, (table.c.state, table.c.error, table.c.updated_us), (table.c.id,), when=_OPEN
)
_ENDS = Write(Verb.INSERT, message_end, tuple(message_end.columns))
_LOOKUP = Lookup(select(*MESSAGE_COLUMNS), (table.c.id,))
_PROMISE = Write(Verb.INSERT, outbox, OUTBOX_COLUMNS)
_DELAY = Write(Verb.UPDATE, outbox, (outbox.c.due_us, outbox.c.attempts), (outbox.c.message_id,))
_FORGET = Write(Verb.DELETE, outbox, keys=(outbox.c.message_id,))

_DIRECTIONS = {each.value: each for each in Direction}
_STATES = {each.value: each for each in MessageState}
_DIRECTION_AT, _STATE_AT, _TEXT_AT = map(Message._fields.index, ("direction", "state", "text"))


def message_of(row: Row) -> Message:
    """The value of a row whose columns are ``MESSAGE_COLUMNS``, which are Message's fields in order."""
    return Message._make(row)._replace(
        direction=_DIRECTIONS[row[_DIRECTION_AT]], state=_STATES[row[_STATE_AT]]
    )


def outbox_of(row: Row) -> Outbox:
    """The value of a row whose columns are ``OUTBOX_COLUMNS``, which are Outbox's fields in order."""
    return Outbox._make(row)


def _storable(row: Row) -> Row:
    """Puts a visible sign for what a database cannot keep in a text: NUL, and halves of surrogate pairs.

    The PDUs beside it keep the octets as they were.
    """
    said: str = row[_TEXT_AT + 1]
    if said.isprintable():
        return row
    whole = said.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return (*row[: _TEXT_AT + 1], whole.replace("\0", "\u2400"), *row[_TEXT_AT + 2 :])


class Messages:
    """``add`` promises, ``retry`` and ``finish`` say what became of it."""

    def __init__(self, driver: Driver, head: Head, *, now_us: int) -> None:
        self._driver = driver
        self._head = head
        self._now_us = now_us
        self._rows = RowMap[str, Message](partial(_load, driver))
        self._new: dict[str, int] = {}
        self._promised: dict[str, Outbox] = {}
        self._ended: dict[str, Row] = {}
        self._ends: list[Row] = []
        self._delayed: dict[str, Row] = {}
        self._finished: dict[str, None] = {}

    def get(self, message_id: str) -> Message | None:
        """The message as this unit of work sees it, or None."""
        message = self._rows.get(message_id)
        if message is not None and not message.state.is_final and message_id in self._ended:
            state, error, updated_us, _ = self._ended[message_id]
            return message._replace(state=_STATES[state], error=error, updated_us=updated_us)
        return message

    def add(self, message: Message, outbox: Outbox | None = None) -> Outbox | None:
        """Keep a message and, where it is to be delivered, the promise of that: returned with its position.

        Raises ValueError for a mobile-terminated message that waits without a promise, or a final one
        with one; Broken at commit when the id is taken.
        """
        waits = not message.state.is_final
        if (outbox is not None) != waits and (outbox is not None or message.direction is Direction.MT):
            raise ValueError(f"message {message.id}: an outbox row goes with a state that is not final")
        self._head.position = position = self._head.position + 1
        self._rows.add_unseen(message.id, message)
        self._new[message.id] = position
        self._ends.append((message.source, position))
        if message.destination != message.source:
            self._ends.append((message.destination, position))
        if outbox is None:
            return None
        promised = self._promised[message.id] = outbox._replace(position=position)
        return promised

    def finish(self, message_id: str, state: MessageState, *, error: str = "") -> None:
        """Give a message its final state and forget its promise.

        A message that is final already stays as it is: the first word counts. Raises ValueError for a
        state that is not final, Broken for an unknown message.
        """
        if not state.is_final:
            raise ValueError(f"{state} is not final")
        message = self._known(message_id)
        if message.state.is_final:
            return
        self._put(message._replace(state=state, error=error, updated_us=self._now_us))
        self._delayed.pop(message_id, None)
        if self._promised.pop(message_id, None) is None:
            self._finished[message_id] = None

    def finish_unread(self, message_id: str, state: MessageState, *, error: str = "") -> None:
        """As ``finish``, without reading the message first: for the many whose end nobody waits for.

        A message that is unknown or final stays as it is. Raises ValueError for a state that is not final.
        """
        if self._rows.knows(message_id):
            self.finish(message_id, state, error=error)
            return
        if not state.is_final:
            raise ValueError(f"{state} is not final")
        self._ended.setdefault(message_id, (state._value_, error, self._now_us, message_id))
        self._finished[message_id] = None

    def retry(self, message_id: str, *, due_us: int, error: str) -> None:
        """One more try was in vain; the next is due at an operator time. Does nothing to a final message.

        Raises Broken for an unknown message.
        """
        message = self._known(message_id)
        if message.state.is_final:
            return
        attempts = message.attempts + 1
        self._put(message._replace(error=error, updated_us=self._now_us, attempts=attempts))
        if promised := self._promised.get(message_id):
            self._promised[message_id] = promised._replace(due_us=due_us, attempts=attempts)
        else:
            self._delayed[message_id] = (due_us, attempts, message_id)

    def expired(self, now_us: int, limit: int) -> list[Outbox]:
        """Promises whose validity ended at or before an operator time, the oldest end first."""
        stored = select(*OUTBOX_COLUMNS).where(outbox.c.expires_us <= now_us).order_by(outbox.c.expires_us)
        rows = self._driver.query(stored.limit(limit + len(self._finished)))
        found = [outbox_of(row) for row in rows if row[0] not in self._finished]
        found += [promise for promise in self._promised.values() if promise.expires_us <= now_us]
        return sorted(found, key=attrgetter("expires_us", "position"))[:limit]

    def promises(self, lane: str) -> list[Outbox]:
        """The open promises of one lane, in order."""
        stored = select(*OUTBOX_COLUMNS).where(outbox.c.lane == lane)
        found = [outbox_of(row) for row in self._driver.query(stored) if row[0] not in self._finished]
        found += [promise for promise in self._promised.values() if promise.lane == lane]
        return sorted(found, key=attrgetter("position"))

    def next_expiry_us(self, after_us: int) -> int | None:
        """The earliest end of a promise after an operator time, or None."""
        later = select(outbox.c.expires_us).where(outbox.c.expires_us > after_us)
        if self._finished:
            later = later.where(outbox.c.message_id.not_in(list(self._finished)))
        ends = [row[0] for row in self._driver.query(later.order_by(outbox.c.expires_us).limit(1))]
        ends += [o.expires_us for o in self._promised.values() if o.expires_us > after_us]
        return min(ends, default=None)

    def prefetch(self, ids: Iterable[str]) -> None:
        """Read many at once."""
        self._rows.prefetch(ids)

    def flush(self) -> None:
        """New messages before their promises, changes, delays, and the promises kept."""
        write = self._driver.write
        if added := self._rows.added():
            write(_INSERT, [_storable((self._new[m.id], *m)) for m in added])
            write(_ENDS, self._ends)
        if self._promised:
            write(_PROMISE, list(self._promised.values()))
        if changed := self._rows.changed():
            rows = [(m.state._value_, m.error, m.updated_us, m.attempts, m.id) for m in changed]
            write(_CHANGE, rows)
        if self._ended:
            write(_END, list(self._ended.values()))
        if self._delayed:
            write(_DELAY, list(self._delayed.values()))
        if self._finished:
            write(_FORGET, [(message_id,) for message_id in self._finished])

    def _known(self, message_id: str) -> Message:
        message = self.get(message_id)
        if message is None:
            raise Broken(f"there is no message {message_id}")
        return message

    def _put(self, message: Message) -> None:
        self._rows.put(message.id, message)


def _load(driver: Driver, ids: Collection[str]) -> Iterator[tuple[str, Message]]:
    for row in driver.lookup(_LOOKUP, [(message_id,) for message_id in ids]):
        message = message_of(row)
        yield message.id, message
