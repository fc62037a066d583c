"""``address_range`` of a bind: which MSISDNs a handset-side session serves.

SMPP 3.4 section 5.2.7 leaves the pattern to "UNIX regular expressions". A peer's expression never
reaches a backtracking matcher unbounded: groups are refused and repetitions are few, and an MSISDN has
eleven digits.
"""

import re
from dataclasses import dataclass

_ATOM = r"(?:[0-9.]|\[\^?[0-9](?:-?[0-9])*\])"
_REPEAT = r"(?:[*+?]|\{[0-9]{1,2}(?:,[0-9]{0,2})?\})"
_PATTERN = re.compile(rf"\^?(?:{_ATOM}{_REPEAT}?)*\$?")
_REPEATS_MAX = 3
_EXACT = re.compile(r"\^?([0-9]{11})\$?")


class InvalidAddressRange(ValueError):
    """The pattern is none of ours; the message shows one that is."""


@dataclass(frozen=True, slots=True)
class AddressRange:
    """A parsed pattern. ``narrowness`` grows with the digits that it fixes; an empty pattern has 0."""

    pattern: str
    narrowness: int
    exact: str
    regex: re.Pattern[str] | None
    #: What the account may serve at most.
    within: "AddressRange | None" = None

    def serves(self, msisdn: str) -> bool:
        """True if the canonical MSISDN lies in the range."""
        if self.within is not None and not self.within.serves(msisdn):
            return False
        if self.exact:
            return msisdn == self.exact
        return self.regex is None or self.regex.search(msisdn) is not None


def parse_address_range(pattern: str) -> AddressRange:
    """Read a pattern such as ``^7701`` or ``77011234567``. Raises InvalidAddressRange."""
    if not pattern:
        return AddressRange("", 0, "", None)
    exact = _EXACT.fullmatch(pattern)
    if exact:
        return AddressRange(pattern, len(exact.group(1)), exact.group(1), None)
    repeats = len(re.findall(_REPEAT, pattern))
    if not _PATTERN.fullmatch(pattern) or repeats > _REPEATS_MAX:
        raise InvalidAddressRange(f"address_range {pattern!r} is no number pattern; use one like ^7701")
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise InvalidAddressRange(f"address_range {pattern!r}: {error}") from error
    fixed = re.sub(rf"\[[^\]]*\]|{_ATOM}{_REPEAT}", "", pattern)
    return AddressRange(pattern, sum(c.isdigit() for c in fixed), "", regex)
