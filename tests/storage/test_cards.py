"""Cards and what happens to them: found by every name they have, settled once."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from storage.bank_model import Card, CardEventKind, CardState, CardTransaction, TransactionState
from storage.card_transactions import _PAID
from storage.errors import Broken
from storage.model import Balance, main_account
from storage.needs import Needs
from storage.sqlite import _compile_lookup
from storage.store import Store
from storage.unit_of_work import UnitOfWork
from tests.storage.bank_rows import (
    CARD_TIYN,
    CLEARING,
    OPERATOR,
    approve,
    authorise,
    bank_a_little,
    card,
    open_card,
    top_up,
    void,
)
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, BOLAT, HOUR_US, NOW_US, digest, open_subscriber, work

DAY_US = 24 * HOUR_US


@pytest.fixture
def banked(store: Store) -> Store:
    """A subscriber without money, with a card of 100,000 tiyn."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 0)
        open_card(uow)
    return store


def test_a_card_is_found_by_id_holder_and_number_before_and_after_the_commit(store: Store) -> None:
    with work(store) as uow:
        assert (uow.cards.get("card1"), uow.cards.of(ALIYA), uow.cards.by_pan(digest("card1"))) == (
            None,
            (),
            None,
        )
        uow.cards.add(card())
        assert (uow.cards.get("card1"), uow.cards.by_pan(digest("card1"))) == (card(), card())
        assert uow.cards.of(ALIYA) == (card(),)
    with work(store) as uow:
        assert uow.cards.of(ALIYA) == (card(),)
        assert (uow.cards.get("card1"), uow.cards.by_pan(digest("card1"))) == (card(), card())
        assert (uow.cards.of(BOLAT), uow.cards.by_pan(digest("card2"))) == ((), None)


def test_the_cards_of_a_subscriber_come_oldest_first(store: Store) -> None:
    """By the moment of registration, then by id; new ones last."""
    old, young, same = card("z", created_us=1), card("b", created_us=3), card("a", created_us=3)
    with work(store) as uow:
        for each in (young, old, same):
            uow.cards.add(each)
    with work(store) as uow:
        uow.cards.add(card("new", created_us=9))
        assert [each.id for each in uow.cards.of(ALIYA)] == ["z", "a", "b", "new"]


def test_a_disabled_card_stays_disabled_and_keeps_all_else(banked: Store) -> None:
    with work(banked) as uow:
        uow.cards.put(replace(card(), state=CardState.DISABLED))
        assert uow.cards.of(ALIYA)[0].state is CardState.DISABLED
    with work(banked) as uow:
        assert uow.cards.by_pan(digest("card1")) == replace(card(), state=CardState.DISABLED)


@pytest.mark.parametrize(
    "wrong", [card("card2"), replace(card(), msisdn=BOLAT), replace(card(), pan_digest=b"x")]
)
def test_a_card_changes_neither_its_holder_nor_its_number(banked: Store, wrong: Card) -> None:
    with banked.begin(now_us=NOW_US, wall_us=NOW_US) as uow, pytest.raises(Broken):
        uow.cards.put(wrong)


@pytest.mark.parametrize("wrong", [card(), replace(card("card2"), pan_digest=digest("card1"))])
@pytest.mark.parametrize("committed", [True, False])
def test_one_number_is_one_card(store: Store, wrong: Card, committed: bool) -> None:
    """Of whomever; in one batch, too."""
    with work(store) as uow:
        uow.cards.add(card())
        if not committed:
            with pytest.raises(Broken):
                uow.cards.add(wrong)
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow, pytest.raises(Broken):
        uow.cards.add(wrong)


def test_a_top_up_holds_then_moves_the_money_in_both_books(banked: Store) -> None:
    """The worked example: 1000 tiyn from the card to the holder's own balance."""
    with work(banked) as uow:
        authorise(uow, top_up())
        assert uow.ledger.balance(card().account) == Balance(CARD_TIYN, 1000)
    with work(banked) as uow:
        seq = approve(uow)
    with work(banked) as uow:
        found = {each: uow.ledger.balance(each) for each in (card().account, OPERATOR, CLEARING)}
        assert found == {
            card().account: Balance(CARD_TIYN - 1000),
            OPERATOR: Balance(1000),
            CLEARING: Balance(-1000),
        }
        assert uow.ledger.balance(main_account(ALIYA)) == Balance(1000)
        settled = top_up()._replace(state=TransactionState.POSTED, journal_seq=seq, settled_us=NOW_US)
        assert uow.cards.transaction("CODE1") == settled


def test_nobody_knows_and_then_the_bank_answers_after_all(banked: Store) -> None:
    with work(banked) as uow:
        authorise(uow, top_up())
        uow.cards.put_transaction(top_up(state=TransactionState.UNKNOWN))
    with work(banked) as uow:
        assert uow.cards.transaction("CODE1") == top_up(state=TransactionState.UNKNOWN)
        approve(uow)
    with work(banked) as uow:
        assert uow.ledger.balance(main_account(ALIYA)) == Balance(1000)


@pytest.mark.parametrize("end", [approve, void])
@pytest.mark.parametrize("committed", [True, False])
def test_a_transaction_is_settled_once(
    banked: Store, end: Callable[[UnitOfWork], object], committed: bool
) -> None:
    """A second answer finds it settled, in the same unit of work or in a later one."""
    with work(banked) as uow:
        authorise(uow, top_up())
        end(uow)
        if not committed:
            with pytest.raises(Broken, match="waits"):
                uow.cards.put_transaction(top_up(state=TransactionState.UNKNOWN))
    with banked.begin(now_us=NOW_US, wall_us=NOW_US) as uow, pytest.raises(Broken, match="waits"):
        uow.cards.put_transaction(top_up(state=TransactionState.VOIDED))


def test_what_was_settled_behind_the_writers_back_is_not_settled_again(
    banked: Store, database: Database
) -> None:
    """The conditional UPDATE is the last word, not what was read before."""
    with work(banked) as uow:
        authorise(uow, top_up())
    with work(banked) as uow:
        void(uow)
    with banked.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        uow.cards._transactions._rows.put("CODE1", top_up(state=TransactionState.UNKNOWN))
        with pytest.raises(Broken, match="settled"):
            uow.commit()
    assert database.scalar("SELECT state FROM card_transaction") == "voided"


def test_codes_are_unique(banked: Store) -> None:
    with work(banked) as uow:
        authorise(uow, top_up())
        with pytest.raises(Broken):
            uow.cards.add_transaction(top_up())
    with banked.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        authorise(uow, top_up(hold_id="another"))
        with pytest.raises(Broken):
            uow.commit()


def test_the_newest_transactions_come_first_also_those_of_one_moment(banked: Store) -> None:
    """Written ones and new ones, no more than asked for, each as it is now."""
    with work(banked) as uow:
        open_card(uow, card("card2"))
        for number in range(1, 6):
            authorise(uow, top_up(f"CODE{number}"))
        authorise(uow, top_up("OTHER", card_id="card2"))
    with work(banked, NOW_US + 2 * DAY_US) as uow:
        void(uow, "CODE4")
        for number in (6, 7):
            authorise(uow, top_up(f"CODE{number}", at_us=NOW_US + 2 * DAY_US))
        newest = uow.cards.recent("card1", 5)
        assert [each.code for each in newest] == ["CODE7", "CODE6", "CODE5", "CODE4", "CODE3"]
        assert newest[3].state is TransactionState.VOIDED
        assert [each.code for each in uow.cards.recent("card1", 1)] == ["CODE7"]
        assert uow.cards.recent("card1", 0) == ()
        assert uow.cards.recent("card9", 5) == ()
    with work(banked) as uow:
        assert [each.code for each in uow.cards.recent("card1", 99)] == [f"CODE{n}" for n in range(7, 0, -1)]


@pytest.mark.parametrize("prefetched", [True, False])
def test_what_was_paid_since_a_moment_counts_all_cards_and_no_voided_one(
    banked: Store, prefetched: bool
) -> None:
    """Authorised, posted and unknown ones; other kinds, other people and earlier days do not count."""
    later = NOW_US + DAY_US
    with work(banked) as uow:
        open_card(uow, card("card2"))
        open_card(uow, card("card3", BOLAT))
        authorise(uow, top_up("EARLY", 1))
        authorise(uow, top_up("OTHERS", 2, card_id="card3", msisdn=BOLAT, at_us=later))
    with work(banked, later) as uow:
        for number, code in enumerate(("AUTH", "POSTED", "UNKNOWN", "VOIDED", "LATER")):
            authorise(uow, top_up(code, 10**number * 4, card_id=f"card{1 + number % 2}", at_us=later))
        authorise(uow, top_up("SHOP", 7, kind=CardEventKind.AUTHORISATION, at_us=later))
        uow.cards.put_transaction(_read(uow, "UNKNOWN")._replace(state=TransactionState.UNKNOWN))
        assert uow.cards.paid_since(ALIYA, later) == 44444
    with work(banked, later) as uow:
        if prefetched:
            uow.prefetch(Needs(card_holders=frozenset({ALIYA, BOLAT})))
        approve(uow, "POSTED")
        void(uow, "VOIDED")
        assert uow.cards.paid_since(ALIYA, later) == 40444
        void(uow, "LATER")
        authorise(uow, top_up("NEW", 5, at_us=later))
        assert uow.cards.paid_since(ALIYA, later) == 449
    with work(banked, later) as uow:
        assert uow.cards.paid_since(ALIYA, later) == 449
        assert uow.cards.paid_since(ALIYA, later + 1) == 0
        assert uow.cards.paid_since(ALIYA, NOW_US) == 450
        assert uow.cards.paid_since(BOLAT, NOW_US) == 2


def _read(uow: UnitOfWork, code: str) -> CardTransaction:
    found = uow.cards.transaction(code)
    assert found is not None
    return found


def test_a_batch_reads_what_its_commands_need_once(banked: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the prefetch neither a payment nor its conclusion asks the database for anything."""
    with work(banked) as uow:
        authorise(uow, top_up())
    with work(banked) as uow:
        uow.prefetch(Needs(card_holders=frozenset({ALIYA}), card_transactions=frozenset({"CODE1", "CODE9"})))
        monkeypatch.setattr(banked._driver, "lookup", None)
        monkeypatch.setattr(banked._driver, "query", None)
        assert uow.cards.of(ALIYA) == (card(),)
        assert uow.cards.paid_since(ALIYA, NOW_US) == 1000
        assert uow.subscribers.get(ALIYA) is not None
        assert uow.cards.transaction("CODE9") is None
        found = uow.cards.transaction("CODE1")
        assert found is not None
        assert uow.cards.get(found.card_id) == card()
        assert uow.ledger.hold_of(found.hold_id) is not None
        assert uow.ledger.balance(card().account) == Balance(CARD_TIYN, 1000)
        assert uow.ledger.balance(main_account(ALIYA)) == Balance(0)
        monkeypatch.undo()


@pytest.mark.parametrize("size", [1, 8, 64, 256])
def test_a_batch_finds_what_was_paid_by_the_index_whatever_its_size(store: Store, size: int) -> None:
    """For many keys SQLite would read the whole table, to make an index of its own."""
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL makes no index by itself")
    explain = "EXPLAIN QUERY PLAN " + _compile_lookup(_PAID, size)
    with work(store):
        connection = store._driver._connection  # type: ignore[attr-defined]  # the SQLite driver's
        plan = str(connection.execute(explain, ["card1", 1] * size).fetchall())
    assert "USING INDEX card_transaction_card_day_ix (card_id=? AND day=?)" in plan


def test_numbers_go_on_after_the_store_was_opened_again(database: Database) -> None:
    store = database.open()
    bank_a_little(store)
    store.close()
    store = database.open()
    with work(store) as uow:
        authorise(uow, top_up("CODE5"))
        assert [each.code for each in uow.cards.recent("card1", 2)] == ["CODE5", "CODE4"]
    assert [each.code for each in store.reads.card_transactions(card_id="card1", limit=2)] == [
        "CODE5",
        "CODE4",
    ]
    store.close()


def test_a_unit_of_work_that_fails_leaves_nothing(banked: Store) -> None:
    with banked.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        uow.cards.add(card("card2"))
        authorise(uow, top_up())
    with work(banked) as uow:
        assert uow.cards.get("card2") is None
        assert uow.cards.transaction("CODE1") is None
        authorise(uow, top_up())


def test_many_at_once_are_written_whole(banked: Store) -> None:
    """More than one statement's worth, changed later in as many."""
    codes = [f"C{number}" for number in range(150)]
    with work(banked) as uow:
        for code in codes:
            authorise(uow, top_up(code, 10))
    with work(banked) as uow:
        uow.prefetch(Needs(card_transactions=frozenset(codes)))
        for code in codes:
            approve(uow, code)
    with work(banked) as uow:
        assert uow.ledger.balance(main_account(ALIYA)) == Balance(1500)
        assert {_read(uow, code).state for code in codes} == {TransactionState.POSTED}


_REFUSED = {
    "a card that changes hands": "UPDATE card SET msisdn = '77021234567'",
    "a card with another number": "UPDATE card SET last6 = '654321'",
    "a card in no state": "UPDATE card SET state = 'lost'",
    "a card deleted": "DELETE FROM card",
    "two cards of one number": (
        "INSERT INTO card SELECT 'card2', bank, pan_digest, last6, msisdn, state, created_us FROM card"
    ),
    "a card's account that calls itself the system's": (
        "INSERT INTO account VALUES (99, 'card:9', 'card', '9', 1, 0, 0, 0, 0, 0, 'open')"
    ),
    "a bonus account that calls itself the system's": (
        "INSERT INTO account VALUES (99, 'bank_bonus:9', 'bank_bonus', '9', 1, 0, 0, 0, 0, 0, 'open')"
    ),
    "a bank's account that calls itself a customer's": (
        "INSERT INTO account VALUES (99, 'bank_cash:9', 'bank_cash', '9', 0, 0, 0, 0, 0, 0, 'open')"
    ),
    "a posted transaction voided": (
        "UPDATE card_transaction SET state = 'voided', journal_seq = NULL WHERE code = 'CODE1'"
    ),
    "a voided transaction posted": (
        "UPDATE card_transaction SET state = 'posted', journal_seq = 1 WHERE code = 'CODE2'"
    ),
    "a transaction posted without an entry": (
        "UPDATE card_transaction SET state = 'posted' WHERE code = 'CODE3'"
    ),
    "a transaction posted by an entry that is not there": (
        "UPDATE card_transaction SET state = 'posted', journal_seq = 99 WHERE code = 'CODE3'"
    ),
    "a transaction of another amount": "UPDATE card_transaction SET amount = -1 WHERE code = 'CODE3'",
    "a transaction for somebody else": "UPDATE card_transaction SET target = '7' WHERE code = 'CODE3'",
    "a transaction that waits on nothing": "UPDATE card_transaction SET hold_id = '' WHERE code = 'CODE3'",
    "a transaction deleted": "DELETE FROM card_transaction WHERE code = 'CODE3'",
}


@pytest.mark.parametrize("statement", _REFUSED.values(), ids=_REFUSED.keys())
def test_the_database_refuses(store: Store, database: Database, statement: str) -> None:
    """Each by a constraint or a trigger, and the invariants still hold afterwards."""
    bank_a_little(store)
    with pytest.raises(IntegrityError):
        database.tamper(statement)
