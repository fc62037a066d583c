"""A whole menu: a tree, and the service code that it answers at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from handlers.base.grammar import SLOT_TYPES, SlotType
from ussd_menus.check import check
from ussd_menus.model import Ask, Node, nodes


class MenuError(Exception):
    """A menu cannot work. The message has one line for each problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """What answers at a service code (``*100``, without its closing ``#``).

    ``service`` is the name that its requests count for. With ``has_grammar`` a service of that name is
    registered, and what the menu does not know of is read by the service's own rules. Raises MenuError, with
    everything that is wrong with the tree.
    """

    service_code: str
    service: str
    root: Node
    has_grammar: bool = False
    slot_types: Mapping[str, SlotType] = field(default_factory=lambda: SLOT_TYPES)
    #: Whether a typed secret can be among what is dialled or answered here.
    asks_secrets: bool = field(init=False)

    def __post_init__(self) -> None:
        problems = "\n".join(f"{self.service_code}: {each}" for each in check(self.root, self.slot_types))
        if problems:
            raise MenuError(problems)
        secret = any(isinstance(node, Ask) and node.secret for node in nodes(self.root))
        object.__setattr__(self, "asks_secrets", secret)
