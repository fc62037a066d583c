"""A load generator for store-and-forward: an application and all handsets, in a process of its own.

Reads a Plan as JSON from standard input and answers with a Measured as JSON. What it costs is measured and
told, because it shares the cores with the gateway: PDUs are encoded before the clock starts, and of those
that come only the header and, in a receipt, the message id are looked at.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial

from gateway.bench.figure import percentile
from gateway.bench.numbers import msisdn_of
from gateway.bench.wire import Wire, deliver_answer, link_answer
from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandId
from gateway.smpp.fields import Address
from gateway.smpp.pdus import BindTransceiver, SubmitSm

_TIMEOUT_S = 300.0
_LEAVE_S = 30.0
_TEXT = b"Your parcel has come; the code of the door is on its label."
_ID_AT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``count`` messages to ``numbers`` MSISDNs in turn, ``in_flight`` at once.

    With ``receipts`` a message is under way until its receipt has come, and the handsets are on; without,
    until its response has come, and they are off.
    """

    port: int
    count: int
    in_flight: int
    numbers: int
    receipts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Wall seconds from the first submit to the last end, latencies in ms, CPU seconds of this process."""

    seconds: float
    ended: int
    refused: int
    p50_ms: float
    p99_ms: float
    cpu_s: float


class Application:
    """Submits, and measures until the response or the receipt."""

    def __init__(self, plan: Plan, done: "asyncio.Future[None]") -> None:
        self._plan = plan
        self._done = done
        self._bodies = [_submit(msisdn_of(n), receipt=plan.receipts) for n in range(plan.numbers)]
        self._sent = 0
        self._at: dict[int, float] = {}
        self._by_id: dict[bytes, float] = {}
        self.latencies_ms: list[float] = []
        self.refused = 0
        self.began = self.cpu_began = 0.0
        self.wire = Wire(_bind("app1", "secret1"), self._take)

    @property
    def cpu_s(self) -> float:
        """CPU seconds since the first submit."""
        return _cpu_s() - self.cpu_began

    def _take(self, command_id: int, status: int, sequence: int, frame: bytes) -> bytes:
        if command_id == CommandId.SUBMIT_SM_RESP:
            return self._responded(status, sequence, frame)
        if command_id == CommandId.DELIVER_SM:
            return deliver_answer(sequence) + self._received(frame)
        if command_id == CommandId.BIND_TRANSCEIVER_RESP:
            return self._begin(status)
        return link_answer(command_id, sequence)

    def _begin(self, status: int) -> bytes:
        if status:
            raise ConnectionError(f"the bind of the benchmark was refused: {status:#x}")
        self.began, self.cpu_began = time.monotonic(), _cpu_s()
        return b"".join(self._next() for _ in range(min(self._plan.in_flight, self._plan.count)))

    def _responded(self, status: int, sequence: int, frame: bytes) -> bytes:
        at = self._at.pop(sequence)
        if status:
            self.refused += 1
            return self._ended()
        if self._plan.receipts:
            self._by_id[frame[_ID_AT:-1]] = at
            return b""
        self.latencies_ms.append((time.monotonic() - at) * 1e3)
        return self._ended()

    def _received(self, frame: bytes) -> bytes:
        begin = frame.index(b"id:") + 3
        at = self._by_id.pop(frame[begin : frame.index(b" ", begin)], None)
        if at is None:
            return b""  # A receipt that came twice.
        self.latencies_ms.append((time.monotonic() - at) * 1e3)
        return self._ended()

    def _ended(self) -> bytes:
        if len(self.latencies_ms) + self.refused >= self._plan.count:
            self._done.set_result(None)
        return self._next() if self._sent < self._plan.count else b""

    def _next(self) -> bytes:
        body = self._bodies[self._sent % len(self._bodies)]
        self._sent += 1
        self._at[self._sent] = time.monotonic()
        return body[:12] + self._sent.to_bytes(4, "big") + body[16:]


def _handset(command_id: int, _status: int, sequence: int, _frame: bytes) -> bytes:
    if command_id == CommandId.DELIVER_SM:
        return deliver_answer(sequence)
    return link_answer(command_id, sequence)


def _bind(system_id: str, password: str) -> bytes:
    bind = BindTransceiver(0x7FFF_FFFF, system_id=system_id, password=password, interface_version=0x34)
    return encode(bind)


def _submit(msisdn: str, *, receipt: bool) -> bytes:
    pdu = SubmitSm(
        source=Address(3, 0, "1234"),
        destination=Address(1, 1, msisdn),
        registered_delivery=int(receipt),
        short_message=_TEXT,
    )
    return encode(pdu)


def _cpu_s() -> float:
    return time.process_time()


def _same(wire: Wire) -> Wire:
    return wire


async def _load(plan: Plan) -> Measured:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    application = Application(plan, done)
    handsets = [Wire(_bind("handset", "handset"), _handset)] if plan.receipts else []
    wires = (*handsets, application.wire)
    for wire in wires:
        await loop.create_connection(partial(_same, wire), "127.0.0.1", plan.port)
        wire.bind()
    await asyncio.wait_for(done, _TIMEOUT_S)
    seconds, cpu_s = time.monotonic() - application.began, application.cpu_s
    for wire in wires:
        wire.say_goodbye()
        await asyncio.wait_for(wire.gone, _LEAVE_S)
    return Measured(
        seconds=seconds,
        ended=len(application.latencies_ms),
        refused=application.refused,
        p50_ms=percentile(application.latencies_ms, 0.5),
        p99_ms=percentile(application.latencies_ms, 0.99),
        cpu_s=cpu_s,
    )


if __name__ == "__main__":
    json.dump(asdict(asyncio.run(_load(Plan(**json.load(sys.stdin))))), sys.stdout)
