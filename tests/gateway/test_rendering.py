"""From outcomes to PDUs: whose language, which alphabet, which bearer, from whom."""

import pytest

from gateway.coding import udh
from gateway.lane import parts_of
from gateway.rendering import address
from gateway.smpp.codec import decode
from gateway.smpp.constants import Npi, Ton, UssdServiceOp
from gateway.smpp.pdus import DeliverSm
from gateway.smpp.tlv import Tag
from gateway.work import Result
from handlers.base.outcome import Reply, Text
from handlers.subscriber_admin import ChangeSubscriber
from rating.subscriber import Language
from storage.model import Message, Outbox
from tests.gateway.stand import ALIYA, BOLAT, CATALOG, START_US, S, Stand, pdus_of


@pytest.fixture
def stand(stand: Stand) -> Stand:
    stand.subscribe(ALIYA)
    return stand


def speak(stand: Stand, language: Language) -> None:
    stand.do(ChangeSubscriber(origin=stand.origin(), msisdn=ALIYA, language=language))


def only(result: Result) -> tuple[Outbox, DeliverSm]:
    (row,) = result.outboxes
    (pdu,) = pdus_of([row])
    return row, pdu


def notice(stand: Stand, reply: Reply) -> tuple[Message, Outbox]:
    """A message from no command."""
    with stand.processor.begin() as batch:
        return stand.processor._renderer.notice(reply, None, batch.uow, batch.context)


@pytest.mark.parametrize(("language", "data_coding"), [(Language.EN, 0), (Language.RU, 8), (Language.KK, 8)])
def test_a_reply_is_in_the_language_of_the_subscriber(
    stand: Stand, language: Language, data_coding: int
) -> None:
    speak(stand, language)
    row, pdu = only(stand.one(stand.sms("LANG", "6000")))
    text = CATALOG.render(Text("account.usage"), language)
    kept = stand.message(row.message_id)
    assert (kept.text, kept.language, kept.text_id) == (text, language, "account.usage")
    assert pdu.data_coding == data_coding


def test_who_has_no_record_is_answered_in_russian(stand: Stand) -> None:
    row, _ = only(stand.one(stand.sms("BAL", "6000", BOLAT)))
    assert stand.message(row.message_id).language == Language.RU


def test_an_sms_is_answered_by_sms_from_the_code_that_was_addressed(stand: Stand) -> None:
    row, pdu = only(stand.one(stand.sms("BAL", "6000")))
    assert (row.bearer, row.lane) == ("sms", f"handset:{ALIYA}")
    assert (pdu.source.addr, pdu.destination.addr) == ("6000", ALIYA)


@pytest.mark.parametrize(("lasts_s", "left_s"), [(0, 3 * 86_400), (600, 600), (4 * 86_400, 3 * 86_400)])
def test_a_message_goes_no_further_than_it_is_worth_telling(stand: Stand, lasts_s: int, left_s: int) -> None:
    """0 is the operator's validity, three days, and nothing lasts longer than that."""
    until_us = START_US + lasts_s * S if lasts_s else 0
    _, row = notice(stand, Reply(text=Text("account.usage"), to=ALIYA, expires_us=until_us))
    assert row.expires_us == START_US + left_s * S


def test_a_dial_is_answered_by_a_last_screen_of_its_dialogue(stand: Stand) -> None:
    row, pdu = only(stand.one(stand.dial("*100*1#", info=b"\x2a\x08")))
    assert (pdu.service_type, pdu.source.addr) == ("USSD", "*100#")
    assert pdu.tlv(Tag.USSD_SERVICE_OP) == UssdServiceOp.PSSR_RESPONSE
    assert pdu.tlv(Tag.ITS_SESSION_INFO) == b"\x2a\x09"
    assert row.expires_us == START_US + 60 * S


def test_a_menu_is_a_screen_of_the_same_dialogue_that_asks_for_an_answer(stand: Stand) -> None:
    """Operation 2, and no end bit: SMPP 3.4 sections 5.3.2.43 and 5.3.2.44."""
    row, pdu = only(stand.one(stand.dial("*100#", info=b"\x2a\x08")))
    assert (pdu.service_type, pdu.source.addr) == ("USSD", "*100#")
    assert pdu.tlv(Tag.USSD_SERVICE_OP) == UssdServiceOp.USSR_REQUEST
    assert pdu.tlv(Tag.ITS_SESSION_INFO) == b"\x2a\x08"
    assert (row.lane, row.expires_us) == (f"ussd:{ALIYA}", START_US + 60 * S)


def test_a_text_that_is_too_long_for_a_part_is_split_and_counted(stand: Stand) -> None:
    long = Text("account.balances", {"lines": tuple("line" * 10 for _ in range(10))})
    message, outbox = notice(stand, Reply(text=long, to=ALIYA))
    pdus = [pdu for part in parts_of(outbox.payload) if isinstance(pdu := decode(part), DeliverSm)]
    concats = [udh.parse(pdu.short_message)[0].concat for pdu in pdus]
    assert message.parts == len(pdus) == 3
    assert [each and (each.total, each.number) for each in concats] == [(3, 1), (3, 2), (3, 3)]
    assert len({each.reference for each in concats if each}) == 1
    assert {pdu.esm_class for pdu in pdus} == {0x40}


def test_a_notice_says_its_own_sender_or_the_operators(stand: Stand) -> None:
    text = Text("account.no_charges")
    assert notice(stand, Reply(text=text, to=ALIYA))[0].source == "6000"
    assert notice(stand, Reply(text=text, to=ALIYA, sender="9393"))[0].source == "9393"


def test_promised_pdus_have_no_sequence_number_yet(stand: Stand) -> None:
    _, pdu = only(stand.one(stand.sms("BAL", "6000")))
    assert pdu.sequence_number == 0


@pytest.mark.conformance("deliver_sm.source_addr_ton")
@pytest.mark.parametrize(
    ("number", "ton", "npi"),
    [
        ("77011234567", Ton.INTERNATIONAL, Npi.ISDN),
        ("4917612345678", Ton.INTERNATIONAL, Npi.ISDN),
        ("9393", Ton.NETWORK_SPECIFIC, Npi.UNKNOWN),
        ("*100#", Ton.NETWORK_SPECIFIC, Npi.UNKNOWN),
        ("MyBank", Ton.ALPHANUMERIC, Npi.UNKNOWN),
    ],
)
def test_an_address_shows_its_kind(number: str, ton: Ton, npi: Npi) -> None:
    found = address(number)
    assert (found.ton, found.npi, found.addr) == (ton, npi, number)
