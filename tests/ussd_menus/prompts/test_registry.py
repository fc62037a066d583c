"""Every flow of the registry: its texts, its rings, and what any input at all does to it."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.texts import Catalog
from handlers.bank_phone import AmountChecked, CheckAmount, Identified, Identify
from handlers.bank_phone import Refused as PhoneRefused
from handlers.base.collect_rules import Refused as CollectRefused
from handlers.base.command import Command, Secret
from handlers.base.outcome import Outcome
from handlers.base.profile import load_profile
from handlers.collect_call import AskCollect, CollectAsked
from handlers.registry import SERVICES
from handlers.scratch_cards import Refused as CardRefused
from rating.money import tenge
from rating.subscriber import Language
from storage.call_model import Cause
from tests.ussd_menus.prompts.toy_flow import CALLED, CALLER, ORIGIN, Caller, refused, spoken
from ussd_menus.prompts import engine
from ussd_menus.prompts.engine import AHEAD_MAX
from ussd_menus.prompts.model import DIGITS_MAX, Choose, Collect, Flow, Join, Record, Ring, Say
from ussd_menus.prompts.registry import FLOWS, flow_for
from ussd_menus.prompts.turn import Issue, Ringing, Stay, Wait

CATALOG = Catalog.load()
PROFILE = load_profile("kz")
#: What the call control knows before a flow begins.
SLOTS = {"number": "87021234567", "called": CALLED, "name": "Aliya"}
WORDS = [*PhoneRefused, *CollectRefused, *CardRefused, "access.blocked", "system.error"]
RESULTS: dict[type[Command], Outcome] = {
    Identify: Outcome(result=Identified(identifier="12345678", is_initial=True)),
    CheckAmount: Outcome(result=AmountChecked(amount=tenge(100), number=CALLER, card="1234")),
    AskCollect: Outcome(result=CollectAsked(called=CALLED, is_friend=False)),
}


def speaking(flow: Flow) -> Iterator[Say | Collect | Choose | Record]:
    """The steps with texts."""
    yield from (step for step in flow.steps.values() if isinstance(step, Say | Collect | Choose | Record))


def test_a_flow_is_found_by_its_service() -> None:
    for key, flow in FLOWS.items():
        assert flow_for(key) is flow
        assert flow.service == key
    assert flow_for("parking") is None


def test_every_service_that_is_reached_by_voice_has_a_flow() -> None:
    services = {*PROFILE.voice_services.values(), *PROFILE.voice_prefixes.values()}
    assert services
    assert services <= FLOWS.keys()


def test_a_flow_is_of_a_service_or_played_by_one() -> None:
    played = {step.plays for flow in FLOWS.values() for step in flow.steps.values() if isinstance(step, Ring)}
    assert FLOWS.keys() <= {service.name for service in SERVICES} | played


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_who_is_rung_hears_a_flow_that_can_be_taken_for_a_tariff_that_there_is(flow: Flow) -> None:
    for step in flow.steps.values():
        if isinstance(step, Ring):
            assert step.tariff in PROFILE.tariffs
            plays = FLOWS[step.plays].steps.values() if step.plays else ()
            assert not step.plays or any(isinstance(each, Join) for each in plays)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_every_text_is_there_and_gets_what_it_shows(flow: Flow, language: Language) -> None:
    for step in speaking(flow):
        shown = CATALOG.templates[language][step.text].names
        assert set(shown) == set(step.shows), step.text


DIGITS = st.text("0123456789*#", max_size=80)
EVENTS = st.one_of(
    DIGITS.map(lambda digits: ("keys", digits)),
    st.text(max_size=60).map(lambda text: ("keys", text)),
    st.text(max_size=60).map(lambda text: ("says", text)),
    st.just(("is_silent", 1)),
    st.sampled_from(Cause).map(lambda cause: ("fails", cause)),
    st.sampled_from(WORDS).map(lambda word: ("gets", refused(word))),
    st.just(("gets", None)),
)


def happens(caller: Caller, kind: str, value: object) -> None:
    """One event; None from a service is its yes."""
    if value is None:
        then = caller.turn.then
        known = RESULTS.get(type(then.command)) if isinstance(then, Issue) else None
        value = known or spoken("toy.done")
    getattr(caller, kind)(value)


@pytest.mark.parametrize("key", FLOWS)
@given(events=st.lists(EVENTS, max_size=40))
@settings(max_examples=60, deadline=None)
def test_no_input_raises_and_every_leg_can_go_on(key: str, events: list[tuple[str, object]]) -> None:
    caller = Caller(FLOWS[key], SLOTS, ORIGIN)
    for kind, value in events:
        before = caller.script
        happens(caller, kind, value)
        script, then = caller.script, caller.turn.then
        assert script.step in FLOWS[key].steps
        assert len(script.ahead) <= AHEAD_MAX
        assert len(script.typed) <= DIGITS_MAX + 1
        if isinstance(then, Stay):
            assert script == before
        assert (engine.again(FLOWS[key], script) is not None) or not isinstance(then, Wait)


@pytest.mark.parametrize("key", FLOWS)
@given(events=st.lists(EVENTS, max_size=20))
@settings(max_examples=40, deadline=None)
def test_who_falls_silent_comes_to_an_end(key: str, events: list[tuple[str, object]]) -> None:
    caller = Caller(FLOWS[key], SLOTS, ORIGIN)
    for kind, value in events:
        happens(caller, kind, value)
    for _ in range(100):
        before = caller.script
        if isinstance(caller.turn.then, Issue) or caller.is_silent().then != Stay():
            caller.gets(refused("system.error"))
        if caller.script == before:
            break
    step = FLOWS[key].steps[caller.script.step]
    if isinstance(step, Ring):
        caller.fails(Cause.NO_ANSWER)
    assert not isinstance(FLOWS[key].steps[caller.script.step], Collect | Choose | Record)


@pytest.mark.parametrize("key", FLOWS)
@given(events=st.lists(EVENTS, max_size=20))
@settings(max_examples=40, deadline=None)
def test_no_secret_is_in_a_representation_or_outlives_its_command(
    key: str, events: list[tuple[str, object]]
) -> None:
    caller = Caller(FLOWS[key], SLOTS, ORIGIN)
    for kind, value in [*events, ("keys", "5555555555#5555555555*")]:
        happens(caller, kind, value)
        assert "5555555555" not in repr(caller.turn.script)
        if isinstance(caller.turn.then, Ringing):
            assert not any(isinstance(each, Secret) for each in caller.script.slots.values())


@pytest.mark.parametrize("key", FLOWS)
@given(frames=st.lists(DIGITS, max_size=10))
@settings(max_examples=40, deadline=None)
def test_what_is_kept_of_secret_keys_is_never_a_key(key: str, frames: list[str]) -> None:
    caller = Caller(FLOWS[key], SLOTS, ORIGIN)
    for digits in frames:
        step = FLOWS[key].steps[caller.script.step]
        heard = caller.keys(digits).heard
        if isinstance(step, Collect) and step.secret and digits:
            assert heard.keys[:3] == "***"
            assert heard.is_secret
        if isinstance(caller.turn.then, Stay):
            assert heard.keys in {"", "***"}
