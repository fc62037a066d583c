"""Calls inside a unit of work: open ones come from the writer's memory, and only what changed is written."""

from rating.msisdn import Msisdn
from storage.call_model import Call, CallTurn, Leg
from storage.call_tables import call as call_table
from storage.call_tables import call_leg, call_turn
from storage.driver import Driver, Row, Verb, Write
from storage.errors import Broken
from storage.open_calls import CALL_COLUMNS, LEG_COLUMNS, LEGS_AT, OpenCalls
from storage.visible_text import visible

_NAME_AT = Call._fields.index("name")
_SCRIPT_AT = Leg._fields.index("script")
#: What a leg keeps: its call, number, handset, direction and beginning.
_LEG_STATE_AT = Leg._fields.index("state")
_LEG_KEPT = ("state", "alerting_us", "answered_us", "bridged_us", "ended_us", "cause", "lost_us")
_LEG_KEY = (call_leg.c.call_id, call_leg.c.number)
_INSERT = Write(Verb.INSERT, call_table, CALL_COLUMNS)
_UPDATE = Write(Verb.UPDATE, call_table, CALL_COLUMNS[LEGS_AT:], (call_table.c.id,))
#: Apart, since an index hangs on it.
_READDRESS = Write(Verb.UPDATE, call_table, (call_table.c.called,), (call_table.c.id,))
_INSERT_LEG = Write(Verb.INSERT, call_leg, LEG_COLUMNS)
_UPDATE_LEG = Write(Verb.UPDATE, call_leg, tuple(call_leg.c[name] for name in _LEG_KEPT), _LEG_KEY)
_TURNS = Write(Verb.INSERT, call_turn, tuple(call_turn.columns))


class Calls:
    """Open calls by id and handset. What ends here is written, and open no more."""

    def __init__(self, driver: Driver, memory: OpenCalls) -> None:
        self._driver = driver
        self._memory = memory
        self._changed: dict[str, Call] = {}
        self._handsets: dict[Msisdn, str] = {}
        self._turns: dict[str, int] = {}
        self._said: list[Row] = []

    def get(self, call_id: str) -> Call | None:
        """The open call as this unit of work sees it, or None."""
        found = self._last(call_id)
        return None if found is None or found.ended else found

    def of(self, msisdn: Msisdn) -> Call | None:
        """The open call that this handset is in, or None."""
        call_id = self._holder(msisdn)
        return self._last(call_id) if call_id else None

    def open(self) -> tuple[Call, ...]:
        """All open calls, by their beginnings."""
        found = {**self._memory.calls, **self._changed}.values()
        return tuple(
            sorted((call for call in found if not call.ended), key=lambda call: (call.began_us, call.id))
        )

    def add(self, call: Call) -> None:
        """A new call. Raises Broken when its id is taken, or one of its handsets is in another call."""
        if self._last(call.id) is not None:
            raise Broken(f"there is a call {call.id} already")
        self._seat(call, ())
        self._changed[call.id] = call

    def put(self, call: Call) -> None:
        """It went on, or ended.

        Raises Broken for one that is not open, for another service, caller, way or beginning, for a leg
        less, for a handset that is in another call, and for an end that leaves a leg open.
        """
        known = self.get(call.id)
        if known is None or _fixed(known) != _fixed(call):
            raise Broken(f"call {call.id} is not open")
        if call.legs is not known.legs or call.ended:
            self._seat(call, known.legs)
        self._changed[call.id] = call

    def said(self, turn: CallTurn) -> None:
        """Keep what happened on a leg; number 0 is for the next. Raises Broken for an unknown call."""
        call_id, number, leg, at_us, kind, text, text_id = turn
        last = self._turns.get(call_id)
        if last is None:
            last = self._memory.turns.get(call_id, 0)
            if self._last(call_id) is None:
                raise Broken(f"call {call_id} is not open")
        number = number or last + 1
        self._turns[call_id] = max(last, number)
        self._said.append((call_id, number, leg, at_us, kind._value_, visible(text), text_id))

    def turns(self, call_id: str) -> int:
        """The number of its last turn; 0 before the first, and for a call that is not known."""
        return self._turns.get(call_id) or self._memory.turns.get(call_id, 0)

    def flush(self) -> None:
        """Calls before what refers to them, legs that are released before new ones of the same handsets."""
        write = self._driver.write
        before = self._memory.calls
        if new := [_row(call) for call in self._changed.values() if call.id not in before]:
            write(_INSERT, new)
        pairs = [(before[call.id], call) for call in self._changed.values() if call.id in before]
        if readdressed := [(now.called, now.id) for then, now in pairs if then.called != now.called]:
            write(_READDRESS, readdressed)
        if changed := [(*_row(now)[LEGS_AT:], now.id) for then, now in pairs if _differ(then, now)]:
            write(_UPDATE, changed)
        self._flush_legs(pairs)
        if self._said:
            write(_TURNS, self._said)

    def _flush_legs(self, pairs: list[tuple[Call, Call]]) -> None:
        new = [
            leg for call in self._changed.values() if call.id not in self._memory.calls for leg in call.legs
        ]
        changed: list[Row] = []
        for then, now in pairs:
            if then.legs is not now.legs:
                _compare(then.legs, now.legs, new, changed)
        if changed:
            self._driver.write(_UPDATE_LEG, changed)
        if new:
            self._driver.write(_INSERT_LEG, [_leg_row(leg) for leg in new])

    def unsure(self) -> None:
        """The commit is on its way; should nobody learn what became of it, both ends are possible."""
        self._memory.unsure, self._memory.unsure_turns = self._changed, self._turns

    def remember(self) -> None:
        """It is committed: what is open from now on."""
        memory = self._memory
        for call in self._changed.values():
            if call.ended:
                memory.forget(call.id)
        for call in self._changed.values():
            if not call.ended:
                memory.keep(call, memory.turns.get(call.id, 0))
        for call_id, number in self._turns.items():
            if call_id in memory.turns:
                memory.turns[call_id] = number
        memory.unsure, memory.unsure_turns = {}, {}

    def _last(self, call_id: str) -> Call | None:
        """The call, also where it has ended in this unit of work."""
        return self._changed.get(call_id) or self._memory.calls.get(call_id)

    def _holder(self, msisdn: Msisdn) -> str:
        """The id of the call that the handset is in; empty for none."""
        here = self._handsets.get(msisdn)
        return self._memory.handsets.get(msisdn, "") if here is None else here

    def _seat(self, call: Call, before: tuple[Leg, ...]) -> None:
        """Handsets leave the call and join it. Nothing has changed when it raises Broken."""
        joined = [leg.msisdn for leg in call.legs if leg.is_open]
        if len(call.legs) < len(before):
            raise Broken(f"call {call.id} has lost a leg")
        if joined and call.ended:
            raise Broken(f"call {call.id} cannot end while handset {joined[0]} is in it")
        if len(set(joined)) != len(joined):
            raise Broken(f"a handset is in call {call.id} once")
        for msisdn in joined:
            if self._holder(msisdn) not in ("", call.id):
                raise Broken(f"handset {msisdn} is in another call")
        for leg in before:
            if leg.is_open:
                self._handsets[leg.msisdn] = ""
        self._handsets.update(dict.fromkeys(joined, call.id))


def _fixed(call: Call) -> tuple[str, Msisdn, str, int]:
    return call.service, call.caller, call.way, call.began_us


def _differ(then: Call, now: Call) -> bool:
    """Whether anything of the row but ``called`` is another."""
    return then[LEGS_AT + 1 :] != now[LEGS_AT + 1 :]


def _compare(then: tuple[Leg, ...], now: tuple[Leg, ...], new: list[Leg], changed: list[Row]) -> None:
    """Sort legs into those that are new and rows of those that changed; scripts do not count."""
    known = {leg.number: leg for leg in then}
    for leg in now:
        old = known.get(leg.number)
        if old is None:
            new.append(leg)
        elif old.msisdn != leg.msisdn:
            raise Broken(f"leg {leg.number} of call {leg.call_id} is of another handset")
        elif old is not leg and old[:_SCRIPT_AT] != leg[:_SCRIPT_AT]:
            changed.append(_leg_changes(leg))


def _row(call: Call) -> Row:
    row = (*call[:LEGS_AT], *call[LEGS_AT + 1 :])
    if call.name.isprintable():
        return row
    return (*row[: _NAME_AT - 1], visible(call.name), *row[_NAME_AT:])


def _leg_row(leg: Leg) -> Row:
    return (
        *leg[: _LEG_STATE_AT - 1],
        leg.direction._value_,
        leg.state._value_,
        *leg[_LEG_STATE_AT + 1 : _SCRIPT_AT],
    )


def _leg_changes(leg: Leg) -> Row:
    ways = (leg.alerting_us, leg.answered_us, leg.bridged_us, leg.ended_us)
    return (leg.state._value_, *ways, leg.cause, leg.lost_us, leg.call_id, leg.number)
