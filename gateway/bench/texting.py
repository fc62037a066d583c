"""A load generator for texts to the operator: all handsets on one bind, in a process of its own.

Reads a Plan as a line of JSON from standard input; says ``{"p99_ms": ...}`` in a line once it has begun, and
answers with a Said as JSON at the end. As in ``traffic``, of what comes only the header and the receiver are
looked at.
"""

import asyncio
import json
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass

from gateway.bench.figure import percentile
from gateway.bench.numbers import msisdn_of
from gateway.bench.wire import Wire, deliver_answer, link_answer
from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandId
from gateway.smpp.fields import Address
from gateway.smpp.pdus import BindTransceiver, SubmitSm

_TIMEOUT_S = 1_200.0
_LEAVE_S = 60.0
_HEADER = 16
_SEQUENCE = slice(12, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``text`` to ``code`` by ``handsets`` numbers in turn, each answered by ``replies`` messages.

    With ``per_s`` 0 ``count`` texts go as fast as the gateway answers, ``in_flight`` of them without a
    response at once. Else so many go a second: ``quiet_s`` seconds to begin with, then until ``others``
    messages have come to numbers that had asked nothing.
    """

    port: int
    text: str
    code: str
    handsets: int
    replies: int = 1
    count: int = 0
    in_flight: int = 256
    per_s: int = 0
    quiet_s: float = 0.0
    others: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Seconds from the first submit to the last answer, latencies until the last reply in ms, CPU seconds of
    this process. ``unanswered`` are texts whose replies had not come when all else had.
    """

    seconds: float
    answered: int
    unanswered: int
    refused: int
    others: int
    p50_ms: float
    p99_ms: float
    cpu_s: float


class Handsets:
    """All of them: they text, and count what they get."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._bodies = {
            msisdn_of(n).encode(): _submit(msisdn_of(n), plan.code, plan.text) for n in range(plan.handsets)
        }
        self._idle = deque(self._bodies)
        self._waiting: dict[bytes, tuple[float, int]] = {}
        self._unanswered: dict[int, bytes] = {}
        self._sent = 0
        self.bound = asyncio.get_running_loop().create_future()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.latencies_ms: list[float] = []
        self.refused = self.others = 0
        self.wire = Wire(_bind(), self._take)

    @property
    def waiting(self) -> int:
        """How many texts have not had all of their replies."""
        return len(self._waiting)

    def text(self) -> None:
        """One more text, from the number whose last one is the longest ago; none while all are under way."""
        if self._idle:
            self.wire.write(self._next())

    def fill(self) -> bytes:
        """As many texts as may be under way."""
        out = []
        room = self._plan.in_flight - len(self._unanswered)
        while room > 0 and self._idle and self._sent < self._plan.count:
            out.append(self._next())
            room -= 1
        return b"".join(out)

    def _next(self) -> bytes:
        number = self._idle.popleft()
        self._sent += 1
        self._unanswered[self._sent] = number
        self._waiting[number] = (time.monotonic(), self._plan.replies)
        body = self._bodies[number]
        return body[: _SEQUENCE.start] + self._sent.to_bytes(4, "big") + body[_SEQUENCE.stop :]

    def _take(self, command_id: int, status: int, sequence: int, frame: bytes) -> bytes:
        if command_id == CommandId.DELIVER_SM:
            self._received(frame)
            return deliver_answer(sequence) + self._more()
        if command_id == CommandId.SUBMIT_SM_RESP:
            number = self._unanswered.pop(sequence)
            if status:
                self.refused += 1
                self._ended(number)
            return self._more()
        if command_id == CommandId.BIND_TRANSCEIVER_RESP:
            self.bound.set_result(status)
        return link_answer(command_id, sequence)

    def _more(self) -> bytes:
        return b"" if self._plan.per_s else self.fill()

    def _received(self, frame: bytes) -> None:
        # After the service type come TON, NPI and source, then TON, NPI and destination.
        source_at = frame.index(0, _HEADER) + 3
        at = frame.index(0, source_at) + 3
        number = frame[at : frame.index(0, at)]
        asked = self._waiting.get(number)
        if asked is None:
            self.others += 1
            if self.others == self._plan.others:
                self.done.set_result(None)
        elif asked[1] > 1:
            self._waiting[number] = (asked[0], asked[1] - 1)
        else:
            self.latencies_ms.append((time.monotonic() - asked[0]) * 1e3)
            self._ended(number)

    def _ended(self, number: bytes) -> None:
        self._waiting.pop(number, None)
        self._idle.append(number)
        if self._plan.count and len(self.latencies_ms) + self.refused == self._plan.count:
            self.done.set_result(None)


def _bind() -> bytes:
    bind = BindTransceiver(
        0x7FFF_FFFF,
        system_id="handset",
        password="handset",  # noqa: S106 - the demo's
        interface_version=0x34,
    )
    return encode(bind)


def _submit(msisdn: str, code: str, text: str) -> bytes:
    pdu = SubmitSm(source=Address(1, 1, msisdn), destination=Address(3, 0, code), short_message=text.encode())
    return encode(pdu)


async def _load(plan: Plan) -> Said:
    handsets = Handsets(plan)
    await asyncio.get_running_loop().create_connection(lambda: handsets.wire, "127.0.0.1", plan.port)
    handsets.wire.bind()
    if status := await handsets.bound:
        raise ConnectionError(f"the bind of the benchmark was refused: {status:#x}")
    texting = asyncio.ensure_future(_steadily(handsets, plan)) if plan.per_s else None
    if texting:
        await asyncio.sleep(plan.quiet_s)
    _say({"p99_ms": percentile(handsets.latencies_ms, 0.99) if handsets.latencies_ms else 0.0})
    handsets.latencies_ms.clear()
    began, cpu_began = time.monotonic(), time.process_time()
    handsets.wire.write(handsets.fill())
    await asyncio.wait_for(handsets.done, _TIMEOUT_S)
    seconds, cpu_s = time.monotonic() - began, time.process_time() - cpu_began
    if texting:
        texting.cancel()
    handsets.wire.say_goodbye()
    await asyncio.wait_for(handsets.wire.gone, _LEAVE_S)
    return Said(
        seconds=seconds,
        answered=len(handsets.latencies_ms),
        unanswered=handsets.waiting,
        refused=handsets.refused,
        others=handsets.others,
        p50_ms=percentile(handsets.latencies_ms or [0.0], 0.5),
        p99_ms=percentile(handsets.latencies_ms or [0.0], 0.99),
        cpu_s=cpu_s,
    )


async def _steadily(handsets: Handsets, plan: Plan) -> None:
    """Send each at its time, however late the one before it was."""
    began = time.monotonic()
    number = 0
    while True:
        handsets.text()
        number += 1
        await asyncio.sleep(max(0.0, began + number / plan.per_s - time.monotonic()))


def _say(words: dict[str, object]) -> None:
    print(json.dumps(words), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    _say(asdict(asyncio.run(_load(Plan(**json.loads(sys.stdin.readline()))))))
