"""What is wrong with a tree is said when the menu is made."""

import pytest

from tests.ussd_menus.toy import MENU, ORIGIN, SLOTS, Greet, Pay, Redeem
from ussd_menus.menu import Menu, MenuError
from ussd_menus.model import Ask, Choice, Confirm, Leaf, Node, Options, Pick, Unconnected

END = Unconnected("toy.limit")
LEAF = Leaf(Greet)


def options(*choices: Choice) -> Options:
    """A screen with these."""
    return Options("root", "toy.root", choices)


@pytest.mark.parametrize(
    ("root", "problem"),
    [
        (options(Choice("1", "a", END), Choice("1", "b", END)), "root has 1 twice"),
        (options(Choice("1", "a", END, word="X"), Choice("2", "b", END, word="X")), "root has X twice"),
        (options(Choice("0", "a", END)), "root: '0' is no key from 1 to 97"),
        (options(Choice("01", "a", END)), "root: '01' is no key"),
        (options(Choice("98", "a", END)), "root: '98' is no key"),
        (options(Choice("٣", "a", END)), "is no key"),
        (options(Choice("", "a", END)), "root: '' is no key"),
        (options(Choice("1", "a", END, word="lang")), "root: 'lang' is no word in capitals"),
        (options(Choice("1", "a", END, word="2")), "root: '2' is no word in capitals"),
        (Options("root", "", ()), "root has neither a title nor a command in front"),
        (options(Choice("1", "a", options())), "2 screens are named root"),
        (Ask("who", "a", "who", "person", END), "who: there is no slot type person"),
        (Ask("code", "a", "code", "voucher_code", Leaf(Redeem)), "code would keep a secret"),
        (
            Ask("code", "a", "code", "voucher_code", options(), secret=True),
            "code: behind a secret answer only a command can stand",
        ),
        (Ask("a", "a", "x", "amount", Ask("b", "b", "x", "amount", END)), "b asks for x again"),
        (Pick("a", "a", "x", "cards", Ask("b", "b", "x", "amount", END), "e"), "b asks for x again"),
        (Confirm("sure", "a", ("amount",), LEAF), "sure shows amount, which nothing has asked for"),
        (Ask("a", "a", "amount", "amount", Leaf(Pay)), "Pay and the way to it disagree about payee"),
        (Leaf(Greet, {"name": "x"}), "Greet and the way to it disagree about name"),
    ],
)
def test_a_tree_that_cannot_work_is_refused_with_the_place(root: Node, problem: str) -> None:
    with pytest.raises(MenuError) as caught:
        Menu(service_code="*700", service="toy", root=root, slot_types=SLOTS)
    assert str(caught.value).startswith("*700: ")
    assert problem in str(caught.value)


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(MenuError) as caught:
        Menu(service_code="*700", service="toy", root=options(Choice("0", "a", Leaf(Pay))))
    assert len(str(caught.value).splitlines()) == 3


def test_a_menu_knows_whether_a_secret_can_be_typed_in_it() -> None:
    assert MENU.asks_secrets
    assert not Menu(service_code="*701", service="toy", root=options(Choice("1", "a", END))).asks_secrets


def test_slots_that_a_command_has_no_field_for_are_left_out() -> None:
    assert LEAF.make(ORIGIN, {"amount": 1}) == Greet(origin=ORIGIN)
