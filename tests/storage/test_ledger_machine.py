"""Random lives of a ledger against a model of four lines: balances, holds, floors, rollbacks, reopenings."""

from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rating.msisdn import Msisdn
from storage.check import check
from storage.errors import FloorReached
from storage.model import AccountRef, Entry, Hold, Line, main_account
from storage.store import Store
from tests.storage.databases import Database
from tests.storage.rows import NOW_US, REVENUE, pay

_OWNERS = [Msisdn(f"7701000000{n}") for n in range(4)]
_LIMITS = dict(zip(_OWNERS, (0, 0, 0, 500), strict=True))
_AMOUNTS = st.integers(1, 400)
_OWNER = st.sampled_from(_OWNERS)


@dataclass
class Model:
    """What the ledger should say. ``holds`` are the open ones: owner and amount."""

    balances: dict[str, int]
    holds: dict[str, tuple[Msisdn, int]]

    def held(self, owner: Msisdn) -> int:
        """Tiyn that open holds keep."""
        return sum(amount for holder, amount in self.holds.values() if holder == owner)

    def available(self, owner: Msisdn) -> int:
        """Tiyn that can be spent."""
        return self.balances[owner] - self.held(owner) + _LIMITS[owner]

    def copy(self) -> "Model":
        """For a rollback."""
        return Model(dict(self.balances), dict(self.holds))


class LedgerMachine(RuleBasedStateMachine):
    """Commands run inside one open unit of work until a rule commits it, drops it or reopens the store."""

    database: Database
    store: Store

    def __init__(self) -> None:
        super().__init__()
        type(self).store.reset()
        self.model = Model(dict.fromkeys(_OWNERS, 0), {})
        self.committed = self.model.copy()
        self.names = 0
        self._enter()

    def _enter(self) -> None:
        self.names += 1
        self.manager: Any = type(self).store.begin(now_us=NOW_US + self.names, wall_us=NOW_US)
        self.uow = self.manager.__enter__()

    def _leave(self) -> None:
        self.manager.__exit__(None, None, None)

    @initialize()
    def open_accounts(self) -> None:
        """Before all else, and for good."""
        for owner, limit in _LIMITS.items():
            self.uow.ledger.open(main_account(owner), credit_limit_tiyn=limit)
        self.commit()

    @rule(owner=_OWNER, amount=_AMOUNTS)
    def credit(self, owner: Msisdn, amount: int) -> None:
        """Always possible."""
        self.uow.ledger.post(pay(REVENUE, main_account(owner), amount))
        self.model.balances[owner] += amount

    @rule(owner=_OWNER, amount=_AMOUNTS, force=st.booleans())
    def charge(self, owner: Msisdn, amount: int, force: bool) -> None:
        """Possible down to the floor, or by force."""
        fits = force or self.model.available(owner) >= amount
        lines = (Line(main_account(owner), -amount), Line(REVENUE, amount))
        entry = Entry(reason="charge", lines=lines, source="s", actor="a", force=force)
        self._expect(fits, lambda: self.uow.ledger.post(entry))
        if fits:
            self.model.balances[owner] -= amount

    @rule(payer=_OWNER, payee=_OWNER, amount=_AMOUNTS)
    def move(self, payer: Msisdn, payee: Msisdn, amount: int) -> None:
        """Between subscribers."""
        if payer == payee:
            return
        fits = self.model.available(payer) >= amount
        self._expect(
            fits, lambda: self.uow.ledger.post(pay(main_account(payer), main_account(payee), amount))
        )
        if fits:
            self.model.balances[payer] -= amount
            self.model.balances[payee] += amount

    @rule(owner=_OWNER, amount=_AMOUNTS)
    def hold(self, owner: Msisdn, amount: int) -> None:
        """Sets money aside."""
        self.names += 1
        name, fits = f"hold{self.names}", self.model.available(owner) >= amount
        new = Hold(
            id=name,
            account=main_account(owner),
            amount_tiyn=amount,
            reason="r",
            source="s",
            expires_us=NOW_US,
        )
        self._expect(fits, lambda: self.uow.ledger.hold(new))
        if fits:
            self.model.holds[name] = (owner, amount)

    @precondition(lambda self: self.model.holds)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        """Posts part of a hold, or all of it."""
        name = data.draw(st.sampled_from(sorted(self.model.holds)))
        owner, amount = self.model.holds[name]
        taken = data.draw(st.integers(1, amount))
        # Below its floor (by force) even held money does not cover a debit.
        fits = self.model.available(owner) + amount >= taken
        self._expect(fits, lambda: self.uow.ledger.settle(name, pay(main_account(owner), REVENUE, taken)))
        if fits:
            del self.model.holds[name]
            self.model.balances[owner] -= taken

    @precondition(lambda self: self.model.holds)
    @rule(data=st.data(), expired=st.booleans())
    def void(self, data: st.DataObject, expired: bool) -> None:
        """Frees a hold."""
        name = data.draw(st.sampled_from(sorted(self.model.holds)))
        self.uow.ledger.void(name, expired=expired)
        del self.model.holds[name]

    @rule()
    def commit(self) -> None:
        """Durable from here on."""
        self.uow.commit()
        self._leave()
        self.committed = self.model.copy()
        self._enter()

    @rule()
    def drop(self) -> None:
        """As after an exception in a handler."""
        self._leave()
        self.model = self.committed.copy()
        self._enter()

    @rule()
    def reopen(self) -> None:
        """As after a crash: what was not committed is gone."""
        self._leave()
        self.model = self.committed.copy()
        type(self).store.close()
        type(self).store = self.database.open()
        self._enter()

    def _expect(self, fits: bool, action: Any) -> None:
        try:
            action()
        except FloorReached:
            assert not fits
        else:
            assert fits

    def teardown(self) -> None:
        """The model's balances, and every invariant."""
        for owner in _OWNERS:
            found = self.uow.ledger.balance(main_account(owner))
            assert found is not None
            assert (found.balance_tiyn, found.held_tiyn) == (
                self.model.balances[owner],
                self.model.held(owner),
            )
        self.uow.commit()
        self._leave()
        stored = dict(type(self).store.reads.trial_balance())
        assert {owner: stored[AccountRef(main_account(owner).kind, owner).code] for owner in _OWNERS} == (
            self.model.balances
        )
        assert [finding for finding in check(type(self).store.reads) if not finding.ok] == []


def test_random_lives_agree_with_the_model(database: Database) -> None:
    """The same machine on both databases; each life begins with a reset."""

    class Machine(LedgerMachine):
        """On this test's database."""

    Machine.database, Machine.store = database, database.open()
    lives = 60 if database.dialect == "sqlite" else 15
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=lives,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    Machine.store.close()
