"""Voice calls at bad moments: nobody pays for what they did not get, nobody waits for ever."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.e2e.conftest import MakePhone, StartGateway
from tests.e2e.voice import MORNING, Voice, VoicePhone, announce, connect, ring, voice_of

EN, RU, KK = "77781234567", "77011234567", "77021234567"
MAIN = Decimal(500)
#: So long the network waits for a handset that was lost.
RECONNECT_S = 10


# -- numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "said", "reason"),
    [
        ("000", "collect.no_number", "no_route"),
        ("000112", "collect.emergency", "no_route"),
        ("0009393", "collect.bad_number", "no_route"),
        ("0007701", "collect.bad_number", "no_route"),
        (f"000{RU}", "collect.self", "not_allowed"),
        ("00077789999999", "collect.no_subscriber", "no_route"),
        ("4444", "voice.no_route", "no_route"),
    ],
)
def test_numbers_that_lead_nowhere_are_told_so(voice: Voice, number: str, said: str, reason: str) -> None:
    caller = voice.phone(RU)
    caller.dial(number)
    caller.prompt(said)
    assert caller.ended() == (reason, 0, "0.00")


@pytest.mark.parametrize("number", ["", "*100#", "Aliya", "0" * 40])
def test_what_is_no_number_begins_no_call(voice: Voice, number: str) -> None:
    caller = voice.phone(RU)
    caller.dial(number)
    assert caller.refused() == "bad_number"
    assert voice.calls() == []


# -- frames ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("no json", "bad_json"),
        ("[]", "bad_json"),
        ("{}", "bad_message"),
        ('{"type": "sing"}', "bad_message"),
        ('{"type": "dial"}', "bad_message"),
        ('{"type": "dtmf", "call": "c", "digits": "ABC"}', "bad_message"),
        ('{"type": "answer", "call": "c"}', "unknown_call"),
        ('{"type": "hangup", "call": "c"}', "unknown_call"),
    ],
)
def test_a_wrong_frame_is_an_error_and_the_channel_stays(voice: Voice, frame: str, code: str) -> None:
    caller = voice.phone(RU)
    caller.line.send(frame)
    assert caller.refused() == code
    caller.dial("9393")
    assert caller.connected() == "9393"


def test_the_later_channel_of_a_number_takes_the_place_of_the_earlier(voice: Voice) -> None:
    earlier = voice.phone(EN)
    later = voice.phone(EN)
    assert earlier.refused() == "replaced"
    caller = voice.phone(RU)
    ring(caller, later)


# -- keys ------------------------------------------------------------------------------------------


def test_keys_that_nobody_asked_for_change_nothing_and_are_not_kept(voice: Voice) -> None:
    caller, called = voice.pair(RU, EN)
    connect(caller, called)
    for handset in (caller, called):
        handset.press("2580#*")
        handset.is_quiet()
    called.hang_up()
    caller.ended()
    pressed = [turn["text"] for turn in voice.record(caller.call)["turns"] if turn["kind"] == "keys"]
    assert pressed == ["1", "***", "***"]


def test_1_after_the_caller_has_hung_up_connects_nobody(voice: Voice) -> None:
    caller, called = voice.pair(RU, EN)
    announce(caller, called)
    caller.hang_up()
    assert caller.ended() == ("cancelled", 0, "0.00")
    assert called.ended()[1:] == (0, "0.00")
    called.press("1")
    assert called.refused() == "unknown_call"
    assert voice.api.balance(EN) == MAIN


def test_both_press_keys_at_once(voice: Voice) -> None:
    """The caller's mean nothing; the called party's count."""
    caller, called = voice.pair(RU, EN)
    announce(caller, called)
    caller.press("2")
    called.press("1")
    assert (caller.connected(), called.connected()) == (EN, RU)


def test_both_hang_up_at_once_and_it_is_charged_once(voice: Voice) -> None:
    caller, called = voice.pair(RU, EN)
    connect(caller, called)
    voice.api.advance(4)
    caller.hang_up()
    called.hang_up()
    ends = {caller.ended()[:2], called.ended()[:2]}
    assert ends == {("hangup", 4)}
    assert voice.api.balance(EN) == MAIN - 1


# -- two calls at once -----------------------------------------------------------------------------


def test_of_two_callers_at_once_one_gets_through(voice: Voice) -> None:
    called = voice.phone(EN)
    callers = [voice.phone(RU), voice.phone(KK)]
    for each in callers:
        each.dial(f"000{EN}")
        each.prompt("collect.say_name")
    for each in callers:
        each.say("Me")
    first = called.incoming()
    callers.sort(key=lambda each: each.msisdn != first)
    assert callers[0].ringing() == EN
    callers[1].prompt("collect.busy")
    assert callers[1].ended()[0] == "busy"
    called.is_quiet()


def test_a_called_party_who_calls_back_meanwhile_is_in_a_call(voice: Voice) -> None:
    caller, called = voice.pair(RU, EN)
    ring(caller, called)
    called.dial(f"000{RU}")
    assert called.refused() == "in_a_call"
    called.hang_up()
    called.ended()
    caller.prompt("collect.refused")
    caller.ended()
    ring(called, caller)


def test_a_second_dial_in_a_call_is_refused_and_the_first_goes_on(voice: Voice) -> None:
    caller, called = voice.pair(RU, EN)
    connect(caller, called)
    caller.dial("9393")
    assert caller.refused() == "in_a_call"
    voice.api.advance(4)
    called.hang_up()
    assert called.ended() == ("hangup", 4, "1.00")


# -- money during the call -------------------------------------------------------------------------


def _pay(voice: Voice, msisdn: str, amount: str) -> None:
    body = {
        "payment_id": "p1", "channel": "kaspi", "msisdn": msisdn, "brand": "activ", "amount": amount,
        "source": "card",
    }  # fmt: skip
    voice.api.post("/payments", body)


def test_money_that_is_taken_during_the_call_shortens_it_but_never_what_is_held(voice: Voice) -> None:
    """20 KZT are left when the first minute is over: 80 s in all."""
    msisdn = "77780000003"
    voice.api.add_subscriber(msisdn, balance="20.00")
    _pay(voice, msisdn, "400.00")
    caller, called = voice.pair(RU, msisdn)
    connect(caller, called)
    voice.api.advance(30)
    voice.api.post("/payments/p1/reverse", {"reason": "mistake"})
    assert voice.api.balance(msisdn) == Decimal(20)
    voice.api.advance(49)
    called.is_quiet()
    voice.api.advance(1)
    called.prompt("voice.money_over")
    assert called.ended() == ("no_money", 80, "20.00")
    assert caller.ended() == ("no_money", 80, "0.00")
    assert voice.api.balance(msisdn) == 0


def test_money_that_arrives_during_the_call_extends_it(voice: Voice) -> None:
    msisdn = "77780000004"
    voice.api.add_subscriber(msisdn, balance="1.00")
    caller, called = voice.pair(RU, msisdn)
    connect(caller, called)
    voice.api.advance(3)
    _pay(voice, msisdn, "400.00")
    voice.api.advance(57)
    called.hang_up()
    assert called.ended() == ("hangup", 60, "15.00")


def test_a_clock_that_jumps_past_the_end_of_the_money_cuts_off_at_its_second(voice: Voice) -> None:
    """500 KZT pay 2,000 s, whatever the step."""
    caller, called = voice.pair(RU, EN)
    connect(caller, called)
    voice.api.advance(3600)
    called.prompt("voice.money_over")
    assert called.ended() == ("no_money", 2000, "500.00")
    assert caller.ended() == ("no_money", 2000, "0.00")
    assert voice.record(caller.call)["ended"].startswith("2031-05-17T10:03:20")
    assert (voice.api.balance(EN), voice.held(EN)) == (Decimal(0), "0.00")


def test_a_caller_who_hangs_up_while_it_rings_leaves_nobody_ringing(voice: Voice) -> None:
    caller, called = voice.pair(RU, EN)
    ring(caller, called)
    caller.hang_up()
    assert caller.ended() == ("cancelled", 0, "0.00")
    assert called.ended() == ("cancelled", 0, "0.00")
    called.answer()
    assert called.refused() == "unknown_call"


# -- the channel is lost ---------------------------------------------------------------------------


def _back(handset: VoicePhone) -> None:
    handset.lose()
    handset.line.open()


def test_a_handset_that_comes_back_in_time_is_told_where_it_is(voice: Voice) -> None:
    """In every state, on both sides; the call goes on as if nothing had been."""
    caller, called = voice.pair(RU, EN)
    caller.dial(f"000{EN}")
    caller.prompt("collect.say_name")
    _back(caller)
    caller.prompt("collect.say_name")
    caller.say("Aliya")
    called.incoming()
    caller.ringing()
    _back(called)
    assert called.incoming() == RU
    _back(caller)
    assert caller.ringing() == EN
    called.answer()
    called.prompt("collect.announce")
    _back(called)
    called.prompt("collect.announce")
    called.press("1")
    assert (caller.connected(), called.connected()) == (EN, RU)
    _back(caller)
    assert caller.connected() == EN
    _back(called)
    assert called.connected() == RU
    voice.api.advance(60)
    caller.hang_up()
    assert called.ended() == ("hangup", 60, "15.00")


@pytest.mark.parametrize("loses", ["caller", "called"])
def test_a_talk_ends_at_the_moment_of_the_loss_and_nobody_pays_for_the_silence(
    voice: Voice, loses: str
) -> None:
    caller, called = voice.pair(RU, EN)
    connect(caller, called)
    voice.api.advance(20)
    lost, other = (caller, called) if loses == "caller" else (called, caller)
    lost.lose()
    voice.lost(lost)
    voice.api.advance(RECONNECT_S - 1)
    other.is_quiet()
    voice.api.advance(1)
    paid = {"caller": "0.00", "called": "5.00"}
    assert other.ended() == ("lost", 20, paid["called" if loses == "caller" else "caller"])
    assert voice.api.balance(EN) == MAIN - 5
    lost.line.open()
    assert lost.ended() == ("lost", 20, paid[loses])


def test_a_caller_who_is_lost_while_it_rings_leaves_nobody_ringing(voice: Voice) -> None:
    caller, called = voice.pair(RU, EN)
    ring(caller, called)
    caller.lose()
    voice.lost(caller)
    voice.api.advance(RECONNECT_S)
    assert called.ended()[1:] == (0, "0.00")
    assert voice.calls(msisdn=RU)[0]["reason"] == "lost"


def test_a_called_party_who_is_lost_while_it_rings_is_told_of(voice: Voice) -> None:
    caller, called = voice.pair(RU, EN)
    ring(caller, called)
    called.lose()
    voice.lost(called)
    voice.api.advance(RECONNECT_S)
    caller.any_prompt()
    assert caller.ended()[1:] == (0, "0.00")


# -- the gateway is lost ---------------------------------------------------------------------------


_UP_TO: dict[str, Callable[[VoicePhone, VoicePhone], object]] = {
    "alerting": ring,
    "announced": announce,
    "talking": connect,
}


def _state(voice: Voice, state: str) -> tuple[VoicePhone, VoicePhone]:
    """Two handsets in a call that has come so far."""
    caller, called = voice.pair(RU, EN)
    if state == "prompting":
        caller.dial(f"000{EN}")
        caller.prompt("collect.say_name")
    else:
        _UP_TO[state](caller, called)
    voice.api.advance(4)
    return caller, called


@pytest.mark.parametrize("state", ["prompting", "alerting", "announced", "talking"])
def test_a_crash_in_any_state_ends_the_call_properly(start_gateway: StartGateway, state: str) -> None:
    """Released, charged for what was used, nothing held, and both may call again."""
    gateway = start_gateway()
    gateway.api.virtual_clock(MORNING)
    with voice_of(gateway.api) as voice:
        caller, _ = _state(voice, state)
        gateway.kill()
    gateway.start()
    with voice_of(gateway.api) as voice:
        talked = state == "talking"
        whole = voice.record(caller.call)
        shown = (whole["state"], whole["reason"], whole["duration_s"], whole["charge"])
        assert shown == ("ended", "network", 4 if talked else 0, "1.00" if talked else "0.00")
        assert {leg["state"] for leg in whole["legs"]} == {"released"}
        assert voice.held(EN) == "0.00"
        assert gateway.api.balance(EN) == MAIN - (1 if talked else 0)
        ring(*voice.pair(RU, EN))


@pytest.mark.parametrize("state", ["prompting", "alerting", "announced", "talking"])
def test_a_clean_stop_ends_the_calls_and_tells_the_handsets(start_gateway: StartGateway, state: str) -> None:
    gateway = start_gateway()
    gateway.api.virtual_clock(MORNING)
    with voice_of(gateway.api) as voice:
        caller, called = _state(voice, state)
        gateway.stop()
        talked = 4 if state == "talking" else 0
        assert caller.ended() == ("network", talked, "0.00")
        if state != "prompting":
            assert called.ended() == ("network", talked, "1.00" if talked else "0.00")


# -- lists on 6010 ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("  11     8 (701) 123-45-67  ", "Black List: 77011234567 added."),
        ("11", "Please write the number after the command, like 77011234567."),
        (f"11 {RU} {KK}", "One number at a time, please. Send each in a message of its own."),
        ("11 12345", "This is not a mobile number. Write it like 77011234567."),
        (f"11 {EN}", "This is your own number."),
        (f"12 {RU}", "Black List: 77011234567 is not there."),
    ],
)
def test_list_commands_are_forgiving_and_their_refusals_clear(
    voice: Voice, phone: MakePhone, text: str, answer: str
) -> None:
    handset = phone(EN)
    assert handset.sms("6010", text).text == answer
    assert voice.api.balance(EN) == MAIN
