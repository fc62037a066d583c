"""What a tree must be like, checked when a menu is made: at start, not when somebody dials."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields

from handlers.base.command import Secret
from handlers.base.grammar import SlotType, fold
from ussd_menus.model import (
    KEY_MAX,
    Ask,
    Confirm,
    Leaf,
    Node,
    Options,
    Pick,
    Unconnected,
    children,
    label_slot,
    nodes,
)


def check(root: Node, slot_types: Mapping[str, SlotType]) -> Iterator[str]:
    """All problems of a tree, one line each."""
    yield from _ids(root)
    yield from _along(root, frozenset(), slot_types)


def _ids(root: Node) -> Iterator[str]:
    screens = [node for node in nodes(root) if isinstance(node, (Options, Ask, Pick, Confirm))]
    for name, count in Counter(screen.id for screen in screens).items():
        if count > 1:
            yield f"{count} screens are named {name}"


def _along(node: Node, slots: frozenset[str], slot_types: Mapping[str, SlotType]) -> Iterator[str]:
    """What is wrong from this node down; ``slots`` are filled by then."""
    match node:
        case Options():
            yield from _choices(node)
        case Ask():
            yield from _question(node, slot_types)
        case Confirm():
            missing = sorted(set(node.shows) - slots)
            yield from (f"{node.id} shows {name}, which nothing has asked for" for name in missing)
        case Leaf():
            yield from _fields(node, slots)
    if isinstance(node, (Ask, Pick)):
        if node.slot in slots:
            yield f"{node.id} asks for {node.slot} again"
        slots |= {node.slot, label_slot(node)} if isinstance(node, Pick) else {node.slot}
    for child in children(node):
        yield from _along(child, slots, slot_types)


def _choices(screen: Options) -> Iterator[str]:
    if not screen.title and screen.lead is None:
        yield f"{screen.id} has neither a title nor a command in front"
    for choice in screen.choices:
        if not _is_key(choice.key):
            yield f"{screen.id}: {choice.key!r} is no key from 1 to {KEY_MAX}"
        if choice.word and (choice.word.isdigit() or choice.word != fold(choice.word)):
            yield f"{screen.id}: {choice.word!r} is no word in capitals"
    keys = Counter(key for choice in screen.choices for key in (choice.key, choice.word) if key)
    yield from (f"{screen.id} has {key} twice" for key, count in keys.items() if count > 1)


def _is_key(key: str) -> bool:
    return key.isascii() and key.isdigit() and key[0] != "0" and int(key) <= KEY_MAX


def _question(ask: Ask, slot_types: Mapping[str, SlotType]) -> Iterator[str]:
    slot_type = slot_types.get(ask.kind)
    if slot_type is None:
        yield f"{ask.id}: there is no slot type {ask.kind}"
    elif not ask.secret and isinstance(slot_type.read("1"), Secret):
        yield f"{ask.id} would keep a secret: a {ask.kind} is one"
    if ask.secret and not isinstance(ask.then, (Leaf, Unconnected)):
        yield f"{ask.id}: behind a secret answer only a command can stand, for the answer is not kept"


def _fields(leaf: Leaf, slots: frozenset[str]) -> Iterator[str]:
    known = {each.name: each for each in fields(leaf.command) if each.name != "origin"}
    needed = {
        name for name, each in known.items() if each.default is MISSING and each.default_factory is MISSING
    }
    for name in sorted((needed - slots - set(leaf.values)) | (set(leaf.values) - set(known))):
        yield f"{leaf.command.__name__} and the way to it disagree about {name}"
