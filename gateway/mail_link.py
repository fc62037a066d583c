"""One conversation with a mail server (RFC 5321). In the event loop; each step is bounded in real time."""

import asyncio
import ssl
from typing import Final, Protocol

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException

from gateway.config import MailServer
from handlers.base.email_address import domain_of

#: RFC 5321 section 4.5.3.2 gives minutes; nobody waits here, and what is late is tried again.
TIMEOUT_S: Final = 20.0
_QUIT_S: Final = 1.0
_PERMANENT: Final = range(500, 600)
_WORDS_MAX: Final = 200


class Unreachable(Exception):
    """There is no conversation with the server, or no more, which is no letter's fault. Says why."""


class Refused(Exception):
    """The server does not take this letter: never (``is_final``), or not now. Says why.

    A server that hangs up at a recipient, or says nothing, does not take the letter now.
    """

    def __init__(self, reason: str, *, is_final: bool) -> None:
        super().__init__(reason)
        self.is_final = is_final


class Unsure(Exception):
    """The server has the text and did not answer: it may have taken the letter, or not. Says why."""


class MailLink(Protocol):
    """What the postman needs of a mail server; ``SmtpLink`` is the real one."""

    async def open(self) -> None:
        """Begin. Raises Unreachable."""

    async def address(self, sender: str, to: str) -> None:
        """The envelope of the next letter. Raises Refused, Unreachable."""

    async def withdraw(self) -> None:
        """There will be no text for this envelope."""

    async def hand_over(self, octets: bytes) -> None:
        """The text; the letter is accepted when this returns. Raises Refused, Unsure."""

    async def close(self) -> None:
        """End, politely."""

    def drop(self) -> None:
        """End at once."""


class SmtpLink:
    """Implements MailLink with aiosmtplib. It may be opened again after ``close``."""

    def __init__(
        self, server: MailServer, *, timeout_s: float = TIMEOUT_S, secure: ssl.SSLContext | None = None
    ) -> None:
        """``secure`` is for STARTTLS; left out, the authorities that this machine trusts."""
        if server.starttls and secure is None:
            secure = ssl.create_default_context()
        self._smtp = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password.reveal() if server.user else None,
            # Its own default asks the name service, which may take its time.
            local_hostname=domain_of(server.sender),
            timeout=timeout_s,
            start_tls=server.starttls,
            tls_context=secure,
        )
        #: aiosmtplib forgets it before it is closed, which takes a server's word of TLS for it.
        self._transport: asyncio.BaseTransport | None = None

    async def open(self) -> None:
        """Connect, and prove who we are where that is wanted. Raises Unreachable."""
        try:
            await self._smtp.connect()
            self._transport = self._smtp.transport
            await self._smtp.ehlo()
        except SMTPAuthenticationError as error:
            # The server's words might hold what it was given.
            raise Unreachable(f"the server does not accept user and password ({error.code})") from None
        except (SMTPException, OSError, ValueError) as error:
            raise Unreachable(_words(error)) from None

    async def address(self, sender: str, to: str) -> None:
        """MAIL and RCPT. Raises Refused, Unreachable."""
        try:
            # Who is not taken as a sender is not taken with any letter.
            await self._smtp.mail(sender)
        except (SMTPException, OSError) as error:
            raise Unreachable(_words(error)) from None
        try:
            await self._smtp.rcpt(to)
        except SMTPResponseException as error:
            raise await self._refusal(error) from None
        except (SMTPException, OSError) as error:
            # Some do so at some recipients: those behind must have their turn. What comes late is of no use.
            self._smtp.close()
            raise Refused(_words(error), is_final=False) from None

    async def hand_over(self, octets: bytes) -> None:
        """DATA. Raises Refused, Unsure."""
        try:
            await self._smtp.data(octets)
        except SMTPResponseException as error:
            raise await self._refusal(error) from None
        except Exception as error:  # noqa: BLE001 - whatever it was, the server may have all of the text
            raise Unsure(_words(error)) from None

    async def _refusal(self, error: SMTPResponseException) -> Refused:
        await self.withdraw()
        return Refused(_words(error), is_final=error.code in _PERMANENT)

    async def withdraw(self) -> None:
        """RSET: what was said of this letter is not said of the next one."""
        try:
            await self._smtp.rset()
        except (SMTPException, OSError):
            # The next step finds out.
            self._smtp.close()

    async def close(self) -> None:
        """QUIT, where there is somebody to say it to."""
        try:
            if self._smtp.is_connected:
                await self._smtp.quit(timeout=_QUIT_S)
        except (SMTPException, OSError):
            pass  # It has hung up first.
        finally:
            self.drop()

    def drop(self) -> None:
        """Hang up, without a last word of TLS either."""
        self._smtp.close()
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()
        self._transport = None


def _words(error: Exception) -> str:
    """One printable line of bounded length, for it comes from the other side."""
    code = f"{error.code} " if isinstance(error, SMTPResponseException) else ""
    text = " ".join(str(getattr(error, "message", error)).split())
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"{code}{plain}"[:_WORDS_MAX] or type(error).__name__
