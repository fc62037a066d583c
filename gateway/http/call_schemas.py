"""What the control API shows of calls: a line of the list with its legs, and everything about one."""

from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel

from gateway.http.context import Api
from gateway.http.message_schemas import Posting, show_posting
from gateway.http.schemas import ShownAmount, ShownMoment, shown
from handlers.base.call_charge import segments_of
from rating.tariff import Segment
from storage.call_model import Call, CallTurn, CollectList, CollectLists, Leg, LegState, TurnKind
from storage.call_views import CallView
from storage.model import Direction
from storage.views import PostingView


class CallState(StrEnum):
    """A handset is in at most one call that is open."""

    OPEN = "open"
    ENDED = "ended"


class ShownLeg(BaseModel):
    """One handset's part of a call: ``mo`` for who dialled, ``mt`` for who was called.

    A moment is null for what has not happened; ``reason`` is empty while the handset is in the call.
    ``lost`` is when it went out of reach.
    """

    number: int
    msisdn: str
    direction: Direction
    state: LegState
    began: ShownMoment
    alerting: ShownMoment | None
    answered: ShownMoment | None
    connected: ShownMoment | None
    lost: ShownMoment | None
    ended: ShownMoment | None
    reason: str


class ShownCall(BaseModel):
    """One call of a list. ``charge`` is what ``payer`` paid for ``duration_s`` seconds by ``tariff``."""

    id: str
    service: str
    way: str
    caller: str
    called: str
    name: str
    state: CallState
    reason: str
    began: ShownMoment
    connected: ShownMoment | None
    ended: ShownMoment | None
    duration_s: int
    charge: ShownAmount
    payer: str
    tariff: str
    legs: list[ShownLeg]


class ShownTurn(BaseModel):
    """One thing that happened on a leg. Keys that were a secret, or that nobody asked for, are ``***``."""

    number: int
    leg: int
    at: ShownMoment
    kind: TurnKind
    text: str
    text_id: str


class ShownSegment(BaseModel):
    """Seconds of talk under one version of the tariff: ``charge`` is rounded once for all of them."""

    version: str
    began: ShownMoment
    seconds: int
    per_minute: ShownAmount
    charge: ShownAmount


class ShownTax(BaseModel):
    """What the charge is made of: VAT is inside of it."""

    net: ShownAmount
    vat: ShownAmount


class ShownHold(BaseModel):
    """The payer's money that is set aside for the talk until ``covered``."""

    id: str
    covered: ShownMoment


class WholeCall(ShownCall):
    """Everything about one. ``hold`` is null before and after the talk, ``tax`` where nothing was paid."""

    hold: ShownHold | None
    rating: list[ShownSegment]
    tax: ShownTax | None
    postings: list[Posting]
    turns: list[ShownTurn]


class ShownLists(BaseModel):
    """Who may call a subscriber at their expense (collect call), each list in the order of its filling."""

    msisdn: str
    active: CollectList
    black: list[str]
    white: list[str]
    friends: list[str]


def show_call(call: Call, api: Api) -> ShownCall:
    """A line of the list."""
    return ShownCall.model_validate(_line(call, api))


def show_whole_call(view: CallView, api: Api) -> WholeCall:
    """Everything about one."""
    call = view.call
    parts = {
        "hold": None if call.ended else _hold(call, api),
        "rating": [_segment(each, api) for each in segments_of(call.rating)],
        "tax": _tax(view.postings),
        "postings": [show_posting(each) for each in view.postings],
        "turns": [_turn(each, api) for each in view.turns],
    }
    return WholeCall.model_validate(_line(call, api) | parts)


def show_lists(lists: CollectLists) -> ShownLists:
    """A subscriber's three lists."""
    return ShownLists(
        msisdn=lists.owner,
        active=lists.active,
        black=list(lists.black),
        white=list(lists.white),
        friends=list(lists.friends),
    )


def _line(call: Call, api: Api) -> dict[str, object]:
    return {
        "id": call.id,
        "service": call.service,
        "way": call.way,
        "caller": call.caller,
        "called": call.called,
        "name": call.name,
        "state": CallState.ENDED if call.ended else CallState.OPEN,
        "reason": call.ended,
        "began": api.show(call.began_us),
        "connected": _moment(call.connected_us, api),
        "ended": _moment(call.ended_us, api),
        "duration_s": call.duration_s,
        "charge": shown(call.charge_tiyn),
        "payer": call.payer,
        "tariff": call.tariff,
        "legs": [_leg(each, api) for each in call.legs],
    }


def _leg(leg: Leg, api: Api) -> ShownLeg:
    return ShownLeg(
        number=leg.number,
        msisdn=leg.msisdn,
        direction=leg.direction,
        state=leg.state,
        began=api.show(leg.began_us),
        alerting=_moment(leg.alerting_us, api),
        answered=_moment(leg.answered_us, api),
        connected=_moment(leg.bridged_us, api),
        lost=_moment(leg.lost_us, api),
        ended=_moment(leg.ended_us, api),
        reason=leg.cause,
    )


def _moment(moment_us: int, api: Api) -> str | None:
    """A moment, or None for what has not happened."""
    return api.show(moment_us) if moment_us else None


def _turn(turn: CallTurn, api: Api) -> ShownTurn:
    return ShownTurn(
        number=turn.number,
        leg=turn.leg,
        at=api.show(turn.at_us),
        kind=turn.kind,
        text=turn.text,
        text_id=turn.text_id,
    )


def _segment(each: Segment, api: Api) -> ShownSegment:
    return ShownSegment(
        version=each.version,
        began=api.show(each.from_us),
        seconds=each.seconds,
        per_minute=shown(each.per_minute_tiyn),
        charge=shown(each.cost_tiyn),
    )


def _hold(call: Call, api: Api) -> ShownHold | None:
    return ShownHold(id=call.hold_id, covered=api.show(call.covered_us)) if call.hold_id else None


def _tax(postings: Iterable[PostingView]) -> ShownTax | None:
    """As it was posted; None where nothing was."""
    sums = {"revenue": 0, "vat_payable": 0}
    for each in postings:
        kind = each.account.partition(":")[0]
        if kind in sums:
            sums[kind] += each.amount_tiyn
    if not any(sums.values()):
        return None
    return ShownTax(net=shown(sums["revenue"]), vat=shown(sums["vat_payable"]))
