"""The control API put together. ``create_app(operator, settings)`` is all that the outside needs."""

from fastapi import APIRouter, Depends, FastAPI

from gateway.http import (
    autopay,
    calls,
    cards,
    clock,
    collect_lists,
    dialogues,
    docs,
    health,
    ledger,
    mail,
    messages,
    mo,
    parking,
    payments,
    phone_customers,
    problems,
    reconciliation,
    reset,
    subscribers,
    voice,
    vouchers,
)
from gateway.http.context import Api, ApiSettings
from gateway.http.facade import Operator
from gateway.http.guard import BodyLimit, Guard
from gateway.http.strict_query import known_query
from gateway.http.telemetry import Telemetry
from gateway.pages import bank, bank_answers, layout, terminal
from gateway.pages import parking as parking_pages

PREFIX = "/api/v1"
_ABOUT = (
    "Control API of the operator in a box. Amounts are strings in tenge with two decimals, times are "
    "ISO 8601 with offset, errors are problem details (RFC 9457)."
)
#: One router per noun; a later noun is a line here.
_ROUTERS: tuple[APIRouter, ...] = (
    subscribers.router,
    vouchers.router,
    payments.router,
    reconciliation.router,
    cards.router,
    phone_customers.router,
    autopay.router,
    messages.router,
    mo.router,
    dialogues.router,
    calls.router,
    collect_lists.router,
    voice.router,
    parking.router,
    mail.router,
    ledger.router,
    clock.router,
    reset.router,
)
#: The pages for people; the last one answers for addresses that are none.
_PAGES: tuple[APIRouter, ...] = (
    bank.router,
    bank_answers.router,
    terminal.router,
    parking_pages.router,
    layout.router,
    layout.lost,
)


def create_app(operator: Operator, settings: ApiSettings) -> FastAPI:
    """The ASGI application. It owns nothing: stopping it stops nothing of the operator."""
    app = FastAPI(
        title="Shortcode",
        description=_ABOUT,
        version=settings.version,
        docs_url=None,  # FastAPI's own pages load their scripts from other hosts
        redoc_url=None,
        redirect_slashes=False,
        responses={"default": problems.DOCUMENTED},
        dependencies=[Depends(known_query)],
    )
    app.state.api = Api(operator, settings)
    problems.install(app)
    for router in _ROUTERS:
        app.include_router(router, prefix=PREFIX)
    app.include_router(health.router)
    app.include_router(docs.router)
    for router in _PAGES:
        app.include_router(router)
    # The last one added runs first.
    app.add_middleware(BodyLimit)
    app.add_middleware(Guard, token=settings.token, hosts=settings.hosts)
    app.add_middleware(Telemetry, metrics=settings.metrics, prefix=PREFIX)
    return app
