"""A menu as data: screens with choices, questions, lists and confirmations, and the commands at their ends.

Text ids are those of ``handlers/texts``; a slot is read by the slot types of ``handlers.base.grammar``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Final, TypeAlias

from handlers.base.command import Command, Origin
from handlers.base.outcome import Text
from ussd_menus.facts import Facts, Guard

#: One step back, and to the first screen: understood on every screen.
BACK: Final = "0"
START: Final = "00"
#: The next and the previous page of a long screen, for whoever pages it; no choice has these keys.
MORE: Final = "98"
PREVIOUS: Final = "99"
#: Choices and lines of lists are numbered up to here.
KEY_MAX: Final = 97
#: The answers to a Confirm.
YES: Final = "1"
NO: Final = "2"

_NO_VALUES: Mapping[str, object] = MappingProxyType({})


def choice_line(key: str, label: Text) -> Text:
    """The line of something that can be chosen."""
    return Text("menu.choice", {"key": key, "label": label})


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a screen. ``key`` ("1" to "97") stays its own whatever a guard hides beside it.

    ``word`` is another way to dial it (``*100*PREMIUM#``), in capitals; it is not shown. ``line`` is how the
    choice looks, made once: a screen is shown far more often than it is declared.
    """

    key: str
    label: str
    to: "Node"
    guard: Guard | None = None
    word: str = ""
    line: Text = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "line", choice_line(self.key, Text(self.label)))

    def is_shown(self, facts: Facts) -> bool:
        """Whether this subscriber has the choice."""
        return self.guard is None or self.guard.holds(facts)


@dataclass(frozen=True, slots=True)
class Options:
    """A screen with choices. ``lead`` makes a command whose answer stands above them, where there is one
    (``*100#``: the balance); then the title may be left out.
    """

    id: str
    title: str
    choices: tuple[Choice, ...]
    lead: Callable[[Origin], Command] | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A question. The answer fills ``slot`` as slot type ``kind`` reads it.

    A ``secret`` answer is kept nowhere, so only the end of a menu can stand behind it.
    """

    id: str
    prompt: str
    slot: str
    kind: str
    then: "Node"
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Pick:
    """A list of what this subscriber has. The value of the chosen item fills ``slot``, and its label the slot
    of that name and ``_label``; with nothing to choose from, the text ``empty`` is the last screen.

    With ``skips_one`` a list of one item is not shown: there is nothing to choose.
    """

    id: str
    title: str
    slot: str
    source: str
    then: "Node"
    empty: str
    skips_one: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """No screen: it leads on where this subscriber has something of ``source``, else the text ``empty`` is
    the last screen.
    """

    source: str
    empty: str
    then: "Node"


@dataclass(frozen=True, slots=True)
class Confirm:
    """Repeats what was chosen and asks for a yes (1); no (2) leads to the first screen.

    ``shows`` are the slots that the text has placeholders for: the amount and who is paid.
    """

    id: str
    text: str
    shows: tuple[str, ...]
    yes: "Node"


@dataclass(frozen=True, slots=True)
class Leaf:
    """Issues a command of a service; the service's answer is the last screen.

    The command's fields come from ``values`` and from the slots on the way.
    """

    command: type[Command]
    values: Mapping[str, object] = field(default_factory=lambda: _NO_VALUES)
    _names: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = frozenset(each.name for each in fields(self.command)) - {"origin"}
        object.__setattr__(self, "_names", names)

    def make(self, origin: Origin, slots: Mapping[str, object]) -> Command:
        """The command. Slots that it has no field for were for the screens alone."""
        taken = {name: value for name, value in slots.items() if name in self._names}
        return self.command(origin=origin, **{**taken, **self.values})


@dataclass(frozen=True, slots=True)
class Unconnected:
    """A service that is not there yet. ``service`` is the text id of its name."""

    service: str


Node: TypeAlias = Options | Ask | Pick | Confirm | Need | Leaf | Unconnected
#: What can be shown and answered.
Screen: TypeAlias = Options | Ask | Pick | Confirm


def label_slot(pick: Pick) -> str:
    """Where the label of the chosen item is, for a Confirm to show."""
    return f"{pick.slot}_label"


def children(node: Node) -> tuple[Node, ...]:
    """The nodes that come next."""
    match node:
        case Options():
            return tuple(choice.to for choice in node.choices)
        case Ask() | Pick() | Need():
            return (node.then,)
        case Confirm():
            return (node.yes,)
    return ()


def nodes(root: Node) -> Iterator[Node]:
    """All nodes of a tree, from the root down."""
    yield root
    for child in children(root):
        yield from nodes(child)
