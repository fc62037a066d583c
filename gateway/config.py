"""The configuration as the gateway uses it: frozen, complete, checked. ``gateway.settings`` reads it.

Names end in their unit (``_s`` seconds, ``_max`` the largest number allowed).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from handlers.base.command import Secret


class ConfigError(Exception):
    """The configuration cannot be used. ``problems`` has a line each: where it is and what is wrong."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class StartError(Exception):
    """The gateway cannot start here (busy port, unwritable directory); the message is one clear line."""


class Side(StrEnum):
    """What an SMPP account stands for: the radio network, or an external application (ESME)."""

    HANDSET = "handset"
    APPLICATION = "application"


class LogFormat(StrEnum):
    """How log lines look; AUTO is text on a terminal, else JSON."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One SMPP account (interfaces.md "SMPP").

    ``address_range`` limits what a handset-side bind may ever serve: a POSIX-style pattern on the canonical
    MSISDN, empty for all. ``short_codes``, ``ussd_codes`` (without the closing ``#``: ``*500``) and
    ``sender_ids`` (names such as ``MyBank``) are what an application owns. ``window`` is the most requests
    in flight, each way, on one bind; ``messages_per_s`` 0 means no limit.
    """

    system_id: str
    password: Secret
    side: Side
    address_range: str = ""
    short_codes: tuple[str, ...] = ()
    ussd_codes: tuple[str, ...] = ()
    sender_ids: tuple[str, ...] = ()
    binds_max: int = 64
    window: int = 256
    messages_per_s: int = 0

    @property
    def default_source(self) -> str:
        """What an empty source address becomes: the first code, else the first name, else nothing."""
        return next(iter((*self.short_codes, *self.sender_ids)), "")

    def owns(self, source: str) -> bool:
        """True for a source address that the account may send from."""
        return source in self.short_codes or source in self.sender_ids or source in self.ussd_codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """SMPP link timers in real seconds (SMPP 3.4 section 7.2); 0 switches one off."""

    session_init_s: float = 5.0
    enquire_link_s: float = 30.0
    inactivity_s: float = 0.0
    response_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of queues and connections.

    ``queue_max`` commands may wait for the writer, of which ``batch_max`` share one transaction;
    ``connections_max`` SMPP connections may be open; a PDU may have ``pdu_octets_max`` octets.
    """

    queue_max: int = 10_000
    batch_max: int = 256
    connections_max: int = 12_000
    pdu_octets_max: int = 70_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that ``gateway.app.run`` needs to know.

    ``smpp_port`` and ``http_port`` 0 take a free port. ``database_url`` is never empty. ``demo`` is set by
    ``shortcode demo`` only (it implies ``demo_data``): print the banner, start the simulator.
    """

    data_dir: Path
    database_url: str = field(repr=False)
    accounts: tuple[Account, ...]
    smpp_host: str = "127.0.0.1"
    smpp_port: int = 2775
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    ports_file: Path | None = None
    demo_data: bool = False
    demo: bool = False
    emulator: bool = True
    profile: str = "kz"
    log_format: LogFormat = LogFormat.AUTO
    log_level: str = "info"
    api_token: Secret | None = None
    timers: Timers = field(default_factory=Timers)
    limits: Limits = field(default_factory=Limits)

    def account(self, system_id: str) -> Account | None:
        """The account of that name."""
        return next((each for each in self.accounts if each.system_id == system_id), None)


def is_loopback(host: str) -> bool:
    """True for an address that only this machine can reach: ``localhost``, ``127.0.0.0/8``, ``::1``."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


DEMO_ACCOUNTS: tuple[Account, ...] = (
    Account(system_id="handset", password=Secret("handset"), side=Side.HANDSET, binds_max=10_000),
    Account(
        system_id="app1",
        password=Secret("secret1"),
        side=Side.APPLICATION,
        short_codes=("1234",),
        ussd_codes=("*500",),
        sender_ids=("MyBank", "Shortcode"),
    ),
)
