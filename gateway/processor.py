"""What the writer does with a batch: inbox, handler, ledger, message store and outbox, in one commit.

Good path: one transaction for the whole batch, no savepoints. When a command raises, the batch is rolled
back and each of its works runs alone, so that only the faulty one is answered with a system error.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import structlog

from gateway import parts
from gateway.clock import OperatorClock
from gateway.coding.alphabet import Binary
from gateway.coding.assemble import Joined
from gateway.coding.errors import CodingError
from gateway.coding.part import Part
from gateway.delivery_log import DELIVER_JOB, DeliveryLog
from gateway.due import DueRunner
from gateway.errors import SystemFault
from gateway.expiry import EXPIRY_JOB, Expiry
from gateway.rendering import Renderer, mo_message
from gateway.repeats import Repeats
from gateway.routing import RouteKind
from gateway.smpp.constants import CommandStatus
from gateway.work import (
    Accepted,
    Advance,
    BindClosed,
    BindOpened,
    Execute,
    Executed,
    InboxKey,
    KeyReused,
    Reset,
    Result,
    RunDue,
    SetClock,
    Settle,
    Submit,
    Value,
    Work,
)
from handlers.base.bus import Bus
from handlers.base.command import Channel, Command, Origin
from handlers.base.context import Context
from handlers.base.grammar import Usage
from handlers.base.outcome import Event, Outcome, Refusal, Reply, Text
from rating.msisdn import Msisdn
from rating.subscriber import Status
from storage.errors import CommitUnknown, StoreUnavailable
from storage.model import Inbox, Job, Message, MessageState, Outbox
from storage.needs import Needs
from storage.store import Store
from storage.unit_of_work import UnitOfWork

log = structlog.get_logger("gateway.processor")

ContextAt = Callable[[int], Context]
_SYSTEM_ERROR = Refusal("system.error", Text("system.error"))


@dataclass(slots=True)
class Batch:
    """One open transaction and what is to be done once it is committed."""

    uow: UnitOfWork
    context: Context
    expiry: Expiry
    outboxes: list[Outbox] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    wake: list[str] = field(default_factory=list)

    def promise(self, message: Message, outbox: Outbox) -> None:
        """Store a message that is to be delivered, and hand it to the dispatcher after the commit."""
        promised = self.uow.messages.add(message, outbox)
        if promised is not None:
            self.outboxes.append(promised)
        self.expiry.note(outbox, self)


class Processor:
    """Runs in the writer thread only."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: OperatorClock,
        renderer: Renderer,
        context_at: ContextAt,
        seed: Callable[["Processor"], None],
    ) -> None:
        self.store = store
        self.clock = clock
        self._bus = bus
        self._renderer = renderer
        self._context_at = context_at
        self._seed = seed
        self._repeats = Repeats()
        self._deliveries = DeliveryLog(renderer)
        self.expiry = Expiry()
        self._due = DueRunner(self, self._fire)

    def process(self, works: Sequence[Work]) -> list[Result]:
        """All results in order, after the commit. Raises StoreError when nothing could be promised."""
        work = works[0]
        match work:
            case RunDue() | Advance():
                return [self._due.run(work)]
            case SetClock():
                return [self._set_clock(work)]
            case Reset():
                return [self._reset(work)]
            case _:
                return self._together(works)

    def begin(self, now_us: int | None = None) -> "Transaction":
        """A transaction at operator time ``now_us`` (now, when left out)."""
        return Transaction(self, self.clock.now_us() if now_us is None else now_us)

    def context_at(self, now_us: int) -> Context:
        """What handlers may know at that moment."""
        return self._context_at(now_us)

    def recover(self) -> None:
        """After a start: every session that was open is dead now, so its commands may come again."""
        with self.begin() as batch:
            for session_id in self.store.reads.stale_binds():
                self._repeats.session_died(batch.uow, session_id)
                batch.uow.binds.closed(session_id, "gateway restarted", self.clock.wall())
            batch.uow.commit()

    # -- batches -----------------------------------------------------------------------------------

    def _together(self, works: Sequence[Work]) -> list[Result]:
        try:
            with self.begin() as batch:
                batch.uow.prefetch(Needs.merge(self._needs(works, batch.context)))
                results = [self._run(work, batch) for work in works]
                batch.uow.commit()
                results[-1] = replace(results[-1], due_us=batch.uow.jobs.earliest_put_us)
        except (CommitUnknown, StoreUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - a bug in one command must not hurt its neighbours
            self.expiry.clear()
            if len(works) > 1:
                log.warning("batch.split", size=len(works), error=type(error).__name__)
                return [self._together([work])[0] for work in works]
            return [self._failed(works[0], error)]
        return results

    def _failed(self, work: Work, error: Exception) -> Result:
        """One faulty work: it changed nothing. A subscriber is told to try again later."""
        log.error("work.failed", work=type(work).__name__, error=type(error).__name__, exc_info=error)
        if not isinstance(work, Submit) or work.route.kind is not RouteKind.SERVICE:
            return Result(
                work, error=SystemFault("the command could not be carried out; nothing was changed")
            )
        with self.begin() as batch:
            outcome = Outcome(replies=(Reply(text=_SYSTEM_ERROR.text),), refusal=_SYSTEM_ERROR)
            result = self._keep(work, batch, outcome)
            batch.uow.commit()
        return result

    def _run(self, work: Work, batch: Batch) -> Result:
        batch.outboxes, batch.events, batch.wake = [], [], []
        match work:
            case Submit():
                return self._submit(work, batch)
            case Execute():
                return self._execute(work, batch)
            case Settle():
                self._deliveries.settle(work.deliveries, batch)
            case BindOpened():
                batch.uow.binds.opened(work.session_id, work.system_id, self.clock.wall())
            case BindClosed():
                batch.uow.binds.closed(work.session_id, work.reason, self.clock.wall())
                if not work.clean:
                    self._repeats.session_died(batch.uow, work.session_id)
            case _:
                raise AssertionError(f"{type(work).__name__} comes alone")
        return _result(work, batch, None)

    def _needs(self, works: Sequence[Work], context: Context) -> Iterator[Needs]:
        """What the batch will read, so that each table is read once."""
        for work in works:
            match work:
                case Submit():
                    yield _parties(work)
                    if isinstance(work.asked, Command):
                        yield self._bus.needs(work.asked, context)
                case Execute():
                    yield self._bus.needs(work.command, context)
                    if work.inbox is not None:
                        yield Needs(inbox=frozenset(((work.inbox.source, work.inbox.key),)))
                case Settle():
                    yield Needs(messages=frozenset(each.message_id for each in work.deliveries))
                case _:
                    pass

    # -- one submit --------------------------------------------------------------------------------

    def _submit(self, work: Submit, batch: Batch) -> Result:
        earlier = self._repeats.find(work.inbox, batch.uow, self.clock.wall())
        if earlier is not None:
            return Result(
                work, Accepted(CommandStatus.ESME_ROK, earlier.message_id, "repeated", repeated=True)
            )
        if work.part is not None:
            return self._collect(work, work.part, batch)
        if work.route.kind is RouteKind.SERVICE:
            return self._keep(work, batch, self._outcome(work, batch))
        return self._forward(work, batch)

    def _collect(self, work: Submit, part: Part, batch: Batch) -> Result:
        """One segment of a longer message to a service: it waits, or it completes the message."""
        added = parts.join(work, part, batch.uow)
        for token in (token for dropped in added.dropped for token in dropped.tokens):
            batch.uow.messages.finish(token, MessageState.UNDELIVERABLE, error="segments are missing")
        if added.joined is not None:
            for token in added.joined.tokens:
                if token != work.message_id:
                    batch.uow.messages.finish(token, MessageState.DELIVERED)
            whole = replace(work, asked=self._read(work, added.joined))
            return self._keep(whole, batch, self._outcome(whole, batch))
        if added.duplicate:
            batch.uow.messages.add(mo_message(work, batch.uow, MessageState.DELIVERED))
        else:
            promised = parts.wait(work, part, batch.uow)
            batch.uow.messages.add(mo_message(work, batch.uow, MessageState.ENROUTE), promised)
            batch.expiry.note(promised, batch)
        self._remember(work.inbox, batch, Outcome(), work.message_id, ())
        return _result(work, batch, Accepted(CommandStatus.ESME_ROK, work.message_id, "part"))

    def _read(self, work: Submit, joined: Joined) -> Command | Usage:
        try:
            text = joined.content()
        except CodingError:
            text = Binary(b"")
        typed = "" if isinstance(text, Binary) else text
        return self._bus.parse_sms(work.route.target, work.origin(Channel.SMS), typed)

    def _outcome(self, work: Submit, batch: Batch) -> Outcome:
        if isinstance(work.asked, Command):
            return self._bus.handle(work.asked, batch.uow, batch.context)
        text_id = work.asked.text_id if isinstance(work.asked, Usage) else "system.unknown_code"
        text = Text(text_id)
        return Outcome(replies=(Reply(text=text),), refusal=Refusal("usage", text))

    def _keep(self, work: Submit, batch: Batch, outcome: Outcome) -> Result:
        """Store a message to a service with what became of it, and promise the replies."""
        batch.uow.messages.add(mo_message(work, batch.uow, MessageState.DELIVERED, outcome=outcome), None)
        reply_ids = tuple(self._reply(each, work, batch) for each in outcome.replies)
        self._after(outcome, batch)
        self._remember(work.inbox, batch, outcome, work.message_id, reply_ids)
        return _result(work, batch, Accepted(CommandStatus.ESME_ROK, work.message_id, outcome.word))

    def _reply(self, reply: Reply, work: Submit, batch: Batch) -> str:
        message, outbox = self._renderer.reply(reply, work, batch.uow, batch.context)
        batch.promise(message, outbox)
        return message.id

    def _forward(self, work: Submit, batch: Batch) -> Result:
        """Store a message to a handset, an application or another network, and promise its delivery."""
        sender = batch.uow.subscribers.get(Msisdn(work.source)) if work.source.isdigit() else None
        if sender is not None and sender.status in (Status.BLOCKED, Status.BLOCKED_OUTGOING):
            return Result(work, Accepted(CommandStatus.ESME_RSUBMITFAIL, "", "access.blocked"))
        offnet = work.route.kind is RouteKind.OFFNET
        state = MessageState.DELIVERED if offnet else MessageState.ENROUTE
        message = mo_message(work, batch.uow, state)
        if offnet:
            batch.uow.messages.add(message, None)
            self._deliveries.receipt(message, batch)
        else:
            batch.promise(message, self._renderer.onward(work, batch.uow, batch.context))
        self._remember(work.inbox, batch, Outcome(), work.message_id, ())
        return _result(work, batch, Accepted(CommandStatus.ESME_ROK, work.message_id))

    # -- commands from other edges -----------------------------------------------------------------

    def _execute(self, work: Execute, batch: Batch) -> Result:
        if work.inbox is not None:
            earlier = batch.uow.inbox.get(work.inbox.source, work.inbox.key)
            if earlier is not None and earlier.request_hash != work.inbox.request_hash:
                return Result(work, error=KeyReused(f"{work.inbox.key} was used for another request before"))
            if earlier is not None:
                return Result(work, Executed(Outcome(), repeated=True))
        outcome = self._bus.handle(work.command, batch.uow, batch.context)
        self._notices(outcome, work.command.origin, batch)
        self._after(outcome, batch)
        if work.inbox is not None and outcome.refusal is None:
            self._remember(work.inbox, batch, outcome, "", ())
        return _result(work, batch, Executed(outcome))

    # -- jobs --------------------------------------------------------------------------------------

    def _fire(self, job: Job, batch: Batch) -> None:
        if job.kind == DELIVER_JOB:
            batch.wake.append(str(job.payload["lane"]))
        elif job.kind == EXPIRY_JOB:
            self._deliveries.settle(self.expiry.due(batch), batch)
        else:
            outcome = self._bus.run_job(job, batch.uow, batch.context)
            self._notices(outcome, None, batch)
            self._after(outcome, batch)

    def _notices(self, outcome: Outcome, origin: Origin | None, batch: Batch) -> None:
        """Replies that answer no message: of the control API, or of a job."""
        for each in outcome.replies:
            batch.promise(*self._renderer.notice(each, origin, batch.uow, batch.context))

    @staticmethod
    def _after(outcome: Outcome, batch: Batch) -> None:
        for job in outcome.jobs:
            batch.uow.jobs.put(job)
        batch.events.extend(outcome.events)

    def _remember(
        self, key: InboxKey, batch: Batch, outcome: Outcome, message_id: str, reply_ids: Iterable[str]
    ) -> None:
        batch.uow.inbox.add(
            Inbox(
                source=key.source,
                key=key.key,
                request_hash=key.request_hash,
                outcome=outcome.word,
                message_id=message_id,
                reply_ids=tuple(reply_ids),
                journal_seq=outcome.journal_seq,
                wall_us=batch.uow.wall_us,
            )
        )

    # -- the clock and the reset -------------------------------------------------------------------

    def _set_clock(self, work: SetClock) -> Result:
        self.clock.set(work.mode, work.now_us)
        self.save_clock()
        return Result(work, self.clock.view())

    def save_clock(self) -> None:
        """Make the clock's setting survive a restart."""
        with self.begin() as batch:
            batch.uow.settings.put("clock", self.clock.dump())
            batch.uow.commit()

    def _reset(self, work: Reset) -> Result:
        self.store.reset()
        self._repeats.clear()
        self.expiry.clear()
        self.clock.reset()
        self._seed(self)
        return Result(work)


class Transaction:
    """Context manager around ``Store.begin`` that gives a Batch."""

    def __init__(self, processor: Processor, now_us: int) -> None:
        self._opened = processor.store.begin(now_us=now_us, wall_us=processor.clock.wall())
        self._context = processor.context_at(now_us)
        self._expiry = processor.expiry

    def __enter__(self) -> Batch:
        return Batch(self._opened.__enter__(), self._context, self._expiry)

    def __exit__(self, *failure: object) -> None:
        self._opened.__exit__(*failure)  # type: ignore[arg-type]  # handed on as it came


def _parties(work: Submit) -> Needs:
    """The inbox row and the subscribers at both ends."""
    inbox = frozenset(((work.inbox.source, work.inbox.key),))
    if work.route.kind is RouteKind.HANDSET:
        return Needs(inbox=inbox, msisdns=frozenset((Msisdn(work.source), Msisdn(work.route.target))))
    return Needs(inbox=inbox, msisdns=frozenset((Msisdn(work.source),)))


def _result(work: Work, batch: Batch, value: Value) -> Result:
    return Result(
        work, value, outboxes=tuple(batch.outboxes), events=tuple(batch.events), wake=tuple(batch.wake)
    )
