"""A flow of prompts as a Mermaid flowchart: for the documentation."""

from collections.abc import Iterator
from typing import Final

from handlers.base.outcome import Text
from ussd_menus.diagram import Words
from ussd_menus.prompts.model import Choose, Collect, End, Flow, Fork, Join, Record, Ring, Run, Say, Step

_INDENT: Final = "    "


def mermaid(flow: Flow, words: Words) -> str:
    """The flowchart: questions leaning, commands round, rings double, forks as rhombs, ends as circles."""
    names = {step: f"s{number}" for number, step in enumerate(flow.steps, 1)}
    lines = [f"begin(( )) --> {names[flow.first]}"]
    for name, step in flow.steps.items():
        lines.append(f"{names[name]}{_box(name, step, words)}")
        lines += (f'{names[name]} -->|"{label}"| {names[to]}' for to, label in _edges(step))
    return "\n".join(("flowchart TD", *(_INDENT + line for line in lines)))


def _box(name: str, step: Step, words: Words) -> str:
    match step:
        case Say():
            return f'["{_said(step, words)}"]'
        case Collect() | Choose() | Record():
            return f'[/"{_said(step, words)}"/]'
        case Fork():
            return f'{{"{step.slot}?"}}'
        case Run():
            return f'(["command: {name}"])'
        case Ring():
            plays = f", plays {step.plays}" if step.plays else ""
            return f'[["rings ({step.slot}), tariff {step.tariff}{plays}"]]'
        case Join() | End():
            return f'(("{step.cause if isinstance(step, End) else "taken"}"))'


def _said(step: Say | Collect | Choose | Record, words: Words) -> str:
    text = words(Text(step.text, {name: f"({name})" for name in step.shows}))
    return text.replace('"', "#quot;").replace("\n", "<br>")


def _edges(step: Step) -> Iterator[tuple[str, str]]:
    """Where a step leads, and what on; what leads to the same place is one arrow."""
    labels: dict[str, list[str]] = {}
    for label, to in _ways(step):
        labels.setdefault(to, []).append(label)
    for to, each in labels.items():
        yield to, ", ".join(each)


def _ways(step: Step) -> Iterator[tuple[str, str]]:
    match step:
        case Say():
            yield "then", step.then
        case Collect():
            secret = ", secret" if step.secret else ""
            # Mermaid reads a bare hash as the beginning of an entity.
            yield f"({step.slot}{secret}) {step.end.replace('#', '#35;')}", step.then
            yield "no answer", step.gives_up
        case Choose():
            yield from ((key.replace("#", "#35;"), to) for key, to in step.keys.items())
            yield "no answer", step.gives_up
        case Record():
            yield f"({step.slot}) or silence", step.then
        case Fork():
            yield from (("yes", step.filled), ("no", step.empty))
        case Run():
            yield from step.ways.items()
            yield "any other refusal", step.other
        case Ring():
            yield from step.failed.items()
            yield "any other cause", step.other
