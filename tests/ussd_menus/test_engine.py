"""Stepping through a menu: what every kind of answer leads to."""

from dataclasses import replace

import pytest

from handlers.base.command import Secret
from handlers.base.outcome import Text
from rating.money import tenge
from rating.msisdn import Msisdn
from tests.ussd_menus.toy import (
    CARDS,
    CODE,
    FACTS,
    MENU,
    ORIGIN,
    POSTPAID,
    SLOTS,
    Greet,
    Pay,
    Redeem,
    answer,
    dial,
    words,
)
from ussd_menus.engine import WRONG_MAX, Close, Issue, Show, Turn, step
from ussd_menus.menu import Menu
from ussd_menus.model import Ask, Choice, Confirm, Leaf, Need, Options, Pick
from ussd_menus.state import State

PAYEE = "8 701 765 43 21"
ASKED = ("1", "visa", PAYEE, "500")


def screen(turn: Turn | None) -> str:
    """What is read, without what a command answers."""
    assert isinstance(turn, Show)
    return words(turn.text)


def end(turn: Turn | None) -> str:
    """What the last screen says."""
    assert isinstance(turn, Close)
    return words(turn.text)


def test_dialling_the_code_alone_shows_the_first_screen_without_a_way_back() -> None:
    turn = dial()
    assert isinstance(turn, Show)
    assert screen(turn) == "Toys\n1 Pay\n2 Limit\n3 Code\n4 Empty\n9 Greet"
    assert (turn.screen, turn.state, turn.lead, turn.secret) == ("root", State(), Greet(origin=ORIGIN), False)


def test_what_the_lead_answers_stands_on_top_but_below_the_reason() -> None:
    turn = answer((), "8")
    assert isinstance(turn, Show)
    head = Text("account.balance", {"amount": tenge(500)})
    assert words(turn.under(head)).splitlines()[:3] == [
        "There is no such choice.",
        "Balance: 500 KZT",
        "Toys",
    ]


@pytest.mark.parametrize(
    ("answers", "typed", "shown", "then"),
    [
        ((), "1", "From which card?\n1 Visa 1111\n2 Mastercard 2222\n0 Back", ("1",)),
        ((), " １ ", "From which card?\n1 Visa 1111\n2 Mastercard 2222\n0 Back", ("1",)),
        (("1",), "2", "To whom?\n0 Back", ("1", "master")),
        (("1", "visa"), PAYEE, "How much?\n0 Back", ("1", "visa", PAYEE)),
        (("1", "visa", PAYEE), "500", "Pay 500 to 77017654321?\n1 Yes\n2 No\n0 Back", ASKED),
        ((), "3", "Code\n0 Back", ("3",)),
    ],
    ids=["option", "full width", "item", "number", "amount", "secret"],
)
def test_a_good_answer_leads_to_the_next_screen(
    answers: tuple[str, ...], typed: str, shown: str, then: tuple[str, ...]
) -> None:
    turn = answer(answers, typed)
    assert isinstance(turn, Show)
    assert (screen(turn), turn.state) == (shown, State(then))


def test_a_leaf_gets_the_slots_on_the_way_and_its_own_values() -> None:
    pay = Pay(origin=ORIGIN, amount=tenge(500), payee=Msisdn("77017654321"), card="visa", monthly=True)
    assert answer(ASKED, "1") == Issue(pay, State((*ASKED, "1")))
    assert answer((), "9") == Issue(Greet(origin=ORIGIN), State(("9",)))


def test_no_leads_to_the_first_screen_and_issues_nothing() -> None:
    assert answer(ASKED, "2") == dial()


def test_a_service_that_is_not_there_says_so_and_ends() -> None:
    assert end(answer((), "2")) == "Limit: this service is not connected yet."


def test_a_list_with_nothing_in_it_says_so_and_ends() -> None:
    assert end(answer((), "4")) == "No cards"


@pytest.mark.parametrize(
    ("answers", "back"),
    [((), ()), (("1",), ()), (("1", "visa"), ("1",)), (ASKED, ASKED[:3]), (("3",), ())],
)
def test_zero_goes_one_screen_back_and_two_zeros_to_the_start(
    answers: tuple[str, ...], back: tuple[str, ...]
) -> None:
    turn = answer(answers, "0", wrong=2)
    assert isinstance(turn, Show)
    assert turn.state == State(back)
    assert turn.content.reason is None
    assert answer(answers, "00", wrong=2) == dial()


@pytest.mark.parametrize(
    ("answers", "typed", "reason"),
    [
        ((), "8", "There is no such choice."),
        ((), "", "Nothing was typed."),
        ((), " \u200b ", "Nothing was typed."),
        ((), "98", "There is no such choice."),
        ((), "1" * 183, "There is no such choice."),
        (("1",), "3", "There is no such choice."),
        (("1",), "visa", "There is no such choice."),
        (("1", "visa"), "", "Nothing was typed."),
        (("1", "visa"), "911", "This is not a mobile number. Write it like 77011234567."),
        (("1", "visa", PAYEE), "1e3", "No amount"),
        (ASKED, "3", "There is no such choice."),
        (("3",), "", "Nothing was typed."),
        (("3",), "7" * 183, "There is no such choice."),
    ],
)
def test_a_wrong_answer_shows_the_same_screen_with_a_reason_in_front(
    answers: tuple[str, ...], typed: str, reason: str
) -> None:
    turn, before = answer(answers, typed), answer(answers, "0" if not answers else "x" * 183)
    assert isinstance(turn, Show)
    assert isinstance(before, Show)
    assert screen(turn).startswith(f"{reason}\n")
    assert (turn.content.lines, turn.state) == (before.content.lines, State(answers, 1))


def test_the_fourth_wrong_answer_in_a_row_ends_the_dialogue() -> None:
    state, shown = State(("1",)), 0
    while isinstance(turn := answer(state.answers, "x", wrong=state.wrong), Show):
        state, shown = turn.state, shown + 1
    assert shown == WRONG_MAX == 3
    assert end(turn) == "The answer was not understood. Please dial again."


def test_a_good_answer_forgets_the_wrong_ones() -> None:
    turn = answer((), "1", wrong=3)
    assert isinstance(turn, Show)
    assert turn.state == State(("1",))


def test_a_choice_that_a_guard_hides_leaves_a_gap_and_is_a_wrong_choice() -> None:
    assert screen(dial(facts=POSTPAID)) == "Toys\n1 Pay\n3 Code\n4 Empty\n9 Greet"
    assert screen(answer((), "2", facts=POSTPAID)).startswith("There is no such choice.")
    assert screen(answer((), "limit", facts=POSTPAID)).startswith("There is no such choice.")


def test_a_secret_answer_stands_in_the_command_and_nowhere_else() -> None:
    asked = answer((), "3")
    assert isinstance(asked, Show)
    assert asked.secret
    turn = answer(("3",), CODE)
    assert turn == Issue(Redeem(origin=ORIGIN, code=Secret(CODE)), State(("3",)))
    assert CODE not in repr(turn)
    assert isinstance(turn, Issue)
    assert CODE not in turn.state.pack()


# -- dialling a path -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        ("1",),
        ("1", "2"),
        ("1", "1", PAYEE),
        ("1", "1", PAYEE, "500"),
        ("1", "1", PAYEE, "500", "1"),
        ("2",),
        ("3",),
        ("3", CODE),
        ("4",),
        ("9",),
    ],
    ids="*".join,
)
def test_a_dialled_path_leads_where_the_same_answers_lead(path: tuple[str, ...]) -> None:
    turn = dial()
    for typed in path:
        assert isinstance(turn, Show)
        turn = answer(turn.state.answers, typed)
    assert dial(*path) == turn


def test_a_choice_can_be_dialled_by_its_word_in_any_case_and_alphabet() -> None:
    assert dial("limit") == dial("LIМIТ") == dial("2")


def test_all_that_is_dialled_behind_an_unconnected_service_is_its_own_matter() -> None:
    with_grammar = replace(MENU, has_grammar=True)
    assert dial("2", "1", "whatever") == dial("2", "1", "whatever", menu=with_grammar) == dial("2")


@pytest.mark.parametrize(
    ("path", "shown", "reason"),
    [
        (("7",), "root", "There is no such choice."),
        (("",), "root", "Nothing was typed."),
        (("0",), "root", "There is no such choice."),
        (("1", "5"), "card", "There is no such choice."),
        (("1", "1", "911"), "payee", "This is not a mobile number. Write it like 77011234567."),
        (("1", "1", PAYEE, "500", "2"), "sure", "There is no such choice."),
        (("9", "1"), "root", "There is no such choice."),
        (("3", CODE, "1"), "root", "There is no such choice."),
    ],
)
def test_a_wrong_path_shows_the_last_screen_that_it_reached_and_issues_nothing(
    path: tuple[str, ...], shown: str, reason: str
) -> None:
    turn = dial(*path)
    assert isinstance(turn, Show)
    assert (turn.screen, turn.state.wrong) == (shown, 1)
    assert screen(turn).startswith(f"{reason}\n")


@pytest.mark.parametrize("path", [("7",), ("0",), ("1", "5"), ("9", "1"), ("3", CODE, "1")])
def test_where_the_service_has_a_grammar_what_the_menu_does_not_know_is_left_to_it(
    path: tuple[str, ...],
) -> None:
    assert dial(*path, menu=replace(MENU, has_grammar=True)) is None


# -- the world moves between two screens -----------------------------------------------------------


def test_an_item_stays_chosen_when_its_place_in_the_list_changes() -> None:
    turned = replace(FACTS, items=lambda _: CARDS[::-1])
    turn = answer(ASKED, "1", facts=turned)
    assert isinstance(turn, Issue)
    assert isinstance(turn.command, Pay)
    assert turn.command.card == "visa"


def test_when_a_chosen_item_is_gone_nothing_is_issued_and_the_list_is_shown() -> None:
    left = replace(FACTS, items=lambda _: CARDS[1:])
    turn = answer(ASKED, "1", facts=left)
    assert isinstance(turn, Show)
    assert (turn.screen, turn.state) == ("card", State(("1",), 1))
    assert screen(turn).startswith("This has changed. Please choose again.\n")
    back = answer(ASKED, "0", facts=left)
    assert isinstance(back, Show)
    assert back.screen == "root"


def test_when_the_list_has_become_empty_the_dialogue_ends() -> None:
    assert end(answer(("1",), "1", facts=replace(FACTS, items=lambda _: ()))) == "No cards"


def test_a_state_that_stands_at_the_end_of_the_menu_issues_nothing_again() -> None:
    turn = answer((*ASKED, "1"), "1")
    assert isinstance(turn, Show)
    assert turn.screen == "root"


# -- what needs no answer --------------------------------------------------------------------------

WIZARD = Menu(
    service_code="*701",
    service="toy",
    slot_types=SLOTS,
    root=Options(
        "start",
        "toy.root",
        (
            Choice(
                "1",
                "toy.pay",
                Need(
                    "cards",
                    "toy.no_cards",
                    Pick(
                        "one",
                        "toy.cards",
                        "card",
                        "cards",
                        Ask(
                            "amount",
                            "toy.amount",
                            "amount",
                            "amount",
                            Confirm("sure", "toy.card_of", ("card_label",), Leaf(Greet)),
                        ),
                        "toy.no_cards",
                        skips_one=True,
                    ),
                ),
            ),
        ),
    ),
)
ONE_CARD = replace(FACTS, items=lambda _: CARDS[:1])
NO_CARDS = replace(FACTS, items=lambda _: ())


def test_a_list_of_one_is_not_shown_and_its_item_is_taken() -> None:
    turn = dial("1", "500", menu=WIZARD, facts=ONE_CARD)
    assert isinstance(turn, Show)
    assert (turn.screen, turn.state) == ("sure", State(("1", "500")))
    assert screen(turn).startswith("From Visa 1111\n")


def test_a_list_of_several_is_shown_and_the_label_of_the_chosen_one_kept() -> None:
    turn = dial("1", "2", "500", menu=WIZARD)
    assert isinstance(turn, Show)
    assert turn.state == State(("1", "master", "500"))
    assert screen(turn).startswith("From Mastercard 2222\n")


def test_a_step_back_does_not_lead_into_a_list_that_is_not_shown() -> None:
    turn = step(WIZARD, State(("1",)), "0", ONE_CARD, ORIGIN)
    assert isinstance(turn, Show)
    assert turn.screen == "start"


@pytest.mark.parametrize("path", [("1",), ("1", "500"), ("1", "1", "500", "1")])
def test_without_what_is_needed_the_menu_ends_whatever_was_dialled_after_it(path: tuple[str, ...]) -> None:
    assert end(dial(*path, menu=WIZARD, facts=NO_CARDS)) == "No cards"


def test_when_what_is_needed_is_gone_between_two_screens_the_dialogue_ends() -> None:
    assert end(step(WIZARD, State(("1",)), "500", NO_CARDS, ORIGIN)) == "No cards"


def test_when_a_second_item_turns_up_nothing_is_taken_for_the_first() -> None:
    """The answers were given to other screens: the list is shown, and says why."""
    turn = step(WIZARD, State(("1", "500")), "1", FACTS, ORIGIN)
    assert isinstance(turn, Show)
    assert turn.screen == "one"
    assert screen(turn).startswith("This has changed. Please choose again.\n")
