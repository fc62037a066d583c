"""National language shifts: which tables a text is written in (3GPP TS 23.038 section 6.2.1.2).

A pair of tables is compiled when it is first met and kept: there are 14 times 13 of them at most.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from gateway.coding import gsm7
from gateway.coding.shift_tables import LOCKING, SINGLE_SHIFT


class Shift(NamedTuple):
    """The national language identifiers in force; 0 stands for the default tables."""

    single: int = 0
    locking: int = 0


NO_SHIFT = Shift()


def known(shift: Shift) -> Shift:
    """The shift with 0 for what has no table: an identifier that is not known is ignored and the default
    tables are used (TS 23.040 sections 9.2.3.24.15 and 9.2.3.24.16).
    """
    single, locking = shift
    return Shift(single if single in SINGLE_SHIFT else 0, locking if locking in LOCKING else 0)


def decode(octets: bytes, shift: Shift) -> str:
    """Read septets, one per octet. Raises CodingError for an octet over 0x7F or half an escape pair."""
    return _decoder(known(shift))(octets)


def try_encode(text: str, shift: Shift) -> bytes | None:
    """One septet per octet, or None when a character is in neither table."""
    return _encoder(known(shift))(text)


def _tables(shift: Shift) -> gsm7.ShiftTables:
    return gsm7.ShiftTables(LOCKING[shift.locking], SINGLE_SHIFT[shift.single])


@cache
def _decoder(shift: Shift) -> Callable[[bytes], str]:
    return gsm7.compile_decoder(_tables(shift))


@cache
def _encoder(shift: Shift) -> Callable[[str], bytes | None]:
    return gsm7.compile_encoder(_tables(shift))
