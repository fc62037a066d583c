"""Bank by SMS, 8080: pay from a card, its balance, its last transactions, disable it (services.md section 3).

``07 NNNN SSS [number]``, ``01 NNNN``, ``02 NNNN``, ``09 NNNN``; NNNN are the card's last four digits, or six
where the sender has two cards that end alike. A payment is answered at once, and again when the bank has
concluded it.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from handlers.base.access import Access, gate
from handlers.base.bank import Declined, Order
from handlers.base.cards import BANK_SMS
from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.grammar import Rule, Usage, read_amount
from handlers.base.outcome import Event, Outcome, Reply, Text, refuse, reply
from handlers.base.service import Service
from handlers.base.top_up_news import answered, needs_answered
from rating.money import Money
from rating.msisdn import InvalidMsisdn, Msisdn, parse_msisdn
from rating.subscriber import Status
from storage.bank_model import Card, CardEventKind, CardState, CardTransaction, TransactionState
from storage.model import Balance
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = BANK_SMS
SHOWN: Final = 10
#: The kind of the job that brings the bank's answer.
ANSWER_JOB: Final = "bank_sms.answer"
EVENT_ORDERED: Final = "bank.ordered"
EVENT_DISABLED: Final = "bank.card_disabled"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
#: More digits than this are no thousands of an amount that was written apart.
_GROUP_DIGITS_MAX: Final = 6
_VENUE_SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PayByCard(Command):
    """Pay from the card that ends in ``digits``. ``amount`` and ``number`` are as they were typed.

    Without a number the sender's own account is credited.
    """

    digits: str
    amount: str
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardBalance(Command):
    """What is on the card."""

    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardHistory(Command):
    """The card's last ten transactions."""

    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisableCard(Command):
    """Nothing leaves the card any more until the bank enables it."""

    digits: str


class Refused(StrEnum):
    """Why the bank refuses, after the refusals of ``access``. The members' order is the precedence."""

    NOT_CONNECTED = "bank.not_connected"
    AMBIGUOUS = "bank.ambiguous"
    DISABLED = "bank.disabled"
    BAD_AMOUNT = "bank.bad_amount"
    BAD_NUMBER = "bank.bad_number"
    OFF_NET = "bank.off_net"
    NO_SUBSCRIBER = "bank.no_subscriber"
    TARGET_BLOCKED = "bank.target_blocked"
    ABOVE_LIMIT = "bank.above_limit"
    NOT_ENOUGH = "bank.not_enough"


#: Whoever is in debt gets out of it this way, and whoever may not call may still look after a card.
_ADMIT: Final = gate(Access(allow_blocked_outgoing=True, allow_debt=True, allow_negative=True))
_DECLINED: Final = MappingProxyType(
    {Declined.DISABLED: Refused.DISABLED, Declined.NOT_ENOUGH: Refused.NOT_ENOUGH}
)


def pay(command: PayByCard, uow: UnitOfWork, context: Context) -> Outcome:
    """Order the payment and say that it is on its way, or say why not. Result: the CardTransaction."""
    card = _card(command.origin.msisdn, command, uow)
    if isinstance(card, Outcome):
        return card
    order = _order(command, card, uow, context)
    if isinstance(order, Outcome):
        return order
    transaction = context.bank.authorise(order, uow, context)
    if isinstance(transaction, Declined):
        return refuse(_DECLINED[transaction].value, card=card.last4)
    data = {"code": transaction.code, "msisdn": card.msisdn, "amount_tiyn": order.amount_tiyn}
    text = Text("bank.working", {"amount": Money(order.amount_tiyn), "card": card.last4})
    event = Event(kind=EVENT_ORDERED, data=data)
    return Outcome(replies=(Reply(text=text),), events=(event,), result=transaction)


def _card(
    holder: Msisdn, command: PayByCard | CardBalance | CardHistory | DisableCard, uow: UnitOfWork
) -> Card | Outcome:
    """The sender's one card that ends like this, ready to be used; or the first reason why there is none."""
    subscriber = _ADMIT(command.origin, uow)
    if isinstance(subscriber, Outcome):
        return subscriber
    found = [card for card in uow.cards.of(holder) if card.last6.endswith(command.digits)]
    if len(found) != 1:
        refused = Refused.AMBIGUOUS if found else Refused.NOT_CONNECTED
        return refuse(refused.value, digits=command.digits)
    if found[0].state is not CardState.ACTIVE:
        return refuse(Refused.DISABLED.value, card=found[0].last4)
    return found[0]


def _order(command: PayByCard, card: Card, uow: UnitOfWork, context: Context) -> Order | Outcome:
    """What the bank will be asked to do, or the first reason to refuse."""
    amount = read_amount(command.amount)
    if isinstance(amount, Usage) or _is_amount_going_on(command.number):
        return refuse(Refused.BAD_AMOUNT.value)
    target = _target(command, uow, context)
    if isinstance(target, Refused):
        return refuse(target.value)
    most_tiyn = context.profile.bank_daily_limit_tiyn
    if uow.cards.paid_since(card.msisdn, _day_began_us(context)) + amount.tiyn > most_tiyn:
        return refuse(Refused.ABOVE_LIMIT.value, most=Money(most_tiyn))
    return Order(
        card=card,
        amount_tiyn=amount.tiyn,
        target=target,
        venue=command.origin.service_code,
        answer_job=ANSWER_JOB,
        origin=command.origin,
    )


def _is_amount_going_on(number: str) -> bool:
    """``5 000,50`` is one amount to whoever typed it, and must not pay 5 KZT."""
    return number != "" and sum(map(str.isdigit, number)) <= _GROUP_DIGITS_MAX


def _target(command: PayByCard, uow: UnitOfWork, context: Context) -> Msisdn | Refused:
    """Whose account is credited. A record stands above the prefix: it may be a number that was ported in."""
    if not command.number:
        return command.origin.msisdn
    try:
        target = parse_msisdn(command.number)
    except InvalidMsisdn:
        return Refused.BAD_NUMBER
    subscriber = uow.subscribers.get(target)
    if subscriber is None:
        return Refused.NO_SUBSCRIBER if target[1:4] in context.profile.prefixes else Refused.OFF_NET
    return Refused.TARGET_BLOCKED if subscriber.status is Status.BLOCKED else target


def _day_began_us(context: Context) -> int:
    """Midnight of the operator's calendar day, in microseconds since the epoch."""
    midnight = context.now.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight.astimezone(UTC) - _EPOCH) // _MICROSECOND


# -- looking, and disabling ------------------------------------------------------------------------


def show_balance(command: CardBalance, uow: UnitOfWork, context: Context) -> Outcome:  # noqa: ARG001 - one shape
    """What can be spent, and what is held where something is."""
    card = _card(command.origin.msisdn, command, uow)
    if isinstance(card, Outcome):
        return card
    balance = uow.ledger.balance(card.account) or Balance(0)
    available, held = Money(balance.available_tiyn), Money(balance.held_tiyn)
    if held:
        return reply("bank.balance_held", card=card.last4, balance=available, amount=held)
    return reply("bank.balance", card=card.last4, balance=available)


def show_history(command: CardHistory, uow: UnitOfWork, context: Context) -> Outcome:
    """The last ten transactions, newest first, one line each."""
    card = _card(command.origin.msisdn, command, uow)
    if isinstance(card, Outcome):
        return card
    lines = tuple(_line(each, context) for each in uow.cards.recent(card.id, SHOWN))
    if not lines:
        return reply("bank.no_history", card=card.last4)
    return reply("bank.history", card=card.last4, lines=lines)


_LINES: Final = MappingProxyType(
    {
        TransactionState.AUTHORISED: "bank.line_held",
        TransactionState.UNKNOWN: "bank.line_held",
        TransactionState.POSTED: "bank.line",
        TransactionState.VOIDED: "bank.line_void",
    }
)


def _line(each: CardTransaction, context: Context) -> Text:
    venue = each.venue
    if each.kind is CardEventKind.TOP_UP and each.target != each.msisdn:
        venue = each.target
    params = {"at": context.at(each.at_us), "amount": Money(each.amount_tiyn), "venue": venue[:_VENUE_SHOWN]}
    return Text(_LINES[each.state], params)


def disable(command: DisableCard, uow: UnitOfWork, context: Context) -> Outcome:  # noqa: ARG001 - one shape
    """At once and for good; only the bank enables the card again. What is on its way will not be booked."""
    card = _card(command.origin.msisdn, command, uow)
    if isinstance(card, Outcome):
        return card
    uow.cards.put(replace(card, state=CardState.DISABLED))
    event = Event(kind=EVENT_DISABLED, data={"card": card.id, "msisdn": card.msisdn})
    text = Text("bank.now_disabled", {"card": card.last4})
    return Outcome(replies=(Reply(text=text),), events=(event,))


def _needs_cards(command: CardBalance | CardHistory | DisableCard, context: Context) -> Needs:  # noqa: ARG001 - one shape
    msisdn = command.origin.msisdn
    return Needs(msisdns=frozenset({msisdn}), card_holders=frozenset({msisdn}))


def _needs_payment(command: PayByCard, context: Context) -> Needs:  # noqa: ARG001 - one shape
    msisdns = {command.origin.msisdn}
    if command.number:
        # A number that cannot be read is refused later, in its place among the refusals.
        with suppress(InvalidMsisdn):
            msisdns.add(parse_msisdn(command.number))
    return Needs(msisdns=frozenset(msisdns), card_holders=frozenset({command.origin.msisdn}))


SERVICE: Final = Service(
    name=NAME,
    sms=(
        Rule("07 {digits:card_digits} {amount:typed}", PayByCard),
        Rule("07 {digits:card_digits} {amount:typed} {number:typed_rest}", PayByCard),
        Rule("01 {digits:card_digits}", CardBalance),
        Rule("02 {digits:card_digits}", CardHistory),
        Rule("09 {digits:card_digits}", DisableCard),
    ),
    usage="bank.usage",
    handlers=MappingProxyType(
        {PayByCard: pay, CardBalance: show_balance, CardHistory: show_history, DisableCard: disable}
    ),
    needs=MappingProxyType(
        {
            PayByCard: _needs_payment,
            CardBalance: _needs_cards,
            CardHistory: _needs_cards,
            DisableCard: _needs_cards,
        }
    ),
    jobs=MappingProxyType({ANSWER_JOB: answered}),
    job_needs=MappingProxyType({ANSWER_JOB: needs_answered}),
)
