"""The grammar: forgiving towards people, strict towards rules, and never surprised."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.account_basics import SERVICE as BASICS
from handlers.account_basics import ListLanguages, SetLanguage, ShowBalance
from handlers.base.command import Channel, Command, Origin, Secret
from handlers.base.grammar import (
    SLOT_TYPES,
    DialString,
    Grammar,
    GrammarError,
    Rule,
    Usage,
    clean,
    fold,
    parse_dial,
    read_amount,
)
from handlers.scratch_cards import RedeemVoucher
from rating.money import Money
from rating.msisdn import Msisdn
from rating.subscriber import Language

ORIGIN = Origin(msisdn=Msisdn("77011234567"), channel=Channel.SMS, service_code="6000", source_id="m1")
CODE = "1234567890123"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay(Command):
    """A command with two slots."""

    language: Language
    to: Msisdn


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(Command):
    """A command without any."""


BASICS_SMS = Grammar(BASICS.sms, "account.usage")
BASICS_USSD = Grammar(BASICS.ussd, "account.ussd_usage")
CARDS = Grammar((Rule("{code:voucher_code}", RedeemVoucher),), "voucher.usage")
PAY = Grammar((Rule("PAY {language} {to:msisdn}", Pay), Rule("PAY", Ping)), "system.usage")


def code_of(command: Command | Usage) -> str:
    """The code that a redemption carries."""
    assert isinstance(command, RedeemVoucher)
    return command.code.reveal()


class TestNormalise:
    @pytest.mark.parametrize(
        ("typed", "folded"),
        [
            ("bal", "BAL"),
            ("  Bal \n", "BAL"),
            ("lang   kk", "LANG KK"),
            ("\u200bbal\ufeff", "BAL"),
            ("b\u00a0a", "B A"),
            ("１２３４５６７８９０", "1234567890"),
            ("ｂａｌ", "BAL"),
            ("АВСЕНКМОРТХ", "ABCEHKMOPTX"),
            ("авсенкмортх", "ABCEHKMOPTX"),
            ("Б", "Б"),
            ("", ""),
        ],
    )
    def test_what_means_the_same_becomes_the_same(self, typed: str, folded: str) -> None:
        assert fold(clean(typed)) == folded

    def test_cleaning_alone_leaves_a_typed_name_whole(self) -> None:
        assert clean(" Аружан  Омарова ") == "Аружан Омарова"

    @given(st.text())
    def test_normalising_twice_changes_nothing_more_for_plain_letters(self, typed: str) -> None:
        folded = fold(clean(typed))
        assert "  " not in folded
        assert folded == folded.strip()


class TestValues:
    """What the words of a rule decide alone."""

    RULES = (
        Rule("KK {to:msisdn}", Pay, {"language": Language.KK}),
        Rule("RU {to:msisdn}", Pay, {"language": Language.RU}),
        Rule("HOME", Pay, {"language": Language.EN, "to": ORIGIN.msisdn}),
    )

    @pytest.mark.parametrize(
        ("typed", "language"),
        [("kk 77011234567", Language.KK), ("RU 7701 123 45 67", Language.RU), ("home", Language.EN)],
    )
    def test_the_words_fill_the_fields_that_they_decide(self, typed: str, language: Language) -> None:
        grammar = Grammar(self.RULES, "system.usage")
        assert grammar.sms(ORIGIN, typed) == Pay(origin=ORIGIN, language=language, to=ORIGIN.msisdn)

    @pytest.mark.parametrize(
        "rule",
        [
            Rule("KK", Pay, {"language": Language.KK}),
            Rule("KK {to:msisdn}", Pay, {"language": Language.KK, "colour": "red"}),
            Rule("KK {language} {to:msisdn}", Pay, {"language": Language.KK}),
        ],
        ids=["a field is missing", "a field that there is not", "a field twice"],
    )
    def test_values_that_do_not_fit_the_command_are_refused_at_once(self, rule: Rule) -> None:
        with pytest.raises(GrammarError, match="disagree"):
            Grammar((rule,), "system.usage")


class TestSms:
    @pytest.mark.parametrize("typed", ["BAL", "bal", " Bal ", "ВAL", "bаl", "ＢＡＬ"])
    def test_a_word_in_any_form(self, typed: str) -> None:
        assert BASICS_SMS.sms(ORIGIN, typed) == ShowBalance(origin=ORIGIN)

    @pytest.mark.parametrize(
        ("typed", "language"),
        [
            ("LANG KK", Language.KK),
            ("lang кк", Language.KK),
            ("Lang  ru", Language.RU),
            ("LANG EN", Language.EN),
            ("LANG ЕN", Language.EN),
            ("lang ３", Language.EN),
        ],
    )
    def test_a_slot_is_as_forgiving_as_a_word(self, typed: str, language: Language) -> None:
        assert BASICS_SMS.sms(ORIGIN, typed) == SetLanguage(origin=ORIGIN, language=language)

    def test_a_slot_that_cannot_be_read_says_why(self) -> None:
        assert BASICS_SMS.sms(ORIGIN, "LANG FR") == Usage("system.bad_language")

    @pytest.mark.parametrize("typed", ["", "BALANCE", "BAL BAL", "LANG", "LANG KK RU", "1", "B AL", "\x00"])
    def test_anything_else_is_the_services_usage(self, typed: str) -> None:
        assert BASICS_SMS.sms(ORIGIN, typed) == Usage("account.usage")

    @pytest.mark.parametrize(
        ("typed", "code"),
        [
            (CODE, CODE),
            ("1234 5678 90123", CODE),
            ("1234-5678-90123", CODE),
            ("1234\u20145678\u221290123", CODE),
            ("１２３４５６７８９０１２３", CODE),
            ("12AB", "12AB"),
            ("-", ""),
        ],
    )
    def test_a_code_is_the_whole_text_without_spaces_and_dashes(self, typed: str, code: str) -> None:
        assert code_of(CARDS.sms(ORIGIN, typed)) == code

    def test_only_the_last_slot_takes_several_words(self) -> None:
        command = PAY.sms(ORIGIN, "pay kk 8 (701) 123-45-67")
        assert command == Pay(origin=ORIGIN, language=Language.KK, to=Msisdn("77011234567"))

    @pytest.mark.parametrize(
        ("typed", "text_id"),
        [("pay kk 123", "system.bad_number"), ("pay xx 77011234567", "system.bad_language")],
    )
    def test_the_first_slot_that_fails_is_the_reason(self, typed: str, text_id: str) -> None:
        assert PAY.sms(ORIGIN, typed) == Usage(text_id)

    def test_plain_words_win_over_slots(self) -> None:
        greedy = Grammar((Rule("{code:voucher_code}", RedeemVoucher), Rule("PING", Ping)), "u")
        assert greedy.sms(ORIGIN, "ping") == Ping(origin=ORIGIN)

    def test_a_later_rule_may_read_what_an_earlier_one_could_not(self) -> None:
        both = Grammar((Rule("{to:msisdn} ", _ToNumber), Rule("{code:voucher_code}", RedeemVoucher)), "u")
        assert code_of(both.sms(ORIGIN, "12")) == "12"


@dataclass(frozen=True, slots=True, kw_only=True)
class _ToNumber(Command):
    to: Msisdn


class TestUssd:
    @pytest.mark.parametrize(
        ("dialled", "command"),
        [
            ("*100#", ShowBalance(origin=ORIGIN)),
            ("*100*lang#", ListLanguages(origin=ORIGIN)),
            ("*100*LANG*2#", SetLanguage(origin=ORIGIN, language=Language.RU)),
            ("*100*LANG*KK#", SetLanguage(origin=ORIGIN, language=Language.KK)),
            ("*100*LANG*9#", Usage("system.bad_language")),
            ("*100*7#", Usage("account.ussd_usage")),
            ("*100*#", Usage("account.ussd_usage")),
            ("*100**1#", Usage("account.ussd_usage")),
        ],
    )
    def test_the_segments_after_the_service_code_are_the_words(
        self, dialled: str, command: Command | Usage
    ) -> None:
        parsed = parse_dial(dialled)
        assert parsed is not None
        assert BASICS_USSD.ussd(ORIGIN, parsed.words) == command

    def test_a_rest_keeps_its_stars_so_that_two_segments_make_no_code(self) -> None:
        assert code_of(CARDS.ussd(ORIGIN, ("123456", "7890123"))) == "123456*7890123"


class TestDial:
    @pytest.mark.parametrize(
        ("typed", "segments"),
        [
            ("*100#", ("100",)),
            ("*100*1#", ("100", "1")),
            (f"*110*{CODE}#", ("110", CODE)),
            ("＊１００＃", ("100",)),
            (" * 100 * 1 # ", ("100", "1")),
            ("* 1 0 0 #", ("100",)),
            ("*110*1234 5678#", ("110", "1234 5678")),
            ("*911*2*2#", ("911", "2", "2")),
            ("*100**#", ("100", "", "")),
        ],
    )
    def test_reads(self, typed: str, segments: tuple[str, ...]) -> None:
        assert parse_dial(typed) == DialString(segments)

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "*",
            "#",
            "*#",
            "**#",
            "*100",
            "100#",
            "#100#",
            "*#06#",
            "*100#1#",
            "*abc#",
            "*١٠٠#",
            "*" + "1" * 200 + "#",
        ],
    )
    def test_refuses(self, typed: str) -> None:
        assert parse_dial(typed) is None

    def test_names_the_service_code_and_the_words(self) -> None:
        dialled = DialString(("110", CODE))
        assert (dialled.service_code, dialled.words) == ("*110", (CODE,))

    def test_its_representation_hides_what_follows_the_service_code(self) -> None:
        assert CODE not in repr(DialString(("110", CODE)))
        assert "*110" in repr(DialString(("110", CODE)))


class TestSecrets:
    def test_a_parsed_code_is_masked_in_every_representation(self) -> None:
        command = CARDS.sms(ORIGIN, CODE)
        assert isinstance(command, RedeemVoucher)
        shown = [repr(command), str(command), f"{command.code}", str(command.code), f"{command.code!r:>20}"]
        assert not any(CODE in each for each in shown)

    def test_revealing_gives_a_plain_string(self) -> None:
        assert type(Secret(CODE).reveal()) is str


class TestNeverRaises:
    @given(st.text(max_size=400))
    def test_for_any_text(self, typed: str) -> None:
        for grammar in (BASICS_SMS, CARDS, PAY):
            assert isinstance(grammar.sms(ORIGIN, typed), Command | Usage)

    @given(st.lists(st.text(max_size=30), max_size=8))
    def test_for_any_segments(self, words: list[str]) -> None:
        for grammar in (BASICS_USSD, CARDS, PAY):
            assert isinstance(grammar.ussd(ORIGIN, words), Command | Usage)

    @given(st.text(alphabet="*#0129 ＊＃１АBé", max_size=60) | st.text(max_size=60))
    def test_for_any_dialled_text(self, typed: str) -> None:
        dialled = parse_dial(typed)
        assert dialled is None or dialled.service_code[1:].isdigit()

    @given(st.sampled_from(["pay", "ПАУ", "lang"]), st.text(alphabet="kru12 +-()７\u200b", max_size=40))
    def test_for_texts_that_are_nearly_right(self, word: str, rest: str) -> None:
        for grammar in (BASICS_SMS, PAY):
            assert isinstance(grammar.sms(ORIGIN, f"{word} {rest}"), Command | Usage)


class TestRules:
    @pytest.mark.parametrize(
        ("pattern", "command"),
        [
            ("bal", Ping),
            ("{code", RedeemVoucher),
            ("A{code}", RedeemVoucher),
            ("{language} TO {to:msisdn}", Pay),
            ("{to:msisdn} {language}", Pay),
            ("PAY {language}", Pay),
            ("PAY {nothing}", Ping),
            ("PAY {language} {language}", Pay),
            ("{code:no_such_type}", RedeemVoucher),
            ("", RedeemVoucher),
        ],
    )
    def test_a_rule_that_cannot_work_is_refused_when_it_is_compiled(
        self, pattern: str, command: type[Command]
    ) -> None:
        with pytest.raises(GrammarError):
            Grammar((Rule(pattern, command),), "u")

    def test_the_same_words_twice_are_refused(self) -> None:
        with pytest.raises(GrammarError, match="twice"):
            Grammar((Rule("PING", Ping), Rule("PING", Ping)), "u")

    def test_a_field_with_a_default_needs_no_slot(self) -> None:
        assert "owner_name" in RedeemVoucher.__slots__
        Grammar((Rule("{code:voucher_code}", RedeemVoucher),), "u")

    def test_slot_types_say_why_not_by_a_text_id(self) -> None:
        for name in ("language", "msisdn"):
            assert isinstance(SLOT_TYPES[name].read("?"), Usage)


class TestMoneyAndCards:
    @pytest.mark.parametrize(
        ("typed", "tiyn"), [("100", 10_000), ("99.5", 9_950), ("99.50", 9_950), ("0.01", 1)]
    )
    def test_an_amount_is_read_in_tenge(self, typed: str, tiyn: int) -> None:
        assert read_amount(typed) == Money(tiyn)

    @pytest.mark.parametrize(
        "typed",
        ["", "0", "0.00", "-1", "+1", "1e3", "5 000", "5000,50", "1.234", "\u0661\u0660", "9" * 40, "NaN"],
    )
    def test_what_is_no_amount_above_zero_gets_an_example(self, typed: str) -> None:
        assert read_amount(typed) == Usage("system.bad_amount")

    @pytest.mark.parametrize("typed", ["1234", "001234"])
    def test_a_card_is_named_by_four_or_six_digits(self, typed: str) -> None:
        assert SLOT_TYPES["card_digits"].read(typed) == typed

    @pytest.mark.parametrize("typed", ["123", "12345", "1234567", "12A4", "\u0661\u0662\u0663\u0664", "-123"])
    def test_and_by_nothing_else(self, typed: str) -> None:
        assert SLOT_TYPES["card_digits"].read(typed) == Usage("system.bad_card_digits")

    @pytest.mark.parametrize(("typed", "tiyn"), [("500", 50_000), ("1000000", 100_000_000)])
    def test_an_amount_in_a_menu_has_at_most_seven_digits(self, typed: str, tiyn: int) -> None:
        assert SLOT_TYPES["small_amount"].read(typed) == Money(tiyn)

    @pytest.mark.parametrize("typed", ["0", "1000000.01", "1234567890123", "1e3"])
    def test_a_card_code_is_no_amount_in_a_menu(self, typed: str) -> None:
        assert SLOT_TYPES["small_amount"].read(typed) == Usage("system.bad_amount")
