"""What a step through a flow of prompts gives: where the leg stands now, what it hears, and what is next."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from handlers.base.command import Command
from handlers.base.outcome import Text
from rating.msisdn import Msisdn
from storage.call_model import Cause
from ussd_menus.prompts.model import Ring, Slots

#: The slot with the MSISDN for which the first flow of a call was begun.
CALLER: Final = "caller"
#: What is kept of keys that are secret, or that nobody asked for: not even their number.
HIDDEN: Final = "***"


class Script(NamedTuple):
    """Where one leg stands: in the flow of this key in the registry, at this step.

    ``slots`` is what was filled in, ``typed`` the digits of the answer so far, ``asked`` how often the step
    has asked, ``ahead`` the keys that were pressed ahead. These may be secrets: they live in memory only, and
    no representation shows them.
    """

    flow: str
    step: str
    slots: Slots
    typed: str = ""
    asked: int = 0
    ahead: str = ""

    def __repr__(self) -> str:
        return f"Script({self.flow}: {self.step})"


class Prompted(NamedTuple):
    """A prompt that the leg hears."""

    text: Text


class Heard(NamedTuple):
    """What may be kept of the keys that were pressed; ``keys`` is empty where there were none."""

    keys: str = ""

    @property
    def is_secret(self) -> bool:
        """Whether something was left out."""
        return HIDDEN in self.keys


NOTHING_HEARD: Final = Heard()


class WaitFor(StrEnum):
    """What a leg is asked for: digits up to an end, one key, or words."""

    DIGITS = "digits"
    KEY = "key"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Wait:
    """An answer is waited for, from now on for the whole time again."""

    kind: WaitFor


@dataclass(frozen=True, slots=True)
class Stay:
    """Nobody asked for that: nothing changes, and whatever runs (a timer, a command, a ringing) runs on."""


@dataclass(frozen=True, slots=True)
class Issue:
    """A command for the bus; its outcome goes to ``ran``."""

    command: Command


@dataclass(frozen=True, slots=True)
class Ringing:
    """``msisdn`` is to be rung; if it comes to nothing, the cause goes to ``came_to_nothing``."""

    ring: Ring
    msisdn: Msisdn


@dataclass(frozen=True, slots=True)
class Taken:
    """Who was rung takes the call."""


@dataclass(frozen=True, slots=True)
class Over:
    """The flow is over; its leg is released with this cause."""

    cause: Cause


Then: TypeAlias = Wait | Stay | Issue | Ringing | Taken | Over


class Turn(NamedTuple):
    """The script that the leg has now, what it hears (in this order), and what is next."""

    script: Script
    says: tuple[Prompted, ...]
    then: Then
    heard: Heard = NOTHING_HEARD
