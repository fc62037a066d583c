"""What the writer does with a batch: inbox, handler, ledger, message store and outbox, in one commit.

Good path: one transaction for the whole batch, no savepoints. When a command raises, the batch is rolled
back and each of its works runs alone, so that only the faulty one is answered with a system error.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import structlog

from gateway.account_dialects import AccountDialects
from gateway.batch import RELEASE_JOB, Batch
from gateway.clock import ClockError, ClockMode, OperatorClock
from gateway.config import Account
from gateway.delivery_log import DELIVER_JOB, DeliveryLog
from gateway.dialogue_book import GUARD_JOB
from gateway.due import DueRunner
from gateway.errors import SystemFault
from gateway.expiry import EXPIRY_JOB, Expiry
from gateway.onward import Onward
from gateway.operations import Operations
from gateway.receipt_desk import ReceiptDesk
from gateway.rendering import Renderer
from gateway.repeats import WINDOW_US
from gateway.routing import RouteKind
from gateway.submits import Submits
from gateway.voice.control import CALL_BACK_JOB, CallControl
from gateway.voice.desk import TIMER_JOB
from gateway.voice.events import Signal
from gateway.work import (
    EXCLUSIVE,
    Advance,
    Alerted,
    BindClosed,
    BindOpened,
    Cancel,
    Delivery,
    EndCalls,
    Execute,
    Executed,
    KeyReused,
    Query,
    Replace,
    Reset,
    Result,
    RunDue,
    SetClock,
    Settle,
    Submit,
    SubmitMany,
    Voice,
    Work,
)
from handlers.base.autopay_rules import JOB_FELL
from handlers.base.bus import Bus
from handlers.base.command import Origin
from handlers.base.context import Context
from handlers.base.outcome import Event, Outcome, Refusal, Reply, Text
from storage.binds import UNBOUND
from storage.errors import CommitUnknown, StoreUnavailable
from storage.model import Job, MessageState
from storage.needs import Needs
from storage.store import Store
from ussd_menus.menu import Menu
from ussd_menus.registry import MENUS

log = structlog.get_logger("gateway.processor")

ContextAt = Callable[[int], Context]
_VOICE_JOBS = frozenset({TIMER_JOB, CALL_BACK_JOB})
_SYSTEM_ERROR = Refusal("system.error", Text("system.error"))


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
        accounts: Sequence[Account],
        new_id: Callable[[], str],
        menus: Sequence[Menu] = MENUS,
    ) -> None:
        self.store = store
        self.clock = clock
        self._bus = bus
        self._renderer = renderer
        self._context_at = context_at
        self._seed = seed
        onward = Onward(accounts)
        self._deliveries = DeliveryLog(renderer, ReceiptDesk(accounts, onward, new_id))
        dialects = AccountDialects(accounts)
        self._submits = Submits(bus, renderer, self._deliveries, onward, dialects, new_id, menus)
        self._operations = Operations(self._deliveries, onward)
        self._calls = CallControl(bus, renderer, new_id)
        #: How each work is carried out, but for those that come alone.
        self._runs: Mapping[type[Work], Callable[[Any, Batch], Result]] = {
            Submit: self._submits.run,
            SubmitMany: self._submits.run_many,
            Query: self._operations.query,
            Cancel: self._operations.cancel,
            Replace: self._operations.replace,
            Execute: self._execute,
            Settle: self._settle,
            Alerted: self._alerted,
            BindOpened: self._opened,
            BindClosed: self._closed,
            Voice: self._voice,
            EndCalls: self._end_calls,
        }
        self.expiry = Expiry()
        self._due = DueRunner(self, self._fire, self._job_needs)

    def process(self, works: Sequence[Work]) -> list[Result]:
        """All results in order, after the commit. Raises StoreError when nothing could be promised."""
        work = works[0]
        if not isinstance(work, EXCLUSIVE):
            return self._together(works)
        try:
            return [self._alone(work)]
        except ClockError as error:
            return [Result(work, error=error)]

    def begin(self, now_us: int | None = None) -> "Transaction":
        """A transaction at operator time ``now_us`` (now, when left out)."""
        self.clock.catch_up()
        return Transaction(self, self.clock.now_us() if now_us is None else now_us)

    def context_at(self, now_us: int) -> Context:
        """What handlers may know at that moment."""
        return self._context_at(now_us)

    def recover(self) -> tuple[Event, ...]:
        """After a start: every session that was open is dead now, so its commands may come again; every call
        that was open has ended, and the events say so.
        """
        with self.begin() as batch:
            for session_id in self.store.reads.dead_binds(batch.uow.wall_us - WINDOW_US):
                self._submits.repeats.session_died(batch.uow, session_id)
                batch.uow.binds.closed(session_id, "gateway restarted", batch.uow.wall_us)
            is_virtual = self.clock.mode is ClockMode.VIRTUAL
            self._calls.recover(batch, batch.uow.now_us if is_virtual else None)
            _tell_fallen(batch)
            batch.uow.commit()
        return tuple(batch.events)

    # -- batches -----------------------------------------------------------------------------------

    def _together(self, works: Sequence[Work]) -> list[Result]:
        try:
            with self.begin() as batch:
                batch.uow.prefetch(Needs.merge(self._needs(works, batch)))
                results = [self._run(work, batch) for work in works]
                batch.uow.commit()
                results[-1] = results[-1]._replace(due_us=batch.uow.jobs.earliest_put_us)
        except (CommitUnknown, StoreUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - a bug in one command must not hurt its neighbours
            if len(works) > 1:
                log.warning("batch.split", size=len(works), error=type(error).__name__)
                return [self._by_itself(work) for work in works]
            return [self._failed(works[0], error)]
        return results

    def _by_itself(self, work: Work) -> Result:
        """One work of a batch that was split: whatever becomes of it, the others keep their results."""
        try:
            return self._together([work])[0]
        except Exception as error:  # noqa: BLE001 - what its neighbours were promised is durable already
            return Result(work, error=error)

    def _failed(self, work: Work, error: Exception) -> Result:
        """One faulty work: it changed nothing. A subscriber is told to try again later."""
        log.error("work.failed", work=type(work).__name__, error=type(error).__name__, exc_info=error)
        if not isinstance(work, Submit) or work.route.kind is not RouteKind.SERVICE:
            return Result(
                work, error=SystemFault("the command could not be carried out; nothing was changed")
            )
        with self.begin() as batch:
            outcome = Outcome(replies=(Reply(text=_SYSTEM_ERROR.text),), refusal=_SYSTEM_ERROR)
            result = self._submits.keep(work, batch, outcome)
            batch.uow.commit()
        return result

    def _run(self, work: Work, batch: Batch) -> Result:
        batch.next_work()
        result = self._runs[type(work)](work, batch)
        _tell_fallen(batch)
        return result

    def _settle(self, work: Settle, batch: Batch) -> Result:
        self._deliveries.settle(work.deliveries, batch)
        return batch.result(work)

    @staticmethod
    def _alerted(work: Alerted, batch: Batch) -> Result:
        for msisdn, system_id in work.flags:
            batch.uow.pending_flags.clear(msisdn, system_id)
        return batch.result(work)

    def _opened(self, work: BindOpened, batch: Batch) -> Result:
        self._submits.dialogues.live.add(work.session_id)
        batch.uow.binds.opened(work.session_id, work.system_id, batch.uow.wall_us)
        return batch.result(work)

    def _closed(self, work: BindClosed, batch: Batch) -> Result:
        self._submits.dialogues.live.discard(work.session_id)
        reason = UNBOUND if work.clean else f"lost: {work.reason}"
        batch.uow.binds.closed(work.session_id, reason, batch.uow.wall_us)
        if not work.clean:
            self._submits.repeats.session_died(batch.uow, work.session_id)
        return batch.result(work)

    def _voice(self, work: Voice, batch: Batch) -> Result:
        self._calls.run(work.event, batch)
        return batch.result(work)

    def _end_calls(self, work: EndCalls, batch: Batch) -> Result:
        self._calls.stop(batch)
        return batch.result(work)

    def _needs(self, works: Sequence[Work], batch: Batch) -> Iterator[Needs]:
        """What the batch will read, so that each table is read once."""
        for work in works:
            match work:
                case Submit():
                    yield from self._submits.needs(work, batch.uow, batch.context)
                case SubmitMany():
                    for each in work.submits:
                        yield from self._submits.needs(each, batch.uow, batch.context)
                case Execute():
                    yield self._bus.needs(work.command, batch.context)
                    if work.inbox is not None:
                        yield Needs(inbox=frozenset(((work.inbox.source, work.inbox.key),)))
                case Voice():
                    yield self._calls.needs(work.event, batch.uow, batch.context)
                case Settle():
                    yield Needs(
                        messages=frozenset(each.message_id for each in work.deliveries if not each.is_plain)
                    )
                case _:
                    pass

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
        batch.follow(outcome)
        if work.inbox is not None and outcome.refusal is None:
            batch.remember(work.inbox, outcome)
        return batch.result(work, Executed(outcome))

    # -- jobs --------------------------------------------------------------------------------------

    def _fire(self, job: Job, batch: Batch) -> None:
        if job.kind == DELIVER_JOB:
            batch.wake.append(str(job.payload["lane"]))
        elif job.kind == EXPIRY_JOB:
            self._deliveries.settle(self.expiry.due(batch), batch)
        elif job.kind == RELEASE_JOB:
            self._release(job, batch)
        elif job.kind == GUARD_JOB:
            self._submits.dialogues.timed_out(job, batch)
        elif job.kind in _VOICE_JOBS:
            self._calls.due(job, batch)
        else:
            outcome = self._bus.run_job(job, batch.uow, batch.context)
            self._notices(outcome, None, batch)
            batch.follow(outcome)
        _tell_fallen(batch)

    def _job_needs(self, job: Job, batch: Batch) -> Needs:
        return self._calls.job_needs(job, batch.uow) if job.kind in _VOICE_JOBS else self._bus.job_needs(job)

    def _release(self, job: Job, batch: Batch) -> None:
        """The time of a scheduled message has come."""
        lane, message_id = str(job.payload["lane"]), str(job.payload["message"])
        released = batch.uow.messages.release(message_id, lane, priority=int(job.payload["priority"]))
        if released is None:
            return
        if lane.startswith(f"{RouteKind.OFFNET}:"):
            arrived = Delivery(message_id, lane, MessageState.DELIVERED, receipt=True)
            self._deliveries.settle([arrived], batch)
        else:
            batch.outboxes.append(released)

    def _notices(self, outcome: Outcome, origin: Origin | None, batch: Batch) -> None:
        """Replies that answer no message, and letters: of the control API, or of a job."""
        for each in outcome.replies:
            batch.notify(self._renderer, each, origin)
        for letter in outcome.letters:
            batch.post(self._renderer, letter)

    # -- what comes alone --------------------------------------------------------------------------

    def _alone(self, work: RunDue | Advance | SetClock | Reset) -> Result:
        """Work that needs the clock or the store for itself. Raises ClockError."""
        match work:
            case RunDue() | Advance():
                return self._due.run(work)
            case SetClock():
                return self._set_clock(work)
            case Reset():
                return self._reset(work)

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
        signals = self._cut_off()
        self.store.reset()
        self._submits.repeats.clear()
        self.expiry.clear()
        self.clock.reset()
        self._seed(self)
        return Result(work, due_us=self.store.reads.next_due_us(), signals=signals)

    def _cut_off(self) -> tuple[Signal, ...]:
        """Every call ends; with what it was is forgotten in a moment."""
        with self.begin() as batch:
            self._calls.stop(batch)
            batch.uow.commit()
        return tuple(batch.signals)


def _tell_fallen(batch: Batch) -> None:
    """A balance that somebody watches has fallen: that is work of its own, due now."""
    for msisdn in batch.uow.ledger.take_fallen():
        payload: dict[str, str | int] = {"msisdn": msisdn}
        job = Job(kind=JOB_FELL, key=f"{JOB_FELL}:{msisdn}", due_us=batch.uow.now_us, payload=payload)
        batch.uow.jobs.put(job)


class Transaction:
    """Context manager around ``Store.begin`` that gives a Batch."""

    def __init__(self, processor: Processor, now_us: int) -> None:
        self._opened = processor.store.begin(now_us=now_us, wall_us=processor.clock.wall())
        self._context = processor.context_at(now_us)
        self._expiry = processor.expiry

    def __enter__(self) -> Batch:
        return Batch(self._opened.__enter__(), self._context, self._expiry)

    def __exit__(self, *failure: object) -> None:
        if failure[0] is not None:
            self._expiry.clear()
        self._opened.__exit__(*failure)  # type: ignore[arg-type]  # handed on as it came
