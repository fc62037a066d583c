"""Words of the line mode that change what a handset takes and asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.condition import Behaviour
from simulator.handset import Handset

#: Places that a person would type; more is as good as no limit.
_PLACES_DIGITS_MAX: Final = 6
#: registered_delivery (SMPP 3.4 section 5.2.17): 1 both outcomes, 2 failures only, 0x10 intermediate too.
RECEIPTS: Final = {"off": 0x00, "on": 0x01, "failed": 0x02, "all": 0x11}


@dataclass(frozen=True, slots=True)
class Switch:
    """``turn`` gets the rest of the line and returns what is so now, or None when it does not understand."""

    usage: str
    purpose: str
    turn: Callable[[Handset, str], str | None]


def _coverage(handset: Handset, rest: str) -> str | None:
    in_coverage = _ON_OFF.get(rest)
    if in_coverage is None:
        return None
    handset.condition.in_coverage = in_coverage
    return rest


def _memory(handset: Handset, rest: str) -> str | None:
    word, _, number = rest.partition(" ")
    if rest == "full":
        handset.condition.fill()
    elif rest in {"free", "ok"}:
        handset.condition.free()
    elif word == "free" and _is_number(number):
        handset.condition.free(int(number))
    else:
        return None
    return rest


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _PLACES_DIGITS_MAX


def _behaviour(behaviour: Behaviour) -> Callable[[Handset, str], str | None]:
    """``busy``, ``busy on``, ``busy off``: off only ends what is on."""

    def turn(handset: Handset, rest: str) -> str | None:
        on = _ON_OFF.get(rest or "on")
        if on is None:
            return None
        if on:
            handset.condition.behaviour = behaviour
        elif handset.condition.behaviour is behaviour:
            handset.condition.behaviour = Behaviour.NORMAL
        return "on" if on else "off"

    return turn


def _receipt(handset: Handset, rest: str) -> str | None:
    wanted = RECEIPTS.get(rest)
    if wanted is None:
        return None
    handset.registered_delivery = wanted
    return rest


_ON_OFF: Final = {"on": True, "off": False}
SWITCHES: Final = {
    "coverage": Switch("coverage off|on", "out of coverage messages wait in the network", _coverage),
    "memory": Switch("memory full|free [N]", "room for no message, for all, or for N more", _memory),
    "busy": Switch("busy [on|off]", "refuse messages for now", _behaviour(Behaviour.BUSY)),
    "reject": Switch("reject [on|off]", "refuse messages for good", _behaviour(Behaviour.REJECTING)),
    "broken": Switch("broken [on|off]", "refuse everything for good", _behaviour(Behaviour.BROKEN)),
    "receipt": Switch(
        "receipt on|off|failed|all",
        "ask for receipts: of both outcomes, of failures, of waiting too",
        _receipt,
    ),
}
