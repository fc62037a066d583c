"""What the control API reads of cards, payments and rules."""

from dataclasses import replace

import pytest

from storage.bank_model import CardState, PaymentState, TransactionState
from storage.model import Attempts, Balance
from storage.store import Store
from storage.views import CardFilter, CardView, PaymentFilter
from tests.storage.bank_rows import (
    BANK,
    CARD_TIYN,
    CREDITED,
    authorise,
    bank_a_little,
    card,
    open_card,
    payment,
    rule,
    take,
    top_up,
)
from tests.storage.rows import ALIYA, BOLAT, HOUR_US, NOW_US, work

OTHERS = replace(card("card2", BOLAT, created_us=NOW_US + 1), bank="halyk", state=CardState.DISABLED)


@pytest.fixture
def banked(store: Store) -> Store:
    """A bank that has lived a little, and somebody else's card there."""
    bank_a_little(store)
    with work(store, NOW_US + 2) as uow:
        open_card(uow, OTHERS)
        authorise(uow, top_up("OTHERS", card_id="card2", msisdn=BOLAT, at_us=NOW_US + 2))
    return store


MINE = CardView(card(), Balance(CARD_TIYN - 1000, 2000))
THEIRS = CardView(OTHERS, Balance(CARD_TIYN, 1000))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (CardFilter(), [MINE, THEIRS]),
        (CardFilter(msisdn=ALIYA), [MINE]),
        (CardFilter(bank="halyk"), [THEIRS]),
        (CardFilter(state=CardState.DISABLED), [THEIRS]),
        (CardFilter(bank="halyk", msisdn=ALIYA), []),
        (CardFilter(limit=1), [MINE]),
    ],
)
def test_cards_come_oldest_first_with_their_money(
    banked: Store, wanted: CardFilter, expected: list[CardView]
) -> None:
    assert banked.reads.cards(wanted) == expected


def test_locks_are_those_of_the_kind_and_the_subjects_that_are_asked_for(store: Store) -> None:
    with store.begin(now_us=1, wall_us=1) as uow:
        uow.attempts.put(Attempts(kind="bank_phone", subject="1", locked_until_us=7))
        uow.attempts.put(Attempts(kind="bank_phone", subject="2", times_us=(1,)))
        uow.attempts.put(Attempts(kind="bank_phone", subject="3", locked_until_us=9))
        uow.attempts.put(Attempts(kind="voucher", subject="1", locked_until_us=8))
        uow.commit()
    assert store.reads.locked_until("bank_phone", ["1", "2", "4"]) == {"1": 7}
    assert store.reads.locked_until("bank_phone", []) == {}


def test_one_card_or_none(banked: Store) -> None:
    assert banked.reads.card("card1") == MINE
    assert banked.reads.card("card9") is None


def test_a_card_whose_account_is_not_open_has_no_money(store: Store) -> None:
    with work(store) as uow:
        uow.cards.add(card())
    assert store.reads.card("card1") == CardView(card(), Balance(0))


def test_transactions_come_newest_first_of_a_card_or_of_all_cards_of_a_subscriber(banked: Store) -> None:
    with work(banked, NOW_US + 3) as uow:
        open_card(uow, card("card3"))
        authorise(uow, top_up("CODE5", card_id="card3", at_us=NOW_US + 3))
        authorise(uow, top_up("CODE6", at_us=NOW_US + 3))
    reads = banked.reads
    assert [each.code for each in reads.card_transactions(card_id="card3")] == ["CODE5"]
    assert [each.code for each in reads.card_transactions(msisdn=ALIYA, limit=4)] == [
        "CODE6",
        "CODE5",
        "CODE4",
        "CODE3",
    ]
    assert len(reads.card_transactions(msisdn=ALIYA)) == 6
    assert [each.code for each in reads.card_transactions(msisdn=BOLAT)] == ["OTHERS"]
    assert reads.card_transactions(msisdn="77780000000") == reads.card_transactions() == []


def test_one_transaction_or_none(banked: Store) -> None:
    found = banked.reads.card_transaction("CODE4")
    assert found == top_up("CODE4", state=TransactionState.UNKNOWN)
    assert banked.reads.card_transaction("CODE9") is None


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (PaymentFilter(), ["P6", "P5", "P4", "P3", "P2", "P1"]),
        (PaymentFilter(limit=2), ["P6", "P5"]),
        (PaymentFilter(limit=None, channel=BANK), ["P6", "P4", "P3", "P2", "P1"]),
        (PaymentFilter(state=PaymentState.UNALLOCATED), ["P5", "P1"]),
        (PaymentFilter(state=PaymentState.UNALLOCATED, channel=BANK), ["P1"]),
        (PaymentFilter(state=PaymentState.REVERSED), ["P3"]),
        (PaymentFilter(msisdn=ALIYA), ["P6", "P3", "P2"]),
        (PaymentFilter(msisdn="8 701 123 45 67", limit=1), ["P6"]),
        (PaymentFilter(since_us=NOW_US + 1), ["P6", "P5"]),
        (PaymentFilter(since_us=NOW_US + 1, until_us=NOW_US + HOUR_US), ["P5"]),
    ],
)
def test_payments_come_newest_first(banked: Store, wanted: PaymentFilter, expected: list[str]) -> None:
    later = payment("P5", channel="qiwi", at_us=NOW_US + 1)
    with work(banked) as uow:
        take(uow, later)
        take(uow, payment("P6", at_us=NOW_US + HOUR_US, **CREDITED))
    assert [each.payment_id for each in banked.reads.payments(wanted)] == expected


def test_one_payment_or_none(banked: Store) -> None:
    with work(banked) as uow:
        written = uow.payments.get("P3")
    assert written is not None
    assert banked.reads.payment("P3") == written
    assert banked.reads.payment("P9") is None


def test_the_rules_of_a_payer_come_oldest_first(banked: Store) -> None:
    older = rule("older", target=BOLAT, created_us=1)
    with work(banked) as uow:
        uow.autopay.add(older)
    assert banked.reads.autopay_rules(ALIYA) == [older, rule(running="CODE3")]
    assert banked.reads.autopay_rules(BOLAT) == []


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("SELECT * FROM card_transaction WHERE card_id = 'c' ORDER BY day DESC, number DESC", "card_day_ix"),
        ("SELECT * FROM card_transaction WHERE card_id = 'c' AND day = 5", "card_day_ix"),
        ("SELECT * FROM payment WHERE channel = 'c' AND at_us >= 1 AND at_us < 2", "payment_channel_ix"),
        ("SELECT * FROM payment ORDER BY at_us DESC LIMIT 9", "payment_at_us_ix"),
        ("SELECT payment_id FROM payment WHERE state = 'unallocated'", "payment_unallocated_ix"),
        ("SELECT * FROM card WHERE msisdn = '7'", "card_msisdn_ix"),
        ("SELECT * FROM autopay_rule WHERE payer = '7'", "autopay_rule_payer_ix"),
        ("SELECT * FROM autopay_rule WHERE target = '7'", "autopay_rule_target_ix"),
    ],
)
def test_each_index_serves_what_it_is_there_for(store: Store, query: str, index: str) -> None:
    """By SQLite's own plan, without a sort of its own."""
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL reads small tables as a whole")
    with store.reads.transaction() as connection:
        plan = " ".join(str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}"))
    assert index in plan
    assert "TEMP B-TREE" not in plan
