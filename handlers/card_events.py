"""What happens to cards away from the operator: purchases, salaries, authorisations (services.md section 3).

Of every event its holder hears at once, by SMS from the bank's short code.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from handlers.base.bank import Verdict
from handlers.base.cards import by_bank, new_code
from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.outcome import Event, FieldError, Outcome, Text, decline, refuse_fields
from handlers.base.service import Service
from rating.money import TIYN_MAX, Money
from storage.bank_model import Card, CardEventKind, CardState, CardTransaction, TransactionState
from storage.model import AccountKind, AccountRef, Balance, Entry, Hold, Job, Line
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = "card_events"
VENUE_CHARS_MAX: Final = 40
REASON_EVENT: Final = "bank.event"
EVENT_HAPPENED: Final = "bank.card_event"
#: The kind of the job that says what became of an authorisation: taken, given up, or nothing in time.
ANSWER_JOB: Final = "card_events.answer"
_US_PER_S: Final = 1_000_000

#: What each event says to the holder, and where its money comes from or goes to.
_EVENTS: Final = MappingProxyType(
    {
        CardEventKind.PURCHASE: ("bank.purchase", AccountKind.BANK_MERCHANTS),
        CardEventKind.PAYMENT: ("bank.payment", AccountKind.BANK_MERCHANTS),
        CardEventKind.TRANSFER: ("bank.transfer", AccountKind.BANK_CASH),
        CardEventKind.AUTHORISATION: ("bank.authorised", AccountKind.BANK_MERCHANTS),
        CardEventKind.SALARY: ("bank.salary", AccountKind.BANK_CASH),
        CardEventKind.CASH: ("bank.cash", AccountKind.BANK_CASH),
    }
)
#: Money that comes onto the card.
_CREDITS: Final = frozenset({CardEventKind.SALARY, CardEventKind.CASH})


@dataclass(frozen=True, slots=True, kw_only=True)
class CardEvent(Command):
    """Something happened to a card, away from the operator. ``amount_tiyn`` is above zero for all kinds.

    Salary and cash come onto it, the others leave it; an authorisation holds the money for a week.
    """

    card_id: str
    kind: CardEventKind
    amount_tiyn: int
    venue: str


def happen(command: CardEvent, uow: UnitOfWork, context: Context) -> Outcome:
    """Book the event, or hold its money, and tell the holder at once. Result: the CardTransaction."""
    card = uow.cards.get(command.card_id)
    if card is None:
        return decline("bank.unknown")
    wrong = _wrong_event(command)
    if wrong:
        return refuse_fields("bank.invalid_event", wrong)
    if card.state is not CardState.ACTIVE:
        return decline("bank.disabled", card=card.last4)
    if command.kind not in _CREDITS and _available(card, uow) < command.amount_tiyn:
        return decline("bank.not_enough", card=card.last4)
    happened = _transaction(command, card, context)
    if command.kind is CardEventKind.AUTHORISATION:
        happened, jobs = _hold(happened, card, uow, context)
    else:
        happened, jobs = _book(happened, card, command, uow, context), ()
    uow.cards.add_transaction(happened)
    return _told(happened, card, uow, context, jobs)


def _wrong_event(command: CardEvent) -> tuple[FieldError, ...]:
    wrong = []
    if command.kind not in _EVENTS:
        wrong.append(FieldError("kind", Text("bank.bad_kind")))
    if not 0 < command.amount_tiyn <= TIYN_MAX:
        wrong.append(FieldError("amount_tiyn", Text("bank.event_amount", {"most": Money(TIYN_MAX)})))
    venue = " ".join(command.venue.split())
    if not (0 < len(venue) <= VENUE_CHARS_MAX and venue.isprintable()):
        wrong.append(FieldError("venue", Text("bank.bad_venue", {"most": VENUE_CHARS_MAX})))
    return tuple(wrong)


def _available(card: Card, uow: UnitOfWork) -> int:
    return (uow.ledger.balance(card.account) or Balance(0)).available_tiyn


def _transaction(command: CardEvent, card: Card, context: Context) -> CardTransaction:
    sign = 1 if command.kind in _CREDITS else -1
    return CardTransaction(
        code=new_code(context),
        card_id=card.id,
        msisdn=card.msisdn,
        kind=command.kind,
        amount_tiyn=sign * command.amount_tiyn,
        venue=" ".join(command.venue.split()),
        at_us=context.now_us,
        state=TransactionState.POSTED,
        source_id=command.origin.source_id,
    )


def _lines(happened: CardTransaction, card: Card) -> tuple[Line, ...]:
    _, other = _EVENTS[happened.kind]
    amount_tiyn = happened.amount_tiyn
    return (Line(card.account, amount_tiyn), Line(AccountRef(other, card.bank), -amount_tiyn))


def _book(
    happened: CardTransaction, card: Card, command: CardEvent, uow: UnitOfWork, context: Context
) -> CardTransaction:
    entry = Entry(
        reason=f"{REASON_EVENT}.{happened.kind.value}",
        lines=_lines(happened, card),
        source=happened.code,
        actor=command.origin.acting,
    )
    return happened._replace(journal_seq=uow.ledger.post(entry), settled_us=context.now_us)


def _hold(
    happened: CardTransaction, card: Card, uow: UnitOfWork, context: Context
) -> tuple[CardTransaction, tuple[Job, ...]]:
    """Set the money aside; a job frees it when nobody has taken it in time."""
    held = happened._replace(
        state=TransactionState.AUTHORISED, hold_id=context.new_id(), answer_job=ANSWER_JOB
    )
    expires_us = context.now_us + context.profile.bank_authorisation_s * _US_PER_S
    uow.ledger.hold(
        Hold(
            id=held.hold_id,
            account=card.account,
            amount_tiyn=-held.amount_tiyn,
            reason=f"{REASON_EVENT}.{held.kind.value}",
            source=held.code,
            expires_us=expires_us,
        )
    )
    payload: dict[str, str | int] = {"code": held.code, "verdict": Verdict.OVERDUE.value}
    job = Job(kind=ANSWER_JOB, key=_expiry_key(held.code), due_us=expires_us, payload=payload)
    return held, (job,)


def _expiry_key(code: str) -> str:
    return f"bank.expiry:{code}"


def _told(
    happened: CardTransaction, card: Card, uow: UnitOfWork, context: Context, jobs: tuple[Job, ...]
) -> Outcome:
    text_id, _ = _EVENTS[happened.kind]
    params = _params(happened, card, context) | {"balance": Money(_available(card, uow))}
    data = {"code": happened.code, "msisdn": happened.msisdn, "kind": happened.kind.value}
    return Outcome(
        replies=(by_bank(Text(text_id, params), card.msisdn, context),),
        events=(Event(kind=EVENT_HAPPENED, data=data),),
        jobs=jobs,
        journal_seq=happened.journal_seq,
        result=happened,
    )


def _params(happened: CardTransaction, card: Card, context: Context) -> dict[str, object]:
    return {
        "amount": Money(abs(happened.amount_tiyn)),
        "card": card.last4,
        "venue": happened.venue,
        "at": context.at(happened.at_us),
    }


def answered(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    """The shop takes what was authorised, gives it up, or has not come in time: then the money is free again.

    Of what is free again the holder hears; the purchase was told when it was authorised.
    """
    found = uow.cards.transaction(str(job.payload["code"]))
    if found is None or found.state is not TransactionState.AUTHORISED:
        return Outcome()
    card = uow.cards.get(found.card_id)
    assert card is not None  # noqa: S101 (a transaction names its card)
    verdict = Verdict(str(job.payload["verdict"]))
    if verdict is not Verdict.OVERDUE:
        uow.jobs.cancel(_expiry_key(found.code))
    if verdict is Verdict.APPROVED:
        return _taken(found, card, uow, context)
    uow.ledger.void(found.hold_id, expired=verdict is Verdict.OVERDUE)
    voided = found._replace(state=TransactionState.VOIDED, settled_us=context.now_us)
    uow.cards.put_transaction(voided)
    said = Text("bank.released", _params(voided, card, context))
    return Outcome(replies=(by_bank(said, card.msisdn, context),), result=voided)


def _taken(found: CardTransaction, card: Card, uow: UnitOfWork, context: Context) -> Outcome:
    entry = Entry(
        reason=f"{REASON_EVENT}.{CardEventKind.PURCHASE.value}",
        lines=_lines(found, card),
        source=found.code,
        actor=NAME,
    )
    seq = uow.ledger.settle(found.hold_id, entry)
    taken = found._replace(state=TransactionState.POSTED, journal_seq=seq, settled_us=context.now_us)
    uow.cards.put_transaction(taken)
    return Outcome(journal_seq=seq, result=taken)


def _needs_card(command: CardEvent, context: Context) -> Needs:  # noqa: ARG001 - one shape
    return Needs(cards=frozenset({command.card_id}))


def _needs_answer(job: Job) -> Needs:
    return Needs(card_transactions=frozenset({str(job.payload["code"])}))


SERVICE: Final = Service(
    name=NAME,
    handlers=MappingProxyType({CardEvent: happen}),
    needs=MappingProxyType({CardEvent: _needs_card}),
    jobs=MappingProxyType({ANSWER_JOB: answered}),
    job_needs=MappingProxyType({ANSWER_JOB: _needs_answer}),
)
