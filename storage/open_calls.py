"""Calls that are open, kept in the writer's memory: a step of a call asks the database for nothing."""

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import func, select, text

from rating.msisdn import Msisdn
from storage.call_model import Call, Leg, LegState
from storage.call_tables import call as call_table
from storage.call_tables import call_leg, call_turn
from storage.driver import Driver, Row
from storage.model import Direction

CALL_COLUMNS = tuple(call_table.columns)
LEG_COLUMNS = tuple(call_leg.columns)
#: Where ``legs`` stand among the fields of a Call; all others are its columns, in order.
LEGS_AT = Call._fields.index("legs")
_STATES = {each.value: each for each in LegState}
_DIRECTIONS = {each.value: each for each in Direction}
_OPEN = select(call_table.c.id).where(text("ended = ''"))


class OpenCalls:
    """The writer's: open calls by id, their handsets, and the number of each one's last turn.

    ``unsure`` are the calls, and ``unsure_turns`` the turns, of a commit of which nobody knows what became.
    """

    __slots__ = ("calls", "handsets", "turns", "unsure", "unsure_turns")

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.handsets: dict[Msisdn, str] = {}
        self.turns: dict[str, int] = {}
        self.unsure: Mapping[str, Call] = {}
        self.unsure_turns: Mapping[str, int] = {}

    def keep(self, call: Call, turns: int) -> None:
        """An open call as it is now, whatever was known of it."""
        self.forget(call.id)
        self.calls[call.id] = call
        self.turns[call.id] = turns
        for leg in call.legs:
            if leg.is_open:
                self.handsets[leg.msisdn] = call.id

    def forget(self, call_id: str) -> None:
        """It has ended."""
        known = self.calls.pop(call_id, None)
        self.turns.pop(call_id, None)
        for leg in known.legs if known is not None else ():
            if self.handsets.get(leg.msisdn) == call_id:
                del self.handsets[leg.msisdn]

    def versions(self, call_id: str) -> Iterator[tuple[Call, int]]:
        """As the call may stand in the database: after the commit of unknown fate, and before it."""
        turns = self.turns.get(call_id, 0)
        if call_id in self.unsure:
            yield self.unsure[call_id], self.unsure_turns.get(call_id, turns)
        if call_id in self.calls:
            yield self.calls[call_id], turns


def read_open_calls(driver: Driver, known: OpenCalls) -> OpenCalls:
    """The open calls of the database, inside a transaction of the writer.

    Where the legs of a call stand in their flows is in no database: those of a call that is as it was
    ``known`` come from there; no leg of another one has a ``script``.
    """
    found = OpenCalls()
    last = (
        select(call_turn.c.call_id, func.max(call_turn.c.number))
        .where(call_turn.c.call_id.in_(_OPEN))
        .group_by(call_turn.c.call_id)
    )
    turns: dict[str, int] = dict(driver.query(last))
    legs = driver.query(select(*LEG_COLUMNS).where(call_leg.c.call_id.in_(_OPEN)).order_by(call_leg.c.number))
    rows = driver.query(select(*CALL_COLUMNS).where(text("ended = ''")))
    for call in calls_of(rows, legs):
        number = turns.get(call.id, 0)
        found.keep(_resumed(call, number, known), number)
    return found


def calls_of(rows: Iterable[Row], legs: Iterable[Row]) -> list[Call]:
    """The values of rows whose columns are ``CALL_COLUMNS``, with their legs, which come by number."""
    by_call: dict[str, list[Leg]] = {}
    for row in legs:
        by_call.setdefault(row[0], []).append(_leg_of(row))
    return [
        Call._make((*row[:LEGS_AT], tuple(by_call.get(row[0], ())), *row[LEGS_AT:]))
        for row in map(tuple, rows)
    ]


def bare(call: Call) -> Call:
    """The call as a database knows it."""
    return call._replace(legs=tuple(leg._replace(script=None) for leg in call.legs))


def _resumed(call: Call, turns: int, known: OpenCalls) -> Call:
    for version, said in known.versions(call.id):
        if said == turns and bare(version) == call:
            return version
    return call


def _leg_of(row: Row) -> Leg:
    call_id, number, msisdn, direction, state, *rest = row
    return Leg(call_id, number, Msisdn(msisdn), _DIRECTIONS[direction], _STATES[state], *rest)
