"""What the network may send beside short texts."""

import pytest

from simulator.events import IncomingSms
from tests.simulator.conftest import Screen
from tests.simulator.fake_smsc import (
    ALERT_NOTIFICATION,
    DATA_SM,
    GENERIC_NACK,
    MESSAGE_PAYLOAD,
    FakeSmsc,
    data_body,
    deliver_body,
    tlv,
)


@pytest.mark.usefixtures("handset")
def test_binary_for_a_port_is_shown_in_hexadecimal_with_its_port(smsc: FakeSmsc, screen: Screen) -> None:
    header = b"\x06\x05\x04\x0b\x84\x23\xf0"
    smsc.deliver(deliver_body("9393", header + b"\x01\x02", data_coding=4, esm_class=0x40))
    assert screen.next() == IncomingSms("9393", "01 02", port=2948)


@pytest.mark.usefixtures("handset")
def test_a_payload_of_64_k_is_read_by_deliver_sm_and_by_data_sm(smsc: FakeSmsc, screen: Screen) -> None:
    payload = tlv(MESSAGE_PAYLOAD, b"x" * 0xFFFF)
    assert smsc.deliver(deliver_body("9393", b"", tlvs=payload)) == 0
    assert smsc.response(DATA_SM, data_body("9393", payload)).status == 0
    assert screen.next() == screen.next() == IncomingSms("9393", "x" * 0xFFFF)


@pytest.mark.usefixtures("handset")
def test_a_data_sm_is_shown_and_answered_with_its_own_response(smsc: FakeSmsc, screen: Screen) -> None:
    body = data_body("9393", tlv(MESSAGE_PAYLOAD, "Сәлем".encode("utf-16-be")), data_coding=8)
    response = smsc.response(DATA_SM, body)
    assert (response.status, response.body) == (0, b"\0")
    assert screen.next() == IncomingSms("9393", "Сәлем")
    assert smsc.response(DATA_SM, body[:-1]).status == 0xC0
    assert smsc.response(DATA_SM, b"").status == 0x02


@pytest.mark.usefixtures("handset")
def test_an_alert_is_not_answered_and_disturbs_nothing(smsc: FakeSmsc, screen: Screen) -> None:
    alert = b"\1\1" + b"77021234567\0" + b"\0\0" + b"app1\0"
    for tlvs in (b"", tlv(0x0422, b"\0"), tlv(0x1501, b"?")):
        smsc.send(ALERT_NOTIFICATION, alert + tlvs)
    smsc.deliver(deliver_body("9393", b"still here"))
    assert screen.next() == IncomingSms("9393", "still here")
    assert smsc.pending(GENERIC_NACK) == 0
