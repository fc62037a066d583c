"""``/cards`` and ``/bank``: what the API makes of them, and that no card's number is ever shown."""

from typing import Any, TypeAlias

import pytest

from gateway.http.facade import Submitted
from handlers.bank_desk import (
    ChangeCard,
    RegisterCard,
    Registered,
    ResolveTransaction,
    SetBehaviour,
)
from handlers.base.bank import Verdict
from handlers.base.cards import Behaviour, Manner
from handlers.base.outcome import FieldError, Outcome, Text, decline, refuse_fields
from handlers.card_events import CardEvent
from rating.msisdn import Msisdn
from storage.bank_model import Card, CardEventKind, CardState, CardTransaction, TransactionState
from storage.model import Balance
from storage.views import CardFilter, CardView

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
MSISDN = Msisdn("77011234567")
NOW_US = 1_772_337_600_000_000
PAN = "9398000000071234"
CARD = Card(id="c" * 32, bank="halyk", pan_digest=b"digest", last6="071234", msisdn=MSISDN, created_us=NOW_US)
PURCHASE = CardTransaction(
    code="ABCDEFGH2345",
    card_id=CARD.id,
    msisdn=MSISDN,
    kind=CardEventKind.PURCHASE,
    amount_tiyn=-9_950,
    venue="Magnum",
    at_us=NOW_US,
    state=TransactionState.POSTED,
    settled_us=NOW_US,
)
TOP_UP = CardTransaction(
    code="BCDEFGH23456",
    card_id=CARD.id,
    msisdn=MSISDN,
    kind=CardEventKind.TOP_UP,
    amount_tiyn=-10_000,
    venue="8080",
    at_us=NOW_US,
    state=TransactionState.UNKNOWN,
    target=MSISDN,
    hold_id="h",
    answer_job="bank_sms.answer",
)
SHOWN = {
    "id": CARD.id,
    "msisdn": MSISDN,
    "bank": "halyk",
    "last4": "1234",
    "last6": "071234",
    "state": "active",
    "balance": "1000.00",
    "held": "100.00",
    "available": "900.00",
    "created": "2026-03-01T09:00:00+05:00",
}
SHOWN_PURCHASE = {
    "code": "ABCDEFGH2345",
    "card": CARD.id,
    "msisdn": MSISDN,
    "kind": "purchase",
    "amount": "-99.50",
    "venue": "Magnum",
    "at": "2026-03-01T09:00:00+05:00",
    "state": "posted",
    "target": "",
    "settled": "2026-03-01T09:00:00+05:00",
}
NEW = {"msisdn": "87011234567", "bank": "Halyk", "pan": PAN, "balance": "1000.00"}
EVENT = {"kind": "purchase", "amount": "99.50", "venue": "Magnum"}


class BankReads:
    """What the database would say of the bank."""

    def __init__(self) -> None:
        self.asked: list[CardFilter] = []
        self.stored: str | None = None

    def cards(self, wanted: CardFilter) -> list[CardView]:
        self.asked.append(wanted)
        return [CardView(CARD, Balance(100_000, 10_000))]

    def card(self, card_id: str) -> CardView | None:
        return CardView(CARD, Balance(100_000, 10_000)) if card_id == CARD.id else None

    def card_transaction(self, code: str) -> CardTransaction | None:
        return {each.code: each for each in (PURCHASE, TOP_UP)}.get(code)

    def card_transactions(self, *, card_id: str, limit: int) -> list[CardTransaction]:
        return [PURCHASE, TOP_UP][:limit] if card_id == CARD.id else []

    def setting(self, name: str) -> str | None:
        assert name == "bank_behaviour"
        return self.stored


@pytest.fixture(autouse=True)
def reads(operator: Operator) -> BankReads:
    """The operator's reads are these."""
    operator.reads = BankReads()
    found: BankReads = operator.reads
    return found


class TestCards:
    @pytest.mark.parametrize(("is_new", "status"), [(True, 201), (False, 200)])
    def test_registering_shows_the_card_without_its_number(
        self, client: Client, operator: Operator, is_new: bool, status: int
    ) -> None:
        operator.answer = Submitted(Outcome(result=Registered(CARD, is_new=is_new)))
        answer = client.post("/api/v1/cards", json=NEW)
        assert (answer.status_code, answer.json()) == (status, SHOWN)
        assert answer.headers["location"] == f"/api/v1/cards/{CARD.id}"
        assert PAN not in answer.text
        (command,) = operator.commands
        assert isinstance(command, RegisterCard)
        assert (command.msisdn, command.bank, command.balance_tiyn) == (MSISDN, "Halyk", 100_000)
        assert (command.pan.reveal(), command.tell) == (PAN, True)

    @pytest.mark.parametrize(
        ("refusal", "status"),
        [("bank.card_taken", 409), ("bank.same_digits", 409), ("subscriber.unknown", 404)],
    )
    def test_each_refusal_has_its_status(
        self, client: Client, operator: Operator, refusal: str, status: int
    ) -> None:
        operator.answer = Submitted(decline(refusal))
        answer = client.post("/api/v1/cards", json=NEW)
        assert (answer.status_code, answer.json()["code"]) == (status, refusal)
        assert PAN not in answer.text

    def test_wrong_fields_are_named_as_the_api_names_them(self, client: Client, operator: Operator) -> None:
        wrong = tuple(FieldError(name, Text("bank.bad_pan")) for name in ("pan", "bank", "balance_tiyn"))
        operator.answer = Submitted(refuse_fields("bank.invalid_card", wrong))
        answer = client.post("/api/v1/cards", json=NEW)
        assert answer.status_code == 422
        assert [each["field"] for each in answer.json()["errors"]] == ["pan", "bank", "balance"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"pan": PAN * 3},
            {"pan": int(PAN)},
            {"balance": "1e3"},
            {"msisdn": "x"},
            {"pin": "1"},
            {"bank": None},
        ],
    )
    def test_what_is_malformed_reaches_no_handler_and_is_not_repeated(
        self, client: Client, operator: Operator, wrong: dict[str, object]
    ) -> None:
        answer = client.post("/api/v1/cards", json=NEW | wrong)
        assert (answer.status_code, operator.commands) == (422, [])
        assert PAN not in answer.text

    def test_lists_the_cards_of_a_number(self, client: Client, reads: BankReads) -> None:
        answer = client.get("/api/v1/cards?msisdn=%2B7 701 123 45 67&bank=Halyk Bank&state=active&limit=5")
        assert answer.json() == [SHOWN]
        assert reads.asked == [CardFilter(msisdn=MSISDN, bank="halyk_bank", state=CardState.ACTIVE, limit=5)]

    @pytest.mark.parametrize("query", ["msisdn=1", "limit=0", "limit=1001", "state=gone", "pan=1"])
    def test_a_wrong_filter_is_refused(self, client: Client, query: str) -> None:
        assert client.get(f"/api/v1/cards?{query}").status_code == 422

    def test_shows_one(self, client: Client) -> None:
        assert client.get(f"/api/v1/cards/{CARD.id}").json() == SHOWN
        assert client.get("/api/v1/cards/none").status_code == 404

    def test_the_bank_disables_and_enables(self, client: Client, operator: Operator) -> None:
        answer = client.request("PATCH", f"/api/v1/cards/{CARD.id}", json={"state": "disabled"})
        assert (answer.status_code, answer.json()) == (200, SHOWN)
        (command,) = operator.commands
        assert command == ChangeCard(origin=command.origin, card_id=CARD.id, state=CardState.DISABLED)

    def test_there_is_no_third_state(self, client: Client) -> None:
        answer = client.request("PATCH", f"/api/v1/cards/{CARD.id}", json={"state": "blocked"})
        assert answer.status_code == 422


class TestEvents:
    def test_an_event_is_answered_with_the_banks_record(self, client: Client, operator: Operator) -> None:
        operator.answer = Submitted(Outcome(result=PURCHASE))
        answer = client.post(f"/api/v1/cards/{CARD.id}/transactions", json=EVENT)
        assert (answer.status_code, answer.json()) == (201, SHOWN_PURCHASE)
        assert answer.headers["location"] == "/api/v1/bank/transactions/ABCDEFGH2345"
        (command,) = operator.commands
        assert command == CardEvent(
            origin=command.origin,
            card_id=CARD.id,
            kind=CardEventKind.PURCHASE,
            amount_tiyn=9_950,
            venue="Magnum",
        )

    @pytest.mark.parametrize("wrong", [{"kind": "top_up"}, {"amount": "x"}, {"venue": 1}, {"code": "A"}])
    def test_what_is_malformed_reaches_no_handler(
        self, client: Client, operator: Operator, wrong: dict[str, object]
    ) -> None:
        answer = client.post(f"/api/v1/cards/{CARD.id}/transactions", json=EVENT | wrong)
        assert (answer.status_code, operator.commands) == (422, [])

    @pytest.mark.parametrize(
        ("refusal", "status"), [("bank.unknown", 404), ("bank.disabled", 409), ("bank.not_enough", 409)]
    )
    def test_each_refusal_has_its_status(
        self, client: Client, operator: Operator, refusal: str, status: int
    ) -> None:
        operator.answer = Submitted(decline(refusal))
        answer = client.post(f"/api/v1/cards/{CARD.id}/transactions", json=EVENT)
        assert (answer.status_code, answer.json()["code"]) == (status, refusal)

    def test_lists_them_newest_first(self, client: Client) -> None:
        answer = client.get(f"/api/v1/cards/{CARD.id}/transactions?limit=1")
        assert answer.json() == [SHOWN_PURCHASE]
        assert client.get("/api/v1/cards/none/transactions").status_code == 404

    def test_shows_one_by_its_code_in_any_case(self, client: Client) -> None:
        assert client.get("/api/v1/bank/transactions/abcdefgh2345").json() == SHOWN_PURCHASE
        assert client.get("/api/v1/bank/transactions/NONE").status_code == 404


class TestAnswers:
    def test_a_resolution_is_accepted_and_follows(self, client: Client, operator: Operator) -> None:
        operator.answer = Submitted(Outcome(result=TOP_UP))
        path = f"/api/v1/bank/transactions/{TOP_UP.code.lower()}/resolve"
        answer = client.post(path, json={"verdict": "approved"})
        assert (answer.status_code, answer.json()["state"]) == (202, "unknown")
        (command,) = operator.commands
        assert command == ResolveTransaction(
            origin=command.origin, code=TOP_UP.code, verdict=Verdict.APPROVED
        )

    def test_overdue_is_nothing_that_a_bank_says(self, client: Client, operator: Operator) -> None:
        path = f"/api/v1/bank/transactions/{TOP_UP.code}/resolve"
        assert client.post(path, json={"verdict": "overdue"}).status_code == 422
        assert operator.commands == []

    def test_what_is_settled_is_a_conflict(self, client: Client, operator: Operator) -> None:
        operator.answer = Submitted(decline("bank.settled", state="posted"))
        answer = client.post("/api/v1/bank/transactions/ABCDEFGH2345/resolve", json={"verdict": "error"})
        assert (answer.status_code, answer.json()["code"]) == (409, "bank.settled")

    @pytest.mark.parametrize(
        ("stored", "shown"),
        [
            (None, {"mode": "usual", "delay_s": 0}),
            ('{"delay_s": 90, "mode": "late"}', {"mode": "late", "delay_s": 90}),
        ],
    )
    def test_shows_how_the_bank_behaves(
        self, client: Client, reads: BankReads, stored: str | None, shown: dict[str, object]
    ) -> None:
        reads.stored = stored
        assert client.get("/api/v1/bank/behaviour").json() == shown

    def test_sets_how_the_bank_behaves(self, client: Client, operator: Operator) -> None:
        operator.answer = Submitted(Outcome(result=Behaviour(Manner.LATE, 120)))
        answer = client.request("PUT", "/api/v1/bank/behaviour", json={"mode": "late"})
        assert answer.json() == {"mode": "late", "delay_s": 120}
        (command,) = operator.commands
        assert command == SetBehaviour(origin=command.origin, mode=Manner.LATE)

    @pytest.mark.parametrize("wrong", [{"mode": "x"}, {"delay_s": -1}, {"delay_s": 1.5}, {"delay_s": 10**9}])
    def test_a_wrong_behaviour_is_refused(
        self, client: Client, operator: Operator, wrong: dict[str, object]
    ) -> None:
        answer = client.request("PUT", "/api/v1/bank/behaviour", json={"mode": "late"} | wrong)
        assert (answer.status_code, operator.commands) == (422, [])
