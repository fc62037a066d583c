"""Handsets that go out of reach in every state of a call, and come back or do not."""

import pytest

from gateway.voice.events import SignalKind
from rating.msisdn import Msisdn
from storage.call_model import Cause, LegState, TurnKind
from storage.model import Attempts
from tests.gateway.call_places import STATES, Place, announced, bridged, only_call
from tests.gateway.phones import Phone, Phones
from tests.gateway.stand import ALIYA, BOLAT, S

#: What the caller's handset and the called party's are told when they come back.
AGAIN: dict[str, tuple[list[str], list[str]]] = {
    "the caller is asked for a name": (["collect.say_name"], []),
    "offered": ([], ["incoming"]),
    "offered by a friend": ([], ["incoming"]),
    "alerting": (["ringing"], ["incoming"]),
    "announced": (["ringing"], ["collect.announce"]),
    "called back": (["incoming"], []),
    "called back and asked": (["collect.say_name"], []),
    "called back and ringing": (["ringing"], ["incoming"]),
    "asked by a service": (["connected", "voucher.enter_code"], []),
}
TALKING = (["connected"], ["connected"])
LEGS = [
    pytest.param(place, number, id=f"{place.name}, leg {number}")
    for place in STATES
    for number in range(1, len(place.legs) + 1)
    if "lost" not in place.name
]


def attempts(phones: Phones) -> Attempts:
    """The refusals that count for Aliya."""
    with phones.stand.processor.begin() as batch:
        return batch.uow.attempts.get("collect", ALIYA)


@pytest.mark.parametrize(("place", "number"), LEGS)
def test_a_handset_that_comes_back_is_told_where_it_is(phones: Phones, place: Place, number: int) -> None:
    place.reach(phones)
    who = (ALIYA, BOLAT)[number - 1]
    phone, other = phones.of(who), phones.of((BOLAT, ALIYA)[number - 1])
    before = only_call(phones)
    phone.off()
    phones.pass_s(0.1)
    told = len(phone.heard), len(other.heard)
    phone.on()
    assert phone.kinds[told[0] :] == AGAIN.get(place.name, TALKING)[number - 1]
    assert len(other.heard) == told[1]
    call = only_call(phones)
    assert [leg.state for leg in call.legs] == [leg.state for leg in before.legs]
    assert [leg.lost_us for leg in call.legs] == [0] * len(call.legs)
    assert {each.call for each in phone.heard[told[0] :]} <= {call.id}
    kinds = [turn.kind for turn in phones.calls()[0].turns if turn.leg == number]
    assert kinds.index(TurnKind.LOST) < kinds.index(TurnKind.BACK)


@pytest.mark.parametrize(("place", "number"), LEGS)
def test_a_handset_that_stays_away_leaves_the_call_after_ten_seconds(
    phones: Phones, place: Place, number: int
) -> None:
    """Nobody pays for the silence, and whoever is left is told. Who did not say a name rings all the same."""
    phones.of(BOLAT)
    place.reach(phones)
    who = (ALIYA, BOLAT)[number - 1]
    lost_us = phones.stand.clock.now_us()
    phones.of(who).off()
    phones.pass_s(9.9)
    assert only_call(phones).ended == ""
    phones.pass_s(0.1)
    call = only_call(phones)
    leg = call.legs[number - 1]
    assert (leg.state, leg.cause) == (LegState.RELEASED, Cause.LOST)
    assert call.charge_tiyn == place.talked_s * 25
    if call.bridged_us or number == 1:
        assert call.ended == Cause.LOST
    else:
        assert call.ended == Cause.SWITCHED_OFF  # For the caller it is all the same since when.
        assert phones.of(ALIYA).kinds[-2:] == ["collect.switched_off", Cause.SWITCHED_OFF]
    if call.bridged_us:
        assert (call.ended_us, call.duration_s) == (lost_us, place.talked_s)
    assert attempts(phones).times_us == ()
    assert [each.kind for each in phones.pass_s(7200) if each.kind.startswith("voice.")] == []


def test_who_comes_back_at_the_tenth_second_is_too_late(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    bridged(phones, 5)
    bolat.off()
    phones.pass_s(10)
    bolat.on()
    assert aliya.ended.reason == Cause.LOST
    bolat.dial("9393")
    assert bolat.last.id == "voucher.enter_code"


def test_who_is_lost_again_has_ten_seconds_again(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    bridged(phones)
    for _ in range(3):
        bolat.off()
        phones.pass_s(9)
        bolat.on()
    assert aliya.last.kind is SignalKind.CONNECTED
    bolat.off()
    phones.pass_s(10)
    assert (aliya.ended.reason, aliya.ended.duration_s) == (Cause.LOST, 27)


def test_when_both_are_lost_the_first_one_is_what_counts(phones: Phones) -> None:
    bridged(phones, 20)
    phones.of(ALIYA).off()
    phones.pass_s(4)
    phones.of(BOLAT).off()
    phones.pass_s(60)
    call = only_call(phones)
    assert (call.ended, call.duration_s, call.charge_tiyn) == (Cause.LOST, 20, 500)


def test_when_both_are_lost_and_the_first_comes_back_the_second_counts(phones: Phones) -> None:
    bridged(phones, 20)
    phones.of(ALIYA).off()
    phones.pass_s(4)
    phones.of(BOLAT).off()
    phones.of(ALIYA).on()
    phones.pass_s(60)
    assert (only_call(phones).duration_s, only_call(phones).charge_tiyn) == (24, 600)


def test_who_hangs_up_on_somebody_who_is_lost_pays_until_then(phones: Phones, bolat: Phone) -> None:
    bridged(phones, 20)
    phones.of(ALIYA).off()
    phones.pass_s(6)
    bolat.hang()
    call = only_call(phones)
    assert (call.ended, call.duration_s, bolat.ended.charge_tiyn) == (Cause.HANGUP, 20, 500)
    assert phones.pass_s(60) == []  # Nobody waits for the lost one any more.


def test_a_talk_that_is_accepted_while_the_caller_is_lost_costs_nothing_unless_they_come_back(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    announced(phones)
    aliya.off()
    phones.pass_s(4)
    bolat.keys("1")
    phones.pass_s(6)
    call = only_call(phones)
    assert (call.ended, call.duration_s, call.charge_tiyn) == (Cause.LOST, 0, 0)
    assert call.ended_us == call.bridged_us
    assert bolat.ended.charge_tiyn == 0


def test_one_that_does_come_back_hears_that_it_talks(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    announced(phones)
    aliya.off()
    phones.pass_s(4)
    bolat.keys("1")
    phones.pass_s(5)
    aliya.on()
    assert (aliya.last.kind, aliya.last.party) == (SignalKind.CONNECTED, BOLAT)
    phones.pass_s(5)
    aliya.hang()
    assert bolat.ended.duration_s == 10


def test_the_money_that_ends_while_one_is_lost_pays_until_the_loss(phones: Phones) -> None:
    bridged(phones, 1995)
    phones.of(ALIYA).off()
    phones.pass_s(5)
    call = only_call(phones)
    assert (call.ended, call.duration_s, call.charge_tiyn) == (Cause.NO_MONEY, 1995, 49_875)


def test_a_second_connection_takes_the_call_over(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    """It replaces the first one, whose end means nothing then; nothing is noted as lost."""
    announced(phones)
    bolat.on()
    assert bolat.kinds[-1] == "collect.announce"
    bolat.off(line=1).keys("1")
    assert aliya.last.kind is SignalKind.CONNECTED
    kinds = {turn.kind for turn in phones.calls()[0].turns}
    assert not kinds & {TurnKind.LOST, TurnKind.BACK}


def test_the_right_answer_still_counts_after_coming_back(phones: Phones, aliya: Phone) -> None:
    """Half a code before the loss and half of it after: a flow goes on from where it was."""
    (code,) = phones.stand.cards()
    digits = code.reveal()
    aliya.dial("9393").keys(digits[:6])
    aliya.off()
    phones.pass_s(5)
    aliya.on().keys(f"{digits[6:]}*")
    assert "voucher.credited" in aliya.kinds


def test_a_lost_party_that_is_asked_is_not_asked_for_ever(phones: Phones, bolat: Phone) -> None:
    announced(phones)
    bolat.off()
    phones.pass_s(60)
    call = only_call(phones)
    assert (call.ended, call.bridged_us) == (Cause.SWITCHED_OFF, 0)
    assert call.ended_us - call.began_us == 10 * S


def test_a_handset_without_a_call_comes_and_goes_unnoticed(phones: Phones) -> None:
    phone = phones.of(Msisdn(ALIYA))
    phone.off().off().on().on()
    assert (phone.heard, phones.calls()) == ([], [])
