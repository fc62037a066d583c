"""``*100#``: the balance, and what is asked next to it (services.md section 1)."""

from typing import Final

from handlers import account_basics
from handlers.account_basics import LastCharges, SetLanguage, ShowBalance
from handlers.base.command import Command, Origin
from rating.subscriber import Language
from ussd_menus.menu import Menu
from ussd_menus.model import Choice, Leaf, Options, Unconnected


def _balance(origin: Origin) -> Command:
    return ShowBalance(origin=origin)


BALANCE: Final = Leaf(ShowBalance)
CHARGES: Final = Leaf(LastCharges)
ALLOWANCES: Final = Unconnected("menu.allowances")
#: ``*100*PREMIUM#`` (services.md section 9).
PREMIUM: Final = Unconnected("menu.premium")

LANGUAGE: Final = Options(
    "language",
    "menu.choose_language",
    (
        Choice("1", "menu.kazakh", Leaf(SetLanguage, {"language": Language.KK})),
        Choice("2", "menu.russian", Leaf(SetLanguage, {"language": Language.RU})),
        Choice("3", "menu.english", Leaf(SetLanguage, {"language": Language.EN})),
    ),
)

MENU: Final = Menu(
    service_code="*100",
    service=account_basics.NAME,
    has_grammar=True,
    root=Options(
        "account",
        "",
        (
            Choice("1", "menu.charges", CHARGES),
            Choice("2", "menu.allowances", ALLOWANCES),
            Choice("3", "menu.language", LANGUAGE),
            Choice("4", "menu.premium", PREMIUM, word="PREMIUM"),
        ),
        lead=_balance,
    ),
)
