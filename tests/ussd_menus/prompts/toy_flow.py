"""Two flows with one of everything, for the engine's tests, and a caller who steps through them."""

from dataclasses import dataclass
from typing import Final

from handlers.base.command import Channel, Command, Origin, Secret
from handlers.base.outcome import Outcome, Refusal, Reply, Text
from rating.msisdn import Msisdn
from storage.call_model import Cause
from ussd_menus.prompts import engine
from ussd_menus.prompts.model import Choose, Collect, End, Flow, Fork, Join, Record, Ring, Run, Say, Slots
from ussd_menus.prompts.slots import secret_in, words_in
from ussd_menus.prompts.turn import Script, Turn

CALLER: Final = Msisdn("77011234567")
CALLED: Final = Msisdn("77021234567")
PIN: Final = "4711"
ORIGIN: Final = Origin(msisdn=CALLER, channel=Channel.VOICE, service_code="7000", source_id="call 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn(Command):
    """Lets somebody in."""

    user: str
    pin: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay(Command):
    """Pays so much."""

    amount: str


def _log_in(origin: Origin, slots: Slots) -> LogIn:
    return LogIn(origin=origin, user=words_in(slots, "user"), pin=secret_in(slots, "pin"))


def _pay(origin: Origin, slots: Slots) -> Pay:
    return Pay(origin=origin, amount=words_in(slots, "amount"))


FLOW: Final = Flow(
    service="toy",
    first="hello",
    steps={
        "hello": Say("toy.hello", "user"),
        "user": Collect("toy.user", "user", end="#", then="pin", gives_up="bye", digits_max=8),
        "pin": Collect("toy.pin", "pin", end="#", then="log in", gives_up="bye", secret=True),
        "log in": Run(
            _log_in,
            {"ok": "new?", "toy.wrong": "user"},
            other="barred",
            learns=lambda outcome: {"is_new": outcome.result == "new"},
            forgets=("pin",),
        ),
        "new?": Fork("is_new", filled="welcome", empty="menu"),
        "welcome": Say("toy.welcome", "menu", shows=("user",)),
        "menu": Choose("toy.menu", {"1": "amount", "2": "name", "*": "friend"}, gives_up="bye"),
        "amount": Collect("toy.amount", "amount", end="*", then="sure", gives_up="menu"),
        "sure": Choose("toy.sure", {"1": "pay", "2": "menu"}, gives_up="bye", shows=("amount",)),
        "pay": Run(_pay, {"ok": "menu"}, other="menu", speaks=False),
        "name": Record("toy.name", "name", "ring"),
        "ring": Ring("called", "called", "toy", "toy.played", {Cause.BUSY: "busy"}, "bye"),
        "friend": Ring("called", "called", "toy", failed={Cause.BUSY: "busy"}, other="bye"),
        "busy": Say("toy.busy", "menu"),
        "bye": Say("toy.bye", "gave up"),
        "gave up": End(Cause.GAVE_UP),
        "barred": End(Cause.NOT_ALLOWED),
    },
)
PLAYED: Final = Flow(
    service="toy.played",
    first="take?",
    steps={
        "take?": Choose("toy.take", {"1": "taken", "2": "no"}, gives_up="gave up", shows=("caller", "name")),
        "taken": Join(),
        "no": End(Cause.REFUSED),
        "gave up": End(Cause.GAVE_UP),
    },
)


def spoken(text_id: str, **params: object) -> Outcome:
    """A service says something."""
    return Outcome(replies=(Reply(text=Text(text_id, params)),))


def refused(word: str) -> Outcome:
    """A service says no."""
    text = Text(word)
    return Outcome(replies=(Reply(text=text),), refusal=Refusal(word, text))


class Caller:
    """One leg: the last turn, and what was heard and kept on the way."""

    def __init__(self, flow: Flow = FLOW, slots: Slots | None = None, origin: Origin = ORIGIN) -> None:
        self.flow, self.origin = flow, origin
        self.turn = engine.begin(flow, flow.service, {"called": CALLED} if slots is None else slots, origin)

    @property
    def script(self) -> Script:
        """Where the leg stands."""
        return self.turn.script

    @property
    def hears(self) -> list[str]:
        """The ids of the prompts of the last turn."""
        return [each.text.id for each in self.turn.says]

    def keys(self, *pressed: str) -> Turn:
        """Press keys, one frame after the other."""
        for digits in pressed:
            self.turn = engine.keys(self.flow, self.script, digits, self.origin)
        return self.turn

    def says(self, text: str) -> Turn:
        """Say something after the tone."""
        self.turn = engine.said(self.flow, self.script, text, self.origin)
        return self.turn

    def is_silent(self, times: int = 1) -> Turn:
        """Let the time run out."""
        for _ in range(times):
            self.turn = engine.silence(self.flow, self.script, self.origin)
        return self.turn

    def gets(self, outcome: Outcome) -> Turn:
        """The service answers."""
        self.turn = engine.ran(self.flow, self.script, outcome, self.origin)
        return self.turn

    def fails(self, cause: Cause) -> Turn:
        """Nobody takes the call."""
        self.turn = engine.came_to_nothing(self.flow, self.script, cause, self.origin)
        return self.turn


def at_the_menu() -> Caller:
    """A caller who was let in."""
    caller = Caller()
    caller.keys("12#", f"{PIN}#")
    caller.gets(spoken("toy.let_in"))
    return caller
