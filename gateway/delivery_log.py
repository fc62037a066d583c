"""How delivery attempts end, written down: final states, retries, receipts, and the SMS in place of a
USSD screen whose dialogue is gone.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.rendering import Renderer
from gateway.work import Delivery
from storage.model import Job, Message, MessageState

if TYPE_CHECKING:
    from gateway.batch import Batch

#: The job that wakes a lane for its next attempt.
DELIVER_JOB = "deliver"
_ALWAYS, _ON_FAILURE, _ON_SUCCESS = 1, 2, 3
_RECEIPT_MASK = 3


class DeliveryLog:
    """Runs in the writer thread, inside a batch."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def settle(self, deliveries: Iterable[Delivery], batch: "Batch") -> None:
        """Enter each attempt; a late answer about a message that is final changes nothing."""
        for delivery in deliveries:
            if delivery.is_plain:
                batch.uow.messages.finish_unread(delivery.message_id, delivery.state, error=delivery.error)
                continue
            message = batch.uow.messages.get(delivery.message_id)
            if message is None or message.state.is_final:
                continue
            if delivery.retry_s is None:
                self._finish(message, delivery, batch)
            else:
                self._retry(delivery, delivery.retry_s, batch)

    def receipt(self, message: Message, batch: "Batch") -> None:
        """Promise the delivery receipt of a message that has become final, if one was asked for."""
        if _wants_receipt(message):
            batch.promise(*self._renderer.receipt(message, batch.uow, batch.context))

    def _finish(self, message: Message, delivery: Delivery, batch: "Batch") -> None:
        batch.uow.messages.finish(message.id, delivery.state, error=delivery.error)
        final = batch.uow.messages.get(message.id) or message
        self.receipt(final, batch)
        if delivery.fallback:
            batch.promise(*self._renderer.in_place_of(message, delivery.fallback, batch.uow, batch.context))

    @staticmethod
    def _retry(delivery: Delivery, retry_s: int, batch: "Batch") -> None:
        due_us = batch.uow.now_us + retry_s * 1_000_000
        batch.uow.messages.retry(delivery.message_id, due_us=due_us, error=delivery.error)
        # A handset's order is kept, so its lane waits as a whole; an application's messages wait each alone.
        waits = delivery.message_id if delivery.lane.startswith("account:") else delivery.lane
        batch.uow.jobs.put(
            Job(kind=DELIVER_JOB, key=f"deliver:{waits}", due_us=due_us, payload={"lane": delivery.lane})
        )


def _wants_receipt(message: Message) -> bool:
    """1 asks for every final state, 2 for failures (SMPP 3.4 section 5.2.17), 3 for success (SMPP 5.0
    section 4.7.21).
    """
    delivered = message.state is MessageState.DELIVERED
    return {_ALWAYS: True, _ON_FAILURE: not delivered, _ON_SUCCESS: delivered}.get(
        message.registered_delivery & _RECEIPT_MASK, False
    )
