"""TLS around a session: versions, certificates, back-pressure and the end, without a network.

The client is Python's own ssl module, so that the two ends do not share their mistakes.
"""

import ssl
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.x509.oid import NameOID
from twisted.protocols.tls import TLSMemoryBIOFactory

from gateway.config import DEMO_ACCOUNTS, Account, Tls
from gateway.smpp import pdus
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import CommandStatus as St
from gateway.smpp.framer import Framer
from gateway.tls import context_of
from gateway.tls_files import TlsFileError, TlsFiles, read_tls_files
from tests.gateway.certificates import Made, make
from tests.gateway.smsc import Smsc, Transport
from tests.gateway.stand import ALIYA, LogLines, Stand

HANDSET, APP = DEMO_ACCOUNTS
BIND = pdus.BindTransceiver(1, "handset", "handset", address_range=ALIYA)


class World:
    """An SMSC behind TLS, and the certificates around it."""

    def __init__(self, folder: Path, stand: Stand, *, ca: bool = True, **account: Any) -> None:
        self.authority = make(folder, "ca")
        self.stranger = make(folder, "stranger", make(folder, "other-ca"))
        self.client = make(folder, "client", self.authority)
        server = make(folder, "server", self.authority)
        self.tls = Tls(
            certificate=server.certificate_file,
            private_key=server.key_file,
            client_ca=self.authority.certificate_file if ca else None,
        )
        if account.pop("pinned", False):
            account["client_certificates"] = (self.client.fingerprint,)
        accounts: tuple[Account, ...] = (replace(HANDSET, **account), APP)
        self.smsc = Smsc(stand, accounts=accounts)
        # Twisted's TLS has no types.
        self.factory: Any = cast("Any", TLSMemoryBIOFactory)(
            context_of(read_tls_files(self.tls)), False, self.smsc.server
        )

    def connect(self, certificate: Made | None = None, version: ssl.TLSVersion | None = None) -> "Client":
        """A client that has said hello, as far as it gets."""
        context = ssl.create_default_context(cafile=str(self.authority.certificate_file))
        if certificate is not None:
            context.load_cert_chain(certificate.certificate_file, certificate.key_file)
        if version is not None:
            context.maximum_version = version
        return Client(self, context)


class Client:
    """One connection; what either side says is carried over at once."""

    def __init__(self, world: World, context: ssl.SSLContext) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.ssl = context.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1")
        self.transport: Any = cast("Any", Transport)()
        self.protocol = world.factory.buildProtocol(None)
        self.protocol.makeConnection(self.transport)
        self.framer = Framer()
        self.frames: list[bytes] = []
        for _ in range(4):
            try:
                self.ssl.do_handshake()
            except ssl.SSLWantReadError:
                self.carry()
        self.carry()

    @property
    def peer(self) -> Any:
        """The server's end."""
        return self.protocol.wrappedProtocol

    def carry(self) -> None:
        """Octets both ways, until nobody has any."""
        while True:
            # Twisted gathers small writes until the next turn of its reactor, which does not turn here.
            self.protocol._aggregator.flush()
            moved = self.outgoing.read()
            if moved:
                self.protocol.dataReceived(moved)
            came = self.transport.value()
            self.transport.clear()
            self.incoming.write(came)
            if not moved and not came:
                return

    def send(self, pdu: pdus.Pdu) -> list[pdus.Pdu]:
        """A PDU, and what comes back at once."""
        self.ssl.write(encode(pdu))
        return self.taken()

    def taken(self) -> list[pdus.Pdu]:
        """What has come since the last time."""
        self.carry()
        self.frames = []
        while True:
            try:
                octets = self.ssl.read(65_536)
            except ssl.SSLWantReadError:
                break
            if not octets:
                break
            self.frames += self.framer.feed(octets)
        return [decode(frame) for frame in self.frames]

    def status(self, pdu: pdus.Pdu) -> St:
        """The status of the only answer."""
        self.send(pdu)
        (frame,) = self.frames
        return St(int.from_bytes(frame[8:12], "big"))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_over_tls_is_a_session(tmp_path: Path, stand: Stand, version: ssl.TLSVersion) -> None:
    world = World(tmp_path, stand)
    client = world.connect(version=version)
    assert client.ssl.version() == version.name.replace("_", ".")
    assert client.status(BIND) is St.ESME_ROK
    assert client.send(pdus.EnquireLink(2)) == [pdus.EnquireLinkResp(2)]


def test_older_versions_are_refused(tmp_path: Path, stand: Stand) -> None:
    world = World(tmp_path, stand)
    context = ssl.create_default_context(cafile=str(world.authority.certificate_file))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        Client(world, context).ssl.do_handshake()


def test_an_account_may_ask_for_tls(tmp_path: Path, stand: Stand) -> None:
    world = World(tmp_path, stand, tls_required=True)
    assert world.connect().status(BIND) is St.ESME_ROK
    assert world.smsc.connect().status(BIND) is St.ESME_RBINDFAIL


def test_a_client_certificate_is_asked_for_and_needed_where_the_account_says_so(
    tmp_path: Path, stand: Stand
) -> None:
    world = World(tmp_path, stand, pinned=True)
    assert world.connect(world.client).status(BIND) is St.ESME_ROK
    assert world.connect().status(BIND) is St.ESME_RBINDFAIL
    assert world.connect().status(pdus.BindTransceiver(1, "app1", "secret1")) is St.ESME_ROK


def test_a_certificate_of_the_authority_that_is_not_the_accounts_does_not_bind_it(
    tmp_path: Path, stand: Stand
) -> None:
    world = World(tmp_path, stand, pinned=True)
    another = make(tmp_path, "another", world.authority)
    assert world.connect(another).status(BIND) is St.ESME_RBINDFAIL


def test_a_certificate_of_a_foreign_authority_ends_the_connection_and_the_log_says_so(
    tmp_path: Path, stand: Stand, logged: LogLines
) -> None:
    world = World(tmp_path, stand)
    client = world.connect(world.stranger)
    assert client.transport.disconnecting
    client.protocol.connectionLost(client.protocol._reason)
    assert [line["event"] for line in logged] == ["tls.failed"]
    assert logged[0]["reason"] == "certificate verify failed"
    assert len(world.smsc.server) == 0


def test_without_an_authority_no_certificate_is_asked_for(tmp_path: Path, stand: Stand) -> None:
    world = World(tmp_path, stand, ca=False)
    client = world.connect(world.stranger)
    assert client.status(BIND) is St.ESME_ROK
    assert client.peer.caller().certificate == ""
    assert client.peer.caller().secure


def test_a_certificate_that_openssl_does_not_want_is_told_at_the_start() -> None:
    """Not with the first connection."""
    key = generate_private_key(65_537, 1024)  # noqa: S505 - too short, that is the point
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weak")])
    now = datetime.now(UTC)
    weak = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now)
        .sign(key, hashes.SHA256())
    )
    with pytest.raises(TlsFileError, match="too small"):
        context_of(TlsFiles((weak,), key))


def test_what_is_no_tls_ends_the_connection(tmp_path: Path, stand: Stand) -> None:
    world = World(tmp_path, stand)
    transport: Any = cast("Any", Transport)()
    protocol = world.factory.buildProtocol(None)
    protocol.makeConnection(transport)
    protocol.dataReceived(encode(BIND))
    assert transport.disconnecting


def test_a_client_that_does_not_read_is_neither_read_nor_written_to(tmp_path: Path, stand: Stand) -> None:
    """The full socket below TLS pauses the session above it."""
    stand.subscribe(ALIYA)
    world = World(tmp_path, stand)
    client = world.connect()
    client.send(BIND)
    world.smsc.commit()
    client.transport.producer.pauseProducing()
    assert client.transport.producerState == "paused"
    client.send(submit(2))
    world.smsc.commit()
    assert [type(each) for each in client.taken()] == [pdus.SubmitSmResp]
    client.transport.producer.resumeProducing()
    assert client.transport.producerState == "producing"
    world.smsc.commit()
    assert [type(each) for each in client.taken()] == [pdus.DeliverSm]


def submit(sequence: int) -> pdus.SubmitSm:
    return pdus.SubmitSm(
        sequence, source=pdus.Address(addr=ALIYA), destination=pdus.Address(addr="6000"), short_message=b"BAL"
    )


def test_the_end_is_said_in_tls_too(tmp_path: Path, stand: Stand) -> None:
    """close_notify: else the client could not tell it from a cut."""
    world = World(tmp_path, stand)
    client = world.connect()
    client.send(BIND)
    assert [type(each) for each in client.send(pdus.Unbind(2))] == [pdus.UnbindResp]
    world.smsc.wait(3)
    client.carry()
    assert client.ssl.read(1) == b""
    client.ssl.unwrap()
    client.carry()
    assert client.transport.disconnecting


def test_a_client_that_never_says_goodbye_is_dropped(tmp_path: Path, stand: Stand) -> None:
    world = World(tmp_path, stand)
    client = world.connect()
    world.smsc.wait(6)
    client.carry()
    assert not client.transport.disconnected
    world.smsc.wait(6)
    assert client.transport.disconnected


def test_a_handshake_that_is_never_finished_is_dropped(tmp_path: Path, stand: Stand) -> None:
    """The session init timer runs from the connection, not from the handshake."""
    world = World(tmp_path, stand)
    transport: Any = cast("Any", Transport)()
    world.factory.buildProtocol(None).makeConnection(transport)
    world.smsc.wait(6)
    assert transport.disconnected
