"""What the control API shows of USSD dialogues: all but the menu's own state."""

from enum import StrEnum

from pydantic import BaseModel

from gateway.http.context import Api
from gateway.http.schemas import ShownMoment
from gateway.smpp.constants import UssdServiceOp
from storage.model import DialogueTurn, Direction
from storage.views import DialogueView

_OF_HANDSETS = frozenset(
    each.name
    for each in (
        UssdServiceOp.PSSD_INDICATION,
        UssdServiceOp.PSSR_INDICATION,
        UssdServiceOp.USSR_CONFIRM,
        UssdServiceOp.USSN_CONFIRM,
    )
)


class DialogueState(StrEnum):
    """A handset has at most one that is open."""

    OPEN = "open"
    ENDED = "ended"


class ShownTurn(BaseModel):
    """One thing that was typed (``mo``) or shown (``mt``); ``operation`` as in SMPP 3.4 section 5.3.2.44.

    ``octets`` is how long the text was on the wire, ``note`` what was done to it.
    """

    number: int
    at: ShownMoment
    direction: Direction
    operation: str
    text: str
    octets: int
    note: str


class ShownDialogue(BaseModel):
    """One dialogue. Its ``id`` is that of the message that opened it."""

    id: str
    msisdn: str
    service_code: str
    state: DialogueState
    ending: str
    owner: str
    account: str
    session: str
    number: int
    opened: ShownMoment
    updated: ShownMoment
    turns: list[ShownTurn]


def show_dialogue(view: DialogueView, api: Api) -> ShownDialogue:
    """Everything about one."""
    dialogue = view.dialogue
    return ShownDialogue(
        id=dialogue.id,
        msisdn=dialogue.msisdn,
        service_code=_as_dialled(dialogue.service_code),
        state=DialogueState.ENDED if dialogue.ended else DialogueState.OPEN,
        ending=dialogue.ended,
        owner=dialogue.owner,
        account=dialogue.account,
        session=dialogue.session_id,
        number=dialogue.number,
        opened=api.show(dialogue.opened_us),
        updated=api.show(max(dialogue.opened_us, dialogue.updated_us)),
        turns=[_turn(each, api) for each in view.turns],
    )


def _as_dialled(code: str) -> str:
    return code if code.endswith(("#", "*")) else f"{code}#"


def _turn(turn: DialogueTurn, api: Api) -> ShownTurn:
    return ShownTurn(
        number=turn.number,
        at=api.show(turn.at_us),
        direction=Direction.MO if turn.operation in _OF_HANDSETS else Direction.MT,
        operation=turn.operation,
        text=turn.text,
        octets=turn.octets,
        note=turn.note,
    )
