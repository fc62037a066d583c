"""How a node of a menu looks: its lines, as texts of the catalog."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from handlers.base.outcome import Text
from ussd_menus.facts import Facts
from ussd_menus.model import BACK, KEY_MAX, NO, YES, Ask, Confirm, Options, Pick, Screen, choice_line

#: The last lines of a page, for whoever pages a long screen.
MORE_LINE: Final = Text("menu.more")
PREVIOUS_LINE: Final = Text("menu.previous")
#: The last screen of a command that has nothing to say by USSD.
DONE: Final = Text("menu.done")
_BACK_LINE: Final = choice_line(BACK, Text("menu.back"))
_YES_NO: Final = (
    choice_line(YES, Text("menu.yes")),
    choice_line(NO, Text("menu.no")),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A screen's lines, and the reason why it is shown again."""

    lines: tuple[Text, ...]
    reason: Text | None = None

    def text(self, head: Text | None = None) -> Text:
        """All of it as one text, with ``head`` below the reason."""
        above = (each for each in (self.reason, head) if each is not None)
        return Text("menu.screen", {"lines": (*above, *self.lines)})


def shown(
    node: Screen, facts: Facts, slots: Mapping[str, object], reason: Text | None, *, is_first: bool
) -> Shown:
    """The screen of a node. How to go back stands on all but the first."""
    tail = () if is_first else (_BACK_LINE,)
    return Shown((*_lines(node, facts, slots), *tail), reason)


def _lines(node: Screen, facts: Facts, slots: Mapping[str, object]) -> Iterator[Text]:
    match node:
        case Options():
            if node.title:
                yield Text(node.title)
            yield from [each.line for each in node.choices if each.is_shown(facts)]
        case Ask():
            yield Text(node.prompt)
        case Pick():
            yield Text(node.title)
            items = facts.items(node.source)[:KEY_MAX]
            yield from (choice_line(str(number), item.label) for number, item in enumerate(items, 1))
        case Confirm():
            yield Text(node.text, {name: slots[name] for name in node.shows})
            yield from _YES_NO
