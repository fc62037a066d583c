"""What a call costs its payer: the money is held while the parties talk, and settled when they stop.

Services.md section 7 (hold first, settle at the end) and decision 0032. Only the payer's main account pays.
Times are operator time in microseconds, amounts tiyn. Called in the writer, inside a unit of work.
"""

import json
from collections.abc import Iterable
from typing import Final, NamedTuple

from handlers.base.context import Context
from rating.msisdn import Msisdn
from rating.tariff import Segment, Tariff, affordable_us, cost_tiyn, rated
from rating.vat import percent_at, split_vat
from storage.call_model import Call
from storage.model import AccountKind, AccountRef, Entry, Hold, Line, main_account
from storage.unit_of_work import UnitOfWork

REASON_HOLD: Final = "call"
REASON_CHARGE: Final = "call.charge"
_US_PER_S: Final = 1_000_000
#: The date on a hold. Nothing frees the money then: only the end of the call does.
_HOLD_US: Final = 365 * 86_400 * _US_PER_S


class Cover(NamedTuple):
    """A talk that is paid for until ``until_us`` by ``hold_id`` ("" where it costs nothing until then).

    ``is_last``: the money ends there, before the time that was asked for.
    """

    hold_id: str
    amount_tiyn: int
    until_us: int
    is_last: bool


class Settled(NamedTuple):
    """What a call cost. ``journal_seq`` is its entry, None where nothing was charged."""

    segments: tuple[Segment, ...]
    seconds: int
    charge_tiyn: int
    journal_seq: int | None


def cover(call: Call, tariff: Tariff, until_us: int, uow: UnitOfWork, context: Context) -> Cover | None:
    """Hold the payer's money for the talk from ``call.bridged_us`` to ``until_us``, or as far as it goes.

    The new hold takes the place of ``call.hold_id``, if there is one; the caller puts it into the call, with
    ``covered_us``. None, and nothing has changed, where the money does not pay for one increment, or for no
    more than is covered already.
    """
    began_us, held = call.bridged_us, _held(call, uow)
    balance = uow.ledger.balance(_payer(call))
    if balance is None:
        return None
    money_tiyn = balance.available_tiyn + (held.amount_tiyn if held else 0)
    paid_us = affordable_us(tariff, began_us, until_us, money_tiyn)
    if paid_us <= max(began_us, call.covered_us):
        return None
    amount_tiyn = cost_tiyn(rated(tariff, began_us, paid_us))
    if held:
        uow.ledger.void(held.id)
    hold_id = _hold(call, amount_tiyn, uow, context) if amount_tiyn else ""
    return Cover(hold_id, amount_tiyn, paid_us, is_last=paid_us < until_us)


def settle(call: Call, tariff: Tariff, ended_us: int, uow: UnitOfWork, context: Context) -> Settled:
    """Charge the talk from ``call.bridged_us`` to ``ended_us``; what was held beyond its cost is free again.

    It never costs more than what is held, so a talk that ended later than it was paid for is charged until
    then. A cost of nothing voids the hold; without a hold nothing is charged.
    """
    held = _held(call, uow)
    money_tiyn = held.amount_tiyn if held else 0
    paid_us = affordable_us(tariff, call.bridged_us, ended_us, money_tiyn) if call.bridged_us else 0
    segments = rated(tariff, call.bridged_us, paid_us)
    seconds, charge_tiyn = sum(each.seconds for each in segments), cost_tiyn(segments)
    seq = None
    if held and charge_tiyn:
        last_us = call.bridged_us + max(0, seconds - 1) * _US_PER_S
        percent = percent_at(context.profile.vat, last_us)
        seq = uow.ledger.settle(held.id, _entry(call, charge_tiyn, percent))
    elif held:
        uow.ledger.void(held.id)
    return Settled(segments, seconds, charge_tiyn, seq)


def first_second_tiyn(tariff: Tariff, at_us: int) -> int:
    """What the payer must have for a call at this moment: the cost of the first increment."""
    return cost_tiyn(rated(tariff, at_us, at_us + 1))


def segments_json(segments: Iterable[Segment]) -> str:
    """The segments as ``Call.rating`` keeps them: a JSON list of objects with Segment's fields."""
    return json.dumps([each._asdict() for each in segments], separators=(",", ":"))


def segments_of(rating: str) -> tuple[Segment, ...]:
    """The segments of a ``Call.rating``; none for an empty text."""
    return tuple(Segment(**each) for each in json.loads(rating)) if rating else ()


def _payer(call: Call) -> AccountRef:
    return main_account(Msisdn(call.payer))


def _held(call: Call, uow: UnitOfWork) -> Hold | None:
    return uow.ledger.hold_of(call.hold_id) if call.hold_id else None


def _hold(call: Call, amount_tiyn: int, uow: UnitOfWork, context: Context) -> str:
    """The id of a new hold."""
    hold = Hold(
        id=context.new_id(),
        account=_payer(call),
        amount_tiyn=amount_tiyn,
        reason=REASON_HOLD,
        source=call.id,
        expires_us=context.now_us + _HOLD_US,
    )
    uow.ledger.hold(hold)
    return hold.id


def _entry(call: Call, gross_tiyn: int, percent: int) -> Entry:
    """The price leaves the payer; the net is the service's revenue, and the VAT inside is the state's."""
    net_tiyn, vat_tiyn = split_vat(gross_tiyn, percent)
    lines = [Line(_payer(call), -gross_tiyn), Line(AccountRef(AccountKind.REVENUE, call.service), net_tiyn)]
    if vat_tiyn:
        lines.append(Line(AccountRef(AccountKind.VAT_PAYABLE), vat_tiyn))
    return Entry(reason=REASON_CHARGE, lines=tuple(lines), source=call.id, actor=call.payer)
