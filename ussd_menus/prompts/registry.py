"""Every flow of prompts, one line each. A service by voice adds its line here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ussd_menus.prompts.flows import bank_phone, collect_call, scratch_cards
from ussd_menus.prompts.model import Flow

_ALL: Final[tuple[Flow, ...]] = (
    scratch_cards.FLOW,
    bank_phone.FLOW,
    collect_call.FLOW,
    collect_call.ANNOUNCED,
)

#: A flow's key is the service that it is for, or the name by which a Ring plays it.
FLOWS: Final[Mapping[str, Flow]] = MappingProxyType({flow.service: flow for flow in _ALL})


def flow_for(service: str) -> Flow | None:
    """The flow that calls to a service begin with; None where it is not reached by voice."""
    return FLOWS.get(service)
