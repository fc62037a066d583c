"""Large batches: each database has its own quick way for many rows, and all of them must count right."""

import pytest

from storage.errors import Broken
from storage.model import Balance, Hold, HoldState, Job, MessageState, main_account
from storage.store import Store
from tests.storage.databases import Database
from tests.storage.rows import (
    ALIYA,
    FACE_TIYN,
    NOW_US,
    REVENUE,
    digest,
    hold,
    inbox,
    message,
    open_subscriber,
    pay,
    print_vouchers,
    promise,
    redeem,
    work,
)

#: Around the sizes at which a database changes its way (8, 32), and well past them.
COUNTS = pytest.mark.parametrize("count", [1, 7, 8, 9, 31, 32, 33, 65, 130])


@COUNTS
def test_every_redemption_of_a_batch_is_kept(store: Store, count: int) -> None:
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 0)
        print_vouchers(uow, 130)
    with work(store) as uow:
        for number in range(count):
            redeem(uow, f"batch1-{number}")
            uow.inbox.add(inbox(f"key{number}"))
    with work(store) as uow:
        assert uow.ledger.balance(main_account(ALIYA)) == Balance(count * FACE_TIYN)
        used = [uow.vouchers.by_digest(digest(f"batch1-{number}")) for number in range(count)]
        assert sorted(v.redeemed_seq or 0 for v in used if v is not None) == list(range(2, count + 2))
        assert uow.inbox.get("handset", f"key{count - 1}") is not None


@COUNTS
def test_every_message_of_a_batch_ends(store: Store, database: Database, count: int) -> None:
    """Some are read first, some not; one of them was final already."""
    with work(store) as uow:
        for number in range(count + 1):
            uow.messages.add(message(f"mt{number}"), promise(f"mt{number}"))
        uow.messages.finish("mt0", MessageState.EXPIRED)
    with work(store, NOW_US + 1) as uow:
        for number in range(count):
            uow.messages.retry(f"mt{number + 1}", due_us=NOW_US + 9, error="busy")
    assert database.scalar("SELECT count(*) FROM outbox WHERE attempts = 1") == count
    with work(store, NOW_US + 2) as uow:
        for number in range(count + 1):
            uow.messages.finish_unread(f"mt{number}", MessageState.DELIVERED)
    assert database.scalar("SELECT count(*) FROM outbox") == 0
    assert database.scalar("SELECT count(*) FROM message WHERE state = 'DELIVERED'") == count
    assert database.scalar("SELECT count(*) FROM message WHERE state = 'EXPIRED'") == 1


@COUNTS
def test_every_hold_of_a_batch_resolves(store: Store, count: int) -> None:
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 10_000)
        for number in range(count):
            uow.ledger.hold(hold(f"hold{number}", 10))
    with work(store) as uow:
        assert uow.ledger.balance(main_account(ALIYA)) == Balance(10_000, 10 * count)
        for number in range(count):
            uow.ledger.void(f"hold{number}", expired=True)
    with work(store) as uow:
        assert uow.ledger.balance(main_account(ALIYA)) == Balance(10_000)
        found = [uow.ledger.hold_of(f"hold{number}") for number in range(count)]
        assert {each.state for each in found if isinstance(each, Hold)} == {HoldState.EXPIRED}


@COUNTS
def test_every_job_of_a_batch_moves_and_goes(store: Store, database: Database, count: int) -> None:
    def put(due_us: int) -> None:
        with work(store) as uow:
            for number in range(count):
                uow.jobs.put(Job(kind="k", key=str(number), due_us=due_us, payload={}))

    put(10)
    put(20)
    assert database.scalar("SELECT count(*) FROM job WHERE due_us = 20") == count
    with work(store) as uow:
        for number, job in enumerate(uow.jobs.due(20, 999)):
            if number % 2:
                uow.jobs.cancel(job.key)
            else:
                uow.jobs.done(job)
    assert database.scalar("SELECT count(*) FROM job") == 0


@pytest.mark.parametrize("count", [3, 40])
def test_one_bad_row_among_many_takes_the_batch_with_it(store: Store, database: Database, count: int) -> None:
    """Whichever way the rows went in."""
    with work(store) as uow:
        open_subscriber(uow)
        uow.messages.add(message("mt1"), promise("mt1"))
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        for number in range(count):
            uow.ledger.post(pay(main_account(ALIYA), REVENUE, 1))
            uow.messages.add(message(f"mt{number}"), promise(f"mt{number}"))
        with pytest.raises(Broken):
            uow.commit()
    assert database.scalar("SELECT count(*) FROM message") == 1
    assert store.reads.journal_head().seq == 1
