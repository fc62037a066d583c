"""Parking by the operator's clock: questions lapse, ends are reminded of and come, the bank answers.

Services.md section 8. Each job looks at its session first: whatever has happened meanwhile wins, and a job
that is late, or comes twice, does no harm.
"""

from types import MappingProxyType
from typing import Final

from handlers.base.bank import Verdict
from handlers.base.context import Context
from handlers.base.outcome import Outcome, Text
from handlers.base.parking_money import free_tiyn
from handlers.base.parking_question import (
    JOB_ANSWER,
    JOB_LAPSED,
    asked_of,
    by_7701,
    call_off,
    changed,
    is_extension_paying,
    lapse,
    without_extension,
)
from handlers.base.parking_running import JOB_ENDED, JOB_REMINDER, begin, extend, finish, put_reminder, remind
from handlers.base.parking_states import US_PER_S, Happens, can
from handlers.base.service import Service
from rating.money import Money
from rating.msisdn import Msisdn
from storage.bank_model import CardTransaction, TransactionState
from storage.model import AccountKind, Job, parking_account
from storage.needs import Needs
from storage.parking_model import ParkingSession, ParkingState
from storage.unit_of_work import UnitOfWork

NAME: Final = "parking_runs"


def lapsed(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    """Nobody has confirmed in time: the money is free, and 7701 says so."""
    session = uow.parking.get(str(job.payload["session"]))
    question = asked_of(session, uow) if session else None
    if question is None or context.now_us < question.by_us:
        return Outcome()
    return lapse(question, uow, context)


def reminder(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    """The end is near: once for what is paid, and never when it is over.

    One that comes too early, since the profile has another lead by now, is put off.
    """
    session = uow.parking.get(str(job.payload["session"]))
    if session is None or not can(session.state, Happens.REMINDER):
        return Outcome()
    remind_us = session.ends_us - context.profile.parking_reminder_s * US_PER_S
    if context.now_us < remind_us:
        put_reminder(session, remind_us, uow)
    return remind(session, uow, context) if remind_us <= context.now_us < session.ends_us else Outcome()


def ended(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    """The time is over: it is charged, also where that is noticed late."""
    session = uow.parking.get(str(job.payload["session"]))
    if session is None or not session.is_running or context.now_us < session.ends_us:
        return Outcome()
    return finish(session, Happens.END, uow, context)


# -- the bank --------------------------------------------------------------------------------------


def answered(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    """The bank's verdict. Its money goes to the parking account, also when nobody waits for it any more."""
    verdict = Verdict(str(job.payload["verdict"]))
    concluded = context.bank.conclude(
        str(job.payload["code"]), verdict, uow, context, into=AccountKind.PARKING
    )
    if concluded is None or not concluded.is_news:
        return Outcome()
    transaction = concluded.transaction
    session = uow.parking.get(transaction.purpose)
    if session is None:
        return Outcome(journal_seq=transaction.journal_seq)
    is_paid = transaction.state is TransactionState.POSTED
    if not _waits(session, transaction, context):
        return _late(session, transaction, uow, context)
    if is_paid:
        go_on = begin if session.state is ParkingState.PAYING else extend
        return go_on(session, transaction.journal_seq, uow, context)
    return _failed(session, transaction, uow, context)


def _waits(session: ParkingSession, transaction: CardTransaction, context: Context) -> bool:
    """Whether the session is still what the bank was asked for."""
    is_extended = is_extension_paying(session) and context.now_us < session.ends_us
    return session.card_code == transaction.code and (session.state is ParkingState.PAYING or is_extended)


def _failed(
    session: ParkingSession, transaction: CardTransaction, uow: UnitOfWork, context: Context
) -> Outcome:
    """No money, or no answer in time: nobody parks on a guess. What comes later is kept for the next time."""
    if session.is_running:
        session = without_extension(session, uow)
        uow.parking.put(session)
    else:
        session = call_off(session, Happens.FAILED, uow)
    is_unknown = transaction.state is TransactionState.UNKNOWN
    text_id = "parking.card_silent" if is_unknown else "parking.card_failed"
    text = Text(text_id, _params(session, transaction))
    return Outcome(replies=(by_7701(text, session.msisdn, context),), events=(changed(session),))


def _late(
    session: ParkingSession, transaction: CardTransaction, uow: UnitOfWork, context: Context
) -> Outcome:
    """The money is on the parking account, or will never be; the session goes its own way."""
    if transaction.state is TransactionState.UNKNOWN:
        return Outcome()
    params = _params(session, transaction)
    if transaction.state is TransactionState.POSTED:
        balance = Money(free_tiyn(parking_account(session.msisdn), uow))
        text = Text("parking.card_late", params | {"balance": balance})
    else:
        text = Text("parking.card_failed", params)
    return Outcome(replies=(by_7701(text, session.msisdn, context),), journal_seq=transaction.journal_seq)


def _params(session: ParkingSession, transaction: CardTransaction) -> dict[str, object]:
    return {"plate": session.plate, "amount": Money(-transaction.amount_tiyn), "code": transaction.code}


# -- the service -----------------------------------------------------------------------------------


def _needs_session(job: Job) -> Needs:
    return Needs(parking_sessions=frozenset({str(job.payload["session"])}))


def _needs_reminder(job: Job) -> Needs:
    """With the driver's other parkings: whether the reminder has to name the plate."""
    return Needs(
        parking_sessions=frozenset({str(job.payload["session"])}),
        parking_msisdns=frozenset({Msisdn(str(job.payload["msisdn"]))}),
    )


def _needs_answer(job: Job) -> Needs:
    return Needs(card_transactions=frozenset({str(job.payload["code"])}))


SERVICE: Final = Service(
    name=NAME,
    jobs=MappingProxyType(
        {JOB_LAPSED: lapsed, JOB_REMINDER: reminder, JOB_ENDED: ended, JOB_ANSWER: answered}
    ),
    job_needs=MappingProxyType(
        {
            JOB_LAPSED: _needs_session,
            JOB_REMINDER: _needs_reminder,
            JOB_ENDED: _needs_session,
            JOB_ANSWER: _needs_answer,
        }
    ),
)
