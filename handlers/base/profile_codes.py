"""The codes of a profile: what leads to which service by SMS, by USSD and by voice."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

Codes = Mapping[str, str]

#: A code like this stands for itself and any number after it.
_NUMBER: Final = "{number}"


class ServiceCodes(NamedTuple):
    """Code to service name, for each way in; ``voice_prefixes`` are dialled with a number after them."""

    sms: Codes
    ussd: Codes
    voice: Codes
    voice_prefixes: Codes


_FORMS: Final[Mapping[str, tuple[Callable[[str], object], str]]] = MappingProxyType(
    {
        # Up to six digits, so that a short code can never be a subscriber's number.
        "sms": (re.compile(r"[0-9]{3,6}").fullmatch, '"9393"'),
        "ussd": (re.compile(r"(\*[0-9]+)+").fullmatch, '"*110", without the closing #'),
        # A service may have a number of the fixed network, too: that is no mobile prefix of anybody.
        "voice": (re.compile(r"[0-9]{3,11}|[0-9]{1,6}\{number\}").fullmatch, '"9393" or "000{number}"'),
    }
)


def read_codes(services: object, on_net: object, problems: list[str]) -> ServiceCodes:
    """The table ``services`` of a profile. What is wrong with it is added to ``problems``.

    A code that is there twice is ambiguous, and refused; so is a voice code that is a subscriber's number,
    by the prefixes ``on_net``, or that begins like another with a number after it.
    """
    tables: dict[str, dict[str, str]] = {bearer: {} for bearer in _FORMS}
    if not isinstance(services, dict) or not services:
        problems.append("services is missing")
        services = {}
    for name, bearers in services.items():
        if not isinstance(bearers, dict) or not all(isinstance(codes, list) for codes in bearers.values()):
            problems.append(f'services.{name} must be like sms = ["9393"], ussd = ["*110"], voice = ["9393"]')
            continue
        problems += [f"unknown key services.{name}.{key}" for key in bearers if key not in _FORMS]
        for bearer, table in tables.items():
            problems += _take_codes(table, bearer, name, bearers.get(bearer, []))
    voice, prefixes = _parted(tables["voice"])
    problems += _contradictions(voice, prefixes, on_net if isinstance(on_net, frozenset) else frozenset())
    frozen = (MappingProxyType(table) for table in (tables["sms"], tables["ussd"], voice, prefixes))
    return ServiceCodes(*frozen)


def _take_codes(table: dict[str, str], bearer: str, name: str, codes: list[object]) -> list[str]:
    is_form, example = _FORMS[bearer]
    problems = []
    for code in codes:
        if not isinstance(code, str) or not is_form(code):
            problems.append(f"services.{name}.{bearer}: {code!r} is no code; write it like {example}")
        elif code in table:
            problems.append(f"{code} leads to {table[code]} and to {name}; give it to one of them")
        else:
            table[code] = name
    return problems


def _parted(codes: Codes) -> tuple[dict[str, str], dict[str, str]]:
    """Voice codes that stand alone, and those before a number, without the word for it."""
    whole = {code: name for code, name in codes.items() if not code.endswith(_NUMBER)}
    before = {code.removesuffix(_NUMBER): name for code, name in codes.items() if code.endswith(_NUMBER)}
    return whole, before


def _contradictions(voice: Codes, prefixes: Codes, on_net: frozenset[str]) -> list[str]:
    problems = [
        f"{code} is a subscriber's number, and leads to {name}"
        for code, name in voice.items()
        if len(code) == 11 and code[1:4] in on_net
    ]
    problems += [
        f"{code} begins like {prefix}{_NUMBER}; nobody could tell them apart"
        for prefix in prefixes
        for code in (*voice, *prefixes)
        if code != prefix and code.startswith(prefix)
    ]
    return problems
