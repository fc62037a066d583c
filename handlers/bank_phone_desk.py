"""The bank's call centre: it registers customers of the bank by phone, and lets them in again.

Reached by the control API and the demo data only.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.outcome import Event, Outcome, decline
from handlers.base.phone_bank import (
    ATTEMPTS,
    CALLER_ATTEMPTS,
    IDENTIFIER_DIGITS,
    INITIAL_PASSWORD,
    password_digest,
)
from handlers.base.service import Service
from rating.msisdn import Msisdn
from storage.call_model import PhoneCustomer
from storage.model import Attempts
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = "bank_phone_desk"
CODE_DIGITS: Final = 4
EVENT_REGISTERED: Final = "bank.phone_registered"
EVENT_RESET: Final = "bank.phone_reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPhoneCustomer(Command):
    """Let the holder of a card pay by phone. ``identifier`` sets it (demo data), else it is drawn."""

    msisdn: Msisdn
    card_id: str
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class PhoneRegistered:
    """The result: the customer, and whether they were registered just now, with the initial password."""

    customer: PhoneCustomer
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPhoneCustomer(Command):
    """The initial password again, and no lock."""

    identifier: str


def register(command: RegisterPhoneCustomer, uow: UnitOfWork, context: Context) -> Outcome:
    """Result: PhoneRegistered. The same card again changes nothing: the password stays what it is."""
    if uow.subscribers.get(command.msisdn) is None:
        return decline("subscriber.unknown")
    card = uow.cards.get(command.card_id)
    if card is None:
        return decline("bank.unknown")
    if card.msisdn != command.msisdn:
        return decline("phone.not_holder")
    for each in uow.phone_customers.of(command.msisdn):
        if each.card_id == card.id:
            return Outcome(result=PhoneRegistered(each, is_new=False))
    return _add(command, uow, context)


def _add(command: RegisterPhoneCustomer, uow: UnitOfWork, context: Context) -> Outcome:
    identifier = _free_identifier(command.identifier, uow, context)
    customer = PhoneCustomer(
        identifier=identifier,
        msisdn=command.msisdn,
        card_id=command.card_id,
        card_code=context.random_digits(CODE_DIGITS),
        password=password_digest(identifier, INITIAL_PASSWORD, context),
        created_us=context.now_us,
    )
    uow.phone_customers.add(customer)
    # Somebody may have guessed at it before it was anybody's.
    _forget_wrong_tries(ATTEMPTS, identifier, uow)
    event = Event(kind=EVENT_REGISTERED, data={"msisdn": command.msisdn, "card": command.card_id})
    return Outcome(events=(event,), result=PhoneRegistered(customer, is_new=True))


def _free_identifier(wanted: str, uow: UnitOfWork, context: Context) -> str:
    """The wanted one, or one that is drawn until it is nobody's: of a hundred million few are taken."""
    identifier = wanted or context.random_digits(IDENTIFIER_DIGITS)
    while uow.phone_customers.get(identifier) is not None:
        identifier = context.random_digits(IDENTIFIER_DIGITS)
    return identifier


def reset(command: ResetPhoneCustomer, uow: UnitOfWork, context: Context) -> Outcome:
    """Result: the PhoneCustomer."""
    customer = uow.phone_customers.get(command.identifier)
    if customer is None:
        return decline("phone.unknown")
    digest = password_digest(customer.identifier, INITIAL_PASSWORD, context)
    changed = replace(customer, password=digest, is_initial=True)
    uow.phone_customers.put(changed)
    _forget_wrong_tries(ATTEMPTS, customer.identifier, uow)
    _forget_wrong_tries(CALLER_ATTEMPTS, customer.msisdn, uow)
    event = Event(kind=EVENT_RESET, data={"msisdn": customer.msisdn})
    return Outcome(events=(event,), result=changed)


def _forget_wrong_tries(kind: str, subject: str, uow: UnitOfWork) -> None:
    nothing = Attempts(kind=kind, subject=subject)
    if uow.attempts.get(kind, subject) != nothing:
        uow.attempts.put(nothing)


def _needs_register(command: RegisterPhoneCustomer, context: Context) -> Needs:  # noqa: ARG001 - one shape
    return Needs(msisdns=frozenset({command.msisdn}), cards=frozenset({command.card_id}))


def _needs_reset(command: ResetPhoneCustomer, context: Context) -> Needs:  # noqa: ARG001 - one shape
    identifier = command.identifier
    return Needs(attempts=frozenset({(ATTEMPTS, identifier)}), phone_customers=frozenset({identifier}))


SERVICE: Final = Service(
    name=NAME,
    handlers=MappingProxyType({RegisterPhoneCustomer: register, ResetPhoneCustomer: reset}),
    needs=MappingProxyType({RegisterPhoneCustomer: _needs_register, ResetPhoneCustomer: _needs_reset}),
)
