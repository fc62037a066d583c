"""Flows of prompts that no service has: the call control knows none of them by name."""

from dataclasses import replace

import pytest

from gateway.rendering import Renderer
from gateway.voice.control import CallControl
from gateway.voice.events import Dial, SignalKind
from gateway.work import EndCalls, Voice
from handlers.base.command import Command, Origin
from storage.call_model import Cause, LegState, TurnKind
from tests.gateway import stand as stand_module
from tests.gateway.call_places import alerting, only_call
from tests.gateway.phones import Phone, Phones
from tests.gateway.stand import ALIYA, BOLAT, CATALOG, PROFILE, Recite
from ussd_menus.prompts.model import Collect, End, Flow, Ring, Run, Slots, Step

#: Calls another handset at nobody's expense.
FREE = Flow(
    service="free",
    answers=False,
    first="ring",
    steps={"ring": Ring("number", payer="", tariff="", other="over"), "over": End(Cause.NETWORK)},
)


def recite(origin: Origin, _: Slots) -> Command:
    """Says something."""
    return Recite(origin=origin)


def runs(count: int) -> Flow:
    """A flow that runs so many commands, and asks nothing in between."""
    steps: dict[str, Step] = {
        f"run {index}": Run(recite, {"ok": f"run {index + 1}"}, other="over") for index in range(count)
    }
    steps[f"run {count}"] = Collect("voucher.enter_code", "code", end="#", then="over", gives_up="gave_up")
    ends = {"over": End(), "gave_up": End(Cause.GAVE_UP)}
    return Flow(service="runs", first="run 0", steps={**steps, **ends})


@pytest.fixture
def toys(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> Phones:
    """555 and a number calls it for free; 7 and 8 run so many commands in a row."""
    stand = phones.stand
    prefixes = {"555": "free"}
    services = {"7": "few", "8": "many"}
    monkeypatch.setattr(
        stand_module, "PROFILE", replace(PROFILE, voice_prefixes=prefixes, voice_services=services)
    )
    flows = {"free": FREE, "few": runs(7), "many": runs(8)}
    renderer = Renderer(CATALOG, stand.new_id, stand.accounts)
    monkeypatch.setattr(stand.processor, "_calls", CallControl(stand.bus, renderer, stand.new_id, flows))
    for each in (ALIYA, BOLAT):
        phones.of(each).on()
    return phones


def test_a_talk_that_costs_nothing_holds_nothing_and_lasts_as_long_as_they_like(toys: Phones) -> None:
    aliya, bolat = toys.of(ALIYA), toys.of(BOLAT)
    aliya.dial(f"555{BOLAT}")
    bolat.answer()
    assert (aliya.kinds, bolat.kinds) == (["ringing", "connected"], ["incoming", "connected"])
    assert toys.pass_s(86_400) == []
    bolat.hang()
    call = only_call(toys)
    assert (call.duration_s, call.charge_tiyn, call.payer, call.rating) == (86_400, 0, "", "")
    assert aliya.ended.duration_s == bolat.ended.duration_s == 86_400
    assert (toys.stand.balance(ALIYA), toys.stand.balance(BOLAT)) == (500, 500)


def test_a_stop_ends_a_talk_that_costs_nothing_too(toys: Phones) -> None:
    toys.of(ALIYA).dial(f"555{BOLAT}")
    toys.of(BOLAT).answer()
    toys.pass_s(30)
    toys.stand.one(EndCalls())
    assert (only_call(toys).ended, only_call(toys).duration_s) == (Cause.NETWORK, 30)


def test_a_cause_without_a_step_of_its_own_leads_to_the_one_for_all_others(toys: Phones) -> None:
    toys.of(BOLAT).off()
    aliya = toys.of(ALIYA).dial(f"555{BOLAT}")
    assert aliya.kinds == [Cause.NETWORK]


def test_a_flow_may_run_some_commands_in_a_row_and_says_what_they_say(toys: Phones) -> None:
    aliya = toys.of(ALIYA).dial("7")
    assert aliya.kinds[0] == "connected"
    commands = [turn for turn in toys.calls()[0].turns if turn.kind is TurnKind.COMMAND]
    assert [(turn.text, turn.text_id) for turn in commands] == [("ok", "Recite")] * 7
    assert aliya.last.id == "voucher.enter_code"


def test_a_flow_that_runs_on_without_asking_is_a_bug_that_changes_nothing(toys: Phones) -> None:
    (result,) = toys.stand.run(Voice(Dial(ALIYA, "8")))
    assert result.error is not None
    assert result.signals == ()
    assert toys.calls() == []


def forget_places(phones: Phones) -> None:
    """As after a commit of which nobody knows what became: where legs stand in their flows is gone."""
    with phones.stand.processor.begin() as batch:
        for call in batch.uow.calls.open():
            batch.uow.calls.put(call._replace(legs=tuple(leg._replace(script=None) for leg in call.legs)))
        batch.uow.commit()


@pytest.mark.parametrize("step", ["answer", "silence", "hang up", "come back"])
def test_a_call_that_has_lost_its_place_in_its_flow_ends_instead_of_hanging(
    phones: Phones, aliya: Phone, bolat: Phone, step: str
) -> None:
    alerting(phones)
    forget_places(phones)
    match step:
        case "answer":
            bolat.answer()
        case "silence":
            phones.pass_s(30)
        case "hang up":
            bolat.hang()
        case "come back":
            aliya.off().on()
            assert aliya.last.kind is SignalKind.RINGING
            bolat.hang()
    call = only_call(phones)
    assert (call.ended, call.charge_tiyn) == (Cause.NETWORK, 0)
    assert [leg.state for leg in call.legs] == [LegState.RELEASED] * 2
    assert phones.pass_s(60) == []


def test_a_service_that_has_lost_its_place_ends_the_call_at_the_next_key(
    phones: Phones, aliya: Phone
) -> None:
    aliya.dial("9393")
    forget_places(phones)
    aliya.off().on()
    assert aliya.kinds == ["connected", "voucher.enter_code", "connected"]
    aliya.keys("1")
    assert aliya.last.reason == Cause.NETWORK


def test_a_call_whose_price_has_gone_from_the_profile_is_free(
    phones: Phones, aliya: Phone, bolat: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody pays what nobody can name; nothing stays held."""
    aliya.dial(f"000{BOLAT}").say("Aliya")
    bolat.answer().keys("1")
    phones.pass_s(30)
    monkeypatch.setattr(stand_module, "PROFILE", replace(PROFILE, tariffs={}))
    bolat.hang()
    call = only_call(phones)
    assert (call.duration_s, call.charge_tiyn, call.hold_id) == (30, 0, "")
    view = phones.stand.store.reads.subscriber(BOLAT)
    assert view is not None
    assert (view.balances.main_tiyn, view.balances.held_tiyn) == (50_000, 0)
