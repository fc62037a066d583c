"""What a menu knows of the subscriber who dialled: handed in with every step, never looked up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from handlers.base.outcome import Text
from rating.subscriber import Billing, Brand, Language, Status

#: Sources of lists: the subscriber's bank cards that can pay, and the AutoPay rules that can be switched.
CARDS: Final = "cards"
RULES: Final = "rules"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a dynamic list. ``value`` names the thing for good; its place in the list may change."""

    value: str
    label: Text


def _no_items(_source: str) -> tuple[Item, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The subscriber as the writer read it in the same transaction.

    ``items`` gives the lines of a dynamic list by the name of its source (``Pick.source``); it is asked
    only for lists that are shown, or that a way through the menu depends on.
    """

    language: Language
    billing: Billing
    brand: Brand
    status: Status = Status.ACTIVE
    roaming: bool = False
    items: Callable[[str], tuple[Item, ...]] = _no_items


@dataclass(frozen=True, slots=True)
class Guard:
    """Who sees a choice. ``name`` stands in the diagrams."""

    name: str
    holds: Callable[[Facts], bool]


PREPAID = Guard("prepaid only", lambda facts: facts.billing is Billing.PREPAID)
AT_HOME = Guard("not in roaming", lambda facts: not facts.roaming)
ACTIVE = Guard("active only", lambda facts: facts.status is Status.ACTIVE)


def of_brand(brand: Brand) -> Guard:
    """Only for subscribers of this brand."""
    return Guard(f"{brand} only", lambda facts: facts.brand is brand)


def all_of(*guards: Guard) -> Guard:
    """For those whom every one of the guards lets see it."""
    return Guard(", ".join(each.name for each in guards), lambda facts: all(g.holds(facts) for g in guards))
