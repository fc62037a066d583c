"""From submit_sm to a Submit: refusals and their order, routes, and no code in what is kept."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from gateway.binds import Bind
from gateway.config import Septets
from gateway.content import Rejected
from gateway.routing import Route, RouteKind
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import CommandStatus as St
from gateway.smpp.constants import UssdServiceOp
from gateway.smpp.pdus import Address, DeliverSm, SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import Submit, UssdTurn
from handlers.account_basics import ShowBalance
from handlers.base.command import Secret
from handlers.base.grammar import Usage
from handlers.scratch_cards import RedeemVoucher
from tests.gateway.stand import ALIYA, APP, BOLAT, HANDSET, Stand

CODE = "9080706050403"
BROKEN_UCS2 = b"\x04"


def refused(stand: Stand, pdu: SubmitSm, bind: Bind | None = None) -> Rejected:
    with pytest.raises(Rejected) as caught:
        stand.read(bind or stand.session(pattern="^7701"), pdu)
    return caught.value


def submit(**fields: Any) -> SubmitSm:
    """A good message from Aliya to 9393, with what is changed."""
    good: dict[str, Any] = {
        "source": Address(addr=ALIYA),
        "destination": Address(addr="9393"),
        "short_message": b"hello",
    }
    return SubmitSm(**(good | fields))


#: No moment, and not ahead: wrong in whatever field of time it stands.
PAST = "000000000000000R"
#: Each row is wrong in one way; the rows' order is the order of precedence.
HANDSET_REFUSALS: list[tuple[St, dict[str, Any]]] = [
    (St.ESME_RINVSRCADR, {"source": Address(addr=BOLAT)}),
    (St.ESME_RINVOPTPARAMVAL, {"service_type": "USSD", "tlvs": (Tlv(Tag.USSD_SERVICE_OP, 17),)}),
    (St.ESME_RINVSCHED, {"schedule_delivery_time": PAST}),
    (St.ESME_RINVEXPIRY, {"validity_period": PAST}),
    (St.ESME_RINVMSGLEN, {"data_coding": 8, "short_message": BROKEN_UCS2}),
    (St.ESME_RINVDSTADR, {"destination": Address(addr="777")}),
]
APP_REFUSALS: list[tuple[St, dict[str, Any]]] = [
    (St.ESME_RINVSRCADR, {"source": Address(addr="Stranger")}),
    (St.ESME_RINVOPTPARAMVAL, {"service_type": "USSD"}),
    (St.ESME_RINVSCHED, {"schedule_delivery_time": PAST}),
    (St.ESME_RINVEXPIRY, {"validity_period": PAST}),
    (St.ESME_RINVMSGLEN, {"data_coding": 8, "short_message": BROKEN_UCS2}),
    (St.ESME_RINVDSTADR, {"destination": Address(addr="9393")}),
]


@pytest.mark.conformance(
    "submit_sm.source_addr",
    "submit_sm.destination_addr",
    "submit_sm.data_coding",
    "status.ESME_RINVOPTPARAMVAL",
)
@pytest.mark.parametrize(("status", "fields"), HANDSET_REFUSALS)
def test_each_fault_of_a_handset_has_its_status(stand: Stand, status: St, fields: dict[str, Any]) -> None:
    assert refused(stand, submit(**fields)).status is status


@pytest.mark.parametrize("first", range(len(HANDSET_REFUSALS)))
def test_of_several_faults_of_a_handset_the_first_answers(stand: Stand, first: int) -> None:
    fields: dict[str, Any] = {}
    for _, each in reversed(HANDSET_REFUSALS[first:]):
        fields |= each
    assert refused(stand, submit(**fields)).status is HANDSET_REFUSALS[first][0]


@pytest.mark.conformance("submit_sm.source_addr", "submit_sm.destination_addr")
@pytest.mark.parametrize(("status", "fields"), APP_REFUSALS)
def test_each_fault_of_an_application_has_its_status(
    stand: Stand, status: St, fields: dict[str, Any]
) -> None:
    good = {"source": Address(addr="1234"), "destination": Address(addr=ALIYA)}
    assert refused(stand, submit(**(good | fields)), stand.session("a", APP)).status is status


@pytest.mark.parametrize("first", range(len(APP_REFUSALS)))
def test_of_several_faults_of_an_application_the_first_answers(stand: Stand, first: int) -> None:
    fields: dict[str, Any] = {"source": Address(addr="1234"), "destination": Address(addr=ALIYA)}
    for _, each in reversed(APP_REFUSALS[first:]):
        fields |= each
    assert refused(stand, submit(**fields), stand.session("a", APP)).status is APP_REFUSALS[first][0]


@pytest.mark.conformance(
    "submit_sm.short_message", "submit_sm.data_coding", "status.ESME_RINVMSGLEN", "status.ESME_RINVDCS"
)
@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (St.ESME_RINVDCS, {"data_coding": 0x55}),
        (St.ESME_RINVDCS, {"data_coding": 4}),
        (St.ESME_RINVMSGLEN, {"tlvs": (Tlv(Tag.MESSAGE_PAYLOAD, b"more"),)}),
        (St.ESME_RINVMSGLEN, {"data_coding": 8, "short_message": b"\xd8\x00"}),
        (St.ESME_RINVMSGLEN, {"esm_class": 0x40, "short_message": b"\x09\x00"}),
        (St.ESME_RINVMSGLEN, {"esm_class": 0x40, "short_message": b"\x05\x00\x03\x01\x02\x03hi"}),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(stand: Stand, status: St, fields: dict[str, Any]) -> None:
    assert refused(stand, submit(**fields)).status is status


@pytest.mark.parametrize("source", ["", "9393", "MyBank", "7701", "not a number", "77011234567x"])
def test_a_handset_speaks_as_a_number_only(stand: Stand, source: str) -> None:
    assert refused(stand, submit(source=Address(addr=source))).status is St.ESME_RINVSRCADR


@pytest.mark.parametrize("typed", ["77011234567", "87011234567", "+77011234567", "8 701 123-45-67"])
def test_a_source_is_canonical_however_it_is_written(stand: Stand, typed: str) -> None:
    assert stand.sms("hello", BOLAT, typed).source == ALIYA


def test_an_empty_source_is_the_applications_default_code(stand: Stand) -> None:
    assert stand.from_app("hello", source="").source == "1234"


@pytest.mark.parametrize("source", ["1234", "MyBank", "Shortcode"])
def test_an_application_may_speak_as_what_it_owns(stand: Stand, source: str) -> None:
    assert stand.from_app("hello", source=source).source == source


def test_a_subscribers_number_is_no_source_for_an_application(stand: Stand) -> None:
    bind = stand.session("a", APP)
    pdu = submit(source=Address(addr=ALIYA), destination=Address(addr=BOLAT))
    assert refused(stand, pdu, bind).status is St.ESME_RINVSRCADR


def test_a_message_in_message_payload_is_read_like_one_in_short_message(stand: Stand) -> None:
    work = stand.sms("", "6000", tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"BAL"),))
    assert isinstance(work.asked, ShowBalance)
    assert work.text == "BAL"


def test_an_empty_message_to_a_service_is_a_usage_question(stand: Stand) -> None:
    assert isinstance(stand.sms("", "6000").asked, Usage)


# -- onward ----------------------------------------------------------------------------------------


def test_what_goes_on_to_a_handset_keeps_body_coding_and_header(stand: Stand) -> None:
    body = b"\x05\x00\x03\x01\x02\x01" + "Привет".encode("utf-16-be")
    work = stand.sms("", "87021234567", short_message=body, data_coding=8, esm_class=0x43)
    pdu = decode(work.payload)
    assert isinstance(pdu, DeliverSm)
    assert (pdu.short_message, pdu.data_coding, pdu.esm_class) == (body, 8, 0x40)
    assert pdu.destination.addr == work.destination == BOLAT
    assert pdu.sequence_number == 0


def test_eight_bit_data_goes_on_to_a_handset_as_it_is(stand: Stand) -> None:
    work = stand.sms("", BOLAT, short_message=b"\x00\xff\x80", data_coding=4)
    pdu = decode(work.payload)
    assert isinstance(pdu, DeliverSm)
    assert pdu.short_message == b"\x00\xff\x80"


@pytest.mark.parametrize("asked", [1, 2, 3, 0x10, 0x11])
def test_an_application_and_a_handset_may_ask_for_a_receipt(stand: Stand, asked: int) -> None:
    theirs = stand.from_app("x", registered_delivery=asked)
    ours = stand.sms("x", BOLAT, registered_delivery=asked)
    assert (theirs.receipt_to, theirs.registered_delivery) == ("app1", asked)
    assert (ours.receipt_to, ours.registered_delivery) == ("handset", asked)


@pytest.mark.parametrize("asked", [0, 4, 8, 12])
def test_who_asks_for_none_or_for_the_handsets_own_acknowledgement_gets_no_receipt(
    stand: Stand, asked: int
) -> None:
    """SME acknowledgements (SMPP 3.4 section 5.2.17) are the receiver's to send."""
    work = stand.from_app("x", registered_delivery=asked)
    assert work.receipt_to == ""
    pdu = decode(work.payload)
    assert isinstance(pdu, DeliverSm)
    assert pdu.registered_delivery == asked


def test_the_validity_period_is_counted_from_operator_time(stand: Stand) -> None:
    assert stand.from_app("x", validity_period="000000010000000R").validity_s == 3600
    assert stand.from_app("x").validity_s is None


# -- USSD ------------------------------------------------------------------------------------------


def test_a_dialled_string_becomes_a_command_and_keeps_its_dialogue(stand: Stand) -> None:
    dialled = f"*110*{CODE}#"
    work = stand.dial(dialled, info=b"\x2a\x08")
    assert isinstance(work.asked, RedeemVoucher)
    assert work.asked.code.reveal() == CODE
    assert work.turn == UssdTurn(42, 4, typed=Secret(dialled), octets=len(dialled))
    assert (work.bearer, work.destination) == ("ussd", "*110#")


@pytest.mark.parametrize("operation", [UssdServiceOp.USSR_CONFIRM, UssdServiceOp.USSN_CONFIRM])
@pytest.mark.parametrize(("info", "sequence", "end"), [(b"\x2a\x08", 4, False), (b"\x2a\xff", 127, True)])
def test_an_answer_keeps_its_place_in_the_dialogue_and_is_no_command_yet(
    stand: Stand, operation: UssdServiceOp, info: bytes, sequence: int, end: bool
) -> None:
    """its_session_info (SMPP 3.4 section 5.3.2.43): dialogue number, sequence << 1, end bit."""
    tlvs = (Tlv(Tag.USSD_SERVICE_OP, operation), Tlv(Tag.ITS_SESSION_INFO, info))
    work = stand.sms("1", "*100#", service_type="USSD", tlvs=tlvs)
    assert work.turn == UssdTurn(42, sequence, operation, end=end, typed=Secret("1"), octets=1)
    assert (work.bearer, work.route, work.asked) == ("ussd", Route(RouteKind.SERVICE), None)


@pytest.mark.parametrize("info", [(), (Tlv(Tag.ITS_SESSION_INFO, b"\x00\x00"),)])
def test_without_session_info_a_dialogue_has_number_zero(stand: Stand, info: tuple[Tlv, ...]) -> None:
    work = stand.sms("*100#", "", service_type="USSD", tlvs=(Tlv(Tag.USSD_SERVICE_OP, 1), *info))
    assert work.turn == UssdTurn(0, 0, typed=Secret("*100#"), octets=5)


@pytest.mark.parametrize(
    ("text", "to", "fields"),
    [
        ("*100#", "", {"service_type": "USSD"}),
        ("", "*100#", {"service_type": "USSD"}),
        ("*100#", "*100#", {"service_type": "USSD"}),
        ("*100#", "", {"tlvs": (Tlv(Tag.USSD_SERVICE_OP, 1),)}),
    ],
)
def test_the_dialled_string_may_stand_in_body_or_destination(
    stand: Stand, text: str, to: str, fields: dict[str, Any]
) -> None:
    work = stand.sms(text, to, **fields)
    assert isinstance(work.asked, ShowBalance)
    assert work.route.kind is RouteKind.SERVICE


@pytest.mark.parametrize("text", ["*999#", "100", "", "*100", "##", "*abc#"])
def test_what_nobody_serves_is_accepted_and_answered_by_a_screen(stand: Stand, text: str) -> None:
    work = stand.dial(text)
    assert (work.asked, work.route.kind, work.route.target) == (None, RouteKind.SERVICE, "")


@pytest.mark.conformance("tlv.ussd_service_op", "status.ESME_RINVOPTPARAMVAL")
@pytest.mark.parametrize("operation", [2, 3, 17, 99])
def test_an_operation_that_no_handset_has_is_refused(stand: Stand, operation: int) -> None:
    pdu = submit(service_type="USSD", tlvs=(Tlv(Tag.USSD_SERVICE_OP, operation),))
    assert refused(stand, pdu).status is St.ESME_RINVOPTPARAMVAL


# -- no code in what is kept -----------------------------------------------------------------------

UCS2_CODE = CODE.encode("utf-16-be")
SPACED = "9080 7060-50.403"
WIDE = "".join(chr(ord(digit) + 0xFEE0) for digit in CODE)
UDH = b"\x05\x00\x03\x07\x02\x01"
ANSWER: dict[str, Any] = {
    "service_type": "USSD",
    "tlvs": (
        Tlv(Tag.USSD_SERVICE_OP, UssdServiceOp.USSR_CONFIRM),
        Tlv(Tag.ITS_SESSION_INFO, b"\x07\x02"),
    ),
}

WITH_A_CODE: dict[str, dict[str, Any]] = {
    "plain": {"short_message": CODE.encode()},
    "in a sentence": {"short_message": b"my code is " + CODE.encode() + b" ok?"},
    "with separators": {"short_message": SPACED.encode()},
    "UCS-2": {"short_message": UCS2_CODE, "data_coding": 8},
    "full width": {"short_message": WIDE.encode("utf-16-be"), "data_coding": 8},
    "UCS-2 of another class": {"short_message": UCS2_CODE, "data_coding": 0x18},
    "Latin-1": {"short_message": CODE.encode(), "data_coding": 3},
    "Cyrillic": {"short_message": CODE.encode(), "data_coding": 6},
    "message_payload": {"short_message": b"", "tlvs": (Tlv(Tag.MESSAGE_PAYLOAD, CODE.encode()),)},
    "payload in UCS-2": {
        "short_message": b"",
        "data_coding": 8,
        "tlvs": (Tlv(Tag.MESSAGE_PAYLOAD, UCS2_CODE),),
    },
    "with a header": {"short_message": UDH + CODE.encode(), "esm_class": 0x40},
    "half in one part": {"short_message": UDH + b"9080706", "esm_class": 0x40},
    "payload with a header": {
        "short_message": b"",
        "esm_class": 0x40,
        "tlvs": (Tlv(Tag.MESSAGE_PAYLOAD, UDH + CODE.encode()),),
    },
    "a vendor's parameter": {"short_message": CODE.encode(), "tlvs": (Tlv(0x1501, CODE.encode()),)},
    "callback_num": {"tlvs": (Tlv(Tag.CALLBACK_NUM, b"\x01\x01\x01" + CODE.encode()),)},
    "a text parameter": {"tlvs": (Tlv(Tag.ADDITIONAL_STATUS_INFO_TEXT, CODE),)},
    "twelve digits by mistake": {"short_message": CODE[:-1].encode()},
    "dialled": {"service_type": "USSD", "short_message": f"*110*{CODE}#".encode()},
    "dialled in the address": {
        "service_type": "USSD",
        "short_message": b"",
        "destination": Address(addr=f"*110*{CODE}#"),
    },
    "dialled in both": {
        "service_type": "USSD",
        "short_message": f"*110*{CODE}#".encode(),
        "destination": Address(addr=f"*110*{CODE}#"),
    },
    "dialled in UCS-2": {
        "service_type": "USSD",
        "short_message": f"*110*{CODE}#".encode("utf-16-be"),
        "data_coding": 8,
    },
    "dialled without a service code": {"service_type": "USSD", "short_message": f"*{CODE}#".encode()},
    "dialled to nobody": {"service_type": "USSD", "short_message": f"*999*{CODE}#".encode()},
    "dialled wrongly": {"service_type": "USSD", "short_message": f"*110*{CODE}".encode()},
    "dialled into a menu": {"service_type": "USSD", "short_message": f"*111*1*4*{CODE}#".encode()},
    "answered": ANSWER | {"short_message": CODE.encode()},
    "answered with separators": ANSWER | {"short_message": SPACED.encode()},
    "answered in UCS-2": ANSWER | {"short_message": UCS2_CODE, "data_coding": 8},
    "answered in full width": ANSWER | {"short_message": WIDE.encode("utf-16-be"), "data_coding": 8},
    "answered in a payload": ANSWER
    | {"short_message": b"", "tlvs": (*ANSWER["tlvs"], Tlv(Tag.MESSAGE_PAYLOAD, CODE.encode()))},
    "answered in both": ANSWER | {"short_message": CODE.encode(), "destination": Address(addr=CODE)},
    "answered to the code": ANSWER | {"short_message": b"1", "destination": Address(addr=f"*110*{CODE}#")},
}


def kept_of(work: Submit) -> list[str]:
    """All that may reach the store or the log, in the two alphabets that show digits."""
    kept = work._replace(payload=b"" if work.part else work.payload)
    octets = [kept.pdu, kept.payload, kept.pdu[1:]]
    texts = [kept.text, kept.destination, kept.source, repr(kept.asked), kept.inbox.key]
    return [
        *texts,
        *(each.decode("latin-1") for each in octets),
        *(each.decode("utf-16-be", "replace") for each in octets),
    ]


def digits_of(text: str) -> str:
    return "".join(str(int(char)) for char in text if char.isdecimal())


@pytest.mark.parametrize("how", WITH_A_CODE)
def test_a_code_is_nowhere_in_what_is_kept(stand: Stand, how: str) -> None:
    work = stand.read(stand.session(), submit(**WITH_A_CODE[how]))
    for kept in kept_of(work):
        assert "908070" not in digits_of(kept.replace("\0", "")), how
    stand.subscribe(ALIYA)
    stand.accepted(stand.dial("*110#"))
    stand.accepted(work)
    for message in stand.messages():
        for text in (message.text, message.source, message.destination, message.error):
            assert "908070" not in digits_of(text)


@pytest.mark.parametrize("how", WITH_A_CODE)
def test_what_is_kept_is_still_a_pdu_of_the_same_length(stand: Stand, how: str) -> None:
    pdu = submit(**WITH_A_CODE[how])
    work = stand.read(stand.session(), pdu)
    assert len(work.pdu) == len(encode(pdu))
    assert isinstance(decode(work.pdu), SubmitSm)


def test_a_message_without_secrets_is_kept_as_it_came(stand: Stand) -> None:
    pdu = submit(short_message=b"hello 12345")
    assert stand.read(stand.session(), pdu).pdu == encode(pdu)


def test_a_dialled_string_sent_as_an_sms_is_not_in_the_reason_of_its_refusal(stand: Stand) -> None:
    rejected = refused(stand, submit(destination=Address(addr=f"*110*{CODE}#")))
    assert rejected.status is St.ESME_RINVDSTADR
    assert CODE not in rejected.reason
    assert CODE not in str(rejected)


def test_a_phone_number_for_a_handset_stays_readable(stand: Stand) -> None:
    assert stand.sms("call 87771234567", BOLAT).text == "call 87771234567"


def test_a_card_number_for_a_handset_is_delivered_but_not_kept(stand: Stand) -> None:
    work = stand.sms("4400123456789012", BOLAT)
    assert b"4400123456789012" in work.payload
    assert "4400" not in work.text
    assert b"4400" not in work.pdu


@pytest.mark.parametrize("esm_class", [0x08, 0x10])
def test_an_acknowledgement_finds_its_way_to_a_sender_name(stand: Stand, esm_class: int) -> None:
    """Nobody can text to a name, but a handset may acknowledge what came under it."""
    work = stand.sms("read", "MyBank", esm_class=esm_class)
    assert (work.route.lane, work.destination) == ("account:app1", "MyBank")
    assert refused(stand, submit(destination=Address(addr="MyBank"))).status is St.ESME_RINVDSTADR


def test_what_an_account_packed_is_kept_as_it_came(tmp_path: Path) -> None:
    """Unless something in it has to be masked, which only unpacked septets can be."""
    stand = Stand(tmp_path, (HANDSET, dataclasses.replace(APP, septets=Septets.PACKED)))
    packed = bytes.fromhex("e8329bfd4697d9ec37")
    pdu = SubmitSm(source=Address(addr="1234"), destination=Address(addr=ALIYA), short_message=packed)
    work = stand.read(stand.session("a", stand.accounts[1]), pdu)
    assert (work.text, work.pdu) == ("hellohello", encode(pdu))
    stand.store.close()
