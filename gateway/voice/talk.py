"""Two parties talk, and one of them pays: money is held before it is used up (services.md section 7)."""

from gateway.voice import ending
from gateway.voice.desk import Desk, Due
from gateway.voice.events import SignalKind
from gateway.voice.legs import LegStep
from handlers import texts
from handlers.base import call_charge
from handlers.base.outcome import Text
from rating.money import format_tenge
from rating.tariff import Tariff
from storage.call_model import Call, Cause, Leg, TurnKind

_US_PER_S = 1_000_000


def join(desk: Desk, call: Call) -> Call | None:
    """Let both open legs talk from now on. None, and nothing changed, where the money is not enough."""
    tariff = desk.context.profile.tariffs.get(call.tariff)
    call = call._replace(bridged_us=desk.now_us)
    if tariff is not None:
        covered = _cover(desk, call, tariff, desk.now_us)
        if covered is None:
            return None
        call = covered
    legs = [desk.moved(leg, LegStep.BRIDGE) for leg in call.legs if leg.is_open]
    for leg in legs:
        desk.note(leg, TurnKind.BRIDGED)
        desk.tell(leg, SignalKind.CONNECTED, party=party_of(call, leg))
    call = desk.put(call, *legs)
    if tariff is None:
        desk.forget(legs[0], Due.MONEY)
    else:
        desk.wait_until(_payers(call), Due.MONEY, call.covered_us)
    return call


def money_due(desk: Desk, call: Call) -> None:
    """What was held is used up: hold for what comes next, or cut the call at this very second."""
    tariff = desk.context.profile.tariffs[call.tariff]
    more = _cover(desk, call, tariff, call.covered_us)
    if more is None:
        desk.speak(_payers(call), Text(texts.MONEY_OVER))
        ending.end(desk, call, Cause.NO_MONEY, at_us=call.covered_us)
        return
    call = desk.put(more)
    desk.wait_until(_payers(call), Due.MONEY, call.covered_us)


def party_of(call: Call, leg: Leg) -> str:
    """Who is on the other side of a leg."""
    return call.called if leg.msisdn == call.caller else call.caller


def _cover(desk: Desk, call: Call, tariff: Tariff, from_us: int) -> Call | None:
    """The call with another chunk held, or with as much of it as the money pays for."""
    until_us = from_us + desk.context.profile.voice_chunk_s * _US_PER_S
    cover = call_charge.cover(call, tariff, until_us, desk.uow, desk.context)
    if cover is None:
        return None
    desk.note(_payers(call), TurnKind.HELD, format_tenge(cover.amount_tiyn))
    return call._replace(hold_id=cover.hold_id, covered_us=cover.until_us)


def _payers(call: Call) -> Leg:
    """The leg of who pays."""
    return next(leg for leg in call.legs if leg.msisdn == call.payer and leg.is_open)
