"""How delivery attempts end, written down: final states, retries, receipts, and the SMS in place of a
USSD screen whose dialogue is gone.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from gateway.failures import DELETED
from gateway.receipt_desk import ReceiptDesk
from gateway.rendering import Renderer
from gateway.work import Delivery
from storage.model import Job, Message, MessageState

if TYPE_CHECKING:
    from gateway.batch import Batch

#: The job that wakes a lane for its next attempt.
DELIVER_JOB = "deliver"


class DeliveryLog:
    """Runs in the writer thread, inside a batch."""

    def __init__(self, renderer: Renderer, receipts: ReceiptDesk) -> None:
        self._renderer = renderer
        self._receipts = receipts
        #: Who hears of a message in a USSD dialogue that was not delivered.
        self.on_lost_ussd: Callable[[Message, Batch], None] = lambda _message, _batch: None

    def settle(self, deliveries: Iterable[Delivery], batch: "Batch") -> None:
        """Enter each attempt; a late answer about a message that is final changes nothing."""
        for delivery in deliveries:
            if delivery.is_plain:
                batch.uow.messages.finish_unread(
                    delivery.message_id, delivery.state, error=delivery.error, error_code=delivery.error_code
                )
                continue
            message = batch.uow.messages.get(delivery.message_id)
            if message is None or message.state.is_final:
                if delivery.retry_s is not None:
                    # It ended while it was on its way: its lane would wait for an attempt that never comes.
                    batch.wake.append(delivery.lane)
                continue
            if delivery.retry_s is None:
                self._finish(message, delivery, batch)
            else:
                self._retry(message, delivery, delivery.retry_s, batch)

    def receipt(self, message: Message, batch: "Batch") -> None:
        """Promise the delivery receipt of a message that has become final, if one was asked for."""
        self._receipts.final(message, batch)

    def delete(self, message: Message, reason: str, batch: "Batch") -> None:
        """A message that waits is not to be delivered any more."""
        batch.uow.jobs.cancel(f"release:{message.id}")
        batch.withdrawn.append((message.route, message.id))
        gone = Delivery(message.id, "", MessageState.DELETED, reason, error_code=DELETED.number)
        self._finish(message, gone, batch)

    def _finish(self, message: Message, delivery: Delivery, batch: "Batch") -> None:
        final = message._replace(state=delivery.state, error=delivery.error, error_code=delivery.error_code)
        batch.uow.messages.finish(
            message.id, delivery.state, error=delivery.error, error_code=delivery.error_code
        )
        self._receipts.final(final, batch)
        if message.bearer == "ussd" and delivery.state is not MessageState.DELIVERED:
            self.on_lost_ussd(final, batch)
        if delivery.fallback:
            batch.promise(*self._renderer.in_place_of(message, delivery.fallback, batch.uow, batch.context))

    def _retry(self, message: Message, delivery: Delivery, retry_s: int, batch: "Batch") -> None:
        due_us = batch.uow.now_us + retry_s * 1_000_000
        batch.uow.messages.retry(
            delivery.message_id, due_us=due_us, error=delivery.error, error_code=delivery.error_code
        )
        if not message.attempts:
            self._receipts.intermediate(message._replace(error_code=delivery.error_code), batch)
        # A handset's order is kept, so its lane waits as a whole; an application's messages wait each alone.
        waits = delivery.message_id if delivery.lane.startswith("account:") else delivery.lane
        batch.uow.jobs.put(
            Job(kind=DELIVER_JOB, key=f"deliver:{waits}", due_us=due_us, payload={"lane": delivery.lane})
        )
