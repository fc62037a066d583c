"""Pairs of handsets that make collect calls: what each does when it is told something, and how long it took.

The even handset dials ``000`` and the odd one's number, says a name, and hangs up when both talk; the odd one
answers and presses ``1``. What carries their words is for others to know. It runs in one event loop.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.bench.figure import percentile
from gateway.bench.numbers import msisdn_of

#: Handset, what it does (``type`` of its frame), the call, and what it dials, says or presses.
Do = Callable[[int, str, str, str], None]
_NAME: Final = "Aliya"
_BOTH: Final = 2
#: Real seconds in which something must have gone on.
_STALL_S: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """``count`` calls of pairs ``first`` to ``first + pairs``, ``at_once`` of them on the way; with ``per_s``
    so many are begun a second, those of the last moment together.

    Both bounds are there: a whole call ``begins`` with its dialling and ``ends`` with what it costs. One that
    does not end is left talking, one that does not begin was.
    """

    count: int
    at_once: int
    pairs: int
    first: int = 0
    begins: bool = True
    ends: bool = True
    per_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Wall seconds, calls that came as far as they should, ``astray`` those that took another way or cost
    nothing, ``lost`` those that stopped on the way; and milliseconds: ``up`` from the dialling until both
    talk, ``settled`` from the hang-up until both know of the end, which comes after the charge.
    """

    seconds: float
    done: int
    astray: int
    lost: int
    up_p50_ms: float
    up_p99_ms: float
    settled_p50_ms: float
    settled_p99_ms: float
    cpu_s: float

    def whole(self) -> "Carried":
        """Itself. Raises AssertionError when not every call went as it should."""
        if self.astray or self.lost:
            raise AssertionError(f"of the calls {self.astray} went astray, {self.lost} were lost")
        return self


class _Pair:
    """Two handsets: in which round they are, and where."""

    __slots__ = ("at", "call", "ended", "number", "round", "talking")

    def __init__(self, number: int) -> None:
        self.number = number
        self.call = ""
        self.at = 0.0
        self.talking = self.ended = 0
        self.round: _Round | None = None


class Callers:
    """All pairs. ``do`` has a handset do something; ``told`` is called with what it is told."""

    def __init__(self, pairs: int, do: Do, stall_s: float = _STALL_S) -> None:
        self._pairs = [_Pair(number) for number in range(pairs)]
        self._do = do
        self._stall_s = stall_s

    async def carry(self, order: Order) -> Carried:
        """Carry out an order; several may run at once, with pairs of their own."""
        pairs = self._pairs[order.first : order.first + order.pairs]
        round_ = _Round(order, pairs, self._do)
        began, cpu_began = time.monotonic(), time.process_time()
        await round_.run(self._stall_s)
        seconds, cpu_s = time.monotonic() - began, time.process_time() - cpu_began
        for pair in pairs:
            pair.round = None
        return Carried(
            seconds=seconds,
            done=round_.done,
            astray=round_.astray,
            lost=order.count - round_.done,
            up_p50_ms=_ms(round_.up_s, 0.5),
            up_p99_ms=_ms(round_.up_s, 0.99),
            settled_p50_ms=_ms(round_.settled_s, 0.5),
            settled_p99_ms=_ms(round_.settled_s, 0.99),
            cpu_s=cpu_s,
        )

    def told(self, handset: int, kind: str, call: str, word: str, *, costs: bool) -> None:
        """A message to a handset: its type, the call, the prompt's id or the reason, and whether it costs."""
        pair = self._pairs[handset // 2]
        if pair.round is not None:
            pair.round.told(pair, handset, kind, call, word, costs=costs)


class _Round:
    """One order being carried out."""

    def __init__(self, order: Order, pairs: Sequence[_Pair], do: Do) -> None:
        self._order = order
        self._do = do
        self._free = deque(pairs)
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heard = 0
        self.begun = self.done = self.astray = 0
        self.up_s: list[float] = []
        self.settled_s: list[float] = []

    async def run(self, stall_s: float) -> None:
        """Until all calls have come as far as they should, or nothing goes on any more."""
        if self._order.per_s:
            pace = asyncio.ensure_future(self._steadily())
        else:
            for _ in range(min(self._order.at_once, self._order.count)):
                self._next()
            pace = None
        heard = -1
        while not self._over.done() and self._heard > heard:
            heard = self._heard
            await asyncio.wait([self._over], timeout=stall_s)
        if pace is not None:
            pace.cancel()

    async def _steadily(self) -> None:
        """Begin each at its time, however late the one before it was."""
        began = time.monotonic()
        for number in range(self._order.count):
            await asyncio.sleep(max(0.0, began + number / self._order.per_s - time.monotonic()))
            self._next()

    def _next(self) -> None:
        if not self._free:
            return
        pair = self._free.popleft()
        self.begun += 1
        pair.round = self
        if self._order.begins:
            pair.talking, pair.call, pair.at = 0, "", time.monotonic()
            self._do(2 * pair.number, "dial", "", f"000{msisdn_of(2 * pair.number + 1)}")
        else:
            self._hang_up(pair)

    def told(self, pair: _Pair, handset: int, kind: str, call: str, word: str, *, costs: bool) -> None:
        """What a handset does about it."""
        self._heard += 1
        is_caller = handset % 2 == 0
        if kind == "prompt" and word == "collect.say_name" and is_caller:
            self._do(handset, "say", call, _NAME)
        elif kind == "prompt" and word == "collect.announce" and not is_caller:
            self._do(handset, "dtmf", call, "1")
        elif kind == "incoming":
            self._do(handset, "answer", call, "")
        elif kind == "connected":
            self._connected(pair, call)
        elif kind == "ended" and word == "hangup":
            self._ended(pair, is_paid=costs or is_caller)
        elif kind != "ringing":
            self._went_astray(pair)

    def _connected(self, pair: _Pair, call: str) -> None:
        pair.call = call
        pair.talking += 1
        if pair.talking < _BOTH:
            return
        self.up_s.append(time.monotonic() - pair.at)
        if self._order.ends:
            self._hang_up(pair)
        else:
            self._left(pair)

    def _hang_up(self, pair: _Pair) -> None:
        pair.ended, pair.at = 0, time.monotonic()
        self._do(2 * pair.number, "hangup", pair.call, "")

    def _ended(self, pair: _Pair, *, is_paid: bool) -> None:
        pair.ended += 1
        self.astray += not is_paid
        if pair.ended == _BOTH:
            self.settled_s.append(time.monotonic() - pair.at)
            self._left(pair)

    def _went_astray(self, pair: _Pair) -> None:
        self.astray += 1
        pair.round = None
        self._left(pair)

    def _left(self, pair: _Pair) -> None:
        """A call is as far as it was to come."""
        self._free.append(pair)
        self.done += 1
        if self.done >= self._order.count and not self._over.done():
            self._over.set_result(None)
        elif self.begun < self._order.count and not self._order.per_s:
            self._next()


def _ms(seconds: Sequence[float], share: float) -> float:
    return percentile(seconds, share) * 1e3 if seconds else 0.0
