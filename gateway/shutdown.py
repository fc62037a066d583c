"""A clean stop: nothing new, unbind, drain, commit. Bounded, so that it is over within five seconds."""

import asyncio
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.defer import Deferred, maybeDeferred

if TYPE_CHECKING:
    from gateway.app import Gateway
    from gateway.web import WebServer

log = structlog.get_logger("gateway")

#: Together with the writer's own bound less than five seconds, whatever the peers do.
_DRAIN_S = 1.0
_CALLS_S = 0.5
_UNBIND_S = 1.0
_DROP_S = 0.3
_WEB_S = 1.0
_LOOK_S = 0.01


class Shutdown:
    """Run by the reactor before it stops."""

    def __init__(self, gateway: "Gateway", listener: Any, web: "WebServer", serving: list[Any]) -> None:
        self._gateway = gateway
        self._listener = listener
        self._web = web
        self._serving = serving

    def run(self) -> "Deferred[None]":
        """The Deferred for which the reactor waits."""
        return Deferred.fromFuture(asyncio.ensure_future(self._stop(), loop=self._gateway.loop))

    async def _stop(self) -> None:
        gateway = self._gateway
        log.info("stopping")
        phones = None
        if gateway.demo is not None:
            gateway.demo.end()
            phones = gateway.loop.run_in_executor(None, gateway.demo.wait)
        gateway.outbinds.stop()
        gateway.radio.stop()
        posting = None if gateway.postman is None else asyncio.ensure_future(gateway.postman.stop())
        await gateway.ussd_http.stop()
        gateway.due_timer.cancel()
        gateway.operator.stop()
        await gateway.exchange.end_calls(_CALLS_S)
        await maybeDeferred(self._listener.stopListening).asFuture(gateway.loop)
        self._web.should_exit = True
        # Accepted messages get their responses first; what is not yet delivered waits in the store.
        gateway.dispatcher.stopped = True
        await self._until(lambda: gateway.worker.depth == 0, _DRAIN_S)
        gateway.server.unbind_all()
        await self._until(lambda: len(gateway.server) == 0, _UNBIND_S)
        gateway.server.drop_all("the gateway stops")
        await self._until(lambda: len(gateway.server) == 0, _DROP_S)
        await asyncio.wait(self._serving, timeout=_WEB_S)
        if posting is not None:
            await posting
        await asyncio.get_running_loop().run_in_executor(None, gateway.worker.stop)
        if phones is not None:
            await phones
        gateway.pool.shutdown(wait=False, cancel_futures=True)
        log.info("stopped")

    async def _until(self, done: Any, timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not done() and loop.time() < deadline:
            await asyncio.sleep(_LOOK_S)
