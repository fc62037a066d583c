"""Messages and the outbox inside a unit of work. Outbox rows live until their message is final."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from operator import attrgetter

from sqlalchemy import select, text

from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.head import Head
from storage.model import Between, Direction, Message, MessageState, Outbox, ranked
from storage.row_map import RowMap
from storage.tables import message as table
from storage.tables import message_end, outbox
from storage.visible_text import visible

MESSAGE_COLUMNS = tuple(table.columns)[1:]
OUTBOX_COLUMNS = tuple(outbox.columns)
_INSERT = Write(Verb.INSERT, table, tuple(table.columns))
_OPEN = text("state IN ('SCHEDULED', 'ENROUTE')")
_END_COLUMNS = (table.c.state, table.c.error, table.c.error_code, table.c.updated_us)
_CHANGE = Write(Verb.UPDATE, table, (*_END_COLUMNS, table.c.attempts), (table.c.id,), when=_OPEN)
_END = Write(Verb.UPDATE, table, _END_COLUMNS, (table.c.id,), when=_OPEN)
#: What replace_sm may change of a message.
_CONTENT = ("text", "encoding", "parts", "data_coding", "esm_class", "pdus", "registered_delivery")
#: Along with it goes how it stands: once the state is final, no further write meets an open row.
_STANDING = ("state", "error", "error_code", "attempts", "updated_us")
_AMENDED = (*_CONTENT, *_STANDING)
_AMEND = Write(Verb.UPDATE, table, tuple(table.c[name] for name in _AMENDED), (table.c.id,), when=_OPEN)
_ENDS = Write(Verb.INSERT, message_end, tuple(message_end.columns))
_LOOKUP = Lookup(select(*MESSAGE_COLUMNS), (table.c.id,))
_PROMISE = Write(Verb.INSERT, outbox, OUTBOX_COLUMNS)
_DELAY = Write(Verb.UPDATE, outbox, (outbox.c.due_us, outbox.c.attempts), (outbox.c.message_id,))
_FORGET = Write(Verb.DELETE, outbox, keys=(outbox.c.message_id,))
_REWRITE = Write(Verb.UPDATE, outbox, OUTBOX_COLUMNS[1:], OUTBOX_COLUMNS[:1])

#: Waiting messages that are kept at hand, a kilobyte or so each; a longer one is read again.
_RECENT_MAX = 20_000
_RECENT_OCTETS_MAX = 4096
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
    return row if said.isprintable() else (*row[: _TEXT_AT + 1], visible(said), *row[_TEXT_AT + 2 :])


def _storable_content(message: Message) -> Row:
    storable = message._replace(text=visible(message.text))
    return (*(getattr(storable, name) for name in _AMENDED), message.id)


class Messages:
    """``add`` promises, ``retry`` and ``finish`` say what became of it."""

    def __init__(self, driver: Driver, head: Head, recent: dict[str, Message], *, now_us: int) -> None:
        """``recent`` are waiting messages as this process committed them, which need not be read again."""
        self._driver = driver
        self._head = head
        self._recent = recent
        self._now_us = now_us
        self._rows = RowMap[str, Message](partial(_load, driver, recent))
        self._new: dict[str, int] = {}
        self._promised: dict[str, Outbox] = {}
        self._ended: dict[str, Row] = {}
        self._ends: list[Row] = []
        self._delayed: dict[str, Row] = {}
        self._finished: dict[str, None] = {}
        self._amended: dict[str, None] = {}
        self._rewritten: dict[str, Outbox] = {}

    def get(self, message_id: str) -> Message | None:
        """The message as this unit of work sees it, or None."""
        message = self._rows.get(message_id)
        if message is not None and not message.state.is_final and message_id in self._ended:
            state, error, error_code, updated_us, _ = self._ended[message_id]
            return message._replace(
                state=_STATES[state], error=error, error_code=error_code, updated_us=updated_us
            )
        return message

    def add(self, message: Message, outbox: Outbox | None = None, *, priority: int = 0) -> Outbox | None:
        """Keep a message and, where it is to be delivered, the promise of that: returned with its position.

        A promise of higher ``priority`` (0 to 3) goes before all others of its lane. Raises ValueError for a
        mobile-terminated message that waits without a promise, or a final one with one; Broken at commit
        when the id is taken.
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
        promised = self._promised[message.id] = Outbox(*outbox[:-1], ranked(position, priority))
        return promised

    def promise(self, message_id: str) -> Outbox | None:
        """What is promised about a message that waits, or None."""
        if message_id in self._finished:
            return None
        known = self._promised.get(message_id) or self._rewritten.get(message_id)
        if known is not None:
            return known
        stored = select(*OUTBOX_COLUMNS).where(outbox.c.message_id == message_id)
        found = next((outbox_of(row) for row in self._driver.query(stored)), None)
        if found is None or message_id not in self._delayed:
            return found
        due_us, attempts, _ = self._delayed[message_id]
        return found._replace(due_us=due_us, attempts=attempts)

    def amend(self, message: Message, promise: Outbox) -> None:
        """Put another content, state or promise in the place of what a waiting message had.

        Raises Broken when it does not wait.
        """
        if self._known(message.id).state.is_final or message.state.is_final:
            raise Broken(f"message {message.id} does not wait any more")
        self._put(message._replace(updated_us=self._now_us))
        self._amended[message.id] = None
        if message.id in self._promised:
            self._promised[message.id] = promise
        else:
            self._delayed.pop(message.id, None)
            self._rewritten[message.id] = promise

    def release(self, message_id: str, lane: str, *, priority: int = 0) -> Outbox | None:
        """The time of a scheduled message has come: it goes to the end of its lane.

        None when it is no longer scheduled.
        """
        message, promise = self.get(message_id), self.promise(message_id)
        if message is None or promise is None or message.state is not MessageState.SCHEDULED:
            return None
        self._head.position = position = self._head.position + 1
        released = promise._replace(lane=lane, due_us=self._now_us, position=ranked(position, priority))
        self.amend(message._replace(state=MessageState.ENROUTE), released)
        return released

    def named(self, prefix: str) -> list[Message]:
        """The messages whose id begins with ``prefix`` (hexadecimal digits): one, or a submit_multi's."""
        stored = (
            select(table.c.id).where(table.c.id >= prefix, table.c.id < prefix + "g").order_by(table.c.id)
        )
        ids = [row[0] for row in self._driver.query(stored)]
        ids += [message_id for message_id in self._new if message_id.startswith(prefix)]
        self.prefetch(ids)
        return [self._known(message_id) for message_id in ids if message_id.startswith(prefix)]

    def waiting(self, lanes: Collection[str], between: Between) -> list[tuple[Message, Outbox]]:
        """The messages that wait in these lanes between two addresses, in order."""
        return self._waiting(lanes, between, None)

    def first_waiting(self, lanes: Collection[str], between: Between, but: Collection[str]) -> Message | None:
        """The first of them, leaving out some; however many wait, few are read."""
        hidden = len(but) + len(self._finished) + len(self._rewritten)
        found = self._waiting(lanes, between, hidden + 1)
        return next((message for message, _ in found if message.id not in but), None)

    def _waiting(
        self, lanes: Collection[str], between: Between, limit: int | None
    ) -> list[tuple[Message, Outbox]]:
        stored = (
            select(*OUTBOX_COLUMNS)
            .join(table, table.c.id == outbox.c.message_id)
            .where(outbox.c.lane.in_(list(lanes)))
            .where(*(table.c[name] == value for name, value in between.asked.items()))
            .order_by(outbox.c.position)
            .limit(limit)
        )
        rows = [outbox_of(row) for row in self._driver.query(stored) if self._stands(row[0])]
        rows += [promise for promise in self._own() if promise.lane in lanes]
        self.prefetch(promise.message_id for promise in rows)
        found = [(self._known(promise.message_id), promise) for promise in rows]
        return sorted((each for each in found if between.holds(each[0])), key=lambda each: each[1].position)

    def finish(self, message_id: str, state: MessageState, *, error: str = "", error_code: int = 0) -> None:
        """Give a message its final state and forget its promise.

        A message that is final already stays as it is: the first word counts. Raises ValueError for a
        state that is not final, Broken for an unknown message.
        """
        if not state.is_final:
            raise ValueError(f"{state} is not final")
        message = self._known(message_id)
        if message.state.is_final:
            return
        self._put(message._replace(state=state, error=error, error_code=error_code, updated_us=self._now_us))
        self._delayed.pop(message_id, None)
        self._rewritten.pop(message_id, None)
        if self._promised.pop(message_id, None) is None:
            self._finished[message_id] = None

    def finish_unread(
        self, message_id: str, state: MessageState, *, error: str = "", error_code: int = 0
    ) -> None:
        """As ``finish``, without reading the message first: for the many whose end nobody waits for.

        A message that is unknown or final stays as it is. Raises ValueError for a state that is not final.
        """
        if self._rows.knows(message_id):
            self.finish(message_id, state, error=error, error_code=error_code)
            return
        if not state.is_final:
            raise ValueError(f"{state} is not final")
        self._ended.setdefault(message_id, (state._value_, error, error_code, self._now_us, message_id))
        self._finished[message_id] = None

    def retry(self, message_id: str, *, due_us: int, error: str, error_code: int = 0) -> None:
        """One more try was in vain; the next is due at an operator time. Does nothing to a final message.

        Raises Broken for an unknown message.
        """
        message = self._known(message_id)
        if message.state.is_final:
            return
        attempts = message.attempts + 1
        self._put(
            message._replace(error=error, error_code=error_code, updated_us=self._now_us, attempts=attempts)
        )
        if promised := self._promised.get(message_id):
            self._promised[message_id] = promised._replace(due_us=due_us, attempts=attempts)
        elif promised := self._rewritten.get(message_id):
            self._rewritten[message_id] = promised._replace(due_us=due_us, attempts=attempts)
        else:
            self._delayed[message_id] = (due_us, attempts, message_id)

    def expired(self, now_us: int, limit: int) -> list[Outbox]:
        """Promises whose validity ended at or before an operator time, the oldest end first."""
        stored = select(*OUTBOX_COLUMNS).where(outbox.c.expires_us <= now_us).order_by(outbox.c.expires_us)
        rows = self._driver.query(stored.limit(limit + len(self._finished) + len(self._rewritten)))
        found = [outbox_of(row) for row in rows if self._stands(row[0])]
        found += [promise for promise in self._own() if promise.expires_us <= now_us]
        return sorted(found, key=attrgetter("expires_us", "position"))[:limit]

    def promises(self, lane: str) -> list[Outbox]:
        """The open promises of one lane, in order."""
        stored = select(*OUTBOX_COLUMNS).where(outbox.c.lane == lane)
        found = [outbox_of(row) for row in self._driver.query(stored) if self._stands(row[0])]
        found += [promise for promise in self._own() if promise.lane == lane]
        return sorted(found, key=attrgetter("position"))

    def next_expiry_us(self, after_us: int) -> int | None:
        """The earliest end of a promise after an operator time, or None."""
        later = select(outbox.c.expires_us).where(outbox.c.expires_us > after_us)
        if changed := [*self._finished, *self._rewritten]:
            later = later.where(outbox.c.message_id.not_in(changed))
        ends = [row[0] for row in self._driver.query(later.order_by(outbox.c.expires_us).limit(1))]
        ends += [own.expires_us for own in self._own() if own.expires_us > after_us]
        return min(ends, default=None)

    def _stands(self, message_id: str) -> bool:
        """True where the stored promise is still the one that counts."""
        return message_id not in self._finished and message_id not in self._rewritten

    def _own(self) -> Iterator[Outbox]:
        """The promises of this unit of work, new and changed."""
        yield from self._promised.values()
        yield from self._rewritten.values()

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
            if self._amended:
                write(_AMEND, [_storable_content(m) for m in changed if m.id in self._amended])
            rows = [(m.state._value_, m.error, m.error_code, m.updated_us, m.attempts, m.id) for m in changed]
            write(_CHANGE, rows)
        if self._ended:
            write(_END, list(self._ended.values()))
        if self._delayed:
            write(_DELAY, list(self._delayed.values()))
        if self._rewritten:
            write(_REWRITE, [(*promise[1:], promise[0]) for promise in self._rewritten.values()])
        if self._finished:
            write(_FORGET, [(message_id,) for message_id in self._finished])

    def remember(self) -> None:
        """After the commit: most messages are asked for once more, when their delivery has ended."""
        recent = self._recent
        for message in (*self._rows.changed(), *self._rows.added()):
            if message.state.is_final or len(message.pdus) > _RECENT_OCTETS_MAX:
                recent.pop(message.id, None)
            else:
                recent[message.id] = message
        for message_id in self._ended:
            recent.pop(message_id, None)
        while len(recent) > _RECENT_MAX:
            del recent[next(iter(recent))]

    def _known(self, message_id: str) -> Message:
        message = self.get(message_id)
        if message is None:
            raise Broken(f"there is no message {message_id}")
        return message

    def _put(self, message: Message) -> None:
        self._rows.put(message.id, message)


def _load(driver: Driver, recent: dict[str, Message], ids: Collection[str]) -> Iterator[tuple[str, Message]]:
    missing = []
    for message_id in ids:
        known = recent.get(message_id)
        if known is None:
            missing.append((message_id,))
        else:
            yield message_id, known
    for row in driver.lookup(_LOOKUP, missing) if missing else ():
        message = message_of(row)
        yield message.id, message
