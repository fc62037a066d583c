"""Who may bind, in the real process: hashes, allowed addresses, TLS, and applications that are called."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.passwords import hash_password
from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import BindReceiver, EnquireLink, EnquireLinkResp, Outbind
from tests.e2e.conftest import Connect, StartGateway
from tests.e2e.gateway_process import GatewayProcess, run_command
from tests.e2e.raw_link import ListeningEsme, RawLink, TlsLink
from tests.e2e.waiting import PATIENCE_S, until
from tests.gateway.certificates import Made, make

EN = "77781234567"
OK = CommandStatus.ESME_ROK
PHONES = {"system_id": "phones", "password": "phones", "side": "handset"}
HASH = hash_password("s3cret")
SHOP = {"system_id": "shop", "password_hash": HASH, "side": "application", "short_codes": ["7788"]}
SecureConnect = Callable[..., TlsLink]


def accounts(*rows: dict[str, Any]) -> dict[str, str]:
    """Settings with these accounts."""
    return {"ACCOUNTS": json.dumps(rows)}


@pytest.fixture
def secure() -> Iterator[SecureConnect]:
    """Opens connections to a gateway's TLS port, and closes them at the end."""
    with ExitStack() as stack:

        def open_link(
            gateway: GatewayProcess, authority: Made, client: Made | None = None, buffer: int = 0
        ) -> TlsLink:
            files = None if client is None else (client.certificate_file, client.key_file)
            link = TlsLink(gateway.smpp_tls_port, authority.certificate_file, files, buffer)
            stack.callback(link.close)
            return link

        yield open_link


@pytest.fixture
def esme() -> Iterator[ListeningEsme]:
    """An application that listens."""
    listening = ListeningEsme()
    yield listening
    listening.close()


@pytest.mark.conformance("bind_transceiver.password")
def test_a_hashed_account_binds_with_its_password_and_no_other(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """And neither password nor hash is in the log."""
    gateway = start_gateway(settings=accounts(PHONES, SHOP))
    wrong, right, again = (connect(gateway) for _ in range(3))
    assert wrong.bind("shop", "wr0ng").command_status == CommandStatus.ESME_RINVPASWD
    assert wrong.bind("nobody", "s3cret").command_status == CommandStatus.ESME_RINVPASWD
    assert wrong.bind("shop", "").command_status == CommandStatus.ESME_RINVPASWD
    assert right.bind("shop", "s3cret").command_status == OK
    assert again.bind("shop", "s3cret").command_status == OK
    assert connect(gateway).bind("phones", "phones").command_status == OK
    log = gateway.log
    assert len(gateway.log_lines("bind.refused")) == 3
    assert not any(secret in log for secret in ("s3cret", "wr0ng", HASH))


def test_many_binds_of_a_hashed_account_at_once_all_succeed(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """The first one's verification serves them all."""
    gateway = start_gateway(settings=accounts(PHONES, SHOP))
    links = [connect(gateway) for _ in range(20)]
    for link in links:
        link.send(BindReceiver(system_id="shop", password="s3cret"))
    assert [link.read().command_status for link in links] == [OK] * 20  # type: ignore[attr-defined]  # responses


def test_the_hash_command_makes_what_the_gateway_takes(start_gateway: StartGateway, connect: Connect) -> None:
    """From a pipe to the configuration to a bind."""
    done = run_command("hash-password", stdin="pa55\n")
    assert done.returncode == 0, done.stderr
    shop = SHOP | {"password_hash": done.stdout.strip()}
    gateway = start_gateway(settings=accounts(PHONES, shop))
    assert connect(gateway).bind("shop", "pa55").command_status == OK


@pytest.mark.parametrize(
    ("allowed", "status"),
    [(["127.0.0.0/8"], OK), (["10.0.0.0/8", "192.0.2.1"], CommandStatus.ESME_RBINDFAIL)],
)
def test_only_allowed_addresses_bind(
    start_gateway: StartGateway, connect: Connect, allowed: list[str], status: CommandStatus
) -> None:
    """The log says why not."""
    gateway = start_gateway(settings=accounts(PHONES | {"allowed_hosts": allowed}))
    assert connect(gateway).bind("phones", "phones").command_status == status
    assert [line["reason"] for line in gateway.log_lines("bind.refused")] == ["allowed_hosts"] * bool(status)


# -- TLS -------------------------------------------------------------------------------------------


def tls_settings(folder: Path, authority: Made) -> dict[str, str]:
    """Settings with a certificate of that authority, and a free port."""
    server = make(folder, "server", authority)
    return {
        "TLS__CERTIFICATE": str(server.certificate_file),
        "TLS__PRIVATE_KEY": str(server.key_file),
        "TLS__CLIENT_CA": str(authority.certificate_file),
        "TLS__PORT": "0",
    }


def test_a_message_goes_over_tls_both_ways(
    start_gateway: StartGateway, secure: SecureConnect, tmp_path: Path
) -> None:
    """Bind, submit, delivery, unbind."""
    authority = make(tmp_path, "ca")
    gateway = start_gateway(settings=tls_settings(tmp_path, authority))
    link = secure(gateway, authority)
    assert link.bind(address_range=EN).command_status == OK
    assert link.submit(EN, "6000", "BAL").command_status == OK
    assert link.delivery().short_message == b"Balance: 500 KZT"
    link.unbind()


def test_an_account_that_wants_tls_and_a_certificate_gets_both(
    start_gateway: StartGateway, connect: Connect, secure: SecureConnect, tmp_path: Path
) -> None:
    """Nothing less binds it: not the plain port, not TLS without a certificate, not another's."""
    authority = make(tmp_path, "ca")
    mine, other = make(tmp_path, "mine", authority), make(tmp_path, "other", authority)
    shop = SHOP | {"tls_required": True, "client_certificates": [mine.fingerprint]}
    gateway = start_gateway(settings=tls_settings(tmp_path, authority) | accounts(PHONES, shop))
    refused = CommandStatus.ESME_RBINDFAIL
    assert connect(gateway).bind("shop", "s3cret").command_status == refused
    assert secure(gateway, authority).bind("shop", "s3cret").command_status == refused
    assert secure(gateway, authority, other).bind("shop", "s3cret").command_status == refused
    assert secure(gateway, authority, mine).bind("shop", "s3cret").command_status == OK


def test_a_certificate_of_a_foreign_authority_is_refused_in_the_handshake(
    start_gateway: StartGateway, secure: SecureConnect, tmp_path: Path
) -> None:
    """And the log says so; nobody else notices."""
    authority = make(tmp_path, "ca")
    stranger = make(tmp_path, "stranger", make(tmp_path, "foreign"))
    gateway = start_gateway(settings=tls_settings(tmp_path, authority))
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        secure(gateway, authority, stranger).bind()
    until(lambda: gateway.log_lines("tls.failed"), "the log says so")
    assert secure(gateway, authority).bind().command_status == OK


def test_a_slow_reader_on_tls_is_waited_for_and_loses_nothing(
    start_gateway: StartGateway, secure: SecureConnect, tmp_path: Path
) -> None:
    """Requests until the gateway reads no more, for nobody takes its answers; then all answers are there."""
    authority = make(tmp_path, "ca")
    gateway = start_gateway(settings=tls_settings(tmp_path, authority))
    slow, other = secure(gateway, authority, buffer=4_096), secure(gateway, authority)
    assert slow.bind().command_status == OK
    enquiries, sent = encode(EnquireLink(7)) * 1_000, 0
    slow.socket.settimeout(1.0)
    with suppress(TimeoutError):
        while sent < 2_000_000:
            slow.send_octets(enquiries)
            sent += 1_000
    assert sent < 2_000_000, "the gateway reads on and on"
    assert other.bind().command_status == OK
    slow.socket.settimeout(PATIENCE_S)
    for _ in range(sent):
        assert isinstance(slow.read(), EnquireLinkResp)


# -- outbind ---------------------------------------------------------------------------------------


def called(esme: ListeningEsme) -> dict[str, Any]:
    """An application that is to be called there."""
    return SHOP | {"outbind": f"127.0.0.1:{esme.port}", "outbind_password": "hello"}


@pytest.mark.conformance("outbind", "session.OUTBOUND")
def test_an_application_is_called_when_a_message_waits_for_it(
    start_gateway: StartGateway, connect: Connect, esme: ListeningEsme
) -> None:
    """It binds on the call and gets the message; the session is one like any other."""
    gateway = start_gateway(settings=accounts(PHONES, called(esme)))
    phone = connect(gateway)
    assert phone.bind("phones", "phones", EN).command_status == OK
    assert phone.submit(EN, "7788", "PING").command_status == OK
    link = esme.accept()
    outbind = link.expect(Outbind)
    assert (outbind.system_id, outbind.password) == ("shortcode", "hello")
    assert link.bind("shop", "s3cret", kind=BindReceiver).command_status == OK
    assert link.delivery().short_message == b"PING"
    assert phone.submit(EN, "7788", "AGAIN").command_status == OK
    assert link.delivery().short_message == b"AGAIN"
    link.unbind()


def test_an_application_that_did_not_answer_is_called_again(
    start_gateway: StartGateway, connect: Connect, esme: ListeningEsme
) -> None:
    """The message waits meanwhile."""
    gateway = start_gateway(settings=accounts(PHONES, called(esme)))
    phone = connect(gateway)
    phone.bind("phones", "phones", EN)
    phone.submit(EN, "7788", "PING")
    esme.accept().close()
    link = esme.accept()
    assert link.bind("shop", "s3cret", kind=BindReceiver).command_status == OK
    assert link.delivery().short_message == b"PING"
    (line,) = gateway.log_lines("outbind.failed")
    assert (line["system_id"], line["again_s"]) == ("shop", 1.0)
    assert "hello" not in gateway.log
    link.unbind()


def test_what_waits_at_the_start_is_reason_enough_to_call(
    start_gateway: StartGateway, connect: Connect, esme: ListeningEsme
) -> None:
    """The gateway was stopped between the message and the call."""
    gateway = start_gateway(settings=accounts(PHONES, called(esme)))
    phone = connect(gateway)
    phone.bind("phones", "phones", EN)
    phone.submit(EN, "7788", "PING")
    esme.accept().close()
    gateway.stop()
    gateway.start()
    link: RawLink = esme.accept()
    assert link.bind("shop", "s3cret", kind=BindReceiver).command_status == OK
    assert link.delivery().short_message == b"PING"
    link.unbind()
