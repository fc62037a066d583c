"""Delivery receipts: the text of SMPP 3.4 Appendix B and the parameters beside it."""

import re
from datetime import datetime

import pytest

from gateway.receipts import STATE_NUMBERS, receipt_text
from gateway.smpp.constants import EsmClass
from gateway.smpp.tlv import Tag
from gateway.work import Delivery, Settle
from storage.model import MessageState
from tests.gateway.stand import ALIYA, ZONE, Stand, pdus_of

SUBMITTED = datetime(2026, 3, 1, 9, 5, tzinfo=ZONE)
DONE = datetime(2026, 3, 2, 17, 45, tzinfo=ZONE)
FORM = re.compile(
    r"id:(\S+) sub:001 dlvrd:(\d{3}) submit date:(\d{10}) done date:(\d{10}) "
    r"stat:([A-Z]{7}) err:(\d{3}) text:(.*)"
)


@pytest.mark.parametrize(
    ("state", "word", "delivered", "error"),
    [
        (MessageState.DELIVERED, "DELIVRD", "001", "000"),
        (MessageState.EXPIRED, "EXPIRED", "000", "001"),
        (MessageState.DELETED, "DELETED", "000", "001"),
        (MessageState.UNDELIVERABLE, "UNDELIV", "000", "001"),
        (MessageState.REJECTED, "REJECTD", "000", "001"),
    ],
)
def test_the_text_of_a_receipt(
    stand: Stand, state: MessageState, word: str, delivered: str, error: str
) -> None:
    answer = stand.accepted(stand.from_app("hello, this is a rather long text"))
    row = Delivery(answer.message_id, f"handset:{ALIYA}", state)
    stand.run(Settle((row,)))
    match = FORM.fullmatch(receipt_text(stand.message(answer.message_id), SUBMITTED, DONE))
    assert match is not None
    assert match.groups() == (
        answer.message_id,
        delivered,
        "2603010905",
        "2603021745",
        word,
        error,
        "hello, this is a rat",
    )


def test_what_is_not_ascii_is_not_quoted(stand: Stand) -> None:
    body = "Привет!".encode("utf-16-be")
    submit = stand.from_app("", short_message=body, data_coding=8)
    message = stand.message(stand.accepted(submit).message_id)
    sent = stand.run(Settle((Delivery(message.id, f"handset:{ALIYA}", MessageState.DELIVERED),)))
    assert sent[0].error is None
    assert receipt_text(stand.message(message.id), SUBMITTED, DONE).endswith("text:??????!")


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
