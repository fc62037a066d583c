"""Confirmations of parking, 7701: ``1`` pays, anything else cancels what is asked (services.md section 8).

A price that comes from the subscriber's own accounts is paid at once; a card is asked for its money, and the
bank's answer begins or extends the parking (``handlers.parking_runs``).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from handlers.base.access import Access, gate
from handlers.base.bank import Declined, Order
from handlers.base.command import Command, Origin
from handlers.base.context import Context
from handlers.base.grammar import Rule
from handlers.base.outcome import Outcome, Refusal, Text, refuse
from handlers.base.parking_money import pay_from_main
from handlers.base.parking_question import (
    JOB_ANSWER,
    PARKING,
    PARKING_CONFIRM,
    Question,
    ask,
    by_7701,
    card_of,
    changed,
    is_card_named,
    is_over_limit,
    is_paying,
    lapse_key,
    question_of,
    withdraw,
)
from handlers.base.parking_running import begin, extend
from handlers.base.parking_states import Happens, step
from handlers.base.service import Service
from rating.money import Money
from rating.msisdn import Msisdn
from storage.bank_model import Card, CardTransaction
from storage.needs import Needs
from storage.parking_model import PaymentMethod
from storage.unit_of_work import UnitOfWork

NAME: Final = PARKING_CONFIRM
#: What the card's transactions call it.
VENUE: Final = "Parking"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmParking(Command):
    """Pay for what is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelParking(Command):
    """Anything else: what is asked is not wanted. Nothing is made of the ``text``."""

    text: str = ""


class Refused(StrEnum):
    """Why 7701 refuses, after the refusals of ``access``. The members' order is the precedence."""

    PAYING = "parking.paying"
    NOTHING_ASKED = "parking.nothing_asked"
    TOO_LATE = "parking.too_late"
    NO_CARD = "parking.no_card"
    CARD_CHANGED = "parking.card_changed"
    CARD_LIMIT = "parking.card_limit"
    CARD_NOT_ENOUGH = "parking.card_not_enough"


_ADMIT: Final = gate(Access(allow_roaming=False))
_ADMIT_FREE: Final = gate(Access(allow_blocked_outgoing=True, allow_debt=True, allow_negative=True))


def confirm(command: ConfirmParking, uow: UnitOfWork, context: Context) -> Outcome:
    """Pay, and begin or extend; or order the money from the card. Result: the ParkingSession."""
    driver = _ADMIT(command.origin, uow)
    if isinstance(driver, Outcome):
        return driver
    question = _asked(driver.msisdn, uow, context)
    if isinstance(question, Outcome):
        return question
    if context.now_us >= question.by_us:
        code = context.profile.sms_code_of(PARKING)
        return refuse(Refused.TOO_LATE.value, until=context.at(question.by_us), parking=code)
    if question.parts.rest_tiyn and question.session.method is PaymentMethod.CARD:
        return _order(question, command.origin, uow, context)
    uow.jobs.cancel(lapse_key(question.session))
    return _pay(question, command.origin, uow, context)


def _asked(msisdn: Msisdn, uow: UnitOfWork, context: Context) -> Question | Outcome:
    question = question_of(msisdn, uow)
    if question is not None:
        return question
    paying = next((each for each in uow.parking.of(msisdn) if is_paying(each)), None)
    if paying is not None:
        return refuse(Refused.PAYING.value, plate=paying.plate)
    return refuse(Refused.NOTHING_ASKED.value, parking=context.profile.sms_code_of(PARKING))


def _pay(question: Question, origin: Origin, uow: UnitOfWork, context: Context) -> Outcome:
    """What is held on the main balance moves to the parking account, which pays for all."""
    session = question.session
    if question.is_extension:
        seq = pay_from_main(session.ask_main_hold, session.msisdn, origin.source_id, uow)
        return extend(session._replace(ask_main_hold=""), seq, uow, context)
    seq = pay_from_main(session.main_hold, session.msisdn, origin.source_id, uow)
    return begin(session._replace(main_hold=""), seq, uow, context)


# -- by card ---------------------------------------------------------------------------------------


def _order(question: Question, origin: Origin, uow: UnitOfWork, context: Context) -> Outcome:
    """Ask the bank for the rest of the price. What is refused here can be confirmed again in time."""
    ordered = _authorised(question, origin, uow, context)
    if isinstance(ordered, Outcome):
        return ordered
    transaction, card = ordered
    session = question.session
    uow.jobs.cancel(lapse_key(session))
    if question.is_extension:
        session = session._replace(ask_by_us=0, card_code=transaction.code)
    else:
        session = session._replace(state=step(session.state, Happens.ORDERED), card_code=transaction.code)
    uow.parking.put(session)
    text = Text("parking.working", {"amount": Money(question.parts.rest_tiyn), "card": card.last4})
    return Outcome(
        replies=(by_7701(text, session.msisdn, context),), events=(changed(session),), result=session
    )


def _authorised(
    question: Question, origin: Origin, uow: UnitOfWork, context: Context
) -> tuple[CardTransaction, Card] | Outcome:
    session, amount_tiyn = question.session, question.parts.rest_tiyn
    card = card_of(session.msisdn, uow)
    if card is None:
        return refuse(Refused.NO_CARD.value)
    if not is_card_named(question, card, uow):
        return _ask_again(question, uow, context)
    if is_over_limit(session.msisdn, amount_tiyn, uow, context):
        return refuse(Refused.CARD_LIMIT.value, most=Money(context.profile.bank_daily_limit_tiyn))
    order = Order(
        card=card,
        amount_tiyn=amount_tiyn,
        target=session.msisdn,
        venue=VENUE,
        answer_job=JOB_ANSWER,
        origin=origin,
        purpose=session.id,
    )
    held = context.bank.authorise(order, uow, context)
    if isinstance(held, Declined):
        # A disabled card would not have been chosen.
        return refuse(Refused.CARD_NOT_ENOUGH.value, card=card.last4, amount=Money(amount_tiyn))
    return held, card


def _ask_again(question: Question, uow: UnitOfWork, context: Context) -> Outcome:
    """Another card would pay than the one that was named: its owner has to want that, in the same time."""
    request = ask(question, False, uow, context)
    text = Text(Refused.CARD_CHANGED.value, {"request": request.text})
    return Outcome(replies=(replace(request, text=text),), refusal=Refusal(Refused.CARD_CHANGED.value, text))


# -- anything else ---------------------------------------------------------------------------------


def cancel(command: CancelParking, uow: UnitOfWork, context: Context) -> Outcome:
    """Nothing is paid, and what was held is free. Result: the ParkingSession."""
    driver = _ADMIT_FREE(command.origin, uow)
    if isinstance(driver, Outcome):
        return driver
    question = _asked(driver.msisdn, uow, context)
    if isinstance(question, Outcome):
        return question
    session = withdraw(question, Happens.REFUSED, uow)
    text_id = "parking.more_cancelled" if question.is_extension else "parking.cancelled"
    text = Text(text_id, {"plate": session.plate, "until": context.at(session.ends_us)})
    return Outcome(
        replies=(by_7701(text, session.msisdn, context),), events=(changed(session),), result=session
    )


# -- the service -----------------------------------------------------------------------------------


def _needs(command: Command, context: Context) -> Needs:  # noqa: ARG001 - one shape for all services
    msisdn = command.origin.msisdn
    return Needs(msisdns=frozenset({msisdn}), parking_msisdns=frozenset({msisdn}))


SERVICE: Final = Service(
    name=NAME,
    sms=(Rule("1", ConfirmParking), Rule("", CancelParking), Rule("{text:typed_rest}", CancelParking)),
    usage="parking.usage",
    handlers=MappingProxyType({ConfirmParking: confirm, CancelParking: cancel}),
    needs=MappingProxyType({ConfirmParking: _needs, CancelParking: _needs}),
)
