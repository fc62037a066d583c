"""Calls, their legs, what was said on them, and who may call at whose expense, as frozen values.

Times are operator time in microseconds since the epoch, 0 for what has not happened; money is tiyn.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from rating.msisdn import Msisdn
from storage.model import Direction


class LegState(StrEnum):
    """A leg is one handset's part of a call. The table of its ways is ``gateway.voice.legs``.

    OFFERED: the handset is asked to ring, or has dialled. ALERTING: it rings, or hears the other one ring.
    ANSWERED: it is there. PROMPTING: it was asked something and is waited for. BRIDGED: it talks.
    """

    OFFERED = "offered"
    ALERTING = "alerting"
    ANSWERED = "answered"
    PROMPTING = "prompting"
    BRIDGED = "bridged"
    RELEASED = "released"


class Cause(StrEnum):
    """Why a leg or a call ended; the ``reason`` that a handset is told."""

    HANGUP = "hangup"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    REFUSED = "refused"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    SWITCHED_OFF = "switched_off"
    NO_MONEY = "no_money"
    NOT_ALLOWED = "not_allowed"
    NO_ROUTE = "no_route"
    GAVE_UP = "gave_up"
    LOST = "lost"
    NETWORK = "network"


class Leg(NamedTuple):
    """``direction`` is MO for the handset that dialled, MT for one that is called.

    ``lost_us`` is when the handset went out of reach, 0 while it is there. ``script`` is where the leg stands
    in a flow of prompts: memory only, for it may hold secrets.
    """

    call_id: str
    number: int
    msisdn: Msisdn
    direction: Direction
    state: LegState
    began_us: int
    alerting_us: int = 0
    answered_us: int = 0
    bridged_us: int = 0
    ended_us: int = 0
    cause: str = ""
    lost_us: int = 0
    script: object | None = None

    @property
    def is_open(self) -> bool:
        """Whether the handset is still in the call."""
        return self.state is not LegState.RELEASED


class Call(NamedTuple):
    """A call: ``service`` it is of, who calls whom, and what it costs whom.

    ``called`` is a subscriber's number or a service's, ``way`` what was dialled (``000``, ``*133``,
    ``9393``). ``name`` is what the caller said. ``payer`` has ``hold_id`` open while the parties talk; it
    covers the time until ``covered_us``. ``rating`` is JSON: a list of the rated segments, each with the
    version of its tariff. ``ended`` is empty while the call is open, then its Cause.
    """

    id: str
    service: str
    caller: Msisdn
    called: str
    way: str
    began_us: int
    legs: tuple[Leg, ...] = ()
    name: str = ""
    payer: str = ""
    tariff: str = ""
    hold_id: str = ""
    bridged_us: int = 0
    covered_us: int = 0
    ended_us: int = 0
    ended: str = ""
    duration_s: int = 0
    charge_tiyn: int = 0
    journal_seq: int | None = None
    rating: str = ""

    @property
    def connected_us(self) -> int:
        """Since when the caller has had somebody to talk to: the other party, or a service that answered."""
        if self.bridged_us or not self.legs:
            return self.bridged_us
        first = self.legs[0]
        return first.answered_us if first.direction is Direction.MO else 0

    def leg_of(self, msisdn: str) -> Leg | None:
        """The open leg of this handset."""
        return next((leg for leg in self.legs if leg.msisdn == msisdn and leg.is_open), None)

    def with_leg(self, leg: Leg) -> "Call":
        """The same call with this leg in the place of the one with its number, or added."""
        others = tuple(each for each in self.legs if each.number != leg.number)
        return self._replace(legs=tuple(sorted((*others, leg), key=lambda each: each.number)))


class TurnKind(StrEnum):
    """What happened on a leg."""

    DIALLED = "dialled"
    OFFERED = "offered"
    ALERTING = "alerting"
    ANSWERED = "answered"
    PROMPT = "prompt"
    KEYS = "keys"
    SAID = "said"
    COMMAND = "command"
    BRIDGED = "bridged"
    HELD = "held"
    LOST = "lost"
    BACK = "back"
    RELEASED = "released"


class CallTurn(NamedTuple):
    """One thing that happened on a leg of a call; ``text`` holds no secret.

    ``number`` gives the order of a call's turns; 0 is for one that the store is yet to number.
    """

    call_id: str
    number: int
    leg: int
    at_us: int
    kind: TurnKind
    text: str = ""
    text_id: str = ""


class CollectList(StrEnum):
    """The lists of a subscriber who may be called at their own expense (services.md section 7)."""

    BLACK = "black"
    WHITE = "white"
    FRIENDS = "friends"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectLists:
    """One subscriber's lists, each in the order in which it was filled. ``active`` is BLACK or WHITE."""

    owner: Msisdn
    active: CollectList = CollectList.BLACK
    black: tuple[Msisdn, ...] = ()
    white: tuple[Msisdn, ...] = ()
    friends: tuple[Msisdn, ...] = ()

    def of(self, which: CollectList) -> tuple[Msisdn, ...]:
        """The numbers on one list."""
        numbers: tuple[Msisdn, ...] = getattr(self, which.value)
        return numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCustomer:
    """Who uses the bank by phone (7000); ``password`` is a keyed digest.

    ``is_initial`` says that it has not been changed yet.
    """

    identifier: str
    msisdn: Msisdn
    card_id: str
    card_code: str
    password: bytes = field(repr=False)
    is_initial: bool = True
    created_us: int = 0
