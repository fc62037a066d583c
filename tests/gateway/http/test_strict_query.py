"""A misspelt query parameter is told, not ignored."""

import pytest

from tests.gateway.http.conftest import ApiClient as Client


@pytest.mark.parametrize("path", ["/messages?form=1234", "/messages?to=1&form=1234", "/messages?MSISDN=1"])
def test_an_unknown_parameter_is_named_with_those_that_there_are(client: Client, path: str) -> None:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["in"] == "query"
    assert error["field"] in {"form", "MSISDN"}
    assert "from, " in error["detail"]


def test_an_operation_without_parameters_takes_none(client: Client) -> None:
    answer = client.get("/api/v1/clock?bogus=1&other=2")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["bogus", "other"]


def test_known_parameters_pass(client: Client) -> None:
    assert client.get("/api/v1/messages?from=9393&limit=5&wait=0s").status_code == 200
