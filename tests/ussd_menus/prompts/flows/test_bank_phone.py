"""Calling 7000, key by key."""

import pytest

from handlers.bank_phone import AmountChecked, ChangePassword, Identified, Identify, PayByPhone, Refused
from handlers.base.command import Secret
from handlers.base.outcome import Outcome
from rating.money import tenge
from tests.ussd_menus.prompts.toy_flow import CALLER, ORIGIN, Caller, refused, spoken
from tests.ussd_menus.prompts.transcript import SILENCE, Event, transcript
from ussd_menus.prompts.flows.bank_phone import FLOW
from ussd_menus.prompts.turn import Issue

IDENTIFIER, PASSWORD = "12345678", "1234567"
KNOWN = Outcome(result=Identified(identifier=IDENTIFIER, is_initial=False))
NEW = Outcome(result=Identified(identifier=IDENTIFIER, is_initial=True))
CHECKED = Outcome(result=AmountChecked(amount=tenge(500), number=CALLER, card="1234"))
ENTRY = [
    "<< phone.ask_identifier",
    ">> ***",
    "<< phone.ask_password",
    ">> ***",
    "(Identify identifier=*** password=***)",
]
MENU = "<< phone.menu"
AMOUNT = "<< phone.ask_amount"
CONFIRM = f"<< phone.confirm amount={tenge(500)} number={CALLER} card=1234"
CHECK = f"(CheckAmount identifier={IDENTIFIER} amount=500)"
OVER = ["<< phone.goodbye", "(over: gave_up)"]
OTHER_AMOUNT = [Refused.BAD_AMOUNT, Refused.BELOW_MINIMUM, Refused.ABOVE_LIMIT, Refused.NOT_ENOUGH]
OTHER_PASSWORD = [
    Refused.PASSWORD_DIFFERS,
    Refused.PASSWORD_FORM,
    Refused.PASSWORD_INITIAL,
    Refused.PASSWORD_SAME,
]


def enters(*events: Event, identified: Outcome = KNOWN) -> list[str]:
    """A call to 7000 of a customer, from the identification on."""
    lines = transcript("bank_phone", f"{IDENTIFIER}#", f"{PASSWORD}#", identified, *events)
    assert lines[: len(ENTRY)] == ENTRY
    return lines[len(ENTRY) :]


class TestEntry:
    def test_leads_to_the_menu(self) -> None:
        assert enters() == [MENU]

    def test_gives_the_service_what_was_keyed(self) -> None:
        caller = Caller(FLOW, {})
        then = caller.keys(f"{IDENTIFIER}#{PASSWORD}#").then
        assert isinstance(then, Issue)
        expected = Identify(origin=ORIGIN, identifier=Secret(IDENTIFIER), password=Secret(PASSWORD))
        assert then.command == expected

    def test_recommends_another_password_while_it_is_the_initial_one(self) -> None:
        assert enters(identified=NEW) == ["<< phone.change_advised", MENU]

    def test_begins_again_when_it_was_wrong(self) -> None:
        lines = enters(f"{IDENTIFIER}#", f"{PASSWORD}#", identified=refused(Refused.WRONG))
        assert lines == ["<< phone.wrong", *ENTRY]

    @pytest.mark.parametrize("word", [Refused.LOCKED, "access.blocked", "access.unknown"])
    def test_is_over_for_whoever_may_not(self, word: str) -> None:
        assert enters(identified=refused(word)) == [f"<< {word}", "(over: not_allowed)"]

    def test_gives_up_after_silence(self) -> None:
        asked = "<< phone.ask_identifier"
        assert transcript("bank_phone", SILENCE, SILENCE) == [asked, asked, *OVER]
        asked = "<< phone.ask_password"
        lines = transcript("bank_phone", f"{IDENTIFIER}#", SILENCE, SILENCE)
        assert lines == ["<< phone.ask_identifier", ">> ***", asked, asked, *OVER]

    def test_forgets_identifier_and_password_as_they_were_typed(self) -> None:
        caller = Caller(FLOW, {})
        caller.keys(f"{IDENTIFIER}#{PASSWORD}#")
        caller.gets(KNOWN)
        assert not [value for value in caller.script.slots.values() if isinstance(value, Secret)]


class TestMenu:
    def test_a_wrong_key_and_silence_are_asked_again_once(self) -> None:
        assert enters("9", SILENCE) == [MENU, ">> ***", MENU, *OVER]

    def test_is_back_after_the_balance(self) -> None:
        balance = f"(PhoneBalance identifier={IDENTIFIER})"
        assert enters("2", spoken("phone.balance")) == [MENU, ">> 2", balance, "<< phone.balance", MENU]
        refusal = refused(Refused.DISABLED)
        assert enters("2", refusal) == [MENU, ">> 2", balance, "<< phone.disabled", MENU]


class TestPayment:
    PAID = f"(PayByPhone identifier={IDENTIFIER} amount=500)"

    def test_is_confirmed_with_1(self) -> None:
        assert enters("1", "500#", CHECKED, "1", spoken("phone.working")) == [
            *(MENU, ">> 1", AMOUNT, ">> 500#", CHECK, CONFIRM, ">> 1", self.PAID),
            *("<< phone.working", MENU),
        ]

    def test_is_cancelled_with_2(self) -> None:
        assert enters("1", "500#", CHECKED, "2") == [
            *(MENU, ">> 1", AMOUNT, ">> 500#", CHECK, CONFIRM, ">> 2", "<< phone.cancelled", MENU),
        ]

    def test_is_not_made_for_whoever_says_nothing(self) -> None:
        lines = enters("1", "500#", CHECKED, SILENCE, SILENCE)
        assert lines[-4:] == [CONFIRM, CONFIRM, "<< phone.cancelled", MENU]

    def test_is_not_confirmed_before_the_question_was_heard(self) -> None:
        assert enters("1", "500#1", CHECKED)[-3:] == [">> 500#***", CHECK, CONFIRM]

    def test_takes_the_star_as_a_digit(self) -> None:
        assert enters("1", "99*50#")[-1] == f"(CheckAmount identifier={IDENTIFIER} amount=99*50)"

    @pytest.mark.parametrize("word", OTHER_AMOUNT)
    def test_asks_for_another_amount(self, word: Refused) -> None:
        assert enters("1", "500#", refused(word))[-2:] == [f"<< {word}", AMOUNT]

    @pytest.mark.parametrize("word", [Refused.DISABLED, Refused.UNKNOWN, "access.blocked"])
    def test_leads_back_to_the_menu_where_no_amount_would_do(self, word: str) -> None:
        assert enters("1", "500#", refused(word))[-2:] == [f"<< {word}", MENU]

    def test_a_second_payment_names_its_own_amount(self) -> None:
        caller = Caller(FLOW, {})
        caller.keys(f"{IDENTIFIER}#{PASSWORD}#")
        caller.gets(KNOWN)
        for typed in ("500", "700"):
            caller.keys("1", f"{typed}#")
            caller.gets(CHECKED)
            then = caller.keys("1").then
            assert isinstance(then, Issue)
            assert then.command == PayByPhone(origin=ORIGIN, identifier=IDENTIFIER, amount=typed)
            caller.gets(spoken("phone.working"))

    def test_silence_at_the_amount_leads_to_the_menu_and_out(self) -> None:
        assert enters("1", SILENCE, SILENCE, SILENCE, SILENCE)[2:] == [AMOUNT, AMOUNT, MENU, MENU, *OVER]


class TestPassword:
    NEW = "<< phone.ask_new_password"
    AGAIN = "<< phone.ask_new_password_again"
    CHANGE = f"(ChangePassword identifier={IDENTIFIER} new=*** again=***)"

    def test_is_typed_twice(self) -> None:
        assert enters("3", "4711#", "4711#", spoken("phone.password_changed")) == [
            *(MENU, ">> 3", self.NEW, ">> ***", self.AGAIN, ">> ***", self.CHANGE),
            *("<< phone.password_changed", MENU),
        ]

    def test_reaches_the_service_as_it_was_typed(self) -> None:
        caller = Caller(FLOW, {})
        caller.keys(f"{IDENTIFIER}#{PASSWORD}#")
        caller.gets(KNOWN)
        caller.keys("3")
        then = caller.keys("4711#4712#").then
        assert isinstance(then, Issue)
        change = ChangePassword(
            origin=ORIGIN, identifier=IDENTIFIER, new=Secret("4711"), again=Secret("4712")
        )
        assert then.command == change
        assert "4711" not in repr(caller.turn)
        caller.gets(spoken("phone.password_changed"))
        assert not [value for value in caller.script.slots.values() if isinstance(value, Secret)]

    @pytest.mark.parametrize("word", OTHER_PASSWORD)
    def test_is_asked_for_again_when_it_will_not_do(self, word: Refused) -> None:
        assert enters("3", "1#", "1#", refused(word))[-2:] == [f"<< {word}", self.NEW]

    def test_stays_for_whoever_says_nothing(self) -> None:
        assert enters("3", SILENCE, SILENCE)[2:] == [self.NEW, self.NEW, MENU]
        assert enters("3", "4711#", SILENCE, SILENCE)[4:] == [self.AGAIN, self.AGAIN, MENU]
