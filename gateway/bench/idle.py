"""Many idle handsets in a process of their own: each binds with its own number, and answers enquire_link.

Reads orders from standard input, one JSON object a line, and answers each with a line: ``{"bind": n}`` binds
n more, ``{"enquire": true}`` sends one enquire_link on every bind and waits for all answers. An answer has
the ``seconds`` that it took and how many were ``refused`` so far.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from gateway.bench.numbers import msisdn_of
from gateway.bench.wire import Wire, link_answer
from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandId
from gateway.smpp.pdus import BindTransceiver, EnquireLink

_TIMEOUT_S = 120.0
#: Connections that are being made at once.
_AT_ONCE = 100
_BOUND = CommandId.BIND_TRANSCEIVER_RESP
_ENQUIRE = encode(EnquireLink(1))


class Handsets:
    """All binds of this process."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._wires: list[Wire] = []
        self._awaited = 0
        self._refused = 0
        self._done: asyncio.Future[None] | None = None

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order and say how long it took."""
        began = time.monotonic()
        if "bind" in order:
            await self._bind_more(order["bind"])
        else:
            await self._all(lambda wire: wire.write(_ENQUIRE), self._wires)
        return {"seconds": time.monotonic() - began, "refused": self._refused}

    async def _bind_more(self, count: int) -> None:
        while count > 0:
            slice_ = min(count, _AT_ONCE)
            wires = [await self._connect(msisdn_of(len(self._wires) + each)) for each in range(slice_)]
            self._wires += wires
            await self._all(Wire.bind, wires)
            count -= slice_

    async def _connect(self, msisdn: str) -> Wire:
        bind = BindTransceiver(
            1,
            system_id="handset",
            password="handset",  # noqa: S106 - the demo's
            interface_version=0x34,
            address_range=msisdn,
        )
        wire = Wire(encode(bind), self._take)
        await asyncio.get_running_loop().create_connection(lambda: wire, "127.0.0.1", self._port)
        return wire

    async def _all(self, ask: Callable[[Wire], None], wires: list[Wire]) -> None:
        """Ask on each wire, and wait until every one has its answer."""
        self._awaited = len(wires)
        self._done = asyncio.get_running_loop().create_future()
        for wire in wires:
            ask(wire)
        await asyncio.wait_for(self._done, _TIMEOUT_S)

    def _take(self, command_id: int, status: int, sequence: int, _frame: bytes) -> bytes:
        if command_id in (_BOUND, CommandId.ENQUIRE_LINK_RESP):
            self._refused += bool(status)
            self._awaited -= 1
            if not self._awaited and self._done is not None:
                self._done.set_result(None)
        return link_answer(command_id, sequence)


async def _serve(port: int) -> None:
    handsets = Handsets(port)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await handsets.obey(json.loads(line))), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
