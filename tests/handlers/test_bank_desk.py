"""The bank's own side: cards are registered, things happen to them, and their holders hear of it at once."""

from typing import TYPE_CHECKING

import pytest

from handlers.bank_desk import (
    ChangeCard,
    RegisterCard,
    Registered,
    ResolveTransaction,
    SetBehaviour,
)
from handlers.base.bank import Verdict
from handlers.base.cards import Behaviour, Manner, behaviour, luhn_digit
from handlers.base.command import Channel, Secret
from handlers.base.outcome import Outcome
from handlers.card_events import CardEvent
from rating.money import TIYN_MAX, tenge
from rating.msisdn import Msisdn
from storage.bank_model import Card, CardEventKind, CardState, CardTransaction, TransactionState
from storage.model import AccountKind, AccountRef

if TYPE_CHECKING:
    from tests.handlers.conftest import Desk

ALIYA, BOLAT = Msisdn("77011234567"), Msisdn("77021234567")
PAN = "9398000000071234"
DAY_S = 86_400


def register(
    desk: "Desk", msisdn: str = ALIYA, *, pan: str = PAN, bank: str = "Halyk", balance_tiyn: int = 0
) -> Outcome:
    """What the ATM asks for."""
    command = RegisterCard(
        origin=desk.origin(Channel.API, ""),
        msisdn=Msisdn(msisdn),
        bank=bank,
        pan=Secret(pan),
        balance_tiyn=balance_tiyn,
    )
    return desk.run(command)


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


class TestRegistering:
    def test_binds_the_card_and_puts_money_on_it(self, desk: "Desk") -> None:
        desk.subscribe()
        outcome = register(desk, balance_tiyn=100_000)
        assert isinstance(outcome.result, Registered)
        card = outcome.result.card
        assert (card.msisdn, card.bank, card.last4, card.state) == (ALIYA, "halyk", "1234", CardState.ACTIVE)
        assert money(desk, card) == (1_000, 0)
        assert desk.account(AccountRef(AccountKind.BANK_CASH, "halyk")) == -100_000

    def test_keeps_no_number_but_its_digest_and_last_six(self, desk: "Desk") -> None:
        desk.subscribe()
        outcome = register(desk)
        assert isinstance(outcome.result, Registered)
        card = outcome.result.card
        assert (card.last6, card.pan_digest) == (PAN[-6:], desk.context().digest(PAN))
        assert PAN not in repr(outcome)
        assert PAN not in repr(RegisterCard(origin=desk.origin(), msisdn=ALIYA, bank="b", pan=Secret(PAN)))

    def test_tells_the_holder_how_to_pay(self, desk: "Desk") -> None:
        desk.subscribe()
        (reply,) = register(desk).replies
        assert (reply.to, reply.sender, reply.by_sms) == (ALIYA, "8080", True)
        assert (reply.text.id, reply.text.params) == ("bank.connected", {"card": "1234", "to": "8080"})

    @pytest.mark.parametrize("pan", [PAN, "9398 0000 0007 1234", "9398-0000-0007-1234"])
    def test_the_same_card_again_changes_nothing(self, desk: "Desk", card: Card, pan: str) -> None:
        outcome = register(desk, pan=pan, balance_tiyn=77_700)
        assert outcome.result == Registered(card, is_new=False)
        assert (outcome.replies, money(desk, card)) == ((), (10_000, 0))

    def test_a_card_of_another_number_is_refused(self, desk: "Desk", card: Card) -> None:
        desk.subscribe(BOLAT)
        outcome = register(desk, BOLAT)
        assert outcome.word == "bank.card_taken"
        assert card.msisdn not in repr(outcome)

    @pytest.mark.usefixtures("card")
    def test_two_cards_of_one_holder_cannot_share_six_digits(self, desk: "Desk") -> None:
        twin = next(pan for n in range(1, 100) if luhn_digit((pan := f"9398{n:06d}071234")[:-1]) == pan[-1])
        assert register(desk, pan=twin).word == "bank.same_digits"

    def test_needs_a_subscriber(self, desk: "Desk") -> None:
        assert register(desk).word == "subscriber.unknown"

    @pytest.mark.parametrize(
        ("field", "wrong"),
        [
            ("pan", {"pan": "9398000000071235"}),
            ("pan", {"pan": "939800000007123"}),
            ("pan", {"pan": "93980000000712345"}),
            ("pan", {"pan": "٩٣٩٨٠٠٠٠٠٠٠٧١٢٣٤"}),
            ("pan", {"pan": ""}),
            ("bank", {"bank": " "}),
            ("bank", {"bank": "a" * 31}),
            ("bank", {"bank": "halyk:1"}),
            ("balance_tiyn", {"balance_tiyn": -1}),
            ("balance_tiyn", {"balance_tiyn": TIYN_MAX + 1}),
        ],
    )
    def test_refuses_what_is_no_card(self, desk: "Desk", field: str, wrong: dict[str, object]) -> None:
        desk.subscribe()
        refusal = register(desk, **wrong).refusal  # type: ignore[arg-type]  # as the table says
        assert refusal is not None
        assert (refusal.id, [each.field for each in refusal.fields]) == ("bank.invalid_card", [field])

    def test_tells_all_that_is_wrong_at_once(self, desk: "Desk") -> None:
        refusal = register(desk, pan="1", bank="", balance_tiyn=-1).refusal
        assert refusal is not None
        assert [each.field for each in refusal.fields] == ["pan", "bank", "balance_tiyn"]


@pytest.mark.parametrize("pan", ["4111111111111111", "5500005555555559", "9398000000071234"])
def test_the_check_digit_is_luhns(pan: str) -> None:
    assert luhn_digit(pan[:-1]) == pan[-1]


class TestResolving:
    @pytest.mark.parametrize(
        ("verdict", "said", "left"),
        [(Verdict.APPROVED, "bank.paid", 9_900), (Verdict.ERROR, "bank.failed", 10_000)],
    )
    def test_an_unknown_payment_is_concluded_and_told(
        self, desk: "Desk", card: Card, verdict: Verdict, said: str, left: int
    ) -> None:
        desk.run(SetBehaviour(origin=desk.origin(Channel.API, ""), mode=Manner.NEVER))
        outcome = desk.sms("8080", "07 1234 100")
        assert isinstance(outcome, Outcome)
        desk.advance(60)
        assert (
            transaction(resolve(desk, transaction(outcome).code, verdict)).state is TransactionState.UNKNOWN
        )
        (news,) = desk.advance(0)
        assert ([reply.text.id for reply in news.replies], money(desk, card)) == ([said], (left, 0))

    def test_what_is_settled_is_refused_with_what_it_is(self, desk: "Desk", card: Card) -> None:
        found = transaction(happen(desk, card, CardEventKind.PURCHASE))
        outcome = resolve(desk, found.code, Verdict.ERROR)
        assert outcome.refusal is not None
        assert (outcome.word, outcome.refusal.text.params) == ("bank.settled", {"state": "posted"})
        assert money(desk, card) == (9_900, 0)

    def test_an_unknown_code_is_refused(self, desk: "Desk") -> None:
        assert resolve(desk, "ABCDEFGH2345", Verdict.APPROVED).word == "bank.unknown"


class TestChanging:
    def test_tells_the_holder_of_each_change(self, desk: "Desk", card: Card) -> None:
        said = [
            [reply.text.id for reply in change(desk, card.id, state).replies]
            for state in (CardState.ACTIVE, CardState.DISABLED, CardState.DISABLED, CardState.ACTIVE)
        ]
        assert said == [[], ["bank.now_disabled"], [], ["bank.enabled"]]

    def test_an_unknown_card_is_refused(self, desk: "Desk") -> None:
        assert change(desk, "f" * 32, CardState.ACTIVE).word == "bank.unknown"


class TestBehaviour:
    @pytest.mark.parametrize(
        ("mode", "delay_s", "kept"),
        [
            (Manner.USUAL, None, 0),
            (Manner.LATE, None, 120),
            (Manner.TWICE, None, 1),
            (Manner.LATE, 7, 7),
            (Manner.TWICE, 0, 0),
        ],
    )
    def test_is_kept(self, desk: "Desk", mode: Manner, delay_s: int | None, kept: int) -> None:
        outcome = desk.run(SetBehaviour(origin=desk.origin(Channel.API, ""), mode=mode, delay_s=delay_s))
        assert outcome.result == Behaviour(mode, kept) == desk.do(lambda uow, _: behaviour(uow))

    def test_is_the_usual_one_at_first(self, desk: "Desk") -> None:
        assert desk.do(lambda uow, _: behaviour(uow)) == Behaviour(Manner.USUAL, 0)

    @pytest.mark.parametrize("delay_s", [-1, 30 * DAY_S + 1])
    def test_an_impossible_delay_is_refused(self, desk: "Desk", delay_s: int) -> None:
        command = SetBehaviour(origin=desk.origin(Channel.API, ""), mode=Manner.LATE, delay_s=delay_s)
        assert desk.run(command).word == "bank.invalid_behaviour"
