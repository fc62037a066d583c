"""A menu as a Mermaid flowchart, from its tree: for the documentation."""

from collections.abc import Callable, Iterator
from typing import Final

from handlers.base.outcome import Text
from ussd_menus.menu import Menu
from ussd_menus.model import NO, YES, Ask, Choice, Confirm, Leaf, Need, Node, Options, Pick, Unconnected

#: How a text is written in the diagram.
Words = Callable[[Text], str]

_INDENT: Final = "    "


def mermaid(menu: Menu, words: Words) -> str:
    """The flowchart: screens as boxes, questions leaning, commands round, the unconnected dashed."""
    name = "n"
    lines = [
        f'dial(["{menu.service_code}#"]) --> {name}',
        *_below(menu.root, name, words),
        "classDef unconnected stroke-dasharray: 4",
    ]
    return "\n".join(("flowchart LR", *(_INDENT + line for line in lines)))


def _below(node: Node, name: str, words: Words) -> Iterator[str]:
    """A node and all behind it. A name is the path: the tree has no other that is unique."""
    yield f"{name}{_box(node, words)}"
    for number, (label, child) in enumerate(_edges(node, words), 1):
        below = f"{name}_{number}"
        yield f'{name} -->|"{_quoted(label)}"| {below}' if label else f"{name} --> {below}"
        yield from _below(child, below, words)
    if isinstance(node, Confirm):
        yield f'{name} -->|"{NO} {_quoted(words(Text("menu.no")))}"| n'


def _box(node: Node, words: Words) -> str:
    match node:
        case Options():
            return f'["{_quoted(_title(node, words))}"]'
        case Ask():
            return f'[/"{_quoted(words(Text(node.prompt)))}"/]'
        case Pick():
            skipped = ", skipped when there is one" if node.skips_one else ""
            return f'["{_quoted(words(Text(node.title)))} (list: {node.source}{skipped})"]'
        case Need():
            return f'{{"any {node.source}?"}}'
        case Confirm():
            return f'{{{{"{_quoted(words(Text(node.text, {each: f"({each})" for each in node.shows})))}"}}}}'
        case Leaf() | Unconnected():
            return _end(node, words)


def _end(node: Leaf | Unconnected, words: Words) -> str:
    if isinstance(node, Unconnected):
        return f'(["{_quoted(words(Text(node.service)))}: not connected yet"]):::unconnected'
    values = ", ".join(str(value) for value in node.values.values())
    return f'(["{node.command.__name__}{f": {values}" if values else ""}"])'


def _title(node: Options, words: Words) -> str:
    return words(Text(node.title)) if node.title else "(the answer of a command)"


def _edges(node: Node, words: Words) -> Iterator[tuple[str, Node]]:
    match node:
        case Options():
            yield from ((_label(choice, words), choice.to) for choice in node.choices)
        case Ask():
            yield f"({node.slot}{', secret' if node.secret else ''})", node.then
        case Pick():
            yield f"({node.slot})", node.then
        case Need():
            yield "yes", node.then
        case Confirm():
            yield f"{YES} {words(Text('menu.yes'))}", node.yes


def _label(choice: Choice, words: Words) -> str:
    notes = (choice.word and f"or {choice.word}", choice.guard and choice.guard.name)
    shown = ", ".join(note for note in notes if note)
    return f"{choice.key} {words(Text(choice.label))}{f' ({shown})' if shown else ''}"


def _quoted(text: str) -> str:
    return text.replace('"', "#quot;").replace("\n", "<br>")
