"""The bank's own side: cards are registered at an ATM, disabled and enabled, and its people give its answers.

Reached by the control API, the web pages and the demo data only.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from handlers.base.bank import Verdict
from handlers.base.cards import (
    BANK_SMS,
    Behaviour,
    Manner,
    bank_name,
    by_bank,
    luhn_digit,
    set_behaviour,
)
from handlers.base.command import Command, Secret
from handlers.base.context import Context
from handlers.base.outcome import Event, FieldError, Outcome, Text, decline, refuse_fields
from handlers.base.service import Service
from rating.money import TIYN_MAX, Money
from rating.msisdn import Msisdn
from storage.bank_model import Card, CardState, TransactionState
from storage.model import AccountKind, AccountRef, Job, transfer
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = "bank_desk"
PAN_DIGITS: Final = 16
BANK_CHARS_MAX: Final = 30
DELAY_S_MAX: Final = 30 * 86_400
REASON_OPENING: Final = "bank.opening"
EVENT_REGISTERED: Final = "bank.card_registered"
EVENT_CHANGED: Final = "bank.card_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterCard(Command):
    """Bind a card to a number, with money on it. ``pan`` may have spaces and dashes. ``tell`` sends an SMS.

    ``bank`` is any short name in any case. ``card_id`` sets the id (demo data), else it is drawn.
    """

    msisdn: Msisdn
    bank: str
    pan: Secret
    balance_tiyn: int = 0
    tell: bool = True
    card_id: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """The result: the card, and whether it was bound just now."""

    card: Card
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCard(Command):
    """The bank enables a card again, or disables it."""

    card_id: str
    state: CardState


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveTransaction(Command):
    """The bank's people say what became of a transaction that waits or is unknown; or of an authorisation."""

    code: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBehaviour(Command):
    """How the bank answers from now on.

    ``delay_s`` None means for ``late`` so late that the answer is overdue, for ``twice`` a second later.
    """

    mode: Manner
    delay_s: int | None = None


def register(command: RegisterCard, uow: UnitOfWork, context: Context) -> Outcome:
    """Result: Registered. The same card for the same number again changes nothing."""
    pan = "".join(command.pan.reveal().replace("-", " ").split())
    bank = bank_name(command.bank)
    wrong = _wrong_fields(command, pan, bank)
    if wrong:
        return refuse_fields("bank.invalid_card", wrong)
    if uow.subscribers.get(command.msisdn) is None:
        return decline("subscriber.unknown")
    digest = context.digest(pan)
    known = uow.cards.by_pan(digest)
    if known is not None:
        return _known(known, command)
    if any(each.last6 == pan[-6:] for each in uow.cards.of(command.msisdn)):
        return decline("bank.same_digits")
    card = Card(
        id=command.card_id or context.new_id(),
        bank=bank,
        pan_digest=digest,
        last6=pan[-6:],
        msisdn=command.msisdn,
        created_us=context.now_us,
    )
    return _open(card, command, uow, context)


def _wrong_fields(command: RegisterCard, pan: str, bank: str) -> tuple[FieldError, ...]:
    wrong = []
    if len(pan) != PAN_DIGITS or not (pan.isascii() and pan.isdigit()) or luhn_digit(pan[:-1]) != pan[-1]:
        wrong.append(FieldError("pan", Text("bank.bad_pan", {"digits": PAN_DIGITS})))
    if not (0 < len(bank) <= BANK_CHARS_MAX and bank.replace("_", "").replace("-", "").isalnum()):
        wrong.append(FieldError("bank", Text("bank.bad_bank", {"most": BANK_CHARS_MAX})))
    if not 0 <= command.balance_tiyn <= TIYN_MAX:
        wrong.append(FieldError("balance_tiyn", Text("bank.opening_limit", {"most": Money(TIYN_MAX)})))
    return tuple(wrong)


def _known(card: Card, command: RegisterCard) -> Outcome:
    """Never tells whose card it is."""
    if card.msisdn != command.msisdn:
        return decline("bank.card_taken")
    return Outcome(result=Registered(card, is_new=False))


def _open(card: Card, command: RegisterCard, uow: UnitOfWork, context: Context) -> Outcome:
    uow.cards.add(card)
    uow.ledger.open(card.account)
    seq = None
    if command.balance_tiyn:
        cash = AccountRef(AccountKind.BANK_CASH, card.bank)
        origin, amount_tiyn = command.origin, command.balance_tiyn
        entry = transfer(
            cash,
            card.account,
            amount_tiyn,
            reason=REASON_OPENING,
            source=origin.source_id,
            actor=origin.acting,
        )
        seq = uow.ledger.post(entry)
    welcome = by_bank(
        Text("bank.connected", {"card": card.last4, "to": context.profile.sms_code_of(BANK_SMS)}),
        card.msisdn,
        context,
    )
    event = Event(kind=EVENT_REGISTERED, data={"card": card.id, "msisdn": card.msisdn})
    return Outcome(
        replies=(welcome,) if command.tell else (),
        events=(event,),
        journal_seq=seq,
        result=Registered(card, is_new=True),
    )


def change(command: ChangeCard, uow: UnitOfWork, context: Context) -> Outcome:
    """Result: the Card as it is now. The holder is told of a change."""
    card = uow.cards.get(command.card_id)
    if card is None:
        return decline("bank.unknown")
    if card.state is command.state:
        return Outcome(result=card)
    changed = replace(card, state=command.state)
    uow.cards.put(changed)
    said = "bank.enabled" if changed.state is CardState.ACTIVE else "bank.now_disabled"
    event = Event(kind=EVENT_CHANGED, data={"card": card.id, "state": changed.state.value})
    return Outcome(
        replies=(by_bank(Text(said, {"card": card.last4}), card.msisdn, context),),
        events=(event,),
        result=changed,
    )


# -- the bank's answers ----------------------------------------------------------------------------


def resolve(command: ResolveTransaction, uow: UnitOfWork, context: Context) -> Outcome:
    """Have the bank answer now. Result: the CardTransaction, still as it was.

    It is concluded by the service that waits for it, in a job that is due at once.
    """
    found = uow.cards.transaction(command.code)
    if found is None:
        return decline("bank.unknown")
    if found.state not in (TransactionState.AUTHORISED, TransactionState.UNKNOWN):
        return decline("bank.settled", state=found.state.value)
    payload: dict[str, str | int] = {"code": found.code, "verdict": command.verdict.value}
    # The first word counts: of two different ones each is heard, and the second is no news.
    key = f"bank.resolve:{found.code}:{command.verdict.value}"
    job = Job(kind=found.answer_job, key=key, due_us=context.now_us, payload=payload)
    return Outcome(jobs=(job,), result=found)


def behave(command: SetBehaviour, uow: UnitOfWork, context: Context) -> Outcome:
    """Orders that the bank has taken already are answered as they were going to be."""
    delay_s = _usual_delay_s(command.mode, context) if command.delay_s is None else command.delay_s
    if not 0 <= delay_s <= DELAY_S_MAX:
        wrong = FieldError("delay_s", Text("bank.bad_delay", {"most": DELAY_S_MAX}))
        return refuse_fields("bank.invalid_behaviour", (wrong,))
    wanted = Behaviour(command.mode, delay_s)
    set_behaviour(wanted, uow)
    return Outcome(result=wanted)


def _usual_delay_s(mode: Manner, context: Context) -> int:
    if mode is Manner.LATE:
        return 2 * context.profile.bank_answer_timeout_s
    return int(mode is Manner.TWICE)


def _needs_holder(command: RegisterCard, context: Context) -> Needs:  # noqa: ARG001 - one shape
    return Needs(msisdns=frozenset({command.msisdn}), card_holders=frozenset({command.msisdn}))


def _needs_card(command: ChangeCard, context: Context) -> Needs:  # noqa: ARG001 - one shape
    return Needs(cards=frozenset({command.card_id}))


SERVICE: Final = Service(
    name=NAME,
    handlers=MappingProxyType(
        {
            RegisterCard: register,
            ChangeCard: change,
            ResolveTransaction: resolve,
            SetBehaviour: behave,
        }
    ),
    needs=MappingProxyType({RegisterCard: _needs_holder, ChangeCard: _needs_card}),
)
