"""The call control: leg events in, signals out, calls and legs in the store (services.md sections 2, 4, 7).

It runs in the writer, like every command. It knows legs, prompts, rings and money; which services there are
by voice stands in the flows, and what carries the events is for others to know.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.batch import Batch
from gateway.rendering import Renderer
from gateway.voice import conversation, ending, numbers, talk
from gateway.voice.desk import US_PER_S, Desk, Due, Switch
from gateway.voice.events import (
    Alerting,
    Answer,
    Attached,
    Detached,
    Dial,
    Fault,
    HangUp,
    Keys,
    LegEvent,
    Pulse,
    Said,
    SignalKind,
)
from gateway.voice.legs import LegStep
from gateway.voice.numbers import Way
from handlers import texts
from handlers.base.bus import Bus
from handlers.base.context import Context
from handlers.base.outcome import Reply, Text
from rating.msisdn import EMERGENCY, Msisdn
from storage.call_model import Call, Cause, Leg, LegState, TurnKind
from storage.model import AccountRef, Direction, Job, main_account
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork
from ussd_menus.prompts import engine
from ussd_menus.prompts.model import Flow, Record, Ring, Step
from ussd_menus.prompts.registry import FLOWS
from ussd_menus.prompts.turn import HIDDEN, Script

#: The job that the network calls a subscriber back; its payload is msisdn and the number asked for.
CALL_BACK_JOB: Final = "voice.call_back"
#: The slot of a flow with what was dialled after its code.
_NUMBER: Final = "number"
#: Holds the moment up to which open calls were known to last.
_ALIVE: Final = "voice alive"
#: Why the network did not call back.
_NOT_CALLED_BACK: Final = {
    Cause.BUSY: texts.CALL_BACK_BUSY,
    Cause.SWITCHED_OFF: texts.CALL_BACK_SWITCHED_OFF,
}
_RUNG: Final = frozenset({LegState.OFFERED, LegState.ALERTING})


class CallControl:
    """Runs inside a batch. ``needs`` says what an event will read, for the batch to read it at once."""

    def __init__(
        self,
        bus: Bus,
        renderer: Renderer,
        new_id: Callable[[], str],
        flows: Mapping[str, Flow] = FLOWS,
    ) -> None:
        self._switch = Switch(bus, renderer, flows, {})
        self._new_id = new_id
        self._takes: Mapping[type[LegEvent], Callable[[Any, Desk], None]] = {
            Attached: self._attached,
            Detached: self._detached,
            Dial: self._dial,
            Alerting: self._alerting,
            Answer: self._answer,
            Keys: self._keys,
            Said: self._said,
            HangUp: self._hang_up,
            Pulse: self._pulse,
        }

    def run(self, event: LegEvent, batch: Batch) -> None:
        """Take an event in; what handsets are to be told goes to ``batch.signals``."""
        self._takes[type(event)](event, Desk(self._switch, batch))

    def needs(self, event: LegEvent, uow: UnitOfWork, context: Context) -> Needs:
        """Who takes part, where their money is, and what is held of it."""
        match event:
            case Dial():
                return _needs_of_dial(event, context)
            case Attached() | Detached() | Alerting() | Pulse():
                return Needs()
        call = uow.calls.get(event.call)
        return Needs() if call is None else _needs_of(call)

    def due(self, job: Job, batch: Batch) -> None:
        """A timer of a call has run out, or somebody is to be called back."""
        desk = Desk(self._switch, batch)
        if job.kind == CALL_BACK_JOB:
            self._call_back(job, desk)
            return
        call = desk.uow.calls.get(str(job.payload["call"]))
        leg = next((each for each in call.legs if each.number == job.payload["leg"]), None) if call else None
        if call is not None and leg is not None and leg.is_open:
            self._run_out(Due(str(job.payload["due"])), call, leg, desk)

    def job_needs(self, job: Job, uow: UnitOfWork) -> Needs:
        """What the timer of a call reads."""
        call = uow.calls.get(str(job.payload.get("call", "")))
        return Needs() if call is None else _needs_of(call)

    def recover(self, batch: Batch, alive_us: int | None) -> None:
        """After a start: whoever talked was cut off when the gateway went down. ``alive_us`` is the moment
        until when it is known to have lived, None where the last pulse says so.
        """
        desk = Desk(self._switch, batch)
        if alive_us is None:
            alive_us = int(desk.uow.settings.get(_ALIVE) or 0)
        for call in desk.uow.calls.open():
            ending.end(desk, call, Cause.NETWORK, at_us=min(alive_us, desk.now_us))

    def stop(self, batch: Batch) -> None:
        """End every call now."""
        desk = Desk(self._switch, batch)
        for call in desk.uow.calls.open():
            ending.end(desk, call, Cause.NETWORK)

    # -- handsets come and go ----------------------------------------------------------------------

    def _attached(self, event: Attached, desk: Desk) -> None:
        self._switch.present[event.msisdn] = event.line
        call = desk.uow.calls.of(event.msisdn)
        leg = call.leg_of(event.msisdn) if call else None
        if call is None or leg is None:
            return
        if leg.lost_us:
            desk.forget(leg, Due.LOST)
            desk.note(leg, TurnKind.BACK)
            leg = leg._replace(lost_us=0)
            call = desk.put(call, leg)
        self._remind(call, leg, desk)

    def _remind(self, call: Call, leg: Leg, desk: Desk) -> None:
        """Tell a handset that has come back where it is."""
        if _is_rung(leg):
            caller = call.caller if leg.number > 1 else desk.context.profile.voice_call_back_from
            desk.tell(leg, SignalKind.INCOMING, party=caller)
            return
        if leg.state is LegState.BRIDGED:
            desk.tell(leg, SignalKind.CONNECTED, party=talk.party_of(call, leg))
        elif leg.number == 1 and desk.answers(call):
            desk.tell(leg, SignalKind.CONNECTED, party=call.way)
        elif leg.state is LegState.ALERTING:
            desk.tell(leg, SignalKind.RINGING, party=call.called)
        asked = None
        if leg.state is LegState.PROMPTING and isinstance(leg.script, Script):
            asked = engine.again(self._switch.flows[leg.script.flow], leg.script)
        if asked is not None:
            # The time for an answer begins anew: nobody could answer meanwhile.
            desk.speak(leg, asked)
            desk.wait(leg, Due.PROMPT, desk.context.profile.voice_prompt_s)

    def _detached(self, event: Detached, desk: Desk) -> None:
        # It may be struck out already: by this event, in a batch that was rolled back.
        if self._switch.present.get(event.msisdn, event.line) != event.line:
            return
        self._switch.present.pop(event.msisdn, None)
        call = desk.uow.calls.of(event.msisdn)
        leg = call.leg_of(event.msisdn) if call else None
        if call is None or leg is None or leg.lost_us:
            return
        # The news may be late, where the store was away; the loss is when it was.
        lost_us = max(min(event.at_us, desk.now_us), ending.last_step_us(leg), leg.bridged_us)
        desk.note(leg, TurnKind.LOST)
        desk.put(call, leg._replace(lost_us=lost_us))
        waits_us = desk.context.profile.voice_reconnect_s * US_PER_S
        desk.wait_until(leg, Due.LOST, lost_us + waits_us)

    def _pulse(self, _: Pulse, desk: Desk) -> None:
        if any(call.bridged_us for call in desk.uow.calls.open()):
            desk.uow.settings.put(_ALIVE, str(desk.now_us))

    # -- calls begin -------------------------------------------------------------------------------

    def _dial(self, event: Dial, desk: Desk) -> None:
        number = numbers.dialled(event.number)
        if desk.uow.calls.of(event.msisdn) is not None:
            desk.fault(event.msisdn, Fault.IN_A_CALL, "this handset is in a call; hang up first")
        elif number is None:
            detail = (
                "that is no number; dial one like 9393 or 000 77011234567 (codes with * and # go by USSD)"
            )
            desk.fault(event.msisdn, Fault.BAD_NUMBER, detail)
        else:
            self._begin(event.msisdn, number, numbers.way_of(number, desk.context.profile), desk)

    def _begin(self, msisdn: Msisdn, number: str, way: Way | None, desk: Desk) -> None:
        shown = numbers.shown(number if way is None else way.rest or way.code)
        call = Call(
            self._new_id(),
            way.service if way else "",
            msisdn,
            shown,
            way.code if way else "",
            desk.now_us,
        )
        leg = Leg(call.id, 1, msisdn, Direction.MO, LegState.OFFERED, desk.now_us)
        call = call._replace(legs=(leg,))
        desk.uow.calls.add(call)
        desk.note(leg, TurnKind.DIALLED, number if shown != "***" else shown)
        if way is None:
            desk.speak(leg, Text(_why_nowhere(number, desk.context)))
            ending.end(desk, call, Cause.NO_ROUTE)
            return
        if desk.answers(call):
            leg = desk.moved(leg, LegStep.ANSWER)
            desk.note(leg, TurnKind.ANSWERED, way.code)
            desk.tell(leg, SignalKind.CONNECTED, party=way.code)
        conversation.begin(desk, call, leg, call.service, {_NUMBER: way.rest})

    def _call_back(self, job: Job, desk: Desk) -> None:
        """Ring who asked for it by USSD; what they will be connected to is asked when they answer."""
        msisdn, number = Msisdn(str(job.payload["msisdn"])), str(job.payload["number"])
        service, way = str(job.payload["service"]), str(job.payload["way"])
        if (why := conversation.unreachable(desk, msisdn)) is not None:
            sender = str(job.payload["sender"])
            reply = Reply(text=Text(_NOT_CALLED_BACK[why]), to=msisdn, sender=sender, by_sms=True)
            desk.batch.notify(self._switch.renderer, reply, None)
            return
        call = Call(self._new_id(), service, msisdn, numbers.kept(number), way, desk.now_us)
        leg = Leg(call.id, 1, msisdn, Direction.MT, LegState.OFFERED, desk.now_us)
        leg = leg._replace(script=Script(service, "", {_NUMBER: number}))
        desk.uow.calls.add(call._replace(legs=(leg,)))
        conversation.offer(desk, leg, party=desk.context.profile.voice_call_back_from)

    # -- what handsets do --------------------------------------------------------------------------

    def _mine(self, event: Answer | Alerting | Keys | Said | HangUp, desk: Desk) -> tuple[Call, Leg] | None:
        """The open call that is meant, and the handset's leg in it; a handset without one is told so."""
        call = desk.uow.calls.get(event.call)
        leg = call.leg_of(event.msisdn) if call else None
        if call is None or leg is None:
            detail = "this handset is in no call of that id; it may be over"
            desk.fault(event.msisdn, Fault.UNKNOWN_CALL, detail, event.call)
            return None
        return call, leg

    def _alerting(self, event: Alerting, desk: Desk) -> None:
        call = desk.uow.calls.get(event.call)
        leg = call.leg_of(event.msisdn) if call else None
        if call is None or leg is None or leg.state is not LegState.OFFERED:
            return  # It was over, or answered, before it could ring.
        _ring(call, leg, desk)

    def _answer(self, event: Answer, desk: Desk) -> None:
        mine = self._mine(event, desk)
        if mine is None:
            return
        call, leg = mine
        if not _is_rung(leg):
            desk.fault(event.msisdn, Fault.WRONG_STATE, "there is nothing to answer", call.id)
            return
        if leg.state is LegState.OFFERED:
            call, leg = _ring(call, leg, desk)
        leg = desk.moved(leg, LegStep.ANSWER)
        desk.note(leg, TurnKind.ANSWERED)
        call = desk.put(call, leg)
        if leg.number == 1:
            slots = leg.script.slots if isinstance(leg.script, Script) else {}
            conversation.begin(desk, call, leg, call.service, slots)
        else:
            self._taken(call, leg, desk)

    def _taken(self, call: Call, leg: Leg, desk: Desk) -> None:
        """Who was rung is there: they hear what the caller's flow has for them, or talk at once."""
        script = call.legs[0].script
        if not isinstance(script, Script):
            ending.end(desk, call, Cause.NETWORK)
            return
        step = self._step(call.legs[0])
        if isinstance(step, Ring) and step.plays:
            conversation.begin(desk, call, leg, step.plays, script.slots)
        else:
            conversation.answered(desk, call)

    def _keys(self, event: Keys, desk: Desk) -> None:
        mine = self._mine(event, desk)
        if mine is None:
            return
        call, leg = mine
        if leg.state is LegState.PROMPTING:
            conversation.go_on(desk, call, leg, conversation.pressed(event.digits.reveal()))
        elif _is_rung(leg):
            self._too_early(event, desk)
        else:
            desk.note(leg, TurnKind.KEYS, HIDDEN)

    def _said(self, event: Said, desk: Desk) -> None:
        mine = self._mine(event, desk)
        if mine is None:
            return
        call, leg = mine
        if leg.state is LegState.PROMPTING:
            # What nobody asked for may be a secret.
            is_asked = isinstance(self._step(leg), Record)
            words = event.text[: conversation.NAME_CHARS_MAX] if is_asked else HIDDEN
            desk.note(leg, TurnKind.SAID, words)
            conversation.go_on(desk, call, leg, conversation.said(event.text))
        elif _is_rung(leg):
            self._too_early(event, desk)

    @staticmethod
    def _too_early(event: Keys | Said, desk: Desk) -> None:
        detail = "the call has not been taken yet; answer it first"
        desk.fault(event.msisdn, Fault.WRONG_STATE, detail, event.call)

    def _step(self, leg: Leg) -> Step | None:
        """Where the leg stands in its flow."""
        script = leg.script
        return self._switch.flows[script.flow].steps.get(script.step) if isinstance(script, Script) else None

    def _hang_up(self, event: HangUp, desk: Desk) -> None:
        mine = self._mine(event, desk)
        if mine is None:
            return
        call, leg = mine
        if leg.state is LegState.BRIDGED:
            ending.end(desk, call, Cause.HANGUP)
        elif leg.number == 1:
            ending.end(desk, call, _why_left(call, leg))
        else:
            cause = Cause.REJECTED if _is_rung(leg) else Cause.REFUSED
            conversation.left(desk, call, leg, cause)

    # -- timers ------------------------------------------------------------------------------------

    def _run_out(self, due: Due, call: Call, leg: Leg, desk: Desk) -> None:
        match due:
            case Due.ANSWER if _is_rung(leg) and leg.number == 1:
                ending.end(desk, call, Cause.NO_ANSWER)
            case Due.ANSWER if _is_rung(leg):
                conversation.left(desk, call, leg, Cause.NO_ANSWER)
            case Due.PROMPT if leg.state is LegState.PROMPTING and not leg.lost_us:
                conversation.go_on(desk, call, leg, conversation.silence)
            case Due.MONEY if leg.state is LegState.BRIDGED:
                talk.money_due(desk, call)
            case Due.LOST if leg.lost_us:
                self._gone(call, leg, desk)

    @staticmethod
    def _gone(call: Call, leg: Leg, desk: Desk) -> None:
        """A handset did not come back."""
        if leg.state is LegState.BRIDGED or leg.number == 1:
            ending.end(desk, call, Cause.LOST, at_us=leg.lost_us)
        else:
            conversation.left(desk, call, leg, Cause.LOST)


def _is_rung(leg: Leg) -> bool:
    """Whether the handset may take the call. Who has answered a call back hears the other one ring."""
    return leg.direction is Direction.MT and leg.state in _RUNG and not leg.answered_us


def _ring(call: Call, leg: Leg, desk: Desk) -> tuple[Call, Leg]:
    """The handset rings, and who calls it hears that."""
    leg = desk.moved(leg, LegStep.RING)
    desk.note(leg, TurnKind.ALERTING)
    if leg.number == 1:
        return desk.put(call, leg), leg
    caller = desk.moved(call.legs[0], LegStep.RING)
    desk.tell(caller, SignalKind.RINGING, party=call.called)
    return desk.put(call, leg, caller), leg


def _why_nowhere(number: str, context: Context) -> str:
    """The text for a number that leads to no service."""
    if number in EMERGENCY:
        return texts.NO_EMERGENCY
    called = numbers.msisdn_of(number)
    is_subscribers = called is not None and called[1:4] in context.profile.prefixes
    return texts.NO_CALLS if is_subscribers else texts.NO_ROUTE


def _why_left(call: Call, leg: Leg) -> Cause:
    """What it is called when who began the call leaves it before it came to a talk."""
    if _is_rung(leg):
        return Cause.REJECTED
    is_waited_for = any(each.is_open for each in call.legs if each is not leg)
    return Cause.CANCELLED if is_waited_for else Cause.HANGUP


def _needs_of(call: Call) -> Needs:
    msisdns = frozenset(leg.msisdn for leg in call.legs)
    accounts: frozenset[AccountRef] = frozenset()
    if call.payer:
        accounts = frozenset({main_account(Msisdn(call.payer))})
    return Needs(msisdns=msisdns, accounts=accounts, holds=frozenset({call.hold_id} - {""}))


def _needs_of_dial(event: Dial, context: Context) -> Needs:
    """The caller, and who is called where that is a subscriber."""
    number = numbers.dialled(event.number)
    way = numbers.way_of(number, context.profile) if number else None
    called = numbers.msisdn_of(way.rest) if way and way.rest else None
    msisdns = frozenset({event.msisdn} if called is None else {event.msisdn, called})
    lists = frozenset() if called is None else frozenset({called})
    accounts = frozenset(map(main_account, msisdns))
    return Needs(msisdns=msisdns, accounts=accounts, collect_lists=lists)
