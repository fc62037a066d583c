"""Lengths of time as people type them: ``5s``, ``500ms``, ``1m``, ``10``."""

import re

_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


class InvalidDuration(ValueError):
    """The text is no length of time. The message shows the right form."""


def parse_duration(text: str, *, longest_s: float) -> float:
    """Seconds; a bare number is seconds too. Raises InvalidDuration, also above ``longest_s``."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise InvalidDuration(f"{text[:20]!r} is no length of time; write it like 5s, 500ms or 1m")
    seconds = float(match.group(1)) * _SECONDS[match.group(2)]
    if seconds > longest_s:
        raise InvalidDuration(f"{text[:20]!r} is too long; the most is {longest_s:g}s")
    return seconds
