"""An event loop of which only the timers and the next turn are there; time is the test's."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class FakeTimer:
    """What ``call_later`` gives back."""

    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at = at
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeLoop:
    """``turn`` runs what was asked to come soon, ``advance`` the timers."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[FakeTimer] = []
        self.soon: list[Callable[[], object]] = []

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(self.now + delay_s, callback)
        self.timers.append(timer)
        return timer

    def call_soon(self, callback: Callable[[], object]) -> None:
        self.soon.append(callback)

    call_soon_threadsafe = call_soon

    def advance(self, seconds: float) -> None:
        self.now += seconds
        while due := [each for each in self.timers if each.at <= self.now + 1e-9]:
            timer = min(due, key=lambda each: each.at)
            self.timers.remove(timer)
            if not timer.cancelled:
                timer.callback()

    def turn(self) -> None:
        while self.soon:
            self.soon.pop(0)()


class InlineExecutor(Executor):
    """A pool that does at once what it is asked."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as a real pool does
            future.set_exception(error)
        return future
