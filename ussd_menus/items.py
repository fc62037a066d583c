"""The lines of dynamic lists: what a subscriber's cards and rules are called on a screen."""

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from handlers.base.autopay_rules import when
from handlers.base.outcome import Text
from rating.money import Money
from storage.bank_model import AutoPayRule, Card, CardState, RuleState
from ussd_menus.facts import Item

#: A rule that a friend has declined cannot be switched, so it is not among these.
_STATES: Final[Mapping[RuleState, str]] = MappingProxyType(
    {
        RuleState.ON: "menu.autopay_is_on",
        RuleState.OFF: "menu.autopay_is_off",
        RuleState.PAUSED: "menu.autopay_is_paused",
    }
)


def card_items(cards: Iterable[Card]) -> tuple[Item, ...]:
    """Those that can pay, by their last four digits; by six where four are not enough."""
    active = [card for card in cards if card.state is CardState.ACTIVE]
    alike = Counter(card.last4 for card in active)
    return tuple(_card(card, card.last6 if alike[card.last4] > 1 else card.last4) for card in active)


def _card(card: Card, digits: str) -> Item:
    return Item(card.id, Text("menu.autopay_card", {"digits": digits}))


def rule_items(rules: Iterable[AutoPayRule]) -> tuple[Item, ...]:
    """Those that can be switched, newest first, what is off last. They are given oldest first."""
    found = [rule for rule in rules if rule.state in _STATES][::-1]
    found.sort(key=lambda rule: rule.state is RuleState.OFF)
    return tuple(Item(rule.id, _rule(rule)) for rule in found)


def _rule(rule: AutoPayRule) -> Text:
    state = Text(_STATES[rule.state])
    params = {"state": state, "amount": Money(rule.amount_tiyn), "number": rule.target, "when": when(rule)}
    return Text("menu.autopay_rule", params)
