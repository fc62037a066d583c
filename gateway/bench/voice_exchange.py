"""Collect calls at the exchange: writer, store and call control as a gateway has them, without HTTP.

Handsets and exchange share one event loop, the writer has its thread, and SQLite lies on disk. What the
handsets cost is the smaller part of the process's CPU; the writer's own is measured in its thread.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from gateway.app import calm_collector
from gateway.bench.figure import Figure
from gateway.bench.ledger import make_processor
from gateway.bench.numbers import msisdn_of
from gateway.bench.voice_callers import Callers, Carried, Order
from gateway.bench.voice_subscribers import store_callers
from gateway.config import Limits
from gateway.due_timer import DueTimer
from gateway.processor import Processor
from gateway.voice.events import Alerting, Answer, Dial, HangUp, Keys, LegEvent, Said, Signal, SignalKind
from gateway.voice.exchange import PULSE_S, Exchange, Line
from gateway.work import Result, RunDue, Work
from gateway.worker import Worker
from handlers.base.command import Secret
from rating.msisdn import Msisdn
from storage.store import Store

#: Being set up at a time.
_AT_ONCE = 256
_WARM_UP = 1_000
_CALLS = 10_000
#: In progress at once.
_TALKING = 5_000
#: Of those, so many are hung up one by one, so many beside other calls, and so many while more money is held
#: for all of them.
_ALONE = 500
_BESIDE = 1_000
_EXTENDED = 300
_HANG_UPS_PER_S = 50
#: Money is held for so long a talk at a time (the profile's); shortly before is when the last ones begin.
_CHUNK_S = 60.0
_SHORTLY_S = 1.0
_OTHERS_PER_S = 100
#: The pairs whose calls are those others.
_OTHER_PAIRS = 500
#: As in the gateway (gateway.app): the writer and the event loop take turns this often.
_SWITCH_S = 0.0001
_STOP_S = 10.0
T = TypeVar("T")

_EVENTS: Final[dict[str, Callable[[Msisdn, str, str], LegEvent]]] = {
    "dial": lambda msisdn, _, word: Dial(msisdn, word),
    "answer": lambda msisdn, call, _: Answer(msisdn, call),
    "dtmf": lambda msisdn, call, word: Keys(msisdn, call, Secret(word)),
    "say": Said,
    "hangup": lambda msisdn, call, _: HangUp(msisdn, call),
}


class Writer:
    """A processor whose CPU seconds are counted."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self.cpu_s = 0.0
        self.batches = self.works = 0

    def process(self, works: Sequence[Work]) -> list[Result]:
        """As the processor does."""
        began = time.thread_time()
        results = self._processor.process(works)
        self.cpu_s += time.thread_time() - began
        self.batches += 1
        self.works += len(works)
        return results


class Rig:
    """Exchange, writer and pairs of handsets, all connected."""

    def __init__(self, store: Store, pairs: int) -> None:
        self._loop = asyncio.get_running_loop()
        processor = make_processor(store)
        processor.recover()
        self.writer = Writer(processor)
        limits = Limits()
        self._worker = Worker(
            self.writer,
            self._call_from_thread,
            queue_max=limits.queue_max,
            batch_max=limits.batch_max,
            on_batch=self._committed,
            monotonic=time.monotonic,
        )
        numbers = iter(range(sys.maxsize))
        self._exchange = Exchange(self._worker, lambda: f"line {next(numbers)}", processor.clock.now_us)
        self._due = DueTimer(processor.clock, self._loop.call_later, self._run_due)
        self.callers = Callers(pairs, self._do)
        self._msisdns = [msisdn_of(number) for number in range(2 * pairs)]
        self._lines: list[Line] = []
        self._beat = self._loop.call_later(PULSE_S, self._pulse)

    async def connect(self) -> None:
        """Let every handset be reachable."""
        self._worker.start()
        for number, msisdn in enumerate(self._msisdns):
            self._lines.append(self._exchange.attach(msisdn, partial(self._told, number), _replaced))
            if not number % _AT_ONCE:
                await self._rest()
        await self._rest()

    async def close(self) -> None:
        """End what is open, and the writer."""
        self._beat.cancel()
        self._due.cancel()
        await self._exchange.end_calls(_STOP_S)
        await asyncio.to_thread(self._worker.stop, _STOP_S)

    def _call_from_thread(self, call: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(call)

    async def _rest(self) -> None:
        while not self._exchange.rests:
            await asyncio.sleep(0)

    def _do(self, handset: int, what: str, call: str, word: str) -> None:
        self._lines[handset].tell(_EVENTS[what](self._msisdns[handset], call, word))

    def _told(self, handset: int, signal: Signal) -> None:
        if signal.kind is SignalKind.INCOMING:
            # As the HTTP front does once it has written the frame.
            self._lines[handset].tell(Alerting(signal.msisdn, signal.call))
        word = signal.id or signal.reason
        self.callers.told(handset, signal.kind, signal.call, word, costs=signal.charge_tiyn > 0)

    def _committed(self, results: Sequence[Result], _: float) -> None:
        for result in results:
            self._exchange.deliver(result.signals)
            self._due.note(result.due_us)

    def _run_due(self) -> None:
        self._worker.accept(RunDue(), lambda _: None)

    def _pulse(self) -> None:
        self._exchange.pulse()
        self._beat = self._loop.call_later(PULSE_S, self._pulse)


def _replaced() -> None:
    """No handset connects twice here."""


def run() -> list[Figure]:
    """Measure set-ups, calls in progress, and how soon one is settled."""
    pairs = max(_TALKING, _AT_ONCE) + _OTHER_PAIRS
    with tempfile.TemporaryDirectory(prefix="shortcode-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        store_callers(url, 2 * pairs)
        with _switching():
            return with_rig(url, pairs, _measure)


def with_rig(url: str, pairs: int, use: Callable[[Rig], Awaitable[T]]) -> T:
    """What ``use`` gives back for a rig on that database."""

    async def used(store: Store) -> T:
        rig = Rig(store, pairs)
        await rig.connect()
        try:
            return await use(rig)
        finally:
            await rig.close()

    store = Store.open(url)
    try:
        calm_collector()
        return asyncio.run(used(store))
    finally:
        store.close()


@contextmanager
def _switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


async def _measure(rig: Rig) -> list[Figure]:
    at_once = min(_AT_ONCE, _WARM_UP)
    await _carried(rig, Order(count=_WARM_UP, at_once=at_once, pairs=2 * at_once))
    figures = await _set_ups(rig)
    began = time.monotonic()
    return [*figures, *await _in_progress(rig), *await _settled(rig, began)]


async def _carried(rig: Rig, order: Order) -> Carried:
    return (await rig.callers.carry(order)).whole()


async def _set_ups(rig: Rig) -> list[Figure]:
    """As many whole calls a second as there can be."""
    writer = rig.writer
    before, works, batches = writer.cpu_s, writer.works, writer.batches
    carried = await _carried(rig, Order(count=_CALLS, at_once=_AT_ONCE, pairs=2 * _AT_ONCE))
    writer_us = (writer.cpu_s - before) / _CALLS * 1e6
    label = "Voice, collect calls with their charge"
    return [
        Figure(label, _CALLS / carried.seconds, "calls/s", goal=1_000),
        Figure(f"{label}: p50 until both talk", carried.up_p50_ms, "ms"),
        Figure(f"{label}: p99 until both talk", carried.up_p99_ms, "ms"),
        Figure(f"{label}: writer CPU per call", writer_us, "µs"),
        Figure(f"{label}: process CPU per call, handsets included", carried.cpu_s / _CALLS * 1e6, "µs"),
        Figure(f"{label}: events in a commit", (writer.works - works) / (writer.batches - batches), "events"),
    ]


async def _in_progress(rig: Rig) -> list[Figure]:
    """Everybody talks at once."""
    order = Order(count=_TALKING, at_once=min(_AT_ONCE, _TALKING), pairs=_TALKING, ends=False)
    carried = await _carried(rig, order)
    return [
        Figure("Voice, calls in progress at once", carried.done, "calls", goal=_TALKING),
        Figure("Voice, calls in progress at once: set up", _TALKING / carried.seconds, "calls/s"),
    ]


async def _settled(rig: Rig, began: float) -> list[Figure]:
    """Some hang up one by one, some while others begin and end their calls, some while every hold is
    extended, the rest at once.
    """
    alone = await _carried(rig, Order(count=_ALONE, at_once=1, pairs=_ALONE, begins=False))
    beside = await _beside(rig)
    extended = await _extended(rig, began)
    first = _ALONE + _BESIDE + _EXTENDED
    rest = _TALKING - first
    hung_up = await _carried(rig, Order(count=rest, at_once=rest, pairs=rest, first=first, begins=False))
    many = f"{_OTHERS_PER_S} calls a second"
    return [
        *_latency(f"Voice, settled after the hang-up, with {_TALKING:,} in progress", alone),
        *_latency(f"Voice, settled after the hang-up, beside {many}", beside),
        *_latency("Voice, settled after the hang-up, while every hold is extended", extended),
        Figure(f"Voice, {rest:,} hung up at the same moment", rest / hung_up.seconds, "calls/s"),
    ]


async def _beside(rig: Rig) -> Carried:
    """Hang-ups at a steady pace while other pairs make whole calls."""
    seconds = _BESIDE / _HANG_UPS_PER_S
    others = Order(
        count=max(1, int(seconds * _OTHERS_PER_S)),
        at_once=_OTHER_PAIRS,
        pairs=_OTHER_PAIRS,
        first=_TALKING,
        per_s=_OTHERS_PER_S,
    )
    carried, _ = await asyncio.gather(_hang_ups(rig, _BESIDE, _ALONE), _carried(rig, others))
    return carried


async def _extended(rig: Rig, began: float) -> Carried:
    """Hang-ups at the moment when what was held first is used up: more is held for all who talk."""
    await asyncio.sleep(max(0.0, began + _CHUNK_S - _SHORTLY_S - time.monotonic()))
    return await _hang_ups(rig, _EXTENDED, _ALONE + _BESIDE)


async def _hang_ups(rig: Rig, count: int, first: int) -> Carried:
    """At a steady pace."""
    order = Order(count=count, at_once=1, pairs=count, first=first, begins=False, per_s=_HANG_UPS_PER_S)
    return await _carried(rig, order)


def _latency(label: str, carried: Carried) -> list[Figure]:
    return [
        Figure(f"{label}: p50", carried.settled_p50_ms, "ms"),
        Figure(f"{label}: p99", carried.settled_p99_ms, "ms", 10, at_most=True),
    ]
