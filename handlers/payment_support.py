"""What support does with payments (services.md section 5): move, back out, reverse; each at most once.

A payment without an owner is moved to the right number or goes back to its channel. One that was credited
can be reversed as long as the subscriber, and the bonuses that it earned, have the money.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.debt import end_debt
from handlers.base.outcome import Event, Outcome, Reply, decline
from handlers.base.payment_book import (
    REASON_BACKED_OUT,
    REASON_MOVED,
    REASON_REVERSED,
    allocation,
    bonuses,
    departure,
    flow_of,
    open_bonuses,
)
from handlers.base.payment_notices import credited, taken_back
from handlers.base.service import Service
from rating.msisdn import Msisdn
from storage.bank_model import Payment, PaymentState
from storage.model import AccountRef, Entry, main_account
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = "payment_support"
EVENT_MOVED: Final = "payment.moved"
EVENT_BACKED_OUT: Final = "payment.backed_out"
EVENT_REVERSED: Final = "payment.reversed"

#: What a payment is already, where something else was asked of it.
_IS_ALREADY: Final = MappingProxyType(
    {
        PaymentState.CREDITED: "payment.is_credited",
        PaymentState.UNALLOCATED: "payment.is_unallocated",
        PaymentState.MOVED: "payment.is_moved",
        PaymentState.BACKED_OUT: "payment.is_backed_out",
        PaymentState.REVERSED: "payment.is_reversed",
    }
)
_WITHOUT_OWNER: Final = frozenset({PaymentState.UNALLOCATED})
_WITH_OWNER: Final = frozenset({PaymentState.CREDITED, PaymentState.MOVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePayment(Command):
    """Credit a payment that has no owner to ``msisdn``."""

    payment_id: str
    msisdn: Msisdn


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOutPayment(Command):
    """Give a payment that has no owner back to its channel."""

    payment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversePayment(Command):
    """Take a payment back from whoever got it, and the bonuses that it earned."""

    payment_id: str


def move(command: MovePayment, uow: UnitOfWork, context: Context) -> Outcome:
    """Result: the Payment."""
    payment = _in_state(command.payment_id, _WITHOUT_OWNER, uow)
    if isinstance(payment, Outcome):
        return payment
    subscriber = uow.subscribers.get(command.msisdn)
    if subscriber is None:
        return decline("payment.no_subscriber")
    payment = _owned_by(command.msisdn, payment, context)
    if payment.cashback_tiyn:
        open_bonuses(payment.credited, uow)
    seq = uow.ledger.post(
        Entry(
            reason=REASON_MOVED,
            lines=allocation(flow_of(payment)),
            source=payment.code,
            actor=command.origin.acting,
        )
    )
    payment = payment._replace(journal_seq=seq)
    uow.payments.put(payment)
    balance_tiyn = _balance(main_account(command.msisdn), uow)
    end_debt(subscriber, balance_tiyn, uow)
    return _outcome(payment, seq, EVENT_MOVED, credited(payment, balance_tiyn, context))


def back_out(command: BackOutPayment, uow: UnitOfWork, context: Context) -> Outcome:
    """Result: the Payment."""
    payment = _in_state(command.payment_id, _WITHOUT_OWNER, uow)
    if isinstance(payment, Outcome):
        return payment
    payment = _give_back(command, payment, PaymentState.BACKED_OUT, REASON_BACKED_OUT, uow, context)
    return _outcome(payment, payment.reversed_seq, EVENT_BACKED_OUT)


def reverse(command: ReversePayment, uow: UnitOfWork, context: Context) -> Outcome:
    """Result: the Payment."""
    payment = _in_state(command.payment_id, _WITH_OWNER, uow)
    if isinstance(payment, Outcome):
        return payment
    main = main_account(Msisdn(payment.credited))
    if _available(main, uow) < payment.amount_tiyn:
        return decline("payment.spent")
    if payment.cashback_tiyn and _available(bonuses(payment.credited), uow) < payment.cashback_tiyn:
        return decline("payment.bonuses_spent")
    payment = _give_back(command, payment, PaymentState.REVERSED, REASON_REVERSED, uow, context)
    notice = taken_back(payment, _balance(main, uow), context)
    return _outcome(payment, payment.reversed_seq, EVENT_REVERSED, notice)


def _in_state(payment_id: str, states: frozenset[PaymentState], uow: UnitOfWork) -> Payment | Outcome:
    """The payment, or a refusal that says what it is already."""
    payment = uow.payments.get(payment_id)
    if payment is None:
        return decline("payment.unknown")
    return payment if payment.state in states else decline(_IS_ALREADY[payment.state])


def _owned_by(msisdn: Msisdn, payment: Payment, context: Context) -> Payment:
    """It earns now what it would have earned at once."""
    channel = context.profile.channels.get(payment.channel)
    earned_tiyn = channel.cashback_tiyn(payment.amount_tiyn, payment.source) if channel else 0
    return payment._replace(
        state=PaymentState.MOVED,
        credited=msisdn,
        cashback_tiyn=earned_tiyn,
        updated_us=context.now_us,
    )


def _give_back(
    command: Command, payment: Payment, state: PaymentState, reason: str, uow: UnitOfWork, context: Context
) -> Payment:
    """Undo the entry that brought the money to where it is."""
    seq = uow.ledger.post(
        Entry(
            reason=reason,
            lines=departure(flow_of(payment)),
            source=payment.code,
            actor=command.origin.acting,
            reverses_seq=payment.journal_seq,
        )
    )
    payment = payment._replace(state=state, reversed_seq=seq, updated_us=context.now_us)
    uow.payments.put(payment)
    return payment


def _available(account: AccountRef, uow: UnitOfWork) -> int:
    balance = uow.ledger.balance(account)
    return balance.available_tiyn if balance else 0


def _balance(account: AccountRef, uow: UnitOfWork) -> int:
    balance = uow.ledger.balance(account)
    return balance.balance_tiyn if balance else 0


def _outcome(payment: Payment, seq: int | None, kind: str, *notices: Reply) -> Outcome:
    data = {"payment_id": payment.payment_id, "channel": payment.channel, "state": payment.state.value}
    event = Event(kind=kind, data=data | {"amount_tiyn": payment.amount_tiyn})
    return Outcome(replies=notices, events=(event,), journal_seq=seq, result=payment)


def _needs_of_payment(command: BackOutPayment | ReversePayment, _: Context) -> Needs:
    """Whose accounts it takes is known once it is read."""
    return Needs(payments=frozenset({command.payment_id}))


def _needs_of_move(command: MovePayment, _: Context) -> Needs:
    return Needs(
        payments=frozenset({command.payment_id}),
        msisdns=frozenset({command.msisdn}),
        accounts=frozenset({main_account(command.msisdn)}),
    )


SERVICE: Final = Service(
    name=NAME,
    handlers=MappingProxyType({MovePayment: move, BackOutPayment: back_out, ReversePayment: reverse}),
    needs=MappingProxyType(
        {
            MovePayment: _needs_of_move,
            BackOutPayment: _needs_of_payment,
            ReversePayment: _needs_of_payment,
        }
    ),
)
