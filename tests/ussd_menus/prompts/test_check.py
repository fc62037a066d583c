"""What is wrong with a flow is said when it is made, all at once."""

from dataclasses import replace

import pytest

from handlers.base.command import Command, Origin
from storage.call_model import Cause
from tests.ussd_menus.prompts.toy_flow import FLOW, PLAYED
from ussd_menus.prompts.check import FlowError
from ussd_menus.prompts.model import (
    Choose,
    Collect,
    End,
    Flow,
    Fork,
    Join,
    Record,
    Ring,
    Run,
    Say,
    Slots,
    Step,
)

ASK = Collect("t.ask", "answer", end="#", then="end", gives_up="bye")
END = End()
BYE = Say("t.bye", "end")


def _make(origin: Origin, slots: Slots) -> Command:
    del slots
    return Command(origin=origin)


def problems(first: Step, **steps: Step) -> list[str]:
    """What is wrong with a flow of these steps, the first one being ``a``."""
    try:
        Flow(service="toy", first="a", steps={"a": first, **steps})
    except FlowError as wrong:
        return [line.removeprefix("toy: ") for line in str(wrong).splitlines()]
    return []


def test_the_flows_of_these_tests_are_sound() -> None:
    assert replace(FLOW) == FLOW
    assert replace(PLAYED) == PLAYED


def test_a_step_that_is_not_there() -> None:
    assert problems(Say("t.a", "b")) == ["a leads to 'b', which is no step"]


def test_every_kind_of_way_is_looked_at() -> None:
    found = problems(
        Choose("t.a", {"1": "k"}, gives_up="g"),
        b=replace(ASK, then="t", gives_up="g"),
        c=Fork("s", filled="f", empty="e"),
        d=Run(_make, {"ok": "o"}, other="x"),
        e=Ring("s", "p", "tariff", failed={Cause.BUSY: "y"}, other="z"),
        f=Record("t.f", "r", "u"),
    )
    missing = [line.partition("'")[2].partition("'")[0] for line in found]
    assert missing == ["k", "g", "t", "g", "o", "x", "y", "z", "u"]


def test_a_beginning_that_is_not_there() -> None:
    with pytest.raises(FlowError, match="begins with 'b', which is no step"):
        Flow(service="toy", first="b", steps={"a": END})


def test_a_step_that_nothing_leads_to() -> None:
    assert problems(END, b=END, c=Say("t.c", "b")) == ["nothing leads to b", "nothing leads to c"]


@pytest.mark.parametrize(
    "step",
    [
        Say("t.b", "a"),
        Record("t.b", "name", "a"),
        Fork("s", filled="a", empty="end"),
        Run(_make, {"ok": "end"}, other="a"),
        Ring("s", "p", "tariff", failed={Cause.BUSY: "a"}, other="end"),
        Choose("t.b", {"1": "end"}, gives_up="a"),
        replace(ASK, gives_up="a"),
    ],
    ids=lambda step: type(step).__name__,
)
def test_who_says_nothing_comes_to_an_end(step: Step) -> None:
    assert "who says nothing never comes to an end from a, b" in problems(Say("t.a", "b"), b=step, end=END)


def test_keys_may_lead_round() -> None:
    assert not problems(Choose("t.a", {"1": "a"}, gives_up="end"), end=END)


def test_a_slot_that_is_filled_on_some_ways_only() -> None:
    assert problems(ASK, bye=Say("t.bye", "end", shows=("answer",)), end=END) == [
        "bye uses answer, which is not filled on every way to it"
    ]


def test_a_slot_that_is_filled_on_all_ways_or_comes_with_the_call() -> None:
    there = Say("t.there", "end", shows=("answer", "comes_along"))
    assert not problems(replace(ASK, then="there"), there=there, bye=BYE, end=END)


def test_a_secret_that_would_be_told() -> None:
    found = problems(
        replace(ASK, then="run", secret=True),
        run=Run(_make, {"ok": "tell"}, other="end"),
        tell=Say("t.tell", "end", shows=("answer",)),
        bye=BYE,
        end=END,
    )
    assert found == ["no command forgets the secret answer", "tell would tell the secret answer"]


def test_a_slot_that_was_forgotten_is_not_filled() -> None:
    found = problems(
        replace(ASK, then="run"),
        run=Run(_make, {"ok": "tell"}, other="end", forgets=("answer",)),
        tell=Say("t.tell", "end", shows=("answer",)),
        bye=BYE,
        end=END,
    )
    assert found == ["tell uses answer, which is not filled on every way to it"]


@pytest.mark.parametrize("key", ["", "12", "A", "x", "١"])
def test_a_key_that_no_handset_has(key: str) -> None:
    assert problems(Choose("t.a", {key: "end"}, gives_up="end"), end=END) == [f"a: {key!r} is no key"]


def test_a_choice_without_keys() -> None:
    assert problems(Choose("t.a", {}, gives_up="end"), end=END) == ["a has no keys"]


@pytest.mark.parametrize("end", ["", "1", "##"])
def test_an_end_that_is_neither_hash_nor_star(end: str) -> None:
    assert problems(replace(ASK, end=end), bye=BYE, end=END) == [f"a ends with {end!r}, not with # or *"]


@pytest.mark.parametrize("digits_max", [0, 33])
def test_a_wrong_number_of_digits(digits_max: int) -> None:
    found = problems(replace(ASK, digits_max=digits_max), bye=BYE, end=END)
    assert found == [f"a takes {digits_max} digits, not 1 to 32"]


def test_an_answer_that_changes_nothing() -> None:
    found = problems(replace(ASK, gives_up="end"), end=END)
    assert found == ["a leads to end with an answer and without"]


def test_a_command_without_a_way_for_when_all_is_well() -> None:
    assert problems(Run(_make, {}, other="end"), end=END) == [
        "a does not say where it leads when all is well"
    ]


def test_a_cause_that_there_is_not() -> None:
    ring = Ring("s", "p", "tariff", failed={"asleep": "end"}, other="end")
    assert problems(ring, end=END) == ["a: 'asleep' is no cause"]


def test_who_was_rung_rings_nobody() -> None:
    ring = Ring("s", "p", "tariff", other="join")
    assert problems(ring, join=Join()) == [
        "join takes a call, so a cannot ring anybody",
        "it has no end",
    ]


def test_all_problems_are_told_at_once() -> None:
    assert len(problems(Choose("t.a", {"x": "b"}, gives_up="b"), b=Say("t.b", "b"))) == 3
