"""Who may use a service (services.md section 0): declared per service, checked in one order for all.

A subscriber without a record is refused first of all. Whatever the order below, a two-way block is never
waived: nothing that a service declares lets such a subscriber in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from handlers.base.command import Channel, Origin
from handlers.base.outcome import Outcome, refuse
from rating.money import Money
from rating.subscriber import Billing, Brand, Status
from storage.model import Subscriber, main_account
from storage.unit_of_work import UnitOfWork


class Denied(StrEnum):
    """Why a subscriber may not use a service. The order of the members is the order of precedence."""

    UNKNOWN = "access.unknown"
    BLOCKED = "access.blocked"
    DEVICE = "access.device"
    USSD_BARRED = "access.ussd_barred"
    SHORT_CODES_BARRED = "access.short_codes_barred"
    BLOCKED_OUTGOING = "access.blocked_outgoing"
    DEBT = "access.debt"
    ROAMING = "access.roaming"
    BRAND = "access.brand"
    BILLING = "access.billing"
    NEGATIVE = "access.negative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a service does not mind. The default suits a service that costs money."""

    allow_blocked_outgoing: bool = False
    allow_debt: bool = False
    allow_negative: bool = False
    allow_roaming: bool = True
    brands: frozenset[Brand] = frozenset(Brand)
    billings: frozenset[Billing] = frozenset(Billing)


#: The subscriber who may go on, or the refusal.
Gate = Callable[[Origin, UnitOfWork], Subscriber | Outcome]
_Denies = Callable[[Access, Origin, Subscriber], bool]
_Waives = Callable[[Access], bool]

#: The radio side; an agent at the control API needs neither the subscriber's device nor a short code.
_RADIO: Final = frozenset({Channel.SMS, Channel.USSD, Channel.VOICE})


def _never(_: Access) -> bool:
    return False


#: Precedence, top first: why, when, and what a service declares not to mind it.
_CHECKS: Final[tuple[tuple[Denied, _Denies, _Waives], ...]] = (
    (Denied.BLOCKED, lambda _, __, who: who.status is Status.BLOCKED, _never),
    (Denied.DEVICE, lambda _, by, who: not who.device_registered and by.channel in _RADIO, _never),
    (Denied.USSD_BARRED, lambda _, by, who: who.ussd_barred and by.channel is Channel.USSD, _never),
    (
        Denied.SHORT_CODES_BARRED,
        lambda _, by, who: who.short_codes_barred and by.channel is Channel.SMS,
        _never,
    ),
    (
        Denied.BLOCKED_OUTGOING,
        lambda _, __, who: who.status is Status.BLOCKED_OUTGOING,
        lambda access: access.allow_blocked_outgoing,
    ),
    (Denied.DEBT, lambda _, __, who: who.status is Status.DEBT, lambda access: access.allow_debt),
    (Denied.ROAMING, lambda _, __, who: who.roaming, lambda access: access.allow_roaming),
    (Denied.BRAND, lambda access, _, who: who.brand not in access.brands, _never),
    (Denied.BILLING, lambda access, _, who: who.billing not in access.billings, _never),
)


def gate(access: Access) -> Gate:
    """Compile the declaration once; checks that a service does not mind are left out.

    Money comes after all of ``_CHECKS`` and only if it matters, as the balance may have to be read.
    """
    checks = [(denied, denies) for denied, denies, waives in _CHECKS if not waives(access)]

    def admit(origin: Origin, uow: UnitOfWork) -> Subscriber | Outcome:
        subscriber = uow.subscribers.get(origin.msisdn)
        if subscriber is None:
            return refuse(Denied.UNKNOWN.value)
        for denied, denies in checks:
            if denies(access, origin, subscriber):
                return refuse(denied.value)
        return subscriber if access.allow_negative else _solvent(subscriber, uow)

    return admit


def _solvent(subscriber: Subscriber, uow: UnitOfWork) -> Subscriber | Outcome:
    """Denied only when nothing is available any more: a postpaid credit limit counts as money."""
    balance = uow.ledger.balance(main_account(subscriber.msisdn))
    if balance is None or balance.available_tiyn >= 0:
        return subscriber
    return refuse(Denied.NEGATIVE.value, balance=Money(balance.balance_tiyn))
