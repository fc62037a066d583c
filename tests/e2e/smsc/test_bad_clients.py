"""Clients that flood, sleep, stop half-way or never bind: cut off or held back, and nobody else notices.

What a client may cost is looked at from outside: the resident memory of the gateway's process.
"""

import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandId, CommandStatus
from gateway.smpp.pdus import BindTransceiver, EnquireLink, EnquireLinkResp, SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from tests.e2e.conftest import Connect, StartGateway
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.raw_link import RawLink, message
from tests.e2e.smsc.memory import resident_octets
from tests.e2e.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

EN, RU = "77781234567", "77011234567"
OK, THROTTLED = CommandStatus.ESME_ROK, CommandStatus.ESME_RTHROTTLED
MIB = 1024 * 1024
CROWD = 1000
#: Longer than a neighbour may ever wait for its answer, on a machine under load.
PROMPT_S = 2.0


@pytest.fixture
def gateway(start_gateway: StartGateway) -> GatewayProcess:
    """One of the test's own, so that its memory tells of this test; nothing is captured and little logged."""
    settings = {"LOG_LEVEL": "error", "TIMERS__SESSION_INIT_S": "2", "CAPTURE_FILE": ""}
    return start_gateway(settings=settings)


@pytest.fixture
def neighbour(gateway: GatewayProcess, connect: Connect) -> Iterator[RawLink]:
    """A client that does everything right."""
    link = connect(gateway)
    assert link.bind(address_range=RU).command_status == OK
    yield link
    link.unbind()


def _served(link: RawLink) -> None:
    """It asks and is answered, promptly."""
    began = time.monotonic()
    assert link.submit(RU, "6000", "BAL").command_status == OK
    link.delivery()
    assert time.monotonic() - began < PROMPT_S


def _flood(link: RawLink, octets: bytes, most: int) -> int:
    """Write as long as the gateway reads, ``most`` octets at most; how many went out."""
    link.socket.settimeout(0.5)
    sent = 0
    with suppress(TimeoutError, ConnectionError):
        while sent < most:
            sent += link.socket.send(octets)
    return sent


def test_a_thousand_connections_that_never_bind_are_closed_in_time(
    gateway: GatewayProcess, neighbour: RawLink
) -> None:
    """Some say nothing, some half a header, some half a bind; the neighbour is served all along."""
    _served(neighbour)
    before = resident_octets(gateway.pid)
    half_bind = encode(BindTransceiver(system_id="handset", password="handset"))[:20]
    with ExitStack() as stack:
        crowd = []
        for number in range(CROWD):
            link = socket.create_connection(("127.0.0.1", gateway.smpp_port), timeout=20)
            stack.enter_context(link)
            link.sendall((b"", b"\0\0", half_bind)[number % 3])
            crowd.append(link)
            if number % 100 == 0:
                _served(neighbour)
        during = resident_octets(gateway.pid)
        assert all(link.recv(1) == b"" for link in crowd), "each is closed, without a word"
    _served(neighbour)
    assert during - before < CROWD * 40_000


def test_clients_that_connect_and_vanish_leave_nothing_behind(
    gateway: GatewayProcess, neighbour: RawLink, connect: Connect
) -> None:
    """Two thousand, bound and not, with a reset in place of a goodbye: memory stays where it was."""

    def come_and_go(count: int) -> None:
        for number in range(count):
            link = RawLink(gateway.smpp_port)
            if number % 2:
                assert link.bind(address_range=EN).command_status == OK
            link.vanish()

    come_and_go(500)
    _served(neighbour)
    before = resident_octets(gateway.pid)
    come_and_go(2000)
    _served(neighbour)
    assert resident_octets(gateway.pid) - before < 10 * MIB
    newcomer = connect(gateway)
    assert newcomer.bind(address_range=EN).command_status == OK
    newcomer.unbind()


def test_a_flood_of_requests_is_throttled_and_bounded(
    gateway: GatewayProcess, neighbour: RawLink, connect: Connect
) -> None:
    """It reads none of its answers; sooner or later the gateway reads no more from it."""
    flooder = connect(gateway)
    assert flooder.bind(address_range=EN).command_status == OK
    _served(neighbour)
    before = resident_octets(gateway.pid)
    submits = b"".join(flooder.numbered(message(EN, "6000", "BAL")) for _ in range(500))
    sent = _flood(flooder, submits, 64 * MIB)
    assert sent < 64 * MIB, "the gateway reads on and on"
    _served(neighbour)
    assert resident_octets(gateway.pid) - before < 24 * MIB
    flooder.vanish()
    _served(neighbour)


def test_a_flood_of_enquiries_and_of_nonsense_is_bounded_too(
    gateway: GatewayProcess, neighbour: RawLink, connect: Connect
) -> None:
    """enquire_link without end, unknown commands without end: each answer waits to be read."""
    before = resident_octets(gateway.pid)
    for frame in (encode(EnquireLink(7)), struct.pack(">4I", 16, 0xFF, 0, 7)):
        flooder = connect(gateway)
        assert flooder.bind(address_range=EN).command_status == OK
        assert _flood(flooder, frame * 2000, 64 * MIB) < 64 * MIB
        _served(neighbour)
        flooder.vanish()
    assert resident_octets(gateway.pid) - before < 16 * MIB


def test_half_open_clients_hold_no_more_than_one_pdu_each(
    gateway: GatewayProcess, neighbour: RawLink, connect: Connect
) -> None:
    """A hundred sessions that each begin a PDU of 70,000 octets and never end it."""
    before = resident_octets(gateway.pid)
    links = [connect(gateway) for _ in range(100)]
    for link in links:
        assert link.bind(address_range=EN).command_status == OK
        link.send_octets(struct.pack(">4I", 70_000, CommandId.SUBMIT_SM, 0, 1) + bytes(69_900))
    _served(neighbour)
    assert resident_octets(gateway.pid) - before < 100 * 4 * 70_000
    for link in links:
        link.send_octets(bytes(84))
        assert getattr(link.read(), "command_status", OK) != OK
        link.close()


def test_a_slow_reader_gets_everything_in_the_end_and_costs_little(
    gateway: GatewayProcess, neighbour: RawLink, connect: Connect
) -> None:
    """Two thousand messages of eight segments wait; nearly all of them in the store."""
    sender, reader = connect(gateway), connect(gateway)
    assert sender.bind("app1", "secret1").command_status == OK
    assert reader.bind(address_range=EN).command_status == OK
    _served(neighbour)
    before = resident_octets(gateway.pid)
    payload = (Tlv(Tag.MESSAGE_PAYLOAD, b"x" * 1000),)
    count = 2_000
    requests = [message("1234", EN, data_coding=4, short_message=b"", tlvs=payload) for _ in range(count)]
    accepted = _submit_all(sender, requests)
    assert accepted == count
    _served(neighbour)
    assert resident_octets(gateway.pid) - before < 48 * MIB
    parts = -(-1000 // 134)
    for _ in range(50 * parts):
        reader.delivery()
    sender.unbind()
    reader.unbind()


def _submit_all(link: RawLink, requests: list[SubmitSm]) -> int:
    """As many at a time as the window allows; what is throttled is sent again."""
    accepted = 0
    for at in range(0, len(requests), 100):
        part = requests[at : at + 100]
        link.send_octets(b"".join(map(link.numbered, part)))
        accepted += sum(getattr(link.read(), "command_status", None) == OK for _ in part)
    return accepted


def test_a_client_that_sends_one_octet_at_a_time_for_ever_is_only_slow(
    gateway: GatewayProcess, neighbour: RawLink, connect: Connect
) -> None:
    """It is bound, so it may take its time; the others are served between its octets."""
    dripper = connect(gateway)
    assert dripper.bind(address_range=EN).command_status == OK
    for octet in dripper.numbered(message(EN, "6000", "BAL")):
        dripper.send_octets(bytes((octet,)))
        _served(neighbour)
    assert getattr(dripper.read(), "command_status", None) == OK
    dripper.delivery()
    dripper.unbind()


def test_a_half_closed_client_is_let_go(
    gateway: GatewayProcess, neighbour: RawLink, connect: Connect
) -> None:
    """It says that it sends no more (TCP FIN): the session ends, and its place is free."""
    link = connect(gateway)
    assert link.bind(address_range=EN).command_status == OK
    link.socket.shutdown(socket.SHUT_WR)
    assert link.is_closed()
    again = connect(gateway)
    assert again.bind(address_range=EN).command_status == OK
    assert isinstance(again.ask(EnquireLink()), EnquireLinkResp)
    again.unbind()
    _served(neighbour)


def test_connections_beyond_the_limit_are_closed_and_room_comes_back(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """limits.connections_max; those who are in stay in."""
    gateway = start_gateway(settings={"LIMITS__CONNECTIONS_MAX": "3", "LOG_LEVEL": "error"})
    links = [connect(gateway) for _ in range(3)]
    for link in links:
        assert link.bind(address_range=EN).command_status == OK
    assert connect(gateway).is_closed()
    links[0].unbind()

    def one_more() -> bool:
        link = connect(gateway)
        with suppress(AssertionError, ConnectionError):
            return link.bind(address_range=EN).command_status == OK
        return False

    until(one_more, "the place that became free can be taken")
    assert isinstance(links[1].ask(EnquireLink()), EnquireLinkResp)
    for link in links[1:]:
        link.unbind()
