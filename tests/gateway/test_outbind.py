"""Calls to applications that listen: when they are made, when again, and what becomes of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from twisted.internet.error import ConnectionDone, ConnectionRefusedError  # noqa: A004 - Twisted's own
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from gateway.config import DEMO_ACCOUNTS
from gateway.outbind import RETRY_S, InvitedPeer, Outbinds, address_of
from gateway.smpp import pdus
from gateway.smpp.constants import CommandStatus as St
from handlers.base.command import Secret
from tests.gateway.smsc import Client, Smsc
from tests.gateway.stand import LogLines, Stand

HANDSET, APP = DEMO_ACCOUNTS
CALLED = replace(APP, outbind="203.0.113.5:2776", outbind_password=Secret("hello"))
TRX = pdus.BindTransceiver(1, "app1", "secret1")


class Calls:
    """An SMSC whose application listens, in a world without network."""

    def __init__(self, stand: Stand) -> None:
        self.smsc = Smsc(stand, accounts=(HANDSET, CALLED))
        # Twisted's reactor for tests has no types.
        self.reactor: Any = cast("Any", MemoryReactorClock)()
        self.waiting = True
        self.asked: list[str] = []
        self.outbinds = Outbinds((HANDSET, CALLED), self.smsc.server, self.reactor, self._waits)

    def _waits(self, system_id: str, done: Callable[[bool], None]) -> None:
        self.asked.append(system_id)
        done(self.waiting)

    @property
    def made(self) -> int:
        """How many calls there were."""
        return len(self.reactor.tcpClients)

    @property
    def factory(self) -> Any:
        """That of the latest call."""
        return self.reactor.tcpClients[-1][2]

    def answered(self) -> Client:
        """Somebody takes the call; what we send stays in the transport."""
        peer = self.factory.buildProtocol(None)
        assert isinstance(peer, InvitedPeer)
        return Client(self.smsc, peer)

    def refused(self) -> None:
        """Nobody listens there."""
        self.factory.clientConnectionFailed(None, cast("Any", Failure)(cast("Any", ConnectionRefusedError)()))

    def hung_up(self, client: Client) -> None:
        """The connection ends."""
        client.lose()
        self.factory.clientConnectionLost(None, cast("Any", Failure)(ConnectionDone()))


@pytest.fixture
def calls(stand: Stand) -> Calls:
    return Calls(stand)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:2776", ("127.0.0.1", 2776)),
        ("esme.example:1", ("esme.example", 1)),
        ("[::1]:65535", ("::1", 65535)),
    ],
)
def test_the_address_is_host_and_port(text: str, address: tuple[str, int]) -> None:
    assert address_of(text) == address


def test_nobody_is_called_before_something_waits(calls: Calls) -> None:
    calls.reactor.advance(1000)
    assert calls.made == 0


def test_an_application_with_waiting_messages_is_called_once(calls: Calls) -> None:
    for _ in range(5):
        calls.outbinds.wanted("app1")
    assert calls.made == 1
    assert calls.reactor.tcpClients[0][:2] == ("203.0.113.5", 2776)


@pytest.mark.parametrize("system_id", ["handset", "nobody"])
def test_an_account_without_outbind_is_never_called(calls: Calls, system_id: str) -> None:
    calls.outbinds.wanted(system_id)
    assert calls.made == 0


def test_an_application_that_receives_already_is_not_called(calls: Calls) -> None:
    assert calls.smsc.connect().status(TRX) is St.ESME_ROK
    calls.outbinds.wanted("app1")
    assert calls.made == 0


@pytest.mark.conformance("outbind", "outbind.system_id", "outbind.password")
def test_the_invitation_names_us_and_proves_it(calls: Calls) -> None:
    calls.outbinds.wanted("app1")
    (outbind,) = calls.answered().taken()
    assert isinstance(outbind, pdus.Outbind)
    assert (outbind.system_id, outbind.password) == ("shortcode", "hello")
    assert outbind.sequence_number == 1


@pytest.mark.parametrize("kind", [pdus.BindReceiver, pdus.BindTransceiver])
def test_the_application_binds_and_is_a_session_like_any_other(calls: Calls, kind: type[pdus.Bind]) -> None:
    calls.outbinds.wanted("app1")
    client = calls.answered()
    client.taken()
    assert client.status(kind(1, "app1", "secret1")) is St.ESME_ROK
    assert [bind.link for bind in calls.smsc.server.binds.for_account("app1")] == [client.peer]
    calls.reactor.advance(1000)
    calls.outbinds.wanted("app1")
    assert calls.made == 1


def test_a_transmitter_is_no_answer_to_an_outbind(calls: Calls) -> None:
    """SMPP 3.4 section 2.2.1: it is for receiving."""
    calls.outbinds.wanted("app1")
    client = calls.answered()
    client.taken()
    assert client.status(pdus.BindTransmitter(1, "app1", "secret1")) is St.ESME_RINVBNDSTS


def test_a_bind_on_our_call_needs_the_password_and_the_account(calls: Calls) -> None:
    calls.outbinds.wanted("app1")
    client = calls.answered()
    client.taken()
    assert client.status(pdus.BindReceiver(1, "app1", "wrong")) is St.ESME_RINVPASWD
    assert client.status(pdus.BindReceiver(2, "handset", "handset")) is St.ESME_RBINDFAIL
    assert client.status(pdus.BindReceiver(3, "app1", "secret1")) is St.ESME_ROK


def test_a_call_that_fails_is_made_again_after_growing_waits(calls: Calls, logged: LogLines) -> None:
    calls.outbinds.wanted("app1")
    for number, wait_s in enumerate((*RETRY_S, RETRY_S[-1]), start=1):
        calls.refused()
        calls.reactor.advance(wait_s - 0.1)
        calls.outbinds.wanted("app1")
        assert calls.made == number
        calls.reactor.advance(0.2)
        assert calls.made == number + 1
    lines = [line for line in logged if line["event"] == "outbind.failed"]
    assert [line["again_s"] for line in lines] == [*RETRY_S, RETRY_S[-1]]
    assert {line["address"] for line in lines} == {"203.0.113.5:2776"}
    assert "refused" in lines[0]["reason"]
    assert "hello" not in repr(logged)


def test_when_nothing_waits_any_more_nobody_is_called(calls: Calls) -> None:
    calls.outbinds.wanted("app1")
    calls.refused()
    calls.waiting = False
    calls.reactor.advance(1000)
    assert calls.made == 1
    assert calls.asked == ["app1"]
    calls.outbinds.wanted("app1")
    assert calls.made == 2


def test_who_has_bound_by_itself_meanwhile_is_not_called_again(calls: Calls) -> None:
    calls.outbinds.wanted("app1")
    calls.refused()
    assert calls.smsc.connect().status(TRX) is St.ESME_ROK
    calls.reactor.advance(1000)
    assert calls.made == 1


def test_an_application_that_takes_the_call_and_does_not_bind_counts_as_failed(
    calls: Calls, logged: LogLines
) -> None:
    calls.outbinds.wanted("app1")
    client = calls.answered()
    calls.smsc.wait(6)
    assert client.transport.disconnecting
    calls.hung_up(client)
    (line,) = [each for each in logged if each["event"] == "outbind.failed"]
    assert line["reason"] == "no bind in time"
    calls.reactor.advance(1.1)
    assert calls.made == 2


def test_after_a_session_that_was_bound_the_waits_begin_anew(calls: Calls) -> None:
    """And an application that hangs up at once is not called in a loop."""
    calls.outbinds.wanted("app1")
    for _ in range(3):
        calls.refused()
        calls.reactor.advance(60)
    client = calls.answered()
    client.send(TRX)
    made = calls.made
    calls.hung_up(client)
    calls.outbinds.wanted("app1")
    assert calls.made == made
    calls.reactor.advance(1.1)
    assert calls.made == made + 1


def test_after_a_session_with_nothing_left_nobody_is_called(calls: Calls) -> None:
    calls.outbinds.wanted("app1")
    client = calls.answered()
    client.send(TRX)
    calls.waiting = False
    calls.hung_up(client)
    calls.reactor.advance(1000)
    assert calls.made == 1


def test_a_gateway_without_room_does_not_take_its_own_call(calls: Calls) -> None:
    calls.outbinds.wanted("app1")
    calls.smsc.server.stopping = True
    assert calls.factory.buildProtocol(None) is None
    calls.factory.clientConnectionLost(None, cast("Any", Failure)(ConnectionDone()))
    calls.reactor.advance(1.1)
    assert calls.made == 2


@pytest.mark.parametrize("when", ["before", "resting"])
def test_after_the_stop_nobody_is_called(calls: Calls, when: str) -> None:
    if when == "resting":
        calls.outbinds.wanted("app1")
        calls.refused()
    made = calls.made
    calls.outbinds.stop()
    calls.outbinds.wanted("app1")
    calls.reactor.advance(1000)
    assert calls.made == made
    assert calls.reactor.getDelayedCalls() == []


def test_the_stop_ends_a_call_that_nobody_has_taken(calls: Calls) -> None:
    calls.outbinds.wanted("app1")
    connector = calls.reactor.connectors[-1]
    calls.outbinds.stop()
    assert connector._disconnected
    calls.refused()
    assert calls.reactor.getDelayedCalls() == []
