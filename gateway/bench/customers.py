"""Stores subscribers with bank cards, and AutoPay rules, as a gateway will find them at its start."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gateway.app import wall_us
from gateway.bench.numbers import msisdn_of
from handlers.base.autopay_rules import JOB_RUN, rule_job, run_key
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Language
from storage.bank_model import AutoPayRule, Card, RuleKind
from storage.model import AccountKind, AccountRef, Subscriber, main_account, transfer
from storage.store import Store
from storage.unit_of_work import UnitOfWork

#: What every card ends in.
DIGITS = "4242"
BANK = "halyk"
_CARD_TIYN = 100_000_000
_BATCH = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def store_customers(url: str, count: int) -> None:
    """Subscribers 0 to ``count``, each with money on a card, in all languages in turn."""
    in_batches(url, count, add_customer)


def store_rules(url: str, first: int, count: int, amount_tiyn: int, due: datetime) -> None:
    """Customers from number ``first`` on, each with a daily rule for the own number whose run is due then."""
    due_us = (due - _EPOCH) // _MICROSECOND
    in_batches(url, count, lambda uow, number: _add_ruled(uow, first + number, amount_tiyn, due_us))


def in_batches(url: str, count: int, add: Callable[[UnitOfWork, int], None]) -> None:
    """Have numbers 0 to ``count`` added to the store, many in one transaction."""
    store = Store.open(url, migrate=True)
    try:
        for first in range(0, count, _BATCH):
            now_us = wall_us()
            with store.begin(now_us=now_us, wall_us=now_us) as uow:
                for number in range(first, min(first + _BATCH, count)):
                    add(uow, number)
                uow.commit()
    finally:
        store.close()


def add_customer(uow: UnitOfWork, number: int) -> None:
    """The n-th subscriber and their card."""
    msisdn = msisdn_of(number)
    uow.subscribers.add(
        Subscriber(
            msisdn=msisdn,
            brand=Brand.ACTIV,
            billing=Billing.PREPAID,
            language=tuple(Language)[number % 3],
            created_us=uow.now_us,
        )
    )
    uow.ledger.open(main_account(msisdn))
    _add_card(uow, number, msisdn)


def _add_card(uow: UnitOfWork, number: int, msisdn: Msisdn) -> None:
    card = Card(
        id=_id(number),
        bank=BANK,
        pan_digest=number.to_bytes(32, "big"),
        last6=f"00{DIGITS}",
        msisdn=msisdn,
        created_us=uow.now_us,
    )
    uow.cards.add(card)
    uow.ledger.open(card.account)
    cash = AccountRef(AccountKind.BANK_CASH, BANK)
    uow.ledger.post(
        transfer(cash, card.account, _CARD_TIYN, reason="bank.opening", source="bench", actor="bench")
    )


def _add_ruled(uow: UnitOfWork, number: int, amount_tiyn: int, due_us: int) -> None:
    add_customer(uow, number)
    rule = AutoPayRule(
        id=_id(number),
        payer=msisdn_of(number),
        target=msisdn_of(number),
        card_id=_id(number),
        kind=RuleKind.DAILY,
        amount_tiyn=amount_tiyn,
        anchor_us=due_us,
        due_us=due_us,
        created_us=uow.now_us,
    )
    uow.autopay.add(rule)
    uow.jobs.put(rule_job(JOB_RUN, run_key(rule), due_us, rule))


def _id(number: int) -> str:
    """As long and as ordered as the ids that a gateway draws."""
    return f"{number:032x}"
