"""query_sm, cancel_sm and replace_sm in the writer: whose messages, in which states, and what follows."""

from typing import Any

import pytest

from gateway.batch import SCHEDULED, lanes_of
from gateway.clock import ClockMode
from gateway.smpp.codec import decode
from gateway.smpp.constants import CommandStatus as St
from gateway.smpp.pdus import Address, SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import (
    Advance,
    Cancel,
    Changed,
    Delivery,
    Found,
    Named,
    Query,
    Refused,
    Replace,
    Result,
    RunDue,
    SetClock,
    Settle,
)
from storage.model import MessageState, Outbox, ranked
from tests.gateway.stand import ALAN, ALIYA, APP, BOLAT, START_US, S, Stand, pdus_of

HOUR = "000000010000000R"
TO_ALIYA = f"handset:{ALIYA}"


@pytest.fixture
def stand(stand: Stand) -> Stand:
    """On a clock that stands still."""
    stand.run(SetClock(ClockMode.VIRTUAL, None))
    return stand


def sent(stand: Stand, text: str = "hello", **fields: Any) -> str:
    """The id of a message of the demo application that was accepted."""
    return stand.accepted(stand.from_app(text, **fields)).message_id


def named(message_id: str, **fields: str) -> Named:
    return Named(**{"account": "app1", "message_id": message_id, "source": "1234"} | fields)


def replacement(message_id: str, text: bytes = b"new", **fields: Any) -> Replace:
    asked: dict[str, Any] = {"short_message": text, "registered_delivery": 0}
    return Replace(named=named(message_id), **asked | fields)


def refused(result: Result) -> St:
    assert isinstance(result.value, Refused), result.value
    return St(result.value.status)


def ended(stand: Stand, message_id: str, state: MessageState = MessageState.DELIVERED) -> Result:
    waiting = {row.message_id: row for row in stand.store.reads.pending()}
    row = waiting[message_id]
    return stand.one(Settle((Delivery(message_id, row.lane, state, receipt=bool(row.receipt_to)),)))


def promise(stand: Stand, message_id: str) -> Outbox:
    view = stand.store.reads.message(message_id)
    assert view is not None
    assert view.outbox is not None
    return view.outbox


def later(stand: Stand, seconds: int) -> list[Outbox]:
    """Operator time passes; what is to be delivered now."""
    result = stand.one(Advance(stand.clock.now_us() + seconds * S))
    return list(result.outboxes)


# -- whose, and which ------------------------------------------------------------------------------

STRANGERS = [
    {"account": "app2"},
    {"source": "MyBank"},
    {"message_id": "0" * 32},
]


@pytest.mark.parametrize("other", [*STRANGERS, {"destination": BOLAT}])
def test_a_message_of_others_is_answered_like_an_unknown_one(stand: Stand, other: dict[str, str]) -> None:
    """ESME_RINVMSGID for all three operations; nothing is said of what there is."""
    message_id = sent(stand)
    who = named(message_id)
    wrong = Named(**{"account": who.account, "message_id": message_id, "source": who.source} | other)
    works = (
        Query(wrong),
        Cancel(named=wrong),
        Replace(named=wrong, short_message=b"x", registered_delivery=0),
    )
    for work in works:
        assert refused(stand.one(work)) is St.ESME_RINVMSGID
    assert stand.state(message_id) is MessageState.ENROUTE


def test_a_query_tells_the_state_and_when_it_became_final(stand: Stand) -> None:
    message_id = sent(stand)
    assert stand.one(Query(named(message_id))).value == Found(message_id, MessageState.ENROUTE, None, 0)
    later(stand, 60)
    failed = Delivery(message_id, TO_ALIYA, MessageState.UNDELIVERABLE, "why", error_code=0x30024)
    stand.one(Settle((failed,)))
    found = Found(message_id, MessageState.UNDELIVERABLE, START_US + 60 * S, 0x30024)
    assert stand.one(Query(named(message_id))).value == found


def test_an_id_in_short_is_completed_by_the_store(stand: Stand) -> None:
    """``hex-64`` and its like (docs/reference/receipts.md)."""
    message_id = sent(stand)
    value = stand.one(Query(named(message_id[:16]))).value
    assert isinstance(value, Found)
    assert value.message_id == message_id


def test_of_many_recipients_a_query_tells_the_state_that_most_wants_looking_at(stand: Stand) -> None:
    base = sent(stand)
    many = [
        stand.accepted(stand.from_app("x", to)._replace(message_id=f"{base[:-1]}f-00{number}")).message_id
        for number, to in ((1, ALIYA), (2, BOLAT), (3, ALAN))
    ]
    who = named(f"{base[:-1]}f")
    stand.one(Settle((Delivery(many[0], TO_ALIYA, MessageState.DELIVERED),)))
    states = []
    for number in (1, 2):
        value = stand.one(Query(who)).value
        assert isinstance(value, Found)
        states.append(value.state)
        ending = MessageState.EXPIRED if number == 1 else MessageState.DELIVERED
        stand.one(Settle((Delivery(many[number], "handset:x", ending),)))
    value = stand.one(Query(who)).value
    assert isinstance(value, Found)
    assert [*states, value.state] == [MessageState.ENROUTE, MessageState.ENROUTE, MessageState.EXPIRED]


# -- cancel ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", ["", HOUR])
def test_a_cancelled_message_is_deleted_and_never_goes_out(stand: Stand, schedule: str) -> None:
    message_id = sent(stand, schedule_delivery_time=schedule)
    result = stand.one(Cancel(named=named(message_id)))
    assert result.value == Changed((message_id,))
    assert (TO_ALIYA, message_id) in result.withdrawn
    assert stand.state(message_id) is MessageState.DELETED
    assert stand.store.reads.pending() == []
    assert later(stand, 7200) == []
    assert refused(stand.one(Cancel(named=named(message_id)))) is St.ESME_RCANCELFAIL


def test_a_cancelled_message_is_told_in_a_receipt(stand: Stand) -> None:
    message_id = sent(stand, registered_delivery=1)
    (receipt,) = pdus_of(stand.one(Cancel(named=named(message_id))).outboxes)
    assert b"stat:DELETED" in receipt.short_message


def test_a_message_that_is_on_its_way_cannot_be_cancelled_or_replaced(stand: Stand) -> None:
    message_id = sent(stand)
    busy = frozenset({message_id})
    assert refused(stand.one(Cancel(named=named(message_id), busy=busy))) is St.ESME_RCANCELFAIL
    assert refused(stand.one(replacement(message_id, busy=busy))) is St.ESME_RREPLACEFAIL
    assert stand.state(message_id) is MessageState.ENROUTE


def between(destination: str = ALIYA, service_type: str = "", lane: str = TO_ALIYA, **fields: Any) -> Cancel:
    who = Named(account=fields.pop("account", "app1"), source="1234", destination=destination)
    return Cancel(named=who, lanes=lanes_of(lane), service_type=service_type, **fields)


def test_all_between_two_addresses_are_cancelled_and_no_others(stand: Stand) -> None:
    """SMPP 3.4 section 4.9: without a message_id; an empty service_type stands for every one."""
    wanted = {
        sent(stand, "1"),
        sent(stand, "2", service_type="CMT"),
        sent(stand, schedule_delivery_time=HOUR),
    }
    others = {
        sent(stand, to=BOLAT),
        sent(stand, source="MyBank"),
        stand.accepted(stand.sms("from a handset", ALIYA, BOLAT)).message_id,
    }
    busy = sent(stand, "on its way")
    value = stand.one(between(busy=frozenset({busy}))).value
    assert isinstance(value, Changed)
    assert set(value.message_ids) == wanted
    assert {stand.state(each) for each in others | {busy}} == {MessageState.ENROUTE}
    assert refused(stand.one(between(busy=frozenset({busy})))) is St.ESME_RCANCELFAIL


def test_a_service_type_narrows_what_is_cancelled(stand: Stand) -> None:
    kept, gone = sent(stand), sent(stand, service_type="CMT")
    assert stand.one(between(service_type="CMT")).value == Changed((gone,))
    assert stand.state(kept) is MessageState.ENROUTE


def test_messages_to_another_code_of_the_same_application_are_not_cancelled(stand: Stand) -> None:
    """Both wait in one lane, but the destination is another."""
    one = stand.accepted(stand.sms("to one", "1234")).message_id
    work = stand.sms("to the other", "1234")._replace(destination="1235")
    other = stand.accepted(work).message_id
    who = Named(account="handset", source=ALIYA, destination="1234")
    cancel = Cancel(named=who, lanes=lanes_of("account:app1"))
    assert stand.one(cancel).value == Changed((one,))
    assert stand.state(other) is MessageState.ENROUTE


def test_messages_to_a_number_that_was_ported_in_are_found(stand: Stand) -> None:
    """A subscriber's record overrides the prefix, and so does the lane."""
    ported = "77771234567"
    stand.do(stand.add(type(ALIYA)(ported)))
    waiting = sent(stand, to=ported)
    assert promise(stand, waiting).lane == f"handset:{ported}"
    assert stand.one(between(ported, lane=f"offnet:{ported}")).value == Changed((waiting,))


# -- replace ---------------------------------------------------------------------------------------


def test_a_replaced_text_goes_out_in_its_old_place(stand: Stand) -> None:
    first, second = sent(stand, "one"), sent(stand, "two")
    place = promise(stand, first).position
    result = stand.one(replacement(first))
    assert result.value == Changed((first,))
    rows = stand.store.reads.pending([TO_ALIYA])
    assert [row.message_id for row in rows] == [first, second]
    assert rows[0].position == place
    assert [pdu.short_message for pdu in pdus_of(rows)] == [b"new", b"two"]
    assert [row.payload for row in result.outboxes] == [rows[0].payload]
    assert stand.message(first).text == "new"


def test_a_replaced_message_keeps_all_that_replace_sm_does_not_name(stand: Stand) -> None:
    """service_type, data_coding, protocol_id and priority have no field in replace_sm (section 4.10.1)."""
    old = stand.from_app(
        "",
        short_message="старое".encode("utf-16-be"),
        data_coding=8,
        service_type="CMT",
        protocol_id=0x41,
        priority_flag=2,
    )
    message_id = stand.accepted(old).message_id
    stand.one(replacement(message_id, "новое".encode("utf-16-be")))
    (pdu,) = pdus_of([promise(stand, message_id)])
    assert (pdu.service_type, pdu.protocol_id, pdu.priority_flag, pdu.data_coding) == ("CMT", 0x41, 2, 8)
    assert (pdu.source, pdu.destination) == (Address(3, 0, "1234"), Address(1, 1, ALIYA))
    assert stand.message(message_id).text == "новое"


def test_a_replaced_message_keeps_its_parameters_but_not_what_belonged_to_the_old_text(stand: Stand) -> None:
    kept = (Tlv(Tag.USER_MESSAGE_REFERENCE, 7), Tlv(0x1501, b"unknown"))
    of_the_text = (
        Tlv(Tag.SAR_MSG_REF_NUM, 1),
        Tlv(Tag.SAR_TOTAL_SEGMENTS, 2),
        Tlv(Tag.SAR_SEGMENT_SEQNUM, 1),
    )
    message_id = sent(stand, esm_class=0x80, tlvs=(*kept, *of_the_text))
    stand.one(replacement(message_id))
    (pdu,) = pdus_of([promise(stand, message_id)])
    assert (pdu.short_message, pdu.esm_class, pdu.tlvs) == (b"new", 0x80, kept)


def test_a_header_goes_with_the_text_that_it_was_before(stand: Stand) -> None:
    message_id = sent(stand, short_message=b"\x05\x00\x03\x01\x02\x01old", esm_class=0x40)
    stand.one(replacement(message_id))
    (pdu,) = pdus_of([promise(stand, message_id)])
    assert (pdu.short_message, pdu.esm_class) == (b"new", 0)
    assert stand.message(message_id).esm_class == 0


def test_a_default_text_brings_its_own_alphabet(stand: Stand) -> None:
    message_id = sent(stand, "old")
    stand.one(replacement(message_id, b"", default_text="Сәлем"))
    message = stand.message(message_id)
    assert (message.text, message.data_coding, message.encoding) == ("Сәлем", 8, "UCS-2")
    (pdu,) = pdus_of([promise(stand, message_id)])
    assert (pdu.data_coding, pdu.short_message) == (8, "Сәлем".encode("utf-16-be"))


def test_a_text_that_its_alphabet_cannot_be_is_refused_and_the_old_one_stays(stand: Stand) -> None:
    work = stand.from_app("", short_message=b"\x04\x10", data_coding=8)
    message_id = stand.accepted(work).message_id
    before = promise(stand, message_id)
    assert refused(stand.one(replacement(message_id, b"odd"))) is St.ESME_RINVMSGLEN
    assert promise(stand, message_id) == before


def test_a_code_in_the_new_text_is_not_kept(stand: Stand) -> None:
    message_id = sent(stand)
    stand.one(replacement(message_id, b"4400123456789012"))
    message = stand.message(message_id)
    assert "4400" not in message.text
    assert b"4400" not in message.pdus
    kept = decode(message.pdus)
    assert isinstance(kept, SubmitSm)
    assert len(kept.short_message) == 16


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 0), (1, 2), (0, 2)])
def test_the_new_registered_delivery_counts(stand: Stand, before: int, after: int) -> None:
    message_id = sent(stand, registered_delivery=before)
    stand.one(replacement(message_id, registered_delivery=after))
    assert len(ended(stand, message_id).outboxes) == (after == 1)
    other = sent(stand, registered_delivery=before)
    stand.one(replacement(other, registered_delivery=after))
    assert len(ended(stand, other, MessageState.UNDELIVERABLE).outboxes) == (after in (1, 2))


def test_a_new_validity_counts_from_the_replacement(stand: Stand) -> None:
    message_id = sent(stand, validity_period=HOUR)
    later(stand, 1800)
    stand.one(replacement(message_id, validity_s=3600))
    later(stand, 3599)
    assert stand.state(message_id) is MessageState.ENROUTE
    later(stand, 1)
    assert stand.state(message_id) is MessageState.EXPIRED


def test_times_that_are_not_named_stay(stand: Stand) -> None:
    message_id = sent(stand, validity_period=HOUR)
    stand.one(replacement(message_id))
    assert promise(stand, message_id).expires_us == START_US + 3600 * S


def test_a_message_that_waits_can_be_put_off_and_goes_with_its_priority(stand: Stand) -> None:
    message_id = sent(stand, priority_flag=2)
    result = stand.one(replacement(message_id, schedule_s=3600))
    assert (TO_ALIYA, message_id) in result.withdrawn
    assert result.outboxes == ()
    assert stand.state(message_id) is MessageState.SCHEDULED
    assert promise(stand, message_id).lane == SCHEDULED + TO_ALIYA
    assert later(stand, 3599) == []
    (row,) = later(stand, 1)
    assert (row.message_id, row.lane) == (message_id, TO_ALIYA)
    assert row.position < ranked(0, 1)
    assert [pdu.short_message for pdu in pdus_of([row])] == [b"new"]


def test_a_scheduled_message_can_be_replaced_without_or_with_another_time(stand: Stand) -> None:
    as_before = sent(stand, schedule_delivery_time=HOUR, priority_flag=3)
    sooner = sent(stand, schedule_delivery_time=HOUR)
    stand.one(replacement(as_before))
    stand.one(replacement(sooner, schedule_s=60))
    assert [row.message_id for row in later(stand, 60)] == [sooner]
    (row,) = later(stand, 3540)
    assert (row.message_id, row.position < ranked(0, 2)) == (as_before, True)


def test_a_replaced_message_starts_its_attempts_where_they_were(stand: Stand) -> None:
    """A retry and a replacement in one batch: the next attempt is counted from there."""
    message_id = sent(stand)
    again = Delivery(message_id, TO_ALIYA, MessageState.ENROUTE, "busy", retry_s=30)
    stand.run(Settle((again,)), replacement(message_id))
    row = promise(stand, message_id)
    assert (row.attempts, row.due_us) == (1, START_US + 30 * S)
    stand.one(RunDue())
    assert APP.system_id == stand.message(message_id).account
