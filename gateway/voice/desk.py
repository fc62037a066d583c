"""What a step of the call control does to calls and tells their handsets, within one batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.batch import Batch
from gateway.rendering import Renderer
from gateway.voice.events import Fault, Signal, SignalKind
from gateway.voice.legs import LegStep, step
from handlers.base.bus import Bus
from handlers.base.command import Channel, Origin
from handlers.base.outcome import Text
from rating.msisdn import Msisdn
from storage.call_model import Call, CallTurn, Leg, TurnKind
from storage.model import Job
from ussd_menus.prompts.model import Flow

#: The job that something of a call is due.
TIMER_JOB: Final = "voice.timer"
US_PER_S: Final = 1_000_000


class Due(StrEnum):
    """What a timer of a call is for. All but LOST take the place of each other."""

    ANSWER = "answer"
    PROMPT = "prompt"
    MONEY = "money"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Switch:
    """What is there once: services, words, flows by their keys, and who can be reached (MSISDN to line)."""

    bus: Bus
    renderer: Renderer
    flows: Mapping[str, Flow]
    present: dict[Msisdn, str]


_STAMPS: Final = {
    LegStep.RING: "alerting_us",
    LegStep.ANSWER: "answered_us",
    LegStep.BRIDGE: "bridged_us",
    LegStep.RELEASE: "ended_us",
}


_TURNS_MAX: Final = 500
_REPEATABLE: Final = frozenset(
    {TurnKind.KEYS, TurnKind.SAID, TurnKind.PROMPT, TurnKind.COMMAND, TurnKind.LOST, TurnKind.BACK}
)


class Desk:
    """A batch, and shorthands for what is done in it."""

    __slots__ = ("batch", "context", "now_us", "switch", "uow")

    def __init__(self, switch: Switch, batch: Batch) -> None:
        self.switch = switch
        self.batch = batch
        self.uow = batch.uow
        self.context = batch.context
        self.now_us = batch.uow.now_us

    # -- calls and legs ----------------------------------------------------------------------------

    def moved(self, leg: Leg, happened: LegStep) -> Leg:
        """The leg after the step, with its moment where it is the first of its kind. Raises WrongStep."""
        state = step(leg.state, happened)
        stamp = _STAMPS.get(happened)
        if stamp is None or getattr(leg, stamp):
            return leg._replace(state=state)
        stamped = leg._asdict() | {"state": state, stamp: self.now_us}
        return Leg(**stamped)

    def put(self, call: Call, *legs: Leg) -> Call:
        """Keep the call with these legs changed."""
        for leg in legs:
            call = call.with_leg(leg)
        self.uow.calls.put(call)
        return call

    def note(self, leg: Leg, kind: TurnKind, text: str = "", text_id: str = "") -> None:
        """Write down what happened on a leg; no secret may be in it.

        Of what a handset can have said as often as it likes only so much is kept of one call.
        """
        if kind in _REPEATABLE and self.uow.calls.turns(leg.call_id) >= _TURNS_MAX:
            return
        turn = CallTurn(leg.call_id, 0, leg.number, self.now_us, kind, text, text_id)
        self.uow.calls.said(turn)

    def answers(self, call: Call) -> bool:
        """Whether the call is to a service that takes it at once."""
        flow = self.switch.flows.get(call.service)
        return flow is not None and flow.answers

    def origin(self, call: Call, leg: Leg) -> Origin:
        """In whose name a command runs that is given on this leg."""
        return Origin(msisdn=leg.msisdn, channel=Channel.VOICE, service_code=call.way, source_id=call.id)

    # -- handsets ----------------------------------------------------------------------------------

    def tell(self, leg: Leg, kind: SignalKind, *, party: str = "", text_id: str = "", text: str = "") -> None:
        """A message to the leg's handset."""
        signal = Signal(kind=kind, msisdn=leg.msisdn, call=leg.call_id, party=party, id=text_id, text=text)
        self.batch.signals.append(signal)

    def speak(self, leg: Leg, text: Text) -> None:
        """Have the handset hear it, in its subscriber's language."""
        words = self.switch.renderer.words(leg.msisdn, self.uow)(text)
        self.tell(leg, SignalKind.PROMPT, text_id=text.id, text=words)
        self.note(leg, TurnKind.PROMPT, words, text.id)

    def fault(self, msisdn: Msisdn, fault: Fault, detail: str, call: str = "") -> None:
        """Tell a handset why nothing came of what it did."""
        signal = Signal(kind=SignalKind.ERROR, msisdn=msisdn, call=call, id=fault.value, text=detail)
        self.batch.signals.append(signal)

    # -- timers ------------------------------------------------------------------------------------

    def wait(self, leg: Leg, due: Due, seconds: int) -> None:
        """Have something done so much later, unless something else happens before."""
        self.wait_until(leg, due, self.now_us + seconds * US_PER_S)

    def wait_until(self, leg: Leg, due: Due, due_us: int) -> None:
        """The same, at a moment."""
        payload: dict[str, str | int] = {"call": leg.call_id, "leg": leg.number, "due": due.value}
        self.uow.jobs.put(Job(kind=TIMER_JOB, key=_key(leg, due), due_us=due_us, payload=payload))

    def forget(self, leg: Leg, due: Due) -> None:
        """Nothing is waited for any more."""
        self.uow.jobs.cancel(_key(leg, due))


def _key(leg: Leg, due: Due) -> str:
    """A call waits for one thing at a time; only who is out of reach is waited for besides."""
    return f"call:{leg.call_id}:lost:{leg.number}" if due is Due.LOST else f"call:{leg.call_id}"
