"""USSD applications over HTTP, which to all other parts are SMPP applications.

Each entry of ``[[ussd_http]]`` is an account of the gateway's own, and a client that binds to this very
gateway over loopback.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from gateway.config import Account, Config, Side, UssdHttp
from gateway.own_account import called, own_account
from gateway.ussd_http_link import Adapter

_STOP_S: Final = 0.5
#: A deliver_sm waits for the application's answer, and a dialogue for which the window has no room ends. So
#: there is room for as many as are open at once; what is above the connections waits its turn here.
_WINDOW: Final = 10_000
_CONNECTIONS: Final = 256


def with_ussd_http(config: Config) -> Config:
    """The configuration as the SMPP side sees it: with an account for each entry.

    Only for the parts inside, as with ``gateway.radio.with_radio``.
    """
    return replace(
        config, accounts=(*config.accounts, *(_account(each, config) for each in config.ussd_http))
    )


def _account(entry: UssdHttp, config: Config) -> Account:
    return own_account(entry.name, Side.APPLICATION, config.smpp_host, ussd_codes=entry.codes, window=_WINDOW)


class HttpApplications:
    """All that are configured. One per gateway, used in the reactor."""

    def __init__(
        self,
        config: Config,
        reactor: Any,
        loop: asyncio.AbstractEventLoop,
        monotonic: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        """``config`` comes from ``with_ussd_http``; ``new_id`` names the sessions."""
        if config.ussd_http:
            # Here, because only a configured application makes the start wait for that import.
            from gateway.ussd_http_client import AppClient  # noqa: PLC0415

        accounts = {account.system_id: account for account in config.accounts}

        def adapter(entry: UssdHttp) -> Adapter:
            account = accounts[entry.name]
            client = AppClient(entry, _CONNECTIONS)
            return Adapter(entry, client, account, reactor, loop, monotonic, new_id)

        self._loop = loop
        self._adapters = tuple(adapter(entry) for entry in config.ussd_http)
        self._called = called(config.smpp_host)
        self._wanted = len(self._adapters)
        self._ready: Callable[[], None] | None = None

    def start(self, port: int) -> None:
        """The gateway's SMPP port is open, and its reactor runs."""
        for adapter in self._adapters:
            adapter.start(self._called, port, self._tried)

    def when_ready(self, ready: Callable[[], None]) -> None:
        """Call it once all are bound (or have tried in vain, and go on trying); at once where none is."""
        self._ready = ready
        self._look()

    def _tried(self) -> None:
        self._wanted -= 1
        self._look()

    def _look(self) -> None:
        if self._wanted == 0 and self._ready is not None:
            ready, self._ready = self._ready, None
            ready()

    async def stop(self) -> None:
        """Ask nothing more, and leave. Bounded, whatever the applications do."""
        if self._adapters:
            stops = [self._loop.create_task(adapter.stop()) for adapter in self._adapters]
            await asyncio.wait(stops, timeout=_STOP_S)
