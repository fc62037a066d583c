"""Operator data from ``profiles/``: which code leads to which service, prefixes, voucher rules."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from handlers.base.payment_channels import PaymentChannel, read_channels
from rating.money import TIYN_PER_TENGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One operator, as read from a profile file (checked when it is loaded).

    ``sms_services`` maps a short code to a service name, ``ussd_services`` a service code without its
    closing ``#`` (``*110``) likewise. ``prefixes`` are the three-digit codes after ``7`` that are on-net.
    ``voucher_wrong_codes_max`` wrong codes within ``voucher_wrong_window_s`` lock voucher entry for
    ``voucher_lock_s``. Times ending in ``_s`` are seconds.
    The simulated bank answers an order after ``bank_answer_s[0]`` to ``bank_answer_s[1]``; an answer that is
    not there after ``bank_answer_timeout_s`` is overdue. A subscriber's cards pay at most
    ``bank_daily_limit_tiyn`` in a calendar day, and what a shop has authorised and not taken is free again
    after ``bank_authorisation_s``.
    ``channels`` are the ways to pay by their names; one payment is of ``payment_max_tiyn`` at most.
    AutoPay runs at ``autopay_hour`` o'clock, pays ``autopay_min_tiyn`` to ``autopay_max_tiyn`` each time, for
    at most ``autopay_rules_max`` rules of a payer. What failed is tried again after ``autopay_retry_s``, and
    ``autopay_failures_max`` failures in a row pause a rule.
    """

    name: str
    timezone: str
    country_code: str
    prefixes: frozenset[str]
    sms_services: Mapping[str, str]
    ussd_services: Mapping[str, str]
    voucher_face_values_tiyn: tuple[int, ...]
    voucher_code_digits: int
    voucher_validity_days: int
    voucher_wrong_codes_max: int
    voucher_lock_s: int
    sms_validity_s: int
    ussd_dialogue_s: int
    voucher_wrong_window_s: int = 3600
    postpaid_credit_limit_tiyn: int = 0
    bank_answer_s: tuple[int, int] = (3, 5)
    bank_answer_timeout_s: int = 60
    bank_daily_limit_tiyn: int = 200_000 * TIYN_PER_TENGE
    bank_authorisation_s: int = 7 * 86_400
    channels: Mapping[str, PaymentChannel] = field(default_factory=dict)
    payment_max_tiyn: int = 1_000_000 * TIYN_PER_TENGE
    autopay_hour: int = 10
    autopay_min_tiyn: int = 100 * TIYN_PER_TENGE
    autopay_max_tiyn: int = 50_000 * TIYN_PER_TENGE
    autopay_rules_max: int = 10
    autopay_retry_s: int = 3600
    autopay_failures_max: int = 3

    def sms_code_of(self, service: str) -> str:
        """The first short code that leads to the service: who its own messages come from. ``""`` if none."""
        return next((code for code, name in self.sms_services.items() if name == service), "")


class ProfileError(Exception):
    """A profile cannot be used. ``problems`` has all that is wrong with it, and the message too."""

    def __init__(self, name: str, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(f"profile {name}: {problem}" for problem in problems))
        self.problems = problems


def load_profile(name: str) -> Profile:
    """Read ``profiles/NAME.toml``. Raises ProfileError with every problem at once."""
    file = resources.files("profiles") / f"{name}.toml"
    if not name.isidentifier() or not file.is_file():
        raise ProfileError(
            name, (f"there is no profile of that name; there are {', '.join(profile_names())}",)
        )
    return parse_profile(name, file.read_text("utf-8"))


def profile_names() -> tuple[str, ...]:
    """The profiles that come with the package."""
    files = resources.files("profiles").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def parse_profile(name: str, text: str) -> Profile:
    """Check and build a profile from its TOML. Raises ProfileError with every problem at once."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(name, (f"not valid TOML: {error}",)) from None
    problems: list[str] = []
    values = _fields(data, problems)
    sms, ussd = _codes(data.pop("services", None), problems)
    channels = read_channels(data.pop("channels", None), problems)
    problems += [f"unknown key {key}" for key in _leaves(data) if key not in _FIELDS]
    if problems:
        raise ProfileError(name, tuple(problems))
    # Each value was checked by the row of its field.
    return Profile(name=name, sms_services=sms, ussd_services=ussd, channels=channels, **values)  # type: ignore[arg-type]


_Read = Callable[[object], object]


def _whole(least: int, most: int) -> _Read:
    def read(value: object) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return value

    return read


def _digits(count: int) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, str) and len(value) == count and value.isascii() and value.isdigit()
    )


def _read_timezone(value: object) -> str:
    try:
        return ZoneInfo(value).key if isinstance(value, str) else ""
    except (KeyError, ValueError, OSError):
        raise ValueError("must be a time zone like Asia/Almaty") from None


def _read_country(value: object) -> str:
    if not _digits(1)(value):
        raise ValueError('must be one digit, like "7"')
    return str(value)


def _read_prefixes(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not value or not all(map(_digits(3), value)):
        raise ValueError('must be a list of three-digit codes, like ["701"]')
    if len(set(value)) != len(value):
        raise ValueError("names a prefix twice")
    return frozenset(value)


def _read_amounts(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not value or any(type(v) is not int or v <= 0 for v in value):
        raise ValueError("must be a list of whole amounts in KZT above zero")
    if sorted(set(value)) != value:
        raise ValueError("must rise, and have each amount once")
    return tuple(amount * TIYN_PER_TENGE for amount in value)


def _read_amount(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("must be a whole amount in KZT, zero or more")
    return value * TIYN_PER_TENGE


def _read_span(value: object) -> tuple[int, int]:
    if (
        not isinstance(value, list)
        or len(value) != 2
        or any(type(each) is not int or not 0 <= each <= _DAY_S for each in value)
        or value[0] > value[1]
    ):
        raise ValueError("must be two whole numbers of seconds that do not fall, like [3, 5]")
    return value[0], value[1]


_DAY_S: Final = 86_400
#: Key in the file -> (field of Profile, how it is read).
_FIELDS: Final[Mapping[str, tuple[str, _Read]]] = MappingProxyType(
    {
        "timezone": ("timezone", _read_timezone),
        "country_code": ("country_code", _read_country),
        "prefixes": ("prefixes", _read_prefixes),
        "vouchers.face_values_kzt": ("voucher_face_values_tiyn", _read_amounts),
        "vouchers.code_digits": ("voucher_code_digits", _whole(8, 20)),
        "vouchers.validity_days": ("voucher_validity_days", _whole(1, 3650)),
        "vouchers.wrong_codes_max": ("voucher_wrong_codes_max", _whole(1, 100)),
        "vouchers.wrong_window_s": ("voucher_wrong_window_s", _whole(1, _DAY_S)),
        "vouchers.lock_s": ("voucher_lock_s", _whole(1, 30 * _DAY_S)),
        "subscribers.postpaid_credit_limit_kzt": ("postpaid_credit_limit_tiyn", _read_amount),
        "bank.answer_s": ("bank_answer_s", _read_span),
        "bank.answer_timeout_s": ("bank_answer_timeout_s", _whole(1, _DAY_S)),
        "bank.daily_limit_kzt": ("bank_daily_limit_tiyn", _read_amount),
        "bank.authorisation_s": ("bank_authorisation_s", _whole(1, 30 * _DAY_S)),
        "payments.amount_max_kzt": ("payment_max_tiyn", _read_amount),
        "autopay.hour": ("autopay_hour", _whole(0, 23)),
        "autopay.amount_min_kzt": ("autopay_min_tiyn", _read_amount),
        "autopay.amount_max_kzt": ("autopay_max_tiyn", _read_amount),
        "autopay.rules_max": ("autopay_rules_max", _whole(1, 97)),
        "autopay.retry_s": ("autopay_retry_s", _whole(1, _DAY_S)),
        "autopay.failures_max": ("autopay_failures_max", _whole(1, 100)),
        "messages.sms_validity_s": ("sms_validity_s", _whole(60, 30 * _DAY_S)),
        "messages.ussd_dialogue_s": ("ussd_dialogue_s", _whole(1, 600)),
    }
)


def _leaves(data: Mapping[str, object], above: str = "") -> list[str]:
    found: list[str] = []
    for key, value in data.items():
        found += _leaves(value, f"{above}{key}.") if isinstance(value, dict) else [above + key]
    return found


def _fields(data: Mapping[str, object], problems: list[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, (name, read) in _FIELDS.items():
        section, _, last = key.rpartition(".")
        table = data.get(section, {}) if section else data
        if not isinstance(table, dict) or last not in table:
            problems.append(f"{key} is missing")
            continue
        try:
            values[name] = read(table[last])
        except ValueError as error:
            problems.append(f"{key} {error}")
    return values


_CODE_FORMS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = MappingProxyType(
    {
        # Up to six digits, so that a short code can never be a subscriber's number.
        "sms": (lambda code: 3 <= len(code) <= 6 and code.isascii() and code.isdigit(), '"9393"'),
        "ussd": (
            lambda code: (
                code[:1] == "*" and all(part.isascii() and part.isdigit() for part in code[1:].split("*"))
            ),
            '"*110", without the closing #',
        ),
    }
)


def _codes(services: object, problems: list[str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Codes to service names. A code that is there twice is ambiguous, and refused."""
    tables: dict[str, dict[str, str]] = {bearer: {} for bearer in _CODE_FORMS}
    if not isinstance(services, dict) or not services:
        problems.append("services is missing")
        services = {}
    for name, bearers in services.items():
        if not isinstance(bearers, dict) or not all(isinstance(codes, list) for codes in bearers.values()):
            problems.append(f'services.{name} must be like sms = ["9393"], ussd = ["*110"]')
            continue
        problems += [f"unknown key services.{name}.{key}" for key in bearers if key not in _CODE_FORMS]
        for bearer, table in tables.items():
            problems += _take_codes(table, bearer, name, bearers.get(bearer, []))
    return MappingProxyType(tables["sms"]), MappingProxyType(tables["ussd"])


def _take_codes(table: dict[str, str], bearer: str, name: str, codes: list[object]) -> list[str]:
    is_form, example = _CODE_FORMS[bearer]
    problems = []
    for code in codes:
        if not isinstance(code, str) or not is_form(code):
            problems.append(f"services.{name}.{bearer}: {code!r} is no code; write it like {example}")
        elif code in table:
            problems.append(f"{code} leads to {table[code]} and to {name}; give it to one of them")
        else:
            table[code] = name
    return problems
