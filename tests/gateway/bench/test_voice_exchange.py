"""The calls of the voice benchmark are whole calls, on a store that is in order afterwards."""

from pathlib import Path

from gateway.bench.voice_callers import Carried, Order
from gateway.bench.voice_exchange import Rig, with_rig
from gateway.bench.voice_subscribers import store_callers
from storage.call_model import Cause
from storage.call_views import CallFilter
from storage.check import check
from storage.store import Store

PAIRS = 4


async def call(rig: Rig) -> Carried:
    """Each pair calls twice, and in the end all but one hang up."""
    await rig.callers.carry(Order(count=2 * PAIRS, at_once=PAIRS, pairs=PAIRS))
    await rig.callers.carry(Order(count=PAIRS, at_once=PAIRS, pairs=PAIRS, ends=False))
    return await rig.callers.carry(Order(count=PAIRS - 1, at_once=1, pairs=PAIRS - 1, begins=False))


def test_every_call_is_charged_and_what_is_open_at_the_end_is_ended(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bench.db'}"
    store_callers(url, 2 * PAIRS)
    assert with_rig(url, PAIRS, call).whole().done == PAIRS - 1
    store = Store.open(url)
    try:
        calls = store.reads.calls(CallFilter(limit=100))
        causes = sorted(call.ended for call in calls)
        assert causes == [Cause.HANGUP] * (3 * PAIRS - 1) + [Cause.NETWORK]
        assert all(call.charge_tiyn > 0 for call in calls)
        assert [each for each in check(store.reads) if not each.ok] == []
    finally:
        store.close()


def test_the_writers_share_is_measured(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bench.db'}"
    store_callers(url, 2)

    async def measured(rig: Rig) -> tuple[float, int, int]:
        before = rig.writer.works
        (await rig.callers.carry(Order(count=3, at_once=1, pairs=1))).whole()
        return rig.writer.cpu_s, rig.writer.works - before, rig.writer.batches

    cpu_s, works, batches = with_rig(url, 1, measured)
    assert cpu_s > 0
    assert works >= 18, "a call is dial, name, alerting, answer, key and hang-up"
    assert batches > 0
