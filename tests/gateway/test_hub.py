"""One wake-up for all who wait for a commit."""

import asyncio

from gateway.hub import Hub


def test_a_publish_wakes_all_who_wait_and_nobody_who_comes_later() -> None:
    async def story() -> tuple[bool, bool, bool]:
        hub = Hub()
        first, second = hub.subscribe(), hub.subscribe()
        hub.publish()
        late = hub.subscribe()
        await asyncio.sleep(0)
        return first.done(), second.done(), late.done()

    assert asyncio.run(story()) == (True, True, False)


def test_a_publish_before_anybody_looks_is_not_missed() -> None:
    """Subscribe, look, wait: what is committed between the look and the wait wakes at once."""

    async def story() -> None:
        hub = Hub()
        waiter = hub.subscribe()
        hub.publish()
        await asyncio.wait_for(waiter, 0.001)

    asyncio.run(story())


def test_who_has_dropped_out_is_not_kept_and_does_not_disturb() -> None:
    async def story() -> int:
        hub = Hub()
        gone, cancelled, stays = hub.subscribe(), hub.subscribe(), hub.subscribe()
        hub.drop(gone)
        cancelled.cancel()
        hub.publish()
        hub.publish()
        await stays
        return len(hub._waiters)

    assert asyncio.run(story()) == 0
