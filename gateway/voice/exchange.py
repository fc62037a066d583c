"""Where handsets' voice connections meet the call control: events go to the writer, signals come back.

Lives in the event loop. Signals are handed on after the commit that they tell of, in the order of commits.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from gateway.voice.events import Alerting, Attached, Detached, Fault, LegEvent, Pulse, Signal, SignalKind
from gateway.work import EndCalls, Result, Voice
from gateway.worker import Worker
from rating.msisdn import Msisdn
from storage.errors import StoreError

log = structlog.get_logger("gateway.voice")

Send = Callable[[Signal], None]
#: Real seconds between two pulses: so much too little at most is paid for a talk that the gateway broke off.
PULSE_S: Final = 1.0
_BUSY: Final = "the network has more to do than it can take; try again in a moment"
_FAILED: Final = "the network could not do that; nothing was changed"
#: So many handsets are remembered that have missed an end.
_MISSED_MAX: Final = 10_000
#: The network's own business with a handset, which is bounded by what it let in.
_OWN: Final = (Attached, Detached, Alerting, Pulse)


class Line:
    """One voice connection of a handset."""

    def __init__(
        self, exchange: "Exchange", msisdn: Msisdn, name: str, send: Send, on_replaced: Callable[[], None]
    ) -> None:
        self.msisdn = msisdn
        self.name = name
        self.send = send
        self.on_replaced = on_replaced
        self._exchange = exchange

    def tell(self, event: LegEvent) -> None:
        """Something that the handset did. What comes of it comes as signals."""
        self._exchange.take(event, self)

    def detach(self) -> None:
        """The connection is gone. Nothing is sent to it any more; may be called twice."""
        self._exchange.detach(self)


class Exchange:
    """Knows which handset is on which line, and nothing of calls."""

    def __init__(self, worker: Worker, new_id: Callable[[], str], now_us: Callable[[], int]) -> None:
        self._worker = worker
        self._new_id = new_id
        self._now_us = now_us
        self._lines: dict[Msisdn, Line] = {}
        #: Ends of calls that a handset has not heard of, since it had no line.
        self._missed: dict[Msisdn, Signal] = {}
        #: Handsets that came or went while the store could not be written.
        self._owed: dict[Msisdn, tuple[Attached | Detached, Line]] = {}
        self._asked = 0

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def rests(self) -> bool:
        """True when every event that came has been carried out."""
        return self._asked == 0

    def attach(self, msisdn: Msisdn, send: Send, replaced: Callable[[], None]) -> Line:
        """A handset has a connection now; an older one of the same number is replaced, and told so."""
        line = Line(self, msisdn, self._new_id(), send, replaced)
        older = self._lines.get(msisdn)
        self._lines[msisdn] = line
        if older is not None:
            older.on_replaced()
        missed = self._missed.pop(msisdn, None)
        if missed is not None:
            send(missed)
        self.take(Attached(msisdn, line.name), line)
        return line

    def detach(self, line: Line) -> None:
        """A connection is gone; the handset may have another one by now."""
        if self._lines.get(line.msisdn) is line:
            del self._lines[line.msisdn]
            self.take(Detached(line.msisdn, line.name, self._now_us()), line)

    def take(self, event: LegEvent, line: Line) -> None:
        """Hand an event to the writer; when it has too much to do the handset is told."""
        work = Voice(event)

        def done(result: Result) -> None:
            self._asked -= 1
            if isinstance(result.error, StoreError) and isinstance(event, Attached | Detached):
                self._owed[event.msisdn] = event, line
            elif result.error is not None:
                line.send(_fault(line.msisdn, Fault.SYSTEM, _FAILED))

        self._asked += 1
        if isinstance(event, _OWN):
            self._worker.accept(work, done)
        elif not self._worker.offer(work, done):
            self._asked -= 1
            line.send(_fault(line.msisdn, Fault.THROTTLED, _BUSY))

    def deliver(self, signals: Iterable[Signal]) -> None:
        """Tell handsets what was committed; one without a line hears of the end of its call later."""
        for signal in signals:
            line = self._lines.get(signal.msisdn)
            if line is not None:
                line.send(signal)
            elif signal.kind is SignalKind.ENDED:
                self._miss(signal)

    def forget_missed(self) -> None:
        """After a reset nobody hears of a call before it."""
        self._missed.clear()

    def _miss(self, signal: Signal) -> None:
        self._missed.pop(signal.msisdn, None)
        self._missed[signal.msisdn] = signal
        if len(self._missed) > _MISSED_MAX:
            del self._missed[next(iter(self._missed))]

    async def end_calls(self, timeout_s: float) -> None:
        """Have every open call end, and wait for the commit (so long in real time at most)."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(_: Result) -> None:
            if not ended.done():
                ended.set_result(None)

        self._worker.accept(EndCalls(), done)
        await asyncio.wait({ended}, timeout=timeout_s)

    def pulse(self) -> None:
        """Let open calls be known to last until now; nothing while nobody is there to talk. What the store
        could not be told of handsets that came or went is told again.
        """
        owed, self._owed = self._owed, {}
        for event, line in owed.values():
            if self._lines.get(event.msisdn) is (line if isinstance(event, Attached) else None):
                self.take(event, line)
        if self._lines:
            self._worker.accept(Voice(Pulse()), _forget)


def _forget(_: Result) -> None:
    pass


def _fault(msisdn: Msisdn, fault: Fault, detail: str) -> Signal:
    return Signal(kind=SignalKind.ERROR, msisdn=msisdn, id=fault.value, text=detail)
