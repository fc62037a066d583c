"""MO on demand: ``POST /mo`` has a handset send, over a real SMPP session of the radio side."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.smpp.constants import CommandStatus, EsmClass, UssdServiceOp
from gateway.smpp.pdus import BindTransceiver
from gateway.smpp.tlv import Tag
from simulator.events import UssdScreen
from tests.e2e.conftest import MakePhone, Raw, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess, run_command
from tests.e2e.raw_link import RawLink
from tests.e2e.waiting import until

EN, RU = "77781234567", "77011234567"
POSTS = 1_000
#: Resident memory may grow by this much while that many messages pass.
GROWTH_OCTETS = 48 * 1024 * 1024


def send(api: ControlApi, body: dict[str, Any]) -> list[str]:
    """The ids of what was accepted."""
    answer = api.http.post("/mo", json=body)
    assert answer.status_code == 201, answer.text
    return [each["id"] for each in answer.json()["messages"]]


def text(to: str, words: str, **fields: Any) -> dict[str, Any]:
    return {"from": EN, "to": to, "text": words, **fields}


def test_a_handset_texts_an_application_and_the_message_is_like_any_other(
    api: ControlApi, app1: RawLink
) -> None:
    (message_id,) = send(api, text("1234", "VOTE 7") | {"from": "8 778 123 45 67"})
    pdu = app1.delivery()
    assert (pdu.source.addr, pdu.destination.addr, pdu.short_message) == (EN, "1234", b"VOTE 7")
    until(lambda: api.whole(message_id)["state"] == "DELIVERED", "the application has it")
    whole = api.whole(message_id)
    assert (whole["direction"], whole["account"], whole["route"]) == ("mo", "radio", "account:app1")
    assert [each["command"] for each in whole["pdus"]] == ["submit_sm"]


def test_a_handset_texts_a_service_and_the_answer_reaches_its_own_bind(api: ControlApi, raw: Raw) -> None:
    handset = raw(address_range=EN)
    (code,) = api.codes(1, "500.00")
    (message_id,) = send(api, text("9393", code))
    pdu = handset.delivery()
    assert pdu.source.addr == "9393"
    whole = api.whole(message_id)
    assert whole["outcome"] == "ok"
    assert code not in json.dumps(whole)
    assert len(api.credits(EN)) == 1


def test_a_handset_texts_a_handset(api: ControlApi, phone: MakePhone) -> None:
    receiver = phone(RU)
    send(api, text("+7 701 123 45 67", "Сәлем 😀"))
    sms = receiver.incoming()
    assert (sms.source, sms.text) == (EN, "Сәлем 😀")


@pytest.mark.parametrize(
    ("words", "parts"), [("a" * 161, 2), ("€" * 160, 3), ("я" * 71, 2)], ids=["letters", "escapes", "UCS-2"]
)
def test_a_long_text_comes_in_segments_each_with_its_id(
    api: ControlApi, app1: RawLink, words: str, parts: int
) -> None:
    ids = send(api, text("1234", words))
    assert len(set(ids)) == parts
    headers = set()
    for _ in ids:
        pdu = app1.delivery()
        assert pdu.esm_class & EsmClass.UDHI
        headers.add(pdu.short_message[:6])
    assert {header[5] for header in headers} == set(range(1, parts + 1))
    assert len({header[3] for header in headers}) == 1, "one reference for the parts of one text"


def test_raw_octets_arrive_as_they_are(api: ControlApi, app1: RawLink) -> None:
    """A port address header (TS 23.040 section 9.2.3.24.4) and binary content."""
    octets = "0605040b8423f0" + "00ff7f80"
    send(api, {"from": EN, "to": "1234", "hex": octets, "data_coding": 4, "udh": True})
    pdu = app1.delivery()
    assert (pdu.short_message.hex(), pdu.data_coding, pdu.esm_class) == (octets, 4, EsmClass.UDHI)


def test_a_dialled_code_shows_its_screen_on_the_handsets_own_bind(api: ControlApi, raw: Raw) -> None:
    handset = raw(address_range=EN)
    (message_id,) = send(api, {"from": EN, "dial": "*100*1#"})
    pdu = handset.delivery()
    assert pdu.service_type == "USSD"
    assert pdu.tlv(Tag.USSD_SERVICE_OP) == UssdServiceOp.PSSR_RESPONSE
    assert pdu.source.addr == "*100#"
    assert api.whole(message_id)["bearer"] == "ussd"


def test_a_menu_that_was_dialled_for_a_handset_is_answered_on_the_handset(
    api: ControlApi, phone: MakePhone
) -> None:
    """The radio side only dials; whoever serves the handset goes on with the dialogue."""
    handset = phone(EN)
    handset.handset.send_sms("6000", "BAL")
    handset.incoming()
    send(api, {"from": EN, "dial": "*100#"})
    assert handset.screen().wants_answer
    assert handset.answer("3").text.startswith("Choose a language:")
    assert handset.answer("3") == UssdScreen("Messages now come in English.", wants_answer=False)


def test_a_dialled_voucher_credits_where_the_handset_is_off(api: ControlApi) -> None:
    """The screen has nowhere to go; the money has moved, and the text waits as an SMS."""
    (code,) = api.codes(1, "500.00")
    send(api, {"from": EN, "dial": f"*110*{code}#"})
    assert len(api.credits(EN)) == 1
    assert api.message(to=EN, from_="9393")["bearer"] == "sms"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (text("4444", "x"), CommandStatus.ESME_RINVDSTADR),
        ({"from": EN, "to": "1234", "hex": "00", "data_coding": 5}, CommandStatus.ESME_RINVDCS),
        ({"from": EN, "to": "1234", "hex": "00", "data_coding": 8}, CommandStatus.ESME_RINVMSGLEN),
    ],
)
def test_what_the_smsc_refuses_is_422_with_its_status_and_leaves_no_message(
    api: ControlApi, body: dict[str, Any], status: CommandStatus
) -> None:
    answer = api.http.post("/mo", json=body)
    assert (answer.status_code, answer.json()["command_status"]) == (422, status.name)
    assert api.messages(from_=EN) == []


def test_equal_texts_are_messages_of_their_own_after_a_crash_too(start_gateway: StartGateway) -> None:
    """The session of before died without an unbind; what is asked for now is no repeat of it."""
    gateway = start_gateway()
    before = send(gateway.api, text("1234", "PING"))
    gateway.kill()
    gateway.start()
    after = send(gateway.api, text("1234", "PING"))
    assert before != after
    assert len(gateway.api.messages(to="1234")) == 2


def test_the_session_begins_with_the_first_message_and_ends_with_a_goodbye(
    start_gateway: StartGateway,
) -> None:
    gateway = start_gateway()
    assert gateway.log_lines("bound") == []
    send(gateway.api, text("1234", "PING"))
    send(gateway.api, {"from": EN, "dial": "*100#"})
    (bound,) = gateway.log_lines("bound")
    assert (bound["system_id"], bound["command"]) == ("radio", "bind_transmitter")
    gateway.stop()
    (unbound,) = gateway.log_lines("unbound")
    assert unbound["clean"] is True


def test_the_account_is_of_no_use_to_others_and_shown_nowhere(
    gateway: GatewayProcess, api: ControlApi, connect: Any
) -> None:
    """It has one bind, which is taken, and a password that nobody was told."""
    send(api, text("1234", "PING"))
    for password in ("", "radio", "handset"):
        assert connect(gateway).bind("radio", password, kind=BindTransceiver).command_status
    assert "radio" not in gateway.out_file.read_text()


def test_a_configured_account_of_that_name_is_refused_before_a_port_opens(tmp_path: Path) -> None:
    own = '[{"system_id": "radio", "password": "s3cret", "side": "handset"}]'
    done = run_command(
        *("serve", "--smpp-port", "0", "--http-port", "0", "--data-dir", str(tmp_path / "data")),
        env={"SHORTCODE_ACCOUNTS": own},
    )
    assert done.returncode == 2
    assert "system_id radio is the gateway's own" in done.stderr
    assert "s3cret" not in done.stderr


def test_many_messages_in_a_row_and_side_by_side_all_pass(gateway: GatewayProcess, api: ControlApi) -> None:
    """1,000 one after the other on one connection, then as many on sixteen; the memory stays."""
    send(api, text("1234", "first"))
    before = _resident(gateway.pid)
    ids = {send(api, text("1234", "PING"))[0] for _ in range(POSTS)}
    assert len(ids) == POSTS
    with ThreadPoolExecutor(16) as pool:
        ids |= {each for part in pool.map(lambda _: _many(gateway), range(16)) for each in part}
    assert len(ids) == POSTS + POSTS // 16 * 16
    assert _resident(gateway.pid) - before < GROWTH_OCTETS
    assert len(gateway.log_lines("radio.lost")) == 0


def _many(gateway: GatewayProcess) -> list[str]:
    url = f"http://127.0.0.1:{gateway.http_port}/api/v1"
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
        return list(islice(_posts(http), POSTS // 16))


def _posts(http: httpx.Client) -> Iterator[str]:
    while True:
        answer = http.post("/mo", json=text("1234", "PING"))
        assert answer.status_code == 201, answer.text
        yield answer.json()["messages"][0]["id"]


def _resident(pid: int) -> int:
    """Resident memory in octets."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [each for each in status.splitlines() if each.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024
