"""Handsets' connections between the event loop and the writer."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest

from gateway.errors import SystemFault
from gateway.voice.events import Attached, Detached, Dial, Fault, Pulse, Signal, SignalKind
from gateway.voice.exchange import Exchange
from gateway.work import EndCalls, Result, Voice, Work
from storage.errors import CommitUnknown, StoreUnavailable
from tests.gateway.stand import ALIYA, BOLAT

if TYPE_CHECKING:
    from gateway.worker import Worker


class Writer:
    """Takes works, and answers when it is told to."""

    def __init__(self) -> None:
        self.works: list[Work] = []
        self.waiting: list[Callable[[Result], None]] = []
        self.is_full = False

    def offer(self, work: Work, done: Callable[[Result], None]) -> bool:
        if self.is_full:
            return False
        self.accept(work, done)
        return True

    def accept(self, work: Work, done: Callable[[Result], None]) -> None:
        self.works.append(work)
        self.waiting.append(done)

    def answer(self, error: Exception | None = None) -> None:
        """Everything that waits is done."""
        waiting, self.waiting = self.waiting, []
        for done in waiting:
            done(Result(EndCalls(), error=error))

    @property
    def events(self) -> list[object]:
        return [work.event for work in self.works if isinstance(work, Voice)]


class Handset:
    """What one connection hears."""

    def __init__(self) -> None:
        self.heard: list[Signal] = []
        self.replaced = 0

    def is_replaced(self) -> None:
        self.replaced += 1


@pytest.fixture
def writer() -> Writer:
    return Writer()


@pytest.fixture
def exchange(writer: Writer) -> Exchange:
    names = iter(range(1000))
    return Exchange(cast("Worker", writer), lambda: f"line{next(names)}", lambda: 7)


def ended(msisdn: str = ALIYA, call: str = "c1") -> Signal:
    return Signal(kind=SignalKind.ENDED, msisdn=msisdn, call=call, reason="hangup")  # type: ignore[arg-type]  # a number


def test_a_handset_that_comes_and_goes_is_told_to_the_writer(exchange: Exchange, writer: Writer) -> None:
    handset = Handset()
    line = exchange.attach(ALIYA, handset.heard.append, handset.is_replaced)
    assert len(exchange) == 1
    line.detach()
    line.detach()
    assert writer.events == [Attached(ALIYA, "line0"), Detached(ALIYA, "line0", 7)]
    assert len(exchange) == 0


def test_a_second_connection_replaces_the_first_whose_end_then_means_nothing(
    exchange: Exchange, writer: Writer
) -> None:
    first, second = Handset(), Handset()
    older = exchange.attach(ALIYA, first.heard.append, first.is_replaced)
    exchange.attach(ALIYA, second.heard.append, second.is_replaced)
    older.detach()
    exchange.deliver([ended()])
    assert (first.replaced, second.replaced) == (1, 0)
    assert (first.heard, second.heard) == ([], [ended()])
    assert not any(isinstance(event, Detached) for event in writer.events)


def test_signals_go_to_the_handset_that_they_are_for(exchange: Exchange) -> None:
    aliya, bolat = Handset(), Handset()
    exchange.attach(ALIYA, aliya.heard.append, aliya.is_replaced)
    exchange.attach(BOLAT, bolat.heard.append, bolat.is_replaced)
    exchange.deliver([ended(BOLAT)])
    assert (aliya.heard, bolat.heard) == ([], [ended(BOLAT)])


def test_the_end_of_a_call_that_was_missed_is_told_once_the_handset_is_back(exchange: Exchange) -> None:
    handset = Handset()
    exchange.deliver([ended(call="c1"), ended(call="c2")])
    exchange.attach(ALIYA, handset.heard.append, handset.is_replaced)
    assert handset.heard == [ended(call="c2")]
    exchange.attach(ALIYA, handset.heard.append, handset.is_replaced)
    assert len(handset.heard) == 1


def test_so_many_missed_ends_are_remembered_and_no_more(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.voice.exchange._MISSED_MAX", 1)
    exchange.deliver([ended(ALIYA), ended(BOLAT)])
    aliya, bolat = Handset(), Handset()
    exchange.attach(ALIYA, aliya.heard.append, aliya.is_replaced)
    exchange.attach(BOLAT, bolat.heard.append, bolat.is_replaced)
    assert (aliya.heard, bolat.heard) == ([], [ended(BOLAT)])


def test_a_full_queue_is_told_to_who_asks_and_never_loses_who_comes_and_goes(
    exchange: Exchange, writer: Writer
) -> None:
    writer.is_full = True
    handset = Handset()
    line = exchange.attach(ALIYA, handset.heard.append, handset.is_replaced)
    line.tell(Dial(ALIYA, "9393"))
    line.detach()
    assert [(each.kind, each.id) for each in handset.heard] == [(SignalKind.ERROR, Fault.THROTTLED)]
    assert [type(event) for event in writer.events] == [Attached, Detached]


def test_what_the_writer_could_not_do_is_told_to_who_asked(exchange: Exchange, writer: Writer) -> None:
    handset = Handset()
    line = exchange.attach(ALIYA, handset.heard.append, handset.is_replaced)
    writer.answer()
    line.tell(Dial(ALIYA, "9393"))
    assert not exchange.rests
    writer.answer(RuntimeError("a bug"))
    assert [each.id for each in handset.heard] == [Fault.SYSTEM]
    assert "bug" not in handset.heard[0].text
    assert exchange.rests


def test_the_pulse_beats_only_while_somebody_is_there(exchange: Exchange, writer: Writer) -> None:
    exchange.pulse()
    assert writer.events == []
    handset = Handset()
    exchange.attach(ALIYA, handset.heard.append, handset.is_replaced)
    exchange.pulse()
    assert writer.events[-1] == Pulse()


def test_a_handset_that_went_while_the_store_was_out_of_order_is_told_of_until_it_is_heard(
    exchange: Exchange, writer: Writer
) -> None:
    """Else it would be rung, and would talk on, for good."""
    handset = Handset()
    line = exchange.attach(ALIYA, handset.heard.append, handset.is_replaced)
    writer.answer()
    line.detach()
    for error in (StoreUnavailable("disk full"), CommitUnknown("disk"), None):
        writer.answer(error)
        exchange.pulse()
    exchange.pulse()
    assert writer.events[1:] == [Detached(ALIYA, "line0", 7)] * 3
    assert handset.heard == []
    assert exchange.rests


def test_a_handset_that_came_then_is_told_of_unless_it_has_gone_again(
    exchange: Exchange, writer: Writer
) -> None:
    handset = Handset()
    line = exchange.attach(ALIYA, handset.heard.append, handset.is_replaced)
    writer.answer(StoreUnavailable("disk full"))
    exchange.pulse()
    assert writer.events == [Attached(ALIYA, "line0"), Attached(ALIYA, "line0"), Pulse()]
    writer.answer(StoreUnavailable("disk full"))
    line.detach()
    writer.answer()
    exchange.pulse()
    assert writer.events[3:] == [Detached(ALIYA, "line0", 7)]


def test_a_handset_that_has_come_back_did_not_go(exchange: Exchange, writer: Writer) -> None:
    handset = Handset()
    exchange.attach(ALIYA, handset.heard.append, handset.is_replaced).detach()
    writer.answer(StoreUnavailable("disk full"))
    exchange.attach(ALIYA, handset.heard.append, handset.is_replaced)
    writer.answer()
    exchange.pulse()
    assert writer.events[2:] == [Attached(ALIYA, "line1"), Pulse()]


def test_a_bug_is_not_tried_again(exchange: Exchange, writer: Writer) -> None:
    handset = Handset()
    exchange.attach(ALIYA, handset.heard.append, handset.is_replaced)
    writer.answer(SystemFault("a bug"))
    exchange.pulse()
    assert [each.id for each in handset.heard] == [Fault.SYSTEM]
    assert writer.events[1:] == [Pulse()]


def test_at_the_stop_every_call_has_ended_before_it_goes_on(exchange: Exchange, writer: Writer) -> None:
    async def stop() -> list[bool]:
        ending = asyncio.ensure_future(exchange.end_calls(10))
        await asyncio.sleep(0)
        before = ending.done()
        writer.answer()
        await ending
        return [before, ending.done()]

    assert asyncio.run(stop()) == [False, True]
    assert writer.works == [EndCalls()]
