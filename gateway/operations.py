"""What the writer does about messages that were accepted before: query_sm, cancel_sm, replace_sm.

An application reaches its own messages only; those of others are answered like unknown ones.
"""

from gateway.batch import SCHEDULED, Batch, release_job
from gateway.checks import RECEIPT_BITS
from gateway.coding.alphabet import alphabet_of
from gateway.coding.alphabet import decode as decode_text
from gateway.coding.errors import CodingError
from gateway.delivery_log import DeliveryLog
from gateway.kept import kept
from gateway.onward import SEGMENT_TAGS, Onward, body_of, canned, with_body
from gateway.parts import SEGMENTS
from gateway.routing import Route, RouteKind
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import CommandStatus, EsmClass
from gateway.smpp.pdus import DeliverSm, SubmitSm
from gateway.work import Cancel, Changed, Found, Named, Query, Refused, Replace, Result
from storage.model import Between, Message, MessageState, Outbox, priority_of

_US = 1_000_000
_WORST = (
    MessageState.ENROUTE,
    MessageState.SCHEDULED,
    MessageState.UNDELIVERABLE,
    MessageState.REJECTED,
    MessageState.EXPIRED,
    MessageState.DELETED,
    MessageState.DELIVERED,
)


class Operations:
    """Runs in the writer thread, inside a batch."""

    def __init__(self, deliveries: DeliveryLog, onward: Onward) -> None:
        self._deliveries = deliveries
        self._onward = onward

    def query(self, work: Query, batch: Batch) -> Result:
        """The state of a message; of a submit_multi's recipients the one that most wants looking at."""
        found = _named(work.named, batch)
        if not found:
            return batch.result(work, _UNKNOWN)
        message = min(found, key=lambda each: _WORST.index(each.state))
        final_us = message.updated_us if message.state.is_final else None
        return batch.result(work, Found(message.id, message.state, final_us, message.error_code))

    def cancel(self, work: Cancel, batch: Batch) -> Result:
        """Delete what waits and is not on its way yet."""
        wanted = _named(work.named, batch) if work.named.message_id else self._between(work, batch)
        waiting = [each for each in wanted if _waits(each, work.busy)]
        for message in waiting:
            self._deliveries.delete(message, "cancelled by its sender", batch)
        if waiting:
            return batch.result(work, Changed(tuple(message.id for message in waiting)))
        if wanted or not work.named.message_id:
            return batch.result(work, _too_late(CommandStatus.ESME_RCANCELFAIL))
        return batch.result(work, _UNKNOWN)

    @staticmethod
    def _between(work: Cancel, batch: Batch) -> list[Message]:
        named = work.named
        between = Between(named.account, named.source, named.destination, work.service_type or None)
        return [message for message, _ in batch.uow.messages.waiting(work.lanes, between)]

    def replace(self, work: Replace, batch: Batch) -> Result:
        """Put another text in the place of one that waits."""
        found = _named(work.named, batch)
        waiting = [each for each in found if _waits(each, work.busy)]
        if not waiting:
            late = _too_late(CommandStatus.ESME_RREPLACEFAIL)
            return batch.result(work, late if found else _UNKNOWN)
        try:
            amended = [self._amended(work, message, batch) for message in waiting]
        except CodingError as error:
            return batch.result(work, Refused(CommandStatus.ESME_RINVMSGLEN, str(error)))
        for message, promise in amended:
            batch.uow.messages.amend(message, promise)
            self._follow(message, promise, batch)
        return batch.result(work, Changed(tuple(message.id for message, _ in amended)))

    def _amended(self, work: Replace, message: Message, batch: Batch) -> tuple[Message, Outbox]:
        promise = batch.uow.messages.promise(message.id)
        if promise is None:
            raise CodingError("it does not wait any more")
        if promise.lane.startswith(SEGMENTS):
            raise CodingError("a segment that waits for the others cannot be replaced")
        pdu = self._content(work, message, promise)
        route = _route(message)
        payload, parts = self._onward.payload(pdu, message.source, message.destination, route, message.id)
        text = decode_text(pdu.data_coding, body_of(pdu))
        shown, frame = kept(
            pdu, encode(pdu), text if isinstance(text, str) else "", segment=False, secret_digits=False
        )
        changed = message._replace(
            text=shown,
            pdus=frame,
            parts=parts,
            encoding=alphabet_of(pdu.data_coding).value,
            data_coding=pdu.data_coding,
            esm_class=pdu.esm_class,
            registered_delivery=work.registered_delivery,
        )
        receipt_to = message.account if work.registered_delivery & RECEIPT_BITS else ""
        return _timed(work, changed, promise._replace(payload=payload, receipt_to=receipt_to), batch)

    def _content(self, work: Replace, message: Message, promise: Outbox) -> SubmitSm:
        """What it would have been, had it been submitted like this."""
        before = decode(promise.payload[: int.from_bytes(promise.payload[:4], "big")])
        pdu = SubmitSm(
            service_type=message.service_type,
            esm_class=message.esm_class & ~int(EsmClass.UDHI),
            protocol_id=before.protocol_id if isinstance(before, DeliverSm) else 0,
            priority_flag=before.priority_flag if isinstance(before, DeliverSm) else 0,
            registered_delivery=work.registered_delivery,
            data_coding=message.data_coding,
            tlvs=tuple(tlv for tlv in getattr(before, "tlvs", ()) if tlv.tag not in SEGMENT_TAGS),
        )
        if work.default_text:
            return canned(pdu, work.default_text)
        return self._onward.read(with_body(pdu, work.short_message), message.account)

    @staticmethod
    def _follow(message: Message, promise: Outbox, batch: Batch) -> None:
        batch.expiry.note(promise, batch)
        if message.state is MessageState.SCHEDULED:
            batch.withdrawn.append((message.route, message.id))
            lane = promise.lane.removeprefix(SCHEDULED)
            job = release_job(message.id, promise._replace(lane=lane), priority_of(promise.position))
            batch.uow.jobs.put(job)
        else:
            batch.outboxes.append(promise)


def _timed(work: Replace, message: Message, promise: Outbox, batch: Batch) -> tuple[Message, Outbox]:
    now_us = batch.uow.now_us
    if work.validity_s is not None:
        promise = promise._replace(expires_us=now_us + work.validity_s * _US)
    if work.schedule_s is not None:
        lane = promise.lane.removeprefix(SCHEDULED)
        promise = promise._replace(due_us=now_us + work.schedule_s * _US, lane=SCHEDULED + lane)
        message = message._replace(state=MessageState.SCHEDULED)
    return message, promise


def _named(named: Named, batch: Batch) -> list[Message]:
    return [
        message
        for message in batch.uow.messages.named(named.message_id)
        if message.account == named.account
        and message.source == named.source
        and named.destination in ("", message.destination)
    ]


def _waits(message: Message, busy: frozenset[str]) -> bool:
    return not message.state.is_final and message.id not in busy


_UNKNOWN = Refused(CommandStatus.ESME_RINVMSGID, "no message of this account has this id and these addresses")


def _too_late(status: CommandStatus) -> Refused:
    return Refused(status, "nothing waits: the message is final or on its way")


def _route(message: Message) -> Route:
    kind, _, target = message.route.partition(":")
    return Route(RouteKind(kind), target)
