"""Read-only questions, callable from any thread, each in its own short transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, literal, or_, select, text
from sqlalchemy.exc import SQLAlchemyError

from rating.msisdn import Msisdn
from storage.bank_reads import BankReads
from storage.binds import UNBOUND
from storage.call_reads import CallReads
from storage.dialogues import DIALOGUE_COLUMNS, TURN_COLUMNS
from storage.errors import StoreUnavailable
from storage.messages import MESSAGE_COLUMNS, OUTBOX_COLUMNS, message_of, outbox_of
from storage.model import (
    FIRST_POSITION,
    Dialogue,
    DialogueTurn,
    Message,
    MessageState,
    Outbox,
    PendingFlag,
)
from storage.parking_reads import ParkingReads
from storage.posting_reads import postings_of
from storage.subscribers import subscriber_of
from storage.tables import (
    account,
    bind,
    dialogue,
    dialogue_turn,
    job,
    journal,
    message,
    message_end,
    outbox,
    pending_flag,
    posting,
    setting,
    subscriber,
)
from storage.views import (
    Balances,
    DialogueFilter,
    DialogueView,
    JournalHead,
    MessageFilter,
    MessageView,
    Movement,
    SubscriberView,
    subscriber_codes,
)


class Reads(BankReads, CallReads, ParkingReads):
    """Queries on a small pool of read-only connections. Each may raise StoreUnavailable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One consistent moment; keep it short, since a long reader keeps the log from shrinking."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise StoreUnavailable(f"cannot read the database: {str(cause).splitlines()[0]}") from error

    def subscriber(self, msisdn: Msisdn) -> SubscriberView | None:
        """The subscriber with all balances, or None."""
        wanted = select(account.c.code, account.c.balance, account.c.held, account.c.credit_limit)
        with self.transaction() as connection:
            row = connection.execute(select(subscriber).where(subscriber.c.msisdn == msisdn)).first()
            if row is None:
                return None
            mine = wanted.where(account.c.code.in_(subscriber_codes(msisdn)))
            accounts = {code: rest for code, *rest in connection.execute(mine)}
        main, bonus, parking = (accounts.get(code, (0, 0, 0)) for code in subscriber_codes(msisdn))
        balances = Balances(
            main_tiyn=main[0],
            bonus_tiyn=bonus[0],
            parking_tiyn=parking[0],
            held_tiyn=main[1],
            credit_limit_tiyn=main[2],
        )
        return SubscriberView(subscriber_of(tuple(row)), balances)

    def messages(self, wanted: MessageFilter) -> list[Message]:
        """Messages that match, newest first."""
        found = select(*MESSAGE_COLUMNS).where(*_conditions(wanted))
        ends = (wanted.msisdn, wanted.destination, wanted.source)
        address = next((end for end in ends if end is not None), None)
        newest = message.c.position.desc()
        if address is not None:
            mine = (message_end.c.position == message.c.position) & (message_end.c.address == address)
            found, newest = found.join(message_end, mine), message_end.c.position.desc()
        with self.transaction() as connection:
            rows = connection.execute(found.order_by(newest).limit(wanted.limit))
            return [message_of(tuple(row)) for row in rows]

    def message(self, message_id: str) -> MessageView | None:
        """One message with all that belongs to it, or None."""
        columns = select(*MESSAGE_COLUMNS)
        with self.transaction() as connection:
            row = connection.execute(columns.where(message.c.id == message_id)).first()
            if row is None:
                return None
            found = message_of(tuple(row))
            promise = select(*OUTBOX_COLUMNS).where(outbox.c.message_id == message_id)
            promised = [outbox_of(tuple(row)) for row in connection.execute(promise)]
            caused = columns.where(message.c.cause_id == message_id, message.c.cause_id != "")
            replies = connection.execute(caused.order_by(message.c.position)).all()
            postings = postings_of(connection, found.journal_seq)
        return MessageView(
            message=found,
            outbox=promised[0] if promised else None,
            postings=postings,
            replies=tuple(message_of(tuple(reply)) for reply in replies),
        )

    def dialogues(self, wanted: DialogueFilter) -> list[DialogueView]:
        """USSD dialogues that match, newest first."""
        found = select(*DIALOGUE_COLUMNS).where(*_of_dialogues(wanted)).limit(wanted.limit)
        newest = found.order_by(dialogue.c.opened_us.desc(), dialogue.c.id.desc())
        with self.transaction() as connection:
            return _with_turns(connection, newest)

    def dialogue(self, dialogue_id: str) -> DialogueView | None:
        """One USSD dialogue, or None."""
        wanted = select(*DIALOGUE_COLUMNS).where(dialogue.c.id == dialogue_id)
        with self.transaction() as connection:
            return next(iter(_with_turns(connection, wanted)), None)

    def history(self, msisdn: Msisdn, limit: int = 100) -> list[Movement]:
        """A subscriber's money movements on all accounts, newest first."""
        with self.transaction() as connection:
            return [Movement(**row) for row in connection.execute(_history(msisdn, limit)).mappings()]

    def trial_balance(self) -> list[tuple[str, int]]:
        """Every account's code and balance (tiyn), by code; the balances sum to zero."""
        with self.transaction() as connection:
            rows = connection.execute(select(account.c.code, account.c.balance))
            return sorted((code, balance) for code, balance in rows)

    def pending(
        self, lanes: Sequence[str] | None = None, limit: int = 1000, after: int = FIRST_POSITION
    ) -> list[Outbox]:
        """Promises of these lanes (None: of all), by lane, then position; only past a position."""
        wanted = select(*OUTBOX_COLUMNS).where(outbox.c.position > after)
        if lanes is not None:
            wanted = wanted.where(outbox.c.lane.in_(lanes))
        with self.transaction() as connection:
            rows = connection.execute(wanted.order_by(outbox.c.lane, outbox.c.position).limit(limit))
            return [outbox_of(tuple(row)) for row in rows]

    def pending_lanes(self, prefix: str = "") -> list[str]:
        """Lanes that have promises and begin with ``prefix``, by name."""
        starts = func.substr(outbox.c.lane, 1, len(prefix)) == prefix
        with self.transaction() as connection:
            return sorted(connection.execute(select(outbox.c.lane).where(starts).distinct()).scalars())

    def pending_flags(self) -> list[tuple[PendingFlag, MessageState]]:
        """Who waits for which handset, with the state of the message that it could not get."""
        wanted = select(pending_flag, message.c.state).join(
            message, message.c.id == pending_flag.c.message_id
        )
        with self.transaction() as connection:
            rows = connection.execute(wanted)
            return [(PendingFlag(*row[:-1]), MessageState(row[-1])) for row in rows]

    def next_due_us(self) -> int | None:
        """Operator time of the earliest job, or None."""
        with self.transaction() as connection:
            return connection.execute(_NEXT_DUE).scalar()

    def setting(self, name: str) -> str | None:
        """A setting's value, or None."""
        with self.transaction() as connection:
            return connection.execute(select(setting.c.value).where(setting.c.name == name)).scalar()

    def dead_binds(self, since_wall_us: int) -> list[str]:
        """Ids of sessions that never closed, or not by unbind since a wall time, oldest first."""
        died = (bind.c.closed_wall_us >= since_wall_us) & (bind.c.reason != UNBOUND)
        dead = select(bind.c.session_id).where(bind.c.closed_wall_us.is_(None) | died)
        with self.transaction() as connection:
            return list(connection.execute(dead.order_by(bind.c.opened_wall_us, bind.c.session_id)).scalars())

    def journal_head(self) -> JournalHead:
        """The newest entry's sequence number and operator time (µs); zeros when there is none."""
        newest = select(journal.c.seq, journal.c.op_us).order_by(journal.c.seq.desc()).limit(1)
        with self.transaction() as connection:
            row = connection.execute(newest).first()
        return JournalHead(*row) if row else JournalHead(0, 0)


def _conditions(wanted: MessageFilter) -> list[ColumnElement[bool]]:
    """What a filter asks for, but for its ``msisdn``: that is either end."""
    given = (
        (message.c.source, wanted.source),
        (message.c.destination, wanted.destination),
        (message.c.state, wanted.state and wanted.state.value),
    )
    conditions = [column == value for column, value in given if value is not None]
    if wanted.since_us is not None:
        conditions.append(message.c.created_us >= wanted.since_us)
    return conditions


def _of_dialogues(wanted: DialogueFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.msisdn is not None:
        conditions.append(dialogue.c.msisdn == wanted.msisdn)
    if wanted.service_code is not None:
        code = wanted.service_code.rstrip("#")
        conditions.append(dialogue.c.service_code.in_((code, f"{code}#")))
    if wanted.since_us is not None:
        conditions.append(dialogue.c.opened_us >= wanted.since_us)
    if wanted.is_open is not None:
        conditions.append(dialogue.c.id.in_(_OPEN) if wanted.is_open else dialogue.c.ended != "")
    return conditions


_NEXT_DUE = select(func.min(job.c.due_us))
#: Few are open of many: asked for like this they come from their own index, not from a walk through all.
_OPEN = select(dialogue.c.id).where(text("ended = ''")).correlate(None)


def _with_turns(connection: Connection, wanted: Select[Any]) -> list[DialogueView]:
    found = [Dialogue._make(row) for row in connection.execute(wanted)]
    said: dict[str, list[DialogueTurn]] = {each.id: [] for each in found}
    mine = dialogue_turn.c.dialogue_id.in_(said)
    for row in connection.execute(select(*TURN_COLUMNS).where(mine).order_by(dialogue_turn.c.number)):
        turn = DialogueTurn._make(row)
        said[turn.dialogue_id].append(turn)
    return [DialogueView(each, tuple(said[each.id])) for each in found]


def _history(msisdn: Msisdn, limit: int) -> Select[Any]:
    """Walk the chains of the subscriber's accounts backwards, no further than ``limit`` steps each."""
    codes = [account.c.code == code for code in subscriber_codes(msisdn)]
    newest = (
        select(account.c.id, account.c.code, posting.c.seq, posting.c.prev_seq, literal(1).label("step"))
        .add_columns(posting.c.amount, posting.c.balance_after)
        .join(posting, (posting.c.seq == account.c.last_seq) & (posting.c.account_id == account.c.id))
        .where(or_(*codes))
    )
    chain = newest.cte("chain", recursive=True)
    before = (
        select(chain.c.id, chain.c.code, posting.c.seq, posting.c.prev_seq, chain.c.step + 1)
        .add_columns(posting.c.amount, posting.c.balance_after)
        .join(posting, (posting.c.seq == chain.c.prev_seq) & (posting.c.account_id == chain.c.id))
        .where(chain.c.step < limit)
    )
    walked = chain.union_all(before)
    return (
        select(
            walked.c.seq,
            journal.c.op_us,
            journal.c.reason,
            walked.c.code.label("account"),
            walked.c.amount.label("amount_tiyn"),
            walked.c.balance_after.label("balance_after_tiyn"),
            journal.c.source,
        )
        .join(journal, journal.c.seq == walked.c.seq)
        .order_by(walked.c.seq.desc(), walked.c.code)
        .limit(limit)
    )
