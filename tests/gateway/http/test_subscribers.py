"""``/subscribers``: what is asked of the operator, and what is shown."""

from typing import Any, TypeAlias

import pytest

from gateway.http.facade import Submitted
from handlers.base.outcome import FieldError, Outcome, Refusal, Text, decline
from handlers.subscriber_admin import AddSubscriber, ChangeSubscriber
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Language, Status
from storage.views import Movement, SubscriberView

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
BODY = {
    "msisdn": "+7 (701) 123-45-67",
    "brand": "kcell",
    "billing": "prepaid",
    "language": "kk",
    "owner_name": "Aliya",
    "balance": "500.00",
}
PATH = "/api/v1/subscribers/77011234567"


@pytest.fixture(autouse=True)
def _known(operator: Operator, subscriber_view: SubscriberView) -> None:
    operator.reads.subscribers["77011234567"] = subscriber_view


def test_adding_submits_the_command_and_answers_201_with_the_subscriber(
    client: Client, operator: Operator
) -> None:
    answer = client.post("/api/v1/subscribers", json=BODY)
    assert answer.status_code == 201
    assert answer.headers["location"] == PATH
    (command,) = operator.commands
    assert command == AddSubscriber(
        origin=command.origin,
        msisdn=Msisdn("77011234567"),
        brand=Brand.KCELL,
        billing=Billing.PREPAID,
        language=Language.KK,
        owner_name="Aliya",
        opening_tiyn=50_000,
    )
    assert command.origin.actor == "api"
    assert answer.json() == {
        "msisdn": "77011234567",
        "brand": "kcell",
        "billing": "prepaid",
        "status": "active",
        "roaming": False,
        "language": "ru",
        "owner_name": "Aliya",
        "restrictions": {"ussd": False, "short_codes": False, "premium": False},
        "device_registered": True,
        "balances": {
            "main": "500.00",
            "parking": "0.00",
            "bonus": "0.00",
            "held": "20.00",
            "credit_limit": "0.00",
        },
        "created": "2026-03-01T09:00:00+05:00",
    }


def test_the_same_request_typed_otherwise_has_the_same_key_and_body(
    client: Client, operator: Operator
) -> None:
    client.post("/api/v1/subscribers", json=BODY)
    client.post(
        "/api/v1/subscribers",
        json=dict(reversed((BODY | {"msisdn": "87011234567", "balance": "500"}).items())),
    )
    client.post("/api/v1/subscribers", json=BODY | {"balance": "501"})
    first, again, other = operator.keys
    assert first == again
    assert first[0] == other[0] == ("api:subscribers", "77011234567")
    assert first[1] != other[1]


def test_a_repeat_answers_200(client: Client, operator: Operator) -> None:
    operator.answer = Submitted(Outcome(), repeated=True)
    assert client.post("/api/v1/subscribers", json=BODY).status_code == 200


def test_one_that_exists_is_409_with_the_refusals_id(client: Client, operator: Operator) -> None:
    operator.answer = Submitted(decline("subscriber.exists"))
    answer = client.post("/api/v1/subscribers", json=BODY)
    assert (answer.status_code, answer.json()["code"]) == (409, "subscriber.exists")


def test_field_errors_of_the_handler_are_422_under_the_apis_names(client: Client, operator: Operator) -> None:
    fields = (FieldError("opening_tiyn", Text("subscriber.opening_limit")),)
    operator.answer = Submitted(Outcome(refusal=Refusal("subscriber.invalid", Text("x"), fields)))
    answer = client.post("/api/v1/subscribers", json=BODY)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"in": "body", "field": "balance", "detail": "subscriber.opening_limit"}
    ]


def test_get_takes_the_number_as_people_type_it(client: Client) -> None:
    assert client.get("/api/v1/subscribers/87011234567").json()["msisdn"] == "77011234567"


def test_an_unknown_subscriber_is_404(client: Client) -> None:
    for path in ("/api/v1/subscribers/77019999999", "/api/v1/subscribers/77019999999/history"):
        assert client.get(path).status_code == 404


def test_what_is_no_number_is_422_with_an_example(client: Client) -> None:
    answer = client.get("/api/v1/subscribers/12")
    assert answer.status_code == 422
    assert "77011234567" in answer.json()["errors"][0]["detail"]


def test_patch_changes_what_is_given_only(client: Client, operator: Operator) -> None:
    body = {"status": "blocked_outgoing", "roaming": True, "restrictions": {"ussd": True}}
    assert client.request("PATCH", PATH, json=body).status_code == 200
    (command,) = operator.commands
    assert command == ChangeSubscriber(
        origin=command.origin,
        msisdn=Msisdn("77011234567"),
        status=Status.BLOCKED_OUTGOING,
        roaming=True,
        ussd_barred=True,
    )


@pytest.mark.parametrize(
    "body", [{"status": "gone"}, {"roaming": "yes"}, {"balance": "1.00"}, {"restrictions": []}]
)
def test_patch_refuses_what_it_does_not_know(client: Client, operator: Operator, body: Any) -> None:
    assert client.request("PATCH", PATH, json=body).status_code == 422
    assert operator.commands == []


def test_patch_of_an_unknown_subscriber_is_404(client: Client, operator: Operator) -> None:
    operator.answer = Submitted(decline("subscriber.unknown"))
    assert client.request("PATCH", PATH, json={"roaming": True}).status_code == 404


def test_history_shows_each_movement(client: Client, operator: Operator) -> None:
    operator.reads.movements = [
        Movement(
            seq=7,
            op_us=1_772_337_600_500_000,
            reason="voucher.redeem",
            account="main:77011234567",
            amount_tiyn=50_000,
            balance_after_tiyn=100_000,
            source="m1",
        )
    ] * 3
    answer = client.get(PATH + "/history?limit=2").json()
    assert len(answer) == 2
    assert answer[0] == {
        "seq": 7,
        "at": "2026-03-01T09:00:00.500000+05:00",
        "reason": "voucher.redeem",
        "account": "main:77011234567",
        "amount": "500.00",
        "balance_after": "1000.00",
        "source": "m1",
    }
