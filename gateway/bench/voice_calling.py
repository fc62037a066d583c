"""A load generator for the voice WebSocket: pairs of handsets, all in a process of its own.

Reads orders from standard input, one JSON object a line, and answers each with a line: ``{"connect": n}``
connects the first n pairs, anything else is an Order, answered with a Carried.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from gateway.bench.numbers import msisdn_of
from gateway.bench.voice_callers import Callers, Order
from gateway.bench.voice_wire import HandsetWire

_TIMEOUT_S: Final = 120.0
#: Connections that are being made at once.
_AT_ONCE: Final = 50
#: What a frame calls what goes with it.
_WORDS: Final = {"dial": "number", "dtmf": "digits", "say": "text"}
_FREE: Final = "0.00"


class Handsets:
    """All voice connections of this process."""

    def __init__(self, port: int, pairs: int) -> None:
        self._port = port
        self._wires: list[HandsetWire] = []
        self.callers = Callers(pairs, self._do)

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order."""
        if "connect" not in order:
            return asdict(await self.callers.carry(Order(**order)))
        began = time.monotonic()
        await asyncio.wait_for(self._connect(2 * order["connect"]), _TIMEOUT_S)
        return {"seconds": time.monotonic() - began}

    def close(self) -> None:
        """Break all connections off."""
        for wire in self._wires:
            wire.close()

    async def _connect(self, count: int) -> None:
        """Have so many handsets connected. Raises ConnectionError when the gateway refuses one."""
        while len(self._wires) < count:
            more = range(len(self._wires), min(count, len(self._wires) + _AT_ONCE))
            self._wires += await asyncio.gather(*map(self._connected, more))

    async def _connected(self, handset: int) -> HandsetWire:
        wire = HandsetWire(msisdn_of(handset), self._port, partial(self._told, handset))
        await asyncio.get_running_loop().create_connection(lambda: wire, "127.0.0.1", self._port)
        await wire.open
        return wire

    def _do(self, handset: int, what: str, call: str, word: str) -> None:
        frame = {"type": what}
        if call:
            frame["call"] = call
        if what in _WORDS:
            frame[_WORDS[what]] = word
        self._wires[handset].say(frame)

    def _told(self, handset: int, frame: dict[str, Any]) -> None:
        word = frame.get("id") or frame.get("reason") or ""
        costs = frame.get("charge", _FREE) != _FREE
        self.callers.told(handset, frame["type"], frame.get("call", ""), word, costs=costs)


async def _serve(port: int, pairs: int) -> None:
    loop = asyncio.get_running_loop()
    handsets = Handsets(port, pairs)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        answer = await handsets.obey(json.loads(line))
        print(json.dumps(answer), flush=True)  # noqa: T201 - its answer
    handsets.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
