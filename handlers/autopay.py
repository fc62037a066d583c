"""AutoPay as people set it up: rules by ``*911*2#``, a friend's refusal by SMS (services.md section 6).

A rule pays from the payer's bank card to the payer's own number or a friend's: daily, weekly, monthly, or
when that number's balance falls below a limit. The runs themselves are ``handlers.autopay_runs``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from handlers.base.access import Access, gate
from handlers.base.autopay_rules import AUTOPAY, sms, switch_off, switch_on, waiting_for_a_fall, when
from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.grammar import Rule
from handlers.base.outcome import Event, Outcome, Reply, Text, refuse
from handlers.base.service import Service
from rating.money import Money, tenge
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Status
from storage.bank_model import AutoPayRule, CardState, RuleKind, RuleState
from storage.model import Subscriber
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = AUTOPAY
EVENT_ADDED: Final = "autopay.rule_added"
EVENT_SWITCHED: Final = "autopay.rule_switched"
NO_LIMIT: Final = Money(0)
LIMIT_MIN: Final = tenge(1)
#: What may still pay: these count towards the most rules that a payer may have.
_DAY_US: Final = 86_400 * 1_000_000
_LIVE: Final = frozenset({RuleState.ON, RuleState.PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRule(Command):
    """A new rule: ``origin.msisdn`` pays from ``card`` (its id) to ``target``, None for the own number.

    ``limit`` is for a rule of the kind LIMIT only.
    """

    card: str
    kind: RuleKind
    amount: Money
    limit: Money = NO_LIMIT
    target: Msisdn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRule(Command):
    """Off where it is on, else on; ``rule`` is its id. A paused rule begins anew."""

    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineFriend(Command):
    """No more AutoPay from ``payer``, for good; without a payer from the only one who there is."""

    payer: Msisdn | None = None


class Refused(StrEnum):
    """Why a rule is not made, after the refusals of ``access``. The members' order is the precedence."""

    NO_CARD = "autopay.no_card"
    UNKNOWN_CARD = "autopay.unknown_card"
    SELF = "autopay.self"
    OFF_NET = "autopay.off_net"
    UNKNOWN_FRIEND = "autopay.unknown_friend"
    FRIEND_BLOCKED = "autopay.friend_blocked"
    FRIEND_DECLINED = "autopay.friend_declined"
    POSTPAID = "autopay.postpaid"
    BAD_LIMIT = "autopay.bad_limit"
    BAD_AMOUNT = "autopay.bad_amount"
    LIMIT_TAKEN = "autopay.limit_taken"
    TOO_MANY = "autopay.too_many"


class NotSwitched(StrEnum):
    """Why a rule stays as it is; to switch one on can be refused like a new one, too."""

    UNKNOWN_RULE = "autopay.unknown_rule"
    RULE_DECLINED = "autopay.rule_declined"


class NotDeclined(StrEnum):
    """Why there is nothing to decline, or not enough said."""

    NOBODY = "autopay.nobody_pays"
    SEVERAL = "autopay.several_pay"


#: Whoever is in debt gets out of it this way, and roaming does not matter.
_ADMIT: Final = gate(Access(allow_blocked_outgoing=True, allow_debt=True, allow_negative=True))


# -- a new rule ------------------------------------------------------------------------------------


def add_rule(command: AddRule, uow: UnitOfWork, context: Context) -> Outcome:
    """Make the rule, or say why not. A friend is told, and how to decline. Result: the AutoPayRule."""
    payer = _ADMIT(command.origin, uow)
    if isinstance(payer, Outcome):
        return payer
    target = payer if command.target is None else uow.subscribers.get(command.target)
    refused = next(_refusals(command, payer, target, uow, context), None)
    if refused is not None:
        return _refused(refused, context)
    rule = _new_rule(command, uow, context)
    data = {"rule": rule.id, "payer": rule.payer, "target": rule.target, "kind": rule.kind.value}
    return Outcome(
        replies=(_confirmation(rule, context), *_told_friend(rule, context)),
        events=(Event(kind=EVENT_ADDED, data=data),),
        result=rule,
    )


def _refusals(
    command: AddRule, payer: Subscriber, target: Subscriber | None, uow: UnitOfWork, context: Context
) -> Iterator[Refused]:
    """All that stands against it, in the order of precedence; read no further than the first."""
    yield from _of_card(command, uow)
    if target is None:
        number = command.target or ""
        yield Refused.UNKNOWN_FRIEND if number[1:4] in context.profile.prefixes else Refused.OFF_NET
        return
    if command.target is not None:
        yield from _of_friend(payer, target, uow)
    yield from _of_numbers(command, target, context)
    if command.kind is RuleKind.LIMIT and waiting_for_a_fall(target.msisdn, uow):
        yield Refused.LIMIT_TAKEN
    most = context.profile.autopay_rules_max
    pesters = command.target is not None and _told_lately(payer.msisdn, uow, context) >= most
    if pesters or _count(payer.msisdn, uow) >= most:
        yield Refused.TOO_MANY


def _of_card(command: AddRule, uow: UnitOfWork) -> Iterator[Refused]:
    active = {card.id for card in uow.cards.of(command.origin.msisdn) if card.state is CardState.ACTIVE}
    if not active:
        yield Refused.NO_CARD
    elif command.card not in active:
        yield Refused.UNKNOWN_CARD


def _of_friend(payer: Subscriber, target: Subscriber, uow: UnitOfWork) -> Iterator[Refused]:
    if target.msisdn == payer.msisdn:
        yield Refused.SELF
    if target.status is Status.BLOCKED:
        yield Refused.FRIEND_BLOCKED
    before = (rule for rule in uow.autopay.of(payer.msisdn) if rule.target == target.msisdn)
    if any(rule.state is RuleState.DECLINED for rule in before):
        yield Refused.FRIEND_DECLINED


def _of_numbers(command: AddRule, target: Subscriber, context: Context) -> Iterator[Refused]:
    least, most = _bounds(context)
    if command.kind is RuleKind.LIMIT:
        if target.billing is Billing.POSTPAID:
            yield Refused.POSTPAID
        if not LIMIT_MIN <= command.limit <= most:
            yield Refused.BAD_LIMIT
    if not least <= command.amount <= most:
        yield Refused.BAD_AMOUNT


def _bounds(context: Context) -> tuple[Money, Money]:
    return Money(context.profile.autopay_min_tiyn), Money(context.profile.autopay_max_tiyn)


def _count(payer: Msisdn, uow: UnitOfWork) -> int:
    return sum(rule.state in _LIVE for rule in uow.autopay.of(payer))


def _told_lately(payer: Msisdn, uow: UnitOfWork, context: Context) -> int:
    """Rules of the last day for friends, in whatever state: each that was made sent a message."""
    since_us = context.now_us - _DAY_US
    rules = uow.autopay.of(payer)
    return sum(rule.target != payer and rule.created_us > since_us for rule in rules)


def _refused(refused: StrEnum, context: Context) -> Outcome:
    least, most = _bounds(context)
    if refused is Refused.BAD_LIMIT:
        return refuse(refused.value, least=LIMIT_MIN, most=most)
    if refused is Refused.BAD_AMOUNT:
        return refuse(refused.value, least=least, most=most)
    return refuse(refused.value, count=context.profile.autopay_rules_max)


def _new_rule(command: AddRule, uow: UnitOfWork, context: Context) -> AutoPayRule:
    payer = command.origin.msisdn
    is_limit = command.kind is RuleKind.LIMIT
    rule = AutoPayRule(
        id=context.new_id(),
        payer=payer,
        target=command.target or payer,
        card_id=command.card,
        kind=command.kind,
        amount_tiyn=command.amount.tiyn,
        limit_tiyn=command.limit.tiyn if is_limit else 0,
        anchor_us=0 if is_limit else context.now_us,
        created_us=context.now_us,
    )
    uow.autopay.add(rule)
    return switch_on(rule, uow, context)


def _confirmation(rule: AutoPayRule, context: Context) -> Reply:
    """It is on, and when it pays next."""
    if rule.kind is RuleKind.LIMIT:
        text = Text("autopay.on_below", {"limit": Money(rule.limit_tiyn)})
    else:
        text = Text("autopay.on_until", {"until": context.at(rule.due_us)})
    return Reply(text=text, fallback=context.profile.sms_code_of(NAME))


def _told_friend(rule: AutoPayRule, context: Context) -> tuple[Reply, ...]:
    if rule.target == rule.payer:
        return ()
    params = {"number": rule.payer, "amount": Money(rule.amount_tiyn), "when": when(rule)}
    code = context.profile.sms_code_of(NAME)
    return (sms("autopay.sms_offered", rule.target, context, **params, to=code),)


# -- off and on ------------------------------------------------------------------------------------


def switch_rule(command: SwitchRule, uow: UnitOfWork, context: Context) -> Outcome:
    """Off where it was on, on where it was off or paused. Result: the AutoPayRule."""
    payer = _ADMIT(command.origin, uow)
    if isinstance(payer, Outcome):
        return payer
    rule = uow.autopay.get(command.rule)
    if rule is None or rule.payer != payer.msisdn:
        return refuse(NotSwitched.UNKNOWN_RULE.value)
    if rule.state is RuleState.ON:
        rule = switch_off(rule, RuleState.OFF, uow)
        text = Text("autopay.off_later" if rule.running else "autopay.off")
        return _switched(rule, Reply(text=text, fallback=context.profile.sms_code_of(NAME)))
    refused = _why_not_on(rule, uow, context)
    if refused is not None:
        return _refused(refused, context)
    rule = switch_on(rule, uow, context)
    return _switched(rule, _confirmation(rule, context))


def _switched(rule: AutoPayRule, answer: Reply) -> Outcome:
    data = {"rule": rule.id, "payer": rule.payer, "state": rule.state.value}
    return Outcome(replies=(answer,), events=(Event(kind=EVENT_SWITCHED, data=data),), result=rule)


def _why_not_on(rule: AutoPayRule, uow: UnitOfWork, context: Context) -> StrEnum | None:
    if rule.state is RuleState.DECLINED:
        return NotSwitched.RULE_DECLINED
    if rule.kind is RuleKind.LIMIT:
        target = uow.subscribers.get(rule.target)
        if target is not None and target.billing is Billing.POSTPAID:
            return Refused.POSTPAID
        if waiting_for_a_fall(rule.target, uow):
            return Refused.LIMIT_TAKEN
    is_full = _count(rule.payer, uow) >= context.profile.autopay_rules_max
    return Refused.TOO_MANY if rule.state is RuleState.OFF and is_full else None


# -- a friend's answer -----------------------------------------------------------------------------


def decline_friend(command: DeclineFriend, uow: UnitOfWork, context: Context) -> Outcome:
    """Every rule of the payer for this number is closed for good, and the payer is told."""
    friend = _ADMIT(command.origin, uow)
    if isinstance(friend, Outcome):
        return friend
    rules = [rule for rule in uow.autopay.towards(friend.msisdn) if _can_be_declined(rule, command.payer)]
    payers = list(dict.fromkeys(rule.payer for rule in rules))
    if not payers:
        return refuse(NotDeclined.NOBODY.value)
    if len(payers) > 1:
        return refuse(NotDeclined.SEVERAL.value, number=payers[-1])
    closed = [switch_off(rule, RuleState.DECLINED, uow) for rule in rules]
    data = {"payer": payers[0], "target": friend.msisdn, "state": RuleState.DECLINED.value}
    return Outcome(
        replies=(
            Reply(text=Text("autopay.declined", {"number": payers[0]})),
            sms("autopay.sms_declined", payers[0], context, number=friend.msisdn),
        ),
        events=(Event(kind=EVENT_SWITCHED, data=data),),
        result=tuple(closed),
    )


def _can_be_declined(rule: AutoPayRule, payer: Msisdn | None) -> bool:
    is_friends = rule.payer != rule.target and payer in {None, rule.payer}
    return is_friends and rule.state is not RuleState.DECLINED


# -- the service -----------------------------------------------------------------------------------


def _needs_new(command: AddRule, context: Context) -> Needs:  # noqa: ARG001 - one shape for all services
    payer = command.origin.msisdn
    return Needs(msisdns=frozenset({payer, command.target or payer}), card_holders=frozenset({payer}))


def _needs_rule(command: SwitchRule, context: Context) -> Needs:  # noqa: ARG001 - one shape for all services
    return Needs(msisdns=frozenset({command.origin.msisdn}), autopay_rules=frozenset({command.rule}))


SERVICE: Final = Service(
    name=NAME,
    sms=(Rule("NO", DeclineFriend), Rule("NO {payer:msisdn}", DeclineFriend)),
    usage="autopay.usage",
    handlers=MappingProxyType({AddRule: add_rule, SwitchRule: switch_rule, DeclineFriend: decline_friend}),
    needs=MappingProxyType({AddRule: _needs_new, SwitchRule: _needs_rule}),
)
