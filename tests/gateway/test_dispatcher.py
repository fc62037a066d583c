"""Store-and-forward: order, attempts, what a lost bind leaves behind; and all of it in any order at all."""

import pytest

from gateway.failures import ABSENT, FAILURES, NO_RESPONSE, ErrorClass
from gateway.lane import ROWS_MAX
from gateway.smpp.constants import CommandStatus
from gateway.smpp.tlv import Tag, Tlv
from storage.model import MessageState
from tests.gateway.fake_mailroom import APP, OK, Mailing, S

ALIYA = "handset:77011234567"
BOLAT = "handset:77021234567"
APP1 = "account:app1"
LATER = CommandStatus.ESME_RX_T_APPN
DELIVERED = MessageState.DELIVERED
RETRY_S = ABSENT.retry_s


@pytest.fixture
def mailing() -> Mailing:
    return Mailing()


def test_messages_to_a_handset_go_out_in_order_and_one_at_a_time(mailing: Mailing) -> None:
    phone = mailing.bind("77011234567")
    for text in ("one", "two", "three"):
        mailing.send(ALIYA, text)
    assert phone.texts == ["one"]
    phone.answer()
    assert phone.texts == ["one", "two"]
    phone.answer()
    phone.answer()
    mailing.settle_down()
    assert phone.texts == ["one", "two", "three"]
    assert mailing.rows == {}


def test_two_handsets_on_one_bind_do_not_wait_for_each_other(mailing: Mailing) -> None:
    radio = mailing.bind()
    mailing.settle_down()
    mailing.send(ALIYA, "to Aliya")
    mailing.send(BOLAT, "to Bolat")
    assert radio.texts == ["to Aliya", "to Bolat"]
    assert mailing.dispatcher.in_flight == 2


def test_the_parts_of_a_long_message_follow_each_other_and_count_as_delivered_together(
    mailing: Mailing,
) -> None:
    phone = mailing.bind("77011234567")
    long = mailing.send(ALIYA, "part 1", "part 2", "part 3")
    mailing.send(ALIYA, "next")
    for _ in range(2):
        phone.answer()
        assert mailing.ended(long) == []
    phone.answer()
    assert mailing.ended(long) == [DELIVERED]
    assert phone.texts == ["part 1", "part 2", "part 3", "next"]


def test_a_message_for_a_handset_that_is_off_waits_and_goes_out_in_order_when_it_binds(
    mailing: Mailing,
) -> None:
    for text in ("one", "two"):
        mailing.send(ALIYA, text)
    phone = mailing.bind("77011234567")
    mailing.settle_down()
    phone.answer()
    phone.answer()
    assert phone.texts == ["one", "two"]


def test_a_transmitter_is_sent_nothing(mailing: Mailing) -> None:
    mailing.send(ALIYA, "waits")
    phone = mailing.bind("77011234567", receives=False)
    mailing.settle_down()
    mailing.send(ALIYA, "waits too")
    assert phone.texts == []


def test_a_full_window_is_used_again_as_soon_as_it_has_room(mailing: Mailing) -> None:
    radio = mailing.bind(window=1)
    mailing.settle_down()
    mailing.send(ALIYA, "to Aliya")
    mailing.send(BOLAT, "to Bolat")
    assert radio.texts == ["to Aliya"]
    radio.answer()
    assert radio.texts == ["to Aliya", "to Bolat"]


def test_a_bind_lost_before_the_answer_leaves_the_message_to_the_next_bind_in_order(
    mailing: Mailing,
) -> None:
    phone = mailing.bind("77011234567")
    for text in ("one", "two"):
        mailing.send(ALIYA, text)
    mailing.lose(phone)
    mailing.settle_down()
    again = mailing.bind("77011234567")
    mailing.settle_down()
    again.answer()
    again.answer()
    mailing.settle_down()
    assert again.texts == ["one", "two"]
    assert mailing.rows == {}


def test_a_lost_bind_hands_over_to_a_wider_one_at_once(mailing: Mailing) -> None:
    radio = mailing.bind()
    phone = mailing.bind("77011234567")
    mailing.settle_down()
    mailing.send(ALIYA, "one")
    mailing.lose(phone)
    assert radio.texts == ["one"]


def test_what_waited_for_room_on_a_lost_bind_goes_out_on_the_wider_one(mailing: Mailing) -> None:
    radio = mailing.bind()
    phone = mailing.bind("77011234567", window=0)
    mailing.settle_down()
    mailing.send(ALIYA, "one")
    mailing.lose(phone)
    assert radio.texts == ["one"]


def test_a_part_acknowledged_after_the_unbind_lets_the_rest_go_to_the_wider_bind(mailing: Mailing) -> None:
    radio = mailing.bind()
    phone = mailing.bind("77011234567")
    mailing.settle_down()
    mailing.send(ALIYA, "part 1", "part 2")
    mailing.unbind(phone)
    phone.answer()
    assert radio.texts == ["part 2"]


def test_a_temporary_refusal_is_tried_again_after_its_delays_and_holds_up_what_follows(
    mailing: Mailing,
) -> None:
    phone = mailing.bind("77011234567")
    mailing.send(ALIYA, "one")
    mailing.send(ALIYA, "two")
    for attempt in range(len(RETRY_S) + 2):
        delay_s = RETRY_S[min(attempt, len(RETRY_S) - 1)]
        assert phone.texts == ["one"] * (attempt + 1)
        phone.answer(LATER)
        mailing.settle_down()
        mailing.advance(delay_s - 1)
        assert phone.open == []
        mailing.advance(1)
    phone.answer()
    phone.answer()
    assert phone.texts[-2:] == ["one", "two"]
    assert mailing.deliveries[0].error == f"{ABSENT.reason} (ESME_RX_T_APPN)"


@pytest.mark.parametrize(
    ("status", "error_class"),
    [
        (CommandStatus.ESME_RX_T_APPN, ErrorClass.ABSENT),
        (CommandStatus.ESME_RTHROTTLED, ErrorClass.CONGESTION),
        (CommandStatus.ESME_RMSGQFUL, ErrorClass.MEMORY_FULL),
        (CommandStatus.ESME_RSYSERR, ErrorClass.SYSTEM),
    ],
)
def test_statuses_that_may_pass_are_tried_again_after_the_times_of_their_class(
    mailing: Mailing, status: CommandStatus, error_class: ErrorClass
) -> None:
    phone = mailing.bind("77011234567")
    one = mailing.send(ALIYA, "one")
    schedule = FAILURES[error_class].retry_s
    for delay_s in (*schedule, schedule[-1]):
        phone.answer(status)
        mailing.settle_down()
        mailing.advance(delay_s - 1)
        assert phone.open == []
        mailing.advance(1)
    assert [each.retry_s for each in mailing.deliveries] == [*schedule, schedule[-1]]
    assert {each.error_code for each in mailing.deliveries} == {FAILURES[error_class].number}
    assert mailing.ended(one) == []


def test_the_reason_in_the_parameters_of_an_answer_chooses_the_times(mailing: Mailing) -> None:
    """network_error_code (SMPP 3.4 section 5.3.2.31) says more than the status."""
    phone = mailing.bind("77011234567")
    mailing.send(ALIYA, "one")
    memory_full = Tlv(Tag.NETWORK_ERROR_CODE, b"\x03\x00\x20")
    mailing.dispatcher.answered(phone.open.pop(), LATER, (memory_full,))
    full = FAILURES[ErrorClass.MEMORY_FULL]
    assert [(each.retry_s, each.error_code) for each in mailing.deliveries] == [
        (full.retry_s[0], full.number)
    ]


def test_a_new_bind_ends_the_wait_for_the_next_attempt(mailing: Mailing) -> None:
    phone = mailing.bind("77011234567")
    mailing.send(ALIYA, "one")
    phone.answer(LATER)
    mailing.settle_down()
    again = mailing.bind("77011234567")
    mailing.settle_down()
    assert again.texts == ["one"]


def test_a_bind_between_a_refusal_and_its_commit_begins_with_the_refused_message(mailing: Mailing) -> None:
    phone = mailing.bind("77011234567")
    mailing.send(ALIYA, "one")
    mailing.send(ALIYA, "two")
    phone.answer(LATER)
    again = mailing.bind("77011234567")
    mailing.step(mailing.reads)
    mailing.step(mailing.read_news)
    assert again.texts == ["one"]


def test_no_answer_in_time_counts_as_a_temporary_refusal(mailing: Mailing) -> None:
    phone = mailing.bind("77011234567")
    one = mailing.send(ALIYA, "one")
    phone.time_out()
    mailing.settle_down()
    assert mailing.deliveries[-1].error == NO_RESPONSE.reason
    mailing.advance(NO_RESPONSE.retry_s[0])
    phone.answer()
    assert phone.texts == ["one", "one"]
    assert mailing.ended(one) == [DELIVERED]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (CommandStatus.ESME_RX_P_APPN, MessageState.UNDELIVERABLE),
        (CommandStatus.ESME_RX_R_APPN, MessageState.REJECTED),
        (CommandStatus.ESME_RINVDSTADR, MessageState.UNDELIVERABLE),
    ],
)
def test_a_permanent_refusal_ends_the_message_and_the_next_one_goes(
    mailing: Mailing, status: CommandStatus, state: MessageState
) -> None:
    phone = mailing.bind("77011234567")
    one = mailing.send(ALIYA, "one")
    mailing.send(ALIYA, "two")
    phone.answer(status)
    assert mailing.ended(one) == [state]
    assert mailing.deliveries[-1].error.endswith(f"({status.name})")
    assert phone.texts == ["one", "two"]


def test_a_message_whose_validity_is_over_is_not_sent_any_more(mailing: Mailing) -> None:
    old = mailing.send(ALIYA, "old", expires_us=60 * S)
    mailing.send(ALIYA, "new")
    mailing.advance(60)
    phone = mailing.bind("77011234567")
    mailing.settle_down()
    assert phone.texts == ["new"]
    assert mailing.ended(old) == [MessageState.EXPIRED]


# -- wide binds, many rows -------------------------------------------------------------------------


def test_what_is_committed_while_a_wide_bind_looks_around_goes_once_and_behind_the_older(
    mailing: Mailing,
) -> None:
    mailing.send(ALIYA, "one")
    radio = mailing.bind()
    mailing.promise(ALIYA, "two")
    mailing.step(mailing.commit_news)
    mailing.step(mailing.reads)
    mailing.promise(ALIYA, "three")
    mailing.step(mailing.commit_news)
    for _ in range(4):
        mailing.settle_down()
        if radio.open:
            radio.answer()
    assert radio.texts == ["one", "two", "three"]


def test_a_read_that_overtakes_the_news_of_a_commit_sends_nothing_twice(mailing: Mailing) -> None:
    mailing.send(ALIYA, "one")
    phone = mailing.bind("77011234567")
    mailing.promise(ALIYA, "two")
    mailing.step(mailing.reads)
    mailing.step(mailing.read_news)
    phone.answer()
    mailing.step(mailing.commit_news)
    phone.answer()
    mailing.settle_down()
    assert phone.texts == ["one", "two"]


def test_a_read_from_before_a_delivery_does_not_bring_the_message_back(mailing: Mailing) -> None:
    app = mailing.bind(account=APP)
    mailing.settle_down()
    mailing.send(APP1, "one")
    mailing.bind(account=APP)
    mailing.step(mailing.reads)
    app.answer()
    mailing.step(mailing.writes)
    mailing.step(mailing.commit_news)
    mailing.step(mailing.read_news)
    mailing.settle_down()
    assert [text for link in mailing.links.values() for text in link.texts] == ["one"]


def test_more_than_a_lane_holds_in_memory_goes_out_whole_and_in_order(mailing: Mailing) -> None:
    phone = mailing.bind("77011234567")
    wanted = [str(number) for number in range(2 * ROWS_MAX + 7)]
    for text in wanted:
        mailing.promise(ALIYA, text)
    mailing.settle_down()
    while phone.open:
        phone.answer()
        mailing.settle_down()
    assert phone.texts == wanted


def test_a_commit_during_the_read_of_a_long_backlog_takes_its_place_at_the_end(mailing: Mailing) -> None:
    wanted = [str(number) for number in range(ROWS_MAX + 3)]
    for text in wanted:
        mailing.promise(ALIYA, text)
    mailing.settle_down()
    phone = mailing.bind("77011234567")
    mailing.step(mailing.reads)
    mailing.promise(ALIYA, "last")
    mailing.step(mailing.commit_news)
    mailing.settle_down()
    while phone.open:
        phone.answer()
        mailing.settle_down()
    assert phone.texts == [*wanted, "last"]


def test_a_commit_during_the_last_read_of_a_backlog_is_not_forgotten(mailing: Mailing) -> None:
    phone = mailing.bind("77011234567")
    mailing.settle_down()
    for number in range(ROWS_MAX + 2):
        mailing.promise(ALIYA, str(number))
    mailing.settle_down()
    while not mailing.reads:
        phone.answer()
        mailing.step(mailing.writes)
        mailing.step(mailing.commit_news)
    mailing.step(mailing.reads)
    mailing.promise(ALIYA, "last")
    mailing.settle_down()
    while phone.open:
        phone.answer()
        mailing.settle_down()
    assert phone.texts[-1] == "last"
    assert mailing.rows == {}


def test_many_postponed_messages_of_an_application_are_not_read_over_and_over(mailing: Mailing) -> None:
    mailing.bind(account=APP, window=10_000)
    mailing.settle_down()
    for number in range(ROWS_MAX + 40):
        mailing.promise(APP1, str(number))
    mailing.settle_down()
    app = next(iter(mailing.links.values()))
    while app.open:
        app.answer(LATER)
        mailing.settle_down()
    reads = mailing.reads_done
    mailing.bind(account=APP)
    mailing.settle_down()
    assert mailing.reads_done - reads <= 4


# -- applications ----------------------------------------------------------------------------------


def test_the_binds_of_an_application_take_turns(mailing: Mailing) -> None:
    first, second = mailing.bind(account=APP), mailing.bind(account=APP)
    mailing.settle_down()
    for number in range(4):
        mailing.send(APP1, str(number))
    assert len(first.texts) == len(second.texts) == 2


def test_one_bind_of_an_application_that_takes_nothing_does_not_stop_the_other(mailing: Mailing) -> None:
    deaf, alert = mailing.bind(account=APP), mailing.bind(account=APP)
    deaf.paused = True
    mailing.settle_down()
    for number in range(4):
        mailing.send(APP1, str(number))
    assert (deaf.texts, alert.texts) == ([], ["0", "1", "2", "3"])


def test_a_temporary_refusal_of_one_application_message_does_not_stop_the_others(mailing: Mailing) -> None:
    app = mailing.bind(account=APP)
    mailing.settle_down()
    one = mailing.send(APP1, "one")
    mailing.send(APP1, "two")
    app.answer(LATER)
    mailing.settle_down()
    mailing.send(APP1, "three")
    assert app.texts == ["one", "two", "three"]
    mailing.advance(RETRY_S[0])
    assert app.texts == ["one", "two", "three", "one"]
    app.answer(at=2)
    assert mailing.ended(one) == [DELIVERED]


def test_what_an_application_had_not_answered_when_it_left_waits_for_its_next_bind(mailing: Mailing) -> None:
    app = mailing.bind(account=APP)
    mailing.settle_down()
    mailing.send(APP1, "one")
    mailing.unbind(app)
    mailing.send(APP1, "two")
    mailing.lose(app)
    mailing.settle_down()
    again = mailing.bind(account=APP)
    mailing.settle_down()
    assert sorted(again.texts) == ["one", "two"]


# -- stop and reset --------------------------------------------------------------------------------


@pytest.mark.parametrize("retried", [False, True])
def test_an_application_that_left_what_waits_for_it_is_called(mailing: Mailing, retried: bool) -> None:
    called: list[str] = []
    mailing.dispatcher.on_unreachable_account = called.append
    client = mailing.bind(account=APP)
    mailing.settle_down()
    mailing.send(APP1, "waits")
    if retried:
        client.answer(LATER)
        mailing.settle_down()
    mailing.lose(client)
    mailing.settle_down()
    if retried:
        mailing.dispatcher.wake(APP1)
    assert called == ["app1"]


def test_an_application_that_left_nothing_is_not_called(mailing: Mailing) -> None:
    called: list[str] = []
    mailing.dispatcher.on_unreachable_account = called.append
    client = mailing.bind(account=APP)
    mailing.settle_down()
    mailing.send(APP1, "arrives")
    client.answer()
    mailing.settle_down()
    mailing.lose(client)
    mailing.settle_down()
    assert called == []


def test_what_is_tried_once_while_the_gateway_recovers_is_not_given_up(mailing: Mailing) -> None:
    """Its client was quicker than the read of what a former process had left."""
    phone = mailing.bind("77011234567")
    mailing.settle_down()
    mailing.dispatcher.recover()
    message_id = mailing.send("once:" + ALIYA, "now")
    phone.answer()
    mailing.settle_down()
    assert mailing.ended(message_id) == [DELIVERED]


def test_once_stopped_nothing_new_leaves_but_answers_still_count(mailing: Mailing) -> None:
    phone = mailing.bind("77011234567")
    one = mailing.send(ALIYA, "one")
    mailing.send(ALIYA, "two")
    mailing.dispatcher.stopped = True
    phone.answer()
    mailing.settle_down()
    assert phone.texts == ["one"]
    assert mailing.ended(one) == [DELIVERED]


@pytest.mark.parametrize("status", [OK, LATER])
def test_after_a_reset_nothing_of_before_is_sent_or_stands_in_the_way(
    mailing: Mailing, status: CommandStatus
) -> None:
    phone = mailing.bind("77011234567")
    mailing.send(ALIYA, "one")
    mailing.send(ALIYA, "two")
    mailing.rows.clear()
    mailing.dispatcher.forget()
    phone.answer(status)
    mailing.settle_down()
    mailing.send(ALIYA, "new")
    assert phone.texts == ["one", "new"]
    assert mailing.deliveries == []
