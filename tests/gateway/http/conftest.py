"""A fake operator behind the real application: commands are recorded, outcomes scripted, reads canned."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI

from gateway.clock import ClockError, ClockMode, ClockView
from gateway.http.app import create_app
from gateway.http.context import ApiSettings
from gateway.http.facade import Submitted
from gateway.work import Fired
from handlers.base.command import Command
from handlers.base.outcome import Outcome
from handlers.base.profile import Profile, load_profile
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand
from storage.model import Direction, Message, MessageState, Subscriber
from storage.reads import Reads
from storage.views import (
    Balances,
    DialogueFilter,
    DialogueView,
    MessageFilter,
    MessageView,
    Movement,
    SubscriberView,
)

T = TypeVar("T")
MSISDN = Msisdn("77011234567")
NOW_US = 1_772_337_600_000_000  # 2026-03-01T09:00:00+05:00


@dataclass
class FakeReads:
    """What the database would say; the same signatures as storage.reads.Reads."""

    subscribers: dict[str, SubscriberView] = field(default_factory=dict)
    kept: list[Message] = field(default_factory=list)
    views: dict[str, MessageView] = field(default_factory=dict)
    movements: list[Movement] = field(default_factory=list)
    accounts: list[tuple[str, int]] = field(default_factory=list)
    asked: list[MessageFilter] = field(default_factory=list)
    talks: list[DialogueView] = field(default_factory=list)
    talks_asked: list[DialogueFilter] = field(default_factory=list)

    def subscriber(self, msisdn: Msisdn) -> SubscriberView | None:
        return self.subscribers.get(msisdn)

    def messages(self, wanted: MessageFilter) -> list[Message]:
        self.asked.append(wanted)
        return [each for each in self.kept if wanted.destination in {None, each.destination}]

    def message(self, message_id: str) -> MessageView | None:
        return self.views.get(message_id)

    def dialogues(self, wanted: DialogueFilter) -> list[DialogueView]:
        self.talks_asked.append(wanted)
        return self.talks

    def dialogue(self, dialogue_id: str) -> DialogueView | None:
        return next((each for each in self.talks if each.dialogue.id == dialogue_id), None)

    def history(self, msisdn: Msisdn, limit: int = 100) -> list[Movement]:
        return [each for each in self.movements if each.account.endswith(msisdn)][:limit]

    def trial_balance(self) -> list[tuple[str, int]]:
        return self.accounts


class FakeOperator:
    """Implements gateway.http.facade.Operator."""

    def __init__(self) -> None:
        self.reads = FakeReads()
        self.commands: list[Command] = []
        self.keys: list[tuple[tuple[str, str] | None, bytes]] = []
        self.answer: Submitted | Exception = Submitted(Outcome())
        self.committed = asyncio.Event()
        self.status = "ok"
        self.resets = 0
        self.reset_error: Exception | None = None
        self.view = ClockView(ClockMode.VIRTUAL, NOW_US)
        self.fired: tuple[Fired, ...] = ()
        self.profile: Profile = load_profile("kz")
        self.timezone = ZoneInfo("Asia/Almaty")
        self.new_id: Callable[[], str] = lambda: "0" * 32

    async def submit(
        self, command: Command, *, key: tuple[str, str] | None = None, body: bytes = b""
    ) -> Submitted:
        self.commands.append(command)
        self.keys.append((key, body))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def read(self, query: Callable[[Reads], T]) -> T:
        return query(cast("Reads", self.reads))

    async def changed(self, timeout_s: float) -> bool:
        try:
            await asyncio.wait_for(self.committed.wait(), timeout_s)
        except TimeoutError:
            return False
        self.committed.clear()
        return True

    def clock(self) -> ClockView:
        return self.view

    async def set_clock(self, mode: ClockMode, now_us: int | None) -> ClockView:
        self.view = ClockView(mode, self._forward(self.view.now_us if now_us is None else now_us))
        return self.view

    async def advance(self, to_us: int, *, at_least: bool = False) -> Sequence[Fired]:
        self.view = replace(
            self.view, now_us=max(to_us, self.view.now_us) if at_least else self._forward(to_us)
        )
        return self.fired

    async def reset(self) -> None:
        if self.reset_error is not None:
            raise self.reset_error
        self.resets += 1

    def health(self) -> str:
        return self.status

    def _forward(self, to_us: int) -> int:
        if to_us < self.view.now_us:
            raise ClockError("the clock only goes forward")
        return to_us


def a_subscriber(msisdn: Msisdn = MSISDN) -> SubscriberView:
    """A subscriber with 500 KZT, 20 of it held."""
    record = Subscriber(
        msisdn=msisdn, brand=Brand.KCELL, billing=Billing.PREPAID, owner_name="Aliya", created_us=NOW_US
    )
    return SubscriberView(record, Balances(main_tiyn=50_000, held_tiyn=2_000))


def a_message(**changes: object) -> Message:
    """A delivered MT message from 9393."""
    message = Message(
        id="0192" + "a" * 28,
        direction=Direction.MT,
        bearer="sms",
        source="9393",
        destination=MSISDN,
        account="handset",
        route=f"handset:{MSISDN}",
        state=MessageState.DELIVERED,
        text="Credited 500 KZT",
        encoding="gsm7",
        parts=1,
        data_coding=0,
        esm_class=0,
        pdus=b"",
        created_us=NOW_US,
        updated_us=NOW_US + 1_000_000,
        wall_us=NOW_US,
        cause_id="0192" + "b" * 28,
    )
    return message._replace(**changes)  # type: ignore[arg-type]  # the names are Message's own


class ApiClient:
    """Calls an application as a synchronous test wants to; ``asgi`` is for what needs its own loop.

    Not Starlette's TestClient: that wants another HTTP library than the one the product uses.
    """

    def __init__(self, app: FastAPI, base_url: str = "http://127.0.0.1:8080") -> None:
        self.app = app
        self.base_url = base_url

    def asgi(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=self.base_url)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with self.asgi() as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)


@pytest.fixture
def operator() -> FakeOperator:
    return FakeOperator()


@pytest.fixture
def make_client() -> Callable[..., ApiClient]:
    return ApiClient


@pytest.fixture
def client(operator: FakeOperator) -> ApiClient:
    return ApiClient(create_app(operator, ApiSettings()))


@pytest.fixture
def subscriber_view() -> SubscriberView:
    return a_subscriber()


@pytest.fixture
def make_message() -> Callable[..., Message]:
    return a_message
