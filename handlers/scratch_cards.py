"""Scratch cards: a 13-digit code credits its face value to the main balance (services.md section 2).

Ways in: SMS to 9393, ``*110*CODE#``, the voice leg, and an agent at the control API. One counter of wrong
codes stands for all of them; it is kept with the refusal, so that nothing but time undoes it.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from handlers.base.access import Access, gate
from handlers.base.command import Channel, Command, Secret
from handlers.base.context import Context
from handlers.base.debt import end_debt
from handlers.base.grammar import Rule
from handlers.base.outcome import Event, Outcome, Refusal, Reply, Text, refuse
from handlers.base.service import Service
from rating.money import Money
from storage.model import (
    AccountKind,
    AccountRef,
    Attempts,
    Balance,
    Subscriber,
    Voucher,
    VoucherState,
    main_account,
    transfer,
)
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = "scratch_cards"
#: The kind of the counter of wrong codes; its subject is the MSISDN.
ATTEMPTS: Final = "voucher"
REASON_REDEEM: Final = "voucher.redeem"
EVENT_REDEEMED: Final = "voucher.redeemed"
EVENT_LOCKED: Final = "voucher.entry_locked"
_US_PER_S: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemVoucher(Command):
    """Credit the card with this code to ``origin.msisdn``. ``code`` has no separators, and may be malformed.

    On the control API an agent gives the registered owner's name too; the other channels ignore it.
    """

    code: Secret
    owner_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """The result of a success, for a caller of the control API."""

    serial: str
    face_value_tiyn: int
    balance_tiyn: int


class Refused(StrEnum):
    """Why a code is refused, after the refusals of ``access``. The members' order is the precedence."""

    LOCKED = "voucher.locked"
    MALFORMED = "voucher.malformed"
    WRONG_OWNER = "voucher.wrong_owner"
    UNKNOWN = "voucher.unknown"
    USED = "voucher.used"
    EXPIRED = "voucher.expired"
    DISABLED = "voucher.disabled"


#: What counts as a wrong code: all that tells a guesser something. A malformed code tells nothing and
#: cannot be a guess, and what is refused during a lock neither counts nor makes the lock longer.
COUNTED: Final = frozenset(
    {Refused.WRONG_OWNER, Refused.UNKNOWN, Refused.USED, Refused.EXPIRED, Refused.DISABLED}
)

#: Whoever is in debt or has no outgoing service gets out of it this way; only a two-way block stands.
_ADMIT: Final = gate(Access(allow_blocked_outgoing=True, allow_debt=True, allow_negative=True))


def redeem(command: RedeemVoucher, uow: UnitOfWork, context: Context) -> Outcome:
    """Redeem a code exactly once, or say why not and count it."""
    subscriber = _ADMIT(command.origin, uow)
    if isinstance(subscriber, Outcome):
        return subscriber
    attempts = uow.attempts.get(ATTEMPTS, subscriber.msisdn)
    found = _judge(command, subscriber, attempts, uow, context)
    if isinstance(found, Voucher):
        return _credit(command, subscriber, found, uow, context)
    if found in COUNTED:
        return _count(found, attempts, uow, context)
    if found is Refused.LOCKED:
        return refuse(found.value, until=context.at(attempts.locked_until_us))
    return refuse(found.value, digits=context.profile.voucher_code_digits)


def _judge(
    command: RedeemVoucher, subscriber: Subscriber, attempts: Attempts, uow: UnitOfWork, context: Context
) -> Voucher | Refused:
    """The voucher that may be redeemed, or the first reason why none may."""
    if context.now_us < attempts.locked_until_us:
        return Refused.LOCKED
    code = command.code.reveal()
    if not _is_well_formed(code, context):
        return Refused.MALFORMED
    if command.origin.channel is Channel.API and not _same_name(command.owner_name, subscriber.owner_name):
        return Refused.WRONG_OWNER
    voucher = uow.vouchers.by_digest(context.digest(code))
    if voucher is None:
        return Refused.UNKNOWN
    return _why_not(voucher, context.now_us) or voucher


def _why_not(voucher: Voucher, now_us: int) -> Refused | None:
    if voucher.state is not VoucherState.UNUSED:
        return Refused.USED
    if now_us >= voucher.batch.expires_us:
        return Refused.EXPIRED
    return Refused.DISABLED if voucher.batch.disabled else None


def _is_well_formed(code: str, context: Context) -> bool:
    return len(code) == context.profile.voucher_code_digits and code.isascii() and code.isdigit()


def _same_name(given: str, registered: str) -> bool:
    """True for the same words in any case. A subscriber without a name on record cannot be checked."""
    words = given.casefold().split()
    return bool(words) and words == registered.casefold().split()


def _count(found: Refused, attempts: Attempts, uow: UnitOfWork, context: Context) -> Outcome:
    """Note a wrong code. The one that reaches the limit locks entry, and its reply says until when.

    The window slides: a wrong code is forgotten once it is as old as the window. A success in between
    forgets nothing, else one good card would buy another round of guesses.
    """
    profile, now_us = context.profile, context.now_us
    oldest_us = now_us - profile.voucher_wrong_window_s * _US_PER_S
    times_us = (*(each for each in attempts.times_us if each > oldest_us), now_us)
    if len(times_us) < profile.voucher_wrong_codes_max:
        uow.attempts.put(replace(attempts, times_us=times_us))
        return refuse(found.value)
    locked_until_us = now_us + profile.voucher_lock_s * _US_PER_S
    uow.attempts.put(replace(attempts, times_us=(), locked_until_us=locked_until_us))
    text = Text("voucher.locked_now", {"count": len(times_us), "until": context.at(locked_until_us)})
    event = Event(kind=EVENT_LOCKED, data={"msisdn": attempts.subject, "until_us": locked_until_us})
    return Outcome(replies=(Reply(text=text),), refusal=Refusal(found.value, text), events=(event,))


def _credit(
    command: RedeemVoucher, subscriber: Subscriber, voucher: Voucher, uow: UnitOfWork, context: Context
) -> Outcome:
    """Move the face value from the batch's liability to the subscriber, and confirm with the balance."""
    origin, face_tiyn = command.origin, voucher.batch.face_value_tiyn
    main = main_account(subscriber.msisdn)
    liability = AccountRef(AccountKind.VOUCHER_LIABILITY, voucher.batch.id)
    seq = uow.ledger.post(
        transfer(
            liability, main, face_tiyn, reason=REASON_REDEEM, source=origin.source_id, actor=origin.acting
        )
    )
    uow.vouchers.redeem(voucher, seq)
    balance_tiyn = (uow.ledger.balance(main) or Balance(face_tiyn)).balance_tiyn
    end_debt(subscriber, balance_tiyn, uow)
    data = {"msisdn": subscriber.msisdn, "serial": voucher.serial, "amount_tiyn": face_tiyn}
    return Outcome(
        replies=_confirmations(command, face_tiyn, balance_tiyn, context),
        events=(Event(kind=EVENT_REDEEMED, data=data),),
        journal_seq=seq,
        result=Redeemed(serial=voucher.serial, face_value_tiyn=face_tiyn, balance_tiyn=balance_tiyn),
    )


def _confirmations(
    command: RedeemVoucher, face_tiyn: int, balance_tiyn: int, context: Context
) -> tuple[Reply, ...]:
    """By the way that the code came; after an agent's or a caller's entry by SMS from the service's code.

    A caller hears it too: what was said once cannot be looked up.
    """
    text = Text("voucher.credited", {"amount": Money(face_tiyn), "balance": Money(balance_tiyn)})
    channel = command.origin.channel
    if channel is Channel.SMS:
        return (Reply(text=text),)
    code = context.profile.sms_code_of(NAME)
    if channel is Channel.USSD:
        return (Reply(text=text, fallback=code),)
    by_sms = Reply(text=text, sender=code, by_sms=True)
    return (Reply(text=text), by_sms) if channel is Channel.VOICE else (by_sms,)


def needs(command: RedeemVoucher, context: Context) -> Needs:
    """All but the batch's liability, which is known once the voucher is read."""
    code, msisdn = command.code.reveal(), command.origin.msisdn
    digests = {context.digest(code)} if _is_well_formed(code, context) else set()
    return Needs(
        msisdns=frozenset({msisdn}),
        accounts=frozenset({main_account(msisdn)}),
        voucher_digests=frozenset(digests),
        attempts=frozenset({(ATTEMPTS, msisdn)}),
    )


SERVICE: Final = Service(
    name=NAME,
    sms=(Rule("{code:voucher_code}", RedeemVoucher),),
    ussd=(Rule("{code:voucher_code}", RedeemVoucher),),
    usage="voucher.usage",
    handlers=MappingProxyType({RedeemVoucher: redeem}),
    needs=MappingProxyType({RedeemVoucher: needs}),
    secret_digits=True,
)
