"""One USSD application over HTTP, as an ordinary SMPP application of this very gateway.

``deliver_sm`` op 1 or 18 becomes a POST; its answer becomes ``deliver_sm_resp`` and ``submit_sm`` op 2 or 17.
Where there is no screen the response is ESME_RX_T_APPN, upon which the gateway ends the dialogue.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import structlog

from gateway.coding.alphabet import Binary, decode
from gateway.coding.errors import CodingError
from gateway.config import Account, UssdHttp
from gateway.radio_link import Link, LinkFactory
from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandStatus, UssdServiceOp, status_name
from gateway.smpp.pdus import AlertNotification, DeliverSm, DeliverSmResp, Pdu
from gateway.smpp.tlv import Tag
from gateway.ussd_http_screen import screen_pdu
from gateway.ussd_http_session import Answer, Failed, Session, Sessions

log = structlog.get_logger("gateway.ussd_http")

#: Waits before the next bind; the last one again and again.
_AGAIN_S: Final = (0.2, 1.0, 5.0)
#: The gateway could not take a screen now; it is sent again so often, after so long.
_RETRIES_MAX: Final = 5
_RETRY_S: Final = 0.5
_BUSY: Final = frozenset({CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RMSGQFUL})
_NO_SCREEN: Final = CommandStatus.ESME_RX_T_APPN
_NOT_OURS: Final = CommandStatus.ESME_RX_R_APPN


class Client(Protocol):
    """What asks the application."""

    async def ask(self, form: Mapping[str, str], /) -> Answer:
        """The answer to one step. Raises Failed."""

    async def close(self) -> None:
        """Let go of its connections."""


class Screen:
    """One submit_sm on its way. Implements gateway.radio_link.Asked."""

    __slots__ = ("_adapter", "encoded", "lost", "session", "tries")

    def __init__(self, adapter: "Adapter", session: Session, encoded: bytes) -> None:
        self._adapter = adapter
        self.session = session
        self.encoded = encoded
        self.tries = 0
        #: A connection was lost under it; its its_session_info makes the gateway take it once.
        self.lost = False

    def resolve(self, pdu: Pdu) -> None:
        """Its response has come."""
        status = getattr(pdu, "command_status", 0)
        if status:
            self._adapter.refused(self, status)

    def fail(self, error: Exception) -> None:  # noqa: ARG002 - Asked's shape
        """None will come."""
        self._adapter.given_up(self, "no submit_sm_resp came")


class Adapter:
    """Binds at once, and again whenever the session is lost. Used in the reactor, which is the loop's."""

    def __init__(
        self,
        entry: UssdHttp,
        client: Client,
        account: Account,
        reactor: Any,
        loop: asyncio.AbstractEventLoop,
        monotonic: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        """``account`` was made for the entry; ``reactor`` is Any, as Twisted's has no type."""
        self._name = entry.name
        self._reactor = reactor
        self._loop = loop
        self._factory = LinkFactory(self, account, reactor, monotonic, self._received)
        self._sessions = Sessions(entry.codes, new_id)
        self._client = client
        self._where: tuple[str, int] | None = None
        self._tried: Callable[[], None] | None = None
        self._link: Link | None = None
        self._failures = 0
        self._waiting: deque[Screen] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._later: Any = None
        self._stopped = False

    def start(self, host: str, port: int, tried: Callable[[], None]) -> None:
        """Bind there. ``tried`` is called once: it is bound, or the first attempt has come to nothing."""
        self._where = host, port
        self._tried = tried
        self._connect()

    async def stop(self) -> None:
        """Ask nothing more and leave. Dialogues whose request is not answered are the gateway's to end."""
        self._stopped = True
        if self._later is not None:
            self._later.cancel()
        if self._link is not None:
            # Unbinding would wait for the answers that are owed.
            self._link.drop("the gateway stops") if self._tasks else self._link.leave()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.close()

    # -- what the link tells -------------------------------------------------------------------------

    def bound(self, link: Link) -> None:
        """The session is there."""
        self._link = link
        self._failures = 0
        if self._stopped:
            link.leave()
        self._has_tried()
        self.room()

    def room(self) -> None:
        """There is room in the window: send what waits."""
        while self._waiting and self._link is not None and self._link.room:
            screen = self._waiting.popleft()
            self._link.submit(screen.encoded, screen)

    def lost(self, unanswered: Sequence[Screen], reason: str) -> None:
        """There is no connection (any more). What had no response goes out once more on the next one."""
        self._link = None
        for screen in reversed(unanswered):
            if screen.lost:
                self.given_up(screen, "the connection was lost twice")
            else:
                screen.lost = True
                self._waiting.appendleft(screen)
        self._has_tried()
        if not self._stopped:
            wait_s = _AGAIN_S[min(self._failures, len(_AGAIN_S) - 1)]
            self._failures += 1
            log.warning("ussd_http.lost", name=self._name, reason=reason, again_s=wait_s)
            self._later = self._reactor.callLater(wait_s, self._connect)

    def _connect(self) -> None:
        self._later = None
        if self._where is not None and not self._stopped:
            self._factory.connect(*self._where)

    def _has_tried(self) -> None:
        tried, self._tried = self._tried, None
        if tried is not None:
            tried()

    # -- a screen on its way -------------------------------------------------------------------------

    def refused(self, screen: Screen, status: int) -> None:
        """The gateway did not take it: now, or at all."""
        if status not in _BUSY or screen.tries >= _RETRIES_MAX:
            self.given_up(screen, f"the screen was refused with {status_name(status)}")
            return
        screen.tries += 1
        self._reactor.callLater(_RETRY_S, self._send, screen)

    def given_up(self, screen: Screen, reason: str) -> None:
        """The subscriber will not see it."""
        self._sessions.forget(screen.session)
        self._log_failure(reason, screen.session.msisdn, screen.session.id)

    def _send(self, screen: Screen) -> None:
        if not self._stopped:
            self._waiting.append(screen)
            self.room()

    def _log_failure(self, reason: str, msisdn: str, session_id: str = "") -> None:
        """Why, and whose; never what was typed or what the application sent."""
        log.warning("ussd_http.failed", name=self._name, reason=reason, msisdn=msisdn, session=session_id)

    # -- what the gateway brings ---------------------------------------------------------------------

    def _received(self, link: Link, pdu: Pdu) -> None:
        if isinstance(pdu, AlertNotification):
            return
        if not isinstance(pdu, DeliverSm):
            link.reject(pdu, _NOT_OURS)
            return
        try:
            session = self._step(pdu)
        except (Failed, CodingError) as error:
            self._log_failure(str(error), pdu.source.addr)
            link.reject(pdu, _NO_SCREEN)
            return
        if session is None:
            link.respond(DeliverSmResp(pdu.sequence_number))
            return
        task = self._loop.create_task(self._serve(link, pdu, session, session.form()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _step(self, pdu: DeliverSm) -> Session | None:
        """The session that goes on; None where there is nothing to ask. Raises Failed, CodingError."""
        info = pdu.tlv_bytes(Tag.ITS_SESSION_INFO)
        if info is None:
            raise Failed("a deliver_sm without its_session_info")
        msisdn = pdu.source.addr
        match pdu.tlv_int(Tag.USSD_SERVICE_OP):
            case UssdServiceOp.PSSR_INDICATION:
                return self._sessions.begin(msisdn, info, _text(pdu))
            case UssdServiceOp.USSR_CONFIRM if not info[1] & 1:
                return self._sessions.answered(msisdn, info, _text(pdu))
            case UssdServiceOp.USSR_CONFIRM | UssdServiceOp.USSN_CONFIRM:
                self._sessions.ended(msisdn, info[0])
                return None
        raise Failed("an operation that is not for an application")

    async def _serve(self, link: Link, pdu: DeliverSm, session: Session, form: dict[str, str]) -> None:
        try:
            answer = await self._client.ask(form)
        except Failed as failed:
            self._sessions.forget(session)
            self._log_failure(str(failed), session.msisdn, session.id)
            link.reject(pdu, _NO_SCREEN)
            return
        # Where the connection is gone the dialogue is over, or the gateway brings this again.
        if link.respond(DeliverSmResp(pdu.sequence_number)):
            self._show(pdu, session, answer)

    def _show(self, pdu: DeliverSm, session: Session, answer: Answer) -> None:
        if not self._sessions.is_open(session):
            # The handset let go, or dialled anew, while the application was thinking.
            return
        if answer.last:
            self._sessions.forget(session)
        self._send(Screen(self, session, encode(screen_pdu(pdu, session.code, answer))))


def _text(pdu: DeliverSm) -> str:
    """What the handset dialled or typed. Raises CodingError."""
    octets = pdu.short_message or pdu.tlv_bytes(Tag.MESSAGE_PAYLOAD) or b""
    text = decode(pdu.data_coding, octets)
    if isinstance(text, Binary):
        raise CodingError("the deliver_sm holds no text")
    return text
