"""The control API of a real gateway process, over a real socket and a real database."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.ready import wait_until_ready

ROOT = Path(__file__).parents[3]
BODY = {
    "msisdn": "77017654321",
    "brand": "kcell",
    "billing": "prepaid",
    "language": "en",
    "owner_name": "Aliya Omarova",
    "balance": "100.00",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A gateway with demo data on free ports; it has to stop cleanly when asked to."""
    folder = tmp_path_factory.mktemp("served")
    ports = folder / "ports.json"
    flags = ["--smpp-port", "0", "--http-port", "0", "--data-dir", str(folder / "data"), "--demo-data"]
    command = [sys.executable, "-m", "gateway", "serve", *flags, "--ports-file", str(ports)]
    log = folder / "log"
    with log.open("wb") as out, subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out) as process:  # noqa: S603 (our own interpreter and module)
        try:
            said: list[str] = []
            ready = wait_until_ready("30s", url=None, ports_file=ports, config=None, say=said.append)
            assert ready == 0, [*said, log.read_text()]
            url = f"http://127.0.0.1:{json.loads(ports.read_text())['http']}"
            with httpx.Client(base_url=url, timeout=30) as client:
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0, log.read_text()


@pytest.fixture
def client(served: httpx.Client) -> httpx.Client:
    """The same process for all tests, as fresh as after its start."""
    assert served.post("/api/v1/reset").status_code == 200
    return served


def trial_balance(client: httpx.Client) -> dict[str, str]:
    answer = client.get("/api/v1/ledger/trial-balance").json()
    assert answer["sum"] == "0.00"
    return {each["code"]: each["balance"] for each in answer["accounts"]}


def test_a_subscriber_is_added_once_whoever_asks_how_often(client: httpx.Client) -> None:
    """201, the same body again 200, another body 409 (interfaces.md)."""
    statuses = [client.post("/api/v1/subscribers", json=BODY).status_code for _ in range(3)]
    assert statuses == [201, 200, 200]
    other = client.post("/api/v1/subscribers", json=BODY | {"balance": "101.00"})
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    assert trial_balance(client)["main:77017654321"] == "100.00"
    assert client.get("/api/v1/subscribers/77017654321").json()["owner_name"] == "Aliya Omarova"


def test_a_subscriber_of_the_demo_data_is_there_already(client: httpx.Client) -> None:
    answer = client.post("/api/v1/subscribers", json=BODY | {"msisdn": "77011234567"})
    assert (answer.status_code, answer.json()["code"]) == (409, "subscriber.exists")


def test_a_voucher_is_printed_redeemed_once_and_shows_in_the_history(client: httpx.Client) -> None:
    client.post("/api/v1/subscribers", json=BODY)
    printed = client.post("/api/v1/vouchers", json={"face_value": "500.00", "count": 2})
    assert printed.status_code == 201
    card = printed.json()["vouchers"][0]
    before = trial_balance(client)
    request = {"msisdn": "77017654321", "code": card["code"], "owner_name": "aliya  OMAROVA"}
    redeemed = client.post("/api/v1/vouchers/redeem", json=request)
    assert redeemed.json() == {
        "msisdn": "77017654321",
        "serial": card["serial"],
        "face_value": "500.00",
        "balance": "600.00",
    }
    again = client.post("/api/v1/vouchers/redeem", json=request)
    assert (again.status_code, again.json()["code"]) == (409, "voucher.used")
    assert card["code"] not in again.text
    after = trial_balance(client)
    changed = {code for code in after if after[code] != before[code]}
    assert changed == {"main:77017654321", f"voucher_liability:{printed.json()['batch']}"}
    history = client.get("/api/v1/subscribers/77017654321/history").json()
    assert [(each["reason"], each["amount"], each["balance_after"]) for each in history] == [
        ("voucher.redeem", "500.00", "600.00"),
        ("subscriber.opening", "100.00", "100.00"),
    ]


def test_the_confirmation_is_found_by_waiting_and_explains_itself(client: httpx.Client) -> None:
    """An agent's redemption is confirmed by SMS; the handset is off, so the message waits."""
    client.post("/api/v1/subscribers", json=BODY)
    code = client.post("/api/v1/vouchers", json={"face_value": "500", "count": 1}).json()["vouchers"][0][
        "code"
    ]
    client.post(
        "/api/v1/vouchers/redeem",
        json={"msisdn": BODY["msisdn"], "code": code, "owner_name": BODY["owner_name"]},
    )
    query = {"to": "8 701 765 43 21", "from": "9393", "state": "enroute", "wait": "5s"}
    (line,) = client.get("/api/v1/messages", params=query).json()
    assert line["direction"] == "mt"
    whole = client.get(f"/api/v1/messages/{line['id']}").json()
    assert whole["waiting"]["lane"] == "handset:77017654321"
    assert whole["encoding"]["parts"] == 1
    assert [each["command"] for each in whole["pdus"]] == ["deliver_sm"]
    assert "600" in whole["text"]


def test_a_changed_subscriber_stays_changed(client: httpx.Client) -> None:
    change = {"status": "blocked", "language": "kk", "restrictions": {"ussd": True}}
    client.patch("/api/v1/subscribers/77011234567", json=change)
    now = client.get("/api/v1/subscribers/77011234567").json()
    assert (now["status"], now["language"], now["restrictions"]["ussd"]) == ("blocked", "kk", True)
    assert now["restrictions"]["short_codes"] is False


def test_five_wrong_codes_lock_entry_and_the_clock_opens_it_again(client: httpx.Client) -> None:
    request = {"msisdn": BODY["msisdn"], "code": "0000000000000", "owner_name": BODY["owner_name"]}
    client.post("/api/v1/subscribers", json=BODY)
    client.put("/api/v1/clock", json={"mode": "virtual"})
    codes = [client.post("/api/v1/vouchers/redeem", json=request).json()["code"] for _ in range(6)]
    assert codes == ["voucher.unknown"] * 5 + ["voucher.locked"]
    assert client.post("/api/v1/clock/advance", json={"seconds": 3600}).status_code == 200
    assert client.post("/api/v1/vouchers/redeem", json=request).json()["code"] == "voucher.unknown"


def test_the_clock_goes_forward_only_and_stands_when_virtual(client: httpx.Client) -> None:
    start = client.put("/api/v1/clock", json={"mode": "virtual", "now": "2030-01-01T00:00:00+05:00"}).json()
    assert start["now"] == "2030-01-01T00:00:00+05:00"
    assert client.get("/api/v1/clock").json() == start
    advanced = client.post("/api/v1/clock/advance", json={"seconds": 3000}).json()
    assert advanced["now"] == "2030-01-01T00:50:00+05:00"
    back = client.put("/api/v1/clock", json={"mode": "real", "now": "2029-01-01T00:00:00+05:00"})
    assert back.status_code == 409


def test_reset_goes_back_to_the_seeded_state(client: httpx.Client) -> None:
    seeded = trial_balance(client)
    client.post("/api/v1/subscribers", json=BODY)
    client.patch("/api/v1/subscribers/77011234567", json={"status": "blocked"})
    client.put("/api/v1/clock", json={"mode": "virtual", "now": "2035-01-01T00:00:00+05:00"})
    assert client.post("/api/v1/reset").json() == {"status": "ok"}
    assert trial_balance(client) == seeded
    assert client.get("/api/v1/subscribers/77017654321").status_code == 404
    assert client.get("/api/v1/subscribers/77011234567").json()["status"] == "active"
    assert client.get("/api/v1/messages").json() == []
    assert client.get("/api/v1/clock").json()["mode"] == "real"


def test_metrics_are_served_as_text(client: httpx.Client) -> None:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "shortcode_batch_commands_count" in answer.text
