"""What a handset knows of its call."""

import pytest

from simulator.call_events import (
    CallConnected,
    CallEnded,
    CallError,
    CallRinging,
    IncomingCall,
    Prompt,
    VoiceDown,
    VoiceEvent,
    VoiceUp,
)
from simulator.call_state import CallState, Noted

ENDED = CallEnded("c1", "hangup", 0, "0.00")
PROMPT = Prompt("c1", "collect.say_name", "Say your name")


def after(*events: VoiceEvent, dialled: bool = False, left: bool = False) -> CallState:
    """A state that has seen all that."""
    state = CallState()
    if dialled:
        state.dialled()
    if left:
        state.left()
    for event in events:
        state.note(event)
    return state


@pytest.mark.parametrize("first", [PROMPT, CallRinging("c1", "9393"), CallConnected("c1", "9393")])
def test_a_dialled_call_that_was_left_is_hung_up_once_and_as_soon_as_it_is_known(first: VoiceEvent) -> None:
    state = after(dialled=True, left=True)
    assert state.note(first).leaves == "c1"
    assert state.note(PROMPT).leaves == ""


def test_leaving_what_was_dialled_does_not_refuse_somebody_who_calls_meanwhile() -> None:
    state = after(dialled=True, left=True)
    assert state.note(IncomingCall("c2", "77021234567")) == Noted()
    state.note(CallError("in_a_call", "hang up first"))
    assert state.note(Prompt("c2", "collect.announce", "1 to take it")).leaves == ""


@pytest.mark.parametrize("event", [CallError("bad_number", "no number"), VoiceDown("lost", comes_back=True)])
def test_a_dial_that_failed_leaves_nothing_to_hang_up(event: VoiceEvent) -> None:
    state = after(dialled=True, left=True)
    assert state.note(event).is_end
    assert (state.is_dialling, state.is_leaving) == (False, False)


def test_who_leaves_waits_for_the_end_only() -> None:
    state = after(PROMPT, left=True)
    assert not state.note(CallRinging("c1", "77021234567")).answers
    assert state.note(ENDED).is_end


@pytest.mark.parametrize(
    ("events", "answers"),
    [
        ([CallConnected("c1", "9393")], False),
        ([CallConnected("c1", "9393"), PROMPT], True),
        ([CallRinging("c1", "77021234567")], True),
        ([CallRinging("c1", "77021234567"), CallConnected("c1", "77021234567")], True),
        ([IncomingCall("c1", "77021234567"), CallConnected("c1", "77021234567")], True),
        ([PROMPT, VoiceUp()], False),
    ],
)
def test_a_service_answers_with_its_prompt_and_a_person_by_being_there(
    events: list[VoiceEvent], *, answers: bool
) -> None:
    state = after(*events[:-1])
    assert state.note(events[-1]).answers is answers


def test_keys_bring_something_about_while_a_prompt_asks_and_not_in_a_talk() -> None:
    assert after(PROMPT).is_asked
    assert not after(PROMPT, CallRinging("c1", "77021234567")).is_asked
    assert not after(PROMPT, CallConnected("c1", "77021234567")).is_asked


def test_nobody_else_can_ring_a_handset_in_a_call() -> None:
    assert after(PROMPT).is_taken
    assert not after(IncomingCall("c1", "77021234567")).is_taken
    assert not after(PROMPT, ENDED).is_taken


@pytest.mark.parametrize("end", [ENDED, VoiceDown("another handset", comes_back=False)])
def test_after_the_end_there_is_nothing_left_of_the_call(end: VoiceEvent) -> None:
    state = after(IncomingCall("c1", "77021234567"), end)
    assert vars(state) == vars(CallState())


def test_dialling_in_a_call_is_not_the_beginning_of_another() -> None:
    state = after(PROMPT)
    state.dialled()
    assert (state.is_dialling, state.left()) == (False, "c1")
