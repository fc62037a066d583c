"""A desk at which services are tried: a bus, a store and an operator clock that the test moves."""

import hashlib
import hmac
import itertools
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest

from gateway.rendering import Renderer
from gateway.texts import Catalog
from handlers.bank_desk import RegisterCard, Registered
from handlers.base.bus import Bus
from handlers.base.command import Channel, Command, Origin, Secret
from handlers.base.context import Context
from handlers.base.grammar import Usage, parse_dial
from handlers.base.outcome import Outcome
from handlers.base.profile import load_profile
from handlers.issuer import Issuer
from handlers.registry import SERVICES
from handlers.scratch_cards import RedeemVoucher
from handlers.subscriber_admin import AddSubscriber
from handlers.voucher_admin import PrintedBatch, PrintVouchers
from rating.money import tenge
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Language
from storage.bank_model import Card
from storage.check import check
from storage.model import AccountKind, AccountRef, Job, Subscriber, VoucherBatch, main_account, transfer
from storage.store import Store
from storage.unit_of_work import UnitOfWork

PROFILE = load_profile("kz")
ZONE = ZoneInfo(PROFILE.timezone)
CATALOG = Catalog.load()
RENDERER = Renderer(CATALOG, lambda: "")
ISSUER = Issuer()
START_US = int(datetime(2025, 3, 14, 12, 0, tzinfo=ZONE).timestamp()) * 1_000_000
ALIYA = Msisdn("77011234567")
#: Of no issuer: ISO/IEC 7812-1 gives 9 and a country's number to that country's own use.
PAN = "9398000000071234"
T = TypeVar("T")


class Desk:
    """Runs each command in a transaction of its own at ``now_us``, as the gateway's writer does."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.bus = Bus(SERVICES)
        self.now_us = START_US
        self.profile = PROFILE
        self.random = random.Random(9393)
        self._ids = itertools.count(1)

    def context(self) -> Context:
        """What handlers may know now."""
        return Context(
            now=datetime.fromtimestamp(self.now_us / 1_000_000, tz=ZONE),
            now_us=self.now_us,
            profile=self.profile,
            digest=lambda secret: hmac.digest(b"test key", secret.encode(), hashlib.sha256),
            new_id=lambda: f"{next(self._ids):032x}",
            random_digits=lambda count: "".join(self.random.choices("0123456789", k=count)),
            bank=ISSUER,
        )

    def wait(self, seconds: float) -> None:
        """Let the operator's clock go on."""
        self.now_us += round(seconds * 1_000_000)

    def do(self, step: Callable[[UnitOfWork, Context], T]) -> T:
        """One committed transaction."""
        context = self.context()
        with self.store.begin(now_us=self.now_us, wall_us=self.now_us) as uow:
            result = step(uow, context)
            uow.commit()
        return result

    def run(self, *commands: Command) -> Outcome:
        """Run the commands in one transaction, prefetched as a batch would; the last outcome."""

        def step(uow: UnitOfWork, context: Context) -> Outcome:
            for command in commands:
                uow.prefetch(self.bus.needs(command, context))
            return [self._follow(self.bus.handle(each, uow, context), uow) for each in commands][-1]

        outcome = self.do(step)
        assert_renderable(outcome)
        return outcome

    def origin(self, channel: Channel = Channel.SMS, msisdn: str = ALIYA, code: str = "9393") -> Origin:
        """Who asks, with a new source id each time."""
        return Origin(
            msisdn=Msisdn(msisdn), channel=channel, service_code=code, source_id=f"m{next(self._ids)}"
        )

    def sms(self, code: str, text: str, msisdn: str = ALIYA) -> Outcome | Usage:
        """What becomes of a message to a short code."""
        origin = self.origin(Channel.SMS, msisdn, code)
        asked = self.bus.parse_sms(PROFILE.sms_services[code], origin, text)
        return asked if isinstance(asked, Usage) else self.run(asked)

    def dial(self, text: str, msisdn: str = ALIYA) -> Outcome | Usage:
        """What becomes of a dialled string."""
        dialled = parse_dial(text)
        assert dialled is not None, text
        origin = self.origin(Channel.USSD, msisdn, dialled.service_code)
        asked = self.bus.parse_ussd(PROFILE.ussd_services[dialled.service_code], origin, dialled.words)
        return asked if isinstance(asked, Usage) else self.run(asked)

    def redeem(
        self, code: str, msisdn: str = ALIYA, channel: Channel = Channel.SMS, owner: str = ""
    ) -> Outcome:
        """Try a code."""
        origin = self.origin(channel, msisdn)
        return self.run(RedeemVoucher(origin=origin, code=Secret(code), owner_name=owner))

    def subscribe(
        self,
        msisdn: str = ALIYA,
        opening_kzt: int = 0,
        billing: Billing = Billing.PREPAID,
        **changes: object,
    ) -> Subscriber:
        """Add a subscriber, then change the record as the test needs it."""
        command = AddSubscriber(
            origin=self.origin(Channel.API, ""),
            msisdn=Msisdn(msisdn),
            brand=Brand.KCELL,
            billing=billing,
            owner_name="Aliya Omarova",
            opening_tiyn=tenge(opening_kzt).tiyn,
        )
        outcome = self.run(command)
        assert isinstance(outcome.result, Subscriber), outcome
        return self.change(msisdn, **changes) if changes else outcome.result

    def change(self, msisdn: str = ALIYA, **changes: object) -> Subscriber:
        """Change the record past all handlers."""

        def step(uow: UnitOfWork, _: Context) -> Subscriber:
            subscriber = uow.subscribers.get(Msisdn(msisdn))
            assert subscriber is not None
            values = {name: getattr(subscriber, name) for name in Subscriber.__slots__} | changes
            changed = Subscriber(**values)
            uow.subscribers.put(changed)
            return changed

        return self.do(step)

    def cards(self, count: int = 1, face_kzt: int = 500) -> list[str]:
        """Codes of a new batch."""
        return [voucher.code.reveal() for voucher in self.print(count, face_kzt).vouchers]

    def print(self, count: int = 1, face_kzt: int = 500, codes: tuple[str, ...] = ()) -> PrintedBatch:
        """A new batch."""
        outcome = self.run(self.print_command(count, face_kzt, codes))
        assert isinstance(outcome.result, PrintedBatch), outcome
        return outcome.result

    def print_command(
        self, count: int = 1, face_kzt: int = 500, codes: tuple[str, ...] = ()
    ) -> PrintVouchers:
        """The command for a new batch."""
        return PrintVouchers(
            origin=self.origin(Channel.API, ""),
            face_value_tiyn=tenge(face_kzt).tiyn,
            count=count,
            codes=tuple(map(Secret, codes)),
        )

    def bind_card(
        self, msisdn: str = ALIYA, balance_kzt: int = 10_000, pan: str = PAN, bank: str = "halyk"
    ) -> Card:
        """A connected bank card with money on it."""
        command = RegisterCard(
            origin=self.origin(Channel.API, ""),
            msisdn=Msisdn(msisdn),
            bank=bank,
            pan=Secret(pan),
            balance_tiyn=tenge(balance_kzt).tiyn,
        )
        outcome = self.run(command)
        assert isinstance(outcome.result, Registered), outcome
        return outcome.result.card

    def advance(self, seconds: float) -> list[Outcome]:
        """Let the clock go on and run what is due on the way, each job at its own time; their outcomes."""
        until_us, outcomes = self.now_us + round(seconds * 1_000_000), []
        while jobs := self.do(lambda uow, _: uow.jobs.due(until_us, 1)):
            self.now_us = max(self.now_us, jobs[0].due_us)
            outcomes.append(self.do(partial(self._fire, jobs[0])))
            assert_renderable(outcomes[-1])
        self.now_us = until_us
        return outcomes

    def _fire(self, job: Job, uow: UnitOfWork, context: Context) -> Outcome:
        uow.jobs.done(job)
        return self._follow(self.bus.run_job(job, uow, context), uow)

    @staticmethod
    def _follow(outcome: Outcome, uow: UnitOfWork) -> Outcome:
        for job in outcome.jobs:
            uow.jobs.put(job)
        for letter in outcome.letters:
            uow.mail.add(RENDERER.letter(letter, uow))
        for msisdn in uow.ledger.take_fallen():
            key = f"balance.fell:{msisdn}"
            uow.jobs.put(Job(kind="balance.fell", key=key, due_us=uow.now_us, payload={"msisdn": msisdn}))
        return outcome

    def spend(self, amount_kzt: int, msisdn: str = ALIYA) -> None:
        """Take something off the main balance; who waits for it to fall hears of it."""

        def step(uow: UnitOfWork, _: Context) -> Outcome:
            main, revenue = main_account(Msisdn(msisdn)), AccountRef(AccountKind.REVENUE, "test")
            amount_tiyn = tenge(amount_kzt).tiyn
            uow.ledger.post(
                transfer(main, revenue, amount_tiyn, reason="test.spent", source="test", actor="test")
            )
            return self._follow(Outcome(), uow)

        self.do(step)

    def disable(self, batch: VoucherBatch) -> None:
        """Switch a whole batch off."""
        self.do(lambda uow, _: uow.vouchers.set_disabled(batch.id, True))

    def subscriber(self, msisdn: str = ALIYA) -> Subscriber:
        """The record as it is now."""
        subscriber = self.do(lambda uow, _: uow.subscribers.get(Msisdn(msisdn)))
        assert subscriber is not None
        return subscriber

    def balance(self, msisdn: str = ALIYA) -> int:
        """The main balance in tiyn."""
        return self.account(main_account(Msisdn(msisdn)))

    def account(self, ref: AccountRef) -> int:
        """Any account's balance in tiyn; an account that nobody opened has none."""
        balance = self.do(lambda uow, _: uow.ledger.balance(ref))
        return balance.balance_tiyn if balance else 0

    def liability(self, batch: VoucherBatch) -> int:
        """What is owed for the unused cards of a batch, in tiyn."""
        return self.account(AccountRef(AccountKind.VOUCHER_LIABILITY, batch.id))


def assert_renderable(outcome: Outcome) -> None:
    """Every text that a service says has all that its catalog entries ask for, in every language."""
    refusal = outcome.refusal
    texts = [reply.text for reply in outcome.replies]
    if refusal is not None:
        texts += [refusal.text, *(wrong.text for wrong in refusal.fields)]
    assert all(CATALOG.render(text, language) for text in texts for language in Language)


@pytest.fixture
def desk(tmp_path: Path, migrated: Path) -> Iterator[Desk]:
    """A desk on an empty store."""
    shutil.copy(migrated, tmp_path / "desk.db")
    store = Store.open(f"sqlite:///{tmp_path / 'desk.db'}")
    yield Desk(store)
    assert [finding for finding in check(store.reads) if not finding.ok] == []
    store.close()
