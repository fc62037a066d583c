"""``*133#`` asks whom to call at their expense; ``*133*77XXXXXXXXX#`` says so (services.md section 7).

The lists are filled by SMS to 6010; here they are shown, and the active one is chosen.
"""

from typing import Final

from handlers import collect_call
from handlers.collect_call import CallBack
from handlers.collect_lists import ActivateList, ShowListed
from storage.call_model import CollectList
from ussd_menus.menu import Menu
from ussd_menus.model import Ask, Choice, Leaf, Options

COLLECT_CALL: Final = Ask("collect_call", "menu.ask_number", "number", "msisdn", Leaf(CallBack))

CALL_LISTS: Final = Options(
    "call_lists",
    "menu.call_lists",
    (
        Choice("1", "menu.list_black", Leaf(ShowListed, {"which": CollectList.BLACK})),
        Choice("2", "menu.list_white", Leaf(ShowListed, {"which": CollectList.WHITE})),
        Choice("3", "menu.list_friends", Leaf(ShowListed, {"which": CollectList.FRIENDS})),
        Choice("4", "menu.list_black_on", Leaf(ActivateList, {"which": CollectList.BLACK})),
        Choice("5", "menu.list_white_on", Leaf(ActivateList, {"which": CollectList.WHITE})),
    ),
)

MENU: Final = Menu(service_code="*133", service=collect_call.NAME, root=COLLECT_CALL)
