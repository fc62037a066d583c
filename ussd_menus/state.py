"""Where a dialogue stands, as text that can be stored."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

#: ``json.dumps`` with separators makes an encoder each time.
_TO_JSON: Final[Callable[[object], str]] = json.JSONEncoder(separators=(",", ":")).encode


class StateError(ValueError):
    """The text is no state of a dialogue. What stood in it is not repeated."""


@dataclass(frozen=True, slots=True)
class State:
    """The answers that led to a screen, without secret ones, and how many wrong ones it got in a row."""

    answers: tuple[str, ...] = ()
    wrong: int = 0

    def pack(self) -> str:
        """As JSON, in ASCII."""
        return _TO_JSON((self.answers, self.wrong))

    @classmethod
    def unpack(cls, packed: str) -> Self:
        """The state that ``pack`` wrote. Raises StateError for any other text."""
        try:
            answers, wrong = json.loads(packed)
        except (ValueError, TypeError, RecursionError):
            raise StateError("not a packed state") from None
        if type(wrong) is not int or wrong < 0 or not isinstance(answers, list):
            raise StateError("not a packed state")
        if not all(isinstance(answer, str) for answer in answers):
            raise StateError("not a packed state")
        return cls(tuple(answers), wrong)
