"""The reactor, installed once with an explicit loop before anything imports ``twisted.internet.reactor``."""

import asyncio
from typing import Any

from twisted.internet import asyncioreactor


def install_reactor() -> tuple[Any, asyncio.AbstractEventLoop]:
    """Twisted's asyncio reactor and its loop, for this process.

    The reactor is Any: Twisted's module-level reactor has no type that names all of its interfaces.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]  # Twisted has no annotation here
    from twisted.internet import reactor  # noqa: PLC0415 - importing it earlier would install another one

    return reactor, loop
