"""AutoPay's runs: each once, in order, whatever the bank, the card, the clock and people do meanwhile."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest

from handlers.autopay import AddRule, DeclineFriend, SwitchRule
from handlers.autopay_runs import Failed
from handlers.bank_desk import ChangeCard, SetBehaviour
from handlers.base.bank import Verdict
from handlers.base.cards import Manner
from handlers.base.command import Channel
from handlers.base.outcome import Outcome
from rating.money import tenge
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Language, Status
from storage.bank_model import (
    AutoPayRule,
    Card,
    CardEventKind,
    CardState,
    CardTransaction,
    RuleKind,
    RuleState,
    TransactionState,
)
from storage.model import AccountKind, AccountRef, Job
from tests.handlers.conftest import CATALOG, ZONE, Desk

ALIYA, BOLAT = Msisdn("77011234567"), Msisdn("77021234567")
HOUR, DAY = 3600, 86_400
#: From noon of 14 March, when the desk opens, to ten o'clock of the next day.
TO_FIRST_RUN = 22 * HOUR


@pytest.fixture
def card(desk: Desk) -> Card:
    """Aliya has 1,000 KZT on her balance, and 10,000 on a card; Bolat is a friend."""
    desk.subscribe(opening_kzt=1000)
    desk.subscribe(BOLAT, opening_kzt=1000)
    return desk.bind_card()


def add(
    desk: Desk,
    card: Card,
    kind: RuleKind = RuleKind.DAILY,
    *,
    kzt: int = 500,
    limit_kzt: int = 0,
    target: Msisdn | None = None,
) -> AutoPayRule:
    """A rule of Aliya's."""
    command = AddRule(
        origin=desk.origin(Channel.USSD, ALIYA, "*911"),
        card=card.id,
        kind=kind,
        amount=tenge(kzt),
        limit=tenge(limit_kzt),
        target=target,
    )
    outcome = desk.run(command)
    assert isinstance(outcome.result, AutoPayRule), outcome
    return outcome.result


def now(desk: Desk, rule: AutoPayRule) -> AutoPayRule:
    """The rule as it is stored."""
    found = desk.do(lambda uow, _: uow.autopay.get(rule.id))
    assert found is not None
    return found


def behave(desk: Desk, mode: Manner, delay_s: int | None = None) -> None:
    """From now on the bank answers like this."""
    desk.run(SetBehaviour(origin=desk.origin(Channel.API, ""), mode=mode, delay_s=delay_s))


def set_card(desk: Desk, card: Card, state: CardState) -> None:
    """The bank enables or disables a card."""
    desk.run(ChangeCard(origin=desk.origin(Channel.API, ""), card_id=card.id, state=state))


def switch(desk: Desk, rule: AutoPayRule) -> None:
    """Off or on."""
    desk.run(SwitchRule(origin=desk.origin(Channel.USSD, ALIYA, "*911"), rule=rule.id))


def runs(desk: Desk, card: Card) -> list[CardTransaction]:
    """The card's top-ups, oldest first."""
    found = desk.do(lambda uow, _: uow.cards.recent(card.id, 1000))
    return [each for each in reversed(found) if each.kind is CardEventKind.TOP_UP]


def said(outcomes: list[Outcome], language: Language = Language.EN) -> list[tuple[str, str]]:
    """Who reads what."""
    replies = [reply for outcome in outcomes for reply in outcome.replies]
    return [(str(reply.to), CATALOG.render(reply.text, language)) for reply in replies]


def ids(outcomes: list[Outcome]) -> list[str]:
    """The texts that go out, by id."""
    return [reply.text.id for outcome in outcomes for reply in outcome.replies]


class TestOnSchedule:
    def test_a_run_moves_the_money_in_both_books_and_tells(self, desk: Desk, card: Card) -> None:
        rule = add(desk, card)
        outcomes = desk.advance(TO_FIRST_RUN + 10)
        (run,) = runs(desk, card)
        assert (run.state, run.venue, run.purpose) == (TransactionState.POSTED, "AutoPay", rule.id)
        assert said(outcomes) == [(ALIYA, f"AutoPay: 500 KZT paid. Balance: 1,500 KZT. Code: {run.code}")]
        assert desk.balance() == 150_000
        assert desk.account(card.account) == 950_000
        assert desk.account(AccountRef(AccountKind.BANK_OPERATOR, card.bank)) == 50_000
        assert desk.account(AccountRef(AccountKind.BANK_CLEARING, card.bank)) == -50_000

    def test_the_money_is_held_until_the_bank_has_answered(self, desk: Desk, card: Card) -> None:
        rule = add(desk, card)
        assert ids(desk.advance(TO_FIRST_RUN)) == []
        (run,) = runs(desk, card)
        assert (run.state, now(desk, rule).running) == (TransactionState.AUTHORISED, run.code)
        balance = desk.do(lambda uow, _: uow.ledger.balance(card.account))
        assert balance is not None
        assert (balance.balance_tiyn, balance.held_tiyn) == (1_000_000, 50_000)
        desk.advance(5)
        assert now(desk, rule).running == ""

    def test_a_friend_and_the_payer_are_told(self, desk: Desk, card: Card) -> None:
        add(desk, card, target=BOLAT)
        outcomes = desk.advance(TO_FIRST_RUN + 10)
        (run,) = runs(desk, card)
        assert said(outcomes) == [
            (ALIYA, f"AutoPay: 500 KZT paid to 77021234567. Code: {run.code}"),
            (BOLAT, "77011234567 paid 500 KZT for you by AutoPay. Balance: 1,500 KZT."),
        ]
        senders = {reply.sender for outcome in outcomes for reply in outcome.replies}
        assert senders == {"9110"}

    def test_a_clock_that_jumps_a_month_meets_each_run_once_and_in_order(
        self, desk: Desk, card: Card
    ) -> None:
        add(desk, card, kzt=100)
        desk.advance(31 * DAY)
        began = [datetime.fromtimestamp(run.at_us / 1e6, ZONE) for run in runs(desk, card)]
        assert [f"{each:%m-%d %H:%M}" for each in began[:3]] == ["03-15 10:00", "03-16 10:00", "03-17 10:00"]
        assert (len(began), len(set(began)), began) == (31, 31, sorted(began))
        assert desk.balance() == 100_000 + 31 * 10_000

    def test_a_gateway_that_was_down_over_the_time_runs_it_at_start_and_once(
        self, desk: Desk, card: Card
    ) -> None:
        """The clock went on without it, over three runs: the card is asked for one."""
        rule = add(desk, card)
        desk.wait(TO_FIRST_RUN + 2 * DAY + HOUR)
        desk.advance(10)
        assert len(runs(desk, card)) == 1
        assert f"{datetime.fromtimestamp(now(desk, rule).due_us / 1e6, ZONE):%m-%d %H:%M}" == "03-18 10:00"
        desk.advance(DAY)
        assert len(runs(desk, card)) == 2

    def test_the_31st_is_the_last_day_of_shorter_months_and_the_31st_again(
        self, desk: Desk, card: Card
    ) -> None:
        desk.wait(17 * DAY)
        add(desk, card, RuleKind.MONTHLY)
        desk.advance(100 * DAY)
        days = [f"{datetime.fromtimestamp(run.at_us / 1e6, ZONE):%m-%d}" for run in runs(desk, card)]
        assert days == ["04-30", "05-31", "06-30"]

    def test_in_roaming_it_runs_all_the_same(self, desk: Desk, card: Card) -> None:
        add(desk, card)
        desk.change(roaming=True)
        desk.advance(TO_FIRST_RUN + 10)
        assert desk.balance() == 150_000

    def test_a_rule_that_is_off_runs_no_more(self, desk: Desk, card: Card) -> None:
        switch(desk, add(desk, card))
        assert desk.advance(40 * DAY) == []

    def test_debt_ends_with_the_money(self, desk: Desk, card: Card) -> None:
        add(desk, card)
        desk.change(status=Status.DEBT)
        desk.advance(TO_FIRST_RUN + 10)
        assert desk.subscriber().status is Status.ACTIVE


class TestFailed:
    @pytest.mark.parametrize(
        ("break_it", "why"),
        [
            (lambda desk, _: desk.change(status=Status.BLOCKED), Failed.PAYER_BLOCKED),
            (lambda desk, _: desk.change(BOLAT, status=Status.BLOCKED), Failed.TARGET_BLOCKED),
            (lambda desk, card: set_card(desk, card, CardState.DISABLED), Failed.CARD_DISABLED),
            (lambda desk, _: behave(desk, Manner.ERROR), Failed.BANK_ERROR),
        ],
        ids=lambda each: each.name if isinstance(each, Failed) else "",
    )
    def test_the_payer_is_told_why_and_when_it_is_tried_again(
        self, desk: Desk, card: Card, break_it: Callable[[Desk, Card], object], why: Failed
    ) -> None:
        rule = add(desk, card, target=BOLAT)
        break_it(desk, card)
        outcomes = desk.advance(TO_FIRST_RUN + 10)
        assert ids(outcomes) == ["autopay.sms_failed_until"]
        (reply,) = outcomes[-1].replies
        assert reply.text.params["reason"].id == why.value  # type: ignore[attr-defined]  # a Text
        assert "tries again at 15.03 11:00" in said(outcomes)[0][1]
        assert (now(desk, rule).failures, now(desk, rule).running) == (1, "")
        assert desk.balance(BOLAT) == 100_000

    def test_not_enough_money_on_the_card(self, desk: Desk, card: Card) -> None:
        add(desk, card, kzt=20_000)
        outcomes = desk.advance(TO_FIRST_RUN)
        ((_, text),) = said(outcomes)
        assert text.startswith("AutoPay did not pay 20,000 KZT to 77011234567: there is not enough money ")
        assert text.endswith("on the card. It tries again at 15.03 11:00.")

    @pytest.mark.usefixtures("card")
    def test_more_than_cards_pay_in_a_day(self, desk: Desk) -> None:
        rich = desk.bind_card(balance_kzt=1_000_000, pan="9398000000151234")
        for _ in range(5):
            add(desk, rich, kzt=50_000)
        outcomes = desk.advance(TO_FIRST_RUN + 10)
        assert ids(outcomes) == ["autopay.sms_failed_until", *["autopay.sms_paid"] * 4]

    def test_a_card_that_is_disabled_while_the_bank_works_pays_nothing(self, desk: Desk, card: Card) -> None:
        add(desk, card)
        desk.advance(TO_FIRST_RUN)
        set_card(desk, card, CardState.DISABLED)
        (reply,) = desk.advance(10)[-1].replies
        assert reply.text.params["reason"].id == Failed.CARD_DISABLED.value  # type: ignore[attr-defined]  # a Text
        assert desk.balance() == 100_000

    def test_it_is_tried_again_after_an_hour_and_success_forgets_the_failure(
        self, desk: Desk, card: Card
    ) -> None:
        rule = add(desk, card)
        behave(desk, Manner.ERROR)
        desk.advance(TO_FIRST_RUN + 10)
        behave(desk, Manner.USUAL)
        assert ids(desk.advance(HOUR + 10)) == ["autopay.sms_paid"]
        assert now(desk, rule).failures == 0
        assert desk.balance() == 150_000
        assert ids(desk.advance(DAY)) == ["autopay.sms_paid"]

    def test_after_down_time_a_retry_leaves_it_to_the_run_that_is_due_as_well(
        self, desk: Desk, card: Card
    ) -> None:
        """Both are due at the start, and would fail twice at one moment."""
        rule = add(desk, card)
        set_card(desk, card, CardState.DISABLED)
        desk.advance(TO_FIRST_RUN + 10)
        desk.wait(3 * DAY)
        assert ids(desk.advance(0)) == ["autopay.sms_failed_until"]
        assert now(desk, rule).failures == 2

    def test_the_third_failure_in_a_row_pauses_the_rule(self, desk: Desk, card: Card) -> None:
        rule = add(desk, card)
        set_card(desk, card, CardState.DISABLED)
        outcomes = desk.advance(DAY)
        assert ids(outcomes) == ["autopay.sms_failed_until"] * 2 + ["autopay.sms_paused"]
        assert said(outcomes)[-1][1] == (
            "AutoPay of 500 KZT to 77011234567 is paused after 3 failures: the card is disabled. "
            "To go on, dial *911*2*1#"
        )
        assert (now(desk, rule).state, now(desk, rule).failures) == (RuleState.PAUSED, 3)
        set_card(desk, card, CardState.ACTIVE)
        assert desk.advance(40 * DAY) == []

    def test_switched_off_while_it_waits_it_is_not_tried_again(self, desk: Desk, card: Card) -> None:
        rule = add(desk, card)
        set_card(desk, card, CardState.DISABLED)
        desk.advance(TO_FIRST_RUN)
        switch(desk, rule)
        assert desk.advance(DAY) == []

    def test_a_failure_of_a_rule_that_is_off_by_then_is_told_and_no_more(
        self, desk: Desk, card: Card
    ) -> None:
        rule = add(desk, card)
        behave(desk, Manner.ERROR)
        desk.advance(TO_FIRST_RUN)
        switch(desk, rule)
        assert ids(desk.advance(DAY)) == ["autopay.sms_failed"]


class TestUnanswered:
    def test_the_payer_is_told_and_nothing_is_paid_twice_on_a_guess(self, desk: Desk, card: Card) -> None:
        rule = add(desk, card)
        behave(desk, Manner.NEVER)
        outcomes = desk.advance(TO_FIRST_RUN + 60)
        (run,) = runs(desk, card)
        ((_, text),) = said(outcomes)
        assert text.startswith("The bank has not answered about AutoPay of 500 KZT to 77011234567. ")
        assert text.endswith(f"Nothing more is paid until it does. Code: {run.code}")
        desk.advance(3 * DAY)
        assert [each.state for each in runs(desk, card)] == [TransactionState.UNKNOWN]
        assert now(desk, rule).running == run.code
        balance = desk.do(lambda uow, _: uow.ledger.balance(card.account))
        assert balance is not None
        assert balance.held_tiyn == 50_000

    @pytest.mark.parametrize(
        ("verdict", "told", "balance"),
        [
            (Verdict.APPROVED, ["autopay.sms_paid"], 150_000),
            (Verdict.ERROR, ["autopay.sms_failed_until"], 100_000),
        ],
    )
    def test_the_bank_says_it_at_last_and_the_rule_goes_on(
        self, desk: Desk, card: Card, verdict: Verdict, told: list[str], balance: int
    ) -> None:
        rule = add(desk, card)
        behave(desk, Manner.LATE, 3 * HOUR)
        desk.advance(TO_FIRST_RUN + 60)
        (run,) = runs(desk, card)
        resolved = desk.do(
            lambda uow, context: desk.bus.run_job(
                Job(
                    kind="autopay.answer",
                    key="resolved",
                    due_us=desk.now_us,
                    payload={"code": run.code, "verdict": verdict.value},
                ),
                uow,
                context,
            )
        )
        assert ids([resolved]) == told
        assert desk.balance() == balance
        assert now(desk, rule).running == ""
        behave(desk, Manner.USUAL)
        desk.advance(DAY)
        assert desk.balance() > balance

    def test_an_answer_that_comes_twice_is_booked_and_told_once(self, desk: Desk, card: Card) -> None:
        add(desk, card)
        behave(desk, Manner.TWICE)
        assert ids(desk.advance(TO_FIRST_RUN + HOUR)) == ["autopay.sms_paid"]
        assert desk.balance() == 150_000

    def test_an_answer_after_the_rule_was_declined_is_booked(self, desk: Desk, card: Card) -> None:
        rule = add(desk, card, target=BOLAT)
        behave(desk, Manner.LATE, HOUR)
        desk.advance(TO_FIRST_RUN + 60)
        desk.run(DeclineFriend(origin=desk.origin(Channel.SMS, BOLAT, "9110")))
        assert ids(desk.advance(DAY)) == ["autopay.sms_paid_for", "autopay.sms_received"]
        assert desk.balance(BOLAT) == 150_000
        assert now(desk, rule).state is RuleState.DECLINED


class TestBelowALimit:
    def test_a_fall_below_the_limit_pays_once(self, desk: Desk, card: Card) -> None:
        add(desk, card, RuleKind.LIMIT, kzt=200, limit_kzt=900)
        desk.spend(100)
        assert desk.advance(DAY) == [], "at the limit is not below it"
        desk.spend(500)
        desk.spend(100)
        desk.advance(10)
        assert desk.balance() == 50_000, "still below, but that was one fall"
        desk.spend(100)
        assert desk.advance(DAY) == []

    def test_the_next_fall_pays_again(self, desk: Desk, card: Card) -> None:
        add(desk, card, RuleKind.LIMIT, kzt=500, limit_kzt=900)
        for _ in range(3):
            desk.spend(400)
            desk.advance(10)
        assert len(runs(desk, card)) == 3
        assert desk.balance() == 130_000

    def test_a_fall_while_a_run_is_under_way_makes_no_second_one(self, desk: Desk, card: Card) -> None:
        add(desk, card, RuleKind.LIMIT, kzt=500, limit_kzt=900)
        behave(desk, Manner.NEVER)
        desk.spend(200)
        desk.advance(0)
        desk.redeem(desk.cards()[0])
        desk.spend(500)
        desk.advance(DAY)
        assert len(runs(desk, card)) == 1

    def test_a_failed_run_is_tried_again_only_while_the_balance_is_below(
        self, desk: Desk, card: Card
    ) -> None:
        add(desk, card, RuleKind.LIMIT, kzt=500, limit_kzt=900)
        behave(desk, Manner.ERROR)
        desk.spend(200)
        assert ids(desk.advance(10)) == ["autopay.sms_failed_until"]
        behave(desk, Manner.USUAL)
        desk.redeem(desk.cards()[0])
        assert ids(desk.advance(DAY)) == []
        assert len(runs(desk, card)) == 1

    def test_a_fall_that_pays_leaves_nothing_to_try_again(self, desk: Desk, card: Card) -> None:
        """The fall before it failed, and was to be tried again within the hour."""
        add(desk, card, RuleKind.LIMIT, kzt=100, limit_kzt=900)
        behave(desk, Manner.ERROR)
        desk.spend(200)
        desk.advance(10)
        behave(desk, Manner.USUAL)
        desk.redeem(desk.cards()[0])
        desk.spend(1000)
        desk.advance(DAY)
        assert [run.state for run in runs(desk, card)] == [TransactionState.VOIDED, TransactionState.POSTED]
        assert desk.balance() == 40_000

    def test_a_friends_balance_is_watched(self, desk: Desk, card: Card) -> None:
        add(desk, card, RuleKind.LIMIT, kzt=500, limit_kzt=900, target=BOLAT)
        desk.spend(200)
        assert desk.advance(10) == []
        desk.spend(200, BOLAT)
        desk.advance(10)
        assert desk.balance(BOLAT) == 130_000

    def test_who_became_postpaid_is_not_paid_and_the_payer_told_at_the_next_fall(
        self, desk: Desk, card: Card
    ) -> None:
        rule = add(desk, card, RuleKind.LIMIT, kzt=500, limit_kzt=900, target=BOLAT)
        desk.change(BOLAT, billing=Billing.POSTPAID)
        assert desk.advance(DAY) == []
        desk.spend(200, BOLAT)
        assert said(desk.advance(DAY)) == [
            (ALIYA, "77021234567 is not prepaid any more, so your AutoPay below a limit is paused.")
        ]
        assert now(desk, rule).state is RuleState.PAUSED
        assert runs(desk, card) == []

    @pytest.mark.parametrize("state", [RuleState.OFF, RuleState.DECLINED])
    def test_nobody_watches_for_a_rule_that_is_off_or_declined(
        self, desk: Desk, card: Card, state: RuleState
    ) -> None:
        rule = add(desk, card, RuleKind.LIMIT, kzt=500, limit_kzt=900, target=BOLAT)
        if state is RuleState.OFF:
            switch(desk, rule)
        else:
            desk.run(DeclineFriend(origin=desk.origin(Channel.SMS, BOLAT, "9110")))
        desk.spend(200, BOLAT)
        assert desk.advance(DAY) == []


class TestStrays:
    @pytest.mark.parametrize("kind", ["autopay.run", "autopay.retry"])
    def test_a_job_of_a_rule_that_is_not_there_does_nothing(self, desk: Desk, kind: str) -> None:
        job = Job(kind=kind, key="stray", due_us=desk.now_us, payload={"rule": "nobody's"})
        assert desk.do(partial(desk.bus.run_job, job)) == Outcome()

    def test_a_fall_that_nobody_waits_for_does_nothing(self, desk: Desk, card: Card) -> None:
        add(desk, card)
        job = Job(kind="balance.fell", key="stray", due_us=desk.now_us, payload={"msisdn": ALIYA})
        assert desk.do(partial(desk.bus.run_job, job)) == Outcome()

    def test_an_answer_about_an_unknown_code_does_nothing(self, desk: Desk) -> None:
        payload: dict[str, str | int] = {"code": "nothing", "verdict": "approved"}
        job = Job(kind="autopay.answer", key="stray", due_us=desk.now_us, payload=payload)
        assert desk.do(partial(desk.bus.run_job, job)) == Outcome()

    def test_what_a_job_will_read_is_known_before_it_runs(self, desk: Desk, card: Card) -> None:
        """So that thousands that are due together are read at once."""
        rule = add(desk, card)
        waiting = desk.do(lambda uow, _: uow.jobs.due(10**17, 10))
        assert {desk.bus.job_needs(job).autopay_rules for job in waiting} == {frozenset({rule.id})}
        desk.advance(TO_FIRST_RUN)
        answers = [
            job for job in desk.do(lambda uow, _: uow.jobs.due(10**17, 10)) if job.kind == "autopay.answer"
        ]
        codes = {run.code for run in runs(desk, card)}
        assert {desk.bus.job_needs(job).card_transactions for job in answers} == {frozenset(codes)}
