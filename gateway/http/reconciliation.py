"""``/reconciliation``: a channel's day, ours and the difference from theirs, as CSV."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BeforeValidator, WithJsonSchema

from gateway.http.context import Api, UseApi
from gateway.http.problems import Problem, not_found
from gateway.reconciliation import COLUMNS, NotAReport, differences, differences_csv, our_csv
from storage.bank_model import Payment
from storage.reads import Reads
from storage.views import PaymentFilter

PREFIX = "/reconciliation"
router = APIRouter(prefix=PREFIX, tags=["payments"])
#: So long before and after the day a payment may have been booked on the other day there.
_NEARBY_US = 3_600 * 1_000_000
_FIRST_YEAR, _LAST_YEAR = 2000, 9998
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}
_REPORT = {"requestBody": {"content": {"text/csv": {"schema": {"type": "string"}}}, "required": True}}


def _read_day(text: Any) -> date:
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError):
        raise ValueError("a day is written like 2026-03-01") from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(f"a day is in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


async def _known_channel(channel: Annotated[str, Path(max_length=32)], api: UseApi) -> str:
    if channel not in api.operator.profile.channels:
        raise not_found(f"channel of that name; there are {', '.join(api.operator.profile.channels)}")
    return channel


Day = Annotated[
    date,
    BeforeValidator(_read_day),
    WithJsonSchema({"type": "string", "format": "date"}),
    Query(description="the operator's calendar day"),
]
Channel = Annotated[str, Depends(_known_channel)]


@router.get("/{channel}", response_class=Response, responses=_CSV)
async def get_our_side(channel: Channel, day: Day, api: UseApi) -> Response:
    """Every payment of the channel on that day, oldest first, as CSV."""
    begins_us, ends_us = span_of(day, api.operator.timezone)
    wanted = PaymentFilter(channel=channel, since_us=begins_us, until_us=ends_us, limit=None)
    text = await api.operator.read(lambda reads: our_csv(reads.payments(wanted), api.show))
    return _csv(text, f"{channel}-{day}.csv")


@router.post("/{channel}", response_class=Response, responses=_CSV, openapi_extra=_REPORT)
async def compare_with_theirs(channel: Channel, day: Day, request: Request, api: UseApi) -> Response:
    """Their report of that day (CSV: payment_id, msisdn, amount, time) against ours; differences as CSV."""
    report = _decoded(await request.body())
    text = await api.operator.read(lambda reads: _compared(report, channel, day, reads, api))
    return _csv(text, f"{channel}-{day}-differences.csv")


def span_of(day: date, timezone: ZoneInfo) -> tuple[int, int]:
    """When an operator's day begins, and when the next one does, in microseconds since the epoch."""
    begins, ends = (_midnight_us(each, timezone) for each in (day, day + timedelta(days=1)))
    return begins, ends


def _midnight_us(day: date, timezone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), timezone).timestamp()) * 1_000_000


def _compared(report: str, channel: str, day: date, reads: Reads, api: Api) -> str:
    """Read and compared in the read pool, as both may be long. Raises Problem."""
    begins_us, ends_us = span_of(day, api.operator.timezone)
    wanted = PaymentFilter(
        channel=channel, since_us=begins_us - _NEARBY_US, until_us=ends_us + _NEARBY_US, limit=None
    )
    ours, nearby = _split(reads.payments(wanted), begins_us, ends_us)
    try:
        return differences_csv(differences(report, ours, nearby, api.show))
    except NotAReport as error:
        raise _unreadable(str(error)) from None


def _split(found: Sequence[Payment], begins_us: int, ends_us: int) -> tuple[list[Payment], list[Payment]]:
    """Those of the day, and those around it."""
    ours: list[Payment] = []
    nearby: list[Payment] = []
    for payment in found:
        (ours if begins_us <= payment.at_us < ends_us else nearby).append(payment)
    return ours, nearby


def _decoded(body: bytes) -> str:
    """With or without the mark that spreadsheets put before UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unreadable("the report must be UTF-8") from None


def _unreadable(detail: str) -> Problem:
    columns = ",".join(COLUMNS)
    errors = [{"in": "body", "field": "", "detail": detail}]
    return Problem(422, f"send CSV with the columns {columns}", code="validation", errors=errors)


def _csv(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/csv", headers=headers)
