"""Calling 9393, key by key."""

import pytest

from handlers.base.command import Secret
from handlers.base.outcome import Outcome, Refusal, Text
from handlers.scratch_cards import Redeemed, RedeemVoucher, Refused
from tests.ussd_menus.prompts.toy_flow import ORIGIN, Caller, refused, spoken
from tests.ussd_menus.prompts.transcript import SILENCE, Event, transcript
from ussd_menus.prompts.flows.scratch_cards import FLOW
from ussd_menus.prompts.turn import Issue

CODE = "9876543219876"
ASKED = "<< voucher.enter_code"
TRIED = [ASKED, ">> ***", "(RedeemVoucher code=***)"]
GAVE_UP = ["<< voice.gave_up", "(over: gave_up)"]


def calls(*events: Event) -> list[str]:
    """A call to 9393."""
    return transcript("scratch_cards", *events)


def test_a_code_and_the_star_credit_the_card() -> None:
    assert calls(f"{CODE}*", spoken("voucher.credited")) == [
        *TRIED,
        "<< voucher.credited",
        "<< voice.goodbye",
        "(over: finished)",
    ]


def test_the_code_reaches_the_service_whole_however_it_is_keyed() -> None:
    for frames in ((f"{CODE}*",), (*CODE, "*"), (CODE, "*")):
        caller = Caller(FLOW, {})
        then = caller.keys(*frames).then
        assert isinstance(then, Issue)
        assert then.command == RedeemVoucher(origin=ORIGIN, code=Secret(CODE))


@pytest.mark.parametrize(
    "wrong", [Refused.MALFORMED, Refused.UNKNOWN, Refused.USED, Refused.EXPIRED, Refused.DISABLED]
)
def test_after_a_wrong_code_it_is_asked_for_again(wrong: Refused) -> None:
    assert calls("17*", refused(wrong), f"{CODE}*", spoken("voucher.credited")) == [
        *TRIED,
        f"<< {wrong}",
        *TRIED,
        "<< voucher.credited",
        "<< voice.goodbye",
        "(over: finished)",
    ]


@pytest.mark.parametrize("word", [Refused.LOCKED, "access.blocked", "access.unknown", "system.error"])
def test_who_may_not_is_told_so_and_the_call_is_over(word: str) -> None:
    assert calls(f"{CODE}*", refused(word)) == [*TRIED, f"<< {word}", "(over: not_allowed)"]


def test_the_wrong_code_that_locks_is_the_last_one() -> None:
    text = Text("voucher.locked_now", {"count": 5, "until": "13:00"})
    locked = Outcome(replies=(), refusal=Refusal(Refused.UNKNOWN, text))
    assert calls(f"{CODE}*", locked) == [*TRIED, "(over: not_allowed)"]


def test_silence_is_asked_once_more_and_then_bid_goodbye() -> None:
    assert calls(SILENCE, SILENCE) == [ASKED, ASKED, *GAVE_UP]


def test_a_code_without_the_star_is_no_code() -> None:
    assert calls(CODE, SILENCE, SILENCE) == [ASKED, ">> ***", ASKED, *GAVE_UP]


def test_a_star_alone_is_no_code() -> None:
    assert calls("*", "*") == [ASKED, ">> ***", ASKED, ">> ***", *GAVE_UP]


def test_hash_instead_of_the_star_does_not_end_it() -> None:
    assert calls(f"{CODE}#", "*") == [ASKED, ">> ***", ">> ***", "(RedeemVoucher code=***)"]


def test_a_second_code_pressed_ahead_of_a_refusal_is_not_tried() -> None:
    assert calls(f"17*{CODE}*", refused(Refused.MALFORMED)) == [*TRIED, "<< voucher.malformed", ASKED]


def test_the_code_is_in_no_representation_at_any_key() -> None:
    caller = Caller(FLOW, {})
    for key in (*CODE, "*"):
        turn = caller.keys(key)
        assert CODE[:5] not in repr(turn)
    caller.gets(Outcome(result=Redeemed(serial="1", face_value_tiyn=1, balance_tiyn=1)))
    assert "code" not in caller.script.slots
