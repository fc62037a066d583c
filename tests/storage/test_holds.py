"""The life of a hold: open, then posted, voided or expired, once."""

from collections.abc import Sequence

import pytest

from storage.driver import Row, Write
from storage.errors import Broken, FloorReached
from storage.model import Balance, Entry, HoldState, Line, main_account
from storage.needs import Needs
from storage.store import Store
from tests.storage.rows import ALIYA, BOLAT, NOW_US, REVENUE, hold, open_subscriber, pay, work

MAIN = main_account(ALIYA)


@pytest.fixture
def funded(store: Store) -> Store:
    """A subscriber with 1000 tiyn, of which a hold keeps 600."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 1000)
        uow.ledger.hold(hold(amount_tiyn=600))
    return store


def test_a_hold_keeps_money_from_being_spent(funded: Store) -> None:
    with work(funded) as uow:
        assert uow.ledger.balance(MAIN) == Balance(1000, 600)
        with pytest.raises(FloorReached):
            uow.ledger.post(pay(MAIN, REVENUE, 401))
        with pytest.raises(FloorReached):
            uow.ledger.hold(hold("hold2", 401))
        uow.ledger.post(pay(MAIN, REVENUE, 400))
    view = funded.reads.subscriber(ALIYA)
    assert view is not None
    assert (view.balances.main_tiyn, view.balances.held_tiyn) == (600, 600)


def test_settling_posts_part_and_frees_the_rest(funded: Store) -> None:
    with work(funded) as uow:
        seq = uow.ledger.settle("hold1", pay(MAIN, REVENUE, 250))
        assert uow.ledger.balance(MAIN) == Balance(750)
    with work(funded) as uow:
        found = uow.ledger.hold_of("hold1")
        assert found is not None
        assert (found.state, found.posted_seq, found.amount_tiyn) == (HoldState.POSTED, seq, 600)


def test_settling_takes_all_that_was_held_even_when_the_rest_is_spent(funded: Store) -> None:
    """The held money is there when it is needed."""
    with work(funded) as uow:
        uow.ledger.post(pay(MAIN, REVENUE, 400))
        uow.ledger.settle("hold1", pay(MAIN, REVENUE, 600))
        assert uow.ledger.balance(MAIN) == Balance(0)


def test_settling_for_more_than_was_held_is_a_mistake(funded: Store) -> None:
    with work(funded) as uow:
        with pytest.raises(ValueError, match="600"):
            uow.ledger.settle("hold1", pay(MAIN, REVENUE, 601))
        assert uow.ledger.balance(MAIN) == Balance(1000, 600)


def test_settling_that_another_account_cannot_cover_leaves_the_hold_open(funded: Store) -> None:
    with work(funded) as uow:
        open_subscriber(uow, BOLAT, 10)
        lines = (Line(MAIN, -100), Line(main_account(BOLAT), -11), Line(REVENUE, 111))
        with pytest.raises(FloorReached):
            uow.ledger.settle("hold1", Entry(reason="r", lines=lines, source="s", actor="a"))
        assert uow.ledger.balance(MAIN) == Balance(1000, 600)
        uow.ledger.void("hold1")


@pytest.mark.parametrize(("expired", "state"), [(False, HoldState.VOIDED), (True, HoldState.EXPIRED)])
def test_voiding_frees_everything(funded: Store, expired: bool, state: HoldState) -> None:
    with work(funded) as uow:
        uow.ledger.void("hold1", expired=expired)
        assert uow.ledger.balance(MAIN) == Balance(1000)
    with work(funded) as uow:
        found = uow.ledger.hold_of("hold1")
        assert found is not None
        assert found.state is state


@pytest.mark.parametrize("same_batch", [True, False])
def test_a_hold_resolves_once(funded: Store, same_batch: bool) -> None:
    """In the same unit of work or in a later one."""
    with work(funded) as uow:
        uow.ledger.settle("hold1", pay(MAIN, REVENUE, 100))
        if same_batch:
            with pytest.raises(Broken):
                uow.ledger.void("hold1")
    with work(funded) as uow, pytest.raises(Broken):
        uow.ledger.settle("hold1", pay(MAIN, REVENUE, 100))


def test_an_unknown_hold_is_none_and_cannot_be_resolved(funded: Store) -> None:
    with work(funded) as uow:
        assert uow.ledger.hold_of("hold9") is None
        with pytest.raises(Broken):
            uow.ledger.void("hold9")


def test_holds_and_postings_of_one_batch_keep_their_order(funded: Store) -> None:
    """Held, settled, spent and held again: each step is only possible after the one before."""
    with work(funded, NOW_US + 1) as uow:
        uow.ledger.post(pay(MAIN, REVENUE, 400))
        uow.ledger.settle("hold1", pay(MAIN, REVENUE, 100))
        uow.ledger.hold(hold("hold2", 500))
        uow.ledger.settle("hold2", pay(MAIN, REVENUE, 500))
        uow.ledger.post(pay(REVENUE, MAIN, 30))
        uow.ledger.hold(hold("hold3", 10))
        uow.ledger.hold(hold("hold4", 20))
        uow.ledger.void("hold3")
        assert uow.ledger.balance(MAIN) == Balance(30, 20)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_hold_is_of_more_than_nothing(store: Store, amount: int) -> None:
    with work(store) as uow:
        open_subscriber(uow)
        with pytest.raises(ValueError, match="more than nothing"):
            uow.ledger.hold(hold(amount_tiyn=amount))


def test_stored_holds_that_are_settled_in_one_batch_are_written_together(
    funded: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One statement for the holds and one for the postings, not two for each of them."""
    names = [f"more{number}" for number in range(5)]
    with work(funded) as uow:
        for name in names:
            uow.ledger.hold(hold(name, 10))
    written: list[str] = []
    write = funded._driver.write

    def spy(how: Write, rows: Sequence[Row]) -> int:
        written.append(how.table.name)
        return write(how, rows)

    with work(funded) as uow:
        for name in names:
            uow.ledger.settle(name, pay(MAIN, REVENUE, 7))
        monkeypatch.setattr(funded._driver, "write", spy)
    monkeypatch.undo()
    assert written == ["account", "hold", "posting", "journal"]
    with work(funded) as uow:
        assert uow.ledger.balance(MAIN) == Balance(965, 600)


def test_the_holds_of_a_batch_are_read_at_once_with_their_accounts(
    funded: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with work(funded) as uow, monkeypatch.context() as patch:
        uow.prefetch(Needs.merge([Needs(holds=frozenset({"hold1"})), Needs(holds=frozenset({"hold9"}))]))
        patch.setattr(funded._driver, "lookup", None)
        assert uow.ledger.hold_of("hold1") == hold(amount_tiyn=600)
        assert uow.ledger.hold_of("hold9") is None
        assert uow.ledger.balance(MAIN) == Balance(1000, 600)
