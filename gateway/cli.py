"""The command line: ``shortcode``. Everything heavy is imported by the command that needs it.

Exit codes: 0 done, 1 a check failed, 2 wrong use, wrong configuration or an environment that will not do.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gateway.commands import CommandGroup
from gateway.config import ConfigError, LogFormat, StartError

EXIT_FAILED = 1
EXIT_USAGE = 2

_BENCHMARKS = ("ledger", "smpp", "smsc", "binds", "ussd", "bank", "voice", "parking", "all")

_EPILOG = "Exit codes: 0 done · 1 a check failed · 2 wrong use, configuration or environment."

app = typer.Typer(
    name="shortcode",
    cls=CommandGroup,
    help="An operator in a box for SMS and USSD short codes.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # locals may hold passwords and voucher codes
    rich_markup_mode=None,
)
database = typer.Typer(help="The database: migrations and invariants.", no_args_is_help=True, epilog=_EPILOG)
app.add_typer(database, name="db")

SmppHost = Annotated[str | None, typer.Option(help="Address to listen on for SMPP.", show_default=False)]
SmppPort = Annotated[
    int | None, typer.Option(help="SMPP port; 0 takes a free one. [2775]", show_default=False)
]
HttpHost = Annotated[str | None, typer.Option(help="Address to listen on for HTTP.", show_default=False)]
HttpPort = Annotated[
    int | None, typer.Option(help="HTTP port; 0 takes a free one. [8080]", show_default=False)
]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Embedded database and keys. [~/.local/share/shortcode]", show_default=False),
]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="postgresql://... instead of the embedded database.", show_default=False)
]
PortsFile = Annotated[
    Path | None, typer.Option(help='Write {"smpp": n, "http": n} here once listening.', show_default=False)
]
CaptureFile = Annotated[
    Path | None,
    typer.Option("--capture", help="Write every PDU here, for Wireshark (pcap).", show_default=False),
]
DemoData = Annotated[bool, typer.Option("--demo-data", help="Demo subscribers, accounts and vouchers.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="Settings in TOML. [shortcode.toml if there]", show_default=False),
]
Format = Annotated[LogFormat | None, typer.Option(help="Form of log lines. [auto]", show_default=False)]
Wait = Annotated[str, typer.Option(help="How long to wait: 10s, 500ms, 1m.")]
JsonFile = Annotated[
    Path | None, typer.Option("--json", help="Write the figures here too.", show_default=False)
]


def main() -> None:
    """The console script."""
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 (only this option needs it)

        typer.echo(f"shortcode {version('shortcode-emulator')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command(epilog=_EPILOG)
def serve(
    *,
    smpp_host: SmppHost = None,
    smpp_port: SmppPort = None,
    http_host: HttpHost = None,
    http_port: HttpPort = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    ports_file: PortsFile = None,
    capture_file: CaptureFile = None,
    demo_data: DemoData = False,
    config: ConfigFile = None,
    log_format: Format = None,
) -> None:
    """The gateway: SMPP and the control API. SIGTERM and Ctrl-C stop it cleanly.

    Settings come from flags, then SHORTCODE_* variables, then shortcode.toml.
    """
    _serve(locals() | {"demo_data": demo_data or None}, config, demo=False)


@app.command(epilog=_EPILOG)
def demo(
    *,
    smpp_host: SmppHost = None,
    smpp_port: SmppPort = None,
    http_host: HttpHost = None,
    http_port: HttpPort = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    ports_file: PortsFile = None,
    capture_file: CaptureFile = None,
    demo_data: DemoData = True,
    config: ConfigFile = None,
    log_format: Format = None,
) -> None:
    """Serve with demo data, handsets and a banner."""
    _serve(locals(), config, demo=True)


@app.command(epilog=_EPILOG)
def ready(
    wait: Wait = "0s",
    url: Annotated[str | None, typer.Option(help="Where the API is.", show_default=False)] = None,
    ports_file: Annotated[
        Path | None, typer.Option(help="The ports file that serve has written.", show_default=False)
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Wait until the gateway answers: exit 0, else 1.

    A health check without curl; --wait 0s looks once.
    """
    from gateway.ready import wait_until_ready  # noqa: PLC0415 (see the module's docstring)

    def check() -> int:
        return wait_until_ready(wait, url=url, ports_file=ports_file, config=config, say=typer.echo)

    raise typer.Exit(_guarded(check))


@app.command("hash-password", epilog=_EPILOG)
def hash_password() -> None:
    """Print the hash of a password, for an account's password_hash.

    Asks for the password; through a pipe it is the first line.
    """
    from gateway.passwords import InvalidPassword  # noqa: PLC0415 (see the module's docstring)
    from gateway.passwords import hash_password as hash_of  # noqa: PLC0415

    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        typer.echo(hash_of(password))
    except InvalidPassword as error:
        _fail(str(error))


@database.command("upgrade", epilog=_EPILOG)
def upgrade(data_dir: DataDir = None, database_url: DatabaseUrl = None, config: ConfigFile = None) -> None:
    """Bring the database to this version's form. `serve` does so by itself for the embedded one."""
    from gateway.database import upgrade_database  # noqa: PLC0415 (see the module's docstring)

    flags = {"data_dir": data_dir, "database_url": database_url}
    raise typer.Exit(_guarded(lambda: upgrade_database(flags, config, typer.echo)))


@database.command("check", epilog=_EPILOG)
def check_database(
    data_dir: DataDir = None, database_url: DatabaseUrl = None, config: ConfigFile = None
) -> None:
    """Check the invariants of ledger and store, a line each; exit 1 if one is broken."""
    from gateway.database import check_invariants  # noqa: PLC0415 (see the module's docstring)

    flags = {"data_dir": data_dir, "database_url": database_url}
    raise typer.Exit(_guarded(lambda: check_invariants(flags, config, typer.echo)))


@app.command(epilog=_EPILOG)
def bench(
    which: Annotated[
        str, typer.Argument(help="ledger, smpp, smsc, binds, ussd, bank, voice, parking or all.")
    ] = "all",
    json_file: JsonFile = None,
    commands_before: Annotated[
        int, typer.Option(min=0, help="ledger: carry out so many commands first, to measure on large tables.")
    ] = 0,
    messages_before: Annotated[
        int, typer.Option(min=0, help="smsc: measure again on a store with so many messages.")
    ] = 0,
    sms_payments: Annotated[
        int, typer.Option(min=0, help="bank: so many payments by SMS; 0 for none.")
    ] = 20_000,
    channel_payments: Annotated[
        int, typer.Option(min=0, help="bank: so many payments of each channel; 0 for none.")
    ] = 25_600,
    rules: Annotated[
        int, typer.Option(min=0, help="bank: so many AutoPay rules due at once; 0 for none.")
    ] = 100_000,
    parking_cycles: Annotated[
        int, typer.Option(min=0, help="parking: so many whole cycles; 0 for none.")
    ] = 20_000,
    parking_day: Annotated[
        int, typer.Option(min=0, help="parking: so many of the 100,000 of a virtual day; 0 for none.")
    ] = 2_000,
    parked: Annotated[
        int, typer.Option(min=0, help="parking: so many that end at one moment; 0 for none.")
    ] = 100_000,
) -> None:
    """The project's benchmarks, as a table and as JSON."""
    if which not in _BENCHMARKS:
        _fail(f"there is no benchmark {which!r}; choose {', '.join(_BENCHMARKS[:-1])} or {_BENCHMARKS[-1]}")
    from gateway.bench.cli import run  # noqa: PLC0415 (see the module's docstring)
    from gateway.bench.sizes import Sizes  # noqa: PLC0415 (see the module's docstring)

    sizes = Sizes(
        commands_before=commands_before,
        messages_before=messages_before,
        sms_payments=sms_payments,
        channel_payments=channel_payments,
        rules=rules,
        parking_cycles=parking_cycles,
        parking_day=parking_day,
        parked=parked,
    )
    raise typer.Exit(_guarded(lambda: run(which, json_file, sizes)))


def _serve(flags: Mapping[str, object], config_file: Path | None, *, demo: bool) -> NoReturn:
    from gateway.settings import load_config  # noqa: PLC0415 (see the module's docstring)

    def run() -> int:
        given = {name: value for name, value in flags.items() if name != "config"}
        config = load_config(given, file=config_file, demo=demo)
        from gateway.app import run as run_gateway  # noqa: PLC0415 (a wrong setting is told at once)
        from gateway.log_stream import GatheringStream  # noqa: PLC0415
        from gateway.logs import configure_logs  # noqa: PLC0415

        configure_logs(config.log_format, config.log_level, GatheringStream(sys.stderr))
        return run_gateway(config)

    raise typer.Exit(_guarded(run))


def _guarded(action: Callable[[], int]) -> int:
    """Run it; what a user can mend becomes a clear line each on standard error, and exit code 2."""
    from gateway.secret_keys import KeyFileError  # noqa: PLC0415 (see the module's docstring)
    from handlers.base.profile import ProfileError  # noqa: PLC0415
    from storage.errors import StoreError  # noqa: PLC0415

    try:
        return action()
    except ConfigError as error:
        _fail(*error.problems)
    except (StartError, StoreError, KeyFileError, ProfileError) as error:
        _fail(str(error))


def _fail(*lines: str) -> NoReturn:
    for line in lines:
        typer.echo(f"shortcode: {line}", err=True)
    raise typer.Exit(EXIT_USAGE)
