"""What a bound peer asks for: from the decoded request to the writer, and back with the response."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from gateway.batch import lanes_of
from gateway.binds import Bind, Binds
from gateway.config import Account, Side
from gateway.content import Rejected
from gateway.dispatcher import Dispatcher
from gateway.failures import error_code, network_error_code
from gateway.inbound import Inbound, plain
from gateway.inquiries import Inquiries
from gateway.message_ids import SHORT_DIGITS, base_id, number_of
from gateway.metrics import Metrics
from gateway.multi import Multi
from gateway.receipts import FORMATS, STATE_NUMBERS
from gateway.routing import RouteKind
from gateway.smpp import pdus
from gateway.smpp.constants import VERSION_50, CommandStatus
from gateway.smpp.fields import UnsuccessSme
from gateway.smpp.tlv import Tag, Tlv
from gateway.smpp_time import absolute_time
from gateway.throughput import Throughput
from gateway.work import (
    Accepted,
    AcceptedMany,
    Cancel,
    Changed,
    Delivery,
    Done,
    Found,
    Refused,
    Replace,
    Result,
    Submit,
    SubmitMany,
    Work,
)
from storage.errors import CommitUnknown
from storage.model import MessageState

log = structlog.get_logger("gateway.smpp")

#: delivery_failure_reason (SMPP 3.4 section 5.3.2.33): the destination could not be reached, or refused.
_UNAVAILABLE, _PERMANENT = 0, 2
_DPF_SET = Tlv(Tag.DPF_RESULT, 1)


class Queue(Protocol):
    """The way to the writer."""

    def offer(self, work: Work, done: Done) -> bool:
        """Queue work from outside; False when the queue is full."""

    def accept(self, work: Work, done: Done) -> None:
        """Queue the gateway's own work."""


class Answering(Protocol):
    """The peer that asked, as far as its requests are concerned."""

    session_id: str

    @property
    def version(self) -> int:
        """The interface_version that it bound with."""

    @property
    def congestion(self) -> tuple[Tlv, ...]:
        """What the responses to submits tell a client of SMPP 5.0."""

    def refuse(self, pdu: pdus.Pdu, status: CommandStatus) -> None:
        """Answer with an error."""

    def respond(self, response: pdus.Response) -> None:
        """Answer; a connection that is gone needs none."""

    def abort(self, reason: str) -> None:
        """Drop the connection at once."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request on its way through the writer. ``pdu`` is what the response must answer."""

    peer: Answering
    bind: Bind
    pdu: pdus.Pdu


class Requests:
    """One per gateway, used in the reactor."""

    def __init__(
        self,
        accounts: Iterable[Account],
        binds: Binds,
        inbound: Inbound,
        multi: Multi,
        inquiries: Inquiries,
        dispatcher: Dispatcher,
        queue: Queue,
        metrics: Metrics,
        at: Callable[[int], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        """``at`` turns operator time in microseconds into a moment."""
        accounts = tuple(accounts)
        self._throughputs = {each.system_id: Throughput(each.messages_per_s, monotonic) for each in accounts}
        self._shown = {each.system_id: FORMATS[each.receipt_format].response_id.shown for each in accounts}
        self._binds = binds
        self._inbound = inbound
        self._multi = multi
        self._inquiries = inquiries
        self._dispatcher = dispatcher
        self._queue = queue
        self._metrics = metrics
        self._at = at
        #: Submits in transaction mode, by message id: their responses tell how the delivery ended.
        self._awaited: dict[str, _Asked] = {}
        dispatcher.on_final = self.delivered
        #: Who hears that an application asked for an alert_notification.
        self.on_flagged: Callable[[], None] = lambda: None
        self.stopping = False

    def receive(self, peer: Answering, pdu: pdus.Pdu, frame: bytes) -> None:
        """One request, decoded. It is answered now, or when the writer has committed."""
        bind = self._binds.get(peer.session_id)
        if bind is None or self.stopping:
            peer.refuse(pdu, CommandStatus.ESME_RSYSERR)
            return
        asked = _Asked(peer, bind, pdu)
        try:
            self._take(asked, frame)
        except Rejected as rejected:
            self._log_submit(bind, rejected.status.name, reason=rejected.reason)
            peer.refuse(pdu, rejected.status)

    def _take(self, asked: _Asked, frame: bytes) -> None:
        """Raises Rejected."""
        match asked.pdu:
            case pdus.SubmitSm():
                self._submit(asked, asked.pdu, frame)
            case pdus.DataSm():
                self._submit(asked, plain(asked.pdu), frame)
            case pdus.SubmitMulti():
                self._submit_many(asked, asked.pdu)
            case pdus.QuerySm():
                self._offer(asked, self._inquiries.query(asked.bind, asked.pdu))
            case pdus.CancelSm():
                cancel = self._inquiries.cancel(asked.bind, asked.pdu)
                self._offer(asked, cancel, holding=cancel.lanes)
            case pdus.ReplaceSm():
                self._offer(asked, self._inquiries.replace(asked.bind, asked.pdu))
            case _:
                raise Rejected(CommandStatus.ESME_RINVCMDID, "no request of an ESME")

    # -- to the writer -----------------------------------------------------------------------------

    def _submit(self, asked: _Asked, pdu: pdus.SubmitSm, frame: bytes) -> None:
        self._admit(asked.bind, 1)
        work = self._inbound.read(asked.bind, pdu, frame)
        if work.replaces:
            work = work._replace(busy=self._dispatcher.busy())
            self._offer(asked, work, holding=lanes_of(work.route.lane))
        elif not self._queue.offer(work, lambda result: self._answer(asked, result)):
            raise Rejected(CommandStatus.ESME_RTHROTTLED, "the queue to the writer is full")

    def _submit_many(self, asked: _Asked, pdu: pdus.SubmitMulti) -> None:
        recipients = self._multi.recipients(pdu)
        self._admit(asked.bind, len(recipients))
        submits, failed = self._multi.read(asked.bind, pdu, recipients)
        # The one response cannot tell how many deliveries ended.
        submits = tuple(each._replace(awaited=False) for each in submits)
        holding: tuple[str, ...] = ()
        if pdu.replace_if_present_flag:
            busy = self._dispatcher.busy()
            submits = tuple(each._replace(busy=busy) for each in submits)
            holding = tuple(lane for each in submits for lane in lanes_of(each.route.lane))
        self._offer_holding(
            SubmitMany(submits),
            holding,
            lambda result: self._many_answered(asked, recipients, failed, result),
        )

    def _admit(self, bind: Bind, messages: int) -> None:
        if not self._throughputs[bind.account.system_id].admits(messages):
            raise Rejected(CommandStatus.ESME_RTHROTTLED, "more messages a second than the account may send")

    def _offer(self, asked: _Asked, work: Work, holding: tuple[str, ...] = ()) -> None:
        """What changes a message that waits must not meet it on its way: meanwhile nothing takes off."""
        if not holding and isinstance(work, Cancel | Replace):
            holding = (work.named.message_id[:SHORT_DIGITS],)
        self._offer_holding(work, holding, lambda result: self._answer(asked, result))

    def _offer_holding(self, work: Work, holding: tuple[str, ...], answer: Done) -> None:
        self._dispatcher.hold(holding)

        def done(result: Result) -> None:
            # What was changed stands in its place before anything takes off again; a receipt that is among
            # what follows comes after the response.
            self._dispatcher.withdraw(result.withdrawn)
            try:
                answer(result)
            finally:
                self._dispatcher.enqueue(result.outboxes)
                self._dispatcher.let_go(holding)

        if not self._queue.offer(work, done if holding else answer):
            self._dispatcher.let_go(holding)
            raise Rejected(CommandStatus.ESME_RTHROTTLED, "the queue to the writer is full")

    # -- and back ----------------------------------------------------------------------------------

    def _answer(self, asked: _Asked, result: Result) -> None:
        peer, pdu = asked.peer, asked.pdu
        if isinstance(result.error, CommitUnknown):
            # The command may be durable or not: no answer is the only true one; the client asks again.
            peer.abort("the outcome is unknown")
            self.on_flagged()
            return
        match result.value:
            case Accepted():
                self._accepted(asked, result.value, result.work)
            case Found():
                self._found(asked, result.value)
            case Changed():
                response = pdus.CancelSmResp if isinstance(pdu, pdus.CancelSm) else pdus.ReplaceSmResp
                peer.respond(response(pdu.sequence_number))
            case Refused():
                self._log_submit(asked.bind, "refused", reason=result.value.reason)
                peer.refuse(pdu, CommandStatus(result.value.status))
            case _:
                self._log_submit(asked.bind, "ESME_RSYSERR", reason=type(result.error).__name__)
                peer.refuse(pdu, CommandStatus.ESME_RSYSERR)

    def _accepted(self, asked: _Asked, value: Accepted, work: Work) -> None:
        if isinstance(work, Submit):
            self._count(asked.bind, work, value)
        if value.pending:
            self._flag(work)
            self._awaited[value.message_id] = asked
        elif value.status:
            asked.peer.refuse(asked.pdu, CommandStatus(value.status))
        else:
            self._respond(asked, value.message_id, self._flag(work))

    def _flag(self, work: Work) -> tuple[Tlv, ...]:
        if not isinstance(work, Submit) or not work.alert_to or work.route.kind is not RouteKind.HANDSET:
            return ()
        self.on_flagged()
        return (_DPF_SET,)

    def _respond(self, asked: _Asked, message_id: str, tlvs: tuple[Tlv, ...] = (), status: int = 0) -> None:
        shown, pdu, peer = self._shown[asked.bind.account.system_id](message_id), asked.pdu, asked.peer
        if isinstance(pdu, pdus.DataSm):
            response = pdus.DataSmResp(pdu.sequence_number, status, shown, (*tlvs, *peer.congestion))
            peer.respond(response)
        else:
            peer.respond(pdus.SubmitSmResp(pdu.sequence_number, status, shown, peer.congestion))

    def forget(self) -> None:
        """After a reset: what was waited for will never be heard of."""
        awaited, self._awaited = self._awaited, {}
        for asked in awaited.values():
            asked.peer.refuse(asked.pdu, CommandStatus.ESME_RSYSERR)

    def delivered(self, delivery: Delivery) -> None:
        """A delivery has ended for good; perhaps a response waits for it (transaction mode)."""
        asked = self._awaited.pop(delivery.message_id, None) if self._awaited else None
        if asked is None:
            return
        if delivery.state is MessageState.DELIVERED:
            self._respond(asked, delivery.message_id)
            return
        reason = _UNAVAILABLE if delivery.state is MessageState.UNDELIVERABLE else _PERMANENT
        tlvs = (
            Tlv(Tag.DELIVERY_FAILURE_REASON, reason),
            Tlv(Tag.NETWORK_ERROR_CODE, network_error_code(delivery.error_code)),
            Tlv(Tag.ADDITIONAL_STATUS_INFO_TEXT, delivery.error),
        )
        self._respond(asked, delivery.message_id, tlvs, CommandStatus.ESME_RDELIVERYFAILURE)

    def _many_answered(
        self,
        asked: _Asked,
        recipients: tuple[pdus.Address, ...],
        failed: tuple[UnsuccessSme, ...],
        result: Result,
    ) -> None:
        if not isinstance(result.value, AcceptedMany) or not isinstance(result.work, SubmitMany):
            self._answer(asked, result)
            return
        if any(each.alert_to for each in result.work.submits):
            self.on_flagged()
        message_id = ""
        for submit, value in zip(result.work.submits, result.value.each, strict=True):
            self._count(asked.bind, submit, value)
            if value.status:
                failed = (*failed, UnsuccessSme(recipients[number_of(submit.message_id) - 1], value.status))
            message_id = message_id or value.message_id
        if not message_id:
            asked.peer.refuse(asked.pdu, CommandStatus(failed[0].error_status))
            return
        shown = self._shown[asked.bind.account.system_id](base_id(message_id))
        asked.peer.respond(
            pdus.SubmitMultiResp(asked.pdu.sequence_number, 0, shown, failed, asked.peer.congestion)
        )

    def _found(self, asked: _Asked, found: Found) -> None:
        state = found.state
        if state is MessageState.SCHEDULED and asked.peer.version < VERSION_50:
            state = MessageState.ENROUTE  # SMPP 3.4 section 5.2.28 knows no other state for what waits.
        final_date = "" if found.final_us is None else absolute_time(self._at(found.final_us))
        asked.peer.respond(
            pdus.QuerySmResp(
                asked.pdu.sequence_number,
                0,
                self._shown[asked.bind.account.system_id](found.message_id),
                final_date,
                STATE_NUMBERS[state],
                min(error_code(found.error_code), 0xFF),
            )
        )

    # -- what is told of it ------------------------------------------------------------------------

    def _count(self, bind: Bind, work: Submit, value: Accepted) -> None:
        self._log_submit(bind, value.word, work, value.message_id)
        self._metrics.command(work.route.target if work.asked else work.route.kind.value, value.word)
        self._metrics.message("mo" if bind.account.side is Side.HANDSET else "mt", "ACCEPTED")

    def _log_submit(
        self, bind: Bind, word: str, work: Submit | None = None, message_id: str = "", reason: str = ""
    ) -> None:
        """The one line per message at this edge. It never holds the text."""
        log.info(
            "submit",
            session=bind.session_id,
            system_id=bind.account.system_id,
            outcome=word,
            message_id=message_id,
            source=work.source if work else "",
            destination=work.destination if work else "",
            route=work.route.lane if work else "",
            reason=reason,
        )
