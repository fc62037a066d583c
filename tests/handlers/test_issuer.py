"""The simulated bank: it holds, answers when it likes, and books once, whatever comes in whatever order."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from handlers.bank_desk import ChangeCard, ResolveTransaction, SetBehaviour
from handlers.base.bank import Bank, Concluded, Declined, Order, Verdict
from handlers.base.cards import Manner
from handlers.base.command import Channel, Origin
from handlers.base.outcome import Outcome
from handlers.card_events import CardEvent
from handlers.issuer import Issuer
from rating.money import tenge
from rating.msisdn import Msisdn
from storage.bank_model import Card, CardEventKind, CardState, CardTransaction, TransactionState
from storage.check import check
from storage.model import AccountKind, Book, HoldState
from storage.store import Store
from tests.handlers.conftest import Desk

ALIYA, BOLAT, GONE = Msisdn("77011234567"), Msisdn("77021234567"), Msisdn("77051234567")
TWIN = "9398000000151234"
ISSUER: Bank = Issuer()
AUTHORISED, POSTED = TransactionState.AUTHORISED, TransactionState.POSTED
UNKNOWN, VOIDED = TransactionState.UNKNOWN, TransactionState.VOIDED


def order(
    desk: Desk, card: Card, target: Msisdn = ALIYA, amount_kzt: int = 100
) -> CardTransaction | Declined:
    """Ask the bank, past all services. The job that answers is that of 8080."""
    wanted = Order(
        card=card,
        amount_tiyn=tenge(amount_kzt).tiyn,
        target=target,
        venue="test",
        answer_job="bank_sms.answer",
        origin=desk.origin(),
        purpose="a rule",
    )
    return desk.do(lambda uow, context: ISSUER.authorise(wanted, uow, context))


def ordered(desk: Desk, card: Card, target: Msisdn = ALIYA) -> CardTransaction:
    """An order that the bank took."""
    transaction = order(desk, card, target)
    assert isinstance(transaction, CardTransaction)
    return transaction


def conclude(desk: Desk, code: str, verdict: Verdict) -> Concluded | None:
    """The answer of the bank."""
    return desk.do(lambda uow, context: ISSUER.conclude(code, verdict, uow, context))


@pytest.fixture
def card(desk: Desk) -> Card:
    """A card with 10,000 KZT."""
    desk.subscribe()
    return desk.bind_card()


class TestAuthorise:
    def test_holds_the_amount_for_the_order(self, desk: Desk, card: Card) -> None:
        found = ordered(desk, card)
        hold = desk.do(lambda uow, _: uow.ledger.hold_of(found.hold_id))
        assert hold is not None
        assert (hold.account, hold.amount_tiyn, hold.source) == (card.account, 10_000, found.code)
        assert (found.state, found.amount_tiyn, found.target, found.purpose) == (
            AUTHORISED,
            -10_000,
            ALIYA,
            "a rule",
        )

    def test_declines_a_disabled_card_before_it_looks_at_the_money(self, desk: Desk, card: Card) -> None:
        desk.run(ChangeCard(origin=desk.origin(Channel.API, ""), card_id=card.id, state=CardState.DISABLED))
        disabled = desk.do(lambda uow, _: uow.cards.get(card.id))
        assert disabled is not None
        assert order(desk, disabled, amount_kzt=10**6) is Declined.DISABLED

    def test_declines_what_the_card_does_not_cover_with_its_holds(self, desk: Desk, card: Card) -> None:
        assert order(desk, card, amount_kzt=10_001) is Declined.NOT_ENOUGH
        assert isinstance(order(desk, card, amount_kzt=6_000), CardTransaction)
        assert order(desk, card, amount_kzt=4_001) is Declined.NOT_ENOUGH
        assert isinstance(order(desk, card, amount_kzt=4_000), CardTransaction)

    def test_codes_are_each_another(self, desk: Desk, card: Card) -> None:
        assert len({ordered(desk, card).code for _ in range(50)}) == 50


class TestConclude:
    """Each state with each verdict: what becomes of it, and whether that is news."""

    @pytest.mark.parametrize(
        ("before", "verdict", "after", "is_news"),
        [
            ([], Verdict.APPROVED, POSTED, True),
            ([], Verdict.ERROR, VOIDED, True),
            ([], Verdict.OVERDUE, UNKNOWN, True),
            ([Verdict.OVERDUE], Verdict.APPROVED, POSTED, True),
            ([Verdict.OVERDUE], Verdict.ERROR, VOIDED, True),
            ([Verdict.OVERDUE], Verdict.OVERDUE, UNKNOWN, False),
            ([Verdict.APPROVED], Verdict.APPROVED, POSTED, False),
            ([Verdict.APPROVED], Verdict.ERROR, POSTED, False),
            ([Verdict.APPROVED], Verdict.OVERDUE, POSTED, False),
            ([Verdict.ERROR], Verdict.APPROVED, VOIDED, False),
            ([Verdict.ERROR], Verdict.ERROR, VOIDED, False),
            ([Verdict.ERROR], Verdict.OVERDUE, VOIDED, False),
        ],
    )
    def test_settles_once(
        self,
        desk: Desk,
        card: Card,
        before: list[Verdict],
        verdict: Verdict,
        after: TransactionState,
        is_news: bool,
    ) -> None:
        code = ordered(desk, card).code
        for each in before:
            conclude(desk, code, each)
        concluded = conclude(desk, code, verdict)
        assert concluded is not None
        assert (concluded.transaction.state, concluded.is_news) == (after, is_news)
        assert desk.balance() == (10_000 if after is POSTED else 0)

    def test_an_unknown_code_is_none_of_the_banks(self, desk: Desk) -> None:
        assert conclude(desk, "NOSUCHCODE22", Verdict.APPROVED) is None

    def test_a_purchase_is_nothing_to_conclude(self, desk: Desk, card: Card) -> None:
        event = happen(desk, card, CardEventKind.AUTHORISATION)
        assert conclude(desk, event.code, Verdict.APPROVED) is None

    def test_a_target_without_a_record_gets_nothing_and_the_hold_ends(self, desk: Desk, card: Card) -> None:
        found = ordered(desk, card, GONE)
        concluded = conclude(desk, found.code, Verdict.APPROVED)
        assert concluded is not None
        assert (concluded.transaction.state, concluded.is_news) == (VOIDED, True)
        hold = desk.do(lambda uow, _: uow.ledger.hold_of(found.hold_id))
        assert hold is not None
        assert hold.state is HoldState.VOIDED

    def test_ends_the_waiting(self, desk: Desk, card: Card) -> None:
        """Nothing is left to be due after the answer."""
        ordered(desk, card)
        assert len(desk.advance(5)) == 1
        assert desk.advance(86_400) == []


def happen(desk: Desk, card: Card, kind: CardEventKind, amount_kzt: int = 10) -> CardTransaction:
    """Something happens to the card."""
    event = CardEvent(
        origin=desk.origin(Channel.API, ""),
        card_id=card.id,
        kind=kind,
        amount_tiyn=tenge(amount_kzt).tiyn,
        venue="Magnum",
    )
    result = desk.run(event).result
    assert isinstance(result, CardTransaction)
    return result


AMOUNTS = st.integers(1, 700)
CARDS = st.sampled_from(["071234", "151234"])


class BankMachine(RuleBasedStateMachine):
    """Any sequence of payments, answers, disables, events and clock moves.

    After each step money is neither made nor lost; at the end every invariant of the store holds.
    """

    folder: Path

    @initialize()
    def open(self) -> None:
        self.store = Store.open(f"sqlite:///{self.folder / 'bank.db'}")
        self.store.reset()
        self.desk = Desk(self.store)
        self.desk.subscribe(opening_kzt=50)
        self.desk.subscribe(BOLAT)
        self.cards = {"071234": self.desk.bind_card(balance_kzt=1_500)}
        self.cards["151234"] = self.desk.bind_card(balance_kzt=300, pan=TWIN, bank="kaspi")
        self.codes: list[str] = []

    @rule(digits=CARDS, amount=AMOUNTS, other=st.booleans())
    def pay(self, digits: str, amount: int, other: bool) -> None:
        outcome = self._sms(f"07 {digits} {amount}" + (f" {BOLAT}" if other else ""))
        if isinstance(outcome.result, CardTransaction):
            self.codes.append(outcome.result.code)

    @rule(mode=st.sampled_from(Manner), delay_s=st.sampled_from([0, 4, 59, 60, 61, 3600]))
    def behave(self, mode: Manner, delay_s: int) -> None:
        self.desk.run(SetBehaviour(origin=self._api(), mode=mode, delay_s=delay_s))

    @rule(seconds=st.sampled_from([0, 1, 3, 5, 60, 3600, 86_400, 8 * 86_400]))
    def advance(self, seconds: int) -> None:
        self.desk.advance(seconds)

    @rule(digits=CARDS)
    def disable(self, digits: str) -> None:
        self._sms(f"09 {digits}")

    @rule(digits=CARDS, state=st.sampled_from(CardState))
    def change(self, digits: str, state: CardState) -> None:
        self.desk.run(ChangeCard(origin=self._api(), card_id=self.cards[digits].id, state=state))

    @rule(
        digits=CARDS,
        amount=AMOUNTS,
        kind=st.sampled_from([kind for kind in CardEventKind if kind is not CardEventKind.TOP_UP]),
    )
    def event(self, digits: str, amount: int, kind: CardEventKind) -> None:
        command = CardEvent(
            origin=self._api(),
            card_id=self.cards[digits].id,
            kind=kind,
            amount_tiyn=amount * 100,
            venue="Magnum",
        )
        outcome = self.desk.run(command)
        if isinstance(outcome.result, CardTransaction):
            self.codes.append(outcome.result.code)

    @precondition(lambda self: self.codes)
    @rule(data=st.data(), verdict=st.sampled_from(Verdict))
    def resolve(self, data: st.DataObject, verdict: Verdict) -> None:
        code = data.draw(st.sampled_from(self.codes))
        self.desk.run(ResolveTransaction(origin=self._api(), code=code, verdict=verdict))

    @precondition(lambda self: self.codes)
    @rule(data=st.data(), verdict=st.sampled_from(Verdict))
    def answer(self, data: st.DataObject, verdict: Verdict) -> None:
        """The bank says anything about anything."""
        conclude(self.desk, data.draw(st.sampled_from(self.codes)), verdict)

    @invariant()
    def both_books_sum_to_zero(self) -> None:
        books = dict.fromkeys(Book, 0)
        for code, balance in self.store.reads.trial_balance():
            books[AccountKind(code.partition(":")[0]).book] += balance
        assert books == dict.fromkeys(Book, 0)

    @invariant()
    def what_was_topped_up_is_what_is_posted(self) -> None:
        """The subscribers have what the cards' posted top-ups say, no more and no less."""
        found = self.desk.do(lambda uow, _: [uow.cards.transaction(code) for code in self.codes])
        posted = sum(
            -each.amount_tiyn
            for each in found
            if each is not None and each.kind is CardEventKind.TOP_UP and each.state is POSTED
        )
        assert self.desk.balance(ALIYA) + self.desk.balance(BOLAT) == tenge(50).tiyn + posted

    def teardown(self) -> None:
        if hasattr(self, "store"):
            broken = [finding for finding in check(self.store.reads) if not finding.ok]
            self.store.close()
            assert broken == []

    def _sms(self, text: str) -> Outcome:
        outcome = self.desk.sms("8080", text)
        assert isinstance(outcome, Outcome)
        return outcome

    def _api(self) -> Origin:
        return self.desk.origin(Channel.API, "")


def test_no_sequence_makes_or_loses_money(tmp_path: Path) -> None:
    BankMachine.folder = tmp_path
    run_state_machine_as_test(
        BankMachine,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
