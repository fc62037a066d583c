"""``/mail``: the outbox mail, whether a server takes the letters or not."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, BeforeValidator

from gateway.http.context import Api, UseApi
from gateway.http.problems import not_found
from gateway.http.schemas import Moment, ShownMoment
from gateway.http.waiting import Wait, found_within
from storage.parking_model import Mail, MailState
from storage.parking_views import MailFilter

router = APIRouter(prefix="/mail", tags=["mail"])


def _lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text


State = Annotated[MailState, BeforeValidator(_lower)]


class ShownMail(BaseModel):
    """A letter. ``error`` says why the last attempt failed, or why it waits; null where all is well."""

    id: str
    to: str
    subject: str
    body: str
    state: MailState
    attempts: int
    error: str | None
    created: ShownMoment


@router.get("")
async def list_mail(
    *,
    api: UseApi,
    to: Annotated[str | None, Query(max_length=254)] = None,
    state: Annotated[State | None, Query()] = None,
    since: Annotated[Moment | None, Query(description="written at or after this operator time")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    wait: Annotated[Wait, Query(description="block until one matches: 5s, at most 60s")] = 0.0,
) -> list[ShownMail]:
    """Letters, newest first. With ``wait`` once one matches, else empty after that time."""
    wanted = MailFilter(to=to, state=state, since_us=since, limit=limit)
    found = await found_within(wait, api.operator, lambda reads: reads.mails(wanted))
    return [_shown(each, api) for each in found]


@router.get("/{mail_id}")
async def get_mail(mail_id: str, api: UseApi) -> ShownMail:
    """One letter."""
    mail = await api.operator.read(lambda reads: reads.mail(mail_id)) if mail_id.isalnum() else None
    if mail is None:
        raise not_found("letter of that id")
    return _shown(mail, api)


def _shown(mail: Mail, api: Api) -> ShownMail:
    return ShownMail(
        id=mail.id,
        to=mail.to,
        subject=mail.subject,
        body=mail.body,
        state=mail.state,
        attempts=mail.attempts,
        error=mail.error or None,
        created=api.show(mail.created_us),
    )
