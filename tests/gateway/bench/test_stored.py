"""A store filled for a benchmark is a sound one."""

from pathlib import Path

import pytest

from gateway.bench import stored
from gateway.bench.numbers import msisdn_of
from rating.subscriber import Language
from storage.check import check
from storage.model import MessageState, main_account
from storage.store import Store
from storage.views import MessageFilter


def test_a_filled_store_holds_that_many_delivered_messages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stored, "_BATCH", 40)
    url = f"sqlite:///{tmp_path / 'filled.db'}"
    assert stored.fill(url, 100) > 0
    store = Store.open(url)
    try:
        kept = store.reads.messages(MessageFilter(limit=200))
        assert [message.state for message in kept] == [MessageState.DELIVERED] * 100
        assert not store.reads.pending_lanes()
        assert all(finding.ok for finding in check(store.reads))
    finally:
        store.close()


def test_subscribers_of_a_benchmark_have_languages_in_turn_and_a_balance_of_their_own(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'subscribers.db'}"
    stored.subscribe(url, 4)
    store = Store.open(url)
    try:
        with store.begin(now_us=0, wall_us=0) as uow:
            found = [uow.subscribers.get(msisdn_of(number)) for number in range(5)]
            balances = [uow.ledger.balance(main_account(msisdn_of(number))) for number in range(4)]
        languages = [each.language if each else None for each in found]
        assert languages == [Language.KK, Language.RU, Language.EN, Language.KK, None]
        assert [each and each.balance_tiyn for each in balances] == [0, 100, 200, 300]
        assert all(finding.ok for finding in check(store.reads))
    finally:
        store.close()
