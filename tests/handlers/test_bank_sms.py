"""8080: pay from a card, look at it, disable it; each refusal in its place, each answer booked once."""

import pytest

from handlers.bank_desk import ChangeCard, SetBehaviour
from handlers.base.cards import CODE_ALPHABET, Manner
from handlers.base.command import Channel
from handlers.base.grammar import Usage
from handlers.base.outcome import Outcome
from rating.money import Money, tenge
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Language, Status
from storage.bank_model import Card, CardState, CardTransaction, TransactionState
from storage.model import AccountKind, AccountRef
from tests.handlers.conftest import CATALOG, Desk

ALIYA, BOLAT, NOBODY = Msisdn("77011234567"), Msisdn("77021234567"), "77011112233"
PAN, TWIN = "9398000000071234", "9398000000151234"


def sms(desk: Desk, text: str, msisdn: str = ALIYA) -> Outcome:
    """A message to 8080 that is understood."""
    outcome = desk.sms("8080", text, msisdn)
    assert isinstance(outcome, Outcome), outcome
    return outcome


def said(outcome: Outcome) -> list[str]:
    """The ids of the texts that go out."""
    return [reply.text.id for reply in outcome.replies]


def usage(desk: Desk, text: str) -> str:
    """The id of the answer to what is no command."""
    found = desk.sms("8080", text)
    assert isinstance(found, Usage), found
    return found.text_id


def paid(desk: Desk, text: str = "07 1234 100") -> CardTransaction:
    """A payment that is on its way."""
    result = sms(desk, text).result
    assert isinstance(result, CardTransaction)
    return result


def behave(desk: Desk, mode: Manner, delay_s: int | None = None) -> None:
    """From now on the bank answers like this."""
    desk.run(SetBehaviour(origin=desk.origin(Channel.API, ""), mode=mode, delay_s=delay_s))


def set_state(desk: Desk, card: Card, state: CardState) -> None:
    """The bank enables or disables a card."""
    desk.run(ChangeCard(origin=desk.origin(Channel.API, ""), card_id=card.id, state=state))


def card_money(desk: Desk, card: Card) -> tuple[int, int]:
    """Balance and what is held, in KZT."""
    balance = desk.do(lambda uow, _: uow.ledger.balance(card.account))
    assert balance is not None
    return balance.balance_tiyn // 100, balance.held_tiyn // 100


def state(desk: Desk, transaction: CardTransaction) -> TransactionState:
    """What has become of it."""
    found = desk.do(lambda uow, _: uow.cards.transaction(transaction.code))
    assert found is not None
    return found.state


@pytest.fixture
def card(desk: Desk) -> Card:
    """A subscriber with 500 KZT and a card ending in 1234 with 10,000 KZT."""
    desk.subscribe(opening_kzt=500)
    return desk.bind_card()


class TestPayment:
    def test_holds_first_and_books_three_to_five_seconds_later(self, desk: Desk, card: Card) -> None:
        outcome = sms(desk, "07 1234 100")
        assert (outcome.word, said(outcome)) == ("ok", ["bank.working"])
        assert (card_money(desk, card), desk.balance()) == ((10_000, 100), tenge(500).tiyn)
        assert desk.advance(2.999) == []
        (news,) = desk.advance(2.001)
        assert said(news) == ["bank.paid"]
        assert (card_money(desk, card), desk.balance()) == ((9_900, 0), tenge(600).tiyn)

    def test_is_one_entry_that_is_balanced_in_both_books(self, desk: Desk, card: Card) -> None:
        """Card and bank, clearing and subscriber: the four postings written out."""
        sms(desk, "07 1234 99.50")
        (news,) = desk.advance(5)
        assert news.journal_seq is not None
        assert postings(desk, news.journal_seq) == {
            f"card:{card.id}": -9_950,
            "bank_operator:halyk": 9_950,
            "bank_clearing:halyk": -9_950,
            f"main:{ALIYA}": 9_950,
        }

    @pytest.mark.usefixtures("card")
    def test_shares_one_code_between_bank_ledger_and_sms(self, desk: Desk) -> None:
        transaction = paid(desk)
        (news,) = desk.advance(5)
        (movement, *_) = desk.store.reads.history(ALIYA)
        assert movement.source == transaction.code == news.replies[0].text.params["code"]
        assert len(transaction.code) == 12
        assert set(transaction.code) <= set(CODE_ALPHABET)

    @pytest.mark.usefixtures("card")
    def test_confirmation_tells_amount_card_new_balance_and_code(self, desk: Desk) -> None:
        transaction = paid(desk)
        ((reply,),) = [outcome.replies for outcome in desk.advance(5)]
        assert (reply.to, reply.sender, reply.by_sms) == (ALIYA, "8080", True)
        assert reply.text.params == {
            "amount": tenge(100),
            "card": "1234",
            "balance": tenge(600),
            "code": transaction.code,
        }

    @pytest.mark.parametrize(
        "number", ["77021234567", "87021234567", "+7 (702) 123-45-67", "8 702 123 45 67"]
    )
    @pytest.mark.usefixtures("card")
    def test_for_another_credits_and_tells_the_other_too(
        self,
        desk: Desk,
        number: str,
    ) -> None:
        desk.subscribe(BOLAT)
        sms(desk, f"07 1234 100 {number}")
        ((mine, theirs),) = [outcome.replies for outcome in desk.advance(5)]
        assert (mine.to, mine.text.id, mine.text.params["number"]) == (ALIYA, "bank.paid_for", BOLAT)
        assert (theirs.to, theirs.sender, theirs.text.id) == (BOLAT, "8080", "bank.received")
        assert theirs.text.params == {"amount": tenge(100), "number": ALIYA, "balance": tenge(100)}
        assert (desk.balance(), desk.balance(BOLAT)) == (tenge(500).tiyn, tenge(100).tiyn)

    @pytest.mark.usefixtures("card")
    def test_for_ones_own_number_is_like_without_a_number(self, desk: Desk) -> None:
        sms(desk, f"07 1234 100 {ALIYA}")
        assert [said(each) for each in desk.advance(5)] == [["bank.paid"]]

    @pytest.mark.parametrize(
        "text", ["07  1234   100", "０７ １２３４ １００", "07 071234 100", "07 1234 100.00"]
    )
    @pytest.mark.usefixtures("card")
    def test_is_forgiving_about_how_it_is_typed(self, desk: Desk, text: str) -> None:
        assert paid(desk, text).amount_tiyn == -tenge(100).tiyn

    @pytest.mark.parametrize("changes", [{"roaming": True}, {"status": Status.BLOCKED_OUTGOING}])
    @pytest.mark.usefixtures("card")
    def test_works_in_roaming_and_when_blocked_one_way(
        self,
        desk: Desk,
        changes: dict[str, object],
    ) -> None:
        desk.change(ALIYA, **changes)
        assert sms(desk, "07 1234 100").word == "ok"

    def test_works_for_postpaid(self, desk: Desk) -> None:
        desk.subscribe(billing=Billing.POSTPAID)
        desk.bind_card()
        sms(desk, "07 1234 100")
        assert [said(each) for each in desk.advance(5)] == [["bank.paid"]]

    @pytest.mark.parametrize(("debt_kzt", "status"), [(100, Status.ACTIVE), (101, Status.DEBT)])
    def test_ends_a_suspension_for_debt_only_when_nothing_is_owed(
        self, desk: Desk, debt_kzt: int, status: Status
    ) -> None:
        desk.subscribe(opening_kzt=-debt_kzt, status=Status.DEBT)
        desk.bind_card()
        sms(desk, "07 1234 100")
        desk.advance(5)
        assert desk.subscriber().status is status

    def test_two_payments_at_once_cannot_spend_the_same_money(self, desk: Desk) -> None:
        desk.subscribe()
        desk.bind_card(balance_kzt=150)
        assert [sms(desk, "07 1234 100").word for _ in range(2)] == ["ok", "bank.not_enough"]

    @pytest.mark.usefixtures("card")
    def test_answers_of_many_payments_share_moments(self, desk: Desk) -> None:
        """Else the writer would have a commit for each."""
        for _ in range(30):
            sms(desk, "07 1234 1")
        began_us, moments = desk.now_us, set()
        while news := desk.do(lambda uow, _: uow.jobs.due(began_us + 5_000_000, 1)):
            desk.advance((news[0].due_us - desk.now_us) / 1e6)
            moments.add(desk.now_us - began_us)
        assert len(moments) <= 20
        assert all(3_000_000 <= each <= 5_000_000 for each in moments)


class TestAnswers:
    def test_an_error_moves_nothing_and_says_so(self, desk: Desk, card: Card) -> None:
        behave(desk, Manner.ERROR)
        transaction = paid(desk)
        (news,) = desk.advance(120)
        assert (said(news), state(desk, transaction)) == (["bank.failed"], TransactionState.VOIDED)
        assert (card_money(desk, card), desk.balance()) == ((10_000, 0), tenge(500).tiyn)

    def test_no_answer_leaves_the_money_held_for_ever(self, desk: Desk, card: Card) -> None:
        """Unknown is not failed: a refund on a guess could pay twice."""
        behave(desk, Manner.NEVER)
        transaction = paid(desk)
        (news,) = desk.advance(86_400 * 90)
        assert (said(news), state(desk, transaction)) == (["bank.not_answered"], TransactionState.UNKNOWN)
        assert (card_money(desk, card), desk.balance()) == ((10_000, 100), tenge(500).tiyn)

    def test_a_late_answer_still_concludes(self, desk: Desk, card: Card) -> None:
        behave(desk, Manner.LATE, 600)
        transaction = paid(desk)
        assert [said(each) for each in desk.advance(60)] == [["bank.not_answered"]]
        assert [said(each) for each in desk.advance(540)] == [["bank.paid"]]
        assert (card_money(desk, card), desk.balance()) == ((9_900, 0), tenge(600).tiyn)
        assert state(desk, transaction) is TransactionState.POSTED

    def test_a_second_answer_books_and_tells_nothing(self, desk: Desk, card: Card) -> None:
        behave(desk, Manner.TWICE)
        paid(desk)
        assert [said(each) for each in desk.advance(3600)] == [["bank.paid"], []]
        assert (card_money(desk, card), desk.balance()) == ((9_900, 0), tenge(600).tiyn)

    def test_a_card_disabled_meanwhile_is_not_debited(self, desk: Desk, card: Card) -> None:
        sms(desk, "07 1234 100")
        sms(desk, "09 1234")
        assert [said(each) for each in desk.advance(60)] == [["bank.stopped"]]
        assert (card_money(desk, card), desk.balance()) == ((10_000, 0), tenge(500).tiyn)

    @pytest.mark.usefixtures("card")
    def test_a_changed_behaviour_is_for_later_orders(self, desk: Desk) -> None:
        sms(desk, "07 1234 100")
        behave(desk, Manner.NEVER)
        assert [said(each) for each in desk.advance(60)] == [["bank.paid"]]


class TestCard:
    @pytest.mark.usefixtures("card")
    def test_balance_tells_what_can_be_spent_and_what_is_held(self, desk: Desk) -> None:
        assert sms(desk, "01 1234").replies[0].text.params == {"card": "1234", "balance": tenge(10_000)}
        sms(desk, "07 1234 100")
        (reply,) = sms(desk, "01 1234").replies
        assert reply.text.params == {"card": "1234", "balance": tenge(9_900), "amount": tenge(100)}

    @pytest.mark.usefixtures("card")
    def test_history_has_the_last_ten_newest_first(self, desk: Desk) -> None:
        for amount in range(1, 13):
            sms(desk, f"07 1234 {amount}")
            desk.advance(5)
        (reply,) = sms(desk, "02 1234").replies
        lines = reply.text.params["lines"]
        assert isinstance(lines, tuple)
        assert [line.params["amount"] for line in lines] == [Money(-100 * n) for n in range(12, 2, -1)]

    @pytest.mark.usefixtures("card")
    def test_history_names_what_is_held_or_cancelled_and_who_was_paid_for(
        self,
        desk: Desk,
    ) -> None:
        desk.subscribe(BOLAT)
        behave(desk, Manner.ERROR)
        sms(desk, "07 1234 1")
        desk.advance(5)
        sms(desk, f"07 1234 2 {BOLAT}")
        (reply,) = sms(desk, "02 1234").replies
        lines = reply.text.params["lines"]
        assert isinstance(lines, tuple)
        assert [(line.id, line.params["venue"]) for line in lines] == [
            ("bank.line_held", BOLAT),
            ("bank.line_void", "8080"),
        ]

    @pytest.mark.usefixtures("card")
    def test_history_of_a_new_card_is_said_to_be_empty(self, desk: Desk) -> None:
        assert said(sms(desk, "02 1234")) == ["bank.no_history"]

    @pytest.mark.parametrize("text", ["07 1234 100", "01 1234", "02 1234", "09 1234"])
    def test_disabling_is_at_once_and_until_the_bank_enables_it(
        self, desk: Desk, card: Card, text: str
    ) -> None:
        assert said(sms(desk, "09 1234")) == ["bank.now_disabled"]
        desk.advance(86_400 * 365)
        assert sms(desk, text).word == "bank.disabled"
        set_state(desk, card, CardState.ACTIVE)
        assert sms(desk, text).word == "ok"

    @pytest.mark.parametrize("language", Language)
    @pytest.mark.usefixtures("card")
    def test_nothing_secret_is_said(self, desk: Desk, language: Language) -> None:
        desk.change(language=language)
        outcomes = [sms(desk, "07 1234 100"), *desk.advance(5), sms(desk, "01 1234"), sms(desk, "02 1234")]
        texts = [CATALOG.render(reply.text, language) for each in outcomes for reply in each.replies]
        assert len(texts) == 4
        assert not any(PAN in text or PAN[:12] in text or PAN[-6:] in text for text in texts)


def postings(desk: Desk, seq: int) -> dict[str, int]:
    """Account to amount of one entry."""
    with desk.store.reads.transaction() as connection:
        rows = connection.exec_driver_sql(
            "SELECT a.code, p.amount FROM posting p JOIN account a ON a.id = p.account_id WHERE p.seq = ?",
            (seq,),
        )
        return {code: amount for code, amount in rows}  # noqa: C416 - dict() of rows is not typed


@pytest.mark.usefixtures("card")
def test_the_clearing_account_is_what_the_bank_owes(desk: Desk) -> None:
    """It mirrors the bank's account of the operator."""
    for _ in range(3):
        sms(desk, "07 1234 100")
    desk.advance(5)
    owed = desk.account(AccountRef(AccountKind.BANK_CLEARING, "halyk"))
    assert (owed, desk.account(AccountRef(AccountKind.BANK_OPERATOR, "halyk"))) == (-30_000, 30_000)
