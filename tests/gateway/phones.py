"""Handsets on the stand: what they do to the call control, and what it tells them."""

from collections.abc import Iterable

from gateway.voice.events import (
    Alerting,
    Answer,
    Attached,
    Detached,
    Dial,
    HangUp,
    Keys,
    LegEvent,
    Said,
    Signal,
    SignalKind,
)
from gateway.work import Advance, Fired, Result, RunDue, Stepped, Voice
from handlers.base.command import Secret
from rating.msisdn import Msisdn
from storage.call_views import CallFilter, CallView
from tests.gateway.stand import S, Stand


class Phone:
    """One handset. ``heard`` is all that it was told, oldest first; ``call`` the call that it is in."""

    def __init__(self, phones: "Phones", msisdn: Msisdn) -> None:
        self.msisdn = msisdn
        self.heard: list[Signal] = []
        self.lines = 0
        self.rings = True
        self._phones = phones

    @property
    def call(self) -> str:
        """The id of the last call that it was told of."""
        return next(each.call for each in reversed(self.heard) if each.call)

    @property
    def last(self) -> Signal:
        """What it was told last."""
        return self.heard[-1]

    @property
    def kinds(self) -> list[str]:
        """What it was told, by kind; a prompt by its text id, an end by its reason, an error by its code."""
        return [each.id or each.reason or each.kind.value for each in self.heard]

    @property
    def ended(self) -> Signal:
        """The last end of a call. Raises StopIteration before the first."""
        return next(each for each in reversed(self.heard) if each.kind is SignalKind.ENDED)

    def on(self) -> "Phone":
        """Connect."""
        self.lines += 1
        return self._do(Attached(self.msisdn, f"line {self.lines}"))

    def off(self, line: int = 0, at_us: int = 0) -> "Phone":
        """The connection breaks; or broke at ``at_us``, and the writer hears of it now."""
        return self._do(
            Detached(self.msisdn, f"line {line or self.lines}", at_us or self._phones.stand.clock.now_us())
        )

    def dial(self, number: str) -> "Phone":
        """Call a number."""
        return self._do(Dial(self.msisdn, number))

    def answer(self, call: str = "") -> "Phone":
        """Take the call."""
        return self._do(Answer(self.msisdn, call or self.call))

    def keys(self, digits: str, call: str = "") -> "Phone":
        """Press keys."""
        return self._do(Keys(self.msisdn, call or self.call, Secret(digits)))

    def say(self, text: str) -> "Phone":
        """Say something."""
        return self._do(Said(self.msisdn, self.call, text))

    def hang(self, call: str = "") -> "Phone":
        """Hang up."""
        return self._do(HangUp(self.msisdn, call or self.call))

    def _do(self, event: LegEvent) -> "Phone":
        self._phones.take(event)
        return self


class Phones:
    """All handsets of a stand; each rings as soon as it is offered a call, unless ``rings`` is False."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self._phones: dict[Msisdn, Phone] = {}

    def of(self, msisdn: Msisdn) -> Phone:
        """The handset, which is connected."""
        if msisdn not in self._phones:
            self._phones[msisdn] = Phone(self, msisdn)
            self._phones[msisdn].on()
        return self._phones[msisdn]

    def take(self, *events: LegEvent) -> list[Result]:
        """One batch of events, and what it led to at once."""
        results = self.stand.run(*map(Voice, events))
        assert [result.error for result in results] == [None] * len(events)
        for result in results:
            self.tell(result.signals)
        self._fire_now()
        return results

    def hang_up(self, phone: Phone) -> list[Result]:
        """A handset hangs up; what came of it."""
        return self.take(HangUp(phone.msisdn, phone.call))

    def tell(self, signals: Iterable[Signal]) -> None:
        """Signals arrive at their handsets."""
        for signal in signals:
            phone = self._phones.get(signal.msisdn)
            if phone is None:
                continue
            phone.heard.append(signal)
            if signal.kind is SignalKind.INCOMING and phone.rings:
                self.take(Alerting(phone.msisdn, signal.call))

    def pass_s(self, seconds: float) -> list[Fired]:
        """So much time goes by; handsets hear of it as it does."""
        fired: list[Fired] = []
        until_us = self.stand.clock.now_us() + int(seconds * S)
        work = Advance(until_us, in_steps=True)
        while True:
            result = self.stand.one(work)
            assert isinstance(result.value, Stepped)
            fired.extend(result.value.fired)
            self.tell(result.signals)
            if result.value.is_done:
                return fired
            work = Advance(until_us, at_least=True, in_steps=True)

    def calls(self) -> list[CallView]:
        """All calls, oldest first."""
        found = self.stand.store.reads.calls(CallFilter(limit=1000))[::-1]
        views = [self.stand.store.reads.call(each.id) for each in found]
        return [view for view in views if view is not None]

    def restart(self) -> None:
        """The gateway dies and is there again; the handsets connect anew."""
        self.stand.restart()
        for phone in self._phones.values():
            phone.heard.clear()  # Its connection broke; with that its calls are over.
            phone.on()

    def _fire_now(self) -> None:
        """What is due at this moment."""
        due_us = self.stand.store.reads.next_due_us()
        if due_us is not None and due_us <= self.stand.clock.now_us():
            self.tell(self.stand.one(RunDue()).signals)
