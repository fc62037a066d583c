"""What works when the first issue is done: the main job over real SMPP, with the simulator's handset."""

from decimal import Decimal

import pytest

from gateway.smpp.constants import UssdServiceOp
from gateway.smpp.pdus import BindTransceiver
from gateway.smpp.tlv import Tag
from simulator.events import IncomingSms, UssdScreen
from tests.e2e.conftest import MakePhone, Raw
from tests.e2e.control_api import ControlApi

EN = "77781234567"
POSTPAID = "77751234567"


def test_a_voucher_sent_to_9393_is_credited_and_confirmed_and_sent_again_is_used(
    api: ControlApi, phone: MakePhone
) -> None:
    """The confirmation comes from 9393 with the new balance; the second time nothing is credited."""
    (code,) = api.codes()
    handset = phone(EN)
    assert handset.sms("9393", code) == IncomingSms("9393", "500 KZT credited. Balance: 1,000 KZT.")
    assert handset.sms("9393", code) == IncomingSms("9393", "This code was already used.")
    assert api.balance(EN) == Decimal(1000)
    assert len(api.credits(EN)) == 1


def test_a_voucher_dialled_with_110_is_credited_on_one_screen_and_dialled_again_is_used(
    api: ControlApi, phone: MakePhone
) -> None:
    """The same by USSD: each answer is the dialogue's last screen."""
    (code,) = api.codes(face_value="1000.00")
    handset = phone(EN)
    shown = handset.dial(f"*110*{code}#")
    assert shown == UssdScreen("1,000 KZT credited. Balance: 1,500 KZT.", wants_answer=False)
    assert handset.dial(f"*110*{code}#") == UssdScreen("This code was already used.", wants_answer=False)
    assert api.balance(EN) == Decimal(1500)


def test_a_code_redeemed_by_sms_is_used_for_ussd_and_for_others(api: ControlApi, phone: MakePhone) -> None:
    """All ways in share one stock, and "used" does not tell by whom."""
    (code,) = api.codes()
    phone(EN).sms("9393", code)
    other = phone("77751234567")
    assert "использован" in other.dial(f"*110*{code}#").text
    assert EN not in str(api.messages(to=POSTPAID))
    assert api.balance(POSTPAID) == Decimal(500)


def test_100_shows_the_balance_on_a_screen(phone: MakePhone) -> None:
    """``*100#``: the balance on top of what can be asked next to it."""
    shown = "Balance: 500 KZT\n1 Last charges\n2 Packages\n3 Language\n4 Bar paid numbers"
    assert phone(EN).dial("*100#") == UssdScreen(shown, wants_answer=True)


def test_bal_to_6000_answers_with_the_balance(phone: MakePhone) -> None:
    """``BAL`` to 6000 does the same as ``*100#``, however it is typed."""
    handset = phone(EN)
    for typed in ("BAL", "  bal ", "ВАL", "ｂａｌ"):
        assert handset.sms("6000", typed) == IncomingSms("6000", "Balance: 500 KZT"), typed


@pytest.mark.conformance(
    "submit_sm.service_type", "tlv.ussd_service_op", "tlv.its_session_info", "deliver_sm.service_type"
)
def test_a_screen_carries_the_operation_and_the_dialogue_of_the_request(raw: Raw) -> None:
    """PSSR response (17), its_session_info echoed with the end bit, service_type USSD, one screen."""
    link = raw(address_range=EN)
    assert link.dial(EN, "*100*1#", dialogue=77).command_status == 0
    screen = link.delivery()
    assert screen.service_type == "USSD"
    assert screen.tlv(Tag.USSD_SERVICE_OP) == UssdServiceOp.PSSR_RESPONSE
    info = screen.tlv_bytes(Tag.ITS_SESSION_INFO)
    assert info is not None
    assert (info[0], info[1] & 1) == (77, 1)
    assert screen.destination.addr == EN
    assert screen.short_message == b"There were no charges."


def test_a_dialled_string_in_the_address_alone_is_understood(raw: Raw) -> None:
    """Either short_message or destination_addr is enough (interfaces.md "USSD over SMPP")."""
    from_address, from_body = raw(address_range=EN), raw(address_range=POSTPAID)
    assert from_address.submit(EN, "*100#", service_type="USSD").command_status == 0
    assert from_address.delivery().short_message.startswith(b"Balance: 500 KZT\n")
    assert from_body.submit(POSTPAID, "", "*100#", service_type="USSD").command_status == 0
    assert "500" in from_body.delivery().short_message.decode("utf-16-be")


def test_the_reply_comes_from_the_short_code_to_the_handset_that_asked(raw: Raw) -> None:
    """Two handsets on one bind: each gets its own answer, and the submit is answered before it."""
    link = raw(address_range="")
    for msisdn in (EN, POSTPAID):
        link.submit(msisdn, "6000", "BAL")
        reply = link.delivery()
        assert (reply.source.addr, reply.destination.addr) == ("6000", msisdn)


def test_the_narrower_and_later_bind_serves_its_number(raw: Raw) -> None:
    """A bind for all, one for a prefix, one for the number: the reply goes to the narrowest."""
    everybody = raw(address_range="", kind=BindTransceiver)
    number = raw(address_range=EN)
    prefix = raw(address_range="^7778")
    everybody.submit(EN, "6000", "BAL")
    assert number.delivery().destination.addr == EN
    number.unbind()
    everybody.submit(EN, "6000", "BAL")
    assert prefix.delivery().destination.addr == EN
    assert everybody.waiting() == []
