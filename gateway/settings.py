"""Reads the configuration: flags > ``SHORTCODE_*`` environment > ``shortcode.toml`` > defaults.

Everything wrong is reported at once, each line with where the value came from (12-factor III, clig.dev).
In the environment a nested setting is ``SHORTCODE_TIMERS__RESPONSE_S=5`` and ``SHORTCODE_ACCOUNTS`` is JSON.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from gateway.address_range import parse_address_range
from gateway.config import (
    DEMO_ACCOUNTS,
    Account,
    Config,
    ConfigError,
    DefaultAlphabet,
    DeliverWith,
    Limits,
    LogFormat,
    LongMessages,
    MailServer,
    ReceiptOrder,
    Septets,
    Side,
    Timers,
    Tls,
    UssdHttp,
)
from gateway.passwords import check_hash
from gateway.settings_rules import problems_of, repeated_lists
from gateway.settings_values import (
    checked_email,
    checked_endpoint,
    checked_fingerprint,
    checked_host,
    checked_members,
    checked_number,
    checked_receipt_format,
    checked_server,
    checked_url,
    checked_ussd_dialect,
)
from gateway.settings_words import (
    DIGITS,
    LIST_NAME,
    LOG_LEVEL,
    PROFILE,
    SENDER_NAME,
    SYSTEM_ID,
    USSD_CODE,
    place,
    said,
)
from handlers.base.command import Secret

ENV_PREFIX = "SHORTCODE_"
#: Variables of the same prefix that belong to other commands.
OTHER_VARIABLES = frozenset({"SHORTCODE_TARGET", "SHORTCODE_HTTP"})
DEFAULT_FILE = "shortcode.toml"
#: Values that are never repeated in an error, for they may hold a secret.
_NEVER_SHOWN = frozenset(
    {
        *("password", "password_hash", "outbind_password", "api_token", "database_url", "accounts"),
        *("url", "ussd_http", "mail_password"),
    }
)

_TIMERS = Timers()
_LIMITS = Limits()

#: Settings that go into Config as they are.
_SAME = {
    *("smpp_host", "smpp_port", "http_host", "http_port", "ports_file", "capture_file"),
    *("emulator", "profile", "log_format", "log_level"),
}

#: Settings that are tables: in the environment ``SHORTCODE_TABLE__KEY``.
_TABLES = frozenset({"timers", "limits", "tls", "default_messages"})
_SECRETS = frozenset({"password", "password_hash", "outbind_password"})

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=10_000_000)]
Digits = Annotated[str, Field(pattern=DIGITS)]
UssdCode = Annotated[str, Field(pattern=USSD_CODE)]
Text = Annotated[str, Field(min_length=1, max_length=1_000)]
Host = Annotated[str, AfterValidator(checked_host)]
Fingerprint = Annotated[str, AfterValidator(checked_fingerprint)]
Number = Annotated[str, AfterValidator(checked_number)]
ReceiptFormatName = Annotated[str, AfterValidator(checked_receipt_format)]
UssdDialectName = Annotated[str, AfterValidator(checked_ussd_dialect)]
ListName = Annotated[str, Field(pattern=LIST_NAME)]
MessageNumber = Annotated[int, Field(ge=1, le=255)]
SenderName = Annotated[str, Field(pattern=SENDER_NAME)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class AccountSettings(_Strict):
    """``[[accounts]]``. SMPP 3.4 section 5.2: a system_id has at most 15 octets, a password 8."""

    system_id: Annotated[str, Field(pattern=SYSTEM_ID)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=8)] | None = None
    password_hash: SecretStr | None = None
    side: Side
    allowed_hosts: tuple[Host, ...] = ()
    tls_required: bool = False
    client_certificates: tuple[Fingerprint, ...] = ()
    outbind: Annotated[str, AfterValidator(checked_endpoint)] = ""
    outbind_password: Annotated[SecretStr, Field(max_length=8)] = SecretStr("")
    address_range: Annotated[str, Field(max_length=40)] = ""
    short_codes: tuple[Digits, ...] = ()
    ussd_codes: tuple[UssdCode, ...] = ()
    sender_ids: tuple[SenderName, ...] = ()
    binds_max: Count = 64
    window: Annotated[int, Field(ge=1, le=10_000)] = 256
    messages_per_s: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    septets: Septets = Septets.UNPACKED
    default_alphabet: DefaultAlphabet = DefaultAlphabet.GSM7
    long_messages: LongMessages = LongMessages.PARTS
    deliver_with: DeliverWith = DeliverWith.DELIVER_SM
    receipt_format: ReceiptFormatName = "standard"
    receipt_delay_s: Seconds = 0.0
    receipt_order: ReceiptOrder = ReceiptOrder.SUBMITTED
    ussd_dialect: UssdDialectName = "standard"

    @field_validator("password_hash")
    @classmethod
    def _is_hash(cls, text: SecretStr | None) -> SecretStr | None:
        if text is not None:
            check_hash(text.get_secret_value())
        return text

    @field_validator("address_range")
    @classmethod
    def _is_pattern(cls, text: str) -> str:
        parse_address_range(text)
        return text

    def frozen(self) -> Account:
        """The account as the gateway uses it."""
        plain = self.model_dump(exclude={*_SECRETS, "ussd_codes"})
        codes = tuple(code.rstrip("#") for code in self.ussd_codes)
        return Account(
            password=Secret(_revealed(self.password)),
            password_hash=_revealed(self.password_hash),
            outbind_password=Secret(_revealed(self.outbind_password)),
            ussd_codes=codes,
            **plain,
        )


class TimerSettings(_Strict):
    """``[timers]``, in seconds; 0 switches a timer off."""

    session_init_s: Seconds = _TIMERS.session_init_s
    enquire_link_s: Seconds = _TIMERS.enquire_link_s
    inactivity_s: Seconds = _TIMERS.inactivity_s
    response_s: Seconds = _TIMERS.response_s


class LimitSettings(_Strict):
    """``[limits]``: bounds of queues and connections."""

    queue_max: Count = _LIMITS.queue_max
    batch_max: Annotated[int, Field(ge=1, le=10_000)] = _LIMITS.batch_max
    connections_max: Count = _LIMITS.connections_max
    pdu_octets_max: Annotated[int, Field(ge=1_024, le=1_048_576)] = _LIMITS.pdu_octets_max
    capture_mib_max: Annotated[int, Field(ge=1, le=1_048_576)] = _LIMITS.capture_mib_max


class TlsSettings(_Strict):
    """``[tls]``: SMPP over TLS on a port of its own; files in PEM form."""

    certificate: Path
    private_key: Path
    client_ca: Path | None = None
    port: Port = 3550

    def frozen(self) -> Tls:
        """The same as the gateway uses it."""
        return Tls(
            certificate=_absolute(self.certificate),
            private_key=_absolute(self.private_key),
            client_ca=None if self.client_ca is None else _absolute(self.client_ca),
            port=self.port,
        )


class DistributionListSettings(_Strict):
    """``[[distribution_lists]]``: a name for submit_multi (SMPP 3.4 section 5.2.27: at most 20 octets)."""

    name: ListName
    members: Annotated[tuple[Number, ...], AfterValidator(checked_members)]


class UssdHttpSettings(_Strict):
    """``[[ussd_http]]``: a USSD application that is reached over HTTP."""

    name: Annotated[str, Field(pattern=SYSTEM_ID)]
    url: Annotated[str, AfterValidator(checked_url)]
    codes: Annotated[tuple[UssdCode, ...], AfterValidator(checked_members)]
    timeout_s: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = 8.0

    def frozen(self) -> UssdHttp:
        """The same as the gateway uses it."""
        codes = tuple(code.rstrip("#") for code in self.codes)
        return UssdHttp(name=self.name, url=self.url, codes=codes, timeout_s=self.timeout_s)


class Settings(_Strict):
    """All settings of ``serve``, as they are typed."""

    smpp_host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    smpp_port: Port = 2775
    http_host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    http_port: Port = 8080
    data_dir: Path | None = None
    database_url: str = ""
    ports_file: Path | None = None
    capture_file: Path | None = None
    demo_data: bool = False
    emulator: bool = True
    profile: Annotated[str, Field(pattern=PROFILE)] = "kz"
    log_format: LogFormat = LogFormat.AUTO
    log_level: Annotated[str, Field(pattern=LOG_LEVEL)] = "info"
    api_token: SecretStr | None = None
    #: None means the demo's; an empty list means that nobody may bind.
    accounts: tuple[AccountSettings, ...] | None = None
    timers: TimerSettings = TimerSettings()
    limits: LimitSettings = LimitSettings()
    tls: TlsSettings | None = None
    ussd_http: tuple[UssdHttpSettings, ...] = ()
    #: Empty means that no letter leaves.
    mail_host: Annotated[str, AfterValidator(checked_server)] = ""
    mail_port: Annotated[int, Field(ge=1, le=65535)] = 25
    mail_from: Annotated[str, AfterValidator(checked_email)] = "parking@shortcode.example"
    mail_user: Annotated[str, Field(max_length=254)] = ""
    mail_password: SecretStr | None = None
    mail_starttls: bool = False
    distribution_lists: tuple[DistributionListSettings, ...] = ()
    #: By sm_default_msg_id (SMPP 3.4 section 5.2.20).
    default_messages: dict[MessageNumber, Text] = Field(default_factory=dict)

    @field_validator("database_url")
    @classmethod
    def _is_known_database(cls, url: str) -> str:
        if url and not re.match(r"(sqlite|postgres(ql(\+psycopg)?)?)://", url):
            raise ValueError("starts with sqlite:/// or postgresql:// (libpq form)")
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


class _Sources(BaseSettings, Settings):
    """What the sources of pydantic-settings ask for; never made, for that would read the environment."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid")


@dataclass(frozen=True, slots=True)
class _Layer:
    """One place that values come from."""

    name: str
    values: Mapping[str, Any]

    def label(self, loc: tuple[int | str, ...]) -> str:
        """How a person finds the value again: ``--smpp-port``, ``SHORTCODE_SMPP_PORT``, a key of the file."""
        match self.name:
            case "flag":
                return "--" + str(loc[0]).replace("_", "-")
            case "environment":
                nested = [str(part).upper() for part in loc[: 2 if loc[0] in _TABLES else 1]]
                rest = _dotted(loc[len(nested) :])
                return ENV_PREFIX + "__".join(nested) + (f" ({rest})" if rest else "")
        return f"{self.name}: {_dotted(loc)}"


class _Environment(EnvSettingsSource):
    """The environment; text that should be JSON and is not stays text, for validation to report."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except (ValueError, RecursionError):
            return value


def load_config(flags: Mapping[str, object], *, file: Path | None = None, demo: bool = False) -> Config:
    """Read every layer and check the whole; ``flags`` are those that were given (None = not given).

    ``file`` is ``--config``; without it ``shortcode.toml`` in the working directory is read if it is there.
    Raises ConfigError with every problem at once.
    """
    problems: list[str] = []
    layers = [_flags(flags), _environment(problems), *_toml(file, problems)]
    merged: dict[str, Any] = {}
    for layer in reversed(layers):
        merged = _merge(merged, layer.values)
    settings = _validated(merged, layers, problems)
    if settings is None:
        raise ConfigError(tuple(problems))
    config = _frozen(settings, demo)
    problems += [*repeated_lists(each.name for each in settings.distribution_lists), *problems_of(config)]
    if problems:
        raise ConfigError(tuple(problems))
    return config


def _flags(flags: Mapping[str, object]) -> _Layer:
    return _Layer("flag", {name: value for name, value in flags.items() if value is not None})


def _environment(problems: list[str]) -> _Layer:
    for name in sorted(os.environ):
        key = name.removeprefix(ENV_PREFIX).partition("__")[0].lower()
        if name.startswith(ENV_PREFIX) and name not in OTHER_VARIABLES and key not in Settings.model_fields:
            problems.append(f"{name}: unknown setting{_suggestion(key, ENV_PREFIX, upper=True)}")
    return _Layer("environment", _Environment(_Sources, env_ignore_empty=True)())


def _toml(file: Path | None, problems: list[str]) -> list[_Layer]:
    path = file or Path(DEFAULT_FILE)
    if file is None and not path.is_file():
        return []
    try:
        with path.open("rb"):  # the source below skips a missing file silently
            return [_Layer(path.name, TomlConfigSettingsSource(_Sources, path)())]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{path}: not valid TOML: {error}")
    except OSError as error:
        problems.append(f"{path}: cannot be read: {error.strerror}")
    return []


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _validated(merged: Mapping[str, Any], layers: list[_Layer], problems: list[str]) -> Settings | None:
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        problems += [_problem(dict(each), layers) for each in error.errors(include_url=False)]
    return None


def _problem(error: Mapping[str, Any], layers: list[_Layer]) -> str:
    loc = place(error["loc"])
    layer = next((each for each in layers if _holds(each.values, loc)), None)
    where = layer.label(loc) if layer else _dotted(loc)
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown setting{_suggestion(str(loc[-1])) if len(loc) == 1 else ''}"
    return f"{where}: {said(error)}{_shown(loc, error.get('input'))}"


def _holds(values: Any, loc: tuple[int | str, ...]) -> bool:
    """True where the layer has the value, or (for a missing one) the table that lacks it."""
    for depth, part in enumerate(loc):
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return depth > 0 and depth == len(loc) - 1
    return True


def _shown(loc: tuple[int | str, ...], value: object) -> str:
    if loc[-1] in _NEVER_SHOWN or not isinstance(value, str | int | float):
        return ""
    return f" (got {str(value)[:60]!r})"


def _suggestion(key: str, prefix: str = "", *, upper: bool = False) -> str:
    close = difflib.get_close_matches(key, Settings.model_fields, n=1)
    if not close:
        return ""
    return f"; did you mean {prefix}{close[0].upper() if upper else close[0]}?"


def _dotted(loc: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")


def _frozen(settings: Settings, demo: bool) -> Config:
    data_dir = _absolute(settings.data_dir or _default_data_dir())
    token = settings.api_token.get_secret_value() if settings.api_token else ""
    return Config(
        data_dir=data_dir,
        database_url=settings.database_url or f"sqlite:///{data_dir / 'shortcode.db'}",
        accounts=DEMO_ACCOUNTS
        if settings.accounts is None
        else tuple(each.frozen() for each in settings.accounts),
        demo_data=settings.demo_data or demo,
        demo=demo,
        api_token=Secret(token) if token else None,
        timers=Timers(**settings.timers.model_dump()),
        limits=Limits(**settings.limits.model_dump()),
        tls=settings.tls.frozen() if settings.tls is not None else None,
        ussd_http=tuple(each.frozen() for each in settings.ussd_http),
        mail=_mail_server(settings),
        distribution_lists={each.name: each.members for each in settings.distribution_lists},
        default_messages=settings.default_messages,
        **settings.model_dump(include=_SAME),
    )


def _mail_server(settings: Settings) -> MailServer | None:
    if not settings.mail_host:
        return None
    return MailServer(
        host=settings.mail_host,
        port=settings.mail_port,
        sender=settings.mail_from,
        user=settings.mail_user,
        password=Secret(_revealed(settings.mail_password)),
        starttls=settings.mail_starttls,
    )


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _revealed(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base) / "shortcode"
