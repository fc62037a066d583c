"""AutoPay as it runs: on schedule, at a fall of a balance, again after a failure (services.md section 6).

A run orders a top-up from the bank; the bank's answer ends it. While a run has no answer its rule begins no
other, whatever falls due meanwhile: nothing is paid twice on a guess.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from handlers.base.autopay_rules import (
    AUTOPAY,
    JOB_ANSWER,
    JOB_FELL,
    JOB_RETRY,
    JOB_RUN,
    is_below,
    main_balance_tiyn,
    retry_key,
    rule_job,
    sms,
    switch_off,
    waiting_for_a_fall,
    with_next_run,
)
from handlers.base.bank import Concluded, Declined, Order, Verdict
from handlers.base.command import Channel, Origin
from handlers.base.context import Context
from handlers.base.outcome import Event, Outcome, Reply, Text
from handlers.base.schedule import midnight_us
from handlers.base.service import Service
from rating.money import Money
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Status
from storage.bank_model import (
    AutoPayRule,
    Card,
    CardState,
    CardTransaction,
    RuleKind,
    RuleState,
    TransactionState,
)
from storage.model import Job, main_account
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = "autopay_runs"
EVENT_ORDERED: Final = "autopay.ordered"
EVENT_CONCLUDED: Final = "autopay.concluded"
EVENT_FAILED: Final = "autopay.failed"
#: What the card's transactions call it.
VENUE: Final = "AutoPay"
_US_PER_S: Final = 1_000_000


class Failed(StrEnum):
    """Why a run did not pay. The order of the members is the order in which they are looked for."""

    PAYER_BLOCKED = "autopay.why_payer_blocked"
    TARGET_GONE = "autopay.why_target_gone"
    TARGET_BLOCKED = "autopay.why_target_blocked"
    CARD_DISABLED = "autopay.why_card_disabled"
    ABOVE_LIMIT = "autopay.why_above_limit"
    NOT_ENOUGH = "autopay.why_not_enough"
    BANK_ERROR = "autopay.why_bank_error"


_DECLINED: Final = MappingProxyType(
    {Declined.DISABLED: Failed.CARD_DISABLED, Declined.NOT_ENOUGH: Failed.NOT_ENOUGH}
)


# -- what begins a run -----------------------------------------------------------------------------


def due(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    """The time of a run has come."""
    rule = uow.autopay.get(str(job.payload["rule"]))
    if rule is None or rule.state is not RuleState.ON:
        return Outcome()
    if rule.kind is RuleKind.LIMIT:
        return _run_below(rule, uow, context)
    rule = with_next_run(rule, uow, context)
    uow.autopay.put(rule)
    return _run(rule, uow, context)


def fell(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    """The balance of a number fell below the limit of the rule that waits for it."""
    rule = waiting_for_a_fall(Msisdn(str(job.payload["msisdn"])), uow)
    return Outcome() if rule is None else _run_below(rule, uow, context)


def again(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    """Try once more, unless the rule or the need for it is gone."""
    rule = uow.autopay.get(str(job.payload["rule"]))
    if rule is None or rule.state is not RuleState.ON:
        return Outcome()
    if rule.failures != job.payload["failures"] or 0 < rule.due_us <= context.now_us:
        return Outcome()  # A run has come meanwhile, or comes at this very moment: after down time, say.
    return (_run_below if rule.kind is RuleKind.LIMIT else _run)(rule, uow, context)


def _run_below(rule: AutoPayRule, uow: UnitOfWork, context: Context) -> Outcome:
    """Only where the balance is still below. Who pays later has no balance that could fall: that pauses."""
    target = uow.subscribers.get(rule.target)
    if target is not None and target.billing is Billing.POSTPAID:
        rule = switch_off(rule, RuleState.PAUSED, uow)
        return Outcome(replies=(sms("autopay.sms_postpaid", rule.payer, context, number=rule.target),))
    return _run(rule, uow, context) if is_below(rule, uow) else Outcome()


def _run(rule: AutoPayRule, uow: UnitOfWork, context: Context) -> Outcome:
    """Order the top-up. The payer hears of it when it has ended."""
    if rule.running:
        return Outcome()
    ordered = _order(rule, uow, context)
    if isinstance(ordered, Failed):
        return _fail(rule, ordered, uow, context)
    if rule.failures:
        # This is what was to be tried again later.
        uow.jobs.cancel(retry_key(rule))
    uow.autopay.put(rule._replace(running=ordered.code))
    data = {"rule": rule.id, "code": ordered.code, "amount_tiyn": rule.amount_tiyn}
    return Outcome(events=(Event(kind=EVENT_ORDERED, data=data),))


def _order(rule: AutoPayRule, uow: UnitOfWork, context: Context) -> CardTransaction | Failed:
    card = _card(rule, uow, context)
    if isinstance(card, Failed):
        return card
    origin = Origin(msisdn=rule.payer, channel=Channel.API, service_code="", source_id=rule.id, actor=AUTOPAY)
    order = Order(
        card=card,
        amount_tiyn=rule.amount_tiyn,
        target=rule.target,
        venue=VENUE,
        answer_job=JOB_ANSWER,
        origin=origin,
        purpose=rule.id,
    )
    held = context.bank.authorise(order, uow, context)
    return _DECLINED[held] if isinstance(held, Declined) else held


def _card(rule: AutoPayRule, uow: UnitOfWork, context: Context) -> Card | Failed:
    """What can pay, or the first reason why nothing can."""
    payer, target = uow.subscribers.get(rule.payer), uow.subscribers.get(rule.target)
    if payer is None or payer.status is Status.BLOCKED:
        return Failed.PAYER_BLOCKED
    if target is None:
        return Failed.TARGET_GONE
    if target.status is Status.BLOCKED:
        return Failed.TARGET_BLOCKED
    card = uow.cards.get(rule.card_id)
    if card is None or card.msisdn != rule.payer:
        return Failed.CARD_DISABLED
    paid_tiyn = uow.cards.paid_since(rule.payer, midnight_us(context.now))
    if paid_tiyn + rule.amount_tiyn > context.profile.bank_daily_limit_tiyn:
        return Failed.ABOVE_LIMIT
    return card


# -- what ends a run -------------------------------------------------------------------------------


def answered(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    """The bank's verdict on a run. One that is no news changes and tells nothing."""
    verdict = Verdict(str(job.payload["verdict"]))
    concluded = context.bank.conclude(str(job.payload["code"]), verdict, uow, context)
    if concluded is None or not concluded.is_news:
        return Outcome()
    rule = uow.autopay.get(concluded.transaction.purpose)
    return Outcome() if rule is None else _ended(rule, concluded, uow, context)


def _ended(rule: AutoPayRule, concluded: Concluded, uow: UnitOfWork, context: Context) -> Outcome:
    found = concluded.transaction
    if found.state is TransactionState.UNKNOWN:
        text = sms("autopay.sms_unanswered", rule.payer, context, **_params(rule), code=found.code)
        return Outcome(replies=(text,))
    rule = rule._replace(running="")
    if found.state is not TransactionState.POSTED:
        return _fail(rule, _why_voided(rule, uow), uow, context)
    rule = rule._replace(failures=0)
    uow.autopay.put(rule)
    data = {"rule": rule.id, "code": found.code, "amount_tiyn": rule.amount_tiyn}
    return Outcome(
        replies=_paid(rule, found, uow, context),
        events=(Event(kind=EVENT_CONCLUDED, data=data),),
        journal_seq=found.journal_seq,
        result=found,
    )


def _why_voided(rule: AutoPayRule, uow: UnitOfWork) -> Failed:
    card = uow.cards.get(rule.card_id)
    is_active = card is not None and card.state is CardState.ACTIVE
    return Failed.BANK_ERROR if is_active else Failed.CARD_DISABLED


def _paid(rule: AutoPayRule, found: CardTransaction, uow: UnitOfWork, context: Context) -> tuple[Reply, ...]:
    """What the payer reads, and what a friend reads whose balance it is."""
    balance = Money(main_balance_tiyn(rule.target, uow))
    params = _params(rule) | {"code": found.code}
    if rule.target == rule.payer:
        return (sms("autopay.sms_paid", rule.payer, context, **params, balance=balance),)
    return (
        sms("autopay.sms_paid_for", rule.payer, context, **params),
        sms(
            "autopay.sms_received",
            rule.target,
            context,
            **(_params(rule) | {"number": rule.payer}),
            balance=balance,
        ),
    )


def _fail(rule: AutoPayRule, why: Failed, uow: UnitOfWork, context: Context) -> Outcome:
    """Tell the payer, and try again later; after too many in a row pause the rule and say so."""
    failures = rule.failures + 1
    rule = rule._replace(failures=failures)
    params = _params(rule) | {"reason": Text(why.value)}
    if rule.state is not RuleState.ON:
        uow.autopay.put(rule)
        told = sms("autopay.sms_failed", rule.payer, context, **params)
    elif failures >= context.profile.autopay_failures_max:
        rule = switch_off(rule, RuleState.PAUSED, uow)
        told = sms("autopay.sms_paused", rule.payer, context, **params, count=failures)
    else:
        uow.autopay.put(rule)
        retry_us = context.now_us + context.profile.autopay_retry_s * _US_PER_S
        job = rule_job(JOB_RETRY, retry_key(rule), retry_us, rule)
        uow.jobs.put(job._replace(payload={**job.payload, "failures": failures}))
        told = sms("autopay.sms_failed_until", rule.payer, context, **params, until=context.at(retry_us))
    data = {"rule": rule.id, "why": why.name.lower(), "failures": failures}
    return Outcome(replies=(told,), events=(Event(kind=EVENT_FAILED, data=data),))


def _params(rule: AutoPayRule) -> dict[str, object]:
    return {"amount": Money(rule.amount_tiyn), "number": rule.target}


# -- the service -----------------------------------------------------------------------------------


def _needs_rule(job: Job) -> Needs:
    return Needs(autopay_rules=frozenset({str(job.payload["rule"])}))


def _needs_answer(job: Job) -> Needs:
    return Needs(card_transactions=frozenset({str(job.payload["code"])}))


def _needs_number(job: Job) -> Needs:
    msisdn = Msisdn(str(job.payload["msisdn"]))
    return Needs(msisdns=frozenset({msisdn}), accounts=frozenset({main_account(msisdn)}))


SERVICE: Final = Service(
    name=NAME,
    jobs=MappingProxyType({JOB_RUN: due, JOB_RETRY: again, JOB_FELL: fell, JOB_ANSWER: answered}),
    job_needs=MappingProxyType(
        {
            JOB_RUN: _needs_rule,
            JOB_RETRY: _needs_rule,
            JOB_FELL: _needs_number,
            JOB_ANSWER: _needs_answer,
        }
    ),
)
