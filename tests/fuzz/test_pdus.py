"""A hundred thousand wrong PDUs: through the session and codec, the whole gateway, and a real process.

Nothing but our own errors, no PDU that takes longer than a tenth of a second, and a client beside that
notices nothing. The seed is printed; ``SHORTCODE_FUZZ_SEED=...`` runs the same again.
"""

import random
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.config import Account
from gateway.settings import load_config
from gateway.smpp import pdus
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import CommandStatus
from gateway.smpp.errors import RecoverableError, UnrecoverableError
from gateway.smpp.events import Received, Send
from gateway.smpp.pdus import BindTransceiver, DeliverSm
from gateway.smpp.session import Session
from gateway.smpp.settings import SessionSettings
from gateway.smpp.states import BOUND, Role
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.raw_link import RawLink
from tests.e2e.smsc.customers import APPLICATIONS, PASSWORD, operator_toml
from tests.fuzz.corpus import corpus
from tests.fuzz.mutator import Mutator
from tests.gateway.smsc import Client, Smsc
from tests.gateway.stand import Stand

CORE_PDUS, PARTS = 100_000, 10
WHOLE_PDUS = 10_000
PROCESS_PDUS = 8_000
PDUS_A_SESSION = 20
LIMIT_S = 0.1
EN, RU = "77781234567", "77011234567"
OK = 0
RESPONSE_BIT = 0x8000_0000


def _told(seed: str, number: int, mutant: bytes) -> str:
    return f"SHORTCODE_FUZZ_SEED={seed}, PDU {number}: {mutant.hex()}"


# -- session and codec -----------------------------------------------------------------------------


def _is_lie(mutant: bytes) -> bool:
    return int.from_bytes(mutant[:4], "big") != len(mutant)


def _open_session() -> Session:
    return Session(Role.SMSC, 0.0, SessionSettings())


def _bound_session() -> Session:
    session = _open_session()
    bind = BindTransceiver(1, "handset", "handset")
    session.receive_bytes(encode(bind), 0.0)
    session.accept_bind(next(iter(_received(session, bind))), "shortcode")
    session.send_request(DeliverSm(short_message=b"under way"), "token", 0.0)
    return session


def _received(session: Session, bind: BindTransceiver) -> Iterator[BindTransceiver]:
    """The very bind that the session waits with."""
    held = session._bind
    assert held == bind
    assert isinstance(held, BindTransceiver)
    yield held


def _feed(session: Session, mutant: bytes) -> int:
    """Every request is answered, every answer is a PDU. How many requests were good."""
    good = 0
    for event in session.receive_bytes(mutant, 1.0):
        if isinstance(event, Send):
            decode(event.data)
        elif isinstance(event, Received):
            good += 1
            if event.pdu.command_id not in (0x0B, 0x102):
                session.reject(event.pdu, 8)
            assert decode(event.frame) == event.pdu
    session.tick(2.0)
    return good


def _survives_the_codec(mutant: bytes) -> None:
    """Ours, or an error of ours; what can be read can be written and is read the same."""
    try:
        pdu = decode(mutant)
    except (RecoverableError, UnrecoverableError):
        return
    if not (getattr(pdu, "command_status", 0) and not pdu.body_with_error):
        assert decode(encode(pdu)) == pdu
    assert repr(pdu)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_session_and_codec_survive_whatever_comes(seed: str, part: int) -> None:
    """A tenth of the hundred thousand each; a new session for every twenty PDUs, and whenever one closed."""
    source = random.Random(f"{seed}:core:{part}")
    mutator = Mutator(corpus(EN, "1234"), source)
    session, good = _bound_session(), 0
    for number in range(CORE_PDUS // PARTS):
        mutant = mutator.mutant()
        began = time.thread_time()
        try:
            good += _feed(session, mutant)
            _survives_the_codec(mutant)
        except Exception as error:
            raise AssertionError(_told(f"{seed} part {part}", number, mutant)) from error
        took_s = time.thread_time() - began
        assert took_s < LIMIT_S, _told(f"{seed} part {part}", number, mutant)
        if session.closed or number % PDUS_A_SESSION == 0 or _is_lie(mutant):
            session = _bound_session() if source.random() < 0.8 else _open_session()
    assert good > CORE_PDUS // PARTS // 10, "too few mutants get as far as the application"


# -- the whole gateway, in one thread --------------------------------------------------------------


@pytest.fixture
def accounts(tmp_path: Path) -> tuple[Account, ...]:
    """An operator with all kinds of customers."""
    file = tmp_path / "shortcode.toml"
    file.write_text(operator_toml())
    return load_config({}, file=file).accounts


def _client(smsc: Smsc, system_id: str, password: str) -> Client:
    client = smsc.connect()
    assert client.status(BindTransceiver(1, system_id, password)) == OK
    smsc.commit()
    return client


def _is_over(client: Client) -> bool:
    return client.transport.disconnecting or client.peer._session.state not in BOUND


def _take(client: Client) -> None:
    """Answer what was delivered; everything that the gateway sent is a PDU, and no fault of its own."""
    for pdu in client.taken():
        assert getattr(pdu, "command_status", OK) != CommandStatus.ESME_RSYSERR
        if isinstance(pdu, pdus.DeliverSm | pdus.DataSm):
            response = pdus.DeliverSmResp if isinstance(pdu, pdus.DeliverSm) else pdus.DataSmResp
            client.send_raw(response(pdu.sequence_number))


@pytest.mark.slow
@pytest.mark.parametrize("system_id", ["handset", "app1", "data", "whole", "packed", "latin", "decimal"])
def test_the_gateway_survives_whatever_a_bound_client_sends(
    seed: str, system_id: str, accounts: tuple[Account, ...], tmp_path: Path
) -> None:
    """Down to the store: no exception, no batch that failed, no command with a fault; the store is sound."""
    source = random.Random(f"{seed}:{system_id}")
    code = APPLICATIONS.get(system_id, ("", {}))[0]
    credentials = (system_id, PASSWORD if code else "handset")
    seedlings = corpus(code, EN) if code else (*corpus(EN, "5002"), *corpus(EN, "9393"), *corpus(EN, RU))
    mutator = Mutator(seedlings, source)
    stand = Stand(tmp_path, accounts, {1: "Your parcel is here."})
    stand.subscribe()
    smsc = Smsc(stand, accounts)
    with capture_logs() as lines:
        bystanders = [_client(smsc, "handset", "handset"), _client(smsc, "whole", PASSWORD)]
        client, mutant, stored = _client(smsc, *credentials), b"", 0
        for number in range(WHOLE_PDUS):
            if _is_over(client) or _is_lie(mutant):
                client.lose()
                client = _client(smsc, *credentials)
            mutant = mutator.mutant()
            began = time.thread_time()
            try:
                client.peer.dataReceived(mutant)
                smsc.commit()
            except Exception as error:
                raise AssertionError(_told(seed, number, mutant)) from error
            assert time.thread_time() - began < LIMIT_S * 5, _told(seed, number, mutant)
            faults = [line for line in lines if line["log_level"] in ("error", "critical")]
            assert faults == [], _told(seed, number, mutant)
            stored += sum(line.get("outcome") == "ok" for line in lines)
            lines.clear()
            try:
                for each in (client, *bystanders):
                    _take(each)
            except Exception as error:
                raise AssertionError(_told(seed, number, mutant)) from error
        smsc.commit()
    assert stored > WHOLE_PDUS // 50, "too few mutants get as far as the store"
    stand.store.close()


# -- a real process --------------------------------------------------------------------------------


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    """Its capture is its own: no dissector is asked what it thinks of these frames."""
    folder = tmp_path / "gateway"
    folder.mkdir()
    (folder / "shortcode.toml").write_text(operator_toml())
    settings = {"CAPTURE_FILE": str(folder / "fuzz.pcap"), "LOG_LEVEL": "warning"}
    process = GatewayProcess(folder, settings=settings).start()
    yield process
    process.end()


def _bound(gateway: GatewayProcess, system_id: str, password: str, address_range: str = "") -> RawLink:
    link = RawLink(gateway.smpp_port)
    assert link.bind(system_id, password, address_range).command_status == OK
    return link


def _throw(link: RawLink, mutants: list[bytes]) -> None:
    """All of them, then the end of the stream; the gateway may close before it."""
    # OSError: a socket that the peer has reset is "not connected" to shutdown, which has no class of its own.
    with suppress(OSError):
        for mutant in mutants:
            link.send_octets(mutant)
        link.socket.shutdown(socket.SHUT_WR)
    assert link.is_closed()
    link.close()


@pytest.mark.slow
def test_a_real_gateway_survives_and_its_other_clients_notice_nothing(
    seed: str, gateway: GatewayProcess, tmp_path: Path
) -> None:
    """Sessions of twenty PDUs each; after every one the bystander submits and is answered in time."""
    source = random.Random(f"{seed}:process")
    handsets = Mutator((*corpus(RU, "9393"), *corpus(RU, EN)), source)
    applications = Mutator(corpus("1234", RU), source)
    bystander = _bound(gateway, "handset", "handset", EN)
    for number in range(0, PROCESS_PDUS, PDUS_A_SESSION):
        as_handset = source.random() < 0.5
        mutator = handsets if as_handset else applications
        mutants = [mutator.mutant() for _ in range(PDUS_A_SESSION)]
        sender = ("handset", "handset", RU) if as_handset else ("app1", PASSWORD)
        told = f"SHORTCODE_FUZZ_SEED={seed}, PDUs {number} to {number + PDUS_A_SESSION - 1}"
        _throw(_bound(gateway, *sender), mutants)
        assert gateway.is_alive, told
        assert bystander.submit(EN, "6000", "BAL").command_status == OK, told
        while not bystander.delivery().short_message.startswith(b"Balance: "):
            pass
    assert "Traceback" not in gateway.log
    assert "batch.failed" not in gateway.log
    bystander.unbind()
    gateway.stop()
    gateway.assert_sound(tmp_path / "copy.db")
