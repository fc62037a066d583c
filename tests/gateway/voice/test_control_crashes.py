"""The gateway dies, stops, or cannot commit, in every state of a call: nobody pays for what they did not get,
and every handset is free afterwards.
"""

from collections.abc import Callable

import pytest

from gateway.clock import ClockMode
from gateway.voice.events import Attached, Detached, Pulse, SignalKind
from gateway.work import EndCalls, Execute, Reset, RunDue, SetClock, Voice
from rating.msisdn import Msisdn
from storage.call_model import Cause, LegState
from storage.check import check
from storage.errors import CommitUnknown, StoreUnavailable
from storage.sqlite import SqliteDriver
from tests.gateway.call_places import Place, announced, at_every_place, bridged, in_every_state, only_call
from tests.gateway.phones import Phone, Phones
from tests.gateway.stand import ALIYA, BOLAT, Boom, S, Stand

OPENING_TIYN = 50_000
#: 15 KZT a minute are 25 tiyn a second.
SECOND_TIYN = 25


def held_tiyn(stand: Stand, msisdn: Msisdn) -> int:
    """What is held of a subscriber's money."""
    view = stand.store.reads.subscriber(msisdn)
    assert view is not None
    return view.balances.held_tiyn


def broken(stand: Stand) -> list[str]:
    """The invariants that do not hold."""
    return [finding.invariant for finding in check(stand.store.reads) if not finding.ok]


def is_over(phones: Phones, *, talked_s: int) -> None:
    """The call ended by the network, and its payer paid for these seconds and for no more."""
    call = only_call(phones)
    assert (call.ended, call.duration_s or 0) == (Cause.NETWORK, talked_s)
    assert call.charge_tiyn == talked_s * SECOND_TIYN
    assert [leg.state for leg in call.legs] == [LegState.RELEASED] * len(call.legs)
    assert all(leg.ended_us >= max(leg.began_us, leg.alerting_us, leg.answered_us) for leg in call.legs)
    for msisdn, paid_tiyn in ((ALIYA, 0), (BOLAT, call.charge_tiyn)):
        view = phones.stand.store.reads.subscriber(msisdn)
        assert view is not None
        assert (view.balances.main_tiyn, view.balances.held_tiyn) == (OPENING_TIYN - paid_tiyn, 0)
    assert broken(phones.stand) == []


def can_talk(phones: Phones) -> None:
    """Both are free to call, and to be called."""
    phones.of(BOLAT).rings = True
    aliya, bolat = phones.of(ALIYA), phones.of(BOLAT)
    aliya.dial(f"000{BOLAT}")
    if aliya.last.id == "collect.say_name":
        aliya.say("Aliya")
        bolat.answer().keys("1")
    else:
        bolat.answer()
    assert (aliya.last.kind, bolat.last.kind) == (SignalKind.CONNECTED, SignalKind.CONNECTED)
    phones.pass_s(1)
    bolat.hang()
    assert aliya.ended.duration_s == 1


# -- the gateway dies --------------------------------------------------------------------------------


@at_every_place
def test_the_states_are_those_that_they_are_named_for(phones: Phones, place: Place) -> None:
    """Else the tests below would try something else."""
    place.reach(phones)
    assert tuple(leg.state for leg in only_call(phones).legs) == place.legs


@at_every_place
def test_a_crash_ends_the_call_and_charges_what_was_used(phones: Phones, place: Place) -> None:
    place.reach(phones)
    before_us = only_call(phones).began_us
    phones.restart()
    is_over(phones, talked_s=place.talked_s)
    assert only_call(phones).ended_us >= before_us
    assert [fired.kind for fired in phones.pass_s(7200) if fired.kind.startswith("voice.")] == []
    once = phones.calls()
    phones.restart()
    assert phones.calls() == once  # There is nothing to end any more.
    can_talk(phones)


@in_every_state
def test_what_handsets_still_say_of_a_call_before_the_crash_changes_nothing(
    phones: Phones, place: Place
) -> None:
    place.reach(phones)
    call, calls = only_call(phones).id, phones.calls
    phones.restart()
    before = calls()
    for phone in (phones.of(ALIYA), phones.of(BOLAT)):
        phone.answer(call).keys("1", call).hang(call)
        assert phone.kinds == ["unknown_call"] * 3
    assert calls() == before


def test_a_crash_ends_every_call_there_is(phones: Phones, aliya: Phone, bolat: Phone, dana: Phone) -> None:
    aliya.dial(f"000{BOLAT}").say("Aliya")
    bolat.answer().keys("1")
    dana.dial("9393")
    phones.pass_s(5)
    phones.restart()
    assert [view.call.ended for view in phones.calls()] == [Cause.NETWORK] * 2


# -- by a clock that runs ----------------------------------------------------------------------------


def live(phones: Phones, seconds: int) -> None:
    """Real time goes by, with its pulse; what is due runs 0.3 s late."""
    stand = phones.stand
    for _ in range(seconds):
        stand.wall_us += S * 3 // 10
        phones.tell(stand.one(RunDue()).signals)
        stand.wall_us += S * 7 // 10
        phones.take(Pulse())


@pytest.fixture
def really(phones: Phones) -> Phones:
    """The clock runs."""
    phones.stand.run(SetClock(ClockMode.REAL, None))
    return phones


@pytest.mark.parametrize("seconds", [0, 1, 59, 60, 61, 125])
def test_the_last_pulse_says_until_when_a_talk_is_paid(really: Phones, seconds: int) -> None:
    """Half a second is not known of, and for the hour that the gateway was down nobody pays."""
    bridged(really)
    live(really, seconds)
    really.stand.wall_us += S // 2
    really.stand.wall_us += 3600 * S
    really.restart()
    is_over(really, talked_s=seconds)
    call = only_call(really)
    assert call.ended_us == call.bridged_us + seconds * S
    assert really.stand.run(RunDue())[0].value == ()


def test_a_pulse_of_long_ago_charges_nobody(really: Phones) -> None:
    """The last one was of another call."""
    bridged(really)
    live(really, 5)
    really.of(BOLAT).hang()
    really.stand.wall_us += 600 * S
    really.of(ALIYA).dial(f"000{BOLAT}").say("Aliya")
    really.of(BOLAT).answer().keys("1")
    really.stand.wall_us += S // 2
    really.restart()
    first, second = (view.call for view in really.calls())
    assert (first.duration_s, second.duration_s, second.charge_tiyn) == (5, 0, 0)
    assert second.ended_us == second.bridged_us
    assert held_tiyn(really.stand, BOLAT) == 0


def test_without_any_pulse_a_call_did_not_end_before_it_was_answered(really: Phones) -> None:
    """The record of a call back and of who was rung later stays in order."""
    really.of(ALIYA).dial(f"000{BOLAT}")
    live(really, 3)
    really.of(BOLAT)
    really.of(ALIYA).say("Aliya")
    live(really, 3)
    really.of(BOLAT).answer()
    really.restart()
    is_over(really, talked_s=0)
    call = only_call(really)
    assert call.ended_us == call.legs[1].answered_us == call.began_us + 6 * S


def test_who_was_lost_before_the_crash_pays_until_then(really: Phones) -> None:
    bridged(really)
    live(really, 20)
    really.of(BOLAT).off()
    live(really, 5)
    really.restart()
    is_over(really, talked_s=20)


def test_a_pulse_is_written_only_while_somebody_talks(really: Phones) -> None:
    reads = really.stand.store.reads
    announced(really)
    live(really, 3)
    assert reads.setting("voice alive") is None
    really.of(BOLAT).keys("1")
    live(really, 1)
    assert reads.setting("voice alive") == str(really.stand.clock.now_us())


# -- the gateway stops, and is set back --------------------------------------------------------------


@at_every_place
def test_a_stop_ends_the_call_with_its_charge_and_tells_who_is_there(phones: Phones, place: Place) -> None:
    place.reach(phones)
    for phone in (phones.of(ALIYA), phones.of(BOLAT)):
        phone.heard.clear()
    phones.tell(phones.stand.one(EndCalls()).signals)
    is_over(phones, talked_s=place.talked_s)
    for leg in only_call(phones).legs:
        ended = phones.of(leg.msisdn).ended
        assert (ended.reason, ended.duration_s) == ("network", place.talked_s)
        assert ended.charge_tiyn == (place.talked_s * SECOND_TIYN if leg.msisdn == BOLAT else 0)
    phones.restart()
    is_over(phones, talked_s=place.talked_s)
    can_talk(phones)


@in_every_state
def test_a_reset_tells_who_was_in_a_call_and_leaves_nothing_of_it(phones: Phones, place: Place) -> None:
    place.reach(phones)
    legs = only_call(phones).legs
    phones.tell(phones.stand.one(Reset()).signals)
    assert [phones.of(leg.msisdn).ended.reason for leg in legs] == ["network"] * len(legs)
    assert phones.calls() == []
    assert phones.stand.store.reads.next_due_us() is None
    phones.stand.subscribe(ALIYA, BOLAT)
    phones.stand.run(SetClock(ClockMode.VIRTUAL, None))
    for who in (ALIYA, BOLAT):
        phones.of(who).on()
    can_talk(phones)


# -- what is done cannot be committed ----------------------------------------------------------------


#: A whole collect call, step by step.
STEPS: tuple[Callable[[Phones], object], ...] = (
    lambda phones: phones.of(ALIYA).dial(f"000{BOLAT}"),
    lambda phones: phones.of(ALIYA).say("Aliya"),
    lambda phones: phones.of(BOLAT).answer(),
    lambda phones: phones.of(BOLAT).keys("1"),
    lambda phones: phones.pass_s(61),
    lambda phones: phones.of(ALIYA).hang(),
)
#: The step in which time goes by.
PASSES = 4


@pytest.mark.parametrize("step", range(len(STEPS)))
def test_a_step_that_could_not_be_written_did_not_happen_and_can_be_done_again(
    phones: Phones, aliya: Phone, bolat: Phone, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full: nobody is told anything, and nothing of the call is lost."""

    def fail(_: object) -> None:
        raise StoreUnavailable("disk full")

    for done in STEPS[:step]:
        done(phones)
    before, told = phones.calls(), (list(aliya.kinds), list(bolat.kinds))
    with monkeypatch.context() as patched:
        patched.setattr("storage.unit_of_work.UnitOfWork._flush", fail)
        with pytest.raises(StoreUnavailable):
            STEPS[step](phones)
    assert phones.calls() == before
    assert (aliya.kinds, bolat.kinds) == told
    for again in STEPS[step:]:
        again(phones)
    talked_s = (phones.stand.clock.now_us() - only_call(phones).bridged_us) // S
    assert talked_s == (121 if step == PASSES else 61)  # The clock had moved to the end of the chunk.
    assert (aliya.ended.duration_s, bolat.ended.charge_tiyn) == (talked_s, talked_s * SECOND_TIYN)


@pytest.mark.parametrize("is_durable", [False, True], ids=["rolled back", "committed"])
@pytest.mark.parametrize("step", range(len(STEPS)))
def test_of_a_commit_with_an_unknown_end_the_database_says_what_became(
    phones: Phones, aliya: Phone, bolat: Phone, step: int, is_durable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call goes on from where it stands in the database, and its money is right in either case."""
    commit = SqliteDriver.commit

    def fail(driver: SqliteDriver) -> None:
        if is_durable:
            commit(driver)
        else:
            driver.rollback()
        raise CommitUnknown("the disk is gone")

    for done in STEPS[:step]:
        done(phones)
    before = phones.calls()
    with monkeypatch.context() as patched:
        patched.setattr(SqliteDriver, "commit", fail)
        with pytest.raises(CommitUnknown):
            STEPS[step](phones)
    assert (phones.calls() != before) is is_durable
    call = phones.calls()[0].call if phones.calls() else None
    for phone in (aliya, bolat):
        phone.on()  # It asks where it is.
    if call is not None and not call.ended:
        phones.pass_s(1)
        aliya.hang(call.id)
    ended = [view.call for view in phones.calls()]
    assert all(each.ended for each in ended)
    assert held_tiyn(phones.stand, BOLAT) == 0
    assert broken(phones.stand) == []
    can_talk(phones)


def test_a_handset_that_was_lost_beside_somebody_elses_fault_is_lost_all_the_same(
    phones: Phones, aliya: Phone
) -> None:
    """The batch is rolled back, and each of its works done again alone."""
    bridged(phones, 30)
    stand = phones.stand
    first, _ = stand.run(
        Voice(Detached(BOLAT, "line 1", stand.clock.now_us())), Execute(command=Boom(origin=stand.origin()))
    )
    assert first.error is None
    phones.pass_s(10)
    assert (aliya.ended.reason, aliya.ended.duration_s) == ("lost", 30)


def test_a_handset_that_is_told_twice_to_be_lost_was_lost_the_first_time(
    phones: Phones, aliya: Phone
) -> None:
    """The network says it again when it does not know whether it was heard."""
    bridged(phones, 30)
    phones.of(BOLAT).off()
    phones.pass_s(5)
    phones.of(BOLAT).off()
    phones.pass_s(5)
    assert (aliya.ended.reason, aliya.ended.duration_s) == ("lost", 30)


def test_a_handset_that_came_beside_somebody_elses_fault_is_there_all_the_same(phones: Phones) -> None:
    stand = phones.stand
    stand.run(Voice(Attached(BOLAT, "line 7")), Execute(command=Boom(origin=stand.origin())))
    phones.of(ALIYA).dial(f"000{BOLAT}").say("Aliya")
    assert phones.of(ALIYA).last.id == "collect.say_name"  # It rings, and nobody has heard it yet.
    assert only_call(phones).legs[1].state is LegState.OFFERED
