"""``*133#`` asks whom to call at their expense; ``*133*77XXXXXXXXX#`` says so (services.md section 7)."""

from typing import Final

from ussd_menus.menu import Menu
from ussd_menus.model import Ask, Unconnected

COLLECT_CALL: Final = Ask(
    "collect_call", "menu.ask_number", "number", "msisdn", Unconnected("menu.collect_call")
)

MENU: Final = Menu(service_code="*133", service="collect_call", root=COLLECT_CALL)
