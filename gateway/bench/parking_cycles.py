"""A load generator for parking: drivers who start, confirm, and get tickets, in a process of its own.

Reads a Plan as a line of JSON from standard input and answers with a Parked as JSON. As in ``traffic``, of
what comes only the header, the addresses and the number of segments are looked at.
"""

import asyncio
import json
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass

from gateway.bench.figure import percentile
from gateway.bench.numbers import msisdn_of
from gateway.bench.parking_cars import start_text
from gateway.bench.wire import Wire, deliver_answer, link_answer
from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandId
from gateway.smpp.fields import Address
from gateway.smpp.pdus import BindTransceiver, SubmitSm

_TIMEOUT_S = 1_200.0
_LEAVE_S = 60.0
_HEADER = 16
_SEQUENCE = slice(12, 16)
_STARTS, _CONFIRMS = "7757", "7701"
_TICKET_FROM, _REQUEST_FROM = _STARTS.encode(), _CONFIRMS.encode()
_UDHI = 0x40
#: In a deliver_sm, octets from its esm_class to the number of segments in the user data header of an SMS that
#: is concatenated, with both times empty (SMPP 3.4 section 4.6.1, 3GPP TS 23.040 section 9.2.3.24.1).
_TO_TOTAL = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``count`` parkings of an hour by ``drivers`` in turn, ``at_once`` of them under way."""

    port: int
    drivers: int
    count: int
    at_once: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Seconds from the first start to the last ticket, latencies of whole cycles in ms, CPU seconds of this
    process. ``astray`` are cycles that were refused, or in which something else came than should have.
    """

    seconds: float
    parked: int
    astray: int
    p50_ms: float
    p99_ms: float
    cpu_s: float


@dataclass(slots=True)
class _Cycle:
    """From whom the next message is awaited, and how many of its segments have come."""

    began: float
    awaits: bytes = _REQUEST_FROM
    segments: int = 0


class Drivers:
    """All of them, on one bind."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._starts, self._confirms = _templates(plan.drivers)
        self._idle = deque(self._starts)
        self._cycles: dict[bytes, _Cycle] = {}
        self._submitted: dict[int, bytes] = {}
        self._sequence = self._started = 0
        self.bound = asyncio.get_running_loop().create_future()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.latencies_ms: list[float] = []
        self.astray = 0
        self.wire = Wire(_bind(), self._take)

    def fill(self) -> bytes:
        """As many starts as there may be cycles under way."""
        out = []
        while self._idle and len(self._cycles) < self._plan.at_once and self._started < self._plan.count:
            out.append(self._start(self._idle.popleft()))
        return b"".join(out)

    def _start(self, driver: bytes) -> bytes:
        self._cycles[driver] = _Cycle(time.monotonic())
        text = start_text(self._started)
        self._started += 1
        return self._submit(driver, self._starts[driver] + text)

    def _submit(self, driver: bytes, pdu: bytes) -> bytes:
        self._sequence += 1
        self._submitted[self._sequence] = driver
        return pdu[: _SEQUENCE.start] + self._sequence.to_bytes(4, "big") + pdu[_SEQUENCE.stop :]

    def _take(self, command_id: int, status: int, sequence: int, frame: bytes) -> bytes:
        if command_id == CommandId.DELIVER_SM:
            return deliver_answer(sequence) + self._received(frame)
        if command_id == CommandId.SUBMIT_SM_RESP:
            driver = self._submitted.pop(sequence)
            return self._ended(driver, well=False) if status else b""
        if command_id == CommandId.BIND_TRANSCEIVER_RESP:
            self.bound.set_result(status)
        return link_answer(command_id, sequence)

    def _received(self, frame: bytes) -> bytes:
        # After the service type come TON, NPI and source, then TON, NPI and destination, then esm_class.
        source_at = frame.index(0, _HEADER) + 3
        source_end = frame.index(0, source_at)
        at = source_end + 3
        end = frame.index(0, at)
        driver, esm_class = frame[at:end], frame[end + 1]
        cycle = self._cycles.get(driver)
        if cycle is None or frame[source_at:source_end] != cycle.awaits:
            return self._ended(driver, well=False)
        cycle.segments += 1
        if esm_class & _UDHI and cycle.segments < frame[end + 1 + _TO_TOTAL]:
            return b""
        return self._heard(driver, cycle)

    def _heard(self, driver: bytes, cycle: _Cycle) -> bytes:
        """A whole message: the request is confirmed; the ticket ends the cycle."""
        if cycle.awaits == _TICKET_FROM:
            self.latencies_ms.append((time.monotonic() - cycle.began) * 1e3)
            return self._ended(driver, well=True)
        cycle.awaits, cycle.segments = _TICKET_FROM, 0
        return self._submit(driver, self._confirms[driver])

    def _ended(self, driver: bytes, *, well: bool) -> bytes:
        if self._cycles.pop(driver, None) is None:
            return b""  # What belongs to a cycle that went astray.
        self._idle.append(driver)
        self.astray += not well
        if len(self.latencies_ms) + self.astray == self._plan.count:
            self.done.set_result(None)
        return self.fill()


def _templates(drivers: int) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    """The submits of each driver: the start without its text, and the confirmation."""
    blank = bytes(len(start_text(0)))
    starts, confirms = {}, {}
    for msisdn in map(msisdn_of, range(drivers)):
        starts[msisdn.encode()] = _submit(msisdn, _STARTS, blank)[: -len(blank)]
        confirms[msisdn.encode()] = _submit(msisdn, _CONFIRMS, b"1")
    return starts, confirms


def _bind() -> bytes:
    bind = BindTransceiver(
        0x7FFF_FFFF,
        system_id="handset",
        password="handset",  # noqa: S106 - the demo's
        interface_version=0x34,
    )
    return encode(bind)


def _submit(msisdn: str, code: str, text: bytes) -> bytes:
    return encode(SubmitSm(source=Address(1, 1, msisdn), destination=Address(3, 0, code), short_message=text))


async def _load(plan: Plan) -> Parked:
    drivers = Drivers(plan)
    await asyncio.get_running_loop().create_connection(lambda: drivers.wire, "127.0.0.1", plan.port)
    drivers.wire.bind()
    if status := await drivers.bound:
        raise ConnectionError(f"the bind of the benchmark was refused: {status:#x}")
    began, cpu_began = time.monotonic(), time.process_time()
    drivers.wire.write(drivers.fill())
    await asyncio.wait_for(drivers.done, _TIMEOUT_S)
    seconds, cpu_s = time.monotonic() - began, time.process_time() - cpu_began
    drivers.wire.say_goodbye()
    await asyncio.wait_for(drivers.wire.gone, _LEAVE_S)
    latencies_ms = drivers.latencies_ms or [0.0]
    return Parked(
        seconds=seconds,
        parked=len(drivers.latencies_ms),
        astray=drivers.astray,
        p50_ms=percentile(latencies_ms, 0.5),
        p99_ms=percentile(latencies_ms, 0.99),
        cpu_s=cpu_s,
    )


if __name__ == "__main__":
    json.dump(asdict(asyncio.run(_load(Plan(**json.loads(sys.stdin.readline()))))), sys.stdout)
