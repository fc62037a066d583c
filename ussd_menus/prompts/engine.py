"""Steps through a flow of prompts: (flow, script, what happened) -> what is said and done. No I/O, no clock.

A script is where one leg stands. It is a value: whoever keeps the old one can step from it again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from handlers.base.command import Origin, Secret
from handlers.base.outcome import Outcome, Text
from rating.msisdn import Msisdn
from storage.call_model import Cause
from ussd_menus.prompts.model import (
    ASKED_MAX,
    DIGITS_MAX,
    Choose,
    Collect,
    End,
    Flow,
    Fork,
    Join,
    Record,
    Ring,
    Run,
    Say,
    Slots,
)
from ussd_menus.prompts.turn import (
    CALLER,
    HIDDEN,
    NOTHING_HEARD,
    Heard,
    Issue,
    Over,
    Prompted,
    Ringing,
    Script,
    Stay,
    Taken,
    Then,
    Turn,
    Wait,
    WaitFor,
)

#: So many keys may wait for a question that comes later; those beyond are dropped.
AHEAD_MAX: Final = 2 * DIGITS_MAX
#: A name has no more characters than this.
WORDS_MAX: Final = 40
#: The key that stands for no words.
_NO_WORDS: Final = "#"
_DIGITS, _KEY, _WORDS = Wait(WaitFor.DIGITS), Wait(WaitFor.KEY), Wait(WaitFor.WORDS)
_TAKEN: Final = Taken()
_STAY: Final = Stay()


def begin(flow: Flow, key: str, slots: Slots, origin: Origin) -> Turn:
    """The first turn. ``key`` is the flow's key in the registry, ``slots`` what is known before it begins.

    The slot ``caller`` is ``origin.msisdn``, unless it came along: a flow that is played to who was rung
    gets the slots of the flow that rings, and so says who calls.
    """
    script = Script(flow=key, step=flow.first, slots={CALLER: origin.msisdn, **slots})
    return _Walk(flow, script, origin).go()


def keys(flow: Flow, script: Script, digits: str, origin: Origin) -> Turn:
    """The turn that pressed keys (``0`` to ``9``, ``*``, ``#``) lead to; never raises for any text.

    What was pressed beyond the end of an answer is the answer to the next question, but never to a Choose:
    what is chosen must have been heard.
    """
    step = flow.steps[script.step]
    if isinstance(step, Record) and _NO_WORDS in digits:
        walk = _Walk(flow, script, origin)
        walk.keep(_NO_WORDS)
        return walk.fill(step.slot, "", step.then).go()
    if not digits or not isinstance(step, Collect | Choose):
        return _stay(script, HIDDEN if digits else "")
    walk = _Walk(flow, script._replace(ahead=digits), origin)
    turn = walk.go()
    if not turn.script.ahead:
        return turn
    walk.keep(HIDDEN)
    waiting = turn.script._replace(ahead=turn.script.ahead[:AHEAD_MAX])
    return turn._replace(script=waiting, heard=walk.heard())


def said(flow: Flow, script: Script, text: str, origin: Origin) -> Turn:
    """The turn that words lead to; cut at WORDS_MAX characters, without what cannot be shown."""
    step = flow.steps[script.step]
    if not isinstance(step, Record):
        return _stay(script)
    return _Walk(flow, script, origin).fill(step.slot, _words(text), step.then).go()


def silence(flow: Flow, script: Script, origin: Origin) -> Turn:
    """The turn that no answer leads to, once the time for it is over."""
    walk = _Walk(flow, script, origin)
    match flow.steps[script.step]:
        case Collect() | Choose() as step:
            return walk.unanswered(step).go()
        case Record() as step:
            return walk.fill(step.slot, "", step.then).go()
    return _stay(script)


def ran(flow: Flow, script: Script, outcome: Outcome, origin: Origin) -> Turn:
    """The turn that the answer of a service leads to.

    What it replied to who is on the line is said, but for what goes out as SMS. What was pressed ahead of a
    refusal is dropped: it was meant for something else.
    """
    step = flow.steps[script.step]
    if not isinstance(step, Run):
        return _stay(script)
    forgotten = {name: value for name, value in script.slots.items() if name not in step.forgets}
    ahead = "" if outcome.refusal else script.ahead
    walk = _Walk(flow, script._replace(slots={**forgotten, **step.learns(outcome)}, ahead=ahead), origin)
    if step.speaks:
        walk.says.extend(_spoken(outcome, origin))
    # What was pressed ahead was heard when it was pressed.
    return walk.lead(step.ways.get(outcome.word, step.other)).go()._replace(heard=NOTHING_HEARD)


def came_to_nothing(flow: Flow, script: Script, cause: Cause, origin: Origin) -> Turn:
    """The turn that a Ring leads to which nobody took, for this cause."""
    step = flow.steps[script.step]
    if not isinstance(step, Ring):
        return _stay(script)
    return _Walk(flow, script, origin).lead(step.failed.get(cause, step.other)).go()


def again(flow: Flow, script: Script) -> Text | None:
    """What the leg is being asked now, for a handset that comes back; None where it is asked nothing."""
    step = flow.steps[script.step]
    return _text(step, script.slots) if isinstance(step, Collect | Choose | Record) else None


def _stay(script: Script, heard: str = "") -> Turn:
    return Turn(script, (), _STAY, Heard(heard))


def _text(step: Say | Collect | Choose | Record, slots: Slots) -> Text:
    return Text(step.text, {name: slots[name] for name in step.shows}) if step.shows else Text(step.text)


def _words(text: str) -> str:
    shown = "".join(each if each.isprintable() else " " for each in text[: 4 * WORDS_MAX])
    return " ".join(shown.split())[:WORDS_MAX].rstrip()


def _spoken(outcome: Outcome, origin: Origin) -> Iterator[Prompted]:
    for each in outcome.replies:
        if not each.by_sms and each.to in {None, origin.msisdn}:
            yield Prompted(each.text)


@dataclass(slots=True)
class _Walk:
    """One turn in the making: from the step where a script stands to the next one that awaits something.

    It comes to an end: ``check`` sees to it that no steps lead round without a key that answers one of them,
    and each key of ``script.ahead`` is taken once.
    """

    flow: Flow
    script: Script
    origin: Origin
    says: list[Prompted] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def go(self) -> Turn:
        """The turn, once something is awaited."""
        then = self._step()
        while then is None:
            then = self._step()
        return Turn(self.script, tuple(self.says), then, self.heard())

    def heard(self) -> Heard:
        """What may be kept of the keys."""
        return Heard("".join(self.kept))

    def keep(self, pressed: str) -> None:
        """Note keys; hidden ones in a row are one, so that nothing tells their number."""
        if pressed != HIDDEN or self.kept[-1:] != [HIDDEN]:
            self.kept.append(pressed)

    def lead(self, to: str) -> "_Walk":
        """Go to the step of this name, which has asked nothing yet."""
        self.script = self.script._replace(step=to, typed="", asked=0)
        return self

    def fill(self, slot: str, value: object, to: str) -> "_Walk":
        """Fill a slot and go on."""
        self.script = self.script._replace(slots={**self.script.slots, slot: value})
        return self.lead(to)

    def unanswered(self, step: Collect | Choose) -> "_Walk":
        """Ask again, or go where the step gives up. What was pressed ahead is dropped."""
        self._drop()
        if self.script.asked >= ASKED_MAX:
            return self.lead(step.gives_up)
        self.script = self.script._replace(typed="")
        self._ask(step)
        return self

    def _step(self) -> Then | None:
        """What is awaited at the step; None when it led on."""
        step, slots = self.flow.steps[self.script.step], self.script.slots
        match step:
            case Collect():
                return self._collect(step)
            case Choose():
                return self._choose(step)
            case Run():
                return Issue(step.make(self.origin, slots))
            case Say():
                self.says.append(Prompted(_text(step, slots)))
                self.lead(step.then)
            case Fork():
                self.lead(step.filled if slots.get(step.slot) else step.empty)
            case _:
                return self._unkeyed(step)
        return None

    def _unkeyed(self, step: Record | Ring | Join | End) -> Then:
        """What comes where no digits are an answer: those pressed ahead are dropped."""
        self._drop()
        match step:
            case Record():
                self._ask(step)
                return _WORDS
            case Ring():
                return Ringing(step, Msisdn(str(self.script.slots[step.slot])))
            case Join():
                return _TAKEN
            case End():
                return Over(step.cause)

    def _collect(self, step: Collect) -> Then | None:
        if not self.script.asked:
            self._ask(step)
        if not self.script.ahead:
            return _DIGITS
        pressed, end, ahead = self.script.ahead.partition(step.end)
        was_too_long = len(self.script.typed) > step.digits_max
        typed = (self.script.typed + pressed)[: step.digits_max + 1]
        is_too_long = len(typed) > step.digits_max
        self.keep(HIDDEN if step.secret or is_too_long else pressed + end)
        self.script = self.script._replace(typed=typed, ahead=ahead)
        if not end:
            # Else a call could be kept for good by a key now and then.
            return _STAY if was_too_long else _DIGITS
        if is_too_long or not typed:
            self.unanswered(step)
        else:
            self.fill(step.slot, Secret(typed) if step.secret else typed, step.then)
        return None

    def _choose(self, step: Choose) -> Then | None:
        if not self.script.asked:
            self._drop()
            self._ask(step)
        if not self.script.ahead:
            return _KEY
        key, ahead = self.script.ahead[0], self.script.ahead[1:]
        if key not in step.keys:
            self.unanswered(step)
            return None
        self.keep(key)
        self.script = self.script._replace(ahead=ahead)
        # Who presses more at once may mean another question: a password, say.
        self._drop()
        self.lead(step.keys[key])
        return None

    def _ask(self, step: Collect | Choose | Record) -> None:
        """Say the question, but not to whoever has pressed keys for it already."""
        self.script = self.script._replace(asked=self.script.asked + 1)
        if not self.script.ahead:
            self.says.append(Prompted(_text(step, self.script.slots)))

    def _drop(self) -> None:
        if self.script.ahead:
            self.keep(HIDDEN)
            self.script = self.script._replace(ahead="")
