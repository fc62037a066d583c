"""A real receiving mail server on loopback, in a thread of its own, that answers as a test says."""

import asyncio
import ssl
import threading
from collections import deque
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from gateway.config import MailServer
from handlers.base.command import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

SENDER = "parking@shortcode.example"


class Received:
    """A letter as it came: who it is from and to by its envelope, and what it says."""

    def __init__(self, envelope: Envelope, session: Session) -> None:
        self.sender = envelope.mail_from
        self.to = envelope.rcpt_tos
        self.octets = envelope.content
        assert isinstance(self.octets, bytes)
        message = message_from_bytes(self.octets, policy=default)
        assert isinstance(message, EmailMessage)
        self.message = message
        self.text = message.get_content()
        self.secure = session.ssl is not None
        self.authenticated = session.authenticated


class Receiver:
    """RCPT and DATA get ``rcpt`` and ``data``, one after the other, then 250.

    Both may be ``hang up`` or ``say nothing`` too.
    """

    def __init__(self, secure: ssl.SSLContext | None = None, password: str = "") -> None:
        """``secure`` offers STARTTLS, ``password`` asks for it of the user ``gateway``."""
        self.letters: list[Received] = []
        self.rcpt: deque[str] = deque()
        self.data: deque[str] = deque()
        #: Called when the text of a letter is there, in the server's thread.
        self.on_data: Callable[[], object] = lambda: None
        self.recipients: list[str] = []
        self.connections = 0
        self._password = password
        self._secure = secure
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._protocols: list[SMTP] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def _protocol(self) -> SMTP:
        options: dict[str, Any] = {}
        if self._secure is not None:
            options |= {"tls_context": self._secure, "require_starttls": True}
        if self._password:
            # It warns of asking for passwords without encryption, so there it only takes them.
            is_secure = self._secure is not None
            options |= {
                "authenticator": self._judge,
                "auth_required": is_secure,
                "auth_require_tls": is_secure,
            }
        protocol = SMTP(self, loop=self._loop, hostname="receiver", ident="test", **options)
        self._protocols.append(protocol)
        return protocol

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(self._protocol, "127.0.0.1", self.port)

    def _judge(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, auth: Any
    ) -> AuthResult:
        assert isinstance(auth, LoginPassword)
        right = (auth.login, auth.password) == (b"gateway", self._password.encode())
        return AuthResult(success=right, handled=False)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Every conversation begins with it."""
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """A recipient."""
        self.recipients.append(address)
        answer = self.rcpt.popleft() if self.rcpt else "250 OK"
        if answer == "say nothing":
            await asyncio.Event().wait()
        if answer == "hang up":
            _abort(server)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """A letter."""
        answer = self.data.popleft() if self.data else "250 OK"
        self.on_data()
        if answer == "say nothing":
            await asyncio.Event().wait()
        if answer.startswith("250"):
            self.letters.append(Received(envelope, session))
        if answer == "hang up":
            self.letters.append(Received(envelope, session))
            _abort(server)
        return answer

    def server(self, **changes: Any) -> MailServer:
        """How it is configured."""
        proof = {"user": "gateway", "password": Secret(self._password)} if self._password else {}
        secure = {"starttls": True} if self._secure is not None else {}
        return MailServer(
            **{"host": "127.0.0.1", "port": self.port, "sender": SENDER, **proof, **secure, **changes}
        )

    def __enter__(self) -> Self:
        if not self._thread.is_alive():
            self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        """No connection and no task is left."""
        assert self._server is not None
        self._server.close()
        for protocol in self._protocols:
            _abort(protocol)
        await asyncio.sleep(0)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _abort(protocol: SMTP) -> None:
    if isinstance(protocol.transport, asyncio.WriteTransport):
        protocol.transport.abort()
