"""Calls from the first digit to the last second, on a real store with real services."""

import pytest

from gateway.voice.events import SignalKind
from handlers.subscriber_admin import ChangeSubscriber
from rating.subscriber import Status
from storage.call_model import Cause, LegState, TurnKind
from storage.call_views import CallFilter
from storage.model import main_account
from tests.gateway.phones import Phone, Phones
from tests.gateway.stand import ALIYA, BOLAT


def collect(aliya: Phone, bolat: Phone, name: str = "Aliya") -> None:
    """Aliya calls Bolat at his expense, and he takes the call."""
    aliya.dial(f"000{bolat.msisdn}").say(name)
    bolat.answer().keys("1")


# -- collect call ------------------------------------------------------------------------------------


def test_a_collect_call_is_announced_accepted_talked_and_paid_by_the_called_party(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    collect(aliya, bolat)
    phones.pass_s(90)
    aliya.hang()
    assert aliya.kinds == ["collect.say_name", "ringing", "connected", "hangup"]
    assert bolat.kinds == ["incoming", "collect.announce", "connected", "hangup"]
    assert (aliya.ended.duration_s, aliya.ended.charge_tiyn) == (90, 0)
    assert (bolat.ended.duration_s, bolat.ended.charge_tiyn) == (90, 2250)
    assert phones.stand.balance(ALIYA) == 500
    view = phones.stand.store.reads.subscriber(BOLAT)
    assert view is not None
    assert view.balances.main_tiyn == 50_000 - 2250
    assert view.balances.held_tiyn == 0


def test_the_announcement_names_who_calls(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    del phones
    aliya.dial(f"0008{BOLAT[1:]}").say("Aliya")
    assert (bolat.last.kind, bolat.last.party) == (SignalKind.INCOMING, ALIYA)
    bolat.answer()
    assert "Aliya" in bolat.last.text
    assert ALIYA in bolat.last.text


def test_a_friend_is_put_through_without_a_word_and_for_less(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    phones.stand.one(phones.stand.sms(f"31 {ALIYA}", "6010", BOLAT))
    aliya.dial(f"000{BOLAT}")
    bolat.answer()
    phones.pass_s(60)
    bolat.hang()
    assert aliya.kinds == ["ringing", "connected", "hangup"]
    assert bolat.kinds == ["incoming", "connected", "hangup"]
    assert bolat.ended.charge_tiyn == 700


def test_two_refuses_and_the_caller_hears_it(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    aliya.dial(f"000{BOLAT}").say("")
    bolat.answer().keys("2")
    assert bolat.kinds == ["incoming", "collect.announce_unnamed", "refused"]
    assert aliya.kinds[-2:] == ["collect.refused", "refused"]
    (view,) = phones.calls()
    assert (view.call.ended, view.call.charge_tiyn) == (Cause.REFUSED, 0)


def test_ten_refusals_within_an_hour_suspend_the_caller_for_an_hour(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    for _ in range(10):
        aliya.dial(f"000{BOLAT}").say("Aliya")
        bolat.hang()
    aliya.dial(f"000{BOLAT}")
    assert aliya.kinds[-2:] == ["collect.suspended", "not_allowed"]
    phones.pass_s(3600)
    aliya.dial(f"000{BOLAT}").say("Aliya")
    assert bolat.last.kind is SignalKind.INCOMING


def test_star_133_calls_the_caller_back_from_000(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    result = phones.stand.one(phones.stand.dial(f"*133*{BOLAT}#"))
    phones.tell(result.signals)
    phones._fire_now()
    assert (aliya.last.kind, aliya.last.party) == (SignalKind.INCOMING, "+000")
    aliya.answer().say("Aliya")
    bolat.answer().keys("1")
    phones.pass_s(1)
    aliya.hang()
    assert aliya.kinds == ["incoming", "collect.say_name", "ringing", "connected", "hangup"]
    assert bolat.ended.charge_tiyn == 25


def test_who_asked_to_be_called_back_and_cannot_be_is_told_by_sms(phones: Phones) -> None:
    phones.stand.one(phones.stand.dial(f"*133*{BOLAT}#"))
    phones._fire_now()
    assert "call you back" in phones.stand.replies()[-1]
    assert phones.calls() == []


def test_to_a_number_of_another_network_goes_a_notice_and_no_call(phones: Phones, aliya: Phone) -> None:
    aliya.dial("00077071234567")
    assert aliya.last.reason == Cause.NO_ROUTE
    (notice,) = phones.stand.messages()
    assert (notice.destination, notice.route, notice.state) == (
        "77071234567",
        "offnet:77071234567",
        "DELIVERED",
    )
    assert ALIYA in notice.text


# -- who can be reached ------------------------------------------------------------------------------


def test_a_handset_without_a_connection_is_switched_off(phones: Phones, aliya: Phone) -> None:
    del phones
    aliya.dial(f"000{BOLAT}").say("Aliya")
    assert aliya.kinds[-2:] == ["collect.switched_off", "switched_off"]


def test_who_does_not_answer_for_thirty_seconds_is_rung_no_more(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    aliya.dial(f"000{BOLAT}").say("Aliya")
    phones.pass_s(29)
    assert bolat.kinds == ["incoming"]
    phones.pass_s(1)
    assert bolat.kinds == ["incoming", "no_answer"]
    assert aliya.kinds[-2:] == ["collect.no_answer", "no_answer"]


def test_the_second_caller_is_told_that_the_called_party_is_busy(
    phones: Phones, aliya: Phone, bolat: Phone, dana: Phone
) -> None:
    collect(aliya, bolat)
    dana.dial(f"000{BOLAT}").say("Dana")
    assert dana.kinds[-2:] == ["collect.busy", "busy"]
    assert bolat.last.kind is SignalKind.CONNECTED
    assert len(phones.calls()) == 2


def test_a_called_party_who_calls_back_meanwhile_is_told_that_they_are_in_a_call(
    aliya: Phone, bolat: Phone
) -> None:
    aliya.dial(f"000{BOLAT}").say("Aliya")
    bolat.dial(f"000{ALIYA}")
    assert bolat.last.id == "in_a_call"
    bolat.answer().keys("1")
    assert bolat.last.kind is SignalKind.CONNECTED


def test_the_caller_who_hangs_up_ends_the_ringing(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    aliya.dial(f"000{BOLAT}").say("Aliya")
    aliya.hang()
    assert bolat.kinds == ["incoming", "cancelled"]
    bolat.answer()
    assert bolat.last.id == "unknown_call"
    assert phones.pass_s(60) == []


def test_a_one_after_the_caller_has_hung_up_costs_nothing(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    aliya.dial(f"000{BOLAT}").say("Aliya")
    bolat.answer()
    aliya.hang()
    bolat.keys("1")
    assert bolat.kinds[-2:] == ["cancelled", "unknown_call"]
    assert phones.stand.balance(BOLAT) == 500


# -- money -------------------------------------------------------------------------------------------


def test_a_call_is_cut_at_the_second_at_which_the_money_ends(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    """500 KZT at 15 KZT a minute are 2,000 seconds to the tiyn."""
    collect(aliya, bolat)
    phones.pass_s(5000)
    assert (bolat.ended.reason, bolat.ended.duration_s, bolat.ended.charge_tiyn) == ("no_money", 2000, 50_000)
    assert aliya.ended.reason == "no_money"
    assert phones.stand.balance(BOLAT) == 0


def test_who_has_nothing_is_not_even_rung(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    collect(aliya, bolat)
    phones.pass_s(5000)
    before = len(bolat.heard)
    aliya.dial(f"000{BOLAT}")
    assert aliya.last.reason == Cause.NO_MONEY
    assert len(bolat.heard) == before


def test_the_rating_is_kept_with_the_version_of_the_tariff(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    collect(aliya, bolat)
    phones.pass_s(61)
    bolat.hang()
    (view,) = phones.calls()
    assert view.call.charge_tiyn == 1525
    assert '"version":"1"' in view.call.rating
    assert sum(each.amount_tiyn for each in view.postings) == 0


# -- services by voice -------------------------------------------------------------------------------


def test_a_card_is_credited_by_voice(phones: Phones, aliya: Phone) -> None:
    (code,) = phones.stand.cards()
    aliya.dial("9393").keys(f"{code.reveal()}*")
    assert aliya.kinds[:3] == ["connected", "voucher.enter_code", "voucher.credited"]
    assert phones.stand.balance(ALIYA) == 1000


def test_the_code_is_kept_nowhere(phones: Phones, aliya: Phone) -> None:
    (code,) = phones.stand.cards()
    aliya.dial("9393").keys(f"{code.reveal()}*")
    phones.pass_s(60)
    (view,) = phones.calls()
    assert code.reveal() not in repr(view)
    assert [turn.text for turn in view.turns if turn.kind is TurnKind.KEYS] == ["***"]


def test_silence_is_asked_once_more_and_then_ends_the_call(phones: Phones, aliya: Phone) -> None:
    aliya.dial("9393")
    phones.pass_s(20)
    assert aliya.kinds.count("voucher.enter_code") == 2
    assert aliya.last.reason == Cause.GAVE_UP


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("5555", "voice.no_route"),
        ("77071234567", "voice.no_route"),
        ("112", "voice.no_emergency"),
        (BOLAT, "voice.no_calls"),
        ("+7 702 123 45 67", "voice.no_calls"),
    ],
)
def test_a_number_that_leads_nowhere_is_told_so(phones: Phones, aliya: Phone, number: str, said: str) -> None:
    aliya.dial(number)
    assert aliya.kinds == [said, "no_route"]
    assert [view.call.ended for view in phones.calls()] == ["no_route"]


def test_a_refused_call_is_found_by_the_number_in_its_stored_form(phones: Phones, aliya: Phone) -> None:
    phones.stand.one(phones.stand.sms(f"11 {ALIYA}", "6010", BOLAT))
    aliya.dial(f"0008{BOLAT[1:]}")
    (found,) = phones.stand.store.reads.calls(CallFilter(called=BOLAT, limit=10))
    assert found.ended == Cause.NOT_ALLOWED


def test_words_that_nobody_asked_for_are_kept_nowhere(phones: Phones, aliya: Phone) -> None:
    aliya.dial("9393").say("my code is 9988776655443")
    aliya.dial("7000")
    (view,) = phones.calls()
    assert [turn.text for turn in view.turns if turn.kind is TurnKind.SAID] == ["***"]


def test_keys_before_the_call_was_taken_are_an_error(aliya: Phone, bolat: Phone) -> None:
    aliya.dial(f"000{BOLAT}").say("Aliya")
    bolat.keys("1")
    assert bolat.last.id == "wrong_state"


def test_of_what_is_pressed_in_a_talk_only_so_much_is_kept(
    phones: Phones, aliya: Phone, bolat: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.voice.desk._TURNS_MAX", 20)
    collect(aliya, bolat)
    for _ in range(30):
        bolat.keys("5")
    bolat.hang()
    (view,) = phones.calls()
    assert len(view.turns) < 30
    assert [turn.kind for turn in view.turns][-2:] == [TurnKind.RELEASED, TurnKind.RELEASED]


def test_a_called_party_whose_money_is_gone_when_they_accept_is_told_so(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    aliya.dial(f"000{BOLAT}").say("Aliya")
    bolat.answer()
    phones.stand.spend(BOLAT, 500)
    bolat.keys("1")
    assert bolat.kinds[-2:] == ["voice.no_money", "no_money"]
    assert aliya.kinds[-2:] == ["collect.no_money", "no_money"]


def test_what_the_restart_charged_is_noticed_by_who_waits_for_the_balance_to_fall(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    with phones.stand.processor.begin() as batch:
        batch.uow.ledger.watch(main_account(BOLAT), 49_900)
        batch.uow.commit()
    collect(aliya, bolat)
    phones.pass_s(60)
    phones.stand.processor.recover()
    with phones.stand.processor.begin() as batch:
        due = batch.uow.jobs.due(phones.stand.clock.now_us(), 10)
    assert [(job.kind, job.payload["msisdn"]) for job in due] == [("balance.fell", BOLAT)]


def test_what_is_no_number_at_all_is_an_error_and_no_call(phones: Phones, aliya: Phone) -> None:
    aliya.dial("*133*77021234567#")
    assert aliya.last.id == "bad_number"
    assert phones.calls() == []


# -- connections -------------------------------------------------------------------------------------


def test_a_handset_that_comes_back_in_time_has_lost_nothing(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    collect(aliya, bolat)
    bolat.off()
    phones.pass_s(9)
    bolat.on()
    assert bolat.last.kind is SignalKind.CONNECTED
    phones.pass_s(51)
    bolat.hang()
    assert bolat.ended.duration_s == 60


def test_one_that_does_not_come_back_pays_until_it_was_lost(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    collect(aliya, bolat)
    phones.pass_s(30)
    bolat.off()
    phones.pass_s(10)
    assert (aliya.ended.reason, aliya.ended.duration_s) == ("lost", 30)
    assert phones.calls()[0].call.charge_tiyn == 750


def test_a_loss_that_is_heard_of_late_counts_from_when_it_was(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    """The store was away for five minutes, and with it the writer."""
    collect(aliya, bolat)
    phones.pass_s(10)
    lost_us = phones.stand.clock.now_us()
    phones.pass_s(300)
    bolat.off(at_us=lost_us)
    assert (aliya.ended.reason, aliya.ended.duration_s) == ("lost", 10)
    assert phones.calls()[0].call.charge_tiyn == 250


def test_a_connection_that_was_replaced_takes_nothing_with_it(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    collect(aliya, bolat)
    bolat.on()
    bolat.off(line=1)
    assert phones.pass_s(30) == []
    assert phones.stand.store.reads.call(bolat.call) is not None
    bolat.hang()
    assert bolat.ended.reason == "hangup"


def test_a_restart_ends_the_calls_with_what_was_used(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    collect(aliya, bolat)
    phones.pass_s(30)
    phones.restart()
    (view,) = phones.calls()
    assert (view.call.ended, view.call.duration_s, view.call.charge_tiyn) == (Cause.NETWORK, 30, 750)
    assert all(leg.state is LegState.RELEASED for leg in view.call.legs)
    assert phones.pass_s(3600) == []


def test_a_blocked_caller_is_told_why(phones: Phones, aliya: Phone) -> None:
    stand = phones.stand
    stand.do(ChangeSubscriber(origin=stand.origin(), msisdn=ALIYA, status=Status.BLOCKED))
    aliya.dial(f"000{BOLAT}")
    assert aliya.kinds == ["access.blocked", "not_allowed"]
