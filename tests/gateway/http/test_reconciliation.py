"""``/reconciliation``: a channel's day as CSV, and the differences from theirs."""

import csv
from datetime import date
from io import StringIO
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest

from gateway.http.guard import BODY_OCTETS_MAX, REPORT_OCTETS_MAX
from gateway.http.reconciliation import span_of
from storage.bank_model import Payment, PaymentState
from storage.views import PaymentFilter

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
URL = "/api/v1/reconciliation/qiwi?day=2026-03-01"
S, HOUR = 1_000_000, 3_600 * 1_000_000
BEGINS_US, ENDS_US = span_of(date(2026, 3, 1), ZoneInfo("Asia/Almaty"))
HEAD = "payment_id,msisdn,amount,time"
CSV = {"content-type": "text/csv; charset=utf-8"}


def payment(number: int, at_us: int) -> Payment:
    """500 KZT at a terminal."""
    return Payment(
        payment_id=f"p-{number}",
        channel="qiwi",
        msisdn="77011234567",
        brand="kcell",
        amount_tiyn=50_000,
        source="cash",
        code=f"CODE{number}",
        state=PaymentState.CREDITED,
        at_us=at_us,
        credited="77011234567",
    )


@pytest.fixture
def kept(operator: Operator) -> list[Payment]:
    """What the database has, filtered as it would be; ``operator.wanted`` is what it was last asked for."""
    payments: list[Payment] = []

    def listed(wanted: PaymentFilter) -> list[Payment]:
        operator.wanted = wanted
        since_us, until_us = wanted.since_us, wanted.until_us
        assert since_us is not None
        assert until_us is not None
        return [each for each in payments if since_us <= each.at_us < until_us]

    operator.reads.payments = listed
    return payments


def rows(text: str) -> list[list[str]]:
    """A CSV file read back."""
    return list(csv.reader(StringIO(text)))


def line(number: int, amount: str = "500.00") -> str:
    """A line of their report."""
    return f"p-{number},77011234567,{amount},2026-03-01T12:00:00+05:00"


def report(*lines: str) -> bytes:
    """Their report."""
    return "\n".join((HEAD, *lines)).encode()


def test_our_side_is_the_operators_calendar_day(
    client: Client, operator: Operator, kept: list[Payment]
) -> None:
    kept += [
        payment(1, BEGINS_US - 1),
        payment(2, BEGINS_US),
        payment(3, ENDS_US - 1),
        payment(4, ENDS_US),
    ]
    answer = client.get(URL)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="qiwi-2026-03-01.csv"'
    assert [row[0] for row in rows(answer.text)] == ["payment_id", "p-2", "p-3"]
    assert rows(answer.text)[1][3] == "2026-03-01T00:00:00+05:00"
    assert operator.wanted == PaymentFilter(channel="qiwi", since_us=BEGINS_US, until_us=ENDS_US, limit=None)


def test_the_differences_come_as_csv(client: Client, kept: list[Payment]) -> None:
    noon_us = BEGINS_US + 12 * HOUR
    kept += [payment(1, noon_us), payment(2, noon_us), payment(3, noon_us), payment(4, ENDS_US + S)]
    kept.append(payment(5, noon_us)._replace(state=PaymentState.REVERSED))
    their = report(line(1), line(2, "5.00"), line(4), line(5), line(1), "=cmd|x", line(9))
    answer = client.post(URL, content=their, headers=CSV)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert rows(answer.text) == [
        ["kind", "payment_id", "ours", "theirs"],
        ["amount", "p-2", "500.00", "5.00"],
        ["missing_here", "p-4", "2026-03-02T00:00:01+05:00", "500.00"],
        ["state", "p-5", "reversed", "paid"],
        ["duplicate_there", "p-1", "", "line 6, first in line 2"],
        ["unreadable", "", "", "line 7: =cmd|x"],
        ["missing_here", "p-9", "", "500.00"],
        ["missing_there", "p-3", "500.00", ""],
    ]


@pytest.mark.usefixtures("kept")
def test_the_mark_before_utf_8_is_understood(client: Client) -> None:
    answer = client.post(URL, content=b"\xef\xbb\xbf" + report(), headers=CSV)
    assert rows(answer.text) == [["kind", "payment_id", "ours", "theirs"]]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"a,b,c", line(1).encode()])
def test_what_is_no_report_is_422_and_says_why(client: Client, body: bytes) -> None:
    answer = client.post(URL, content=body, headers=CSV)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation")
    assert HEAD in answer.json()["detail"]


@pytest.mark.parametrize("day", ["", "2026-02-30", "01.03.2026", "1772337600", "0001-01-01", "9999-12-31"])
def test_what_is_no_day_is_422(client: Client, day: str) -> None:
    answer = client.get(f"/api/v1/reconciliation/qiwi?day={day}")
    assert [wrong["field"] for wrong in answer.json()["errors"]] == ["day"]


def test_the_day_is_needed(client: Client) -> None:
    assert client.get("/api/v1/reconciliation/qiwi").status_code == 422


def test_an_unknown_channel_is_404(client: Client) -> None:
    answer = client.get("/api/v1/reconciliation/hawala?day=2026-03-01")
    assert answer.status_code == 404
    assert "kaspi" in answer.json()["detail"]


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "multipart/form-data", ""])
def test_a_report_is_csv_and_nothing_that_a_page_could_send(client: Client, media_type: str) -> None:
    answer = client.post(URL, content=report(), headers={"content-type": media_type})
    assert answer.status_code == 415
    assert "text/csv" in answer.json()["detail"]


def test_csv_is_taken_nowhere_else(client: Client, operator: Operator) -> None:
    assert client.post("/api/v1/vouchers", content=report(), headers=CSV).status_code == 415
    assert operator.commands == []


@pytest.mark.usefixtures("kept")
def test_a_report_may_be_longer_than_other_bodies_up_to_a_limit(client: Client) -> None:
    long = report(*map(line, range(BODY_OCTETS_MAX // 50)))
    assert len(long) > BODY_OCTETS_MAX
    assert client.post(URL, content=long, headers=CSV).status_code == 200
    assert client.post(URL, content=b" " * (REPORT_OCTETS_MAX + 1), headers=CSV).status_code == 413


def test_a_day_has_as_many_hours_as_the_operators_clock_shows() -> None:
    """Almaty went back by an hour on 1 March 2024."""
    begins_us, ends_us = span_of(date(2024, 2, 29), ZoneInfo("Asia/Almaty"))
    assert ends_us - begins_us == 25 * HOUR
