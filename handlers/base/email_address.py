"""E-mail addresses as they may stand in a letter's head and on its envelope (RFC 5321 section 4.5.3.1).

Plain ones only: no quoted names, no comments, no address literals. What passes here can break out of no
header line.
"""

import re
from typing import Final

_CHARS_MAX: Final = 254
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")


def is_email(text: str) -> bool:
    """True for ``name@host``, all of it ASCII."""
    return len(text) <= _CHARS_MAX and _ADDRESS.fullmatch(text) is not None


def domain_of(address: str) -> str:
    """What stands behind the ``@``."""
    return address.rpartition("@")[2]
