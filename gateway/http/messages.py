"""``/messages``: the list with filters and waiting, and everything about one."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BeforeValidator

from gateway.http.context import UseApi
from gateway.http.message_schemas import ShownMessage, WholeMessage, show_message, show_whole
from gateway.http.problems import not_found
from gateway.http.schemas import Address, Moment, Number
from gateway.http.waiting import Wait, found_within
from storage.model import MessageState
from storage.views import MessageFilter

router = APIRouter(prefix="/messages", tags=["messages"])


def _state(text: object) -> object:
    return text.upper() if isinstance(text, str) else text


State = Annotated[MessageState, BeforeValidator(_state)]


@router.get("")
async def list_messages(
    *,
    api: UseApi,
    msisdn: Annotated[Number | None, Query(description="either end")] = None,
    to: Annotated[Address | None, Query()] = None,
    from_: Annotated[Address | None, Query(alias="from")] = None,
    state: Annotated[State | None, Query()] = None,
    since: Annotated[Moment | None, Query(description="created at or after this operator time")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    wait: Annotated[Wait, Query(description="block until one matches: 5s, at most 60s")] = 0.0,
) -> list[ShownMessage]:
    """Messages, newest first. With ``wait`` the answer comes once one matches, else empty after that time."""
    wanted = MessageFilter(
        msisdn=msisdn, source=from_, destination=to, state=state, since_us=since, limit=limit
    )
    found = await found_within(wait, api.operator, lambda reads: reads.messages(wanted))
    return [show_message(each, api) for each in found]


@router.get("/{message_id}")
async def get_message(message_id: str, api: UseApi) -> WholeMessage:
    """Everything about one: encoding, parts, route, charge, postings, receipt, time line, PDUs, replies."""
    view = await api.operator.read(lambda reads: reads.message(message_id)) if message_id.isalnum() else None
    if view is None:
        raise not_found("message of that id")
    return show_whole(view, api)
