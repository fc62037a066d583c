"""Readers: from any thread, one moment each, never writing."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event, text

from rating.msisdn import Msisdn
from storage.binds import UNBOUND
from storage.errors import StoreUnavailable
from storage.model import AccountKind, AccountRef, Dialogue, DialogueTurn, main_account
from storage.store import Store
from storage.unit_of_work import UnitOfWork
from storage.views import DialogueFilter
from tests.storage.databases import sqlite_database
from tests.storage.rows import ALIYA, BOLAT, FACE_TIYN, NOW_US, OPENING, REVENUE, open_subscriber, pay, work


def test_a_subscriber_comes_with_all_balances(lived_in: Store) -> None:
    with work(lived_in) as uow:
        bonus, parking = (AccountRef(kind, ALIYA) for kind in (AccountKind.BONUS, AccountKind.PARKING))
        uow.ledger.open(bonus)
        uow.ledger.open(parking)
        uow.ledger.post(pay(OPENING, bonus, 7))
        uow.ledger.post(pay(OPENING, parking, 8))
    view = lived_in.reads.subscriber(ALIYA)
    assert view is not None
    assert view.subscriber.msisdn == ALIYA
    money = view.balances
    assert (money.main_tiyn, money.held_tiyn) == (2 * FACE_TIYN - 1500, 1000)
    assert (money.bonus_tiyn, money.parking_tiyn, money.credit_limit_tiyn) == (7, 8, 0)
    assert lived_in.reads.subscriber(Msisdn("77770000000")) is None


def test_history_is_every_account_of_the_subscriber_newest_first(lived_in: Store) -> None:
    with work(lived_in, NOW_US + 9) as uow:
        bonus = AccountRef(AccountKind.BONUS, ALIYA)
        uow.ledger.open(bonus)
        uow.ledger.post(pay(OPENING, bonus, 7, "gift"))
        uow.ledger.post(pay(main_account(BOLAT), REVENUE, 1, "not hers"))
        uow.ledger.post(pay(main_account(ALIYA), bonus, 20, "moved"))
    found = lived_in.reads.history(ALIYA)
    assert [(m.seq, m.reason, m.account, m.amount_tiyn) for m in found] == [
        (8, "moved", f"bonus:{ALIYA}", 20),
        (8, "moved", f"main:{ALIYA}", -20),
        (6, "gift", f"bonus:{ALIYA}", 7),
        (5, "call", f"main:{ALIYA}", -1500),
        (4, "voucher.redeem", f"main:{ALIYA}", FACE_TIYN),
        (1, "subscriber.opening", f"main:{ALIYA}", FACE_TIYN),
    ]
    assert found[0].op_us == NOW_US + 9
    assert found[0].source == "source"
    assert found[3].balance_after_tiyn == 2 * FACE_TIYN - 1500
    assert lived_in.reads.history(ALIYA, 2) == found[:2]
    assert lived_in.reads.history(ALIYA, 4) == found[:4]
    assert lived_in.reads.history(Msisdn("77770000000")) == []


def test_a_long_history_is_walked_no_further_than_asked(store: Store) -> None:
    with work(store) as uow:
        open_subscriber(uow)
        for number in range(500):
            uow.ledger.post(pay(main_account(ALIYA), REVENUE, 1, f"call{number}"))
    assert [m.reason for m in store.reads.history(ALIYA, 3)] == ["call499", "call498", "call497"]
    assert len(store.reads.history(ALIYA, 1000)) == 501


def test_binds_that_died_are_those_that_never_closed_or_not_by_unbind(store: Store) -> None:
    with work(store) as uow:
        for number, name in enumerate(("open", "unbound", "lost", "lost long ago")):
            uow.binds.opened(name, "handset", NOW_US + number)
        uow.binds.closed("unbound", UNBOUND, NOW_US + 50)
        uow.binds.closed("lost", "connection lost", NOW_US + 50)
        uow.binds.closed("lost long ago", "connection lost", NOW_US + 10)
    assert store.reads.dead_binds(NOW_US + 50) == ["open", "lost"]


def test_readers_in_many_threads_see_whole_transactions_only(store: Store) -> None:
    """While the writer moves money to and fro, every reader's trial balance sums to zero."""
    with work(store) as uow:
        open_subscriber(uow)

    def read(_: int) -> int:
        return sum(balance for _, balance in store.reads.trial_balance())

    with ThreadPoolExecutor(6) as pool:
        sums = [pool.map(read, range(20)) for _ in range(2)]
        for number in range(1, 30):
            with work(store, NOW_US + number) as uow:
                uow.ledger.post(pay(main_account(ALIYA), REVENUE, number))
        assert {value for each in sums for value in each} == {0}


def test_a_reader_cannot_write(store: Store) -> None:
    """query_only on SQLite, a read-only transaction on PostgreSQL."""
    with pytest.raises(StoreUnavailable), store.reads.transaction() as connection:
        connection.execute(text("INSERT INTO setting VALUES ('a', 'b')"))
    assert store.reads.setting("a") is None


def test_a_reader_keeps_its_moment_while_the_writer_goes_on(store: Store) -> None:
    """The check needs one consistent moment across many queries."""
    with work(store) as uow:
        uow.settings.put("a", "before")
    read = text("SELECT value FROM setting")
    with store.reads.transaction() as connection:
        assert connection.execute(read).scalar() == "before"
        with work(store) as uow:
            uow.settings.put("a", "after")
        assert connection.execute(read).scalar() == "before"
    assert store.reads.setting("a") == "after"


def talk(uow: UnitOfWork, number: int, msisdn: Msisdn = ALIYA, code: str = "*100", ended: str = "") -> None:
    """Dialogue ``talk1`` and so on, opened at the unit's time: something typed, something shown."""
    opened = Dialogue(
        id=f"talk{number}",
        msisdn=msisdn,
        number=number,
        owner="menu",
        service_code=code,
        account="handset",
        session_id="session",
        opened_us=uow.now_us,
        ended=ended,
    )
    uow.dialogues.begin(opened)
    for place, operation in enumerate(("PSSR_INDICATION", "USSR_REQUEST")):
        uow.dialogues.said(DialogueTurn(opened.id, place, uow.now_us, operation, f"text {number}", 6, "note"))


@pytest.fixture
def talkative(store: Store) -> Store:
    """Four dialogues, the last two at the same time: of Aliya all but the second, of Bolat that one."""
    for number, ended in ((1, "completed"), (2, "")):
        with work(store, NOW_US + number) as uow:
            talk(uow, number, (BOLAT if number == 2 else ALIYA), ended=ended)
    with work(store, NOW_US + 3) as uow:
        talk(uow, 3, code="*555#", ended="no answer in time")
        talk(uow, 4, code="*1001")
    return store


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (DialogueFilter(), [4, 3, 2, 1]),
        (DialogueFilter(limit=2), [4, 3]),
        (DialogueFilter(msisdn=ALIYA), [4, 3, 1]),
        (DialogueFilter(msisdn=ALIYA, limit=1), [4]),
        (DialogueFilter(msisdn="77770000000"), []),
        (DialogueFilter(is_open=True), [4, 2]),
        (DialogueFilter(is_open=True, msisdn=BOLAT), [2]),
        (DialogueFilter(is_open=True, since_us=NOW_US + 3), [4]),
        (DialogueFilter(is_open=False), [3, 1]),
        (DialogueFilter(service_code="*100"), [2, 1]),
        (DialogueFilter(service_code="*100#"), [2, 1]),
        (DialogueFilter(service_code="*555"), [3]),
        (DialogueFilter(service_code="*555#", is_open=True), []),
        (DialogueFilter(since_us=NOW_US + 2), [4, 3, 2]),
        (DialogueFilter(msisdn=ALIYA, service_code="*100", is_open=False, since_us=NOW_US + 1), [1]),
    ],
)
def test_dialogues_are_found_newest_first(
    talkative: Store, wanted: DialogueFilter, numbers: list[int]
) -> None:
    """Of two that were opened at the same time the greater id is the newer one."""
    assert [each.dialogue.number for each in talkative.reads.dialogues(wanted)] == numbers


def test_a_dialogue_comes_with_its_own_turns_in_order(talkative: Store) -> None:
    """The same in the list and by its id."""
    listed = {each.dialogue.id: each for each in talkative.reads.dialogues(DialogueFilter())}
    for number in range(1, 5):
        view = talkative.reads.dialogue(f"talk{number}")
        assert view is not None
        assert view == listed[f"talk{number}"]
        assert [(turn.number, turn.operation, turn.text) for turn in view.turns] == [
            (0, "PSSR_INDICATION", f"text {number}"),
            (1, "USSR_REQUEST", f"text {number}"),
        ]
    assert talkative.reads.dialogue("talk5") is None


def test_after_a_reset_there_are_no_dialogues(talkative: Store) -> None:
    talkative.reset()
    assert talkative.reads.dialogues(DialogueFilter()) == []


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (DialogueFilter(), "dialogue_opened_us_ix"),
        (DialogueFilter(msisdn=ALIYA), "dialogue_msisdn_ix"),
        (DialogueFilter(is_open=True), "dialogue_open_ix"),
    ],
)
def test_finding_dialogues_walks_an_index_and_not_the_table(
    tmp_path: Path, wanted: DialogueFilter, index: str
) -> None:
    """SQLite says so; PostgreSQL decides by the size of the table. Few dialogues are open of very many."""
    store = sqlite_database(tmp_path).open()
    asked: list[tuple[str, tuple[object, ...]]] = []
    engine = store.reads._engine
    event.listen(engine, "before_cursor_execute", lambda _c, _u, sql, given, *_: asked.append((sql, given)))
    store.reads.dialogues(wanted)
    sql, given = next(each for each in asked if "FROM dialogue" in each[0])
    with store.reads.transaction() as connection:
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given)]
    store.close()
    assert any(index in step for step in steps)
    assert [step for step in steps if step.startswith("SCAN") and "INDEX" not in step] == []
