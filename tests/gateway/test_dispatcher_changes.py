"""What happens to a queue from outside: priorities, holds, cancelled and replaced messages, and who hears."""

import pytest

from gateway.failures import ABSENT
from gateway.lane import ROWS_MAX
from gateway.smpp.constants import CommandStatus
from storage.model import MessageState
from tests.gateway.fake_mailroom import APP, Mailing, deliver_pdus

ALIYA = "handset:77011234567"
BOLAT = "handset:77021234567"
APP1 = "account:app1"
LATER = CommandStatus.ESME_RX_T_APPN
DELIVERED = MessageState.DELIVERED
RETRY_S = ABSENT.retry_s


@pytest.fixture
def mailing() -> Mailing:
    return Mailing()


# -- priorities ------------------------------------------------------------------------------------


def test_a_more_urgent_message_goes_before_all_that_wait(mailing: Mailing) -> None:
    """SMPP 3.4 section 5.2.14; what is on its way stays so, and equals keep their order."""
    phone = mailing.bind("77011234567")
    mailing.send(ALIYA, "on its way")
    for priority in (0, 2, 1, 2, 0, 3):
        mailing.send(ALIYA, f"p{priority}", priority=priority)
    while phone.open:
        phone.answer()
        mailing.settle_down()
    assert phone.texts == ["on its way", "p3", "p2", "p2", "p1", "p0", "p0"]


def test_urgent_messages_go_first_out_of_a_backlog_that_memory_does_not_hold(mailing: Mailing) -> None:
    for number in range(ROWS_MAX + 20):
        mailing.promise(ALIYA, f"{number:04d}")
    mailing.settle_down()
    phone = mailing.bind("77011234567")
    mailing.settle_down()
    for number in range(ROWS_MAX + 20):
        mailing.promise(ALIYA, f"urgent {number:04d}", priority=1)
    mailing.settle_down()
    while phone.open:
        phone.answer()
        mailing.settle_down()
    usual = [f"{number:04d}" for number in range(ROWS_MAX + 20)]
    urgent = [f"urgent {number:04d}" for number in range(ROWS_MAX + 20)]
    assert phone.texts == [usual[0], *urgent, *usual[1:]]


def test_urgent_messages_that_come_while_a_backlog_is_read_are_all_sent(mailing: Mailing) -> None:
    for number in range(5):
        mailing.promise(ALIYA, str(number))
    mailing.settle_down()
    phone = mailing.bind("77011234567")
    mailing.step(mailing.reads)
    for number in range(ROWS_MAX + 5):
        mailing.promise(ALIYA, f"u{number}", priority=3)
    while mailing.commit_news:
        mailing.step(mailing.commit_news)
    mailing.settle_down()
    while phone.open:
        phone.answer()
        mailing.settle_down()
    assert phone.texts == [*(f"u{number}" for number in range(ROWS_MAX + 5)), *map(str, range(5))]
    assert mailing.rows == {}


# -- changes of what waits -------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["its id", "its lane"])
def test_what_is_held_does_not_take_off_until_it_is_let_go(mailing: Mailing, by: str) -> None:
    radio = mailing.bind()
    mailing.settle_down()
    first = mailing.send(ALIYA, "on its way")
    held = (mailing.send(ALIYA, "held") if by == "its id" else ALIYA,)
    mailing.dispatcher.hold(held)
    mailing.send(ALIYA, "held")
    assert mailing.dispatcher.busy() == {first}
    radio.answer()
    mailing.settle_down()
    assert radio.texts == ["on its way"]
    mailing.dispatcher.let_go(held)
    assert radio.texts[-1] == "held"


def test_what_two_hold_is_free_when_both_have_let_go(mailing: Mailing) -> None:
    phone = mailing.bind("77011234567")
    mailing.settle_down()
    for _ in range(2):
        mailing.dispatcher.hold((ALIYA,))
    mailing.send(ALIYA, "one")
    mailing.dispatcher.let_go((ALIYA,))
    assert phone.texts == []
    mailing.dispatcher.let_go((ALIYA,))
    assert phone.texts == ["one"]


def test_others_go_on_while_one_is_held(mailing: Mailing) -> None:
    radio = mailing.bind()
    mailing.settle_down()
    mailing.dispatcher.hold((ALIYA,))
    mailing.send(ALIYA, "held")
    mailing.send(BOLAT, "free")
    assert radio.texts == ["free"]


def test_what_is_withdrawn_from_the_queue_is_not_sent(mailing: Mailing) -> None:
    phone = mailing.bind("77011234567")
    mailing.send(ALIYA, "one")
    two = mailing.send(ALIYA, "two")
    mailing.send(ALIYA, "three")
    del mailing.rows[two]
    mailing.dispatcher.withdraw([(ALIYA, two)])
    while phone.open:
        phone.answer()
        mailing.settle_down()
    assert phone.texts == ["one", "three"]


@pytest.mark.parametrize("again", [False, True])
def test_what_is_withdrawn_while_its_lane_is_read_is_not_sent_as_it_was(
    mailing: Mailing, again: bool
) -> None:
    """The read may have been before the change; it may come back changed, at its old place, later."""
    one = mailing.promise(ALIYA, "one")
    mailing.promise(ALIYA, "two")
    mailing.settle_down()
    phone = mailing.bind("77011234567")
    mailing.step(mailing.reads)
    row = mailing.rows.pop(one)
    mailing.dispatcher.withdraw([(ALIYA, one)])
    mailing.step(mailing.read_news)
    assert phone.texts == ["two"]
    mailing.settle_down()
    if again:
        back = mailing.rows[one] = row._replace(payload=deliver_pdus("changed"))
        mailing.dispatcher.enqueue([back])
    phone.answer()
    mailing.settle_down()
    assert phone.texts == ["two", "changed"] if again else ["two"]


@pytest.mark.parametrize("reading", [False, True])
def test_what_was_replaced_goes_out_as_it_is_now_in_its_old_place(mailing: Mailing, reading: bool) -> None:
    """Queued, or being read: once, and never as it was."""
    one = mailing.promise(ALIYA, "one")
    mailing.promise(ALIYA, "two")
    mailing.settle_down()
    mailing.dispatcher.hold((one,))
    phone = mailing.bind("77011234567")
    mailing.step(mailing.reads)
    if not reading:
        mailing.step(mailing.read_news)
    changed = mailing.rows[one] = mailing.rows[one]._replace(payload=deliver_pdus("changed"))
    mailing.dispatcher.enqueue([changed])
    mailing.dispatcher.let_go((one,))
    mailing.settle_down()
    while phone.open:
        phone.answer()
        mailing.settle_down()
    assert phone.texts == ["changed", "two"]


# -- who hears of it -------------------------------------------------------------------------------


def test_final_ends_are_told_once_they_are_committed(mailing: Mailing) -> None:
    told: list[tuple[str, MessageState]] = []
    mailing.dispatcher.on_final = lambda each: told.append((each.message_id, each.state))
    phone = mailing.bind("77011234567")
    one, two = mailing.send(ALIYA, "one"), mailing.send(ALIYA, "two")
    phone.answer()
    assert told == []
    mailing.settle_down()
    assert told == [(one, DELIVERED)]
    phone.answer(LATER)
    mailing.settle_down()
    assert told == [(one, DELIVERED)]
    mailing.advance(RETRY_S[0])
    phone.answer(CommandStatus.ESME_RX_R_APPN)
    mailing.settle_down()
    assert told == [(one, DELIVERED), (two, MessageState.REJECTED)]


def test_an_application_that_nobody_is_bound_for_is_called(mailing: Mailing) -> None:
    """When a message comes, and after a start for what waits; not while a session receives."""
    called: list[str] = []
    mailing.dispatcher.on_unreachable_account = called.append
    mailing.send(APP1, "one")
    assert called == ["app1"]
    mailing.dispatcher.recover()
    mailing.settle_down()
    assert called == ["app1", "app1"]
    mailing.bind(account=APP)
    mailing.settle_down()
    mailing.send(APP1, "two")
    mailing.dispatcher.recover()
    mailing.settle_down()
    assert called == ["app1", "app1"]
