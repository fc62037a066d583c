"""USSD under anything in any order: several handsets, the operator's own menus, and an application.

After each step at most one dialogue is open for each handset and each is guarded; every screen fits; and in
the end everything can be left, and all invariants of the store hold.
"""

from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from gateway.clock import ClockMode
from gateway.coding.ussd import GSM7_SCREEN, UCS2_SCREEN
from gateway.dialogue_book import GUARD_JOB
from gateway.failures import ABSENT
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.work import Accepted, Result, SetClock, Submit
from handlers.subscriber_admin import ChangeSubscriber
from rating.msisdn import Msisdn
from rating.subscriber import Language
from storage.check import check
from storage.model import Outbox
from storage.tables import job
from tests.gateway.stand import ALAN, ALIYA, BOLAT, PROFILE, START_US, S, Stand, pdus_of
from tests.gateway.talk import (
    ASKS,
    CONFIRM,
    CONFIRMS_NOTICE,
    DIALS,
    LAST,
    NOTICE,
    App,
    Talk,
    arrive,
    dialogues,
    fail,
    of_app,
    of_handset,
    passed,
    screen_of,
)

OK = CommandStatus.ESME_ROK
STATUSES = {OK, CommandStatus.ESME_RINVOPTPARAMVAL, CommandStatus.ESME_RSUBMITFAIL}
HANDSETS = (ALIYA, BOLAT, ALAN)
CODES = ("*100#", "*110#", "*111#", "*133#", "*911#", "*911*2*2#", "*999#", "*500*1#")
TYPED = ("1", "2", "3", "4", "5", "0", "00", "98", "99", "", "nonsense", "🙂", "9080706050403", "87021234567")
SAID = ("Name?", "", "seven letters " * 30, "слово " * 60, "Code 9080706050403")
#: Wrong answers that a screen takes before the dialogue ends, with pages to turn: more is a loop.
PATIENCE = 8
GUARD_S = PROFILE.ussd_dialogue_s

handsets = st.sampled_from(HANDSETS)
places = st.one_of(st.none(), st.integers(0, 127))


def subscribed(folder: Path) -> Path:
    """A store of three subscribers, made once, which each example copies."""
    stand = Stand(folder)
    stand.subscribe(*HANDSETS)
    stand.run(SetClock(ClockMode.VIRTUAL, START_US))
    stand.store.close()
    return folder


class Talking(RuleBasedStateMachine):
    """What is said arrives at once, but for what is to be lost."""

    template: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        copytree(self.template, self.folder.name, dirs_exist_ok=True)
        self.stand = Stand(Path(self.folder.name))
        self.talks = {each: Talk(self.stand, source=each, number=0) for each in HANDSETS}
        self.app = App(self.stand)
        self.dials = 0
        self.loses = False
        self.taken: Submit | None = None

    # -- what happens ------------------------------------------------------------------------------

    def submit(self, work: Submit) -> Result:
        """One side says something, and what it leads to arrives. What is taken leads to something."""
        result = self.stand.one(work)
        assert isinstance(result.value, Accepted)
        assert result.value.status in STATUSES
        if result.value.status == OK:
            self.taken = work
        else:
            assert result.outboxes == ()
        self.follow(result)
        return result

    def follow(self, result: Result) -> None:
        """All arrives, or is lost, and so does what follows from that."""
        for outbox in result.outboxes:
            if self.loses and outbox.bearer == "ussd":
                self.loses = False
                self.follow(fail(self.stand, outbox, ABSENT))
                continue
            arrive(self.stand, [outbox])
            if of_handset([outbox]):
                self.see(outbox)
            elif of_app([outbox]):
                self.app.takes(Result(result.work, outboxes=(outbox,)))

    def see(self, outbox: Outbox) -> None:
        (pdu,) = pdus_of([outbox])
        octets = len(pdu.short_message)
        assert octets <= (2 * UCS2_SCREEN if pdu.data_coding == 8 else GSM7_SCREEN)
        talk = self.talks[Msisdn(pdu.destination.addr)]
        talk.screens.append(screen_of(Result(None, outboxes=(outbox,))))  # type: ignore[arg-type]  # no work
        talk.number = talk.seen.number

    # -- handsets ----------------------------------------------------------------------------------

    @rule(who=handsets, code=st.sampled_from(CODES))
    def dial(self, who: Msisdn, code: str) -> None:
        talk = self.talks[who]
        self.dials += 1
        talk.number = self.dials % 256
        loses = self.loses
        result = self.submit(talk.said(DIALS, code, sequence=1))
        assert result.outboxes or loses, "a handset that dials is never left without anything"

    @rule(who=handsets, typed=st.sampled_from(TYPED))
    def answer(self, who: Msisdn, typed: str) -> None:
        talk = self.talks[who]
        operation = CONFIRMS_NOTICE if talk.screens and talk.seen.operation == NOTICE else CONFIRM
        result = self.submit(talk.said(operation, typed))
        assert isinstance(result.value, Accepted)
        if operation == CONFIRM and result.value.status == OK:
            assert result.outboxes, "nor is one that answers"

    @rule(who=handsets, sequence=places)
    def let_go(self, who: Msisdn, sequence: int | None) -> None:
        self.submit(self.talks[who].said(CONFIRM, "", sequence=sequence, end=True))

    @rule(
        who=handsets,
        operation=st.sampled_from([CONFIRM, CONFIRMS_NOTICE]),
        number=st.integers(0, 255),
        sequence=st.integers(0, 127),
    )
    def answer_anywhere(self, who: Msisdn, operation: UssdServiceOp, number: int, sequence: int) -> None:
        self.submit(self.talks[who].said(operation, "1", number=number, sequence=sequence))

    @rule(who=handsets, language=st.sampled_from(list(Language)))
    def speak(self, who: Msisdn, language: Language) -> None:
        self.stand.do(ChangeSubscriber(origin=self.stand.origin(), msisdn=who, language=language))

    # -- the application ---------------------------------------------------------------------------

    @precondition(lambda self: self.app.heard)
    @rule(
        text=st.sampled_from(SAID), operation=st.sampled_from([ASKS, ASKS, NOTICE, LAST]), end=st.booleans()
    )
    def say(self, text: str, operation: UssdServiceOp, end: bool) -> None:
        """To whoever spoke last."""
        self.submit(self.app.says(text, operation, to=self.app.heard[-1].msisdn, end=end))

    @rule(
        to=handsets,
        operation=st.sampled_from([ASKS, NOTICE, LAST]),
        number=st.integers(0, 255),
        sequence=st.integers(0, 127),
    )
    def say_anywhere(self, to: Msisdn, operation: UssdServiceOp, number: int, sequence: int) -> None:
        self.submit(self.app.says("Hello", operation, to=to, number=number, sequence=sequence))

    @rule(who=handsets, text=st.sampled_from(SAID), operation=st.sampled_from([ASKS, NOTICE, LAST]))
    def talk_with_the_application(self, who: Msisdn, text: str, operation: UssdServiceOp) -> None:
        """Dialled and answered at once: by single steps the two sides seldom meet."""
        self.dial(who, "*500#")
        self.submit(self.app.says(text, operation, to=who))

    # -- the world ---------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 30, 59, 60, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.follow(passed(self.stand, seconds))

    @rule()
    def lose_the_next(self) -> None:
        self.loses = True

    @rule()
    def restart(self) -> None:
        self.stand.restart()
        self.taken = None
        sides: list[Talk | App] = [*self.talks.values(), self.app]
        for each in sides:
            name = each.bind.session_id.rstrip("+0123456789")
            each.bind = self.stand.bound(f"{name}+{next(self.stand.keys)}", each.bind.account)

    @precondition(lambda self: self.taken is not None)
    @rule()
    def repeat(self) -> None:
        """The same octets again are answered as before, and nothing follows."""
        assert self.taken is not None
        result = self.stand.one(self.taken._replace(fresh=False))
        assert isinstance(result.value, Accepted)
        assert (result.value.repeated, result.outboxes) == (True, ())

    # -- what always holds -------------------------------------------------------------------------

    @invariant()
    def each_open_one_is_guarded_and_no_other(self) -> None:
        now_us = self.stand.clock.now_us()
        opened = [each.dialogue for each in dialogues(self.stand, is_open=True)]
        assert len({each.msisdn for each in opened}) == len(opened)
        guards = self.guards()
        assert set(guards) == {f"ussd:{each.msisdn}" for each in opened}
        assert all(now_us < due_us <= now_us + GUARD_S * S for due_us in guards.values())

    @invariant()
    def nothing_is_left_of_what_is_over(self) -> None:
        ended = [each.dialogue for each in dialogues(self.stand, is_open=False)]
        assert {each.state for each in ended} <= {"", '"owed"', '"told"'}

    def guards(self) -> dict[str, int]:
        with self.stand.store.reads.transaction() as connection:
            rows = connection.execute(select(job.c.key, job.c.due_us).where(job.c.kind == GUARD_JOB))
            return {str(each.key): int(each.due_us) for each in rows}

    def teardown(self) -> None:
        try:
            self.loses = False
            self.leave()
            assert dialogues(self.stand, is_open=True) == []
            assert self.guards() == {}
            assert [finding for finding in check(self.stand.store.reads) if not finding.ok] == []
        finally:
            self.stand.store.close()
            self.folder.cleanup()

    def leave(self) -> None:
        """Out of a menu by wrong answers alone, where its screen was seen; out of all else by silence."""
        for view in dialogues(self.stand, is_open=True):
            talk = self.talks[Msisdn(view.dialogue.msisdn)]
            place = view.dialogue.number, view.dialogue.sequence
            if view.dialogue.owner == "menu" and talk.screens and talk.seen[2:4] == place:
                self.leave_menu(talk)
        self.follow(passed(self.stand, GUARD_S))

    def leave_menu(self, talk: Talk) -> None:
        for _ in range(PATIENCE):
            if talk.seen.end:
                return
            self.submit(talk.answered("no such choice"))
        assert talk.seen.end, "a loop without an exit"


def test_dialogues_of_all_kinds_keep_their_limits_whatever_is_said_and_whatever_happens(
    tmp_path: Path,
) -> None:
    Talking.template = subscribed(tmp_path)
    run_state_machine_as_test(
        Talking,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            phases=(Phase.generate,),  # to shrink what is found takes longer than a test may
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
