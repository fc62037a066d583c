"""The forms in which a message's id is shown to an application, and read again.

Inside, an id is 32 hexadecimal digits (``gateway.secret_keys.IdSource``); a recipient of a submit_multi has
the id of its message with ``-001`` to ``-999`` behind it, which nobody outside sees. Operators show ids in
hexadecimal or decimal, and not always the same way in submit_sm_resp and in the receipt (SMPP 3.4 section
5.2.23 leaves the form to the SMSC).
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Self

#: Hexadecimal digits of an id.
ID_DIGITS = 32
#: Hexadecimal digits of an id in a short form: 54 bits of time, strictly rising, and 10 random bits.
SHORT_DIGITS = 16

_HEX = re.compile(r"[0-9A-Fa-f]+", re.ASCII)
_DECIMAL = re.compile(r"0|[1-9][0-9]*", re.ASCII)


class IdForm(Enum):
    """How an id looks outside. The SHORT forms fit into 64 bits, signed until 2255.

    They are for clients that keep ids as 64-bit numbers, as Kannel does when it turns one base into the
    other; real operators' ids are no longer. A short id is as unique as the time of its message, but
    easier to guess.
    """

    shown: Callable[[str], str]
    """From an id of ours, with or without a recipient's suffix, to what an application sees."""
    read: Callable[[str], str | None]
    """Back: the 32 digits (the first 16 for the SHORT forms, which the store completes), or None for what
    cannot be an id of ours. Hexadecimal digits are read in either case."""

    HEX = ("hex", lambda message_id: message_id[:ID_DIGITS], lambda text: _read_hex(text, ID_DIGITS))
    HEX_UPPER = (
        "HEX",
        lambda message_id: message_id[:ID_DIGITS].upper(),
        lambda text: _read_hex(text, ID_DIGITS),
    )
    DECIMAL = (
        "decimal",
        lambda message_id: str(int(message_id[:ID_DIGITS], 16)),
        lambda text: _read_decimal(text, ID_DIGITS),
    )
    SHORT_HEX = (
        "short hex",
        lambda message_id: message_id[:SHORT_DIGITS],
        lambda text: _read_hex(text, SHORT_DIGITS),
    )
    SHORT_HEX_UPPER = (
        "short HEX",
        lambda message_id: message_id[:SHORT_DIGITS].upper(),
        lambda text: _read_hex(text, SHORT_DIGITS),
    )
    SHORT_DECIMAL = (
        "short decimal",
        lambda message_id: str(int(message_id[:SHORT_DIGITS], 16)),
        lambda text: _read_decimal(text, SHORT_DIGITS),
    )

    def __new__(cls, word: str, shown: Callable[[str], str], read: Callable[[str], str | None]) -> Self:
        """The word is the value; the two functions are attributes, so that a call costs no look-up."""
        form = object.__new__(cls)
        form._value_ = word
        form.shown = shown
        form.read = read
        return form

    @property
    def octets_max(self) -> int:
        """The longest id that this form shows."""
        return len(self.shown("f" * ID_DIGITS))


def base_id(message_id: str) -> str:
    """The id that everyone outside sees, without a recipient's suffix."""
    return message_id[:ID_DIGITS]


def recipient_id(message_id: str, number: int) -> str:
    """The id of the ``number``-th recipient (1 to 999) of a submit_multi: ``<32 hex>-001``."""
    return f"{message_id}-{number:03d}"


def number_of(message_id: str) -> int:
    """Which recipient of a submit_multi an id is of, from 1 on."""
    return int(message_id[ID_DIGITS + 1 :])


def _read_hex(text: str, digits: int) -> str | None:
    return text.lower() if len(text) == digits and _HEX.fullmatch(text) else None


def _read_decimal(text: str, digits: int) -> str | None:
    """A number of at most ``digits`` hexadecimal digits; the length is bounded before it is converted."""
    if len(text) > digits * 5 // 4 or not _DECIMAL.fullmatch(text):
        return None
    read = f"{int(text):0{digits}x}"
    return read if len(read) == digits else None
