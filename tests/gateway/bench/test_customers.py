"""What the benchmarks of the bank store first is sound, and what a gateway would have made."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.bench import customers
from gateway.bench.numbers import msisdn_of
from storage.check import check
from storage.store import Store

DUE = datetime(2030, 1, 2, 5, tzinfo=UTC)
DUE_US = int(DUE.timestamp()) * 1_000_000


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(customers, "_BATCH", 4)
    return f"sqlite:///{tmp_path / 'filled.db'}"


def test_each_customer_has_money_on_a_card_with_the_known_digits(url: str) -> None:
    customers.store_customers(url, 10)
    store = Store.open(url)
    try:
        with store.begin(now_us=DUE_US, wall_us=DUE_US) as uow:
            (card,) = uow.cards.of(msisdn_of(9))
            balance = uow.ledger.balance(card.account)
        assert card.last4 == customers.DIGITS
        assert balance is not None
        assert balance.available_tiyn > 0
        assert all(finding.ok for finding in check(store.reads))
    finally:
        store.close()


def test_each_rule_is_due_then_and_pays_for_its_own_number(url: str) -> None:
    customers.store_customers(url, 3)
    customers.store_rules(url, 3, 7, 10_000, DUE)
    store = Store.open(url)
    try:
        with store.begin(now_us=DUE_US, wall_us=DUE_US) as uow:
            assert len(uow.jobs.due(DUE_US, 100)) == 7
            assert uow.jobs.due(DUE_US - 1, 100) == []
            assert uow.autopay.of(msisdn_of(2)) == ()
            (rule,) = uow.autopay.of(msisdn_of(3))
        assert (rule.target, rule.amount_tiyn, rule.due_us) == (msisdn_of(3), 10_000, DUE_US)
        assert all(finding.ok for finding in check(store.reads))
    finally:
        store.close()
