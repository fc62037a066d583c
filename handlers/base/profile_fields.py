"""The single values of a profile: which key of the file fills which field, and how it is read."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from handlers.base.email_address import is_email
from rating.money import TIYN_PER_TENGE

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
        return ZoneInfo(value if isinstance(value, str) else "").key
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


def _read_calling(value: object) -> str:
    if not isinstance(value, str) or not _CALLING.fullmatch(value):
        raise ValueError('must be digits, with + before them or not, like "+000"')
    return value


def _read_owner_email(value: object) -> str:
    """Of the plate's letters and digits and of fixed ones an address must come out."""
    if not isinstance(value, str) or (value and not is_email(value.replace("{plate}", "123AAA02"))):
        raise ValueError('must be an address like "{plate}@owners.example", or empty')
    return value


_DAY_S: Final = 86_400
_CALLING: Final = re.compile(r"\+?[0-9]{1,15}")
#: Key in the file -> (field of Profile, how it is read).
FIELDS: Final[Mapping[str, tuple[str, _Read]]] = MappingProxyType(
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
        "voice.answer_s": ("voice_answer_s", _whole(1, 600)),
        "voice.prompt_s": ("voice_prompt_s", _whole(1, 600)),
        "voice.name_s": ("voice_name_s", _whole(1, 60)),
        "voice.reconnect_s": ("voice_reconnect_s", _whole(1, 600)),
        "voice.chunk_s": ("voice_chunk_s", _whole(1, 3600)),
        "voice.call_back_from": ("voice_call_back_from", _read_calling),
        "collect_call.list_max": ("collect_list_max", _whole(1, 1000)),
        "collect_call.refused_hour_max": ("collect_refused_hour_max", _whole(1, 1000)),
        "collect_call.refused_day_max": ("collect_refused_day_max", _whole(1, 1000)),
        "collect_call.suspended_s": ("collect_suspended_s", _whole(1, _DAY_S)),
        "bank_phone.amount_min_kzt": ("bank_phone_min_tiyn", _read_amount),
        "bank_phone.wrong_max": ("bank_phone_wrong_max", _whole(1, 100)),
        "bank_phone.lock_s": ("bank_phone_lock_s", _whole(1, 30 * _DAY_S)),
        "parking.hours_max": ("parking_hours_max", _whole(1, 168)),
        "parking.confirm_s": ("parking_confirm_s", _whole(1, _DAY_S)),
        "parking.reminder_s": ("parking_reminder_s", _whole(1, _DAY_S)),
        "parking.grace_s": ("parking_grace_s", _whole(0, _DAY_S)),
        "parking.stay_s": ("parking_stay_s", _whole(1, _DAY_S)),
        "parking.owner_email": ("parking_owner_email", _read_owner_email),
        "messages.sms_validity_s": ("sms_validity_s", _whole(60, 30 * _DAY_S)),
        "messages.ussd_dialogue_s": ("ussd_dialogue_s", _whole(1, 600)),
    }
)


def unknown_keys(data: Mapping[str, object], above: str = "") -> list[str]:
    """Keys that fill no field, as the file has them: ``bank.colour``."""
    found: list[str] = []
    for key, value in data.items():
        name = above + key
        found += unknown_keys(value, f"{name}.") if isinstance(value, dict) else [name]
    return [name for name in found if name not in FIELDS]


def read_fields(data: Mapping[str, object], problems: list[str]) -> dict[str, object]:
    """The fields by their names in Profile. What is wrong or missing is added to ``problems``."""
    values: dict[str, object] = {}
    for key, (name, read) in FIELDS.items():
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
