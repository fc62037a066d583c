"""The bank's customers by phone: found by identifier and by subscriber, one for each card."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from storage.call_model import PhoneCustomer
from storage.errors import Broken
from storage.model import Balance, main_account
from storage.needs import Needs
from storage.store import Store
from tests.storage.bank_rows import CARD_TIYN, card, open_card
from tests.storage.call_rows import customer
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, BOLAT, NOW_US, digest, open_subscriber, work

SECOND = customer("87654321", card_id="card2", created_us=NOW_US + 1, is_initial=False)


@pytest.fixture
def banked(store: Store) -> Store:
    """Two subscribers; one has three cards."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 0)
        open_subscriber(uow, BOLAT, 0)
        for number in (1, 2, 3):
            open_card(uow, card(f"card{number}"))
    return store


def register(store: Store, *customers: PhoneCustomer) -> None:
    with work(store) as uow:
        for each in customers:
            uow.phone_customers.add(each)


def test_a_customer_is_found_by_identifier_and_subscriber_before_and_after_the_commit(banked: Store) -> None:
    with work(banked) as uow:
        assert (uow.phone_customers.get("12345678"), uow.phone_customers.of(ALIYA)) == (None, ())
        uow.phone_customers.add(customer())
        uow.phone_customers.add(SECOND)
        assert uow.phone_customers.of(ALIYA) == (customer(), SECOND)
    with work(banked) as uow:
        assert uow.phone_customers.of(ALIYA) == (customer(), SECOND)
        assert uow.phone_customers.get("87654321") == SECOND
        assert uow.phone_customers.of(BOLAT) == ()


def test_the_password_changes_and_all_readers_see_it(banked: Store) -> None:
    register(banked, customer(), SECOND)
    changed = replace(customer(), password=digest("new"), is_initial=False, card_code="9")
    with work(banked) as uow:
        assert uow.phone_customers.get("12345678") == customer()
        uow.phone_customers.put(changed)
        assert uow.phone_customers.of(ALIYA) == (changed, SECOND)
    assert banked.reads.phone_customers() == [changed, SECOND]
    assert banked.reads.phone_customers(ALIYA, limit=1) == [changed]
    assert banked.reads.phone_customers(BOLAT) == []


@pytest.mark.parametrize("wrong", [SECOND, customer(msisdn=BOLAT), customer(card_id="card3")])
def test_a_customer_that_is_not_there_cannot_change(banked: Store, wrong: PhoneCustomer) -> None:
    register(banked, customer())
    with work(banked) as uow, pytest.raises(Broken):
        uow.phone_customers.put(wrong)


def test_an_identifier_and_a_card_belong_to_one_customer(banked: Store) -> None:
    register(banked, customer())
    with work(banked) as uow, pytest.raises(Broken):
        uow.phone_customers.add(customer(card_id="card3"))
    with pytest.raises(Broken):
        register(banked, customer("99999999"))
    assert banked.reads.phone_customers() == [customer()]


def test_customers_are_read_at_once_with_all_that_a_payment_needs(
    banked: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their subscribers, cards and what these paid, and the money of both."""
    register(banked, customer())
    with work(banked) as uow, monkeypatch.context() as patch:
        uow.prefetch(Needs(phone_customers=frozenset({"12345678", "99999999"})))
        patch.setattr(banked._driver, "lookup", None)
        assert uow.phone_customers.get("12345678") == customer()
        assert uow.phone_customers.get("99999999") is None
        assert uow.cards.get("card1") == card()
        assert uow.cards.paid_since(ALIYA, NOW_US) == 0
        assert uow.subscribers.get(ALIYA) is not None
        assert uow.ledger.balance(card().account) == Balance(CARD_TIYN)
        assert uow.ledger.balance(main_account(ALIYA)) == Balance(0)


def test_the_digest_of_a_password_is_not_shown() -> None:
    assert str(digest("12345678")) not in repr(customer())
    assert "password" not in repr(customer())


def test_the_database_knows_the_card(banked: Store, database: Database) -> None:
    register(banked, customer())
    with pytest.raises(IntegrityError):
        database.tamper("UPDATE phone_customer SET card_id = 'card9'")
