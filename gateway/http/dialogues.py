"""``/dialogues``: USSD dialogues with what was typed and shown in them."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BeforeValidator, Field

from gateway.http.context import UseApi
from gateway.http.dialogue_schemas import DialogueState, ShownDialogue, show_dialogue
from gateway.http.problems import not_found
from gateway.http.schemas import Moment, Number
from storage.views import DialogueFilter

router = APIRouter(prefix="/dialogues", tags=["dialogues"])
_CODE_CHARS = frozenset("0123456789*#")


def _code(text: str) -> str:
    code = text.strip()
    if not code.startswith(("*", "#")) or not _CODE_CHARS.issuperset(code):
        raise ValueError("is no service code; write it like *100 or *100%23")
    return code


def _state(text: object) -> object:
    return text.lower() if isinstance(text, str) else text


ServiceCode = Annotated[str, Field(max_length=40, examples=["*100"]), AfterValidator(_code)]
State = Annotated[DialogueState, BeforeValidator(_state)]


@router.get("")
async def list_dialogues(
    *,
    api: UseApi,
    msisdn: Annotated[Number | None, Query(description="the handset")] = None,
    service_code: Annotated[ServiceCode | None, Query(description="with or without its #")] = None,
    state: Annotated[State | None, Query()] = None,
    since: Annotated[Moment | None, Query(description="opened at or after this operator time")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[ShownDialogue]:
    """USSD dialogues, newest first, each with its screens, inputs, operations, times and octets."""
    wanted = DialogueFilter(
        msisdn=msisdn,
        service_code=service_code,
        is_open=None if state is None else state is DialogueState.OPEN,
        since_us=since,
        limit=limit,
    )
    found = await api.operator.read(lambda reads: reads.dialogues(wanted))
    return [show_dialogue(each, api) for each in found]


@router.get("/{dialogue_id}")
async def get_dialogue(dialogue_id: str, api: UseApi) -> ShownDialogue:
    """One USSD dialogue."""
    view = (
        await api.operator.read(lambda reads: reads.dialogue(dialogue_id)) if dialogue_id.isalnum() else None
    )
    if view is None:
        raise not_found("dialogue of that id")
    return show_dialogue(view, api)
