"""A handset of the simulator (smpplib on the wire) whose events a test can wait for."""

import queue
from typing import TypeVar

from simulator.events import Event, IncomingSms, MarkChanged, UssdNotice, UssdScreen
from simulator.handset import Handset
from simulator.settings import LinkSettings
from simulator.target import Target
from tests.e2e.waiting import PATIENCE_S

E = TypeVar("E", IncomingSms, MarkChanged, UssdNotice, UssdScreen)

_SETTINGS = LinkSettings(backoff_s=(0.05, 0.1, 0.2))


class Phone:
    """One handset that is switched on."""

    def __init__(self, msisdn: str, port: int) -> None:
        self._events: queue.Queue[Event] = queue.Queue()
        target = Target("127.0.0.1", port, "handset", "handset")
        self.handset = Handset(msisdn, target, self._events.put, settings=_SETTINGS)
        self.handset.switch_on()

    def sms(self, to: str, text: str) -> IncomingSms:
        """Send a message and wait for the next one that comes in."""
        self.handset.send_sms(to, text)
        return self.incoming()

    def dial(self, code: str) -> UssdScreen:
        """Dial a code and wait for the screen."""
        self.handset.dial(code)
        return self.screen()

    def answer(self, text: str) -> UssdScreen:
        """Answer the screen and wait for the next one."""
        self.handset.answer(text)
        return self.screen()

    def screen(self) -> UssdScreen:
        """The next screen. Raises queue.Empty after a long while."""
        return self._next(UssdScreen)

    def notice(self) -> UssdNotice:
        """The next notice, which the handset confirms by itself. Raises queue.Empty after a long while."""
        return self._next(UssdNotice)

    def incoming(self) -> IncomingSms:
        """The next message. Raises queue.Empty after a long while."""
        return self._next(IncomingSms)

    def mark(self) -> MarkChanged:
        """The next receipt or acknowledgement. Raises queue.Empty after a long while."""
        return self._next(MarkChanged)

    def _next(self, kind: type[E]) -> E:
        event = self._events.get(timeout=PATIENCE_S)
        assert isinstance(event, kind), f"expected {kind.__name__}, came {event}"
        return event
