"""One wake-up for all who wait that something was committed (``GET /messages?wait=5s``)."""

import asyncio


class Hub:
    """Lives on the event loop. ``publish`` is cheap when nobody waits."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def publish(self) -> None:
        """Wake all who wait now."""
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def subscribe(self) -> "asyncio.Future[None]":
        """A future that the next ``publish`` resolves. Ask for it before you look, then wait on it."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        return waiter

    def drop(self, waiter: "asyncio.Future[None]") -> None:
        """Stop waiting."""
        self._waiters.discard(waiter)
        waiter.cancel()
