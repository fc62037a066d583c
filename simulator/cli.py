"""The handset's commands; gateway.cli finds them by entry point (group ``shortcode.commands``)."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from threading import Event
from typing import Annotated

import typer

from simulator.console import Console
from simulator.errors import HandsetError
from simulator.events import Event as HandsetEvent
from simulator.events import IncomingSms, LinkDown, LinkUp, MarkChanged, UssdNotice, UssdScreen
from simulator.handset import Handset
from simulator.number import own_number
from simulator.plain import PlainHandset
from simulator.signals import interruptible
from simulator.target import DEFAULT_HTTP_PORT, DEFAULT_TARGET, Target, VoiceTarget
from simulator.visible import one_line
from simulator.wording import headline, mark_line

#: Wrong use or an environment that is not as needed: no gateway, wrong password, wrong number.
EXIT_USAGE = 2

TargetOption = Annotated[
    str,
    typer.Option(
        "--target",
        envvar="SHORTCODE_TARGET",
        # The value holds a password; it is never shown.
        show_default=False,
        show_envvar=True,
        metavar="smpp://USER:PASSWORD@HOST:PORT",
        help="The gateway's handset account. Default: the demo's, on 127.0.0.1:2775. "
        "Prefer the environment variable: a command line can be seen by others.",
    ),
]

HttpOption = Annotated[
    str | None,
    typer.Option(
        "--http",
        envvar="SHORTCODE_HTTP",
        show_default=False,
        show_envvar=True,
        metavar="http://HOST:PORT",
        help=f"The gateway's HTTP port, for calls. Default: the target's host, port {DEFAULT_HTTP_PORT}. "
        "A token is taken from SHORTCODE_API_TOKEN.",
    ),
]


def handset(
    msisdn: Annotated[str, typer.Argument(metavar="MSISDN", help="The handset's number, as 77011234567.")],
    plain: Annotated[bool, typer.Option("--plain", help="Line mode, also for pipes.")] = False,
    target: TargetOption = DEFAULT_TARGET,
    http: HttpOption = None,
) -> None:
    """A handset in the terminal: SMS and USSD over SMPP, calls over HTTP (signalling, no audio).

    Exit code 0 at the end of the input or after quit, 2 when the handset cannot be switched on.
    """
    console = Console(sys.stdin, sys.stdout, sys.stderr)
    if not plain and console.is_interactive:
        console.problem("the full-screen handset is not built yet; this is the line mode (--plain)")
    with _one_clear_line(console), interruptible():
        where = Target.parse(target)
        PlainHandset(msisdn, where, console, _now, voice=_voice(http, where)).run()


def phones(
    msisdns: Annotated[list[str], typer.Argument(metavar="MSISDN...", help="Numbers to keep switched on.")],
    target: TargetOption = DEFAULT_TARGET,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print problems only.")] = False,
    until_eof: Annotated[
        bool, typer.Option("--until-eof", help="End with standard input: for a program that starts them.")
    ] = False,
) -> None:
    """Keep several handsets switched on and print what arrives, one line per message.

    Ends with Ctrl-C or SIGTERM. Exit code 2 when a handset cannot be switched on.
    """
    console = Console(sys.stdin, sys.stdout, sys.stderr)
    with _one_clear_line(console), interruptible():
        numbers = dict.fromkeys(own_number(number) for number in msisdns)
        where = Target.parse(target)
        switched = [
            # What is printed here is read: there is no hand to say so.
            Handset(number, where, _Printer(number, console, quiet=quiet), reads_at_once=True)
            for number in numbers
        ]
        with ExitStack() as stack:
            stack.callback(_switch_off, switched)
            for phone in switched:
                phone.switch_on()
            if not quiet:
                console.line(f"{len(switched)} handsets are on ({where.address}): {', '.join(numbers)}")
            if until_eof:
                # Also when that program was killed and could not say goodbye.
                sys.stdin.read()
            else:
                # Nothing sets it: a signal ends the wait.
                Event().wait()


def _voice(http: str | None, beside: Target) -> VoiceTarget:
    """The token is not on the command line, which can be seen by others."""
    token = os.environ.get("SHORTCODE_API_TOKEN", "")
    return VoiceTarget(beside.host, token=token) if http is None else VoiceTarget.parse(http, token)


def _switch_off(switched: list[Handset]) -> None:
    """All at once: one gateway that hangs must cost its time-out once, not once for each handset."""
    with ThreadPoolExecutor(len(switched)) as pool:
        list(pool.map(Handset.switch_off, switched))


class _Printer:
    """Prints one handset's events, one line each."""

    def __init__(self, number: str, console: Console, *, quiet: bool) -> None:
        self._number = number
        self._console = console
        self._quiet = quiet

    def __call__(self, event: HandsetEvent) -> None:
        what = _what(event)
        line = f"{_now():%H:%M:%S} {self._number} {what}"
        if isinstance(event, LinkDown):
            self._console.problem(line)
        elif not self._quiet:
            self._console.line(line)


def _what(event: HandsetEvent) -> str:
    match event:
        case IncomingSms(_, text):
            return f"{one_line(headline(event))}: {one_line(text)}"
        case MarkChanged():
            return one_line(mark_line(event))
        case UssdScreen(text, wants_answer):
            return f"USSD{' (wants an answer)' if wants_answer else ''}: {one_line(text)}"
        case UssdNotice(text):
            return f"USSD notice: {one_line(text)}"
        case LinkDown(reason):
            return f"out of coverage: {reason}; trying to come back"
        case LinkUp():
            return "in coverage again"


def _now() -> datetime:
    return datetime.now().astimezone()


@contextmanager
def _one_clear_line(console: Console) -> Iterator[None]:
    """What the user can mend is said in one line, without a traceback; Ctrl-C is a normal way to end."""
    try:
        yield
    except HandsetError as fault:
        console.problem(f"error: {fault}")
        raise typer.Exit(EXIT_USAGE) from None
    except KeyboardInterrupt:
        raise typer.Exit from None


def main() -> None:
    """The command line of ``python -m simulator``."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False, add_completion=False)
    app.command()(handset)
    app.command()(phones)
    app()
