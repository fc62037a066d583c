"""Payments in the ledger: which accounts an amount passes, in both books (services.md section 5).

Each function gives the lines of one entry. What goes back goes back by the same lines with other signs.
"""

from typing import Final, NamedTuple

from handlers.base.payment_channels import Source
from rating.msisdn import Msisdn
from storage.bank_model import Payment
from storage.model import AccountKind, AccountRef, Line, main_account
from storage.unit_of_work import UnitOfWork

REASON_TAKEN: Final = "payment.taken"
REASON_MOVED: Final = "payment.moved"
REASON_BACKED_OUT: Final = "payment.backed_out"
REASON_REVERSED: Final = "payment.reversed"

Lines = tuple[Line, ...]


def clearing(channel: str) -> AccountRef:
    """What a channel owes the operator."""
    return AccountRef(AccountKind.BANK_CLEARING, channel)


def unallocated(channel: str) -> AccountRef:
    """A channel's payments that have no owner yet."""
    return AccountRef(AccountKind.UNALLOCATED, channel)


def bonuses(msisdn: str) -> AccountRef:
    """A bank customer's bonuses."""
    return AccountRef(AccountKind.BANK_BONUS, msisdn)


def cashback_pot(channel: str) -> AccountRef:
    """What a channel gives its bonuses from."""
    return AccountRef(AccountKind.BANK_CASHBACK, channel)


class Flow(NamedTuple):
    """What of a payment decides where its money goes: who paid how, who got it, and what that earned.

    A named tuple, as one is made for every payment (decision 0015).
    """

    channel: str
    source: str
    amount_tiyn: int
    payer: str
    credited: str = ""
    cashback_tiyn: int = 0


def flow_of(payment: Payment) -> Flow:
    """That of a payment as it is now."""
    return Flow(
        payment.channel,
        payment.source,
        payment.amount_tiyn,
        payment.msisdn,
        payment.credited,
        payment.cashback_tiyn,
    )


def arrival(flow: Flow) -> Lines:
    """From the payer to the subscriber, or to nobody yet."""
    owner = main_account(Msisdn(flow.credited)) if flow.credited else unallocated(flow.channel)
    return (*_outside(flow), Line(owner, flow.amount_tiyn), *_cashback(flow))


def allocation(flow: Flow) -> Lines:
    """From nobody to the subscriber ``flow.credited``."""
    owner = main_account(Msisdn(flow.credited))
    held = Line(unallocated(flow.channel), -flow.amount_tiyn)
    return (held, Line(owner, flow.amount_tiyn), *_cashback(flow))


def departure(flow: Flow) -> Lines:
    """All the way back, from wherever it is now."""
    return tuple(Line(each.account, -each.amount_tiyn) for each in arrival(flow))


def open_bonuses(msisdn: str, uow: UnitOfWork) -> None:
    """Whoever gets bonuses for the first time gets an account for them."""
    if uow.ledger.balance(bonuses(msisdn)) is None:
        uow.ledger.open(bonuses(msisdn))


def _outside(flow: Flow) -> Lines:
    """What the channel owes now; bonuses were the payer's in the bank's own books."""
    owed = Line(clearing(flow.channel), -flow.amount_tiyn)
    if flow.source != Source.BONUS:
        return (owed,)
    mirror = AccountRef(AccountKind.BANK_OPERATOR, flow.channel)
    return (Line(bonuses(flow.payer), -flow.amount_tiyn), Line(mirror, flow.amount_tiyn), owed)


def _cashback(flow: Flow) -> Lines:
    earned = flow.cashback_tiyn
    if not earned:
        return ()
    return (Line(cashback_pot(flow.channel), -earned), Line(bonuses(flow.credited), earned))
