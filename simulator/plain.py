"""The handset as lines: commands in, messages out, on a terminal and through pipes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from typing import Any, ClassVar, Final, TypeVar

from simulator.awaited import Awaited
from simulator.console import Console
from simulator.errors import HandsetError
from simulator.events import Event, IncomingSms, LinkDown, LinkUp, MarkChanged, UssdNotice, UssdScreen
from simulator.handset import Handset
from simulator.number import called_number
from simulator.plain_calls import CALL_WORDS, PlainCalls
from simulator.sent import SentMessage
from simulator.settings import LinkSettings
from simulator.switches import RECEIPTS, SWITCHES
from simulator.target import Target, VoiceTarget
from simulator.visible import indented, one_line
from simulator.wording import headline, mark_line

#: How long the end of a pipe, or an answer typed ahead, waits for what is still to come.
ANSWER_WAIT_S: Final = 5.0
_SHORT_CODE_DIGITS_MAX: Final = 6
_T = TypeVar("_T")
_USSD: Final = "the USSD service"
_RECEIPT: Final = "the network (a receipt)"
#: Those with which every message ends in a receipt.
_ALWAYS_RECEIPTED: Final = frozenset({RECEIPTS["on"], RECEIPTS["all"]})


class _Usage(HandsetError):
    """A command that is written wrong; the message shows what would be right."""


@dataclass(frozen=True, slots=True)
class _Command:
    usage: str
    purpose: str
    carry_out: Callable[[Any, str], None]


def _switching(name: str) -> Callable[[Any, str], None]:
    return lambda plain, rest: plain.switch(name, rest)


def _calling(name: str) -> Callable[[Any, str], None]:
    return lambda plain, rest: plain.on_the_phone(name, rest)


class PlainHandset:
    """A handset driven by lines of text."""

    def __init__(
        self,
        msisdn: str,
        target: Target,
        console: Console,
        now: Callable[[], datetime],
        *,
        settings: LinkSettings | None = None,
        answer_wait_s: float = ANSWER_WAIT_S,
        voice: VoiceTarget | None = None,
    ) -> None:
        """``voice`` is where calls are made; by default beside the SMPP port. Raises BadNumber."""
        self._handset = Handset(msisdn, target, self._on_event, settings=settings)
        self._target = target
        self._console = console
        self._now = now
        self._answer_wait_s = answer_wait_s
        self._awaited = Awaited()
        voice = voice or VoiceTarget(target.host)
        # A person listens before the next word.
        wait_s = 0.0 if console.is_interactive else answer_wait_s
        self._calls = PlainCalls(self._handset.msisdn, voice, self._say, self._awaited, wait_s)
        self._inbox: list[str] = []
        self._quitting = False

    def run(self) -> None:
        """Switch on, carry out commands until ``quit`` or the end of the input, switch off.

        Raises GatewayUnreachable or BindRefused when the handset cannot be switched on.
        """
        try:
            self._switch_on()
            self._carry_out()
        finally:
            self._calls.switch_off()
            self._handset.switch_off()

    def _carry_out(self) -> None:
        for line in self._console.lines(f"{self._handset.msisdn}> "):
            self.command(line)
            if self._quitting:
                break
        # A person has seen what there is to see; a script wants the answers to what it asked.
        if not self._console.is_interactive:
            self._wait_for_answers()

    def _wait_for_answers(self) -> None:
        for sender in self._awaited.wait(self._answer_wait_s):
            self._console.problem(f"no answer from {sender} yet; not waiting any longer")

    def command(self, line: str) -> None:
        """Carry out one line; what goes wrong is said, not raised."""
        # Not strip(): a text keeps the spaces that it was typed with.
        name, _, rest = line.strip("\r\n").lstrip().partition(" ")
        if not name:
            return
        try:
            # Also with the slash of chat programs.
            _command(name.removeprefix("/")).carry_out(self, rest)
        except HandsetError as fault:
            self._console.problem(f"{name}: {fault}")

    def _sms(self, rest: str) -> None:
        to, space, text = rest.lstrip().partition(" ")
        if not to or not space:
            raise _usage("sms")
        _ton, sender = called_number(to)
        ask = partial(self._handset.send_sms, to, text)
        if self._handset.registered_delivery in _ALWAYS_RECEIPTED:
            ask = partial(self._asking, _RECEIPT, ask)
        # A service answers; a person need not.
        sent = len(self._asking(sender, ask) if len(sender) <= _SHORT_CODE_DIGITS_MAX else ask())
        self._console.line(f"sent to {to}" if sent == 1 else f"sent to {to} in {sent} segments")

    def _dial(self, rest: str) -> None:
        if not rest.strip():
            raise _usage("dial")
        self._await_screen()
        self._asking(_USSD, partial(self._handset.dial, rest))

    def _answer(self, rest: str) -> None:
        if not rest:
            raise _usage("answer")
        self._await_screen()
        self._asking(_USSD, partial(self._handset.answer, rest))

    def _abort(self, rest: str) -> None:
        _nothing("abort", rest)
        self._await_screen()
        self._handset.abort()
        self._console.line("dialogue aborted")

    def _await_screen(self) -> None:
        """Through a pipe the next step comes at once; a person would read the screen first."""
        if not self._awaited.wait_for(_USSD, self._answer_wait_s):
            self._awaited.forget(_USSD)

    def _asking(self, sender: str, ask: Callable[[], _T]) -> _T:
        """Do something that ``sender`` is to answer; a failure takes the expectation back."""
        self._awaited.expect(sender)
        try:
            answer = ask()
        except BaseException:
            self._awaited.arrived(sender)
            raise
        return answer

    def on_the_phone(self, name: str, rest: str) -> None:
        """Carry out a word of calls. Raises HandsetError."""
        word = CALL_WORDS[name]
        if not word.understands(rest.strip()):
            raise _usage(name)
        self._handset.check_radio()
        word.carry_out(self._calls, rest.strip())

    def switch(self, name: str, rest: str) -> None:
        """Change what the handset takes or asks for. Raises HandsetError for what it does not understand."""
        now = SWITCHES[name].turn(self._handset, " ".join(rest.split()))
        if now is None:
            raise _usage(name)
        if name != "coverage":
            self._console.line(f"{name}: {now}")
        elif self._handset.condition.in_coverage and self._handset.is_on:
            self._be_reachable(f"{name}: {now}")
        else:
            self._calls.drop()
            self._console.line(f"{name}: {now}")

    def _read(self, rest: str) -> None:
        match rest.strip():
            case "":
                self._console.line(f"acknowledgements sent: {self._handset.read()}")
            case "auto" | "manual" as how:
                self._handset.reads_at_once = how == "auto"
                self._console.line(f"read: {how}")
            case _:
                raise _usage("read")

    def _list_sent(self, rest: str) -> None:
        _nothing("sent", rest)
        self._console.line("\n".join(map(_sent_line, self._handset.sent)) or "nothing was sent")

    def _list_inbox(self, rest: str) -> None:
        _nothing("inbox", rest)
        self._console.line("\n".join(self._inbox) or "the inbox is empty")

    def _switch_on(self, rest: str = "") -> None:
        _nothing("on", rest)
        self._handset.switch_on()
        is_on = f"{self._handset.msisdn} is on ({self._target.address})"
        self._be_reachable(is_on, "; help lists the commands")

    def _be_reachable(self, what: str, hint: str = "") -> None:
        """Have a voice channel, and print what was done, before anything that comes over the channel.

        All in one line: who wants SMS only need not read more.
        """

        def announce(silent: str) -> None:
            self._console.line(f"{what}{silent and f' but cannot call ({silent})'}{hint}")

        if self._handset.condition.in_coverage:
            self._calls.switch_on(announce)
        else:
            announce("out of coverage")

    def _switch_off(self, rest: str) -> None:
        _nothing("off", rest)
        self._calls.switch_off()
        self._handset.switch_off()
        self._console.line(f"{self._handset.msisdn} is off")

    def _help(self, rest: str) -> None:
        _nothing("help", rest)
        width = max(len(command.usage) for command in PlainHandset.COMMANDS.values())
        self._console.line(
            "\n".join(
                f"{command.usage:<{width}}  {command.purpose}" for command in PlainHandset.COMMANDS.values()
            )
        )

    def _quit(self, rest: str) -> None:
        _nothing("quit", rest)
        self._quitting = True

    def _say(self, text: str) -> None:
        self._console.line(f"{self._now():%H:%M:%S} {text}")

    def _on_event(self, event: Event) -> None:
        time = f"{self._now():%H:%M:%S}"
        match event:
            case IncomingSms():
                self._show_sms(time, event)
            case MarkChanged(_, _, mark):
                self._console.line(f"{time} {indented(mark_line(event))}")
                if mark.is_final:
                    self._awaited.arrived(_RECEIPT)
            case UssdScreen(text, wants_answer):
                hint = "\n    (reply with: answer TEXT, or abort)" if wants_answer else ""
                self._console.line(f"{time} USSD: {indented(text)}{hint}")
                self._awaited.arrived(_USSD)
            case UssdNotice(text):
                self._console.line(f"{time} USSD notice: {indented(text)}")
            case LinkDown(reason):
                self._console.line(f"{time} out of coverage: {reason}; trying to come back")
            case LinkUp():
                self._console.line(f"{time} in coverage again")

    def _show_sms(self, time: str, sms: IncomingSms) -> None:
        line = f"{time} {indented(headline(sms))}: {indented(sms.text)}"
        if not sms.flash:
            self._inbox.append(line)
        hint = "\n    (its sender wants to know that it was read: read)" if sms.wants_reading else ""
        self._console.line(line + hint)
        self._awaited.arrived(sms.source)

    COMMANDS: ClassVar[dict[str, _Command]] = {
        "sms": _Command("sms NUMBER TEXT", "send a message: sms 9393 1234567890123", _sms),
        "dial": _Command("dial CODE", "dial a USSD code: dial *100#", _dial),
        "answer": _Command("answer TEXT", "answer the USSD screen: answer 1", _answer),
        "abort": _Command("abort", "end the USSD dialogue", _abort),
        **{name: _Command(each.usage, each.purpose, _calling(name)) for name, each in CALL_WORDS.items()},
        "inbox": _Command("inbox", "the messages received so far", _list_inbox),
        "sent": _Command("sent", "the messages sent so far, with what receipts said of them", _list_sent),
        "read": _Command("read [auto|manual]", "tell senders that want to know that you have read", _read),
        **{name: _Command(each.usage, each.purpose, _switching(name)) for name, each in SWITCHES.items()},
        "off": _Command("off", "switch off: messages wait in the network", _switch_off),
        "on": _Command("on", "switch on again", _switch_on),
        "help": _Command("help", "this list", _help),
        "quit": _Command("quit", "switch off and leave", _quit),
    }


def _command(name: str) -> _Command:
    command = PlainHandset.COMMANDS.get(name.lower())
    if command is None:
        near = get_close_matches(name.lower(), PlainHandset.COMMANDS, n=1)
        hint = (
            f"did you mean: {PlainHandset.COMMANDS[near[0]].usage}"
            if near
            else f"there are: {', '.join(PlainHandset.COMMANDS)}"
        )
        raise _Usage(f"no such command; {hint}")
    return command


def _usage(name: str) -> _Usage:
    command = PlainHandset.COMMANDS[name]
    return _Usage(f"write it like this: {command.usage} ({command.purpose})")


def _nothing(name: str, rest: str) -> None:
    if rest.strip():
        raise _usage(name)


def _sent_line(message: SentMessage) -> str:
    return f"{message.number} to {message.to} [{message.mark.name.lower()}]: {one_line(message.text)}"
