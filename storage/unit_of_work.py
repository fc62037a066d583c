"""One transaction of the writer: reads through a cache, decisions in memory, one batch of writes."""

from collections.abc import Callable
from copy import copy
from types import TracebackType
from typing import Self

from storage.attempts import AttemptCounters
from storage.binds import Binds
from storage.dialogues import Dialogues
from storage.driver import Driver
from storage.errors import StoreError
from storage.head import Head
from storage.inbox import InboxRows
from storage.jobs import Jobs
from storage.ledger import Ledger
from storage.messages import Messages
from storage.model import Message
from storage.needs import Needs
from storage.pending_flags import PendingFlags
from storage.settings import Settings
from storage.subscribers import Subscribers
from storage.vouchers import Vouchers


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
        self.ledger = Ledger(driver, head, now_us=now_us, wall_us=wall_us)
        self.vouchers = Vouchers(driver)
        self.attempts = AttemptCounters(driver)
        self.inbox = InboxRows(driver)
        self.messages = Messages(driver, head, recent, now_us=now_us)
        self.jobs = Jobs(driver, head)
        self.settings = Settings(driver)
        self.binds = Binds(driver)
        self.pending_flags = PendingFlags(driver)
        self.dialogues = Dialogues(driver)
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
        )

    def prefetch(self, needs: Needs) -> None:
        """Read what a batch will ask for, each table once."""
        self.subscribers.prefetch(needs.msisdns)
        self.vouchers.prefetch(needs.voucher_digests)
        self.ledger.prefetch(needs.accounts | self.vouchers.liabilities(needs.voucher_digests))
        self.attempts.prefetch(needs.attempts)
        self.inbox.prefetch(needs.inbox)
        self.messages.prefetch(needs.messages)
        self.dialogues.prefetch(needs.dialogues)

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
        self._driver.commit()
        self._committed(self._head)
        self.messages.remember()

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
