"""What readers ask for and get of parking: frozen values that no longer hang on a transaction."""

from dataclasses import dataclass

from storage.parking_model import MailState, ParkingState


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkingFilter:
    """Which parking sessions to list. ``None`` means any, for ``limit`` too.

    ``is_open`` is true for those that are asked, being paid or running. ``since_us`` is the operator time
    of the question.
    """

    msisdn: str | None = None
    area: str | None = None
    plate: str | None = None
    state: ParkingState | None = None
    is_open: bool | None = None
    since_us: int | None = None
    limit: int | None = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRevenue:
    """What one area earned: ``charge_tiyn`` with VAT, ``net_tiyn`` without, of ``sessions`` that ended."""

    area: str
    sessions: int
    charge_tiyn: int
    net_tiyn: int

    @property
    def vat_tiyn(self) -> int:
        """The VAT inside the charge."""
        return self.charge_tiyn - self.net_tiyn


@dataclass(frozen=True, slots=True, kw_only=True)
class FineFilter:
    """Which fines to list. ``None`` means any; ``since_us`` is operator time."""

    plate: str | None = None
    area: str | None = None
    since_us: int | None = None
    limit: int | None = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFilter:
    """Which letters to list. ``None`` means any; ``since_us`` is operator time."""

    to: str | None = None
    state: MailState | None = None
    since_us: int | None = None
    limit: int | None = 100
