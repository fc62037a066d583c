"""``/bank/phone-customers``: what the API makes of them, and when it tells a password."""

from typing import Any, TypeAlias

import pytest

from gateway.http.facade import Submitted
from handlers.bank_phone_desk import PhoneRegistered, RegisterPhoneCustomer, ResetPhoneCustomer
from handlers.base.outcome import Outcome, decline
from rating.msisdn import Msisdn
from storage.call_model import PhoneCustomer

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
MSISDN = Msisdn("77011234567")
PATH = "/api/v1/bank/phone-customers"
NOW_US = 1_772_337_600_000_000
CUSTOMER = PhoneCustomer(
    identifier="48210375",
    msisdn=MSISDN,
    card_id="c" * 32,
    card_code="7041",
    password=b"digest",
    created_us=NOW_US,
)
SHOWN = {
    "identifier": "48210375",
    "msisdn": MSISDN,
    "card": "c" * 32,
    "card_code": "7041",
    "is_initial": True,
    "created": "2026-03-01T09:00:00+05:00",
    "locked_until": None,
}
NEW = {"msisdn": "87011234567", "card": "c" * 32}


class Reads:
    """The customers that there are."""

    def __init__(self) -> None:
        self.asked: list[tuple[Msisdn | None, int]] = []
        self.locked: dict[str, int] = {}

    def phone_customers(self, msisdn: Msisdn | None = None, limit: int = 100) -> list[PhoneCustomer]:
        self.asked.append((msisdn, limit))
        return [CUSTOMER]

    def locked_until(self, kind: str, subjects: list[str]) -> dict[str, int]:
        assert (kind, subjects) == ("bank_phone", [CUSTOMER.identifier])
        return self.locked


@pytest.fixture(autouse=True)
def reads(operator: Operator) -> Reads:
    operator.reads = Reads()
    reads: Reads = operator.reads
    return reads


def answers(operator: Operator, result: object) -> None:
    """The command goes well."""
    operator.answer = Submitted(Outcome(result=result))


def test_a_registration_tells_the_initial_password(operator: Operator, client: Client) -> None:
    answers(operator, PhoneRegistered(CUSTOMER, is_new=True))
    answer = client.post(PATH, json=NEW)
    assert (answer.status_code, answer.json()) == (201, SHOWN | {"password": "1234567"})
    (command,) = operator.commands
    assert isinstance(command, RegisterPhoneCustomer)
    assert (command.msisdn, command.card_id, command.identifier) == (MSISDN, "c" * 32, "")


def test_the_same_card_again_is_200_and_tells_no_password(operator: Operator, client: Client) -> None:
    answers(operator, PhoneRegistered(CUSTOMER, is_new=False))
    answer = client.post(PATH, json=NEW)
    assert (answer.status_code, answer.json()) == (200, SHOWN | {"password": None})


@pytest.mark.parametrize(
    ("refusal", "status"),
    [("subscriber.unknown", 404), ("bank.unknown", 404), ("phone.not_holder", 409)],
)
def test_a_refused_registration_is_a_problem(
    operator: Operator, client: Client, refusal: str, status: int
) -> None:
    operator.answer = Submitted(decline(refusal))
    answer = client.post(PATH, json=NEW)
    assert (answer.status_code, answer.json()["code"]) == (status, refusal)


def test_wrong_fields_are_told_together_and_nothing_is_done(operator: Operator, client: Client) -> None:
    answer = client.post(PATH, json={"msisdn": "123", "card": "", "pin": "1"})
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["errors"]} == {"msisdn", "card", "pin"}
    assert operator.commands == []


def test_the_list_shows_no_password_and_can_be_of_one_number(client: Client, reads: Reads) -> None:
    assert client.get(PATH).json() == [SHOWN]
    assert client.get(PATH, params={"msisdn": "8 701 123 45 67", "limit": 7}).json() == [SHOWN]
    assert reads.asked == [(None, 100), (MSISDN, 7)]


@pytest.mark.parametrize(
    ("later_us", "shown"), [(-1, None), (0, None), (1, "2026-03-01T09:00:00.000001+05:00")]
)
def test_the_list_shows_a_lock_while_it_lasts(
    client: Client, reads: Reads, later_us: int, shown: str | None
) -> None:
    reads.locked = {CUSTOMER.identifier: NOW_US + later_us}
    assert client.get(PATH).json() == [SHOWN | {"locked_until": shown}]


def test_a_reset_tells_the_initial_password_again(operator: Operator, client: Client) -> None:
    answers(operator, CUSTOMER)
    answer = client.post(f"{PATH}/48210375/reset")
    assert (answer.status_code, answer.json()) == (200, SHOWN | {"password": "1234567"})
    (command,) = operator.commands
    assert isinstance(command, ResetPhoneCustomer)
    assert command.identifier == "48210375"


def test_a_reset_of_nobody_is_404(operator: Operator, client: Client) -> None:
    operator.answer = Submitted(decline("phone.unknown"))
    answer = client.post(f"{PATH}/12345678/reset")
    assert (answer.status_code, answer.json()["code"]) == (404, "phone.unknown")


@pytest.mark.parametrize("identifier", ["1234567", "123456789", "1234567a", "%D9%A1234567"])
def test_what_is_no_identifier_is_not_looked_for(operator: Operator, client: Client, identifier: str) -> None:
    assert client.post(f"{PATH}/{identifier}/reset").status_code == 422
    assert operator.commands == []
