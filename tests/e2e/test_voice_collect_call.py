"""Collect call from the handsets' side: both ways in, the money, who is told what (services.md section 7)."""

from decimal import Decimal

import pytest

from tests.e2e.conftest import MakePhone
from tests.e2e.voice import Voice, announce, connect, ring

EN, RU, KK, POSTPAID = "77781234567", "77011234567", "77021234567", "77751234567"
OFF_NET = "77071234567"
MAIN = Decimal(500)
ANSWER_S, PROMPT_S, NAME_S = 30, 10, 5


def test_the_called_party_pays_by_the_second_and_the_caller_nothing(voice: Voice) -> None:
    """61 s at 15 KZT a minute are 15.25 KZT; the first minute is held at once, what is left is free again."""
    caller, called = voice.pair(RU, EN)
    words = announce(caller, called, "Алия")
    assert "Алия" in words
    assert RU in words
    assert voice.held(EN) == "0.00"
    called.press("1")
    assert (caller.connected(), called.connected()) == (EN, RU)
    assert voice.held(EN) == "15.00"
    voice.api.advance(61)
    caller.hang_up()
    assert caller.ended() == ("hangup", 61, "0.00")
    assert called.ended() == ("hangup", 61, "15.25")
    assert voice.held(EN) == "0.00"
    assert (voice.api.balance(EN), voice.api.balance(RU)) == (MAIN - Decimal("15.25"), MAIN)


def test_a_call_record_has_the_legs_the_prompts_the_rating_and_the_postings(voice: Voice) -> None:
    caller, called = voice.pair(RU, EN)
    connect(caller, called)
    voice.api.advance(60)
    called.hang_up()
    caller.ended()
    whole = voice.record(caller.call)
    told = {
        name: whole[name] for name in ("service", "caller", "called", "name", "reason", "payer", "charge")
    }
    assert told == {
        "service": "collect_call", "caller": RU, "called": EN, "name": "Aliya", "reason": "hangup",
        "payer": EN, "charge": "15.00",
    }  # fmt: skip
    assert [(leg["msisdn"], leg["direction"], leg["reason"]) for leg in whole["legs"]] == [
        (RU, "mo", "hangup"),
        (EN, "mt", "hangup"),
    ]
    assert [(each["version"], each["seconds"], each["charge"]) for each in whole["rating"]] == [
        ("1", 60, "15.00")
    ]
    assert sum(Decimal(each["amount"]) for each in whole["postings"]) == 0
    kinds = [(turn["leg"], turn["kind"]) for turn in whole["turns"]]
    for happened in (
        (1, "dialled"),
        (2, "alerting"),
        (2, "answered"),
        (2, "keys"),
        (2, "bridged"),
    ):
        assert happened in kinds
    prompts = [turn["text_id"] for turn in whole["turns"] if turn["kind"] == "prompt"]
    assert prompts == ["collect.say_name", "collect.announce"]


def test_a_friend_is_put_through_without_the_announcement_for_less(voice: Voice, phone: MakePhone) -> None:
    phone(EN).sms("6010", f"31 {RU}")
    caller, called = voice.pair(RU, EN)
    caller.dial(f"000{EN}")
    assert called.incoming() == RU
    assert caller.ringing() == EN
    called.answer()
    assert (caller.connected(), called.connected()) == (EN, RU)
    voice.api.advance(60)
    called.hang_up()
    assert called.ended() == ("hangup", 60, "7.00")


@pytest.mark.parametrize("typed", ["00077781234567", "00087781234567", "000 8 (778) 123-45-67"])
def test_the_number_is_taken_in_every_form(voice: Voice, typed: str) -> None:
    caller, called = voice.pair(RU, EN)
    caller.dial(typed)
    caller.prompt("collect.say_name")
    caller.say("Aliya")
    assert called.incoming() == RU


def test_the_name_is_optional(voice: Voice) -> None:
    """Hash, or five seconds of silence."""
    caller, called = voice.pair(RU, EN)
    announce(caller, called, "")
    called.hang_up()
    caller.prompt("collect.refused")
    assert (called.ended()[0], caller.ended()[0]) == ("refused", "refused")
    caller.dial(f"000{EN}")
    caller.prompt("collect.say_name")
    voice.api.advance(NAME_S)
    assert called.incoming() == RU


def test_the_call_back_of_the_ussd_code_is_a_call_like_any_other(voice: Voice, phone: MakePhone) -> None:
    """``*133*87...#``: a screen, then a call from +000, then the same prompts."""
    caller, called = voice.pair(EN, RU)
    screen = phone(EN).dial("*133*87011234567#")
    assert not screen.wants_answer
    voice.api.advance(1)
    assert caller.incoming() == "+000"
    caller.answer()
    caller.prompt("collect.say_name")
    caller.say("Alan")
    assert called.incoming() == EN
    assert caller.ringing() == RU
    called.answer()
    called.prompt("collect.announce")
    called.press("1")
    assert (caller.connected(), called.connected()) == (RU, EN)
    voice.api.advance(10)
    caller.hang_up()
    assert (caller.ended(), called.ended()) == (("hangup", 10, "0.00"), ("hangup", 10, "2.50"))
    assert voice.record(caller.call)["way"] == "*133"


def test_who_does_not_answer_within_30_s_is_told_of_and_costs_nothing(voice: Voice) -> None:
    caller, called = voice.pair(RU, EN)
    ring(caller, called)
    voice.api.advance(ANSWER_S - 1)
    caller.is_quiet()
    voice.api.advance(1)
    caller.prompt("collect.no_answer")
    assert caller.ended() == ("no_answer", 0, "0.00")
    assert called.ended() == ("no_answer", 0, "0.00")


def test_a_handset_without_a_channel_is_switched_off(voice: Voice) -> None:
    caller = voice.phone(RU)
    caller.dial(f"000{EN}")
    caller.prompt("collect.say_name")
    caller.say("Aliya")
    caller.prompt("collect.switched_off")
    assert caller.ended() == ("switched_off", 0, "0.00")


def test_a_second_caller_is_told_that_it_is_busy(voice: Voice) -> None:
    caller, called = voice.pair(RU, EN)
    second = voice.phone(KK)
    ring(caller, called)
    second.dial(f"000{EN}")
    second.prompt("collect.say_name")
    second.say("Dana")
    second.prompt("collect.busy")
    assert second.ended() == ("busy", 0, "0.00")
    called.is_quiet()


@pytest.mark.parametrize("how", ["reject", "two", "leave"])
def test_a_refusal_is_told_to_the_caller(voice: Voice, how: str) -> None:
    caller, called = voice.pair(RU, EN)
    if how == "reject":
        ring(caller, called)
        called.hang_up()
    else:
        announce(caller, called)
        called.press("2") if how == "two" else called.hang_up()
    caller.prompt("collect.refused")
    assert caller.ended()[0] == {"reject": "rejected", "two": "refused", "leave": "refused"}[how]
    assert called.ended()[1:] == (0, "0.00")


def test_who_presses_nothing_is_asked_twice_and_then_left_alone(voice: Voice) -> None:
    caller, called = voice.pair(RU, EN)
    announce(caller, called)
    voice.api.advance(PROMPT_S)
    called.prompt("collect.announce")
    voice.api.advance(PROMPT_S)
    called.prompt("voice.gave_up")
    assert called.ended() == ("gave_up", 0, "0.00")
    caller.prompt("collect.no_answer")
    assert caller.ended() == ("no_answer", 0, "0.00")


def test_a_called_party_whose_money_ends_is_cut_off_at_that_second(voice: Voice) -> None:
    """1.10 KZT pay four seconds of 0.25 KZT."""
    voice.api.add_subscriber("77780000001", balance="1.10")
    caller, called = voice.pair(RU, "77780000001")
    connect(caller, called)
    voice.api.advance(3)
    caller.is_quiet()
    voice.api.advance(1)
    called.prompt("voice.money_over")
    assert called.ended() == ("no_money", 4, "1.00")
    assert caller.ended() == ("no_money", 4, "0.00")
    assert voice.api.balance("77780000001") == Decimal("0.10")


def test_who_cannot_pay_for_a_second_is_not_rung(voice: Voice) -> None:
    voice.api.add_subscriber("77780000002", balance="0.24")
    caller, called = voice.pair(RU, "77780000002")
    caller.dial("00077780000002")
    caller.prompt("collect.cannot_pay")
    assert caller.ended()[0] == "no_money"
    called.is_quiet()


def test_a_caller_in_debt_may_call(voice: Voice) -> None:
    voice.api.patch(RU, status="debt")
    caller, called = voice.pair(RU, EN)
    connect(caller, called)


@pytest.mark.parametrize("change", [{"status": "blocked_outgoing"}, {"status": "blocked"}, {"roaming": True}])
@pytest.mark.parametrize("who", [RU, EN])
def test_blocked_and_roaming_parties_are_refused(voice: Voice, change: dict[str, object], who: str) -> None:
    voice.api.patch(who, **change)
    caller, called = voice.pair(RU, EN)
    caller.dial(f"000{EN}")
    said = caller.prompt("collect.called_away" if who == EN else _denied(change))
    assert said
    assert caller.ended() == ("not_allowed", 0, "0.00")
    called.is_quiet()


def _denied(change: dict[str, object]) -> str:
    return "access.roaming" if "roaming" in change else f"access.{change['status']}"


def test_an_off_net_number_gets_a_missed_call_notification(voice: Voice) -> None:
    caller = voice.phone(RU)
    caller.dial(f"000{OFF_NET}")
    caller.prompt("collect.off_net")
    assert caller.ended() == ("no_route", 0, "0.00")
    told = voice.api.message(to=OFF_NET)
    assert (told["from"], told["state"]) == ("6010", "DELIVERED")


def test_ten_refusals_within_an_hour_suspend_the_caller_for_an_hour(voice: Voice, phone: MakePhone) -> None:
    handset = phone(RU)
    caller, called = voice.pair(RU, EN)
    for _ in range(10):
        ring(caller, called)
        called.hang_up()
        called.ended()
        caller.prompt("collect.refused")
        caller.ended()
    assert "10:30" in handset.incoming().text
    caller.dial(f"000{KK}")
    assert "10:30" in caller.prompt("collect.suspended")
    assert caller.ended()[0] == "not_allowed"
    voice.api.advance(3600)
    ring(caller, called)


def test_the_lists_decide_who_gets_through(voice: Voice, phone: MakePhone) -> None:
    handset = phone(EN)
    caller, called = voice.pair(RU, EN)
    handset.sms("6010", f"11 {RU}")
    caller.dial(f"000{EN}")
    caller.prompt("collect.not_wanted")
    caller.ended()
    handset.sms("6010", "2")
    caller.dial(f"000{EN}")
    caller.prompt("collect.not_wanted")
    caller.ended()
    handset.sms("6010", f"21 {RU}")
    ring(caller, called)


def test_a_call_across_midnight_costs_what_it_lasts(voice: Voice) -> None:
    voice.api.virtual_clock("2031-05-31T23:59:00+05:00")
    caller, called = voice.pair(RU, EN)
    connect(caller, called)
    voice.api.advance(120)
    called.hang_up()
    assert called.ended() == ("hangup", 120, "30.00")


def test_a_postpaid_party_pays_up_to_the_limit(voice: Voice) -> None:
    caller, called = voice.pair(RU, POSTPAID)
    connect(caller, called)
    voice.api.advance(30)
    called.hang_up()
    assert called.ended() == ("hangup", 30, "7.50")
