"""7000: who is let in, what is paid from a card by telephone, and each refusal in its place."""

import pytest

from handlers.bank_desk import ChangeCard, SetBehaviour
from handlers.bank_phone import (
    AmountChecked,
    CheckAmount,
    PayByPhone,
    PhoneBalance,
    Refused,
)
from handlers.bank_phone_desk import PhoneRegistered, RegisterPhoneCustomer
from handlers.base.cards import Manner
from handlers.base.command import Channel, Command
from handlers.base.outcome import Outcome
from rating.money import Money, tenge
from rating.msisdn import Msisdn
from rating.subscriber import Status
from storage.bank_model import Card, CardState, CardTransaction
from storage.call_model import PhoneCustomer
from storage.model import AccountKind, AccountRef
from tests.handlers.conftest import Desk

ALIYA, BOLAT = Msisdn("77011234567"), Msisdn("77021234567")


def register(desk: Desk, card: Card) -> PhoneCustomer:
    """A customer with the initial password."""
    command = RegisterPhoneCustomer(origin=desk.origin(Channel.API, ""), msisdn=card.msisdn, card_id=card.id)
    registered = desk.run(command).result
    assert isinstance(registered, PhoneRegistered)
    return registered.customer


@pytest.fixture
def card(desk: Desk) -> Card:
    """A subscriber with 500 KZT and a card ending in 1234 with 10,000 KZT."""
    desk.subscribe(opening_kzt=500)
    return desk.bind_card()


@pytest.fixture
def customer(desk: Desk, card: Card) -> PhoneCustomer:
    """That card's holder, registered for the bank by phone."""
    return register(desk, card)


def pay(desk: Desk, customer: PhoneCustomer, amount: str = "100", msisdn: str = ALIYA) -> Outcome:
    """The confirmed payment, from the telephone ``msisdn``."""
    origin = desk.origin(Channel.VOICE, msisdn, "7000")
    return desk.run(PayByPhone(origin=origin, identifier=customer.identifier, amount=amount))


def check(desk: Desk, customer: PhoneCustomer, amount: str = "100") -> Outcome:
    """The amount, before it is confirmed."""
    origin = desk.origin(Channel.VOICE, ALIYA, "7000")
    return desk.run(CheckAmount(origin=origin, identifier=customer.identifier, amount=amount))


def said(outcome: Outcome) -> list[str]:
    """The ids of what is said or sent."""
    return [reply.text.id for reply in outcome.replies]


def money(desk: Desk, card: Card) -> tuple[int, int]:
    """Balance and what is held, in KZT."""
    balance = desk.do(lambda uow, _: uow.ledger.balance(card.account))
    assert balance is not None
    return balance.balance_tiyn // 100, balance.held_tiyn // 100


def set_state(desk: Desk, card: Card, state: CardState = CardState.DISABLED) -> None:
    """The bank disables a card."""
    desk.run(ChangeCard(origin=desk.origin(Channel.API, ""), card_id=card.id, state=state))


class TestPayment:
    def test_is_spoken_of_at_once_and_concluded_by_sms_three_to_five_seconds_later(
        self, desk: Desk, card: Card, customer: PhoneCustomer
    ) -> None:
        (spoken,) = pay(desk, customer).replies
        assert (spoken.text.id, spoken.by_sms, spoken.to) == ("phone.working", False, None)
        assert spoken.text.params == {"amount": tenge(100), "card": "1234"}
        assert (money(desk, card), desk.balance()) == ((10_000, 100), tenge(500).tiyn)
        assert desk.advance(2.999) == []
        (news,) = desk.advance(2.001)
        (letter,) = news.replies
        assert (letter.text.id, letter.to, letter.sender, letter.by_sms) == (
            "bank.paid",
            ALIYA,
            "8080",
            True,
        )
        assert (money(desk, card), desk.balance()) == ((9_900, 0), tenge(600).tiyn)

    @pytest.mark.usefixtures("card")
    def test_from_another_telephone_credits_the_registered_number_and_tells_it(
        self, desk: Desk, customer: PhoneCustomer
    ) -> None:
        """The identifier says who pays, as with a call from the fixed network."""
        desk.subscribe(BOLAT)
        pay(desk, customer, msisdn=BOLAT)
        (news,) = desk.advance(5)
        assert [(each.to, each.text.id) for each in news.replies] == [(ALIYA, "bank.paid")]
        assert (desk.balance(), desk.balance(BOLAT)) == (tenge(600).tiyn, 0)

    def test_shares_its_code_with_the_ledger(self, desk: Desk, customer: PhoneCustomer) -> None:
        ordered = pay(desk, customer).result
        assert isinstance(ordered, CardTransaction)
        desk.advance(5)
        (movement, *_) = desk.store.reads.history(ALIYA)
        assert (movement.source, ordered.venue) == (ordered.code, "7000")

    @pytest.mark.parametrize(
        ("mode", "news"), [(Manner.ERROR, ["bank.failed"]), (Manner.NEVER, ["bank.not_answered"])]
    )
    def test_that_the_bank_does_not_do_is_told_and_credits_nothing(
        self, desk: Desk, customer: PhoneCustomer, mode: Manner, news: list[str]
    ) -> None:
        desk.run(SetBehaviour(origin=desk.origin(Channel.API, ""), mode=mode))
        pay(desk, customer)
        assert [said(each) for each in desk.advance(60)] == [news]
        assert desk.balance() == tenge(500).tiyn

    def test_from_a_card_that_is_disabled_meanwhile_takes_nothing(
        self, desk: Desk, card: Card, customer: PhoneCustomer
    ) -> None:
        pay(desk, customer)
        set_state(desk, card)
        assert [said(each) for each in desk.advance(5)] == [["bank.stopped"]]
        assert money(desk, card) == (10_000, 0)

    @pytest.mark.parametrize("status", [Status.DEBT, Status.BLOCKED_OUTGOING])
    def test_is_open_to_whoever_is_in_debt_or_may_not_call(
        self, desk: Desk, customer: PhoneCustomer, status: Status
    ) -> None:
        desk.change(status=status)
        assert pay(desk, customer).word == "ok"


class TestAmount:
    @pytest.mark.parametrize(
        ("typed", "tiyn"), [("100", 10_000), ("0100", 10_000), ("250*5", 25_050), ("199*99", 19_999)]
    )
    def test_is_typed_whole_or_with_a_star_for_the_decimal_point(
        self, desk: Desk, customer: PhoneCustomer, typed: str, tiyn: int
    ) -> None:
        checked = check(desk, customer, typed).result
        assert checked == AmountChecked(amount=Money(tiyn), number=ALIYA, card="1234")
        ordered = pay(desk, customer, typed).result
        assert isinstance(ordered, CardTransaction)
        assert ordered.amount_tiyn == -tiyn

    @pytest.mark.parametrize("typed", ["", "0", "*", "*50", "100*", "1*2*3", "100*505", "٣٠٠", "1" * 32])
    def test_that_is_none_is_refused_and_nothing_is_held(
        self, desk: Desk, card: Card, customer: PhoneCustomer, typed: str
    ) -> None:
        assert check(desk, customer, typed).word == pay(desk, customer, typed).word == "phone.bad_amount"
        assert money(desk, card) == (10_000, 0)

    def test_below_a_hundred_tenge_is_not_transferred(self, desk: Desk, customer: PhoneCustomer) -> None:
        outcome = pay(desk, customer, "99*99")
        assert outcome.word == "phone.below_minimum"
        assert outcome.replies[0].text.params == {"least": tenge(100)}

    def test_checked_moves_nothing_and_says_nothing(
        self, desk: Desk, card: Card, customer: PhoneCustomer
    ) -> None:
        assert check(desk, customer).replies == ()
        assert money(desk, card) == (10_000, 0)

    def test_beyond_what_is_on_the_card_is_refused_before_it_is_confirmed(
        self, desk: Desk, customer: PhoneCustomer
    ) -> None:
        assert check(desk, customer, "10000*01").word == "phone.not_enough"
        assert check(desk, customer, "10000").word == "ok"

    def test_counts_on_the_daily_limit_together_with_payments_by_sms(self, desk: Desk) -> None:
        desk.subscribe()
        rich = register(desk, desk.bind_card(balance_kzt=300_000))
        desk.sms("8080", "07 1234 199900")
        assert pay(desk, rich, "100*01").word == "phone.above_limit"
        assert pay(desk, rich, "100").word == "ok"
        desk.advance(86_400)
        assert pay(desk, rich, "100*01").word == "ok"


def test_balance_is_told_with_what_is_held(desk: Desk, customer: PhoneCustomer) -> None:
    command = PhoneBalance(origin=desk.origin(Channel.VOICE, ALIYA, "7000"), identifier=customer.identifier)
    (free,) = desk.run(command).replies
    pay(desk, customer)
    (held,) = desk.run(command).replies
    assert (free.text.id, free.text.params) == ("phone.balance", {"card": "1234", "balance": tenge(10_000)})
    assert (held.text.id, held.text.params["balance"], held.text.params["amount"]) == (
        "phone.balance_held",
        tenge(9_900),
        tenge(100),
    )


class TestRefusals:
    """Each set up so that all later ones would apply too: the order of the members is the precedence."""

    @pytest.mark.parametrize(
        "refused",
        [
            Refused.DISABLED,
            Refused.BAD_AMOUNT,
            Refused.BELOW_MINIMUM,
            Refused.TARGET_BLOCKED,
            Refused.ABOVE_LIMIT,
            Refused.NOT_ENOUGH,
        ],
    )
    def test_come_in_their_order(self, desk: Desk, refused: Refused) -> None:
        order = list(Refused)
        desk.subscribe(BOLAT)
        desk.subscribe()
        card = desk.bind_card(balance_kzt=0)
        customer = register(desk, card)
        later = order[order.index(refused) :]
        if Refused.DISABLED in later:
            set_state(desk, card)
        if Refused.TARGET_BLOCKED in later:
            desk.change(status=Status.BLOCKED)
        amount = "300000" if Refused.ABOVE_LIMIT in later else "200000"
        if Refused.BELOW_MINIMUM in later:
            amount = "1"
        if Refused.BAD_AMOUNT in later:
            amount = "0"
        assert pay(desk, customer, amount, BOLAT).word == refused.value

    def test_of_access_come_before_them(self, desk: Desk, customer: PhoneCustomer) -> None:
        """A telephone that is blocked two-way, or is nobody's, does nothing here."""
        desk.change(status=Status.BLOCKED)
        assert pay(desk, customer, "0").word == "access.blocked"
        assert pay(desk, customer, "0", BOLAT).word == "access.unknown"

    @pytest.mark.parametrize("kind", [CheckAmount, PayByPhone])
    def test_a_customer_who_is_gone_during_the_call_is_told_so(
        self, desk: Desk, kind: type[CheckAmount | PayByPhone]
    ) -> None:
        desk.subscribe()
        command: Command = kind(
            origin=desk.origin(Channel.VOICE, ALIYA, "7000"), identifier="12345678", amount="100"
        )
        assert desk.run(command).word == "phone.unknown"


def test_a_payment_moves_money_in_both_books(desk: Desk, card: Card, customer: PhoneCustomer) -> None:
    pay(desk, customer, "150*50")
    desk.advance(5)
    operator, clearing = (
        AccountRef(AccountKind.BANK_OPERATOR, "halyk"),
        AccountRef(AccountKind.BANK_CLEARING, "halyk"),
    )
    assert (desk.account(card.account), desk.balance()) == (984_950, 65_050)
    assert (desk.account(operator), desk.account(clearing)) == (15_050, -15_050)
