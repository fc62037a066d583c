"""One bound SMPP session of one handset: requests out, deliveries in.

One thread reads (whoever calls ``run``), any thread may send. smpplib's client is not thread-safe, so every
use of its sequence numbers and of the sending side is under one lock; the receiving side has one user only.
"""

import selectors
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Any, ClassVar, Final, Protocol

from smpplib import exceptions  # type: ignore[import-untyped]  # smpplib has no annotations

from simulator.condition import Answer
from simulator.delivery import Delivery, read_delivery
from simulator.errors import BindRefused, GatewayUnreachable, NotConnected, SubmitFailed
from simulator.settings import LinkSettings
from simulator.smpplib_shim import BrokenPdu, Client, LinkEnded, make_pdu, parse
from simulator.status import ESME_RINVCMDID, ESME_ROK
from simulator.target import Target

_RECENT_FRAMES: Final = 64
_SYSTEM_TYPE: Final = "handset"
#: Deliveries that cannot be read have a response of their own.
_RESPONSES: Final = {0x00000005: "deliver_sm_resp", 0x00000103: "data_sm_resp"}


class LinkOwner(Protocol):
    """What a link asks and tells its handset, always on the reading thread."""

    def answer_to(self, delivery: Delivery) -> Answer:
        """What to answer a delivery with."""

    def take(self, delivery: Delivery) -> None:
        """A delivery that was answered with ESME_ROK, once."""


@dataclass(slots=True)
class _Pending:
    future: "Future[str]"
    #: The place of the request among all that was sent on this link.
    sent: int


class Link:
    """A bound session. Get one from ``open_link``."""

    def __init__(
        self, client: Client, owner: LinkOwner, settings: LinkSettings, monotonic: Callable[[], float]
    ) -> None:
        self._client = client
        self._owner = owner
        self._settings = settings
        self._monotonic = monotonic
        self._lock = Lock()
        self._pending: dict[int, _Pending] = {}
        self._sent = 0
        self._ended = ""
        self._enquired_at: float | None = None
        #: Bodies taken whose response has not been proven to have arrived, with the response's place.
        self._unproven: deque[tuple[int, bytes]] = deque()
        #: Frames that were taken, for those that come twice.
        self._recent: deque[bytes] = deque(maxlen=_RECENT_FRAMES)

    @property
    def unproven(self) -> list[bytes]:
        """Bodies of deliveries that the gateway may take for undelivered, because a response was lost."""
        return [body for _, body in self._unproven]

    def request(
        self, command: str, settled: "Callable[[Future[str]], None] | None" = None, **fields: Any
    ) -> "Future[str]":
        """Send a request; the future gets the message_id ("" where there is none), or SubmitFailed,
        or NotConnected when the link ends first. ``settled`` is called then, before anything else is read.

        Raises NotConnected when the link is over already.
        """
        future: Future[str] = Future()
        if settled is not None:
            future.add_done_callback(settled)
        with self._lock:
            pdu = self._make(command, **fields)
            self._pending[pdu.sequence] = _Pending(future, self._sent + 1)
            try:
                self._transmit(pdu)
            except NotConnected as lost:
                del self._pending[pdu.sequence]
                future.set_exception(lost)
                raise
        return future

    def run(self) -> str:
        """Read until the link ends, and say why it did. The socket is closed afterwards."""
        reason = "the handset's reader stopped"
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._client.connection, selectors.EVENT_READ)
                while True:
                    self._step(bool(selector.select(self._idle_s())))
        except LinkEnded as end:
            reason = self._ended or str(end)
        except NotConnected as lost:
            reason = str(lost)
        finally:
            self._finish(reason)
        return reason

    def unbind(self) -> None:
        """Say good-bye (SMPP 3.4 section 4.2); the reading thread ends when the answer comes.

        A gateway that does not answer in time is left without one.
        """
        try:
            self.request("unbind").exception(self._settings.unbind_timeout_s)
        except (NotConnected, TimeoutError):
            self.abandon("switched off")

    def abandon(self, reason: str) -> None:
        """Cut the connection; the reading thread ends."""
        with self._lock:
            self._ended = self._ended or reason
            self._client.shut()

    def _step(self, readable: bool) -> None:
        if readable:
            self._receive(self._client.read_frame())
        else:
            self._enquire()

    def _idle_s(self) -> float:
        if self._enquired_at is not None:
            return max(0.0, self._enquired_at + self._settings.response_timeout_s - self._monotonic())
        return self._settings.settle_after_s if self._unproven else self._settings.enquire_after_s

    def _enquire(self) -> None:
        now = self._monotonic()
        if self._enquired_at is None:
            self._enquired_at = now
            self.request("enquire_link")
        elif now - self._enquired_at >= self._settings.response_timeout_s:
            raise LinkEnded("the gateway does not answer any more")

    def _receive(self, frame: bytes) -> None:
        try:
            pdu = parse(frame)
        except BrokenPdu as fault:
            self._refuse(fault)
            return
        if pdu.is_response():
            self._settle(pdu)
        else:
            self._REQUESTS.get(pdu.command, Link._unknown)(self, pdu, frame)

    def _settle(self, pdu: Any) -> None:
        self._enquired_at = None
        with self._lock:
            pending = self._pending.pop(pdu.sequence, None)
        if pending is None:
            return
        # The gateway reads in order: what it answers now came after every response sent before it.
        while self._unproven and self._unproven[0][0] < pending.sent:
            self._unproven.popleft()
        if pdu.status == ESME_ROK:
            pending.future.set_result((getattr(pdu, "message_id", None) or b"").decode("latin-1"))
        else:
            pending.future.set_exception(SubmitFailed(pdu.status))
        if pdu.command == "unbind_resp":
            raise LinkEnded("switched off")

    def _refuse(self, fault: BrokenPdu) -> None:
        if fault.is_response:
            with self._lock:
                pending = self._pending.pop(fault.sequence, None)
            if pending is not None:
                pending.future.set_exception(SubmitFailed(fault.status))
            return
        command = _RESPONSES.get(fault.command_id, "generic_nack")
        self._respond(command, fault.sequence, fault.status)

    def _deliver(self, pdu: Any, frame: bytes) -> None:
        """deliver_sm and data_sm (SMPP 3.4 sections 4.6 and 4.7)."""
        response = f"{pdu.command}_resp"
        if frame in self._recent:
            self._respond(response, pdu.sequence)
            return
        delivery = read_delivery(pdu, frame)
        answer = self._owner.answer_to(delivery)
        taken = answer.status == ESME_ROK
        if taken:
            self._recent.append(frame)
        try:
            self._respond(response, pdu.sequence, answer.status, network_error_code=answer.network_error)
        finally:
            # Taken even if the response cannot be sent: it is here, and will be known when it comes again.
            if taken:
                self._unproven.append((self._sent, delivery.body))
                self._owner.take(delivery)

    def _enquire_link(self, pdu: Any, _frame: bytes) -> None:
        self._respond("enquire_link_resp", pdu.sequence)

    def _unbind(self, pdu: Any, _frame: bytes) -> None:
        self._respond("unbind_resp", pdu.sequence)
        raise LinkEnded("the gateway ended the session")

    def _ignored(self, _pdu: Any, _frame: bytes) -> None:
        """alert_notification has no response (SMPP 3.4 section 4.12.1) and means nothing to a handset."""

    def _unknown(self, pdu: Any, _frame: bytes) -> None:
        self._respond("generic_nack", pdu.sequence, ESME_RINVCMDID)

    def _respond(self, command: str, sequence: int, status: int = ESME_ROK, **fields: Any) -> None:
        with self._lock:
            # The number here keeps smpplib from taking one of our own for it.
            pdu = self._make(command, status=status, sequence=sequence, **fields)
            pdu.sequence = sequence
            self._transmit(pdu)

    def _make(self, command: str, **fields: Any) -> Any:
        return make_pdu(command, client=self._client, **fields)

    def _transmit(self, pdu: Any) -> None:
        """Send under the lock, which the caller holds."""
        if self._ended:
            raise NotConnected(f"no connection to the gateway: {self._ended}")
        try:
            self._client.send_pdu(pdu)
        except exceptions.ConnectionError:
            self._ended = "the gateway closed the connection"
            self._client.shut()
            raise NotConnected(f"no connection to the gateway: {self._ended}") from None
        self._sent += 1

    def _finish(self, reason: str) -> None:
        with self._lock:
            self._ended = self._ended or reason
            pending, self._pending = self._pending, {}
            self._client.close()
        for waiting in pending.values():
            waiting.future.set_exception(NotConnected(f"no connection to the gateway: {reason}"))

    _REQUESTS: ClassVar[dict[str, Callable[["Link", Any, bytes], None]]] = {
        "deliver_sm": _deliver,
        "data_sm": _deliver,
        "enquire_link": _enquire_link,
        "unbind": _unbind,
        "alert_notification": _ignored,
    }


def open_link(
    msisdn: str,
    target: Target,
    owner: LinkOwner,
    settings: LinkSettings,
    monotonic: Callable[[], float],
) -> Link:
    """Connect and bind as a transceiver that serves one number.

    Raises GatewayUnreachable or BindRefused.
    """
    client = Client(target.host, target.port, settings.connect_timeout_s)
    try:
        client.connect()
        _bind(client, msisdn, target)
    except OSError as fault:
        client.close()
        raise GatewayUnreachable(f"no gateway at {target.address}: {fault.strerror or fault}") from None
    except (LinkEnded, BrokenPdu, exceptions.ConnectionError) as fault:
        client.close()
        raise GatewayUnreachable(f"no SMPP gateway at {target.address}: {fault or 'closed'}") from None
    except BindRefused:
        client.close()
        raise
    client.connection.settimeout(settings.transfer_timeout_s)
    return Link(client, owner, settings, monotonic)


def _bind(client: Client, msisdn: str, target: Target) -> None:
    """bind_transceiver with the handset's number as address_range (interfaces.md, "SMPP")."""
    client.send_pdu(
        make_pdu(
            "bind_transceiver",
            client=client,
            system_id=target.system_id,
            password=target.password,
            system_type=_SYSTEM_TYPE,
            addr_ton=1,
            addr_npi=1,
            address_range=msisdn,
        )
    )
    response = parse(client.read_frame())
    if response.status != ESME_ROK:
        raise BindRefused(response.status)
    if response.command != "bind_transceiver_resp":
        raise LinkEnded(f"it answered the bind with {response.command}")
    client.set_bound()
