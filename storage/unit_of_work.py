"""One transaction of the writer: reads through a cache, decisions in memory, one batch of writes."""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from types import TracebackType
from typing import Self

from rating.msisdn import Msisdn
from storage.attempts import AttemptCounters
from storage.autopay import AutoPayRules
from storage.bank_model import AutoPayRule, CardTransaction
from storage.binds import Binds
from storage.calls import Calls
from storage.cards import Cards
from storage.collect import Collect
from storage.dialogues import Dialogues
from storage.driver import Driver
from storage.drivers import Drivers
from storage.errors import StoreError
from storage.fines import Fines
from storage.head import Head
from storage.inbox import InboxRows
from storage.jobs import Jobs
from storage.ledger import Ledger
from storage.mail import Mails
from storage.messages import Messages
from storage.model import AccountKind, AccountRef, Message, main_account, parking_account
from storage.needs import Needs
from storage.open_calls import OpenCalls
from storage.parking import ParkingSessions
from storage.payments import Payments
from storage.pending_flags import PendingFlags
from storage.phone_customers import PhoneCustomers
from storage.settings import Settings
from storage.subscribers import Subscribers
from storage.vouchers import Vouchers

#: Where the price of a parking goes.
_PARKING_BOOKS = {AccountRef(AccountKind.REVENUE, "parking"), AccountRef(AccountKind.VAT_PAYABLE)}


class UnitOfWork:
    """Use it as a context manager, in the writer's thread; left without ``commit`` it never happened.

    ``now_us`` is operator time, ``wall_us`` wall time, both microseconds since the Unix epoch.
    """

    def __init__(
        self,
        driver: Driver,
        head: Head,
        committed: Callable[[Head | None], None],
        recent: dict[str, Message],
        watched: dict[str, int],
        calls: OpenCalls,
        *,
        now_us: int,
        wall_us: int,
    ) -> None:
        self.now_us = now_us
        self.wall_us = wall_us
        self._driver = driver
        self._head = head = copy(head)
        self._committed = committed
        self._ended = False
        self.subscribers = Subscribers(driver)
        self.ledger = Ledger(driver, head, watched, now_us=now_us, wall_us=wall_us)
        self.vouchers = Vouchers(driver)
        self.attempts = AttemptCounters(driver)
        self.inbox = InboxRows(driver)
        self.messages = Messages(driver, head, recent, now_us=now_us)
        self.jobs = Jobs(driver, head)
        self.settings = Settings(driver)
        self.binds = Binds(driver)
        self.pending_flags = PendingFlags(driver)
        self.dialogues = Dialogues(driver)
        self.cards = Cards(driver, head, now_us=now_us)
        self.payments = Payments(driver)
        self.autopay = AutoPayRules(driver)
        self.calls = Calls(driver, calls)
        self.collect = Collect(driver)
        self.phone_customers = PhoneCustomers(driver)
        self.parking = ParkingSessions(driver)
        self.drivers = Drivers(driver)
        self.fines = Fines(driver)
        self.mail = Mails(driver)
        self._parts = (
            self.subscribers,
            self.ledger,
            self.vouchers,
            self.attempts,
            self.inbox,
            self.messages,
            self.jobs,
            self.settings,
            self.binds,
            self.pending_flags,
            self.dialogues,
            self.cards,
            self.payments,
            self.autopay,
            self.calls,
            self.collect,
            self.phone_customers,
            self.parking,
            self.drivers,
            self.fines,
            self.mail,
        )

    def prefetch(self, needs: Needs) -> None:
        """Read what a batch will ask for, each table once."""
        bank = self._prefetch_bank(needs)
        parking = self._prefetch_parking(needs)
        self.subscribers.prefetch(needs.msisdns)
        self.vouchers.prefetch(needs.voucher_digests)
        self.ledger.prefetch_holds(needs.holds)
        held = self.ledger.accounts_of(needs.holds)
        self.ledger.prefetch(
            needs.accounts | bank | parking | held | self.vouchers.liabilities(needs.voucher_digests)
        )
        self.attempts.prefetch(needs.attempts)
        self.inbox.prefetch(needs.inbox)
        self.messages.prefetch(needs.messages)
        self.dialogues.prefetch(needs.dialogues)
        self.payments.prefetch(needs.payments)
        self.collect.prefetch(needs.collect_lists)

    def _prefetch_bank(self, needs: Needs) -> frozenset[AccountRef]:
        """Cards, transactions and rules with what they name; the accounts that they are about."""
        self.autopay.prefetch(needs.autopay_rules)
        self.phone_customers.prefetch(needs.phone_customers)
        self.cards.prefetch_transactions(needs.card_transactions)
        rules = self.autopay.named(needs.autopay_rules)
        waiting = self.cards.named(needs.card_transactions)
        callers = {each.msisdn for each in self.phone_customers.named(needs.phone_customers)}
        # Where AutoPay ordered it, its purpose is the rule; any other word is the id of none.
        self.autopay.prefetch({each.purpose for each in waiting if each.purpose})
        holders = needs.card_holders | {rule.payer for rule in rules} | callers
        self.cards.prefetch(needs.cards)
        self.cards.prefetch_holders(holders)
        self.ledger.prefetch_holds(each.hold_id for each in waiting if each.hold_id)
        self.subscribers.prefetch({*_subscribers_of(rules, waiting), *callers})
        targets = {
            *callers,
            *(rule.target for rule in rules),
            *(each.target for each in waiting if each.target),
        }
        ids = {*needs.cards, *(each.card_id for each in waiting)}
        return self.cards.accounts(holders, ids) | {main_account(Msisdn(target)) for target in targets}

    def _prefetch_parking(self, needs: Needs) -> frozenset[AccountRef]:
        """Parkings with what they name; the accounts that they are about."""
        ids = needs.parking_sessions | self._paid_parkings(needs)
        if not (needs.parking_msisdns or needs.parking_plates or ids):
            return frozenset()
        self.parking.prefetch(ids)
        self.parking.prefetch_plates(needs.parking_plates)
        self.parking.prefetch_drivers(needs.parking_msisdns)
        self.drivers.prefetch(needs.parking_msisdns)
        named = self.parking.named(ids)
        asking = [each for msisdn in needs.parking_msisdns for each in self.parking.of(msisdn)]
        self.ledger.prefetch_holds({hold_id for each in (*named, *asking) for hold_id in each.holds})
        msisdns = {*needs.parking_msisdns, *(each.msisdn for each in named)}
        self.subscribers.prefetch(msisdns)
        return _parking_accounts(msisdns)

    def _paid_parkings(self, needs: Needs) -> frozenset[str]:
        """Where a parking ordered a card transaction, its purpose is the parking."""
        waiting = self.cards.named(needs.card_transactions) if needs.card_transactions else ()
        return frozenset(each.purpose for each in waiting if each.answer_job.startswith("parking."))

    def commit(self) -> None:
        """Write everything, each table once, and make it durable.

        Raises Broken when a rule of the database said no, StoreUnavailable when it could not be written
        (nothing of it is there then), CommitUnknown when only the COMMIT itself failed.
        """
        if self._ended:
            raise StoreError("this unit of work has ended")
        self._ended = True
        try:
            self._flush()
        except BaseException:
            self._driver.rollback()
            raise
        self._committed(None)
        self.calls.unsure()
        self._driver.commit()
        self._committed(self._head)
        self.messages.remember()
        self.ledger.remember()
        self.calls.remember()

    def _flush(self) -> None:
        """Entries before what refers to them, messages before their promises."""
        for part in self._parts:
            part.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._ended:
            self._ended = True
            self._driver.rollback()


def _parking_accounts(msisdns: Iterable[Msisdn]) -> frozenset[AccountRef]:
    """What parkings of these subscribers move money between."""
    own = {account for each in msisdns for account in (main_account(each), parking_account(each))}
    return frozenset(own | _PARKING_BOOKS)


def _subscribers_of(rules: Iterable[AutoPayRule], waiting: Iterable[CardTransaction]) -> Iterator[Msisdn]:
    for rule in rules:
        yield rule.payer
        yield rule.target
    for each in waiting:
        yield each.msisdn
        if each.target:
            yield Msisdn(each.target)
