"""The simulated bank (services.md sections 3 and 6): it holds, answers when and how it likes, and books.

It stands behind the narrow interface of ``handlers.base.bank``. A top-up is one entry of four lines, two in
the bank's books and two in the operator's, under the transaction's code.
"""

from typing import Final

from handlers.base.bank import Concluded, Declined, Order, Verdict
from handlers.base.cards import Behaviour, Manner, behaviour, new_code
from handlers.base.context import Context
from handlers.base.debt import end_debt
from rating.msisdn import Msisdn
from storage.bank_model import CardEventKind, CardState, CardTransaction, TransactionState
from storage.model import AccountKind, AccountRef, Entry, Hold, Job, Line, main_account
from storage.unit_of_work import UnitOfWork

REASON_TOP_UP: Final = "bank.top_up"
_US_PER_S: Final = 1_000_000
#: The date on a hold. No job frees the money then: only the bank's answer does (never a guess).
_HOLD_US: Final = 30 * 86_400 * _US_PER_S
#: Answers fall on tenths of a second where there is room, so that many of them share a transaction.
_GRID_US: Final = 100_000
_SPREAD_DIGITS: Final = 6
_PENDING: Final = frozenset({TransactionState.AUTHORISED, TransactionState.UNKNOWN})


class Issuer:
    """Implements ``handlers.base.bank.Bank``. It keeps nothing itself: all is in the unit of work."""

    def authorise(self, order: Order, uow: UnitOfWork, context: Context) -> CardTransaction | Declined:
        """Hold the amount and plan the answer. Raises ValueError for an amount that is not above zero."""
        card = order.card
        if card.state is not CardState.ACTIVE:
            return Declined.DISABLED
        balance = uow.ledger.balance(card.account)
        if balance is None or balance.available_tiyn < order.amount_tiyn:
            return Declined.NOT_ENOUGH
        transaction = _authorised(order, context)
        uow.ledger.hold(
            Hold(
                id=transaction.hold_id,
                account=card.account,
                amount_tiyn=order.amount_tiyn,
                reason=REASON_TOP_UP,
                source=transaction.code,
                expires_us=context.now_us + _HOLD_US,
            )
        )
        uow.cards.add_transaction(transaction)
        for job in _answers(transaction, behaviour(uow), context):
            uow.jobs.put(job)
        return transaction

    def conclude(
        self,
        code: str,
        verdict: Verdict,
        uow: UnitOfWork,
        context: Context,
        *,
        into: AccountKind = AccountKind.MAIN,
    ) -> Concluded | None:
        """Book, void or note that nobody knows, once; whatever comes after that is no news.

        An approval voids where the card was disabled meanwhile or the target is gone. A suspension of the
        target for debt ends with the credit.
        """
        found = uow.cards.transaction(code)
        if found is None or found.kind is not CardEventKind.TOP_UP:
            return None
        if found.state not in _PENDING:
            return Concluded(found, is_news=False)
        if verdict is Verdict.OVERDUE:
            return _unanswered(found, uow)
        uow.jobs.cancel(_overdue_key(found))
        if verdict is Verdict.APPROVED and _may_be_booked(found, uow):
            return _settled(_post(found, into, uow, context), uow)
        uow.ledger.void(found.hold_id)
        voided = found._replace(state=TransactionState.VOIDED, settled_us=context.now_us)
        return _settled(voided, uow)


def _authorised(order: Order, context: Context) -> CardTransaction:
    return CardTransaction(
        code=new_code(context),
        card_id=order.card.id,
        msisdn=order.card.msisdn,
        kind=CardEventKind.TOP_UP,
        amount_tiyn=-order.amount_tiyn,
        venue=order.venue,
        at_us=context.now_us,
        state=TransactionState.AUTHORISED,
        hold_id=context.new_id(),
        target=order.target,
        answer_job=order.answer_job,
        purpose=order.purpose,
        source_id=order.origin.source_id,
    )


def _answers(transaction: CardTransaction, manner: Behaviour, context: Context) -> list[Job]:
    """The bank's answers, each when it comes, and the moment at which the operator stops waiting."""
    now_us, timeout_s = context.now_us, context.profile.bank_answer_timeout_s
    jobs = [_answer(transaction, Verdict.OVERDUE, _overdue_key(transaction), now_us, timeout_s * _US_PER_S)]
    if manner.mode is Manner.NEVER:
        return jobs
    verdict = Verdict.ERROR if manner.mode is Manner.ERROR else Verdict.APPROVED
    delay_us = _delay_us(context)
    if manner.mode is Manner.LATE:
        delay_us = manner.delay_s * _US_PER_S
    key = f"bank.answer:{transaction.hold_id}"
    jobs.append(_answer(transaction, verdict, key, now_us, delay_us))
    if manner.mode is Manner.TWICE:
        delay_us += manner.delay_s * _US_PER_S
        jobs.append(_answer(transaction, verdict, f"{key}:again", now_us, delay_us))
    return jobs


def _answer(transaction: CardTransaction, verdict: Verdict, key: str, now_us: int, delay_us: int) -> Job:
    payload: dict[str, str | int] = {"code": transaction.code, "verdict": verdict.value}
    return Job(kind=transaction.answer_job, key=key, due_us=now_us + delay_us, payload=payload)


def _overdue_key(transaction: CardTransaction) -> str:
    """By the hold, as the answers' keys: its id rises with time, and the rows of a batch lie together."""
    return f"bank.overdue:{transaction.hold_id}"


def _delay_us(context: Context) -> int:
    """Anywhere between the profile's bounds, but for the grid: never below, never above."""
    least_us, most_us = (each * _US_PER_S for each in context.profile.bank_answer_s)
    if most_us - least_us < _GRID_US:
        return least_us
    drawn = int(context.random_digits(_SPREAD_DIGITS))
    spread_us = (most_us - least_us - _GRID_US) * drawn // 10**_SPREAD_DIGITS
    due_us = context.now_us + least_us + _GRID_US + spread_us
    return due_us - due_us % _GRID_US - context.now_us


def _unanswered(found: CardTransaction, uow: UnitOfWork) -> Concluded:
    """The bank said nothing in time. Its money stays held: nothing is given back on a guess."""
    if found.state is TransactionState.UNKNOWN:
        return Concluded(found, is_news=False)
    return _settled(found._replace(state=TransactionState.UNKNOWN), uow)


def _may_be_booked(found: CardTransaction, uow: UnitOfWork) -> bool:
    card, target = uow.cards.get(found.card_id), Msisdn(found.target)
    return (
        card is not None
        and card.state is CardState.ACTIVE
        and uow.subscribers.get(target) is not None
        and uow.ledger.balance(main_account(target)) is not None
    )


def _post(found: CardTransaction, into: AccountKind, uow: UnitOfWork, context: Context) -> CardTransaction:
    """Card to the bank's account with the operator; what the bank owes to the subscriber."""
    card, target = uow.cards.get(found.card_id), Msisdn(found.target)
    assert card is not None  # noqa: S101 (_may_be_booked has looked)
    credited, amount_tiyn = AccountRef(into, target), -found.amount_tiyn
    if uow.ledger.balance(credited) is None:
        uow.ledger.open(credited)
    lines = (
        Line(card.account, -amount_tiyn),
        Line(AccountRef(AccountKind.BANK_OPERATOR, card.bank), amount_tiyn),
        Line(AccountRef(AccountKind.BANK_CLEARING, card.bank), -amount_tiyn),
        Line(credited, amount_tiyn),
    )
    entry = Entry(reason=REASON_TOP_UP, lines=lines, source=found.code, actor=found.msisdn)
    seq = uow.ledger.settle(found.hold_id, entry)
    subscriber, balance = uow.subscribers.get(target), uow.ledger.balance(main_account(target))
    if subscriber is not None and balance is not None:
        end_debt(subscriber, balance.balance_tiyn, uow)
    return found._replace(state=TransactionState.POSTED, journal_seq=seq, settled_us=context.now_us)


def _settled(changed: CardTransaction, uow: UnitOfWork) -> Concluded:
    uow.cards.put_transaction(changed)
    return Concluded(changed, is_news=True)
