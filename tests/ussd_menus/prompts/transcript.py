"""One leg's way through a flow of the registry, written down line by line.

``>>`` is what may be kept of the keys, ``<<`` what is heard, in brackets what is done.
"""

from collections.abc import Iterator
from dataclasses import fields
from typing import Final, TypeAlias

from handlers.base.command import Command
from handlers.base.outcome import Outcome
from storage.call_model import Cause
from tests.ussd_menus.prompts.toy_flow import ORIGIN, Caller
from ussd_menus.prompts.model import Slots
from ussd_menus.prompts.registry import FLOWS
from ussd_menus.prompts.turn import Issue, Over, Ringing, Stay, Taken, Turn, Wait


class Words(str):
    """What is said after a tone."""

    __slots__ = ()


class Silence:
    """The time runs out."""


SILENCE: Final = Silence()
#: Keys, words, silence, what a service answers, or why nobody took the call.
Event: TypeAlias = str | Words | Silence | Outcome | Cause


def transcript(key: str, *events: Event, slots: Slots | None = None) -> list[str]:
    """The lines of one leg. An Outcome answers the command before it, a Cause the ringing."""
    caller = Caller(FLOWS[key], slots or {}, ORIGIN)
    lines = list(_lines(caller.turn))
    for event in events:
        lines += _lines(_happens(caller, event))
    return lines


def _happens(caller: Caller, event: Event) -> Turn:
    match event:
        case Outcome():
            return caller.gets(event)
        case Cause():
            return caller.fails(event)
        case Silence():
            return caller.is_silent()
        case Words():
            return caller.says(event)
    return caller.keys(event)


def _lines(turn: Turn) -> Iterator[str]:
    if turn.heard.keys:
        yield f">> {turn.heard.keys}"
    for said in turn.says:
        params = " ".join(f"{name}={value}" for name, value in said.text.params.items())
        yield f"<< {said.text.id}{f' {params}' if params else ''}"
    match turn.then:
        case Issue(command):
            yield f"({_command(command)})"
        case Ringing(ring, msisdn):
            yield f"(rings {msisdn}: {ring.tariff}{f', plays {ring.plays}' if ring.plays else ''})"
        case Over(cause):
            yield f"(over: {cause})"
        case Taken():
            yield "(taken)"
        case Stay():
            yield "(nothing)"
        case Wait():
            pass


def _command(command: Command) -> str:
    values = ((each.name, getattr(command, each.name)) for each in fields(command) if each.name != "origin")
    return " ".join((type(command).__name__, *(f"{name}={value}" for name, value in values if value != "")))
