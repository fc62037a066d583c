"""The pairs of the voice benchmark do what people would, and notice a call that goes astray."""

import asyncio
import dataclasses
from collections.abc import Callable

import pytest

from gateway.bench.numbers import msisdn_of
from gateway.bench.voice_callers import Callers, Carried, Order

PAIRS = 3
WHOLE = Order(count=6, at_once=2, pairs=PAIRS)


class Network:
    """Tells each pair what a network would, in its order. ``reason`` is how calls end, ``costs`` whether the
    called party pays; the ``loses``-th thing that a handset does comes to nothing.
    """

    def __init__(self, reason: str = "hangup", *, costs: bool = True, loses: int = 0) -> None:
        self.callers = Callers(PAIRS, self._do, stall_s=0.05)
        self.did: list[tuple[int, str, str, str]] = []
        self._reason = reason
        self._costs = costs
        self._loses = loses

    def _do(self, handset: int, what: str, call: str, word: str) -> None:
        self.did.append((handset, what, call, word))
        if len(self.did) != self._loses:
            asyncio.get_running_loop().call_soon(self._answer, handset, what, call)

    def _answer(self, handset: int, what: str, call: str) -> None:
        caller = handset - handset % 2
        called, call = caller + 1, call or f"call of {caller}"
        match what:
            case "dial":
                self._tell(caller, "prompt", call, "collect.say_name")
            case "say":
                self._tell(called, "incoming", call)
            case "answer":
                self._tell(caller, "ringing", call)
                self._tell(called, "prompt", call, "collect.announce")
            case "dtmf":
                self._tell(caller, "connected", call)
                self._tell(called, "connected", call)
            case "hangup":
                self._tell(caller, "ended", call, self._reason)
                self._tell(called, "ended", call, self._reason, costs=self._costs)

    def _tell(self, handset: int, kind: str, call: str, word: str = "", *, costs: bool = False) -> None:
        self.callers.told(handset, kind, call, word, costs=costs)


def carried(*orders: Order, make: Callable[[], Network] = Network) -> tuple[list[Carried], Network]:
    """Have the pairs carry out the orders, one after the other."""
    network = make()

    async def run() -> list[Carried]:
        return [await network.callers.carry(order) for order in orders]

    return asyncio.run(run()), network


def test_a_whole_call_is_dialled_named_answered_accepted_and_hung_up_by_the_caller() -> None:
    (result,), network = carried(Order(count=1, at_once=1, pairs=1, first=1))
    assert network.did == [
        (2, "dial", "", f"000{msisdn_of(3)}"),
        (2, "say", "call of 2", "Aliya"),
        (3, "answer", "call of 2", ""),
        (3, "dtmf", "call of 2", "1"),
        (2, "hangup", "call of 2", ""),
    ]
    assert result.whole().done == 1
    assert 0 < result.up_p50_ms <= result.up_p99_ms
    assert 0 < result.settled_p50_ms <= result.settled_p99_ms


def test_no_more_calls_than_asked_for_are_begun() -> None:
    (result,), network = carried(WHOLE)
    assert (result.done, result.lost) == (WHOLE.count, 0)
    assert [what for _, what, _, _ in network.did].count("dial") == WHOLE.count


def test_calls_at_a_pace_are_all_made() -> None:
    (result,), _ = carried(dataclasses.replace(WHOLE, per_s=1_000))
    assert result.whole().done == WHOLE.count


def test_what_was_left_talking_is_hung_up_later() -> None:
    stay = Order(count=PAIRS, at_once=PAIRS, pairs=PAIRS, ends=False)
    leave = Order(count=PAIRS, at_once=1, pairs=PAIRS, begins=False)
    (up, down), network = carried(stay, leave)
    assert (up.whole().done, down.whole().done) == (PAIRS, PAIRS)
    assert (up.settled_p50_ms, down.up_p50_ms) == (0, 0)
    assert [what for _, what, _, _ in network.did[-PAIRS:]] == ["hangup"] * PAIRS
    assert len({call for _, what, call, _ in network.did if what == "hangup"}) == PAIRS


def test_a_call_that_ends_for_another_reason_went_astray() -> None:
    (result,), _ = carried(WHOLE, make=lambda: Network("no_money"))
    with pytest.raises(AssertionError, match="6 went astray, 0 were lost"):
        result.whole()


def test_a_call_that_costs_nothing_went_astray() -> None:
    (result,), _ = carried(WHOLE, make=lambda: Network(costs=False))
    assert result.astray == WHOLE.count


def test_a_call_that_stops_on_the_way_is_told_and_not_waited_for() -> None:
    (result,), _ = carried(dataclasses.replace(WHOLE, at_once=1), make=lambda: Network(loses=8))
    assert (result.done, result.lost) == (1, WHOLE.count - 1)
