"""Messages whose validity runs out before they are delivered (SMPP 3.4 section 5.2.16).

One job stands at the earliest expiry of all that wait; an idle operator has none, so that a clock moved
by a month does no work for it.
"""

from typing import TYPE_CHECKING

from gateway.failures import EXPIRED
from gateway.work import Delivery
from storage.model import Job, MessageState, Outbox

if TYPE_CHECKING:
    from gateway.batch import Batch

EXPIRY_JOB = "expiry"
_PER_RUN = 1000


class Expiry:
    """Runs in the writer thread. ``note`` every promise; ``due`` says which have run out."""

    def __init__(self) -> None:
        self._next_us: int | None = None

    def clear(self) -> None:
        """Forget what is scheduled (after a reset, or when a batch was rolled back)."""
        self._next_us = None

    def note(self, outbox: Outbox, batch: "Batch") -> None:
        """Make sure that the job comes no later than this promise's end."""
        if self._next_us is None:
            # After a start or a rollback the job may stand earlier than this promise's end: ask the store.
            earliest_us = batch.uow.messages.next_expiry_us(0)
            self._schedule(outbox.expires_us if earliest_us is None else earliest_us, batch)
        elif outbox.expires_us < self._next_us:
            self._schedule(outbox.expires_us, batch)

    def due(self, batch: "Batch") -> list[Delivery]:
        """The deliveries that end here, and the job for the next ones."""
        lost = batch.uow.messages.expired(batch.uow.now_us, _PER_RUN)
        upcoming_us = batch.uow.messages.next_expiry_us(batch.uow.now_us)
        self._next_us = None
        if len(lost) == _PER_RUN:
            self._schedule(batch.uow.now_us, batch)
        elif upcoming_us is not None:
            self._schedule(upcoming_us, batch)
        return [_expired(each) for each in lost]

    def _schedule(self, due_us: int, batch: "Batch") -> None:
        self._next_us = due_us
        batch.uow.jobs.put(Job(kind=EXPIRY_JOB, key=EXPIRY_JOB, due_us=due_us, payload={}))


def _expired(outbox: Outbox) -> Delivery:
    return Delivery(
        outbox.message_id,
        outbox.lane,
        MessageState.EXPIRED,
        error=EXPIRED.reason,
        fallback=outbox.fallback,
        receipt=bool(outbox.receipt_to),
        error_code=EXPIRED.number,
    )
