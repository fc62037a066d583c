"""The HTTP side of a USSD application: one POST for each step of a session (gateway.ussd_http_session)."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from yarl import URL

from gateway.config import UssdHttp
from gateway.ussd_http_session import Answer, Failed, read_answer

#: A screen has 182 characters; whoever sends so much means something else.
BODY_MAX: Final = 65_536
_OK: Final = 200
_HEADERS: Final = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept": "text/plain",
    "Accept-Encoding": "identity",
    "User-Agent": "shortcode",
}


class AppClient:
    """Asks one application. Connections are kept; no redirect, cookie or proxy is followed."""

    def __init__(self, entry: UssdHttp, connections: int) -> None:
        """``connections`` is how many requests may be under way at once; more wait, in their order."""
        # As it is written: an escape in a token may mean another thing without it.
        self._url = URL(entry.url, encoded=True)
        # Certificates of this machine, as its other programs know them.
        self._secure = ssl.create_default_context() if self._url.scheme == "https" else True
        self._timeout_s = entry.timeout_s
        self._connections = connections
        self._opened: ClientSession | None = None

    async def ask(self, form: Mapping[str, str]) -> Answer:
        """The application's answer to one step. Raises Failed, whose text never holds what was sent."""
        try:
            # Not aiohttp's own total: that rounds more than five seconds up, perhaps past timers.response_s,
            # and does not end the wait for the rest of a response that nobody had asked for.
            async with asyncio.timeout(self._timeout_s):
                body = await self._post(form)
        except TimeoutError:
            raise Failed(f"no answer within {self._timeout_s:g} s") from None
        except (ClientConnectorError, ValueError) as error:
            # ValueError: a name that no resolver takes.
            raise Failed(f"no connection ({_kind(error)})") from None
        except ClientError as error:
            raise Failed(f"the exchange broke off ({_kind(error)})") from None
        return read_answer(body)

    async def _post(self, form: Mapping[str, str]) -> bytes:
        # aiohttp's own encoding of forms takes about a fifth of a request's time.
        octets = urlencode(form).encode("ascii")
        async with self._session().post(self._url, data=octets, allow_redirects=False) as response:
            if response.status != _OK:
                raise Failed(f"status {response.status}")
            return await _body(response)

    def _session(self) -> ClientSession:
        """Made with the first request: it belongs to the loop that runs then."""
        if self._opened is None:
            self._opened = ClientSession(
                # A connection for each request: what an application sends too much on one that is kept
                # would be the answer to somebody else's next step.
                connector=TCPConnector(limit=self._connections, force_close=True, ssl=self._secure),
                headers=_HEADERS,
                cookie_jar=DummyCookieJar(),
                timeout=ClientTimeout(),
                # A few octets may unpack to a gigabyte.
                auto_decompress=False,
                trust_env=False,
            )
        return self._opened

    async def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            await self._opened.close()


async def _body(response: ClientResponse) -> bytes:
    """Whole, and as it came: without its Content-Encoding. Raises Failed where it is too long."""
    try:
        await response.content.readexactly(BODY_MAX + 1)
    except asyncio.IncompleteReadError as end:
        return end.partial
    raise Failed(f"the body has more than {BODY_MAX} octets")


def _kind(error: BaseException) -> str:
    """What happened beneath aiohttp. The texts of its exceptions hold the URL, and octets that came."""
    return type(error.__cause__ or error).__name__
