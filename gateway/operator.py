"""The operator as its edges see it: commands in, outcomes out, the clock, reads. Lives in the event loop."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TypeVar
from zoneinfo import ZoneInfo

from gateway.clock import ClockMode, ClockView, OperatorClock
from gateway.due_timer import DueTimer
from gateway.http.facade import Busy, ResetRefused, Submitted
from gateway.hub import Hub
from gateway.work import (
    Advance,
    Execute,
    Executed,
    Fired,
    InboxKey,
    Reset,
    Result,
    RunDue,
    SetClock,
    Stepped,
    Value,
    Work,
)
from gateway.worker import Worker
from handlers.base.command import Command
from handlers.base.profile import Profile
from storage.reads import Reads

T = TypeVar("T")
_AGAIN_US = 1_000_000
#: Real time for what a step of the clock has to say: so long at most, and looked at so often.
_REST_S = 0.5
_LOOK_S = 0.01


class Operator:
    """Implements ``gateway.http.facade.Operator``."""

    def __init__(
        self,
        *,
        worker: Worker,
        reads: Reads,
        pool: Executor,
        clock: OperatorClock,
        hub: Hub,
        due_timer: DueTimer,
        profile: Profile,
        new_id: Callable[[], str],
        digest: Callable[[str], bytes],
        emulator: bool,
        forget: Callable[[], None],
        rests: Callable[[], bool] = lambda: True,
    ) -> None:
        """``rests`` tells whether nothing is on its way to anybody."""
        self.profile = profile
        self.new_id = new_id
        self._worker = worker
        self._reads = reads
        self._pool = pool
        self._clock = clock
        self._hub = hub
        self._due_timer = due_timer
        self._digest = digest
        self._emulator = emulator
        self._forget = forget
        self._rests = rests
        #: One moves the clock at a time.
        self._moving = asyncio.Lock()
        #: Set at the stop: who waits is told to come again.
        self.stopping = False

    @property
    def timezone(self) -> ZoneInfo:
        """In which times are shown."""
        return self._clock.timezone

    async def submit(
        self, command: Command, *, key: tuple[str, str] | None = None, body: bytes = b""
    ) -> Submitted:
        """Run the command in the writer; returns after its commit. Raises KeyReused, Busy, StoreError."""
        inbox = None
        if key is not None:
            inbox = InboxKey(*key, request_hash=self._digest(body.decode("latin-1")))
        value = await self._ask(Execute(command=command, inbox=inbox))
        if not isinstance(value, Executed):
            raise TypeError(f"an Execute is answered with Executed, not {type(value).__name__}")
        return Submitted(value.outcome, value.repeated)

    async def read(self, query: Callable[[Reads], T]) -> T:
        """Run the query in the read pool."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, query, self._reads)

    async def changed(self, timeout_s: float) -> bool:
        """True once something was committed since the call began, False after ``timeout_s`` real seconds."""
        if self.stopping:
            raise Busy("the gateway is stopping")
        waiter = self._hub.subscribe()
        try:
            done, _ = await asyncio.wait({waiter}, timeout=timeout_s)
        finally:
            self._hub.drop(waiter)
        return bool(done)

    def clock(self) -> ClockView:
        """The operator clock now."""
        return self._clock.view()

    async def set_clock(self, mode: ClockMode, now_us: int | None) -> ClockView:
        """Switch mode and set forward, firing what falls due on the way. Raises ClockError."""
        before = self._clock.view()
        if now_us is not None and now_us > before.now_us:
            await self._ask(SetClock(ClockMode.VIRTUAL, None))  # It stands still while it is moved.
            try:
                await self.advance(now_us)
            except BaseException:
                await self._ask(SetClock(before.mode, None))
                raise
            now_us = None
        value = await self._ask(SetClock(mode, now_us))
        self._due_timer.again()
        if not isinstance(value, ClockView):
            raise TypeError(f"a SetClock is answered with a ClockView, not {type(value).__name__}")
        return value

    async def advance(self, to_us: int, *, at_least: bool = False) -> Sequence[Fired]:
        """Move forward, firing due jobs in order; returns when they are done. Raises ClockError.

        What they have to say is delivered before time goes on: days go by between two steps, and a message
        lives only three.
        """
        fired: list[Fired] = []
        work = Advance(to_us, at_least, in_steps=True)
        async with self._moving:
            while True:
                step = await self._ask(work)
                if not isinstance(step, Stepped):
                    raise TypeError(f"an Advance is answered with Stepped, not {type(step).__name__}")
                fired.extend(step.fired)
                if step.is_done:
                    break
                await self._rest()
                work = Advance(step.until_us, at_least=True, in_steps=True)
        self._due_timer.again()
        return fired

    async def _rest(self) -> None:
        """Until everything is where it can be, but not for long: a handset may take its time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _REST_S
        # Voice connections write in their own turn, and a handset rings once it was told to.
        await asyncio.sleep(0)
        while not self._rests() and loop.time() < until:
            await self.changed(_LOOK_S)

    async def reset(self) -> None:
        """Back to the seeded state. Raises ResetRefused."""
        if not self._emulator:
            raise ResetRefused("reset is switched off: this gateway is not in emulator mode")
        await self._ask(Reset())

    def stop(self) -> None:
        """Let nobody wait any longer."""
        self.stopping = True
        self._hub.publish()

    def run_due(self) -> None:
        """Have the writer fire what is due by now."""
        self._worker.accept(RunDue(), self._ran)

    def _ran(self, result: Result) -> None:
        """Jobs that could not be run are still due; the store may be back soon."""
        if result.error is not None:
            self._due_timer.note(self._clock.now_us() + _AGAIN_US)

    def health(self) -> str:
        """``ok``, or what is wrong in one line."""
        return "ok" if self._worker.alive else "the writer has stopped"

    async def _ask(self, work: Work) -> Value:
        answer: asyncio.Future[Value] = asyncio.get_running_loop().create_future()

        def done(result: Result) -> None:
            if isinstance(work, Reset) and result.error is None:
                # At once: what the next batch promises must not be forgotten with the old.
                self._forget()
                # A time of the old clock, which may have stood still, must not hide the new jobs' times.
                self._due_timer.set(result.due_us)
            if answer.done():
                return
            if result.error is not None:
                answer.set_exception(result.error)
            else:
                answer.set_result(result.value)

        if not self._worker.offer(work, done):
            raise Busy("the gateway has more to do than it can take; try again in a moment")
        return await answer
