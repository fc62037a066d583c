"""AutoPay rules: found by id, payer and target."""

import pytest
from sqlalchemy.exc import IntegrityError

from storage.bank_model import AutoPayRule, RuleKind, RuleState
from storage.errors import Broken
from storage.model import Balance, main_account
from storage.needs import Needs
from storage.store import Store
from tests.storage.bank_rows import CARD_TIYN, bank_a_little, card, open_card, rule
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, BOLAT, NOW_US, open_subscriber, work

FRIENDS = rule(
    "rule2", target=BOLAT, kind=RuleKind.MONTHLY, limit_tiyn=0, anchor_us=5, due_us=7, created_us=9
)


@pytest.fixture
def banked(store: Store) -> Store:
    """Two subscribers; one has a card."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 0)
        open_subscriber(uow, BOLAT, 0)
        open_card(uow)
    return store


def test_a_rule_is_found_by_id_payer_and_target_before_and_after_the_commit(banked: Store) -> None:
    with work(banked) as uow:
        assert (uow.autopay.get("rule1"), uow.autopay.of(ALIYA), uow.autopay.towards(BOLAT)) == (None, (), ())
        uow.autopay.add(rule())
        uow.autopay.add(FRIENDS)
        assert uow.autopay.of(ALIYA) == (rule(), FRIENDS)
        assert uow.autopay.towards(BOLAT) == (FRIENDS,)
    with work(banked) as uow:
        assert uow.autopay.towards(ALIYA) == (rule(),)
        assert uow.autopay.get("rule2") == FRIENDS
        assert uow.autopay.of(BOLAT) == ()
        assert [each.id for each in uow.autopay.of(ALIYA)] == ["rule2", "rule1"]


def test_a_rule_changes_in_all_but_payer_and_target(banked: Store) -> None:
    with work(banked) as uow:
        uow.autopay.add(rule())
    changed = rule(
        kind=RuleKind.WEEKLY,
        amount_tiyn=9,
        limit_tiyn=0,
        anchor_us=1,
        state=RuleState.PAUSED,
        due_us=2,
        failures=3,
    )
    with work(banked) as uow:
        assert uow.autopay.of(ALIYA) == (rule(),)
        uow.autopay.put(changed)
        assert uow.autopay.of(ALIYA) == uow.autopay.towards(ALIYA) == (changed,)
    with work(banked) as uow:
        assert uow.autopay.of(ALIYA) == (changed,)


@pytest.mark.parametrize("wrong", [FRIENDS, rule(payer=BOLAT), rule(target=BOLAT)])
def test_a_rule_that_is_not_there_cannot_change(banked: Store, wrong: AutoPayRule) -> None:
    with work(banked) as uow:
        uow.autopay.add(rule())
    with banked.begin(now_us=NOW_US, wall_us=NOW_US) as uow, pytest.raises(Broken):
        uow.autopay.put(wrong)


def test_a_rule_is_added_once(banked: Store) -> None:
    with work(banked) as uow:
        uow.autopay.add(rule())
    with banked.begin(now_us=NOW_US, wall_us=NOW_US) as uow, pytest.raises(Broken):
        uow.autopay.add(rule())


def test_due_rules_are_read_at_once_with_all_that_they_name(
    banked: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Payer and target, the payer's cards and what these paid, and the money of both."""
    with work(banked) as uow:
        uow.autopay.add(FRIENDS)
    with work(banked) as uow, monkeypatch.context() as patch:
        uow.prefetch(Needs(autopay_rules=frozenset({"rule2", "rule9"})))
        patch.setattr(banked._driver, "lookup", None)
        assert uow.autopay.get("rule2") == FRIENDS
        assert uow.autopay.get("rule9") is None
        assert uow.cards.get("card1") == card()
        assert uow.cards.paid_since(ALIYA, NOW_US) == 0
        assert uow.subscribers.get(ALIYA) is not None
        assert uow.subscribers.get(BOLAT) is not None
        assert uow.ledger.balance(card().account) == Balance(CARD_TIYN)
        assert uow.ledger.balance(main_account(BOLAT)) == Balance(0)


def test_many_at_once_are_written_whole(banked: Store) -> None:
    many = [rule(f"r{number:03}") for number in range(100)]
    with work(banked) as uow:
        for each in many:
            uow.autopay.add(each)
    with work(banked) as uow:
        for each in many:
            uow.autopay.put(each._replace(failures=1))
    with work(banked) as uow:
        assert uow.autopay.of(ALIYA) == tuple(each._replace(failures=1) for each in many)


_REFUSED = {
    "a rule that pays nothing": "UPDATE autopay_rule SET amount = 0",
    "a limit rule without a limit": "UPDATE autopay_rule SET limit_tiyn = 0",
    "a rule of no kind": "UPDATE autopay_rule SET kind = 'hourly'",
    "a rule in no state": "UPDATE autopay_rule SET state = 'lost'",
    "a rule that failed less than never": "UPDATE autopay_rule SET failures = -1",
    "a rule with a card that is not there": "UPDATE autopay_rule SET card_id = 'card9'",
}


@pytest.mark.parametrize("statement", _REFUSED.values(), ids=_REFUSED.keys())
def test_the_database_refuses(store: Store, database: Database, statement: str) -> None:
    """Each by a constraint, and the invariants still hold afterwards."""
    bank_a_little(store)
    with pytest.raises(IntegrityError):
        database.tamper(statement)
