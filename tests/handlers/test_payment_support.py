"""What support does with payments: move, back out, reverse; each at most once (services.md section 5)."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from handlers.base.command import Channel, Command, Origin
from handlers.base.outcome import Outcome
from handlers.base.payment_book import bonuses, cashback_pot, clearing, unallocated
from handlers.payment_support import BackOutPayment, MovePayment, ReversePayment
from handlers.payments import Taken, TakePayment
from rating.money import tenge
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Status
from storage.bank_model import Payment, PaymentState
from storage.check import check
from storage.model import AccountKind, AccountRef, Entry, Line, main_account, transfer
from storage.posting_reads import postings_of
from storage.store import Store

if TYPE_CHECKING:
    from tests.handlers.conftest import Desk

ALIYA, BOLAT, NOBODY = "77011234567", "77021234567", "77010000000"
AMOUNT = tenge(500).tiyn
MIRROR = AccountRef(AccountKind.BANK_OPERATOR, "kaspi")


def origin(desk: "Desk") -> Origin:
    """Support at the control API."""
    return desk.origin(Channel.API, "", "")


def pay(desk: "Desk", *, brand: str = "kcell", channel: str = "kaspi", source: str = "card") -> Payment:
    """500 KZT for Aliya."""
    command = TakePayment(
        origin=origin(desk),
        payment_id="p-1",
        channel=channel,
        msisdn=ALIYA,
        brand=brand,
        amount_tiyn=AMOUNT,
        source=source,
    )
    outcome = desk.run(command)
    assert isinstance(outcome.result, Taken), outcome
    return outcome.result.payment


def move(desk: "Desk", to: str = BOLAT, payment_id: str = "p-1") -> Outcome:
    """Support moves it."""
    return desk.run(MovePayment(origin=origin(desk), payment_id=payment_id, msisdn=Msisdn(to)))


def back_out(desk: "Desk", payment_id: str = "p-1") -> Outcome:
    """Support gives it back to the channel."""
    return desk.run(BackOutPayment(origin=origin(desk), payment_id=payment_id))


def reverse(desk: "Desk", payment_id: str = "p-1") -> Outcome:
    """Support reverses it."""
    return desk.run(ReversePayment(origin=origin(desk), payment_id=payment_id))


def changed(outcome: Outcome) -> Payment:
    """The payment of an outcome that is no refusal."""
    assert isinstance(outcome.result, Payment), outcome
    return outcome.result


def stored(desk: "Desk") -> Payment:
    """The payment as it is kept."""
    payment = desk.do(lambda uow, _: uow.payments.get("p-1"))
    assert payment is not None
    return payment


def journal(desk: "Desk", seq: int | None) -> dict[str, int]:
    """The lines of an entry: account code to tiyn."""
    with desk.store.reads.transaction() as connection:
        return {each.account: each.amount_tiyn for each in postings_of(connection, seq)}


def spend(desk: "Desk", account: AccountRef, to: AccountRef, tiyn: int) -> None:
    """Money goes somewhere else."""
    desk.do(
        lambda uow, _: uow.ledger.post(
            transfer(account, to, tiyn, reason="test", source="test", actor="test")
        )
    )


@pytest.fixture
def office(desk: "Desk") -> "Desk":
    """Two subscribers, of whom Aliya is the payer's."""
    desk.subscribe(ALIYA)
    desk.subscribe(BOLAT)
    return desk


class TestMove:
    def test_the_right_number_gets_the_money_the_bonuses_and_an_sms(self, office: "Desk") -> None:
        pay(office, brand="activ")
        outcome = move(office)
        payment = changed(outcome)
        assert (payment.state, payment.credited, payment.why) == (
            PaymentState.MOVED,
            BOLAT,
            "payment.wrong_brand",
        )
        assert stored(office) == payment
        assert journal(office, outcome.journal_seq) == {
            "unallocated:kaspi": -50_000,
            f"main:{BOLAT}": 50_000,
            "bank_cashback:kaspi": -2_500,
            f"bank_bonus:{BOLAT}": 2_500,
        }
        (reply,) = outcome.replies
        assert (reply.to, reply.text.id, reply.text.params["code"]) == (
            BOLAT,
            "payment.credited_bonuses",
            payment.code,
        )

    def test_a_debt_ends_that_way_too(self, office: "Desk") -> None:
        office.change(BOLAT, status=Status.DEBT)
        pay(office, brand="activ")
        move(office)
        assert office.subscriber(BOLAT).status is Status.ACTIVE

    def test_to_a_number_without_a_record_is_refused_and_it_waits_on(self, office: "Desk") -> None:
        pay(office, brand="activ")
        assert move(office, NOBODY).word == "payment.no_subscriber"
        assert stored(office).state is PaymentState.UNALLOCATED
        assert office.account(unallocated("kaspi")) == AMOUNT


class TestBackOut:
    def test_the_channel_owes_it_no_more(self, office: "Desk") -> None:
        payment = pay(office, brand="activ", channel="qiwi", source="cash")
        outcome = back_out(office)
        assert journal(office, outcome.journal_seq) == {
            "bank_clearing:qiwi": 50_000,
            "unallocated:qiwi": -50_000,
        }
        after = changed(outcome)
        assert (after.state, after.reversed_seq) == (PaymentState.BACKED_OUT, outcome.journal_seq)
        assert after.journal_seq == payment.journal_seq
        assert outcome.replies == ()

    def test_bonuses_are_bonuses_again(self, office: "Desk") -> None:
        give_bonuses(office)
        pay(office, brand="activ", source="bonus")
        back_out(office)
        assert office.account(bonuses(ALIYA)) == AMOUNT
        assert office.account(MIRROR) == office.account(unallocated("kaspi")) == 0


class TestReverse:
    @pytest.mark.parametrize("is_moved", [False, True])
    def test_money_and_bonuses_go_back_with_an_entry_that_says_what_it_reverses(
        self, office: "Desk", is_moved: bool
    ) -> None:
        payment = pay(office, brand="activ" if is_moved else "kcell")
        owner = BOLAT if is_moved else ALIYA
        if is_moved:
            payment = changed(move(office))
        outcome = reverse(office)
        assert journal(office, outcome.journal_seq) == {
            "bank_clearing:kaspi": 50_000,
            f"main:{owner}": -50_000,
            "bank_cashback:kaspi": 2_500,
            f"bank_bonus:{owner}": -2_500,
        }
        with office.store.reads.transaction() as connection:
            rows = connection.exec_driver_sql("SELECT seq, reverses_seq FROM journal ORDER BY seq DESC")
            assert tuple(next(iter(rows))) == (outcome.journal_seq, payment.journal_seq)
        assert changed(outcome).state is PaymentState.REVERSED

    def test_the_subscriber_is_told(self, office: "Desk") -> None:
        pay(office)
        (reply,) = reverse(office).replies
        assert (reply.to, reply.text.id) == (ALIYA, "payment.taken_back")
        assert reply.text.params["balance"] == tenge(0)

    def test_bonuses_that_paid_are_bonuses_again(self, office: "Desk") -> None:
        give_bonuses(office)
        pay(office, source="bonus")
        reverse(office)
        assert office.account(bonuses(ALIYA)) == AMOUNT
        assert (office.balance(), office.account(MIRROR), office.account(clearing("kaspi"))) == (0, 0, 0)

    def test_what_was_spent_cannot_be_taken_back(self, office: "Desk") -> None:
        pay(office)
        spend(office, main_account(Msisdn(ALIYA)), AccountRef(AccountKind.REVENUE, "test"), 1)
        assert reverse(office).word == "payment.spent"
        assert office.balance() == AMOUNT - 1
        assert stored(office).state is PaymentState.CREDITED

    def test_neither_can_bonuses_that_were_spent(self, office: "Desk") -> None:
        pay(office)
        spend(office, bonuses(ALIYA), cashback_pot("kaspi"), 1)
        assert reverse(office).word == "payment.bonuses_spent"
        assert office.balance() == AMOUNT

    def test_a_credit_limit_is_money(self, desk: "Desk") -> None:
        """A postpaid subscriber's payment that was used up for a bill is a debt again."""
        desk.subscribe(billing=Billing.POSTPAID)
        pay(desk)
        spend(desk, main_account(Msisdn(ALIYA)), AccountRef(AccountKind.REVENUE, "test"), AMOUNT)
        assert changed(reverse(desk)).state is PaymentState.REVERSED
        assert desk.balance() == -AMOUNT


Act = Callable[["Desk"], Outcome]
_TWICE: dict[str, Act] = {"move": move, "back_out": back_out, "reverse": reverse}


class TestOnce:
    @pytest.mark.parametrize(
        ("before", "act", "refusal"),
        [
            ("credited", "move", "payment.is_credited"),
            ("credited", "back_out", "payment.is_credited"),
            ("unallocated", "reverse", "payment.is_unallocated"),
            ("move", "move", "payment.is_moved"),
            ("move", "back_out", "payment.is_moved"),
            ("back_out", "move", "payment.is_backed_out"),
            ("back_out", "back_out", "payment.is_backed_out"),
            ("back_out", "reverse", "payment.is_backed_out"),
            ("reverse", "move", "payment.is_reversed"),
            ("reverse", "back_out", "payment.is_reversed"),
            ("reverse", "reverse", "payment.is_reversed"),
        ],
    )
    def test_a_refusal_says_what_the_payment_is_already_and_nothing_moves(
        self, office: "Desk", before: str, act: str, refusal: str
    ) -> None:
        pay(office, brand="kcell" if before in {"credited", "reverse"} else "activ")
        if before in _TWICE:
            changed(_TWICE[before](office))
        payment, head = stored(office), office.store.reads.journal_head().seq
        outcome = _TWICE[act](office)
        assert (outcome.word, outcome.replies) == (refusal, ())
        assert (stored(office), office.store.reads.journal_head().seq) == (payment, head)

    @pytest.mark.parametrize("act", _TWICE)
    def test_twice_in_one_batch_is_once(self, office: "Desk", act: str) -> None:
        pay(office, brand="kcell" if act == "reverse" else "activ")
        make: dict[str, Callable[[], Command]] = {
            "move": lambda: MovePayment(origin=origin(office), payment_id="p-1", msisdn=Msisdn(BOLAT)),
            "back_out": lambda: BackOutPayment(origin=origin(office), payment_id="p-1"),
            "reverse": lambda: ReversePayment(origin=origin(office), payment_id="p-1"),
        }
        outcome = office.run(make[act](), make[act]())
        assert outcome.refusal is not None
        assert office.store.reads.journal_head().seq == 2

    def test_taking_and_undoing_in_one_batch(self, office: "Desk") -> None:
        take = TakePayment(
            origin=origin(office),
            payment_id="p-1",
            channel="qiwi",
            msisdn=ALIYA,
            brand="x",
            amount_tiyn=AMOUNT,
            source="cash",
        )
        moved = MovePayment(origin=origin(office), payment_id="p-1", msisdn=Msisdn(BOLAT))
        undone = ReversePayment(origin=origin(office), payment_id="p-1")
        assert changed(office.run(take, moved, undone)).state is PaymentState.REVERSED
        assert stored(office).state is PaymentState.REVERSED

    def test_a_reversed_payment_does_not_come_again(self, office: "Desk") -> None:
        pay(office)
        reverse(office)
        assert pay(office).state is PaymentState.REVERSED
        assert office.balance() == 0

    @pytest.mark.parametrize("act", _TWICE)
    def test_an_unknown_payment_is_refused(self, office: "Desk", act: str) -> None:
        assert _TWICE[act](office).word == "payment.unknown"


def give_bonuses(desk: "Desk") -> None:
    """As many bonuses as a payment takes."""

    def step(uow: object, _: object) -> None:
        ledger = uow.ledger  # type: ignore[attr-defined]  # a unit of work
        ledger.open(bonuses(ALIYA))
        lines = (Line(cashback_pot("kaspi"), -AMOUNT), Line(bonuses(ALIYA), AMOUNT))
        ledger.post(Entry(reason="test", lines=lines, source="test", actor="test"))

    desk.do(step)


# -- no sequence makes or loses money --------------------------------------------------------------

NUMBERS = st.sampled_from([ALIYA, BOLAT, NOBODY, "77051234567", "x"])
IDS = st.sampled_from([f"p-{number}" for number in range(6)])


@dataclass(slots=True)
class Ledger:
    """What a naive bookkeeper would expect, in tiyn."""

    owed: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    main: dict[str, int] = field(default_factory=dict)

    def add(self, book: dict[str, int], key: str, tiyn: int) -> None:
        """Change one of them."""
        book[key] = book.get(key, 0) + tiyn


class PaymentMachine(RuleBasedStateMachine):
    """Takes, moves, backs out, reverses and spends, in any order, as often as it likes."""

    def __init__(self, make_desk: "Callable[[Store], Desk]") -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._store = Store.open(f"sqlite:///{Path(self._folder.name) / 'machine.db'}")
        self.desk = make_desk(self._store)
        self.desk.subscribe(ALIYA)
        self.desk.subscribe(BOLAT)
        self.expected = Ledger()
        self._count = itertools.count()

    def teardown(self) -> None:
        """Every sequence ends with all invariants."""
        findings = [finding for finding in check(self._store.reads) if not finding.ok]
        self._store.close()
        self._folder.cleanup()
        assert findings == []

    @rule(
        payment_id=IDS,
        way=st.sampled_from([("kaspi", "card"), ("kaspi", "bonus"), ("qiwi", "cash")]),
        msisdn=NUMBERS,
        brand=st.sampled_from(["kcell", "activ"]),
        tiyn=st.sampled_from([-1, 0, 1, 99, 20_000, 50_000, 10**8, 10**17]),
    )
    def take(self, payment_id: str, way: tuple[str, str], msisdn: str, brand: str, tiyn: int) -> None:
        """A channel sends a payment."""
        command = TakePayment(
            origin=origin(self.desk),
            payment_id=payment_id,
            channel=way[0],
            msisdn=msisdn,
            brand=brand,
            amount_tiyn=tiyn,
            source=way[1],
        )
        result = self.desk.run(command).result
        if not isinstance(result, Taken) or result.repeated:
            return
        self.expected.add(self.expected.owed, way[0], -tiyn)
        if result.payment.credited:
            self.expected.add(self.expected.main, result.payment.credited, tiyn)
        else:
            self.expected.add(self.expected.waiting, way[0], tiyn)

    @rule(payment_id=IDS, msisdn=st.sampled_from([ALIYA, BOLAT, NOBODY]))
    def move(self, payment_id: str, msisdn: str) -> None:
        """Support moves one."""
        payment = move(self.desk, msisdn, payment_id).result
        if isinstance(payment, Payment):
            self.expected.add(self.expected.waiting, payment.channel, -payment.amount_tiyn)
            self.expected.add(self.expected.main, msisdn, payment.amount_tiyn)

    @rule(payment_id=IDS)
    def back_out(self, payment_id: str) -> None:
        """Support backs one out."""
        payment = back_out(self.desk, payment_id).result
        if isinstance(payment, Payment):
            self.expected.add(self.expected.waiting, payment.channel, -payment.amount_tiyn)
            self.expected.add(self.expected.owed, payment.channel, payment.amount_tiyn)

    @rule(payment_id=IDS)
    def reverse(self, payment_id: str) -> None:
        """Support reverses one."""
        payment = reverse(self.desk, payment_id).result
        if isinstance(payment, Payment):
            self.expected.add(self.expected.main, payment.credited, -payment.amount_tiyn)
            self.expected.add(self.expected.owed, payment.channel, payment.amount_tiyn)

    @rule(msisdn=st.sampled_from([ALIYA, BOLAT]), tiyn=st.integers(1, 30_000))
    def spend(self, msisdn: str, tiyn: int) -> None:
        """The subscriber uses what is there."""
        if self.desk.balance(msisdn) < tiyn:
            return
        spend(self.desk, main_account(Msisdn(msisdn)), AccountRef(AccountKind.REVENUE, "test"), tiyn)
        self.expected.add(self.expected.main, msisdn, -tiyn)

    @invariant()
    def all_money_is_where_it_should_be(self) -> None:
        """The operator's side as a naive bookkeeper has it; bonuses and what they cost cancel out."""
        desk, expected = self.desk, self.expected
        for channel in ("kaspi", "qiwi"):
            assert desk.account(clearing(channel)) == expected.owed.get(channel, 0)
            assert desk.account(unallocated(channel)) == expected.waiting.get(channel, 0)
        for msisdn in (ALIYA, BOLAT):
            assert desk.balance(msisdn) == expected.main.get(msisdn, 0)
        customers = sum(desk.account(bonuses(msisdn)) for msisdn in (ALIYA, BOLAT))
        assert customers + desk.account(cashback_pot("kaspi")) + desk.account(MIRROR) == 0


def test_no_sequence_makes_or_loses_money(desk: "Desk") -> None:
    """Hypothesis looks for one."""
    make_desk = type(desk)  # test modules cannot import conftest.py
    run_state_machine_as_test(
        lambda: PaymentMachine(make_desk),  # type: ignore[arg-type]  # a factory is taken too
        settings=settings(max_examples=25, stateful_step_count=30, deadline=None),
    )
