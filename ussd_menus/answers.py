"""What an answer to a screen means: where it leads, and what of it is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, TypeAlias

from handlers.base.grammar import SlotType, Usage, fold
from handlers.base.outcome import Text
from ussd_menus.facts import Facts, Item
from ussd_menus.model import KEY_MAX, NO, YES, Ask, Confirm, Need, Node, Options, Pick, label_slot

SlotTypes: TypeAlias = Mapping[str, SlotType]


class Move(Enum):
    """Ways that lead up, not down."""

    BACK = auto()
    START = auto()


@dataclass(frozen=True, slots=True)
class Taken:
    """A good answer: the next node, what the state keeps of the answer (None: nothing), what it fills in."""

    to: Node
    kept: str | None
    slots: Mapping[str, object] = field(default_factory=dict, repr=False)


#: A Text is the reason why an answer was not good.
Reading: TypeAlias = Taken | Move | Text
_Read: TypeAlias = Callable[..., Reading | None]


def read(node: Node, typed: str, facts: Facts, slot_types: SlotTypes) -> Reading | None:
    """Read what a person typed, cleaned; None for what is no answer to this node."""
    reader = _TYPED.get(type(node))
    return reader(node, typed, facts, slot_types) if reader else None


def unasked(node: Node, facts: Facts) -> Taken | None:
    """What leads on from a node without an answer; None where one is wanted, or the end is reached."""
    match node:
        case Need() if facts.items(node.source):
            return Taken(node.then, None)
        case Pick(skips_one=True):
            items = facts.items(node.source)
            return Taken(node.then, None, _filled(node, items[0])) if len(items) == 1 else None
    return None


def replay(node: Node, kept: str, facts: Facts, slot_types: SlotTypes) -> Reading | None:
    """Read what a state kept of an answer; None where it leads nowhere any more."""
    reader = _KEPT.get(type(node))
    return reader(node, kept, facts, slot_types) if reader else None


def _choose(node: Options, typed: str, facts: Facts, _: SlotTypes) -> Taken | None:
    key = fold(typed)
    for choice in node.choices:
        if key in (choice.key, choice.word):
            return Taken(choice.to, choice.key) if choice.is_shown(facts) else None
    return None


def _answer(node: Ask, typed: str, _: Facts, slot_types: SlotTypes) -> Taken | Text:
    value = slot_types[node.kind].read(typed)
    if isinstance(value, Usage):
        return Text(value.text_id)
    return Taken(node.then, None if node.secret else typed, {node.slot: value})


def _pick(node: Pick, typed: str, facts: Facts, _: SlotTypes) -> Taken | None:
    """By the number that is shown. Kept is the item itself: numbers change when the list does."""
    items = facts.items(node.source)[:KEY_MAX]
    item = next((each for number, each in enumerate(items, 1) if typed == str(number)), None)
    return None if item is None else Taken(node.then, item.value, _filled(node, item))


def _picked(node: Pick, kept: str, facts: Facts, _: SlotTypes) -> Taken | None:
    items = facts.items(node.source)[:KEY_MAX]
    item = next((each for each in items if each.value == kept), None)
    return None if item is None else Taken(node.then, kept, _filled(node, item))


def _filled(node: Pick, item: Item) -> Mapping[str, object]:
    return {node.slot: item.value, label_slot(node): item.label}


def _confirm(node: Confirm, typed: str, _: Facts, __: SlotTypes) -> Taken | Move | None:
    if typed == NO:
        return Move.START
    return Taken(node.yes, YES) if typed == YES else None


_TYPED: Final[Mapping[type, _Read]] = {Options: _choose, Ask: _answer, Pick: _pick, Confirm: _confirm}
_KEPT: Final[Mapping[type, _Read]] = {**_TYPED, Pick: _picked}
