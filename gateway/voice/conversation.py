"""A leg's way through its flow of prompts, with all that the flow asks for: commands, rings, joins, ends."""

from collections.abc import Callable, Mapping
from typing import Final

from gateway.voice import ending, talk
from gateway.voice.desk import Desk, Due
from gateway.voice.events import SignalKind
from gateway.voice.legs import LegStep
from handlers import texts
from handlers.base.command import Command, Origin
from handlers.base.outcome import Event, Outcome, Reply, Text
from rating.msisdn import Msisdn
from storage.call_model import Call, Cause, Leg, LegState, TurnKind
from storage.model import Direction
from ussd_menus.prompts import engine
from ussd_menus.prompts.model import Flow, Ring
from ussd_menus.prompts.turn import Issue, Over, Ringing, Script, Stay, Taken, Turn, Wait, WaitFor

EVENT_COMMAND: Final = "call.command"
#: A flow cannot run more commands than this without asking anything in between.
_COMMANDS_MAX: Final = 8
#: Steps the engine to the next turn: (flow, script, origin) -> turn.
_Next = Callable[[Flow, Script, Origin], Turn]
#: A name that was said is kept up to here.
NAME_CHARS_MAX: Final = 40
#: A quarter of an hour is enough to say anything.
_PROMPTED_MAX_US: Final = 900_000_000


def begin(desk: Desk, call: Call, leg: Leg, key: str, slots: Mapping[str, object]) -> Call:
    """Start a flow on a leg."""
    turn = engine.begin(desk.switch.flows[key], key, slots, desk.origin(call, leg))
    return _go(desk, call, leg, turn)


def go_on(desk: Desk, call: Call, leg: Leg, following: _Next) -> Call:
    """Take a leg's flow to its next turn. A leg that has lost its place in it is released."""
    script = leg.script
    if not isinstance(script, Script):
        return ending.end(desk, call, Cause.NETWORK)
    turn = following(desk.switch.flows[script.flow], script, desk.origin(call, leg))
    if turn.heard.keys:
        desk.note(leg, TurnKind.KEYS, turn.heard.keys)
    return _go(desk, call, leg, turn)


def pressed(digits: str) -> _Next:
    """Keys were pressed."""
    return lambda flow, script, origin: engine.keys(flow, script, digits, origin)


def said(text: str) -> _Next:
    """Words were said."""
    return lambda flow, script, origin: engine.said(flow, script, text, origin)


def silence(flow: Flow, script: Script, origin: Origin) -> Turn:
    """The time for an answer is over."""
    return engine.silence(flow, script, origin)


def came_to_nothing(cause: Cause) -> _Next:
    """Who was rung does not talk."""
    return lambda flow, script, origin: engine.came_to_nothing(flow, script, cause, origin)


def _go(desk: Desk, call: Call, leg: Leg, turn: Turn) -> Call:
    """Carry out turns until one of them waits for somebody."""
    for _ in range(_COMMANDS_MAX):
        for prompted in turn.says:
            desk.speak(leg, prompted.text)
        leg = leg._replace(script=turn.script)
        match turn.then:
            case Issue(command):
                outcome = _carry_out(desk, leg, command, call.service)
                flow = desk.switch.flows[turn.script.flow]
                turn = engine.ran(flow, turn.script, outcome, desk.origin(call, leg))
            case Wait(kind):
                return _wait(desk, call, leg, kind)
            case Stay():
                return desk.put(call, leg)
            case Ringing(ring, msisdn):
                return _ring(desk, call, leg, ring, msisdn)
            case Taken():
                return answered(desk, desk.put(call, leg))
            case Over(cause):
                return _over(desk, call, leg, cause)
    raise RuntimeError(f"flow {turn.script.flow} asks nothing for too long at {turn.script.step}")


def _carry_out(desk: Desk, leg: Leg, command: Command, service: str) -> Outcome:
    """Run the command. What it says to who is on the line is left to the flow, the rest goes out as SMS."""
    outcome = desk.switch.bus.handle(command, desk.uow, desk.context)
    name = type(command).__name__
    desk.note(leg, TurnKind.COMMAND, outcome.word, name)
    data = {"call": leg.call_id, "msisdn": leg.msisdn, "service": service, "command": name}
    desk.batch.events.append(Event(kind=EVENT_COMMAND, data={**data, "outcome": outcome.word}))
    desk.batch.follow(outcome)
    for each in outcome.replies:
        if not is_spoken(each, leg.msisdn):
            desk.batch.notify(desk.switch.renderer, each, command.origin)
    return outcome


def is_spoken(reply: Reply, msisdn: Msisdn) -> bool:
    """Whether who is on the line hears it."""
    return not reply.by_sms and reply.to in {None, msisdn}


def _wait(desk: Desk, call: Call, leg: Leg, kind: WaitFor) -> Call:
    """Wait for an answer, from now on for the whole time again; but nobody stays in a flow for ever."""
    if desk.now_us - call.began_us > _PROMPTED_MAX_US:
        return _over(desk, call, leg, Cause.GAVE_UP)
    leg = desk.moved(leg, LegStep.ASK)
    profile = desk.context.profile
    desk.wait(leg, Due.PROMPT, profile.voice_name_s if kind is WaitFor.WORDS else profile.voice_prompt_s)
    return desk.put(call, leg)


def _over(desk: Desk, call: Call, leg: Leg, cause: Cause) -> Call:
    """The flow is over: for who began the call with all of it, for who was rung with their leg."""
    if leg.number == 1:
        return ending.end(desk, desk.put(call, leg), cause)
    return left(desk, call, leg, cause)


# -- the other party ---------------------------------------------------------------------------------


def _ring(desk: Desk, call: Call, leg: Leg, ring: Ring, msisdn: Msisdn) -> Call:
    """Offer the call to another handset; the caller's flow waits for what comes of it."""
    slots = leg.script.slots if isinstance(leg.script, Script) else {}
    call = call._replace(
        called=msisdn,
        payer=str(slots[ring.payer]) if ring.payer else "",
        tariff=ring.tariff,
        name=str(slots.get(ring.name, ""))[:NAME_CHARS_MAX],
    )
    call = desk.put(call, leg)
    if (why := unreachable(desk, msisdn)) is not None:
        return go_on(desk, call, leg, came_to_nothing(why))
    other = Leg(call.id, len(call.legs) + 1, msisdn, Direction.MT, LegState.OFFERED, desk.now_us)
    offer(desk, other, party=call.caller)
    return desk.put(call, other)


def unreachable(desk: Desk, msisdn: Msisdn) -> Cause | None:
    """Why a handset cannot be rung now; None when it can."""
    if desk.uow.calls.of(msisdn) is not None:
        return Cause.BUSY
    return None if msisdn in desk.switch.present else Cause.SWITCHED_OFF


def offer(desk: Desk, leg: Leg, *, party: str) -> None:
    """Have a handset ring for so long."""
    desk.note(leg, TurnKind.OFFERED, party)
    desk.tell(leg, SignalKind.INCOMING, party=party)
    desk.wait(leg, Due.ANSWER, desk.context.profile.voice_answer_s)


def answered(desk: Desk, call: Call) -> Call:
    """Who was rung takes the call: both talk, where the money is enough."""
    joined = talk.join(desk, call)
    if joined is not None:
        return joined
    other = call.legs[-1]
    desk.speak(other, Text(texts.NO_MONEY))
    return left(desk, call, other, Cause.NO_MONEY)


def left(desk: Desk, call: Call, other: Leg, cause: Cause) -> Call:
    """Who was rung does not talk: their leg ends, and the caller's flow goes on with why."""
    call = ending.release(desk, call, other, cause)
    desk.forget(other, Due.ANSWER)
    return go_on(desk, call, call.legs[0], came_to_nothing(cause))
