"""``/bank``: the bank's side: customers and their cards, and what happens to cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.http.context import Api, PathMsisdn, UseApi
from gateway.http.problems import Problem, not_found
from gateway.pages import words
from gateway.pages.forms import WHOLE, Form, typed_in
from gateway.pages.layout import PageRoute, go, page
from gateway.work import KeyReused
from handlers.bank_desk import (
    ChangeCard,
    RegisterCard,
    Registered,
)
from handlers.base.cards import BEHAVIOUR_SETTING, Behaviour, parse_behaviour
from handlers.base.command import Secret
from handlers.card_events import CardEvent
from rating.money import Money
from rating.msisdn import Msisdn
from storage.bank_model import CardEventKind, CardState, CardTransaction
from storage.model import Subscriber
from storage.reads import Reads
from storage.views import CardFilter, CardView

router = APIRouter(prefix="/bank", include_in_schema=False, route_class=PageRoute)

CARDS_SHOWN: Final = 100
TRANSACTIONS_SHOWN: Final = 20
#: The namespace of the tokens that make a form of a card's page count once.
KEY_SOURCE: Final = "pages:bank"
_PAN: Final = frozenset({"pan"})
#: Refusals that name no field, and the field that they are about.
_WHERE: Final = MappingProxyType(
    {
        "subscriber.unknown": "msisdn",
        "bank.card_taken": "pan",
        "bank.same_digits": "pan",
        "bank.not_enough": "amount",
    }
)
#: What a page says after something was done.
DONE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "registered": "The card is registered. Its holder gets an SMS.",
        "known": "This card was registered for this number before. Nothing was changed.",
        "active": "The card is unblocked. Its holder gets an SMS.",
        "disabled": "The card is blocked. Its holder gets an SMS.",
        "happened": "Done. The holder gets an SMS.",
        "again": "This form was sent before. It was done once, then.",
        "answered": "The bank answers now. While this page still says that the money is held, load it again.",
        "behaviour": "The bank answers like this from the next order on.",
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """A transaction as the pages show it."""

    transaction: CardTransaction
    at: datetime
    state: str

    @classmethod
    def of(cls, each: CardTransaction, api: Api) -> "Row":
        """With its time and state in words."""
        at = words.moment(each.at_us, api.operator.timezone)
        return cls(each, at, words.TRANSACTION_STATES[each.state])


# -- customers -------------------------------------------------------------------------------------


@router.get("")
async def show_bank(api: UseApi, number: str | None = None) -> Response:
    """All cards; with ``number`` on to that customer."""
    form = Form({} if number is None else {"msisdn": number})
    if number is not None:
        msisdn = form.msisdn("msisdn")
        if msisdn is not None:
            return go(f"/bank/customers/{msisdn}")
    views, owners, behaviour = await api.operator.read(_all_cards)
    return page(
        "bank.html",
        422 if form.errors else 200,
        form=form,
        views=views[:CARDS_SHOWN],
        more=len(views) > CARDS_SHOWN,
        owners=owners,
        states=words.CARD_STATES,
        manner=words.MANNERS[behaviour.mode][0],
    )


def _all_cards(reads: Reads) -> tuple[list[CardView], Mapping[str, str], Behaviour]:
    views = reads.cards(CardFilter(limit=CARDS_SHOWN + 1))
    holders = ((view.card.msisdn, reads.subscriber(view.card.msisdn)) for view in views)
    owners: dict[str, str] = {
        msisdn: found.subscriber.owner_name if found else "" for msisdn, found in holders
    }
    return views, owners, parse_behaviour(reads.setting(BEHAVIOUR_SETTING))


@router.get("/customers/{msisdn}")
async def show_customer(msisdn: PathMsisdn, api: UseApi) -> Response:
    """A subscriber, the cards that are bound to the number, and the identifiers for the bank by phone."""
    found, views, phones = await api.operator.read(
        lambda reads: (
            reads.subscriber(msisdn),
            reads.cards(CardFilter(msisdn=msisdn)),
            reads.phone_customers(msisdn),
        )
    )
    if found is None:
        raise not_found(f"customer with the number {words.number(msisdn)}")
    return page(
        "customer.html",
        customer=found.subscriber,
        views=views,
        states=words.CARD_STATES,
        phones=phones,
        endings={view.card.id: view.card.last4 for view in views},
    )


@router.get("/cards/new")
async def ask_for_card(msisdn: str = "") -> Response:
    """The form with which a card is registered, as at an ATM."""
    return page("register.html", form=Form({"msisdn": msisdn}))


@router.post("/cards/new")
async def register_card(request: Request, api: UseApi) -> Response:
    """Register it, then on to its page."""
    form = Form(await typed_in(request), secrets=_PAN)
    msisdn = form.msisdn("msisdn")
    pan = form.text("pan", "Type the 16 digits of the card number.", secret=True)
    bank = form.text("bank", "Type the bank's name, like halyk.")
    balance = form.amount("balance", default=Money(0))
    if msisdn is None or pan is None or bank is None or balance is None:
        return page("register.html", 422, form=form)
    command = RegisterCard(
        origin=api.origin(), msisdn=msisdn, bank=bank, pan=Secret(pan), balance_tiyn=balance.tiyn
    )
    try:
        registered = (await api.done(command)).outcome.result
    except Problem as problem:
        form.refuse(problem, _WHERE)
        return page("register.html", problem.status, form=form)
    assert isinstance(registered, Registered)  # noqa: S101 (what its handler promises)
    return go(f"/bank/cards/{registered.card.id}", done="registered" if registered.is_new else "known")


# -- a card ----------------------------------------------------------------------------------------


@router.get("/cards/{card_id}")
async def show_card(card_id: str, api: UseApi, done: str = "", code: str = "") -> Response:
    """A card with its money, its last transactions, and what can be done with it."""
    return await _card_page(card_id, api, Form(), done=done, code=code)


@router.get("/cards/{card_id}/state")
@router.get("/cards/{card_id}/transactions")
async def back_to_card(card_id: str) -> Response:
    """Where only forms are sent to, there is nothing to see."""
    return go(f"/bank/cards/{card_id}")


@router.post("/cards/{card_id}/state")
async def change_card(card_id: str, request: Request, api: UseApi) -> Response:
    """Block or unblock the card."""
    form = Form(await typed_in(request))
    state = form.choice("state", CardState, "")
    if state is None:
        raise Problem(400, "the form is not complete; load its page again", code="form")
    await api.done(ChangeCard(origin=api.origin(), card_id=card_id, state=state))
    return go(f"/bank/cards/{card_id}", done=state.value)


@router.post("/cards/{card_id}/transactions")
async def add_transaction(card_id: str, request: Request, api: UseApi) -> Response:
    """Make something happen to the card, once for each form that was shown."""
    form = Form(await typed_in(request))
    token = form.token("token")
    kind = form.choice("kind", CardEventKind, "Choose what happens to the card.")
    amount = form.amount("amount")
    venue = form.text("venue", "Type the place, like Magnum, Abay Ave 109.")
    if kind is None or amount is None or venue is None:
        return await _card_page(card_id, api, form, 422, token=token)
    command = CardEvent(origin=api.origin(), card_id=card_id, kind=kind, amount_tiyn=amount.tiyn, venue=venue)
    body = repr((card_id, kind.value, amount.tiyn, venue)).encode()
    try:
        submitted = await api.done(command, key=(KEY_SOURCE, token), body=body)
    except Problem as problem:
        if problem.code == "bank.disabled":  # the text is for the holder
            form.note(WHOLE, "The card is blocked. Unblock it first.")
        else:
            form.refuse(problem, _WHERE)
        return await _card_page(card_id, api, form, problem.status, token=token)
    except KeyReused:
        form.note(WHOLE, "This form was sent before, with other values. To do this too, send it again.")
        return await _card_page(card_id, api, form, 409)
    if submitted.repeated:
        return go(f"/bank/cards/{card_id}", done="again")
    return go(f"/bank/cards/{card_id}", done="happened", code=_code(submitted.outcome.result))


def _code(happened: object) -> str:
    assert isinstance(happened, CardTransaction)  # noqa: S101 (what its handler promises)
    return happened.code


async def _card_page(
    card_id: str,
    api: Api,
    form: Form,
    status: int = 200,
    *,
    token: str = "",
    done: str = "",
    code: str = "",
) -> Response:
    """The card's page with a form in it; a fresh token, unless the same try goes on."""
    view, owner, found = await api.operator.read(lambda reads: _whole_card(card_id, reads))
    if view is None:
        raise not_found("card at this address")
    rows = [Row.of(each, api) for each in found]
    return page(
        "card.html",
        status,
        view=view,
        owner=owner,
        rows=rows,
        form=form,
        token=token or api.operator.new_id(),
        kinds=[(kind.value, words.KINDS[kind], "") for kind in words.DESK_KINDS],
        state=words.CARD_STATES[view.card.state],
        done=DONE.get(done, ""),
        happened=next((row for row in rows if row.transaction.code == code), None),
        limit=TRANSACTIONS_SHOWN,
    )


def _whole_card(
    card_id: str, reads: Reads
) -> tuple[CardView | None, Subscriber | None, Sequence[CardTransaction]]:
    view = reads.card(card_id)
    if view is None:
        return None, None, ()
    owner = reads.subscriber(Msisdn(view.card.msisdn))
    found = reads.card_transactions(card_id=card_id, limit=TRANSACTIONS_SHOWN)
    return view, owner.subscriber if owner else None, found
