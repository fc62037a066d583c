"""``*911#``, whose branch 2 tops up by AutoPay: ``*911*2*1#`` to ``*911*2*3#`` (services.md section 6)."""

from typing import Final

from ussd_menus.menu import Menu
from ussd_menus.menus.account import BALANCE
from ussd_menus.menus.card_code import CARD_CODE
from ussd_menus.model import Choice, Options, Unconnected

_SERVICE: Final = Unconnected("menu.autopay")

AUTOPAY: Final = Options(
    "autopay",
    "menu.autopay",
    (
        Choice("1", "menu.autopay_rules", _SERVICE),
        Choice("2", "menu.autopay_own", _SERVICE),
        Choice("3", "menu.autopay_friend", _SERVICE),
    ),
)

MENU: Final = Menu(
    service_code="*911",
    service="autopay",
    root=Options(
        "payments",
        "menu.payments",
        (
            Choice("1", "menu.balance", BALANCE),
            Choice("2", "menu.autopay", AUTOPAY),
            Choice("3", "menu.card_code", CARD_CODE),
        ),
    ),
)
