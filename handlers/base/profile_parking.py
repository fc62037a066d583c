"""Parking in a profile: who may park where, and what it costs when (services.md section 8)."""

import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from handlers.base.profile_tariffs import (
    NEEDED,
    Read,
    midnight_in,
    read_day,
    read_rows,
    read_version,
    rises,
)
from rating.money import TIYN_PER_TENGE
from rating.parking_price import ParkingPrice
from rating.subscriber import Brand

_PRICE_MAX_KZT: Final = 1_000_000
_TEXT_CHARS_MAX: Final = 80
_NUMBER: Final = re.compile(r"[0-9]{3,6}")


@dataclass(frozen=True, slots=True)
class ParkingZone:
    """A paid place: the ``number`` that is texted, its area's ``name``, and its ``block`` of a street."""

    number: str
    name: str
    block: str


class ParkingTables(NamedTuple):
    """What of the section is no single number."""

    brands: frozenset[Brand]
    zones: Mapping[str, ParkingZone]
    prices: tuple[ParkingPrice, ...]


def read_parking(data: object, timezone: object, problems: list[str]) -> ParkingTables:
    """The tables in ``parking`` of a profile, which are taken out of it: single values are left.

    What is wrong with them is added to ``problems``. A price is in force from midnight in ``timezone``.
    """
    table: MutableMapping[str, object] = data if isinstance(data, dict) else {}
    return ParkingTables(
        brands=_brands(table.pop("brands", None), problems),
        zones=_zones(table.pop("zones", None), problems),
        prices=_prices(table.pop("price", None), timezone, problems),
    )


def _brands(data: object, problems: list[str]) -> frozenset[Brand]:
    known = [brand.value for brand in Brand]
    if data is None:
        problems.append("parking.brands is missing")
    elif not isinstance(data, list) or not all(each in known and data.count(each) == 1 for each in data):
        problems.append(f"parking.brands must be a list of some of {', '.join(known)}, each once")
    else:
        return frozenset(map(Brand, data))
    return frozenset()


def _zones(data: object, problems: list[str]) -> Mapping[str, ParkingZone]:
    if not isinstance(data, dict) or not data:
        problems.append("parking.zones is missing")
        return MappingProxyType({})
    zones = {}
    for number, table in data.items():
        where = f"parking.zones.{number}"
        if not _NUMBER.fullmatch(number):
            problems.append(f"{where} must be numbered like 1001")
        # One table is a list of one, whose name in what is wrong with it is its number.
        wrong: list[str] = []
        rows = read_rows(where, [table], _ZONE_KEYS, wrong)
        problems += [each.replace(f"{where}[1]", where) for each in wrong]
        for row in rows:
            zones[number] = ParkingZone(number, str(row["name"]), str(row["block"]))
    return MappingProxyType(zones)


def _prices(data: object, timezone: object, problems: list[str]) -> tuple[ParkingPrice, ...]:
    if not isinstance(data, list) or not data:
        problems.append("parking.price is missing")
        return ()
    midnight = midnight_in(timezone)
    prices = tuple(
        ParkingPrice(
            # Each value was checked by the row of its key.
            version=row["version"],  # type: ignore[arg-type]
            from_us=midnight(row["from"]),
            per_hour_tiyn=row["per_hour_kzt"],  # type: ignore[arg-type]
            fine_tiyn=row["fine_kzt"],  # type: ignore[arg-type]
        )
        for row in read_rows("parking.price", data, _PRICE_KEYS, problems)
    )
    if not rises(price.from_us for price in prices):
        problems.append("parking.price must rise: each version from a later day than the one before")
    if len({price.version for price in prices}) != len(prices):
        problems.append("parking.price must have each version once")
    return prices


def _read_text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value.strip()) <= _TEXT_CHARS_MAX:
        raise ValueError(f"must be a text of at most {_TEXT_CHARS_MAX} characters")
    return value.strip()


def _read_amount(value: object) -> int:
    if type(value) is not int or not 1 <= value <= _PRICE_MAX_KZT:
        raise ValueError(f"must be a whole amount in KZT from 1 to {_PRICE_MAX_KZT}")
    return value * TIYN_PER_TENGE


#: Key in the file -> (how it is read, what it is when it is left out).
_ZONE_KEYS: Final[Mapping[str, tuple[Read, object]]] = MappingProxyType(
    {"name": (_read_text, NEEDED), "block": (_read_text, NEEDED)}
)
_PRICE_KEYS: Final[Mapping[str, tuple[Read, object]]] = MappingProxyType(
    {
        "version": (read_version, NEEDED),
        "from": (read_day, NEEDED),
        "per_hour_kzt": (_read_amount, NEEDED),
        "fine_kzt": (_read_amount, NEEDED),
    }
)
