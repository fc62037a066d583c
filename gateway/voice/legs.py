"""The states of a leg as a table: what can happen in which, and where it leads.

A leg is one handset's part of a call, seen from the network. The handset that dialled is MO, one that is rung
is MT; both walk the same table.
"""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from storage.call_model import LegState


class LegStep(Enum):
    """What happens to a leg.

    RING: an MT handset rings; an MO one hears that the other rings. ANSWER: somebody is there: the handset,
    or for an MO leg the service that it dialled. ASK: something is asked, and waited for. BRIDGE: both talk.
    """

    RING = auto()
    ANSWER = auto()
    ASK = auto()
    BRIDGE = auto()
    RELEASE = auto()


class WrongStep(Exception):
    """The leg's state does not allow the step."""

    def __init__(self, state: LegState, step: LegStep) -> None:
        super().__init__(f"a leg that is {state.value} cannot {step.name.lower()}")


_TO: Final = {
    LegStep.RING: LegState.ALERTING,
    LegStep.ANSWER: LegState.ANSWERED,
    LegStep.ASK: LegState.PROMPTING,
    LegStep.BRIDGE: LegState.BRIDGED,
    LegStep.RELEASE: LegState.RELEASED,
}
_ALLOWED: Final[Mapping[LegState, frozenset[LegStep]]] = MappingProxyType(
    {
        LegState.OFFERED: frozenset({LegStep.RING, LegStep.ANSWER, LegStep.ASK, LegStep.RELEASE}),
        LegState.ALERTING: frozenset(
            {LegStep.RING, LegStep.ANSWER, LegStep.ASK, LegStep.BRIDGE, LegStep.RELEASE}
        ),
        LegState.ANSWERED: frozenset({LegStep.RING, LegStep.ASK, LegStep.BRIDGE, LegStep.RELEASE}),
        LegState.PROMPTING: frozenset({LegStep.RING, LegStep.ASK, LegStep.BRIDGE, LegStep.RELEASE}),
        LegState.BRIDGED: frozenset({LegStep.RELEASE}),
        LegState.RELEASED: frozenset(),
    }
)
#: State and step to the state that follows; what is not in it cannot happen.
TABLE: Final[Mapping[tuple[LegState, LegStep], LegState]] = MappingProxyType(
    {(state, step): _TO[step] for state, steps in _ALLOWED.items() for step in steps}
)


def step(state: LegState, happened: LegStep) -> LegState:
    """The state that follows. Raises WrongStep."""
    try:
        return TABLE[state, happened]
    except KeyError:
        raise WrongStep(state, happened) from None
