"""Diagrams of menus."""

from tests.ussd_menus.toy import MENU, Greet, words
from ussd_menus.diagram import mermaid
from ussd_menus.menu import Menu
from ussd_menus.model import Leaf, Need, Pick

_DIAGRAM = """\
flowchart LR
    dial(["*700#"]) --> n
    n["Toys"]
    n -->|"1 Pay"| n_1
    n_1["From which card? (list: cards)"]
    n_1 -->|"(card)"| n_1_1
    n_1_1[/"To whom?"/]
    n_1_1 -->|"(payee)"| n_1_1_1
    n_1_1_1[/"How much?"/]
    n_1_1_1 -->|"(amount)"| n_1_1_1_1
    n_1_1_1_1{{"Pay (amount) to (payee)?"}}
    n_1_1_1_1 -->|"1 Yes"| n_1_1_1_1_1
    n_1_1_1_1_1(["Pay: True"])
    n_1_1_1_1 -->|"2 No"| n
    n -->|"2 Limit (or LIMIT, prepaid only)"| n_2
    n_2(["Limit: not connected yet"]):::unconnected
    n -->|"3 Code"| n_3
    n_3[/"Code"/]
    n_3 -->|"(code, secret)"| n_3_1
    n_3_1(["Redeem"])
    n -->|"4 Empty"| n_4
    n_4["From which card? (list: nothing)"]
    n_4 -->|"(card)"| n_4_1
    n_4_1(["Greet"])
    n -->|"9 Greet"| n_5
    n_5(["Greet"])
    classDef unconnected stroke-dasharray: 4"""


def test_every_node_has_its_box_and_every_answer_its_arrow() -> None:
    assert mermaid(MENU, words) == _DIAGRAM


def test_quotes_and_line_ends_of_a_text_do_not_break_the_diagram() -> None:
    diagram = mermaid(MENU, lambda _: 'say "hi"\nor not')
    assert 'n["say #quot;hi#quot;<br>or not"]' in diagram
    assert '"hi"' not in diagram


def test_what_is_not_always_shown_says_so() -> None:
    pick = Pick("one", "toy.cards", "card", "cards", Leaf(Greet), "toy.no_cards", skips_one=True)
    menu = Menu(service_code="*701", service="toy", root=Need("cards", "toy.no_cards", pick))
    assert mermaid(menu, words).splitlines()[2:6] == [
        '    n{"any cards?"}',
        '    n -->|"yes"| n_1',
        '    n_1["From which card? (list: cards, skipped when there is one)"]',
        '    n_1 -->|"(card)"| n_1_1',
    ]
