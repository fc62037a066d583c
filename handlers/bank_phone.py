"""Bank by phone, 7000: pay, the card's balance, change the password (services.md section 4).

A customer is known by identifier and password, from whichever telephone they call; every command after
``Identify`` names the identifier that it has confirmed. A payment is from the customer's card to their own
account; what is said at once is that it is on its way, and how it ended comes by SMS from the bank.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from hmac import compare_digest
from types import MappingProxyType
from typing import Final

from handlers.base.access import Access, gate
from handlers.base.bank import Declined, Order
from handlers.base.command import Command, Secret
from handlers.base.context import Context
from handlers.base.grammar import Usage, read_amount
from handlers.base.outcome import Event, Outcome, Reply, Text, refuse, reply
from handlers.base.phone_bank import (
    ATTEMPTS,
    CALLER_ATTEMPTS,
    CALLER_WRONG_MAX,
    INITIAL_PASSWORD,
    is_identifier,
    password_digest,
)
from handlers.base.schedule import midnight_us
from handlers.base.service import Service
from handlers.base.top_up_news import answered, needs_answered
from rating.money import Money
from rating.msisdn import Msisdn
from rating.subscriber import Status
from storage.bank_model import Card, CardState
from storage.call_model import PhoneCustomer
from storage.model import Attempts, Balance
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = "bank_phone"
PASSWORD_DIGITS_MIN: Final = 4
PASSWORD_DIGITS_MAX: Final = 12
#: The kind of the job that brings the bank's answer.
ANSWER_JOB: Final = "bank_phone.answer"
EVENT_ORDERED: Final = "bank.ordered"
EVENT_LOCKED: Final = "bank.phone_locked"
EVENT_CHANGED: Final = "bank.phone_password_changed"
_US_PER_S: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify(Command):
    """Who calls, by what they typed. Both may be anything."""

    identifier: Secret
    password: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """The result: a customer's identifier, and whether they should be told to change their password."""

    identifier: str
    is_initial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAmount(Command):
    """Whether ``amount`` (as it was typed) could be paid now: before it is read back to be confirmed."""

    identifier: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountChecked:
    """The result: what will be paid, for which number, and from which card (its last four digits)."""

    amount: Money
    number: Msisdn
    card: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayByPhone(Command):
    """Pay ``amount`` (as it was typed) from the customer's card to their own account."""

    identifier: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneBalance(Command):
    """What is on the customer's card."""

    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword(Command):
    """A new password, typed twice."""

    identifier: str
    new: Secret
    again: Secret


class Refused(StrEnum):
    """Why the bank refuses, after the refusals of ``access``. The members' order is the precedence."""

    LOCKED = "phone.locked"
    WRONG = "phone.wrong"
    UNKNOWN = "phone.unknown"
    PASSWORD_DIFFERS = "phone.password_differs"  # noqa: S105 (the name of a refusal, no password)
    PASSWORD_FORM = "phone.password_form"  # noqa: S105 (as above)
    PASSWORD_INITIAL = "phone.password_initial"  # noqa: S105 (as above)
    PASSWORD_SAME = "phone.password_same"  # noqa: S105 (as above)
    DISABLED = "phone.disabled"
    BAD_AMOUNT = "phone.bad_amount"
    BELOW_MINIMUM = "phone.below_minimum"
    NO_SUBSCRIBER = "phone.no_subscriber"
    TARGET_BLOCKED = "phone.target_blocked"
    ABOVE_LIMIT = "phone.above_limit"
    NOT_ENOUGH = "phone.not_enough"


#: As with 8080: whoever is in debt gets out of it this way, and whoever may not call may look after a card.
_ADMIT: Final = gate(Access(allow_blocked_outgoing=True, allow_debt=True, allow_negative=True))
_DECLINED: Final = MappingProxyType(
    {Declined.DISABLED: Refused.DISABLED, Declined.NOT_ENOUGH: Refused.NOT_ENOUGH}
)


# -- who calls -------------------------------------------------------------------------------------


def identify(command: Identify, uow: UnitOfWork, context: Context) -> Outcome:
    """Let the customer in, or count a wrong try. Result: Identified.

    An identifier that is nobody's is counted and locked like one that is somebody's: a caller cannot learn
    which exist.
    """
    admitted = _ADMIT(command.origin, uow)
    if isinstance(admitted, Outcome):
        return admitted
    identifier = command.identifier.reveal()
    if not is_identifier(identifier):
        return refuse(Refused.WRONG.value)
    counters = (
        uow.attempts.get(ATTEMPTS, identifier),
        uow.attempts.get(CALLER_ATTEMPTS, command.origin.msisdn),
    )
    locked_until_us = max(each.locked_until_us for each in counters)
    if context.now_us < locked_until_us:
        return refuse(Refused.LOCKED.value, until=context.at(locked_until_us))
    customer = uow.phone_customers.get(identifier)
    if not _is_password_of(customer, identifier, command.password, context):
        return _count(command, counters, uow, context)
    for each in counters:
        if each.times_us:
            uow.attempts.put(replace(each, times_us=()))
    is_initial = customer is not None and customer.is_initial
    return Outcome(result=Identified(identifier=identifier, is_initial=is_initial))


def _is_password_of(
    customer: PhoneCustomer | None, identifier: str, password: Secret, context: Context
) -> bool:
    """The digest is made for nobody too, so that both take the same time."""
    typed = password_digest(identifier, password, context)
    return compare_digest(typed, customer.password if customer is not None else b"")


def _count(command: Identify, counters: Iterable[Attempts], uow: UnitOfWork, context: Context) -> Outcome:
    """Note a wrong try, of the identifier and of the telephone. One that reaches the limit locks; only the
    right password, the bank's call centre and the end of a lock make the others forgotten.
    """
    now_us = context.now_us
    until_us = now_us + context.profile.bank_phone_lock_s * _US_PER_S
    limits = {ATTEMPTS: context.profile.bank_phone_wrong_max, CALLER_ATTEMPTS: CALLER_WRONG_MAX}
    reached = 0
    for each in counters:
        times_us = (*each.times_us, now_us)
        counted = replace(each, times_us=times_us)
        if len(times_us) >= limits[each.kind]:
            counted = replace(each, times_us=(), locked_until_us=until_us)
            reached = max(reached, len(times_us))
        uow.attempts.put(counted)
    if not reached:
        return refuse(Refused.WRONG.value)
    refusal = refuse(Refused.LOCKED.value, "phone.locked_now", count=reached, until=context.at(until_us))
    event = Event(kind=EVENT_LOCKED, data={"msisdn": command.origin.msisdn, "until_us": until_us})
    return replace(refusal, events=(event,))


def change_password(command: ChangePassword, uow: UnitOfWork, context: Context) -> Outcome:
    """Keep the new password's digest instead, or say what is wrong with the new password."""
    customer = _customer(command, uow)
    if isinstance(customer, Outcome):
        return customer
    wrong = _why_not(command, customer, context)
    if wrong is not None:
        return refuse(wrong.value, least=PASSWORD_DIGITS_MIN, most=PASSWORD_DIGITS_MAX)
    digest = password_digest(customer.identifier, command.new, context)
    uow.phone_customers.put(replace(customer, password=digest, is_initial=False))
    event = Event(kind=EVENT_CHANGED, data={"msisdn": customer.msisdn})
    return Outcome(replies=(Reply(text=Text("phone.password_changed")),), events=(event,))


def _why_not(command: ChangePassword, customer: PhoneCustomer, context: Context) -> Refused | None:
    new = command.new.reveal()
    if new != command.again.reveal():
        return Refused.PASSWORD_DIFFERS
    if not (PASSWORD_DIGITS_MIN <= len(new) <= PASSWORD_DIGITS_MAX and new.isascii() and new.isdigit()):
        return Refused.PASSWORD_FORM
    if new == INITIAL_PASSWORD.reveal():
        return Refused.PASSWORD_INITIAL
    is_old = _is_password_of(customer, customer.identifier, command.new, context)
    return Refused.PASSWORD_SAME if is_old else None


_ForCustomer = CheckAmount | PayByPhone | PhoneBalance | ChangePassword


def _customer(command: _ForCustomer, uow: UnitOfWork) -> PhoneCustomer | Outcome:
    """The customer who was identified. Nobody takes customers away, but a reset does, also during a call."""
    admitted = _ADMIT(command.origin, uow)
    if isinstance(admitted, Outcome):
        return admitted
    return uow.phone_customers.get(command.identifier) or refuse(Refused.UNKNOWN.value)


def _card(command: _ForCustomer, uow: UnitOfWork) -> Card | Outcome:
    """The customer's card, ready to be used; or the first reason why it is not."""
    customer = _customer(command, uow)
    if isinstance(customer, Outcome):
        return customer
    card = uow.cards.get(customer.card_id)
    if card is None:
        return refuse(Refused.UNKNOWN.value)
    return card if card.state is CardState.ACTIVE else refuse(Refused.DISABLED.value, card=card.last4)


# -- paying, and looking ---------------------------------------------------------------------------


def check_amount(command: CheckAmount, uow: UnitOfWork, context: Context) -> Outcome:
    """Say nothing where it can be paid, else why not. Result: AmountChecked."""
    order = _order(command, uow, context)
    if isinstance(order, Outcome):
        return order
    balance = uow.ledger.balance(order.card.account) or Balance(0)
    if balance.available_tiyn < order.amount_tiyn:
        return refuse(Refused.NOT_ENOUGH.value, card=order.card.last4)
    amount = Money(order.amount_tiyn)
    return Outcome(result=AmountChecked(amount=amount, number=order.target, card=order.card.last4))


def pay(command: PayByPhone, uow: UnitOfWork, context: Context) -> Outcome:
    """Order the payment and say that it is on its way, or why not. Result: the CardTransaction."""
    order = _order(command, uow, context)
    if isinstance(order, Outcome):
        return order
    transaction = context.bank.authorise(order, uow, context)
    if isinstance(transaction, Declined):
        return refuse(_DECLINED[transaction].value, card=order.card.last4)
    data = {"code": transaction.code, "msisdn": order.target, "amount_tiyn": order.amount_tiyn}
    text = Text("phone.working", {"amount": Money(order.amount_tiyn), "card": order.card.last4})
    event = Event(kind=EVENT_ORDERED, data=data)
    return Outcome(replies=(Reply(text=text),), events=(event,), result=transaction)


def _order(command: CheckAmount | PayByPhone, uow: UnitOfWork, context: Context) -> Order | Outcome:
    """What the bank is asked to do, or the first reason to refuse but for the money on the card."""
    card = _card(command, uow)
    if isinstance(card, Outcome):
        return card
    amount = _read(command.amount)
    if amount is None:
        return refuse(Refused.BAD_AMOUNT.value)
    refusal = _limits(amount, card, uow, context)
    if refusal is not None:
        return refusal
    return Order(
        card=card,
        amount_tiyn=amount.tiyn,
        target=card.msisdn,
        venue=command.origin.service_code,
        answer_job=ANSWER_JOB,
        origin=command.origin,
    )


def _read(typed: str) -> Money | None:
    """Tenge as a keypad types them: its ``*`` is the decimal point (``99*50``). None for no amount."""
    amount = read_amount(typed.replace("*", ".", 1))
    return None if isinstance(amount, Usage) else amount


def _limits(amount: Money, card: Card, uow: UnitOfWork, context: Context) -> Outcome | None:
    """The first reason not to pay so much for this number now."""
    least_tiyn, most_tiyn = context.profile.bank_phone_min_tiyn, context.profile.bank_daily_limit_tiyn
    if amount.tiyn < least_tiyn:
        return refuse(Refused.BELOW_MINIMUM.value, least=Money(least_tiyn))
    subscriber = uow.subscribers.get(card.msisdn)
    if subscriber is None:
        return refuse(Refused.NO_SUBSCRIBER.value)
    if subscriber.status is Status.BLOCKED:
        return refuse(Refused.TARGET_BLOCKED.value)
    if uow.cards.paid_since(card.msisdn, midnight_us(context.now)) + amount.tiyn > most_tiyn:
        return refuse(Refused.ABOVE_LIMIT.value, most=Money(most_tiyn))
    return None


def show_balance(command: PhoneBalance, uow: UnitOfWork, context: Context) -> Outcome:  # noqa: ARG001 - one shape
    """What can be spent, and what is held where something is."""
    card = _card(command, uow)
    if isinstance(card, Outcome):
        return card
    balance = uow.ledger.balance(card.account) or Balance(0)
    available, held = Money(balance.available_tiyn), Money(balance.held_tiyn)
    if held:
        return reply("phone.balance_held", card=card.last4, balance=available, amount=held)
    return reply("phone.balance", card=card.last4, balance=available)


# -- the service -----------------------------------------------------------------------------------


def _needs_identify(command: Identify, context: Context) -> Needs:  # noqa: ARG001 - one shape
    identifier, msisdns = command.identifier.reveal(), frozenset({command.origin.msisdn})
    if not is_identifier(identifier):
        return Needs(msisdns=msisdns)
    return Needs(
        msisdns=msisdns,
        attempts=frozenset({(ATTEMPTS, identifier), (CALLER_ATTEMPTS, command.origin.msisdn)}),
        phone_customers=frozenset({identifier}),
    )


def _needs_customer(command: _ForCustomer, context: Context) -> Needs:  # noqa: ARG001 - one shape
    """With a customer come the card, what it paid lately, and the subscriber who is paid for."""
    return Needs(msisdns=frozenset({command.origin.msisdn}), phone_customers=frozenset({command.identifier}))


SERVICE: Final = Service(
    name=NAME,
    handlers=MappingProxyType(
        {
            Identify: identify,
            CheckAmount: check_amount,
            PayByPhone: pay,
            PhoneBalance: show_balance,
            ChangePassword: change_password,
        }
    ),
    needs=MappingProxyType(
        {
            Identify: _needs_identify,
            CheckAmount: _needs_customer,
            PayByPhone: _needs_customer,
            PhoneBalance: _needs_customer,
            ChangePassword: _needs_customer,
        }
    ),
    jobs=MappingProxyType({ANSWER_JOB: answered}),
    job_needs=MappingProxyType({ANSWER_JOB: needs_answered}),
)
