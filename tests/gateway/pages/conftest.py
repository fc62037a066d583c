"""The pages over the real application, handlers and store, and a browser in front of them."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx
import pytest

from gateway.clock import ClockView
from gateway.http.app import create_app
from gateway.http.context import ApiSettings
from gateway.http.facade import Submitted
from gateway.work import Execute, Executed, InboxKey
from handlers.base.command import Command, Secret
from rating.subscriber import Language
from storage.reads import Reads
from tests.gateway.pages.browser import Browser
from tests.gateway.stand import ALIYA, BOLAT, CATALOG, PROFILE, ZONE, Stand

T = TypeVar("T")
ORIGIN = "http://127.0.0.1:8080"


class StandOperator:
    """The operator on the stand: each command is a batch of its own. As gateway.http.facade.Operator."""

    profile = PROFILE
    timezone = ZONE

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.new_id = stand.new_id

    async def submit(
        self, command: Command, *, key: tuple[str, str] | None = None, body: bytes = b""
    ) -> Submitted:
        inbox = key and InboxKey(*key, request_hash=self.stand.digest(body.decode("latin-1")))
        (result,) = self.stand.run(Execute(command=command, inbox=inbox or None))
        if result.error is not None:
            raise result.error
        assert isinstance(result.value, Executed)
        return Submitted(result.value.outcome, result.value.repeated)

    def clock(self) -> ClockView:
        return self.stand.clock.view()

    async def read(self, query: Callable[[Reads], T]) -> T:
        return query(self.stand.store.reads)


class AsgiClient:
    """Calls the application without a socket."""

    def __init__(self, app: Any, base_url: str = ORIGIN) -> None:
        self._app = app
        self._base_url = base_url

    def request(self, method: str, url: str, /, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url=self._base_url) as client:
                return await client.request(method, url, **options)

        return asyncio.run(ask())


MakeClient = Callable[..., AsgiClient]


@pytest.fixture
def make_client(stand: Stand) -> MakeClient:
    """Applications on the stand, with a token if one is given."""

    def make(token: str = "") -> AsgiClient:
        settings = ApiSettings(
            token=Secret(token) if token else None,
            say=lambda text: CATALOG.render(text, Language.EN),
            speak=CATALOG.render,
        )
        operator: Any = StandOperator(stand)
        return AsgiClient(create_app(operator, settings))

    return make


@pytest.fixture
def browser(stand: Stand, make_client: MakeClient) -> Iterator[Browser]:
    """A browser; two subscribers are there. In the end every page that was seen was in order."""
    stand.subscribe(ALIYA, BOLAT)
    browser = Browser(make_client().request, ORIGIN)
    yield browser
    assert [(address, page.problems()) for address, page in browser.seen if page.problems()] == []
