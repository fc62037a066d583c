"""Calling at another's expense: what the caller goes through, and what the called party hears."""

import pytest

from handlers.base.collect_rules import Refused
from handlers.base.outcome import Outcome
from handlers.collect_call import CollectAsked
from storage.call_model import Cause
from tests.ussd_menus.prompts.toy_flow import CALLED, CALLER, refused
from tests.ussd_menus.prompts.transcript import SILENCE, Event, Words, transcript
from ussd_menus.prompts.flows.collect_call import ANNOUNCEMENT, FLOW

TYPED = "87021234567"
ASKED = f"(AskCollect called={TYPED})"
NAME = "<< collect.say_name"
RINGS = f"(rings {CALLED}: collect_call, plays {ANNOUNCEMENT})"
RINGS_FRIEND = f"(rings {CALLED}: collect_call_friends)"
COUNTS = f"(CountRefused called={CALLED})"
MAY = Outcome(result=CollectAsked(called=CALLED, is_friend=False))
FRIEND = Outcome(result=CollectAsked(called=CALLED, is_friend=True))
COUNTED = Outcome()


def calls(*events: Event) -> list[str]:
    """What the caller goes through after the number."""
    lines = transcript("collect_call", *events, slots={"number": TYPED})
    assert lines[0] == ASKED
    return lines[1:]


class TestCaller:
    def test_is_not_answered_before_the_called_party_is(self) -> None:
        assert not FLOW.answers

    def test_says_a_name_and_the_other_one_is_rung(self) -> None:
        assert calls(MAY, Words("Aliya")) == [NAME, RINGS]

    def test_may_leave_the_name_out(self) -> None:
        assert calls(MAY, SILENCE) == [NAME, RINGS]
        assert calls(MAY, "#") == [NAME, ">> #", RINGS]

    def test_is_put_through_to_a_friend_without_name_and_announcement(self) -> None:
        assert calls(FRIEND) == [RINGS_FRIEND]

    @pytest.mark.parametrize(
        ("word", "cause"),
        [
            (Refused.SUSPENDED, Cause.NOT_ALLOWED),
            (Refused.BAD_NUMBER, Cause.NO_ROUTE),
            (Refused.SELF, Cause.NOT_ALLOWED),
            (Refused.OFF_NET, Cause.NO_ROUTE),
            (Refused.NO_SUBSCRIBER, Cause.NO_ROUTE),
            (Refused.CALLED_AWAY, Cause.NOT_ALLOWED),
            (Refused.NOT_WANTED, Cause.NOT_ALLOWED),
            (Refused.CANNOT_PAY, Cause.NO_MONEY),
            ("access.roaming", Cause.NOT_ALLOWED),
        ],
    )
    def test_hears_why_not_and_the_call_is_over(self, word: str, cause: Cause) -> None:
        assert calls(refused(word)) == [f"<< {word}", f"(over: {cause})"]

    @pytest.mark.parametrize("asked", [MAY, FRIEND])
    @pytest.mark.parametrize(
        ("cause", "text", "ended"),
        [
            (Cause.BUSY, "collect.busy", Cause.BUSY),
            (Cause.NO_ANSWER, "collect.no_answer", Cause.NO_ANSWER),
            (Cause.SWITCHED_OFF, "collect.switched_off", Cause.SWITCHED_OFF),
            (Cause.NO_MONEY, "collect.no_money", Cause.NO_MONEY),
            (Cause.GAVE_UP, "collect.no_answer", Cause.NO_ANSWER),
            (Cause.LOST, "collect.switched_off", Cause.SWITCHED_OFF),
            (Cause.NETWORK, "voice.failed", Cause.NETWORK),
        ],
    )
    def test_hears_that_nobody_took_it(self, asked: Outcome, cause: Cause, text: str, ended: Cause) -> None:
        name = () if asked is FRIEND else (Words(""),)
        assert calls(asked, *name, cause)[-2:] == [f"<< {text}", f"(over: {ended})"]

    @pytest.mark.parametrize(
        ("cause", "ended"),
        [
            (Cause.REFUSED, Cause.REFUSED),
            (Cause.REJECTED, Cause.REJECTED),
            (Cause.HANGUP, Cause.REFUSED),
        ],
    )
    def test_is_counted_when_the_other_one_did_not_want_it(self, cause: Cause, ended: Cause) -> None:
        refusal = ["<< collect.refused", f"(over: {ended})"]
        assert calls(MAY, Words("Aliya"), cause, COUNTED) == [NAME, RINGS, COUNTS, *refusal]
        assert calls(FRIEND, cause, refused("access.unknown")) == [RINGS_FRIEND, COUNTS, *refusal]

    def test_without_a_number_is_told_so(self) -> None:
        lines = transcript("collect_call", refused(Refused.BAD_NUMBER), slots={"number": ""})
        assert lines == ["(AskCollect)", "<< collect.bad_number", "(over: no_route)"]


class TestCalled:
    NAMED = f"<< collect.announce caller={CALLER} name=Aliya"

    def hears(self, *events: Event, name: str = "Aliya") -> list[str]:
        return transcript(ANNOUNCEMENT, *events, slots={"caller": CALLER, "name": name, "called": CALLED})

    def test_hears_who_calls(self) -> None:
        assert self.hears() == [self.NAMED]
        assert self.hears(name="") == [f"<< collect.announce_unnamed caller={CALLER}"]

    def test_takes_it_with_1(self) -> None:
        assert self.hears("1") == [self.NAMED, ">> 1", "(taken)"]

    def test_refuses_it_with_2(self) -> None:
        assert self.hears("2") == [self.NAMED, ">> 2", "(over: refused)"]

    def test_presses_both_keys_and_the_first_one_counts(self) -> None:
        assert self.hears("12") == [self.NAMED, ">> 1***", "(taken)"]
        assert self.hears("21") == [self.NAMED, ">> 2***", "(over: refused)"]

    def test_is_asked_again_once(self) -> None:
        assert self.hears("5", "1")[1:] == [">> ***", self.NAMED, ">> 1", "(taken)"]
        assert self.hears(SILENCE, SILENCE)[1:] == [self.NAMED, "<< voice.gave_up", "(over: gave_up)"]

    def test_presses_1_too_late(self) -> None:
        assert self.hears("2", "1")[-2:] == [">> ***", "(nothing)"]
