"""MO on demand: the radio network as an SMPP client of this very gateway, over real loopback TCP.

What the control API has a handset send goes the way of every other message: bind_transmitter, submit_sm,
submit_sm_resp. The account for it is made at each start and lives in memory only.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog

from gateway.config import RADIO, Config, Side
from gateway.http.facade import Answered, Busy, RadioUnavailable
from gateway.mo import Handsets, Mo
from gateway.own_account import called, own_account
from gateway.radio_link import Link, LinkFactory, no_answer
from gateway.smpp.codec import encode
from gateway.smpp.pdus import Pdu

log = structlog.get_logger("gateway.radio")

#: A message waits so long at most, with connecting and binding.
ANSWER_S: Final = 15.0
#: Submits that may wait for the window. One text has 255 at most.
QUEUE_MAX: Final = 10_000
_CONNECTS_MAX = 3
_AGAIN_S = 0.2
_LOST = "the connection was lost before the answer came"
_STOPPING = "the gateway is stopping"


def with_radio(config: Config) -> Config:
    """The configuration as the SMPP side sees it: with the radio network's own account.

    Only for the parts inside: its password is nobody's to know, and no demo or banner may show the account.
    """
    account = own_account(RADIO, Side.HANDSET, config.smpp_host)
    return replace(config, accounts=(*config.accounts, account))


@dataclass(slots=True, eq=False)
class Submission:
    """One submit_sm on its way. ``again``: it has gone out twice."""

    encoded: bytes = field(repr=False)
    answer: "asyncio.Future[Answered]" = field(repr=False)
    again: bool = False

    def resolve(self, pdu: Pdu) -> None:
        """Its response (or generic_nack) has come."""
        if not self.answer.done():
            status, message_id = getattr(pdu, "command_status", 0), getattr(pdu, "message_id", "")
            self.answer.set_result(Answered(status, message_id))

    def fail(self, error: Exception) -> None:
        """None will come."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Radio:
    """Implements ``gateway.http.facade.Radio``. Connects at the first message, and keeps the session."""

    def __init__(
        self, config: Config, reactor: Any, loop: asyncio.AbstractEventLoop, monotonic: Callable[[], float]
    ) -> None:
        """``config`` comes from ``with_radio``; ``reactor`` is Any, as Twisted's has no type."""
        account = config.account(RADIO)
        if account is None:
            raise ValueError("the configuration has no account for the radio side")
        self._reactor = reactor
        self._loop = loop
        self._monotonic = monotonic
        self._handsets = Handsets(secrets.randbelow(0x1_0000))
        self._factory = LinkFactory(self, account, reactor, monotonic)
        self._where: tuple[str, int] | None = None
        self._waiting: deque[Submission] = deque()
        self._link: Link | None = None
        self._connecting = False
        self._failures = 0
        self._stopped = False

    def listens(self, host: str, port: int) -> None:
        """The gateway's SMPP port is open there."""
        self._where = called(host), port

    async def send(self, mo: Mo, /) -> Sequence[Answered]:
        """Have a handset send it; the responses, one for each short message.

        Raises Busy (nothing was sent), RadioUnavailable, CodingError.
        """
        if self._stopped:
            raise Busy(_STOPPING)
        pdus = self._handsets.submits(mo, self._monotonic())
        if len(self._waiting) + len(pdus) > QUEUE_MAX:
            raise Busy("too many messages wait for the radio side")
        submissions = [Submission(encode(pdu), self._loop.create_future()) for pdu in pdus]
        self._waiting.extend(submissions)
        self._pump()
        try:
            async with asyncio.timeout(ANSWER_S):
                return await asyncio.gather(*(each.answer for each in submissions))
        except TimeoutError:
            raise no_answer(f"no answer within {ANSWER_S:g} s") from None

    def stop(self) -> None:
        """Send nothing more, and unbind; what is under way still gets its answer before the unbind's."""
        self._stopped = True
        self._fail_all(Busy, _STOPPING)
        if self._link is not None:
            self._link.leave()

    # -- what the link tells -------------------------------------------------------------------------

    def bound(self, link: Link) -> None:
        """The session is there."""
        self._link = link
        self._connecting = False
        self._failures = 0
        if self._stopped:
            link.leave()
        self._pump()

    def room(self) -> None:
        """A response has made room in the window."""
        self._pump()

    def lost(self, unanswered: Sequence[Submission], reason: str) -> None:
        """There is no connection (any more). What had no answer goes out once more, with its reference.

        The reference makes the SMSC do it once, whatever it had done before.
        """
        self._link = None
        self._connecting = False
        for each in reversed(unanswered):
            if each.again:
                each.fail(no_answer(_LOST))
            else:
                each.again = True
                self._waiting.appendleft(each)
        if self._stopped:
            self._fail_all(Busy, _STOPPING)
        elif self._waiting:
            self._later(reason)

    # -- the queue -----------------------------------------------------------------------------------

    def _later(self, reason: str) -> None:
        self._failures += 1
        log.warning("radio.lost", reason=reason, failures=self._failures, waiting=len(self._waiting))
        if self._failures < _CONNECTS_MAX:
            self._reactor.callLater(_AGAIN_S, self._pump)
            return
        self._failures = 0
        self._fail_all(RadioUnavailable, f"the radio side cannot bind: {reason}; ask again")

    def _fail_all(self, kind: type[Exception], why: str) -> None:
        """Give up what waits; of what has gone out before nobody knows what became."""
        waiting, self._waiting = self._waiting, deque()
        for each in waiting:
            each.fail(no_answer(_LOST) if each.again else kind(why))

    def _pump(self) -> None:
        """Send what the window takes, in order."""
        if self._link is None:
            self._connect()
            return
        while self._waiting and self._link.room:
            each = self._waiting.popleft()
            # Nobody waits for one that was given up.
            if not each.answer.done():
                self._link.submit(each.encoded, each)

    def _connect(self) -> None:
        if self._connecting or self._stopped or not self._waiting:
            return
        if self._where is None:
            self._fail_all(RadioUnavailable, "the SMPP port is not open yet; ask again")
            return
        self._connecting = True
        self._factory.connect(*self._where)
