"""Handsets that are full, out of coverage, busy or broken, on a real gateway."""

from collections.abc import Callable

import pytest

from gateway.smpp.constants import EsmClass
from gateway.smpp.tlv import Tag, Tlv
from simulator.condition import Behaviour
from simulator.events import IncomingSms
from tests.e2e.conftest import MakePhone
from tests.e2e.control_api import ControlApi
from tests.e2e.phone import Phone
from tests.e2e.raw_link import RawLink
from tests.e2e.waiting import until

EN = "77781234567"
#: The longest pause between two attempts, and more.
LATER_S = 7200
FLASH = 0x10


def _out_of_coverage(phone: Phone) -> None:
    phone.handset.condition.in_coverage = False


def _full(phone: Phone) -> None:
    phone.handset.condition.fill()


def _busy(phone: Phone) -> None:
    phone.handset.condition.behaviour = Behaviour.BUSY


def _well(phone: Phone) -> None:
    phone.handset.condition.in_coverage = True
    phone.handset.condition.free()
    phone.handset.condition.behaviour = Behaviour.NORMAL


@pytest.mark.parametrize("worsen", [_out_of_coverage, _full, _busy])
def test_a_message_for_a_handset_in_trouble_waits_and_comes_by_the_schedule(
    phone: MakePhone, app1: RawLink, api: ControlApi, worsen: Callable[[Phone], None]
) -> None:
    """The handset sends nothing when it is well again; the gateway tries again in operator time."""
    api.virtual_clock()
    handset = phone(EN)
    worsen(handset)
    message_id = app1.submit("1234", EN, "patience").message_id
    until(lambda: api.whole(message_id)["attempts"], "it was tried")
    assert api.whole(message_id)["state"] == "ENROUTE"
    _well(handset)
    api.advance(LATER_S)
    assert handset.incoming() == IncomingSms("1234", "patience")
    until(lambda: api.whole(message_id)["state"] == "DELIVERED", "it is delivered")


def test_binding_anew_brings_at_once_what_waited(phone: MakePhone, app1: RawLink, api: ControlApi) -> None:
    """No operator time passes."""
    api.virtual_clock()
    handset = phone(EN)
    _out_of_coverage(handset)
    ids = [app1.submit("1234", EN, f"patience {number}").message_id for number in range(3)]
    until(lambda: api.whole(ids[0])["attempts"], "it was tried")
    handset.handset.switch_off()
    _well(handset)
    handset.handset.switch_on()
    assert [handset.incoming().text for _ in ids] == [f"patience {number}" for number in range(3)]


def test_a_full_memory_takes_as_many_as_there_is_room_for_and_shows_flash_all_the_same(
    phone: MakePhone, app1: RawLink, api: ControlApi
) -> None:
    """Two places; a class 0 message takes none."""
    api.virtual_clock()
    handset = phone(EN)
    handset.handset.condition.free(2)
    app1.submit("1234", EN, "one")
    app1.submit("1234", EN, "look", data_coding=FLASH)
    app1.submit("1234", EN, "two")
    waiting = app1.submit("1234", EN, "three").message_id
    assert handset.incoming() == IncomingSms("1234", "one")
    assert handset.incoming() == IncomingSms("1234", "look", flash=True)
    assert handset.incoming() == IncomingSms("1234", "two")
    until(lambda: api.whole(waiting)["attempts"], "the third was tried")
    assert api.whole(waiting)["state"] == "ENROUTE"


@pytest.mark.conformance(
    "state.REJECTED", "state.UNDELIVERABLE", "status.ESME_RX_P_APPN", "status.ESME_RX_R_APPN"
)
@pytest.mark.parametrize(
    ("behaviour", "state"), [(Behaviour.REJECTING, "REJECTED"), (Behaviour.BROKEN, "UNDELIVERABLE")]
)
def test_a_refusal_for_good_is_final(
    phone: MakePhone, app1: RawLink, api: ControlApi, behaviour: Behaviour, state: str
) -> None:
    """Nothing is tried again, and the next message is not held up."""
    handset = phone(EN)
    handset.handset.condition.behaviour = behaviour
    message_id = app1.submit("1234", EN, "refused").message_id
    until(lambda: api.whole(message_id)["state"] == state, "it is given up")
    _well(handset)
    app1.submit("1234", EN, "taken")
    assert handset.incoming() == IncomingSms("1234", "taken")


def test_a_message_for_a_port_and_a_binary_one_are_shown_as_such(phone: MakePhone, app1: RawLink) -> None:
    """The port of an application, by user data header."""
    handset = phone(EN)
    header = b"\x06\x05\x04\x3e\x82\x3e\x81"
    app1.submit("1234", EN, short_message=header + b"\x01\x06", data_coding=4, esm_class=EsmClass.UDHI)
    assert handset.incoming() == IncomingSms("1234", "01 06", port=16002)


@pytest.mark.parametrize("length", [1000, 10_000])
def test_a_long_message_payload_is_shown_whole(phone: MakePhone, app1: RawLink, length: int) -> None:
    """In whatever pieces the gateway brings it."""
    handset = phone(EN)
    text = "0123456789" * (length // 10)
    payload = Tlv(Tag.MESSAGE_PAYLOAD, text.encode())
    app1.submit("1234", EN, tlvs=(payload,))
    assert handset.incoming() == IncomingSms("1234", text)


def test_segments_of_an_application_are_joined_by_16_bit_references(phone: MakePhone, app1: RawLink) -> None:
    """The user data header goes through as it is."""
    handset = phone(EN)
    for number, text in ((2, b" world"), (1, b"hello")):
        header = b"\x06\x08\x04\x12\x34\x02" + bytes((number,))
        app1.submit("1234", EN, short_message=header + text, esm_class=EsmClass.UDHI)
    assert handset.incoming() == IncomingSms("1234", "hello world")
