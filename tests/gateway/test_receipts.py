"""Delivery receipts: the text of SMPP 3.4 Appendix B, the parameters beside it, and the formats of SMSCs."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding.gsm7 import encode as gsm7
from gateway.failures import FAILURES, ErrorClass, network_error_code
from gateway.message_ids import ID_DIGITS, IdForm, recipient_id
from gateway.receipts import (
    FORMATS,
    STATE_NUMBERS,
    STATE_WORDS,
    TEXT_MAX,
    DatePattern,
    ReceiptBody,
    ReceiptFacts,
    receipt_body,
)
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import EsmClass
from gateway.smpp.pdus import DeliverSm
from gateway.smpp.tlv import Tag, TlvValue
from gateway.work import Delivery, Settle
from storage.model import MessageState
from tests.gateway.stand import ALIYA, ZONE, Stand, pdus_of

SUBMITTED = datetime(2026, 3, 1, 9, 5, tzinfo=ZONE)
DONE = datetime(2026, 3, 2, 17, 45, tzinfo=ZONE)
FORM = re.compile(
    r"id:(\S+) sub:001 dlvrd:(\d{3}) submit date:(\d{10}) done date:(\d{10}) "
    r"stat:([A-Z]{7}) err:(\d{3}) text:(.*)"
)


def test_the_pdu_of_a_receipt(stand: Stand) -> None:
    answer = stand.accepted(stand.from_app("hello", source="MyBank", registered_delivery=1))
    ended = Delivery(answer.message_id, f"handset:{ALIYA}", MessageState.DELIVERED, receipt=True)
    (row,) = stand.one(Settle((ended,))).outboxes
    (pdu,) = pdus_of([row])
    assert row.lane == "account:app1"
    assert (pdu.source.addr, pdu.destination.addr) == (ALIYA, "MyBank")
    assert pdu.esm_class == EsmClass.DELIVERY_RECEIPT
    assert pdu.tlv(Tag.RECEIPTED_MESSAGE_ID) == answer.message_id
    assert pdu.tlv(Tag.MESSAGE_STATE) == 2
    assert len(pdu.short_message) <= 160


def test_every_state_has_its_number_of_section_5_2_28() -> None:
    assert set(STATE_NUMBERS) == set(MessageState)
    assert sorted(STATE_NUMBERS.values()) == list(range(9))


# -- formats ---------------------------------------------------------------------------------------

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "receipts.md"
ID = "19834ea94549fff437f1b7bb1b9052e4"
DECIMAL = "33912486222043434953893361292810408676"
STANDARD = FORMATS["standard"]
ABSENT = FAILURES[ErrorClass.ABSENT].number
FACTS = ReceiptFacts(ID, MessageState.DELIVERED, SUBMITTED, DONE, "hello, this is a rather long text")
_DATES = "submit date:2603010905 done date:2603021745"
_END = "stat:DELIVRD err:000 text:hello, this is a rat"


def standard(
    shown: str = ID, end: str = _END, *, counts: str = "sub:001 dlvrd:001 ", dates: str = _DATES
) -> str:
    """The standard text, but for what a format does its own way."""
    return f"id:{shown} {counts}{dates} {end}"


TEXTS = {
    "standard": standard(),
    "appendix-b": standard(end=_END.replace("text", "Text")),
    "upper-hex": standard(ID.upper()),
    "decimal": standard(DECIMAL),
    "hex-decimal": standard(DECIMAL),
    "decimal-hex": standard(),
    "hex-64": standard("19834ea94549fff4"),
    "decimal-64": standard("1838399561816211444"),
    "hex-decimal-64": standard("1838399561816211444"),
    "decimal-hex-64": standard("19834ea94549fff4"),
    "seconds": standard(dates="submit date:260301090500 done date:260302174500"),
    "four-digit-year": standard(dates="submit date:202603010905 done date:202603021745"),
    "joined-keys": standard(dates="submitdate:260301090500 donedate:260302174500"),
    "plain-numbers": standard(counts="sub:1 dlvrd:1 ", end=_END.replace("000", "0")),
    "hex-errors": standard(),
    "four-digit-errors": standard(end=_END.replace("000", "0000")),
    "no-counts": standard(counts=""),
    "minimal": standard(counts="", end="stat:DELIVRD err:000"),
    "text-none": standard(end="stat:DELIVRD err:000 text:none"),
    "whole-text": standard(end="stat:DELIVRD err:000 text:hello, this is a rather long text"),
    "text-only": standard(),
    "tlvs-only": "",
}
RESPONSE_IDS = {
    "upper-hex": ID.upper(),
    "decimal": DECIMAL,
    "decimal-hex": DECIMAL,
    "hex-64": "19834ea94549fff4",
    "decimal-64": "1838399561816211444",
    "hex-decimal-64": "19834ea94549fff4",
    "decimal-hex-64": "1838399561816211444",
}


def tlv(body: ReceiptBody, tag: Tag) -> TlvValue | None:
    """The value of a parameter, None where it does not go along."""
    return next((each.value for each in body.tlvs if each.tag == tag), None)


def test_every_format_is_tried() -> None:
    assert TEXTS.keys() == FORMATS.keys()
    assert RESPONSE_IDS.keys() <= FORMATS.keys()
    assert all(name == form.name for name, form in FORMATS.items())


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_of_every_format(name: str) -> None:
    assert receipt_body(FORMATS[name], FACTS).text == TEXTS[name]


@pytest.mark.parametrize("name", TEXTS)
def test_the_id_in_the_response_of_every_format(name: str) -> None:
    assert FORMATS[name].response_id.shown(ID) == RESPONSE_IDS.get(name, ID)


@pytest.mark.parametrize("name", TEXTS)
def test_an_application_may_name_a_message_as_in_the_response_or_as_in_the_receipt(name: str) -> None:
    form = FORMATS[name]
    for shown in (form.response_id.shown(ID), form.receipt_id.shown(ID)):
        assert form.read_id(shown) in {ID, ID[:16]}
    assert form.read_id("no-id") is None


@pytest.mark.parametrize("name", TEXTS)
def test_text_and_tlv_name_the_message_alike(name: str) -> None:
    """Clients convert whichever of the two they read, always in the same way."""
    body = receipt_body(FORMATS[name], FACTS)
    told = tlv(body, Tag.RECEIPTED_MESSAGE_ID)
    if isinstance(told, str) and body.text:
        assert body.text.startswith(f"id:{told} ")


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("state", MessageState)
def test_every_format_shows_every_state(name: str, state: MessageState) -> None:
    body = receipt_body(FORMATS[name], replace(FACTS, state=state))
    assert f" stat:{STATE_WORDS[state]} " in f"{body.text} " or name == "tlvs-only"
    assert tlv(body, Tag.MESSAGE_STATE) == STATE_NUMBERS[state] or name == "text-only"


def test_words_of_states_have_seven_letters() -> None:
    assert set(STATE_WORDS) == set(MessageState)
    assert {len(word) for word in STATE_WORDS.values()} == {7}
    assert len(set(STATE_WORDS.values())) == len(STATE_WORDS)


def test_the_parameters_of_a_failure_stand_in_order() -> None:
    body = receipt_body(STANDARD, replace(FACTS, state=MessageState.EXPIRED, error_code=ABSENT))
    assert [(each.tag, each.value) for each in body.tlvs] == [
        (Tag.RECEIPTED_MESSAGE_ID, ID),
        (Tag.MESSAGE_STATE, 3),
        (Tag.NETWORK_ERROR_CODE, b"\x03\x00\x06"),
    ]
    assert " dlvrd:000 " in body.text
    assert " stat:EXPIRED err:006 " in body.text


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (MessageState.EXPIRED, "070"),
        (MessageState.DELETED, "071"),
        (MessageState.UNDELIVERABLE, "036"),
        (MessageState.REJECTED, "066"),
        (MessageState.UNKNOWN, "000"),
        (MessageState.ENROUTE, "000"),
        (MessageState.SCHEDULED, "000"),
    ],
)
def test_a_failure_of_which_nothing_is_known_has_the_error_of_its_state(
    state: MessageState, error: str
) -> None:
    body = receipt_body(STANDARD, replace(FACTS, state=state))
    assert f" err:{error} " in body.text
    assert (tlv(body, Tag.NETWORK_ERROR_CODE) is None) == (error == "000")
    assert " dlvrd:000 " in body.text


@pytest.mark.parametrize("state", [MessageState.DELIVERED, MessageState.ACCEPTED])
def test_what_arrived_after_failed_attempts_has_no_error(state: MessageState) -> None:
    body = receipt_body(STANDARD, replace(FACTS, state=state, error_code=ABSENT))
    assert " dlvrd:001 " in body.text
    assert " err:000 " in body.text
    assert tlv(body, Tag.NETWORK_ERROR_CODE) is None


def test_an_intermediate_notification_tells_why_it_is_still_on_its_way() -> None:
    body = receipt_body(STANDARD, replace(FACTS, state=MessageState.ENROUTE, error_code=ABSENT))
    assert " dlvrd:000 " in body.text
    assert " stat:ENROUTE err:006 " in body.text
    assert tlv(body, Tag.MESSAGE_STATE) == 1
    assert tlv(body, Tag.NETWORK_ERROR_CODE) == network_error_code(ABSENT)


@pytest.mark.parametrize(
    ("name", "code", "shown"),
    [
        ("standard", 999, "999"),
        ("standard", 1000, "999"),
        ("plain-numbers", 65535, "65535"),
        ("hex-errors", 0x21B, "21b"),
        ("hex-errors", 0x1000, "fff"),
        ("four-digit-errors", 543, "0543"),
        ("four-digit-errors", 65535, "9999"),
    ],
)
def test_errors_keep_to_their_digits_and_the_parameter_tells_the_whole(
    name: str, code: int, shown: str
) -> None:
    failed = replace(FACTS, state=MessageState.UNDELIVERABLE, error_code=3 << 16 | code)
    body = receipt_body(FORMATS[name], failed)
    assert f" err:{shown} " in body.text
    assert tlv(body, Tag.NETWORK_ERROR_CODE) == bytes((3, code >> 8, code & 0xFF))


def test_counts_are_the_callers_where_it_gives_them() -> None:
    assert " sub:003 dlvrd:003 " in receipt_body(STANDARD, replace(FACTS, sub=3)).text
    assert " sub:003 dlvrd:002 " in receipt_body(STANDARD, replace(FACTS, sub=3, dlvrd=2)).text
    failed = replace(FACTS, sub=3, state=MessageState.EXPIRED)
    assert " sub:003 dlvrd:000 " in receipt_body(STANDARD, failed).text


@pytest.mark.parametrize("name", TEXTS)
def test_a_recipient_of_many_is_told_of_by_the_id_that_the_response_gave(name: str) -> None:
    one_of_many = replace(FACTS, id=recipient_id(ID, 7))
    assert receipt_body(FORMATS[name], one_of_many) == receipt_body(FORMATS[name], FACTS)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Привет!", "??????!"),
        ("a\r\nb\0c", "a??b?c"),
        ("5$ [x] a_b@c.d", "5? ?x? a?b?c.d"),
        ("\U0001f600 ok", "? ok"),
        ("", ""),
    ],
)
def test_what_ascii_and_gsm_read_differently_is_not_quoted(text: str, quoted: str) -> None:
    assert receipt_body(STANDARD, replace(FACTS, text=text)).text.endswith(f" text:{quoted}")


def test_a_whole_text_is_quoted_as_far_as_it_fits() -> None:
    body = receipt_body(FORMATS["whole-text"], replace(FACTS, text="x" * 400))
    assert len(body.short_message) == TEXT_MAX == 254
    assert body.text.endswith("err:000 text:" + "x" * (TEXT_MAX - body.text.index("xxx")))


@pytest.mark.parametrize("name", TEXTS)
@given(text=st.text(max_size=400), state=st.sampled_from(MessageState), code=st.integers(0, 0xFFFFFF))
def test_whatever_the_message_the_receipt_is_one_line_that_every_alphabet_reads(
    name: str, text: str, state: MessageState, code: int
) -> None:
    facts = replace(FACTS, id="f" * ID_DIGITS, state=state, text=text, error_code=code, sub=999)
    body = receipt_body(FORMATS[name], facts)
    assert len(body.short_message) <= TEXT_MAX
    assert body.text.isprintable()
    assert gsm7(body.text) == body.short_message
    pdu = DeliverSm(esm_class=EsmClass.DELIVERY_RECEIPT, short_message=body.short_message, tlvs=body.tlvs)
    assert decode(encode(pdu)) == pdu


@given(at=st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # Hypothesis wants it naive
def test_dates_are_what_their_pattern_says(at: datetime) -> None:
    assert DatePattern.YYMMDDHHMM.shown(at) == f"{at:%y%m%d%H%M}"
    assert DatePattern.YYMMDDHHMMSS.shown(at) == f"{at:%y%m%d%H%M%S}"
    assert DatePattern.YYYYMMDDHHMM.shown(at) == f"{at:%Y%m%d%H%M}"


def test_the_text_of_a_message_stays_out_of_representations() -> None:
    secret = replace(FACTS, text="1234567890123")
    assert "1234567890123" not in repr(secret)
    assert "1234567890123" not in repr(receipt_body(STANDARD, secret))


# -- the page --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEXTS)
def test_the_page_shows_every_format_with_its_source(name: str) -> None:
    form = FORMATS[name]
    ids = f"{form.response_id.value} | {form.receipt_id.value}"
    assert f"| `{name}` | {ids} | " in PAGE.read_text("utf-8")
    assert f" | {form.source} |" in PAGE.read_text("utf-8")


def test_the_page_shows_no_other_format() -> None:
    _, _, table = PAGE.read_text("utf-8").partition("\n## Formats\n")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", table.partition("\n## ")[0], re.MULTILINE)
    assert rows == list(FORMATS)


@pytest.mark.parametrize("form", IdForm)
def test_the_page_shows_every_form_of_an_id(form: IdForm) -> None:
    assert f"| {form.value} | `{form.shown(ID)}` |" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("state", MessageState)
def test_the_page_shows_every_state(state: MessageState) -> None:
    assert f"| `{state}` | {STATE_NUMBERS[state]} | `{STATE_WORDS[state]}` |" in PAGE.read_text("utf-8")
