"""Messages end when their validity is over, each at its own time, whatever happened in between."""

import pytest

from gateway.clock import ClockMode
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import Advance, Result, SetClock
from storage.model import Job, MessageState, Outbox
from tests.gateway.stand import ALIYA, START_US, S, Stand

EXPIRED, ENROUTE = MessageState.EXPIRED, MessageState.ENROUTE


@pytest.fixture
def stand(stand: Stand) -> Stand:
    """The stand with a virtual clock."""
    stand.run(SetClock(ClockMode.VIRTUAL, START_US))
    return stand


def send(stand: Stand, minutes: int, registered_delivery: int = 0) -> str:
    """A message from the application that is valid for so long; its id."""
    period = f"00000000{minutes:02d}00000R"
    submit = stand.from_app("hello", validity_period=period, registered_delivery=registered_delivery)
    return stand.accepted(submit).message_id


def fail_after_a_promise(stand: Stand) -> None:
    """A transaction that ends in an exception."""
    soon = Outbox(message_id="x", lane="x", payload=b"", due_us=0, expires_us=START_US + 60 * S)
    with stand.processor.begin() as batch:
        batch.expiry.note(soon, batch)
        raise ZeroDivisionError


def advance(stand: Stand, minutes: int) -> Result:
    return stand.one(Advance(stand.clock.now_us() + minutes * 60 * S))


def test_each_message_expires_at_its_own_time_whatever_the_order_of_sending(stand: Stand) -> None:
    long, short, middle = send(stand, 30), send(stand, 10), send(stand, 20)
    advance(stand, 60)
    ended = {each.id: (each.updated_us - START_US) // (60 * S) for each in stand.messages()}
    assert ended == {short: 10, middle: 20, long: 30}
    assert {each.state for each in stand.messages()} == {EXPIRED}
    assert stand.store.reads.pending() == []


def test_a_message_lives_until_its_validity_is_over(stand: Stand) -> None:
    message_id = send(stand, 10)
    advance(stand, 9)
    assert stand.state(message_id) is ENROUTE
    advance(stand, 1)
    assert (stand.state(message_id), stand.message(message_id).error) == (EXPIRED, "validity period over")


def test_expiry_is_told_by_receipt(stand: Stand) -> None:
    send(stand, 10, registered_delivery=2)
    (row,) = advance(stand, 10).outboxes
    assert row.lane == "account:app1"
    assert b"stat:EXPIRED" in row.payload


def test_a_message_sent_after_a_restart_does_not_put_off_the_end_of_an_older_one(stand: Stand) -> None:
    older = send(stand, 10)
    stand.restart()
    send(stand, 50)
    advance(stand, 10)
    assert stand.state(older) is EXPIRED


def test_a_batch_that_was_rolled_back_takes_its_schedule_with_it(stand: Stand) -> None:
    """The job of an end that never was must not be taken for one that stands."""
    older = send(stand, 50)
    with pytest.raises(ZeroDivisionError):
        fail_after_a_promise(stand)
    short = send(stand, 10)
    advance(stand, 10)
    assert (stand.state(short), stand.state(older)) == (EXPIRED, ENROUTE)


def test_a_failing_job_leaves_the_schedule_of_ends_right(stand: Stand) -> None:
    """Both jobs share a transaction: the first one's promise is rolled back with the second one's fault."""
    stand.subscribe(ALIYA)
    stand.put(
        Job(kind="drill.remind", key="r", due_us=START_US + S, payload={"to": ALIYA}),
        Job(kind="drill.faulty", key="f", due_us=START_US + S, payload={}),
    )
    advance(stand, 1)
    message_id = send(stand, 10)
    advance(stand, 10)
    assert stand.state(message_id) is EXPIRED


def test_more_than_one_run_takes_all_expire(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.expiry._PER_RUN", 2)
    for _ in range(5):
        send(stand, 10)
    advance(stand, 10)
    assert [each.state for each in stand.messages()] == [EXPIRED] * 5


def test_an_idle_operator_has_no_expiry_job(stand: Stand) -> None:
    send(stand, 10)
    advance(stand, 10)
    assert stand.store.reads.next_due_us() is None


def test_a_segment_whose_others_never_came_ends_too(stand: Stand) -> None:
    sar = (
        Tlv(Tag.SAR_MSG_REF_NUM, 7),
        Tlv(Tag.SAR_TOTAL_SEGMENTS, 2),
        Tlv(Tag.SAR_SEGMENT_SEQNUM, 1),
    )
    answer = stand.accepted(stand.sms("BA", "6000", tlvs=sar))
    advance(stand, 11)
    assert stand.state(answer.message_id) is EXPIRED
    assert stand.store.reads.pending() == []
