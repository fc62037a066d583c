"""``/payments``: bodies, statuses, receipts; what the handlers do is tested with them."""

from dataclasses import replace
from io import BytesIO
from typing import Any, TypeAlias

import pytest
from pypdf import PdfReader

from gateway.http.app import create_app
from gateway.http.context import ApiSettings
from gateway.http.facade import Submitted
from gateway.texts import Catalog
from handlers.base.outcome import Outcome, decline
from handlers.payment_support import BackOutPayment, MovePayment, ReversePayment
from handlers.payments import Taken, TakePayment
from rating.subscriber import Language
from storage.bank_model import Payment, PaymentState
from storage.views import PaymentFilter

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
URL = "/api/v1/payments"
NOW = "2026-03-01T09:00:00+05:00"
BODY = {
    "payment_id": "QW-1",
    "channel": "qiwi",
    "msisdn": "77011234567",
    "brand": "kcell",
    "amount": "500.00",
    "source": "cash",
}
PAYMENT = Payment(
    payment_id="QW-1",
    channel="qiwi",
    msisdn="77011234567",
    brand="kcell",
    amount_tiyn=50_000,
    source="cash",
    code="K4M7ABQX2P3D",
    state=PaymentState.CREDITED,
    at_us=1_772_337_600_000_000,
    credited="77011234567",
    updated_us=1_772_337_600_000_000,
)
SHOWN = BODY | {
    "state": "credited",
    "code": "K4M7ABQX2P3D",
    "credited": "77011234567",
    "why": "",
    "detail": "",
    "cashback": "0.00",
    "at": NOW,
    "updated": NOW,
}


@pytest.fixture
def kept(operator: Operator) -> list[Payment]:
    """What the database has; ``operator.wanted`` is what it was last asked for."""
    payments = [PAYMENT]

    def listed(wanted: PaymentFilter) -> list[Payment]:
        operator.wanted = wanted
        return payments

    operator.reads.payments = listed
    operator.reads.payment = lambda number: next((p for p in payments if p.payment_id == number), None)
    return payments


@pytest.fixture
def speaking(operator: Operator, make_client: Any) -> Client:
    """The API with the catalog."""
    catalog = Catalog.load()
    settings = ApiSettings(
        say=lambda text: catalog.render(text, Language.EN),
        speak=catalog.render,
    )
    return make_client(create_app(operator, settings))


class TestTaking:
    def test_a_payment_is_taken_and_shown(self, client: Client, operator: Operator) -> None:
        operator.answer = Submitted(Outcome(result=Taken(PAYMENT)))
        answer = client.post(URL, json=BODY)
        assert (answer.status_code, answer.json()) == (201, SHOWN)
        assert answer.headers["location"] == f"{URL}/QW-1"
        (command,) = operator.commands
        assert command == TakePayment(
            origin=command.origin,
            payment_id="QW-1",
            channel="qiwi",
            msisdn="77011234567",
            brand="kcell",
            amount_tiyn=50_000,
            source="cash",
        )

    def test_the_same_again_is_200_with_the_same_body(self, client: Client, operator: Operator) -> None:
        operator.answer = Submitted(Outcome(result=Taken(PAYMENT, repeated=True)))
        answer = client.post(URL, json=BODY)
        assert (answer.status_code, answer.json()) == (200, SHOWN)

    def test_what_a_payer_typed_wrong_is_passed_on(self, client: Client, operator: Operator) -> None:
        waiting = PAYMENT._replace(
            state=PaymentState.UNALLOCATED, credited="", why="payment.malformed_number"
        )
        operator.answer = Submitted(Outcome(result=Taken(waiting)))
        answer = client.post(URL, json=BODY | {"msisdn": " 12-45 ", "brand": "Beeline"})
        assert (answer.status_code, answer.json()["why"]) == (201, "payment.malformed_number")
        assert (operator.commands[0].msisdn, operator.commands[0].brand) == ("12-45", "Beeline")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("amount", "1e3"),
            ("amount", "5 000,50"),
            ("amount", "٥٠٠"),
            ("amount", ""),
            ("amount", 1.5),
            ("amount", True),
            ("amount", 10**30),
            ("amount", None),
            ("payment_id", ""),
            ("payment_id", "a/b"),
            ("payment_id", "=1+1"),
            ("payment_id", "x" * 65),
            ("payment_id", "1\n"),
            ("msisdn", "7" * 41),
            ("msisdn", "7701\u0000"),
            ("msisdn", 77011234567),
            ("brand", "k\ncell"),
            ("channel", "q" * 33),
            ("colour", "red"),
        ],
    )
    def test_a_body_that_cannot_be_read_is_422_and_no_payment(
        self, client: Client, operator: Operator, field: str, value: object
    ) -> None:
        answer = client.post(URL, json=BODY | {field: value})
        assert answer.status_code == 422
        assert [wrong["field"] for wrong in answer.json()["errors"]] == [field]
        assert operator.commands == []

    @pytest.mark.parametrize(
        ("refusal", "status"),
        [("payment.id_reused", 409), ("payment.bonuses_short", 409)],
    )
    def test_refusals_have_their_status(
        self, client: Client, operator: Operator, refusal: str, status: int
    ) -> None:
        operator.answer = Submitted(decline(refusal))
        answer = client.post(URL, json=BODY)
        assert (answer.status_code, answer.json()["code"]) == (status, refusal)


class TestLooking:
    def test_one_payment_and_an_unknown_one(self, client: Client, kept: list[Payment]) -> None:
        assert client.get(f"{URL}/{kept[0].payment_id}").json() == SHOWN
        assert client.get(f"{URL}/QW-2").status_code == 404

    def test_filters_reach_the_store(self, client: Client, operator: Operator, kept: list[Payment]) -> None:
        query = {
            "state": "unallocated",
            "channel": "qiwi",
            "msisdn": "8 701 123 45 67",
            "since": NOW,
            "limit": 5,
        }
        assert client.get(URL, params=query).json() == [SHOWN] * len(kept)
        assert operator.wanted == PaymentFilter(
            state=PaymentState.UNALLOCATED,
            channel="qiwi",
            msisdn="77011234567",
            since_us=PAYMENT.at_us,
            limit=5,
        )

    @pytest.mark.parametrize("query", [{"state": "lost"}, {"limit": 0}, {"limit": 1001}, {"chanel": "qiwi"}])
    def test_wrong_filters_are_422(self, client: Client, query: dict[str, object]) -> None:
        assert client.get(URL, params=query).status_code == 422

    def test_why_nobody_got_it_is_said_in_words(self, speaking: Client, kept: list[Payment]) -> None:
        kept[0] = PAYMENT._replace(state=PaymentState.UNALLOCATED, credited="", why="payment.wrong_brand")
        shown = speaking.get(f"{URL}/QW-1").json()
        assert shown["detail"] == "The brand does not match the number."


class TestSupport:
    @pytest.mark.parametrize(
        ("path", "body", "kind"),
        [
            ("reverse", None, ReversePayment),
            ("back-out", None, BackOutPayment),
            ("move", {"msisdn": "+7 702 123 45 67"}, MovePayment),
        ],
    )
    def test_each_call_is_its_command_and_shows_the_payment(
        self, client: Client, operator: Operator, path: str, body: object, kind: type
    ) -> None:
        operator.answer = Submitted(Outcome(result=PAYMENT))
        answer = client.post(f"{URL}/QW-1/{path}", json=body) if body else client.post(f"{URL}/QW-1/{path}")
        assert (answer.status_code, answer.json()) == (200, SHOWN)
        (command,) = operator.commands
        assert (type(command), command.payment_id) == (kind, "QW-1")
        assert getattr(command, "msisdn", "77021234567") == "77021234567"

    @pytest.mark.parametrize("body", [{}, {"msisdn": "123"}, {"msisdn": "77021234567", "why": "x"}])
    def test_a_move_needs_a_number(self, client: Client, operator: Operator, body: object) -> None:
        assert client.post(f"{URL}/QW-1/move", json=body).status_code == 422
        assert operator.commands == []

    @pytest.mark.parametrize(
        ("refusal", "status"),
        [
            ("payment.unknown", 404),
            ("payment.is_reversed", 409),
            ("payment.spent", 409),
            ("payment.no_subscriber", 409),
        ],
    )
    def test_refusals_have_their_status(
        self, client: Client, operator: Operator, refusal: str, status: int
    ) -> None:
        operator.answer = Submitted(decline(refusal))
        answer = client.post(f"{URL}/QW-1/reverse")
        assert (answer.status_code, answer.json()["code"]) == (status, refusal)


@pytest.mark.usefixtures("kept")
class TestReceipts:
    @pytest.mark.parametrize(
        ("language", "word"), [("en", "Pay slip"), ("ru", "Чек"), ("kk", "Төлем чегі"), (None, "Чек")]
    )
    def test_text_comes_in_the_language_that_was_asked_for_else_in_the_payers(
        self, speaking: Client, language: str | None, word: str
    ) -> None:
        answer = speaking.get(f"{URL}/QW-1/receipt.txt", params={"language": language} if language else {})
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["content-language"] == (language or "ru")
        assert answer.text.startswith(f"{word}\n")
        assert "K4M7ABQX2P3D" in answer.text

    def test_the_payers_language_is_that_of_the_record(
        self, speaking: Client, operator: Operator, subscriber_view: Any
    ) -> None:
        record = replace(subscriber_view.subscriber, language=Language.EN)
        operator.reads.subscribers[record.msisdn] = replace(subscriber_view, subscriber=record)
        assert speaking.get(f"{URL}/QW-1/receipt.txt").text.startswith("Pay slip\n")

    def test_the_pdf_has_a_name_and_can_be_read(self, speaking: Client) -> None:
        answer = speaking.get(f"{URL}/QW-1/receipt.pdf", params={"language": "kk"})
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"] == 'inline; filename="receipt-QW-1.pdf"'
        (page,) = PdfReader(BytesIO(answer.content)).pages
        assert "Күні мен уақыты: 01.03.2026 09:00:00" in page.extract_text()

    @pytest.mark.parametrize("form", ["txt", "pdf"])
    def test_an_unknown_payment_has_none(self, speaking: Client, form: str) -> None:
        assert speaking.get(f"{URL}/QW-2/receipt.{form}").status_code == 404
        assert speaking.get(f"{URL}/QW-1/receipt.{form}", params={"language": "de"}).status_code == 422
