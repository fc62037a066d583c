"""``*110#`` asks for the code of a scratch card; ``*110*CODE#`` has it already (services.md section 2)."""

from typing import Final

from handlers import scratch_cards
from handlers.scratch_cards import RedeemVoucher
from ussd_menus.menu import Menu
from ussd_menus.model import Ask, Leaf

CARD_CODE: Final = Ask("card_code", "menu.ask_code", "code", "voucher_code", Leaf(RedeemVoucher), secret=True)

MENU: Final = Menu(service_code="*110", service=scratch_cards.NAME, has_grammar=True, root=CARD_CODE)
