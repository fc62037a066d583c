"""USSD dialogues inside a unit of work: at most one is open for each handset."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from operator import attrgetter

from sqlalchemy import select, text

from storage.driver import Driver, Lookup, Verb, Write
from storage.errors import Broken
from storage.model import Dialogue, DialogueTurn
from storage.row_map import RowMap
from storage.tables import dialogue as table
from storage.tables import dialogue_turn

DIALOGUE_COLUMNS = tuple(table.columns)
TURN_COLUMNS = tuple(dialogue_turn.columns)
_KEPT = ("account", "session_id", "sequence", "state", "updated_us", "ended")
_kept = attrgetter(*_KEPT, "id")
_INSERT = Write(Verb.INSERT, table, DIALOGUE_COLUMNS)
_UPDATE = Write(Verb.UPDATE, table, tuple(table.c[name] for name in _KEPT), (table.c.id,))
_TURNS = Write(Verb.INSERT, dialogue_turn, TURN_COLUMNS)
#: A handset has one dialogue at a time, so that those of a minute are few.
_LAST = 16
_LOOKUP = Lookup(select(*DIALOGUE_COLUMNS).where(text("ended = ''")), (table.c.msisdn,))


class Dialogues:
    """Keyed by the handset's MSISDN."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._open = RowMap[str, Dialogue](partial(_load, driver))
        self._new: dict[str, Dialogue] = {}
        self._changed: dict[str, Dialogue] = {}
        self._turns: list[DialogueTurn] = []

    def of(self, msisdn: str) -> Dialogue | None:
        """The open dialogue of a handset as this unit of work sees it, or None."""
        found = self._open.get(msisdn)
        return None if found is None or found.ended else found

    def ended_since(self, msisdn: str, owner: str, since_us: int) -> list[Dialogue]:
        """The last dialogues of a handset with this owner that ended since then, newest first, as this unit
        of work sees them; not for hot paths.
        """
        stored = (
            select(*DIALOGUE_COLUMNS)
            .where(table.c.msisdn == msisdn, table.c.owner == owner)
            .order_by(table.c.opened_us.desc())
            .limit(_LAST)
        )
        found = {row[0]: Dialogue._make(row) for row in self._driver.query(stored)}
        seen = {**found, **self._changed, **self._new}.values()
        mine = (each for each in seen if each.msisdn == msisdn and each.owner == owner and each.ended)
        late = [each for each in mine if each.updated_us >= since_us]
        return sorted(late, key=lambda each: (each.opened_us, each.id), reverse=True)

    def begin(self, dialogue: Dialogue) -> None:
        """A new dialogue. Raises Broken while the handset has another one open."""
        if self.of(dialogue.msisdn) is not None:
            raise Broken(f"handset {dialogue.msisdn} has a dialogue open already")
        self._new[dialogue.id] = dialogue
        self._open.put(dialogue.msisdn, dialogue)

    def put(self, dialogue: Dialogue) -> None:
        """It went on, or ended. Raises Broken for one that is not the handset's open one."""
        known = self.of(dialogue.msisdn)
        if known is None or known.id != dialogue.id:
            raise Broken(f"dialogue {dialogue.id} is not open")
        kept = self._new if dialogue.id in self._new else self._changed
        kept[dialogue.id] = dialogue
        self._open.put(dialogue.msisdn, dialogue)

    def said(self, turn: DialogueTurn) -> None:
        """Keep what was typed or shown."""
        self._turns.append(turn)

    def prefetch(self, msisdns: Iterable[str]) -> None:
        """Read many at once."""
        self._open.prefetch(msisdns)

    def flush(self) -> None:
        """Ends before beginnings: of one handset the old one ends first."""
        if self._changed:
            self._driver.write(_UPDATE, list(map(_kept, self._changed.values())))
        if self._new:
            self._driver.write(_INSERT, list(self._new.values()))
        if self._turns:
            self._driver.write(_TURNS, self._turns)


def _load(driver: Driver, msisdns: Collection[str]) -> Iterator[tuple[str, Dialogue]]:
    for row in driver.lookup(_LOOKUP, [(msisdn,) for msisdn in msisdns]):
        found = Dialogue._make(row)
        yield found.msisdn, found
