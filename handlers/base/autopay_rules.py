"""What both services of AutoPay do with a rule: switch it, plan its runs, say what it is (services.md 6)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from handlers.base.context import Context
from handlers.base.outcome import Reply, Text
from handlers.base.schedule import next_run_us
from rating.money import Money
from rating.msisdn import Msisdn
from storage.bank_model import AutoPayRule, RuleKind, RuleState
from storage.model import Balance, Job, main_account
from storage.unit_of_work import UnitOfWork

#: The service whose short code AutoPay's messages come from, and where a friend's answer goes.
AUTOPAY: Final = "autopay"
#: A run on schedule, or one that cannot wait for a fall of the balance; another try; the bank's answer.
JOB_RUN: Final = "autopay.run"
JOB_RETRY: Final = "autopay.retry"
JOB_ANSWER: Final = "autopay.answer"
#: A watched main balance fell below its floor. Payload: ``{"msisdn": ...}``.
JOB_FELL: Final = "balance.fell"

_WHEN: Final[Mapping[RuleKind, str]] = MappingProxyType(
    {
        RuleKind.DAILY: "autopay.daily",
        RuleKind.WEEKLY: "autopay.weekly",
        RuleKind.MONTHLY: "autopay.monthly",
        RuleKind.LIMIT: "autopay.below_limit",
    }
)


def switch_on(rule: AutoPayRule, uow: UnitOfWork, context: Context) -> AutoPayRule:
    """The rule runs from now on, its failures forgotten. A limit rule runs at once if it is late already."""
    rule = rule._replace(state=RuleState.ON, failures=0)
    if rule.kind is RuleKind.LIMIT:
        if is_below(rule, uow):
            _put_run(rule, context.now_us, uow)
    else:
        rule = with_next_run(rule, uow, context)
    keep(rule, uow)
    return rule


def switch_off(rule: AutoPayRule, state: RuleState, uow: UnitOfWork) -> AutoPayRule:
    """The rule is OFF, PAUSED or DECLINED; what the bank is working on already is let to its end."""
    uow.jobs.cancel(run_key(rule))
    uow.jobs.cancel(retry_key(rule))
    rule = rule._replace(state=state, due_us=0)
    keep(rule, uow)
    return rule


def keep(rule: AutoPayRule, uow: UnitOfWork) -> None:
    """Store the rule as it is now; where it waits for a balance to fall, that balance is watched."""
    uow.autopay.put(rule)
    if rule.kind is RuleKind.LIMIT:
        limit_rule = waiting_for_a_fall(rule.target, uow)
        uow.ledger.watch(main_account(rule.target), limit_rule.limit_tiyn if limit_rule else None)


def waiting_for_a_fall(target: Msisdn, uow: UnitOfWork) -> AutoPayRule | None:
    """The one limit rule for a number that is on, or None."""
    rules = uow.autopay.towards(target)
    return next((each for each in rules if each.kind is RuleKind.LIMIT and each.state is RuleState.ON), None)


def with_next_run(rule: AutoPayRule, uow: UnitOfWork, context: Context) -> AutoPayRule:
    """Plan the first run of its schedule after now. Each run plans the next, and none before its time: so
    a clock that is advanced meets every run, and a gateway that was down makes up for one.
    """
    anchor, hour = context.at(rule.anchor_us), context.profile.autopay_hour
    rule = rule._replace(due_us=next_run_us(rule.kind, anchor, context.now_us, hour))
    _put_run(rule, rule.due_us, uow)
    return rule


def run_key(rule: AutoPayRule) -> str:
    """The key of the job of the next run."""
    return f"autopay:{rule.id}"


def retry_key(rule: AutoPayRule) -> str:
    """The key of the job that tries again."""
    return f"autopay.retry:{rule.id}"


def rule_job(kind: str, key: str, due_us: int, rule: AutoPayRule) -> Job:
    """A job about a rule."""
    return Job(kind=kind, key=key, due_us=due_us, payload={"rule": rule.id})


def _put_run(rule: AutoPayRule, due_us: int, uow: UnitOfWork) -> None:
    uow.jobs.put(rule_job(JOB_RUN, run_key(rule), due_us, rule))


def is_below(rule: AutoPayRule, uow: UnitOfWork) -> bool:
    """True where the target's main balance is below the rule's limit."""
    return main_balance_tiyn(rule.target, uow) < rule.limit_tiyn


def main_balance_tiyn(msisdn: Msisdn, uow: UnitOfWork) -> int:
    """What is on the main account, in tiyn."""
    return (uow.ledger.balance(main_account(msisdn)) or Balance(0)).balance_tiyn


def when(rule: AutoPayRule) -> Text:
    """When the rule pays, to be put into a sentence."""
    return Text(_WHEN[rule.kind], {"limit": Money(rule.limit_tiyn)})


def sms(text_id: str, to: Msisdn, context: Context, /, **params: object) -> Reply:
    """An SMS from AutoPay's short code, which can be answered."""
    sender = context.profile.sms_code_of(AUTOPAY)
    return Reply(text=Text(text_id, params), to=to, sender=sender, by_sms=True)
