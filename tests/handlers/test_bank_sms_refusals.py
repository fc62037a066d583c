"""8080 refuses: each refusal in its place, whatever else is wrong too, and the limit of a day."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from handlers.bank_desk import ChangeCard, SetBehaviour
from handlers.bank_sms import Refused
from handlers.base.cards import Manner
from handlers.base.command import Channel
from handlers.base.grammar import Usage
from handlers.base.outcome import Outcome
from rating.money import tenge
from rating.msisdn import Msisdn
from rating.subscriber import Status
from storage.bank_model import Card, CardState, CardTransaction, TransactionState
from tests.handlers.conftest import Desk

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


@dataclass(slots=True)
class Try:
    """What will be sent; hindrances change it."""

    digits: str = "1234"
    amount: str = "100"
    number: str = BOLAT

    @property
    def text(self) -> str:
        return f"07 {self.digits} {self.amount} {self.number}".rstrip()


Hinder = Callable[[Desk, Try], None]


def _unconnected(_: Desk, attempt: Try) -> None:
    attempt.digits = "9999" if len(attempt.digits) == 4 else "999999"


def _twin(desk: Desk, _: Try) -> None:
    desk.bind_card(pan=TWIN)


def _disabled(desk: Desk, _: Try) -> None:
    for card in desk.do(lambda uow, _: uow.cards.of(ALIYA)):
        set_state(desk, card, CardState.DISABLED)


def _bad_amount(_: Desk, attempt: Try) -> None:
    attempt.amount = "1e3"


def _bad_number(_: Desk, attempt: Try) -> None:
    attempt.number = "770112345678"


def _off_net(_: Desk, attempt: Try) -> None:
    if attempt.number == BOLAT:
        attempt.number = "77051234567"


def _no_subscriber(_: Desk, attempt: Try) -> None:
    if attempt.number == BOLAT:
        attempt.number = NOBODY


def _target_blocked(desk: Desk, _: Try) -> None:
    desk.change(BOLAT, status=Status.BLOCKED)


def _above_limit(_: Desk, attempt: Try) -> None:
    if attempt.amount == "100":
        attempt.amount = "200000.01"


def _not_enough(_: Desk, attempt: Try) -> None:
    if attempt.amount == "100":
        attempt.amount = "10000.01"


HINDRANCES: dict[Refused, Hinder] = {
    Refused.NOT_CONNECTED: _unconnected,
    Refused.AMBIGUOUS: _twin,
    Refused.DISABLED: _disabled,
    Refused.BAD_AMOUNT: _bad_amount,
    Refused.BAD_NUMBER: _bad_number,
    Refused.OFF_NET: _off_net,
    Refused.NO_SUBSCRIBER: _no_subscriber,
    Refused.TARGET_BLOCKED: _target_blocked,
    Refused.ABOVE_LIMIT: _above_limit,
    Refused.NOT_ENOUGH: _not_enough,
}
ORDER = list(Refused)


class TestRefusals:
    def test_each_has_its_hindrance(self) -> None:
        assert list(HINDRANCES) == ORDER

    @pytest.mark.parametrize("first", ORDER)
    def test_the_first_of_all_that_hinder_is_told(self, desk: Desk, card: Card, first: Refused) -> None:
        """With this hindrance and every later one together; no money moves, and none is held."""
        desk.subscribe(BOLAT)
        attempt = Try()
        for refused in ORDER[ORDER.index(first) :]:
            HINDRANCES[refused](desk, attempt)
        outcome = sms(desk, attempt.text)
        assert (outcome.word, said(outcome)) == (first.value, [first.value])
        assert desk.advance(60) == []
        assert (card_money(desk, card), desk.balance()) == ((10_000, 0), tenge(500).tiyn)

    @pytest.mark.parametrize("digits", ["1234", "9999"])
    @pytest.mark.usefixtures("card")
    def test_access_comes_before_all_of_them(self, desk: Desk, digits: str) -> None:
        desk.change(status=Status.BLOCKED)
        assert sms(desk, f"07 {digits} 0").word == "access.blocked"

    def test_a_number_without_a_record_is_refused_by_access(self, desk: Desk) -> None:
        assert sms(desk, "01 1234", NOBODY).word == "access.unknown"

    @pytest.mark.parametrize(
        "amount",
        ["0", "0.00", "-1", "-0.01", "1e3", "5000,50", "99,5", "1.234", "abc", "١٠٠", "५००", "9" * 30, "1/2",
         "NaN", "inf", "0x10", "+5", "5_000", "100."],
    )  # fmt: skip
    def test_an_amount_that_is_none_is_refused(self, desk: Desk, card: Card, amount: str) -> None:
        outcome = sms(desk, f"07 1234 {amount}")
        assert outcome.word == "bank.bad_amount"
        assert card_money(desk, card) == (10_000, 0)

    @pytest.mark.parametrize("amount", ["5 000,50", "5 000", "1 000 000", "100 KZT", "100 тг", "1 e3", "- 5"])
    def test_an_amount_written_apart_never_pays_its_beginning(
        self, desk: Desk, card: Card, amount: str
    ) -> None:
        assert sms(desk, f"07 1234 {amount}").word == "bank.bad_amount"
        assert card_money(desk, card) == (10_000, 0)

    @pytest.mark.parametrize("number", ["7702123456", "770212345678", "97021234567", "000 77021234567"])
    @pytest.mark.usefixtures("card")
    def test_a_target_that_is_no_mobile_number_is_refused(self, desk: Desk, number: str) -> None:
        assert sms(desk, f"07 1234 100 {number}").word == "bank.bad_number"

    @pytest.mark.usefixtures("card")
    def test_a_record_stands_above_the_prefix(self, desk: Desk) -> None:
        """A number of another operator that was ported in."""
        desk.subscribe("77051234567")
        assert sms(desk, "07 1234 100 77051234567").word == "ok"

    def test_six_digits_tell_twins_apart(self, desk: Desk, card: Card) -> None:
        desk.bind_card(pan=TWIN)
        assert sms(desk, "01 1234").word == "bank.ambiguous"
        assert paid(desk, "07 071234 100").card_id == card.id

    @pytest.mark.usefixtures("card")
    def test_anothers_card_is_like_none(self, desk: Desk) -> None:
        desk.subscribe(BOLAT)
        assert sms(desk, "07 1234 100", BOLAT).word == "bank.not_connected"

    @pytest.mark.parametrize(
        ("text", "answer"),
        [
            ("", "bank.usage"),
            ("07", "bank.usage"),
            ("07 1234", "bank.usage"),
            ("1234 100", "bank.usage"),
            ("01 1234 5", "bank.usage"),
            ("03 1234", "bank.usage"),
            ("07 123 100", "system.bad_card_digits"),
            ("07 12345 100", "system.bad_card_digits"),
            ("01 ABCD", "system.bad_card_digits"),
            ("01 ١٢٣٤", "system.bad_card_digits"),
            (f"01 {PAN}", "system.bad_card_digits"),
        ],
    )
    def test_what_is_no_command_gets_the_usage(self, desk: Desk, text: str, answer: str) -> None:
        assert usage(desk, text) == answer


class TestDailyLimit:
    def test_counts_what_is_paid_and_what_is_under_way(self, desk: Desk) -> None:
        desk.subscribe()
        desk.bind_card(balance_kzt=500_000)
        sms(desk, "07 1234 150000")
        desk.advance(5)
        sms(desk, "07 1234 49999")
        assert sms(desk, "07 1234 1.01").word == "bank.above_limit"
        assert sms(desk, "07 1234 1").word == "ok"

    def test_is_for_all_cards_of_a_subscriber_together(self, desk: Desk) -> None:
        desk.subscribe()
        desk.bind_card(balance_kzt=500_000)
        desk.bind_card(balance_kzt=500_000, pan=TWIN)
        sms(desk, "07 071234 200000")
        outcome = sms(desk, "07 151234 1")
        assert (outcome.word, outcome.replies[0].text.params) == (
            "bank.above_limit",
            {"most": tenge(200_000)},
        )

    def test_ends_at_midnight_of_the_operator(self, desk: Desk) -> None:
        desk.subscribe()
        desk.bind_card(balance_kzt=500_000)
        sms(desk, "07 1234 200000")
        desk.advance(12 * 3600 - 1)
        assert sms(desk, "07 1234 1").word == "bank.above_limit"
        desk.advance(1)
        assert sms(desk, "07 1234 1").word == "ok"

    def test_forgets_what_was_voided(self, desk: Desk) -> None:
        desk.subscribe()
        desk.bind_card(balance_kzt=500_000)
        behave(desk, Manner.ERROR)
        sms(desk, "07 1234 200000")
        desk.advance(5)
        assert sms(desk, "07 1234 200000").word == "ok"
