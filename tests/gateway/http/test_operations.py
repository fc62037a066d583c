"""Clock, ledger, reset, health, metrics, documents: the small calls."""

import re
from typing import Any, TypeAlias

import pytest

from gateway.clock import ClockMode
from gateway.http.facade import ResetRefused
from gateway.work import Fired

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
NOW = "2026-03-01T09:00:00+05:00"


def test_the_clock_shows_mode_time_and_zone(client: Client) -> None:
    assert client.get("/api/v1/clock").json() == {"mode": "virtual", "now": NOW, "timezone": "Asia/Almaty"}


def test_the_clock_can_be_switched_and_set_forward(client: Client, operator: Operator) -> None:
    answer = client.request("PUT", "/api/v1/clock", json={"mode": "real", "now": "2026-03-01T10:00:00+05:00"})
    assert answer.json()["now"] == "2026-03-01T10:00:00+05:00"
    assert operator.view.mode is ClockMode.REAL


def test_backwards_is_409(client: Client) -> None:
    earlier = {"mode": "virtual", "now": "2026-03-01T08:59:59+05:00"}
    assert client.request("PUT", "/api/v1/clock", json=earlier).status_code == 409
    answer = client.post("/api/v1/clock/advance", json={"to": earlier["now"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "clock")


@pytest.mark.parametrize("body", [{"seconds": 3000}, {"to": "2026-03-01T09:50:00+05:00"}])
def test_advancing_answers_with_the_new_time_and_what_fired_in_order(
    client: Client, operator: Operator, body: Any
) -> None:
    start_us = operator.view.now_us
    operator.fired = (
        Fired("message.retry", "m1", start_us + 1_000_000),
        Fired("x", "", start_us + 2_000_000),
    )
    answer = client.post("/api/v1/clock/advance", json=body).json()
    assert answer["now"] == "2026-03-01T09:50:00+05:00"
    assert answer["mode"] == "virtual"
    assert answer["fired"] == [
        {"kind": "message.retry", "key": "m1", "due": "2026-03-01T09:00:01+05:00"},
        {"kind": "x", "key": "", "due": "2026-03-01T09:00:02+05:00"},
    ]


def test_the_trial_balance_sums_to_nothing(client: Client, operator: Operator) -> None:
    operator.reads.accounts = [("main:77011234567", 50_000), ("opening:operator", -50_000)]
    assert client.get("/api/v1/ledger/trial-balance").json() == {
        "sum": "0.00",
        "accounts": [
            {"code": "main:77011234567", "balance": "500.00"},
            {"code": "opening:operator", "balance": "-500.00"},
        ],
    }


def test_reset_is_done_or_refused(client: Client, operator: Operator) -> None:
    assert client.post("/api/v1/reset").json() == {"status": "ok"}
    assert operator.resets == 1
    operator.reset_error = ResetRefused()
    assert client.post("/api/v1/reset").status_code == 403


def test_health_says_what_is_wrong(client: Client, operator: Operator) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    operator.status = "the writer stopped"
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "the writer stopped"})


def test_metrics_count_requests_by_template_and_never_by_msisdn(client: Client) -> None:
    client.get("/api/v1/subscribers/77011234567")
    client.request("BREW", "/teapot/77011234567")
    text = client.get("/metrics").text
    assert re.search(r'http_requests_total\{method="GET",route="[^"]*\{msisdn\}",status="404"\} 1', text)
    assert 'method="OTHER",route="(none)"' in text
    assert "77011234567" not in text


def test_documents_load_nothing_from_elsewhere_and_run_no_script(client: Client) -> None:
    answer = client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r"<script|https?://|//[a-z]", answer.text)


def test_documents_list_every_operation(client: Client) -> None:
    document = client.get("/openapi.json").json()
    page = client.get("/docs").text
    operations = [(method, path) for path, item in document["paths"].items() for method in item]
    assert len(operations) >= 14
    for method, path in operations:
        assert f"<code>{method.upper()} {path}</code>" in page


def test_the_openapi_document_names_problem_details_for_errors(client: Client) -> None:
    document = client.get("/openapi.json").json()
    for item in document["paths"].values():
        for operation in item.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            assert "422" not in operation["responses"]
