"""Every menu, one line each. A new service code adds its line here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ussd_menus.menu import Menu
from ussd_menus.menus import account, autopay, card_code, collect_call, home

MENUS: Final[tuple[Menu, ...]] = (
    account.MENU,
    card_code.MENU,
    home.MENU,
    collect_call.MENU,
    autopay.MENU,
)

#: Service code (``*100``) to menu.
BY_CODE: Final[Mapping[str, Menu]] = MappingProxyType({menu.service_code: menu for menu in MENUS})
