"""A store filled for a benchmark is a sound one."""

from pathlib import Path

import pytest

from gateway.bench import stored
from storage.check import check
from storage.model import MessageState
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
