"""Every screen of a menu that anybody can reach, by typing all there is to type."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Final

from handlers.base.command import Channel, Origin
from handlers.base.outcome import Text
from rating.money import Money
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Language, Status
from tests.ussd_menus.toy import CARDS, CODE
from ussd_menus.engine import Close, Issue, Show, Turn, begin, step
from ussd_menus.facts import Facts, Item
from ussd_menus.menu import Menu

_AMOUNT: Final = Money(-99_999_999)
#: The longest that *100# can begin with.
_LINES: Final = tuple(
    Text(f"account.{kind}", {"amount": _AMOUNT}) for kind in ("balance", "bonus", "parking")
)
LONGEST_LEAD: Final = Text("account.balances", {"lines": _LINES})
#: Good and bad answers to every question, and every number of a short list.
_ANSWERS: Final = (*map(str, range(1, 12)), "77017654321", "500", CODE, "0", "00", "", "wrong", "98")


def _items(source: str) -> tuple[Item, ...]:
    return () if source == "nothing" else CARDS


def everybody(language: Language) -> Iterator[Facts]:
    """Subscribers of every kind that a guard can tell apart."""
    bare = Facts(language=language, billing=Billing.PREPAID, brand=Brand.ACTIV, items=_items)
    for billing, brand, status, roaming in product(Billing, Brand, Status, (False, True)):
        yield replace(bare, billing=billing, brand=brand, status=status, roaming=roaming)


def origin(menu: Menu) -> Origin:
    """Who dials."""
    msisdn = Msisdn("77011234567")
    return Origin(msisdn=msisdn, channel=Channel.USSD, service_code=menu.service_code, source_id="m")


def turns(menu: Menu, facts: Facts) -> Iterator[Turn]:
    """All turns that there are, the same screen with every reason too."""
    first = begin(menu, (), facts, origin(menu))
    assert first is not None
    yield first
    waiting, seen = [first], set()
    while waiting:
        shown = waiting.pop()
        if not isinstance(shown, Show) or _kind_of(shown) in seen:
            continue
        seen.add(_kind_of(shown))
        following = [step(menu, shown.state, typed, facts, origin(menu)) for typed in _ANSWERS]
        yield from following
        waiting += following


def _kind_of(shown: Show) -> tuple[str, int]:
    """What was answered on the way makes no other screen: each has an id of its own in its tree."""
    return shown.screen, shown.state.wrong


def texts(turn: Turn) -> tuple[Text, ...]:
    """What is shown of a turn; what a service answers to a command is the service's own test."""
    match turn:
        case Show(lead=None):
            return (turn.text,)
        case Show():
            return (turn.text, turn.under(LONGEST_LEAD))
        case Close():
            return (turn.text,)
        case Issue():
            return ()
