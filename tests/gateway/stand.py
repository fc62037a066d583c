"""A gateway without sockets and threads: the real processor, store and inbound path, and a wall clock."""

import itertools
import random
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast
from zoneinfo import ZoneInfo

from gateway.address_range import parse_address_range
from gateway.binds import Bind, Link
from gateway.clock import OperatorClock
from gateway.config import DEMO_ACCOUNTS, Account
from gateway.inbound import Inbound
from gateway.processor import Processor
from gateway.rendering import Renderer
from gateway.routing import Routes
from gateway.secret_keys import Digest, IdSource
from gateway.smpp.codec import decode, encode
from gateway.smpp.pdus import Address, DeliverSm, SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from gateway.texts import Catalog
from gateway.work import Accepted, BindClosed, BindOpened, Execute, InboxKey, Result, Submit, Work
from handlers.base.bus import Bus
from handlers.base.command import Channel, Command, Origin, Secret
from handlers.base.context import Context
from handlers.base.outcome import Event, Outcome, Reply, Text
from handlers.base.profile import load_profile
from handlers.base.service import Service
from handlers.issuer import Issuer
from handlers.registry import SERVICES
from handlers.subscriber_admin import AddSubscriber, ChangeSubscriber
from handlers.voucher_admin import PrintedBatch, PrintVouchers
from rating.money import tenge
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Language, Status
from storage.model import (
    AccountKind,
    AccountRef,
    Entry,
    Job,
    Line,
    Message,
    MessageState,
    Outbox,
    main_account,
)
from storage.store import Store
from storage.unit_of_work import UnitOfWork
from storage.views import MessageFilter
from ussd_menus.menu import Menu
from ussd_menus.registry import MENUS

S = 1_000_000
#: What the fixture ``logged`` gives.
LogLines = list[MutableMapping[str, Any]]
PROFILE = load_profile("kz")
ZONE = ZoneInfo(PROFILE.timezone)
CATALOG = Catalog.load()
START_US = int(datetime(2026, 3, 1, 9, 0, tzinfo=ZONE).timestamp()) * S
ALIYA, BOLAT, ALAN = Msisdn("77011234567"), Msisdn("77021234567"), Msisdn("77781234567")
HANDSET, APP = DEMO_ACCOUNTS
ISSUER = Issuer()


class Boom(Command):
    """A command whose handler has a bug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recite(Command):
    """A command that says a lot, in ASCII."""

    words: int = 1


class Bang(Exception):
    """The bug."""


def _fail(command: Command, uow: UnitOfWork, context: Context) -> Outcome:
    uow.subscribers.get(command.origin.msisdn)
    raise Bang(context.now_us)


def _recite(command: Command, uow: UnitOfWork, context: Context) -> Outcome:  # noqa: ARG001 - a handler's shape
    assert isinstance(command, Recite)
    lines = tuple(f"line {number}" for number in range(command.words))
    return Outcome(replies=(Reply(text=Text("account.balances", {"lines": lines})),))


def _fail_job(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    raise Bang(job.key, uow.now_us, context.now_us)


def _note(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    data = {"key": job.key, "now_us": context.now_us, "uow_now_us": uow.now_us}
    return Outcome(events=(Event(kind="noted", data=data),))


def _chain(job: Job, uow: UnitOfWork, context: Context) -> Outcome:
    left = int(job.payload["left"]) - 1
    after = Job(kind="drill.chain", key=job.key, due_us=uow.now_us + 60 * S, payload={"left": left})
    event = Event(kind="noted", data={"key": job.key, "now_us": context.now_us, "uow_now_us": uow.now_us})
    return Outcome(events=(event,), jobs=(after,) if left else ())


def _remind(job: Job, uow: UnitOfWork, context: Context) -> Outcome:  # noqa: ARG001 - a job handler's shape
    return Outcome(replies=(Reply(text=Text("account.no_charges"), to=Msisdn(str(job.payload["to"]))),))


DRILL = Service(
    name="drill",
    handlers=MappingProxyType({Boom: _fail, Recite: _recite}),
    jobs=MappingProxyType(
        {
            "drill.faulty": _fail_job,
            "drill.note": _note,
            "drill.chain": _chain,
            "drill.remind": _remind,
        }
    ),
)


class Stand:
    """Works are processed at once, each call one batch."""

    def __init__(
        self,
        folder: Path,
        accounts: Sequence[Account] = DEMO_ACCOUNTS,
        default_messages: Mapping[int, str] = MappingProxyType({}),
        menus: Sequence[Menu] = MENUS,
    ) -> None:
        self.accounts = accounts
        self.menus = menus
        self.default_messages = default_messages
        self.url = f"sqlite:///{folder / 'stand.db'}"
        self.wall_us = START_US
        self.random = random.Random(110)
        self.digest = Digest(bytes(32))
        self.new_id = IdSource(lambda: self.wall_us, self.random.randbytes)
        self.bus = Bus((*SERVICES, DRILL))
        self.sequence = itertools.count(1)
        self.keys = itertools.count(1)
        self.seeds = 0
        self.sessions: dict[tuple[str, str, str], Bind] = {}
        self.open()

    def open(self) -> None:
        """Start, or start again after ``store.close()``."""
        self.store = Store.open(self.url)
        self.clock = OperatorClock(lambda: self.wall_us, ZONE)
        self.clock.restore(self.store.reads.setting("clock"), self.store.reads.journal_head().op_us)
        renderer = Renderer(CATALOG, self.new_id, self.accounts)
        self.processor = Processor(
            self.store,
            self.bus,
            self.clock,
            renderer,
            self.context,
            self._seed,
            self.accounts,
            self.new_id,
            self.menus,
        )
        routes = Routes(PROFILE, self.accounts, self.menus)
        self.inbound = Inbound(
            self.accounts,
            self.default_messages,
            routes,
            self.bus,
            self.digest,
            self.new_id,
            self.clock.now_us,
            self.menus,
        )

    def restart(self) -> None:
        """The process ended, however it did, and is there again."""
        self.store.close()
        self.open()
        self.processor.recover()

    def _seed(self, _: Processor) -> None:
        self.seeds += 1

    def context(self, now_us: int) -> Context:
        return Context(
            now=self.clock.at(now_us),
            now_us=now_us,
            profile=PROFILE,
            digest=self.digest,
            new_id=self.new_id,
            random_digits=lambda count: "".join(self.random.choices("0123456789", k=count)),
            bank=ISSUER,
        )

    # -- sessions ----------------------------------------------------------------------------------

    def session(self, session_id: str = "s1", account: Account = HANDSET, pattern: str = "") -> Bind:
        """A session that is bound; it has no transport."""
        key = (session_id, account.system_id, pattern)
        if key not in self.sessions:
            self.sessions[key] = Bind(
                session_id=session_id,
                account=account,
                receives=True,
                address_range=parse_address_range(pattern),
                link=cast("Link", None),
            )
        return self.sessions[key]

    def bound(self, session_id: str = "s1", account: Account = HANDSET) -> Bind:
        """The same, entered in the store."""
        self.run(BindOpened(session_id, account.system_id))
        return self.session(session_id, account)

    def lost(self, bind: Bind) -> None:
        """Its connection broke."""
        self.run(BindClosed(bind.session_id, "connection lost", clean=False))

    # -- messages ----------------------------------------------------------------------------------

    def read(self, bind: Bind, pdu: SubmitSm) -> Submit:
        """What the reactor makes of a PDU. Raises Rejected."""
        return self.inbound.read(bind, pdu, encode(pdu))

    def sms(
        self,
        text: str,
        to: str = "9393",
        source: str = ALIYA,
        bind: Bind | None = None,
        **fields: Any,
    ) -> Submit:
        """A message from a handset, or on the application's bind from there."""
        fields.setdefault("sequence_number", next(self.sequence))
        fields.setdefault("short_message", text.encode("ascii"))
        pdu = SubmitSm(source=Address(addr=source), destination=Address(addr=to), **fields)
        return self.read(bind or self.session(), pdu)

    def dial(
        self, text: str, source: str = ALIYA, bind: Bind | None = None, info: bytes = b"\x07\x02"
    ) -> Submit:
        """A dialled string."""
        tlvs = (Tlv(Tag.USSD_SERVICE_OP, 1), Tlv(Tag.ITS_SESSION_INFO, info))
        return self.sms(text, "", source, bind, service_type="USSD", tlvs=tlvs)

    def from_app(self, text: str, to: str = ALIYA, source: str = "1234", **fields: Any) -> Submit:
        """A message from the demo application."""
        return self.sms(text, to, source, self.session("app-session", APP), **fields)

    def run(self, *works: Work) -> list[Result]:
        """Process one batch."""
        return self.processor.process(works)

    def one(self, work: Work) -> Result:
        """Process one work, which must come to a good end."""
        (result,) = self.run(work)
        assert result.error is None, result.error
        return result

    def accepted(self, work: Work) -> Accepted:
        """The answer to a submit."""
        value = self.one(work).value
        assert isinstance(value, Accepted)
        return value

    # -- the operator's data -----------------------------------------------------------------------

    def execute(self, command: Command, key: str = "", body: str = "") -> Execute:
        """A command of the control API."""
        inbox = InboxKey("api", key, self.digest(body)) if key else None
        return Execute(command=command, inbox=inbox)

    def do(self, command: Command) -> Outcome:
        """Carry out a command of the control API."""
        value = self.one(self.execute(command)).value
        return cast("Outcome", getattr(value, "outcome", None))

    def origin(self, msisdn: str = "") -> Origin:
        """The control API asks."""
        return Origin(
            msisdn=Msisdn(msisdn),
            channel=Channel.API,
            service_code="",
            source_id=f"r{next(self.keys)}",
            actor="api",
        )

    def add(self, msisdn: Msisdn = ALIYA, opening_kzt: int = 500) -> AddSubscriber:
        """The command for a subscriber who reads English."""
        return AddSubscriber(
            origin=self.origin(),
            msisdn=msisdn,
            brand=Brand.KCELL,
            billing=Billing.PREPAID,
            language=Language.EN,
            opening_tiyn=tenge(opening_kzt).tiyn,
        )

    def subscribe(self, *msisdns: Msisdn) -> None:
        """Subscribers with 500 KZT each."""
        for msisdn in msisdns or (ALIYA,):
            assert self.do(self.add(msisdn)).refusal is None

    def block(self, msisdn: Msisdn, status: Status) -> None:
        """Change a subscriber's status."""
        self.do(ChangeSubscriber(origin=self.origin(), msisdn=msisdn, status=status))

    def cards(self, count: int = 1) -> list[Secret]:
        """Codes of new vouchers of 500 KZT."""
        command = PrintVouchers(origin=self.origin(), face_value_tiyn=tenge(500).tiyn, count=count)
        printed = self.do(command).result
        assert isinstance(printed, PrintedBatch)
        return [voucher.code for voucher in printed.vouchers]

    def balance(self, msisdn: Msisdn = ALIYA) -> int:
        """The main balance in KZT."""
        view = self.store.reads.subscriber(msisdn)
        assert view is not None
        return view.balances.main_tiyn // 100

    def spend(self, msisdn: Msisdn, kzt: int) -> None:
        """Somebody else takes money from the main account."""
        with self.processor.begin() as batch:
            revenue = AccountRef(AccountKind.REVENUE, "drill")
            lines = (Line(main_account(msisdn), -kzt * 100), Line(revenue, kzt * 100))
            batch.uow.ledger.post(Entry("drill.spend", lines, f"r{next(self.keys)}", msisdn))
            batch.uow.commit()

    def put(self, *jobs: Job) -> None:
        """Jobs, committed."""
        with self.processor.begin() as batch:
            for job in jobs:
                batch.uow.jobs.put(job)
            batch.uow.commit()

    # -- what there is -----------------------------------------------------------------------------

    def messages(self) -> list[Message]:
        """All messages, oldest first."""
        return self.store.reads.messages(MessageFilter(limit=1000))[::-1]

    def message(self, message_id: str) -> Message:
        """One of them."""
        view = self.store.reads.message(message_id)
        assert view is not None
        return view.message

    def state(self, message_id: str) -> MessageState:
        """Its state."""
        return self.message(message_id).state

    def replies(self) -> list[str]:
        """The texts of messages to handsets, oldest first."""
        return [each.text for each in self.messages() if each.text_id]


def pdus_of(outboxes: Sequence[Outbox]) -> list[DeliverSm]:
    """What would be delivered, whole messages of one part."""
    pdus = [decode(outbox.payload) for outbox in outboxes]
    return [pdu for pdu in pdus if isinstance(pdu, DeliverSm)]
