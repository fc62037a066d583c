"""``wait=5s``: a list that is asked for before there is anything on it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar

from pydantic import BeforeValidator, WithJsonSchema

from gateway.durations import parse_duration
from gateway.http.facade import Operator
from storage.reads import Reads

T = TypeVar("T")
WAIT_MAX_S: Final = 60.0


def _wait(text: object) -> float:
    return parse_duration(str(text), longest_s=WAIT_MAX_S)


Wait = Annotated[float, BeforeValidator(_wait), WithJsonSchema({"type": "string", "examples": ["5s"]})]


async def found_within(
    wait_s: float, operator: Operator, query: Callable[[Reads], Sequence[T]]
) -> Sequence[T]:
    """Look, and look again after every commit until there is something or time is up (real seconds)."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + wait_s
    while True:
        left_s = ends - loop.time()
        if left_s <= 0:
            return await operator.read(query)
        changed = asyncio.ensure_future(operator.changed(left_s))
        try:
            # The watch begins before the look: a commit between the two must not be missed.
            await asyncio.sleep(0)
            found = await operator.read(query)
            if found:
                return found
            await changed
        finally:
            changed.cancel()
