"""A clean stop: answers first, then goodbyes, then the writer; bounded whatever the peers do."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.shutdown import Shutdown


class House:
    """A gateway whose parts write down what they are told."""

    def __init__(
        self, *, queued: int = 0, polite: bool = True, dropped: bool = True, posts: bool = False
    ) -> None:
        self.story: list[str] = []
        self.queued = queued
        self.polite = polite
        self.dropped = dropped
        self.sessions = 2
        self.demo: Any = None
        self.dispatcher = SimpleNamespace(stopped=False)
        self.outbinds = SimpleNamespace(stop=lambda: self.tell("calls"))
        self.radio = SimpleNamespace(stop=lambda: self.tell("radio"))
        self.ussd_http = SimpleNamespace(stop=self._leave)
        self.postman: Any = SimpleNamespace(stop=self._post) if posts else None
        self.exchange = SimpleNamespace(end_calls=self._hang_up)
        self.due_timer = SimpleNamespace(cancel=lambda: self.tell("timer"))
        self.operator = SimpleNamespace(stop=lambda: self.tell("waiters"))
        self.pool = SimpleNamespace(shutdown=lambda **_: self.tell("pool"))
        self.worker = self
        self.server = self
        self.loop = asyncio.get_running_loop()

    def tell(self, what: str) -> None:
        self.story.append(what)

    @property
    def depth(self) -> int:
        """Work that gets less each time that somebody looks."""
        self.queued = max(0, self.queued - 1)
        if not self.queued:
            self.tell("drained")
        return self.queued

    def __len__(self) -> int:
        return self.sessions

    def unbind_all(self) -> None:
        self.tell("goodbye")
        self.sessions = 0 if self.polite else self.sessions

    def drop_all(self, reason: str) -> None:
        assert reason
        self.tell(f"dropped {self.sessions}")
        self.sessions = 0 if self.dropped else self.sessions

    async def _leave(self) -> None:
        self.tell("applications")

    async def _hang_up(self, timeout_s: float) -> None:
        assert timeout_s < 1
        self.tell("talks")

    async def _post(self) -> None:
        """The letter at hand is written down a while later."""
        while "goodbye" not in self.story:
            await asyncio.sleep(0)
        self.tell("letter")

    def stop(self) -> None:
        self.tell("writer")


def stop(**how: Any) -> list[str]:
    async def story() -> list[str]:
        house = House(**how)
        listener = SimpleNamespace(stopListening=lambda: house.tell("listener"))
        web = SimpleNamespace(should_exit=False)
        serving = asyncio.ensure_future(asyncio.sleep(0))
        shutdown = Shutdown(cast("Any", house), listener, cast("Any", web), [serving])
        await shutdown.run().asFuture(house.loop)
        assert web.should_exit
        assert house.dispatcher.stopped
        return house.story

    return asyncio.run(story())


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_UNBIND_S", "_WEB_S"):
        monkeypatch.setattr(f"gateway.shutdown.{name}", 0.05)
    monkeypatch.setattr("gateway.shutdown._LOOK_S", 0.001)


def test_the_order_of_a_clean_stop() -> None:
    assert stop(queued=3) == [
        "calls",
        "radio",
        "applications",
        "timer",
        "waiters",
        "talks",
        "listener",
        "drained",
        "goodbye",
        "dropped 0",
        "writer",
        "pool",
    ]


def test_who_does_not_answer_the_goodbye_is_dropped() -> None:
    assert "dropped 2" in stop(polite=False)


def test_it_ends_even_if_neither_queue_nor_sessions_come_to_rest() -> None:
    story = stop(queued=1_000_000, polite=False, dropped=False)
    assert story == [
        "calls",
        "radio",
        "applications",
        "timer",
        "waiters",
        "talks",
        "listener",
        "goodbye",
        "dropped 2",
        "writer",
        "pool",
    ]


def test_the_writer_stays_until_the_letter_at_hand_is_written_down() -> None:
    story = stop(posts=True)
    assert story.index("goodbye") < story.index("letter") < story.index("writer")
