"""The prices of a profile: tariffs and VAT, as dated data (decision 0032)."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from rating.money import TIYN_PER_TENGE
from rating.tariff import Tariff, TariffVersion
from rating.vat import VatRate

#: What services charge by: without them a call could not be priced.
TARIFFS_NEEDED: Final = ("collect_call", "collect_call_friends")
_US_PER_S: Final = 1_000_000
_PRICE_MAX_KZT: Final = 100_000
_VERSION: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,15}")
Read = Callable[[object], object]


def read_tariffs(data: object, timezone: object, problems: list[str]) -> Mapping[str, Tariff]:
    """The tables ``tariffs`` of a profile; a day begins at midnight in ``timezone``.

    What is wrong with them is added to ``problems``.
    """
    if not isinstance(data, dict) or not data:
        problems.append("tariffs is missing")
        return MappingProxyType({})
    problems += [f"tariffs.{name} is missing" for name in TARIFFS_NEEDED if name not in data]
    midnight = midnight_in(timezone)
    found = (_tariff(name, rows, midnight, problems) for name, rows in data.items())
    return MappingProxyType({tariff.name: tariff for tariff in found if tariff is not None})


def read_vat(data: object, timezone: object, problems: list[str]) -> tuple[VatRate, ...]:
    """The tables ``vat`` of a profile, oldest first, likewise."""
    if not isinstance(data, list) or not data:
        problems.append("vat is missing")
        return ()
    rows = read_rows("vat", data, _VAT_KEYS, problems)
    midnight = midnight_in(timezone)
    # Each value was checked by the row of its key.
    rates = tuple(VatRate(midnight(row["from"]), row["percent"]) for row in rows)  # type: ignore[arg-type]
    if not rises(each.from_us for each in rates):
        problems.append("vat must rise: each rate from a later day than the one before")
    return rates


def _tariff(name: str, data: object, midnight: Callable[[object], int], problems: list[str]) -> Tariff | None:
    """The tariff, or None with at least one problem more."""
    where = f"tariffs.{name}"
    if not isinstance(data, list) or not data:
        problems.append(f"{where} must be tables of its versions, each under [[{where}]]")
        return None
    rows = read_rows(where, data, _TARIFF_KEYS, problems)
    if len(rows) < len(data):
        return None
    try:
        return Tariff(name, tuple(_version(row, midnight) for row in rows))
    except ValueError as error:
        problems.append(f"{where}: {error}")
        return None


def _version(row: Mapping[str, object], midnight: Callable[[object], int]) -> TariffVersion:
    # Each value was checked by the row of its key.
    return TariffVersion(
        version=row["version"],  # type: ignore[arg-type]
        from_us=midnight(row["from"]),
        per_minute_tiyn=row["per_minute_kzt"],  # type: ignore[arg-type]
        increment_s=row["increment_s"],  # type: ignore[arg-type]
    )


def read_rows(
    where: str, data: list[object], keys: Mapping[str, tuple[Read, object]], problems: list[str]
) -> list[dict[str, object]]:
    """The tables of a list that are right; the others add their problems."""
    rows = []
    for number, table in enumerate(data, 1):
        wrong: list[str] = []
        row = _row(f"{where}[{number}]", table, keys, wrong)
        problems += wrong
        rows += [] if wrong else [row]
    return rows


def _row(
    where: str, table: object, keys: Mapping[str, tuple[Read, object]], wrong: list[str]
) -> dict[str, object]:
    if not isinstance(table, dict):
        wrong.append(f"{where} must be a table of its own")
        return {}
    wrong += [f"unknown key {where}.{key}" for key in table if key not in keys]
    values = {}
    for key, (read, default) in keys.items():
        try:
            values[key] = read(table[key]) if key in table else default
        except ValueError as error:
            wrong.append(f"{where}.{key} {error}")
        if key not in table and default is NEEDED:
            wrong.append(f"{where}.{key} is missing")
    return values


def midnight_in(timezone: object) -> Callable[[object], int]:
    """Days to microseconds. Where the time zone itself is wrong, that is the problem, and days are UTC's."""
    zone = ZoneInfo(timezone if isinstance(timezone, str) else "UTC")

    def midnight(day: object) -> int:
        assert isinstance(day, date)  # noqa: S101 (as read)
        return int(datetime.combine(day, time(), tzinfo=zone).timestamp()) * _US_PER_S

    return midnight


def rises(starts: Iterable[int]) -> bool:
    """Whether each is more than the one before."""
    found = list(starts)
    return sorted(set(found)) == found


def read_day(value: object) -> date:
    """A day of the calendar."""
    if not isinstance(value, date) or isinstance(value, datetime) or value.year < 1970:
        raise ValueError("must be a day like 2012-01-01")
    return value


def read_version(value: object) -> str:
    """The name of a version."""
    if not isinstance(value, str) or not _VERSION.fullmatch(value):
        raise ValueError('must be a short word like "1" or "2026-01"')
    return value


def _read_price(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _PRICE_MAX_KZT:
        raise ValueError(f"must be a whole amount in KZT from 0 to {_PRICE_MAX_KZT}")
    return value * TIYN_PER_TENGE


def _read_increment(value: object) -> int:
    if type(value) is not int or not 1 <= value <= 3600:
        raise ValueError("must be a whole number of seconds from 1 to 3600")
    return value


def _read_percent(value: object) -> int:
    if type(value) is not int or not 0 <= value <= 99:
        raise ValueError("must be a whole number of percents from 0 to 99")
    return value


NEEDED: Final = object()
#: Key in the file -> (how it is read, what it is when it is left out).
_TARIFF_KEYS: Final[Mapping[str, tuple[Read, object]]] = MappingProxyType(
    {
        "version": (read_version, NEEDED),
        "from": (read_day, NEEDED),
        "per_minute_kzt": (_read_price, NEEDED),
        "increment_s": (_read_increment, 1),
    }
)
_VAT_KEYS: Final[Mapping[str, tuple[Read, object]]] = MappingProxyType(
    {"from": (read_day, NEEDED), "percent": (_read_percent, NEEDED)}
)
