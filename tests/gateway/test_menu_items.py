"""The lists of menus: what a subscriber reads of their cards and rules."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.menu_items import items_of
from gateway.texts import Catalog
from rating.msisdn import Msisdn
from rating.subscriber import Language
from storage.bank_model import AutoPayRule, Card, CardState, RuleKind, RuleState
from storage.store import Store
from storage.unit_of_work import UnitOfWork
from ussd_menus.facts import CARDS, RULES

CATALOG = Catalog.load()
ALIYA, BOLAT = Msisdn("77011234567"), Msisdn("77021234567")
CARD = Card(id="first", bank="halyk", pan_digest=b"1", last6="071234", msisdn=ALIYA, created_us=1)
RULE = AutoPayRule(
    id="daily", payer=ALIYA, target=ALIYA, card_id="first", kind=RuleKind.DAILY, amount_tiyn=50_000
)
Shown = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    """Puts cards and rules into a store, and gives a list: values and how they read in English."""
    store = Store.open(f"sqlite:///{tmp_path / 'items.db'}")

    def show(
        source: str, *, cards: tuple[Card, ...] = (CARD,), rules: tuple[AutoPayRule, ...] = ()
    ) -> list[tuple[str, str]]:
        with store.begin(now_us=1, wall_us=1) as uow:
            for card in cards:
                uow.cards.add(card)
            for rule in rules:
                uow.autopay.add(rule)
            return _read(source, uow)

    yield show
    store.close()


def _read(source: str, uow: UnitOfWork) -> list[tuple[str, str]]:
    items = items_of(ALIYA, uow)(source)
    return [(item.value, CATALOG.render(item.label, Language.EN)) for item in items]


def test_a_card_is_called_by_its_last_four_digits(shown: Shown) -> None:
    other = replace(CARD, id="second", pan_digest=b"2", last6="559876", created_us=2)
    assert shown(CARDS, cards=(CARD, other)) == [("first", "Card *1234"), ("second", "Card *9876")]


def test_cards_that_end_alike_are_told_apart_by_six(shown: Shown) -> None:
    other = replace(CARD, id="second", pan_digest=b"2", last6="151234", created_us=2)
    assert shown(CARDS, cards=(CARD, other)) == [("first", "Card *071234"), ("second", "Card *151234")]


def test_disabled_cards_and_those_of_others_are_not_among_them(shown: Shown) -> None:
    disabled = replace(CARD, id="second", pan_digest=b"2", state=CardState.DISABLED, created_us=2)
    others = replace(CARD, id="third", pan_digest=b"3", msisdn=BOLAT, created_us=3)
    assert shown(CARDS, cards=(CARD, disabled, others)) == [("first", "Card *1234")]


def test_rules_say_whether_they_are_on_what_they_pay_and_when(shown: Shown) -> None:
    rules = (
        RULE,
        RULE._replace(id="monthly", kind=RuleKind.MONTHLY, state=RuleState.OFF, created_us=1),
        RULE._replace(id="weekly", kind=RuleKind.WEEKLY, target=BOLAT, created_us=2),
        RULE._replace(
            id="limit", kind=RuleKind.LIMIT, limit_tiyn=30_000, state=RuleState.PAUSED, created_us=3
        ),
    )
    assert shown(RULES, rules=rules) == [
        ("limit", "paused: 500 KZT to 77011234567 when the balance is below 300 KZT"),
        ("weekly", "on: 500 KZT to 77021234567 every week"),
        ("daily", "on: 500 KZT to 77011234567 every day"),
        ("monthly", "off: 500 KZT to 77011234567 every month"),
    ]


def test_what_a_friend_has_declined_cannot_be_switched_and_is_not_listed(shown: Shown) -> None:
    assert shown(RULES, rules=(RULE._replace(target=BOLAT, state=RuleState.DECLINED),)) == []


def test_rules_of_others_for_this_number_are_theirs(shown: Shown) -> None:
    assert shown(RULES, rules=(RULE._replace(payer=BOLAT),)) == []


def test_a_source_that_nobody_knows_has_no_lines(shown: Shown) -> None:
    assert shown("parking") == []
