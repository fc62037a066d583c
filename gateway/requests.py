"""What a bound peer asks for: from the decoded request to the writer, and back with the response."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import structlog

from gateway.binds import Bind, Binds
from gateway.config import Account, Side
from gateway.inbound import Inbound, Rejected
from gateway.metrics import Metrics
from gateway.smpp import pdus
from gateway.smpp.constants import CommandId, CommandStatus
from gateway.throughput import Throughput
from gateway.work import Accepted, Done, Result, Submit, Work
from storage.errors import CommitUnknown

log = structlog.get_logger("gateway.smpp")

#: Operations that a later version carries out: the status that says so, never silence.
NOT_YET: Mapping[CommandId, CommandStatus] = {
    CommandId.SUBMIT_MULTI: CommandStatus.ESME_RSUBMITFAIL,
    CommandId.DATA_SM: CommandStatus.ESME_RDELIVERYFAILURE,
    CommandId.QUERY_SM: CommandStatus.ESME_RQUERYFAIL,
    CommandId.CANCEL_SM: CommandStatus.ESME_RCANCELFAIL,
    CommandId.REPLACE_SM: CommandStatus.ESME_RREPLACEFAIL,
}


class Queue(Protocol):
    """The way to the writer."""

    def offer(self, work: Work, done: Done) -> bool:
        """Queue work from outside; False when the queue is full."""

    def accept(self, work: Work, done: Done) -> None:
        """Queue the gateway's own work."""


class Answering(Protocol):
    """The peer that asked, as far as its requests are concerned."""

    session_id: str

    def refuse(self, pdu: pdus.Pdu, status: CommandStatus) -> None:
        """Answer with an error."""

    def submitted(self, pdu: pdus.SubmitSm, status: int, message_id: str) -> None:
        """Answer a submit once its commit is done."""

    def abort(self, reason: str) -> None:
        """Drop the connection at once."""


class Requests:
    """One per gateway, used in the reactor."""

    def __init__(
        self,
        accounts: Iterable[Account],
        binds: Binds,
        inbound: Inbound,
        queue: Queue,
        metrics: Metrics,
        monotonic: Callable[[], float],
    ) -> None:
        self._throughputs = {
            account.system_id: Throughput(account.messages_per_s, monotonic) for account in accounts
        }
        self._binds = binds
        self._inbound = inbound
        self._queue = queue
        self._metrics = metrics
        self.stopping = False

    def submit(self, peer: Answering, pdu: pdus.SubmitSm, frame: bytes) -> None:
        """Decode, route and queue; the response leaves when the writer has committed."""
        bind = self._binds.get(peer.session_id)
        if bind is None or self.stopping:
            peer.refuse(pdu, CommandStatus.ESME_RSYSERR)
            return
        if not self._throughputs[bind.account.system_id].admits():
            peer.refuse(pdu, CommandStatus.ESME_RTHROTTLED)
            return
        try:
            work = self._inbound.read(bind, pdu, frame)
        except Rejected as rejected:
            self._log_submit(bind, rejected.status.name, reason=rejected.reason)
            peer.refuse(pdu, rejected.status)
            return
        if not self._queue.offer(work, lambda result: self._submitted(peer, bind, pdu, work, result)):
            peer.refuse(pdu, CommandStatus.ESME_RTHROTTLED)

    def other(self, peer: Answering, pdu: pdus.Pdu) -> None:
        """Requests that are not carried out yet are refused with the status that fits them best."""
        peer.refuse(pdu, NOT_YET.get(pdu.command_id, CommandStatus.ESME_RINVCMDID))

    def _submitted(
        self, peer: Answering, bind: Bind, pdu: pdus.SubmitSm, work: Submit, result: Result
    ) -> None:
        if isinstance(result.error, CommitUnknown):
            # The command may be durable or not: no answer is the only true one; the client asks again.
            peer.abort("the outcome is unknown")
            return
        value = result.value
        if not isinstance(value, Accepted):
            self._log_submit(bind, "ESME_RSYSERR", reason=type(result.error).__name__)
            peer.submitted(pdu, CommandStatus.ESME_RSYSERR, "")
            return
        self._log_submit(bind, value.word, work, value.message_id)
        self._metrics.command(work.route.target if work.asked else work.route.kind.value, value.word)
        self._metrics.message("mo" if bind.account.side is Side.HANDSET else "mt", "ACCEPTED")
        peer.submitted(pdu, value.status, value.message_id)

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
