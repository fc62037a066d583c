"""Steps through a menu: (tree, state, input) -> screen, command or end. No I/O, no clock, no memory.

A state is the answers that led to a screen. The screen is found by giving them again from the root, so a
state fits any version of a tree, and can be stored as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from handlers.base.command import Command, Origin
from handlers.base.grammar import DIAL_CHARS_MAX, clean
from handlers.base.outcome import Text
from ussd_menus.answers import Move, Reading, Taken, read, replay, unasked
from ussd_menus.facts import Facts
from ussd_menus.menu import Menu
from ussd_menus.model import BACK, START, Ask, Leaf, Need, Node, Options, Pick, Unconnected
from ussd_menus.screens import Shown, shown
from ussd_menus.state import State

#: So often a screen is shown again with a reason; the wrong answer after that ends the dialogue.
WRONG_MAX: Final = 3

_EMPTY: Final = Text("menu.empty")
_WRONG: Final = Text("menu.wrong_choice")
_CHANGED: Final = Text("menu.changed")
_CLOSED: Final = Text("menu.closed")
_MOVES: Final[Mapping[str, Move]] = {BACK: Move.BACK, START: Move.START}


@dataclass(frozen=True, slots=True)
class Show:
    """A screen that wants an answer. ``screen`` is its id in the tree.

    Where ``lead`` is a command, the caller runs it and shows ``under(its text)``; when it is refused, the
    refusal is the last screen. ``secret`` tells that the answer must be kept nowhere.
    """

    content: Shown
    state: State
    screen: str
    lead: Command | None = None
    secret: bool = False

    @property
    def text(self) -> Text:
        """The screen as it is without what ``lead`` answers."""
        return self.content.text()

    def under(self, head: Text) -> Text:
        """The screen with what ``lead`` answered on top, below the reason why it is shown again."""
        return self.content.text(head)


@dataclass(frozen=True, slots=True)
class Issue:
    """A command for the bus; what it answers is the last screen."""

    command: Command
    state: State


@dataclass(frozen=True, slots=True)
class Close:
    """The last screen."""

    text: Text


Turn: TypeAlias = Show | Issue | Close


@dataclass(frozen=True, slots=True)
class _Place:
    """Where somebody stands in the tree, and what the answers so far have filled in."""

    node: Node
    answers: tuple[str, ...] = ()
    slots: Mapping[str, object] = field(default_factory=dict)

    def after(self, taken: Taken, facts: Facts) -> "_Place":
        """Where an answer leads, past all that needs none."""
        kept = () if taken.kept is None else (taken.kept,)
        there = _Place(taken.to, (*self.answers, *kept), {**self.slots, **taken.slots})
        return there.settled(facts)

    def settled(self, facts: Facts) -> "_Place":
        """Past all that needs no answer: nothing of it is kept, so that a step back does not lead into it."""
        beyond = unasked(self.node, facts)
        return self if beyond is None else self.after(beyond, facts)


def begin(menu: Menu, words: tuple[str, ...], facts: Facts, origin: Origin) -> Turn | None:
    """The first turn of a dialogue; ``words`` are what was dialled after the service code.

    They lead where the same answers would have led. None where the menu does not know of them and its
    service has a grammar that may; a menu without one shows the last screen that they reached.
    """
    place = _Place(menu.root).settled(facts)
    for word in words:
        if _is_closed(place.node, facts):
            break
        reading = _read(menu, place, word, facts)
        if not isinstance(reading, Taken):
            return None if menu.has_grammar else _again(menu, place, State(), reading, facts, origin)
        place = place.after(reading, facts)
    return _arrive(place, facts, origin)


def step(menu: Menu, state: State, typed: str, facts: Facts, origin: Origin) -> Turn:
    """The turn that an answer leads to. Never raises for anything typed."""
    place, is_whole = _stand(menu, state.answers, facts)
    # Where the screen that was answered is gone, the answer was meant for something else.
    reading = _MOVES.get(clean(typed)) or (_read(menu, place, typed, facts) if is_whole else _CHANGED)
    if isinstance(reading, Taken):
        return _arrive(place.after(reading, facts), facts, origin)
    if isinstance(reading, Text):
        return _again(menu, place, state, reading, facts, origin)
    answers = place.answers[:-1] if reading is Move.BACK else ()
    return _arrive(_stand(menu, answers, facts)[0], facts, origin)


def _stand(menu: Menu, answers: tuple[str, ...], facts: Facts) -> tuple[_Place, bool]:
    """Where the answers lead, and whether all of them still do."""
    place = _Place(menu.root).settled(facts)
    for answer in answers:
        reading = replay(place.node, answer, facts, menu.slot_types)
        if not isinstance(reading, Taken):
            return place, False
        place = place.after(reading, facts)
    return place, True


def _read(menu: Menu, place: _Place, typed: str, facts: Facts) -> Reading:
    if len(typed) > DIAL_CHARS_MAX:
        return _WRONG
    cleaned = clean(typed)
    if not cleaned:
        return _EMPTY
    return read(place.node, cleaned, facts, menu.slot_types) or _WRONG


def _again(menu: Menu, place: _Place, state: State, reading: Reading, facts: Facts, origin: Origin) -> Turn:
    """The same screen with a reason in front, or the end after too many."""
    wrong = state.wrong + 1
    if wrong > WRONG_MAX:
        return Close(_CLOSED)
    if isinstance(place.node, Leaf):
        # Dialled on beyond the end of the menu: a command is only given to whoever asked for just that.
        return _arrive(_Place(menu.root).settled(facts), facts, origin, wrong, _WRONG)
    return _arrive(place, facts, origin, wrong, reading if isinstance(reading, Text) else _WRONG)


def _is_closed(node: Node, facts: Facts) -> bool:
    """Whether the node is a last screen, whatever is dialled after it."""
    is_empty = isinstance(node, Pick) and not facts.items(node.source)
    return is_empty or isinstance(node, Unconnected | Need)


def _arrive(place: _Place, facts: Facts, origin: Origin, wrong: int = 0, reason: Text | None = None) -> Turn:
    node, state = place.node, State(place.answers, wrong)
    if isinstance(node, Leaf):
        return Issue(node.make(origin, place.slots), state)
    if isinstance(node, Unconnected):
        return Close(Text("menu.unconnected", {"service": Text(node.service)}))
    if isinstance(node, Need) or (isinstance(node, Pick) and not facts.items(node.source)):
        return Close(Text(node.empty))
    content = shown(node, facts, place.slots, reason, is_first=not place.answers)
    lead = node.lead if isinstance(node, Options) else None
    secret = isinstance(node, Ask) and node.secret
    return Show(content, state, node.id, lead(origin) if lead else None, secret)
