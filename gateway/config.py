"""The configuration as the gateway uses it: frozen, complete, checked. ``gateway.settings`` reads it.

Names end in their unit (``_s`` seconds, ``_max`` the largest number allowed).
"""

from collections.abc import Mapping
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


#: The gateway's own account, for what the control API has handsets send; made at each start (gateway.radio).
RADIO = "radio"


class LogFormat(StrEnum):
    """How log lines look; AUTO is text on a terminal, else JSON."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class Septets(StrEnum):
    """GSM 7-bit text in an account's short_message: an octet a character, or packed (TS 23.038)."""

    UNPACKED = "unpacked"
    PACKED = "packed"


class DefaultAlphabet(StrEnum):
    """What data_coding 0 means to an account, "SMSC default alphabet" in SMPP 3.4 section 5.2.19."""

    GSM7 = "gsm7"
    LATIN1 = "latin1"
    IA5 = "ia5"


class LongMessages(StrEnum):
    """How an application gets a long message: as the parts that came, or joined in one message_payload."""

    PARTS = "parts"
    PAYLOAD = "payload"


class DeliverWith(StrEnum):
    """The operation that brings messages and receipts to an application."""

    DELIVER_SM = "deliver_sm"
    DATA_SM = "data_sm"


class ReceiptOrder(StrEnum):
    """In which order receipts go that become due together."""

    SUBMITTED = "submitted"
    REVERSED = "reversed"
    SHUFFLED = "shuffled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One SMPP account (interfaces.md "SMPP").

    ``address_range`` limits what a handset-side bind may ever serve: a POSIX-style pattern on the canonical
    MSISDN, empty for all. ``short_codes``, ``ussd_codes`` (without the closing ``#``: ``*500``) and
    ``sender_ids`` (names such as ``MyBank``) are what an application owns. ``window`` is the most requests
    in flight, each way, on one bind; ``messages_per_s`` 0 means no limit.

    Either ``password`` or ``password_hash`` (an argon2 hash) is set. ``allowed_hosts`` are addresses and
    networks (``10.0.0.0/8``) that may bind, none meaning all; ``client_certificates`` SHA-256 fingerprints in
    hex, one of which the client's certificate must have. ``outbind`` is ``host:port`` of an application that
    listens (SMPP 3.4 section 4.1.7); ``outbind_password`` tells it that we are who we say.

    ``receipt_format`` names a row of ``gateway.receipts.FORMATS``, ``receipt_delay_s`` is operator time.
    ``ussd_dialect`` names one of ``gateway.ussd_dialects.DIALECTS``.
    """

    system_id: str
    password: Secret
    side: Side
    password_hash: str = field(default="", repr=False)
    allowed_hosts: tuple[str, ...] = ()
    tls_required: bool = False
    client_certificates: tuple[str, ...] = ()
    outbind: str = ""
    outbind_password: Secret = field(default_factory=lambda: Secret(""))
    address_range: str = ""
    short_codes: tuple[str, ...] = ()
    ussd_codes: tuple[str, ...] = ()
    sender_ids: tuple[str, ...] = ()
    binds_max: int = 64
    window: int = 256
    messages_per_s: int = 0
    septets: Septets = Septets.UNPACKED
    default_alphabet: DefaultAlphabet = DefaultAlphabet.GSM7
    long_messages: LongMessages = LongMessages.PARTS
    deliver_with: DeliverWith = DeliverWith.DELIVER_SM
    receipt_format: str = "standard"
    receipt_delay_s: float = 0.0
    receipt_order: ReceiptOrder = ReceiptOrder.SUBMITTED
    ussd_dialect: str = "standard"

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
    ``connections_max`` SMPP connections may be open; a PDU may have ``pdu_octets_max`` octets, a capture file
    ``capture_mib_max`` times 2**20.
    """

    queue_max: int = 10_000
    batch_max: int = 256
    connections_max: int = 12_000
    pdu_octets_max: int = 70_000
    capture_mib_max: int = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """SMPP over TLS on a port of its own. ``client_ca`` is the authority that signs clients' certificates."""

    certificate: Path
    private_key: Path
    client_ca: Path | None = None
    port: int = 3550


@dataclass(frozen=True, slots=True, kw_only=True)
class UssdHttp:
    """A USSD application that is reached over HTTP (gateway.ussd_http).

    ``name`` is its system_id, ``codes`` what it owns without the closing ``#``. The URL may hold a token, so
    it is shown nowhere.
    """

    name: str
    url: str = field(repr=False)
    codes: tuple[str, ...]
    timeout_s: float = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The server that takes the letters of the outbox mail (gateway.mail_post), and who they come from.

    Without ``user`` nobody asks for a password. ``starttls`` True: encrypted, or not at all (RFC 3207).
    """

    host: str
    port: int = 25
    sender: str
    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    starttls: bool = False


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
    capture_file: Path | None = None
    demo_data: bool = False
    demo: bool = False
    emulator: bool = True
    profile: str = "kz"
    log_format: LogFormat = LogFormat.AUTO
    log_level: str = "info"
    api_token: Secret | None = None
    timers: Timers = field(default_factory=Timers)
    limits: Limits = field(default_factory=Limits)
    tls: Tls | None = None
    ussd_http: tuple[UssdHttp, ...] = ()
    #: None: letters stay in the outbox mail.
    mail: MailServer | None = None
    #: Names for submit_multi (SMPP 3.4 section 5.2.27), each with the MSISDNs behind it.
    distribution_lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Texts for sm_default_msg_id (SMPP 3.4 section 5.2.20), by number.
    default_messages: Mapping[int, str] = field(default_factory=dict)

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
