"""``/subscribers/{msisdn}/autopay``: by which rules a subscriber pays."""

from fastapi import APIRouter
from pydantic import BaseModel

from gateway.http.context import Api, PathMsisdn, UseApi
from gateway.http.problems import not_found
from gateway.http.schemas import ShownAmount, ShownMoment, shown
from storage.bank_model import AutoPayRule, RuleKind, RuleState

router = APIRouter(prefix="/subscribers", tags=["bank"])


class ShownRule(BaseModel):
    """An AutoPay rule. ``limit`` is there for a rule of the kind ``limit``, ``due`` for one on schedule that
    is on; ``running`` is the code of the card's transaction that the bank has not concluded.
    """

    id: str
    payer: str
    target: str
    card: str
    kind: RuleKind
    amount: ShownAmount
    limit: ShownAmount | None
    state: RuleState
    due: ShownMoment | None
    failures: int
    running: str | None
    created: ShownMoment


@router.get("/{msisdn}/autopay")
async def get_autopay(msisdn: PathMsisdn, api: UseApi) -> list[ShownRule]:
    """The rules by which the subscriber pays, for the own number and for others, oldest first."""
    view, rules = await api.operator.read(
        lambda reads: (reads.subscriber(msisdn), reads.autopay_rules(msisdn))
    )
    if view is None:
        raise not_found(f"subscriber {msisdn}")
    return [_rule(each, api) for each in rules]


def _rule(rule: AutoPayRule, api: Api) -> ShownRule:
    return ShownRule(
        id=rule.id,
        payer=rule.payer,
        target=rule.target,
        card=rule.card_id,
        kind=rule.kind,
        amount=shown(rule.amount_tiyn),
        limit=shown(rule.limit_tiyn) if rule.kind is RuleKind.LIMIT else None,
        state=rule.state,
        due=api.show(rule.due_us) if rule.due_us else None,
        failures=rule.failures,
        running=rule.running or None,
        created=api.show(rule.created_us),
    )
