"""One open transaction of the writer, and what is to be done once it is committed."""

from dataclasses import dataclass, field

from gateway.expiry import Expiry
from gateway.work import InboxKey, Result, Value, Work
from handlers.base.context import Context
from handlers.base.outcome import Event, Outcome
from storage.model import Inbox, Message, Outbox
from storage.unit_of_work import UnitOfWork


@dataclass(slots=True)
class Batch:
    """The lists belong to the work that runs now; ``result`` takes them along."""

    uow: UnitOfWork
    context: Context
    expiry: Expiry
    outboxes: list[Outbox] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    wake: list[str] = field(default_factory=list)

    def next_work(self) -> None:
        """Begin another work in the same transaction."""
        self.outboxes, self.events, self.wake = [], [], []

    def promise(self, message: Message, outbox: Outbox) -> None:
        """Store a message that is to be delivered, and hand it to the dispatcher after the commit."""
        promised = self.uow.messages.add(message, outbox)
        if promised is not None:
            self.outboxes.append(promised)
        self.expiry.note(outbox, self)

    def follow(self, outcome: Outcome) -> None:
        """Set the jobs and tell the events of an outcome."""
        for job in outcome.jobs:
            self.uow.jobs.put(job)
        self.events.extend(outcome.events)

    def remember(
        self, key: InboxKey, outcome: Outcome, message_id: str = "", reply_ids: tuple[str, ...] = ()
    ) -> None:
        """Write down what became of the command with this key."""
        self.uow.inbox.add(
            Inbox(
                source=key.source,
                key=key.key,
                request_hash=key.request_hash,
                outcome=outcome.word,
                message_id=message_id,
                reply_ids=reply_ids,
                journal_seq=outcome.journal_seq,
                wall_us=self.uow.wall_us,
            )
        )

    def result(self, work: Work, value: Value = None) -> Result:
        """The work's result with all that has to follow its commit."""
        return Result(
            work,
            value,
            outboxes=tuple(self.outboxes),
            events=tuple(self.events),
            wake=tuple(self.wake),
        )
