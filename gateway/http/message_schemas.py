"""What the control API shows of messages: a line of the list, and everything about one."""

from pydantic import BaseModel, ConfigDict, Field

from gateway.http.context import Api
from gateway.http.hexdump import DumpedPdu, split_pdus
from gateway.http.schemas import ShownAmount, ShownMoment, shown
from storage.model import Direction, Message, MessageState, Outbox
from storage.views import MessageView, PostingView


class ShownMessage(BaseModel):
    """One message of a list. ``wall`` is real time, all other times are the operator's."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    id: str
    direction: Direction
    bearer: str
    source: str = Field(alias="from")
    destination: str = Field(alias="to")
    account: str
    route: str
    state: MessageState
    text: str
    language: str
    text_id: str
    outcome: str
    error: str
    cause: str
    attempts: int
    created: ShownMoment
    updated: ShownMoment
    wall: ShownMoment


class Encoding(BaseModel):
    """How the text travels (SMPP 3.4 section 5.2.19, TS 23.038)."""

    name: str
    data_coding: int
    esm_class: int
    parts: int
    characters: int


class Posting(BaseModel):
    """One line of the journal entry that a message or a call caused."""

    seq: int
    account: str
    amount: ShownAmount
    balance_after: ShownAmount


class Step(BaseModel):
    """One point of the time line."""

    at: ShownMoment
    state: str
    detail: str


class Receipt(BaseModel):
    """Whether a delivery receipt was asked for, and if not, why none comes."""

    requested: bool
    registered_delivery: int
    why: str


class Waiting(BaseModel):
    """The promise to deliver, as long as the message is not final."""

    lane: str
    due: ShownMoment
    expires: ShownMoment
    attempts: int


class Pdu(BaseModel):
    """One PDU, secrets masked."""

    command: str
    status: str
    sequence_number: int
    length: int
    hex: str
    dump: list[str]


class WholeMessage(ShownMessage):
    """Everything about one message: the "why"."""

    encoding: Encoding
    charge: ShownAmount
    postings: list[Posting]
    receipt: Receipt
    timeline: list[Step]
    waiting: Waiting | None
    pdus: list[Pdu]
    replies: list[ShownMessage]


def show_message(message: Message, api: Api) -> ShownMessage:
    """A line of the list."""
    return ShownMessage.model_validate(_line(message, api))


def show_whole(view: MessageView, api: Api) -> WholeMessage:
    """Everything about one."""
    message = view.message
    parts = {
        "encoding": _encoding(message),
        "charge": shown(_charge(view.postings)),
        "postings": [show_posting(each) for each in view.postings],
        "receipt": _receipt(message),
        "timeline": _timeline(view, api),
        "waiting": _waiting(view.outbox, api) if view.outbox else None,
        "pdus": [_pdu(each) for each in split_pdus(message.pdus)],
        "replies": [show_message(each, api) for each in view.replies],
    }
    return WholeMessage.model_validate(_line(message, api) | parts)


def _line(message: Message, api: Api) -> dict[str, object]:
    return {
        "id": message.id,
        "direction": message.direction,
        "bearer": message.bearer,
        "from": message.source,
        "to": message.destination,
        "account": message.account,
        "route": message.route,
        "state": message.state,
        "text": message.text,
        "language": message.language,
        "text_id": message.text_id,
        "outcome": message.outcome,
        "error": message.error,
        "cause": message.cause_id,
        "attempts": message.attempts,
        "created": api.show(message.created_us),
        "updated": api.show(message.updated_us),
        "wall": api.show(message.wall_us),
    }


def _encoding(message: Message) -> Encoding:
    return Encoding(
        name=message.encoding,
        data_coding=message.data_coding,
        esm_class=message.esm_class,
        parts=message.parts,
        characters=len(message.text),
    )


def _charge(postings: tuple[PostingView, ...]) -> int:
    """What left subscribers' main accounts for it; money that arrived is no charge."""
    return -sum(
        each.amount_tiyn for each in postings if each.account.startswith("main:") and each.amount_tiyn < 0
    )


def show_posting(each: PostingView) -> Posting:
    """A line of a journal entry."""
    return Posting(
        seq=each.seq,
        account=each.account,
        amount=shown(each.amount_tiyn),
        balance_after=shown(each.balance_after_tiyn),
    )


def _receipt(message: Message) -> Receipt:
    """SMPP 3.4 section 5.2.17: bits 1 and 0 ask for the SMSC's receipt."""
    wanted = message.registered_delivery & 0b11
    return Receipt(
        requested=wanted in _RECEIPT_WORDS,
        registered_delivery=message.registered_delivery,
        why=_RECEIPT_WORDS.get(wanted, "none was asked for: registered_delivery is 0"),
    )


_RECEIPT_WORDS = {
    0b01: "asked for, whatever becomes of the message",
    0b10: "asked for if the message fails",
    0b11: "asked for if the message is delivered",
}


def _tries(failed: int) -> str:
    return f"after failed tries: {failed}" if failed else "at the first try"


def _timeline(view: MessageView, api: Api) -> list[Step]:
    message, outbox = view.message, view.outbox
    steps = [Step(at=api.show(message.created_us), state="ACCEPTED", detail=f"for {message.route}")]
    if outbox is not None:
        detail = f"failed tries so far: {outbox.attempts}; next when {outbox.lane} can take it"
        steps.append(Step(at=api.show(outbox.due_us), state=message.state, detail=detail))
    if message.state.is_final:
        detail = message.error or message.outcome or _tries(message.attempts)
        steps.append(Step(at=api.show(message.updated_us), state=message.state, detail=detail))
    return steps


def _waiting(outbox: Outbox, api: Api) -> Waiting:
    return Waiting(
        lane=outbox.lane,
        due=api.show(outbox.due_us),
        expires=api.show(outbox.expires_us),
        attempts=outbox.attempts,
    )


def _pdu(pdu: DumpedPdu) -> Pdu:
    return Pdu(
        command=pdu.command,
        status=pdu.status,
        sequence_number=pdu.sequence_number,
        length=len(pdu.octets),
        hex=pdu.octets.hex(),
        dump=list(pdu.lines),
    )
