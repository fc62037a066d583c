"""Receipts and notifications for those who asked: whether, in which format, when, and to whom.

registered_delivery (SMPP 3.4 section 5.2.17): 1 asks for every final state, 2 for failures, 3 for success
(SMPP 5.0 section 4.7.21); bit 4 for a notification when a first attempt was in vain.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

from gateway.config import Account, ReceiptOrder, Side
from gateway.onward import Onward
from gateway.receipts import FORMATS, ReceiptFacts, ReceiptFormat, receipt_body
from gateway.rendering import Encoded, Letter, address, mt_message, promise_of
from gateway.smpp.codec import encode
from gateway.smpp.constants import EsmClass, RegisteredDelivery
from gateway.smpp.pdus import DeliverSm
from storage.model import Message, MessageState

if TYPE_CHECKING:
    from gateway.batch import Batch

_US = 1_000_000
_RECEIPT, _INTERMEDIATE = int(RegisteredDelivery.RECEIPT), int(RegisteredDelivery.INTERMEDIATE)
_ALWAYS, _ON_FAILURE, _ON_SUCCESS = 1, 2, 3
_TIES = 1000


@dataclass(frozen=True, slots=True)
class _Custom:
    """How one account wants its receipts."""

    form: ReceiptFormat
    delay_us: int
    order: ReceiptOrder
    to_handset: bool


class ReceiptDesk:
    """Runs in the writer thread, inside a batch."""

    def __init__(self, accounts: Iterable[Account], onward: Onward, new_id: Callable[[], str]) -> None:
        self._customs = {account.system_id: _custom(account) for account in accounts}
        self._onward = onward
        self._new_id = new_id
        self._count = 0

    def final(self, message: Message, batch: "Batch") -> None:
        """Promise the receipt of a message that has become final, if one was asked for."""
        delivered = message.state is MessageState.DELIVERED
        asked = message.registered_delivery & _RECEIPT
        wanted = asked in (_ALWAYS, _ON_SUCCESS if delivered else _ON_FAILURE)
        if wanted:
            self._promise(message, EsmClass.DELIVERY_RECEIPT, batch)

    def intermediate(self, message: Message, batch: "Batch") -> None:
        """Promise the notification that a message could not be delivered yet, if one was asked for."""
        if message.registered_delivery & _INTERMEDIATE:
            self._promise(message, EsmClass.INTERMEDIATE_NOTIFICATION, batch)

    def _promise(self, message: Message, esm_class: EsmClass, batch: "Batch") -> None:
        custom = self._customs.get(message.account)
        if custom is None:
            return  # The account was taken out of the configuration.
        zone = batch.context.now.tzinfo
        facts = ReceiptFacts(
            id=message.id,
            state=message.state,
            submitted=_moment(message.created_us // _US, zone),
            done=_moment(batch.uow.now_us // _US, zone),
            text=message.text,
            error_code=message.error_code,
        )
        body = receipt_body(custom.form, facts)
        pdu = DeliverSm(
            source=address(message.destination),
            destination=address(message.source),
            esm_class=esm_class,
            short_message=body.short_message,
            tlvs=body.tlvs,
        )
        if custom.to_handset:
            route, payload = f"handset:{message.source}", encode(pdu)
        else:
            route, payload = f"account:{message.account}", self._onward.for_account(pdu, message.account)
        letter = Letter(body.text, message.source, message.destination, message.id)
        encoded = Encoded(payload, "GSM 7 bit", 0, 1)
        receipt = mt_message(
            self._new_id(), letter, encoded, batch.uow, bearer="receipt", route=route, esm_class=esm_class
        )
        outbox = promise_of(receipt, batch.uow, batch.context.profile.sms_validity_s)
        if custom.delay_us:
            due_us = self._due_us(custom, receipt.id, batch.uow.now_us)
            later = outbox._replace(due_us=due_us, expires_us=outbox.expires_us + due_us - batch.uow.now_us)
            batch.schedule(receipt, later)
        else:
            batch.promise(receipt, outbox)

    def _due_us(self, custom: _Custom, receipt_id: str, now_us: int) -> int:
        """Reversed: within each span of the delay, the last one first. Shuffled: up to twice the delay."""
        delay_us = custom.delay_us
        match custom.order:
            case ReceiptOrder.SUBMITTED:
                return now_us + delay_us
            case ReceiptOrder.SHUFFLED:
                return now_us + delay_us + crc32(receipt_id.encode()) % delay_us
            case ReceiptOrder.REVERSED:
                # Receipts of one moment are told apart by a microsecond each.
                self._count = (self._count + 1) % _TIES
                since_us = now_us % delay_us
                return now_us - since_us + 2 * delay_us - since_us - self._count


@lru_cache(maxsize=1024)
def _moment(second: int, zone: tzinfo | None) -> datetime:
    """Receipts of one second share their moments, which are dear to make."""
    return datetime.fromtimestamp(second, zone)


def _custom(account: Account) -> _Custom:
    return _Custom(
        form=FORMATS[account.receipt_format],
        delay_us=round(account.receipt_delay_s * _US),
        order=account.receipt_order,
        to_handset=account.side is Side.HANDSET,
    )
