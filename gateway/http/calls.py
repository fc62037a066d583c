"""``/calls``: call records with filters and waiting, everything about one, and the same as CSV."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BeforeValidator, Field

from gateway.http.call_schemas import ShownCall, WholeCall, show_call, show_whole_call
from gateway.http.call_sheet import calls_csv
from gateway.http.context import UseApi
from gateway.http.problems import not_found
from gateway.http.schemas import Address, Moment, Number
from gateway.http.waiting import Wait, found_within
from storage.call_model import Cause
from storage.call_views import CallFilter

router = APIRouter(tags=["calls"])
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}
#: Rows of a sheet: some megabytes at most.
ROWS_MAX = 10_000


def _lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text


Reason = Annotated[Cause, BeforeValidator(_lower)]
Service = Annotated[str, Field(max_length=40, pattern="^[a-z_]+$")]


async def _filter(
    *,
    msisdn: Annotated[Number | None, Query(description="either party")] = None,
    caller: Annotated[Number | None, Query()] = None,
    called: Annotated[Address | None, Query(description="a subscriber's number or a service's")] = None,
    service: Annotated[Service | None, Query(examples=["collect_call"])] = None,
    reason: Annotated[Reason | None, Query(description="why it ended")] = None,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    since: Annotated[Moment | None, Query(description="began at or after this operator time")] = None,
) -> CallFilter:
    return CallFilter(
        msisdn=msisdn,
        caller=caller,
        called=called,
        service=service,
        ended=reason,
        is_open=is_open,
        since_us=since,
    )


Filter = Annotated[CallFilter, Depends(_filter)]


@router.get("/calls")
async def list_calls(
    *,
    api: UseApi,
    wanted: Filter,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    wait: Annotated[Wait, Query(description="block until one matches: 5s, at most 60s")] = 0.0,
) -> list[ShownCall]:
    """Calls with their legs, newest first. With ``wait`` once one matches, else empty after that time."""
    limited = replace(wanted, limit=limit)
    found = await found_within(wait, api.operator, lambda reads: reads.calls(limited))
    return [show_call(each, api) for each in found]


@router.get("/calls.csv", response_class=Response, responses=_CSV)
async def export_calls(
    api: UseApi, wanted: Filter, limit: Annotated[int, Query(ge=1, le=ROWS_MAX)] = ROWS_MAX
) -> Response:
    """The same calls as CSV."""
    limited = replace(wanted, limit=limit)
    text = await api.operator.read(lambda reads: calls_csv(reads.calls(limited), api.show))
    headers = {"Content-Disposition": 'attachment; filename="calls.csv"'}
    return Response(text, media_type="text/csv", headers=headers)


@router.get("/calls/{call_id}")
async def get_call(call_id: str, api: UseApi) -> WholeCall:
    """Everything about one: legs, what was heard and pressed, rating, VAT, postings, the hold."""
    view = await api.operator.read(lambda reads: reads.call(call_id)) if call_id.isalnum() else None
    if view is None:
        raise not_found("call of that id")
    return show_whole_call(view, api)
