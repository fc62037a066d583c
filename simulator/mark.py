"""What is known of a message that was sent."""

from collections.abc import Collection
from enum import IntEnum
from typing import Final


class Mark(IntEnum):
    """What a telephone shows beside a sent message."""

    SENT = 0
    #: The network could not bring it yet and goes on trying.
    WAITING = 1
    DELIVERED = 2
    READ = 3
    FAILED = 4

    @property
    def is_final(self) -> bool:
        """Nothing more is to come from the network."""
        return self > Mark.WAITING

    def then(self, later: "Mark") -> "Mark":
        """The mark once ``later`` was heard: reports may come in any order, and a final one stays."""
        return later if later in _FOLLOWING[self] else self


_FOLLOWING: Final[dict[Mark, frozenset[Mark]]] = {
    Mark.SENT: frozenset(Mark),
    Mark.WAITING: frozenset({Mark.DELIVERED, Mark.READ, Mark.FAILED}),
    Mark.DELIVERED: frozenset({Mark.READ}),
    Mark.READ: frozenset(),
    Mark.FAILED: frozenset(),
}


def of_segments(marks: Collection[Mark]) -> Mark:
    """The mark of a message from those of its segments: one failed is all failed."""
    if Mark.FAILED in marks:
        return Mark.FAILED
    least = min(marks)
    return Mark.WAITING if least is Mark.SENT and Mark.WAITING in marks else least
