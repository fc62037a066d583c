"""One connection as the dispatcher and the log see it: room, starvation, how it ended, nothing secret."""

from typing import TYPE_CHECKING

import pytest

from gateway.lane import Flight, Lane
from gateway.smpp import pdus
from gateway.smpp.codec import encode
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import BindClosed
from storage.model import Outbox
from tests.gateway.fake_mailroom import deliver_pdus
from tests.gateway.smsc import Client, Smsc
from tests.gateway.stand import ALIYA, LogLines, Stand

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def smsc(stand: Stand) -> Smsc:
    return Smsc(stand)


@pytest.fixture
def drained(smsc: Smsc, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sessions of which the dispatcher was told that there is room again."""
    told: list[str] = []
    monkeypatch.setattr(smsc.server.dispatcher, "drained", told.append)
    return told


def flight(text: str) -> Flight:
    payload = deliver_pdus(text)
    outbox = Outbox(message_id=text, lane="ussd:x", payload=payload, due_us=0, expires_us=1, bearer="ussd")
    return Flight(Lane("ussd:x", 1), outbox, [payload])


def deliver(client: Client, text: str) -> bool:
    one = flight(text)
    return client.peer.deliver(one.part, one)


def test_each_delivery_has_a_sequence_number_of_its_own(smsc: Smsc) -> None:
    client = smsc.bind()
    assert deliver(client, "one")
    assert deliver(client, "two")
    assert [pdu.sequence_number for pdu in client.taken()] == [1, 2]


def test_a_client_that_reads_again_is_told_of_once_and_only_if_it_was_passed_over(
    smsc: Smsc, drained: list[str]
) -> None:
    client = smsc.bind()
    client.peer.pauseProducing()
    client.peer.resumeProducing()
    assert drained == []
    client.peer.pauseProducing()
    assert not deliver(client, "one")
    client.peer.resumeProducing()
    client.peer.resumeProducing()
    assert drained == [client.peer.session_id]


def test_nothing_is_delivered_before_the_bind_or_after_the_goodbye(smsc: Smsc) -> None:
    assert not deliver(smsc.connect(), "one")
    client = smsc.bind()
    client.peer.close("the gateway stops")
    client.taken()
    assert not deliver(client, "one")
    assert client.taken() == []


def test_a_delivery_to_an_old_client_loses_its_parameters_and_nothing_else(smsc: Smsc) -> None:
    client = smsc.connect()
    client.send(pdus.BindTransceiver(1, "handset", "handset", interface_version=0x33))
    full = pdus.DeliverSm(short_message=b"hello", tlvs=(Tlv(Tag.MESSAGE_STATE, 2),))
    assert client.peer.deliver(encode(full), None)
    assert client.taken() == [pdus.DeliverSm(1, short_message=b"hello")]


@pytest.mark.parametrize(("octets", "is_moved"), [(254, True), (255, False)])
def test_an_old_client_gets_a_payload_that_fits_as_its_short_message(
    smsc: Smsc, octets: int, is_moved: bool
) -> None:
    client = smsc.connect()
    client.send(pdus.BindTransceiver(1, "handset", "handset", interface_version=0x33))
    text = b"x" * octets
    full = pdus.DeliverSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, text),))
    assert client.peer.deliver(encode(full), None)
    moved, kept = pdus.DeliverSm(1, short_message=text), pdus.DeliverSm(1, tlvs=full.tlvs)
    assert client.taken() == [moved if is_moved else kept]


def test_an_alert_to_an_old_client_has_no_parameters(smsc: Smsc) -> None:
    client = smsc.connect()
    client.send(pdus.BindTransceiver(1, "handset", "handset", interface_version=0x33))
    assert client.peer.deliver(
        encode(pdus.AlertNotification(tlvs=(Tlv(Tag.MS_AVAILABILITY_STATUS, 0),))), None
    )
    assert client.taken() == [pdus.AlertNotification(1)]


def unbind(client: Client) -> None:
    client.send(pdus.Unbind(5))
    client.lose()


def break_off(client: Client) -> None:
    client.lose()


def cut_off(client: Client) -> None:
    client.peer.abort("the outcome is unknown")
    client.lose()


@pytest.mark.parametrize(
    ("end", "reason", "clean"),
    [
        (unbind, "unbound", True),
        (break_off, "Connection was closed cleanly.", False),
        (cut_off, "the outcome is unknown", False),
    ],
)
def test_how_a_session_ended_is_written_down(
    smsc: Smsc, end: "Callable[[Client], None]", reason: str, *, clean: bool
) -> None:
    client = smsc.bind()
    end(client)
    (closed,) = [work for work in smsc.works if isinstance(work, BindClosed)]
    assert closed == BindClosed(client.peer.session_id, reason, clean)
    assert len(smsc.server) == len(smsc.server.binds) == 0


def test_a_connection_that_never_bound_leaves_no_row(smsc: Smsc) -> None:
    smsc.connect().lose()
    assert smsc.works == []


def test_an_unbound_session_gets_nothing_while_its_connection_lingers(smsc: Smsc) -> None:
    client = smsc.bind(address_range=ALIYA)
    client.send(pdus.Unbind(5))
    found = smsc.server.binds.for_msisdn(ALIYA)
    assert found is None


def test_what_the_session_deals_with_itself_is_noted_without_content(smsc: Smsc, logged: LogLines) -> None:
    client = smsc.bind()
    client.send(pdus.DeliverSmResp(77))
    client.send(pdus.BindTransceiver(8, "handset", "s3cr3t"))
    notes = {line["event"]: line for line in logged}
    assert notes["response.unexpected"]["command"] == "deliver_sm_resp"
    assert notes["pdu.refused"]["status"] == "ESME_RALYBND"
    assert "s3cr3t" not in repr(logged)


def test_a_closed_connection_whose_client_does_not_read_is_cut_off(smsc: Smsc) -> None:
    """Its last octets would never leave, and its bind would go on serving its number."""
    client = smsc.bind()
    client.peer.pauseProducing()
    smsc.wait(41)  # enquire_link after 30 s, its response due 10 s later
    assert client.transport.disconnecting
    assert not client.transport.disconnected
    smsc.wait(7)
    assert client.transport.disconnected


def test_a_late_answer_is_noted_and_changes_nothing(smsc: Smsc, logged: LogLines) -> None:
    client = smsc.bind()
    deliver(client, "one")
    smsc.wait(12)
    client.send(pdus.DeliverSmResp(1))
    assert [line["event"] for line in logged if "response" in line["event"]] == ["response.late"]
