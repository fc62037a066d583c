"""The writer's work on a real store: batches, failures in them, routes, receipts, keys."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import ClockMode
from gateway.config import LongMessages
from gateway.errors import SystemFault
from gateway.rendering import address
from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import (
    Accepted,
    Delivery,
    Execute,
    Executed,
    KeyReused,
    Reset,
    RunDue,
    SetClock,
    Settle,
    Submit,
)
from handlers.account_basics import ShowBalance
from rating.msisdn import Msisdn
from rating.subscriber import Status
from storage.errors import CommitUnknown, StoreUnavailable
from storage.model import Direction, MessageState
from tests.gateway.stand import ALIYA, APP, BOLAT, HANDSET, START_US, Boom, LogLines, S, Stand, pdus_of

DELIVERED = MessageState.DELIVERED


def faulty(stand: Stand) -> Submit:
    """A message whose handler raises."""
    submit = stand.sms("BAL", "6000")
    return submit._replace(asked=Boom(origin=stand.origin(ALIYA)))


# -- a batch ---------------------------------------------------------------------------------------


def test_a_card_is_credited_and_confirmed_and_used_the_second_time(stand: Stand) -> None:
    stand.subscribe()
    (code,) = stand.cards()
    assert stand.accepted(stand.sms(code.reveal())).word == "ok"
    assert stand.accepted(stand.sms(code.reveal())).word == "voucher.used"
    assert stand.balance() == 1000
    confirmation, refusal = stand.replies()
    assert "1,000" in confirmation
    assert confirmation != refusal


def test_the_results_of_a_batch_come_in_the_order_of_its_works(stand: Stand) -> None:
    stand.subscribe()
    works = [stand.sms("BAL", "6000"), stand.sms("hello", BOLAT), stand.sms("nonsense")]
    results = stand.run(*works)
    assert [result.work for result in results] == works
    words = [result.value.word for result in results if isinstance(result.value, Accepted)]
    assert words == ["ok", "ok", "voucher.malformed"]


def test_a_result_carries_only_its_own_promises(stand: Stand) -> None:
    stand.subscribe()
    results = stand.run(stand.sms("BAL", "6000"), stand.sms("hello", BOLAT))
    assert [[row.lane for row in result.outboxes] for result in results] == [
        [f"handset:{ALIYA}"],
        [f"handset:{BOLAT}"],
    ]


def test_a_handler_that_raises_hurts_no_neighbour_and_is_answered_with_a_system_error(
    stand: Stand,
) -> None:
    stand.subscribe()
    (code,) = stand.cards()
    works = (stand.sms("BAL", "6000"), faulty(stand), stand.sms(code.reveal()))
    results = stand.run(*works)
    assert [result.error for result in results] == [None, None, None]
    words = [result.value.word for result in results if isinstance(result.value, Accepted)]
    assert words == ["ok", "system.error", "ok"]
    assert stand.balance() == 1000
    assert len(stand.replies()) == 3
    assert "later" in stand.replies()[1]


def test_a_faulty_command_of_the_control_api_is_a_system_fault_and_changes_nothing(stand: Stand) -> None:
    good, bad = stand.execute(stand.add()), stand.execute(Boom(origin=stand.origin(ALIYA)))
    fine, failed = stand.run(good, bad)
    assert fine.error is None
    assert isinstance(failed.error, SystemFault)
    assert stand.balance() == 500


def test_a_work_that_cannot_even_be_refused_leaves_its_neighbours_their_results(stand: Stand) -> None:
    """The second message has the id of a stored one, so nothing can be kept of it."""
    stand.subscribe()
    old = stand.sms("BAL", "6000")
    stand.one(old)
    clash = stand.sms("BAL", "6000")._replace(message_id=old.message_id)
    first, second, third = stand.run(stand.sms("BAL", "6000"), clash, stand.sms("BAL", "6000"))
    assert isinstance(first.value, Accepted)
    assert isinstance(third.value, Accepted)
    assert second.value is None
    assert second.error is not None


@pytest.mark.parametrize("error", [CommitUnknown("disk"), StoreUnavailable("disk")])
def test_an_error_of_the_store_itself_answers_nobody(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    stand.subscribe()
    works = [stand.sms("BAL", "6000"), stand.sms("BAL", "6000")]

    def fail(_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("storage.unit_of_work.UnitOfWork.commit", fail)
        with pytest.raises(type(error)):
            stand.run(*works)
    assert stand.messages() == []
    assert [stand.accepted(work).word for work in works] == ["ok", "ok"]


# -- where a message goes --------------------------------------------------------------------------


def test_a_message_between_handsets_waits_with_a_promise(stand: Stand) -> None:
    result = stand.one(stand.sms("hello", BOLAT))
    (row,) = result.outboxes
    (pdu,) = pdus_of([row])
    assert (row.lane, pdu.short_message) == (f"handset:{BOLAT}", b"hello")
    assert (pdu.source.addr, pdu.destination.addr) == (ALIYA, BOLAT)
    assert stand.state(row.message_id) is MessageState.ENROUTE
    assert row.expires_us == START_US + 259_200 * S


def test_a_validity_period_bounds_the_promise(stand: Stand) -> None:
    result = stand.one(stand.sms("hello", BOLAT, validity_period="000000000500000R"))
    assert result.outboxes[0].expires_us == START_US + 300 * S


def test_a_message_to_an_application_waits_in_its_lane(stand: Stand) -> None:
    (row,) = stand.one(stand.sms("vote A", "1234")).outboxes
    assert row.lane == "account:app1"


def test_an_off_net_number_is_delivered_by_the_interconnect_with_a_receipt(stand: Stand) -> None:
    result = stand.one(stand.from_app("hello", "4917612345678", registered_delivery=1))
    assert stand.state(stand.messages()[0].id) is DELIVERED
    (row,) = result.outboxes
    assert row.lane == "account:app1"
    assert b"stat:DELIVRD" in row.payload


@pytest.mark.parametrize("typed", ["77051112233", "+7 705 111-22-33"])
def test_a_subscribers_record_overrides_the_prefix(stand: Stand, typed: str) -> None:
    """services.md section 0: the number was ported in, so its message is for a handset of ours."""
    stand.subscribe(Msisdn("77051112233"))
    result = stand.one(stand.from_app("hello", typed))
    (row,) = result.outboxes
    assert row.lane == "handset:77051112233"
    (pdu,) = pdus_of([row])
    assert pdu.destination.addr == "77051112233"
    assert stand.messages()[0].route == "handset:77051112233"


@pytest.mark.conformance("status.ESME_RSUBMITFAIL")
@pytest.mark.parametrize("status", [Status.BLOCKED, Status.BLOCKED_OUTGOING])
@pytest.mark.parametrize("to", [BOLAT, "4917612345678", "1234"])
def test_a_blocked_sender_is_refused_and_leaves_nothing_behind(stand: Stand, status: Status, to: str) -> None:
    stand.subscribe()
    stand.block(ALIYA, status)
    answer = stand.accepted(stand.sms("hello", to))
    assert (answer.status, answer.word) == (CommandStatus.ESME_RSUBMITFAIL, "access.blocked")
    assert stand.messages() == []


def test_a_subscriber_in_debt_may_still_send_to_a_handset(stand: Stand) -> None:
    stand.subscribe()
    stand.block(ALIYA, Status.DEBT)
    assert stand.accepted(stand.sms("hello", BOLAT)).status == CommandStatus.ESME_ROK


def test_a_dialled_code_that_nobody_serves_is_answered_by_a_screen(stand: Stand) -> None:
    stand.subscribe()
    (row,) = stand.one(stand.dial("*777#")).outboxes
    (pdu,) = pdus_of([row])
    assert (row.bearer, row.bind, row.lane) == ("ussd", "s1", f"ussd:{ALIYA}")
    assert pdu.tlv(Tag.USSD_SERVICE_OP) == 17
    assert pdu.tlv(Tag.ITS_SESSION_INFO) == b"\x07\x03"


def test_a_redeemed_dial_names_who_tells_it_when_the_screen_is_gone(stand: Stand) -> None:
    stand.subscribe()
    (code,) = stand.cards()
    (row,) = stand.one(stand.dial(f"*110*{code.reveal()}#")).outboxes
    assert row.fallback == "9393"


def test_a_screen_that_was_not_shown_comes_as_an_sms(stand: Stand) -> None:
    stand.subscribe()
    (code,) = stand.cards()
    (row,) = stand.one(stand.dial(f"*110*{code.reveal()}#")).outboxes
    lost = Delivery(row.message_id, row.lane, MessageState.UNDELIVERABLE, "gone", fallback="9393")
    (sms,) = stand.one(Settle((lost,))).outboxes
    (pdu,) = pdus_of([sms])
    assert sms.lane == f"handset:{ALIYA}"
    assert pdu.source == address("9393")
    assert b"1,000" in pdu.short_message
    assert stand.state(row.message_id) is MessageState.UNDELIVERABLE


# -- long messages to a service --------------------------------------------------------------------


def segments(stand: Stand, text: str, cut: int, to: str = "6000", **fields: Any) -> list[Submit]:
    """A message in two parts with SAR TLVs."""
    return [
        stand.sms(
            piece,
            to,
            tlvs=(
                Tlv(Tag.SAR_MSG_REF_NUM, 7),
                Tlv(Tag.SAR_TOTAL_SEGMENTS, 2),
                Tlv(Tag.SAR_SEGMENT_SEQNUM, number),
            ),
            **fields,
        )
        for number, piece in enumerate((text[:cut], text[cut:]), start=1)
    ]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_command_in_two_parts_runs_once_when_both_are_there(stand: Stand, order: tuple[int, int]) -> None:
    stand.subscribe()
    parts = segments(stand, "LANG EN", 4)
    assert stand.accepted(parts[order[0]]).word == "part"
    assert stand.replies() == []
    stand.restart()
    assert stand.accepted(parts[order[1]]).word == "ok"
    assert len(stand.replies()) == 1
    assert {each.state for each in stand.messages() if each.direction is Direction.MO} == {DELIVERED}


def test_each_segment_of_a_joined_message_has_the_receipt_that_it_asked_for(tmp_path: Path) -> None:
    stand = Stand(tmp_path, (HANDSET, replace(APP, long_messages=LongMessages.PAYLOAD)))
    first, second = segments(stand, "hello", 2, to="1234", registered_delivery=1)
    stand.one(first)
    joined = stand.one(second).outboxes
    assert {row.lane for row in joined} == {"account:app1", f"handset:{ALIYA}"}
    told = stand.one(Settle((Delivery(second.message_id, "account:app1", DELIVERED, receipt=True),)))
    receipts = [each.short_message[:35] for each in pdus_of((*joined[:1], *told.outboxes))]
    assert receipts == [f"id:{each.message_id}".encode() for each in (first, second)]
    stand.store.close()


def test_a_segment_whose_others_never_came_has_its_receipt(tmp_path: Path) -> None:
    stand = Stand(tmp_path, (HANDSET, replace(APP, long_messages=LongMessages.PAYLOAD)))
    first, _ = segments(stand, "hello", 2, to="1234", registered_delivery=1)
    stand.one(first)
    stand.wall_us += 601 * S
    (receipt,) = pdus_of(stand.one(RunDue()).outboxes)
    assert b"stat:EXPIRED" in receipt.short_message
    stand.store.close()


# -- how attempts end ------------------------------------------------------------------------------


def end(stand: Stand, message_id: str, state: MessageState) -> list[bytes]:
    """Settle an attempt as the dispatcher does; the payloads of what follows."""
    waiting = {row.message_id: row for row in stand.store.reads.pending()}
    receipt = message_id in waiting and bool(waiting[message_id].receipt_to)
    delivery = Delivery(message_id, f"handset:{ALIYA}", state, "why", receipt=receipt)
    return [row.payload for row in stand.one(Settle((delivery,))).outboxes]


@pytest.mark.parametrize(
    ("asked", "state", "told"),
    [
        (0, MessageState.DELIVERED, False),
        (0, MessageState.UNDELIVERABLE, False),
        (1, MessageState.DELIVERED, True),
        (1, MessageState.UNDELIVERABLE, True),
        (2, MessageState.DELIVERED, False),
        (2, MessageState.UNDELIVERABLE, True),
        (2, MessageState.EXPIRED, True),
    ],
)
def test_registered_delivery_says_which_ends_the_application_hears_of(
    stand: Stand, asked: int, state: MessageState, told: bool
) -> None:
    answer = stand.accepted(stand.from_app("hello", registered_delivery=asked))
    receipts = end(stand, answer.message_id, state)
    assert len(receipts) == told
    assert all(f"id:{answer.message_id}".encode() in receipt for receipt in receipts)


def test_a_handset_that_asks_gets_its_receipt_too(stand: Stand) -> None:
    answer = stand.accepted(stand.sms("hello", BOLAT, registered_delivery=1))
    (receipt,) = end(stand, answer.message_id, DELIVERED)
    assert f"id:{answer.message_id}".encode() in receipt
    assert {row.lane for row in stand.store.reads.pending()} == {f"handset:{ALIYA}"}


def test_a_handset_hears_that_a_service_has_its_message(stand: Stand) -> None:
    answer = stand.accepted(stand.sms("BAL", "6000", registered_delivery=1))
    receipts = [row.payload for row in stand.store.reads.pending() if row.bearer == "receipt"]
    assert [f"id:{answer.message_id}".encode() in each for each in receipts] == [True]


def test_the_first_final_state_counts_and_a_receipt_goes_out_once(stand: Stand) -> None:
    answer = stand.accepted(stand.from_app("hello", registered_delivery=1))
    assert len(end(stand, answer.message_id, DELIVERED)) == 1
    assert end(stand, answer.message_id, MessageState.UNDELIVERABLE) == []
    assert stand.state(answer.message_id) is DELIVERED


def test_the_first_of_two_ends_in_one_batch_counts(stand: Stand) -> None:
    answer = stand.accepted(stand.sms("hello", BOLAT))
    lane = f"handset:{BOLAT}"
    ends = [Delivery(answer.message_id, lane, state) for state in (DELIVERED, MessageState.UNDELIVERABLE)]
    stand.run(Settle((ends[0],)), Settle((ends[1],)))
    assert stand.state(answer.message_id) is DELIVERED


def test_an_attempt_in_vain_is_counted_and_wakes_its_lane_in_time(stand: Stand) -> None:
    stand.run(SetClock(ClockMode.VIRTUAL, None))
    answer = stand.accepted(stand.from_app("hello"))
    delivery = Delivery(answer.message_id, f"handset:{ALIYA}", MessageState.ENROUTE, "why", retry_s=30)
    result = stand.one(Settle((delivery,)))
    assert result.due_us == START_US + 30 * S
    (row,) = stand.store.reads.pending([f"handset:{ALIYA}"])
    assert (row.attempts, row.due_us) == (1, START_US + 30 * S)


def test_a_postponed_message_that_has_ended_meanwhile_lets_its_lane_go_on(stand: Stand) -> None:
    """It expired while it was on its way, say: no job would ever wake the lane that stands still for it."""
    answer = stand.accepted(stand.from_app("hello"))
    lane = f"handset:{ALIYA}"
    end(stand, answer.message_id, MessageState.EXPIRED)
    result = stand.one(Settle((Delivery(answer.message_id, lane, MessageState.ENROUTE, "why", retry_s=30),)))
    assert result.wake == (lane,)


def test_an_unknown_message_is_nothing_to_settle(stand: Stand) -> None:
    assert end(stand, "0" * 32, DELIVERED) == []


# -- commands of other edges -----------------------------------------------------------------------


def executed(stand: Stand, work: Execute) -> Executed:
    value = stand.one(work).value
    assert isinstance(value, Executed)
    return value


def test_a_key_used_again_for_the_same_request_does_nothing(stand: Stand) -> None:
    first = executed(stand, stand.execute(stand.add(), "k1", "body"))
    again = executed(stand, stand.execute(stand.add(), "k1", "body"))
    assert (first.repeated, again.repeated) == (False, True)
    assert stand.balance() == 500


def test_a_key_used_again_within_the_same_batch_does_nothing_either(stand: Stand) -> None:
    results = stand.run(
        stand.execute(stand.add(), "k1", "body"), stand.execute(stand.add(BOLAT), "k1", "body")
    )
    assert [r.value.repeated for r in results if isinstance(r.value, Executed)] == [False, True]
    assert stand.store.reads.subscriber(BOLAT) is None


def test_a_key_used_for_another_request_is_refused(stand: Stand) -> None:
    stand.one(stand.execute(stand.add(), "k1", "body"))
    (result,) = stand.run(stand.execute(stand.add(BOLAT), "k1", "another body"))
    assert isinstance(result.error, KeyReused)
    assert stand.store.reads.subscriber(BOLAT) is None


def test_a_refused_command_leaves_its_key_free(stand: Stand) -> None:
    wrong = ShowBalance(origin=stand.origin(BOLAT))
    assert executed(stand, stand.execute(wrong, "k1", "body")).outcome.refusal is not None
    assert not executed(stand, stand.execute(stand.add(), "k1", "better body")).repeated


def test_what_an_agent_does_for_a_subscriber_is_told_to_the_subscriber(stand: Stand) -> None:
    stand.subscribe()
    result = stand.one(stand.execute(ShowBalance(origin=stand.origin(ALIYA))))
    (row,) = result.outboxes
    (pdu,) = pdus_of([row])
    assert (row.lane, pdu.source.addr) == (f"handset:{ALIYA}", "6000")


# -- the reset -------------------------------------------------------------------------------------


def test_a_reset_empties_the_store_seeds_it_and_takes_the_clock_back(stand: Stand) -> None:
    stand.subscribe()
    stand.run(stand.sms("hello", BOLAT))
    stand.run(SetClock(ClockMode.VIRTUAL, START_US + 999 * S))
    stand.one(Reset())
    assert stand.seeds == 1
    assert stand.messages() == []
    assert stand.store.reads.subscriber(Msisdn(ALIYA)) is None
    assert stand.clock.now_us() == START_US
    assert stand.store.reads.setting("clock") is None


def test_after_a_reset_an_old_sequence_number_is_a_new_command(stand: Stand) -> None:
    stand.subscribe()
    work = stand.sms("BAL", "6000")
    stand.one(work)
    stand.one(Reset())
    stand.subscribe()
    assert not stand.accepted(work).repeated


def test_an_error_in_the_log_holds_no_content(stand: Stand, logged: LogLines) -> None:
    stand.subscribe()
    stand.run(faulty(stand))
    (line,) = [each for each in logged if each["event"] == "work.failed"]
    assert (line["work"], line["error"]) == ("Submit", "Bang")


def test_the_pdu_of_a_submit_is_kept(stand: Stand) -> None:
    answer = stand.accepted(stand.sms("hello", BOLAT))
    kept = stand.message(answer.message_id)
    assert SubmitSm.command_id.to_bytes(4, "big") == kept.pdus[4:8]
    assert kept.text == "hello"
