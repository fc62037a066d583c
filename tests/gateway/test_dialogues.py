"""USSD dialogues over the real writer and store: what a handset dials and answers, and what it sees."""

import pytest

from gateway.config import Account, Side
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from handlers.base.command import Secret
from handlers.base.outcome import Text
from rating.subscriber import Language
from storage.model import MessageState
from tests.gateway.stand import ALIYA, CATALOG
from tests.gateway.talk import CONFIRM, REFUSED, Seen, Talk, advance, dialogues, endings, speak

ROOT = ["Balance: 500 KZT", "1 Last charges", "2 Packages", "3 Language", "4 Bar paid numbers"]
LANGUAGES = ["Choose a language:", "1 Kazakh", "2 Russian", "3 English", "0 Back"]
NO_CARD = "Connect a bank card to your number at an ATM or a bank branch, then dial again."
CLOSED = "The answer was not understood. Please dial again."
WRONG = "There is no such choice."
OTHER = Account(system_id="other", password=Secret("x"), side=Side.HANDSET)


# -- the way through -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialled", "answers", "shown"),
    [
        ("*100#", ("1",), ["There were no charges."]),
        ("*100#", ("2",), ["Packages: this service is not connected yet."]),
        ("*100#", ("3", "2"), ["Теперь сообщения приходят на русском языке."]),
        ("*100#", ("4",), ["Bar paid numbers: this service is not connected yet."]),
        ("*100#", ("3", "0", "1"), ["There were no charges."]),
        ("*100*3#", ("00", "1"), ["There were no charges."]),
        ("*100*1#", (), ["There were no charges."]),
        ("*100*LANG*RU#", (), ["Теперь сообщения приходят на русском языке."]),
        ("*110#", ("",) * 4, [CLOSED]),
        ("*110#", ("1234567890123",), ["There is no such code. Please check the digits and send it again."]),
        ("*110*1234567890123#", (), ["There is no such code. Please check the digits and send it again."]),
        ("*111#", ("1", "1"), ["Balance: 500 KZT"]),
        ("*111#", ("5", "3"), ["Messages now come in English."]),
        ("*111*6#", (), ["For business: this service is not connected yet."]),
        ("*111*2#", ("2", "3"), ["Friends: no numbers. Active: Black List."]),
        ("*111*2*2*4#", (), ["Black List is on already."]),
        ("*133#", ("87021234567",), ["We call you now. Please answer, and we ask 77021234567."]),
        ("*133*77011234567#", (), ["This is your own number."]),
        ("*911#", ("2", "2"), [NO_CARD]),
        ("*911*2*2#", (), [NO_CARD]),
    ],
)
def test_every_menu_leads_to_its_last_screen(
    talk: Talk, dialled: str, answers: tuple[str, ...], shown: list[str]
) -> None:
    """A screen for each answer; all but the last one want another answer."""
    talk.dial(dialled)
    talk.answer(*answers)
    assert [each.wants_answer for each in talk.screens] == [*(True for _ in answers), False]
    assert talk.seen.lines == shown
    assert endings(talk.stand) == ["completed"]


def test_who_is_asked_for_on_another_network_gets_a_message_that_stays_off_net(talk: Talk) -> None:
    """The caller's screen says that nothing comes of it; the missed call goes out by the interconnect."""
    assert talk.dial("*133*77051234567#").lines == [
        "This number is of another operator. We tell them that you called."
    ]
    (missed,) = [each for each in talk.stand.messages() if each.text_id == "collect.missed_call"]
    assert (missed.source, missed.destination, missed.route) == ("6010", "77051234567", "offnet:77051234567")


def test_the_first_screen_of_100_has_the_balance_on_top_of_the_choices(talk: Talk) -> None:
    """services.md section 1."""
    assert talk.dial("*100#").lines == ROOT
    assert talk.answer("3").lines == LANGUAGES


@pytest.mark.conformance("tlv.ussd_service_op", "tlv.its_session_info")
def test_the_first_screen_carries_the_sequence_of_the_request_and_each_later_one_the_next(talk: Talk) -> None:
    """SMPP 3.4 section 5.3.2.43: seven bits of sequence, which wrap, and the end bit on the last screen."""
    talk = Talk(talk.stand, number=200, sequence=126)
    talk.dial("*100#")
    talk.answer("3", "0", "3", "3")
    ops = [UssdServiceOp.USSR_REQUEST] * 4 + [UssdServiceOp.PSSR_RESPONSE]
    assert [each.operation for each in talk.screens] == ops
    assert [(each.number, each.sequence) for each in talk.screens] == [
        (200, 126),
        (200, 127),
        (200, 0),
        (200, 1),
        (200, 2),
    ]
    assert [each.end for each in talk.screens] == [False] * 4 + [True]


def test_a_dialogue_is_kept_with_all_that_was_typed_and_shown(talk: Talk) -> None:
    talk.dial("*100#")
    talk.answer("3", "3")
    (view,) = dialogues(talk.stand)
    kept = view.dialogue
    assert (kept.msisdn, kept.number, kept.service_code, kept.owner) == (ALIYA, 7, "*100", "menu")
    assert (kept.account, kept.session_id, kept.sequence) == ("handset", "s1", 3)
    assert [(each.number, each.operation, each.text, each.octets) for each in view.turns] == [
        (0, "PSSR_INDICATION", "*100#", 5),
        (1, "USSR_REQUEST", "\n".join(ROOT), 72),
        (2, "USSR_CONFIRM", "3", 1),
        (3, "USSR_REQUEST", "\n".join(LANGUAGES), 54),
        (4, "USSR_CONFIRM", "3", 1),
        (5, "PSSR_RESPONSE", "Messages now come in English.", 29),
    ]
    assert view.dialogue.state == "", "nothing is left of the state of what is over"


def test_each_answer_and_each_screen_is_a_message_of_its_own(talk: Talk) -> None:
    talk.dial("*100#")
    talk.answer("3")
    dialled, first, answered, second = talk.stand.messages()
    assert [each.text for each in (dialled, answered)] == ["*100#", "3"]
    assert {each.state for each in (dialled, answered)} == {MessageState.DELIVERED}
    assert (first.cause_id, second.cause_id) == (dialled.id, answered.id)
    assert {each.bearer for each in (dialled, first, answered, second)} == {"ussd"}
    assert second.source == "*100#"


def test_a_language_chosen_in_the_menu_is_that_of_the_answer(talk: Talk) -> None:
    talk.dial("*100#")
    assert "қазақ" in talk.answer("3", "1").text
    assert talk.dial("*100#").lines[0] == "Баланс: 500 тг"


def test_a_language_that_changes_in_the_middle_is_that_of_the_next_screen(talk: Talk) -> None:
    talk.dial("*100#")
    speak(talk.stand, Language.RU)
    assert talk.answer("3").lines[0] == "Выберите язык:"


@pytest.mark.parametrize("language", list(Language))
def test_no_screen_is_longer_than_one_operation_holds(talk: Talk, language: Language) -> None:
    """interfaces.md: 182 septets, each an octet over SMPP, or 80 UCS-2 characters; with a reason in front."""
    speak(talk.stand, language)
    talk.dial("*110#")
    for code in ("*100#", "*111#", "*111*1#", "*133#", "*911*2#"):
        talk.dial(code)
        talk.answer("wrong", "98", "98")
    assert all(each.octets <= 182 for each in talk.screens)


# -- pages -----------------------------------------------------------------------------------------


def test_a_long_screen_pages_with_98_and_99_and_takes_its_choices_on_every_page(talk: Talk) -> None:
    speak(talk.stand, Language.RU)
    first = talk.dial("*111*1#")
    second = talk.answer("98")
    assert (first.lines[0], first.lines[-1]) == ("Деньги", "98 Далее")
    assert second.lines == ["6 Банк по SMS", "7 Банк по телефону", "8 Способы оплаты", "0 Назад", "99 Выше"]
    assert talk.answer("99").lines == first.lines
    assert talk.answer("98", "4").lines[0] == "Введите код карты:"


def test_there_is_no_page_before_the_first_and_none_behind_the_last(talk: Talk) -> None:
    """Then 98 and 99 are what any other wrong choice is."""
    speak(talk.stand, Language.RU)
    wrong = CATALOG.render(Text("menu.wrong_choice"), Language.RU)
    talk.dial("*111*1#")
    assert talk.answer("99").lines[0] == wrong
    talk.dial("*111*1#")
    assert talk.answer("98", "98").lines[0] == wrong


def test_a_page_that_is_turned_costs_no_wrong_answer(talk: Talk) -> None:
    speak(talk.stand, Language.RU)
    talk.dial("*111*1#")
    talk.answer("9", "9", "9")
    assert talk.answer("98", "99", "98", "99").wants_answer
    assert not talk.answer("9").wants_answer


def test_a_last_screen_of_several_pages_ends_with_its_last_page(toys: Talk) -> None:
    """No way leads back from there, so none is offered."""
    first = toys.dial("*199*1#")
    second = toys.answer("98")
    back = toys.answer("99")
    last = toys.answer("98", "98")
    assert first.lines[-1] == "98 More"
    assert second.lines[-2:] == ["98 More", "99 Previous"]
    assert back.lines == first.lines
    assert [each.wants_answer for each in (first, second, back, last)] == [True, True, True, False]
    assert last.lines[-1] == "line 59"
    shown = [line for each in (first, second, last) for line in each.lines if not line.startswith("9")]
    assert shown == [f"line {number}" for number in range(60)]
    assert endings(toys.stand) == ["completed"]


def test_an_answer_to_a_last_screen_of_several_pages_ends_it(toys: Talk) -> None:
    toys.dial("*199*1#")
    assert toys.answer("1") == Seen(CLOSED, UssdServiceOp.PSSR_RESPONSE, 7, 2, end=True, octets=len(CLOSED))


# -- what people type ------------------------------------------------------------------------------


def test_a_wrong_choice_shows_the_screen_again_three_times_and_the_fourth_ends_it(talk: Talk) -> None:
    talk.dial("*100#")
    for typed in ("7", "hello", "*"):
        assert talk.answer(typed).lines == [WRONG, *ROOT]
    assert talk.answer("7").lines == [CLOSED]
    assert not talk.seen.wants_answer
    assert talk.refused(talk.answered("1")) is REFUSED


def test_a_good_answer_forgets_the_wrong_ones(talk: Talk) -> None:
    talk.dial("*100#")
    talk.answer("7", "7", "7", "3", "7", "7", "7")
    assert talk.seen.lines == [WRONG, *LANGUAGES]


def test_0_goes_back_and_00_to_the_start(talk: Talk) -> None:
    start = talk.dial("*111#").lines
    money = talk.answer("1").lines
    assert talk.answer("5").lines[0] == "AutoPay"
    assert talk.answer("0").lines == money
    assert talk.answer("5", "00").lines == start
    assert talk.answer("0").lines == start, "at the start there is no way further back"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "Nothing was typed."),
        (" \u200b ", "Nothing was typed."),
        ("1" * 182, WRONG),
        ("🙂", WRONG),
        ("👩‍👩‍👧‍👦" * 7, WRONG),
        ("مرحبا ١", WRONG),
        ("\u202e1\u202c2", WRONG),
        ("שלום", WRONG),
        ("-1", WRONG),
        ("1.0", WRONG),
        ("\x00", WRONG),
    ],
)
def test_nothing_that_is_typed_breaks_a_dialogue(talk: Talk, typed: str, reason: str) -> None:
    """The screen comes again with a reason, and goes on from there."""
    talk.dial("*100#")
    assert talk.answer(typed).lines == [reason, *ROOT]
    assert talk.answer("3").lines == LANGUAGES


@pytest.mark.parametrize("typed", ["３", " 3 ", "\u200e3", "③"])
def test_full_width_digits_and_marks_mean_the_same(talk: Talk, typed: str) -> None:
    """services.md section 0: what people type is forgiven."""
    talk.dial("*100#")
    assert talk.answer(typed).lines == LANGUAGES


# -- the end ---------------------------------------------------------------------------------------


def test_a_dialogue_without_an_answer_ends_after_60_seconds_in_silence(talk: Talk) -> None:
    """interfaces.md: 60 s on the operator clock. An answer after that belongs to nothing."""
    talk.dial("*100#")
    assert advance(talk.stand, 59) == []
    talk.answer("3")
    assert advance(talk.stand, 59) == [], "each answer gives 60 s more"
    before = talk.stand.messages()
    (fired,) = advance(talk.stand, 1)
    assert fired.key == f"ussd:{ALIYA}"
    assert endings(talk.stand) == ["no answer in time"]
    assert talk.refused(talk.answered("1")) is REFUSED
    assert [each.id for each in talk.stand.messages()] == [each.id for each in before]


def test_the_guard_of_a_dialogue_that_is_over_ends_no_later_one(talk: Talk) -> None:
    talk.dial("*100#")
    talk.answer("1")
    advance(talk.stand, 30)
    talk.dial("*100#")
    assert advance(talk.stand, 59) == []
    assert talk.answer("3").lines == LANGUAGES


def test_the_end_bit_from_the_handset_ends_the_dialogue_without_a_screen(talk: Talk) -> None:
    talk.dial("*100#")
    talk.answer("3")
    assert talk.abort() is CommandStatus.ESME_ROK
    assert endings(talk.stand) == ["the handset ended it"]
    (view,) = dialogues(talk.stand)
    assert (view.turns[-1].operation, view.turns[-1].note) == ("USSR_CONFIRM", "ended")
    assert talk.refused(talk.answered("1")) is REFUSED
    assert advance(talk.stand, 120) == []


def test_a_handset_may_end_it_while_the_next_screen_is_on_its_way(talk: Talk) -> None:
    """It names the screen that it has seen; what was shown since changes nothing."""
    talk.dial("*100#")
    talk.answer("3")
    assert talk.abort(sequence=1) is CommandStatus.ESME_ROK
    assert endings(talk.stand) == ["the handset ended it"]


def test_the_end_bit_with_a_choice_carries_nothing_out(talk: Talk) -> None:
    talk.dial("*100*3#")
    assert talk.refused(talk.said(CONFIRM, "1", end=True)) is CommandStatus.ESME_ROK
    assert talk.dial("*100#").lines == ROOT


def test_whoever_dials_anew_has_one_dialogue_and_the_first_is_over(talk: Talk) -> None:
    stand = talk.stand
    talk.dial("*100#")
    again = Talk(stand, number=8)
    again.dial("*110#")
    assert endings(stand) == ["the handset dialled anew", ""]
    assert talk.refused(talk.answered("3")) is REFUSED
    assert again.answer("").lines[0] == "Nothing was typed."


def test_a_code_that_was_dialled_in_full_ends_what_was_open_too(talk: Talk) -> None:
    talk.dial("*100#")
    talk.dial("*100*1#")
    assert endings(talk.stand) == ["the handset dialled anew", "completed"]
    assert advance(talk.stand, 120) == []


def test_what_nobody_serves_is_one_last_screen(talk: Talk) -> None:
    assert not talk.dial("*999#").wants_answer
    assert not talk.dial("hello").wants_answer
    assert endings(talk.stand) == ["completed", "completed"]
