"""A voucher's code, once used or refused, stands nowhere: files, logs, API, metrics; in no form."""

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx

from gateway.smpp.pdus import SubmitSmResp
from tests.e2e.conftest import Connect, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.raw_link import RawLink, segments

EN, RU = "77781234567", "77011234567"
UCS2 = 8


def _forms(code: str) -> Iterator[bytes]:
    """The code as it could stand somewhere: plain, UCS-2, hexadecimal of both, base64, upper case too."""
    for octets in (code.encode(), code.encode("utf-16-be"), code.encode("utf-16-le")):
        yield octets
        yield octets.hex().encode()
        yield octets.hex(" ").encode()
        yield octets.hex().upper().encode()
        yield base64.b64encode(octets).rstrip(b"=")[:-1]
    yield f"{code[:4]} {code[4:7]} {code[7:10]} {code[10:]}".encode()
    yield "".join(chr(ord(digit) + 0xFEE0) for digit in code).encode("utf-16-be")
    yield "".join(chr(ord(digit) + 0xFEE0) for digit in code).encode()


def _assert_nowhere(codes: list[str], place: str, content: bytes) -> None:
    for code in codes:
        for form in _forms(code):
            assert form not in content, f"a code stands in {place} as {form[:12]!r}..."


def _use(api: ControlApi, link: RawLink) -> list[str]:
    """Codes by every way and in every writing, good, used, unknown and malformed; those were used."""
    by_sms, by_ucs2, by_dial, spaced, wide, misplaced, by_agent = codes = api.codes(7)
    link.submit(EN, "9393", by_sms)
    link.submit(EN, "9393", by_sms)
    link.submit(EN, "9393", data_coding=UCS2, short_message=by_ucs2.encode("utf-16-be"))
    link.dial(EN, f"*110*{by_dial}#", dialogue=1)
    grouped = f"{spaced[:4]} {spaced[4:7]} {spaced[7:10]} {spaced[10:]}"
    link.submit(EN, "9393", grouped)
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in wide)
    link.submit(EN, "9393", data_coding=UCS2, short_message=full_width.encode("utf-16-be"))
    # A slip of the finger: the right code in the wrong place is as good as the code.
    link.submit(RU, "6000", misplaced)
    link.submit(RU, "8888", misplaced)
    link.dial(RU, f"*999*{misplaced}#", dialogue=2)
    body = {"msisdn": EN, "code": by_agent, "owner_name": "Alan Brown"}
    api.post("/vouchers/redeem", body)
    api.http.post("/vouchers/redeem", json=body)
    api.http.post("/vouchers/redeem", json=body | {"code": [by_agent]})
    return codes


def _answers(gateway: GatewayProcess) -> Iterator[tuple[str, bytes]]:
    """Everything that the API shows."""
    api = gateway.api
    root = f"http://127.0.0.1:{gateway.http_port}"
    for path in ("/metrics", "/openapi.json", "/health"):
        yield path, httpx.get(root + path, trust_env=False).content
    paths = ["/messages?limit=1000", "/dialogues?limit=1000", "/ledger/trial-balance"]
    paths += [f"/subscribers/{msisdn}{rest}" for msisdn in (EN, RU) for rest in ("", "/history")]
    paths += [f"/messages/{each['id']}" for each in api.messages(limit=1000)]
    for path in paths:
        yield path, api.http.get(path).content


def _files(gateway: GatewayProcess) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(gateway.data_dir.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def test_a_code_stands_nowhere_after_it_was_sent(start_gateway: StartGateway, connect: Connect) -> None:
    """Database and write-ahead log octet by octet, logs at debug level, every answer, the metrics."""
    gateway = start_gateway(settings={"LOG_LEVEL": "debug"})
    link = connect(gateway)
    assert link.bind(address_range="").command_status == 0
    codes = _use(gateway.api, link)
    assert len(gateway.api.credits(EN)) == 6, "the codes did work"
    for path, content in _answers(gateway):
        _assert_nowhere(codes, path, content)
    link.unbind()
    for _ in range(2):
        for file, content in _files(gateway):
            _assert_nowhere(codes, file.name, content)
        _assert_nowhere(codes, "the log", gateway.log.encode())
        if gateway.is_alive:
            gateway.stop()


def test_a_code_told_by_one_subscriber_to_another_is_delivered_and_not_shown(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """The receiver gets the true text, so the store must hold it until then; nobody else is shown it."""
    gateway = start_gateway(settings={"LOG_LEVEL": "debug"})
    codes = gateway.api.codes()
    link = connect(gateway)
    link.bind(address_range="")
    link.submit(RU, EN, f"take this: {codes[0]}")
    for path, content in _answers(gateway):
        _assert_nowhere(codes, path, content)
    assert link.delivery().short_message == f"take this: {codes[0]}".encode()
    link.unbind()
    _assert_nowhere(codes, "the log", gateway.log.encode())


def test_a_code_in_a_part_of_a_long_message_stands_nowhere_while_the_rest_is_awaited(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """The part is durable before its response, so it is in the files; the code in it cannot be read there."""
    gateway = start_gateway(settings={"LOG_LEVEL": "debug"})
    codes = gateway.api.codes()
    link = connect(gateway)
    link.bind(address_range="")
    first, second = segments(EN, "9393", " ", codes[0])
    link.send(second)
    assert link.expect(SubmitSmResp).command_status == 0
    for path, content in _answers(gateway):
        _assert_nowhere(codes, path, content)
    for file, content in _files(gateway):
        _assert_nowhere(codes, file.name, content)
    link.send(first)
    assert b"credited" in link.delivery().short_message
    link.unbind()
    for file, content in _files(gateway):
        _assert_nowhere(codes, file.name, content)
    _assert_nowhere(codes, "the log", gateway.log.encode())


def test_codes_that_were_printed_and_not_used_are_not_in_the_files(start_gateway: StartGateway) -> None:
    """Only keyed digests are kept: a stolen database is no stack of cards."""
    gateway = start_gateway()
    codes = gateway.api.codes(50)
    for file, content in _files(gateway):
        _assert_nowhere(codes, file.name, content)
    gateway.stop()
    for file, content in _files(gateway):
        _assert_nowhere(codes, file.name, content)


def test_passwords_stand_nowhere(start_gateway: StartGateway, connect: Connect) -> None:
    """Neither the configured one nor a wrong one that was tried."""
    account = '[{"system_id": "one", "password": "s3kr1t!x", "side": "handset"}]'
    gateway = start_gateway(settings={"LOG_LEVEL": "debug", "ACCOUNTS": account})
    link = connect(gateway)
    assert link.bind("one", "gu3ss3d!").command_status != 0
    assert link.bind("one", "s3kr1t!x").command_status == 0
    link.unbind()
    gateway.stop()
    for secret in (b"s3kr1t!x", b"gu3ss3d!"):
        assert secret not in gateway.log.encode()
        assert all(secret not in content for _, content in _files(gateway))


def test_the_key_is_beside_the_database_for_the_owner_only(start_gateway: StartGateway) -> None:
    """Without it, digests cannot be tried out; it is not in the database."""
    gateway = start_gateway()
    key = gateway.data_dir / "secret.key"
    assert key.stat().st_mode & 0o077 == 0
    assert key.read_bytes() not in gateway.database.read_bytes()
