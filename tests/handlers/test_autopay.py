"""AutoPay rules: made, refused in one order, switched, declined by a friend."""

from datetime import datetime

import pytest

from handlers.autopay import AddRule, DeclineFriend, NotDeclined, NotSwitched, Refused, SwitchRule
from handlers.bank_desk import ChangeCard
from handlers.base.command import Channel
from handlers.base.grammar import Usage
from handlers.base.outcome import Outcome
from rating.money import Money, tenge
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Language, Status
from storage.bank_model import AutoPayRule, Card, CardState, RuleKind, RuleState
from storage.model import Job
from tests.handlers.conftest import CATALOG, START_US, ZONE, Desk

ALIYA, BOLAT, DANA = Msisdn("77011234567"), Msisdn("77021234567"), Msisdn("77751234567")
AUTOPAY = "9110"


def add(
    desk: Desk,
    card: Card | None,
    kind: RuleKind = RuleKind.DAILY,
    amount: Money = tenge(500),  # noqa: B008 - Money is frozen
    target: Msisdn | None = None,
    limit_kzt: int = 0,
    payer: str = ALIYA,
) -> Outcome:
    """Come to the end of the menu."""
    command = AddRule(
        origin=desk.origin(Channel.USSD, payer, "*911"),
        card=card.id if card else "none",
        kind=kind,
        amount=amount,
        limit=tenge(limit_kzt),
        target=target,
    )
    return desk.run(command)


def added(desk: Desk, card: Card, kind: RuleKind = RuleKind.DAILY, **options: object) -> AutoPayRule:
    """A rule that is on."""
    outcome = add(desk, card, kind, **options)  # type: ignore[arg-type]  # handed on
    assert isinstance(outcome.result, AutoPayRule), outcome
    return outcome.result


def switch(desk: Desk, rule: AutoPayRule, payer: str = ALIYA) -> Outcome:
    """Pick the rule from the list."""
    return desk.run(SwitchRule(origin=desk.origin(Channel.USSD, payer, "*911"), rule=rule.id))


def decline(desk: Desk, text: str = "NO", friend: str = BOLAT) -> Outcome:
    """The friend's answer."""
    outcome = desk.sms(AUTOPAY, text, friend)
    assert isinstance(outcome, Outcome), outcome
    return outcome


def rule_now(desk: Desk, rule: AutoPayRule) -> AutoPayRule:
    """The rule as it is stored."""
    found = desk.do(lambda uow, _: uow.autopay.get(rule.id))
    assert found is not None
    return found


def planned(desk: Desk, kind: str = "autopay.run") -> list[Job]:
    """The jobs of a kind that wait."""
    jobs = desk.do(lambda uow, _: uow.jobs.due(10**17, 100))
    return [job for job in jobs if job.kind == kind]


def texts(outcome: Outcome, language: Language = Language.EN) -> list[str]:
    """What is said."""
    return [CATALOG.render(reply.text, language) for reply in outcome.replies]


@pytest.fixture
def card(desk: Desk) -> Card:
    """Aliya has 1,000 KZT on her balance, and 10,000 on a card; Bolat is a friend."""
    desk.subscribe(opening_kzt=1000)
    desk.subscribe(BOLAT, opening_kzt=1000)
    return desk.bind_card()


class TestMade:
    def test_a_rule_on_schedule_says_when_it_pays_first(self, desk: Desk, card: Card) -> None:
        """It is noon of 14 March: the hour of today is over."""
        outcome = add(desk, card)
        assert texts(outcome) == ["The rule is on. Next payment: 15.03 10:00."]
        rule = outcome.result
        assert isinstance(rule, AutoPayRule)
        assert (rule.payer, rule.target, rule.card_id) == (ALIYA, ALIYA, card.id)
        assert (rule.kind, rule.amount_tiyn, rule.limit_tiyn) == (RuleKind.DAILY, 50_000, 0)
        assert (rule.state, rule.anchor_us, rule.created_us) == (RuleState.ON, START_US, START_US)
        due = datetime(2025, 3, 15, 10, tzinfo=ZONE)
        assert rule.due_us == round(due.timestamp() * 1_000_000)
        assert [(job.due_us, job.payload) for job in planned(desk)] == [(rule.due_us, {"rule": rule.id})]
        assert rule_now(desk, rule) == rule

    @pytest.mark.parametrize(
        ("kind", "day"), [(RuleKind.WEEKLY, "21.03 10:00"), (RuleKind.MONTHLY, "14.04 10:00")]
    )
    def test_weekly_and_monthly_keep_the_day_on_which_the_rule_was_made(
        self, desk: Desk, card: Card, kind: RuleKind, day: str
    ) -> None:
        assert texts(add(desk, card, kind)) == [f"The rule is on. Next payment: {day}."]

    def test_a_limit_rule_waits_for_the_balance_to_fall(self, desk: Desk, card: Card) -> None:
        outcome = add(desk, card, RuleKind.LIMIT, limit_kzt=300)
        assert texts(outcome) == ["The rule is on. It pays when the balance is below 300 KZT."]
        assert planned(desk) == []

    def test_a_limit_rule_whose_limit_is_passed_already_runs_at_once(self, desk: Desk, card: Card) -> None:
        rule = added(desk, card, RuleKind.LIMIT, limit_kzt=1001)
        assert [job.due_us for job in planned(desk)] == [desk.now_us]
        desk.advance(10)
        assert desk.balance() == 150_000
        assert rule_now(desk, rule).running == ""

    def test_a_balance_at_the_limit_is_not_below_it(self, desk: Desk, card: Card) -> None:
        added(desk, card, RuleKind.LIMIT, limit_kzt=1000)
        assert planned(desk) == []

    def test_a_friend_is_told_and_how_to_decline(self, desk: Desk, card: Card) -> None:
        outcome = add(desk, card, RuleKind.WEEKLY, target=BOLAT)
        (offer,) = texts(outcome)[1:]
        assert offer.startswith("77011234567 pays 500 KZT to your balance every week. ")
        assert offer.endswith("If you do not want it, send NO 77011234567 to 9110.")
        told = outcome.replies[1]
        assert (told.to, told.sender, told.by_sms) == (BOLAT, AUTOPAY, True)

    def test_who_is_in_debt_blocked_one_way_or_roaming_may_make_rules(self, desk: Desk, card: Card) -> None:
        for changes in ({"status": Status.DEBT}, {"status": Status.BLOCKED_OUTGOING}, {"roaming": True}):
            desk.change(**changes)
            assert add(desk, card).refusal is None

    def test_a_postpaid_subscriber_may_pay_on_schedule(self, desk: Desk, card: Card) -> None:
        desk.change(billing=Billing.POSTPAID)
        assert add(desk, card, RuleKind.MONTHLY).refusal is None


class TestRefused:
    """Each case is wrong in its own way and in all that come after it, so the order is the precedence."""

    def test_first_of_all_who_may_not_use_services(self, desk: Desk) -> None:
        assert add(desk, None).word == "access.unknown"
        desk.subscribe(status=Status.BLOCKED)
        assert add(desk, None).word == "access.blocked"

    def test_then_each_reason_before_the_next(self, desk: Desk) -> None:
        """What stands in the way is taken away one by one, from the top."""
        nothing = Money(0)
        desk.subscribe(opening_kzt=1000)
        seen = [add(desk, None, RuleKind.LIMIT, nothing, ALIYA).word]
        card = desk.bind_card()
        seen.append(add(desk, None, RuleKind.LIMIT, nothing, ALIYA).word)
        seen.append(add(desk, card, RuleKind.LIMIT, nothing, ALIYA).word)
        seen.append(add(desk, card, RuleKind.LIMIT, nothing, Msisdn("77051234567")).word)
        seen.append(add(desk, card, RuleKind.LIMIT, nothing, BOLAT).word)
        desk.subscribe(BOLAT, opening_kzt=1000)
        other = added(desk, card, target=BOLAT)
        decline(desk)
        desk.change(BOLAT, status=Status.BLOCKED, billing=Billing.POSTPAID)
        seen.append(add(desk, card, RuleKind.LIMIT, nothing, BOLAT).word)
        desk.change(BOLAT, status=Status.ACTIVE)
        seen.append(add(desk, card, RuleKind.LIMIT, nothing, BOLAT).word)
        assert rule_now(desk, other).state is RuleState.DECLINED
        desk.change(billing=Billing.POSTPAID)
        seen.append(add(desk, card, RuleKind.LIMIT, nothing).word)
        desk.change(billing=Billing.PREPAID)
        seen.append(add(desk, card, RuleKind.LIMIT, nothing).word)
        for _ in range(9):
            added(desk, card)
        added(desk, card, RuleKind.LIMIT, limit_kzt=100)
        seen.append(add(desk, card, RuleKind.LIMIT, nothing, limit_kzt=100).word)
        seen.append(add(desk, card, RuleKind.LIMIT, limit_kzt=100).word)
        seen.append(add(desk, card).word)
        assert seen == [each.value for each in Refused]

    @pytest.mark.parametrize("amount", ["0.00", "-500.00", "99.99", "50000.01", "1000000000.00"])
    def test_amounts_out_of_bounds(self, desk: Desk, card: Card, amount: str) -> None:
        outcome = add(desk, card, amount=Money(round(float(amount) * 100)))
        assert outcome.word == Refused.BAD_AMOUNT
        assert texts(outcome) == ["Each payment must be from 100 to 50,000 KZT."]

    @pytest.mark.parametrize("amount", [tenge(100), tenge(50_000), Money(10_001)])
    def test_amounts_at_the_bounds_are_taken(self, desk: Desk, card: Card, amount: Money) -> None:
        assert added(desk, card, amount=amount).amount_tiyn == amount.tiyn

    @pytest.mark.parametrize("limit_kzt", [0, -1, 50_001])
    def test_limits_out_of_bounds(self, desk: Desk, card: Card, limit_kzt: int) -> None:
        outcome = add(desk, card, RuleKind.LIMIT, limit_kzt=limit_kzt)
        assert outcome.word == Refused.BAD_LIMIT
        assert texts(outcome) == ["The limit must be from 1 to 50,000 KZT."]

    def test_a_disabled_card_is_none(self, desk: Desk, card: Card) -> None:
        disable(desk, card)
        assert add(desk, card).word == Refused.NO_CARD

    def test_a_card_of_somebody_else_is_none(self, desk: Desk, card: Card) -> None:
        assert add(desk, card, payer=BOLAT).word == Refused.NO_CARD
        desk.bind_card(BOLAT, pan="9398000000151234")
        assert add(desk, card, payer=BOLAT).word == Refused.UNKNOWN_CARD

    def test_a_friend_who_is_postpaid_can_have_no_limit_rule(self, desk: Desk, card: Card) -> None:
        desk.change(BOLAT, billing=Billing.POSTPAID)
        assert add(desk, card, RuleKind.LIMIT, target=BOLAT, limit_kzt=300).word == Refused.POSTPAID
        assert add(desk, card, RuleKind.MONTHLY, target=BOLAT).refusal is None

    def test_a_refusal_leaves_nothing(self, desk: Desk, card: Card) -> None:
        outcome = add(desk, card, amount=Money(0), target=BOLAT)
        assert [reply.to for reply in outcome.replies] == [None]
        assert desk.do(lambda uow, _: uow.autopay.of(ALIYA)) == ()
        assert planned(desk) == []

    def test_what_is_off_or_declined_does_not_count_as_a_rule(self, desk: Desk, card: Card) -> None:
        rules = [added(desk, card) for _ in range(9)]
        added(desk, card, target=BOLAT)
        assert add(desk, card).word == Refused.TOO_MANY
        switch(desk, rules[0])
        added(desk, card)
        assert switch(desk, rules[0]).word == Refused.TOO_MANY
        decline(desk)
        assert switch(desk, rules[0]).word == "ok"

    def test_rules_for_friends_are_not_made_without_end_though_they_are_switched_off(
        self, desk: Desk, card: Card
    ) -> None:
        """Each tells the friend, so that it could be used to pester."""
        for _ in range(10):
            switch(desk, added(desk, card, target=BOLAT))
        assert add(desk, card, target=BOLAT).word == Refused.TOO_MANY
        assert add(desk, card).word == "ok"
        desk.wait(24 * 3600)
        assert add(desk, card, target=BOLAT).word == "ok"


def disable(desk: Desk, card: Card, state: CardState = CardState.DISABLED) -> None:
    """The bank stops the card."""
    desk.run(ChangeCard(origin=desk.origin(Channel.API, ""), card_id=card.id, state=state))


class TestSwitched:
    def test_off_and_on_again_keeps_the_days_of_the_schedule(self, desk: Desk, card: Card) -> None:
        rule = added(desk, card, RuleKind.MONTHLY)
        outcome = switch(desk, rule)
        assert texts(outcome) == ["The rule is off."]
        assert (rule_now(desk, rule).state, rule_now(desk, rule).due_us) == (RuleState.OFF, 0)
        assert planned(desk) == []
        desk.wait(40 * 86_400)
        assert texts(switch(desk, rule)) == ["The rule is on. Next payment: 14.05 10:00."]
        assert [job.due_us for job in planned(desk)] == [rule_now(desk, rule).due_us]

    def test_a_limit_rule_that_is_switched_on_below_its_limit_runs_at_once(
        self, desk: Desk, card: Card
    ) -> None:
        rule = added(desk, card, RuleKind.LIMIT, limit_kzt=300)
        switch(desk, rule)
        desk.spend(800)
        assert desk.advance(10) == []
        switch(desk, rule)
        desk.advance(10)
        assert desk.balance() == 70_000

    def test_what_the_bank_is_working_on_goes_through(self, desk: Desk, card: Card) -> None:
        rule = added(desk, card, RuleKind.LIMIT, limit_kzt=2000)
        desk.advance(0)
        assert texts(switch(desk, rule)) == [
            "The rule is off. What the bank is paying now may still go through."
        ]
        desk.advance(10)
        assert desk.balance() == 150_000
        assert (rule_now(desk, rule).state, rule_now(desk, rule).running) == (RuleState.OFF, "")

    def test_a_paused_rule_begins_anew(self, desk: Desk, card: Card) -> None:
        rule = added(desk, card)
        disable(desk, card)
        desk.advance(86_400)
        assert rule_now(desk, rule).state is RuleState.PAUSED
        disable(desk, card, CardState.ACTIVE)
        switch(desk, rule)
        assert (rule_now(desk, rule).state, rule_now(desk, rule).failures) == (RuleState.ON, 0)
        desk.advance(86_400)
        assert desk.balance() == 150_000

    def test_a_rule_of_somebody_else_is_unknown(self, desk: Desk, card: Card) -> None:
        rule = added(desk, card)
        assert switch(desk, rule, BOLAT).word == NotSwitched.UNKNOWN_RULE
        assert rule_now(desk, rule).state is RuleState.ON

    def test_a_declined_rule_stays_so(self, desk: Desk, card: Card) -> None:
        rule = added(desk, card, target=BOLAT)
        decline(desk)
        assert switch(desk, rule).word == NotSwitched.RULE_DECLINED

    def test_on_is_refused_where_a_new_one_would_be(self, desk: Desk, card: Card) -> None:
        rule = added(desk, card, RuleKind.LIMIT, limit_kzt=300)
        switch(desk, rule)
        added(desk, card, RuleKind.LIMIT, limit_kzt=400)
        assert switch(desk, rule).word == Refused.LIMIT_TAKEN
        desk.change(billing=Billing.POSTPAID)
        assert switch(desk, rule).word == Refused.POSTPAID


class TestDeclined:
    def test_no_closes_the_rules_of_the_only_one_who_pays(self, desk: Desk, card: Card) -> None:
        rules = [added(desk, card, target=BOLAT) for _ in range(2)]
        own = added(desk, card)
        outcome = decline(desk)
        assert texts(outcome) == [
            "Done. 77011234567 no longer pays for you by AutoPay.",
            "77021234567 has declined your AutoPay. That rule is closed for good.",
        ]
        assert (outcome.replies[1].to, outcome.replies[1].sender) == (ALIYA, AUTOPAY)
        assert {rule_now(desk, rule).state for rule in rules} == {RuleState.DECLINED}
        assert [job.payload for job in planned(desk)] == [{"rule": own.id}]

    def test_of_several_one_is_named(self, desk: Desk, card: Card) -> None:
        desk.subscribe(DANA)
        other = desk.bind_card(DANA, pan="9398000000151234")
        mine, hers = added(desk, card, target=BOLAT), added(desk, other, target=BOLAT, payer=DANA)
        outcome = decline(desk)
        assert outcome.word == NotDeclined.SEVERAL
        assert texts(outcome) == ["Several people pay for you. Send NO and a number, like NO 77751234567"]
        assert decline(desk, "no 8 (701) 123-45-67").word == "ok"
        assert rule_now(desk, mine).state is RuleState.DECLINED
        assert rule_now(desk, hers).state is RuleState.ON

    def test_nobody_to_decline(self, desk: Desk, card: Card) -> None:
        added(desk, card)
        for text in ("NO", "NO 77011234567", "NO 77771112233"):
            assert decline(desk, text).word == NotDeclined.NOBODY
        assert decline(desk, friend=ALIYA).word == NotDeclined.NOBODY

    def test_a_run_under_way_is_let_to_its_end(self, desk: Desk, card: Card) -> None:
        rule = added(desk, card, RuleKind.LIMIT, target=BOLAT, limit_kzt=2000)
        desk.advance(0)
        assert rule_now(desk, rule).running
        decline(desk)
        desk.advance(10)
        assert desk.balance(BOLAT) == 150_000
        assert (rule_now(desk, rule).state, rule_now(desk, rule).running) == (RuleState.DECLINED, "")

    @pytest.mark.parametrize("text", ["", "YES", "NO thanks", "NO 911", "NO 77011234567 please"])
    def test_anything_else_is_answered_with_what_can_be_sent(self, desk: Desk, card: Card, text: str) -> None:
        added(desk, card, target=BOLAT)
        found = desk.sms(AUTOPAY, text, BOLAT)
        assert isinstance(found, Usage)
        assert found.text_id in {"autopay.usage", "system.bad_number"}

    def test_the_command_can_be_given_past_the_radio(self, desk: Desk, card: Card) -> None:
        added(desk, card, target=BOLAT)
        command = DeclineFriend(origin=desk.origin(Channel.API, BOLAT), payer=ALIYA)
        assert desk.run(command).refusal is None


@pytest.mark.parametrize("language", Language)
def test_a_friend_reads_the_offer_in_one_letter(language: Language, desk: Desk, card: Card) -> None:
    outcome = add(desk, card, RuleKind.LIMIT, target=BOLAT, limit_kzt=300)
    (offer,) = texts(outcome, language)[1:]
    assert "NO 77011234567" in offer
    assert AUTOPAY in offer
