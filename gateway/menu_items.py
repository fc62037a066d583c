"""What the dynamic lists of the menus show to one subscriber: their cards, their AutoPay rules."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from rating.msisdn import Msisdn
from storage.unit_of_work import UnitOfWork
from ussd_menus.facts import CARDS, RULES, Item
from ussd_menus.items import card_items, rule_items

#: Source of a list -> how it is read.
_SOURCES: Final[Mapping[str, Callable[[Msisdn, UnitOfWork], tuple[Item, ...]]]] = MappingProxyType(
    {
        CARDS: lambda msisdn, uow: card_items(uow.cards.of(msisdn)),
        RULES: lambda msisdn, uow: rule_items(uow.autopay.of(msisdn)),
    }
)


def items_of(msisdn: Msisdn, uow: UnitOfWork) -> Callable[[str], tuple[Item, ...]]:
    """For ``Facts.items``: nothing is read before a list is asked for. An unknown source has no lines."""

    def items(source: str) -> tuple[Item, ...]:
        read = _SOURCES.get(source)
        return read(msisdn, uow) if read else ()

    return items
