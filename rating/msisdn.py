"""Subscriber numbers: typed in many ways, kept in one (services.md section 0)."""

import re
import unicodedata
from typing import NewType

#: Eleven digits, ``77XXXXXXXXX``: the only form in code and database.
Msisdn = NewType("Msisdn", str)

EXAMPLE = "77011234567"
#: What people dial in need: fire, police, ambulance, gas, and the two that every phone knows.
EMERGENCY = frozenset({"101", "102", "103", "104", "112", "911"})
_CANONICAL = re.compile(r"77[0-9]{9}")
_SEPARATORS = re.compile(r"[\s\-()\u2010-\u2015\u00a0]+")
_TYPED = re.compile(r"(?:\+7|7|8)(7[0-9]{9})")


class InvalidMsisdn(ValueError):
    """The text is no subscriber number. The message shows the right form."""


def parse_msisdn(text: str) -> Msisdn:
    """Read a number as people type it: ``77…``, ``87…``, ``+77…``, with spaces, dashes or brackets.

    Raises InvalidMsisdn, whose message gives an example of the right form.
    """
    if _CANONICAL.fullmatch(text):
        return Msisdn(text)
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    match = _TYPED.fullmatch(plain)
    if match is None:
        raise InvalidMsisdn(f"{text[:40]!r} is not a mobile number; write it like {EXAMPLE}")
    return Msisdn("7" + match.group(1))


def is_canonical(text: str) -> bool:
    """True for the stored form only."""
    return _CANONICAL.fullmatch(text) is not None
