"""A fake gateway, and handsets that are switched off at the end."""

import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from simulator.events import Event
from simulator.handset import Handset
from simulator.settings import LinkSettings
from simulator.target import Target
from tests.simulator.fake_exchange import FakeExchange
from tests.simulator.fake_smsc import PATIENCE_S, FakeSmsc

MSISDN = "77011234567"


class Screen:
    """Collects what a handset shows."""

    def __init__(self) -> None:
        self._events: queue.Queue[Event] = queue.Queue()

    def __call__(self, event: Event) -> None:
        self._events.put(event)

    def next(self) -> Event:
        """The next event; raises queue.Empty after a long while."""
        return self._events.get(timeout=PATIENCE_S)


@pytest.fixture
def smsc() -> Iterator[FakeSmsc]:
    """A fake gateway that says yes to everything."""
    with FakeSmsc() as fake:
        yield fake


@pytest.fixture
def exchange() -> Iterator[FakeExchange]:
    """A fake of the gateway's voice channel."""
    with FakeExchange() as fake:
        yield fake


@pytest.fixture
def screen() -> Screen:
    """What the handset shows."""
    return Screen()


@pytest.fixture
def switched_on(smsc: FakeSmsc, screen: Screen) -> Iterator[Callable[..., Handset]]:
    """Makes handsets that are on; keyword arguments are LinkSettings' fields, or Handset's own."""
    with ExitStack() as stack:

        def make(*, own: dict[str, Any] | None = None, **settings: Any) -> Handset:
            # Quick to come back and slow to ask by itself, so that a test sees only what it provoked.
            chosen = LinkSettings(**{"backoff_s": (0.01,), "settle_after_s": 60.0, **settings})
            target = Target.parse(smsc.target)
            return stack.enter_context(Handset(MSISDN, target, screen, settings=chosen, **(own or {})))

        yield make


@pytest.fixture
def handset(switched_on: Callable[..., Handset]) -> Handset:
    """A handset that is on."""
    return switched_on()
