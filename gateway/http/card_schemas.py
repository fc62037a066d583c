"""Shapes of the bank's calls: cards, what happens to them, how the simulated bank answers."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field, StrictInt

from gateway.http.schemas import Amount, Body, Number, ShownAmount, ShownMoment
from handlers.bank_desk import DELAY_S_MAX
from handlers.base.cards import Manner
from rating.money import Money
from storage.bank_model import CardEventKind, CardState, TransactionState


class EventKind(StrEnum):
    """What can happen to a card away from the operator."""

    PURCHASE = CardEventKind.PURCHASE.value
    PAYMENT = CardEventKind.PAYMENT.value
    SALARY = CardEventKind.SALARY.value
    TRANSFER = CardEventKind.TRANSFER.value
    AUTHORISATION = CardEventKind.AUTHORISATION.value
    CASH = CardEventKind.CASH.value


class Answer(StrEnum):
    """What the bank's people can say of a transaction."""

    APPROVED = "approved"
    ERROR = "error"


class NewCard(Body):
    """``POST /cards``. ``pan`` has 16 digits, spaces and dashes do not matter; it is shown nowhere again."""

    msisdn: Number
    bank: Annotated[str, Field(max_length=60, examples=["halyk"])]
    pan: Annotated[str, Field(max_length=40, examples=["9398 0000 0007 1234"])]
    balance: Amount = Money(0)


class CardChange(Body):
    """``PATCH /cards/{card_id}``."""

    state: CardState


class ShownCard(BaseModel):
    """A card with its money; ``balance`` includes what is ``held``, ``available`` does not."""

    id: str
    msisdn: str
    bank: str
    last4: str
    last6: str
    state: CardState
    balance: ShownAmount
    held: ShownAmount
    available: ShownAmount
    created: ShownMoment


class NewEvent(Body):
    """``POST /cards/{card_id}/transactions``: an amount above zero, whichever way the money goes."""

    kind: EventKind
    amount: Amount
    venue: Annotated[str, Field(max_length=200, examples=["Magnum, Abay Ave 109"])]


class ShownTransaction(BaseModel):
    """One event of a card. ``amount`` is negative where it leaves the card.

    ``code`` is also the ledger entry's source and stands in the SMS. ``target`` is who a top-up is for.
    """

    code: str
    card: str
    msisdn: str
    kind: CardEventKind
    amount: ShownAmount
    venue: str
    at: ShownMoment
    state: TransactionState
    target: str
    settled: ShownMoment | None


class BehaviourSetting(Body):
    """``PUT /bank/behaviour``. Without ``delay_s`` a late answer is overdue, a second one a second later."""

    mode: Manner
    delay_s: Annotated[StrictInt, Field(ge=0, le=DELAY_S_MAX)] | None = None


class ShownBehaviour(BaseModel):
    """``GET /bank/behaviour``."""

    mode: Manner
    delay_s: int


class Resolution(Body):
    """``POST /bank/transactions/{code}/resolve``."""

    verdict: Answer
