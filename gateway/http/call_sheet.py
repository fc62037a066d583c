"""Call records as a sheet: CSV by RFC 4180, one row for each call."""

from collections.abc import Callable, Iterable
from typing import Final

from gateway.reconciliation import csv_text
from handlers.base.call_charge import segments_of
from rating.money import format_tenge
from storage.call_model import Call

COLUMNS: Final = (
    "id",
    "service",
    "way",
    "caller",
    "called",
    "name",
    "began",
    "connected",
    "ended",
    "reason",
    "duration_s",
    "charge",
    "payer",
    "tariff",
    "tariff_versions",
)


def calls_csv(calls: Iterable[Call], show: Callable[[int], str]) -> str:
    """The calls in their order; ``show`` writes a moment. What has not happened is an empty cell."""
    return csv_text(COLUMNS, (_row(each, show) for each in calls))


def _row(call: Call, show: Callable[[int], str]) -> tuple[str, ...]:
    return (
        call.id,
        call.service,
        call.way,
        call.caller,
        call.called,
        call.name,
        show(call.began_us),
        show(call.connected_us) if call.connected_us else "",
        show(call.ended_us) if call.ended_us else "",
        call.ended,
        str(call.duration_s),
        format_tenge(call.charge_tiyn),
        call.payer,
        call.tariff,
        " ".join(dict.fromkeys(each.version for each in segments_of(call.rating))),
    )
