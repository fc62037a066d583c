"""The postman: brings the letters of the outbox mail to the configured server, each at most once.

Lives in the event loop. The store is read in the read pool and written by the writer; nothing here waits for
the operator's clock, since mail servers live in real time. What a server may have taken without saying so is
never sent again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeVar

import structlog

from gateway.http.facade import Busy, Submitted
from gateway.mail_link import MailLink, Refused, Unreachable, Unsure
from gateway.mail_message import message_of
from handlers.base.command import Channel, Command, Origin
from handlers.mail_desk import BeginMail, Settled, SettleMail
from rating.msisdn import Msisdn
from storage.errors import StoreError
from storage.parking_model import Mail, MailState
from storage.parking_views import MailFilter
from storage.reads import Reads

log = structlog.get_logger("gateway.mail")
T = TypeVar("T")

ACTOR: Final = "postman"
_UNSURE: Final = "nobody knows whether the server took it"
_TOGETHER: Final = 100
_STOP_S: Final = 0.5
_AGAIN_S: Final = 1.0
_US: Final = 1_000_000


class Office(Protocol):
    """What the postman needs of the operator."""

    @property
    def new_id(self) -> Callable[[], str]:
        """Ids for what it asks of the writer."""

    async def submit(self, command: Command) -> Submitted:
        """Run the command in the writer. Raises Busy, StoreError."""

    async def read(self, query: Callable[[Reads], T]) -> T:
        """Run the query in the read pool. Raises StoreError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Seconds of real time between attempts; the last one again and again.

    ``server_s`` is for a server that cannot be reached, which counts for no letter. ``letter_s`` is for a
    letter that it does not take now; after ``attempts_max`` of them the letter is given up.
    """

    server_s: Sequence[float] = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
    letter_s: Sequence[float] = (5.0, 30.0, 120.0, 600.0, 1800.0)
    attempts_max: int = 12


class Postman:
    """One per gateway with a mail server. But for ``start`` it is used in the event loop."""

    def __init__(
        self,
        office: Office,
        link: MailLink,
        sender: str,
        at: Callable[[int], datetime],
        wall_us: Callable[[], int],
        waits: Waits | None = None,
    ) -> None:
        """``at`` shows operator time (microseconds) as a letter's date; ``wall_us`` is real time."""
        self._office = office
        self._link = link
        self._sender = sender
        self._at = at
        self._wall_us = wall_us
        self._waits = waits or Waits()
        self._wanted = asyncio.Event()
        #: Before this loop time the server is left alone; it could not be reached so many times in a row.
        self._not_before = 0.0
        self._failed = 0
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin with what waits since the last time."""
        self._task = loop.create_task(self._run())

    def wake(self) -> None:
        """A letter was written. Cheap: may be called for each."""
        self._wanted.set()

    def forget(self) -> None:
        """The store was emptied: look again what waits."""
        self._wanted.set()

    async def stop(self) -> None:
        """Let the letter at hand be settled; bounded, whatever the server does."""
        self._stopping = True
        self._wanted.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=_STOP_S)
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=_STOP_S)

    # -- rounds ------------------------------------------------------------------------------------

    async def _run(self) -> None:
        is_recovered = False
        while not self._stopping:
            self._wanted.clear()
            try:
                if not is_recovered:
                    await self._recover()
                    is_recovered = True
                rest_s = await self._round()
            except (Busy, StoreError) as error:
                log.warning("mail.waits", reason=type(error).__name__)
                rest_s = _AGAIN_S
            except Exception:
                # A bug must not keep all later letters for ever.
                log.exception("mail.failed")
                rest_s = _AGAIN_S
            await self._rest(rest_s)

    async def _rest(self, seconds: float | None) -> None:
        """So long, or until a letter comes."""
        if not self._stopping:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), seconds)

    async def _recover(self) -> None:
        """What was under way when the gateway died may have arrived."""
        sending = MailFilter(state=MailState.SENDING, limit=None)
        left = await self._office.read(lambda reads: reads.mails(sending))
        await self._settle(Settled(each.id, MailState.FAILED, _UNSURE) for each in left)

    async def _round(self) -> float | None:
        """Send what is due. Returns how long to rest then, None until a letter comes."""
        now = self._now()
        if now < self._not_before:
            return self._not_before - now
        wall_us = self._wall_us()
        due = await self._office.read(lambda reads: reads.waiting_mails(_TOGETHER, wall_us))
        if due:
            await self._visit(deque(due))
            return 0.0
        next_us = await self._office.read(lambda reads: reads.next_mail_us())
        return None if next_us is None else max(0, next_us - wall_us) / _US

    async def _visit(self, letters: deque[Mail]) -> None:
        """As many conversations as it takes: where one broke off that got on, the next begins at once."""
        try:
            while letters and not self._stopping:
                await self._converse(letters)
        except Unreachable as error:
            await self._unreachable(str(error), letters)

    async def _converse(self, letters: deque[Mail]) -> None:
        """One conversation; what had its turn is taken away. Raises Unreachable where that is none."""
        count = len(letters)
        try:
            await self._link.open()
            while letters and not self._stopping:
                await self._bring(letters[0])
                letters.popleft()
            await self._link.close()
        except Unreachable:
            if len(letters) == count:
                raise
        finally:
            self._link.drop()
        self._failed = 0

    async def _unreachable(self, reason: str, letters: Iterable[Mail]) -> None:
        """It counts for no letter, but each that waits says why."""
        rest_s = _nth(self._waits.server_s, self._failed)
        self._failed += 1
        self._not_before = self._now() + rest_s
        log.warning("mail.unreachable", reason=reason, again_s=rest_s)
        news = [each.id for each in letters if each.error != reason]
        await self._settle(Settled(each, MailState.WAITING, reason, is_attempt=False) for each in news)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    # -- one letter --------------------------------------------------------------------------------

    async def _bring(self, mail: Mail) -> None:
        """Raises Unreachable while the letter is still ours."""
        try:
            octets = message_of(mail, self._sender, self._at(mail.created_us))
            await self._link.address(self._sender, mail.to)
            if not await self._begin(mail):
                await self._link.withdraw()
                return
            await self._link.hand_over(octets)
        except Refused as refused:
            await self._refused(mail, refused)
        except Unsure as unsure:
            await self._end(mail, MailState.FAILED, f"{_UNSURE}: {unsure}")
        except ValueError as error:
            await self._end(mail, MailState.FAILED, f"the letter cannot be written: {error}")
        else:
            await self._end(mail, MailState.SENT)

    async def _begin(self, mail: Mail) -> bool:
        try:
            submitted = await self._office.submit(BeginMail(origin=self._origin(), mail_id=mail.id))
        except StoreError:
            # It may be marked all the same, but its text was not given, and will not be just now.
            await self._settle([Settled(mail.id, MailState.WAITING, mail.error, is_attempt=False)])
            raise
        return submitted.outcome.result is True

    async def _refused(self, mail: Mail, refused: Refused) -> None:
        if refused.is_final or mail.attempts + 1 >= self._waits.attempts_max:
            await self._end(mail, MailState.FAILED, str(refused))
            return
        retry_us = self._wall_us() + round(_nth(self._waits.letter_s, mail.attempts) * _US)
        await self._end(mail, MailState.WAITING, str(refused), retry_us)

    async def _end(self, mail: Mail, state: MailState, error: str = "", retry_us: int = 0) -> None:
        log.info("mail", mail=mail.id, state=state.value, reason=error)
        await self._settle([Settled(mail.id, state, error, retry_us=retry_us)])

    async def _settle(self, settled: Iterable[Settled]) -> None:
        """Write it down, however long the store takes: else what was sent would be sent again."""
        done = tuple(settled)
        while done:
            try:
                await self._office.submit(SettleMail(origin=self._origin(), settled=done))
            except (Busy, StoreError):
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    def _origin(self) -> Origin:
        new_id = self._office.new_id
        return Origin(
            msisdn=Msisdn(""), channel=Channel.API, service_code="", source_id=new_id(), actor=ACTOR
        )


def _nth(waits: Sequence[float], number: int) -> float:
    return waits[min(number, len(waits) - 1)]
