"""A load generator for USSD: many handsets on one session, in a process of its own.

Each dials ``*100#`` and answers ``3`` (language), then the number of the language that it has: three screens,
of which the last ends the dialogue and nothing of the subscriber changes. Reads orders from standard input,
one JSON object a line, and answers each with a Walked as JSON in a line. What it costs is measured and told,
because it shares the cores with the gateway: PDUs are encoded before the clock starts, and of those that
come only the header, the MSISDN and ``its_session_info`` are looked at.
"""

import asyncio
import json
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass
from functools import partial

from gateway.bench.figure import percentile
from gateway.bench.numbers import msisdn_of
from gateway.bench.wire import Wire, deliver_answer, link_answer
from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandId, UssdServiceOp
from gateway.smpp.fields import Address
from gateway.smpp.pdus import BindTransceiver, SubmitSm
from gateway.smpp.tlv import Tag, Tlv

SCREENS = 3
_SERVICE_CODE = b"*100#"
_LANGUAGES = (b"1", b"2", b"3")
_TIMEOUT_S = 30.0
#: With nothing shown for so long, what is still awaited is lost. Less than the guard of a dialogue.
_STALL_S = 10.0
_HEADER_OCTETS = 16
#: service_type "USSD", then type and plan of source_addr (SMPP 3.4 section 4.6.1).
_SOURCE_AT = _HEADER_OCTETS + len(b"USSD\0") + 2
#: The end of source_addr, then type and plan of destination_addr.
_TO_DESTINATION = 3
_PREFIX = len("7701")
_DIGITS = 7
_INFO = Tag.ITS_SESSION_INFO.to_bytes(2, "big") + b"\0\2"
_END_BIT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """``count`` dialogues of ``handsets`` handsets from number ``first`` on, ``at_once`` at a time.

    Each shows the screens from ``begin`` up to but without ``end`` (0 to 3): ``0, 3`` is a whole dialogue,
    ``0, 1`` leaves it open, ``1, 3`` ends one that is open.
    """

    count: int
    at_once: int
    handsets: int
    first: int = 0
    begin: int = 0
    end: int = SCREENS


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """Wall seconds, dialogues that came to their last step, ms from a step to its screen, CPU seconds of this
    process. ``astray`` is dialogues that took another way, ``lost`` those whose next screen never came.
    """

    seconds: float
    ended: int
    astray: int
    lost: int
    p50_ms: float
    p99_ms: float
    cpu_s: float


class Handset:
    """What it types, where it is, and since when it waits."""

    __slots__ = ("at", "info", "step", "typed")

    def __init__(self, number: int) -> None:
        self.typed = _typed(number)
        self.info = bytes((number & 0xFF, 0))
        self.step = 0
        self.at = 0.0


class Handsets:
    """All handsets of this process, and the session that serves them."""

    def __init__(self, count: int, stall_s: float = _STALL_S) -> None:
        """``stall_s``: with nothing shown for so long, what is still awaited is lost."""
        self._stall_s = stall_s
        self._all = [Handset(number) for number in range(count)]
        self._sequence = 0
        self._walk = Walk(count=0, at_once=0, handsets=0)
        self._free: deque[Handset] = deque()
        self._begun = self._ended = self._astray = 0
        self._latencies_ms: list[float] = []
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.wire = Wire(_bind(), self._take)

    async def bound(self) -> None:
        """Bind. Raises ConnectionError when the gateway does not want it."""
        self.wire.bind()
        await asyncio.wait_for(self._done, _TIMEOUT_S)

    async def walk(self, walk: Walk) -> Walked:
        """Carry out an order. Raises ConnectionError when a step is refused."""
        self._walk = walk
        self._free = deque(self._all[walk.first : walk.first + walk.handsets])
        self._begun = self._ended = self._astray = 0
        self._latencies_ms = []
        self._done = asyncio.get_running_loop().create_future()
        began, cpu_began = time.monotonic(), time.process_time()
        self.wire.write(b"".join(self._next() for _ in range(min(walk.at_once, walk.count))))
        await self._to_the_end()
        return Walked(
            seconds=time.monotonic() - began,
            ended=self._ended,
            astray=self._astray,
            lost=self._begun - self._ended,
            p50_ms=percentile(self._latencies_ms, 0.5),
            p99_ms=percentile(self._latencies_ms, 0.99),
            cpu_s=time.process_time() - cpu_began,
        )

    async def _to_the_end(self) -> None:
        """Until all have come as far as they should, or nothing comes any more."""
        shown = -1
        while not self._done.done() and len(self._latencies_ms) > shown:
            shown = len(self._latencies_ms)
            await asyncio.wait([self._done], timeout=self._stall_s)
        if self._done.done():
            self._done.result()

    # -- what comes --------------------------------------------------------------------------------

    def _take(self, command_id: int, status: int, sequence: int, frame: bytes) -> bytes:
        if command_id == CommandId.DELIVER_SM:
            return deliver_answer(sequence) + self._shown(frame)
        if command_id == CommandId.SUBMIT_SM_RESP:
            return self._refused("a step", status) if status else b""
        if command_id == CommandId.BIND_TRANSCEIVER_RESP:
            return self._refused("the bind", status) if status else self._finish()
        return link_answer(command_id, sequence)

    def _shown(self, frame: bytes) -> bytes:
        handset = self._all[_number(frame)]
        self._latencies_ms.append((time.monotonic() - handset.at) * 1e3)
        info_at = frame.rindex(_INFO) + len(_INFO)
        handset.info = frame[info_at : info_at + 2]
        handset.step += 1
        is_last = bool(handset.info[1] & _END_BIT)
        if is_last != (handset.step == SCREENS):
            self._astray += 1
            return self._left(handset)
        return self._left(handset) if handset.step >= self._walk.end else self._say(handset)

    def _left(self, handset: Handset) -> bytes:
        """A dialogue is as far as it was to come."""
        self._free.append(handset)
        self._ended += 1
        if self._ended >= self._walk.count:
            return self._finish()
        return self._next() if self._begun < self._walk.count else b""

    def _finish(self) -> bytes:
        if not self._done.done():
            self._done.set_result(None)
        return b""

    def _refused(self, what: str, status: int) -> bytes:
        if not self._done.done():
            self._done.set_exception(ConnectionError(f"{what} of the benchmark was refused: {status:#x}"))
        return b""

    # -- what goes ---------------------------------------------------------------------------------

    def _next(self) -> bytes:
        handset = self._free.popleft()
        self._begun += 1
        handset.step = self._walk.begin
        if not handset.step:
            handset.info = handset.typed[0][-2:]
        return self._say(handset)

    def _say(self, handset: Handset) -> bytes:
        pdu = handset.typed[handset.step]
        self._sequence += 1
        handset.at = time.monotonic()
        return b"".join((pdu[:12], self._sequence.to_bytes(4, "big"), pdu[16:-2], handset.info))


def _number(frame: bytes) -> int:
    """The handset that a ``deliver_sm`` is for, by the digits of destination_addr."""
    begin = frame.index(0, _SOURCE_AT) + _TO_DESTINATION + _PREFIX
    return int(frame[begin : begin + _DIGITS])


def _typed(number: int) -> tuple[bytes, bytes, bytes]:
    """The submits of one handset, each with ``its_session_info`` in its last two octets."""
    info = bytes((number & 0xFF, 0))
    return (
        _submit(number, UssdServiceOp.PSSR_INDICATION, _SERVICE_CODE, info),
        _submit(number, UssdServiceOp.USSR_CONFIRM, b"3", info),
        _submit(number, UssdServiceOp.USSR_CONFIRM, _LANGUAGES[number % len(_LANGUAGES)], info),
    )


def _submit(number: int, operation: UssdServiceOp, text: bytes, info: bytes) -> bytes:
    pdu = SubmitSm(
        1,
        service_type="USSD",
        source=Address(1, 1, msisdn_of(number)),
        destination=Address(0, 0, _SERVICE_CODE.decode()),
        short_message=text,
        tlvs=(Tlv(Tag.USSD_SERVICE_OP, operation), Tlv(Tag.ITS_SESSION_INFO, info)),
    )
    return encode(pdu)


def _bind() -> bytes:
    bind = BindTransceiver(
        0x7FFF_FFFF,
        system_id="handset",
        password="handset",  # noqa: S106 - the demo's
        interface_version=0x34,
    )
    return encode(bind)


def _same(wire: Wire) -> Wire:
    return wire


async def _serve(port: int, count: int) -> None:
    loop = asyncio.get_running_loop()
    handsets = Handsets(count)
    await loop.create_connection(partial(_same, handsets.wire), "127.0.0.1", port)
    await handsets.bound()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        walked = await handsets.walk(Walk(**json.loads(line)))
        print(json.dumps(asdict(walked)), flush=True)  # noqa: T201 - its answer
    handsets.wire.say_goodbye()
    await asyncio.wait_for(handsets.wire.gone, _TIMEOUT_S)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
