"""Numbers as they are dialled for a voice call, and where they lead."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from handlers.base.profile import Profile, ProfileError
from rating.msisdn import InvalidMsisdn, Msisdn, parse_msisdn
from ussd_menus.prompts.model import Flow, Ring

_SEPARATORS: Final = dict.fromkeys(map(ord, " -().\u00a0\u2010\u2011\u2012\u2013\u2014\u2015\u2212"))
#: As many digits as an address has at most (E.164 has 15), and a prefix before it.
_DIGITS_MAX: Final = 20
_NATIONAL_DIGITS: Final = 11
#: A longer number is none of ours: it may be a code that was meant for a prompt.
_KEPT_DIGITS: Final = 11


@dataclass(frozen=True, slots=True)
class Way:
    """``service`` is whose calls these are, ``code`` what led there, ``rest`` the digits after it."""

    service: str
    code: str
    rest: str = ""


def dialled(typed: str) -> str | None:
    """The digits of a number as people write it, also ``+77...``; None for what is no number."""
    # The one plus stands at the beginning, or after a prefix: 000 +7 701 123 45 67.
    plain = unicodedata.normalize("NFKC", typed).translate(_SEPARATORS).replace("+", "", 1)
    return plain if plain.isascii() and plain.isdigit() and len(plain) <= _DIGITS_MAX else None


def way_of(number: str, profile: Profile) -> Way | None:
    """Where the digits lead: to a service's own number, or to one that begins like this; None: nowhere."""
    for form in (number, _international(number)):
        service = profile.voice_services.get(form)
        if service is not None:
            return Way(service, form)
    return _by_prefix(number, profile.voice_prefixes)


def _by_prefix(number: str, prefixes: Mapping[str, str]) -> Way | None:
    """The longest prefix wins."""
    for length in range(len(number), 0, -1):
        service = prefixes.get(number[:length])
        if service is not None:
            return Way(service, number[:length], number[length:])
    return None


def _international(number: str) -> str:
    """``8 727 ...`` as it is dialled inside the country is ``7 727 ...`` from anywhere."""
    return "7" + number[1:] if len(number) == _NATIONAL_DIGITS and number[0] == "8" else number


def kept(number: str) -> str:
    """What is stored of a number that was dialled or typed."""
    return number if len(number) <= _KEPT_DIGITS else "***"


def shown(number: str) -> str:
    """The same, in the stored form where it is a subscriber's: so that it is found again."""
    return msisdn_of(number) or kept(number)


def check_voice(profile: Profile, flows: Mapping[str, Flow]) -> None:
    """Raises ProfileError for each number that leads to a service without a flow of prompts, and for each
    price that a flow names and the profile has not.
    """
    codes = {**profile.voice_services, **profile.voice_prefixes}
    problems = tuple(
        f"{code} leads to {name}, which has nothing to say by voice"
        for code, name in sorted(codes.items())
        if name not in flows
    ) + tuple(
        f"tariffs.{step.tariff} is missing, and {flow.service} charges by it"
        for flow in flows.values()
        for step in flow.steps.values()
        if isinstance(step, Ring) and step.tariff and step.tariff not in profile.tariffs
    )
    if problems:
        raise ProfileError(profile.name, problems)


def msisdn_of(rest: str) -> Msisdn | None:
    """The subscriber that is meant, or None."""
    try:
        return parse_msisdn(rest)
    except InvalidMsisdn:
        return None
