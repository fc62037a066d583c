"""Entries, floors and balances, as handlers see them."""

import pytest

from rating.msisdn import Msisdn
from storage.errors import Broken, FloorReached
from storage.model import AccountKind, AccountRef, Balance, Entry, Line, main_account
from storage.store import Store
from tests.storage.databases import Database
from tests.storage.rows import (
    ALIYA,
    BOLAT,
    FACE_TIYN,
    HOUR_US,
    NOW_US,
    OPENING,
    REVENUE,
    hold,
    open_subscriber,
    pay,
    work,
)

MAIN = main_account(ALIYA)
OTHER = main_account(BOLAT)
SUSPENSE = AccountRef(AccountKind.SUSPENSE)


def test_an_entry_moves_money_at_once_and_durably(store: Store) -> None:
    """The balance shows it inside the unit of work, and to readers after the commit."""
    with work(store) as uow:
        open_subscriber(uow)
        assert uow.ledger.balance(MAIN) == Balance(FACE_TIYN)
        assert uow.ledger.post(pay(MAIN, REVENUE, 700)) == 2
        assert uow.ledger.balance(MAIN) == Balance(FACE_TIYN - 700)
        assert store.reads.trial_balance() == []
    assert store.reads.trial_balance() == [
        (MAIN.code, FACE_TIYN - 700),
        (OPENING.code, -FACE_TIYN),
        (REVENUE.code, 700),
    ]


def test_an_account_that_is_not_open_has_no_balance_and_takes_no_posting(store: Store) -> None:
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        assert uow.ledger.balance(MAIN) is None
        with pytest.raises(Broken, match=f"account main:{ALIYA} is not open"):
            uow.ledger.post(pay(OPENING, MAIN, 5))


def test_an_account_opens_once(store: Store) -> None:
    with work(store) as uow:
        open_subscriber(uow)
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow, pytest.raises(Broken):
        uow.ledger.open(MAIN)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((Line(MAIN, 5),), id="one line"),
        pytest.param((), id="none"),
        pytest.param((Line(MAIN, 5), Line(OPENING, -4)), id="not zero"),
        pytest.param((Line(MAIN, 0), Line(OPENING, 0)), id="nothing moves"),
        pytest.param((Line(MAIN, 5), Line(MAIN, -5)), id="one account twice"),
    ],
)
def test_lines_that_make_no_entry_are_a_mistake(store: Store, lines: tuple[Line, ...]) -> None:
    with work(store) as uow:
        open_subscriber(uow)
        with pytest.raises(ValueError, match="line"):
            uow.ledger.post(Entry(reason="r", lines=lines, source="s", actor="a"))


def test_a_debit_stops_at_the_floor_and_changes_nothing(store: Store) -> None:
    """Also when another line of the same entry would have been fine."""
    with work(store) as uow:
        open_subscriber(uow)
        open_subscriber(uow, BOLAT, 100)
        lines = (Line(MAIN, -500), Line(OTHER, -101), Line(REVENUE, 601))
        with pytest.raises(FloorReached, match=OTHER.code) as refused:
            uow.ledger.post(Entry(reason="r", lines=lines, source="s", actor="a"))
        assert refused.value.account == OTHER.code
        assert uow.ledger.balance(MAIN) == Balance(FACE_TIYN)
        uow.ledger.post(pay(OTHER, REVENUE, 100))
        assert uow.ledger.balance(OTHER) == Balance(0)


def test_a_credit_limit_lowers_the_floor(store: Store) -> None:
    with work(store) as uow:
        uow.ledger.open(MAIN, credit_limit_tiyn=300)
        uow.ledger.post(pay(MAIN, REVENUE, 300))
        assert uow.ledger.balance(MAIN) == Balance(-300, 0, 300)
        with pytest.raises(FloorReached):
            uow.ledger.post(pay(MAIN, REVENUE, 1))


def test_a_forced_entry_passes_the_floor_and_nothing_else_does(store: Store, database: Database) -> None:
    """The allowance is as large as the debt, shrinks with each credit, and is gone with the debt."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 100)
        forced = Entry(
            reason="call", lines=(Line(MAIN, -150), Line(REVENUE, 150)), source="s", actor="a", force=True
        )
        uow.ledger.post(forced)
        with pytest.raises(FloorReached):
            uow.ledger.post(pay(MAIN, REVENUE, 1))
    assert _allowance(database) == 50
    with work(store) as uow:
        uow.ledger.post(pay(OPENING, MAIN, 20))
        with pytest.raises(FloorReached):
            uow.ledger.post(pay(MAIN, REVENUE, 1))
        with pytest.raises(FloorReached):
            uow.ledger.hold(hold(amount_tiyn=1))
    assert _allowance(database) == 30
    with work(store) as uow:
        uow.ledger.post(pay(OPENING, MAIN, 40))
        uow.ledger.post(pay(MAIN, REVENUE, 10))
    assert _allowance(database) == 0


def test_system_accounts_open_themselves_and_have_no_floor(store: Store) -> None:
    with work(store) as uow:
        uow.ledger.post(pay(SUSPENSE, REVENUE, 12))
        assert uow.ledger.balance(SUSPENSE) == Balance(-12)
    assert store.reads.trial_balance() == [(REVENUE.code, 12), (SUSPENSE.code, -12)]


def test_operator_time_never_falls(store: Store) -> None:
    """An entry written with an earlier time takes the newest one's."""
    with work(store, NOW_US + HOUR_US) as uow:
        open_subscriber(uow)
    with work(store, NOW_US) as uow:
        uow.ledger.post(pay(MAIN, REVENUE, 5))
    times = [movement.op_us for movement in store.reads.history(ALIYA)]
    assert times == [NOW_US + HOUR_US, NOW_US + HOUR_US]


def test_an_entry_is_reversed_once(store: Store) -> None:
    """A second reversal is refused by the database; the whole batch with it."""
    with work(store) as uow:
        open_subscriber(uow)
        charged = uow.ledger.post(pay(MAIN, REVENUE, 70))
    lines = (Line(REVENUE, -70), Line(MAIN, 70))
    back = Entry(reason="reverse", lines=lines, source="s", actor="a", reverses_seq=charged)
    with work(store) as uow:
        uow.ledger.post(back)
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        uow.ledger.post(back)
        with pytest.raises(Broken):
            uow.commit()
    assert store.reads.journal_head().seq == 3


def test_many_entries_of_one_batch_on_one_account_add_up(store: Store) -> None:
    """The busiest case: every command of a batch touches the same account."""
    with work(store) as uow:
        open_subscriber(uow)
        for _ in range(300):
            uow.ledger.post(pay(MAIN, REVENUE, 3))
    with work(store) as uow:
        assert uow.ledger.balance(MAIN) == Balance(FACE_TIYN - 900)
        assert uow.ledger.balance(REVENUE) == Balance(900)


def test_recent_debits_are_the_newest_of_the_main_account_only(store: Store) -> None:
    """Newest first, from before this unit of work and from inside it; credits are none."""
    bonus = AccountRef(AccountKind.BONUS, ALIYA)
    with work(store) as uow:
        open_subscriber(uow)
        open_subscriber(uow, BOLAT)
        uow.ledger.open(bonus)
        for number in range(1, 5):
            uow.ledger.post(pay(MAIN, REVENUE, number, f"call{number}"))
            uow.ledger.post(pay(OPENING, MAIN, 1000, "gift"))
            uow.ledger.post(pay(OPENING, bonus, 7, "bonus"))
            uow.ledger.post(pay(OTHER, REVENUE, 9, "other"))
    with store.begin(now_us=NOW_US + 5, wall_us=NOW_US) as uow:
        uow.ledger.post(pay(bonus, REVENUE, 7, "bonus spent"))
        uow.ledger.post(pay(MAIN, REVENUE, 50, "now"))
        assert uow.ledger.recent_debits(ALIYA, 3) == [
            (NOW_US + 5, "now", -50),
            (NOW_US, "call4", -4),
            (NOW_US, "call3", -3),
        ]
        assert [amount for _, _, amount in uow.ledger.recent_debits(ALIYA, 99)] == [-50, -4, -3, -2, -1]
        assert uow.ledger.recent_debits(ALIYA, 0) == []
        assert uow.ledger.recent_debits(ALIYA, 1) == [(NOW_US + 5, "now", -50)]
        assert uow.ledger.recent_debits(Msisdn("77770000000"), 5) == []


def _allowance(database: Database) -> object:
    return database.scalar(f"SELECT forced_tiyn FROM account WHERE code = '{MAIN.code}'")  # noqa: S608 (a constant)


def test_an_entry_is_in_balance_in_each_book(store: Store) -> None:
    """Two entries in one, each of one book, are fine; one across the books is not, and changes nothing."""
    cash, shops = AccountRef(AccountKind.BANK_CASH, "kaspi"), AccountRef(AccountKind.BANK_MERCHANTS, "kaspi")
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 1000)
        with pytest.raises(ValueError, match="each book"):
            uow.ledger.post(pay(cash, main_account(ALIYA), 5))
        lines = (Line(cash, -5), Line(shops, 5), Line(main_account(ALIYA), -7), Line(REVENUE, 7))
        uow.ledger.post(Entry(reason="r", lines=lines, source="s", actor="a"))
        assert uow.ledger.balance(shops) == Balance(5)
        assert uow.ledger.balance(main_account(ALIYA)) == Balance(993)
