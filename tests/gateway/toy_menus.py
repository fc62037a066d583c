"""A menu of the drill service: a long last screen, a command with a bug, a question for a secret."""

from tests.gateway.stand import Boom, Recite
from ussd_menus.menu import Menu
from ussd_menus.menus.card_code import CARD_CODE
from ussd_menus.model import Choice, Leaf, Options

TOYS = (
    Menu(
        service_code="*199",
        service="drill",
        root=Options(
            "drill",
            "menu.home",
            (
                Choice("1", "menu.balance", Leaf(Recite, {"words": 60})),
                Choice("2", "menu.charges", Leaf(Boom)),
                Choice("3", "menu.card_code", CARD_CODE),
            ),
        ),
    ),
)
