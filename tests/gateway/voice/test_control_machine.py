"""Three handsets do anything in any order, lose their connections and their money, and the gateway restarts.

Nobody pays for what they did not take, and nothing is left behind.
"""

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gateway.clock import ClockMode
from gateway.voice.events import SignalKind
from gateway.work import SetClock
from handlers.subscriber_admin import ChangeSubscriber
from rating.subscriber import Status
from storage.call_model import LegState, TurnKind
from storage.check import check
from tests.gateway.phones import Phone, Phones
from tests.gateway.stand import ALAN, ALIYA, BOLAT, START_US, Stand

WHO = st.sampled_from((ALIYA, BOLAT, ALAN))
NUMBERS = st.sampled_from(
    (f"000{ALIYA}", f"000{BOLAT}", f"000{ALAN}", "9393", "7000", "000", "112", "00077071234567", "junk")
)
KEYS = st.sampled_from(("1", "2", "1", "#", "*", "1234567#", "1234567890123*", "5"))


class Calls(RuleBasedStateMachine):
    """Every rule is something that can happen at any time."""

    talked: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.stand = Stand(Path(self.folder.name))
        self.stand.subscribe(ALIYA, BOLAT, ALAN)
        self.stand.run(SetClock(ClockMode.VIRTUAL, START_US))
        self.phones = Phones(self.stand)
        for who in (ALIYA, BOLAT, ALAN):
            self.phones.of(who)

    def teardown(self) -> None:
        """Everybody goes, time goes by, and nothing is open any more."""
        try:
            self._end()
        finally:
            self.stand.store.close()
            self.folder.cleanup()

    def _end(self) -> None:
        type(self).talked += self.talks()
        for who in (ALIYA, BOLAT, ALAN):
            self.phones.of(who).off()
        self.phones.pass_s(7200)
        assert [view.call.id for view in self.phones.calls() if not view.call.ended] == []
        for who in (ALIYA, BOLAT, ALAN):
            view = self.stand.store.reads.subscriber(who)
            assert view is not None
            assert view.balances.held_tiyn == 0
        assert [finding for finding in check(self.stand.store.reads) if not finding.ok] == []

    @initialize()
    def somebody_talks(self) -> None:
        self.one_calls_and_another_takes_it(ALIYA, BOLAT)

    @rule(who=WHO, number=NUMBERS)
    def dials(self, who: str, number: str) -> None:
        self._phone(who).dial(number)

    @rule(who=WHO)
    def answers(self, who: str) -> None:
        with suppress(StopIteration):  # It was in no call yet.
            self._phone(who).answer()

    @rule(who=WHO, keys=KEYS)
    def presses(self, who: str, keys: str) -> None:
        with suppress(StopIteration):
            self._phone(who).keys(keys)

    @rule(who=WHO, text=st.sampled_from(("Aliya", "", "=cmd()", "\x00")))
    def says(self, who: str, text: str) -> None:
        with suppress(StopIteration):
            self._phone(who).say(text)

    @rule(who=WHO)
    def hangs_up(self, who: str) -> None:
        with suppress(StopIteration):
            self._phone(who).hang()

    @rule(who=WHO, other=WHO)
    def one_calls_and_another_takes_it(self, who: str, other: str) -> None:
        """As far as it goes: whoever is busy, away or blocked is so here too."""
        caller, called = self._phone(who), self._phone(other)
        with suppress(StopIteration):
            caller.dial(f"000{called.msisdn}").say("Aliya")
            called.answer().keys("1")

    @rule(who=WHO)
    def is_lost(self, who: str) -> None:
        self._phone(who).off()

    @rule(who=WHO)
    def comes_back(self, who: str) -> None:
        self._phone(who).on()

    @rule(seconds=st.sampled_from((0.5, 1, 3, 10, 30, 61, 600, 3000)))
    def time_goes_by(self, seconds: float) -> None:
        self.phones.pass_s(seconds)

    @rule(who=WHO, other=WHO, list_=st.sampled_from(("11", "12", "21", "31", "32")))
    def is_listed(self, who: str, other: str, list_: str) -> None:
        self.stand.one(self.stand.sms(f"{list_} {other}", "6010", who))

    @rule(who=WHO)
    def tops_up(self, who: str) -> None:
        (code,) = self.stand.cards()
        self.stand.one(self.stand.sms(code.reveal(), "9393", who))

    @rule(who=WHO, status=st.sampled_from((Status.ACTIVE, Status.ACTIVE, Status.BLOCKED)))
    def is_blocked(self, who: str, status: Status) -> None:
        command = ChangeSubscriber(origin=self.stand.origin(), msisdn=self._phone(who).msisdn, status=status)
        self.stand.do(command)

    @rule()
    def the_gateway_restarts(self) -> None:
        self.phones.restart()

    def talks(self) -> int:
        """How many calls came to a talk: else nothing of it was tried."""
        return sum(bool(view.call.bridged_us) for view in self.phones.calls())

    @invariant()
    def who_paid_had_taken_the_call(self) -> None:
        for view in self.phones.calls():
            talked = [turn for turn in view.turns if turn.kind is TurnKind.BRIDGED]
            assert bool(view.call.charge_tiyn) <= bool(talked)
            assert view.call.charge_tiyn <= view.call.duration_s * 25 + 1

    @invariant()
    def the_handsets_know_what_the_store_knows(self) -> None:
        """Who was told that they are connected and not that it is over, is in an open call."""
        for view in self.phones.calls():
            for leg in view.call.legs:
                phone = self.phones.of(leg.msisdn)
                told = [each.kind for each in phone.heard if each.call == view.call.id]
                if told and not leg.lost_us:
                    assert (SignalKind.ENDED in told) is (leg.state is LegState.RELEASED)

    def _phone(self, who: str) -> Phone:
        return next(self.phones.of(each) for each in (ALIYA, BOLAT, ALAN) if each == who)


def test_calls_keep_their_limits_whatever_is_done_and_whatever_happens() -> None:
    Calls.talked = 0
    run_state_machine_as_test(
        Calls,
        settings=settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            phases=(Phase.generate,),  # to shrink what is found takes longer than a test may
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    assert Calls.talked > 0
