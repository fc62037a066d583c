"""What is said about one item of the conformance page."""

from dataclasses import dataclass
from enum import Enum


class How(Enum):
    """What becomes of an item. The first three have to be shown by a test."""

    DONE = "carried out"
    PASSED = "passed on"
    REFUSED = "refused"
    UNUSED = "not used"

    @property
    def wants_a_test(self) -> bool:
        """True where the page claims that something happens."""
        return self is not How.UNUSED


@dataclass(frozen=True, slots=True)
class Row:
    """``item`` is its name in ``tests.docs.conformance.items``, ``words`` what we do, in Markdown.

    ``clause`` is where the specification has it, where the code's tables do not tell. ``like`` names an item
    that runs through the same code: its tests count for this one too.
    """

    item: str
    how: How
    words: str = ""
    clause: str = ""
    like: str = ""


def done(item: str, words: str, clause: str = "") -> Row:
    """Carried out."""
    return Row(item, How.DONE, words, clause)


def passed(item: str, words: str, clause: str = "") -> Row:
    """Taken, kept and passed on to the receiver."""
    return Row(item, How.PASSED, words, clause)


def refused(item: str, words: str, clause: str = "") -> Row:
    """Not carried out, and told so."""
    return Row(item, How.REFUSED, words, clause)


def unused(item: str, words: str, clause: str = "") -> Row:
    """Neither read nor sent, or without an effect."""
    return Row(item, How.UNUSED, words, clause)


def like(item: str, other: str, how: How = How.DONE, words: str = "") -> Row:
    """The same as another item."""
    return Row(item, how, words or f"as in `{other}`", like=other)
