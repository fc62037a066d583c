"""A load generator: one real SMPP session on the product's own protocol core, in a process of its own.

Reads ``{"port", "codes", "subscribers", "in_flight"}`` as JSON from standard input; answers with
``{"seconds", "replies", "latencies_ms", "failed"}``. Each handset has one command under way: it sends a
code, waits for the reply, sends the next.
"""

import asyncio
import json
import sys
import time
from collections import deque
from typing import Any

from gateway.bench.numbers import msisdn_of
from gateway.smpp.codec import encode
from gateway.smpp.events import Event, Received, ResponseReceived, Send
from gateway.smpp.fields import Address
from gateway.smpp.pdus import BindTransceiver, DeliverSm, DeliverSmResp, SubmitSm
from gateway.smpp.session import Session
from gateway.smpp.settings import SessionSettings
from gateway.smpp.states import Role
from gateway.smpp.timers import TimerSettings

_TIMEOUT_S = 120.0


class LoadClient(asyncio.Protocol):
    """Sends, answers, measures."""

    def __init__(self, codes: list[str], handsets: int, in_flight: int, done: "asyncio.Future[None]") -> None:
        self._session = Session(
            Role.ESME,
            time.monotonic(),
            SessionSettings(window=4096, inbound_window=4096, timers=TimerSettings(enquire_link_s=0)),
        )
        self._codes = deque(codes)
        self._idle = deque(msisdn_of(number) for number in range(handsets))
        self._in_flight = in_flight
        self._total = len(codes)
        self._sent_at: dict[str, float] = {}
        self._done = done
        self._transport: asyncio.Transport | None = None
        self.latencies_ms: list[float] = []
        self.failed = 0
        self.began = self.ended = 0.0

    def connection_made(self, transport: Any) -> None:
        """Bind at once."""
        self._transport = transport
        bind = BindTransceiver(system_id="handset", password="handset")  # noqa: S106 - the demo's
        transport.write(self._session.bind(bind, None, time.monotonic()))

    def data_received(self, data: bytes) -> None:
        """Answer everything that came in one write."""
        now = time.monotonic()
        out = [self._act(event, now) for event in self._session.receive_bytes(data, now)]
        out += self._refill(now)
        if self._transport is not None:
            self._transport.write(b"".join(out))
        if len(self.latencies_ms) + self.failed >= self._total and not self._done.done():
            self.ended = time.monotonic()
            self._done.set_result(None)

    def _act(self, event: Event, now: float) -> bytes:
        match event:
            case Send():
                return event.data
            case ResponseReceived() if event.token is None:
                self.began = now
            case ResponseReceived():
                self._answered(event)
            case Received(pdu=DeliverSm()):
                return self._replied(event.pdu, now)
            case _:
                pass
        return b""

    def _answered(self, event: ResponseReceived) -> None:
        if getattr(event.pdu, "command_status", 0):
            self.failed += 1
            self._sent_at.pop(str(event.token), None)
            self._idle.append(msisdn_of(int(str(event.token)[4:])))

    def _replied(self, pdu: Any, now: float) -> bytes:
        began = self._sent_at.pop(pdu.destination.addr, None)
        if began is not None:
            self.latencies_ms.append((now - began) * 1e3)
            self._idle.append(pdu.destination.addr)
        return self._session.respond(DeliverSmResp(pdu.sequence_number))

    def _refill(self, now: float) -> list[bytes]:
        out = []
        while self.began and self._codes and self._idle and len(self._sent_at) < self._in_flight:
            msisdn = self._idle.popleft()
            data = self._session.send_request_bytes(_submit(msisdn, self._codes.popleft()), msisdn, now)
            self._sent_at[msisdn] = time.monotonic()
            out.append(data or b"")
        return out


def _submit(msisdn: str, code: str) -> bytes:
    return encode(
        SubmitSm(source=Address(1, 1, msisdn), destination=Address(3, 0, "9393"), short_message=code.encode())
    )


async def _load(plan: dict[str, Any]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    client = LoadClient(plan["codes"], plan["subscribers"], plan["in_flight"], done)
    transport, _ = await loop.create_connection(lambda: client, "127.0.0.1", plan["port"])
    await asyncio.wait_for(done, _TIMEOUT_S)
    transport.close()
    return {
        "seconds": client.ended - client.began,
        "replies": len(client.latencies_ms),
        "latencies_ms": client.latencies_ms,
        "failed": client.failed,
    }


if __name__ == "__main__":
    json.dump(asyncio.run(_load(json.load(sys.stdin))), sys.stdout)
