"""A flow of prompts as data: named steps that say, ask, run a service's command, and ring somebody.

Text ids are those of ``handlers/texts``. ``then`` and the like are names of steps of the same flow. What a
step fills in goes into a slot; ``shows`` are the slots that its text has placeholders for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from handlers.base.command import Command, Origin
from handlers.base.outcome import Outcome
from storage.call_model import Cause

Slots: TypeAlias = Mapping[str, object]
#: A choice or digits are asked for so often; who then says nothing sensible is bid goodbye.
ASKED_MAX: Final = 2
#: More digits than this are no answer to anything.
DIGITS_MAX: Final = 32
_NO_STEPS: Mapping[str, str] = MappingProxyType({})


def _learns_nothing(_outcome: Outcome) -> Slots:
    return {}


@dataclass(frozen=True, slots=True)
class Say:
    """Says the text and goes on at once."""

    text: str
    then: str
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collect:
    """Asks for digits that ``end`` (``#`` or ``*``) closes; they fill ``slot``: as a Secret where ``secret``,
    else as a str. The other one of the two keys is a digit like all others.

    Too many digits, or nothing before the end, count as no answer. Asked ASKED_MAX times, then ``gives_up``.
    """

    text: str
    slot: str
    end: str
    then: str
    gives_up: str
    secret: bool = False
    shows: tuple[str, ...] = ()
    digits_max: int = DIGITS_MAX


@dataclass(frozen=True, slots=True)
class Choose:
    """Asks for one key; ``keys`` says where each leads. Asked ASKED_MAX times, then ``gives_up``."""

    text: str
    keys: Mapping[str, str]
    gives_up: str
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """Asks for a few words (a name). They are optional: silence or ``#`` leaves ``slot`` empty ("")."""

    text: str
    slot: str
    then: str
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fork:
    """Asks nothing: leads to ``filled`` where the slot has something in it (truth), else to ``empty``."""

    slot: str
    filled: str
    empty: str


@dataclass(frozen=True, slots=True)
class Run:
    """Runs a command of a service. ``ways`` leads on by the outcome's word (``ok`` or a refusal's id),
    ``other`` is for the words that are not there. What it replies to who is on the line is said when
    ``speaks``; ``learns`` fills slots from the outcome, also from a refusal. ``forgets`` empties slots
    (secrets) once it has run.
    """

    make: Callable[[Origin, Slots], Command]
    ways: Mapping[str, str]
    other: str
    speaks: bool = True
    learns: Callable[[Outcome], Slots] = _learns_nothing
    forgets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ring:
    """Rings the subscriber in ``slot``, and plays the flow ``plays`` to them once they answer ("": nothing).

    That flow gets this one's slots; when it comes to a Join, or at once where nothing is played, both talk
    and ``payer`` (a slot with an MSISDN) pays by ``tariff`` (a name in the profile). Where it comes to
    nothing the flow goes on here: ``failed`` says where by the Cause, ``other`` for all other causes.
    ``name`` is the slot with what the caller said of themselves, for the record of the call.
    """

    slot: str
    payer: str
    tariff: str
    plays: str = ""
    failed: Mapping[str, str] = field(default_factory=lambda: _NO_STEPS)
    other: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """The end of a flow that is played to who was rung: they take the call."""


@dataclass(frozen=True, slots=True)
class End:
    """The line is released with this cause; in a flow that is played to who was rung, their leg alone."""

    cause: Cause = Cause.FINISHED


Step: TypeAlias = Say | Collect | Choose | Record | Fork | Run | Ring | Join | End


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """``service`` is whose calls it is for (or a name of its own for one that is played to who was rung).

    ``answers``: the service takes the call at once, so that the caller is connected to it; else the prompts
    are heard before anybody has answered. ``first`` names the first step. Raises FlowError
    (``ussd_menus.prompts.check``) with everything that is wrong with it.
    """

    service: str
    first: str
    steps: Mapping[str, Step]
    answers: bool = True

    def __post_init__(self) -> None:
        from ussd_menus.prompts.check import check_flow  # noqa: PLC0415 (the check reads this model)

        check_flow(self)
