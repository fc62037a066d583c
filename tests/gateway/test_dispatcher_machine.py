"""The dispatcher under anything in any order: nothing lost, nothing twice, order kept per handset."""

from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from gateway.failures import ABSENT
from gateway.smpp.constants import CommandStatus
from tests.gateway.fake_mailroom import APP, OK, FakeLink, Mailing, deliver_pdus

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

ALIYA = "handset:77011234567"
BOLAT = "handset:77021234567"
APP1 = "account:app1"
LATER = CommandStatus.ESME_RX_T_APPN
LANES = (ALIYA, BOLAT, "handset:77781234567", APP1)
PATTERNS = ("", "^7701", "^77", "77011234567", "77021234567")
STATUSES = (OK, OK, OK, LATER, CommandStatus.ESME_RX_P_APPN)


class Traffic(RuleBasedStateMachine):
    """Reads, commits and their news overtake each other; Mailing asserts order, one at a time, and once."""

    def __init__(self) -> None:
        super().__init__()
        self.mailing = Mailing()
        self.changes = 0

    @property
    def links(self) -> list[FakeLink]:
        return list(self.mailing.links.values())

    @rule(lane=st.sampled_from(LANES), parts=st.integers(1, 3))
    def submit(self, lane: str, parts: int) -> None:
        self.mailing.promise(lane, *(f"part {number}" for number in range(parts)))

    @rule(msisdn=st.sampled_from(["77011234567", "77021234567"]))
    def submit_once(self, msisdn: str) -> None:
        self.mailing.promise(f"once:handset:{msisdn}", "once")

    @property
    def changeable(self) -> list[str]:
        """What is tried once is on its way before anybody knows its id."""
        return [each.message_id for each in self.mailing.rows.values() if not each.lane.startswith("once:")]

    @precondition(lambda self: self.changeable)
    @rule(data=st.data(), cancels=st.booleans())
    def change(self, data: st.DataObject, cancels: bool) -> None:
        message_id = data.draw(st.sampled_from(self.changeable))
        self.changes += 1
        self.mailing.change(message_id, None if cancels else deliver_pdus(f"changed {self.changes}"))

    @precondition(lambda self: len(self.links) < 5)
    @rule(pattern=st.sampled_from(PATTERNS), window=st.integers(1, 3))
    def handset_binds(self, pattern: str, window: int) -> None:
        self.mailing.bind(pattern, window=window)

    @precondition(lambda self: len(self.links) < 5)
    @rule(window=st.integers(1, 3))
    def application_binds(self, window: int) -> None:
        self.mailing.bind(account=APP, window=window)

    @precondition(lambda self: self.links)
    @rule(data=st.data(), politely=st.booleans())
    def leave(self, data: st.DataObject, politely: bool) -> None:
        link = data.draw(st.sampled_from(self.links))
        (self.mailing.unbind if politely and link.bound else self.mailing.lose)(link)

    @precondition(lambda self: self.links)
    @rule(data=st.data())
    def pause_or_resume(self, data: st.DataObject) -> None:
        link = data.draw(st.sampled_from(self.links))
        link.paused = not link.paused
        link.fed()

    @precondition(lambda self: any(link.open for link in self.links))
    @rule(data=st.data(), status=st.sampled_from(STATUSES))
    def answer(self, data: st.DataObject, status: CommandStatus) -> None:
        link = data.draw(st.sampled_from([link for link in self.links if link.open]))
        link.answer(status, data.draw(st.integers(0, len(link.open) - 1)))

    @precondition(lambda self: any(link.open for link in self.links))
    @rule(data=st.data())
    def time_out(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from([link for link in self.links if link.open])).time_out()

    @rule(name=st.sampled_from(["reads", "read_news", "writes", "commit_news"]), steps=st.integers(1, 4))
    def something_happens(self, name: str, steps: int) -> None:
        queue: deque[Callable[[], None]] = getattr(self.mailing, name)
        for _ in range(steps):
            self.mailing.step(queue)

    @precondition(lambda self: self.mailing.wakes)
    @rule()
    def next_attempt_is_due(self) -> None:
        self.mailing.wake_next()

    def teardown(self) -> None:
        """Everything heals: every message must end, without a bind that a served handset does not need."""
        mailing = self.mailing
        for link in self.links:
            if not link.bound:
                mailing.lose(link)
        mailing.settle_down()
        self.bind_whoever_is_off()
        for link in self.links:
            link.window, link.paused = 100, False
            link.fed()
        self.answer_all()
        turns = 0
        while mailing.rows and turns < 500:
            mailing.advance(max(ABSENT.retry_s))
            self.answer_all()
            turns += 1
        assert mailing.rows == {}, "a message was lost"
        assert mailing.dispatcher.in_flight == 0
        assert mailing.dispatcher._busy == set()
        assert mailing.dispatcher._lanes == {}
        assert not mailing.dispatcher._held

    def bind_whoever_is_off(self) -> None:
        for lane in LANES:
            target = lane.partition(":")[2]
            if lane == APP1 and not self.mailing.binds.for_account(target):
                self.mailing.bind(account=APP)
            elif lane != APP1 and self.mailing.binds.for_msisdn(target) is None:
                self.mailing.bind(target)

    def answer_all(self) -> None:
        for link in self.links:
            while link.open:
                link.answer()
        self.mailing.settle_down()


def test_nothing_is_lost_or_doubled_and_each_handset_keeps_its_order() -> None:
    run_state_machine_as_test(
        Traffic, settings=settings(max_examples=250, stateful_step_count=40, deadline=None)
    )
