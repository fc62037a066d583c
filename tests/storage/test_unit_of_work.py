"""What is read, what is buffered, and what a commit or the lack of one means."""

from dataclasses import replace

import pytest

from rating.subscriber import Language, Status
from storage.check import check
from storage.errors import Broken, StoreError
from storage.model import Attempts, Job, main_account
from storage.needs import Needs
from storage.store import Store
from tests.storage.databases import Database
from tests.storage.rows import (
    ALIYA,
    BOLAT,
    FACE_TIYN,
    HOUR_US,
    NOW_US,
    REVENUE,
    digest,
    inbox,
    live_a_little,
    message,
    open_subscriber,
    pay,
    promise,
    subscriber,
    work,
)


def test_leaving_without_commit_leaves_nothing(store: Store, database: Database) -> None:
    """Not a row, not a number: the next unit of work starts where the last commit ended."""
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        open_subscriber(uow)
        uow.messages.add(message("mt1"), promise("mt1"))
        uow.settings.put("a", "b")
    with pytest.raises(ZeroDivisionError):
        _fail_in_the_middle(store)
    for table in ("subscriber", "account", "journal", "posting", "message", "outbox", "setting"):
        assert database.scalar(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 (a constant)
    with work(store) as uow:
        open_subscriber(uow)
    assert store.reads.journal_head().seq == 1


def test_a_refused_commit_leaves_nothing_and_the_next_one_works(store: Store, database: Database) -> None:
    live_a_little(store)
    before = database.scalar("SELECT count(*) FROM journal")
    with store.begin(now_us=NOW_US + HOUR_US, wall_us=NOW_US) as uow:
        uow.ledger.post(pay(main_account(ALIYA), REVENUE, 5))
        uow.messages.add(message("mt1"), promise("mt1"))
        with pytest.raises(Broken):
            uow.commit()
        with pytest.raises(StoreError, match="ended"):
            uow.commit()
    assert database.scalar("SELECT count(*) FROM journal") == before
    with work(store, NOW_US + HOUR_US) as uow:
        uow.ledger.post(pay(main_account(ALIYA), REVENUE, 5))
    assert database.scalar("SELECT count(*) FROM journal") == before + 1  # type: ignore[operator]  # an int


def test_a_second_unit_of_work_cannot_begin_inside_one(store: Store) -> None:
    """There is one writer; a nested transaction would be a bug above."""
    with work(store) as uow:
        with pytest.raises(StoreError), store.begin(now_us=NOW_US, wall_us=NOW_US):
            pass
        uow.settings.put("still", "works")
    assert store.reads.setting("still") == "works"


def test_subscribers_are_added_read_and_changed(store: Store) -> None:
    with work(store) as uow:
        assert uow.subscribers.get(ALIYA) is None
        uow.subscribers.add(replace(subscriber(), owner_name="Әлия \u0130", roaming=True))
        uow.subscribers.put(replace(subscriber(), owner_name="Әлия", status=Status.DEBT))
        with pytest.raises(Broken):
            uow.subscribers.add(subscriber())
    with work(store) as uow:
        found = uow.subscribers.get(ALIYA)
        assert found == replace(subscriber(), owner_name="Әлия", status=Status.DEBT)
        uow.subscribers.put(replace(found, language=Language.KK, premium_barred=True))
    with work(store) as uow:
        changed = uow.subscribers.get(ALIYA)
        assert changed == replace(found, language=Language.KK, premium_barred=True)


def test_prefetched_and_lazy_reads_agree(lived_in: Store) -> None:
    """Only speed depends on what was asked for in advance."""
    needs = Needs(
        msisdns=frozenset({ALIYA, BOLAT}),
        accounts=frozenset({main_account(ALIYA), main_account(BOLAT), REVENUE}),
        voucher_digests=frozenset({digest("batch1-0"), digest("batch1-1"), digest("nothing")}),
        attempts=frozenset({("voucher", ALIYA)}),
        inbox=frozenset({("handset", "key1"), ("handset", "key2"), ("handset", "key9")}),
        messages=frozenset({"mo1", "mt1", "mt9"}),
    )
    seen = []
    for asked in (needs, Needs()):
        with lived_in.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
            uow.prefetch(asked)
            seen.append(
                [
                    *(uow.subscribers.get(msisdn) for msisdn in (ALIYA, BOLAT)),
                    *(uow.ledger.balance(account) for account in (main_account(ALIYA), REVENUE)),
                    *(uow.vouchers.by_digest(d) for d in sorted(needs.voucher_digests)),
                    *(uow.inbox.get("handset", key) for key in ("key1", "key2", "key9")),
                    *(uow.messages.get(number) for number in ("mo1", "mt1", "mt9")),
                ]
            )
    assert seen[0] == seen[1]
    assert [row is None for row in seen[0]].count(True) == 3


@pytest.mark.parametrize("count", [0, 1, 2, 8, 9, 64, 65, 256, 257, 600])
def test_prefetching_any_number_of_keys_finds_all_of_them(store: Store, count: int) -> None:
    """Lookups come in fixed sizes; no size loses or invents a row."""
    with work(store) as uow:
        for number in range(count):
            uow.settings.put(f"name{number}", str(number))
            uow.attempts.put(Attempts(kind="k", subject=str(number), times_us=(number,)))
    keys = frozenset(("k", str(number)) for number in range(-1, count))
    with work(store) as uow:
        uow.prefetch(Needs(attempts=keys))
        assert [uow.attempts.get("k", str(n)).times_us for n in range(count)] == [(n,) for n in range(count)]
        assert uow.attempts.get("k", "-1") == Attempts(kind="k", subject="-1")


def test_attempts_are_replaced(store: Store) -> None:
    first = Attempts(kind="voucher", subject=ALIYA, times_us=(1, 2), locked_until_us=0)
    with work(store) as uow:
        uow.attempts.put(first)
        assert uow.attempts.get("voucher", ALIYA) == first
    with work(store) as uow:
        assert uow.attempts.get("voucher", ALIYA) == first
        uow.attempts.put(replace(first, times_us=(), locked_until_us=99))
    with work(store) as uow:
        assert uow.attempts.get("voucher", ALIYA) == replace(first, times_us=(), locked_until_us=99)
        assert uow.attempts.get("voucher", BOLAT).times_us == ()


def test_an_inbox_key_is_kept_once_and_as_it_was(store: Store) -> None:
    row = inbox("key1", message_id="mo1")
    with work(store) as uow:
        assert uow.inbox.get("handset", "key1") is None
        uow.inbox.add(row)
        with pytest.raises(Broken):
            uow.inbox.add(row)
        assert uow.inbox.get("handset", "key1") == row
    with work(store) as uow:
        assert uow.inbox.get("handset", "key1") == row
        assert uow.inbox.get("other", "key1") is None
        with pytest.raises(Broken):
            uow.inbox.add(row)


def test_the_inbox_of_a_source_since_a_moment_is_in_order(store: Store) -> None:
    """Stored rows and those of this unit of work together."""
    with work(store) as uow:
        for number in (3, 1, 2):
            uow.inbox.add(inbox(f"key{number}", wall_us=NOW_US + number))
        uow.inbox.add(inbox("key7", wall_us=NOW_US + 7)._replace(source="other"))
    with work(store) as uow:
        uow.inbox.add(inbox("key4", wall_us=NOW_US + 4))
        found = uow.inbox.of_source("handset", NOW_US + 2)
        assert [row.key for row in found] == ["key2", "key3", "key4"]


def test_settings_are_replaced(store: Store) -> None:
    with work(store) as uow:
        assert uow.settings.get("clock") is None
        uow.settings.put("clock", "real")
        uow.settings.put("clock", "virtual")
        assert uow.settings.get("clock") == "virtual"
    with work(store) as uow:
        assert uow.settings.get("clock") == "virtual"
        uow.settings.put("clock", "real")
    assert store.reads.setting("clock") == "real"
    assert store.reads.setting("other") is None


def test_numbers_go_on_after_a_reopening(database: Database) -> None:
    """Journal, accounts, message positions and job ids continue; nothing is lost."""
    first = database.open()
    live_a_little(first)
    before = (first.reads.trial_balance(), first.reads.message("mt1"), first.reads.journal_head())
    first.close()
    second = database.open()
    assert (second.reads.trial_balance(), second.reads.message("mt1"), second.reads.journal_head()) == before
    with work(second) as uow:
        uow.jobs.put(Job(kind="k", key="new", due_us=1, payload={}))
        promised = uow.messages.add(message("mt2"), promise("mt2"))
        uow.ledger.post(pay(main_account(ALIYA), REVENUE, 5))
        assert promised is not None
        assert promised.position == 3
        assert [job.id for job in uow.jobs.due(NOW_US, 9)] == [2]
    assert second.reads.journal_head().seq == before[2].seq + 1
    assert all(finding.ok for finding in check(second.reads))
    second.close()


def test_reset_empties_everything_and_the_guards_are_back(lived_in: Store, database: Database) -> None:
    lived_in.reset()
    assert lived_in.reads.trial_balance() == []
    assert lived_in.reads.journal_head().seq == 0
    assert lived_in.reads.subscriber(ALIYA) is None
    assert lived_in.reads.pending() == []
    assert lived_in.reads.setting("clock") is None
    live_a_little(lived_in, "session2")
    view = lived_in.reads.subscriber(ALIYA)
    assert view is not None
    assert view.balances.main_tiyn == 2 * FACE_TIYN - 1500
    with pytest.raises(Exception, match="a balance changes only by a posting"):
        database.tamper("UPDATE account SET balance = balance + 1")


def test_a_reset_keeps_the_sessions_that_are_open(lived_in: Store) -> None:
    """Their connections live on; a restart has to know that they died with it."""
    with work(lived_in) as uow:
        uow.binds.opened("session0", "handset", NOW_US)
        uow.binds.closed("session0", "connection lost", NOW_US)
    lived_in.reset()
    assert lived_in.reads.dead_binds(0) == ["session1"]


def _fail_in_the_middle(store: Store) -> None:
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        open_subscriber(uow)
        raise ZeroDivisionError
