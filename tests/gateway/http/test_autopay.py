"""``/subscribers/{msisdn}/autopay``: what is shown of rules."""

from typing import Any, TypeAlias

import pytest

from rating.msisdn import Msisdn
from storage.bank_model import AutoPayRule, RuleKind, RuleState
from storage.views import SubscriberView

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
PATH = "/api/v1/subscribers/77011234567/autopay"
NOW_US = 1_772_337_600_000_000  # 2026-03-01T09:00:00+05:00
DAILY = AutoPayRule(
    id="0193" + "a" * 28,
    payer=Msisdn("77011234567"),
    target=Msisdn("77011234567"),
    card_id="0193" + "c" * 28,
    kind=RuleKind.DAILY,
    amount_tiyn=150_050,
    anchor_us=NOW_US,
    due_us=NOW_US + 3_600_000_000,
    created_us=NOW_US,
)


@pytest.fixture(autouse=True)
def _known(operator: Operator, subscriber_view: SubscriberView) -> None:
    operator.reads.subscribers["77011234567"] = subscriber_view


def _with_rules(operator: Operator, *rules: AutoPayRule) -> None:
    operator.reads.autopay_rules = lambda msisdn: [each for each in rules if each.payer == msisdn]


def test_a_rule_on_schedule_says_when_it_runs_next(client: Client, operator: Operator) -> None:
    _with_rules(operator, DAILY)
    answer = client.get(PATH)
    assert answer.status_code == 200
    assert answer.json() == [
        {
            "id": DAILY.id,
            "payer": "77011234567",
            "target": "77011234567",
            "card": DAILY.card_id,
            "kind": "daily",
            "amount": "1500.50",
            "limit": None,
            "state": "on",
            "due": "2026-03-01T10:00:00+05:00",
            "failures": 0,
            "running": None,
            "created": "2026-03-01T09:00:00+05:00",
        }
    ]


def test_a_limit_rule_shows_its_limit_and_what_is_under_way(client: Client, operator: Operator) -> None:
    rule = DAILY._replace(
        kind=RuleKind.LIMIT,
        limit_tiyn=30_000,
        due_us=0,
        state=RuleState.PAUSED,
        failures=3,
        running="ABCD2345EFGH",
    )
    _with_rules(operator, rule)
    (shown,) = client.get(PATH).json()
    assert (shown["kind"], shown["limit"], shown["due"]) == ("limit", "300.00", None)
    assert (shown["state"], shown["failures"], shown["running"]) == ("paused", 3, "ABCD2345EFGH")


def test_the_number_is_taken_as_people_write_it(client: Client, operator: Operator) -> None:
    _with_rules(operator, DAILY)
    assert len(client.get("/api/v1/subscribers/87011234567/autopay").json()) == 1


def test_without_rules_the_list_is_empty(client: Client, operator: Operator) -> None:
    _with_rules(operator)
    assert client.get(PATH).json() == []


def test_a_number_without_a_record_is_not_found(client: Client, operator: Operator) -> None:
    _with_rules(operator)
    answer = client.get("/api/v1/subscribers/77781112233/autopay")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_number_that_cannot_be_one_is_a_wrong_field(client: Client) -> None:
    assert client.get("/api/v1/subscribers/911/autopay").status_code == 422
