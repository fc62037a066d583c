"""Who may bind, and what a session may say before, during and after it is bound."""

import pytest

from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    EnquireLink,
    EnquireLinkResp,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)
from gateway.smpp.tlv import Tag
from tests.e2e.conftest import Connect, Raw, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.raw_link import message

EN, RU = "77781234567", "77011234567"
OK = CommandStatus.ESME_ROK


@pytest.mark.conformance("bind_transceiver", "bind_transceiver_resp.system_id", "tlv.sc_interface_version")
def test_a_bind_is_answered_with_our_name_and_version(raw: Raw) -> None:
    """sc_interface_version 3.4 tells the peer that it may use optional parameters."""
    response = raw().bind()
    assert response.command_status == OK
    assert response.system_id == "shortcode"
    assert response.tlv(Tag.SC_INTERFACE_VERSION) == 0x34


@pytest.mark.conformance("bind_transceiver.system_id", "bind_transceiver.password", "status.ESME_RINVPASWD")
@pytest.mark.parametrize(
    ("system_id", "password"),
    [("handset", "wrong"), ("handset", ""), ("nobody", "handset"), ("", ""), ("app1", "handset")],
)
def test_a_wrong_password_and_an_unknown_account_are_answered_alike(
    raw: Raw, system_id: str, password: str
) -> None:
    """ESME_RINVPASWD for both, so that nobody learns which accounts there are."""
    assert raw().bind(system_id, password).command_status == CommandStatus.ESME_RINVPASWD


def test_after_a_wrong_password_the_right_one_binds(raw: Raw) -> None:
    """One slip does not cost the connection."""
    link = raw()
    assert link.bind(password="wrong").command_status == CommandStatus.ESME_RINVPASWD
    assert link.bind().command_status == OK


def test_a_third_refused_bind_ends_the_connection(raw: Raw) -> None:
    """Guessing on one connection is slow."""
    link = raw()
    for _ in range(3):
        assert link.bind(password="wrong").command_status == CommandStatus.ESME_RINVPASWD
    assert link.is_closed()


@pytest.mark.conformance("session.OPEN", "status.ESME_RINVBNDSTS")
def test_a_submit_before_the_bind_is_refused_and_does_nothing(api: ControlApi, raw: Raw) -> None:
    """ESME_RINVBNDSTS; the connection can still be bound."""
    (code,) = api.codes()
    link = raw()
    assert link.submit(EN, "9393", code).command_status == CommandStatus.ESME_RINVBNDSTS
    assert api.credits(EN) == []
    assert link.bind().command_status == OK


@pytest.mark.conformance("session.BOUND_RX", "status.ESME_RINVBNDSTS")
def test_a_submit_on_a_receiver_bind_is_refused(api: ControlApi, raw: Raw) -> None:
    """A receiver receives only (SMPP 3.4 section 2.3)."""
    (code,) = api.codes()
    link = raw(kind=BindReceiver)
    assert link.submit(EN, "9393", code).command_status == CommandStatus.ESME_RINVBNDSTS
    assert api.credits(EN) == []


@pytest.mark.conformance("session.BOUND_TX", "session.BOUND_RX")
def test_a_transmitter_gets_no_deliveries_and_a_receiver_does(raw: Raw) -> None:
    """The reply to what one bind sent comes on the other."""
    receiver, transmitter = raw(kind=BindReceiver), raw(kind=BindTransmitter)
    assert transmitter.submit(EN, "6000", "BAL").command_status == OK
    assert receiver.delivery().short_message == b"Balance: 500 KZT"
    assert transmitter.waiting() == []


@pytest.mark.conformance("status.ESME_RALYBND")
def test_a_second_bind_on_a_bound_session_is_refused(raw: Raw) -> None:
    """ESME_RALYBND, and the session goes on."""
    link = raw(address_range=EN)
    assert link.bind(address_range=RU).command_status == CommandStatus.ESME_RALYBND
    assert link.submit(EN, "6000", "BAL").command_status == OK


@pytest.mark.conformance("unbind", "session.UNBOUND")
def test_after_the_unbind_nothing_is_served(raw: Raw) -> None:
    """The unbind is answered, and the connection is over."""
    link = raw(address_range=EN)
    link.send(Unbind())
    assert link.expect(UnbindResp).command_status == OK
    link.send(message(EN, "6000", "BAL"))
    assert link.is_closed()


@pytest.mark.conformance("bind_transceiver.address_range", "submit_sm.source_addr", "status.ESME_RINVSRCADR")
@pytest.mark.parametrize(
    ("address_range", "source"),
    [(EN, RU), ("^7701", EN), ("^77781234568$", EN), ("", "12345"), ("", ""), ("", "9393")],
)
def test_a_source_address_outside_the_binds_range_is_refused(
    api: ControlApi, raw: Raw, address_range: str, source: str
) -> None:
    """ESME_RINVSRCADR, for SMS and USSD, and nothing is credited."""
    (code,) = api.codes()
    link = raw(address_range=address_range)
    refused = CommandStatus.ESME_RINVSRCADR
    assert link.submit(source, "9393", code).command_status == refused
    assert link.dial(source, f"*110*{code}#").command_status == refused
    assert api.credits(EN) + api.credits(RU) == []


@pytest.mark.conformance("bind_transceiver.address_range")
@pytest.mark.parametrize("address_range", ["", EN, "^7778", "7778.*", "^77781234567$", "7778[0-9]{7}"])
def test_a_source_address_within_the_range_is_served(raw: Raw, address_range: str) -> None:
    """Empty is all; a pattern is POSIX-like on the canonical MSISDN; a number is that number."""
    link = raw(address_range=address_range)
    assert link.submit(EN, "6000", "BAL").command_status == OK


@pytest.mark.conformance("status.ESME_RBINDFAIL")
@pytest.mark.parametrize("address_range", ["(", "[0-9", "7*7*7*7*7*7*7*7*7*7*$", "(7+)+$", "*"])
def test_a_range_that_is_no_pattern_is_refused_at_the_bind(raw: Raw, address_range: str) -> None:
    """A peer's expression never reaches a backtracking matcher."""
    assert raw().bind(address_range=address_range).command_status != OK


@pytest.mark.conformance("submit_sm.destination_addr", "status.ESME_RINVDSTADR")
@pytest.mark.parametrize("destination", ["8888", "1", "", "93930", "939", "SHORTCODE"])
def test_an_unknown_short_code_is_refused(raw: Raw, destination: str) -> None:
    """ESME_RINVDSTADR; there is nothing to wait for."""
    link = raw(address_range=EN)
    response = link.submit(EN, destination, "hello")
    assert response.command_status == CommandStatus.ESME_RINVDSTADR
    assert link.waiting() == []


@pytest.mark.conformance("enquire_link", "session.OPEN")
def test_enquire_link_is_answered_bound_or_not(raw: Raw) -> None:
    """Before the bind and after it."""
    link = raw()
    for _ in range(2):
        sequence = link.send(EnquireLink())
        assert link.read() == EnquireLinkResp(sequence)
        assert link.bind().command_status in {OK, CommandStatus.ESME_RALYBND}


def test_more_binds_than_the_account_allows_are_refused(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """``binds_max`` of the configuration; a place that becomes free can be taken."""
    account = '[{"system_id": "one", "password": "one", "side": "handset", "binds_max": 1}]'
    gateway = start_gateway(settings={"ACCOUNTS": account})
    first, second = connect(gateway), connect(gateway)
    assert first.bind("one", "one").command_status == OK
    assert second.bind("one", "one").command_status == CommandStatus.ESME_RBINDFAIL
    first.unbind()
    assert second.bind("one", "one").command_status == OK
    second.close()


@pytest.mark.conformance("session.OPEN")
def test_a_connection_that_never_binds_is_closed(start_gateway: StartGateway, connect: Connect) -> None:
    """The session initialisation timer; half a PDU does not keep it open."""
    gateway = start_gateway(settings={"TIMERS__SESSION_INIT_S": "0.5"})
    silent, half = connect(gateway), connect(gateway)
    half.send_octets(half.numbered(BindTransceiver())[:9])
    assert silent.is_closed()
    assert half.is_closed()
    silent.close()
    half.close()


@pytest.mark.conformance("enquire_link")
def test_a_peer_that_does_not_answer_enquire_link_is_disconnected(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """Silence on a bound session is asked about, and then ended."""
    gateway = start_gateway(settings={"TIMERS__ENQUIRE_LINK_S": "0.3", "TIMERS__RESPONSE_S": "0.3"})
    link = connect(gateway)
    assert link.bind().command_status == OK
    assert isinstance(link.expect(EnquireLink), EnquireLink)
    assert link.is_closed()
    link.close()


@pytest.mark.conformance("submit_sm_resp.message_id")
def test_the_submit_response_carries_an_unguessable_message_id(raw: Raw) -> None:
    """Each its own, of 32 hexadecimal digits."""
    link = raw(address_range=EN)
    requests = [message(EN, "6000", "BAL") for _ in range(20)]
    link.send_octets(b"".join(map(link.numbered, requests)))
    ids = [link.expect(SubmitSmResp).message_id for _ in requests]
    assert len(set(ids)) == len(ids)
    assert all(len(each) == 32 and int(each, 16) for each in ids)
