"""Stepping through a flow of prompts: what keys, words, silence and a service's answer lead to."""

from dataclasses import replace

import pytest

from handlers.base.command import Secret
from handlers.base.outcome import Outcome, Reply, Text
from storage.call_model import Cause
from tests.ussd_menus.prompts.toy_flow import (
    CALLED,
    CALLER,
    FLOW,
    ORIGIN,
    PIN,
    PLAYED,
    Caller,
    LogIn,
    Pay,
    at_the_menu,
    refused,
    spoken,
)
from ussd_menus.prompts import engine
from ussd_menus.prompts.engine import WORDS_MAX
from ussd_menus.prompts.model import Ring
from ussd_menus.prompts.turn import Issue, Over, Ringing, Stay, Taken, Turn, Wait, WaitFor

DIGITS, KEY, WORDS = (Wait(each) for each in (WaitFor.DIGITS, WaitFor.KEY, WaitFor.WORDS))


def command(turn: Turn) -> object:
    """What the bus is asked for."""
    assert isinstance(turn.then, Issue)
    return turn.then.command


class TestBegin:
    def test_says_all_up_to_the_first_question(self) -> None:
        caller = Caller()
        assert caller.hears == ["toy.hello", "toy.user"]
        assert caller.turn.then == DIGITS

    def test_knows_who_calls(self) -> None:
        assert Caller().script.slots["caller"] == CALLER

    def test_what_is_played_to_who_was_rung_says_who_rings(self) -> None:
        origin = replace(ORIGIN, msisdn=CALLED)
        caller = Caller(PLAYED, {"caller": CALLER, "name": "Aliya"}, origin)
        assert caller.turn.says[0].text == Text("toy.take", {"caller": CALLER, "name": "Aliya"})

    def test_names_the_flow_and_the_step(self) -> None:
        assert Caller().script[:2] == ("toy", "user")


class TestDigits:
    def test_come_one_by_one_or_at_once(self) -> None:
        one_by_one, at_once = Caller(), Caller()
        assert one_by_one.keys("1", "2", "#").script == at_once.keys("12#").script

    def test_fill_the_slot_at_the_end_key(self) -> None:
        caller = Caller()
        assert caller.keys("12").then == DIGITS
        assert caller.hears == []
        assert caller.keys("#").script.slots["user"] == "12"
        assert caller.hears == ["toy.pin"]

    def test_the_other_end_key_is_a_digit(self) -> None:
        caller = Caller()
        assert caller.keys("1*2#").script.slots["user"] == "1*2"

    def test_secret_ones_fill_it_with_a_secret(self) -> None:
        caller = Caller()
        assert command(caller.keys("12#", f"{PIN}#")) == LogIn(origin=ORIGIN, user="12", pin=Secret(PIN))

    @pytest.mark.parametrize("typed", ["#", "123456789#", "1" * 500 + "#"], ids=len)
    def test_none_or_too_many_are_asked_for_again_once(self, typed: str) -> None:
        caller = Caller()
        assert caller.keys(typed).then == DIGITS
        assert caller.hears == ["toy.user"]
        assert caller.keys(typed).then == Over(Cause.GAVE_UP)
        assert caller.hears == ["toy.bye"]

    def test_as_many_as_are_allowed_are_taken(self) -> None:
        caller = Caller()
        assert caller.keys("12345678#").script.slots["user"] == "12345678"

    def test_too_many_one_by_one_are_no_answer_and_take_no_memory(self) -> None:
        caller = Caller()
        caller.keys(*"1" * 500)
        assert len(caller.script.typed) < 10
        caller.keys("#")
        assert caller.hears == ["toy.user"]
        assert caller.script.typed == ""

    def test_too_many_do_not_keep_the_line_for_good(self) -> None:
        caller = Caller()
        assert caller.keys(*"1" * 9).then == DIGITS
        assert caller.keys("1").then == Stay()

    def test_without_an_end_are_forgotten_when_they_are_asked_for_again(self) -> None:
        caller = Caller()
        caller.keys("99")
        assert caller.is_silent().then == DIGITS
        assert caller.keys("12#").script.slots["user"] == "12"

    def test_an_answer_gives_the_next_question_its_two_times(self) -> None:
        caller = Caller()
        caller.is_silent()
        caller.keys("12#")
        assert caller.is_silent().then == DIGITS
        assert caller.is_silent().then == Over(Cause.GAVE_UP)


class TestTypeAhead:
    def test_answers_the_next_question_without_asking_it(self) -> None:
        caller = Caller()
        assert isinstance(command(caller.keys(f"12#{PIN}#")), LogIn)
        assert caller.hears == []

    def test_may_be_half_an_answer(self) -> None:
        caller = Caller()
        assert caller.keys("12#47").then == DIGITS
        assert caller.keys("11#").script.slots["pin"] == Secret(PIN)

    def test_waits_for_the_service_but_never_chooses(self) -> None:
        caller = Caller()
        caller.keys(f"12#{PIN}#1")
        assert caller.gets(spoken("toy.let_in")).then == KEY
        assert caller.hears == ["toy.let_in", "toy.menu"]
        assert caller.script.ahead == ""

    def test_ends_with_a_choice_since_it_may_be_the_answer_to_something_else(self) -> None:
        """A password at the menu is no amount."""
        caller = at_the_menu()
        assert caller.keys("1500*1").then == DIGITS
        assert (caller.script.typed, caller.script.ahead) == ("", "")
        assert caller.keys("500*1").then == KEY
        assert caller.turn.says[-1].text == Text("toy.sure", {"amount": "500"})

    def test_is_dropped_by_a_refusal(self) -> None:
        caller = Caller()
        caller.keys(f"12#{PIN}#98")
        assert caller.gets(refused("toy.wrong")).then == DIGITS
        assert caller.hears == ["toy.wrong", "toy.user"]
        assert (caller.script.ahead, caller.script.typed) == ("", "")

    def test_is_dropped_when_something_is_asked_again(self) -> None:
        caller = Caller()
        caller.keys("#99#")
        assert (caller.script.step, caller.script.asked, caller.script.ahead) == ("user", 2, "")

    def test_never_skips_the_name(self) -> None:
        assert at_the_menu().keys("2#").then == WORDS

    def test_is_bounded(self) -> None:
        caller = Caller()
        caller.keys(f"12#{PIN}#" + "1" * 10_000)
        assert len(caller.script.ahead) <= engine.AHEAD_MAX


class TestChoice:
    @pytest.mark.parametrize("key", ["1", "2", "*"])
    def test_leads_where_the_key_says(self, key: str) -> None:
        assert at_the_menu().keys(key).script.step == {"1": "amount", "2": "name", "*": "friend"}[key]

    def test_the_first_of_two_keys_at_once_counts(self) -> None:
        origin = replace(ORIGIN, msisdn=CALLED)
        slots = {"caller": CALLER, "name": ""}
        assert Caller(PLAYED, slots, origin).keys("12").then == Taken()
        assert Caller(PLAYED, slots, origin).keys("21").then == Over(Cause.REFUSED)

    def test_a_wrong_key_is_asked_again_once(self) -> None:
        caller = at_the_menu()
        assert caller.keys("9").then == KEY
        assert caller.hears == ["toy.menu"]
        assert caller.keys("9").then == Over(Cause.GAVE_UP)

    def test_a_wrong_key_takes_the_ones_after_it_along(self) -> None:
        assert at_the_menu().keys("91").then == KEY

    def test_silence_is_asked_again_once(self) -> None:
        caller = at_the_menu()
        assert caller.is_silent().then == KEY
        assert caller.is_silent().then == Over(Cause.GAVE_UP)


class TestWords:
    def test_fill_the_slot(self) -> None:
        caller = at_the_menu()
        caller.keys("2")
        assert caller.says("Aliya").script.slots["name"] == "Aliya"

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("  Aliya \n Omarova\t", "Aliya Omarova"),
            ("Әлия\u200b\x00", "Әлия"),
            ("x" * 100_000, "x" * WORDS_MAX),
            (" \n ", ""),
        ],
        ids=["spaces", "invisible", "long", "nothing"],
    )
    def test_are_kept_as_they_can_be_shown(self, text: str, kept: str) -> None:
        caller = at_the_menu()
        caller.keys("2")
        assert caller.says(text).script.slots["name"] == kept

    def test_are_optional(self) -> None:
        silent, hash_key = at_the_menu(), at_the_menu()
        silent.keys("2")
        assert silent.is_silent().then == Ringing(_ring("ring"), CALLED)
        assert hash_key.keys("2", "#").script.slots["name"] == ""

    def test_other_keys_do_not_end_them(self) -> None:
        caller = at_the_menu()
        caller.keys("2")
        before = caller.script
        assert caller.keys("17").then == Stay()
        assert caller.script == before


class TestService:
    def test_is_heard_when_it_speaks(self) -> None:
        caller = Caller()
        caller.keys("12#", f"{PIN}#")
        caller.gets(spoken("toy.let_in"))
        assert caller.hears == ["toy.let_in", "toy.menu"]

    def test_is_not_heard_when_it_does_not(self) -> None:
        caller = at_the_menu()
        assert command(caller.keys("1", "500*", "1")) == Pay(origin=ORIGIN, amount="500")
        caller.gets(spoken("toy.paid"))
        assert caller.hears == ["toy.menu"]

    def test_is_not_heard_in_messages_and_by_others(self) -> None:
        caller = Caller()
        caller.keys("12#", f"{PIN}#")
        by_sms = Reply(text=Text("toy.sms"), by_sms=True)
        to_another = Reply(text=Text("toy.other"), to=CALLED)
        to_the_caller = Reply(text=Text("toy.own"), to=CALLER)
        caller.gets(Outcome(replies=(by_sms, to_another, to_the_caller)))
        assert caller.hears == ["toy.own", "toy.menu"]

    def test_leads_on_by_its_word(self) -> None:
        caller = Caller()
        caller.keys("12#", f"{PIN}#")
        assert caller.gets(refused("toy.locked")).then == Over(Cause.NOT_ALLOWED)

    def test_fills_slots_that_a_fork_reads(self) -> None:
        caller = Caller()
        caller.keys("12#", f"{PIN}#")
        caller.gets(Outcome(result="new"))
        assert caller.hears == ["toy.welcome", "toy.menu"]
        assert caller.turn.says[0].text.params == {"user": "12"}

    def test_secrets_are_forgotten_once_it_has_run(self) -> None:
        assert "pin" not in at_the_menu().script.slots


class TestRing:
    def test_says_who_is_to_be_rung(self) -> None:
        caller = at_the_menu()
        assert caller.keys("*").then == Ringing(_ring("friend"), CALLED)

    def test_goes_on_by_the_cause_when_nobody_takes_it(self) -> None:
        caller = at_the_menu()
        caller.keys("*")
        assert caller.fails(Cause.BUSY).then == KEY
        assert caller.hears == ["toy.busy", "toy.menu"]

    def test_has_a_way_for_all_other_causes(self) -> None:
        caller = at_the_menu()
        caller.keys("*")
        assert caller.fails(Cause.SWITCHED_OFF).then == Over(Cause.GAVE_UP)


class TestNobodyAsked:
    """What comes at the wrong moment changes nothing, so that the timer and the ringing run on."""

    def stays(self, caller: Caller, *, but: str = "") -> None:
        before = caller.script
        for happens in ("keys", "says", "is_silent", "gets", "fails"):
            if happens != but:
                given = {"keys": ("12#",), "says": ("x",), "gets": (Outcome(),), "fails": (Cause.BUSY,)}
                turn = getattr(caller, happens)(*given.get(happens, ()))
                assert (turn.script, turn.says, turn.then) == (before, (), Stay())

    def test_while_the_service_works(self) -> None:
        caller = Caller()
        caller.keys("12#", f"{PIN}#")
        self.stays(caller, but="gets")

    def test_while_it_rings(self) -> None:
        caller = at_the_menu()
        caller.keys("*")
        self.stays(caller, but="fails")

    def test_after_the_end(self) -> None:
        caller = Caller()
        caller.is_silent(2)
        self.stays(caller)

    def test_words_are_no_answer_to_digits_or_a_choice(self) -> None:
        assert Caller().says("Aliya").then == Stay()
        assert at_the_menu().says("1").then == Stay()

    def test_no_keys_at_all_are_not_an_answer(self) -> None:
        assert Caller().keys("").then == Stay()


class TestKept:
    """What of the pressed keys may be written down."""

    def heard(self, caller: Caller, *pressed: str) -> str:
        return caller.keys(*pressed).heard.keys

    def test_digits_and_choices(self) -> None:
        assert self.heard(Caller(), "12#") == "12#"
        assert self.heard(at_the_menu(), "1") == "1"
        assert self.heard(at_the_menu(), "1", "50") == "50"

    def test_nothing_of_a_secret_not_even_its_length(self) -> None:
        for pressed in ("4", "4711", "4711#"):
            assert self.heard(Caller(), "12#", pressed) == "***"

    def test_nothing_of_a_secret_typed_ahead(self) -> None:
        turn = Caller().keys(f"12#{PIN}#")
        assert turn.heard.keys == "12#***"
        assert turn.heard.is_secret

    def test_nothing_of_what_nobody_asked_for(self) -> None:
        assert self.heard(at_the_menu(), "7") == "***"
        assert self.heard(at_the_menu(), "*", "123") == "***"
        assert self.heard(at_the_menu(), "2", "123") == "***"
        assert self.heard(Caller(), "123456789#") == "***"
        assert self.heard(at_the_menu(), "1500*1") == "1***"

    def test_nothing_of_what_waits_for_the_service(self) -> None:
        assert self.heard(Caller(), "12#", f"{PIN}#1") == "***"

    def test_the_key_that_leaves_the_name_out(self) -> None:
        assert self.heard(at_the_menu(), "2", "#") == "#"

    def test_nothing_a_second_time(self) -> None:
        caller = Caller()
        caller.keys(f"12#{PIN}#1")
        assert caller.gets(Outcome()).heard.keys == ""


class TestAgain:
    def test_is_the_question_that_is_open(self) -> None:
        caller = Caller()
        assert engine.again(FLOW, caller.script) == Text("toy.user")
        caller.keys("1")
        assert engine.again(FLOW, caller.script) == Text("toy.user")

    def test_shows_what_the_question_shows(self) -> None:
        caller = at_the_menu()
        caller.keys("1", "500*")
        assert engine.again(FLOW, caller.script) == Text("toy.sure", {"amount": "500"})

    def test_is_none_where_nothing_is_asked(self) -> None:
        caller = at_the_menu()
        caller.keys("*")
        assert engine.again(FLOW, caller.script) is None


class TestSecrets:
    @pytest.mark.parametrize("pressed", [(PIN,), (f"{PIN}#",), (f"{PIN}#{PIN}",)])
    def test_are_in_no_representation(self, pressed: tuple[str, ...]) -> None:
        caller = Caller()
        turn = caller.keys("12#", *pressed)
        for shown in (repr(turn), str(turn), repr(turn.script), f"{turn.script}", repr([turn.script])):
            assert PIN not in shown
            assert f"Script(toy: {turn.script.step})" in shown


def _ring(name: str) -> Ring:
    step = FLOW.steps[name]
    assert isinstance(step, Ring)
    return step
