"""How a payment from a card that a holder ordered ends, and what the holder reads of it by SMS.

Shared by the services in which people order one themselves: by SMS (8080) and by voice (7000).
"""

from typing import Final

from handlers.base.bank import Verdict
from handlers.base.cards import by_bank
from handlers.base.context import Context
from handlers.base.outcome import Event, Outcome, Reply, Text
from rating.money import Money
from rating.msisdn import Msisdn
from storage.bank_model import Card, CardState, CardTransaction, TransactionState
from storage.model import Balance, Job, main_account
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

EVENT_CONCLUDED: Final = "bank.concluded"


def answered(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    """Conclude the payment and tell how it ended. An answer to what is settled changes and tells nothing."""
    verdict = Verdict(str(job.payload["verdict"]))
    concluded = context.bank.conclude(str(job.payload["code"]), verdict, uow, context)
    if concluded is None or not concluded.is_news:
        return Outcome()
    transaction = concluded.transaction
    card = uow.cards.get(transaction.card_id)
    data = {"code": transaction.code, "msisdn": transaction.msisdn, "state": transaction.state.value}
    return Outcome(
        replies=_news(transaction, card, uow, context) if card else (),
        events=(Event(kind=EVENT_CONCLUDED, data=data),),
        journal_seq=transaction.journal_seq,
        result=transaction,
    )


def needs_answered(job: Job) -> Needs:
    """What ``answered`` reads."""
    return Needs(card_transactions=frozenset({str(job.payload["code"])}))


def _news(transaction: CardTransaction, card: Card, uow: UnitOfWork, context: Context) -> tuple[Reply, ...]:
    """What the payer reads, and what the other reads for whom it was paid."""
    holder, target = transaction.msisdn, Msisdn(transaction.target)
    params = {"amount": Money(-transaction.amount_tiyn), "card": card.last4, "code": transaction.code}
    if transaction.state is not TransactionState.POSTED:
        return (by_bank(Text(_bad_news(transaction, card), params), holder, context),)
    params["balance"] = balance = _main_balance(target, uow)
    if target == holder:
        return (by_bank(Text("bank.paid", params), holder, context),)
    received = {"amount": params["amount"], "number": holder, "balance": balance}
    return (
        by_bank(Text("bank.paid_for", params | {"number": target}), holder, context),
        by_bank(Text("bank.received", received), target, context),
    )


def _bad_news(transaction: CardTransaction, card: Card) -> str:
    if transaction.state is TransactionState.UNKNOWN:
        return "bank.not_answered"
    return "bank.failed" if card.state is CardState.ACTIVE else "bank.stopped"


def _main_balance(msisdn: Msisdn, uow: UnitOfWork) -> Money:
    return Money((uow.ledger.balance(main_account(msisdn)) or Balance(0)).balance_tiyn)
