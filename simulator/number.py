"""Numbers as people type them on a handset."""

import re
from typing import Final

from simulator.errors import BadNumber

EXAMPLE: Final = "77011234567"
#: SMPP 3.4 section 5.2.8: 21 with the terminator. smpplib cuts longer ones silently.
ADDRESS_OCTETS_MAX: Final = 20
TON_UNKNOWN: Final = 0
TON_INTERNATIONAL: Final = 1
NPI_ISDN: Final = 1

_SEPARATORS: Final = re.compile(r"[\s\-()]+")
_OWN: Final = re.compile(r"(?:\+?7|8)(7[0-9]{9})")
_CALLED: Final = re.compile(r"\+?[0-9*#]+")
#: Letters too: some services have words in what is dialled (``*100*LANG#``).
_DIALLED: Final = re.compile(r"[*#][0-9A-Za-z*#]*#")


def own_number(text: str) -> str:
    """The handset's MSISDN in its canonical form: ``77XXXXXXXXX``.

    Takes ``87…``, ``+77…``, spaces, dashes and brackets. Raises BadNumber.
    """
    match = _OWN.fullmatch(_SEPARATORS.sub("", text))
    if match is None:
        raise BadNumber(f"{text[:40]!r} is not the number of a handset; write it like {EXAMPLE}")
    return "7" + match.group(1)


def called_number(text: str) -> tuple[int, str]:
    """What is typed as the receiver of a message: (TON, digits), such as (0, "9393") or (1, "77021234567").

    Raises BadNumber.
    """
    plain = _SEPARATORS.sub("", text)
    if _CALLED.fullmatch(plain) is None:
        raise BadNumber(f"{text[:40]!r} is not a number to send to; try 9393 or {EXAMPLE}")
    digits = plain.removeprefix("+")
    if len(digits) > ADDRESS_OCTETS_MAX:
        raise BadNumber(f"a number has at most {ADDRESS_OCTETS_MAX} digits")
    return (TON_UNKNOWN if digits == plain else TON_INTERNATIONAL), digits


def dialled_string(text: str) -> str:
    """What a USSD call looks like: ``*100#``, ``*110*1234567890123#``. Raises BadNumber."""
    plain = _SEPARATORS.sub("", text)
    if _DIALLED.fullmatch(plain) is None:
        raise BadNumber(f"{text[:40]!r} cannot be dialled; a USSD code begins with * and ends with #: *100#")
    return plain
