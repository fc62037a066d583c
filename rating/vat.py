"""Value-added tax inside a price, at dated rates (ledger.md: net + VAT == gross, always)."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VatRate:
    """``percent`` of the net price, in force from ``from_us`` (microseconds since the epoch) on."""

    from_us: int
    percent: int


def percent_at(rates: Sequence[VatRate], at_us: int) -> int:
    """The percentage in force at this moment; ``rates`` rise. The oldest is good for all time before it.

    Without any rate there is no tax: 0.
    """
    for rate in reversed(rates):
        if rate.from_us <= at_us:
            return rate.percent
    return rates[0].percent if rates else 0


def split_vat(gross_tiyn: int, percent: int) -> tuple[int, int]:
    """Net and VAT of a price that includes it, in tiyn; the VAT is rounded half up, the net is the rest.

    A price of a tiyn or more has a net of a tiyn or more. Raises ValueError for a price below zero or a
    percentage out of 0 to 99.
    """
    if gross_tiyn < 0 or not 0 <= percent < 100:
        raise ValueError(f"no VAT of {percent} % is inside {gross_tiyn} tiyn")
    whole = 100 + percent
    vat_tiyn = (2 * gross_tiyn * percent + whole) // (2 * whole)
    return gross_tiyn - vat_tiyn, vat_tiyn
