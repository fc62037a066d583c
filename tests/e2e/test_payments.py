"""Payment channels against a running gateway: paid, told by SMS, put right, printed, reconciled."""

import csv
from datetime import datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import httpx
from pypdf import PdfReader

from tests.e2e.control_api import ControlApi

EN, RU = "77781234567", "77011234567"
BODY = {
    "payment_id": "QW-1",
    "channel": "qiwi",
    "msisdn": EN,
    "brand": "activ",
    "amount": "700.50",
    "source": "cash",
}


def pay(api: ControlApi, **changes: str) -> httpx.Response:
    """Send a payment."""
    return api.http.post("/payments", json=BODY | changes)


def support(api: ControlApi, payment_id: str, act: str, body: Any = None) -> httpx.Response:
    """Ask support's part of the API."""
    return api.http.post(f"/payments/{payment_id}/{act}", json=body)


def test_a_payment_arrives_once_and_its_code_is_in_the_answer_the_ledger_and_the_sms(api: ControlApi) -> None:
    """services.md section 5: one API for all channels, the payment id is the idempotency key."""
    before = api.balance(EN)
    first = pay(api)
    assert (first.status_code, first.json()["state"]) == (201, "credited")
    again = pay(api, msisdn="8 778 123 45 67", amount="700.5")
    assert (again.status_code, again.json()) == (200, first.json())
    assert pay(api, amount="700.51").status_code == 409
    assert api.balance(EN) == before + Decimal("700.50")
    code = first.json()["code"]
    assert api.get(f"/subscribers/{EN}/history")[0]["source"] == code
    (message,) = api.messages(to=EN, wait="10s")
    assert message["from"] == "6000"
    assert message["text"] == f"700.50 KZT credited: QIWI. Balance: 1,200.50 KZT. Code: {code}"


def test_a_wrong_brand_waits_is_moved_and_reversed_and_never_twice(api: ControlApi) -> None:
    """Wrong brand or number: nothing is lost, support moves it; the trial balance stays at nothing."""
    waiting = pay(api, brand="kcell").json()
    assert (waiting["state"], waiting["why"]) == ("unallocated", "payment.wrong_brand")
    assert [each["payment_id"] for each in api.get("/payments", state="unallocated")] == ["QW-1"]
    assert support(api, "QW-1", "reverse").json()["code"] == "payment.is_unallocated"
    moved = support(api, "QW-1", "move", {"msisdn": RU})
    assert (moved.status_code, moved.json()["credited"]) == (200, RU)
    assert api.balance(RU) == Decimal("1200.50")
    assert support(api, "QW-1", "back-out").json()["code"] == "payment.is_moved"
    assert support(api, "QW-1", "reverse").json()["state"] == "reversed"
    assert support(api, "QW-1", "reverse").status_code == 409
    assert api.balance(RU) == Decimal("500.00")
    balances = api.get("/ledger/trial-balance")
    assert balances["sum"] == "0.00"
    owed = {each["code"]: each["balance"] for each in balances["accounts"]}
    assert (owed["bank_clearing:qiwi"], owed["unallocated:qiwi"]) == ("0.00", "0.00")


def test_the_receipt_comes_in_the_payers_language(api: ControlApi) -> None:
    code = pay(api).json()["code"]
    text = api.http.get("/payments/QW-1/receipt.txt").text
    assert text.startswith("Pay slip\n")
    assert code in text
    page = api.http.get("/payments/QW-1/receipt.pdf", params={"language": "kk"})
    assert f"Операция коды: {code}" in PdfReader(BytesIO(page.content)).pages[0].extract_text()


def test_a_day_is_reconciled(api: ControlApi) -> None:
    """Theirs against ours, as CSV, with one difference planted."""
    pay(api)
    at = pay(api, payment_id="QW-2").json()["at"]
    day = datetime.fromisoformat(at).date().isoformat()
    url = f"/reconciliation/qiwi?day={day}"
    ours = api.http.get(url).text
    csv_type = {"content-type": "text/csv"}
    assert len(ours.splitlines()) == 3
    same = api.http.post(url, content=ours, headers=csv_type)
    assert list(csv.reader(StringIO(same.text))) == [["kind", "payment_id", "ours", "theirs"]]
    other = api.http.post(url, content=ours.replace("700.50", "70.50", 1), headers=csv_type)
    assert list(csv.reader(StringIO(other.text)))[1:] == [["amount", "QW-1", "700.50", "70.50"]]
