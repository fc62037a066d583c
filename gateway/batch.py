"""One open transaction of the writer, and what is to be done once it is committed."""

from dataclasses import dataclass, field

from gateway.expiry import Expiry
from gateway.rendering import Renderer
from gateway.voice.events import Signal
from gateway.work import InboxKey, Result, Value, Work
from handlers.base.command import Origin
from handlers.base.context import Context
from handlers.base.outcome import Event, Letter, Outcome, Reply
from storage.model import Inbox, Job, Message, MessageState, Outbox
from storage.unit_of_work import UnitOfWork

#: Before the lane of a message that waits for its time.
SCHEDULED = "scheduled:"
_OFFNET, _HANDSET = "offnet:", "handset:"
#: The job that lets a scheduled message go.
RELEASE_JOB = "release"


def lanes_of(lane: str) -> tuple[str, ...]:
    """Where messages for a route's lane may wait: a number of another network may be ported in."""
    lanes = (lane, _HANDSET + lane.removeprefix(_OFFNET)) if lane.startswith(_OFFNET) else (lane,)
    return (*lanes, *(SCHEDULED + each for each in lanes))


def release_job(message_id: str, outbox: Outbox, priority: int = 0) -> Job:
    """The job at ``outbox.due_us``."""
    payload: dict[str, str | int] = {"message": message_id, "lane": outbox.lane, "priority": priority}
    return Job(kind=RELEASE_JOB, key=f"release:{message_id}", due_us=outbox.due_us, payload=payload)


@dataclass(slots=True)
class Batch:
    """The lists belong to the work that runs now; ``result`` takes them along."""

    uow: UnitOfWork
    context: Context
    expiry: Expiry
    outboxes: list[Outbox] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    wake: list[str] = field(default_factory=list)
    withdrawn: list[tuple[str, str]] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    mail: bool = False

    def next_work(self) -> None:
        """Begin another work in the same transaction."""
        self.outboxes, self.events, self.wake, self.withdrawn, self.signals = [], [], [], [], []
        self.mail = False

    def promise(self, message: Message, outbox: Outbox, *, priority: int = 0) -> None:
        """Store a message that is to be delivered, and hand it to the dispatcher after the commit."""
        promised = self.uow.messages.add(message, outbox, priority=priority)
        if promised is not None:
            self.outboxes.append(promised)
        self.expiry.note(outbox, self)

    def notify(self, renderer: Renderer, reply: Reply, origin: Origin | None) -> None:
        """Promise a message that answers none; what goes to another network has arrived with that."""
        message, outbox = renderer.notice(reply, origin, self.uow, self.context)
        if message.route.startswith(_OFFNET):
            self.uow.messages.add(message._replace(state=MessageState.DELIVERED), None)
        else:
            self.promise(message, outbox)

    def post(self, renderer: Renderer, letter: Letter) -> None:
        """Put a letter into the outbox mail; it is sent after the commit."""
        self.uow.mail.add(renderer.letter(letter, self.uow))
        self.mail = True

    def schedule(self, message: Message, outbox: Outbox, *, priority: int = 0) -> None:
        """Store a message that waits for its time, ``outbox.due_us``, and the job that lets it go."""
        waiting = outbox._replace(lane=SCHEDULED + outbox.lane)
        self.uow.messages.add(message._replace(state=MessageState.SCHEDULED), waiting, priority=priority)
        self.uow.jobs.put(release_job(message.id, outbox, priority))
        self.expiry.note(waiting, self)

    def follow(self, outcome: Outcome) -> None:
        """Set the jobs and tell the events of an outcome."""
        for job in outcome.jobs:
            self.uow.jobs.put(job)
        self.events.extend(outcome.events)

    def remember(
        self,
        key: InboxKey,
        outcome: Outcome,
        message_id: str = "",
        reply_ids: tuple[str, ...] = (),
        *,
        fresh: bool = False,
        word: str = "",
    ) -> None:
        """Write down what became of the command with this key, in the outcome's word or this one."""
        self.uow.inbox.add(
            Inbox(
                source=key.source,
                key=key.key,
                request_hash=key.request_hash,
                outcome=word or outcome.word,
                message_id=message_id,
                reply_ids=reply_ids,
                journal_seq=outcome.journal_seq,
                wall_us=self.uow.wall_us,
            ),
            unseen=fresh,
        )

    def result(self, work: Work, value: Value = None) -> Result:
        """The work's result with all that has to follow its commit."""
        return Result(
            work,
            value,
            outboxes=tuple(self.outboxes),
            events=tuple(self.events),
            wake=tuple(self.wake),
            withdrawn=tuple(self.withdrawn),
            signals=tuple(self.signals),
            mail=self.mail,
        )
