"""``*111#``: the operator's home menu, which reaches every service (services.md)."""

from typing import Final

from rating.subscriber import Brand
from ussd_menus.facts import AT_HOME, of_brand
from ussd_menus.menu import Menu
from ussd_menus.menus.account import ALLOWANCES, BALANCE, CHARGES, LANGUAGE, PREMIUM
from ussd_menus.menus.autopay import AUTOPAY
from ussd_menus.menus.card_code import CARD_CODE
from ussd_menus.menus.collect_call import CALL_LISTS, COLLECT_CALL
from ussd_menus.menus.parking import PARKING
from ussd_menus.model import Choice, Options, Unconnected

MONEY: Final = Options(
    "money",
    "menu.money",
    (
        Choice("1", "menu.balance", BALANCE),
        Choice("2", "menu.charges", CHARGES),
        Choice("3", "menu.allowances", ALLOWANCES),
        Choice("4", "menu.card_code", CARD_CODE),
        Choice("5", "menu.autopay", AUTOPAY),
        Choice("6", "menu.bank", Unconnected("menu.bank")),
        Choice("7", "menu.bank_voice", Unconnected("menu.bank_voice")),
        Choice("8", "menu.channels", Unconnected("menu.channels")),
    ),
)

CALLS: Final = Options(
    "calls",
    "menu.calls",
    (
        Choice("1", "menu.collect_call", COLLECT_CALL, AT_HOME),
        Choice("2", "menu.call_lists", CALL_LISTS),
    ),
)

NUMBERS: Final = Options(
    "numbers",
    "menu.short_numbers",
    (
        Choice("1", "menu.premium", PREMIUM),
        Choice("2", "menu.price", Unconnected("menu.price")),
        Choice("3", "menu.fraud", Unconnected("menu.fraud")),
    ),
)

MENU: Final = Menu(
    service_code="*111",
    service="home",
    root=Options(
        "home",
        "menu.home",
        (
            Choice("1", "menu.money", MONEY),
            Choice("2", "menu.calls", CALLS),
            Choice("3", "menu.parking", PARKING, of_brand(Brand.ACTIV)),
            Choice("4", "menu.short_numbers", NUMBERS),
            Choice("5", "menu.language", LANGUAGE),
            Choice("6", "menu.business", Unconnected("menu.business")),
        ),
    ),
)
