"""What a flow must be like, checked when it is made: at start, not when somebody calls."""

from collections.abc import Iterator, Mapping
from typing import Final

from storage.call_model import Cause
from ussd_menus.prompts.model import (
    DIGITS_MAX,
    Choose,
    Collect,
    End,
    Flow,
    Fork,
    Join,
    Record,
    Ring,
    Run,
    Say,
    Step,
)

_KEYS: Final = frozenset("0123456789*#")
_ENDS: Final = frozenset("#*")
_OK: Final = "ok"


class FlowError(ValueError):
    """A flow is wrong; its text names everything that is."""


def check_flow(flow: Flow) -> None:
    """Raises FlowError with all problems of a flow, one line each."""
    problems = list(_unknown(flow)) or [
        *_unreached(flow),
        *_silent_rounds(flow),
        *_unfilled(flow),
        *_secrets(flow),
        *_ends(flow),
    ]
    problems += (problem for name, step in flow.steps.items() for problem in _own(name, step))
    if problems:
        raise FlowError("\n".join(f"{flow.service}: {problem}" for problem in problems))


def silent_ways(step: Step) -> tuple[str, ...]:
    """Where a step leads though no key is pressed and no word said: by itself, or once it gives up."""
    match step:
        case Say() | Record():
            return (step.then,)
        case Collect() | Choose():
            return (step.gives_up,)
        case Fork():
            return (step.filled, step.empty)
        case Run():
            return (*step.ways.values(), step.other)
        case Ring():
            return (*step.failed.values(), step.other)
    return ()


def ways(step: Step) -> tuple[str, ...]:
    """Where a step leads at all."""
    match step:
        case Collect():
            return (step.then, step.gives_up)
        case Choose():
            return (*step.keys.values(), step.gives_up)
    return silent_ways(step)


def _unknown(flow: Flow) -> Iterator[str]:
    if flow.first not in flow.steps:
        yield f"it begins with {flow.first!r}, which is no step"
    for name, step in flow.steps.items():
        for to in dict.fromkeys(ways(step)):
            if to not in flow.steps:
                yield f"{name} leads to {to!r}, which is no step"


def _unreached(flow: Flow) -> Iterator[str]:
    reached, waiting = {flow.first}, [flow.first]
    while waiting:
        following = set(ways(flow.steps[waiting.pop()])) - reached
        reached |= following
        waiting += following
    yield from (f"nothing leads to {name}" for name in flow.steps if name not in reached)


def _silent_rounds(flow: Flow) -> Iterator[str]:
    """Whoever says nothing must come to an end: else a call would go round for good."""
    left = {name: set(silent_ways(step)) for name, step in flow.steps.items()}
    while ended := {name for name, following in left.items() if not following & left.keys()}:
        left = {name: following for name, following in left.items() if name not in ended}
    if left:
        yield f"who says nothing never comes to an end from {', '.join(sorted(left))}"


def _unfilled(flow: Flow) -> Iterator[str]:
    """A slot that some step here asks for must be filled on every way to where it is used; all others are
    learned from a service or come with the call.
    """
    asked = {slot for step in flow.steps.values() for slot in _asks_for(step)}
    filled = _filled(flow, asked)
    for name, step in flow.steps.items():
        missing = sorted((_uses(step) & asked) - filled[name])
        yield from (f"{name} uses {slot}, which is not filled on every way to it" for slot in missing)


def _filled(flow: Flow, asked: set[str]) -> Mapping[str, set[str]]:
    """What is filled at each step whatever led there: less and less of all, until it stays so."""
    filled = {name: set(asked) for name in flow.steps}
    filled[flow.first] = set()
    waiting = list(flow.steps)
    while waiting:
        name = waiting.pop()
        for to, slots in _after(flow.steps[name], filled[name]):
            if filled[to] - slots:
                filled[to] &= slots
                waiting.append(to)
    return filled


def _after(step: Step, filled: set[str]) -> Iterator[tuple[str, set[str]]]:
    """Each way on, and what is filled on it."""
    for to in ways(step):
        is_answered = isinstance(step, Collect | Record) and to == step.then
        forgotten = set(step.forgets) if isinstance(step, Run) else set()
        yield to, (filled | _asks_for(step) if is_answered else filled - forgotten)


def _asks_for(step: Step) -> set[str]:
    return {step.slot} if isinstance(step, Collect | Record) else set()


def _uses(step: Step) -> set[str]:
    match step:
        case Say() | Collect() | Choose() | Record():
            return set(step.shows)
        case Ring():
            return {step.slot, step.payer}
    return set()


def _secrets(flow: Flow) -> Iterator[str]:
    """A secret is neither said nor left behind."""
    steps = flow.steps.values()
    secret = {step.slot for step in steps if isinstance(step, Collect) and step.secret}
    forgotten = {slot for step in steps if isinstance(step, Run) for slot in step.forgets}
    yield from (f"no command forgets the secret {slot}" for slot in sorted(secret - forgotten))
    for name, step in flow.steps.items():
        yield from (f"{name} would tell the secret {slot}" for slot in sorted(_uses(step) & secret))


def _ends(flow: Flow) -> Iterator[str]:
    """Who was rung takes the call or not: they ring nobody, and no service has answered them."""
    steps = flow.steps.items()
    joins = [name for name, step in steps if isinstance(step, Join)]
    rings = [name for name, step in steps if isinstance(step, Ring)]
    if joins and rings:
        yield f"{', '.join(joins)} takes a call, so {', '.join(rings)} cannot ring anybody"
    if not any(isinstance(step, End) for _, step in steps):
        yield "it has no end"


def _own(name: str, step: Step) -> Iterator[str]:
    """What is wrong with a step by itself."""
    match step:
        case Collect():
            yield from _digits(name, step)
        case Choose():
            wrong = [key for key in step.keys if key not in _KEYS]
            yield from (f"{name}: {key!r} is no key" for key in wrong)
            if not step.keys:
                yield f"{name} has no keys"
        case Run() if _OK not in step.ways:
            yield f"{name} does not say where it leads when all is well"
        case Ring():
            causes = [str(cause) for cause in step.failed if cause not in set(Cause)]
            yield from (f"{name}: {cause!r} is no cause" for cause in causes)


def _digits(name: str, step: Collect) -> Iterator[str]:
    if step.end not in _ENDS:
        yield f"{name} ends with {step.end!r}, not with # or *"
    if not 1 <= step.digits_max <= DIGITS_MAX:
        yield f"{name} takes {step.digits_max} digits, not 1 to {DIGITS_MAX}"
    if step.then == step.gives_up:
        yield f"{name} leads to {step.then} with an answer and without"
