"""The control API's contract (interfaces.md) against a running gateway: shapes, status codes, waiting."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx
import pytest

from gateway.smpp.codec import decode
from gateway.smpp.constants import UssdServiceOp
from gateway.smpp.pdus import Address, DeliverSm, SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from tests.e2e.conftest import Raw, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.raw_link import RawLink

EN, RU = "77781234567", "77011234567"
AMOUNT = re.compile(r"-?\d+\.\d\d")
NEW = {
    "msisdn": "77770001122",
    "brand": "activ",
    "billing": "prepaid",
    "language": "kk",
    "owner_name": "Aliya",
    "balance": "99.50",
}


def _problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """RFC 9457: the media type, and the members that every problem has."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert {"type", "title", "detail"} <= set(problem)
    return problem


def _is_moment(text: str) -> bool:
    return datetime.fromisoformat(text).utcoffset() is not None


def test_health_and_metrics_stand_outside_the_prefix(api: ControlApi) -> None:
    """``{"status": "ok"}``, and Prometheus text."""
    root = f"http://127.0.0.1:{api.port}"
    health = httpx.get(f"{root}/health", trust_env=False)
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    metrics = httpx.get(f"{root}/metrics", trust_env=False)
    assert metrics.headers["content-type"].startswith("text/plain")
    assert re.search(r"^# TYPE shortcode_\w+ counter$", metrics.text, re.MULTILINE)


def test_the_api_describes_itself(api: ControlApi) -> None:
    """OpenAPI at /openapi.json with every call of this version, and pages at /docs."""
    root = f"http://127.0.0.1:{api.port}"
    paths = httpx.get(f"{root}/openapi.json", trust_env=False).raise_for_status().json()["paths"]
    calls = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert {
        "GET /health",
        "GET /metrics",
        "POST /api/v1/subscribers",
        "GET /api/v1/subscribers/{msisdn}",
        "PATCH /api/v1/subscribers/{msisdn}",
        "GET /api/v1/subscribers/{msisdn}/history",
        "POST /api/v1/vouchers",
        "GET /api/v1/messages",
        "GET /api/v1/messages/{message_id}",
        "GET /api/v1/dialogues",
        "GET /api/v1/dialogues/{dialogue_id}",
        "GET /api/v1/ledger/trial-balance",
        "GET /api/v1/clock",
        "PUT /api/v1/clock",
        "POST /api/v1/clock/advance",
        "POST /api/v1/reset",
    } <= calls
    assert httpx.get(f"{root}/docs", trust_env=False).status_code == 200


def test_a_subscriber_is_added_once_and_the_same_again_is_200_and_another_body_409(api: ControlApi) -> None:
    """The same body typed differently is the same."""
    first = api.http.post("/subscribers", json=NEW)
    assert first.status_code == 201
    assert api.http.post("/subscribers", json=NEW).status_code == 200
    assert api.http.post("/subscribers", json=NEW | {"msisdn": "8 777 000-11-22"}).status_code == 200
    _problem(api.http.post("/subscribers", json=NEW | {"balance": "99.51"}), 409)
    assert api.balance(NEW["msisdn"]).as_tuple().digits == (9, 9, 5, 0)


def test_a_subscriber_has_the_shape_of_the_contract(api: ControlApi) -> None:
    """Amounts are strings with two decimals."""
    api.http.post("/subscribers", json=NEW)
    shown = api.get("/subscribers/87770001122")
    expected = {
        "msisdn": "77770001122",
        "brand": "activ",
        "billing": "prepaid",
        "status": "active",
        "roaming": False,
        "language": "kk",
    }
    assert {name: shown[name] for name in expected} == expected
    balances = shown["balances"]
    assert {name: balances[name] for name in ("main", "parking", "bonus", "held")} == {
        "main": "99.50",
        "parking": "0.00",
        "bonus": "0.00",
        "held": "0.00",
    }


def test_a_subscriber_is_changed_in_part(api: ControlApi) -> None:
    """Status, roaming, language, restrictions; what is left out stays."""
    changed = api.patch(EN, status="blocked_outgoing", roaming=True)
    assert (changed["status"], changed["roaming"], changed["language"]) == ("blocked_outgoing", True, "en")
    changed = api.patch(EN, language="kk", restrictions={"ussd": True})
    assert (changed["status"], changed["language"]) == ("blocked_outgoing", "kk")
    assert changed["restrictions"] == {"ussd": True, "short_codes": False, "premium": False}
    _problem(api.http.patch(f"/subscribers/{EN}", json={"status": "happy"}), 422)


def test_all_wrong_fields_are_told_at_once(api: ControlApi) -> None:
    """422 with an item per field, and unknown fields are errors too."""
    body = NEW | {"msisdn": "12", "brand": "beeline", "balance": "1e3", "colour": "red"}
    problem = _problem(api.http.post("/subscribers", json=body), 422)
    assert {each["field"] for each in problem["errors"]} == {"msisdn", "brand", "balance", "colour"}
    assert all(each["in"] == "body" and each["detail"] for each in problem["errors"])


@pytest.mark.parametrize("amount", ["1.005", "1e3", "5 000,50", "", "NaN", "١٠٠", "9" * 30, True, None])
def test_a_wrong_amount_is_refused(api: ControlApi, amount: object) -> None:
    """testing.md: huge, exponents, other digits. (A negative balance is one that a test may ask for.)"""
    _problem(api.http.post("/subscribers", json=NEW | {"balance": amount}), 422)
    _problem(api.http.post("/vouchers", json={"face_value": amount, "count": 1}), 422)


@pytest.mark.parametrize(
    "path",
    [
        "/subscribers/77770009999",
        "/messages/0",
        "/messages/" + "0" * 32,
        "/messages/..",
        "/dialogues/" + "0" * 32,
        "/nothing",
    ],
)
def test_what_is_not_there_is_404(api: ControlApi, path: str) -> None:
    """A problem like all others."""
    _problem(api.http.get(path), 404)


def test_a_wrong_method_and_a_wrong_body_are_problems_too(api: ControlApi) -> None:
    """405, and 422 for what is no JSON."""
    _problem(api.http.delete("/clock"), 405)
    broken = api.http.post("/vouchers", content=b"{", headers={"content-type": "application/json"})
    assert broken.status_code in {400, 422}
    _problem(broken, broken.status_code)


def test_vouchers_come_with_serial_code_and_face_value(api: ControlApi) -> None:
    """Thirteen digits each, all different; the faces that there are."""
    for face in ("500.00", "1000.00", "2000.00", "5000.00"):
        answer = api.http.post("/vouchers", json={"face_value": face, "count": 3})
        assert answer.status_code == 201
        batch = answer.json()
        assert batch["batch"]
        assert all(re.fullmatch(r"\d{13}", each["code"]) for each in batch["vouchers"])
        assert {each["face_value"] for each in batch["vouchers"]} == {face}
        assert len({each["serial"] for each in batch["vouchers"]}) == 3
    for wrong in (
        {"face_value": "700.00", "count": 1},
        {"face_value": "-500.00", "count": 1},
        {"face_value": "500.00", "count": 0},
    ):
        _problem(api.http.post("/vouchers", json=wrong), 422)


def test_an_agent_redeems_for_a_subscriber_whose_name_was_checked(api: ControlApi) -> None:
    """A wrong name is 403, the right one credits; the code is used then."""
    (code,) = api.codes()
    body = {"msisdn": EN, "code": code, "owner_name": "Somebody Else"}
    assert _problem(api.http.post("/vouchers/redeem", json=body), 403)["code"] == "voucher.wrong_owner"
    done = api.http.post("/vouchers/redeem", json=body | {"owner_name": "alan  BROWN"})
    assert done.status_code == 200
    assert (done.json()["face_value"], done.json()["balance"]) == ("500.00", "1000.00")
    again = api.http.post("/vouchers/redeem", json=body | {"owner_name": "Alan Brown"})
    assert _problem(again, 409)["code"] == "voucher.used"


def test_the_history_lists_where_the_money_came_from(api: ControlApi, raw: Raw) -> None:
    """Newest first, each with its reason and its source message."""
    (code,) = api.codes()
    link = raw(address_range=EN)
    message_id = link.submit(EN, "9393", code).message_id
    newest, opening = api.get(f"/subscribers/{EN}/history")
    assert newest["reason"] == "voucher.redeem"
    assert (newest["amount"], newest["balance_after"], newest["source"]) == ("500.00", "1000.00", message_id)
    assert (opening["amount"], opening["balance_after"]) == ("500.00", "500.00")
    assert newest["seq"] > opening["seq"]
    assert _is_moment(newest["at"])


def test_the_trial_balance_sums_to_zero(api: ControlApi, raw: Raw) -> None:
    """Before and after money moved; every account has its code and balance."""
    (code,) = api.codes(face_value="5000.00")
    link = raw(address_range=EN)
    link.submit(EN, "9393", code)
    balance = api.get("/ledger/trial-balance")
    assert balance["sum"] == "0.00"
    assert all(each["code"] and AMOUNT.fullmatch(each["balance"]) for each in balance["accounts"])
    assert {f"main:{EN}": "5500.00"}.items() <= {
        each["code"]: each["balance"] for each in balance["accounts"]
    }.items()


def test_messages_are_listed_newest_first_and_filtered(api: ControlApi, raw: Raw) -> None:
    """By either end, by sender, receiver, state and time."""
    link = raw(address_range="")
    for msisdn in (EN, RU):
        link.submit(msisdn, "6000", "BAL")
        link.delivery()
    everything = api.messages(msisdn=EN)
    assert [(each["from"], each["to"]) for each in everything] == [("6000", EN), (EN, "6000")]
    assert [each["to"] for each in api.messages(from_="6000")] == [RU, EN]
    assert {each["from"] for each in api.messages(to="6000")} == {EN, RU}
    assert api.messages(msisdn=EN, state="REJECTED") == []
    assert api.messages(since="2099-01-01T00:00:00+05:00") == []
    assert len(api.messages(since=everything[-1]["created"])) == 4
    assert len(api.messages(limit=1)) == 1
    for each in everything:
        assert _is_moment(each["created"])
        assert _is_moment(each["updated"])
    _problem(api.http.get("/messages", params={"state": "LOST", "since": "now", "wait": "1h"}), 422)


def test_wait_blocks_until_a_message_matches(api: ControlApi, raw: Raw) -> None:
    """The answer comes with the message, long before the time is up."""
    link = raw(address_range=EN)
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        waiting = pool.submit(api.messages, from_="6000", to=EN, wait="20s")
        assert not waiting.done()
        link.submit(EN, "6000", "BAL")
        (found,) = waiting.result(20)
    assert found["text"] == "Balance: 500 KZT"
    assert time.monotonic() - began < 15


def test_wait_ends_without_a_match_after_its_time(api: ControlApi) -> None:
    """An empty list, not an error."""
    began = time.monotonic()
    assert api.messages(from_="6000", to=EN, wait="300ms") == []
    assert time.monotonic() - began >= 0.3


def test_a_message_tells_everything_about_itself(api: ControlApi, raw: Raw) -> None:
    """The "why" of a voucher by SMS: outcome, postings, replies, time line, PDUs that can be read."""
    (code,) = api.codes()
    link = raw(address_range=EN)
    message_id = link.submit(EN, "9393", code).message_id
    link.delivery()
    whole = api.whole(message_id)
    assert (whole["from"], whole["to"], whole["direction"].lower()) == (EN, "9393", "mo")
    assert whole["outcome"] == "ok"
    assert whole["route"] == "service:scratch_cards"
    assert whole["charge"] == "0.00"
    assert sorted(each["amount"] for each in whole["postings"]) == ["-500.00", "500.00"]
    assert whole["encoding"]["parts"] == 1
    assert whole["receipt"]["requested"] is False
    assert all(_is_moment(step["at"]) for step in whole["timeline"])
    (pdu,) = whole["pdus"]
    submit = decode(bytes.fromhex(pdu["hex"]))
    assert isinstance(submit, SubmitSm)
    assert (submit.source.addr, submit.destination.addr) == (EN, "9393")
    assert submit.short_message == b"*" * 13, "the code is struck out"
    (reply,) = whole["replies"]
    assert reply["cause"] == message_id


def test_a_reply_tells_its_encoding_and_its_pdus(api: ControlApi, raw: Raw) -> None:
    """The other half: what was sent to the handset, in Russian."""
    link = raw(address_range=RU)
    link.submit(RU, "6000", "BAL")
    delivered = link.delivery()
    found = api.message(to=RU, state="DELIVERED")
    whole = api.whole(found["id"])
    assert (whole["encoding"]["data_coding"], whole["language"]) == (8, "ru")
    assert whole["text_id"] == "account.balance"
    (pdu,) = whole["pdus"]
    stored = decode(bytes.fromhex(pdu["hex"]))
    assert isinstance(stored, DeliverSm)
    assert stored.short_message == delivered.short_message
    assert pdu["command"] == "deliver_sm"
    assert pdu["dump"]


def _says(source: str, typed: str, info: bytes) -> SubmitSm:
    """The handset's answer to a screen."""
    return SubmitSm(
        service_type="USSD",
        source=Address(1, 1, source),
        short_message=typed.encode("ascii"),
        tlvs=(Tlv(Tag.USSD_SERVICE_OP, UssdServiceOp.USSR_CONFIRM), Tlv(Tag.ITS_SESSION_INFO, info)),
    )


def test_a_dialogue_tells_what_was_typed_and_shown(api: ControlApi, raw: Raw) -> None:
    """Open after the first screen, ended by the last one; the code that was typed is struck out."""
    (code,) = api.codes()
    link = raw(address_range="")
    opened = link.dial(EN, "*110#", dialogue=7)
    asking = link.delivery()
    (listed,) = api.get("/dialogues", msisdn=EN, state="open", service_code="*110#")
    assert (listed["id"], listed["state"], listed["ending"]) == (opened.message_id, "open", "")
    info = asking.tlv_bytes(Tag.ITS_SESSION_INFO)
    assert info is not None
    link.ask(_says(EN, code, info))
    link.delivery()
    answer = api.http.get(f"/dialogues/{opened.message_id}")
    whole = answer.raise_for_status().json()
    assert (whole["msisdn"], whole["service_code"], whole["number"]) == (EN, "*110#", 7)
    assert (whole["owner"], whole["account"]) == ("menu", "handset")
    assert (whole["state"], whole["ending"]) == ("ended", "completed")
    dialled, asked, typed, shown = whole["turns"]
    assert [each["operation"] for each in whole["turns"]] == [
        "PSSR_INDICATION",
        "USSR_REQUEST",
        "USSR_CONFIRM",
        "PSSR_RESPONSE",
    ]
    assert [each["direction"] for each in whole["turns"]] == ["mo", "mt", "mo", "mt"]
    assert (dialled["text"], dialled["octets"]) == ("*110#", 5)
    assert (asked["octets"], typed["text"], typed["octets"]) == (len(asking.short_message), "*" * 13, 13)
    assert "credited" in shown["text"]
    assert all(_is_moment(each["at"]) for each in whole["turns"])
    assert code not in answer.text
    assert api.get("/dialogues", state="open") == []
    assert api.get("/dialogues", state="ended", limit=1) == [whole]


def test_what_waits_tells_until_when(api: ControlApi, app1: RawLink) -> None:
    """A message for a handset that is off."""
    message_id = app1.submit("1234", EN, "hello").message_id
    whole = api.whole(message_id)
    assert whole["state"] == "ENROUTE"
    assert whole["waiting"]["lane"] == f"handset:{EN}"
    assert datetime.fromisoformat(whole["waiting"]["expires"]) > datetime.fromisoformat(whole["created"])


def test_a_reset_goes_back_to_the_seeded_state(api: ControlApi, raw: Raw) -> None:
    """Balances, subscribers, messages; a handset that stays bound goes on working."""
    (code,) = api.codes()
    link = raw(address_range=EN)
    link.submit(EN, "9393", code)
    link.delivery()
    api.http.post("/subscribers", json=NEW)
    api.reset()
    assert api.get(f"/subscribers/{EN}")["balances"]["main"] == "500.00"
    _problem(api.http.get(f"/subscribers/{NEW['msisdn']}"), 404)
    assert api.messages() == []
    assert link.submit(EN, "9393", code).command_status == 0
    assert b"There is no such code" in link.delivery().short_message


def test_outside_emulator_mode_there_is_no_reset(start_gateway: StartGateway) -> None:
    """403, and everything stays."""
    gateway = start_gateway(settings={"EMULATOR": "false"})
    assert _problem(gateway.api.http.post("/reset"), 403)["code"] == "reset_refused"
    assert gateway.api.get(f"/subscribers/{EN}")["balances"]["main"] == "500.00"


def test_with_a_token_everything_but_health_asks_for_it(start_gateway: StartGateway) -> None:
    """401 without it, with a wrong one, and with another scheme."""
    token = "correct-horse-battery"
    gateway = start_gateway(settings={"API_TOKEN": token})
    http = gateway.api.http
    assert http.get(f"http://127.0.0.1:{gateway.http_port}/health").status_code == 200
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {token}"}):
        _problem(http.get("/clock", headers=headers), 401)
    assert http.get("/clock", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert token not in gateway.log


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_another_host_and_another_origin_are_refused(api: ControlApi, headers: dict[str, str]) -> None:
    """A page in the operator's browser must not reach the API (DNS rebinding, cross-site requests)."""
    assert api.http.post("/reset", headers=headers).status_code in {400, 403, 421}
