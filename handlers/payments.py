"""Payments through banks, terminals and cash desks (services.md section 5): each is taken once, none is lost.

What cannot be credited (another brand, a number that is none of ours) waits on ``unallocated:CHANNEL`` until
support moves it or backs it out.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from handlers.base.cards import new_code
from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.debt import end_debt
from handlers.base.outcome import Event, FieldError, Outcome, Reply, Text, decline, refuse_fields
from handlers.base.payment_book import (
    REASON_TAKEN,
    Flow,
    arrival,
    bonuses,
    cashback_pot,
    clearing,
    open_bonuses,
)
from handlers.base.payment_channels import PaymentChannel, Source
from handlers.base.payment_notices import credited
from handlers.base.service import Service
from rating.money import Money
from rating.msisdn import InvalidMsisdn, Msisdn, is_canonical, parse_msisdn
from storage.bank_model import Payment, PaymentState
from storage.model import AccountRef, Entry, Subscriber, main_account
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = "payments"
EVENT_TAKEN: Final = "payment.taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePayment(Command):
    """Money that a payer gave to ``channel`` for ``msisdn``. ``payment_id`` is the channel's number of it.

    ``msisdn`` and ``brand`` are what the payer chose, right or wrong. ``source`` is a word of ``Source``.
    """

    payment_id: str
    channel: str
    msisdn: str
    brand: str
    amount_tiyn: int
    source: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The result. ``repeated``: it had been taken before, and nothing was done again."""

    payment: Payment
    repeated: bool = False


class Unallocated(StrEnum):
    """Why a payment has no owner yet. The members' order is the precedence."""

    MALFORMED = "payment.malformed_number"
    OFF_NET = "payment.off_net"
    UNKNOWN = "payment.unknown_number"
    WRONG_BRAND = "payment.wrong_brand"


def take(command: TakePayment, uow: UnitOfWork, context: Context) -> Outcome:
    """Credit the payment, or keep it for support; say which. Result: ``Taken``."""
    number = _number(command.msisdn)
    earlier = uow.payments.get(command.payment_id)
    if earlier is not None:
        return _again(command, number, earlier)
    channel = context.profile.channels.get(command.channel)
    wrong = _wrong_fields(command, channel, context)
    if wrong or channel is None:
        return refuse_fields("payment.invalid", wrong)
    if command.source == Source.BONUS and _bonuses_of(number, uow) < command.amount_tiyn:
        return decline("payment.bonuses_short")
    owner = _owner(number, command.brand, uow, context)
    if isinstance(owner, Unallocated):
        flow = Flow(channel.name, command.source, command.amount_tiyn, number)
    else:
        earned_tiyn = channel.cashback_tiyn(command.amount_tiyn, command.source)
        flow = Flow(channel.name, command.source, command.amount_tiyn, number, number, earned_tiyn)
    return _book(command, flow, owner, uow, context)


def _again(command: TakePayment, number: str, earlier: Payment) -> Outcome:
    """The same once more, in other spellings too, is answered as before."""
    known = (earlier.channel, earlier.msisdn, earlier.brand, earlier.amount_tiyn, earlier.source)
    asked = (command.channel, number, _word(command.brand), command.amount_tiyn, command.source)
    return Outcome(result=Taken(earlier, repeated=True)) if asked == known else decline("payment.id_reused")


def _wrong_fields(
    command: TakePayment, channel: PaymentChannel | None, context: Context
) -> tuple[FieldError, ...]:
    """All that is wrong, in the order of the fields."""
    if channel is None:
        names = ", ".join(context.profile.channels)
        wrong = [FieldError("channel", Text("payment.no_channel", {"values": names}))]
    elif command.source not in channel.sources:
        names = ", ".join(sorted(channel.sources))
        wrong = [FieldError("source", Text("payment.no_source", {"values": names}))]
    else:
        wrong = []
    least_tiyn = channel.minimum_tiyn if channel else 1
    most_tiyn = context.profile.payment_max_tiyn
    if not least_tiyn <= command.amount_tiyn <= most_tiyn:
        limits = {"least": Money(least_tiyn), "most": Money(most_tiyn)}
        wrong.append(FieldError("amount", Text("payment.amount", limits)))
    return tuple(wrong)


def _number(typed: str) -> str:
    """A number in its stored form; what is none stays as it was typed."""
    try:
        return parse_msisdn(typed)
    except InvalidMsisdn:
        return typed


def _word(typed: str) -> str:
    """A brand as it is kept and compared."""
    return typed.strip().lower()


def _bonuses_of(number: str, uow: UnitOfWork) -> int:
    balance = uow.ledger.balance(bonuses(number))
    return balance.available_tiyn if balance else 0


def _owner(number: str, brand: str, uow: UnitOfWork, context: Context) -> Subscriber | Unallocated:
    """Who gets the money, blocked or not; a record of the number counts more than its prefix."""
    if not is_canonical(number):
        return Unallocated.MALFORMED
    subscriber = uow.subscribers.get(Msisdn(number))
    if subscriber is None:
        return Unallocated.UNKNOWN if number[1:4] in context.profile.prefixes else Unallocated.OFF_NET
    return subscriber if subscriber.brand.value == _word(brand) else Unallocated.WRONG_BRAND


def _book(
    command: TakePayment, flow: Flow, owner: Subscriber | Unallocated, uow: UnitOfWork, context: Context
) -> Outcome:
    """One entry, one row, and the news for whoever got the money."""
    code = new_code(context)
    if flow.cashback_tiyn:
        open_bonuses(flow.credited, uow)
    seq = uow.ledger.post(
        Entry(reason=REASON_TAKEN, lines=arrival(flow), source=code, actor=command.origin.acting)
    )
    payment = _record(command, flow, owner, code, seq, context)
    uow.payments.add(payment)
    replies = (_credit(payment, owner, uow, context),) if isinstance(owner, Subscriber) else ()
    data = {
        "payment_id": payment.payment_id,
        "channel": payment.channel,
        "state": payment.state.value,
        "amount_tiyn": payment.amount_tiyn,
    }
    event = Event(kind=EVENT_TAKEN, data=data)
    return Outcome(replies=replies, events=(event,), journal_seq=seq, result=Taken(payment))


def _record(
    command: TakePayment,
    flow: Flow,
    owner: Subscriber | Unallocated,
    code: str,
    seq: int,
    context: Context,
) -> Payment:
    """Made once, when all of it is known: ``dataclasses.replace`` would cost as much as the entry."""
    is_waiting = isinstance(owner, Unallocated)
    return Payment(
        payment_id=command.payment_id,
        channel=flow.channel,
        msisdn=flow.payer,
        brand=_word(command.brand),
        amount_tiyn=flow.amount_tiyn,
        source=flow.source,
        code=code,
        state=PaymentState.UNALLOCATED if is_waiting else PaymentState.CREDITED,
        at_us=context.now_us,
        credited=flow.credited,
        why=owner.value if isinstance(owner, Unallocated) else "",
        cashback_tiyn=flow.cashback_tiyn,
        journal_seq=seq,
        updated_us=context.now_us,
    )


def _credit(payment: Payment, subscriber: Subscriber, uow: UnitOfWork, context: Context) -> Reply:
    """The money is there: a debt may have ended, and the subscriber hears of it."""
    balance = uow.ledger.balance(main_account(subscriber.msisdn))
    balance_tiyn = balance.balance_tiyn if balance else 0
    end_debt(subscriber, balance_tiyn, uow)
    return credited(payment, balance_tiyn, context)


def needs(command: TakePayment, context: Context) -> Needs:
    """All but ``unallocated:CHANNEL``, which is one account for a whole batch."""
    number, channel = _number(command.msisdn), context.profile.channels.get(command.channel)
    accounts = {clearing(command.channel)} if channel else set[AccountRef]()
    if not is_canonical(number):
        return Needs(payments=frozenset({command.payment_id}), accounts=frozenset(accounts))
    accounts.add(main_account(Msisdn(number)))
    if channel and command.source in channel.cashback_sources:
        accounts |= {cashback_pot(channel.name), bonuses(number)}
    elif command.source == Source.BONUS:
        accounts.add(bonuses(number))
    return Needs(
        payments=frozenset({command.payment_id}),
        msisdns=frozenset({Msisdn(number)}),
        accounts=frozenset(accounts),
    )


SERVICE: Final = Service(
    name=NAME,
    handlers=MappingProxyType({TakePayment: take}),
    needs=MappingProxyType({TakePayment: needs}),
)
