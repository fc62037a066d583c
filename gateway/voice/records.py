"""Lines in the log and counts: for each command that was given by voice, and for each call that has ended."""

from collections.abc import Iterable
from typing import Protocol

import structlog

from gateway.voice.conversation import EVENT_COMMAND
from gateway.voice.ending import EVENT_ENDED
from handlers.base.outcome import Event

log = structlog.get_logger("gateway.voice")


class Counting(Protocol):
    """Where calls are counted."""

    def call(self, service: str, reason: str) -> None:
        """One more call of the service ended for this reason."""

    def command(self, service: str, outcome: str) -> None:
        """One more command of the service came to this."""


def tell_calls(events: Iterable[Event], metrics: Counting) -> None:
    """What became of calls, after the commit. Numbers and money are told, what was said and keyed is not."""
    for event in events:
        if event.kind == EVENT_COMMAND:
            log.info(EVENT_COMMAND, **event.data)
            metrics.command(str(event.data["service"]), str(event.data["outcome"]))
        if event.kind == EVENT_ENDED:
            log.info(EVENT_ENDED, **event.data)
            metrics.call(str(event.data["service"]) or "(none)", str(event.data["reason"]))
