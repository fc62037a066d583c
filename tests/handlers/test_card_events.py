"""What happens to cards moves money its way, and the holder hears of it at once."""

from typing import TYPE_CHECKING

import pytest

from handlers.bank_desk import ChangeCard, ResolveTransaction
from handlers.base.bank import Verdict
from handlers.base.command import Channel
from handlers.base.outcome import Outcome
from handlers.card_events import CardEvent
from rating.money import tenge
from rating.msisdn import Msisdn
from storage.bank_model import Card, CardEventKind, CardState, CardTransaction, TransactionState
from storage.model import AccountKind, AccountRef

if TYPE_CHECKING:
    from tests.handlers.conftest import Desk

ALIYA = Msisdn("77011234567")
DAY_S = 86_400


def happen(
    desk: "Desk", card: Card, kind: CardEventKind, amount_kzt: int = 100, venue: str = "Magnum"
) -> Outcome:
    """Something happens to the card."""
    command = CardEvent(
        origin=desk.origin(Channel.API, ""),
        card_id=card.id,
        kind=kind,
        amount_tiyn=tenge(amount_kzt).tiyn,
        venue=venue,
    )
    return desk.run(command)


def transaction(outcome: Outcome) -> CardTransaction:
    """The transaction of an outcome."""
    assert isinstance(outcome.result, CardTransaction), outcome
    return outcome.result


def change(desk: "Desk", card_id: str, state: CardState) -> Outcome:
    """Enable or disable."""
    return desk.run(ChangeCard(origin=desk.origin(Channel.API, ""), card_id=card_id, state=state))


def resolve(desk: "Desk", code: str, verdict: Verdict) -> Outcome:
    """The bank's people decide."""
    return desk.run(ResolveTransaction(origin=desk.origin(Channel.API, ""), code=code, verdict=verdict))


def money(desk: "Desk", card: Card) -> tuple[int, int]:
    """Balance and what is held, in KZT."""
    balance = desk.do(lambda uow, _: uow.ledger.balance(card.account))
    assert balance is not None
    return balance.balance_tiyn // 100, balance.held_tiyn // 100


@pytest.fixture
def card(desk: "Desk") -> Card:
    """A card with 10,000 KZT."""
    desk.subscribe()
    return desk.bind_card()


class TestEvents:
    @pytest.mark.parametrize(
        ("kind", "left", "other", "balance"),
        [
            (CardEventKind.PURCHASE, 9_900, AccountKind.BANK_MERCHANTS, 100),
            (CardEventKind.PAYMENT, 9_900, AccountKind.BANK_MERCHANTS, 100),
            (CardEventKind.TRANSFER, 9_900, AccountKind.BANK_CASH, -9_900),
            (CardEventKind.SALARY, 10_100, AccountKind.BANK_CASH, -10_100),
            (CardEventKind.CASH, 10_100, AccountKind.BANK_CASH, -10_100),
        ],
    )
    def test_moves_money_its_way(
        self, desk: "Desk", card: Card, kind: CardEventKind, left: int, other: AccountKind, balance: int
    ) -> None:
        found = transaction(happen(desk, card, kind))
        assert found.state is TransactionState.POSTED
        assert (money(desk, card), desk.account(AccountRef(other, "halyk"))) == ((left, 0), balance * 100)

    @pytest.mark.parametrize("kind", [kind for kind in CardEventKind if kind is not CardEventKind.TOP_UP])
    def test_tells_the_holder_amount_time_venue_and_balance(
        self, desk: "Desk", card: Card, kind: CardEventKind
    ) -> None:
        (reply,) = happen(desk, card, kind, venue="  Magnum   Abay 109 ").replies
        assert (reply.to, reply.sender, reply.by_sms) == (ALIYA, "8080", True)
        params = reply.text.params
        assert (params["amount"], params["card"], params["venue"]) == (tenge(100), "1234", "Magnum Abay 109")
        assert params["at"] == desk.context().now
        came = kind in (CardEventKind.SALARY, CardEventKind.CASH)
        assert params["balance"] == tenge(10_100 if came else 9_900)

    @pytest.mark.parametrize("kind", [CardEventKind.PURCHASE, CardEventKind.SALARY])
    def test_nothing_happens_to_a_disabled_card(self, desk: "Desk", card: Card, kind: CardEventKind) -> None:
        change(desk, card.id, CardState.DISABLED)
        outcome = happen(desk, card, kind)
        assert (outcome.word, outcome.replies, money(desk, card)) == ("bank.disabled", (), (10_000, 0))

    def test_what_the_card_does_not_cover_is_refused(self, desk: "Desk", card: Card) -> None:
        happen(desk, card, CardEventKind.AUTHORISATION, 9_000)
        assert happen(desk, card, CardEventKind.PURCHASE, 1_001).word == "bank.not_enough"
        assert happen(desk, card, CardEventKind.PURCHASE, 1_000).word == "ok"

    @pytest.mark.parametrize(
        ("field", "amount_kzt", "venue", "kind"),
        [
            ("amount_tiyn", 0, "Magnum", CardEventKind.CASH),
            ("amount_tiyn", -1, "Magnum", CardEventKind.CASH),
            ("amount_tiyn", 10**16, "Magnum", CardEventKind.CASH),
            ("venue", 1, " ", CardEventKind.CASH),
            ("venue", 1, "x" * 41, CardEventKind.CASH),
            ("venue", 1, "a\x00b", CardEventKind.CASH),
            ("kind", 1, "Magnum", CardEventKind.TOP_UP),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, desk: "Desk", card: Card, field: str, amount_kzt: int, venue: str, kind: CardEventKind
    ) -> None:
        refusal = happen(desk, card, kind, amount_kzt, venue).refusal
        assert refusal is not None
        assert (refusal.id, [each.field for each in refusal.fields]) == ("bank.invalid_event", [field])

    def test_of_an_unknown_card_nothing_can_happen(self, desk: "Desk", card: Card) -> None:
        command = CardEvent(
            origin=desk.origin(Channel.API, ""),
            card_id="f" * 32,
            kind=CardEventKind.CASH,
            amount_tiyn=1,
            venue="x",
        )
        assert desk.run(command).word == "bank.unknown"
        assert money(desk, card) == (10_000, 0)


class TestAuthorisation:
    def test_holds_money_for_a_week_and_then_frees_it(self, desk: "Desk", card: Card) -> None:
        found = transaction(happen(desk, card, CardEventKind.AUTHORISATION))
        assert (found.state, money(desk, card)) == (TransactionState.AUTHORISED, (10_000, 100))
        assert desk.advance(7 * DAY_S - 1) == []
        (news,) = desk.advance(1)
        assert [reply.text.id for reply in news.replies] == ["bank.released"]
        assert (transaction(news).state, money(desk, card)) == (TransactionState.VOIDED, (10_000, 0))

    def test_can_be_taken_by_the_shop(self, desk: "Desk", card: Card) -> None:
        found = transaction(happen(desk, card, CardEventKind.AUTHORISATION))
        resolve(desk, found.code, Verdict.APPROVED)
        (taken,) = map(transaction, desk.advance(0))
        assert (taken.state, money(desk, card)) == (TransactionState.POSTED, (9_900, 0))
        assert desk.account(AccountRef(AccountKind.BANK_MERCHANTS, "halyk")) == 10_000
        assert desk.advance(30 * DAY_S) == []

    def test_can_be_given_up_by_the_shop(self, desk: "Desk", card: Card) -> None:
        found = transaction(happen(desk, card, CardEventKind.AUTHORISATION))
        resolve(desk, found.code, Verdict.ERROR)
        (news,) = desk.advance(0)
        assert [reply.text.id for reply in news.replies] == ["bank.released"]
        assert money(desk, card) == (10_000, 0)
        assert desk.advance(30 * DAY_S) == []
