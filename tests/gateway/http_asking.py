"""Stories with the client of an HTTP application."""

import asyncio
from collections.abc import Awaitable, Callable

from gateway.config import UssdHttp
from gateway.ussd_http_client import AppClient

FORM = {"sessionId": "s1", "phoneNumber": "+77011234567", "serviceCode": "*501#", "text": "1*секрет"}
Story = Callable[[AppClient], Awaitable[None]]


def a_client(url: str, timeout_s: float, connections: int) -> AppClient:
    return AppClient(UssdHttp(name="shop", url=url, codes=("*501",), timeout_s=timeout_s), connections)


def asking(url: str, story: Story, timeout_s: float = 10.0, connections: int = 8) -> None:
    """Run a story with a client in a loop of its own."""

    async def run() -> None:
        client = a_client(url, timeout_s, connections)
        try:
            await story(client)
        finally:
            await client.close()

    asyncio.run(run())
