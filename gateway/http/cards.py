"""``/cards`` and ``/bank``: the side of the simulated bank, and how it answers."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from gateway.http.card_schemas import (
    BehaviourSetting,
    CardChange,
    NewCard,
    NewEvent,
    Resolution,
    ShownBehaviour,
    ShownCard,
    ShownTransaction,
)
from gateway.http.context import Api, UseApi
from gateway.http.problems import not_found
from gateway.http.schemas import Number, shown
from handlers.bank_desk import (
    ChangeCard,
    RegisterCard,
    Registered,
    ResolveTransaction,
    SetBehaviour,
)
from handlers.base.bank import Verdict
from handlers.base.cards import BEHAVIOUR_SETTING, Behaviour, bank_name, parse_behaviour
from handlers.base.command import Secret
from handlers.card_events import CardEvent
from rating.msisdn import Msisdn
from storage.bank_model import CardEventKind, CardState, CardTransaction
from storage.views import CardFilter, CardView

router = APIRouter(tags=["bank"])

Limit = Annotated[int, Query(ge=1, le=1000)]


@router.post("/cards", status_code=201, responses={200: {"model": ShownCard}})
async def register_card(body: NewCard, response: Response, api: UseApi) -> ShownCard:
    """Bind a card to a subscriber. The same card for the same subscriber again answers 200 as it is now."""
    command = RegisterCard(
        origin=api.origin(),
        msisdn=Msisdn(body.msisdn),
        bank=body.bank,
        pan=Secret(body.pan),
        balance_tiyn=body.balance.tiyn,
    )
    submitted = await api.done(command)
    registered = submitted.outcome.result
    assert isinstance(registered, Registered)  # noqa: S101 (what its handler promises)
    if not registered.is_new:
        response.status_code = 200
    response.headers["Location"] = f"/api/v1/cards/{registered.card.id}"
    return await _card(registered.card.id, api)


@router.get("/cards")
async def list_cards(
    api: UseApi,
    msisdn: Number | None = None,
    bank: str | None = None,
    state: CardState | None = None,
    limit: Limit = 100,
) -> list[ShownCard]:
    """Cards, oldest first."""
    wanted = CardFilter(msisdn=msisdn, bank=bank and bank_name(bank), state=state, limit=limit)
    return [_shown(view, api) for view in await api.operator.read(lambda reads: reads.cards(wanted))]


@router.get("/cards/{card_id}")
async def get_card(card_id: str, api: UseApi) -> ShownCard:
    """A card with its money."""
    return await _card(card_id, api)


@router.patch("/cards/{card_id}")
async def change_card(card_id: str, body: CardChange, api: UseApi) -> ShownCard:
    """The bank enables a card again, or disables it; the holder gets an SMS."""
    await api.done(ChangeCard(origin=api.origin(), card_id=card_id, state=body.state))
    return await _card(card_id, api)


@router.post("/cards/{card_id}/transactions", status_code=201)
async def add_transaction(card_id: str, body: NewEvent, response: Response, api: UseApi) -> ShownTransaction:
    """Something happens to the card; the holder gets an SMS at once."""
    command = CardEvent(
        origin=api.origin(),
        card_id=card_id,
        kind=CardEventKind(body.kind.value),
        amount_tiyn=body.amount.tiyn,
        venue=body.venue,
    )
    happened = _transaction((await api.done(command)).outcome.result)
    response.headers["Location"] = f"/api/v1/bank/transactions/{happened.code}"
    return _shown_transaction(happened, api)


@router.get("/cards/{card_id}/transactions")
async def list_transactions(card_id: str, api: UseApi, limit: Limit = 100) -> list[ShownTransaction]:
    """What happened to a card, newest first."""
    view, found = await api.operator.read(
        lambda reads: (reads.card(card_id), reads.card_transactions(card_id=card_id, limit=limit))
    )
    if view is None:
        raise not_found(f"card {card_id}")
    return [_shown_transaction(each, api) for each in found]


@router.get("/bank/behaviour")
async def get_behaviour(api: UseApi) -> ShownBehaviour:
    """How the bank answers orders."""
    stored = await api.operator.read(lambda reads: reads.setting(BEHAVIOUR_SETTING))
    return _shown_behaviour(parse_behaviour(stored))


@router.put("/bank/behaviour")
async def set_behaviour(body: BehaviourSetting, api: UseApi) -> ShownBehaviour:
    """From the next order on: as usual, late, twice, with an error, or never."""
    command = SetBehaviour(origin=api.origin(), mode=body.mode, delay_s=body.delay_s)
    behaviour = (await api.done(command)).outcome.result
    assert isinstance(behaviour, Behaviour)  # noqa: S101 (what its handler promises)
    return _shown_behaviour(behaviour)


@router.get("/bank/transactions/{code}")
async def get_transaction(code: str, api: UseApi) -> ShownTransaction:
    """The bank's record of a transaction."""
    found = await api.operator.read(lambda reads: reads.card_transaction(code.upper()))
    if found is None:
        raise not_found(f"transaction {code}")
    return _shown_transaction(found, api)


@router.post("/bank/transactions/{code}/resolve", status_code=202)
async def resolve_transaction(code: str, body: Resolution, api: UseApi) -> ShownTransaction:
    """The bank answers now. What is shown is how it was; it is concluded, and told, right afterwards."""
    command = ResolveTransaction(origin=api.origin(), code=code.upper(), verdict=Verdict(body.verdict.value))
    return _shown_transaction(_transaction((await api.done(command)).outcome.result), api)


def _transaction(value: object) -> CardTransaction:
    """The value as the type that its handler promises."""
    if not isinstance(value, CardTransaction):
        raise TypeError(f"expected CardTransaction, got {type(value).__name__}")
    return value


async def _card(card_id: str, api: Api) -> ShownCard:
    view = await api.operator.read(lambda reads: reads.card(card_id))
    if view is None:
        raise not_found(f"card {card_id}")
    return _shown(view, api)


def _shown(view: CardView, api: Api) -> ShownCard:
    card, balance = view.card, view.balance
    return ShownCard(
        id=card.id,
        msisdn=card.msisdn,
        bank=card.bank,
        last4=card.last4,
        last6=card.last6,
        state=card.state,
        balance=shown(balance.balance_tiyn),
        held=shown(balance.held_tiyn),
        available=shown(balance.available_tiyn),
        created=api.show(card.created_us),
    )


def _shown_transaction(each: CardTransaction, api: Api) -> ShownTransaction:
    return ShownTransaction(
        code=each.code,
        card=each.card_id,
        msisdn=each.msisdn,
        kind=each.kind,
        amount=shown(each.amount_tiyn),
        venue=each.venue,
        at=api.show(each.at_us),
        state=each.state,
        target=each.target,
        settled=api.show(each.settled_us) if each.settled_us else None,
    )


def _shown_behaviour(behaviour: Behaviour) -> ShownBehaviour:
    return ShownBehaviour(mode=behaviour.mode, delay_s=behaviour.delay_s)
