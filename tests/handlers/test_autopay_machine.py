"""AutoPay under everything that can happen to it: nothing runs twice, and no tiyn is made or lost."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from handlers.autopay import AddRule, DeclineFriend, SwitchRule
from handlers.bank_desk import ChangeCard, ResolveTransaction, SetBehaviour
from handlers.base.autopay_rules import JOB_RETRY, JOB_RUN
from handlers.base.bank import Verdict
from handlers.base.cards import Manner
from handlers.base.command import Channel
from rating.money import tenge
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Status
from storage.bank_model import (
    AutoPayRule,
    CardEventKind,
    CardState,
    CardTransaction,
    RuleKind,
    RuleState,
    TransactionState,
)
from storage.check import check
from storage.model import Job
from storage.store import Store
from tests.handlers.conftest import Desk

ALIYA, BOLAT = Msisdn("77011234567"), Msisdn("77021234567")
PEOPLE = st.sampled_from([ALIYA, BOLAT])
HOUR, DAY = 3600, 86_400
WAITING = (TransactionState.AUTHORISED, TransactionState.UNKNOWN)
OPENING_KZT = 2_000


class AutoPay(RuleBasedStateMachine):
    """Two friends with a card each, one of them nearly empty, and a bank that has its days."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.desk = Desk(Store.open(f"sqlite:///{Path(self.folder.name) / 'desk.db'}"))
        self.expected_tiyn = 0
        self.cards = {}
        for msisdn, pan, money in ((ALIYA, "9398000000071234", 50_000), (BOLAT, "9398000000151234", 900)):
            self.desk.subscribe(msisdn, opening_kzt=OPENING_KZT)
            self.cards[msisdn] = self.desk.bind_card(msisdn, money, pan)
            self.expected_tiyn += tenge(OPENING_KZT).tiyn

    def teardown(self) -> None:
        self.desk.store.close()
        self.folder.cleanup()

    @initialize(kzt=st.sampled_from([400, 50_000]))
    def begin(self, kzt: int) -> None:
        """Something runs from the first day on."""
        self.add(ALIYA, None, RuleKind.DAILY, kzt, 0)
        self.add(ALIYA, BOLAT, RuleKind.LIMIT, 400, 1_900)
        self.add(BOLAT, None, RuleKind.DAILY, 400, 0)

    # -- people --------------------------------------------------------------------------------------

    @rule(
        payer=PEOPLE,
        friend=st.one_of(st.none(), PEOPLE),
        kind=st.sampled_from(RuleKind),
        kzt=st.sampled_from([99, 100, 400]),
        limit_kzt=st.sampled_from([0, 1_900, 5_000]),
    )
    def add(self, payer: Msisdn, friend: Msisdn | None, kind: RuleKind, kzt: int, limit_kzt: int) -> None:
        """Also with what is refused."""
        self.desk.run(
            AddRule(
                origin=self.desk.origin(Channel.USSD, payer, "*911"),
                card=self.cards[payer].id,
                kind=kind,
                amount=tenge(kzt),
                limit=tenge(limit_kzt),
                target=friend,
            )
        )

    @rule(data=st.data(), who=PEOPLE)
    def switch(self, data: st.DataObject, who: Msisdn) -> None:
        """Off or on."""
        found = [each.id for each in self.all_rules()] or ["none"]
        picked = data.draw(st.sampled_from(found))
        self.desk.run(SwitchRule(origin=self.desk.origin(Channel.USSD, who, "*911"), rule=picked))

    @rule(friend=PEOPLE)
    def decline(self, friend: Msisdn) -> None:
        """For good."""
        self.desk.run(DeclineFriend(origin=self.desk.origin(Channel.SMS, friend, "9110")))

    @rule(who=PEOPLE, kzt=st.integers(1, 1_500))
    def spend(self, who: Msisdn, kzt: int) -> None:
        """As far as the money goes."""
        if self.desk.balance(who) >= tenge(kzt).tiyn:
            self.desk.spend(kzt, who)
            self.expected_tiyn -= tenge(kzt).tiyn

    @rule(who=PEOPLE)
    def top_up(self, who: Msisdn) -> None:
        """By a scratch card."""
        (code,) = self.desk.cards()
        if self.desk.redeem(code, who).refusal is None:
            self.expected_tiyn += tenge(500).tiyn

    @rule(
        who=PEOPLE,
        status=st.sampled_from([Status.ACTIVE, Status.ACTIVE, Status.BLOCKED]),
        billing=st.sampled_from([Billing.PREPAID, Billing.PREPAID, Billing.POSTPAID]),
        roaming=st.booleans(),
    )
    def change(self, who: Msisdn, status: Status, billing: Billing, roaming: bool) -> None:
        """The operator changes a record."""
        self.desk.change(who, status=status, billing=billing, roaming=roaming)

    # -- the bank ------------------------------------------------------------------------------------

    @rule(who=PEOPLE, state=st.sampled_from(CardState))
    def set_card(self, who: Msisdn, state: CardState) -> None:
        """Disabled, or enabled."""
        origin = self.desk.origin(Channel.API, "")
        self.desk.run(ChangeCard(origin=origin, card_id=self.cards[who].id, state=state))

    @rule(verdict=st.sampled_from([Verdict.APPROVED, Verdict.ERROR]))
    def resolve(self, verdict: Verdict) -> None:
        """Somebody asks about all that is unknown."""
        for each in self.runs():
            if each.state is TransactionState.UNKNOWN:
                origin = self.desk.origin(Channel.API, "")
                self.desk.run(ResolveTransaction(origin=origin, code=each.code, verdict=verdict))
        self.desk.advance(0)

    # -- time ----------------------------------------------------------------------------------------

    @rule(
        mode=st.sampled_from([*Manner, Manner.USUAL, Manner.NEVER]),
        delay_s=st.sampled_from([1, 100, 2 * HOUR, 2 * DAY]),
        seconds=st.sampled_from([DAY, 4, 70, HOUR, 3 * DAY]),
        is_down=st.booleans(),
    )
    def live_on(self, mode: Manner, delay_s: int, seconds: int, *, is_down: bool) -> None:
        """The bank answers like this from now on; all that is due on the way runs at its time, or, where the
        gateway was down, when it is up again.
        """
        wanted = delay_s if mode in (Manner.LATE, Manner.TWICE) else None
        self.desk.run(SetBehaviour(origin=self.desk.origin(Channel.API, ""), mode=mode, delay_s=wanted))
        if is_down:
            self.desk.wait(seconds)
        self.desk.advance(0 if is_down else seconds)

    # -- what must hold ------------------------------------------------------------------------------

    def all_rules(self) -> list[AutoPayRule]:
        """All that there are."""
        return self.desk.do(lambda uow, _: [each for who in (ALIYA, BOLAT) for each in uow.autopay.of(who)])

    def runs(self) -> list[CardTransaction]:
        """All top-ups of both cards."""
        cards = [card.id for card in self.cards.values()]
        found = self.desk.do(
            lambda uow, _: [each for card in cards for each in uow.cards.recent(card, 10_000)]
        )
        return [each for each in found if each.kind is CardEventKind.TOP_UP]

    @invariant()
    def books_and_rules_of_the_store_hold(self) -> None:
        """Every account in both books."""
        assert [finding for finding in check(self.desk.store.reads) if not finding.ok] == []

    @invariant()
    def balances_are_what_was_paid_and_spent(self) -> None:
        """A run that was approved credits once, any other never."""
        posted = sum(-each.amount_tiyn for each in self.runs() if each.state is TransactionState.POSTED)
        assert self.desk.balance(ALIYA) + self.desk.balance(BOLAT) == self.expected_tiyn + posted

    @invariant()
    def a_rule_has_one_run_under_way_at_most(self) -> None:
        """And knows it; none begins twice at one moment."""
        runs = self.runs()
        waiting = [(each.purpose, each.code) for each in runs if each.state in WAITING]
        assert sorted(waiting) == sorted((each.id, each.running) for each in self.all_rules() if each.running)
        moments = [(each.purpose, each.at_us) for each in runs]
        assert len(moments) == len(set(moments))

    @invariant()
    def jobs_and_rules_agree(self) -> None:
        """What is on and has a schedule has its next run planned; what is not on has nothing planned."""
        jobs = self.desk.do(lambda uow, _: uow.jobs.due(10**17, 10_000))
        by_rule = dict[str, list[Job]]()
        for job in jobs:
            if job.kind in (JOB_RUN, JOB_RETRY):
                by_rule.setdefault(str(job.payload["rule"]), []).append(job)
        for each in self.all_rules():
            planned = by_rule.get(each.id, [])
            if each.state is not RuleState.ON:
                assert (planned, each.due_us) == ([], 0)
            elif each.kind is not RuleKind.LIMIT:
                assert [job.due_us for job in planned if job.kind == JOB_RUN] == [each.due_us]
                assert each.due_us >= self.desk.now_us

    @invariant()
    def failures_pause_in_time(self) -> None:
        """Three in a row at the most."""
        for each in self.all_rules():
            assert each.state is not RuleState.ON or each.failures < self.desk.profile.autopay_failures_max

    @invariant()
    def one_limit_rule_waits_for_each_balance(self) -> None:
        """Two would pay twice for one fall."""
        for who in (ALIYA, BOLAT):
            kinds = [
                each.kind for each in self.all_rules() if each.target == who and each.state is RuleState.ON
            ]
            assert kinds.count(RuleKind.LIMIT) <= 1


def test_nothing_runs_twice_and_no_money_is_made_or_lost() -> None:
    run_state_machine_as_test(
        AutoPay,
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
