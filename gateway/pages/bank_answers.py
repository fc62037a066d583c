"""``/bank``: what the bank says: its record of a transaction, and how it answers orders."""

from fastapi import APIRouter, Request, Response

from gateway.http.context import Api, UseApi
from gateway.http.problems import Problem, not_found
from gateway.pages import words
from gateway.pages.bank import DONE, Row
from gateway.pages.forms import Form, typed_in
from gateway.pages.layout import PageRoute, go, page
from handlers.bank_desk import ResolveTransaction, SetBehaviour
from handlers.base.bank import Verdict
from handlers.base.cards import BEHAVIOUR_SETTING, Manner, parse_behaviour
from storage.bank_model import CardTransaction
from storage.reads import Reads
from storage.views import CardView

router = APIRouter(prefix="/bank", include_in_schema=False, route_class=PageRoute)


# -- a transaction ---------------------------------------------------------------------------------


@router.get("/transactions/{code}")
async def show_transaction(code: str, api: UseApi, done: str = "") -> Response:
    """The bank's record, and while nobody knows what became of it, the bank's answer."""
    return await _transaction_page(code, api, Form(), done=done)


@router.post("/transactions/{code}")
async def resolve_transaction(code: str, request: Request, api: UseApi) -> Response:
    """The bank's people decide."""
    form = Form(await typed_in(request))
    verdict = form.choice("verdict", Verdict, "Choose the bank's answer.")
    if verdict is None or verdict is Verdict.OVERDUE:
        form.note("verdict", "Choose the bank's answer.")
        return await _transaction_page(code, api, form, 422)
    try:
        await api.done(ResolveTransaction(origin=api.origin(), code=code, verdict=verdict))
    except Problem as problem:
        form.refuse(problem)
        return await _transaction_page(code, api, form, problem.status)
    return go(f"/bank/transactions/{code}", done="answered")


async def _transaction_page(
    code: str, api: Api, form: Form, status: int = 200, *, done: str = ""
) -> Response:
    found, view = await api.operator.read(lambda reads: _whole_transaction(code, reads))
    if found is None:
        raise not_found("transaction with this code")
    settled = words.moment(found.settled_us, api.operator.timezone) if found.settled_us else None
    return page(
        "transaction.html",
        status,
        row=Row.of(found, api),
        view=view,
        settled=settled,
        is_waiting=found.state in words.WAITING,
        form=form,
        done=DONE.get(done, ""),
    )


def _whole_transaction(code: str, reads: Reads) -> tuple[CardTransaction | None, CardView | None]:
    found = reads.card_transaction(code)
    return found, None if found is None else reads.card(found.card_id)


# -- the bank's answers ----------------------------------------------------------------------------


@router.get("/behaviour")
async def show_behaviour(api: UseApi, done: str = "") -> Response:
    """How the simulated bank answers orders."""
    stored = await api.operator.read(lambda reads: reads.setting(BEHAVIOUR_SETTING))
    now = parse_behaviour(stored)
    delay = str(now.delay_s) if now.delay_s else ""
    form = Form({"mode": now.mode.value, "delay_s": delay})
    return _behaviour_page(form, done=done)


@router.post("/behaviour")
async def set_behaviour(request: Request, api: UseApi) -> Response:
    """Another way from the next order on."""
    form = Form(await typed_in(request))
    mode = form.choice("mode", Manner, "Choose how the bank answers.")
    delay_s = form.seconds("delay_s")
    if mode is None or form.errors:
        return _behaviour_page(form, 422)
    try:
        await api.done(SetBehaviour(origin=api.origin(), mode=mode, delay_s=delay_s))
    except Problem as problem:
        form.refuse(problem)
        return _behaviour_page(form, problem.status)
    return go("/bank/behaviour", done="behaviour")


def _behaviour_page(form: Form, status: int = 200, *, done: str = "") -> Response:
    manners = [(manner.value, *said) for manner, said in words.MANNERS.items()]
    return page("behaviour.html", status, form=form, manners=manners, done=DONE.get(done, ""))
