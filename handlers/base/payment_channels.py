"""The channels that payments come by, as data of the profile (services.md section 5)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from handlers.base.outcome import Text
from rating.money import TIYN_PER_TENGE

#: What a channel is called that has no name of its own.
_GENERIC: Final[Mapping[str, Text]] = MappingProxyType(
    {"atm": Text("payment.atm"), "branch": Text("payment.branch"), "kiosk": Text("payment.kiosk")}
)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_BP_PER_WHOLE: Final = 10_000


class Source(StrEnum):
    """Where the payer's money comes from."""

    ACCOUNT = "account"
    BONUS = "bonus"
    CARD = "card"
    CASH = "cash"
    DEPOSIT = "deposit"
    OTHER_CARD = "other_card"
    WALLET = "wallet"


class ReceiptForm(StrEnum):
    """A page to print at home, or the narrow slip of a machine."""

    PRINTABLE = "printable"
    SLIP = "slip"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentChannel:
    """One way to pay. ``support`` is whom the payer asks (telephone numbers or a site; "" for nobody).

    ``cashback_bp`` are hundredths of a percent, given as bonuses for what ``cashback_sources`` pay.
    """

    name: str
    title: str
    minimum_tiyn: int
    sources: frozenset[Source]
    receipt: ReceiptForm
    support: str = ""
    cashback_bp: int = 0
    cashback_sources: frozenset[Source] = frozenset()

    @property
    def shown(self) -> str | Text:
        """What the payer reads: its own name, or what it is."""
        return self.title or _GENERIC[self.name]

    def cashback_tiyn(self, amount_tiyn: int, source: str) -> int:
        """The bonuses that a payment earns, in tiyn; parts of a tiyn stay with the bank."""
        return amount_tiyn * self.cashback_bp // _BP_PER_WHOLE if source in self.cashback_sources else 0


def read_channels(data: object, problems: list[str]) -> Mapping[str, PaymentChannel]:
    """The table ``channels`` of a profile. What is wrong with it is added to ``problems``."""
    if not isinstance(data, dict) or not data:
        problems.append("channels is missing")
        return MappingProxyType({})
    found = (_channel(name, table, problems) for name, table in data.items())
    return MappingProxyType({channel.name: channel for channel in found if channel is not None})


def _channel(name: str, table: object, problems: list[str]) -> PaymentChannel | None:
    """The channel, or None with at least one problem more."""
    where = f"channels.{name}"
    if not isinstance(table, dict):
        problems.append(f"{where} must be a table of its own")
        return None
    wrong = [f"unknown key {where}.{key}" for key in table if key not in _KEYS]
    if not _NAME.fullmatch(name):
        wrong.append(f"{where} must be named like payment_express")
    values = {key: _value(where, key, table, wrong) for key in _KEYS}
    if not wrong:
        wrong = _contradictions(name, values)
    problems += wrong
    if wrong:
        return None
    # Each value was checked by the row of its key.
    return PaymentChannel(
        name=name,
        **{_FIELDS.get(key, key): value for key, value in values.items()},  # type: ignore[arg-type]
    )


def _value(where: str, key: str, table: Mapping[str, object], wrong: list[str]) -> object:
    read, default = _KEYS[key]
    if key not in table:
        if default is _NEEDED:
            wrong.append(f"{where}.{key} is missing")
        return default
    try:
        return read(table[key])
    except ValueError as error:
        wrong.append(f"{where}.{key} {error}")
        return default


def _contradictions(name: str, values: Mapping[str, object]) -> list[str]:
    """What is wrong although each value is right."""
    wrong = []
    sources, earning = values["sources"], values["cashback_sources"]
    assert isinstance(sources, frozenset)  # noqa: S101 (as read)
    assert isinstance(earning, frozenset)  # noqa: S101 (as read)
    if not values["title"] and name not in _GENERIC:
        wrong.append(f"channels.{name}.title is missing")
    if not earning <= sources:
        wrong.append(f"channels.{name}.cashback_sources must be among its sources")
    if bool(earning) != bool(values["cashback_bp"]):
        wrong.append(f"channels.{name} needs both of cashback_bp and cashback_sources, or none")
    if Source.BONUS in earning:
        wrong.append(f"channels.{name} cannot give bonuses for bonuses")
    return wrong


def _read_text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value.strip()) <= _TEXT_MAX:
        raise ValueError(f"must be a text of at most {_TEXT_MAX} characters")
    return value.strip()


def _read_minimum(value: object) -> int:
    if type(value) is not int or not 0 < value <= _MINIMUM_MAX:
        raise ValueError(f"must be a whole amount in KZT from 1 to {_MINIMUM_MAX}")
    return value * TIYN_PER_TENGE


def _read_cashback(value: object) -> int:
    if type(value) is not int or not 0 <= value <= CASHBACK_BP_MAX:
        raise ValueError(f"must be hundredths of a percent from 0 to {CASHBACK_BP_MAX}")
    return value


def _read_sources(value: object) -> frozenset[Source]:
    names = [each.value for each in Source]
    if not isinstance(value, list) or not value or any(each not in names for each in value):
        raise ValueError(f"must be a list of some of {', '.join(names)}")
    if len(set(value)) != len(value):
        raise ValueError("names a source twice")
    return frozenset(map(Source, value))


def _read_form(value: object) -> ReceiptForm:
    try:
        return ReceiptForm(value)  # type: ignore[arg-type]  # anything may stand in a file
    except ValueError:
        raise ValueError(f"must be one of {', '.join(ReceiptForm)}") from None


#: "Up to 5 %" (services.md section 5).
CASHBACK_BP_MAX: Final = 500
_TEXT_MAX: Final = 80
_MINIMUM_MAX: Final = 100_000
_NEEDED: Final = object()
#: Key in the file -> (how it is read, what it is when it is left out).
_KEYS: Final[Mapping[str, tuple[Callable[[object], object], object]]] = MappingProxyType(
    {
        "title": (_read_text, ""),
        "minimum_kzt": (_read_minimum, _NEEDED),
        "sources": (_read_sources, _NEEDED),
        "receipt": (_read_form, _NEEDED),
        "support": (_read_text, ""),
        "cashback_bp": (_read_cashback, 0),
        "cashback_sources": (_read_sources, frozenset()),
    }
)
_FIELDS: Final[Mapping[str, str]] = MappingProxyType({"minimum_kzt": "minimum_tiyn"})
