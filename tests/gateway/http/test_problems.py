"""Every answer that is no success is a problem detail (RFC 9457), and tells nothing of the inside."""

import json
from typing import Any, TypeAlias

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.http.facade import Busy, ResetRefused
from gateway.work import KeyReused
from storage.errors import CommitUnknown, StoreUnavailable

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The answer's body, once it is a well-formed problem of that status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert {"type", "title", "status", "detail"} <= body.keys()
    return body


def test_unknown_path_is_404_with_a_hint(client: Client) -> None:
    body = problem(client.get("/api/v1/nothing"), 404)
    assert "/docs" in body["detail"]


def test_wrong_method_is_405_and_says_which_are_allowed(client: Client) -> None:
    answer = client.request("DELETE", "/api/v1/clock")
    problem(answer, 405)
    assert answer.headers["allow"] in {"GET", "PUT"}


def test_all_field_errors_come_at_once_without_the_input(client: Client) -> None:
    wrong = {"msisdn": "123", "brand": "beeline", "balance": "1e3", "surprise": "hunter2"}
    body = problem(client.post("/api/v1/subscribers", json=wrong), 422)
    assert {each["field"] for each in body["errors"]} == {"msisdn", "brand", "balance", "surprise"}
    assert {each["in"] for each in body["errors"]} == {"body"}
    assert "hunter2" not in str(body)
    assert "4 fields" in body["detail"]


@pytest.mark.parametrize(
    "octets",
    [b"{", b"", b"[" * 100_000, b'{"seconds": ' + b"9" * 50_000 + b"}", b"\xff\xfe", b"[]", b"null"],
    ids=["cut", "empty", "deep", "huge-int", "no-utf8", "list", "null"],
)
def test_a_body_that_is_no_object_is_a_problem_and_no_crash(client: Client, octets: bytes) -> None:
    answer = client.post(
        "/api/v1/clock/advance", content=octets, headers={"content-type": "application/json"}
    )
    assert answer.status_code in {400, 422}
    problem(answer, answer.status_code)


def test_a_body_that_is_no_object_is_told_what_to_give(client: Client) -> None:
    answer = client.post("/api/v1/clock/advance", json=[1])
    assert answer.json()["errors"] == [{"in": "body", "field": "", "detail": "give a JSON object: {...}"}]


def test_lone_surrogates_and_control_characters_are_refused(client: Client, operator: Operator) -> None:
    for name in (r'"\ud800"', r'"a\u0000b"'):
        text = f'{{"msisdn": "77011234567", "brand": "activ", "owner_name": {name}}}'
        answer = client.post(
            "/api/v1/subscribers", content=text, headers={"content-type": "application/json"}
        )
        assert problem(answer, 422)["errors"][0]["field"] == "owner_name"
    assert operator.commands == []


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (KeyReused(), 409, "key_reused"),
        (Busy(), 503, "busy"),
        (ResetRefused(), 403, "reset_refused"),
        (CommitUnknown("disk"), 503, "store"),
        (StoreUnavailable("/var/secret/path"), 503, "store"),
    ],
)
def test_what_the_operator_refuses_has_a_status_and_a_code(
    client: Client, operator: Operator, error: Exception, status: int, code: str
) -> None:
    operator.answer = error
    answer = client.post("/api/v1/vouchers", json={"face_value": "500", "count": 1})
    body = problem(answer, status)
    assert body["code"] == code
    assert "secret" not in str(body)
    assert (status == 503) == (answer.headers.get("retry-after") == "1")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    "msisdn",
    "brand",
    "balance",
    "face_value",
    "count",
    "code",
    "owner_name",
    "mode",
    "now",
    "seconds",
    "to",
)
BODIES = JSON | st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5)
OPERATIONS = (
    ("POST", "/subscribers"),
    ("PATCH", "/subscribers/77011234567"),
    ("POST", "/vouchers"),
    ("POST", "/vouchers/redeem"),
    ("PUT", "/clock"),
    ("POST", "/clock/advance"),
)


@given(operation=st.sampled_from(OPERATIONS), body=BODIES)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_makes_a_500(
    client: Client, operator: Operator, operation: tuple[str, str], body: object
) -> None:
    """Everything that is not right is the caller's to mend, and said so."""
    operator.answer = Busy()
    method, path = operation
    content = json.dumps(body).encode()
    answer = client.request(
        method, f"/api/v1{path}", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code in {200, 400, 404, 409, 422, 503}, answer.text
    if answer.status_code != 200:
        problem(answer, answer.status_code)


def test_a_bug_is_500_without_internals(client: Client, operator: Operator) -> None:
    operator.answer = RuntimeError("password=hunter2 at /srv/gateway")
    body = problem(client.post("/api/v1/vouchers", json={"face_value": "500", "count": 1}), 500)
    assert "hunter2" not in str(body)
    assert "RuntimeError" not in str(body)
