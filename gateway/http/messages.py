"""``/messages``: the list with filters and waiting, and everything about one."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from gateway.durations import parse_duration
from gateway.http.context import Api, UseApi
from gateway.http.message_schemas import ShownMessage, WholeMessage, show_message, show_whole
from gateway.http.problems import not_found
from gateway.http.schemas import Moment, Number
from rating.msisdn import InvalidMsisdn, parse_msisdn
from storage.model import Message, MessageState
from storage.views import MessageFilter

router = APIRouter(prefix="/messages", tags=["messages"])
WAIT_MAX_S = 60.0


def _address(text: str) -> str:
    """A short code or a name as it is; a subscriber's number in its stored form."""
    if not text.isprintable():
        raise ValueError("has characters that no address has")
    try:
        return parse_msisdn(text)
    except InvalidMsisdn:
        return text.strip()


def _state(text: object) -> object:
    return text.upper() if isinstance(text, str) else text


def _wait(text: object) -> float:
    return parse_duration(str(text), longest_s=WAIT_MAX_S)


Address = Annotated[str, Field(max_length=40), AfterValidator(_address)]
State = Annotated[MessageState, BeforeValidator(_state)]
Wait = Annotated[float, BeforeValidator(_wait), WithJsonSchema({"type": "string", "examples": ["5s"]})]


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
    return [show_message(each, api) for each in await _found(api, wanted, wait)]


@router.get("/{message_id}")
async def get_message(message_id: str, api: UseApi) -> WholeMessage:
    """Everything about one: encoding, parts, route, charge, postings, receipt, time line, PDUs, replies."""
    view = await api.operator.read(lambda reads: reads.message(message_id)) if message_id.isalnum() else None
    if view is None:
        raise not_found("message of that id")
    return show_whole(view, api)


async def _found(api: Api, wanted: MessageFilter, wait_s: float) -> list[Message]:
    """Look, and look again after every commit until something matches or time is up."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + wait_s
    while True:
        left_s = ends - loop.time()
        if left_s <= 0:
            return await api.operator.read(lambda reads: reads.messages(wanted))
        changed = asyncio.ensure_future(api.operator.changed(left_s))
        try:
            # The watch begins before the look: a commit between the two must not be missed.
            await asyncio.sleep(0)
            messages = await api.operator.read(lambda reads: reads.messages(wanted))
            if messages:
                return messages
            await changed
        finally:
            changed.cancel()
