"""How legs and calls end: released, charged for what was used, and nothing left behind."""

from typing import Final

from gateway.voice.desk import Desk, Due
from gateway.voice.events import Signal, SignalKind
from gateway.voice.legs import LegStep
from handlers.base import call_charge
from handlers.base.outcome import Event
from storage.call_model import Call, Cause, Leg, TurnKind
from storage.model import Direction

EVENT_ENDED: Final = "call.ended"
_US_PER_S: Final = 1_000_000


def end(desk: Desk, call: Call, cause: Cause, *, at_us: int | None = None) -> Call:
    """Release every leg, as of a moment (now, when left out), and charge for the time that they talked.

    A talk has ended when the first of those who are out of reach went: nobody pays for the silence.
    """
    call = _settled(desk, call, desk.now_us if at_us is None else at_us)
    for leg in call.legs:
        if leg.is_open:
            call = release(desk, call, leg, cause)
    call = desk.put(call._replace(ended=cause.value))
    desk.forget(call.legs[0], Due.MONEY)
    data = {
        "call": call.id,
        "service": call.service,
        "msisdn": call.caller,
        "called": call.called,
        "reason": cause.value,
        "duration_s": call.duration_s,
        "charge_tiyn": call.charge_tiyn,
    }
    desk.batch.events.append(Event(kind=EVENT_ENDED, data=data))
    return call


def release(desk: Desk, call: Call, leg: Leg, cause: Cause) -> Call:
    """Release one leg and tell its handset; the call goes on where it has another one."""
    if leg.lost_us:
        desk.forget(leg, Due.LOST)
    released = desk.moved(leg, LegStep.RELEASE)._replace(cause=cause.value, script=None)
    if call.ended_us:
        released = released._replace(ended_us=call.ended_us)
    desk.note(released, TurnKind.RELEASED, cause.value)
    desk.batch.signals.append(_ended(call, released, cause))
    return desk.put(call, released)


def _ended(call: Call, leg: Leg, cause: Cause) -> Signal:
    """What the handset is told: how long it talked, and what its subscriber pays for that."""
    return Signal(
        kind=SignalKind.ENDED,
        msisdn=leg.msisdn,
        call=call.id,
        reason=cause.value,
        duration_s=call.duration_s if leg.bridged_us or leg.direction is Direction.MO else 0,
        charge_tiyn=call.charge_tiyn if leg.msisdn == call.payer else 0,
    )


def _settled(desk: Desk, call: Call, at_us: int) -> Call:
    """The call with its end; where the parties talked, rated and paid."""
    if not call.bridged_us:
        at_us = max(at_us, *map(last_step_us, call.legs))
        return call._replace(ended_us=at_us, duration_s=_seconds(call.connected_us or at_us, at_us))
    at_us = max(min([at_us, *_lost_us(call)]), call.bridged_us)
    tariff = desk.context.profile.tariffs.get(call.tariff)
    if tariff is None:
        # Free, or of a price that the profile has not any more: nobody pays what nobody can name.
        if call.hold_id:
            desk.uow.ledger.void(call.hold_id)
        return call._replace(ended_us=at_us, hold_id="", duration_s=_seconds(call.bridged_us, at_us))
    if at_us > call.covered_us:
        more = call_charge.cover(call, tariff, at_us, desk.uow, desk.context)
        if more is not None:
            call = call._replace(hold_id=more.hold_id, covered_us=more.until_us)
        at_us = min(at_us, call.covered_us)
    settled = call_charge.settle(call, tariff, at_us, desk.uow, desk.context)
    return call._replace(
        ended_us=at_us,
        hold_id="",
        duration_s=settled.seconds,
        charge_tiyn=settled.charge_tiyn,
        journal_seq=settled.journal_seq,
        rating=call_charge.segments_json(settled.segments),
    )


def last_step_us(leg: Leg) -> int:
    """It did not end before this."""
    return max(leg.began_us, leg.alerting_us, leg.answered_us)


def _lost_us(call: Call) -> list[int]:
    """When those went who are out of reach."""
    return [leg.lost_us for leg in call.legs if leg.is_open and leg.lost_us]


def _seconds(began_us: int, ended_us: int) -> int:
    """Whole seconds that were begun."""
    return -((began_us - ended_us) // _US_PER_S)
